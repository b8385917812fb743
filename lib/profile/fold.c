#include "fold.h"

#include <assert.h>
#include <string.h>

#include "memory.h"

void tp_flat_init(tp_flat *flat, const tp_allocator *allocator)
{
    *flat = (tp_flat){ .allocator = allocator };
    tp_map_init(&flat->edge_index, allocator);
}

void tp_flat_free(tp_flat *flat)
{
    tp_free(flat->allocator, flat->functions);
    tp_free(flat->allocator, flat->edges);
    tp_map_free(&flat->edge_index);
    tp_flat_init(flat, flat->allocator);
}

tp_status tp_flat_size(tp_flat *flat, size_t count)
{
    if (count <= flat->function_count)
        return TP_OK;
    void *array = flat->functions;
    tp_status status = tp_reserve(flat->allocator, &array, &flat->function_capacity, count,
                                  sizeof *flat->functions);
    if (status != TP_OK)
        return status;
    flat->functions = array;
    memset(flat->functions + flat->function_count, 0,
           (count - flat->function_count) * sizeof *flat->functions);
    flat->function_count = count;
    return TP_OK;
}

tp_status tp_flat_edge_at(tp_flat *flat, uint32_t *position, uint32_t caller, uint32_t callee)
{
    uint64_t pair = ((uint64_t)caller + 1) << 32 | ((uint64_t)callee + 1);
    uint32_t found = tp_map_get(&flat->edge_index, pair);
    if (found != TP_MAP_NONE) {
        *position = found;
        return TP_OK;
    }
    if (flat->edge_count >= TP_NO_INDEX - 1)
        return TP_ELIMIT;
    void *array = flat->edges;
    tp_status status = tp_reserve(flat->allocator, &array, &flat->edge_capacity,
                                  flat->edge_count + 1, sizeof *flat->edges);
    if (status != TP_OK)
        return status;
    flat->edges = array;
    status = tp_map_put(&flat->edge_index, pair, (uint32_t)flat->edge_count);
    if (status != TP_OK)
        return status;
    *position = (uint32_t)flat->edge_count++;
    flat->edges[*position] = (tp_flat_edge){ .caller = caller, .callee = callee };
    return TP_OK;
}

/* Unsigned: sums of hostile files may wrap, which is no harm. */
static int64_t add(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

void tp_figures_add(tp_figures *sum, const tp_figures *more)
{
    sum->calls = add(sum->calls, more->calls);
    sum->primitive_calls = add(sum->primitive_calls, more->primitive_calls);
    sum->total = add(sum->total, more->total);
    sum->cumulative = add(sum->cumulative, more->cumulative);
    sum->other_total = add(sum->other_total, more->other_total);
    sum->other_cumulative = add(sum->other_cumulative, more->other_cumulative);
}

/* What the walk keeps for each context on the present path, and how often each function and each
 * edge is on it. */
typedef struct walk {
    const tp_context *contexts;
    tp_ticks *self;       /* one a context */
    uint32_t *edge;       /* each context's edge, TP_NO_INDEX at the top */
    uint32_t *on_path;    /* contexts of the present path, outermost first */
    size_t depth;
    uint32_t *functions_active;
    uint32_t *edges_active;
} walk;

static void walk_free(walk *w, const tp_allocator *allocator)
{
    tp_free(allocator, w->self);
    tp_free(allocator, w->edge);
    tp_free(allocator, w->on_path);
    tp_free(allocator, w->functions_active);
    tp_free(allocator, w->edges_active);
}

static tp_status walk_init(walk *w, tp_flat *flat, const tp_context *contexts, size_t count)
{
    *w = (walk){ .contexts = contexts };
    w->self = tp_alloc(flat->allocator, count, sizeof *w->self);
    w->edge = tp_alloc(flat->allocator, count, sizeof *w->edge);
    w->on_path = tp_alloc(flat->allocator, count, sizeof *w->on_path);
    if (w->self == NULL || w->edge == NULL || w->on_path == NULL)
        return TP_ENOMEM;
    size_t functions = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t parent = contexts[i].parent;
        assert(parent == TP_NO_INDEX || parent < i);
        w->self[i] = tp_ticks_of(&contexts[i]);
        w->edge[i] = TP_NO_INDEX;
        if (parent != TP_NO_INDEX) {
            tp_ticks_subtract(&w->self[parent], w->self[i]);
            tp_status status = tp_flat_edge_at(flat, &w->edge[i], contexts[parent].function,
                                               contexts[i].function);
            if (status != TP_OK)
                return status;
        }
        if (contexts[i].function >= functions)
            functions = (size_t)contexts[i].function + 1;
    }
    tp_status status = tp_flat_size(flat, functions);
    if (status != TP_OK)
        return status;
    w->functions_active = tp_alloc(flat->allocator, functions, sizeof *w->functions_active);
    w->edges_active = tp_alloc(flat->allocator, flat->edge_count, sizeof *w->edges_active);
    return w->functions_active == NULL || w->edges_active == NULL ? TP_ENOMEM : TP_OK;
}

static void leave_to(walk *w, uint32_t parent)
{
    while (w->depth > 0 && w->on_path[w->depth - 1] != parent) {
        uint32_t left = w->on_path[--w->depth];
        w->functions_active[w->contexts[left].function]--;
        if (w->edge[left] != TP_NO_INDEX)
            w->edges_active[w->edge[left]]--;
    }
}

static tp_figures figures_of(const tp_context *context, tp_ticks self, bool outermost)
{
    tp_figures figures = { .calls = (int64_t)context->calls,
                           .total = self.shown,
                           .other_total = self.other };
    if (outermost) {
        figures.primitive_calls = (int64_t)(context->calls - context->nested_calls);
        figures.cumulative = context->inclusive_ticks;
        figures.other_cumulative = context->other_ticks;
    }
    return figures;
}

tp_status tp_flat_add_tree(tp_flat *flat, const tp_context *contexts, size_t count)
{
    walk w;
    tp_status status = walk_init(&w, flat, contexts, count);
    for (uint32_t i = 0; status == TP_OK && i < count; i++) {
        const tp_context *context = &contexts[i];
        leave_to(&w, context->parent);
        bool outermost = w.functions_active[context->function]++ == 0;
        tp_figures figures = figures_of(context, w.self[i], outermost);
        tp_figures_add(&flat->functions[context->function], &figures);
        if (w.edge[i] != TP_NO_INDEX) {
            outermost = w.edges_active[w.edge[i]]++ == 0;
            figures = figures_of(context, w.self[i], outermost);
            tp_figures_add(&flat->edges[w.edge[i]].figures, &figures);
        }
        w.on_path[w.depth++] = i;
    }
    walk_free(&w, flat->allocator);
    return status;
}
