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

/* The thread of the same name, the n-th of them for the n-th; an empty tree where there is none. */
static const tp_thread_tree *thread_like(const tp_profile *profile, const tp_profile *other,
                                         size_t thread)
{
    static const tp_thread_tree none = { .context_count = 0 };
    const tp_thread_tree *wanted = &tp_profile_threads(other)[thread];
    size_t before = 0;
    for (size_t i = 0; i < thread; i++) {
        const tp_thread_tree *t = &tp_profile_threads(other)[i];
        before += t->name.size == wanted->name.size &&
                  memcmp(t->name.bytes, wanted->name.bytes, t->name.size) == 0;
    }
    for (size_t i = 0; i < tp_profile_thread_count(profile); i++) {
        const tp_thread_tree *t = &tp_profile_threads(profile)[i];
        if (t->name.size == wanted->name.size &&
            memcmp(t->name.bytes, wanted->name.bytes, t->name.size) == 0 && before-- == 0)
            return t;
    }
    return &none;
}

static tp_status compare_paths(judge *j, const tp_profile *a, const tp_profile *b,
                               const uint32_t *b_of_a)
{
    tp_status status = TP_OK;
    for (size_t t = 0; status == TP_OK && t < tp_profile_thread_count(a); t++)
        status = compare_trees(j, a, &tp_profile_threads(a)[t], b, thread_like(b, a, t), b_of_a);
    for (size_t t = 0; status == TP_OK && t < tp_profile_thread_count(b); t++) {
        const tp_thread_tree *other = thread_like(a, b, t);
        if (other->contexts == NULL) /* of no thread of a's */
            status = compare_trees(j, a, other, b, &tp_profile_threads(b)[t], b_of_a);
    }
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
