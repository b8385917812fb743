/* Tarjan's algorithm, with a stack of its own: Tarjan, "Depth-First Search and Linear Graph Algorithms"
 * (1972). */
#include "cycles.h"

#include "memory.h"

typedef struct finder {
    const tp_profile *profile;
    uint32_t *first; /* Owned, as all here; callees of f are callees[first[f] .. first[f + 1] - 1] */
    uint32_t *callees;
    uint32_t *order; /* when f was met first, from 1; 0: not yet */
    uint32_t *low;   /* the earliest on the path that f leads to */
    uint32_t *next;  /* of f's callees, to be looked at */
    uint32_t *path;  /* functions being looked at, each called by the one before */
    uint32_t *open;  /* met, and in no component yet */
    uint32_t met, depth, open_count, components;
} finder;

static void finder_free(finder *f)
{
    const tp_allocator *allocator = f->profile->allocator;
    tp_free(allocator, f->first);
    tp_free(allocator, f->callees);
    tp_free(allocator, f->order);
    tp_free(allocator, f->low);
    tp_free(allocator, f->next);
    tp_free(allocator, f->path);
    tp_free(allocator, f->open);
}

static tp_status finder_init(finder *f)
{
    const tp_profile *p = f->profile;
    size_t count = p->function_count;
    f->first = tp_alloc(p->allocator, count + 2, sizeof *f->first);
    f->callees = tp_alloc(p->allocator, p->edge_count, sizeof *f->callees);
    f->order = tp_alloc(p->allocator, count, sizeof *f->order);
    f->low = tp_alloc(p->allocator, count, sizeof *f->low);
    f->next = tp_alloc(p->allocator, count, sizeof *f->next);
    f->path = tp_alloc(p->allocator, count, sizeof *f->path);
    f->open = tp_alloc(p->allocator, count, sizeof *f->open);
    if (!f->first || !f->callees || !f->order || !f->low || !f->next || !f->path || !f->open)
        return TP_ENOMEM;
    for (size_t i = 0; i < p->edge_count; i++)
        f->first[p->edges[i].caller + 2]++;
    for (size_t i = 2; i < count + 2; i++)
        f->first[i] += f->first[i - 1];
    for (size_t i = 0; i < p->edge_count; i++)
        f->callees[f->first[p->edges[i].caller + 1]++] = p->edges[i].callee;
    return TP_OK;
}

static void meet(finder *f, uint32_t function)
{
    f->order[function] = f->low[function] = ++f->met;
    f->next[function] = f->first[function];
    f->path[f->depth++] = function;
    f->open[f->open_count++] = function;
}

/* All that is open from `root` on is one component. Numbers stand in `component`, TP_NO_INDEX before. */
static void close_component(finder *f, uint32_t root, uint32_t *component)
{
    uint32_t member;
    do {
        member = f->open[--f->open_count];
        component[member] = f->components;
    } while (member != root);
    f->components++;
}

static void step(finder *f, uint32_t *component)
{
    uint32_t at = f->path[f->depth - 1];
    if (f->next[at] < f->first[at + 1]) {
        uint32_t callee = f->callees[f->next[at]++];
        if (f->order[callee] == 0)
            meet(f, callee);
        else if (component[callee] == TP_NO_INDEX && f->order[callee] < f->low[at])
            f->low[at] = f->order[callee];
        return;
    }
    if (f->low[at] == f->order[at])
        close_component(f, at, component);
    f->depth--;
    if (f->depth > 0 && f->low[at] < f->low[f->path[f->depth - 1]])
        f->low[f->path[f->depth - 1]] = f->low[at];
}

tp_status tp_find_cycles(const tp_profile *profile, uint32_t *component)
{
    finder f = { .profile = profile };
    tp_status status = finder_init(&f);
    for (uint32_t i = 0; i < profile->function_count; i++)
        component[i] = TP_NO_INDEX;
    for (uint32_t i = 0; status == TP_OK && i < profile->function_count; i++) {
        if (f.order[i] == 0)
            meet(&f, i);
        while (f.depth > 0)
            step(&f, component);
    }
    finder_free(&f);
    return status;
}
