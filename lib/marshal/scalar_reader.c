#include "scalar_reader.h"

#include <stdlib.h>
#include <string.h>

#include "codes.h"
#include "load.h"

static tp_status fail(tp_marshal_reader *reader, const char *message)
{
    return tp_marshal_fail(reader, TP_EFORMAT, reader->position, message);
}

/* The next `count` bytes of the input, or NULL with the error set. */
static const uint8_t *take(tp_marshal_reader *reader, size_t count)
{
    if (count > reader->size - reader->position) {
        fail(reader, "the file ends in the middle of an object");
        return NULL;
    }
    const uint8_t *bytes = reader->bytes + reader->position;
    reader->position += count;
    return bytes;
}

static tp_status take_u32(tp_marshal_reader *reader, uint32_t *value)
{
    const uint8_t *bytes = take(reader, 4);
    if (bytes == NULL)
        return reader->error.status;
    *value = tp_load_u32(bytes);
    return TP_OK;
}

/* A length in one or four bytes, no larger than the bytes left: whatever is counted takes at least
 * one byte each. */
static tp_status take_length(tp_marshal_reader *reader, uint32_t *length, bool is_short)
{
    if (is_short) {
        const uint8_t *byte = take(reader, 1);
        if (byte == NULL)
            return reader->error.status;
        *length = *byte;
    } else {
        tp_status status = take_u32(reader, length);
        if (status != TP_OK)
            return status;
    }
    if (*length > reader->size - reader->position)
        return fail(reader, "a length is greater than what is left of the file");
    return TP_OK;
}

static tp_status read_long(tp_marshal_reader *reader, tp_item *item)
{
    uint32_t raw = 0;
    tp_status status = take_u32(reader, &raw);
    if (status != TP_OK)
        return status;
    int32_t signed_count = (int32_t)raw;
    bool negative = signed_count < 0;
    uint64_t digits = negative ? 0 - (uint64_t)(int64_t)signed_count : (uint64_t)signed_count;
    if (digits > 5)
        return tp_marshal_fail(reader, TP_ELIMIT, item->offset, "an integer is too large");
    uint64_t magnitude = 0;
    for (uint64_t i = 0; i < digits; i++) {
        const uint8_t *digit = take(reader, 2);
        if (digit == NULL)
            return reader->error.status;
        uint64_t part = tp_load_u16(digit);
        if (part >= 1u << 15)
            return fail(reader, "a digit of an integer is out of its range");
        if (i == 4 && part > 7)
            return tp_marshal_fail(reader, TP_ELIMIT, item->offset, "an integer is too large");
        magnitude |= part << (15 * i);
    }
    item->kind = TP_ITEM_INT;
    item->as.integer = negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return TP_OK;
}

static tp_status read_decimal(tp_marshal_reader *reader, double *real)
{
    uint32_t length = 0;
    char text[256];
    tp_status status = take_length(reader, &length, true);
    if (status != TP_OK)
        return status;
    memcpy(text, take(reader, length), length);
    text[length] = '\0';
    char *end;
    *real = strtod(text, &end);
    return end == text + length && length > 0 ? TP_OK : fail(reader, "a number is not decimal");
}

static tp_status read_binary(tp_marshal_reader *reader, double *real)
{
    const uint8_t *bytes = take(reader, 8);
    if (bytes == NULL)
        return reader->error.status;
    *real = tp_load_f64(bytes);
    return TP_OK;
}

static tp_status read_complex(tp_marshal_reader *reader, tp_item *item, bool binary)
{
    double imaginary;
    item->kind = TP_ITEM_OTHER;
    tp_status status = binary ? read_binary(reader, &item->as.real)
                              : read_decimal(reader, &item->as.real);
    if (status != TP_OK)
        return status;
    return binary ? read_binary(reader, &imaginary) : read_decimal(reader, &imaginary);
}

static tp_status read_int(tp_marshal_reader *reader, tp_item *item, size_t width)
{
    const uint8_t *bytes = take(reader, width);
    if (bytes == NULL)
        return reader->error.status;
    item->kind = TP_ITEM_INT;
    item->as.integer = width == 4 ? (int64_t)(int32_t)tp_load_u32(bytes) : (int64_t)tp_load_u64(bytes);
    return TP_OK;
}

/* Index of the first byte beyond ASCII, or size. */
static size_t ascii_prefix(const uint8_t *bytes, size_t size)
{
    size_t i = 0;
    for (; i + 8 <= size; i += 8) {
        uint64_t eight;
        memcpy(&eight, bytes + i, 8);
        if ((eight & UINT64_C(0x8080808080808080)) != 0)
            break;
    }
    while (i < size && bytes[i] < 0x80)
        i++;
    return i;
}

/* Bytes of the well-formed character at `bytes`, 0 if it is none. Surrogates are let through: Python
 * writes them so. (The Unicode Standard, table 3-7.) */
static size_t utf8_length(const uint8_t *bytes, size_t size)
{
    uint8_t first = bytes[0];
    size_t length = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3
                  : first < 0xF5 ? 4 : 0;
    if (length == 0 || length > size)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xC0) != 0x80)
            return 0;
    }
    if ((first == 0xE0 && bytes[1] < 0xA0) || (first == 0xF0 && bytes[1] < 0x90) ||
        (first == 0xF4 && bytes[1] > 0x8F))
        return 0;
    return length;
}

static tp_status check_utf8(tp_marshal_reader *reader, const tp_item *item)
{
    for (size_t at = ascii_prefix(item->as.bytes, item->count); at < item->count;) {
        size_t length = utf8_length(item->as.bytes + at, item->count - at);
        if (length == 0)
            return tp_marshal_fail(reader, TP_EFORMAT,
                                   (uint64_t)(item->as.bytes + at - reader->bytes),
                                   "a text is not UTF-8");
        at += length;
    }
    return TP_OK;
}

static tp_status read_bytes(tp_marshal_reader *reader, tp_item *item, bool is_short)
{
    tp_status status = take_length(reader, &item->count, is_short);
    if (status == TP_OK)
        item->as.bytes = take(reader, item->count);
    return status;
}

static tp_status read_string(tp_marshal_reader *reader, uint8_t code, tp_item *item)
{
    bool is_short = code == TP_CODE_SHORT_ASCII || code == TP_CODE_SHORT_ASCII_INTERNED;
    bool one_byte = is_short || code == TP_CODE_ASCII || code == TP_CODE_ASCII_INTERNED;
    tp_status status = read_bytes(reader, item, is_short);
    if (status != TP_OK)
        return status;
    item->kind = TP_ITEM_TEXT;
    if (!one_byte)
        return check_utf8(reader, item);
    item->latin1 = ascii_prefix(item->as.bytes, item->count) < item->count;
    return TP_OK;
}

static tp_status read_container(tp_marshal_reader *reader, uint8_t code, tp_item *item)
{
    tp_status status = TP_OK;
    switch (code) {
    case TP_CODE_DICT:
        item->kind = TP_ITEM_DICT;
        break;
    case TP_CODE_FROZENDICT:
        item->kind = TP_ITEM_DICT;
        break;
    case TP_CODE_SLICE:
        item->kind = TP_ITEM_SLICE;
        item->count = 3;
        break;
    case TP_CODE_CODE:
        item->kind = TP_ITEM_CODE;
        item->count = TP_CODE_ITEMS;
        if (take(reader, TP_CODE_HEAD) == NULL)
            return reader->error.status;
        break;
    default:
        item->kind = code == TP_CODE_LIST ? TP_ITEM_LIST
                   : code == TP_CODE_SET || code == TP_CODE_FROZENSET ? TP_ITEM_SET : TP_ITEM_TUPLE;
        status = take_length(reader, &item->count, code == TP_CODE_SMALL_TUPLE);
    }
    item->as.contents = reader->position;
    return status;
}

static tp_status read_contents(tp_marshal_reader *reader, uint8_t code, tp_item *item)
{
    switch (code) {
    case TP_CODE_NULL:
        return TP_OK;
    case TP_CODE_NONE:
        item->kind = TP_ITEM_NONE;
        return TP_OK;
    case TP_CODE_TRUE:
    case TP_CODE_FALSE:
        item->kind = TP_ITEM_BOOL;
        item->as.integer = code == TP_CODE_TRUE;
        return TP_OK;
    case TP_CODE_ELLIPSIS:
    case TP_CODE_STOP_ITERATION:
        item->kind = TP_ITEM_OTHER;
        return TP_OK;
    case TP_CODE_INT:
        return read_int(reader, item, 4);
    case TP_CODE_INT64:
        return read_int(reader, item, 8);
    case TP_CODE_LONG:
        return read_long(reader, item);
    case TP_CODE_FLOAT:
        item->kind = TP_ITEM_REAL;
        return read_decimal(reader, &item->as.real);
    case TP_CODE_BINARY_FLOAT:
        item->kind = TP_ITEM_REAL;
        return read_binary(reader, &item->as.real);
    case TP_CODE_COMPLEX:
    case TP_CODE_BINARY_COMPLEX:
        return read_complex(reader, item, code == TP_CODE_BINARY_COMPLEX);
    case TP_CODE_BYTES:
        item->kind = TP_ITEM_BYTES;
        return read_bytes(reader, item, false);
    case TP_CODE_INTERNED:
    case TP_CODE_UNICODE:
    case TP_CODE_ASCII:
    case TP_CODE_ASCII_INTERNED:
    case TP_CODE_SHORT_ASCII:
    case TP_CODE_SHORT_ASCII_INTERNED:
        return read_string(reader, code, item);
    case TP_CODE_TUPLE:
    case TP_CODE_SMALL_TUPLE:
    case TP_CODE_LIST:
    case TP_CODE_SET:
    case TP_CODE_FROZENSET:
    case TP_CODE_SLICE:
    case TP_CODE_CODE:
    case TP_CODE_DICT:
    case TP_CODE_FROZENDICT:
        return read_container(reader, code, item);
    case TP_CODE_REF:
        item->referred = true;
        return take_u32(reader, &item->count);
    default:
        return tp_marshal_fail(reader, TP_EFORMAT, item->offset, "unknown type code");
    }
}

tp_status tp_scalar_read(tp_marshal_reader *reader, tp_item *item)
{
    *item = (tp_item){ .kind = TP_ITEM_NULL,
                       .reference = TP_NO_REFERENCE,
                       .offset = reader->position };
    const uint8_t *byte = take(reader, 1);
    if (byte == NULL)
        return reader->error.status;
    return read_contents(reader, *byte & (uint8_t)~TP_FLAG_REF, item);
}
