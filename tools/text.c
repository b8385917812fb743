#include "text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "characters.h"

/* A character in JSON (RFC 8259, section 7). Lone surrogates can be said by escapes only. */
static void put_json_character(FILE *out, const char *bytes, size_t size, uint32_t code)
{
    if (code == '"' || code == '\\')
        fprintf(out, "\\%c", (char)code);
    else if (code == '\n')
        fputs("\\n", out);
    else if (code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0xD800 && code <= 0xDFFF))
        fprintf(out, "\\u%04x", (unsigned)code);
    else if (code > 0x10FFFF)
        fputs("\\ufffd", out); /* a byte that is part of no character */
    else
        fwrite(bytes, 1, size, out);
}

static void put_json(FILE *out, tp_string string)
{
    putc('"', out);
    for (size_t i = 0, size; i < string.size; i += size) {
        uint32_t code;
        size = tp_character_next(&code, string.bytes + i, string.size - i);
        put_json_character(out, string.bytes + i, size, code);
    }
    putc('"', out);
}

static int needs_csv_quotes(tp_string string)
{
    for (size_t i = 0; i < string.size; i++) {
        if (string.bytes[i] == '\0' || strchr(",\"\r\n", string.bytes[i]) != NULL)
            return 1;
    }
    return 0;
}

static void put_csv(FILE *out, tp_string string)
{
    int quoted = needs_csv_quotes(string);
    if (quoted)
        putc('"', out);
    for (size_t i = 0; i < string.size; i++) {
        if (string.bytes[i] == '"')
            putc('"', out);
        putc(string.bytes[i], out);
    }
    if (quoted)
        putc('"', out);
}

void tp_put_markdown(FILE *out, const char *character)
{
    if (strchr("\\`*_[]<>|~&", *character) != NULL)
        putc('\\', out);
    fputs(character, out);
}

static void put_visible(FILE *out, tp_string string, tp_quoting quoting)
{
    char shown[TP_VISIBLE_ROOM];
    for (size_t i = 0; i < string.size;) {
        i += tp_character_show(shown, string.bytes + i, string.size - i);
        if (quoting == TP_MARKDOWN)
            tp_put_markdown(out, shown);
        else
            fputs(shown, out);
    }
}

void tp_put_string(FILE *out, tp_string string, tp_quoting quoting)
{
    switch (quoting) {
    case TP_PLAIN:
    case TP_MARKDOWN:
        put_visible(out, string, quoting);
        break;
    case TP_CSV:
        put_csv(out, string);
        break;
    case TP_JSON:
        put_json(out, string);
        break;
    }
}

/* Columns of a character: East Asian wide ones take two, combining ones none (the ranges that matter
 * of Unicode's EastAsianWidth). */
static size_t code_width(uint32_t code)
{
    static const uint32_t wide[][2] = {
        { 0x1100, 0x115F }, { 0x2E80, 0xA4CF }, { 0xAC00, 0xD7A3 },   { 0xF900, 0xFAFF },
        { 0xFE30, 0xFE6F }, { 0xFF00, 0xFF60 }, { 0x1F300, 0x1FAFF }, { 0x20000, 0x3FFFD },
    };
    if (code >= 0x300 && code <= 0x36F)
        return 0;
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++) {
        if (code >= wide[i][0] && code <= wide[i][1])
            return 2;
    }
    return 1;
}

/* Columns of the first character as shown; *size is how many bytes it has. */
static size_t shown_width(const char *bytes, size_t left, size_t *size)
{
    char shown[TP_VISIBLE_ROOM];
    uint32_t code;
    *size = tp_character_show(shown, bytes, left);
    tp_character_next(&code, bytes, left);
    /* An escape begins with a backslash that the text itself does not have. */
    return shown[0] == '\\' && shown[1] != '\0' ? strlen(shown) : code_width(code);
}

size_t tp_string_width(tp_string string)
{
    size_t width = 0;
    for (size_t i = 0, size; i < string.size; i += size)
        width += shown_width(string.bytes + i, string.size - i, &size);
    return width;
}

size_t tp_string_fit(tp_string string, size_t width)
{
    size_t at = 0;
    for (size_t size, taken = 0; at < string.size; at += size) {
        taken += shown_width(string.bytes + at, string.size - at, &size);
        if (taken > width)
            break;
    }
    return at;
}

/* A label as printed, in the pieces it is made of. */
typedef struct pieces {
    tp_string piece[4];
    size_t count;
    char line[32];
} pieces;

static tp_string word(const char *text)
{
    return (tp_string){ text, strlen(text) };
}

static void split_label(pieces *p, const tp_label *label)
{
    tp_string file = label->file, name = label->name;
    p->count = 0;
    if (file.size == 1 && file.bytes[0] == '~' && label->line == 0) {
        int braces = name.size >= 2 && name.bytes[0] == '<' && name.bytes[name.size - 1] == '>';
        if (braces) {
            p->piece[p->count++] = word("{");
            p->piece[p->count++] = (tp_string){ name.bytes + 1, name.size - 2 };
            p->piece[p->count++] = word("}");
        } else {
            p->piece[p->count++] = name;
        }
        return;
    }
    snprintf(p->line, sizeof p->line, ":%lld(", (long long)label->line);
    p->piece[p->count++] = file;
    p->piece[p->count++] = word(p->line);
    p->piece[p->count++] = name;
    p->piece[p->count++] = word(")");
}

static size_t pieces_width(const pieces *p)
{
    size_t width = 0;
    for (size_t i = 0; i < p->count; i++)
        width += tp_string_width(p->piece[i]);
    return width;
}

size_t tp_label_width(const tp_label *label)
{
    pieces p;
    split_label(&p, label);
    return pieces_width(&p);
}

size_t tp_put_label(FILE *out, const tp_label *label, tp_quoting quoting, size_t width)
{
    pieces p;
    split_label(&p, label);
    size_t needed = pieces_width(&p);
    if (width > 3 && needed > width) {
        needed += 3;
        fputs("...", out);
        for (size_t i = 0; i < p.count && needed > width; i++) {
            for (size_t step; needed > width && p.piece[i].size > 0;) {
                needed -= shown_width(p.piece[i].bytes, p.piece[i].size, &step);
                p.piece[i].bytes += step;
                p.piece[i].size -= step;
            }
        }
    }
    for (size_t i = 0; i < p.count; i++)
        tp_put_string(out, p.piece[i], quoting);
    return needed;
}

void tp_put_double(FILE *out, double value)
{
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    fputs(text, out);
}

int tp_parse_number(double *value, const char *text)
{
    char *end;
    errno = 0;
    *value = strtod(text, &end);
    return end != text && *end == '\0' && errno == 0 && isfinite(*value);
}
