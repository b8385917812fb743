#include "callgrind_rows.h"

#include <stdio.h>
#include <string.h>

#include "assemble.h"
#include "cycles.h"
#include "memory.h"

/* What is added up for each function. */
typedef struct called {
    double outside, inside, below; /* seconds: by callers elsewhere, by callers in its circle, of its callees */
    double weight;                 /* seconds of all its callers' edges */
    uint64_t is_called;
} called;

static tp_status add_calls(int64_t *sum, int64_t calls)
{
    if (calls > INT64_MAX - *sum)
        return TP_ELIMIT;
    *sum += calls;
    return TP_OK;
}

static tp_status add_edge(tp_profile *p, called *sums, const uint32_t *component, tp_edge *edge)
{
    tp_function *callee = &p->functions[edge->callee];
    called *sum = &sums[edge->callee];
    bool is_itself = edge->caller == edge->callee;
    edge->primitive_calls = is_itself && edge->calls > 0 ? 1 : edge->calls;
    tp_status status = add_calls(&callee->calls, edge->calls);
    if (status == TP_OK && !is_itself)
        status = add_calls(&callee->primitive_calls, edge->calls);
    sum->weight += edge->cumulative;
    if (is_itself)
        return status;
    sum->is_called = 1;
    sums[edge->caller].below += edge->cumulative;
    if (component[edge->caller] == component[edge->callee])
        sum->inside += edge->cumulative;
    else
        sum->outside += edge->cumulative;
    return status;
}

/* The format does not say what a callee did itself for each caller: as it divides what it did at all. */
static void divide_own_times(tp_profile *p, const called *sums)
{
    for (size_t i = 0; i < p->edge_count; i++) {
        tp_edge *edge = &p->edges[i];
        double weight = sums[edge->callee].weight;
        edge->total = weight > 0 ? p->functions[edge->callee].total * (edge->cumulative / weight) : 0;
    }
}

static void finish_rows(tp_profile *p, const called *sums)
{
    for (size_t i = 0; i < p->function_count; i++) {
        tp_function *row = &p->functions[i];
        const called *sum = &sums[i];
        row->flags = 0;
        if (!sum->is_called) {
            row->primitive_calls = 1; /* somebody must have */
            row->calls += row->calls < INT64_MAX;
            row->cumulative = row->total + sum->below;
        } else {
            row->cumulative = sum->outside > 0 ? sum->outside : sum->inside;
        }
    }
}

static bool is_new(const tp_label_set *labels, const tp_label *label)
{
    return tp_label_set_find(labels, label) == TP_MAP_NONE;
}

/* "parse:12", as files are written in which a name alone would not do, is parse if 12 is its line,
 * and nothing else is that. */
static tp_status shorten_name(tp_profile *p, tp_label_set *labels, tp_label *label)
{
    char ending[32];
    uint32_t number;
    int size = snprintf(ending, sizeof ending, ":%lld", (long long)label->line);
    if (size <= 0 || label->name.size <= (size_t)size ||
        memcmp(label->name.bytes + label->name.size - size, ending, (size_t)size) != 0)
        return TP_OK;
    tp_label shorter = { .file = label->file, .line = label->line };
    tp_status status =
        tp_profile_string(p, &shorter.name, label->name.bytes, label->name.size - (size_t)size);
    if (status != TP_OK || !is_new(labels, &shorter))
        return status;
    *label = shorter;
    return tp_label_set_put(labels, &number, label);
}

static tp_status shorten_names(tp_profile *p)
{
    tp_label_set labels;
    tp_status status = TP_OK;
    uint32_t number;
    tp_label_set_init(&labels, &p->strings);
    for (size_t i = 0; status == TP_OK && i < p->function_count; i++)
        status = tp_label_set_put(&labels, &number, &p->functions[i].label);
    for (size_t i = 0; status == TP_OK && i < p->function_count; i++)
        status = shorten_name(p, &labels, &p->functions[i].label);
    tp_label_set_free(&labels);
    return status;
}

tp_status tp_callgrind_rows(tp_profile *p)
{
    called *sums = tp_alloc(p->allocator, p->function_count, sizeof *sums);
    uint32_t *component = tp_alloc(p->allocator, p->function_count, sizeof *component);
    tp_status status = sums == NULL || component == NULL ? TP_ENOMEM : tp_find_cycles(p, component);
    for (size_t i = 0; status == TP_OK && i < p->edge_count; i++)
        status = add_edge(p, sums, component, &p->edges[i]);
    if (status == TP_OK) {
        divide_own_times(p, sums);
        finish_rows(p, sums);
    }
    if (status == TP_OK)
        status = shorten_names(p);
    tp_free(p->allocator, component);
    tp_free(p->allocator, sums);
    return status == TP_OK ? tp_group_edges(p) : status;
}
