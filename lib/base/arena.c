#include "arena.h"

#include "memory.h"

#define FIRST_SLAB ((size_t)1024)
#define LARGEST_SLAB ((size_t)1 << 20)

struct tp_slab {
    tp_slab *next;
    size_t size;
    char bytes[];
};

void tp_arena_init(tp_arena *arena, const tp_allocator *allocator)
{
    *arena = (tp_arena){ .allocator = allocator, .next_size = FIRST_SLAB };
}

void tp_arena_free(tp_arena *arena)
{
    while (arena->slabs != NULL) {
        tp_slab *next = arena->slabs->next;
        tp_free(arena->allocator, arena->slabs);
        arena->slabs = next;
    }
    tp_arena_init(arena, arena->allocator);
}

static tp_slab *new_slab(tp_arena *arena, size_t size)
{
    size_t with_header;
    if (!tp_add_size(&with_header, size, sizeof(tp_slab)))
        return NULL;
    tp_slab *slab = tp_realloc(arena->allocator, NULL, with_header, 1);
    if (slab == NULL)
        return NULL;
    slab->size = size;
    arena->size += with_header;
    return slab;
}

char *tp_arena_take(tp_arena *arena, size_t size)
{
    if (size > arena->left || arena->slabs == NULL) {
        /* What is large gets a slab of its own, behind the one in use. */
        int alone = arena->slabs != NULL && size > arena->next_size / 4;
        size_t wanted = alone || size > arena->next_size ? size : arena->next_size;
        tp_slab *slab = new_slab(arena, wanted);
        if (slab == NULL)
            return NULL;
        if (alone) {
            slab->next = arena->slabs->next;
            arena->slabs->next = slab;
            return slab->bytes;
        }
        slab->next = arena->slabs;
        arena->slabs = slab;
        arena->left = wanted;
        if (arena->next_size < LARGEST_SLAB)
            arena->next_size *= 2;
    }
    tp_slab *slab = arena->slabs;
    char *bytes = slab->bytes + (slab->size - arena->left);
    arena->left -= size;
    return bytes;
}
