/* A thread's tree as the formats of paths have it: each context's own time, in whole nanoseconds. Inclusive
 * times are sums of these and of nothing else, so that all formats agree to the nanosecond. */
#ifndef TP_FLOW_H
#define TP_FLOW_H

#include "emission.h"

typedef struct tp_flow {
    const tp_allocator *allocator; /* Borrowed. */
    const tp_thread_tree *tree;    /* Borrowed. */
    uint64_t *own;                 /* Owned; nanoseconds, one each */
    uint8_t *folded;               /* Owned; not 0: part of its parent. NULL: none is */
    tp_emit_weight weight;
} tp_flow;

/* TP_ELIMIT: the sum of times or calls does not fit into 63 bits. Own times below zero, which no recording
 * of ours has, count as 0. */
TP_NODISCARD tp_status tp_flow_init(tp_flow *flow, const tp_emission *emission,
                                    const tp_thread_tree *tree);
void tp_flow_free(tp_flow *flow);

/* What a context weighs by itself: its own time or its calls, as the options have it. */
static inline uint64_t tp_flow_weight(const tp_flow *flow, size_t context)
{
    return flow->weight == TP_WEIGHT_CALLS ? flow->tree->contexts[context].calls : flow->own[context];
}

static inline int tp_flow_is_folded(const tp_flow *flow, size_t context)
{
    return flow->folded != NULL && flow->folded[context];
}

/* Each context's own ticks into self[0 .. count - 1]; those that are shown. */
void tp_own_ticks(const tp_context *contexts, size_t count, int64_t *self);

/* Seconds as whole nanoseconds, from 0 up to what fits into 63 bits. */
uint64_t tp_nanoseconds(double seconds);

#endif
