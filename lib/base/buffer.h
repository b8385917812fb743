/* A growing run of bytes with a sticky error: write on, ask once at the end. All numbers are put
 * little-endian, whatever the machine. */
#ifndef TP_BUFFER_H
#define TP_BUFFER_H

#include <traceprof/status.h>

typedef struct tp_buffer {
    const tp_allocator *allocator; /* Borrowed. */
    uint8_t *bytes;                /* Owned. */
    size_t size;
    size_t capacity;
    tp_status status; /* first failure; all puts after it do nothing */
} tp_buffer;

void tp_buffer_init(tp_buffer *buffer, const tp_allocator *allocator);
void tp_buffer_free(tp_buffer *buffer);

void tp_buffer_put(tp_buffer *buffer, const void *bytes, size_t size);
void tp_buffer_put_u8(tp_buffer *buffer, uint8_t value);
void tp_buffer_put_u16(tp_buffer *buffer, uint16_t value);
void tp_buffer_put_u32(tp_buffer *buffer, uint32_t value);
void tp_buffer_put_u64(tp_buffer *buffer, uint64_t value);
void tp_buffer_put_f64(tp_buffer *buffer, double value); /* IEEE 754 binary64 */

/* Records a failure found by the writer itself; the first one stays. */
void tp_buffer_fail(tp_buffer *buffer, tp_status status);

/* Bytes for a caller who may keep them for longer than what they were made from: before them stands where they
 * came from. Begin with the first, end with the second, and whoever has them frees them with the third; NULL
 * may be freed. */
void tp_gift_init(tp_buffer *buffer, const tp_allocator *allocator);
void tp_gift_give(const tp_buffer *buffer, uint8_t **bytes, size_t *size);
void tp_gift_free(uint8_t *bytes);

#endif
