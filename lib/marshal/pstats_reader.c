/* The file's first object, in all its dialects: docs/format.md. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include <traceprof/pstats.h>

#include "codes.h"
#include "dialect.h"
#include "file.h"
#include "format.h"
#include "label_set.h"
#include "marshal_reader.h"
#include "memory.h"
#include "model.h"
#include "scalar_reader.h"
#include "tree_reader.h"

/* References to places in the file are 32 bits wide. */
#define MAX_FILE_SIZE ((size_t)UINT32_MAX)

/* An edge whose label and figures are both references. */
#define LEAST_EDGE_SIZE 10

typedef struct loader {
    tp_marshal_reader reader;
    tp_profile *profile;     /* Owned until the end. */
    tp_label_set labels;     /* over the profile's strings */
    uint32_t *row_of_label;  /* Owned; TP_NO_INDEX for labels seen as callers only */
    size_t row_capacity;
    tp_dialect_signs signs;
} loader;

static tp_status bad(loader *l, const tp_item *item, const char *message)
{
    return tp_marshal_fail(&l->reader, TP_EFORMAT, item->offset, message);
}

static tp_status memory_failed(loader *l, tp_status status)
{
    return tp_marshal_fail(&l->reader, status, l->reader.position, tp_status_message(status));
}

/* Reads an item that has to be a tuple of so many, and makes its items the next. */
static tp_status enter_tuple(loader *l, tp_item *item, uint32_t count, const char *message)
{
    tp_status status = tp_marshal_read(&l->reader, item);
    if (status != TP_OK)
        return status;
    if ((item->kind != TP_ITEM_TUPLE && item->kind != TP_ITEM_LIST) || item->count != count)
        return bad(l, item, message);
    return tp_marshal_enter(&l->reader, item);
}

static tp_status read_count(loader *l, int64_t *count)
{
    tp_item item;
    tp_status status = tp_marshal_read(&l->reader, &item);
    if (status != TP_OK)
        return status;
    if (item.kind != TP_ITEM_INT)
        return bad(l, &item, "a number of calls is not an integer");
    *count = item.as.integer;
    return TP_OK;
}

static tp_status read_time(loader *l, double *seconds)
{
    tp_item item;
    tp_status status = tp_marshal_read(&l->reader, &item);
    if (status != TP_OK)
        return status;
    if (item.kind == TP_ITEM_INT)
        *seconds = (double)item.as.integer;
    else if (item.kind == TP_ITEM_REAL && isfinite(item.as.real))
        *seconds = item.as.real;
    else
        return bad(l, &item, "a time is not a finite number");
    return TP_OK;
}

static const char not_a_label[] = "a function is not a tuple of file, line and name";

/* What is noted of objects: numbers of strings, and numbers of labels. Both are below 2^31. */
#define NOTE_LABEL 1u

static uint32_t make_note(uint32_t number, uint32_t kind)
{
    return number << 1 | kind;
}

static bool is_known(const tp_item *item, uint32_t kind, uint32_t *number)
{
    *number = item->count >> 1;
    return item->kind == TP_ITEM_KNOWN && (item->count & NOTE_LABEL) == kind;
}

/* The number of a text among the profile's strings. */
static tp_status put_text(loader *l, const tp_item *item, uint32_t *number)
{
    tp_string text;
    if (is_known(item, 0, number))
        return TP_OK;
    if (item->kind != TP_ITEM_TEXT)
        return bad(l, item, not_a_label);
    tp_status status = tp_marshal_get_text(&l->reader, item, &text);
    if (status != TP_OK)
        return status;
    status = tp_intern_put(&l->profile->strings, number, text.bytes, text.size);
    if (status != TP_OK)
        return memory_failed(l, status);
    tp_marshal_note(&l->reader, item, make_note(*number, 0));
    return TP_OK;
}

/* `python -m profile` puts a code object where the name should be. */
static tp_status read_code_name(loader *l, const tp_item *code, uint32_t *number)
{
    tp_status status = tp_marshal_enter(&l->reader, code);
    for (uint32_t i = 0; status == TP_OK && i < TP_CODE_ITEMS; i++) {
        tp_item item;
        status = tp_marshal_read(&l->reader, &item);
        if (status == TP_OK && i == TP_CODE_NAME)
            status = put_text(l, &item, number);
        if (status == TP_OK)
            status = tp_marshal_skip(&l->reader, &item);
    }
    return status;
}

static tp_status read_string(loader *l, uint32_t *number)
{
    tp_item item;
    tp_status status = tp_marshal_read(&l->reader, &item);
    if (status != TP_OK)
        return status;
    return item.kind == TP_ITEM_CODE ? read_code_name(l, &item, number)
                                     : put_text(l, &item, number);
}

static tp_status read_new_label(loader *l, const tp_item *key, tp_packed_label *label)
{
    tp_item line;
    tp_status status = tp_marshal_enter(&l->reader, key);
    if (status == TP_OK)
        status = read_string(l, &label->file);
    if (status == TP_OK)
        status = tp_marshal_read(&l->reader, &line);
    if (status == TP_OK && line.kind != TP_ITEM_INT)
        return bad(l, key, not_a_label);
    if (status == TP_OK) {
        label->line = line.as.integer;
        status = read_string(l, &label->name);
    }
    return status;
}

/* The number of the label that begins with `key`. */
static tp_status read_label(loader *l, const tp_item *key, uint32_t *number)
{
    if (is_known(key, NOTE_LABEL, number))
        return TP_OK;
    if (key->kind != TP_ITEM_TUPLE || key->count != 3)
        return bad(l, key, not_a_label);
    tp_packed_label label;
    size_t before = l->labels.count;
    tp_status status = read_new_label(l, key, &label);
    if (status != TP_OK)
        return status;
    status = tp_label_set_put_packed(&l->labels, number, &label);
    void *array = l->row_of_label;
    if (status == TP_OK)
        status = tp_reserve(l->profile->allocator, &array, &l->row_capacity, l->labels.count,
                            sizeof *l->row_of_label);
    if (status != TP_OK)
        return memory_failed(l, status);
    l->row_of_label = array;
    if (l->labels.count > before)
        l->row_of_label[*number] = TP_NO_INDEX;
    tp_marshal_note(&l->reader, key, make_note(*number, NOTE_LABEL));
    return TP_OK;
}

/* The caller is a label's number until all rows are known. */
static tp_status read_edge(loader *l, const tp_item *key, uint32_t callee)
{
    tp_edge edge = { .callee = callee };
    tp_item figures;
    tp_status status = read_label(l, key, &edge.caller);
    if (status == TP_OK)
        status = tp_marshal_read(&l->reader, &figures);
    if (status != TP_OK)
        return status;
    /* References let a small file stand for a vast profile; a true one has a few bytes an edge. */
    if (l->profile->edge_count >= l->reader.size / LEAST_EDGE_SIZE)
        return bad(l, key, "more callers than the file has room for");
    if (figures.kind == TP_ITEM_INT) {
        edge.calls = figures.as.integer;
        l->signs.plain_callers++;
    } else if (figures.kind != TP_ITEM_TUPLE || figures.count != 4) {
        return bad(l, &figures, "a caller's figures are neither four numbers nor one");
    } else {
        status = tp_marshal_enter(&l->reader, &figures);
        if (status == TP_OK)
            status = read_count(l, &edge.calls);
        if (status == TP_OK)
            status = read_count(l, &edge.primitive_calls);
        if (status == TP_OK)
            status = read_time(l, &edge.total);
        if (status == TP_OK)
            status = read_time(l, &edge.cumulative);
        if (status != TP_OK)
            return status;
    }
    status = tp_profile_add_edge(l->profile, &edge);
    return status == TP_OK ? TP_OK : memory_failed(l, status);
}

static tp_status read_callers(loader *l, uint32_t callee)
{
    tp_item callers, key;
    tp_status status = tp_marshal_read(&l->reader, &callers);
    if (status == TP_OK && callers.kind != TP_ITEM_DICT)
        return bad(l, &callers, "a function's callers are not a dictionary");
    if (status == TP_OK)
        status = tp_marshal_enter(&l->reader, &callers);
    while (status == TP_OK) {
        status = tp_marshal_read(&l->reader, &key);
        if (status == TP_OK && key.kind == TP_ITEM_NULL)
            return TP_OK;
        if (status == TP_OK)
            status = read_edge(l, &key, callee);
    }
    return status;
}

static tp_status read_row(loader *l, const tp_item *key)
{
    tp_function function = { .calls = 0 };
    tp_item row;
    uint32_t label, index;
    tp_status status = read_label(l, key, &label);
    if (status == TP_OK && l->row_of_label[label] != TP_NO_INDEX)
        return bad(l, key, "a function occurs twice");
    if (status == TP_OK)
        status = enter_tuple(l, &row, 5,
                             "a function's figures are not four numbers and a dictionary");
    if (status == TP_OK)
        status = read_count(l, &function.primitive_calls);
    if (status == TP_OK)
        status = read_count(l, &function.calls);
    if (status == TP_OK)
        status = read_time(l, &function.total);
    if (status == TP_OK)
        status = read_time(l, &function.cumulative);
    if (status != TP_OK)
        return status;
    status = tp_profile_add_function(l->profile, &index, &function);
    if (status != TP_OK)
        return memory_failed(l, status);
    l->row_of_label[label] = index;
    tp_dialect_note_function(&l->signs, &function);
    return read_callers(l, index);
}

/* Python 3.15 says by a key of its own that the file is of samples. */
static tp_status read_marker(loader *l, const tp_item *key)
{
    tp_item text, value;
    tp_string word;
    tp_status status = tp_marshal_enter(&l->reader, key);
    if (status == TP_OK)
        status = tp_marshal_read(&l->reader, &text);
    if (status == TP_OK && text.kind != TP_ITEM_TEXT)
        return bad(l, key, not_a_label);
    if (status == TP_OK)
        status = tp_marshal_get_text(&l->reader, &text, &word);
    if (status != TP_OK)
        return status;
    if (word.size != strlen(TP_SAMPLED_KEY) || memcmp(word.bytes, TP_SAMPLED_KEY, word.size) != 0)
        return bad(l, key, not_a_label);
    l->signs.is_sampled = true;
    status = tp_marshal_read(&l->reader, &value);
    return status == TP_OK ? tp_marshal_skip(&l->reader, &value) : status;
}

static tp_status read_dictionary(loader *l)
{
    tp_item dict = { 0 }, key;
    if (l->reader.size == 0)
        return bad(l, &dict, "the file is empty");
    uint8_t first = l->reader.bytes[0] & (uint8_t)~TP_FLAG_REF;
    if (first != TP_CODE_DICT && first != TP_CODE_FROZENDICT) /* No need to read what it is. */
        return bad(l, &dict, "the file does not begin with a dictionary");
    tp_status status = tp_marshal_read(&l->reader, &dict);
    while (status == TP_OK) {
        status = tp_marshal_read(&l->reader, &key);
        if (status != TP_OK || key.kind == TP_ITEM_NULL)
            return status;
        if (key.kind == TP_ITEM_TUPLE && key.count == 1)
            status = read_marker(l, &key);
        else
            status = read_row(l, &key);
    }
    return status;
}

/* In the order of the labels, in which their strings lie, too: of a large file neither is at hand. */
static void name_rows(loader *l)
{
    for (uint32_t label = 0; label < l->labels.count; label++) {
        uint32_t row = l->row_of_label[label];
        if (row != TP_NO_INDEX)
            l->profile->functions[row].label = tp_label_set_get(&l->labels, label);
    }
}

/* Callers by their rows; those without one get one, behind all others. */
static tp_status join_edges(loader *l)
{
    tp_profile *profile = l->profile;
    for (size_t i = 0; i < profile->edge_count; i++) {
        uint32_t label = profile->edges[i].caller;
        if (l->row_of_label[label] == TP_NO_INDEX) {
            tp_function implied = { .label = tp_label_set_get(&l->labels, label),
                                    .flags = TP_FUNCTION_IMPLIED };
            tp_status status =
                tp_profile_add_function(profile, &l->row_of_label[label], &implied);
            if (status != TP_OK) {
                l->row_of_label[label] = TP_NO_INDEX;
                return memory_failed(l, status);
            }
            profile->origin.callers_implied++;
        }
        profile->edges[i].caller = l->row_of_label[label];
    }
    return TP_OK;
}

static tp_status load(loader *l, bool as_is)
{
    tp_status status = read_dictionary(l);
    if (status != TP_OK)
        return status;
    name_rows(l);
    status = join_edges(l);
    if (status != TP_OK)
        return status;
    l->profile->origin.dialect = tp_dialect_of(&l->signs);
    if (!as_is)
        tp_dialect_normalise(l->profile);
    if (l->reader.position < l->reader.size)
        status = tp_load_extension(&l->reader, l->profile);
    return status == TP_OK ? tp_profile_finish(l->profile) : status;
}

static tp_status decode(loader *l, const uint8_t *bytes, size_t size,
                        const tp_read_options *options, tp_error *error)
{
    const tp_allocator *allocator = options != NULL ? options->allocator : NULL;
    tp_status status = tp_profile_new(&l->profile, allocator);
    if (status != TP_OK)
        return status;
    tp_label_set_init(&l->labels, &l->profile->strings);
    tp_marshal_open(&l->reader, bytes, size, allocator);
    if (size > MAX_FILE_SIZE)
        status = tp_marshal_fail(&l->reader, TP_ELIMIT, 0, "the file is too large");
    else
        status = load(l, options != NULL && options->as_is != 0);
    if (l->reader.error.status != TP_OK)
        *error = l->reader.error;
    tp_label_set_free(&l->labels);
    tp_free(allocator, l->row_of_label);
    tp_marshal_close(&l->reader);
    return status;
}

tp_status tp_pstats_decode(tp_profile **out, const uint8_t *bytes, size_t size,
                           const tp_read_options *options, tp_error *error)
{
    loader l = { .profile = NULL };
    tp_error reason = { .status = TP_OK };
    tp_status status = decode(&l, bytes, size, options, &reason);
    if (status == TP_OK) {
        *out = l.profile;
        return TP_OK;
    }
    tp_profile_destroy(l.profile);
    if (reason.status == TP_OK)
        reason = (tp_error){ .status = status, .message = tp_status_message(status) };
    if (error != NULL)
        *error = reason;
    return status;
}

tp_status tp_pstats_read_file(tp_profile **out, const char *path, const tp_read_options *options,
                              tp_error *error)
{
    const tp_allocator *allocator = options != NULL ? options->allocator : NULL;
    uint8_t *bytes;
    size_t size;
    tp_status status = tp_file_read(&bytes, &size, path, MAX_FILE_SIZE, allocator, error);
    if (status != TP_OK)
        return status;
    status = tp_pstats_decode(out, bytes, size, options, error);
    tp_free(allocator, bytes);
    return status;
}
