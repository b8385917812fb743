#include "tree_reader.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "buffer.h"
#include "format.h"

static tp_status bad(tp_marshal_reader *reader, const tp_value *value, const char *message)
{
    return tp_marshal_fail(reader, TP_EFORMAT, value->offset, message);
}

static tp_status memory_failed(tp_marshal_reader *reader, tp_status status)
{
    return tp_marshal_fail(reader, status, reader->position, tp_status_message(status));
}

static tp_status load_property(tp_marshal_reader *reader, tp_profile *profile, const tp_value *key,
                               const tp_value *value)
{
    if (key->kind != TP_VALUE_TEXT)
        return bad(reader, key, "a property's name is not text");
    tp_string name;
    tp_status status =
        tp_profile_string(profile, &name, (const char *)key->as.bytes, key->count);
    if (status != TP_OK)
        return memory_failed(reader, status);
    switch (value->kind) {
    case TP_VALUE_TEXT:
        status = tp_profile_set_text(profile, name.bytes, (const char *)value->as.bytes,
                                     value->count);
        break;
    case TP_VALUE_INT:
        status = tp_profile_set_integer(profile, name.bytes, value->as.integer);
        break;
    case TP_VALUE_REAL:
        status = tp_profile_set_real(profile, name.bytes, value->as.real);
        break;
    default: /* of a later version */
        break;
    }
    return status == TP_OK ? TP_OK : memory_failed(reader, status);
}

static tp_status load_properties(tp_marshal_reader *reader, tp_profile *profile,
                                 const tp_value *extension)
{
    const tp_value *dict = tp_value_lookup(extension, TP_FORMAT_PROPERTIES);
    if (dict == NULL || dict->kind != TP_VALUE_DICT)
        return bad(reader, extension, "the properties are missing");
    tp_status status = TP_OK;
    for (uint32_t i = 0; status == TP_OK && i < dict->count; i += 2)
        status = load_property(reader, profile, &dict->as.items[i], &dict->as.items[i + 1]);
    return status;
}

/* One column of a thread's tree: `width` bytes for each of `count` contexts. */
static const uint8_t *column(const tp_value *thread, const char *name, uint32_t width,
                             uint32_t count)
{
    const tp_value *value = tp_value_lookup(thread, name);
    if (value == NULL || value->kind != TP_VALUE_BYTES ||
        (uint64_t)value->count != (uint64_t)width * count)
        return NULL;
    return value->as.bytes;
}

/* Bytes of a context over all columns. */
#define CONTEXT_SIZE 32

typedef struct columns {
    const uint8_t *function;
    const uint8_t *parent;
    const uint8_t *calls;
    const uint8_t *nested;
    const uint8_t *ticks;
    uint32_t count;
} columns;

static bool find_columns(const tp_value *thread, columns *c)
{
    const tp_value *function = tp_value_lookup(thread, TP_FORMAT_FUNCTION);
    if (function == NULL || function->count % 4 != 0)
        return false;
    c->count = function->count / 4;
    c->function = column(thread, TP_FORMAT_FUNCTION, 4, c->count);
    c->parent = column(thread, TP_FORMAT_PARENT, 4, c->count);
    c->calls = column(thread, TP_FORMAT_CALLS, 8, c->count);
    c->nested = column(thread, TP_FORMAT_NESTED, 8, c->count);
    c->ticks = column(thread, TP_FORMAT_TICKS, 8, c->count);
    return c->function != NULL && c->parent != NULL && c->calls != NULL && c->nested != NULL &&
           c->ticks != NULL;
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

static tp_status load_contexts(tp_marshal_reader *reader, tp_profile *profile, tp_tree_data *tree,
                               const tp_value *thread)
{
    columns c;
    size_t before = 0;
    if (!find_columns(thread, &c))
        return bad(reader, thread, "a thread's columns are missing or of unequal length");
    /* Threads may refer to the same columns: the file must have room for each one's own. */
    for (size_t t = 0; t < profile->thread_count; t++)
        before += profile->trees[t].count;
    if ((uint64_t)(before + c.count) * CONTEXT_SIZE > reader->size)
        return bad(reader, thread, "more contexts than the file has room for");
    for (uint32_t i = 0; i < c.count; i++) {
        tp_context context = { .function = tp_load_u32(c.function + 4 * (size_t)i),
                               .parent = tp_load_u32(c.parent + 4 * (size_t)i),
                               .calls = tp_load_u64(c.calls + 8 * (size_t)i),
                               .nested_calls = tp_load_u64(c.nested + 8 * (size_t)i),
                               .inclusive_ticks = (int64_t)tp_load_u64(c.ticks + 8 * (size_t)i) };
        if (context.function >= profile->function_count)
            return bad(reader, thread, "a context's function does not exist");
        if (!is_on_path(tree, context.parent))
            return bad(reader, thread, "the contexts are not in pre-order");
        if (context.calls > INT64_MAX || context.nested_calls > context.calls)
            return bad(reader, thread, "a context's number of calls is out of its range");
        tp_status status = tp_tree_add_context(profile, tree, &context);
        if (status != TP_OK)
            return memory_failed(reader, status);
    }
    return TP_OK;
}

static tp_status load_thread(tp_marshal_reader *reader, tp_profile *profile, const tp_value *thread)
{
    const tp_value *name = tp_value_lookup(thread, TP_FORMAT_NAME);
    const tp_value *id = tp_value_lookup(thread, TP_FORMAT_ID);
    if (name == NULL || name->kind != TP_VALUE_TEXT || id == NULL || id->kind != TP_VALUE_INT)
        return bad(reader, thread, "a thread has no name or no number");
    tp_tree_data *tree;
    tp_status status = tp_profile_add_tree(profile, &tree, (const char *)name->as.bytes,
                                           name->count, (uint64_t)id->as.integer);
    if (status != TP_OK)
        return memory_failed(reader, status);
    return load_contexts(reader, profile, tree, thread);
}

tp_status tp_load_extension(tp_marshal_reader *reader, tp_profile *profile, const tp_value *value)
{
    const tp_value *version = tp_value_lookup(value, TP_FORMAT_MAGIC);
    if (version == NULL)
        return TP_OK;
    if (version->kind != TP_VALUE_TUPLE || version->count < 2 ||
        version->as.items[0].kind != TP_VALUE_INT)
        return bad(reader, version, "the format's version is not a pair of integers");
    if (version->as.items[0].as.integer != TP_FORMAT_MAJOR)
        return bad(reader, version, "a format version that this library does not know");
    const tp_value *unit = tp_value_lookup(value, TP_FORMAT_UNIT);
    if (unit == NULL || unit->kind != TP_VALUE_REAL || !isfinite(unit->as.real) ||
        unit->as.real <= 0)
        return bad(reader, value, "the tick's length is missing or out of its range");
    profile->unit = unit->as.real;
    tp_status status = load_properties(reader, profile, value);
    const tp_value *threads = tp_value_lookup(value, TP_FORMAT_THREADS);
    if (status == TP_OK && (threads == NULL || threads->kind != TP_VALUE_LIST))
        return bad(reader, value, "the threads are missing");
    for (uint32_t i = 0; status == TP_OK && i < threads->count; i++)
        status = load_thread(reader, profile, &threads->as.items[i]);
    return status;
}
