#include "lines.h"

#include <string.h>

#include "memory.h"
#include "pattern_utf8.h"

void tp_lines_open(tp_lines *lines, const uint8_t *bytes, size_t size, const tp_allocator *allocator)
{
    *lines = (tp_lines){ .bytes = (const char *)bytes, .size = size, .allocator = allocator };
}

void tp_lines_close(tp_lines *lines)
{
    tp_free(lines->allocator, lines->scratch);
    lines->scratch = NULL;
}

bool tp_lines_next(tp_lines *lines)
{
    if (lines->next >= lines->size)
        return false;
    const char *start = lines->bytes + lines->next;
    size_t left = lines->size - lines->next;
    const char *end = memchr(start, '\n', left);
    size_t length = end != NULL ? (size_t)(end - start) : left;
    lines->start = lines->next;
    lines->next += length + (end != NULL);
    if (length > 0 && start[length - 1] == '\r')
        length--;
    lines->line = (tp_string){ start, length };
    return true;
}

tp_status tp_lines_fail(tp_lines *lines, tp_status status, const char *at, const char *message)
{
    if (lines->error.status == TP_OK)
        lines->error = (tp_error){ .status = status,
                                   .offset = at != NULL ? (uint64_t)(at - lines->bytes) : lines->start,
                                   .message = message };
    return status;
}

/* Length of what can be left as it is. */
static size_t clean_length(tp_string text)
{
    for (size_t at = 0, size; at < text.size; at += size) {
        uint32_t code;
        size = tp_utf8_decode(&code, text.bytes + at, text.size - at);
        if (code >= TP_CODE_POINTS)
            return at;
    }
    return text.size;
}

tp_status tp_lines_text(tp_lines *lines, tp_string *text)
{
    size_t used = clean_length(*text);
    if (used == text->size)
        return TP_OK;
    void *array = lines->scratch;
    tp_status status = tp_reserve(lines->allocator, &array, &lines->scratch_capacity, text->size * 3, 1);
    if (status != TP_OK)
        return status;
    lines->scratch = array;
    memcpy(lines->scratch, text->bytes, used);
    for (size_t at = used, size; at < text->size; at += size) {
        uint32_t code;
        size = tp_utf8_decode(&code, text->bytes + at, text->size - at);
        used += tp_utf8_encode(lines->scratch + used,
                               code < TP_CODE_POINTS ? code : 0xDC00 + (code - TP_CODE_POINTS));
    }
    *text = (tp_string){ lines->scratch, used };
    return TP_OK;
}

bool tp_take_number(int64_t *number, const char **at, const char *end)
{
    uint64_t value = 0;
    const char *digit = *at;
    for (; digit < end && *digit >= '0' && *digit <= '9'; digit++) {
        if (value > ((uint64_t)INT64_MAX - (uint64_t)(*digit - '0')) / 10)
            return false;
        value = value * 10 + (uint64_t)(*digit - '0');
    }
    if (digit == *at)
        return false;
    *number = (int64_t)value;
    *at = digit;
    return true;
}
