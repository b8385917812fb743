#include "characters.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define LAST_CODE 0x10FFFFu
#define STRAY_BYTE 0x110000u

/* How many bytes a character has that begins so; 0: none does. */
static size_t length_of(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xC2 && first < 0xE0)
        return 2;
    if (first >= 0xE0 && first < 0xF0)
        return 3;
    return first >= 0xF0 && first < 0xF5 ? 4 : 0;
}

size_t tp_character_next(uint32_t *code, const char *bytes, size_t size)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    unsigned char first = (unsigned char)bytes[0];
    size_t length = length_of(first);
    *code = STRAY_BYTE + first;
    if (length == 0 || length > size)
        return 1;
    uint32_t value = length == 1 ? first : first & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) {
        unsigned char next = (unsigned char)bytes[i];
        if ((next & 0xC0) != 0x80)
            return 1;
        value = value << 6 | (next & 0x3Fu);
    }
    if (value < least[length] || value > LAST_CODE)
        return 1;
    *code = value;
    return length;
}

static bool within(uint32_t code, uint32_t first, uint32_t last)
{
    return code >= first && code <= last;
}

static bool is_printable(uint32_t code)
{
    return !(code < 0x20 || within(code, 0x7F, 0x9F) || code == 0x61C ||
             within(code, 0x200B, 0x200F) || within(code, 0x2028, 0x202E) ||
             within(code, 0x2060, 0x2069) || within(code, 0xD800, 0xDFFF) || code == 0xFEFF ||
             (code & 0xFFFE) == 0xFFFE || code > LAST_CODE);
}

static void escape(char shown[TP_VISIBLE_ROOM], uint32_t code)
{
    if (code == '\n' || code == '\r' || code == '\t')
        snprintf(shown, TP_VISIBLE_ROOM, "\\%c", code == '\n' ? 'n' : code == '\r' ? 'r' : 't');
    else if (code < 0x100 || code > LAST_CODE)
        snprintf(shown, TP_VISIBLE_ROOM, "\\x%02x", (unsigned)(code & 0xFF));
    else if (code < 0x10000)
        snprintf(shown, TP_VISIBLE_ROOM, "\\u%04x", (unsigned)code);
    else
        snprintf(shown, TP_VISIBLE_ROOM, "\\U%08x", (unsigned)code);
}

size_t tp_character_show(char shown[TP_VISIBLE_ROOM], const char *bytes, size_t size)
{
    uint32_t code;
    size_t length = tp_character_next(&code, bytes, size);
    if (is_printable(code)) {
        memcpy(shown, bytes, length);
        shown[length] = '\0';
    } else {
        escape(shown, code);
    }
    return length;
}
