#include <traceprof/sort.h>

#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "memory.h"
#include "model.h"

typedef struct sort_name {
    const char *name;
    tp_sort_key key;
} sort_name;

/* pstats.Stats.sort_arg_dict_default and "awaited"; prefixes count when all names they fit mean the same
 * key. */
static const sort_name names[] = {
    { "awaited", TP_SORT_AWAITED },
    { "calls", TP_SORT_CALLS },        { "ncalls", TP_SORT_CALLS },
    { "cumtime", TP_SORT_CUMULATIVE }, { "cumulative", TP_SORT_CUMULATIVE },
    { "file", TP_SORT_FILE },          { "filename", TP_SORT_FILE },
    { "line", TP_SORT_LINE },          { "module", TP_SORT_FILE },
    { "name", TP_SORT_NAME },          { "nfl", TP_SORT_NFL },
    { "pcalls", TP_SORT_PRIMITIVE_CALLS }, { "stdname", TP_SORT_STDNAME },
    { "time", TP_SORT_TIME },          { "tottime", TP_SORT_TIME },
};

tp_status tp_sort_key_find(tp_sort_key *key, const char *name)
{
    size_t size = strlen(name);
    int found = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strncmp(names[i].name, name, size) != 0)
            continue;
        if (found && names[i].key != *key)
            return TP_EARGUMENT;
        *key = names[i].key;
        found = 1;
        if (names[i].name[size] == '\0')
            break;
    }
    return found && size > 0 ? TP_OK : TP_EARGUMENT;
}

const char *tp_sort_key_text(tp_sort_key key)
{
    static const char *const texts[] = {
        [TP_SORT_CALLS] = "call count",
        [TP_SORT_PRIMITIVE_CALLS] = "primitive call count",
        [TP_SORT_CUMULATIVE] = "cumulative time",
        [TP_SORT_TIME] = "internal time",
        [TP_SORT_FILE] = "file name",
        [TP_SORT_LINE] = "line number",
        [TP_SORT_NAME] = "function name",
        [TP_SORT_NFL] = "name/file/line",
        [TP_SORT_STDNAME] = "standard name",
        [TP_SORT_AWAITED] = "time awaited",
    };
    return texts[key];
}

/* Bytes put one after the other, as far as there is room. */
typedef struct text_sink {
    char *text;
    size_t room;
    size_t size;
} text_sink;

static void put(text_sink *sink, const char *bytes, size_t size)
{
    if (sink->size < sink->room) {
        size_t fits = sink->room - sink->size < size ? sink->room - sink->size : size;
        if (fits > 0)
            memcpy(sink->text + sink->size, bytes, fits);
    }
    sink->size += size;
}

size_t tp_label_format(const tp_label *label, char *text, size_t room)
{
    text_sink sink = { .text = text, .room = room };
    tp_string file = label->file, name = label->name;
    char line[32];
    if (file.size == 1 && file.bytes[0] == '~' && label->line == 0) {
        /* "<built-in ...>" is printed in braces; other names as they are. */
        int bare = name.size < 2 || name.bytes[0] != '<' || name.bytes[name.size - 1] != '>';
        put(&sink, "{", bare ? 0 : 1);
        put(&sink, name.bytes + (bare ? 0 : 1), name.size - (bare ? 0 : 2));
        put(&sink, "}", bare ? 0 : 1);
    } else {
        int size = snprintf(line, sizeof line, ":%lld(", (long long)label->line);
        put(&sink, file.bytes, file.size);
        put(&sink, line, (size_t)size);
        put(&sink, name.bytes, name.size);
        put(&sink, ")", 1);
    }
    if (room > 0)
        text[sink.size < room ? sink.size : room - 1] = '\0';
    return sink.size;
}

/* What rows are compared by. The first key is worked out beforehand: as a number whose order is the
 * wanted one, or as a text. */
typedef struct sort_row {
    uint64_t rank;
    tp_string text;
    uint32_t index;
} sort_row;

typedef struct sorter {
    const tp_function *functions;
    const tp_sort_key *keys;
    size_t key_count;
    tp_arena texts;   /* of "stdname" */
    int64_t *awaited; /* Owned; ticks by function, -1 of what is no coroutine; NULL: not asked for */
} sorter;

int tp_string_compare(tp_string a, tp_string b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common > 0 ? memcmp(a.bytes, b.bytes, common) : 0;
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static uint64_t rank_of_integer(int64_t value)
{
    return (uint64_t)value ^ (UINT64_C(1) << 63);
}

/* Doubles in their own order: the sign bit turned, and all bits of negative ones (no NaN here). */
static uint64_t rank_of_real(double value)
{
    uint64_t bits;
    value += 0.0; /* -0.0 equals 0.0 */
    memcpy(&bits, &value, sizeof bits);
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

/* Numbers fall but for the line; 0 for keys that are texts. */
static uint64_t rank_of(const sorter *s, uint32_t index, tp_sort_key key)
{
    const tp_function *f = &s->functions[index];
    switch (key) {
    case TP_SORT_AWAITED:
        return ~rank_of_integer(s->awaited[index]);
    case TP_SORT_CALLS:
        return ~rank_of_integer(f->calls);
    case TP_SORT_PRIMITIVE_CALLS:
        return ~rank_of_integer(f->primitive_calls);
    case TP_SORT_CUMULATIVE:
        return ~rank_of_real(f->cumulative);
    case TP_SORT_TIME:
        return ~rank_of_real(f->total);
    case TP_SORT_LINE:
        return rank_of_integer(f->label.line);
    case TP_SORT_FILE:
    case TP_SORT_NAME:
    case TP_SORT_NFL:
    case TP_SORT_STDNAME:
        break;
    }
    return 0;
}

static int compare_text_key(const sorter *s, const sort_row *left, const sort_row *right,
                            tp_sort_key key)
{
    const tp_label *a = &s->functions[left->index].label;
    const tp_label *b = &s->functions[right->index].label;
    int order = 0;
    switch (key) {
    case TP_SORT_FILE:
        return tp_string_compare(a->file, b->file);
    case TP_SORT_NAME:
        return tp_string_compare(a->name, b->name);
    case TP_SORT_STDNAME:
        return tp_string_compare(left->text, right->text);
    case TP_SORT_NFL:
        order = tp_string_compare(a->name, b->name);
        if (order == 0)
            order = tp_string_compare(a->file, b->file);
        return order != 0 ? order : (a->line > b->line) - (a->line < b->line);
    default:
        return 0;
    }
}

/* Equal rows keep the file's order. */
static int compare_rows(const sorter *s, const sort_row *left, const sort_row *right)
{
    if (left->rank != right->rank)
        return left->rank < right->rank ? -1 : 1;
    for (size_t i = 0; i < s->key_count; i++) {
        uint64_t a = i > 0 ? rank_of(s, left->index, s->keys[i]) : 0;
        uint64_t b = i > 0 ? rank_of(s, right->index, s->keys[i]) : 0;
        int order = a != b ? (a < b ? -1 : 1) : compare_text_key(s, left, right, s->keys[i]);
        if (order != 0)
            return order;
    }
    return (left->index > right->index) - (left->index < right->index);
}

/* Merge sort, bottom up: the C library's gives the comparison no context and may be quadratic. */
static sort_row *merge_sort(const sorter *s, sort_row *rows, sort_row *spare, size_t count)
{
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t start = 0; start < count; start += 2 * width) {
            size_t middle = start + width < count ? start + width : count;
            size_t end = start + 2 * width < count ? start + 2 * width : count;
            size_t a = start, b = middle;
            for (size_t to = start; to < end; to++) {
                int from_left =
                    b >= end || (a < middle && compare_rows(s, &rows[a], &rows[b]) <= 0);
                spare[to] = rows[from_left ? a++ : b++];
            }
        }
        sort_row *swap = rows;
        rows = spare;
        spare = swap;
    }
    return rows;
}

static tp_status format_text(sorter *s, sort_row *row)
{
    const tp_label *label = &s->functions[row->index].label;
    size_t size = tp_label_format(label, NULL, 0);
    char *text = tp_arena_take(&s->texts, size + 1);
    if (text == NULL)
        return TP_ENOMEM;
    tp_label_format(label, text, size + 1);
    row->text = (tp_string){ text, size };
    return TP_OK;
}

static int has_key(const sorter *s, tp_sort_key key)
{
    for (size_t i = 0; i < s->key_count; i++) {
        if (s->keys[i] == key)
            return 1;
    }
    return 0;
}

static tp_status find_awaited(sorter *s, const tp_profile *profile)
{
    s->awaited = tp_alloc(profile->allocator, profile->function_count, sizeof *s->awaited);
    if (s->awaited == NULL)
        return TP_ENOMEM;
    for (size_t i = 0; i < profile->function_count; i++)
        s->awaited[i] = -1;
    for (size_t i = 0; i < profile->coroutine_count; i++)
        s->awaited[profile->coroutines[i].function] = profile->coroutines[i].awaited_ticks;
    return TP_OK;
}

static tp_status prepare_rows(sorter *s, sort_row *rows, size_t count)
{
    int with_text = has_key(s, TP_SORT_STDNAME);
    for (uint32_t i = 0; i < count; i++) {
        rows[i].index = i;
        rows[i].rank = s->key_count > 0 ? rank_of(s, i, s->keys[0]) : 0;
        tp_status status = with_text ? format_text(s, &rows[i]) : TP_OK;
        if (status != TP_OK)
            return status;
    }
    return TP_OK;
}

tp_status tp_profile_sort(const tp_profile *profile, const tp_sort_key *keys, size_t key_count,
                          uint32_t *order)
{
    size_t count = profile->function_count;
    sorter s = { .functions = profile->functions, .keys = keys, .key_count = key_count };
    tp_arena_init(&s.texts, profile->allocator);
    sort_row *rows = tp_alloc(profile->allocator, count, sizeof *rows);
    sort_row *spare = tp_alloc(profile->allocator, count, sizeof *spare);
    tp_status status = rows == NULL || spare == NULL ? TP_ENOMEM : TP_OK;
    if (status == TP_OK && has_key(&s, TP_SORT_AWAITED))
        status = find_awaited(&s, profile);
    if (status == TP_OK)
        status = prepare_rows(&s, rows, count);
    if (status == TP_OK) {
        const sort_row *sorted = merge_sort(&s, rows, spare, count);
        for (size_t i = 0; i < count; i++)
            order[i] = sorted[i].index;
    }
    tp_free(profile->allocator, s.awaited);
    tp_free(profile->allocator, rows);
    tp_free(profile->allocator, spare);
    tp_arena_free(&s.texts);
    return status;
}
