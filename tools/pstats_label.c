/* Functions' names: how they are compared, and what they look like when printed. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pstats_model.h"

int tp_pstats_compare_text(tp_string a, tp_string b)
{
    /* A profile holds each text once. */
    if (a.bytes == b.bytes && a.size == b.size)
        return 0;
    /* The order of UTF-8, with surrogates as three bytes, is that of the code points. */
    int order = memcmp(a.bytes, b.bytes, a.size < b.size ? a.size : b.size);
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

int tp_pstats_compare_labels(const tp_label *a, const tp_label *b)
{
    int order = tp_pstats_compare_text(a->file, b->file);
    if (order == 0)
        order = (a->line > b->line) - (a->line < b->line);
    return order != 0 ? order : tp_pstats_compare_text(a->name, b->name);
}

/* The parts of "file:line(name)". What is built in has no file, and braces for angle brackets. */
typedef struct name_parts {
    tp_string file;
    char middle[32];
    tp_string name;
    const char *end;
} name_parts;

static name_parts split(const tp_label *label)
{
    name_parts parts = { .file = label->file, .name = label->name, .end = ")" };
    if (label->line != 0 || label->file.size != 1 || label->file.bytes[0] != '~') {
        snprintf(parts.middle, sizeof parts.middle, ":%" PRId64 "(", label->line);
        return parts;
    }
    parts.file.size = 0;
    parts.end = "";
    size_t size = label->name.size;
    if (size >= 2 && label->name.bytes[0] == '<' && label->name.bytes[size - 1] == '>') {
        strcpy(parts.middle, "{");
        parts.name = (tp_string){ label->name.bytes + 1, size - 2 };
        parts.end = "}";
    }
    return parts;
}

static size_t count_points(tp_string text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += ((unsigned char)text.bytes[i] & 0xC0) != 0x80;
    return count;
}

size_t tp_pstats_name_size(const tp_label *label)
{
    name_parts parts = split(label);
    return parts.file.size + strlen(parts.middle) + parts.name.size + strlen(parts.end);
}

size_t tp_pstats_name_width(const tp_label *label)
{
    name_parts parts = split(label);
    return count_points(parts.file) + strlen(parts.middle) + count_points(parts.name) +
           strlen(parts.end);
}

size_t tp_pstats_name_write(const tp_label *label, char *text)
{
    name_parts parts = split(label);
    const tp_string pieces[] = { parts.file,
                                 { parts.middle, strlen(parts.middle) },
                                 parts.name,
                                 { parts.end, strlen(parts.end) } };
    size_t size = 0;
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        memcpy(text + size, pieces[i].bytes, pieces[i].size);
        size += pieces[i].size;
    }
    return size;
}
