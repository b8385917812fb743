/* Compensation: on clocks that tell what they are told to, what was recorded with probes that cost
 * something is, once that is taken out, what is recorded with probes that cost nothing. */
#include <math.h>
#include <stdlib.h>

#include "strand.h"
#include "support.h"
#include "suspension.h"

#define THREADS 2
#define STRANDS 3
#define DEEPEST 40
#define MAIN_STRAND 16

/* A program is played for three recordings at once: one on a clock on which probes cost time, with costs;
 * one on a clock on which they do not; and one on the first clock without costs. Each thread has clocks of
 * its own, as those of processor time are. */
enum { COSTLY, FREE, PLAIN, RECORDINGS };

typedef struct stack {
    char letters[DEEPEST];
    uint64_t instances[DEEPEST];
    size_t depth;
} stack;

typedef struct world {
    uint64_t costly_now[THREADS], free_now[THREADS];
    tp_clock *costly, *free;
    tp_session *sessions[RECORDINGS];
    tp_track *tracks[RECORDINGS][THREADS];
    tp_suspensions suspended[RECORDINGS];
    stack stacks[THREADS][STRANDS];
    uint64_t asleep[2][DEEPEST]; /* instances of the two coroutine functions that are suspended */
    size_t asleep_count[2];
    uint64_t instances;
    int strand[THREADS];
    int thread;
    int stretches; /* whether code takes longer, too */
    tp_costs costs;
} world;

/* The world the tests of this process play in: clocks ask it which thread runs. */
static world w;

static uint64_t read_costly(void *context)
{
    (void)context;
    return w.costly_now[w.thread];
}

static uint64_t read_free(void *context)
{
    (void)context;
    return w.free_now[w.thread];
}

/* The probe's parts, by kind: before the entry's reading, after it, before the exit's, after it. */
static uint64_t part(unsigned kind, char which)
{
    switch (which) {
    case 'a':
        return kind % 3;
    case 'b':
        return 1 + kind % 4;
    case 'c':
        return kind % 5;
    default:
        return 2 + kind % 2;
    }
}

#define UNSEEN 3u

static unsigned kind_of(char letter, char above)
{
    return ((unsigned)letter * 7 + (unsigned)above * 3) % TP_CALL_KINDS;
}

static unsigned stretch_of(unsigned kind)
{
    return w.stretches ? 1u << kind % 3 : 1;
}

static char letter_of(const void *key)
{
    return key == NULL ? 0 : (char)((const uint64_t *)key - letters);
}

static unsigned kind(void *context, const void *key, void *subject, const void *above)
{
    (void)context;
    (void)subject;
    return kind_of(letter_of(key), letter_of(above));
}

/* 'y' and 'z' are coroutine functions. */
static int is_coroutine(void *context, const void *key, void *subject)
{
    (void)context;
    (void)subject;
    return letter_of(key) >= 'y';
}

static void fill_costs(void)
{
    w.costs = (tp_costs){ .size = sizeof w.costs, .unseen = UNSEEN };
    for (unsigned k = 0; k < TP_CALL_KINDS; k++)
        w.costs.kinds[k] = (tp_cost){ .inside = (double)(part(k, 'b') + part(k, 'c')),
                                      .outside = (double)(part(k, 'a') + part(k, 'd')),
                                      .stretch = stretch_of(k) };
}

static void open_world(uint32_t max_contexts, int stretches)
{
    w = (world){ .stretches = stretches };
    ck_assert_int_eq(tp_clock_create_callback(&w.costly, read_costly, NULL, 1.0), TP_OK);
    ck_assert_int_eq(tp_clock_create_callback(&w.free, read_free, NULL, 1.0), TP_OK);
    fill_costs();
    for (int r = 0; r < RECORDINGS; r++) {
        tp_session_options options = TP_SESSION_OPTIONS_INIT;
        options.clock = r == FREE ? w.free : w.costly;
        options.resolver.resolve = resolve_letter;
        options.resolver.is_coroutine = is_coroutine;
        options.resolver.kind = kind;
        options.max_contexts = max_contexts;
        ck_assert_int_eq(tp_session_create(&w.sessions[r], &options), TP_OK);
        for (uint64_t t = 0; t < THREADS; t++)
            ck_assert_int_eq(
                tp_session_add_track(w.sessions[r], &w.tracks[r][t], "thread", 6, t + 1), TP_OK);
        tp_suspensions_init(&w.suspended[r], NULL);
    }
    ck_assert_int_eq(tp_session_set_costs(w.sessions[COSTLY], &w.costs), TP_OK);
}

static void close_world(void)
{
    for (int r = 0; r < RECORDINGS; r++) {
        tp_suspensions_forget(&w.suspended[r], w.sessions[r]);
        tp_suspensions_free(&w.suspended[r]);
        tp_session_destroy(w.sessions[r]);
    }
    tp_clock_destroy(w.costly);
    tp_clock_destroy(w.free);
}

static stack *here(void)
{
    return &w.stacks[w.thread][w.strand[w.thread]];
}

static char at(const stack *s, size_t from_top)
{
    return s->depth > from_top ? s->letters[s->depth - 1 - from_top] : 0;
}

static void spend(uint64_t ticks)
{
    w.costly_now[w.thread] += ticks;
}

/* The innermost call works, which takes longer while hooks are on. */
static void work(uint64_t ticks)
{
    const stack *s = here();
    w.free_now[w.thread] += ticks;
    spend(ticks * stretch_of(kind_of(at(s, 0), at(s, 1))));
}

/* `resumed` is an instance that goes on, or 0. */
static void enter(char letter, uint64_t resumed)
{
    stack *s = here();
    unsigned k = kind_of(letter, at(s, 0));
    const void *key = &letters[(unsigned char)letter];
    spend(part(k, 'a'));
    for (int r = 0; r < RECORDINGS; r++) {
        tp_track *track = w.tracks[r][w.thread];
        if (resumed != 0)
            tp_resume(&w.suspended[r], track, key, resumed);
        else
            tp_enter(track, key, NULL);
    }
    spend(part(k, 'b'));
    s->instances[s->depth] = resumed != 0 ? resumed : ++w.instances * 16;
    s->letters[s->depth++] = letter;
}

static void leave(int suspends)
{
    stack *s = here();
    char letter = at(s, 0);
    unsigned k = kind_of(letter, at(s, 1));
    uint64_t instance = s->instances[--s->depth];
    const void *key = &letters[(unsigned char)letter];
    spend(part(k, 'c'));
    for (int r = 0; r < RECORDINGS; r++) {
        tp_track *track = w.tracks[r][w.thread];
        if (suspends)
            tp_suspend(&w.suspended[r], track, key, instance);
        else
            tp_leave(track, key);
    }
    spend(part(k, 'd'));
    if (suspends)
        w.asleep[letter - 'y'][w.asleep_count[letter - 'y']++] = instance;
}

static void call_unseen(void)
{
    spend(UNSEEN);
    for (int r = 0; r < RECORDINGS; r++)
        tp_track_count_unseen(w.tracks[r][w.thread], 1);
}

static void switch_strand(int to)
{
    int from = w.strand[w.thread];
    if (from == to)
        return;
    for (int r = 0; r < RECORDINGS; r++)
        tp_track_switch(w.tracks[r][w.thread], MAIN_STRAND + (uint64_t)from,
                        MAIN_STRAND + (uint64_t)to);
    w.strand[w.thread] = to;
}

static void call_coroutine(void)
{
    int which = rand() % 2;
    char letter = (char)('y' + which);
    if (at(here(), 0) == letter) /* how deep they call themselves is not known: see docs/accuracy.md */
        return;
    if (w.asleep_count[which] > 0 && rand() % 3 > 0)
        enter(letter, w.asleep[which][--w.asleep_count[which]]);
    else
        enter(letter, 0);
}

static void end_call(void)
{
    char letter = at(here(), 0);
    leave(letter >= 'y' && w.asleep_count[letter - 'y'] < DEEPEST && rand() % 3 > 0);
}

/* A random program over a few letters, whose last calls have not ended. */
static void play_open(unsigned seed, int steps, int letters_used, int strands)
{
    srand(seed);
    for (int i = 0; i < steps; i++) {
        int choice = rand() % 24;
        if (choice < 7 && here()->depth < DEEPEST)
            enter((char)('a' + rand() % letters_used), 0);
        else if (choice < 9 && here()->depth < DEEPEST)
            call_coroutine();
        else if (choice < 16 && here()->depth > 0)
            end_call();
        else if (choice < 18)
            call_unseen();
        else if (choice == 18)
            w.thread = rand() % THREADS;
        else if (choice == 19 && strands > 1)
            switch_strand(rand() % strands);
        else
            work((uint64_t)(rand() % 30));
    }
}

/* Another, all of whose calls end. */
static void play_random(unsigned seed, int steps, int letters_used, int strands)
{
    play_open(seed, steps, letters_used, strands);
    for (w.thread = 0; w.thread < THREADS; w.thread++) {
        for (int s = 0; s < strands; s++) {
            switch_strand(s);
            while (here()->depth > 0)
                end_call();
        }
    }
    w.thread = 0;
}

static tp_profile *profile_of(int recording)
{
    tp_profile *profile;
    ck_assert_int_eq(tp_session_profile(w.sessions[recording], &profile), TP_OK);
    return profile;
}

static void assert_same_rows(const tp_profile *a, const tp_profile *b, unsigned seed)
{
    ck_assert_uint_eq(tp_profile_function_count(a), tp_profile_function_count(b));
    for (size_t i = 0; i < tp_profile_function_count(a); i++) {
        const tp_function *x = &tp_profile_functions(a)[i], *y = &tp_profile_functions(b)[i];
        ck_assert_msg(x->label.line == y->label.line && x->calls == y->calls &&
                          x->primitive_calls == y->primitive_calls && x->total == y->total &&
                          x->cumulative == y->cumulative,
                      "seed %u, function %c: total %g not %g, cumulative %g not %g", seed,
                      (int)x->label.line, x->total, y->total, x->cumulative, y->cumulative);
    }
    ck_assert_uint_eq(tp_profile_edge_count(a), tp_profile_edge_count(b));
    for (size_t i = 0; i < tp_profile_edge_count(a); i++) {
        const tp_edge *x = &tp_profile_edges(a)[i], *y = &tp_profile_edges(b)[i];
        ck_assert_msg(x->caller == y->caller && x->callee == y->callee && x->calls == y->calls &&
                          x->primitive_calls == y->primitive_calls && x->total == y->total &&
                          x->cumulative == y->cumulative,
                      "seed %u, edge %zu: total %g not %g, cumulative %g not %g", seed, i, x->total,
                      y->total, x->cumulative, y->cumulative);
    }
}

static void assert_same_trees(const tp_profile *a, const tp_profile *b, unsigned seed)
{
    ck_assert_uint_eq(tp_profile_thread_count(a), tp_profile_thread_count(b));
    for (size_t t = 0; t < tp_profile_thread_count(a); t++) {
        const tp_thread_tree *x = &tp_profile_threads(a)[t], *y = &tp_profile_threads(b)[t];
        ck_assert_uint_eq(x->context_count, y->context_count);
        for (size_t i = 0; i < x->context_count; i++)
            ck_assert_msg(x->contexts[i].function == y->contexts[i].function &&
                              x->contexts[i].parent == y->contexts[i].parent &&
                              x->contexts[i].calls == y->contexts[i].calls &&
                              x->contexts[i].inclusive_ticks == y->contexts[i].inclusive_ticks,
                          "seed %u, context %zu: %lld ticks, not %lld", seed, i,
                          (long long)x->contexts[i].inclusive_ticks,
                          (long long)y->contexts[i].inclusive_ticks);
    }
    ck_assert_uint_eq(tp_profile_coroutine_count(a), tp_profile_coroutine_count(b));
    for (size_t i = 0; i < tp_profile_coroutine_count(a); i++) {
        const tp_coroutine *x = &tp_profile_coroutines(a)[i], *y = &tp_profile_coroutines(b)[i];
        ck_assert_uint_eq(x->started, y->started);
        ck_assert_uint_eq(x->resumes, y->resumes);
        ck_assert_msg(x->active_ticks == y->active_ticks, "seed %u, coroutine %zu: %lld not %lld",
                      seed, i, (long long)x->active_ticks, (long long)y->active_ticks);
    }
}

static double whole(const tp_profile *p)
{
    double sum = 0;
    for (size_t i = 0; i < tp_profile_function_count(p); i++)
        sum += tp_profile_functions(p)[i].total;
    return sum;
}

static void assert_exact(unsigned seed)
{
    tp_profile *costly = profile_of(COSTLY), *truth = profile_of(FREE), *plain = profile_of(PLAIN);
    ck_assert_int_eq(tp_profile_times(costly), TP_TIMES_COMPENSATED);
    ck_assert_int_eq(tp_profile_has_both_times(costly), 1);
    ck_assert_int_eq(tp_profile_has_both_times(plain), 0);
    ck_assert_ptr_null(tp_profile_property(plain, "compensation"));
    assert_same_rows(costly, truth, seed);
    assert_same_trees(costly, truth, seed);
    ck_assert(tp_profile_property(costly, "compensation_clamped")->real == 0);
    ck_assert(tp_profile_property(costly, "compensation_taken")->real ==
              whole(plain) - whole(truth));
    for (size_t i = 0; i < tp_profile_coroutine_count(costly); i++)
        ck_assert_int_eq(tp_profile_coroutines(costly)[i].awaited_ticks,
                         tp_profile_coroutines(plain)[i].awaited_ticks);
    ck_assert_int_eq(tp_profile_show_times(costly, TP_TIMES_RAW), TP_OK);
    assert_same_rows(costly, plain, seed);
    assert_same_trees(costly, plain, seed);
    tp_profile_destroy(costly);
    tp_profile_destroy(truth);
    tp_profile_destroy(plain);
}

static unsigned seeds(void)
{
    return is_quick() ? 20 : 300;
}

START_TEST(true_times_come_back)
{
    for (unsigned seed = 1; seed <= seeds(); seed++) {
        open_world(0, _i);
        play_random(seed, (int)seed * 10, 1 + (int)(seed % 6), 1);
        assert_exact(seed);
        close_world();
    }
}
END_TEST

START_TEST(true_times_come_back_from_strands)
{
    for (unsigned seed = 1; seed <= seeds(); seed++) {
        open_world(0, _i);
        play_random(seed, (int)seed * 10, 1 + (int)(seed % 6), STRANDS);
        assert_exact(seed);
        close_world();
    }
}
END_TEST

START_TEST(true_times_come_back_from_beyond_the_cap)
{
    const uint32_t caps[] = { 1, 2, 3, 7, 20, 100 };
    for (unsigned seed = 1; seed <= seeds(); seed++) {
        open_world(caps[seed % 6], _i);
        play_random(seed, (int)seed * 10, 1 + (int)(seed % 5), 1);
        assert_exact(seed);
        tp_repairs repairs = tp_session_repairs(w.sessions[COSTLY]);
        ck_assert(seed < 60 || repairs.folded > 0 || caps[seed % 6] == 100);
        close_world();
    }
}
END_TEST

/* What is open counts as if it ended now, and stays as it was. */
START_TEST(open_calls_are_as_those_that_end_now)
{
    for (unsigned seed = 1; seed <= seeds(); seed++) {
        open_world(seed % 3 == 0 ? 0 : 1 + seed % 7, 0);
        play_open(seed, 20 + (int)seed * 3, 1 + (int)(seed % 6), 1);
        for (w.thread = THREADS - 1; w.thread > 0; w.thread--)
            tp_track_close(w.tracks[COSTLY][w.thread]); /* one clock reading is for all threads */
        tp_profile *open = profile_of(COSTLY), *again = profile_of(COSTLY);
        tp_track_close(w.tracks[COSTLY][0]);
        tp_profile *closed = profile_of(COSTLY);
        assert_same_rows(open, closed, seed);
        assert_same_trees(open, closed, seed);
        assert_same_trees(again, closed, seed);
        tp_profile_destroy(open);
        tp_profile_destroy(again);
        tp_profile_destroy(closed);
        close_world();
    }
}
END_TEST

/* How deep the calls of the third level lie in one another is not known. */
START_TEST(a_coroutine_that_calls_itself_loses_in_proportion)
{
    open_world(0, 0);
    for (int i = 0; i < 5; i++)
        enter('z', 0);
    work(1000);
    while (here()->depth > 0)
        leave(0);
    tp_profile *costly = profile_of(COSTLY), *truth = profile_of(FREE);
    assert_same_rows(costly, truth, 0);
    double got = (double)tp_profile_coroutines(costly)[0].active_ticks;
    double raw = (double)tp_profile_coroutines(costly)[0].other_active_ticks;
    ck_assert_int_eq(tp_profile_coroutines(truth)[0].active_ticks, 5000);
    ck_assert_msg(fabs(got - 5000) <= 50 && fabs(got - 5000) < (raw - 5000) / 2, "%g, of %g", got, raw);
    tp_profile_destroy(costly);
    tp_profile_destroy(truth);
    close_world();
}
END_TEST

/* Whatever it is told, a profile makes sense. */
static void assert_sane(const tp_profile *p, int has_whole_tree)
{
    double tops = 0;
    for (size_t t = 0; t < tp_profile_thread_count(p); t++) {
        const tp_thread_tree *tree = &tp_profile_threads(p)[t];
        int64_t *self = calloc(tree->context_count + 1, sizeof *self);
        ck_assert_ptr_nonnull(self);
        for (size_t i = 0; i < tree->context_count; i++) {
            const tp_context *c = &tree->contexts[i];
            ck_assert_int_ge(c->inclusive_ticks, 0);
            self[i] += c->inclusive_ticks;
            if (c->parent == TP_NO_INDEX)
                tops += (double)c->inclusive_ticks;
            else
                self[c->parent] -= c->inclusive_ticks;
        }
        for (size_t i = 0; i < tree->context_count; i++)
            ck_assert_int_ge(self[i], 0);
        free(self);
    }
    for (size_t i = 0; i < tp_profile_function_count(p); i++) {
        const tp_function *f = &tp_profile_functions(p)[i];
        ck_assert(f->total >= 0 && f->cumulative >= f->total);
    }
    for (size_t i = 0; i < tp_profile_edge_count(p); i++) {
        const tp_edge *e = &tp_profile_edges(p)[i];
        ck_assert(e->total >= 0 && e->cumulative >= 0);
        if (has_whole_tree)
            ck_assert(e->cumulative >= e->total &&
                      e->cumulative <= tp_profile_functions(p)[e->callee].cumulative);
    }
    for (size_t i = 0; i < tp_profile_coroutine_count(p); i++)
        ck_assert_int_ge(tp_profile_coroutines(p)[i].active_ticks, 0);
    if (has_whole_tree)
        ck_assert_msg(whole(p) == tops, "%g in rows, %g in trees", whole(p), tops);
}

START_TEST(wrong_costs_make_no_nonsense)
{
    int clamped = 0;
    for (unsigned seed = 1; seed <= seeds(); seed++) {
        uint32_t cap = seed % 3 == 0 ? 1 + seed % 10 : 0;
        open_world(cap, _i);
        srand(seed);
        for (unsigned k = 0; k < TP_CALL_KINDS; k++)
            w.costs.kinds[k] = (tp_cost){ .inside = rand() % 300 / 7.0,
                                          .outside = rand() % 100 / 7.0,
                                          .stretch = 0.5 + rand() % 10 / 5.0 };
        ck_assert_int_eq(tp_session_set_costs(w.sessions[COSTLY], &w.costs), TP_OK);
        play_random(seed, (int)seed * 10, 1 + (int)(seed % 6), 1 + (int)(seed % STRANDS));
        tp_profile *p = profile_of(COSTLY), *plain = profile_of(PLAIN);
        assert_sane(p, cap == 0);
        double taken = tp_profile_property(p, "compensation_taken")->real;
        ck_assert(taken == whole(plain) - whole(p));
        clamped += tp_profile_property(p, "compensation_clamped")->real > 0;
        ck_assert_int_eq(tp_profile_show_times(p, TP_TIMES_RAW), TP_OK);
        assert_same_rows(p, plain, seed);
        tp_profile_destroy(p);
        tp_profile_destroy(plain);
        close_world();
    }
    ck_assert_int_gt(clamped, 10);
}
END_TEST

Suite *compensate_suite(void)
{
    Suite *suite = suite_create("compensation");
    TCase *tests = tcase_create("compensation");
    tcase_set_timeout(tests, 120);
    /* In the second run of a loop code takes longer while hooks are on. */
    tcase_add_loop_test(tests, true_times_come_back, 0, 2);
    tcase_add_loop_test(tests, true_times_come_back_from_strands, 0, 2);
    tcase_add_loop_test(tests, true_times_come_back_from_beyond_the_cap, 0, 2);
    tcase_add_test(tests, open_calls_are_as_those_that_end_now);
    tcase_add_test(tests, a_coroutine_that_calls_itself_loses_in_proportion);
    tcase_add_loop_test(tests, wrong_costs_make_no_nonsense, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}
