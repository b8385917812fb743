#include <stdlib.h>

#include "support.h"

static tp_profile *profile_of(fixture *f)
{
    tp_profile *profile;
    ck_assert_int_eq(tp_session_profile(f->session, &profile), TP_OK);
    return profile;
}

static tp_profile *profile_of_script(const char *script, uint64_t step)
{
    fixture f;
    open_fixture(&f, 0, step);
    play(&f, script);
    tp_profile *profile = profile_of(&f);
    close_fixture(&f);
    return profile;
}

START_TEST(a_call_has_its_own_and_its_callees_time)
{
    tp_profile *p = profile_of_script("a2b3)1b4))", 0);
    ck_assert_uint_eq(tp_profile_function_count(p), 2);
    assert_function(p, 'a', 1, 1, 3, 10);
    assert_function(p, 'b', 2, 2, 7, 7);
    ck_assert_uint_eq(tp_profile_edge_count(p), 1);
    assert_edge(p, 'a', 'b', 2, 2, 7, 7);
    tp_profile_destroy(p);
}
END_TEST

START_TEST(readings_fall_between_entry_and_exit)
{
    /* Each reading costs one tick: b holds its own entry's, a also those of b's exit. */
    tp_profile *p = profile_of_script("ab))", 1);
    assert_function(p, 'b', 1, 1, 1, 1);
    assert_function(p, 'a', 1, 1, 2, 3);
    tp_profile_destroy(p);
}
END_TEST

START_TEST(direct_recursion_counts_once)
{
    tp_profile *p = profile_of_script("m1f1f1f1f1)1)1)1)1)", 0);
    assert_function(p, 'f', 4, 1, 7, 7);
    assert_edge(p, 'm', 'f', 1, 1, 2, 7);
    /* cProfile's rule for edges: of the three calls of f by itself one is outermost. */
    assert_edge(p, 'f', 'f', 3, 1, 5, 5);
    const tp_thread_tree *tree = &tp_profile_threads(p)[0];
    ck_assert_uint_eq(tree->context_count, 3);
    ck_assert_uint_eq(tree->contexts[2].calls, 3);
    ck_assert_uint_eq(tree->contexts[2].nested_calls, 2);
    ck_assert_int_eq(tree->contexts[2].inclusive_ticks, 5);
    tp_profile_destroy(p);
}
END_TEST

START_TEST(mutual_recursion_counts_once)
{
    tp_profile *p = profile_of_script("a1b1a1b1)1)1)1)", 0);
    assert_function(p, 'a', 2, 1, 4, 7);
    assert_function(p, 'b', 2, 1, 3, 5);
    assert_edge(p, 'a', 'b', 2, 1, 3, 5);
    assert_edge(p, 'b', 'a', 1, 1, 2, 3);
    tp_profile_destroy(p);
}
END_TEST

START_TEST(below_deep_recursion_callees_are_one_context)
{
    tp_profile *p = profile_of_script("f1f1f1f1g1)1g1)1)g1)1)g1))1g1))", 0);
    assert_edge(p, 'f', 'g', 5, 5, 5, 5);
    /* f; f by itself and below it g; g below the first f */
    ck_assert_uint_eq(tp_profile_threads(p)[0].context_count, 4);
    const tp_function *f = find_function(p, 'f'), *g = find_function(p, 'g');
    ck_assert_double_eq(f->total + g->total, f->cumulative);
    tp_profile_destroy(p);
}
END_TEST

START_TEST(a_leave_unwinds_to_its_call)
{
    fixture f;
    open_fixture(&f, 0, 0);
    play(&f, "abc2");
    tp_leave(f.track, &letters['a']);
    ck_assert_uint_eq(tp_track_depth(f.track), 0);
    tp_repairs repairs = tp_session_repairs(f.session);
    ck_assert_uint_eq(repairs.unwound, 2);
    tp_profile *p = profile_of(&f);
    assert_function(p, 'c', 1, 1, 2, 2);
    assert_function(p, 'a', 1, 1, 0, 2);
    ck_assert_int_eq(tp_profile_property(p, "repairs_unwound")->integer, 2);
    tp_profile_destroy(p);
    close_fixture(&f);
}
END_TEST

START_TEST(leaves_without_a_call_are_ignored)
{
    fixture f;
    open_fixture(&f, 0, 0);
    tp_leave(f.track, &letters['z']); /* began before the recording: not even counted */
    play(&f, "ab1");
    tp_leave(f.track, &letters['z']);
    ck_assert_uint_eq(tp_track_depth(f.track), 2);
    /* z was called by b, so says the hook; b is innermost: z's beginning was missed, even though
     * there is an a further out that a search would find. */
    tp_leave_called_by(f.track, &letters['a'], &letters['b']);
    ck_assert_uint_eq(tp_track_depth(f.track), 2);
    tp_leave_called_by(f.track, &letters['b'], &letters['a']);
    ck_assert_uint_eq(tp_track_depth(f.track), 1);
    ck_assert_uint_eq(tp_session_repairs(f.session).orphans, 2);
    close_fixture(&f);
}
END_TEST

START_TEST(open_calls_end_now_in_a_profile)
{
    fixture f;
    open_fixture(&f, 0, 0);
    play(&f, "a1b2)b3");
    for (int again = 0; again < 2; again++) {
        tp_profile *p = profile_of(&f);
        assert_function(p, 'a', 1, 1, 1, 6);
        assert_function(p, 'b', 2, 2, 5, 5);
        tp_profile_destroy(p);
    }
    ck_assert_int_eq(tp_clock_advance(f.clock, 4), TP_OK);
    tp_track_close(f.track);
    ck_assert_uint_eq(tp_track_depth(f.track), 0);
    tp_profile *p = profile_of(&f);
    assert_function(p, 'b', 2, 2, 9, 9);
    tp_profile_destroy(p);
    close_fixture(&f);
}
END_TEST

START_TEST(clear_starts_anew)
{
    fixture f;
    open_fixture(&f, 5, 0);
    play(&f, "a1b1c1d1e1g1h1");
    ck_assert_int_eq(tp_session_clear(f.session), TP_OK);
    ck_assert_uint_eq(tp_track_depth(f.track), 0);
    tp_leave(f.track, &letters['a']);
    play(&f, "c2)");
    tp_profile *p = profile_of(&f);
    ck_assert_uint_eq(tp_profile_function_count(p), 1);
    assert_function(p, 'c', 1, 1, 2, 2);
    tp_profile_destroy(p);
    close_fixture(&f);
}
END_TEST

START_TEST(reset_forgets_all_but_functions)
{
    fixture f;
    open_fixture(&f, 0, 0);
    play(&f, "b1a1))");
    size_t memory = tp_session_memory(f.session);
    for (int turn = 0; turn < 3; turn++) {
        tp_profile *p = profile_of(&f);
        ck_assert_uint_eq(tp_profile_function_count(p), 2);
        ck_assert_uint_eq(tp_profile_thread_count(p), 1);
        tp_profile_destroy(p);
        tp_session_reset(f.session, turn != 1);
        ck_assert_uint_eq(tp_session_track_count(f.session), 0);
        ck_assert_ptr_null(tp_session_find_track(f.session, 7));
        ck_assert_uint_lt(tp_session_memory(f.session), memory);
        p = profile_of(&f);
        ck_assert_uint_eq(tp_profile_function_count(p) + tp_profile_thread_count(p), 0);
        tp_profile_destroy(p);
        ck_assert_int_eq(tp_session_add_track(f.session, &f.track, "again", 5, 7), TP_OK);
        play(&f, turn == 1 ? "c2a1))" : "b1a1))");
    }
    tp_profile *p = profile_of(&f);
    assert_function(p, 'a', 1, 1, 1, 1);
    assert_function(p, 'b', 1, 1, 1, 2);
    ck_assert_uint_eq(tp_profile_function_count(p), 2); /* c is known, and was not called */
    ck_assert_str_eq(tp_profile_functions(p)[0].label.name.bytes, "a");
    ck_assert_str_eq(tp_profile_functions(p)[1].label.name.bytes, "b");
    tp_profile_destroy(p);
    close_fixture(&f);
}
END_TEST

START_TEST(rows_are_in_the_order_of_labels)
{
    tp_profile *p = profile_of_script("c1b1)a1))d1b1))", 0);
    const tp_function *rows = tp_profile_functions(p);
    for (size_t i = 1; i < tp_profile_function_count(p); i++)
        ck_assert_int_lt(rows[i - 1].label.line, rows[i].label.line);
    const tp_edge *edges = tp_profile_edges(p);
    ck_assert_uint_eq(tp_profile_edge_count(p), 3);
    ck_assert_uint_eq(edges[0].callee, 0);
    ck_assert_uint_lt(edges[1].caller, edges[2].caller);
    tp_profile_destroy(p);
}
END_TEST

START_TEST(contexts_are_in_the_order_of_first_calls)
{
    tp_profile *p = profile_of_script("c)b)a)b)c)", 0);
    const tp_thread_tree *tree = tp_profile_threads(p);
    ck_assert_uint_eq(tree->context_count, 3);
    const char *expected = "cba";
    for (uint32_t i = 0; i < 3; i++)
        ck_assert_int_eq(tp_profile_functions(p)[tree->contexts[i].function].label.line,
                         expected[i]);
    ck_assert_str_eq(tree->name.bytes, "main");
    ck_assert_uint_eq(tree->id, 7);
    tp_profile_destroy(p);
}
END_TEST

/* Two keys, one label: 'A' and 'a'. */
static tp_status resolve_caseless(void *context, const void *key, void *subject, tp_label *label)
{
    size_t letter = (size_t)((const uint64_t *)key - letters);
    return resolve_letter(context, &letters[letter | 0x20], subject, label);
}

START_TEST(equal_labels_are_one_row)
{
    fixture f;
    ck_assert_int_eq(tp_clock_create_fake(&f.clock, 0, 1), TP_OK);
    tp_session_options options = TP_SESSION_OPTIONS_INIT;
    options.clock = f.clock;
    options.resolver.resolve = resolve_caseless;
    ck_assert_int_eq(tp_session_create(&f.session, &options), TP_OK);
    ck_assert_int_eq(tp_session_add_track(f.session, &f.track, "", 0, 1), TP_OK);
    play(&f, "m1a1)A2)a1A1a1A1)))))");
    tp_profile *p = profile_of(&f);
    assert_function(p, 'a', 6, 3, 7, 7);
    assert_edge(p, 'm', 'a', 3, 3, 4, 7);
    assert_edge(p, 'a', 'a', 3, 1, 3, 3);
    ck_assert_uint_eq(tp_profile_threads(p)[0].context_count, 3);
    ck_assert_ptr_nonnull(tp_session_find_key(f.session, find_function(p, 'a')));
    tp_profile_destroy(p);
    close_fixture(&f);
}
END_TEST

START_TEST(freed_keys_keep_their_rows)
{
    fixture f;
    open_fixture(&f, 0, 0);
    play(&f, "m1a1))");
    tp_session_forget(f.session, &letters['a']);
    tp_session_forget(f.session, &letters['q']); /* never seen */
    tp_profile *p = profile_of(&f);
    assert_function(p, 'a', 1, 1, 1, 1);
    ck_assert_ptr_null(tp_session_find_key(f.session, find_function(p, 'a')));
    ck_assert_ptr_eq(tp_session_find_key(f.session, find_function(p, 'm')), &letters['m']);
    tp_profile_destroy(p);
    play(&f, "m1a1))");
    p = profile_of(&f);
    assert_function(p, 'a', 2, 2, 2, 2);
    ck_assert_uint_eq(tp_profile_threads(p)[0].context_count, 2);
    tp_profile_destroy(p);
    close_fixture(&f);
}
END_TEST

static tp_status resolve_nothing(void *context, const void *key, void *subject, tp_label *label)
{
    (void)context;
    (void)key;
    (void)subject;
    (void)label;
    return TP_ENOMEM;
}

START_TEST(calls_without_a_label_are_lost_and_told)
{
    fixture f;
    ck_assert_int_eq(tp_clock_create_fake(&f.clock, 0, 1), TP_OK);
    tp_session_options options = TP_SESSION_OPTIONS_INIT;
    options.clock = f.clock;
    options.resolver.resolve = resolve_nothing;
    ck_assert_int_eq(tp_session_create(&f.session, &options), TP_OK);
    ck_assert_int_eq(tp_session_add_track(f.session, &f.track, "", 0, 1), TP_OK);
    tp_enter(f.track, &letters['a'], NULL);
    tp_leave(f.track, &letters['a']);
    ck_assert_uint_eq(tp_session_repairs(f.session).lost, 1);
    ck_assert_int_eq(tp_session_status(f.session), TP_ENOMEM);
    tp_profile *p = profile_of(&f);
    ck_assert_uint_eq(tp_profile_function_count(p), 0);
    ck_assert_int_eq(tp_profile_property(p, "calls_lost")->integer, 1);
    tp_profile_destroy(p);
    ck_assert_int_eq(tp_session_clear(f.session), TP_OK);
    ck_assert_int_eq(tp_session_status(f.session), TP_OK);
    close_fixture(&f);
}
END_TEST

START_TEST(edges_can_be_left_out)
{
    fixture f;
    open_fixture(&f, 0, 0);
    tp_session_set_no_edges(f.session, 1);
    play(&f, "ab))");
    tp_profile *p = profile_of(&f);
    ck_assert_uint_eq(tp_profile_edge_count(p), 0);
    ck_assert_uint_eq(tp_profile_threads(p)[0].context_count, 2);
    tp_profile_destroy(p);
    close_fixture(&f);
}
END_TEST

START_TEST(tracks_are_summed_and_kept_apart)
{
    fixture f;
    tp_track *first;
    open_fixture(&f, 0, 0);
    first = f.track;
    play(&f, "a1b1))");
    ck_assert_int_eq(tp_session_add_track(f.session, &f.track, "other", 5, 8), TP_OK);
    play(&f, "b2a1))");
    tp_profile *p = profile_of(&f);
    assert_function(p, 'a', 2, 2, 2, 3);
    assert_function(p, 'b', 2, 2, 3, 4);
    ck_assert_uint_eq(tp_profile_thread_count(p), 2);
    ck_assert_str_eq(tp_profile_threads(p)[1].name.bytes, "other");
    ck_assert_ptr_eq(tp_session_find_track(f.session, 7), first);
    ck_assert_ptr_eq(tp_session_find_track(f.session, 8), f.track);
    ck_assert_ptr_null(tp_session_find_track(f.session, 9));
    tp_profile_destroy(p);
    close_fixture(&f);
}
END_TEST

START_TEST(a_deep_stack_grows)
{
    fixture f;
    enum { DEPTH = 100000 };
    open_fixture(&f, 10, 1);
    for (int i = 0; i < DEPTH; i++)
        tp_enter(f.track, &letters['a' + i % 2], NULL);
    ck_assert_uint_eq(tp_track_depth(f.track), DEPTH);
    for (int i = DEPTH; i-- > 0;)
        tp_leave(f.track, &letters['a' + i % 2]);
    tp_profile *p = profile_of(&f);
    const tp_function *a = find_function(p, 'a'), *b = find_function(p, 'b');
    ck_assert_int_eq(a->calls + b->calls, DEPTH);
    ck_assert_int_eq(a->primitive_calls, 1);
    ck_assert_double_eq(a->total + b->total, a->cumulative);
    tp_profile_destroy(p);
    close_fixture(&f);
}
END_TEST

START_TEST(options_are_checked)
{
    tp_session *session = NULL;
    tp_session_options options = TP_SESSION_OPTIONS_INIT;
    ck_assert_int_eq(tp_session_create(&session, NULL), TP_EARGUMENT);
    ck_assert_int_eq(tp_session_create(&session, &options), TP_EARGUMENT);
    ck_assert_int_eq(tp_clock_create_fake((tp_clock **)(uintptr_t)&options.clock, 1, 1), TP_OK);
    ck_assert_int_eq(tp_session_create(&session, &options), TP_EARGUMENT);
    options.resolver.resolve = resolve_letter;
    options.size = 4;
    ck_assert_int_eq(tp_session_create(&session, &options), TP_EARGUMENT);
    options.size = sizeof options;
    options.max_contexts = UINT32_MAX;
    ck_assert_int_eq(tp_session_create(&session, &options), TP_EARGUMENT);
    ck_assert_ptr_null(session);
    tp_session_destroy(NULL);
    tp_profile_destroy(NULL);
    tp_clock_destroy((tp_clock *)(uintptr_t)options.clock);
}
END_TEST

START_TEST(the_hottest_path_is_found)
{
    tp_profile *p = profile_of_script("x1)a1b2)c1d5)b1)))", 0);
    size_t thread = 99;
    uint32_t path[8];
    ck_assert_uint_eq(tp_profile_hottest_path(p, &thread, path, 2), 3);
    ck_assert_uint_eq(thread, 0);
    ck_assert_uint_eq(tp_profile_hottest_path(p, &thread, path, 8), 3);
    const char *expected = "acd";
    for (int i = 0; i < 3; i++) {
        const tp_context *context = &tp_profile_threads(p)[0].contexts[path[i]];
        ck_assert_int_eq(tp_profile_functions(p)[context->function].label.line, expected[i]);
    }
    tp_profile_destroy(p);
    p = profile_of_script("", 0);
    ck_assert_uint_eq(tp_profile_hottest_path(p, &thread, path, 8), 0);
    tp_profile_destroy(p);
}
END_TEST

Suite *record_suite(void)
{
    Suite *suite = suite_create("record");
    TCase *tests = tcase_create("record");
    tcase_add_test(tests, a_call_has_its_own_and_its_callees_time);
    tcase_add_test(tests, readings_fall_between_entry_and_exit);
    tcase_add_test(tests, direct_recursion_counts_once);
    tcase_add_test(tests, mutual_recursion_counts_once);
    tcase_add_test(tests, below_deep_recursion_callees_are_one_context);
    tcase_add_test(tests, a_leave_unwinds_to_its_call);
    tcase_add_test(tests, leaves_without_a_call_are_ignored);
    tcase_add_test(tests, open_calls_end_now_in_a_profile);
    tcase_add_test(tests, clear_starts_anew);
    tcase_add_test(tests, reset_forgets_all_but_functions);
    tcase_add_test(tests, rows_are_in_the_order_of_labels);
    tcase_add_test(tests, contexts_are_in_the_order_of_first_calls);
    tcase_add_test(tests, equal_labels_are_one_row);
    tcase_add_test(tests, freed_keys_keep_their_rows);
    tcase_add_test(tests, calls_without_a_label_are_lost_and_told);
    tcase_add_test(tests, edges_can_be_left_out);
    tcase_add_test(tests, tracks_are_summed_and_kept_apart);
    tcase_add_test(tests, a_deep_stack_grows);
    tcase_add_test(tests, options_are_checked);
    tcase_add_test(tests, the_hottest_path_is_found);
    suite_add_tcase(suite, tests);
    return suite;
}
