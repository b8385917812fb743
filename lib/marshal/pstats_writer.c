/* The two objects of a file; docs/format.md describes the second. */
#include <stdbool.h>
#include <string.h>

#include <traceprof/pstats.h>
#include <traceprof/version.h>

#include "file.h"
#include "format.h"
#include "marshal_writer.h"
#include "memory.h"
#include "model.h"

static void put_string(tp_marshal_writer *writer, tp_string string)
{
    tp_marshal_text(writer, string.bytes, string.size);
}

static void put_name(tp_marshal_writer *writer, const char *name)
{
    tp_marshal_text(writer, name, strlen(name));
}

/* (file, line, name), the key by which pstats knows a function. */
static void put_label(tp_marshal_writer *writer, const tp_function *function)
{
    if (tp_marshal_seen(writer, function))
        return;
    tp_marshal_shared_tuple(writer, 3);
    put_string(writer, function->label.file);
    tp_marshal_int(writer, function->label.line);
    put_string(writer, function->label.name);
}

/* What is not known is said as pyinstrument says it. */
static void put_count(tp_marshal_writer *writer, const tp_profile *profile, int64_t count)
{
    tp_marshal_int(writer, tp_profile_has_calls(profile) ? count : -1);
}

/* Beware: a caller's figures begin with all calls, a function's with the primitive ones. Without times
 * they are one number, as of the module profile. */
static void put_edge(tp_marshal_writer *writer, const tp_profile *profile, const tp_edge *edge)
{
    put_label(writer, &profile->functions[edge->caller]);
    if (!tp_profile_has_edge_times(profile)) {
        tp_marshal_int(writer, edge->calls);
        return;
    }
    tp_marshal_tuple(writer, 4);
    put_count(writer, profile, edge->calls);
    put_count(writer, profile, edge->primitive_calls);
    tp_marshal_float(writer, edge->total);
    tp_marshal_float(writer, edge->cumulative);
}

/* Whether the function had no row in the file it came from, and so needs none in this one. Trees and
 * coroutines know functions by their places among the rows, which then must all be there. */
static bool is_only_caller(const tp_profile *profile, size_t index, size_t next_edge)
{
    bool is_called =
        next_edge < profile->edge_count && profile->edges[next_edge].callee == index;
    return (profile->functions[index].flags & TP_FUNCTION_IMPLIED) != 0 && !is_called &&
           profile->thread_count == 0 && profile->coroutine_count == 0;
}

/* Whether the first object has the row; to be asked of each in turn, with *next_edge 0 at first. */
static bool has_row(const tp_profile *profile, size_t index, size_t *next_edge)
{
    bool it_has = !is_only_caller(profile, index, *next_edge);
    while (*next_edge < profile->edge_count && profile->edges[*next_edge].callee == index)
        ++*next_edge;
    return it_has;
}

static void put_dictionary(tp_marshal_writer *writer, const tp_profile *profile)
{
    size_t e = 0;
    tp_marshal_dict_begin(writer);
    for (size_t i = 0; i < profile->function_count; i++) {
        const tp_function *function = &profile->functions[i];
        if (is_only_caller(profile, i, e))
            continue;
        put_label(writer, function);
        tp_marshal_tuple(writer, 5);
        put_count(writer, profile, function->primitive_calls);
        put_count(writer, profile, function->calls);
        tp_marshal_float(writer, function->total);
        tp_marshal_float(writer, function->cumulative);
        tp_marshal_dict_begin(writer);
        for (; e < profile->edge_count && profile->edges[e].callee == i; e++)
            put_edge(writer, profile, &profile->edges[e]);
        tp_marshal_dict_end(writer);
    }
    if (tp_profile_has_samples(profile)) {
        tp_marshal_tuple(writer, 1);
        put_name(writer, TP_SAMPLED_KEY);
        tp_marshal_true(writer);
    }
    tp_marshal_dict_end(writer);
}

static void put_properties(tp_marshal_writer *writer, const tp_profile *profile)
{
    tp_marshal_dict_begin(writer);
    for (size_t i = 0; i < profile->property_count; i++) {
        const tp_property *property = &profile->properties[i];
        put_string(writer, property->name);
        switch (property->kind) {
        case TP_TEXT:
            put_string(writer, property->text);
            break;
        case TP_INTEGER:
            tp_marshal_int(writer, property->integer);
            break;
        case TP_REAL:
            tp_marshal_float(writer, property->real);
            break;
        }
    }
    tp_marshal_dict_end(writer);
}

static void put_columns(tp_marshal_writer *writer, const tp_tree_data *tree)
{
    tp_buffer *buffer = writer->buffer;
    put_name(writer, TP_FORMAT_FUNCTION);
    tp_marshal_bytes_begin(writer, (uint64_t)tree->count * 4);
    for (size_t i = 0; i < tree->count; i++)
        tp_buffer_put_u32(buffer, tree->contexts[i].function);
    put_name(writer, TP_FORMAT_PARENT);
    tp_marshal_bytes_begin(writer, (uint64_t)tree->count * 4);
    for (size_t i = 0; i < tree->count; i++)
        tp_buffer_put_u32(buffer, tree->contexts[i].parent);
    put_name(writer, TP_FORMAT_CALLS);
    tp_marshal_bytes_begin(writer, (uint64_t)tree->count * 8);
    for (size_t i = 0; i < tree->count; i++)
        tp_buffer_put_u64(buffer, tree->contexts[i].calls);
    put_name(writer, TP_FORMAT_NESTED);
    tp_marshal_bytes_begin(writer, (uint64_t)tree->count * 8);
    for (size_t i = 0; i < tree->count; i++)
        tp_buffer_put_u64(buffer, tree->contexts[i].nested_calls);
    put_name(writer, TP_FORMAT_TICKS);
    tp_marshal_bytes_begin(writer, (uint64_t)tree->count * 8);
    for (size_t i = 0; i < tree->count; i++)
        tp_buffer_put_u64(buffer, (uint64_t)tree->contexts[i].inclusive_ticks);
}

static void put_other_ticks(tp_marshal_writer *writer, const tp_tree_data *tree)
{
    put_name(writer, TP_FORMAT_OTHER_TICKS);
    tp_marshal_bytes_begin(writer, (uint64_t)tree->count * 8);
    for (size_t i = 0; i < tree->count; i++)
        tp_buffer_put_u64(writer->buffer, (uint64_t)tree->contexts[i].other_ticks);
}

static void put_awaited(tp_marshal_writer *writer, const tp_tree_data *tree)
{
    put_name(writer, TP_FORMAT_AWAITED);
    tp_marshal_bytes_begin(writer, (uint64_t)tree->count * 8);
    for (size_t i = 0; i < tree->count; i++)
        tp_buffer_put_u64(writer->buffer, (uint64_t)tree->contexts[i].awaited_ticks);
}

static bool has_awaited(const tp_tree_data *tree)
{
    size_t i = 0;
    while (i < tree->count && tree->contexts[i].awaited_ticks == 0)
        i++;
    return i < tree->count;
}

static void put_thread(tp_marshal_writer *writer, const tp_profile *profile,
                       const tp_tree_data *tree)
{
    tp_text name = profile->strings.texts[tree->name];
    tp_marshal_dict_begin(writer);
    put_name(writer, TP_FORMAT_NAME);
    tp_marshal_text(writer, name.bytes, name.size);
    put_name(writer, TP_FORMAT_ID);
    tp_marshal_int(writer, (int64_t)(tree->id & INT64_MAX));
    if (tree->process != TP_NO_INDEX) {
        put_name(writer, TP_FORMAT_PROCESS);
        tp_marshal_int(writer, tree->process);
    }
    put_columns(writer, tree);
    if (profile->both_times)
        put_other_ticks(writer, tree);
    if (has_awaited(tree))
        put_awaited(writer, tree);
    tp_marshal_dict_end(writer);
}

static void put_coroutines(tp_marshal_writer *writer, const tp_profile *profile)
{
    const tp_coroutine *rows = profile->coroutines;
    size_t count = profile->coroutine_count;
    tp_buffer *buffer = writer->buffer;
    tp_marshal_dict_begin(writer);
    put_name(writer, TP_FORMAT_FUNCTION);
    tp_marshal_bytes_begin(writer, (uint64_t)count * 4);
    for (size_t i = 0; i < count; i++)
        tp_buffer_put_u32(buffer, rows[i].function);
    put_name(writer, TP_FORMAT_STARTED);
    tp_marshal_bytes_begin(writer, (uint64_t)count * 8);
    for (size_t i = 0; i < count; i++)
        tp_buffer_put_u64(buffer, rows[i].started);
    put_name(writer, TP_FORMAT_RESUMES);
    tp_marshal_bytes_begin(writer, (uint64_t)count * 8);
    for (size_t i = 0; i < count; i++)
        tp_buffer_put_u64(buffer, rows[i].resumes);
    put_name(writer, TP_FORMAT_ACTIVE);
    tp_marshal_bytes_begin(writer, (uint64_t)count * 8);
    for (size_t i = 0; i < count; i++)
        tp_buffer_put_u64(buffer, (uint64_t)rows[i].active_ticks);
    put_name(writer, TP_FORMAT_AWAITED);
    tp_marshal_bytes_begin(writer, (uint64_t)count * 8);
    for (size_t i = 0; i < count; i++)
        tp_buffer_put_u64(buffer, (uint64_t)rows[i].awaited_ticks);
    if (profile->both_times) {
        put_name(writer, TP_FORMAT_OTHER_ACTIVE);
        tp_marshal_bytes_begin(writer, (uint64_t)count * 8);
        for (size_t i = 0; i < count; i++)
            tp_buffer_put_u64(buffer, (uint64_t)rows[i].other_active_ticks);
    }
    tp_marshal_dict_end(writer);
}

/* Many processes may have one long command. Readers count what references stand for, and refuse a file
 * where that is far more than its size (docs/format.md). */
#define MAX_SHARED_COMMAND 512

static void put_command(tp_marshal_writer *writer, tp_string command)
{
    if (command.size <= MAX_SHARED_COMMAND)
        put_string(writer, command);
    else
        tp_marshal_text_again(writer, command.bytes, command.size);
}

static void put_processes(tp_marshal_writer *writer, const tp_profile *profile)
{
    tp_marshal_list(writer, (uint32_t)profile->process_count);
    for (size_t i = 0; i < profile->process_count; i++) {
        const tp_process *process = &profile->processes[i];
        tp_marshal_dict_begin(writer);
        put_name(writer, TP_FORMAT_PID);
        tp_marshal_int(writer, process->pid);
        put_name(writer, TP_FORMAT_PARENT);
        tp_marshal_int(writer, process->parent_pid);
        put_name(writer, TP_FORMAT_COMMAND);
        put_command(writer, process->command);
        put_name(writer, TP_FORMAT_START);
        tp_marshal_float(writer, process->start);
        put_name(writer, TP_FORMAT_DURATION);
        tp_marshal_float(writer, process->duration);
        tp_marshal_dict_end(writer);
    }
}

/* The rows' figures of the times that the first object does not show, of those rows that it has. */
static void put_row_column(tp_marshal_writer *writer, const tp_profile *profile, bool cumulative)
{
    uint64_t count = 0;
    size_t edge = 0;
    put_name(writer, cumulative ? TP_FORMAT_CUMULATIVE : TP_FORMAT_TOTAL);
    for (size_t i = 0; i < profile->function_count; i++)
        count += has_row(profile, i, &edge);
    tp_marshal_bytes_begin(writer, count * 8);
    edge = 0;
    for (size_t i = 0; i < profile->function_count; i++) {
        const tp_function *row = &profile->functions[i];
        if (has_row(profile, i, &edge))
            tp_buffer_put_f64(writer->buffer, cumulative ? row->other_cumulative : row->other_total);
    }
}

static void put_edge_column(tp_marshal_writer *writer, const tp_profile *profile, bool cumulative)
{
    put_name(writer, cumulative ? TP_FORMAT_EDGE_CUMULATIVE : TP_FORMAT_EDGE_TOTAL);
    tp_marshal_bytes_begin(writer, (uint64_t)profile->edge_count * 8);
    for (size_t i = 0; i < profile->edge_count; i++) {
        const tp_edge *edge = &profile->edges[i];
        tp_buffer_put_f64(writer->buffer, cumulative ? edge->other_cumulative : edge->other_total);
    }
}

static void put_times(tp_marshal_writer *writer, const tp_profile *profile)
{
    put_name(writer, TP_FORMAT_TIMES);
    put_name(writer, profile->times == TP_TIMES_RAW ? TP_FORMAT_RAW : TP_FORMAT_COMPENSATED);
    put_name(writer, TP_FORMAT_OTHER);
    tp_marshal_dict_begin(writer);
    put_row_column(writer, profile, false);
    put_row_column(writer, profile, true);
    put_edge_column(writer, profile, false);
    put_edge_column(writer, profile, true);
    tp_marshal_dict_end(writer);
}

static void put_extension(tp_marshal_writer *writer, const tp_profile *profile)
{
    tp_marshal_dict_begin(writer);
    put_name(writer, TP_FORMAT_MAGIC);
    tp_marshal_tuple(writer, 2);
    tp_marshal_int(writer, TP_FORMAT_MAJOR);
    tp_marshal_int(writer, TP_FORMAT_MINOR);
    put_name(writer, TP_FORMAT_UNIT);
    tp_marshal_float(writer, profile->unit > 0 ? profile->unit : 1e-9); /* of no ticks, without trees */
    put_name(writer, TP_FORMAT_PROPERTIES);
    put_properties(writer, profile);
    if (profile->both_times)
        put_times(writer, profile);
    if (profile->coroutine_count > 0) {
        put_name(writer, TP_FORMAT_COROUTINES);
        put_coroutines(writer, profile);
    }
    if (profile->process_count > 0) {
        put_name(writer, TP_FORMAT_PROCESSES);
        put_processes(writer, profile);
    }
    put_name(writer, TP_FORMAT_THREADS);
    tp_marshal_list(writer, (uint32_t)profile->thread_count);
    for (size_t i = 0; i < profile->thread_count; i++)
        put_thread(writer, profile, &profile->trees[i]);
    tp_marshal_dict_end(writer);
}

typedef void put_object(tp_marshal_writer *writer, const tp_profile *profile);

static void write_object(tp_buffer *buffer, const tp_profile *profile, put_object *put)
{
    tp_marshal_writer writer;
    tp_marshal_begin(&writer, buffer);
    put(&writer, profile);
    tp_marshal_end(&writer);
}

/* Behind what is in the buffer. */
static tp_status encode(const tp_profile *profile, tp_pstats_parts parts, tp_buffer *buffer)
{
    write_object(buffer, profile, put_dictionary);
    if (parts == TP_PSTATS_WHOLE)
        write_object(buffer, profile, put_extension);
    tp_status status = buffer->status;
    if (status != TP_OK)
        tp_buffer_free(buffer);
    return status;
}

tp_status tp_pstats_encode(const tp_profile *profile, tp_pstats_parts parts, uint8_t **bytes,
                           size_t *size)
{
    tp_buffer buffer;
    tp_gift_init(&buffer, profile->allocator);
    tp_status status = encode(profile, parts, &buffer);
    if (status == TP_OK)
        tp_gift_give(&buffer, bytes, size);
    return status;
}

void tp_pstats_free(uint8_t *bytes)
{
    tp_gift_free(bytes);
}

tp_status tp_pstats_write_file(const tp_profile *profile, const char *path, tp_error *error)
{
    tp_buffer buffer;
    tp_buffer_init(&buffer, profile->allocator);
    tp_status status = encode(profile, TP_PSTATS_WHOLE, &buffer);
    if (status != TP_OK) {
        if (error != NULL)
            *error = (tp_error){ .status = status, .message = tp_status_message(status) };
        return status;
    }
    status = tp_file_replace(path, buffer.bytes, buffer.size, profile->allocator, error);
    tp_buffer_free(&buffer);
    return status;
}

tp_status tp_pstats_probe_file(const char *path, tp_error *error)
{
    return tp_file_probe(path, NULL, error);
}
