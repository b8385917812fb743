/* From trees to the numbers of pstats, exactly. */
#ifndef TP_FOLD_H
#define TP_FOLD_H

#include "map.h"
#include "model.h"

/* Figures of a function or an edge, in ticks, of both times (see tp_times). Signed, because what a tree
 * cannot hold is taken out of its parent here (see beyond.h). */
typedef struct tp_figures {
    int64_t calls;
    int64_t primitive_calls;
    int64_t total;
    int64_t cumulative;
    int64_t other_total;
    int64_t other_cumulative;
} tp_figures;

typedef struct tp_flat_edge {
    uint32_t caller;
    uint32_t callee;
    tp_figures figures;
} tp_flat_edge;

/* Figures by function and by edge. Function numbers are the caller's. */
typedef struct tp_flat {
    const tp_allocator *allocator; /* Borrowed. */
    tp_figures *functions;         /* Owned; one each for function 0 .. function_count - 1 */
    size_t function_count;
    size_t function_capacity;
    tp_flat_edge *edges; /* Owned. */
    size_t edge_count;
    size_t edge_capacity;
    tp_map edge_index; /* packed pair -> position in edges */
} tp_flat;

void tp_flat_init(tp_flat *flat, const tp_allocator *allocator);
void tp_flat_free(tp_flat *flat);

/* Makes room for functions 0 .. count - 1. */
TP_NODISCARD tp_status tp_flat_size(tp_flat *flat, size_t count);

/* Position of an edge, made on first use. */
TP_NODISCARD tp_status tp_flat_edge_at(tp_flat *flat, uint32_t *position, uint32_t caller,
                                       uint32_t callee);

void tp_figures_add(tp_figures *sum, const tp_figures *more);

/* Adds the figures of a tree in pre-order. The rule for recursion is cProfile's: a call is primitive
 * when its function is not active above it, an edge's call when the same pair of caller and callee
 * is not; cumulative time counts primitive ones only, total time all. The other times come of the
 * contexts' other_ticks alike. */
TP_NODISCARD tp_status tp_flat_add_tree(tp_flat *flat, const tp_context *contexts, size_t count);

#endif
