/* A calling context tree guessed from edges. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include <traceprof/reshape.h>

#include "assemble.h"
#include "memory.h"

/* A small file can stand for a vast tree. */
#define MAX_CONTEXTS 200000

/* Nor is it small work to find nothing: edges looked at, over all contexts. */
#define MAX_STEPS 20000000

/* Seconds a tick lasts; figures are seconds, which have no ticks of their own. */
#define UNIT 1e-9

/* Longest time that ticks can hold with room for sums. */
#define MAX_SECONDS 1e9

/* Of both times. What is shown decides on the tree's shape. */
typedef struct both_seconds {
    double shown;
    double other;
} both_seconds;

typedef struct branch {
    uint32_t context; /* in the tree */
    uint32_t function;
    size_t next;       /* of the edges that lead out of the function */
    both_seconds time; /* of this context */
} branch;

typedef struct grower {
    const tp_profile *profile;
    tp_profile *made;
    uint32_t *first_edge; /* Owned, as all here; edges by caller */
    uint32_t *edges;
    both_seconds *weight; /* what an edge is worth */
    uint8_t *on_path;     /* by function */
    branch *path;
    size_t depth;
    size_t path_capacity;
    size_t steps; /* edges looked at */
    double least;
} grower;

static void grower_free(grower *g)
{
    const tp_allocator *allocator = g->profile->allocator;
    tp_free(allocator, g->first_edge);
    tp_free(allocator, g->edges);
    tp_free(allocator, g->weight);
    tp_free(allocator, g->on_path);
    tp_free(allocator, g->path);
}

static double clamp_seconds(double seconds)
{
    return seconds < 0 ? 0 : seconds > MAX_SECONDS ? MAX_SECONDS : seconds;
}

/* Without times, a function's time is divided by the calls. */
static void weigh_edges(grower *g)
{
    const tp_profile *p = g->profile;
    for (size_t i = 0; i < p->edge_count;) {
        size_t end = i;
        double calls = 0;
        for (; end < p->edge_count && p->edges[end].callee == p->edges[i].callee; end++)
            calls += fabs((double)p->edges[end].calls);
        for (; i < end; i++) {
            const tp_edge *edge = &p->edges[i];
            double share = calls > 0 ? fabs((double)edge->calls) / calls : 0;
            const tp_function *callee = &p->functions[edge->callee];
            bool timed = tp_profile_has_edge_times(p);
            double shown = timed ? edge->cumulative : callee->cumulative * share;
            double other = timed ? edge->other_cumulative : callee->other_cumulative * share;
            g->weight[i] = (both_seconds){ clamp_seconds(shown), clamp_seconds(other) };
        }
    }
}

/* Edges by their callers, as tp_group_edges has them by callees. */
static void sort_by_caller(grower *g)
{
    const tp_profile *p = g->profile;
    for (size_t i = 0; i < p->edge_count; i++)
        g->first_edge[p->edges[i].caller + 2]++;
    for (size_t f = 2; f < p->function_count + 2; f++)
        g->first_edge[f] += g->first_edge[f - 1];
    for (uint32_t i = 0; i < p->edge_count; i++)
        g->edges[g->first_edge[p->edges[i].caller + 1]++] = i;
}

static tp_status grower_init(grower *g)
{
    const tp_profile *p = g->profile;
    g->first_edge = tp_alloc(p->allocator, p->function_count + 2, sizeof *g->first_edge);
    g->edges = tp_alloc(p->allocator, p->edge_count, sizeof *g->edges);
    g->weight = tp_alloc(p->allocator, p->edge_count, sizeof *g->weight);
    g->on_path = tp_alloc(p->allocator, p->function_count, 1);
    if (!g->first_edge || !g->edges || !g->weight || !g->on_path)
        return TP_ENOMEM;
    weigh_edges(g);
    sort_by_caller(g);
    return TP_OK;
}

static tp_status push(grower *g, tp_tree_data *tree, uint32_t function, both_seconds time,
                      double calls)
{
    uint32_t parent = g->depth > 0 ? g->path[g->depth - 1].context : TP_NO_INDEX;
    tp_context context = { .function = function,
                           .parent = parent,
                           .calls = calls < 1 ? 1 : calls < 1e18 ? (uint64_t)llround(calls)
                                                                 : (uint64_t)1e18,
                           .inclusive_ticks = llround(time.shown / UNIT),
                           .other_ticks = llround(time.other / UNIT) };
    void *array = g->path;
    tp_status status = tp_reserve(g->profile->allocator, &array, &g->path_capacity, g->depth + 1,
                                  sizeof *g->path);
    if (status != TP_OK)
        return status;
    g->path = array;
    g->path[g->depth++] = (branch){ .context = (uint32_t)tree->count,
                                    .function = function,
                                    .next = g->first_edge[function],
                                    .time = time };
    g->on_path[function] = 1;
    return tp_tree_add_context(g->made, tree, &context);
}

/* What an edge's time is below a branch that has `time` of its function's `whole`. */
static double scale_of(double time, double whole)
{
    whole = clamp_seconds(whole);
    return whole > 0 && time < whole ? time / whole : 1;
}

static double least_of(double a, double b)
{
    return a < b ? a : b;
}

/* One step: into the next callee that is worth it, or back. */
static tp_status step(grower *g, tp_tree_data *tree)
{
    branch *top = &g->path[g->depth - 1];
    const tp_function *caller = &g->profile->functions[top->function];
    both_seconds most = top->time;
    double scale = scale_of(most.shown, caller->cumulative);
    double other_scale = scale_of(most.other, caller->other_cumulative);
    while (top->next < g->first_edge[top->function + 1] && g->steps < MAX_STEPS) {
        g->steps++;
        uint32_t e = g->edges[top->next++];
        const tp_edge *edge = &g->profile->edges[e];
        both_seconds time = {
            least_of(g->weight[e].shown * scale, most.shown),
            least_of(g->weight[e].other * other_scale, most.other),
        };
        if (!g->on_path[edge->callee] && time.shown >= g->least && tree->count < MAX_CONTEXTS)
            return push(g, tree, edge->callee, time, (double)edge->calls * scale);
    }
    g->on_path[top->function] = 0;
    g->depth--;
    return TP_OK;
}

static tp_status grow(grower *g, tp_tree_data *tree, uint32_t root)
{
    const tp_function *function = &g->profile->functions[root];
    both_seconds time = { clamp_seconds(function->cumulative),
                          clamp_seconds(function->other_cumulative) };
    tp_status status = push(g, tree, root, time, (double)function->calls);
    while (status == TP_OK && g->depth > 0)
        status = step(g, tree);
    return status;
}

/* Roots are what nobody calls. Where everything is called (a profile that began in the middle of
 * things), what takes the most time. */
static tp_status grow_all(grower *g, tp_tree_data *tree)
{
    const tp_profile *p = g->profile;
    uint8_t *called = tp_alloc(p->allocator, p->function_count, 1);
    tp_status status = called == NULL ? TP_ENOMEM : TP_OK;
    uint32_t heaviest = TP_NO_INDEX;
    for (size_t i = 0; status == TP_OK && i < p->edge_count; i++)
        called[p->edges[i].callee] |= p->edges[i].caller != p->edges[i].callee;
    for (uint32_t f = 0; status == TP_OK && f < p->function_count; f++) {
        if (heaviest == TP_NO_INDEX ||
            p->functions[f].cumulative > p->functions[heaviest].cumulative)
            heaviest = f;
        if (!called[f] && clamp_seconds(p->functions[f].cumulative) >= g->least)
            status = grow(g, tree, f);
    }
    if (status == TP_OK && tree->count == 0 && heaviest != TP_NO_INDEX)
        status = grow(g, tree, heaviest);
    tp_free(p->allocator, called);
    return status;
}

static double total_time(const tp_profile *profile)
{
    double total = 0;
    for (size_t i = 0; i < profile->function_count; i++)
        total += profile->functions[i].total;
    return clamp_seconds(total);
}

tp_status tp_profile_estimate_tree(tp_profile **out, const tp_profile *profile, double least)
{
    grower g = { .profile = profile, .least = least * total_time(profile) };
    tp_tree_data *tree;
    tp_status status = tp_profile_copy(&g.made, profile);
    if (status != TP_OK)
        return status;
    status = grower_init(&g);
    g.made->coroutine_count = 0;
    if (status == TP_OK)
        status = tp_copy_coroutines(g.made, profile, NULL, profile->unit / UNIT);
    g.made->unit = UNIT;
    if (status == TP_OK)
        status = tp_profile_add_tree(g.made, &tree, "", 0, 0);
    if (status == TP_OK)
        status = grow_all(&g, tree);
    if (status == TP_OK)
        status = tp_profile_set_text(g.made, "tree", "estimated", strlen("estimated"));
    if (status == TP_OK)
        status = tp_profile_finish(g.made);
    grower_free(&g);
    if (status == TP_OK)
        *out = g.made;
    else
        tp_profile_destroy(g.made);
    return status;
}
