/* Overflow-checked memory, and nothing else. */
#ifndef TP_MEMORY_H
#define TP_MEMORY_H

#include <stdbool.h>

#include <traceprof/status.h>

/* Memory for count items of size bytes each, zeroed; NULL when exhausted or when the product
 * overflows. A NULL allocator means the C library's. */
void *tp_alloc(const tp_allocator *allocator, size_t count, size_t size);

/* Resizes a block to count items of size bytes; new bytes are not set. NULL leaves it as it was. */
void *tp_realloc(const tp_allocator *allocator, void *block, size_t count, size_t size);

void tp_free(const tp_allocator *allocator, void *block);

/* *sum = a + b, *product = a * b; false when the result does not fit. */
bool tp_add_size(size_t *sum, size_t a, size_t b);
bool tp_mul_size(size_t *product, size_t a, size_t b);

/* Makes room for at least `needed` items in a growing array, doubling it; `*capacity` is in items.
 * TP_ENOMEM leaves array and capacity as they were. */
TP_NODISCARD tp_status tp_reserve(const tp_allocator *allocator, void **array, size_t *capacity,
                                  size_t needed, size_t size);

#endif
