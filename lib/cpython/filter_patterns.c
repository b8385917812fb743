#include "filter_patterns.h"

#include <stdlib.h>
#include <string.h>

#include <traceprof/glob.h>

#include "memory.h"

/* What stands behind a pattern in its block at most: ".*", a slash and a star. */
#define TAIL 2u

static bool ends_with(tp_string text, const char *end)
{
    size_t size = strlen(end);
    return text.size >= size && memcmp(text.bytes + text.size - size, end, size) == 0;
}

/* What has to do with files, or, as "<string>", stands in a file's place. */
static bool is_path(tp_string text)
{
    return memchr(text.bytes, '/', text.size) != NULL ||
           memchr(text.bytes, '\\', text.size) != NULL || ends_with(text, ".py") ||
           text.bytes[0] == '<' || (text.size == 1 && text.bytes[0] == '*');
}

/* "./x" is what shells complete; no path that is compared ends so. */
static tp_string without_dots(tp_string text)
{
    while (text.size > 2 && text.bytes[0] == '.' && text.bytes[1] == '/')
        text = (tp_string){ text.bytes + 2, text.size - 2 };
    return text;
}

static char *put(char *room, const char *bytes, size_t size)
{
    memcpy(room, bytes, size);
    return room + size;
}

static char *compile_path(tp_filter_pattern *pattern, char *room)
{
    tp_string text = without_dots(pattern->given);
    bool folder = text.bytes[text.size - 1] == '/';
    pattern->dotted = room;
    pattern->size = text.size + folder;
    room = put(room, text.bytes, text.size);
    return put(room, "*", folder);
}

static char *compile_module(tp_filter_pattern *pattern, char *room)
{
    tp_string text = pattern->given;
    while (text.size > 2 && ends_with(text, ".*"))
        text.size -= 2;
    pattern->size = text.size;
    pattern->dotted = room;
    room = put(put(room, text.bytes, text.size), ".*", 2);
    char *slashed = room;
    pattern->slashed = slashed;
    room = put(put(room, text.bytes, text.size), "/*", 2);
    for (size_t i = 0; i < text.size; i++) {
        if (slashed[i] == '.')
            slashed[i] = '/';
    }
    return room;
}

static int compare(tp_string a, tp_string b)
{
    int order = memcmp(a.bytes, b.bytes, a.size < b.size ? a.size : b.size);
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static int compare_given(const void *left, const void *right)
{
    return compare(((const tp_filter_pattern *)left)->given,
                   ((const tp_filter_pattern *)right)->given);
}

/* The block's size: the items, and of each text three copies at most, with what stands behind. */
static tp_status measure(size_t *size, const tp_string *texts, size_t count)
{
    size_t total, text;
    if (!tp_mul_size(&total, count, sizeof(tp_filter_pattern) + 2 * TAIL))
        return TP_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        if (texts[i].size == 0)
            return TP_EARGUMENT;
        if (!tp_mul_size(&text, texts[i].size, 3) || !tp_add_size(&total, total, text))
            return TP_ENOMEM;
    }
    *size = total;
    return TP_OK;
}

tp_status tp_filter_patterns_create(tp_filter_patterns *patterns, const tp_string *texts,
                                    size_t count)
{
    size_t size;
    *patterns = (tp_filter_patterns){ NULL, 0 };
    if (count == 0)
        return TP_OK;
    tp_status status = measure(&size, texts, count);
    if (status != TP_OK)
        return status;
    tp_filter_pattern *items = tp_alloc(NULL, size, 1);
    if (items == NULL)
        return TP_ENOMEM;
    char *room = (char *)(items + count);
    for (size_t i = 0; i < count; i++) {
        items[i].given = (tp_string){ room, texts[i].size };
        room = put(room, texts[i].bytes, texts[i].size);
    }
    qsort(items, count, sizeof *items, compare_given);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || compare(items[kept - 1].given, items[i].given) != 0)
            items[kept++] = items[i];
    }
    for (size_t i = 0; i < kept; i++)
        room = is_path(items[i].given) ? compile_path(&items[i], room)
                                       : compile_module(&items[i], room);
    *patterns = (tp_filter_patterns){ items, kept };
    return TP_OK;
}

void tp_filter_patterns_free(tp_filter_patterns *patterns)
{
    tp_free(NULL, patterns->items);
    *patterns = (tp_filter_patterns){ NULL, 0 };
}

bool tp_filter_patterns_equal(const tp_filter_patterns *left, const tp_filter_patterns *right)
{
    if (left->count != right->count)
        return false;
    size_t i = 0;
    while (i < left->count && compare(left->items[i].given, right->items[i].given) == 0)
        i++;
    return i == left->count;
}

/* Whether the path, less `end`, is the pattern's, where it ends so. */
static bool matches_before(const tp_filter_pattern *pattern, tp_string file, const char *end)
{
    return ends_with(file, end) && tp_glob_match_path(pattern->slashed, pattern->size, file.bytes,
                                                      file.size - strlen(end)) != 0;
}

/* Where the module's name is not known, its file stands for it. The main module's folder says nothing:
 * it need not be a package. */
static bool matches_file(const tp_filter_pattern *pattern, const tp_place *place)
{
    static const char *const ends[] = { ".py", ".pyc", ".pyw", ".pyx", "/__main__.py" };
    tp_string file = place->file;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        if (matches_before(pattern, file, ends[i]))
            return true;
    }
    return !place->is_main && tp_glob_match_path(pattern->slashed, pattern->size + TAIL, file.bytes,
                                                 file.size) != 0;
}

static bool matches_module(const tp_filter_pattern *pattern, const tp_place *place)
{
    static const char main[] = "__main__";
    tp_string module = place->module;
    size_t size = pattern->size;
    if (place->is_main && tp_glob_match(pattern->dotted, size, main, sizeof main - 1))
        return true;
    if (module.bytes == NULL)
        return matches_file(pattern, place);
    return tp_glob_match(pattern->dotted, size, module.bytes, module.size) ||
           tp_glob_match(pattern->dotted, size + TAIL, module.bytes, module.size);
}

bool tp_filter_patterns_match(const tp_filter_patterns *patterns, const tp_place *place)
{
    for (size_t i = 0; i < patterns->count; i++) {
        const tp_filter_pattern *p = &patterns->items[i];
        bool found = p->slashed != NULL ? matches_module(p, place)
                                        : tp_glob_match_path(p->dotted, p->size, place->file.bytes,
                                                             place->file.size) != 0;
        if (found)
            return true;
    }
    return false;
}
