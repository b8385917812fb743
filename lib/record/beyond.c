#include "beyond.h"

#include <assert.h>
#include <string.h>

#include "memory.h"

void tp_beyond_init(tp_beyond *beyond, const tp_allocator *allocator)
{
    *beyond = (tp_beyond){ .anchor = NULL };
    tp_flat_init(&beyond->flat, allocator);
}

void tp_beyond_free(tp_beyond *beyond)
{
    const tp_allocator *allocator = beyond->flat.allocator;
    tp_flat_free(&beyond->flat);
    tp_free(allocator, beyond->function_levels);
    tp_free(allocator, beyond->edge_levels);
    tp_free(allocator, beyond->calls);
    tp_beyond_init(beyond, allocator);
}

/* Whether a call of `callee` (by `caller`, unless that is TP_MAP_NONE) is on the path to `node`. */
static bool on_path(const tp_tree *tree, const tp_node *node, uint32_t caller, uint32_t callee)
{
    uint32_t function = tp_tree_function(tree, node);
    while (node->number != 0) {
        const tp_node *parent = tp_tree_node(tree, node->parent);
        uint32_t above = tp_tree_function(tree, parent);
        if (function == callee && (caller == TP_MAP_NONE || above == caller))
            return true;
        node = parent;
        function = above;
    }
    return false;
}

static tp_status grow_levels(const tp_allocator *allocator, uint32_t **levels, size_t *capacity,
                             size_t needed)
{
    size_t before = *capacity;
    void *array = *levels;
    tp_status status = tp_reserve(allocator, &array, capacity, needed, sizeof **levels);
    if (status != TP_OK)
        return status;
    *levels = array;
    memset(*levels + before, 0, (*capacity - before) * sizeof **levels);
    return TP_OK;
}

/* The edge from the innermost open call to `function`; TP_NO_INDEX for a call without a caller. */
static tp_status edge_to(tp_beyond *beyond, const tp_tree *tree, uint32_t function, uint32_t *edge,
                         uint32_t *caller)
{
    *edge = TP_NO_INDEX;
    *caller = beyond->call_count > 0 ? beyond->calls[beyond->call_count - 1].function
                                     : tp_tree_function(tree, beyond->anchor);
    if (*caller == TP_MAP_NONE)
        return TP_OK;
    tp_status status = tp_flat_edge_at(&beyond->flat, edge, *caller, function);
    if (status != TP_OK)
        return status;
    return grow_levels(beyond->flat.allocator, &beyond->edge_levels, &beyond->edge_level_capacity,
                       (size_t)*edge + 1);
}

/* Room for what the anchor will be charged with when calls below it end, so that ending them cannot
 * fail. */
static tp_status set_anchor(tp_beyond *beyond, const tp_tree *tree, tp_node *anchor)
{
    beyond->anchor = anchor;
    beyond->anchor_function = tp_tree_function(tree, anchor);
    beyond->anchor_edge = TP_NO_INDEX;
    if (beyond->anchor_function == TP_MAP_NONE)
        return TP_OK;
    tp_status status = tp_flat_size(&beyond->flat, (size_t)beyond->anchor_function + 1);
    uint32_t caller = tp_tree_function(tree, tp_tree_node(tree, anchor->parent));
    if (status != TP_OK || caller == TP_MAP_NONE)
        return status;
    return tp_flat_edge_at(&beyond->flat, &beyond->anchor_edge, caller, beyond->anchor_function);
}

static tp_status make_room(tp_beyond *beyond, uint32_t function)
{
    tp_status status = tp_flat_size(&beyond->flat, (size_t)function + 1);
    if (status != TP_OK)
        return status;
    status = grow_levels(beyond->flat.allocator, &beyond->function_levels,
                         &beyond->function_level_capacity, (size_t)function + 1);
    if (status != TP_OK)
        return status;
    void *array = beyond->calls;
    status = tp_reserve(beyond->flat.allocator, &array, &beyond->call_capacity,
                        beyond->call_count + 1, sizeof *beyond->calls);
    beyond->calls = array;
    return status;
}

tp_status tp_beyond_enter(tp_beyond *beyond, const tp_tree *tree, tp_node *anchor, const void *key,
                          uint32_t function)
{
    uint32_t caller;
    tp_beyond_call call = { .key = key, .function = function };
    tp_status status = beyond->call_count == 0 ? set_anchor(beyond, tree, anchor) : TP_OK;
    if (status == TP_OK)
        status = make_room(beyond, function);
    if (status == TP_OK)
        status = edge_to(beyond, tree, function, &call.edge, &caller);
    if (status != TP_OK)
        return status;
    call.function_outermost = beyond->function_levels[function]++ == 0 &&
                              !on_path(tree, beyond->anchor, TP_MAP_NONE, function);
    if (call.edge != TP_NO_INDEX)
        call.edge_outermost = beyond->edge_levels[call.edge]++ == 0 &&
                              !on_path(tree, beyond->anchor, caller, function);
    beyond->calls[beyond->call_count++] = call;
    return TP_OK;
}

static void count_call(tp_figures *figures, bool outermost, uint64_t ticks, uint64_t self)
{
    figures->calls++;
    figures->total += (int64_t)self;
    if (outermost) {
        figures->primitive_calls++;
        figures->cumulative += (int64_t)ticks;
    }
}

/* The anchor's own time is its inclusive time less its children's in the tree, and this call is not
 * one of them: take the time out of the anchor's function and edge. */
static void charge_anchor(tp_figures *function, tp_figures *edge, uint64_t ticks)
{
    function->total -= (int64_t)ticks;
    if (edge != NULL)
        edge->total -= (int64_t)ticks;
}

void tp_beyond_leave(tp_beyond *beyond, uint64_t ticks)
{
    assert(beyond->call_count > 0);
    tp_flat *flat = &beyond->flat;
    tp_beyond_call *call = &beyond->calls[--beyond->call_count];
    uint64_t self = ticks - call->child_ticks;
    beyond->function_levels[call->function]--;
    count_call(&flat->functions[call->function], call->function_outermost, ticks, self);
    if (call->edge != TP_NO_INDEX) {
        beyond->edge_levels[call->edge]--;
        count_call(&flat->edges[call->edge].figures, call->edge_outermost, ticks, self);
    }
    if (beyond->call_count > 0)
        beyond->calls[beyond->call_count - 1].child_ticks += ticks;
    else if (beyond->anchor_function != TP_MAP_NONE)
        charge_anchor(&flat->functions[beyond->anchor_function],
                      beyond->anchor_edge == TP_NO_INDEX
                          ? NULL
                          : &flat->edges[beyond->anchor_edge].figures,
                      ticks);
}

/* The figures in `flat` of an edge of ours, or of no edge. */
static tp_status same_edge(const tp_beyond *beyond, tp_flat *flat, uint32_t position,
                           tp_figures **figures)
{
    *figures = NULL;
    if (position == TP_NO_INDEX)
        return TP_OK;
    const tp_flat_edge *edge = &beyond->flat.edges[position];
    uint32_t at;
    tp_status status = tp_flat_edge_at(flat, &at, edge->caller, edge->callee);
    if (status == TP_OK)
        *figures = &flat->edges[at].figures;
    return status;
}

static tp_status add_recorded(const tp_beyond *beyond, tp_flat *flat)
{
    tp_status status = tp_flat_size(flat, beyond->flat.function_count);
    for (size_t i = 0; status == TP_OK && i < beyond->flat.function_count; i++)
        tp_figures_add(&flat->functions[i], &beyond->flat.functions[i]);
    for (uint32_t i = 0; status == TP_OK && i < beyond->flat.edge_count; i++) {
        tp_figures *figures;
        status = same_edge(beyond, flat, i, &figures);
        if (status == TP_OK)
            tp_figures_add(figures, &beyond->flat.edges[i].figures);
    }
    return status;
}

tp_status tp_beyond_add_to(const tp_beyond *beyond, tp_flat *flat, const uint64_t *ticks)
{
    tp_figures *edge;
    tp_status status = add_recorded(beyond, flat);
    uint64_t below = 0;
    for (size_t i = beyond->call_count; status == TP_OK && i-- > 0;) {
        const tp_beyond_call *call = &beyond->calls[i];
        uint64_t self = ticks[i] - call->child_ticks - below;
        status = same_edge(beyond, flat, call->edge, &edge);
        if (status != TP_OK)
            break;
        count_call(&flat->functions[call->function], call->function_outermost, ticks[i], self);
        if (edge != NULL)
            count_call(edge, call->edge_outermost, ticks[i], self);
        below = ticks[i];
    }
    if (status != TP_OK || beyond->call_count == 0 || beyond->anchor_function == TP_MAP_NONE)
        return status;
    status = same_edge(beyond, flat, beyond->anchor_edge, &edge);
    if (status == TP_OK)
        charge_anchor(&flat->functions[beyond->anchor_function], edge, below);
    return status;
}

size_t tp_beyond_memory(const tp_beyond *beyond)
{
    const tp_flat *flat = &beyond->flat;
    return flat->function_capacity * sizeof *flat->functions +
           flat->edge_capacity * sizeof *flat->edges +
           flat->edge_index.capacity * (sizeof(uint64_t) + sizeof(uint32_t)) +
           (beyond->function_level_capacity + beyond->edge_level_capacity) * sizeof(uint32_t) +
           beyond->call_capacity * sizeof *beyond->calls;
}
