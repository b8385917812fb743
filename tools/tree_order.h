/* A thread's call tree, so that it can be walked with the heaviest child first. */
#ifndef TP_TREE_ORDER_H
#define TP_TREE_ORDER_H

#include <traceprof/traceprof.h>

/* A node is a context's index + 1; 0 is the top, which is no context. */
typedef struct tp_tree_order {
    const tp_thread_tree *tree; /* Borrowed. */
    uint32_t *sorted; /* Owned, as all here; contexts, the children of one side by side, the top's first */
    uint32_t *first;  /* where the children of a node begin; they end where the next node's begin */
    uint32_t *depth;  /* of a context: how many are above it */
    int64_t *self;    /* of a context */
    double whole;     /* ticks of the top's children */
} tp_tree_order;

/* To be freed in either case. */
TP_NODISCARD tp_status tp_tree_order_make(tp_tree_order *order, const tp_thread_tree *tree);
void tp_tree_order_free(tp_tree_order *order);

/* Unsigned: sums of hostile files may wrap, which is no harm. */
int64_t tp_add_ticks(int64_t sum, int64_t more);

#endif
