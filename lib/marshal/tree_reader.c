#include "tree_reader.h"

#include <math.h>

#include "coroutine_reader.h"
#include "format.h"
#include "load.h"
#include "parts.h"
#include "process_reader.h"
#include "times_reader.h"

/* Bytes of a context over all columns, and over those that are always there. */
#define CONTEXT_SIZE 32

/* And of a thread without any: its dictionary's names, if only as references, and what they stand for. */
#define LEAST_THREAD_SIZE 64

/* Properties are facts about a recording, some twenty; they are looked up one by one. Those that are
 * set again count too. */
#define MAX_PROPERTIES 1000

static tp_status set_property(tp_marshal_reader *reader, tp_profile *profile, const char *name,
                              const tp_item *value)
{
    tp_string text;
    tp_status status = TP_OK;
    switch (value->kind) {
    case TP_ITEM_TEXT:
        status = tp_marshal_get_text(reader, value, &text);
        if (status == TP_OK)
            status = tp_profile_set_text(profile, name, text.bytes, text.size);
        break;
    case TP_ITEM_INT:
        status = tp_profile_set_integer(profile, name, value->as.integer);
        break;
    case TP_ITEM_REAL:
        status = tp_profile_set_real(profile, name, value->as.real);
        break;
    default: /* of a later version */
        break;
    }
    return status == TP_OK ? TP_OK : tp_load_failed(reader, status);
}

static tp_status load_property(tp_marshal_reader *reader, tp_profile *profile, const tp_item *key)
{
    tp_item value;
    tp_string text, name;
    if (key->kind != TP_ITEM_TEXT)
        return tp_bad_item(reader, key, "a property's name is not text");
    tp_status status = tp_marshal_get_text(reader, key, &text);
    if (status != TP_OK)
        return status;
    status = tp_profile_string(profile, &name, text.bytes, text.size);
    if (status != TP_OK)
        return tp_load_failed(reader, status);
    status = tp_marshal_read(reader, &value);
    if (status == TP_OK)
        status = set_property(reader, profile, name.bytes, &value);
    return status == TP_OK ? tp_marshal_skip(reader, &value) : status;
}

static tp_status load_properties(tp_marshal_reader *reader, tp_profile *profile)
{
    tp_item dict, key;
    bool at_end = false;
    tp_status status = tp_marshal_read(reader, &dict);
    if (status == TP_OK && dict.kind != TP_ITEM_DICT)
        return tp_bad_item(reader, &dict, "the properties are not a dictionary");
    if (status == TP_OK && profile->property_count > 0)
        return tp_bad_item(reader, &dict, "the properties occur twice");
    if (status == TP_OK)
        status = tp_marshal_enter(reader, &dict);
    for (size_t count = 0; status == TP_OK; count++) {
        status = tp_next_key(reader, &key, &at_end);
        if (status != TP_OK || at_end)
            return status;
        if (count >= MAX_PROPERTIES)
            return tp_marshal_fail(reader, TP_ELIMIT, key.offset, "too many properties");
        status = load_property(reader, profile, &key);
    }
    return status;
}

/* What a thread's dictionary holds; absent parts stay of kind NULL. */
typedef struct thread_parts {
    tp_item name;
    tp_item id;
    tp_item function;
    tp_item parent;
    tp_item calls;
    tp_item nested;
    tp_item ticks;
    tp_item process;
    tp_item other;
    tp_item awaited;
} thread_parts;

static tp_status read_thread(tp_marshal_reader *reader, thread_parts *parts)
{
    const tp_part names[] = {
        { TP_FORMAT_NAME, &parts->name },         { TP_FORMAT_ID, &parts->id },
        { TP_FORMAT_FUNCTION, &parts->function }, { TP_FORMAT_PARENT, &parts->parent },
        { TP_FORMAT_CALLS, &parts->calls },       { TP_FORMAT_NESTED, &parts->nested },
        { TP_FORMAT_TICKS, &parts->ticks },       { TP_FORMAT_PROCESS, &parts->process },
        { TP_FORMAT_OTHER_TICKS, &parts->other }, { TP_FORMAT_AWAITED, &parts->awaited },
    };
    return tp_read_parts(reader, names, sizeof names / sizeof *names);
}

static bool has_other(const thread_parts *parts)
{
    return parts->other.kind != TP_ITEM_NULL;
}

static bool has_awaited(const thread_parts *parts)
{
    return parts->awaited.kind != TP_ITEM_NULL;
}

static bool have_columns(const thread_parts *parts, uint32_t count)
{
    return tp_is_column(&parts->function, 4, count) && tp_is_column(&parts->parent, 4, count) &&
           tp_is_column(&parts->calls, 8, count) && tp_is_column(&parts->nested, 8, count) &&
           tp_is_column(&parts->ticks, 8, count) &&
           (!has_other(parts) || tp_is_column(&parts->other, 8, count)) &&
           (!has_awaited(parts) || tp_is_column(&parts->awaited, 8, count));
}

/* Pre-order means more than that a parent stands before its child: it must lie on the path to the
 * context just before. */
static bool is_on_path(const tp_tree_data *tree, uint32_t parent)
{
    if (parent == TP_NO_INDEX || tree->count == 0)
        return parent == TP_NO_INDEX;
    uint32_t at = (uint32_t)tree->count - 1;
    while (at != TP_NO_INDEX && at > parent)
        at = tree->contexts[at].parent;
    return at == parent;
}

static tp_context get_context(const thread_parts *parts, size_t i)
{
    const tp_item *other = has_other(parts) ? &parts->other : &parts->ticks;
    const uint8_t *awaited = has_awaited(parts) ? parts->awaited.as.bytes + 8 * i : NULL;
    return (tp_context){ .function = tp_load_u32(parts->function.as.bytes + 4 * i),
                         .parent = tp_load_u32(parts->parent.as.bytes + 4 * i),
                         .calls = tp_load_u64(parts->calls.as.bytes + 8 * i),
                         .nested_calls = tp_load_u64(parts->nested.as.bytes + 8 * i),
                         .inclusive_ticks = (int64_t)tp_load_u64(parts->ticks.as.bytes + 8 * i),
                         .other_ticks = (int64_t)tp_load_u64(other->as.bytes + 8 * i),
                         .awaited_ticks = awaited == NULL ? 0 : (int64_t)tp_load_u64(awaited) };
}

static tp_status load_contexts(tp_marshal_reader *reader, tp_profile *profile, tp_tree_data *tree,
                               const tp_item *thread, const thread_parts *parts)
{
    uint32_t count = parts->function.count / 4;
    size_t rows = profile->function_count - profile->origin.callers_implied;
    for (uint32_t i = 0; i < count; i++) {
        tp_context context = get_context(parts, i);
        if (context.function >= rows)
            return tp_bad_item(reader, thread, "a context's function does not exist");
        if (!is_on_path(tree, context.parent))
            return tp_bad_item(reader, thread, "the contexts are not in pre-order");
        if (context.calls > INT64_MAX || context.nested_calls > context.calls)
            return tp_bad_item(reader, thread, "a context's number of calls is out of its range");
        tp_status status = tp_tree_add_context(profile, tree, &context);
        if (status != TP_OK)
            return tp_load_failed(reader, status);
    }
    return TP_OK;
}

/* Threads may refer to the same columns, and be references themselves: the file must have room for
 * each one's own. `*before` is what the threads before it have need of. */
static tp_status count_thread(tp_marshal_reader *reader, const tp_item *thread,
                              const thread_parts *parts, uint64_t *before)
{
    if (!have_columns(parts, parts->function.count / 4))
        return tp_bad_item(reader, thread, "a thread's columns are missing or of unequal length");
    uint64_t size = CONTEXT_SIZE + 8 * (uint64_t)has_other(parts) + 8 * (uint64_t)has_awaited(parts);
    *before += LEAST_THREAD_SIZE + (uint64_t)(parts->function.count / 4) * size;
    if (*before > reader->size)
        return tp_bad_item(reader, thread, "more threads and contexts than the file has room for");
    return TP_OK;
}

/* A position in a list that may be still to come, if it is there at all. */
static bool is_process(const tp_item *item)
{
    return item->kind == TP_ITEM_NULL || (item->kind == TP_ITEM_INT && item->as.integer >= 0 &&
                                          item->as.integer < TP_MAX_PROCESSES);
}

static tp_status load_thread(tp_marshal_reader *reader, tp_profile *profile, uint64_t *before,
                             tp_times_found *found)
{
    tp_item thread;
    thread_parts parts;
    tp_string name;
    tp_tree_data *tree;
    tp_status status = tp_marshal_read(reader, &thread);
    if (status == TP_OK && thread.kind != TP_ITEM_DICT)
        return tp_bad_item(reader, &thread, "a thread is not a dictionary");
    if (status == TP_OK)
        status = tp_marshal_enter(reader, &thread);
    if (status == TP_OK)
        status = read_thread(reader, &parts);
    if (status != TP_OK)
        return status;
    if (parts.name.kind != TP_ITEM_TEXT || parts.id.kind != TP_ITEM_INT ||
        parts.id.as.integer < 0) /* which is how a greater one than the format has would look */
        return tp_bad_item(reader, &thread, "a thread has no name or no number");
    if (!is_process(&parts.process))
        return tp_bad_item(reader, &thread, "a thread's process does not exist");
    status = count_thread(reader, &thread, &parts, before);
    if (status == TP_OK)
        status = tp_marshal_get_text(reader, &parts.name, &name);
    if (status != TP_OK)
        return status;
    status = tp_profile_add_tree(profile, &tree, name.bytes, name.size,
                                 (uint64_t)parts.id.as.integer);
    if (status != TP_OK)
        return tp_load_failed(reader, status);
    if (parts.process.kind == TP_ITEM_INT)
        tree->process = (uint32_t)parts.process.as.integer;
    found->threads += has_other(&parts);
    return load_contexts(reader, profile, tree, &thread, &parts);
}

static tp_status load_threads(tp_marshal_reader *reader, tp_profile *profile, tp_times_found *found)
{
    tp_item list;
    uint64_t before = 0;
    tp_status status = tp_marshal_read(reader, &list);
    if (status == TP_OK && list.kind != TP_ITEM_LIST)
        return tp_bad_item(reader, &list, "the threads are not a list");
    if (status == TP_OK && profile->thread_count > 0)
        return tp_bad_item(reader, &list, "the threads occur twice");
    if (status == TP_OK)
        status = tp_marshal_enter(reader, &list);
    for (uint32_t i = 0; status == TP_OK && i < list.count; i++)
        status = load_thread(reader, profile, &before, found);
    return status;
}

static tp_status check_version(tp_marshal_reader *reader)
{
    tp_item pair, major = { 0 }, minor = { 0 };
    tp_status status = tp_marshal_read(reader, &pair);
    if (status != TP_OK)
        return status;
    if (pair.kind != TP_ITEM_TUPLE || pair.count != 2)
        return tp_bad_item(reader, &pair, "the format's version is not a pair of integers");
    status = tp_marshal_enter(reader, &pair);
    if (status == TP_OK)
        status = tp_marshal_read(reader, &major);
    if (status == TP_OK)
        status = tp_marshal_read(reader, &minor);
    if (status != TP_OK)
        return status;
    if (major.kind != TP_ITEM_INT || minor.kind != TP_ITEM_INT)
        return tp_bad_item(reader, &pair, "the format's version is not a pair of integers");
    if (major.as.integer != TP_FORMAT_MAJOR)
        return tp_bad_item(reader, &pair, "a format version that this library does not know");
    return TP_OK;
}

static tp_status read_unit(tp_marshal_reader *reader, tp_profile *profile)
{
    tp_item unit;
    tp_status status = tp_marshal_read(reader, &unit);
    if (status != TP_OK)
        return status;
    if (unit.kind != TP_ITEM_REAL || !isfinite(unit.as.real) || unit.as.real <= 0)
        return tp_bad_item(reader, &unit, "the tick's length is out of its range");
    profile->unit = unit.as.real;
    return TP_OK;
}

static tp_status load_part(tp_marshal_reader *reader, tp_profile *profile, const tp_item *key,
                           tp_times_found *found)
{
    tp_item value;
    if (tp_is_key(key, TP_FORMAT_UNIT))
        return read_unit(reader, profile);
    if (tp_is_key(key, TP_FORMAT_PROPERTIES))
        return load_properties(reader, profile);
    if (tp_is_key(key, TP_FORMAT_THREADS))
        return load_threads(reader, profile, found);
    if (tp_is_key(key, TP_FORMAT_COROUTINES))
        return tp_load_coroutines(reader, profile, &found->coroutines);
    if (tp_is_key(key, TP_FORMAT_PROCESSES))
        return tp_load_processes(reader, profile);
    if (tp_is_key(key, TP_FORMAT_TIMES))
        return tp_load_times(reader, profile, found);
    if (tp_is_key(key, TP_FORMAT_OTHER))
        return tp_load_other(reader, profile, found);
    tp_status status = tp_marshal_read(reader, &value);
    return status == TP_OK ? tp_marshal_skip(reader, &value) : status;
}

/* What only the whole object tells. */
static tp_status check_whole(tp_marshal_reader *reader, const tp_profile *profile,
                             const tp_item *dict)
{
    if (profile->unit <= 0)
        return tp_bad_item(reader, dict, "the tick's length is missing");
    for (size_t i = 0; i < profile->thread_count; i++) {
        uint32_t process = profile->trees[i].process;
        if (process != TP_NO_INDEX && process >= profile->process_count)
            return tp_bad_item(reader, dict, "a thread's process does not exist");
    }
    return TP_OK;
}

/* The version comes first: without it, the object is not ours. */
tp_status tp_load_extension(tp_marshal_reader *reader, tp_profile *profile)
{
    tp_item dict, key;
    bool at_end = false;
    tp_times_found found = { 0 };
    tp_marshal_next_object(reader);
    tp_status status = tp_marshal_read(reader, &dict);
    if (status != TP_OK || dict.kind != TP_ITEM_DICT)
        return status == TP_OK ? tp_marshal_skip(reader, &dict) : status;
    for (bool first = true; status == TP_OK; first = false) {
        status = tp_next_key(reader, &key, &at_end);
        if (status != TP_OK || at_end)
            break;
        if (first && tp_is_key(&key, TP_FORMAT_MAGIC)) {
            status = check_version(reader);
            profile->origin.has_extension = 1;
        } else if (profile->origin.has_extension) {
            status = load_part(reader, profile, &key, &found);
        } else {
            tp_item value;
            status = tp_marshal_read(reader, &value);
            if (status == TP_OK)
                status = tp_marshal_skip(reader, &value);
        }
    }
    if (status == TP_OK && profile->origin.has_extension)
        status = check_whole(reader, profile, &dict);
    if (status == TP_OK)
        status = tp_check_times(reader, profile, &found, &dict);
    return status;
}
