#include "spell.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pattern_utf8.h"

void tp_spell(tp_buffer *out, const char *text)
{
    tp_buffer_put(out, text, strlen(text));
}

void tp_spell_string(tp_buffer *out, tp_string text)
{
    tp_buffer_put(out, text.bytes, text.size);
}

void tp_spell_unsigned(tp_buffer *out, uint64_t value)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    tp_buffer_put(out, digits + at, sizeof digits - at);
}

void tp_spell_integer(tp_buffer *out, int64_t value)
{
    if (value < 0)
        tp_buffer_put(out, "-", 1);
    tp_spell_unsigned(out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void tp_spell_real(tp_buffer *out, double value)
{
    char text[40];
    if (!isfinite(value)) {
        tp_spell(out, "null");
        return;
    }
    if (fabs(value) < 1e15 && value == (double)(int64_t)value) {
        tp_spell_integer(out, (int64_t)value);
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    /* A program may have asked for a comma. */
    for (char *at = text; *at != '\0'; at++) {
        if (strchr("0123456789+-e", *at) == NULL)
            *at = '.';
    }
    tp_spell(out, text);
}

static void spell_escape(tp_buffer *out, uint32_t code)
{
    static const char hex[] = "0123456789abcdef";
    char text[6] = { '\\',
                     'u',
                     hex[code >> 12 & 15],
                     hex[code >> 8 & 15],
                     hex[code >> 4 & 15],
                     hex[code & 15] };
    tp_buffer_put(out, text, sizeof text);
}

static int is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7F && code < 0xA0);
}

/* U+2028 and U+2029 end a line for some readers. */
static int ends_line(uint32_t code)
{
    return code == 0x2028 || code == 0x2029;
}

static int is_surrogate(uint32_t code)
{
    return code >= 0xD800 && code <= 0xDFFF;
}

void tp_spell_json(tp_buffer *out, tp_string text)
{
    size_t done = 0;
    tp_buffer_put(out, "\"", 1);
    for (size_t at = 0, size; at < text.size; at += size) {
        uint32_t code;
        size = tp_utf8_decode(&code, text.bytes + at, text.size - at);
        int escaped = code == '"' || code == '\\';
        if (!escaped && !is_control(code) && !is_surrogate(code) && code < TP_CODE_POINTS)
            continue;
        tp_buffer_put(out, text.bytes + done, at - done);
        done = at + (escaped ? 0 : size);
        if (escaped)
            tp_buffer_put(out, "\\", 1);
        else if (code == '\n')
            tp_buffer_put(out, "\\n", 2);
        else
            spell_escape(out, code >= TP_CODE_POINTS ? 0xFFFD : code);
    }
    tp_buffer_put(out, text.bytes + done, text.size - done);
    tp_buffer_put(out, "\"", 1);
}

/* A stray byte b is shown as Python's surrogateescape has it. */
static void spell_visible_code(tp_buffer *out, uint32_t code)
{
    static const char hex[] = "0123456789abcdef";
    if (code == '\n') {
        tp_buffer_put(out, "\\n", 2);
    } else if (code < 0x100) {
        char text[4] = { '\\', 'x', hex[code >> 4], hex[code & 15] };
        tp_buffer_put(out, text, sizeof text);
    } else {
        spell_escape(out, code >= TP_CODE_POINTS ? 0xDC00 + (code - TP_CODE_POINTS) : code);
    }
}

void tp_spell_csv(tp_buffer *out, tp_string text)
{
    int quoted = 0;
    for (size_t i = 0; i < text.size && !quoted; i++)
        quoted = text.bytes[i] == '\0' || strchr(",\"\r\n", text.bytes[i]) != NULL;
    if (quoted)
        tp_buffer_put(out, "\"", 1);
    for (size_t at = 0, size; at < text.size; at += size) {
        uint32_t code;
        size = tp_utf8_decode(&code, text.bytes + at, text.size - at);
        if (code == '"')
            tp_buffer_put(out, "\"", 1);
        if (is_surrogate(code) || code >= TP_CODE_POINTS)
            spell_visible_code(out, code);
        else
            tp_buffer_put(out, text.bytes + at, size);
    }
    if (quoted)
        tp_buffer_put(out, "\"", 1);
}

void tp_spell_visible(tp_buffer *out, tp_string text, const char *special, size_t most)
{
    size_t done = 0;
    for (size_t at = 0, size; at < text.size; at += size) {
        uint32_t code;
        if (most > 0 && at >= most) {
            tp_buffer_put(out, text.bytes + done, at - done);
            tp_spell(out, "...");
            return;
        }
        size = tp_utf8_decode(&code, text.bytes + at, text.size - at);
        int is_special = code > 0 && code < 0x80 && strchr(special, (int)code) != NULL;
        if (!is_special && !is_control(code) && !ends_line(code) && !is_surrogate(code) &&
            code < TP_CODE_POINTS)
            continue;
        tp_buffer_put(out, text.bytes + done, at - done);
        done = at + size;
        spell_visible_code(out, code);
    }
    tp_buffer_put(out, text.bytes + done, text.size - done);
}
