#include "variety.h"

#include <math.h>

#include "memory.h"
#include "recorder.h"

/* Adds the track's calls, by function, and gives their number. */
static double count_calls(const tp_track *track, double *by_function)
{
    double calls = 0;
    for (uint32_t i = 1; i < track->tree.count; i++) {
        const tp_node *node = tp_tree_node(&track->tree, i);
        by_function[tp_tree_function(&track->tree, node)] += (double)node->calls;
        calls += (double)node->calls;
    }
    const tp_flat *flat = &track->beyond.flat;
    for (size_t i = 0; i < flat->function_count; i++) {
        by_function[i] += (double)flat->functions[i].calls;
        calls += (double)flat->functions[i].calls;
    }
    return calls;
}

tp_status tp_session_functions(const tp_session *session, double *functions)
{
    size_t count = session->labels.set.count;
    double *by_function = tp_alloc(session->allocator, count, sizeof *by_function);
    if (by_function == NULL)
        return TP_ENOMEM;
    double calls = 0, entropy = 0;
    for (size_t i = 0; i < session->track_count; i++)
        calls += count_calls(session->tracks[i], by_function);
    for (size_t i = 0; i < count; i++) {
        double part = by_function[i] / calls;
        if (part > 0)
            entropy -= part * log(part);
    }
    tp_free(session->allocator, by_function);
    *functions = exp(entropy);
    return TP_OK;
}

tp_status tp_costs_scale(tp_costs *costs, double *scale, const tp_session *session)
{
    double functions;
    tp_status status = tp_session_functions(session, &functions);
    if (status != TP_OK)
        return status;
    double times = 1 + session->costs.variety * (sqrt(functions) - 1);
    *costs = session->costs;
    for (size_t i = 0; i < TP_CALL_KINDS; i++) {
        costs->kinds[i].inside *= times;
        costs->kinds[i].outside *= times;
    }
    costs->unseen *= times;
    costs->company *= times;
    costs->fresh *= times;
    costs->search *= times;
    *scale = times;
    return TP_OK;
}

double tp_session_cost(const tp_session *session)
{
    const tp_costs *costs = tp_session_costs(session);
    double sum = 0;
    if (costs == NULL)
        return 0;
    for (size_t t = 0; t < session->track_count; t++) {
        const tp_track *track = session->tracks[t];
        sum += (double)track->searches / 2 * costs->search + (double)track->company * costs->company;
        for (uint32_t i = 1; i < track->tree.count; i++) {
            const tp_node *node = tp_tree_node(&track->tree, i);
            const tp_cost *kind = &costs->kinds[tp_node_kind(node)];
            sum += costs->fresh + (double)node->calls * (kind->inside + kind->outside) +
                   (double)tp_node_unseen(node) * costs->unseen;
        }
        for (size_t i = 0; i < track->beyond.anchor_count; i++)
            sum += track->beyond.anchors[i].taken + track->beyond.anchors[i].outside;
    }
    return sum;
}
