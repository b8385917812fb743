#include "memory.h"

#include <stdlib.h>
#include <string.h>

static void *libc_resize(void *context, void *block, size_t size)
{
    (void)context;
    if (size == 0) {
        free(block);
        return NULL;
    }
    return realloc(block, size);
}

static const tp_allocator libc_allocator = { NULL, libc_resize };

static const tp_allocator *allocator_or_default(const tp_allocator *allocator)
{
    return allocator != NULL ? allocator : &libc_allocator;
}

bool tp_add_size(size_t *sum, size_t a, size_t b)
{
    *sum = a + b;
    return *sum >= a;
}

bool tp_mul_size(size_t *product, size_t a, size_t b)
{
    if (b != 0 && a > SIZE_MAX / b)
        return false;
    *product = a * b;
    return true;
}

void *tp_realloc(const tp_allocator *allocator, void *block, size_t count, size_t size)
{
    size_t bytes;
    if (!tp_mul_size(&bytes, count, size) || bytes > PTRDIFF_MAX)
        return NULL;
    allocator = allocator_or_default(allocator);
    /* An empty array still is an array: size 0 would mean "free". */
    return allocator->resize(allocator->context, block, bytes == 0 ? 1 : bytes);
}

void *tp_alloc(const tp_allocator *allocator, size_t count, size_t size)
{
    void *block = tp_realloc(allocator, NULL, count, size);
    if (block != NULL)
        memset(block, 0, count * size);
    return block;
}

void tp_free(const tp_allocator *allocator, void *block)
{
    if (block == NULL)
        return;
    allocator = allocator_or_default(allocator);
    allocator->resize(allocator->context, block, 0);
}

tp_status tp_reserve(const tp_allocator *allocator, void **array, size_t *capacity, size_t needed,
                     size_t size)
{
    if (needed <= *capacity)
        return TP_OK;
    size_t wanted = *capacity < 8 ? 8 : *capacity;
    while (wanted < needed) {
        if (!tp_mul_size(&wanted, wanted, 2))
            return TP_ENOMEM;
    }
    void *grown = tp_realloc(allocator, *array, wanted, size);
    if (grown == NULL)
        return TP_ENOMEM;
    *array = grown;
    *capacity = wanted;
    return TP_OK;
}
