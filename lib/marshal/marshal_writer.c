#include "marshal_writer.h"

#include <stdbool.h>

#include "codes.h"

#define DIGIT_BITS 15

void tp_marshal_begin(tp_marshal_writer *writer, tp_buffer *buffer)
{
    *writer = (tp_marshal_writer){ .buffer = buffer };
    tp_map_init(&writer->index_of, buffer->allocator);
}

void tp_marshal_end(tp_marshal_writer *writer)
{
    tp_map_free(&writer->index_of);
}

void tp_marshal_dict_begin(tp_marshal_writer *writer)
{
    tp_buffer_put_u8(writer->buffer, TP_CODE_DICT);
}

void tp_marshal_dict_end(tp_marshal_writer *writer)
{
    tp_buffer_put_u8(writer->buffer, TP_CODE_NULL);
}

void tp_marshal_list(tp_marshal_writer *writer, uint32_t count)
{
    tp_buffer_put_u8(writer->buffer, TP_CODE_LIST);
    tp_buffer_put_u32(writer->buffer, count);
}

static void put_tuple(tp_marshal_writer *writer, uint32_t count, uint8_t flag)
{
    if (count < 256) {
        tp_buffer_put_u8(writer->buffer, TP_CODE_SMALL_TUPLE | flag);
        tp_buffer_put_u8(writer->buffer, (uint8_t)count);
    } else {
        tp_buffer_put_u8(writer->buffer, TP_CODE_TUPLE | flag);
        tp_buffer_put_u32(writer->buffer, count);
    }
}

void tp_marshal_tuple(tp_marshal_writer *writer, uint32_t count)
{
    put_tuple(writer, count, 0);
}

void tp_marshal_shared_tuple(tp_marshal_writer *writer, uint32_t count)
{
    put_tuple(writer, count, TP_FLAG_REF);
}

void tp_marshal_int(tp_marshal_writer *writer, int64_t value)
{
    if (value >= INT32_MIN && value <= INT32_MAX) {
        tp_buffer_put_u8(writer->buffer, TP_CODE_INT);
        tp_buffer_put_u32(writer->buffer, (uint32_t)value);
        return;
    }
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    int32_t digits = 0;
    for (uint64_t rest = magnitude; rest != 0; rest >>= DIGIT_BITS)
        digits++;
    tp_buffer_put_u8(writer->buffer, TP_CODE_LONG);
    tp_buffer_put_u32(writer->buffer, (uint32_t)(value < 0 ? -digits : digits));
    for (; magnitude != 0; magnitude >>= DIGIT_BITS)
        tp_buffer_put_u16(writer->buffer, magnitude & ((1u << DIGIT_BITS) - 1));
}

void tp_marshal_float(tp_marshal_writer *writer, double value)
{
    tp_buffer_put_u8(writer->buffer, TP_CODE_BINARY_FLOAT);
    tp_buffer_put_f64(writer->buffer, value);
}

void tp_marshal_true(tp_marshal_writer *writer)
{
    tp_buffer_put_u8(writer->buffer, TP_CODE_TRUE);
}

void tp_marshal_bytes_begin(tp_marshal_writer *writer, uint64_t size)
{
    /* Sizes are signed 32-bit numbers to CPython. */
    if (size > INT32_MAX)
        tp_buffer_fail(writer->buffer, TP_ELIMIT);
    tp_buffer_put_u8(writer->buffer, TP_CODE_BYTES);
    tp_buffer_put_u32(writer->buffer, (uint32_t)size);
}

int tp_marshal_seen(tp_marshal_writer *writer, const void *identity)
{
    uint64_t key = (uint64_t)(uintptr_t)identity;
    uint32_t index = tp_map_get(&writer->index_of, key);
    if (index != TP_MAP_NONE) {
        tp_buffer_put_u8(writer->buffer, TP_CODE_REF);
        tp_buffer_put_u32(writer->buffer, index);
        return 1;
    }
    tp_status status = tp_map_put(&writer->index_of, key, writer->references++);
    if (status != TP_OK)
        tp_buffer_fail(writer->buffer, status);
    return 0;
}

static bool is_ascii(const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if ((bytes[i] & 0x80) != 0)
            return false;
    }
    return true;
}

static void put_text(tp_marshal_writer *writer, const char *bytes, size_t size, uint8_t flag)
{
    if (size > INT32_MAX)
        tp_buffer_fail(writer->buffer, TP_ELIMIT);
    bool ascii = is_ascii(bytes, size);
    if (ascii && size < 256) {
        tp_buffer_put_u8(writer->buffer, TP_CODE_SHORT_ASCII | flag);
        tp_buffer_put_u8(writer->buffer, (uint8_t)size);
    } else {
        tp_buffer_put_u8(writer->buffer, (ascii ? TP_CODE_ASCII : TP_CODE_UNICODE) | flag);
        tp_buffer_put_u32(writer->buffer, (uint32_t)size);
    }
    tp_buffer_put(writer->buffer, bytes, size);
}

void tp_marshal_text(tp_marshal_writer *writer, const char *bytes, size_t size)
{
    if (!tp_marshal_seen(writer, bytes))
        put_text(writer, bytes, size, TP_FLAG_REF);
}

void tp_marshal_text_again(tp_marshal_writer *writer, const char *bytes, size_t size)
{
    put_text(writer, bytes, size, 0);
}
