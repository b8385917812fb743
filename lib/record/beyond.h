/* Calls beyond the cap of the tree. They have no context of their own any more, but pstats numbers
 * stay exact: calls, primitive calls, total and cumulative time by function and by edge are kept as
 * cProfile keeps them, with a recursion level each. Memory grows with distinct functions and edges
 * only. What lies below the last call that still has a node is asked of that node's path. */
#ifndef TP_BEYOND_H
#define TP_BEYOND_H

#include "fold.h"
#include "tree.h"

/* An open call beyond the cap. */
typedef struct tp_beyond_call {
    const void *key;
    uint32_t function;
    uint32_t edge;         /* position in flat.edges, TP_NO_INDEX without a caller */
    uint64_t child_ticks;  /* time in calls it made */
    bool function_outermost; /* no call of the function is open in the tree above */
    bool edge_outermost;
} tp_beyond_call;

typedef struct tp_beyond {
    tp_flat flat;              /* Owned. */
    uint32_t *function_levels; /* Owned; calls open beyond the cap, by function */
    size_t function_level_capacity;
    uint32_t *edge_levels; /* Owned; the same by edge */
    size_t edge_level_capacity;
    tp_beyond_call *calls; /* Owned; the open ones, outermost first */
    size_t call_count;
    size_t call_capacity;
    tp_node *anchor; /* Borrowed; the last call with a node, above the first of calls */
    uint32_t anchor_function; /* TP_NO_INDEX for the root */
    uint32_t anchor_edge;     /* position in flat.edges, TP_NO_INDEX without a caller */
} tp_beyond;

void tp_beyond_init(tp_beyond *beyond, const tp_allocator *allocator);
void tp_beyond_free(tp_beyond *beyond);

/* Opens a call of `function` below the innermost open one (below `anchor` if there is none). */
TP_NODISCARD tp_status tp_beyond_enter(tp_beyond *beyond, const tp_tree *tree, tp_node *anchor,
                                       const void *key, uint32_t function);

/* Ends the innermost open call, which took `ticks`. */
void tp_beyond_leave(tp_beyond *beyond, uint64_t ticks);

/* Adds to `flat` all that was recorded, and the open calls as if each ended now after ticks[i]. */
TP_NODISCARD tp_status tp_beyond_add_to(const tp_beyond *beyond, tp_flat *flat,
                                        const uint64_t *ticks);

size_t tp_beyond_memory(const tp_beyond *beyond);

#endif
