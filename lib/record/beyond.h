/* Calls beyond the cap of the tree. They have no context of their own any more, but pstats numbers
 * stay exact: calls, primitive calls, total and cumulative time by function and by edge are kept as
 * cProfile keeps them, with a recursion level each. Memory grows with distinct functions and edges
 * only. What lies below the last call that still has a node is asked of that node's path.
 *
 * What recording costs is reckoned here as calls end, where it is known: of each figure, and of each node
 * below which calls went on without nodes, as the tree takes them for time of the node's own. */
#ifndef TP_BEYOND_H
#define TP_BEYOND_H

#include <traceprof/session.h>

#include "fold.h"
#include "tree.h"

/* What is to be taken out of a function's or an edge's figures: ticks. */
typedef struct tp_taken {
    double total;
    double cumulative;
} tp_taken;

/* Calls beyond the cap that a call with a node has made. */
typedef struct tp_anchor {
    uint32_t node;  /* its number */
    uint64_t ticks; /* inclusive; in the tree, the node's own time */
    double taken;   /* out of these */
    double outside; /* and out of what is the node's own indeed */
} tp_anchor;

/* An open call beyond the cap. */
typedef struct tp_beyond_call {
    const void *key;
    uint32_t function;
    uint32_t edge;         /* position in flat.edges, TP_NO_INDEX without a caller */
    uint64_t child_ticks;  /* time in calls it made */
    bool function_outermost; /* no call of the function is open in the tree above */
    bool edge_outermost;
    double cost;        /* what of its own time so far is the recording's */
    double outside;     /* what it adds to its caller's */
    double stretch;
    double child_taken; /* out of the calls it made */
} tp_beyond_call;

/* What is to be recorded, and who knows what it costs. */
typedef struct tp_beyond_entry {
    const void *key;
    void *subject;
    uint32_t function;
    const tp_costs *costs;       /* Borrowed; NULL: not known */
    const tp_resolver *resolver; /* Borrowed. */
} tp_beyond_entry;

/* An open call as if it ended now. */
typedef struct tp_beyond_open {
    uint64_t ticks;
    double own_taken; /* out of its own time */
    double taken;     /* out of its time with all it called */
} tp_beyond_open;

typedef struct tp_beyond {
    tp_flat flat;              /* Owned. */
    uint32_t *function_levels; /* Owned; calls open beyond the cap, by function */
    size_t function_level_capacity;
    uint32_t *edge_levels; /* Owned; the same by edge */
    size_t edge_level_capacity;
    tp_taken *function_taken; /* Owned; by function */
    size_t function_taken_capacity;
    tp_taken *edge_taken; /* Owned; by edge, as the next */
    size_t edge_taken_capacity;
    uint8_t *edge_kinds; /* Owned; kind + 1 of an edge's calls, 0 before it is known */
    size_t edge_kind_capacity;
    tp_anchor *anchors; /* Owned; where costs are known */
    size_t anchor_count;
    size_t anchor_capacity;
    tp_map anchor_of_node; /* node number + 1 -> position in anchors */
    tp_beyond_call *calls; /* Owned; the open ones, outermost first */
    size_t call_count;
    size_t call_capacity;
    tp_node *anchor; /* Borrowed; the last call with a node, above the first of calls */
    uint32_t anchor_function; /* TP_NO_INDEX for the root */
    uint32_t anchor_edge;     /* position in flat.edges, TP_NO_INDEX without a caller */
    uint32_t anchor_at;       /* position in anchors, TP_NO_INDEX while costs are not known */
} tp_beyond;

void tp_beyond_init(tp_beyond *beyond, const tp_allocator *allocator);
void tp_beyond_free(tp_beyond *beyond);

/* Opens a call below the innermost open one (below `anchor` if there is none). */
TP_NODISCARD tp_status tp_beyond_enter(tp_beyond *beyond, const tp_tree *tree, tp_node *anchor,
                                       const tp_beyond_entry *entry);

/* Ends the innermost open call, which took `ticks`; gives what is to be taken out of these. */
double tp_beyond_leave(tp_beyond *beyond, uint64_t ticks);

/* Says of the innermost open call that recording it costs more. */
void tp_beyond_add_cost(tp_beyond *beyond, double inside, double outside);

/* Fills what is to be taken out of each open call, which would have so many ticks if it ended now. Costs are
 * now `scale` times as high as they were reckoned. */
void tp_beyond_settle(const tp_beyond *beyond, tp_beyond_open *open, double scale);

/* The anchor below which calls are open, with what they add to it; node 0 if there is none. */
tp_anchor tp_beyond_open_anchor(const tp_beyond *beyond, const tp_beyond_open *open, double scale);

/* Adds to `flat` all that was recorded, and the open calls as if each ended now. */
TP_NODISCARD tp_status tp_beyond_add_to(const tp_beyond *beyond, tp_flat *flat,
                                        const tp_beyond_open *open, double scale);

size_t tp_beyond_memory(const tp_beyond *beyond);

#endif
