#include <traceprof/sort.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "model.h"

typedef struct sort_name {
    const char *name;
    tp_sort_key key;
} sort_name;

/* pstats.Stats.sort_arg_dict_default; prefixes count when all names they fit mean the same key. */
static const sort_name names[] = {
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
    };
    return texts[key];
}

size_t tp_label_format(const tp_label *label, char *text, size_t room)
{
    int length;
    tp_string file = label->file, name = label->name;
    if (file.size == 1 && file.bytes[0] == '~' && label->line == 0) {
        /* "<built-in ...>" is printed in braces; other names as they are. */
        if (name.size >= 2 && name.bytes[0] == '<' && name.bytes[name.size - 1] == '>')
            length = snprintf(text, room, "{%.*s}", (int)(name.size - 2), name.bytes + 1);
        else
            length = snprintf(text, room, "%.*s", (int)name.size, name.bytes);
    } else {
        length = snprintf(text, room, "%.*s:%lld(%.*s)", (int)file.size, file.bytes,
                          (long long)label->line, (int)name.size, name.bytes);
    }
    return length < 0 ? 0 : (size_t)length;
}

typedef struct sort_row {
    const tp_profile *profile;
    const tp_sort_key *keys;
    size_t key_count;
    char *text; /* Owned; only when a key needs it */
    uint32_t index;
} sort_row;

static int compare_text(tp_string a, tp_string b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = memcmp(a.bytes, b.bytes, common);
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

#define FALLING(a, b) (((a) < (b)) - ((a) > (b)))

static int compare_by(const sort_row *left, const sort_row *right, tp_sort_key key)
{
    const tp_function *a = &left->profile->functions[left->index];
    const tp_function *b = &right->profile->functions[right->index];
    int64_t line_a = a->label.line, line_b = b->label.line;
    int order;
    switch (key) {
    case TP_SORT_CALLS:
        return FALLING(a->calls, b->calls);
    case TP_SORT_PRIMITIVE_CALLS:
        return FALLING(a->primitive_calls, b->primitive_calls);
    case TP_SORT_CUMULATIVE:
        return FALLING(a->cumulative, b->cumulative);
    case TP_SORT_TIME:
        return FALLING(a->total, b->total);
    case TP_SORT_FILE:
        return compare_text(a->label.file, b->label.file);
    case TP_SORT_LINE:
        return FALLING(line_b, line_a);
    case TP_SORT_NAME:
        return compare_text(a->label.name, b->label.name);
    case TP_SORT_NFL:
        order = compare_text(a->label.name, b->label.name);
        if (order == 0)
            order = compare_text(a->label.file, b->label.file);
        return order != 0 ? order : FALLING(line_b, line_a);
    case TP_SORT_STDNAME:
        return strcmp(left->text, right->text);
    }
    return 0;
}

static int compare_rows(const void *a, const void *b)
{
    const sort_row *left = a, *right = b;
    for (size_t i = 0; i < left->key_count; i++) {
        int order = compare_by(left, right, left->keys[i]);
        if (order != 0)
            return order;
    }
    return (left->index > right->index) - (left->index < right->index);
}

static char *format_new(const tp_profile *profile, const tp_label *label)
{
    size_t size = tp_label_format(label, NULL, 0) + 1;
    char *text = tp_alloc(profile->allocator, size, 1);
    if (text != NULL)
        tp_label_format(label, text, size);
    return text;
}

tp_status tp_profile_sort(const tp_profile *profile, const tp_sort_key *keys, size_t key_count,
                          uint32_t *order)
{
    size_t count = profile->function_count;
    int with_text = 0;
    for (size_t i = 0; i < key_count; i++)
        with_text |= keys[i] == TP_SORT_STDNAME;
    sort_row *rows = tp_alloc(profile->allocator, count, sizeof *rows);
    tp_status status = rows == NULL ? TP_ENOMEM : TP_OK;
    for (uint32_t i = 0; status == TP_OK && i < count; i++) {
        rows[i] = (sort_row){ profile, keys, key_count, NULL, i };
        if (with_text)
            rows[i].text = format_new(profile, &profile->functions[i].label);
        if (with_text && rows[i].text == NULL)
            status = TP_ENOMEM;
    }
    if (status == TP_OK && count > 1)
        qsort(rows, count, sizeof *rows, compare_rows);
    for (size_t i = 0; rows != NULL && i < count; i++) {
        order[i] = rows[i].index;
        tp_free(profile->allocator, rows[i].text);
    }
    tp_free(profile->allocator, rows);
    return status;
}
