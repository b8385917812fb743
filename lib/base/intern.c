#include "intern.h"

#include <string.h>

#include "memory.h"

void tp_intern_init(tp_intern *set, const tp_allocator *allocator)
{
    *set = (tp_intern){ .allocator = allocator };
    tp_map_init(&set->heads, allocator);
}

void tp_intern_free(tp_intern *set)
{
    for (uint32_t i = 0; i < set->count; i++)
        tp_free(set->allocator, (char *)(uintptr_t)set->texts[i].bytes);
    tp_free(set->allocator, set->texts);
    tp_free(set->allocator, set->next);
    tp_map_free(&set->heads);
    tp_intern_init(set, set->allocator);
}

/* FNV-1a, 64 bits; never 0, which the map keeps for itself. */
static uint64_t hash_bytes(const char *bytes, size_t size)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (uint8_t)bytes[i]) * UINT64_C(0x100000001b3);
    return hash | 1;
}

static tp_status make_room(tp_intern *set)
{
    if (set->count < set->capacity)
        return TP_OK;
    if (set->count >= UINT32_MAX / 2)
        return TP_ELIMIT;
    size_t wanted = set->capacity == 0 ? 64 : set->capacity * 2;
    tp_text *texts = tp_realloc(set->allocator, set->texts, wanted, sizeof *texts);
    if (texts == NULL)
        return TP_ENOMEM;
    set->texts = texts;
    uint32_t *next = tp_realloc(set->allocator, set->next, wanted, sizeof *next);
    if (next == NULL)
        return TP_ENOMEM;
    set->next = next;
    set->capacity = wanted;
    return TP_OK;
}

static uint32_t find_in_chain(const tp_intern *set, uint32_t head, const char *bytes, size_t size)
{
    for (uint32_t i = head; i != TP_MAP_NONE; i = set->next[i]) {
        if (set->texts[i].size == size && memcmp(set->texts[i].bytes, bytes, size) == 0)
            return i;
    }
    return TP_MAP_NONE;
}

uint32_t tp_intern_find(const tp_intern *set, const char *bytes, size_t size)
{
    return find_in_chain(set, tp_map_get(&set->heads, hash_bytes(bytes, size)), bytes, size);
}

tp_status tp_intern_put(tp_intern *set, uint32_t *number, const char *bytes, size_t size)
{
    uint64_t hash = hash_bytes(bytes, size);
    uint32_t head = tp_map_get(&set->heads, hash);
    *number = find_in_chain(set, head, bytes, size);
    if (*number != TP_MAP_NONE)
        return TP_OK;
    tp_status status = make_room(set);
    if (status != TP_OK)
        return status;
    size_t with_nul;
    if (!tp_add_size(&with_nul, size, 1))
        return TP_ENOMEM;
    char *copy = tp_alloc(set->allocator, with_nul, 1);
    if (copy == NULL)
        return TP_ENOMEM;
    memcpy(copy, bytes, size);
    status = tp_map_put(&set->heads, hash, set->count);
    if (status != TP_OK) {
        tp_free(set->allocator, copy);
        return status;
    }
    set->texts[set->count] = (tp_text){ copy, size };
    set->next[set->count] = head;
    *number = set->count++;
    return TP_OK;
}
