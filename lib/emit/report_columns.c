#include "report_columns.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "page_text.h"
#include "spell.h"

void tp_column_begin(tp_buffer *b, const char *name, int is_first)
{
    tp_spell(b, is_first ? "\"" : ",\"");
    tp_spell(b, name);
    tp_spell(b, "\":[");
}

void tp_column_next(tp_buffer *b)
{
    if (b->status == TP_OK && b->size > 0 && b->bytes[b->size - 1] != '[')
        tp_buffer_put_u8(b, ',');
}

void tp_column_end(tp_buffer *b)
{
    tp_spell(b, "]\n");
}

/* How a member of a struct is put. */
typedef enum kind { NUMBER, COUNT, SIGNED, REAL } kind;

/* Where it is: everywhere, where both reckonings of times are known, where contexts say what was awaited. */
typedef enum when { ALWAYS, BOTH, AWAITED } when;

typedef struct field {
    const char *name;
    kind as;
    size_t offset;
    when there;
} field;

/* Items of one type, side by side. */
typedef struct table {
    const void *items;
    size_t count;
    size_t size; /* of an item */
    const uint32_t *number_of;
    int both;
    int awaited;
} table;

/* Fifteen digits, which is to the nanosecond in a week: the shortest that are exact take three times as
 * long to find. */
static void put_seconds(tp_buffer *b, double value)
{
    char text[40];
    if (!isfinite(value)) {
        tp_spell(b, "null");
        return;
    }
    snprintf(text, sizeof text, "%.15g", value);
    for (char *at = text; *at != '\0'; at++) {
        /* What is none of these is the locale's point, of one byte or more. */
        if (strchr("0123456789-+e", *at) != NULL)
            tp_buffer_put_u8(b, (uint8_t)*at);
        else if (at == text || strchr("0123456789-+e", at[-1]) != NULL)
            tp_buffer_put_u8(b, '.');
    }
}

static void put_value(tp_buffer *b, const table *t, kind as, const void *at)
{
    union { uint32_t index; uint64_t count; int64_t number; double real; } value;
    switch (as) {
    case NUMBER:
        memcpy(&value.index, at, sizeof value.index);
        tp_spell_unsigned(b, t->number_of == NULL ? value.index : t->number_of[value.index]);
        return;
    case COUNT:
        memcpy(&value.count, at, sizeof value.count);
        tp_spell_unsigned(b, value.count);
        return;
    case SIGNED:
        memcpy(&value.number, at, sizeof value.number);
        tp_spell_integer(b, value.number);
        return;
    case REAL:
        memcpy(&value.real, at, sizeof value.real);
        put_seconds(b, value.real);
        return;
    }
}

static void put_fields(tp_buffer *b, const table *t, const field *fields, size_t count, int is_first)
{
    for (size_t i = 0; i < count; i++) {
        if ((fields[i].there == BOTH && !t->both) || (fields[i].there == AWAITED && !t->awaited))
            continue;
        tp_column_begin(b, fields[i].name, is_first && i == 0);
        for (size_t at = 0; at < t->count && b->status == TP_OK; at++) {
            tp_column_next(b);
            put_value(b, t, fields[i].as, (const char *)t->items + at * t->size + fields[i].offset);
        }
        tp_column_end(b);
    }
}

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

void tp_columns_put_rows(tp_buffer *b, const tp_profile *profile, const uint32_t *number_of)
{
    static const field fields[] = {
        { "calls", SIGNED, offsetof(tp_function, calls), ALWAYS },
        { "primitive", SIGNED, offsetof(tp_function, primitive_calls), ALWAYS },
        { "own", REAL, offsetof(tp_function, total), ALWAYS },
        { "cumulative", REAL, offsetof(tp_function, cumulative), ALWAYS },
        { "otherOwn", REAL, offsetof(tp_function, other_total), BOTH },
        { "otherCumulative", REAL, offsetof(tp_function, other_cumulative), BOTH },
    };
    size_t count = tp_profile_function_count(profile);
    table t = { tp_profile_functions(profile), count, sizeof(tp_function), NULL,
                tp_profile_has_both_times(profile), 0 };
    tp_spell(b, "\"rows\":{");
    tp_column_begin(b, "function", 1);
    for (uint32_t i = 0; i < count; i++) {
        tp_column_next(b);
        tp_spell_unsigned(b, number_of == NULL ? i : number_of[i]);
    }
    tp_column_end(b);
    put_fields(b, &t, fields, COUNT_OF(fields), 0);
    tp_spell(b, "},\n");
}

void tp_columns_put_edges(tp_buffer *b, const tp_profile *profile, const uint32_t *number_of)
{
    static const field fields[] = {
        { "caller", NUMBER, offsetof(tp_edge, caller), ALWAYS },
        { "callee", NUMBER, offsetof(tp_edge, callee), ALWAYS },
        { "calls", SIGNED, offsetof(tp_edge, calls), ALWAYS },
        { "cumulative", REAL, offsetof(tp_edge, cumulative), ALWAYS },
        { "otherCumulative", REAL, offsetof(tp_edge, other_cumulative), BOTH },
    };
    table t = { tp_profile_edges(profile), tp_profile_edge_count(profile), sizeof(tp_edge),
                number_of, tp_profile_has_both_times(profile), 0 };
    tp_spell(b, "\"edges\":{");
    put_fields(b, &t, fields, COUNT_OF(fields), 1);
    tp_spell(b, "},\n");
}

void tp_columns_put_coroutines(tp_buffer *b, const tp_profile *profile, const uint32_t *number_of)
{
    static const field fields[] = {
        { "function", NUMBER, offsetof(tp_coroutine, function), ALWAYS },
        { "started", COUNT, offsetof(tp_coroutine, started), ALWAYS },
        { "resumes", COUNT, offsetof(tp_coroutine, resumes), ALWAYS },
        { "active", SIGNED, offsetof(tp_coroutine, active_ticks), ALWAYS },
        { "awaited", SIGNED, offsetof(tp_coroutine, awaited_ticks), ALWAYS },
        { "otherActive", SIGNED, offsetof(tp_coroutine, other_active_ticks), BOTH },
    };
    table t = { tp_profile_coroutines(profile), tp_profile_coroutine_count(profile),
                sizeof(tp_coroutine), number_of, tp_profile_has_both_times(profile), 0 };
    tp_spell(b, "\"coroutines\":{");
    put_fields(b, &t, fields, COUNT_OF(fields), 1);
    tp_spell(b, "},\n");
}

/* How far before a context its parent stands, 0 at the top: smaller numbers than the parents' own. */
static void put_steps(tp_buffer *b, const tp_thread_tree *tree)
{
    tp_column_begin(b, "up", 0);
    for (uint32_t i = 0; i < tree->context_count && b->status == TP_OK; i++) {
        uint32_t parent = tree->contexts[i].parent;
        tp_column_next(b);
        tp_spell_unsigned(b, parent == TP_NO_INDEX ? 0 : i - parent);
    }
    tp_column_end(b);
}

static void put_thread(tp_buffer *b, const tp_profile *profile, const tp_thread_tree *tree,
                       const uint32_t *number_of, int has_awaited)
{
    static const field fields[] = {
        { "function", NUMBER, offsetof(tp_context, function), ALWAYS },
        { "calls", COUNT, offsetof(tp_context, calls), ALWAYS },
        { "ticks", SIGNED, offsetof(tp_context, inclusive_ticks), ALWAYS },
        { "otherTicks", SIGNED, offsetof(tp_context, other_ticks), BOTH },
        { "awaited", SIGNED, offsetof(tp_context, awaited_ticks), AWAITED },
    };
    table t = { tree->contexts, tree->context_count, sizeof(tp_context), number_of,
                tp_profile_has_both_times(profile), has_awaited };
    tp_spell(b, "{\"name\":");
    tp_page_json(b, tree->name);
    tp_spell(b, ",\"id\":");
    tp_spell_unsigned(b, tree->id);
    if (tree->process != TP_NO_INDEX) {
        tp_spell(b, ",\"process\":");
        tp_spell_unsigned(b, tree->process);
    }
    tp_buffer_put_u8(b, ',');
    put_fields(b, &t, fields, COUNT_OF(fields), 1);
    put_steps(b, tree);
    tp_buffer_put_u8(b, '}');
}

void tp_columns_put_threads(tp_buffer *b, const tp_profile *profile, const uint32_t *number_of)
{
    int has_awaited = tp_profile_has_awaited(profile);
    tp_spell(b, "\"threads\":[");
    for (size_t i = 0; i < tp_profile_thread_count(profile); i++) {
        tp_column_next(b);
        put_thread(b, profile, &tp_profile_threads(profile)[i], number_of, has_awaited);
    }
    tp_buffer_put_u8(b, ']');
}
