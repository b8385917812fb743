/* A part of a profile that has no tree. Rows cannot be divided by who called them beyond one step, so
 * they are kept or dropped whole. */
#include "select.h"

#include <string.h>

#include "assemble.h"
#include "memory.h"

typedef struct sieve {
    const tp_profile *profile;
    const uint8_t *marks;
    tp_function *rows; /* Owned, as all here: figures as they come to be */
    uint8_t *kept;
    uint8_t *edge_kept;
    uint32_t *new_index;
} sieve;

static void sieve_free(sieve *s)
{
    tp_free(s->profile->allocator, s->rows);
    tp_free(s->profile->allocator, s->kept);
    tp_free(s->profile->allocator, s->edge_kept);
    tp_free(s->profile->allocator, s->new_index);
}

static tp_status sieve_init(sieve *s)
{
    const tp_profile *profile = s->profile;
    s->rows = tp_alloc(profile->allocator, profile->function_count, sizeof *s->rows);
    s->kept = tp_alloc(profile->allocator, profile->function_count, 1);
    s->edge_kept = tp_alloc(profile->allocator, profile->edge_count, 1);
    s->new_index = tp_alloc(profile->allocator, profile->function_count, sizeof *s->new_index);
    if (s->rows == NULL || s->kept == NULL || s->edge_kept == NULL || s->new_index == NULL)
        return TP_ENOMEM;
    if (profile->function_count > 0)
        memcpy(s->rows, profile->functions, profile->function_count * sizeof *s->rows);
    return TP_OK;
}

/* Edges by one of their ends, and rows that are reached but not yet followed. */
typedef struct reach {
    uint32_t *first; /* Owned, as all here: of each row, where its edges begin; and the end */
    uint32_t *edges;
    uint32_t *waiting;
} reach;

static uint32_t end_of(const tp_edge *edge, bool caller)
{
    return caller ? edge->caller : edge->callee;
}

/* A counting sort. */
static void sort_by_end(const tp_profile *profile, reach *r, bool caller)
{
    for (size_t e = 0; e < profile->edge_count; e++)
        r->first[end_of(&profile->edges[e], caller) + 2]++;
    for (size_t f = 2; f < profile->function_count + 2; f++)
        r->first[f] += r->first[f - 1];
    for (uint32_t e = 0; e < profile->edge_count; e++)
        r->edges[r->first[end_of(&profile->edges[e], caller) + 1]++] = e;
}

static void follow(const tp_profile *profile, const reach *r, uint8_t *reached, bool downwards)
{
    size_t count = 0;
    for (uint32_t f = 0; f < profile->function_count; f++) {
        if (reached[f])
            r->waiting[count++] = f;
    }
    while (count > 0) {
        uint32_t from = r->waiting[--count];
        for (uint32_t n = r->first[from]; n < r->first[from + 1]; n++) {
            uint32_t to = end_of(&profile->edges[r->edges[n]], !downwards);
            if (!reached[to]) {
                reached[to] = 1;
                r->waiting[count++] = to;
            }
        }
    }
}

/* Spreads `reached` along edges, from callers to callees or the other way. */
static tp_status spread(const sieve *s, uint8_t *reached, bool downwards)
{
    const tp_profile *profile = s->profile;
    const tp_allocator *allocator = profile->allocator;
    reach r = { .first = tp_alloc(allocator, profile->function_count + 2, sizeof *r.first),
                .edges = tp_alloc(allocator, profile->edge_count, sizeof *r.edges),
                .waiting = tp_alloc(allocator, profile->function_count, sizeof *r.waiting) };
    bool all = r.first != NULL && r.edges != NULL && r.waiting != NULL;
    if (all) {
        sort_by_end(profile, &r, downwards);
        follow(profile, &r, reached, downwards);
    }
    tp_free(allocator, r.first);
    tp_free(allocator, r.edges);
    tp_free(allocator, r.waiting);
    return all ? TP_OK : TP_ENOMEM;
}

/* Rows on a path through a match: what leads to it, and what it leads to. */
static tp_status focus(sieve *s)
{
    size_t count = s->profile->function_count;
    uint8_t *below = tp_alloc(s->profile->allocator, count, 1);
    if (below == NULL)
        return TP_ENOMEM;
    for (size_t i = 0; i < count; i++)
        s->kept[i] = below[i] = (s->marks[i] & TP_MARK_FOCUS) != 0;
    tp_status status = spread(s, s->kept, false);
    if (status == TP_OK)
        status = spread(s, below, true);
    for (size_t i = 0; i < count; i++)
        s->kept[i] |= below[i];
    tp_free(s->profile->allocator, below);
    return status;
}

/* An edge goes, and its own time to the caller. */
static void fold_edge(sieve *s, size_t e)
{
    const tp_edge *edge = &s->profile->edges[e];
    s->edge_kept[e] = 0;
    s->rows[edge->caller].total += edge->total;
    s->rows[edge->caller].other_total += edge->other_total;
}

static double not_below_zero(double value)
{
    return value > 0 ? value : 0;
}

static double less(double value, double by)
{
    return not_below_zero(value - by);
}

/* Unsigned: differences of hostile files may wrap, which is no harm. */
static int64_t subtract(int64_t from, int64_t count)
{
    return (int64_t)((uint64_t)from - (uint64_t)count);
}

/* What a library calls in a library is part of the call. A row whose calls are all such is gone. */
static void collapse(sieve *s, size_t e)
{
    const tp_edge *edge = &s->profile->edges[e];
    tp_function *row = &s->rows[edge->callee];
    fold_edge(s, e);
    row->calls = subtract(row->calls, edge->calls);
    row->primitive_calls = subtract(row->primitive_calls, edge->primitive_calls);
    row->total = less(row->total, edge->total);
    row->cumulative = less(row->cumulative, edge->cumulative);
    row->other_total = less(row->other_total, edge->other_total);
    row->other_cumulative = less(row->other_cumulative, edge->other_cumulative);
    if (row->primitive_calls < 0)
        row->primitive_calls = 0;
    if (row->calls <= 0)
        s->kept[edge->callee] = 0;
}

static void sift_edges(sieve *s)
{
    for (size_t e = 0; e < s->profile->edge_count; e++) {
        const tp_edge *edge = &s->profile->edges[e];
        uint8_t caller = s->marks[edge->caller], callee = s->marks[edge->callee];
        s->edge_kept[e] = 1;
        if ((callee & TP_MARK_HIDE) != 0)
            fold_edge(s, e);
        else if ((caller & callee & TP_MARK_LIBRARY) != 0)
            collapse(s, e);
    }
}

/* Which of the times. */
static double *own_time(tp_function *row, bool other)
{
    return other ? &row->other_total : &row->total;
}

static double weight(const tp_edge *edge, uint32_t hidden, bool other)
{
    if (edge->caller == hidden)
        return 0;
    return not_below_zero(other ? edge->other_cumulative : edge->cumulative);
}

/* What has come to a row that is hidden itself goes on to those that called it, by their shares. */
static bool pass_on(sieve *s, size_t first, size_t end, bool other)
{
    const tp_edge *edges = s->profile->edges;
    uint32_t hidden = edges[first].callee;
    const tp_function *was = &s->profile->functions[hidden];
    double *own = own_time(&s->rows[hidden], other);
    double whole = 0, extra = *own - (other ? was->other_total : was->total);
    for (size_t e = first; e < end; e++)
        whole += weight(&edges[e], hidden, other);
    if (extra <= 0 || whole <= 0)
        return false;
    for (size_t e = first; e < end; e++) {
        double part = weight(&edges[e], hidden, other);
        if (part > 0)
            *own_time(&s->rows[edges[e].caller], other) += extra * part / whole;
    }
    *own -= extra;
    return true;
}

/* Chains of what is hidden have an end, or go round with ever less. */
#define MOST_ROUNDS 64

static void settle_hidden(sieve *s, bool other)
{
    const tp_profile *p = s->profile;
    bool moved = true;
    for (int round = 0; moved && round < MOST_ROUNDS; round++) {
        moved = false;
        for (size_t first = 0, end; first < p->edge_count; first = end) {
            for (end = first; end < p->edge_count && p->edges[end].callee == p->edges[first].callee;)
                end++;
            if ((s->marks[p->edges[first].callee] & TP_MARK_HIDE) != 0)
                moved |= pass_on(s, first, end, other);
        }
    }
}

static tp_status copy_rows(sieve *s, tp_profile *part)
{
    for (size_t i = 0; i < s->profile->function_count; i++) {
        tp_function row = s->rows[i];
        s->new_index[i] = TP_NO_INDEX;
        if (!s->kept[i])
            continue;
        tp_status status = tp_profile_label(part, &row.label, &s->profile->functions[i].label);
        if (status == TP_OK)
            status = tp_profile_add_function(part, &s->new_index[i], &row);
        if (status != TP_OK)
            return status;
    }
    return TP_OK;
}

static tp_status copy_edges(const sieve *s, tp_profile *part)
{
    for (size_t e = 0; e < s->profile->edge_count; e++) {
        tp_edge edge = s->profile->edges[e];
        if (!s->edge_kept[e] || !s->kept[edge.caller] || !s->kept[edge.callee])
            continue;
        edge.caller = s->new_index[edge.caller];
        edge.callee = s->new_index[edge.callee];
        tp_status status = tp_profile_add_edge(part, &edge);
        if (status != TP_OK)
            return status;
    }
    return TP_OK;
}

tp_status tp_select_rows(tp_profile *part, const tp_profile *profile,
                         const tp_selection *selection, const uint8_t *marks)
{
    sieve s = { .profile = profile, .marks = marks };
    tp_status status = sieve_init(&s);
    if (status == TP_OK && selection->focus != NULL)
        status = focus(&s);
    else if (status == TP_OK)
        for (size_t i = 0; i < profile->function_count; i++)
            s.kept[i] = 1;
    for (size_t i = 0; status == TP_OK && i < profile->function_count; i++) {
        if ((marks[i] & (TP_MARK_IGNORE | TP_MARK_HIDE)) != 0)
            s.kept[i] = 0;
    }
    if (status == TP_OK) {
        sift_edges(&s);
        settle_hidden(&s, false);
        if (profile->both_times)
            settle_hidden(&s, true);
        status = copy_rows(&s, part);
    }
    if (status == TP_OK)
        status = copy_edges(&s, part);
    if (status == TP_OK)
        status = tp_copy_coroutines(part, profile, s.new_index, 1);
    sieve_free(&s);
    return status;
}
