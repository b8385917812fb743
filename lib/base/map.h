/* A map from 64-bit keys (addresses, or two packed indices) to 32-bit values. Open addressing,
 * linear probing, deletion by shifting back, so that it never fills with tombstones. */
#ifndef TP_MAP_H
#define TP_MAP_H

#include <stdbool.h>

#include <traceprof/status.h>

#define TP_MAP_NONE UINT32_MAX /* "not there"; cannot be stored as a value */

typedef struct tp_map {
    const tp_allocator *allocator; /* Borrowed. */
    uint64_t *keys;                /* Owned; 0 marks an empty slot, so key 0 cannot be stored. */
    uint32_t *values;              /* Owned. */
    uint32_t capacity;             /* 0 or a power of two */
    uint32_t count;
} tp_map;

/* An empty map allocates nothing. */
void tp_map_init(tp_map *map, const tp_allocator *allocator);
void tp_map_free(tp_map *map);

/* The value stored for key, or TP_MAP_NONE. */
uint32_t tp_map_get(const tp_map *map, uint64_t key);

/* Stores or replaces. TP_ENOMEM leaves the map as it was. */
TP_NODISCARD tp_status tp_map_put(tp_map *map, uint64_t key, uint32_t value);

/* Forgets key; gives what was stored, or TP_MAP_NONE. */
uint32_t tp_map_take(tp_map *map, uint64_t key);

/* A mixing function good enough for addresses; also used for intrusive tables. */
static inline uint32_t tp_mix(uint64_t key)
{
    /* Fibonacci hashing (Knuth, TAOCP 3, 6.4): the high bits of the product are the good ones. */
    return (uint32_t)((key * UINT64_C(0x9E3779B97F4A7C15)) >> 32);
}

#endif
