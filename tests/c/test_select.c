/* Parts of profiles, with and without a tree, and trees estimated from edges. */
#include "assemble.h"
#include "builder.h"

static tp_pattern *pattern(const char *text)
{
    tp_pattern *made;
    ck_assert_int_eq(tp_pattern_create(&made, text, strlen(text), NULL, NULL), TP_OK);
    return made;
}

/* The part that these rules leave; NULL: no such rule. */
static tp_profile *part_of(const tp_profile *profile, const char *focus, const char *ignore,
                           const char *hide, const char *root)
{
    tp_profile *part;
    tp_selection s = TP_SELECTION_INIT;
    s.focus = focus != NULL ? pattern(focus) : NULL;
    s.ignore = ignore != NULL ? pattern(ignore) : NULL;
    s.hide = hide != NULL ? pattern(hide) : NULL;
    s.root = root != NULL ? pattern(root) : NULL;
    ck_assert_int_eq(tp_profile_select(&part, profile, &s), TP_OK);
    tp_pattern_destroy(s.focus);
    tp_pattern_destroy(s.ignore);
    tp_pattern_destroy(s.hide);
    tp_pattern_destroy(s.root);
    return part;
}

/* b is called by a, d and by itself through c. */
static const char script[] = "a1b2c4b3))d5)))d1b7)e2))";

START_TEST(the_whole_is_a_part)
{
    tp_profile *p = recorded(script);
    tp_profile *part = part_of(p, NULL, NULL, NULL, NULL);
    ck_assert_str_eq(tree_text(part, 0), "a 1/0 15; .b 1/0 14; ..c 1/0 7; ...b 1/0 3; ..d 1/0 5; "
                                         "d 1/0 10; .b 1/0 7; .e 1/0 2");
    ck_assert_uint_eq(tp_profile_function_count(part), 5);
    for (char c = 'a'; c <= 'e'; c++) {
        const tp_function *f = find_function(p, c);
        assert_function(part, c, f->calls, f->primitive_calls, f->total, f->cumulative);
    }
    tp_profile_destroy(part);
    tp_profile_destroy(p);
}
END_TEST

static const struct {
    const char *focus, *ignore, *hide, *root, *expected;
} cases[] = {
    { "\\(c\\)", NULL, NULL, NULL, "a 1/0 7; .b 1/0 7; ..c 1/0 7; ...b 1/0 3" },
    { "\\(d\\)", NULL, NULL, NULL,
      "a 1/0 5; .b 1/0 5; ..d 1/0 5; d 1/0 10; .b 1/0 7; .e 1/0 2" },
    { NULL, "\\(b\\)", NULL, NULL, "a 1/0 1; d 1/0 3; .e 1/0 2" },
    { NULL, NULL, "\\(b\\)", NULL, "a 1/0 15; .c 1/0 7; .d 1/0 5; d 1/0 10; .e 1/0 2" },
    { NULL, NULL, NULL, "\\(b\\)",
      "b 2/0 21; .c 1/0 7; ..b 1/0 3; .d 1/0 5" },
    { NULL, NULL, NULL, "\\(e\\)", "e 1/0 2" },
    { "\\(c\\)", "\\(e\\)", "\\(b\\)", NULL, "a 1/0 7; .c 1/0 7" },
    /* Hidden at the top: its callees are at the top, its own time goes. */
    { NULL, NULL, "\\(a\\)", NULL,
      "b 1/0 14; .c 1/0 7; ..b 1/0 3; .d 1/0 5; d 1/0 10; .b 1/0 7; .e 1/0 2" },
    { "\\(c\\)", NULL, NULL, "\\(b\\)", "b 1/0 7; .c 1/0 7; ..b 1/0 3" },
};

START_TEST(parts_of_trees)
{
    tp_profile *p = recorded(script);
    tp_profile *part = part_of(p, cases[_i].focus, cases[_i].ignore, cases[_i].hide,
                               cases[_i].root);
    ck_assert_str_eq(tree_text(part, 0), cases[_i].expected);
    tp_profile_destroy(part);
    tp_profile_destroy(p);
}
END_TEST

START_TEST(rows_of_a_part_are_those_of_its_tree)
{
    tp_profile *p = recorded(script);
    tp_profile *part = part_of(p, NULL, "\\(c\\)", NULL, NULL);
    ck_assert_uint_eq(tp_profile_function_count(part), 4);
    assert_function(part, 'b', 2, 2, 9, 14);
    assert_function(part, 'a', 1, 1, 1, 8);
    ck_assert_ptr_null(row_of(part, "file", 'c', "c"));
    assert_edge(part, 'a', 'b', 1, 1, 2, 7);
    assert_edge(part, 'd', 'b', 1, 1, 7, 7);
    ck_assert_uint_eq(tp_profile_edge_count(part), 4);
    tp_profile_destroy(part);
    tp_profile_destroy(p);
}
END_TEST

START_TEST(what_nothing_matches_is_empty)
{
    tp_profile *p = recorded(script);
    tp_profile *part = part_of(p, "nothing", NULL, NULL, NULL);
    ck_assert_uint_eq(tp_profile_thread_count(part), 0);
    ck_assert_uint_eq(tp_profile_function_count(part), 0);
    tp_profile_destroy(part);
    tp_profile_destroy(p);
}
END_TEST

static tp_profile *with_libraries(int with_tree)
{
    tp_profile *p = build_profile();
    uint32_t own = build_row(p, "app.py", 1, "own", 1, 1, 16);
    uint32_t lib = build_row(p, "/usr/lib/python3.13/json/__init__.py", 1, "dumps", 1, 2, 14);
    uint32_t deep = build_row(p, "/v/site-packages/m.py", 2, "deep", 2, 4, 13);
    uint32_t back = build_row(p, "app.py", 9, "back", 1, 8, 9);
    uint32_t len = build_row(p, "~", 0, "<len>", 2, 1, 1);
    build_edge(p, own, lib, 1, 14);
    build_edge(p, own, deep, 1, 1);
    build_edge(p, lib, deep, 1, 12);
    build_edge(p, deep, back, 1, 9);
    build_edge(p, deep, len, 1, 0.5);
    build_edge(p, back, len, 1, 0.5);
    if (with_tree) {
        build_thread(p, "main", 41);
        uint32_t a = build_context(p, TP_NO_INDEX, own, 1, 16);
        uint32_t b = build_context(p, a, lib, 1, 14);
        uint32_t c = build_context(p, b, deep, 1, 12);
        uint32_t d = build_context(p, c, back, 1, 9);
        build_context(p, d, len, 1, 1);
        build_context(p, c, len, 1, 1);
        build_thread(p, "worker", 42);
        build_context(p, TP_NO_INDEX, back, 1, 7);
    }
    ck_assert_int_eq(tp_group_edges(p), TP_OK);
    build_finish(p);
    return p;
}

START_TEST(libraries_are_known_by_their_files)
{
    static const struct {
        const char *file;
        int is_library;
    } files[] = {
        { "", 1 },
        { "~", 1 },
        { "<frozen importlib._bootstrap>", 1 },
        { "/usr/lib/python3.13/json.py", 1 },
        { "/v/site-packages/a.py", 1 },
        { "/usr/lib/python3/dist-packages/a.py", 1 },
        { "C:\\Python\\Lib\\json.py", 1 },
        { "~/a.py", 0 },
        { "app.py", 0 },
        { "/srv/site-packages.py", 0 },
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        tp_label label = { { files[i].file, strlen(files[i].file) }, { "f", 1 }, 1 };
        ck_assert_msg(tp_label_is_library(&label) == files[i].is_library, "%s", files[i].file);
    }
}
END_TEST

static tp_profile *collapsed(const tp_profile *profile)
{
    tp_profile *part;
    tp_selection s = TP_SELECTION_INIT;
    s.collapse_lib = 1;
    ck_assert_int_eq(tp_profile_select(&part, profile, &s), TP_OK);
    return part;
}

START_TEST(libraries_are_collapsed_in_a_tree)
{
    tp_profile *p = with_libraries(1), *part = collapsed(p);
    ck_assert_str_eq(tree_text(part, 0), "own 1/0 16; .dumps 1/0 14; ..back 1/0 9; ...<len> 1/0 1");
    tp_profile_destroy(part);
    tp_profile_destroy(p);
}
END_TEST

START_TEST(libraries_are_collapsed_in_rows)
{
    tp_profile *p = with_libraries(0), *part = collapsed(p);
    /* own called deep, too, and back called len: what is left is those calls. */
    const tp_function *deep = row_of(part, "/v/site-packages/m.py", 2, "deep");
    ck_assert_int_eq(deep->calls, 1);
    ck_assert_double_eq(deep->cumulative, 1);
    ck_assert_double_eq(deep->total, 0.5); /* that of the len it called, now its own */
    ck_assert_int_eq(row_of(part, "~", 0, "<len>")->calls, 1);
    ck_assert_double_eq(row_of(part, "~", 0, "<len>")->total, 0.5);
    ck_assert_uint_eq(tp_profile_edge_count(part), 4);
    ck_assert_uint_eq(tp_profile_function_count(part), 5);
    tp_profile_destroy(part);
    tp_profile_destroy(p);
}
END_TEST

static size_t threads_like(const tp_profile *profile, const char *thread)
{
    tp_profile *part;
    tp_selection s = TP_SELECTION_INIT;
    s.by_thread = 1;
    s.thread = (tp_string){ thread, strlen(thread) };
    ck_assert_int_eq(tp_profile_select(&part, profile, &s), TP_OK);
    size_t count = tp_profile_thread_count(part);
    if (count == 1)
        ck_assert_str_eq(tree_text(part, 0), "back 1/0 7");
    tp_profile_destroy(part);
    return count;
}

START_TEST(threads_are_chosen_by_name_and_number)
{
    tp_profile *p = with_libraries(1);
    ck_assert_uint_eq(threads_like(p, "worker"), 1);
    ck_assert_uint_eq(threads_like(p, "42"), 1);
    ck_assert_uint_eq(threads_like(p, "4"), 0);
    ck_assert_uint_eq(threads_like(p, "Worker"), 0);
    tp_profile_destroy(p);
}
END_TEST

START_TEST(threads_and_roots_need_a_tree)
{
    tp_profile *p = with_libraries(0), *part = NULL;
    tp_selection s = TP_SELECTION_INIT;
    s.by_thread = 1;
    ck_assert_int_eq(tp_profile_select(&part, p, &s), TP_EARGUMENT);
    s.by_thread = 0;
    s.root = pattern("own");
    ck_assert_int_eq(tp_profile_select(&part, p, &s), TP_EARGUMENT);
    ck_assert_ptr_null(part);
    tp_pattern_destroy(s.root);
    tp_profile_destroy(p);
}
END_TEST

START_TEST(parts_of_rows)
{
    tp_profile *p = with_libraries(0);
    tp_profile *part = part_of(p, "back", NULL, NULL, NULL);
    ck_assert_uint_eq(tp_profile_function_count(part), 5); /* all lead there, or it to them */
    tp_profile_destroy(part);
    part = part_of(p, "<len>|dumps", "deep", NULL, NULL);
    ck_assert_ptr_null(row_of(part, "/v/site-packages/m.py", 2, "deep"));
    ck_assert_uint_eq(tp_profile_edge_count(part), 2);
    tp_profile_destroy(part);
    part = part_of(p, NULL, NULL, "deep", NULL);
    ck_assert_ptr_null(row_of(part, "/v/site-packages/m.py", 2, "deep"));
    /* Each caller has the own time that deep had on its behalf (here all of the edge's). */
    ck_assert_double_eq(row_of(part, "app.py", 1, "own")->total, 2);
    ck_assert_double_eq(row_of(part, "app.py", 1, "own")->cumulative, 16);
    tp_profile_destroy(part);
    part = part_of(p, "app.py:9", "own", NULL, NULL);
    ck_assert_ptr_null(row_of(part, "app.py", 1, "own"));
    ck_assert_ptr_nonnull(row_of(part, "~", 0, "<len>"));
    tp_profile_destroy(part);
    tp_profile_destroy(p);
}
END_TEST

/* The tree that is estimated, of contexts that have at least that share. */
static tp_profile *estimated(const tp_profile *p, double least)
{
    tp_profile *made;
    ck_assert_int_eq(tp_profile_estimate_tree(&made, p, least), TP_OK);
    ck_assert_uint_eq(tp_profile_thread_count(made), 1);
    ck_assert_double_eq(tp_profile_unit(made), 1e-9);
    ck_assert_str_eq(tp_profile_property(made, "tree")->text.bytes, "estimated");
    return made;
}

#define SECONDS "000000000"

static tp_profile *with_edges(void)
{
    tp_profile *p = build_profile();
    uint32_t a = build_row(p, "m.py", 1, "a", 1, 1, 10);
    uint32_t b = build_row(p, "m.py", 2, "b", 4, 5, 6);
    uint32_t c = build_row(p, "m.py", 3, "c", 4, 3, 3);
    build_edge(p, a, b, 4, 6);
    build_edge(p, b, b, 2, 1);
    build_edge(p, a, c, 3, 2);
    build_edge(p, b, c, 1, 1);
    build_finish(p);
    return p;
}

START_TEST(trees_are_estimated_from_times)
{
    tp_profile *p = with_edges(), *made = estimated(p, 0);
    ck_assert_str_eq(tree_text(made, 0), "a 1/0 10" SECONDS "; .b 4/0 6" SECONDS
                                         "; ..c 1/0 1" SECONDS "; .c 3/0 2" SECONDS);
    tp_profile_destroy(made);
    made = estimated(p, 0.15); /* of 9 seconds in all */
    ck_assert_str_eq(tree_text(made, 0),
                     "a 1/0 10" SECONDS "; .b 4/0 6" SECONDS "; .c 3/0 2" SECONDS);
    tp_profile_destroy(made);
    tp_profile_destroy(p);
}
END_TEST

START_TEST(trees_are_estimated_from_calls)
{
    tp_profile *p = with_edges();
    p->origin.dialect = TP_DIALECT_PROFILE; /* whose edges have no times */
    tp_profile *made = estimated(p, 0);
    /* b: four of its six calls are a's; c: three of four. */
    ck_assert_str_eq(tree_text(made, 0), "a 1/0 10" SECONDS "; .b 4/0 4" SECONDS
                                         "; ..c 1/0 500000000; .c 3/0 2250000000");
    tp_profile_destroy(made);
    tp_profile_destroy(p);
}
END_TEST

START_TEST(where_everything_is_called_the_longest_is_the_root)
{
    tp_profile *p = build_profile();
    uint32_t a = build_row(p, "m.py", 1, "a", 1, 1, 2);
    uint32_t b = build_row(p, "m.py", 2, "b", 1, 1, 3);
    build_edge(p, b, a, 1, 2);
    build_edge(p, a, b, 1, 1);
    build_finish(p);
    tp_profile *made = estimated(p, 0);
    ck_assert_str_eq(tree_text(made, 0), "b 1/0 3" SECONDS "; .a 1/0 2" SECONDS);
    tp_profile_destroy(made);
    tp_profile_destroy(p);
}
END_TEST

START_TEST(an_empty_profile_has_an_empty_tree)
{
    tp_profile *p = build_profile();
    build_finish(p);
    tp_profile *made = estimated(p, 0.001);
    ck_assert_uint_eq(tp_profile_threads(made)[0].context_count, 0);
    tp_profile_destroy(made);
    tp_profile_destroy(p);
}
END_TEST

/* Each function calls both of the next two: 2^20 paths. The second root stands beyond the bound. */
START_TEST(an_estimate_has_a_bound)
{
    tp_profile *p = build_profile();
    uint32_t row[2] = { 0, 0 };
    for (int level = 0; level < 20; level++) {
        uint32_t above[2] = { row[0], row[1] };
        for (int i = 0; i < 2; i++) {
            row[i] = build_row(p, "m.py", level, i == 0 ? "l" : "r", 1, 1, 40);
            for (int k = 0; level > 0 && k < 2; k++)
                build_edge(p, above[k], row[i], 1, 20);
        }
    }
    build_finish(p);
    tp_profile *made = estimated(p, 0);
    ck_assert_uint_eq(tp_profile_threads(made)[0].context_count, 200001);
    tp_profile_destroy(made);
    tp_profile_destroy(p);
}
END_TEST

Suite *select_suite(void)
{
    Suite *suite = suite_create("select");
    TCase *tests = tcase_create("select");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, the_whole_is_a_part);
    tcase_add_loop_test(tests, parts_of_trees, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_test(tests, rows_of_a_part_are_those_of_its_tree);
    tcase_add_test(tests, what_nothing_matches_is_empty);
    tcase_add_test(tests, libraries_are_known_by_their_files);
    tcase_add_test(tests, libraries_are_collapsed_in_a_tree);
    tcase_add_test(tests, libraries_are_collapsed_in_rows);
    tcase_add_test(tests, threads_are_chosen_by_name_and_number);
    tcase_add_test(tests, threads_and_roots_need_a_tree);
    tcase_add_test(tests, parts_of_rows);
    tcase_add_test(tests, trees_are_estimated_from_times);
    tcase_add_test(tests, trees_are_estimated_from_calls);
    tcase_add_test(tests, where_everything_is_called_the_longest_is_the_root);
    tcase_add_test(tests, an_empty_profile_has_an_empty_tree);
    tcase_add_test(tests, an_estimate_has_a_bound);
    suite_add_tcase(suite, tests);
    return suite;
}
