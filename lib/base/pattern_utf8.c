#include "pattern_utf8.h"

#include <stdbool.h>

static size_t length_by_lead(uint8_t lead)
{
    if (lead < 0x80)
        return 1;
    if (lead >= 0xC2 && lead <= 0xDF)
        return 2;
    if (lead >= 0xE0 && lead <= 0xEF)
        return 3;
    return lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
}

static bool is_overlong_or_beyond(uint32_t code_point, size_t length)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    return code_point < least[length] || code_point >= TP_CODE_POINTS;
}

size_t tp_utf8_decode(uint32_t *code_point, const char *text, size_t size)
{
    static const uint8_t lead_bits[] = { 0, 0x7F, 0x1F, 0x0F, 0x07 };
    const uint8_t *bytes = (const uint8_t *)text;
    size_t length = length_by_lead(bytes[0]);
    uint32_t value = bytes[0] & lead_bits[length];
    *code_point = TP_CODE_POINTS + bytes[0];
    if (length == 0 || length > size)
        return 1;
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xC0) != 0x80)
            return 1;
        value = value << 6 | (bytes[i] & 0x3F);
    }
    if (is_overlong_or_beyond(value, length))
        return 1;
    *code_point = value;
    return length;
}

uint32_t tp_utf8_before(const char *text, size_t at)
{
    uint32_t code_point;
    /* A lead byte continues no other sequence, so reading from the beginning stops at it too. */
    for (size_t length = 2; length <= 4 && length <= at; length++) {
        if (tp_utf8_decode(&code_point, text + at - length, length) == length)
            return code_point;
    }
    tp_utf8_decode(&code_point, text + at - 1, 1);
    return code_point;
}

size_t tp_utf8_encode(char bytes[4], uint32_t code_point)
{
    static const uint8_t leads[] = { 0, 0, 0xC0, 0xE0, 0xF0 };
    if (code_point < 0x80) {
        bytes[0] = (char)code_point;
        return 1;
    }
    size_t length = code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--) {
        bytes[i] = (char)(0x80 | (code_point & 0x3F));
        code_point >>= 6;
    }
    bytes[0] = (char)(leads[length] | code_point);
    return length;
}
