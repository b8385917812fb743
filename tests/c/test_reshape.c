/* Profiles made of whole profiles: added up, without folders, upside down; and which function is which
 * of another. */
#include "builder.h"

static tp_profile *sum_of(const tp_profile *a, const tp_profile *b, size_t *without_tree)
{
    tp_merge *merge;
    tp_profile *sum;
    ck_assert_int_eq(tp_merge_create(&merge, NULL), TP_OK);
    ck_assert_int_eq(tp_merge_add(merge, a), TP_OK);
    ck_assert_int_eq(tp_merge_add(merge, b), TP_OK);
    ck_assert_int_eq(tp_merge_finish(merge, &sum, without_tree), TP_OK);
    tp_merge_destroy(merge);
    return sum;
}

static void drop(tp_profile *a, tp_profile *b, tp_profile *c)
{
    tp_profile_destroy(a);
    tp_profile_destroy(b);
    tp_profile_destroy(c);
}

START_TEST(rows_and_edges_add_up)
{
    size_t without = 7;
    tp_profile *a = build_profile(), *b = build_profile();
    uint32_t f = build_row(a, "m.py", 1, "f", 2, 1.5, 4);
    uint32_t g = build_row(a, "m.py", 2, "g", 3, 0.5, 0.5);
    build_edge(a, f, g, 3, 0.5);
    build_finish(a);
    g = build_row(b, "m.py", 2, "g", 10, 2, 2);
    f = build_row(b, "m.py", 1, "f", 1, 0.25, 3);
    uint32_t h = build_row(b, "m.py", 3, "h", 1, 0, 3.25);
    build_edge(b, f, g, 9, 1.75);
    build_edge(b, h, g, 1, 0.25);
    build_edge(b, h, f, 1, 3);
    build_finish(b);
    tp_profile *sum = sum_of(a, b, &without);
    ck_assert_uint_eq(without, 2);
    ck_assert_uint_eq(tp_profile_thread_count(sum), 0);
    ck_assert_uint_eq(tp_profile_function_count(sum), 3);
    const tp_function *row = row_of(sum, "m.py", 1, "f");
    ck_assert_int_eq(row->calls, 3);
    ck_assert_double_eq(row->total, 1.75);
    ck_assert_double_eq(row->cumulative, 7);
    ck_assert_int_eq(row_of(sum, "m.py", 2, "g")->calls, 13);
    ck_assert_int_eq(row_of(sum, "m.py", 3, "h")->calls, 1);
    /* By callee: f, then g; within g as they came. */
    const tp_edge *edges = tp_profile_edges(sum);
    ck_assert_uint_eq(tp_profile_edge_count(sum), 3);
    ck_assert(edges[0].caller == 2 && edges[0].callee == 0 && edges[0].calls == 1);
    ck_assert(edges[1].caller == 0 && edges[1].callee == 1 && edges[1].calls == 12);
    ck_assert(edges[2].caller == 2 && edges[2].callee == 1 && edges[2].calls == 1);
    ck_assert_double_eq(edges[1].cumulative, 2.25);
    drop(a, b, sum);
}
END_TEST

START_TEST(trees_add_up)
{
    size_t without = 7;
    tp_profile *a = recorded("a1b2)c1))d1)"), *b = recorded("a1c1b1))b5))");
    tp_profile *sum = sum_of(a, b, &without);
    ck_assert_uint_eq(without, 0);
    ck_assert_str_eq(tree_text(sum, 0),
                     "a 2/0 12; .b 2/0 7; .c 2/0 3; ..b 1/0 1; d 1/0 1");
    assert_function(sum, 'a', 2, 2, 2, 12);
    assert_function(sum, 'b', 3, 3, 8, 8);
    assert_edge(sum, 'a', 'b', 2, 2, 7, 7);
    assert_edge(sum, 'c', 'b', 1, 1, 1, 1);
    drop(a, b, sum);
}
END_TEST

START_TEST(direct_recursion_stays_two_levels_deep)
{
    tp_profile *a = recorded("a1a1a1)))"), *b = recorded("a2a3))");
    ck_assert_str_eq(tree_text(a, 0), "a 1/0 3; .a 2/1 2");
    tp_profile *sum = sum_of(a, b, NULL);
    ck_assert_str_eq(tree_text(sum, 0), "a 2/0 8; .a 3/1 5");
    assert_function(sum, 'a', 5, 2, 8, 8);
    drop(a, b, sum);
}
END_TEST

START_TEST(ticks_become_those_of_the_first)
{
    tp_profile *a = recorded("a2b2))"), *b = recorded("a4b3))");
    b->unit = 0.5;
    tp_profile *sum = sum_of(a, b, NULL);
    ck_assert_double_eq(tp_profile_unit(sum), 1);
    /* 3 half seconds are rounded to 2 seconds, 7 to 4. */
    ck_assert_str_eq(tree_text(sum, 0), "a 2/0 8; .b 2/0 4");
    drop(a, b, sum);
}
END_TEST

static tp_profile *with_threads(const char *first, const char *second)
{
    tp_profile *p = build_profile();
    uint32_t f = build_row(p, "m.py", 1, "f", 2, 3, 3);
    build_thread(p, first, 1);
    build_context(p, TP_NO_INDEX, f, 1, 1);
    build_thread(p, second, 2);
    build_context(p, TP_NO_INDEX, f, 1, 2);
    build_finish(p);
    return p;
}

START_TEST(threads_add_up_by_name)
{
    tp_profile *a = with_threads("main", "worker"), *b = with_threads("worker", "other");
    tp_profile *sum = sum_of(a, b, NULL);
    ck_assert_uint_eq(tp_profile_thread_count(sum), 3);
    ck_assert_str_eq(tree_text(sum, 0), "f 1/0 1");
    ck_assert_str_eq(tree_text(sum, 1), "f 2/0 3");
    ck_assert_str_eq(tree_text(sum, 2), "f 1/0 2");
    ck_assert_uint_eq(tp_profile_threads(sum)[1].id, 2);
    ck_assert_str_eq(tp_profile_threads(sum)[2].name.bytes, "other");
    drop(a, b, sum);
}
END_TEST

START_TEST(a_file_without_a_tree_takes_the_sums)
{
    size_t without = 7;
    tp_profile *a = recorded("a2b2))"), *b = build_profile();
    build_row(b, "file", 'a', "a", 1, 1, 1);
    build_finish(b);
    tp_profile *sum = sum_of(a, b, &without);
    ck_assert_uint_eq(without, 1);
    ck_assert_uint_eq(tp_profile_thread_count(sum), 0);
    assert_function(sum, 'a', 2, 2, 3, 5);
    drop(a, b, sum);
}
END_TEST

static void assert_integer(const tp_profile *profile, const char *name, int64_t value)
{
    const tp_property *property = tp_profile_property(profile, name);
    ck_assert_msg(property != NULL, "no %s", name);
    ck_assert_int_eq(property->kind, TP_INTEGER);
    ck_assert_int_eq(property->integer, value);
}

static tp_profile *with_facts(const char *clock, int64_t lost, double start, double duration)
{
    tp_profile *p = build_profile();
    ck_assert_int_eq(tp_profile_set_text(p, "python", "3.13.1", 6), TP_OK);
    ck_assert_int_eq(tp_profile_set_text(p, "clock", clock, strlen(clock)), TP_OK);
    ck_assert_int_eq(tp_profile_set_integer(p, "calls_lost", lost), TP_OK);
    ck_assert_int_eq(tp_profile_set_integer(p, "level", lost), TP_OK);
    ck_assert_int_eq(tp_profile_set_real(p, "start", start), TP_OK);
    ck_assert_int_eq(tp_profile_set_real(p, "duration", duration), TP_OK);
    build_finish(p);
    return p;
}

START_TEST(facts_that_all_agree_on_stay)
{
    tp_profile *a = with_facts("counter", 3, 20, 1.5), *b = with_facts("wall", 4, 10, 2);
    ck_assert_int_eq(tp_profile_set_integer(a, "repairs_orphans", 2), TP_OK);
    ck_assert_int_eq(tp_profile_set_text(a, "command", "x.py", 4), TP_OK);
    tp_profile *sum = sum_of(a, b, NULL);
    ck_assert_str_eq(tp_profile_property(sum, "python")->text.bytes, "3.13.1");
    ck_assert_ptr_null(tp_profile_property(sum, "clock"));
    ck_assert_ptr_null(tp_profile_property(sum, "level"));
    ck_assert_ptr_null(tp_profile_property(sum, "command"));
    assert_integer(sum, "calls_lost", 7);
    assert_integer(sum, "repairs_orphans", 2);
    assert_integer(sum, "merged", 2);
    ck_assert_double_eq(tp_profile_property(sum, "start")->real, 10);
    ck_assert_double_eq(tp_profile_property(sum, "duration")->real, 3.5);
    tp_profile *more = sum_of(sum, b, NULL);
    assert_integer(more, "merged", 3);
    assert_integer(more, "calls_lost", 11);
    tp_profile_destroy(more);
    drop(a, b, sum);
}
END_TEST

START_TEST(kinds_that_differ_drop_a_fact)
{
    tp_profile *a = build_profile(), *b = build_profile();
    ck_assert_int_eq(tp_profile_set_integer(a, "calls_lost", 1), TP_OK);
    ck_assert_int_eq(tp_profile_set_real(b, "calls_lost", 1), TP_OK);
    build_finish(a);
    build_finish(b);
    tp_profile *sum = sum_of(a, b, NULL);
    ck_assert_ptr_null(tp_profile_property(sum, "calls_lost"));
    drop(a, b, sum);
}
END_TEST

START_TEST(origins_add_up)
{
    tp_profile *a = build_profile(), *b = build_profile();
    a->origin = (tp_origin){ TP_DIALECT_YAPPI, 0, 1, 2, 3 };
    b->origin = (tp_origin){ TP_DIALECT_YAPPI, 1, 10, 20, 30 };
    build_finish(a);
    build_finish(b);
    tp_profile *same = sum_of(a, b, NULL);
    tp_origin origin = tp_profile_origin(same);
    ck_assert_int_eq(origin.dialect, TP_DIALECT_YAPPI);
    ck_assert_uint_eq(origin.has_extension, 1);
    ck_assert_uint_eq(origin.counts_swapped, 11);
    ck_assert_uint_eq(origin.counts_unknown, 22);
    ck_assert_uint_eq(origin.callers_implied, 33);
    b->origin.dialect = TP_DIALECT_PROFILE;
    tp_profile *mixed = sum_of(a, b, NULL);
    ck_assert_int_eq(tp_profile_origin(mixed).dialect, TP_DIALECT_CPROFILE);
    tp_profile_destroy(mixed);
    drop(a, b, same);
}
END_TEST

START_TEST(one_file_that_has_the_row_is_enough)
{
    tp_profile *a = build_profile(), *b = build_profile();
    build_row(a, "m.py", 1, "f", 1, 1, 1);
    build_row(a, "m.py", 2, "g", 0, 0, 0);
    build_row(a, "m.py", 3, "h", 0, 0, 0);
    a->functions[1].flags = a->functions[2].flags = TP_FUNCTION_IMPLIED;
    build_finish(a);
    build_row(b, "m.py", 2, "g", 1, 1, 1);
    build_row(b, "m.py", 3, "h", 0, 0, 0);
    b->functions[1].flags = TP_FUNCTION_IMPLIED;
    build_finish(b);
    tp_profile *sum = sum_of(b, a, NULL);
    ck_assert_uint_eq(row_of(sum, "m.py", 1, "f")->flags, 0);
    ck_assert_uint_eq(row_of(sum, "m.py", 2, "g")->flags, 0);
    ck_assert_uint_eq(row_of(sum, "m.py", 3, "h")->flags, TP_FUNCTION_IMPLIED);
    drop(a, b, sum);
}
END_TEST

/* A row and an edge of it to itself, with so many calls. */
static tp_profile *counted(int64_t calls, int64_t edge_calls)
{
    tp_profile *p = build_profile();
    uint32_t f = build_row(p, "m.py", 1, "f", calls, 1, 1);
    build_edge(p, f, f, edge_calls, 1);
    build_finish(p);
    return p;
}

static tp_status add_both(const tp_profile *a, const tp_profile *b)
{
    tp_merge *merge;
    ck_assert_int_eq(tp_merge_create(&merge, NULL), TP_OK);
    ck_assert_int_eq(tp_merge_add(merge, a), TP_OK);
    tp_status status = tp_merge_add(merge, b);
    tp_merge_destroy(merge);
    return status;
}

START_TEST(counts_beyond_64_bits_are_refused)
{
    static const struct {
        int64_t calls[2], edge_calls[2];
        tp_status status;
    } cases[] = {
        { { INT64_MAX - 1, 1 }, { 1, 1 }, TP_OK },
        { { INT64_MAX, 1 }, { 1, 1 }, TP_ELIMIT },
        { { 1, INT64_MAX }, { 1, 1 }, TP_ELIMIT },
        { { INT64_MIN + 1, -1 }, { 1, 1 }, TP_OK },
        { { INT64_MIN, -1 }, { 1, 1 }, TP_ELIMIT },
        { { INT64_MIN, INT64_MAX }, { 1, 1 }, TP_OK },
        { { 1, 1 }, { INT64_MAX, 1 }, TP_ELIMIT },
        { { 1, 1 }, { -1, INT64_MIN }, TP_ELIMIT },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tp_profile *a = counted(cases[i].calls[0], cases[i].edge_calls[0]);
        tp_profile *b = counted(cases[i].calls[1], cases[i].edge_calls[1]);
        ck_assert_msg(add_both(a, b) == cases[i].status, "case %zu", i);
        drop(a, b, NULL);
    }
}
END_TEST

START_TEST(nothing_added_is_an_empty_profile)
{
    tp_merge *merge;
    tp_profile *sum;
    ck_assert_int_eq(tp_merge_create(&merge, NULL), TP_OK);
    ck_assert_int_eq(tp_merge_finish(merge, &sum, NULL), TP_OK);
    tp_merge_destroy(merge);
    tp_merge_destroy(NULL);
    ck_assert_uint_eq(tp_profile_function_count(sum), 0);
    ck_assert_uint_eq(tp_profile_property_count(sum), 0);
    tp_profile_destroy(sum);
}
END_TEST

START_TEST(functions_are_matched)
{
    tp_profile *a = build_profile(), *b = build_profile();
    uint32_t b_of_a[8];
    build_row(a, "m.py", 1, "same", 1, 1, 1);
    build_row(a, "m.py", 5, "moved", 1, 1, 1);
    build_row(a, "m.py", 7, "twice in b", 1, 1, 1);
    build_row(a, "m.py", 8, "twice in a", 1, 1, 1);
    build_row(a, "m.py", 9, "twice in a", 1, 1, 1);
    build_row(a, "m.py", 10, "one left", 1, 1, 1);
    build_row(a, "m.py", 11, "one left", 1, 1, 1);
    build_row(a, "m.py", 12, "gone", 1, 1, 1);
    build_finish(a);
    build_row(b, "m.py", 11, "one left", 1, 1, 1);
    build_row(b, "m.py", 13, "one left", 1, 1, 1);
    build_row(b, "m.py", 8000, "twice in a", 1, 1, 1);
    build_row(b, "m.py", 70, "twice in b", 1, 1, 1);
    build_row(b, "m.py", 71, "twice in b", 1, 1, 1);
    build_row(b, "m.py", 6, "moved", 1, 1, 1);
    build_row(b, "m.py", 1, "same", 1, 1, 1);
    build_row(b, "other.py", 12, "gone", 1, 1, 1);
    build_finish(b);
    const uint32_t none = TP_NO_INDEX, expected[8] = { 6, 5, none, none, none, 1, 0, none };
    ck_assert_int_eq(tp_profile_match(a, b, b_of_a), TP_OK);
    ck_assert_mem_eq(b_of_a, expected, sizeof expected);
    drop(a, b, NULL);
}
END_TEST

START_TEST(contexts_are_matched_by_path)
{
    tp_profile *a = recorded("a1b1c1))c1)d1))e1)"), *b = recorded("e1)a1c1)b1x1)c1)))");
    uint32_t b_of_a[8], context_of[8];
    ck_assert_str_eq(tree_text(a, 0), "a 1/0 5; .b 1/0 2; ..c 1/0 1; .c 1/0 1; .d 1/0 1; e 1/0 1");
    ck_assert_str_eq(tree_text(b, 0), "e 1/0 1; a 1/0 5; .c 1/0 1; .b 1/0 3; ..x 1/0 1; ..c 1/0 1");
    ck_assert_int_eq(tp_profile_match(a, b, b_of_a), TP_OK);
    ck_assert_int_eq(tp_tree_match(tp_profile_threads(a), tp_profile_threads(b), b_of_a,
                                   context_of, NULL),
                     TP_OK);
    const uint32_t expected[6] = { 1, 3, 5, 2, TP_NO_INDEX, 0 };
    ck_assert_mem_eq(context_of, expected, sizeof expected);
    drop(a, b, NULL);
}
END_TEST

START_TEST(without_folders_equal_labels_fall_together)
{
    tp_profile *p = build_profile(), *stripped;
    uint32_t root = build_row(p, "/x/run.py", 1, "r", 1, 1, 10);
    uint32_t left = build_row(p, "/x/m.py", 1, "f", 2, 2, 5);
    uint32_t right = build_row(p, "/y/m.py", 1, "f", 3, 3, 4);
    uint32_t builtin = build_row(p, "~", 0, "<len>", 4, 1, 1);
    build_edge(p, root, left, 2, 5);
    build_edge(p, root, right, 1, 2);
    build_edge(p, left, right, 2, 2);
    build_edge(p, left, builtin, 1, 1);
    build_edge(p, right, builtin, 3, 0);
    build_thread(p, "main", 9);
    uint32_t top = build_context(p, TP_NO_INDEX, root, 1, 10);
    uint32_t a = build_context(p, top, left, 2, 5);
    uint32_t b = build_context(p, a, right, 2, 2);
    build_context(p, b, left, 1, 1);
    build_context(p, top, right, 1, 2);
    ck_assert_int_eq(tp_profile_set_text(p, "command", "x", 1), TP_OK);
    build_finish(p);
    ck_assert_int_eq(tp_profile_strip_dirs(&stripped, p), TP_OK);
    ck_assert_uint_eq(tp_profile_function_count(stripped), 3);
    const tp_function *f = row_of(stripped, "m.py", 1, "f");
    ck_assert_int_eq(f->calls, 5);
    ck_assert_double_eq(f->total, 5);
    ck_assert_double_eq(f->cumulative, 9);
    ck_assert_ptr_nonnull(row_of(stripped, "run.py", 1, "r"));
    ck_assert_ptr_nonnull(row_of(stripped, "~", 0, "<len>"));
    const tp_edge *edges = tp_profile_edges(stripped);
    ck_assert_uint_eq(tp_profile_edge_count(stripped), 3);
    ck_assert(edges[0].caller == 0 && edges[0].callee == 1 && edges[0].calls == 3);
    ck_assert(edges[1].caller == 1 && edges[1].callee == 1 && edges[1].calls == 2);
    ck_assert(edges[2].caller == 1 && edges[2].callee == 2 && edges[2].calls == 4);
    /* Siblings are one, and a call of f by f by f is nested. */
    ck_assert_str_eq(tree_text(stripped, 0), "r 1/0 10; .f 3/0 7; ..f 3/1 2");
    ck_assert_uint_eq(tp_profile_threads(stripped)[0].id, 9);
    ck_assert_str_eq(tp_profile_property(stripped, "command")->text.bytes, "x");
    drop(p, stripped, NULL);
}
END_TEST

START_TEST(upside_down_each_function_shows_who_called_it)
{
    tp_profile *p = recorded("a1b2c4))c8))"), *inverted;
    ck_assert_int_eq(tp_profile_invert(&inverted, p, 5), TP_OK);
    ck_assert_str_eq(tree_text(inverted, 0),
                     "a 1/0 1; b 1/0 2; .a 1/0 2; c 2/0 12; .b 1/0 4; ..a 1/0 4; .a 1/0 8");
    assert_function(inverted, 'a', 1, 1, 1, 15);
    tp_profile_destroy(inverted);
    ck_assert_int_eq(tp_profile_invert(&inverted, p, 1), TP_OK);
    ck_assert_str_eq(tree_text(inverted, 0),
                     "a 1/0 1; b 1/0 2; .a 1/0 2; c 2/0 12; .b 1/0 4; .a 1/0 8");
    tp_profile_destroy(inverted);
    ck_assert_int_eq(tp_profile_invert(&inverted, p, 0), TP_OK);
    ck_assert_str_eq(tree_text(inverted, 0), "a 1/0 1; b 1/0 2; c 2/0 12");
    drop(p, inverted, NULL);
}
END_TEST

Suite *reshape_suite(void)
{
    Suite *suite = suite_create("reshape");
    TCase *tests = tcase_create("reshape");
    tcase_add_test(tests, rows_and_edges_add_up);
    tcase_add_test(tests, trees_add_up);
    tcase_add_test(tests, direct_recursion_stays_two_levels_deep);
    tcase_add_test(tests, ticks_become_those_of_the_first);
    tcase_add_test(tests, threads_add_up_by_name);
    tcase_add_test(tests, a_file_without_a_tree_takes_the_sums);
    tcase_add_test(tests, facts_that_all_agree_on_stay);
    tcase_add_test(tests, kinds_that_differ_drop_a_fact);
    tcase_add_test(tests, origins_add_up);
    tcase_add_test(tests, one_file_that_has_the_row_is_enough);
    tcase_add_test(tests, counts_beyond_64_bits_are_refused);
    tcase_add_test(tests, nothing_added_is_an_empty_profile);
    tcase_add_test(tests, functions_are_matched);
    tcase_add_test(tests, contexts_are_matched_by_path);
    tcase_add_test(tests, without_folders_equal_labels_fall_together);
    tcase_add_test(tests, upside_down_each_function_shows_who_called_it);
    suite_add_tcase(suite, tests);
    return suite;
}
