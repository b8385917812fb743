/* How long calls of coroutines were suspended, by node of the tree. Few nodes are coroutines', so that this
 * lies outside of them. */
#ifndef TP_NODE_WAITS_H
#define TP_NODE_WAITS_H

#include <stddef.h>

#include "map.h"
#include "model.h"

typedef struct tp_node_waits {
    tp_map place_of_node; /* node's number -> position in ticks */
    uint64_t *ticks;      /* Owned. */
    size_t count;
    size_t capacity;
} tp_node_waits;

void tp_node_waits_init(tp_node_waits *waits, const tp_allocator *allocator);
void tp_node_waits_free(tp_node_waits *waits);

/* The place of a node that is not the root, made if there is none: what is then added to its ticks needs no
 * memory. */
TP_NODISCARD tp_status tp_node_waits_place(tp_node_waits *waits, uint32_t *place, uint32_t node);

/* 0 for a node without a place. */
uint64_t tp_node_waits_get(const tp_node_waits *waits, uint32_t node);

/* From what each context's own calls were suspended, which its awaited_ticks hold, to what was awaited in it
 * and below. A coroutine that awaits another is suspended for as long, but for the moments in which it does
 * so, when it is active: its own measure then holds the other's. Where what is below was suspended for longer than
 * this was there at all, as a task that was begun in it goes on without it, it is the sum of what is below. */
TP_NODISCARD tp_status tp_enclose_waits(tp_context *contexts, size_t count,
                                        const tp_allocator *allocator);

/* Bytes held. */
size_t tp_node_waits_memory(const tp_node_waits *waits);

#endif
