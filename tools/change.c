#include "change.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "heading.h"

const char *tp_change_word(tp_change_kind kind)
{
    static const char *const words[] = { "new",        "gone",        "slower", "faster",
                                         "more-calls", "fewer-calls", "same" };
    return words[kind];
}

void tp_changes_free(tp_changes *changes)
{
    free(changes->list);
    *changes = (tp_changes){ .count = 0 };
}

typedef struct judge {
    const tp_change_rules *rules;
    double least; /* seconds */
    tp_changes *changes;
} judge;

static double time_of(const judge *j, const tp_figures_of *figures)
{
    return j->rules->by_self ? figures->self : figures->cumulative;
}

static tp_change_kind kind_of(const judge *j, const tp_change *change)
{
    double delta = time_of(j, &change->b) - time_of(j, &change->a);
    if (!change->a.there)
        return fabs(delta) >= j->least ? TP_CHANGE_NEW : TP_CHANGE_KINDS;
    if (!change->b.there)
        return fabs(delta) >= j->least ? TP_CHANGE_GONE : TP_CHANGE_KINDS;
    int times_count = !j->rules->by_calls && delta != 0 && fabs(delta) >= j->least;
    if (times_count)
        return delta > 0 ? TP_CHANGE_SLOWER : TP_CHANGE_FASTER;
    if (change->a.calls != change->b.calls)
        return change->b.calls > change->a.calls ? TP_CHANGE_MORE_CALLS : TP_CHANGE_FEWER_CALLS;
    return TP_CHANGE_KINDS;
}

static tp_status add(judge *j, tp_change *change)
{
    tp_changes *changes = j->changes;
    change->kind = kind_of(j, change);
    if (change->kind == TP_CHANGE_KINDS) {
        changes->same++;
        return TP_OK;
    }
    if ((j->rules->kinds & 1u << change->kind) == 0) {
        changes->other++;
        return TP_OK;
    }
    change->weight = j->rules->by_calls
                         ? fabs((double)change->b.calls - (double)change->a.calls)
                         : fabs(time_of(j, &change->b) - time_of(j, &change->a));
    change->number = changes->count;
    if (changes->count == changes->capacity) {
        size_t wanted = changes->capacity == 0 ? 64 : changes->capacity * 2;
        tp_change *list = realloc(changes->list, wanted * sizeof *list);
        if (list == NULL)
            return TP_ENOMEM;
        changes->list = list;
        changes->capacity = wanted;
    }
    changes->list[changes->count++] = *change;
    return TP_OK;
}

static tp_figures_of figures_of(const tp_function *f)
{
    return (tp_figures_of){ .there = (f->flags & TP_FUNCTION_IMPLIED) == 0,
                            .calls = f->calls,
                            .self = f->total,
                            .cumulative = f->cumulative };
}

/* Functions of b that have no counterpart in a. */
static tp_status add_new(judge *j, const tp_profile *a, const tp_profile *b,
                         const uint32_t *b_of_a)
{
    size_t count = tp_profile_function_count(b);
    char *matched = calloc(count + 1, 1);
    tp_status status = matched == NULL ? TP_ENOMEM : TP_OK;
    for (size_t i = 0; status == TP_OK && i < tp_profile_function_count(a); i++) {
        if (b_of_a[i] != TP_NO_INDEX)
            matched[b_of_a[i]] = 1;
    }
    for (size_t i = 0; status == TP_OK && i < count; i++) {
        const tp_function *f = &tp_profile_functions(b)[i];
        tp_change change = { .label = &f->label, .b = figures_of(f) };
        if (!matched[i] && change.b.there)
            status = add(j, &change);
    }
    free(matched);
    return status;
}

static tp_status compare_functions(judge *j, const tp_profile *a, const tp_profile *b,
                                   const uint32_t *b_of_a)
{
    tp_status status = TP_OK;
    for (size_t i = 0; status == TP_OK && i < tp_profile_function_count(a); i++) {
        const tp_function *f = &tp_profile_functions(a)[i];
        tp_change change = { .label = &f->label, .a = figures_of(f) };
        if (b_of_a[i] != TP_NO_INDEX)
            change.b = figures_of(&tp_profile_functions(b)[b_of_a[i]]);
        if (change.a.there || change.b.there)
            status = add(j, &change);
    }
    return status == TP_OK ? add_new(j, a, b, b_of_a) : status;
}

/* A thread's contexts with what is derived of them. */
typedef struct side {
    const tp_profile *profile;
    const tp_thread_tree *tree;
    double *self;    /* Owned; seconds */
    uint32_t *depth; /* Owned. */
} side;

static void side_free(side *s)
{
    free(s->self);
    free(s->depth);
}

static tp_status side_init(side *s, const tp_profile *profile, const tp_thread_tree *tree)
{
    double unit = tp_profile_unit(profile);
    *s = (side){ .profile = profile, .tree = tree };
    s->self = calloc(tree->context_count + 1, sizeof *s->self);
    s->depth = calloc(tree->context_count + 1, sizeof *s->depth);
    if (s->self == NULL || s->depth == NULL)
        return TP_ENOMEM;
    for (size_t i = 0; i < tree->context_count; i++) {
        const tp_context *c = &tree->contexts[i];
        double seconds = (double)c->inclusive_ticks * unit;
        s->self[i] += seconds;
        if (c->parent != TP_NO_INDEX) {
            s->self[c->parent] -= seconds;
            s->depth[i] = s->depth[c->parent] + 1;
        }
    }
    return TP_OK;
}

static tp_figures_of figures_at(const side *s, uint32_t i)
{
    const tp_context *c = &s->tree->contexts[i];
    return (tp_figures_of){ .there = 1,
                            .calls = (int64_t)c->calls,
                            .self = s->self[i],
                            .cumulative = (double)c->inclusive_ticks *
                                          tp_profile_unit(s->profile) };
}

static const tp_label *label_at(const side *s, uint32_t i)
{
    return &tp_profile_functions(s->profile)[s->tree->contexts[i].function].label;
}

static tp_status compare_contexts(judge *j, const side *a, const side *b, const uint32_t *b_of,
                                  char *matched)
{
    tp_status status = TP_OK;
    for (uint32_t i = 0; status == TP_OK && i < a->tree->context_count; i++) {
        tp_change change = { .label = label_at(a, i), .depth = a->depth[i], .a = figures_at(a, i) };
        if (b_of[i] != TP_NO_INDEX) {
            change.b = figures_at(b, b_of[i]);
            matched[b_of[i]] = 1;
        }
        status = add(j, &change);
    }
    for (uint32_t i = 0; status == TP_OK && i < b->tree->context_count; i++) {
        tp_change change = { .label = label_at(b, i), .depth = b->depth[i], .b = figures_at(b, i) };
        if (!matched[i])
            status = add(j, &change);
    }
    return status;
}

static tp_status compare_trees(judge *j, const tp_profile *a, const tp_thread_tree *tree_a,
                               const tp_profile *b, const tp_thread_tree *tree_b,
                               const uint32_t *b_of_a)
{
    side left, right = { .profile = NULL };
    tp_status status = side_init(&left, a, tree_a);
    if (status == TP_OK)
        status = side_init(&right, b, tree_b);
    uint32_t *b_of = calloc(tree_a->context_count + 1, sizeof *b_of);
    char *matched = calloc(tree_b->context_count + 1, 1);
    if (status == TP_OK && (b_of == NULL || matched == NULL))
        status = TP_ENOMEM;
    if (status == TP_OK)
        status = tp_tree_match(tree_a, tree_b, b_of_a, b_of, NULL);
    if (status == TP_OK)
        status = compare_contexts(j, &left, &right, b_of, matched);
    free(b_of);
    free(matched);
    side_free(&left);
    side_free(&right);
    return status;
}

/* Threads of both profiles, so that those of one name stand together, in the profiles' order. */
typedef struct named {
    const tp_thread_tree *tree;
    int of_b;
} named;

static int compare_names(const named *a, const named *b)
{
    tp_string x = a->tree->name, y = b->tree->name;
    if (x.size != y.size)
        return x.size < y.size ? -1 : 1;
    return memcmp(x.bytes, y.bytes, x.size);
}

static int by_name(const void *a, const void *b)
{
    const named *left = a, *right = b;
    int order = compare_names(left, right);
    if (order == 0)
        order = left->of_b - right->of_b;
    return order != 0 ? order : (left->tree > right->tree) - (left->tree < right->tree);
}

/* Pairs the n-th thread of a name with the n-th of that name: `b_of` by a's threads, `taken` by b's. */
static void pair_sorted(const named *all, size_t count, const tp_thread_tree *a,
                        const tp_thread_tree *b, const tp_thread_tree **b_of, char *taken)
{
    for (size_t start = 0; start < count;) {
        size_t end = start, of_a = 0;
        for (; end < count && compare_names(&all[start], &all[end]) == 0; end++)
            of_a += !all[end].of_b;
        for (size_t n = 0; n < of_a && start + of_a + n < end; n++) {
            const tp_thread_tree *other = all[start + of_a + n].tree;
            b_of[all[start + n].tree - a] = other;
            taken[other - b] = 1;
        }
        start = end;
    }
}

static tp_status pair_threads(const tp_profile *a, const tp_profile *b,
                              const tp_thread_tree **b_of, char *taken)
{
    size_t left = tp_profile_thread_count(a), right = tp_profile_thread_count(b);
    named *all = calloc(left + right + 1, sizeof *all);
    if (all == NULL)
        return TP_ENOMEM;
    for (size_t t = 0; t < left; t++)
        all[t].tree = &tp_profile_threads(a)[t];
    for (size_t t = 0; t < right; t++)
        all[left + t] = (named){ &tp_profile_threads(b)[t], 1 };
    qsort(all, left + right, sizeof *all, by_name);
    pair_sorted(all, left + right, tp_profile_threads(a), tp_profile_threads(b), b_of, taken);
    free(all);
    return TP_OK;
}

/* What has no counterpart is compared with an empty tree. */
static tp_status compare_pairs(judge *j, const tp_profile *a, const tp_profile *b,
                               const uint32_t *b_of_a, const tp_thread_tree *const *b_of,
                               const char *taken)
{
    static const tp_thread_tree none = { .context_count = 0 };
    tp_status status = TP_OK;
    for (size_t t = 0; status == TP_OK && t < tp_profile_thread_count(a); t++)
        status = compare_trees(j, a, &tp_profile_threads(a)[t], b,
                               b_of[t] != NULL ? b_of[t] : &none, b_of_a);
    for (size_t t = 0; status == TP_OK && t < tp_profile_thread_count(b); t++) {
        if (!taken[t])
            status = compare_trees(j, a, &none, b, &tp_profile_threads(b)[t], b_of_a);
    }
    return status;
}

static tp_status compare_paths(judge *j, const tp_profile *a, const tp_profile *b,
                               const uint32_t *b_of_a)
{
    const tp_thread_tree **b_of = calloc(tp_profile_thread_count(a) + 1, sizeof *b_of);
    char *taken = calloc(tp_profile_thread_count(b) + 1, 1);
    tp_status status = b_of == NULL || taken == NULL ? TP_ENOMEM : pair_threads(a, b, b_of, taken);
    if (status == TP_OK)
        status = compare_pairs(j, a, b, b_of_a, b_of, taken);
    free((void *)b_of);
    free(taken);
    return status;
}

static int largest_first(const void *a, const void *b)
{
    const tp_change *left = a, *right = b;
    if (left->weight != right->weight)
        return left->weight < right->weight ? 1 : -1;
    return (left->number > right->number) - (left->number < right->number);
}

tp_status tp_changes_find(tp_changes *changes, const tp_profile *a, const tp_profile *b,
                          const tp_change_rules *rules)
{
    judge j = { .rules = rules, .changes = changes };
    *changes = (tp_changes){ .count = 0 };
    j.least = fmax(rules->least_seconds, rules->least_share * tp_total_time(a));
    uint32_t *b_of_a = calloc(tp_profile_function_count(a) + 1, sizeof *b_of_a);
    tp_status status = b_of_a == NULL ? TP_ENOMEM : tp_profile_match(a, b, b_of_a);
    if (status == TP_OK)
        status = rules->by_path ? compare_paths(&j, a, b, b_of_a)
                                : compare_functions(&j, a, b, b_of_a);
    free(b_of_a);
    if (status == TP_OK && changes->count > 1)
        qsort(changes->list, changes->count, sizeof *changes->list, largest_first);
    changes->shown = changes->count < rules->limit ? changes->count : rules->limit;
    return status;
}
