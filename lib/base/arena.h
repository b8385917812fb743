/* Memory in small pieces that all go at once. */
#ifndef TP_ARENA_H
#define TP_ARENA_H

#include <traceprof/status.h>

typedef struct tp_slab tp_slab;

typedef struct tp_arena {
    const tp_allocator *allocator; /* Borrowed. */
    tp_slab *slabs;                /* Owned; the one in use first */
    size_t left;                   /* bytes free in that */
    size_t next_size;              /* of the next slab: each is larger than the one before */
    size_t size;                   /* bytes of all slabs */
} tp_arena;

/* An empty arena allocates nothing. */
void tp_arena_init(tp_arena *arena, const tp_allocator *allocator);
void tp_arena_free(tp_arena *arena);

/* `size` bytes, not set and not aligned, that stay where they are until the arena is freed; NULL when
 * memory is exhausted. */
char *tp_arena_take(tp_arena *arena, size_t size);

#endif
