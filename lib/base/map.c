#include "map.h"

#include <assert.h>

#include "memory.h"

void tp_map_init(tp_map *map, const tp_allocator *allocator)
{
    *map = (tp_map){ .allocator = allocator };
}

void tp_map_free(tp_map *map)
{
    tp_free(map->allocator, map->keys);
    tp_free(map->allocator, map->values);
    tp_map_init(map, map->allocator);
}

/* The slot that holds key, or the empty one where it would go. The map is never full. */
static uint32_t find_slot(const tp_map *map, uint64_t key)
{
    uint32_t mask = map->capacity - 1;
    uint32_t slot = tp_mix(key) & mask;
    while (map->keys[slot] != 0 && map->keys[slot] != key)
        slot = (slot + 1) & mask;
    return slot;
}

uint32_t tp_map_get(const tp_map *map, uint64_t key)
{
    assert(key != 0);
    if (map->count == 0)
        return TP_MAP_NONE;
    uint32_t slot = find_slot(map, key);
    return map->keys[slot] == key ? map->values[slot] : TP_MAP_NONE;
}

static tp_status grow(tp_map *map)
{
    if (map->capacity > UINT32_MAX / 4)
        return TP_ENOMEM;
    tp_map larger = { .allocator = map->allocator,
                      .capacity = map->capacity == 0 ? 16 : map->capacity * 2,
                      .count = map->count };
    larger.keys = tp_alloc(map->allocator, larger.capacity, sizeof *larger.keys);
    larger.values = tp_alloc(map->allocator, larger.capacity, sizeof *larger.values);
    if (larger.keys == NULL || larger.values == NULL) {
        tp_map_free(&larger);
        return TP_ENOMEM;
    }
    for (uint32_t i = 0; i < map->capacity; i++) {
        if (map->keys[i] == 0)
            continue;
        uint32_t slot = find_slot(&larger, map->keys[i]);
        larger.keys[slot] = map->keys[i];
        larger.values[slot] = map->values[i];
    }
    tp_free(map->allocator, map->keys);
    tp_free(map->allocator, map->values);
    *map = larger;
    return TP_OK;
}

tp_status tp_map_put(tp_map *map, uint64_t key, uint32_t value)
{
    assert(key != 0 && value != TP_MAP_NONE);
    /* Three quarters full at most: linear probing stays short. */
    if (map->count >= map->capacity - map->capacity / 4) {
        tp_status status = grow(map);
        if (status != TP_OK)
            return status;
    }
    uint32_t slot = find_slot(map, key);
    if (map->keys[slot] == 0) {
        map->keys[slot] = key;
        map->count++;
    }
    map->values[slot] = value;
    return TP_OK;
}

uint32_t tp_map_take(tp_map *map, uint64_t key)
{
    if (tp_map_get(map, key) == TP_MAP_NONE)
        return TP_MAP_NONE;
    uint32_t mask = map->capacity - 1;
    uint32_t hole = find_slot(map, key);
    uint32_t taken = map->values[hole];
    /* Shift back each later entry of the run whose home lies at or before the hole. */
    for (uint32_t next = (hole + 1) & mask; map->keys[next] != 0; next = (next + 1) & mask) {
        uint32_t home = tp_mix(map->keys[next]) & mask;
        if (((next - home) & mask) >= ((next - hole) & mask)) {
            map->keys[hole] = map->keys[next];
            map->values[hole] = map->values[next];
            hole = next;
        }
    }
    map->keys[hole] = 0;
    map->count--;
    return taken;
}
