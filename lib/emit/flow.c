#include "flow.h"

#include <math.h>

#include "memory.h"
#include "model.h"

uint64_t tp_nanoseconds(double seconds)
{
    double value = seconds * 1e9;
    return !(value > 0) ? 0 : value >= 9.2e18 ? UINT64_C(9200000000000000000) : (uint64_t)llround(value);
}

/* Unsigned: what hostile files have may wrap, which is no harm. */
void tp_own_ticks(const tp_context *contexts, size_t count, int64_t *self)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t parent = contexts[i].parent;
        self[i] = contexts[i].inclusive_ticks;
        if (parent != TP_NO_INDEX)
            self[parent] = (int64_t)((uint64_t)self[parent] - (uint64_t)self[i]);
    }
}

/* Ticks of a nanosecond are left as they are: doubles hold only 53 bits. */
static uint64_t from_ticks(int64_t ticks, double scale)
{
    if (ticks <= 0)
        return 0;
    if (fabs(scale - 1) < 1e-15)
        return (uint64_t)ticks;
    return tp_nanoseconds((double)ticks * scale * 1e-9);
}

static tp_status measure(tp_flow *flow, double unit)
{
    size_t count = flow->tree->context_count;
    double scale = unit * 1e9;
    uint64_t time = 0, calls = 0;
    int64_t *ticks = tp_alloc(flow->allocator, count, sizeof *ticks);
    if (ticks == NULL)
        return TP_ENOMEM;
    tp_own_ticks(flow->tree->contexts, count, ticks);
    for (size_t i = 0; i < count; i++) {
        uint64_t c = flow->tree->contexts[i].calls;
        flow->own[i] = from_ticks(ticks[i], scale);
        if (flow->own[i] > INT64_MAX - time || c > INT64_MAX - calls) {
            tp_free(flow->allocator, ticks);
            return TP_ELIMIT;
        }
        time += flow->own[i];
        calls += c;
    }
    tp_free(flow->allocator, ticks);
    return TP_OK;
}

/* Top-level calls stay whatever they are: there is nobody to take their time. */
static tp_status fold(tp_flow *flow, double least)
{
    const tp_context *contexts = flow->tree->contexts;
    size_t count = flow->tree->context_count;
    uint64_t total = 0;
    uint64_t *inclusive = tp_alloc(flow->allocator, count, sizeof *inclusive);
    flow->folded = tp_alloc(flow->allocator, count, 1);
    if (inclusive == NULL || flow->folded == NULL) {
        tp_free(flow->allocator, inclusive);
        return TP_ENOMEM;
    }
    for (size_t i = 0; i < count; i++)
        inclusive[i] = flow->own[i];
    for (size_t i = count; i-- > 0;) {
        uint64_t *above = contexts[i].parent == TP_NO_INDEX ? &total : &inclusive[contexts[i].parent];
        *above += inclusive[i];
    }
    for (size_t i = count; i-- > 0;) {
        uint32_t parent = contexts[i].parent;
        if (parent == TP_NO_INDEX || (double)inclusive[i] >= least * (double)total)
            continue;
        flow->folded[i] = 1;
        flow->own[parent] += flow->own[i]; /* children come before their parents: the whole is here */
    }
    tp_free(flow->allocator, inclusive);
    return TP_OK;
}

tp_status tp_flow_init(tp_flow *flow, const tp_emission *e, const tp_thread_tree *tree)
{
    *flow = (tp_flow){ .allocator = e->profile->allocator, .tree = tree, .weight = e->options->weight };
    flow->own = tp_alloc(flow->allocator, tree->context_count, sizeof *flow->own);
    tp_status status = flow->own == NULL ? TP_ENOMEM : measure(flow, e->profile->unit);
    if (status == TP_OK && e->options->least > 0)
        status = fold(flow, e->options->least);
    if (status != TP_OK)
        tp_flow_free(flow);
    return status;
}

void tp_flow_free(tp_flow *flow)
{
    tp_free(flow->allocator, flow->own);
    tp_free(flow->allocator, flow->folded);
    *flow = (tp_flow){ .allocator = flow->allocator };
}
