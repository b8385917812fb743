#include "beyond.h"

#include <assert.h>
#include <string.h>

#include "compensate.h"
#include "labels.h"
#include "memory.h"

void tp_beyond_init(tp_beyond *beyond, const tp_allocator *allocator)
{
    *beyond = (tp_beyond){ .anchor = NULL };
    tp_flat_init(&beyond->flat, allocator);
    tp_map_init(&beyond->anchor_of_node, allocator);
}

void tp_beyond_free(tp_beyond *beyond)
{
    const tp_allocator *allocator = beyond->flat.allocator;
    tp_flat_free(&beyond->flat);
    tp_free(allocator, beyond->function_levels);
    tp_free(allocator, beyond->edge_levels);
    tp_free(allocator, beyond->function_taken);
    tp_free(allocator, beyond->edge_taken);
    tp_free(allocator, beyond->edge_kinds);
    tp_free(allocator, beyond->anchors);
    tp_map_free(&beyond->anchor_of_node);
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

/* Makes room for item `needed` - 1 in *array; new items are 0. */
static tp_status grow(const tp_allocator *allocator, void **array, size_t *capacity, size_t needed,
                      size_t size)
{
    size_t before = *capacity;
    tp_status status = tp_reserve(allocator, array, capacity, needed, size);
    if (status == TP_OK)
        memset((char *)*array + before * size, 0, (*capacity - before) * size);
    return status;
}

static tp_status grow_levels(const tp_allocator *allocator, uint32_t **levels, size_t *capacity,
                             size_t needed)
{
    void *array = *levels;
    tp_status status = grow(allocator, &array, capacity, needed, sizeof **levels);
    *levels = array;
    return status;
}

static tp_status grow_taken(const tp_allocator *allocator, tp_taken **taken, size_t *capacity,
                            size_t needed)
{
    void *array = *taken;
    tp_status status = grow(allocator, &array, capacity, needed, sizeof **taken);
    *taken = array;
    return status;
}

/* What is kept by edge, for one more edge. */
static tp_status make_edge_room(tp_beyond *beyond, uint32_t edge)
{
    const tp_allocator *allocator = beyond->flat.allocator;
    void *kinds = beyond->edge_kinds;
    size_t needed = (size_t)edge + 1;
    tp_status status = grow_levels(allocator, &beyond->edge_levels, &beyond->edge_level_capacity, needed);
    if (status == TP_OK)
        status = grow_taken(allocator, &beyond->edge_taken, &beyond->edge_taken_capacity, needed);
    if (status == TP_OK)
        status = grow(allocator, &kinds, &beyond->edge_kind_capacity, needed, 1);
    beyond->edge_kinds = kinds;
    return status;
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
    return make_edge_room(beyond, *edge);
}

/* The node's place among the anchors, made if there is none. */
static tp_status find_anchor(tp_beyond *beyond, uint32_t node)
{
    uint32_t *at = &beyond->anchor_at;
    *at = tp_map_get(&beyond->anchor_of_node, (uint64_t)node + 1);
    if (*at != TP_MAP_NONE)
        return TP_OK;
    void *array = beyond->anchors;
    tp_status status = tp_reserve(beyond->flat.allocator, &array, &beyond->anchor_capacity,
                                  beyond->anchor_count + 1, sizeof *beyond->anchors);
    beyond->anchors = array;
    if (status == TP_OK)
        status = tp_map_put(&beyond->anchor_of_node, (uint64_t)node + 1,
                            (uint32_t)beyond->anchor_count);
    if (status != TP_OK)
        return status;
    *at = (uint32_t)beyond->anchor_count++;
    beyond->anchors[*at] = (tp_anchor){ .node = node };
    return TP_OK;
}

static tp_status make_function_room(tp_beyond *beyond, uint32_t function)
{
    const tp_allocator *allocator = beyond->flat.allocator;
    size_t needed = (size_t)function + 1;
    tp_status status = tp_flat_size(&beyond->flat, needed);
    if (status == TP_OK)
        status = grow_levels(allocator, &beyond->function_levels, &beyond->function_level_capacity,
                             needed);
    if (status == TP_OK)
        status = grow_taken(allocator, &beyond->function_taken, &beyond->function_taken_capacity,
                            needed);
    return status;
}

/* Room for what the anchor will be charged with when calls below it end, so that ending them cannot
 * fail. */
static tp_status set_anchor(tp_beyond *beyond, const tp_tree *tree, tp_node *anchor, bool has_costs)
{
    beyond->anchor = anchor;
    beyond->anchor_function = tp_tree_function(tree, anchor);
    beyond->anchor_edge = beyond->anchor_at = TP_NO_INDEX;
    if (beyond->anchor_function == TP_MAP_NONE)
        return TP_OK;
    tp_status status = make_function_room(beyond, beyond->anchor_function);
    if (status == TP_OK && has_costs)
        status = find_anchor(beyond, anchor->number);
    uint32_t caller = tp_tree_function(tree, tp_tree_node(tree, anchor->parent));
    if (status != TP_OK || caller == TP_MAP_NONE)
        return status;
    status = tp_flat_edge_at(&beyond->flat, &beyond->anchor_edge, caller, beyond->anchor_function);
    return status == TP_OK ? make_edge_room(beyond, beyond->anchor_edge) : status;
}

static tp_status make_room(tp_beyond *beyond, uint32_t function)
{
    tp_status status = make_function_room(beyond, function);
    if (status != TP_OK)
        return status;
    void *array = beyond->calls;
    status = tp_reserve(beyond->flat.allocator, &array, &beyond->call_capacity,
                        beyond->call_count + 1, sizeof *beyond->calls);
    beyond->calls = array;
    return status;
}

/* What the call costs. Its kind is asked for once an edge, and each time where there is no caller. */
static void price(tp_beyond *beyond, tp_beyond_call *call, const tp_beyond_entry *entry)
{
    const void *above = beyond->call_count > 0 ? beyond->calls[beyond->call_count - 1].key
                                               : beyond->anchor->key;
    uint8_t asked = 0, *kind = call->edge != TP_NO_INDEX ? &beyond->edge_kinds[call->edge] : &asked;
    if (*kind == 0)
        *kind = (uint8_t)(tp_labels_kind(entry->resolver, entry->key, entry->subject, above) + 1);
    const tp_cost *cost = &entry->costs->kinds[*kind - 1];
    call->cost = cost->inside;
    call->outside = cost->outside;
    call->stretch = cost->stretch;
}

tp_status tp_beyond_enter(tp_beyond *beyond, const tp_tree *tree, tp_node *anchor,
                          const tp_beyond_entry *entry)
{
    uint32_t caller, function = entry->function;
    tp_beyond_call call = { .key = entry->key, .function = function, .stretch = 1 };
    tp_status status = TP_OK;
    if (beyond->call_count == 0)
        status = set_anchor(beyond, tree, anchor, entry->costs != NULL);
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
    if (entry->costs != NULL)
        price(beyond, &call, entry);
    beyond->calls[beyond->call_count++] = call;
    return TP_OK;
}

void tp_beyond_add_cost(tp_beyond *beyond, double inside, double outside)
{
    tp_beyond_call *call = &beyond->calls[beyond->call_count - 1];
    call->cost += inside;
    call->outside += outside;
}

/* What is to be taken out of a call's own ticks. Not rounded: it is the sum over calls that must be right,
 * of which each may well have cost less than another. */
static double own_taken(double self, double cost, double stretch)
{
    return cost + (self - cost) * (1 - 1 / stretch);
}

static void add_taken(tp_taken *sum, bool outermost, double taken, double own)
{
    sum->total += own;
    if (outermost)
        sum->cumulative += taken;
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
static void charge_anchor(tp_beyond *beyond, uint64_t ticks, double taken)
{
    uint32_t function = beyond->anchor_function, edge = beyond->anchor_edge;
    beyond->flat.functions[function].total -= (int64_t)ticks;
    beyond->function_taken[function].total -= taken;
    if (edge == TP_NO_INDEX)
        return;
    beyond->flat.edges[edge].figures.total -= (int64_t)ticks;
    beyond->edge_taken[edge].total -= taken;
}

/* The outermost call beyond the cap has ended. */
static void leave_to_anchor(tp_beyond *beyond, uint64_t ticks, double taken, double outside)
{
    if (beyond->anchor_function == TP_MAP_NONE)
        return;
    charge_anchor(beyond, ticks, taken);
    if (beyond->anchor_at == TP_NO_INDEX)
        return;
    tp_anchor *anchor = &beyond->anchors[beyond->anchor_at];
    anchor->ticks += ticks;
    anchor->taken += taken;
    anchor->outside += outside;
}

double tp_beyond_leave(tp_beyond *beyond, uint64_t ticks)
{
    assert(beyond->call_count > 0);
    tp_flat *flat = &beyond->flat;
    tp_beyond_call *call = &beyond->calls[--beyond->call_count];
    uint64_t self = ticks - call->child_ticks;
    double own = own_taken((double)(int64_t)self, call->cost, call->stretch);
    double taken = own + call->child_taken;
    beyond->function_levels[call->function]--;
    count_call(&flat->functions[call->function], call->function_outermost, ticks, self);
    add_taken(&beyond->function_taken[call->function], call->function_outermost, taken, own);
    if (call->edge != TP_NO_INDEX) {
        beyond->edge_levels[call->edge]--;
        count_call(&flat->edges[call->edge].figures, call->edge_outermost, ticks, self);
        add_taken(&beyond->edge_taken[call->edge], call->edge_outermost, taken, own);
    }
    if (beyond->call_count > 0) {
        tp_beyond_call *caller = &beyond->calls[beyond->call_count - 1];
        caller->child_ticks += ticks;
        caller->child_taken += taken;
        caller->cost += call->outside;
    } else {
        leave_to_anchor(beyond, ticks, taken, call->outside);
    }
    return taken;
}

void tp_beyond_settle(const tp_beyond *beyond, tp_beyond_open *open, double scale)
{
    uint64_t below = 0;
    double taken = 0, outside = 0;
    for (size_t i = beyond->call_count; i-- > 0;) {
        const tp_beyond_call *call = &beyond->calls[i];
        uint64_t self = open[i].ticks - call->child_ticks - below;
        open[i].own_taken = own_taken((double)(int64_t)self, call->cost + outside, call->stretch);
        taken += open[i].own_taken + call->child_taken;
        open[i].taken = taken;
        below = open[i].ticks;
        outside = call->outside;
        open[i].own_taken *= scale;
        open[i].taken *= scale;
    }
}

tp_anchor tp_beyond_open_anchor(const tp_beyond *beyond, const tp_beyond_open *open, double scale)
{
    if (beyond->call_count == 0)
        return (tp_anchor){ 0 };
    return (tp_anchor){ .node = beyond->anchor->number,
                        .ticks = open[0].ticks,
                        .taken = open[0].taken,
                        .outside = beyond->calls[0].outside * scale };
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

/* Sums beyond the cap become ticks once, here: what comes of calls one by one would be rounded as often. */
static void add_figures(tp_figures *sum, tp_figures figures, tp_taken taken)
{
    figures.other_total = figures.total - tp_whole_ticks(taken.total);
    figures.other_cumulative = figures.cumulative - tp_whole_ticks(taken.cumulative);
    tp_figures_add(sum, &figures);
}

/* Without memory there may be a function or an edge more, of which nothing was recorded. */
static tp_taken taken_at(const tp_taken *taken, size_t capacity, size_t at, double scale)
{
    if (at >= capacity)
        return (tp_taken){ 0 };
    return (tp_taken){ taken[at].total * scale, taken[at].cumulative * scale };
}

static tp_status add_recorded(const tp_beyond *beyond, tp_flat *flat, double scale)
{
    tp_status status = tp_flat_size(flat, beyond->flat.function_count);
    for (size_t i = 0; status == TP_OK && i < beyond->flat.function_count; i++)
        add_figures(&flat->functions[i], beyond->flat.functions[i],
                    taken_at(beyond->function_taken, beyond->function_taken_capacity, i, scale));
    for (uint32_t i = 0; status == TP_OK && i < beyond->flat.edge_count; i++) {
        tp_figures *figures;
        status = same_edge(beyond, flat, i, &figures);
        if (status == TP_OK)
            add_figures(figures, beyond->flat.edges[i].figures,
                        taken_at(beyond->edge_taken, beyond->edge_taken_capacity, i, scale));
    }
    return status;
}

static void add_open(tp_figures *sum, bool outermost, uint64_t self, const tp_beyond_open *open)
{
    tp_figures figures = { 0 };
    tp_taken taken = { 0 };
    count_call(&figures, outermost, open->ticks, self);
    add_taken(&taken, outermost, open->taken, open->own_taken);
    add_figures(sum, figures, taken);
}

tp_status tp_beyond_add_to(const tp_beyond *beyond, tp_flat *flat, const tp_beyond_open *open,
                           double scale)
{
    tp_figures *edge;
    tp_status status = add_recorded(beyond, flat, scale);
    uint64_t below = 0;
    for (size_t i = beyond->call_count; status == TP_OK && i-- > 0;) {
        const tp_beyond_call *call = &beyond->calls[i];
        uint64_t self = open[i].ticks - call->child_ticks - below;
        status = same_edge(beyond, flat, call->edge, &edge);
        if (status != TP_OK)
            break;
        add_open(&flat->functions[call->function], call->function_outermost, self, &open[i]);
        if (edge != NULL)
            add_open(edge, call->edge_outermost, self, &open[i]);
        below = open[i].ticks;
    }
    if (status != TP_OK || beyond->call_count == 0 || beyond->anchor_function == TP_MAP_NONE)
        return status;
    status = same_edge(beyond, flat, beyond->anchor_edge, &edge);
    if (status != TP_OK)
        return status;
    const tp_figures charge = { .total = -(int64_t)below };
    const tp_taken given_back = { .total = -open[0].taken };
    add_figures(&flat->functions[beyond->anchor_function], charge, given_back);
    if (edge != NULL)
        add_figures(edge, charge, given_back);
    return status;
}

size_t tp_beyond_memory(const tp_beyond *beyond)
{
    const tp_flat *flat = &beyond->flat;
    size_t slots = (size_t)flat->edge_index.capacity + beyond->anchor_of_node.capacity;
    return flat->function_capacity * sizeof *flat->functions +
           flat->edge_capacity * sizeof *flat->edges +
           slots * (sizeof(uint64_t) + sizeof(uint32_t)) +
           (beyond->function_level_capacity + beyond->edge_level_capacity) * sizeof(uint32_t) +
           (beyond->function_taken_capacity + beyond->edge_taken_capacity) * sizeof(tp_taken) +
           beyond->edge_kind_capacity + beyond->anchor_capacity * sizeof *beyond->anchors +
           beyond->call_capacity * sizeof *beyond->calls;
}
