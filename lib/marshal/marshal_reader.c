#include "marshal_reader.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "codes.h"
#include "memory.h"

/* A profile nests four deep; CPython's own limit is 2000. */
#define MAX_DEPTH 200

struct tp_block {
    tp_block *next;
    tp_value values[];
};

void tp_marshal_open(tp_marshal_reader *reader, const uint8_t *bytes, size_t size,
                     const tp_allocator *allocator)
{
    *reader = (tp_marshal_reader){ .allocator = allocator, .bytes = bytes, .size = size };
}

void tp_marshal_close(tp_marshal_reader *reader)
{
    while (reader->blocks != NULL) {
        tp_block *next = reader->blocks->next;
        tp_free(reader->allocator, reader->blocks);
        reader->blocks = next;
    }
    tp_free(reader->allocator, reader->references);
    tp_free(reader->allocator, reader->stack);
    tp_marshal_open(reader, NULL, 0, reader->allocator);
}

tp_status tp_marshal_fail(tp_marshal_reader *reader, tp_status status, uint64_t offset,
                          const char *message)
{
    if (reader->error.status == TP_OK)
        reader->error = (tp_error){ .status = status, .offset = offset, .message = message };
    return reader->error.status;
}

static tp_status fail(tp_marshal_reader *reader, const char *message)
{
    return tp_marshal_fail(reader, TP_EFORMAT, reader->position, message);
}

static tp_status out_of_memory(tp_marshal_reader *reader)
{
    return tp_marshal_fail(reader, TP_ENOMEM, reader->position, "out of memory");
}

/* Memory for count values that lives as long as the reader; NULL when exhausted. */
static tp_value *keep(tp_marshal_reader *reader, size_t count)
{
    size_t bytes;
    if (!tp_mul_size(&bytes, count, sizeof(tp_value)) ||
        !tp_add_size(&bytes, bytes, sizeof(tp_block)))
        return NULL;
    tp_block *block = tp_alloc(reader->allocator, bytes, 1);
    if (block == NULL)
        return NULL;
    block->next = reader->blocks;
    reader->blocks = block;
    return block->values;
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

static tp_status read_long(tp_marshal_reader *reader, tp_value *value)
{
    uint32_t raw = 0;
    tp_status status = take_u32(reader, &raw);
    if (status != TP_OK)
        return status;
    int32_t signed_count = (int32_t)raw;
    bool negative = signed_count < 0;
    uint64_t digits = negative ? 0 - (uint64_t)(int64_t)signed_count : (uint64_t)signed_count;
    if (digits > 5)
        return tp_marshal_fail(reader, TP_ELIMIT, value->offset, "an integer is too large");
    uint64_t magnitude = 0;
    for (uint64_t i = 0; i < digits; i++) {
        const uint8_t *digit = take(reader, 2);
        if (digit == NULL)
            return reader->error.status;
        uint64_t part = tp_load_u16(digit);
        if (part >= 1u << 15)
            return fail(reader, "a digit of an integer is out of its range");
        if (i == 4 && part > 7)
            return tp_marshal_fail(reader, TP_ELIMIT, value->offset, "an integer is too large");
        magnitude |= part << (15 * i);
    }
    value->kind = TP_VALUE_INT;
    value->as.integer = negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return TP_OK;
}

static tp_status read_decimal(tp_marshal_reader *reader, double *real)
{
    uint32_t length;
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

static tp_status read_real(tp_marshal_reader *reader, uint8_t code, double *real)
{
    if (code == TP_CODE_FLOAT || code == TP_CODE_COMPLEX)
        return read_decimal(reader, real);
    const uint8_t *bytes = take(reader, 8);
    if (bytes == NULL)
        return reader->error.status;
    *real = tp_load_f64(bytes);
    return TP_OK;
}

static tp_status read_number(tp_marshal_reader *reader, uint8_t code, tp_value *value)
{
    const uint8_t *bytes;
    double imaginary;
    tp_status status;
    value->kind = TP_VALUE_INT;
    switch (code) {
    case TP_CODE_INT:
        bytes = take(reader, 4);
        if (bytes != NULL)
            value->as.integer = (int32_t)tp_load_u32(bytes);
        return reader->error.status;
    case TP_CODE_INT64:
        bytes = take(reader, 8);
        if (bytes != NULL)
            value->as.integer = (int64_t)tp_load_u64(bytes);
        return reader->error.status;
    case TP_CODE_LONG:
        return read_long(reader, value);
    case TP_CODE_FLOAT:
    case TP_CODE_BINARY_FLOAT:
        value->kind = TP_VALUE_REAL;
        return read_real(reader, code, &value->as.real);
    default:
        value->kind = TP_VALUE_OTHER;
        status = read_real(reader, code, &value->as.real);
        return status == TP_OK ? read_real(reader, code, &imaginary) : status;
    }
}

/* Text in one byte a character: Latin-1, which for Python is what "ASCII" codes hold. */
static tp_status latin1_to_utf8(tp_marshal_reader *reader, tp_value *value)
{
    size_t high = 0;
    const uint8_t *from = value->as.bytes;
    for (uint32_t i = 0; i < value->count; i++)
        high += from[i] >> 7;
    if (high == 0)
        return TP_OK;
    size_t room = (value->count + high + sizeof(tp_value) - 1) / sizeof(tp_value);
    uint8_t *to = (uint8_t *)keep(reader, room);
    if (to == NULL)
        return out_of_memory(reader);
    value->as.bytes = to;
    for (uint32_t i = 0; i < value->count; i++) {
        if (from[i] < 0x80) {
            *to++ = from[i];
        } else {
            *to++ = (uint8_t)(0xC0 | from[i] >> 6);
            *to++ = (uint8_t)(0x80 | (from[i] & 0x3F));
        }
    }
    value->count += (uint32_t)high;
    return TP_OK;
}

static tp_status read_string(tp_marshal_reader *reader, uint8_t code, tp_value *value)
{
    bool is_short = code == TP_CODE_SHORT_ASCII || code == TP_CODE_SHORT_ASCII_INTERNED;
    bool latin1 = is_short || code == TP_CODE_ASCII || code == TP_CODE_ASCII_INTERNED;
    tp_status status = take_length(reader, &value->count, is_short);
    if (status != TP_OK)
        return status;
    value->kind = code == TP_CODE_BYTES ? TP_VALUE_BYTES : TP_VALUE_TEXT;
    value->as.bytes = take(reader, value->count);
    return latin1 ? latin1_to_utf8(reader, value) : TP_OK;
}

static tp_status read_value(tp_marshal_reader *reader, tp_value *value, int depth);

static tp_status push(tp_marshal_reader *reader, const tp_value *item)
{
    void *array = reader->stack;
    tp_status status = tp_reserve(reader->allocator, &array, &reader->stack_capacity,
                                  reader->stack_count + 1, sizeof *item);
    if (status != TP_OK)
        return out_of_memory(reader);
    reader->stack = array;
    reader->stack[reader->stack_count++] = *item;
    return TP_OK;
}

/* Moves the items above `first` from the stack into the container. */
static tp_status finish_container(tp_marshal_reader *reader, tp_value *value, size_t first)
{
    size_t count = reader->stack_count - first;
    tp_value *items = keep(reader, count);
    if (items == NULL)
        return out_of_memory(reader);
    if (count > 0)
        memcpy(items, reader->stack + first, count * sizeof *items);
    value->count = (uint32_t)count;
    value->as.items = items;
    reader->stack_count = first;
    return TP_OK;
}

static tp_status read_dict(tp_marshal_reader *reader, tp_value *value, int depth)
{
    size_t first = reader->stack_count;
    value->kind = TP_VALUE_DICT;
    for (;;) {
        tp_value key, item;
        tp_status status = read_value(reader, &key, depth + 1);
        if (status != TP_OK)
            return status;
        if (key.kind == TP_VALUE_NULL)
            return finish_container(reader, value, first);
        status = read_value(reader, &item, depth + 1);
        if (status == TP_OK && item.kind == TP_VALUE_NULL)
            status = fail(reader, "a dictionary ends after a key");
        if (status == TP_OK)
            status = push(reader, &key);
        if (status == TP_OK)
            status = push(reader, &item);
        if (status != TP_OK)
            return status;
    }
}

static tp_status read_sequence(tp_marshal_reader *reader, uint8_t code, tp_value *value, int depth)
{
    size_t first = reader->stack_count;
    uint32_t count;
    tp_status status = take_length(reader, &count, code == TP_CODE_SMALL_TUPLE);
    value->kind = code == TP_CODE_LIST ? TP_VALUE_LIST : TP_VALUE_TUPLE;
    for (uint32_t i = 0; status == TP_OK && i < count; i++) {
        tp_value item;
        status = read_value(reader, &item, depth + 1);
        if (status == TP_OK && item.kind == TP_VALUE_NULL)
            status = fail(reader, "a null stands where an item should");
        if (status == TP_OK)
            status = push(reader, &item);
    }
    return status == TP_OK ? finish_container(reader, value, first) : status;
}

static tp_status read_reference(tp_marshal_reader *reader, tp_value *value)
{
    uint32_t index = 0;
    tp_status status = take_u32(reader, &index);
    if (status != TP_OK)
        return status;
    if (index >= reader->reference_count || reader->references[index].kind == TP_VALUE_NULL)
        return tp_marshal_fail(reader, TP_EFORMAT, value->offset,
                               "a reference leads nowhere, or to an object not yet finished");
    *value = reader->references[index];
    return TP_OK;
}

static tp_status read_contents(tp_marshal_reader *reader, uint8_t code, tp_value *value, int depth)
{
    switch (code) {
    case TP_CODE_NULL:
        value->kind = TP_VALUE_NULL;
        return TP_OK;
    case TP_CODE_NONE:
        value->kind = TP_VALUE_NONE;
        return TP_OK;
    case TP_CODE_TRUE:
    case TP_CODE_FALSE:
        value->kind = TP_VALUE_BOOL;
        value->as.integer = code == TP_CODE_TRUE;
        return TP_OK;
    case TP_CODE_ELLIPSIS:
    case TP_CODE_STOP_ITERATION:
        value->kind = TP_VALUE_OTHER;
        return TP_OK;
    case TP_CODE_INT:
    case TP_CODE_INT64:
    case TP_CODE_LONG:
    case TP_CODE_FLOAT:
    case TP_CODE_BINARY_FLOAT:
    case TP_CODE_COMPLEX:
    case TP_CODE_BINARY_COMPLEX:
        return read_number(reader, code, value);
    case TP_CODE_BYTES:
    case TP_CODE_INTERNED:
    case TP_CODE_UNICODE:
    case TP_CODE_ASCII:
    case TP_CODE_ASCII_INTERNED:
    case TP_CODE_SHORT_ASCII:
    case TP_CODE_SHORT_ASCII_INTERNED:
        return read_string(reader, code, value);
    case TP_CODE_TUPLE:
    case TP_CODE_SMALL_TUPLE:
    case TP_CODE_LIST:
    case TP_CODE_SET:
    case TP_CODE_FROZENSET:
        return read_sequence(reader, code, value, depth);
    case TP_CODE_DICT:
        return read_dict(reader, value, depth);
    case TP_CODE_REF:
        return read_reference(reader, value);
    default:
        return tp_marshal_fail(reader, TP_EFORMAT, value->offset, "unknown type code");
    }
}

/* A place among the references, taken before the contents are read: indices count in pre-order. */
static tp_status reserve_reference(tp_marshal_reader *reader, size_t *index)
{
    void *array = reader->references;
    tp_status status = tp_reserve(reader->allocator, &array, &reader->reference_capacity,
                                  reader->reference_count + 1, sizeof *reader->references);
    if (status != TP_OK)
        return out_of_memory(reader);
    reader->references = array;
    *index = reader->reference_count++;
    reader->references[*index] = (tp_value){ .kind = TP_VALUE_NULL };
    return TP_OK;
}

static tp_status read_value(tp_marshal_reader *reader, tp_value *value, int depth)
{
    *value = (tp_value){ .kind = TP_VALUE_NULL, .offset = reader->position };
    if (depth > MAX_DEPTH)
        return tp_marshal_fail(reader, TP_ELIMIT, reader->position, "objects nest too deep");
    const uint8_t *byte = take(reader, 1);
    if (byte == NULL)
        return reader->error.status;
    uint8_t code = *byte & (uint8_t)~TP_FLAG_REF;
    bool flagged = (*byte & TP_FLAG_REF) != 0;
    size_t index = 0;
    if (flagged && reserve_reference(reader, &index) != TP_OK)
        return reader->error.status;
    tp_status status = read_contents(reader, code, value, depth);
    if (status == TP_OK && flagged)
        reader->references[index] = *value;
    return status;
}

tp_status tp_marshal_read(tp_marshal_reader *reader, tp_value *value)
{
    reader->reference_count = 0;
    reader->stack_count = 0;
    tp_status status = read_value(reader, value, 0);
    if (status == TP_OK && value->kind == TP_VALUE_NULL)
        return tp_marshal_fail(reader, TP_EFORMAT, value->offset, "a null stands for an object");
    return status;
}

const tp_value *tp_value_lookup(const tp_value *dict, const char *key)
{
    size_t size = strlen(key);
    if (dict->kind != TP_VALUE_DICT)
        return NULL;
    for (uint32_t i = 0; i + 1 < dict->count; i += 2) {
        const tp_value *candidate = &dict->as.items[i];
        if (candidate->kind == TP_VALUE_TEXT && candidate->count == size &&
            memcmp(candidate->as.bytes, key, size) == 0)
            return &dict->as.items[i + 1];
    }
    return NULL;
}
