/* The rules of compensation one by one: small recordings, and figures that can be reckoned by hand. */
#include <math.h>

#include "support.h"

static char letter_of(const void *key)
{
    return key == NULL ? 0 : (char)((const uint64_t *)key - letters);
}

/* One kind, on a fake clock: a call costs 3 inside and 5 outside, an unseen one 7. */
static const tp_costs simple = { .size = sizeof simple, .kinds = { { 3, 5, 1, 0 } }, .unseen = 7 };

static void open_simple(fixture *f, uint32_t max_contexts, const tp_costs *costs)
{
    open_fixture(f, max_contexts, 0);
    ck_assert_int_eq(tp_session_set_costs(f->session, costs), TP_OK);
}

static tp_profile *finish(fixture *f)
{
    tp_profile *profile;
    ck_assert_int_eq(tp_session_profile(f->session, &profile), TP_OK);
    close_fixture(f);
    return profile;
}

static void assert_real(const tp_profile *p, const char *name, double value)
{
    const tp_property *property = tp_profile_property(p, name);
    ck_assert_ptr_nonnull(property);
    ck_assert_msg(property->real == value, "%s: %g", name, property->real);
}

START_TEST(a_probe_belongs_to_two_calls)
{
    fixture f;
    open_simple(&f, _i == 0 ? 0 : 1, &simple);
    /* a takes 20 by itself and calls b twice, which takes 6 each. */
    play(&f, "a9b9)9b9)9)");
    tp_profile *p = finish(&f);
    assert_function(p, 'b', 2, 2, 12, 12);
    assert_function(p, 'a', 1, 1, 14, 26);
    assert_edge(p, 'a', 'b', 2, 2, 12, 12);
    assert_real(p, "compensation_taken", 45 - 26);
    assert_real(p, "compensation_clamped", 0);
    ck_assert_str_eq(tp_profile_property(p, "compensation")->text.bytes, "on");
    ck_assert_int_eq(tp_profile_threads(p)[0].contexts[0].inclusive_ticks, 26);
    ck_assert_int_eq(tp_profile_threads(p)[0].contexts[0].other_ticks, 45);
    ck_assert_int_eq(tp_profile_show_times(p, TP_TIMES_RAW), TP_OK);
    assert_function(p, 'b', 2, 2, 18, 18);
    assert_function(p, 'a', 1, 1, 27, 45);
    tp_profile_destroy(p);
}
END_TEST

START_TEST(what_is_too_much_is_taken_further_up_and_told)
{
    fixture f;
    open_simple(&f, 0, &simple);
    play(&f, "a9b9c1)))"); /* c lacks 2: b gives 9 - 3 - 5 - 2 and lacks 1, a 9 - 3 - 5 - 1 */
    tp_profile *p = finish(&f);
    assert_function(p, 'c', 1, 1, 0, 0);
    assert_function(p, 'b', 1, 1, 0, 0);
    assert_function(p, 'a', 1, 1, 0, 0);
    assert_real(p, "compensation_clamped", 2);
    assert_real(p, "compensation_taken", 19);
    tp_profile_destroy(p);
    open_simple(&f, 0, &simple);
    play(&f, "a9b9c1))2)");
    p = finish(&f);
    assert_function(p, 'b', 1, 1, 0, 0);
    assert_function(p, 'a', 1, 1, 2, 2);
    assert_real(p, "compensation_clamped", 2);
    tp_profile_destroy(p);
    open_simple(&f, 0, &simple);
    play(&f, "a1)");
    p = finish(&f);
    assert_function(p, 'a', 1, 1, 0, 0);
    assert_real(p, "compensation_clamped", 2);
    assert_real(p, "compensation_taken", 1);
    tp_profile_destroy(p);
}
END_TEST

START_TEST(beyond_the_cap_what_is_too_much_is_told)
{
    fixture f;
    open_simple(&f, 1, &simple);
    play(&f, "a9b9c1))2)"); /* a keeps 11 - 3 - 5, b 9 - 3 - 5, c would have 1 - 3 */
    tp_profile *p = finish(&f);
    assert_function(p, 'c', 1, 1, 0, 0);
    assert_function(p, 'b', 1, 1, 1, 1);
    assert_function(p, 'a', 1, 1, 3, 3);
    assert_edge(p, 'b', 'c', 1, 1, 0, 0);
    assert_real(p, "compensation_clamped", 2);
    tp_profile_destroy(p);
}
END_TEST

START_TEST(stretch_is_taken_out_of_what_is_left)
{
    const tp_costs costs = { .size = sizeof costs, .kinds = { { 1, 1, 1.5, 0 } } };
    fixture f;
    open_simple(&f, _i == 0 ? 0 : 1, &costs);
    play(&f, "a8b7))");
    tp_profile *p = finish(&f);
    assert_function(p, 'b', 1, 1, 4, 4);
    assert_function(p, 'a', 1, 1, 4, 8);
    tp_profile_destroy(p);
}
END_TEST

START_TEST(costs_are_rounded_in_sum_only)
{
    const tp_costs costs = { .size = sizeof costs, .kinds = { { 0.25, 0.25, 1, 0 } } };
    fixture f;
    open_simple(&f, _i == 0 ? 0 : 1, &costs);
    play(&f, "a5b1)b1)b1)b1))");
    tp_profile *p = finish(&f);
    assert_function(p, 'b', 4, 4, 3, 3);
    assert_function(p, 'a', 1, 1, 4, 7); /* of 1.25, 1 is taken */
    assert_real(p, "compensation_taken", 2);
    tp_profile_destroy(p);
}
END_TEST

START_TEST(unseen_calls_cost_the_one_that_makes_them)
{
    fixture f;
    open_simple(&f, _i == 0 ? 0 : 1, &simple);
    tp_track_count_unseen(f.track, 1);
    play(&f, "a9");
    tp_track_count_unseen(f.track, 1);
    play(&f, "9b9");
    tp_track_count_unseen(f.track, 1);
    tp_track_count_unseen(f.track, 1);
    play(&f, "8");
    tp_leave(f.track, &letters['b']);
    tp_leave(f.track, &letters['a']);
    tp_profile *p = finish(&f);
    assert_function(p, 'a', 1, 1, 18 - 3 - 5 - 7, 3);
    assert_function(p, 'b', 1, 1, 17 - 3 - 14, 0);
    tp_profile_destroy(p);
}
END_TEST

START_TEST(company_is_spread_over_calls)
{
    const tp_costs costs = { .size = sizeof costs, .kinds = { { 0 } }, .company = 2 };
    fixture f;
    open_simple(&f, _i == 0 ? 0 : 1, &costs);
    play(&f, "a");
    tp_track_count_company(f.track, 2);
    play(&f, "9b");
    tp_track_count_company(f.track, 2);
    play(&f, "9");
    tp_leave(f.track, &letters['b']);
    tp_leave(f.track, &letters['a']);
    tp_profile *p = finish(&f);
    assert_function(p, 'b', 1, 1, 7, 7); /* 4 a call, half of it inside */
    assert_function(p, 'a', 1, 1, 5, 12);
    tp_profile_destroy(p);
}
END_TEST

START_TEST(unseen_calls_may_weigh_more)
{
    fixture f;
    open_simple(&f, _i == 0 ? 0 : 1, &simple);
    play(&f, "a9b9");
    play(&f, "9");
    tp_track_count_unseen(f.track, 2);
    tp_leave(f.track, &letters['b']);
    tp_leave(f.track, &letters['a']);
    tp_profile *p = finish(&f);
    assert_function(p, 'b', 1, 1, 18 - 3 - 14, 1);
    tp_profile_destroy(p);
}
END_TEST

/* The kind that the resolver gave as the node was made holds for all its calls. */
START_TEST(calls_are_counted_by_kind)
{
    uint64_t calls[TP_CALL_KINDS];
    fixture f;
    open_fixture(&f, 0, 0);
    tp_session_calls(f.session, calls);
    for (size_t i = 0; i < TP_CALL_KINDS; i++)
        ck_assert_uint_eq(calls[i], 0);
    play(&f, "a9b5)b5)c1)9)");
    tp_session_calls(f.session, calls);
    uint64_t sum = 0;
    for (size_t i = 0; i < TP_CALL_KINDS; i++)
        sum += calls[i];
    ck_assert_uint_eq(sum, 4);
    ck_assert_uint_eq(calls[0], 4);
    tp_profile_destroy(finish(&f));
}
END_TEST

START_TEST(the_first_call_in_a_place_costs_more)
{
    const tp_costs costs = { .size = sizeof costs, .kinds = { { 1, 1, 1, 0 } }, .fresh = 3 };
    fixture f;
    open_simple(&f, 0, &costs);
    play(&f, "a9b5)b5)9)");
    ck_assert_double_eq(tp_session_cost(f.session), 3 * 2 + 2 * 3);
    tp_profile *p = finish(&f);
    assert_function(p, 'b', 2, 2, 8, 8);
    assert_function(p, 'a', 1, 1, 18 - 1 - 2 - 3, 20); /* a's own place lies in nobody's time */
    tp_profile_destroy(p);
}
END_TEST

/* Calls in an order in which neither of the two likeliest children is right; and of a function by itself. */
START_TEST(searches_are_spread_over_calls)
{
    const tp_costs costs = { .size = sizeof costs, .kinds = { { .recursion = 2 } }, .search = 7 };
    fixture f;
    open_simple(&f, 0, &costs);
    play(&f, "a9b9)c9)d9)c9)9)");
    ck_assert_double_eq(tp_session_cost(f.session), 7);
    tp_profile *p = finish(&f);
    assert_function(p, 'c', 2, 2, 18, 18);
    assert_function(p, 'a', 1, 1, 18 - 7, 54 - 7);
    tp_profile_destroy(p);
    open_simple(&f, 0, &costs);
    play(&f, "a9a9a9a9a9)))))"); /* three of them by a call by a call by a, the first of which was made there */
    ck_assert_double_eq(tp_session_cost(f.session), 3 * 2);
    tp_profile_destroy(finish(&f));
}
END_TEST

START_TEST(many_functions_make_all_dearer)
{
    const tp_costs costs = { .size = sizeof costs, .kinds = { { 1, 2, 1, 0 } }, .variety = 2 };
    fixture f;
    double functions;
    open_simple(&f, _i == 0 ? 0 : 1, &costs);
    ck_assert_int_eq(tp_session_functions(f.session, &functions), TP_OK);
    ck_assert_double_eq(functions, 1);
    play(&f, "a9b9c9d9))))");
    ck_assert_int_eq(tp_session_functions(f.session, &functions), TP_OK);
    ck_assert_double_eq_tol(functions, 4, 1e-9);
    tp_profile *p = finish(&f);
    const tp_property *scale = tp_profile_property(p, "compensation_scale");
    ck_assert_double_eq_tol(scale->real, 3, 1e-9); /* 1 + 2 * (sqrt(4) - 1) */
    assert_function(p, 'd', 1, 1, 9 - 3, 6);
    assert_function(p, 'c', 1, 1, 0, 6);
    tp_profile_destroy(p);
}
END_TEST

static double own_time(const tp_profile *p, char name)
{
    for (size_t i = 0; i < tp_profile_function_count(p); i++) {
        if (tp_profile_functions(p)[i].label.name.bytes[0] == name)
            return tp_profile_functions(p)[i].total;
    }
    return -1;
}

/* A calls b ten thousand times, then c and d by turns: that is two phases, and b's has one function. */
START_TEST(phases_have_variety_of_their_own)
{
    const tp_costs costs = { .size = sizeof costs, .kinds = { { 1, 0, 1, 0 } }, .variety = 2 };
    fixture f;
    open_simple(&f, 0, &costs);
    play(&f, "ra");
    for (int i = 0; i < 10000; i++)
        play(&f, "b9)");
    tp_leave(f.track, &letters['a']);
    for (int i = 0; i < 1000; i++)
        play(&f, "c9)d9)");
    tp_leave(f.track, &letters['r']);
    tp_profile *p = finish(&f);
    /* 1 a call of b, and a little more for a's own; 1 + 2 * (sqrt(2) - 1) a call of c, and for r's. */
    ck_assert_double_eq_tol(own_time(p, 'b'), 80000, 50);
    ck_assert_double_eq_tol(own_time(p, 'c'), 9000 - 1828, 20);
    tp_profile_destroy(p);
}
END_TEST

START_TEST(what_it_cost_is_known_beyond_the_cap)
{
    fixture f;
    open_simple(&f, 1, &simple);
    ck_assert_double_eq(tp_session_cost(f.session), 0);
    play(&f, "a9b9)b9)9)");
    ck_assert_double_eq(tp_session_cost(f.session), 3 * 8);
    ck_assert_int_eq(tp_session_set_costs(f.session, NULL), TP_OK);
    ck_assert_double_eq(tp_session_cost(f.session), 0);
    close_fixture(&f);
}
END_TEST

START_TEST(open_calls_are_taken_for_whole_ones)
{
    fixture f;
    tp_profile *p;
    open_simple(&f, _i == 0 ? 0 : 1, &simple);
    play(&f, "a9b9");
    for (int time = 0; time < 2; time++) {
        ck_assert_int_eq(tp_session_profile(f.session, &p), TP_OK);
        assert_function(p, 'b', 1, 1, 6, 6);
        assert_function(p, 'a', 1, 1, 1, 7);
        tp_profile_destroy(p);
    }
    tp_track_close(f.track);
    p = finish(&f);
    assert_function(p, 'b', 1, 1, 6, 6);
    assert_function(p, 'a', 1, 1, 1, 7);
    tp_profile_destroy(p);
}
END_TEST

START_TEST(absurd_costs_and_clocks_do_no_harm)
{
    tp_costs costs = { .size = sizeof costs, .unseen = 1e300, .company = 1e308 };
    for (int k = 0; k < TP_CALL_KINDS; k++)
        costs.kinds[k] = (tp_cost){ 1e308, 1e308, k % 2 == 0 ? 1e-308 : 1, 0 };
    for (uint32_t cap = 0; cap < 4; cap++) {
        fixture f;
        open_simple(&f, cap, &costs);
        play(&f, "a");
        tp_track_count_company(f.track, UINT32_MAX);
        ck_assert_int_eq(tp_clock_advance(f.clock, UINT64_MAX / 2 + 100), TP_OK);
        play(&f, "b9c9d9e9)a9)b9)a9)");
        tp_track_count_company(f.track, UINT32_MAX);
        tp_profile_destroy(finish(&f));
    }
}
END_TEST

START_TEST(a_million_deep_needs_no_stack)
{
    fixture f;
    uint32_t deep = is_quick() ? 20000 : 1000000;
    open_simple(&f, 2000000, &simple);
    for (uint32_t i = 0; i < deep; i++) {
        tp_enter(f.track, &letters['a' + i % 2], NULL);
        ck_assert_int_eq(tp_clock_advance(f.clock, 9), TP_OK);
    }
    tp_track_close(f.track);
    tp_profile *p = finish(&f);
    ck_assert_uint_eq(tp_profile_threads(p)[0].context_count, deep);
    assert_function(p, 'a', deep / 2, 1, deep / 2, deep + 5);
    tp_profile_destroy(p);
}
END_TEST

START_TEST(costs_must_be_costs)
{
    const double wrong[] = { -1, (double)INFINITY, (double)NAN };
    fixture f;
    tp_profile *p;
    open_fixture(&f, 0, 0);
    play(&f, "a9)");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        tp_costs costs[7] = { simple, simple, simple, simple, simple, simple, simple };
        costs[0].kinds[0].inside = wrong[i];
        costs[1].kinds[15].outside = wrong[i];
        costs[2].kinds[7].stretch = wrong[i];
        costs[6].kinds[31].recursion = wrong[i];
        costs[3].unseen = wrong[i];
        costs[4].company = wrong[i];
        costs[5].size = sizeof simple - 1;
        for (int k = 0; k < 7; k++)
            ck_assert_int_eq(tp_session_set_costs(f.session, &costs[k]), TP_EARGUMENT);
    }
    ck_assert_int_eq(tp_session_profile(f.session, &p), TP_OK);
    ck_assert_int_eq(tp_profile_has_both_times(p), 0);
    ck_assert_ptr_null(tp_profile_property(p, "compensation_taken"));
    assert_function(p, 'a', 1, 1, 9, 9);
    tp_profile_destroy(p);
    /* Set late it holds for what was recorded before, and can be taken back. */
    ck_assert_int_eq(tp_session_set_costs(f.session, &simple), TP_OK);
    ck_assert_int_eq(tp_session_profile(f.session, &p), TP_OK);
    assert_function(p, 'a', 1, 1, 6, 6);
    tp_profile_destroy(p);
    ck_assert_int_eq(tp_session_set_costs(f.session, NULL), TP_OK);
    p = finish(&f);
    ck_assert_int_eq(tp_profile_times(p), TP_TIMES_RAW);
    assert_function(p, 'a', 1, 1, 9, 9);
    tp_profile_destroy(p);
}
END_TEST

START_TEST(a_cleared_session_has_counted_nothing)
{
    const tp_costs costs = { .size = sizeof costs, .kinds = { { 3, 5, 1, 0 } }, .unseen = 7, .company = 1 };
    fixture f;
    tp_profile *p;
    open_simple(&f, 1, &costs);
    for (int time = 0; time < 2; time++) {
        play(&f, "a");
        tp_track_count_unseen(f.track, 1);
        tp_track_count_company(f.track, 2);
        play(&f, "9b9)99c");
        tp_track_count_unseen(f.track, 1);
        tp_track_count_company(f.track, 2);
        play(&f, "99");
        tp_track_close(f.track);
        ck_assert_int_eq(tp_session_profile(f.session, &p), TP_OK);
        assert_function(p, 'a', 1, 1, 27 - 3 - 5 - 7 - 1 - 5 - 1, 5 + 6 + 7);
        assert_function(p, 'b', 1, 1, 6, 6);
        assert_function(p, 'c', 1, 1, 18 - 3 - 7 - 1, 7);
        tp_profile_destroy(p);
        ck_assert_int_eq(tp_session_clear(f.session), TP_OK);
    }
    close_fixture(&f);
}
END_TEST

typedef struct asked {
    int count;
    char last, above;
} asked;

static unsigned ask(void *context, const void *key, void *subject, const void *above)
{
    asked *a = context;
    (void)subject;
    a->count++;
    a->last = letter_of(key);
    a->above = letter_of(above);
    return a->above == 0 ? 99 : 3; /* 99: there is no such kind, it is taken for 0 */
}

static void open_asking(fixture *f, asked *a, uint32_t max_contexts)
{
    const tp_costs costs = { .size = sizeof costs, .kinds = { [3] = { 4, 0, 0 } } };
    tp_session_options options = TP_SESSION_OPTIONS_INIT;
    *a = (asked){ 0 };
    ck_assert_int_eq(tp_clock_create_fake(&f->clock, 0, 1.0), TP_OK);
    options.clock = f->clock;
    options.resolver.resolve = resolve_letter;
    options.resolver.kind = ask;
    options.resolver.context = a;
    options.max_contexts = max_contexts;
    ck_assert_int_eq(tp_session_create(&f->session, &options), TP_OK);
    ck_assert_int_eq(tp_session_add_track(f->session, &f->track, "main", 4, 7), TP_OK);
    ck_assert_int_eq(tp_session_set_costs(f->session, &costs), TP_OK);
}

START_TEST(kinds_are_asked_for_once)
{
    fixture f;
    asked a;
    open_asking(&f, &a, _i == 0 ? 0 : 1);
    play(&f, "a9b9)b9)");
    ck_assert_int_eq(a.count, 2);
    ck_assert_int_eq(a.last, 'b');
    ck_assert_int_eq(a.above, 'a');
    play(&f, "c9)c9)"); /* below a */
    ck_assert_int_eq(a.count, 3);
    tp_leave(f.track, &letters['a']);
    tp_profile *p = finish(&f);
    assert_function(p, 'a', 1, 1, 9, 9 + 10 + 10);
    assert_function(p, 'b', 2, 2, 10, 10);
    tp_profile_destroy(p);
}
END_TEST

/* A node keeps its kind when it goes to another callable of the same label. */
START_TEST(freed_callables_leave_their_kind)
{
    fixture f;
    asked a;
    open_asking(&f, &a, 0);
    play(&f, "a9b9)");
    tp_session_forget(f.session, &letters['b']);
    play(&f, "b9)");
    ck_assert_int_eq(a.count, 2);
    /* The key of a call that is open may be freed, too, where its end was missed. */
    tp_session_forget(f.session, &letters['a']);
    play(&f, "d9)");
    ck_assert_int_eq(a.count, 3);
    ck_assert_int_eq(a.above, 0);
    tp_track_close(f.track);
    tp_profile *p = finish(&f);
    assert_function(p, 'b', 2, 2, 10, 10);
    tp_profile_destroy(p);
}
END_TEST

START_TEST(anchors_take_memory_only_where_costs_are_known)
{
    size_t memory[2];
    for (int has_costs = 0; has_costs < 2; has_costs++) {
        fixture f;
        open_simple(&f, 2000, has_costs ? &simple : NULL);
        for (int time = 0; time < 2; time++) {
            for (int i = 0; i < 26 * 26 * 26; i++) {
                const void *path[3] = { &letters['a' + i / 676], &letters['a' + i / 26 % 26],
                                        &letters['a' + i % 26] };
                for (int k = 0; k < 3; k++)
                    tp_enter(f.track, path[k], NULL);
                for (int k = 3; k-- > 0;)
                    tp_leave(f.track, path[k]);
            }
            if (time == 0)
                memory[has_costs] = tp_session_memory(f.session);
        }
        ck_assert_uint_eq(tp_session_memory(f.session), memory[has_costs]);
        close_fixture(&f);
    }
    ck_assert_uint_gt(memory[1], memory[0]);
    ck_assert_uint_lt(memory[1], memory[0] + 2001 * 64 + 4096);
}
END_TEST

Suite *cost_suite(void)
{
    Suite *suite = suite_create("costs");
    TCase *tests = tcase_create("costs");
    tcase_set_timeout(tests, 120);
    /* In the second run of a loop the cap is in the way. */
    tcase_add_loop_test(tests, a_probe_belongs_to_two_calls, 0, 2);
    tcase_add_test(tests, what_is_too_much_is_taken_further_up_and_told);
    tcase_add_test(tests, beyond_the_cap_what_is_too_much_is_told);
    tcase_add_loop_test(tests, stretch_is_taken_out_of_what_is_left, 0, 2);
    tcase_add_loop_test(tests, costs_are_rounded_in_sum_only, 0, 2);
    tcase_add_loop_test(tests, unseen_calls_cost_the_one_that_makes_them, 0, 2);
    tcase_add_loop_test(tests, company_is_spread_over_calls, 0, 2);
    tcase_add_loop_test(tests, unseen_calls_may_weigh_more, 0, 2);
    tcase_add_test(tests, calls_are_counted_by_kind);
    tcase_add_test(tests, the_first_call_in_a_place_costs_more);
    tcase_add_test(tests, searches_are_spread_over_calls);
    tcase_add_loop_test(tests, many_functions_make_all_dearer, 0, 2);
    tcase_add_test(tests, phases_have_variety_of_their_own);
    tcase_add_test(tests, what_it_cost_is_known_beyond_the_cap);
    tcase_add_loop_test(tests, open_calls_are_taken_for_whole_ones, 0, 2);
    tcase_add_test(tests, absurd_costs_and_clocks_do_no_harm);
    tcase_add_test(tests, a_million_deep_needs_no_stack);
    tcase_add_test(tests, costs_must_be_costs);
    tcase_add_test(tests, a_cleared_session_has_counted_nothing);
    tcase_add_loop_test(tests, kinds_are_asked_for_once, 0, 2);
    tcase_add_test(tests, freed_callables_leave_their_kind);
    tcase_add_test(tests, anchors_take_memory_only_where_costs_are_known);
    suite_add_tcase(suite, tests);
    return suite;
}
