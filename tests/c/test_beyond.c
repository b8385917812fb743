/* Past the cap of the tree pstats numbers stay exact, and memory flat. */
#include <stdio.h>
#include <stdlib.h>

#include "support.h"

/* A random script over a few letters: balanced but for what is left open at the end. */
static void random_script(char *script, size_t size, unsigned seed, int letters_used)
{
    size_t depth = 0, i = 0;
    srand(seed);
    while (i < size - 1) {
        int choice = rand() % 10;
        if (choice < 4 && depth < 40) {
            script[i++] = (char)('a' + rand() % letters_used);
            depth++;
        } else if (choice < 7 && depth > 0) {
            script[i++] = ')';
            depth--;
        } else {
            script[i++] = (char)('0' + rand() % 10);
        }
    }
    script[i] = '\0';
}

static tp_profile *record(const char *script, uint32_t max_contexts, int64_t *folded)
{
    fixture f;
    tp_profile *profile;
    open_fixture(&f, max_contexts, 1);
    play(&f, script);
    ck_assert_int_eq(tp_session_profile(f.session, &profile), TP_OK);
    *folded = tp_profile_property(profile, "calls_folded")->integer;
    /* What is open was counted for that profile only: closing gives the same. */
    tp_track_close(f.track);
    tp_profile *closed;
    ck_assert_int_eq(tp_session_profile(f.session, &closed), TP_OK);
    ck_assert_uint_eq(tp_profile_edge_count(profile), tp_profile_edge_count(closed));
    for (size_t i = 0; i < tp_profile_function_count(profile); i++) {
        ck_assert_int_eq(tp_profile_functions(profile)[i].calls,
                         tp_profile_functions(closed)[i].calls);
        ck_assert_int_eq(tp_profile_functions(profile)[i].primitive_calls,
                         tp_profile_functions(closed)[i].primitive_calls);
    }
    tp_profile_destroy(closed);
    close_fixture(&f);
    return profile;
}

static void assert_same_figures(const tp_profile *a, const tp_profile *b, unsigned seed,
                                uint32_t cap)
{
    ck_assert_uint_eq(tp_profile_function_count(a), tp_profile_function_count(b));
    for (size_t i = 0; i < tp_profile_function_count(a); i++) {
        const tp_function *x = &tp_profile_functions(a)[i], *y = &tp_profile_functions(b)[i];
        ck_assert_msg(x->label.line == y->label.line && x->calls == y->calls &&
                          x->primitive_calls == y->primitive_calls && x->total == y->total &&
                          x->cumulative == y->cumulative,
                      "seed %u, cap %u, function %c", seed, cap, (int)x->label.line);
    }
    ck_assert_uint_eq(tp_profile_edge_count(a), tp_profile_edge_count(b));
    for (size_t i = 0; i < tp_profile_edge_count(a); i++) {
        const tp_edge *x = &tp_profile_edges(a)[i], *y = &tp_profile_edges(b)[i];
        ck_assert_msg(x->caller == y->caller && x->callee == y->callee && x->calls == y->calls &&
                          x->primitive_calls == y->primitive_calls && x->total == y->total &&
                          x->cumulative == y->cumulative,
                      "seed %u, cap %u, edge %zu", seed, cap, i);
    }
}

START_TEST(figures_do_not_depend_on_the_cap)
{
    static char script[3000];
    const uint32_t caps[] = { 1, 2, 3, 7, 20, 100 };
    unsigned seeds = is_quick() ? 25 : 200;
    for (unsigned seed = 1; seed <= seeds; seed++) {
        int64_t folded, ignored;
        random_script(script, seed * 15, seed, 1 + (int)(seed % 6));
        tp_profile *whole = record(script, 1000000, &folded);
        ck_assert_int_eq(folded, 0);
        for (size_t i = 0; i < sizeof caps / sizeof *caps; i++) {
            tp_profile *capped = record(script, caps[i], &ignored);
            assert_same_figures(whole, capped, seed, caps[i]);
            tp_profile_destroy(capped);
        }
        tp_profile_destroy(whole);
    }
}
END_TEST

START_TEST(folded_calls_are_told_and_leave_no_context)
{
    int64_t folded;
    tp_profile *p = record("a1b1c1)))", 2, &folded);
    ck_assert_int_eq(folded, 1);
    ck_assert_uint_eq(tp_profile_threads(p)[0].context_count, 2);
    assert_function(p, 'c', 1, 1, 2, 2);
    assert_edge(p, 'b', 'c', 1, 1, 2, 2);
    tp_profile_destroy(p);
}
END_TEST

START_TEST(leaves_unwind_through_folded_calls)
{
    fixture f;
    tp_profile *p;
    open_fixture(&f, 1, 0);
    play(&f, "a1b1c1d1");
    tp_leave(f.track, &letters['z']);
    tp_leave(f.track, &letters['b']);
    ck_assert_uint_eq(tp_track_depth(f.track), 1);
    tp_repairs repairs = tp_session_repairs(f.session);
    ck_assert_uint_eq(repairs.unwound, 2);
    ck_assert_uint_eq(repairs.orphans, 1);
    tp_leave(f.track, &letters['a']);
    ck_assert_int_eq(tp_session_profile(f.session, &p), TP_OK);
    assert_function(p, 'b', 1, 1, 1, 3);
    assert_function(p, 'a', 1, 1, 1, 4);
    tp_profile_destroy(p);
    close_fixture(&f);
}
END_TEST

/* As many contexts as there are paths of `depth` letters. */
static void call_all_paths(fixture *f, int depth, int width)
{
    for (int i = 0; i < width && depth > 0; i++) {
        tp_enter(f->track, &letters['A' + i], NULL);
        call_all_paths(f, depth - 1, width);
        tp_leave(f->track, &letters['A' + i]);
    }
}

START_TEST(a_million_contexts_fit_into_100_megabytes)
{
    fixture f;
    open_fixture(&f, 2000000, 1);
    call_all_paths(&f, 6, 10); /* 10 + 100 + ... + 10^6, less direct recursion's */
    size_t memory = tp_session_memory(f.session);
    tp_profile *p;
    ck_assert_int_eq(tp_session_profile(f.session, &p), TP_OK);
    ck_assert_int_eq(tp_profile_property(p, "calls_folded")->integer, 0);
    size_t contexts = tp_profile_threads(p)[0].context_count;
    ck_assert_uint_ge(contexts, 1000000);
    ck_assert_msg(memory <= contexts * 72, "%zu bytes for %zu contexts", memory, contexts);
    ck_assert_uint_lt(memory, 100 * 1000 * 1000);
    tp_profile_destroy(p);
    close_fixture(&f);
}
END_TEST

START_TEST(past_the_cap_memory_is_flat)
{
    fixture f;
    tp_profile *p;
    open_fixture(&f, 5000, 1);
    call_all_paths(&f, 4, 10);
    size_t memory = tp_session_memory(f.session);
    call_all_paths(&f, 6, 10);
    ck_assert_uint_eq(tp_session_memory(f.session), memory);
    ck_assert_int_eq(tp_session_profile(f.session, &p), TP_OK);
    int64_t calls = 0;
    for (size_t i = 0; i < tp_profile_function_count(p); i++)
        calls += tp_profile_functions(p)[i].calls;
    ck_assert_int_eq(calls, 1111110 + 11110);
    tp_profile_destroy(p);
    close_fixture(&f);
}
END_TEST

Suite *beyond_suite(void)
{
    Suite *suite = suite_create("beyond");
    TCase *tests = tcase_create("beyond");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, figures_do_not_depend_on_the_cap);
    tcase_add_test(tests, folded_calls_are_told_and_leave_no_context);
    tcase_add_test(tests, leaves_unwind_through_folded_calls);
    tcase_add_test(tests, a_million_contexts_fit_into_100_megabytes);
    tcase_add_test(tests, past_the_cap_memory_is_flat);
    suite_add_tcase(suite, tests);
    return suite;
}
