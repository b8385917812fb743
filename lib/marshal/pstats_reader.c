/* From the file's objects to a profile. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include <traceprof/pstats.h>

#include "file.h"
#include "label_set.h"
#include "marshal_reader.h"
#include "memory.h"
#include "model.h"
#include "tree_reader.h"

/* Larger than any profile that fits into memory thrice over. */
#define MAX_FILE_SIZE ((size_t)1 << 32)

/* An edge whose label and figures are both references. */
#define LEAST_EDGE_SIZE 10

typedef struct loader {
    tp_marshal_reader reader;
    tp_profile *profile; /* Owned until the end. */
    tp_label_set labels; /* a label's number is its function's index */
} loader;

static tp_status bad(loader *l, const tp_value *value, const char *message)
{
    return tp_marshal_fail(&l->reader, TP_EFORMAT, value->offset, message);
}

static tp_status memory_failed(loader *l, tp_status status)
{
    return tp_marshal_fail(&l->reader, status, l->reader.position, tp_status_message(status));
}

static bool is_tuple_of(const tp_value *value, uint32_t count)
{
    return value->kind == TP_VALUE_TUPLE && value->count == count;
}

/* (file, line, name); the strings are borrowed from the value. */
static tp_status get_label(loader *l, const tp_value *value, tp_label *label)
{
    if (!is_tuple_of(value, 3) || value->as.items[0].kind != TP_VALUE_TEXT ||
        value->as.items[1].kind != TP_VALUE_INT || value->as.items[2].kind != TP_VALUE_TEXT)
        return bad(l, value, "a function is not a tuple of file, line and name");
    const tp_value *items = value->as.items;
    *label = (tp_label){ .file = { (const char *)items[0].as.bytes, items[0].count },
                         .name = { (const char *)items[2].as.bytes, items[2].count },
                         .line = items[1].as.integer };
    return TP_OK;
}

static tp_status get_count(loader *l, const tp_value *value, int64_t *count)
{
    if (value->kind != TP_VALUE_INT)
        return bad(l, value, "a number of calls is not an integer");
    *count = value->as.integer;
    return TP_OK;
}

static tp_status get_time(loader *l, const tp_value *value, double *seconds)
{
    if (value->kind == TP_VALUE_INT)
        *seconds = (double)value->as.integer;
    else if (value->kind == TP_VALUE_REAL && isfinite(value->as.real))
        *seconds = value->as.real;
    else
        return bad(l, value, "a time is not a finite number");
    return TP_OK;
}

static tp_status add_function(loader *l, const tp_value *key, const tp_value *row)
{
    tp_label label;
    tp_function function = { .calls = 0 };
    tp_status status = get_label(l, key, &label);
    if (status != TP_OK)
        return status;
    if (!is_tuple_of(row, 5) || row->as.items[4].kind != TP_VALUE_DICT)
        return bad(l, row, "a function's figures are not four numbers and a dictionary");
    status = get_count(l, &row->as.items[0], &function.primitive_calls);
    if (status == TP_OK)
        status = get_count(l, &row->as.items[1], &function.calls);
    if (status == TP_OK)
        status = get_time(l, &row->as.items[2], &function.total);
    if (status == TP_OK)
        status = get_time(l, &row->as.items[3], &function.cumulative);
    if (status != TP_OK)
        return status;
    uint32_t number, index;
    status = tp_label_set_put(&l->labels, &number, &label);
    if (status == TP_OK && number != l->profile->function_count)
        return bad(l, key, "a function occurs twice");
    if (status == TP_OK)
        status = tp_profile_label(l->profile, &function.label, &label);
    if (status == TP_OK)
        status = tp_profile_add_function(l->profile, &index, &function);
    return status == TP_OK ? TP_OK : memory_failed(l, status);
}

static tp_status add_edge(loader *l, uint32_t callee, const tp_value *key, const tp_value *figures)
{
    tp_label label;
    tp_edge edge = { .callee = callee };
    tp_status status = get_label(l, key, &label);
    if (status != TP_OK)
        return status;
    if (!is_tuple_of(figures, 4))
        return bad(l, figures, "a caller's figures are not four numbers");
    status = get_count(l, &figures->as.items[0], &edge.calls);
    if (status == TP_OK)
        status = get_count(l, &figures->as.items[1], &edge.primitive_calls);
    if (status == TP_OK)
        status = get_time(l, &figures->as.items[2], &edge.total);
    if (status == TP_OK)
        status = get_time(l, &figures->as.items[3], &edge.cumulative);
    if (status != TP_OK)
        return status;
    edge.caller = tp_label_set_find(&l->labels, &label);
    if (edge.caller == TP_MAP_NONE)
        return bad(l, key, "a caller is not among the functions");
    /* References let a small file stand for a vast profile; a true one has a few bytes an edge. */
    if (l->profile->edge_count >= l->reader.size / LEAST_EDGE_SIZE)
        return bad(l, key, "more callers than the file has room for");
    status = tp_profile_add_edge(l->profile, &edge);
    return status == TP_OK ? TP_OK : memory_failed(l, status);
}

/* Functions first, then edges: a caller may stand behind its callee. */
static tp_status load_dictionary(loader *l, const tp_value *dict)
{
    if (dict->kind != TP_VALUE_DICT)
        return bad(l, dict, "the file does not begin with a dictionary");
    tp_status status = TP_OK;
    for (uint32_t i = 0; status == TP_OK && i < dict->count; i += 2)
        status = add_function(l, &dict->as.items[i], &dict->as.items[i + 1]);
    for (uint32_t i = 0; status == TP_OK && i < dict->count; i += 2) {
        const tp_value *callers = &dict->as.items[i + 1].as.items[4];
        for (uint32_t c = 0; status == TP_OK && c < callers->count; c += 2)
            status = add_edge(l, i / 2, &callers->as.items[c], &callers->as.items[c + 1]);
    }
    return status;
}

static tp_status load(loader *l)
{
    tp_value first, second;
    tp_status status = tp_marshal_read(&l->reader, &first);
    if (status == TP_OK)
        status = load_dictionary(l, &first);
    if (status == TP_OK && l->reader.position < l->reader.size) {
        status = tp_marshal_read(&l->reader, &second);
        if (status == TP_OK)
            status = tp_load_extension(&l->reader, l->profile, &second);
    }
    if (status == TP_OK)
        status = tp_profile_finish(l->profile);
    return status;
}

tp_status tp_pstats_decode(tp_profile **out, const uint8_t *bytes, size_t size,
                           const tp_allocator *allocator, tp_error *error)
{
    loader l = { .profile = NULL };
    tp_status status = tp_profile_new(&l.profile, allocator);
    tp_label_set_init(&l.labels, allocator);
    tp_marshal_open(&l.reader, bytes, size, allocator);
    if (status == TP_OK)
        status = load(&l);
    if (status == TP_OK)
        *out = l.profile;
    else
        tp_profile_destroy(l.profile);
    if (status != TP_OK && error != NULL) {
        *error = l.reader.error;
        if (error->status == TP_OK)
            *error = (tp_error){ .status = status, .message = tp_status_message(status) };
    }
    tp_marshal_close(&l.reader);
    tp_label_set_free(&l.labels);
    return status;
}

tp_status tp_pstats_read_file(tp_profile **out, const char *path, const tp_allocator *allocator,
                              tp_error *error)
{
    uint8_t *bytes;
    size_t size;
    tp_status status = tp_file_read(&bytes, &size, path, MAX_FILE_SIZE, allocator, error);
    if (status != TP_OK)
        return status;
    status = tp_pstats_decode(out, bytes, size, allocator, error);
    tp_free(allocator, bytes);
    return status;
}
