#include "buffer.h"

#include <string.h>

#include "memory.h"

void tp_buffer_init(tp_buffer *buffer, const tp_allocator *allocator)
{
    *buffer = (tp_buffer){ .allocator = allocator, .status = TP_OK };
}

void tp_buffer_free(tp_buffer *buffer)
{
    tp_free(buffer->allocator, buffer->bytes);
    tp_buffer_init(buffer, buffer->allocator);
}

void tp_buffer_fail(tp_buffer *buffer, tp_status status)
{
    if (buffer->status == TP_OK)
        buffer->status = status;
}

void tp_buffer_put(tp_buffer *buffer, const void *bytes, size_t size)
{
    size_t needed;
    if (buffer->status != TP_OK || size == 0)
        return;
    if (!tp_add_size(&needed, buffer->size, size)) {
        tp_buffer_fail(buffer, TP_ENOMEM);
        return;
    }
    void *array = buffer->bytes;
    tp_status status = tp_reserve(buffer->allocator, &array, &buffer->capacity, needed, 1);
    if (status != TP_OK) {
        tp_buffer_fail(buffer, status);
        return;
    }
    buffer->bytes = array;
    memcpy(buffer->bytes + buffer->size, bytes, size);
    buffer->size = needed;
}

static void put_little_endian(tp_buffer *buffer, uint64_t value, size_t size)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    tp_buffer_put(buffer, bytes, size);
}

void tp_buffer_put_u8(tp_buffer *buffer, uint8_t value)
{
    put_little_endian(buffer, value, 1);
}

void tp_buffer_put_u16(tp_buffer *buffer, uint16_t value)
{
    put_little_endian(buffer, value, 2);
}

void tp_buffer_put_u32(tp_buffer *buffer, uint32_t value)
{
    put_little_endian(buffer, value, 4);
}

void tp_buffer_put_u64(tp_buffer *buffer, uint64_t value)
{
    put_little_endian(buffer, value, 8);
}

void tp_buffer_put_f64(tp_buffer *buffer, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    tp_buffer_put_u64(buffer, bits);
}

void tp_gift_init(tp_buffer *buffer, const tp_allocator *allocator)
{
    tp_buffer_init(buffer, allocator);
    tp_buffer_put(buffer, &allocator, sizeof allocator);
}

void tp_gift_give(const tp_buffer *buffer, uint8_t **bytes, size_t *size)
{
    *bytes = buffer->bytes + sizeof buffer->allocator;
    *size = buffer->size - sizeof buffer->allocator;
}

void tp_gift_free(uint8_t *bytes)
{
    const tp_allocator *allocator;
    if (bytes == NULL)
        return;
    bytes -= sizeof allocator;
    memcpy(&allocator, bytes, sizeof allocator);
    tp_free(allocator, bytes);
}
