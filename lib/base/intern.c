#include "intern.h"

#include <string.h>

#include "memory.h"

void tp_intern_init(tp_intern *set, const tp_allocator *allocator)
{
    *set = (tp_intern){ .allocator = allocator };
    tp_arena_init(&set->arena, allocator);
}

void tp_intern_free(tp_intern *set)
{
    tp_arena_free(&set->arena);
    tp_free(set->allocator, set->texts);
    tp_free(set->allocator, set->hashes);
    tp_free(set->allocator, set->slots);
    tp_intern_init(set, set->allocator);
}

/* Eight bytes at a time, multiplied and folded. The set's own address goes in, so that no file can be
 * made whose strings all fall into one slot; numbers do not depend on it. */
static uint32_t hash_bytes(const tp_intern *set, const char *bytes, size_t size)
{
    uint64_t hash = (uint64_t)(uintptr_t)set ^ size;
    while (size > 0) {
        uint64_t part = 0;
        size_t step = size < sizeof part ? size : sizeof part;
        memcpy(&part, bytes, step);
        hash = (hash ^ part) * UINT64_C(0x9E3779B97F4A7C15);
        hash ^= hash >> 29;
        bytes += step;
        size -= step;
    }
    return tp_mix(hash);
}

/* Where the string is, or the empty slot where it would go. */
static size_t find_slot(const tp_intern *set, uint32_t hash, const char *bytes, size_t size)
{
    size_t mask = set->slot_count - 1;
    size_t slot = hash & mask;
    while (set->slots[slot] != 0) {
        uint32_t number = set->slots[slot] - 1;
        const tp_text *text = &set->texts[number];
        if (set->hashes[number] == hash && text->size == size &&
            (size == 0 || memcmp(text->bytes, bytes, size) == 0))
            break;
        slot = (slot + 1) & mask;
    }
    return slot;
}

uint32_t tp_intern_find(const tp_intern *set, const char *bytes, size_t size)
{
    if (set->slot_count == 0)
        return TP_MAP_NONE;
    uint32_t value = set->slots[find_slot(set, hash_bytes(set, bytes, size), bytes, size)];
    return value == 0 ? TP_MAP_NONE : value - 1;
}

/* Twice as many slots; the hashes are known. */
static tp_status spread_slots(tp_intern *set)
{
    size_t count = set->slot_count == 0 ? 64 : set->slot_count * 2;
    uint32_t *slots = tp_alloc(set->allocator, count, sizeof *slots);
    if (slots == NULL)
        return TP_ENOMEM;
    for (uint32_t i = 0; i < set->count; i++) {
        size_t slot = set->hashes[i] & (count - 1);
        while (slots[slot] != 0)
            slot = (slot + 1) & (count - 1);
        slots[slot] = i + 1;
    }
    tp_free(set->allocator, set->slots);
    set->slots = slots;
    set->slot_count = count;
    return TP_OK;
}

static tp_status make_room(tp_intern *set)
{
    if (set->count >= UINT32_MAX / 2)
        return TP_ELIMIT;
    if (set->count >= set->slot_count / 2) {
        tp_status status = spread_slots(set);
        if (status != TP_OK)
            return status;
    }
    if (set->count < set->capacity)
        return TP_OK;
    size_t wanted = set->capacity == 0 ? 64 : set->capacity * 2;
    tp_text *texts = tp_realloc(set->allocator, set->texts, wanted, sizeof *texts);
    if (texts == NULL)
        return TP_ENOMEM;
    set->texts = texts;
    uint32_t *hashes = tp_realloc(set->allocator, set->hashes, wanted, sizeof *hashes);
    if (hashes == NULL)
        return TP_ENOMEM;
    set->hashes = hashes;
    set->capacity = wanted;
    return TP_OK;
}

tp_status tp_intern_put(tp_intern *set, uint32_t *number, const char *bytes, size_t size)
{
    tp_status status = make_room(set);
    if (status != TP_OK)
        return status;
    uint32_t hash = hash_bytes(set, bytes, size);
    size_t slot = find_slot(set, hash, bytes, size);
    if (set->slots[slot] != 0) {
        *number = set->slots[slot] - 1;
        return TP_OK;
    }
    size_t with_nul;
    char *copy = tp_add_size(&with_nul, size, 1) ? tp_arena_take(&set->arena, with_nul) : NULL;
    if (copy == NULL)
        return TP_ENOMEM;
    if (size > 0)
        memcpy(copy, bytes, size);
    copy[size] = '\0';
    set->texts[set->count] = (tp_text){ copy, size };
    set->hashes[set->count] = hash;
    *number = set->count++;
    set->slots[slot] = set->count;
    return TP_OK;
}
