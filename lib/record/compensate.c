/* The probe's cost belongs to two calls: its inside to the one that is recorded, its outside to the one
 * that made it. Both are summed up by context, as children's ticks are no part of a context's own, and what
 * is left of each context's own time is summed up again from the leaves. So no time is negative, none is
 * longer than that of the caller, and own times add up to the whole. */
#include "compensate.h"

#include <math.h>

#include "memory.h"
#include "recorder.h"
#include "variety.h"

/* A context's own time while it is worked out. */
typedef struct share {
    int64_t self;   /* ticks as measured */
    int64_t owed;   /* what could not be taken out of its children's own times */
    double cost;    /* of probes and the like in it */
    double speed;   /* 1 / stretch, summed over calls */
    double beyond;  /* true ticks of calls beyond the cap, which the tree takes for its own */
} share;

#define MOST_TICKS 0x1p61

int64_t tp_whole_ticks(double ticks)
{
    if (isnan(ticks))
        return 0;
    return llround(fmax(-MOST_TICKS, fmin(ticks, MOST_TICKS)));
}

/* A clock of a caller's may tell anything, and a cost be anything: sums of a few such do not overflow. */
static int64_t at_most(int64_t ticks)
{
    const int64_t most = (int64_t)MOST_TICKS;
    return ticks > most ? most : ticks < -most ? -most : ticks;
}

/* Sums of many may: they wrap, as those of measured times do. */
static int64_t add(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

/* Of what only the sum over the track is known: it is spread evenly over the calls that may have had it. */
typedef struct evenly {
    double company; /* a call */
    double search;  /* a call of a node that has two siblings or more: others are found at once */
} evenly;

#define CROWD 3

/* How many children each node has. */
static void count_children(const tp_tree *tree, uint32_t *children)
{
    for (uint32_t i = 1; i < tree->count; i++)
        children[tp_tree_node(tree, i)->parent]++;
}

static evenly spread_evenly(const tp_compensation *c, const uint32_t *children)
{
    const tp_tree *tree = &c->track->tree;
    double calls = 0, crowded = 0;
    for (uint32_t i = 1; i < tree->count; i++) {
        const tp_node *node = tp_tree_node(tree, i);
        calls += (double)node->calls;
        if (children[node->parent] >= CROWD && !tp_node_is_recursive(tree, node))
            crowded += (double)node->calls;
    }
    evenly more = { 0, 0 };
    if (calls > 0)
        more.company = (double)c->track->company * c->costs->company / calls;
    if (crowded > 0)
        more.search = (double)c->track->searches * c->costs->search / crowded;
    return more;
}

/* What it cost to find a call of the node. */
static double search_cost(const tp_compensation *c, const tp_node *node, const uint32_t *children,
                          evenly more)
{
    if (tp_node_is_recursive(&c->track->tree, node))
        return c->costs->kinds[tp_node_kind(node)].recursion;
    return children[node->parent] >= CROWD ? more.search : 0;
}

/* `times`: how many times as high the costs of each node's calls are. */
static void add_costs(const tp_compensation *c, share *shares, const double *times,
                      const uint32_t *children)
{
    const tp_tree *tree = &c->track->tree;
    evenly more = spread_evenly(c, children);
    for (uint32_t i = 1; i < tree->count; i++) {
        const tp_node *node = tp_tree_node(tree, i);
        const tp_cost *cost = &c->costs->kinds[tp_node_kind(node)];
        double calls = (double)node->calls;
        share *own = &shares[c->context_of[i]];
        own->cost += times[i] * (calls * (cost->inside + more.company / 2) +
                                 (double)tp_node_unseen(node) * c->costs->unseen);
        own->speed += calls / cost->stretch;
        uint32_t above = c->context_of[node->parent];
        if (above != TP_NO_INDEX)
            shares[above].cost +=
                times[i] * (calls * (cost->outside + more.company / 2 +
                                     search_cost(c, node, children, more)) +
                            c->costs->fresh);
    }
}

static void add_anchor(const tp_compensation *c, share *shares, const tp_anchor *anchor, double scale)
{
    share *own = &shares[c->context_of[anchor->node]];
    own->self = (int64_t)((uint64_t)own->self - anchor->ticks);
    own->beyond += (double)(int64_t)anchor->ticks - anchor->taken * scale;
    own->cost += anchor->outside * scale;
}

static void add_anchors(const tp_compensation *c, share *shares)
{
    const tp_beyond *beyond = &c->track->beyond;
    for (size_t i = 0; i < beyond->anchor_count; i++)
        add_anchor(c, shares, &beyond->anchors[i], c->scale);
    tp_anchor open = tp_beyond_open_anchor(beyond, c->open, c->scale);
    if (open.node != 0)
        add_anchor(c, shares, &open, 1);
}

/* True ticks; below 0 where more is to be taken out than there is. Whole numbers stay exact. */
static int64_t own_ticks(const share *own, uint64_t calls)
{
    double speed = calls > 0 ? own->speed / (double)calls : 1;
    if (speed == 1)
        return at_most(own->self) - tp_whole_ticks(own->cost - own->beyond);
    return tp_whole_ticks(((double)own->self - own->cost) * speed + own->beyond);
}

/* From the last context to the first: children come before their parents. */
static void sum_up(tp_compensation *c, share *shares)
{
    for (size_t i = c->count; i-- > 0;) {
        tp_context *context = &c->contexts[i];
        int64_t own = own_ticks(&shares[i], context->calls);
        if (own < 0)
            c->clamped -= (double)own;
        own -= shares[i].owed;
        int64_t owed = own < 0 ? at_most(-own) : 0;
        context->other_ticks = add(context->other_ticks, own < 0 ? 0 : own);
        if (context->parent == TP_NO_INDEX)
            continue;
        share *above = &shares[context->parent];
        tp_context *parent = &c->contexts[context->parent];
        above->owed = at_most(above->owed + owed);
        parent->other_ticks = add(parent->other_ticks, context->other_ticks);
    }
}

/* A context's ticks are those of its calls that are not nested. For the nested ones it is not known how
 * deep: they are taken to lose as much of each tick. */
static void add_active(const tp_compensation *c)
{
    const tp_tree *tree = &c->track->tree;
    for (size_t i = 0; i < c->count; i++) {
        tp_active *sum = &c->active[c->contexts[i].function];
        sum->other = add(sum->other, c->contexts[i].other_ticks);
    }
    for (uint32_t i = 1; i < tree->count; i++) {
        const tp_node *node = tp_tree_node(tree, i);
        const tp_context *context = &c->contexts[c->context_of[i]];
        if (c->context_of[node->parent] != c->context_of[i] || context->inclusive_ticks <= 0)
            continue;
        double ratio = (double)context->other_ticks / (double)context->inclusive_ticks;
        tp_active *sum = &c->active[context->function];
        sum->other = add(sum->other, tp_whole_ticks((double)node->ticks * ratio));
    }
}

static void work_out(tp_compensation *c, share *shares, const double *times, uint32_t *children)
{
    for (size_t i = 0; i < c->count; i++) {
        uint32_t parent = c->contexts[i].parent;
        uint64_t ticks = (uint64_t)c->contexts[i].inclusive_ticks;
        shares[i].self = add(shares[i].self, (int64_t)ticks);
        if (parent != TP_NO_INDEX)
            shares[parent].self = add(shares[parent].self, (int64_t)(0 - ticks));
        c->contexts[i].other_ticks = 0;
    }
    count_children(&c->track->tree, children);
    add_costs(c, shares, times, children);
    add_anchors(c, shares);
    sum_up(c, shares);
    if (c->active != NULL)
        add_active(c);
}

tp_status tp_compensate(tp_compensation *c)
{
    const tp_allocator *allocator = c->track->session->allocator;
    share *shares = tp_alloc(allocator, c->count, sizeof *shares);
    double *times = tp_alloc(allocator, c->track->tree.count, sizeof *times);
    uint32_t *children = tp_alloc(allocator, c->track->tree.count, sizeof *children);
    tp_status status =
        shares == NULL || times == NULL || children == NULL ? TP_ENOMEM : TP_OK;
    if (status == TP_OK)
        status = tp_track_variety(c->track, c->costs->variety, times);
    if (status == TP_OK)
        work_out(c, shares, times, children);
    tp_free(allocator, children);
    tp_free(allocator, times);
    tp_free(allocator, shares);
    return status;
}

/* Gives what its own time lacks. */
static int64_t clamp(tp_figures *figures)
{
    int64_t lack = figures->other_total < 0 ? -at_most(figures->other_total) : 0;
    if (lack > 0)
        figures->other_total = 0;
    if (figures->other_cumulative < figures->other_total && figures->primitive_calls > 0)
        figures->other_cumulative = figures->other_total;
    return lack;
}

double tp_flat_clamp(tp_flat *flat)
{
    double clamped = 0;
    for (size_t i = 0; i < flat->function_count; i++)
        clamped += (double)clamp(&flat->functions[i]);
    for (size_t i = 0; i < flat->edge_count; i++)
        (void)clamp(&flat->edges[i].figures);
    return clamped;
}
