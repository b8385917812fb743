#include "variety.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "recorder.h"

/* A call that makes as many others on average is a phase of its own: caches hold nothing of what was before. */
#define PHASE 10000

/* Adds the calls in a tree, by function, and gives their number. */
static double count_nodes(const tp_tree *tree, double *by_function)
{
    double calls = 0;
    for (uint32_t i = 1; i < tree->count; i++) {
        const tp_node *node = tp_tree_node(tree, i);
        by_function[tp_tree_function(tree, node)] += (double)node->calls;
        calls += (double)node->calls;
    }
    return calls;
}

/* The same with those of the track that have no node. */
static double count_calls(const tp_track *track, double *by_function)
{
    double calls = count_nodes(&track->tree, by_function);
    const tp_flat *flat = &track->beyond.flat;
    for (size_t i = 0; i < flat->function_count; i++) {
        by_function[i] += (double)flat->functions[i].calls;
        calls += (double)flat->functions[i].calls;
    }
    return calls;
}

/* Over how many functions calls are spread; `calls` is their number in all. */
static double perplexity(const double *by_function, size_t count, double calls)
{
    double entropy = 0;
    for (size_t i = 0; i < count; i++) {
        double part = by_function[i] / calls;
        if (part > 0)
            entropy -= part * log(part);
    }
    return exp(entropy);
}

tp_status tp_session_functions(const tp_session *session, double *functions)
{
    size_t count = session->labels.set.count;
    double *by_function = tp_alloc(session->allocator, count, sizeof *by_function);
    if (by_function == NULL)
        return TP_ENOMEM;
    double calls = 0;
    for (size_t i = 0; i < session->track_count; i++)
        calls += count_calls(session->tracks[i], by_function);
    *functions = perplexity(by_function, count, calls);
    tp_free(session->allocator, by_function);
    return TP_OK;
}

static double times_of(double variety, double functions)
{
    return 1 + variety * (sqrt(functions) - 1);
}

tp_status tp_session_scale(const tp_session *session, double *scale)
{
    double functions;
    tp_status status = tp_session_functions(session, &functions);
    if (status == TP_OK)
        *scale = times_of(session->costs.variety, functions);
    return status;
}

/* A node's calls, in the phase of the program that they belong to. */
typedef struct counted {
    uint32_t phase; /* the node that begins it */
    uint32_t function;
    double calls;
} counted;

static int by_phase(const void *a, const void *b)
{
    const counted *left = a, *right = b;
    if (left->phase != right->phase)
        return left->phase < right->phase ? -1 : 1;
    return (left->function > right->function) - (left->function < right->function);
}

/* Calls within a node's subtree, in below[]. A node's number is above its parent's. */
static void sum_below(const tp_tree *tree, double *below)
{
    for (uint32_t i = tree->count; i-- > 1;) {
        const tp_node *node = tp_tree_node(tree, i);
        below[i] += (double)node->calls;
        below[node->parent] += below[i];
    }
}

static void find_phases(const tp_tree *tree, const double *below, counted *items)
{
    items[0] = (counted){ 0 };
    for (uint32_t i = 1; i < tree->count; i++) {
        const tp_node *node = tp_tree_node(tree, i);
        bool begins = below[i] >= PHASE * (node->calls > 0 ? (double)node->calls : 1);
        items[i] = (counted){ .phase = begins ? i : items[node->parent].phase,
                              .function = tp_tree_function(tree, node),
                              .calls = (double)node->calls };
    }
}

/* From the items of one phase, which are sorted by function. */
static double functions_of(const counted *items, size_t count)
{
    double calls = 0, entropy = 0;
    for (size_t i = 0; i < count; i++)
        calls += items[i].calls;
    for (size_t i = 0; i < count;) {
        double same = 0;
        for (uint32_t function = items[i].function; i < count && items[i].function == function; i++)
            same += items[i].calls;
        if (same > 0)
            entropy -= same / calls * log(same / calls);
    }
    return exp(entropy);
}

/* From here on below[] is by phase: how many times as high costs are. */
static void price_phases(counted *items, size_t count, double variety, double *below)
{
    qsort(items, count, sizeof *items, by_phase);
    for (size_t first = 0, end; first < count; first = end) {
        for (end = first; end < count && items[end].phase == items[first].phase;)
            end++;
        below[items[first].phase] = times_of(variety, functions_of(&items[first], end - first));
    }
}

static tp_status price_by_phase(const tp_track *track, double variety, double *times)
{
    const tp_tree *tree = &track->tree;
    const tp_allocator *allocator = track->session->allocator;
    uint32_t *phases = tp_alloc(allocator, tree->count, sizeof *phases);
    counted *items = tp_alloc(allocator, tree->count, sizeof *items);
    tp_status status = phases == NULL || items == NULL ? TP_ENOMEM : TP_OK;
    if (status == TP_OK) {
        find_phases(tree, times, items);
        for (uint32_t i = 0; i < tree->count; i++)
            phases[i] = items[i].phase;
        price_phases(items + 1, tree->count - 1, variety, times);
        /* A phase's number is not above its nodes': from the last on none is needed again once written. */
        for (uint32_t i = tree->count; i-- > 1;)
            times[i] = times[phases[i]];
    }
    tp_free(allocator, phases);
    tp_free(allocator, items);
    return status;
}

/* Of a tree that is all one phase. */
static tp_status price_all(const tp_track *track, double variety, double *times)
{
    const tp_session *session = track->session;
    size_t count = session->labels.set.count;
    double *by_function = tp_alloc(session->allocator, count, sizeof *by_function);
    if (by_function == NULL)
        return TP_ENOMEM;
    double calls = count_nodes(&track->tree, by_function);
    double price = times_of(variety, perplexity(by_function, count, calls));
    for (uint32_t i = 0; i < track->tree.count; i++)
        times[i] = price;
    tp_free(session->allocator, by_function);
    return TP_OK;
}

tp_status tp_track_variety(const tp_track *track, double variety, double *times)
{
    sum_below(&track->tree, times);
    return times[0] < PHASE ? price_all(track, variety, times) : price_by_phase(track, variety, times);
}

void tp_session_calls(const tp_session *session, uint64_t *calls)
{
    memset(calls, 0, TP_CALL_KINDS * sizeof *calls);
    for (size_t t = 0; t < session->track_count; t++) {
        const tp_tree *tree = &session->tracks[t]->tree;
        for (uint32_t i = 1; i < tree->count; i++) {
            const tp_node *node = tp_tree_node(tree, i);
            calls[tp_node_kind(node)] += node->calls;
        }
    }
}

double tp_session_cost(const tp_session *session)
{
    const tp_costs *costs = tp_session_costs(session);
    double sum = 0;
    if (costs == NULL)
        return 0;
    for (size_t t = 0; t < session->track_count; t++) {
        const tp_track *track = session->tracks[t];
        sum += (double)track->searches * costs->search + (double)track->company * costs->company;
        for (uint32_t i = 1; i < track->tree.count; i++) {
            const tp_node *node = tp_tree_node(&track->tree, i);
            const tp_cost *kind = &costs->kinds[tp_node_kind(node)];
            double recursion = tp_node_is_recursive(&track->tree, node) ? kind->recursion : 0;
            sum += costs->fresh + (double)node->calls * (kind->inside + kind->outside + recursion) +
                   (double)tp_node_unseen(node) * costs->unseen;
        }
        for (size_t i = 0; i < track->beyond.anchor_count; i++)
            sum += track->beyond.anchors[i].taken + track->beyond.anchors[i].outside;
    }
    return sum;
}
