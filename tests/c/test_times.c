/* Times of two kinds: raw and compensated ones in one profile, and in what is made of it. */
#include "builder.h"

#include <traceprof/reshape.h>

#define SCRIPT "a2b3c2)c4))d1a5b2)))d3)"

static const char *shown_tree(tp_profile *profile, tp_times times)
{
    ck_assert_int_eq(tp_profile_show_times(profile, times), TP_OK);
    return tree_text(profile, 0);
}

START_TEST(one_kind_is_also_the_other)
{
    tp_profile *p = recorded("a2b3c1)))");
    ck_assert_int_eq(tp_profile_times(p), TP_TIMES_RAW);
    ck_assert(!tp_profile_has_both_times(p));
    for (size_t i = 0; i < tp_profile_function_count(p); i++) {
        const tp_function *row = &tp_profile_functions(p)[i];
        ck_assert(row->other_total == row->total && row->other_cumulative == row->cumulative);
        ck_assert_double_gt(row->total, 0);
    }
    for (size_t i = 0; i < tp_profile_edge_count(p); i++) {
        const tp_edge *edge = &tp_profile_edges(p)[i];
        ck_assert(edge->other_total == edge->total && edge->other_cumulative == edge->cumulative);
    }
    const tp_context *top = tp_profile_threads(p)[0].contexts;
    ck_assert_int_eq(top->other_ticks, 6);
    ck_assert_int_eq(tp_profile_show_times(p, TP_TIMES_COMPENSATED), TP_EARGUMENT);
    ck_assert_int_eq(tp_profile_show_times(p, TP_TIMES_RAW), TP_OK);
    assert_function(p, 'a', 1, 1, 2, 6);
    tp_profile_destroy(p);
}
END_TEST

START_TEST(coroutines_have_both_as_well)
{
    tp_profile *p = build_profile();
    build_row(p, "m.py", 1, "f", 1, 1, 1);
    build_coroutine(p, 0, 1, 2, 30, 40);
    build_finish(p);
    ck_assert_int_eq(tp_profile_coroutines(p)->other_active_ticks, 30);
    p->both_times = true;
    p->coroutines[0].other_active_ticks = 20;
    ck_assert_int_eq(tp_profile_show_times(p, TP_TIMES_COMPENSATED), TP_OK);
    ck_assert_int_eq(tp_profile_coroutines(p)->active_ticks, 20);
    ck_assert_int_eq(tp_profile_coroutines(p)->other_active_ticks, 30);
    ck_assert_int_eq(tp_profile_coroutines(p)->awaited_ticks, 40);
    tp_profile_destroy(p);
}
END_TEST

START_TEST(trees_fold_to_both)
{
    tp_profile *p = compensated(SCRIPT);
    ck_assert(tp_profile_has_both_times(p));
    ck_assert_int_eq(tp_profile_times(p), TP_TIMES_COMPENSATED);
    const tp_function *b = find_function(p, 'b');
    ck_assert(b->total == 3 && b->cumulative == 7 && b->other_total == 5 &&
              b->other_cumulative == 11);
    const tp_edge *edge = find_edge(p, 'a', 'b');
    ck_assert(edge->total == 3 && edge->cumulative == 7 && edge->other_total == 5 &&
              edge->other_cumulative == 11);
    ck_assert_str_eq(shown_tree(p, TP_TIMES_COMPENSATED),
                     "a 1/0 14; .b 1/0 6; ..c 2/0 4; .d 2/0 7; ..a 1/0 5; ...b 1/0 1");
    ck_assert_str_eq(shown_tree(p, TP_TIMES_RAW),
                     "a 1/0 22; .b 1/0 9; ..c 2/0 6; .d 2/0 11; ..a 1/0 7; ...b 1/0 2");
    ck_assert_int_eq(tp_profile_times(p), TP_TIMES_RAW);
    assert_function(p, 'b', 2, 2, 5, 11);
    assert_function(p, 'a', 2, 1, 7, 22);
    assert_edge(p, 'a', 'b', 2, 2, 5, 11);
    ck_assert_double_eq(find_function(p, 'b')->other_total, 3);
    tp_profile_destroy(p);
}
END_TEST

/* Ways to make a profile of another; some need a pattern. */
typedef tp_profile *making(const tp_profile *profile, const char *pattern);

static tp_profile *select_by(const tp_profile *profile, const tp_selection *selection)
{
    tp_profile *made;
    ck_assert_int_eq(tp_profile_select(&made, profile, selection), TP_OK);
    return made;
}

static tp_pattern *compile(const char *text)
{
    tp_pattern *pattern;
    ck_assert_int_eq(tp_pattern_create(&pattern, text, strlen(text), NULL, NULL), TP_OK);
    return pattern;
}

static tp_profile *focus(const tp_profile *profile, const char *text)
{
    tp_selection s = TP_SELECTION_INIT;
    s.focus = compile(text);
    tp_profile *made = select_by(profile, &s);
    tp_pattern_destroy(s.focus);
    return made;
}

static tp_profile *hide(const tp_profile *profile, const char *text)
{
    tp_selection s = TP_SELECTION_INIT;
    s.hide = compile(text);
    tp_profile *made = select_by(profile, &s);
    tp_pattern_destroy(s.hide);
    return made;
}

static tp_profile *root(const tp_profile *profile, const char *text)
{
    tp_selection s = TP_SELECTION_INIT;
    s.root = compile(text);
    tp_profile *made = select_by(profile, &s);
    tp_pattern_destroy(s.root);
    return made;
}

static tp_profile *collapse(const tp_profile *profile, const char *text)
{
    (void)text;
    tp_selection s = TP_SELECTION_INIT;
    s.collapse_lib = 1;
    return select_by(profile, &s);
}

static tp_profile *strip(const tp_profile *profile, const char *text)
{
    (void)text;
    tp_profile *made;
    ck_assert_int_eq(tp_profile_strip_dirs(&made, profile), TP_OK);
    return made;
}

static tp_profile *invert(const tp_profile *profile, const char *text)
{
    (void)text;
    tp_profile *made;
    ck_assert_int_eq(tp_profile_invert(&made, profile, 8), TP_OK);
    return made;
}

static tp_profile *estimate(const tp_profile *profile, const char *text)
{
    (void)text;
    tp_profile *made;
    ck_assert_int_eq(tp_profile_estimate_tree(&made, profile, 0), TP_OK);
    return made;
}

static tp_profile *merge_two(const tp_profile *a, const tp_profile *b)
{
    tp_merge *merge;
    tp_profile *sum;
    ck_assert_int_eq(tp_merge_create(&merge, NULL), TP_OK);
    ck_assert_int_eq(tp_merge_add(merge, a), TP_OK);
    ck_assert_int_eq(tp_merge_add(merge, b), TP_OK);
    ck_assert_int_eq(tp_merge_finish(merge, &sum, NULL), TP_OK);
    tp_merge_destroy(merge);
    return sum;
}

static tp_profile *twice(const tp_profile *profile, const char *text)
{
    (void)text;
    return merge_two(profile, profile);
}

static tp_profile *without_tree(const tp_profile *profile)
{
    tp_profile *flat = recorded("");
    tp_profile *made;
    flat->thread_count = 0;
    made = merge_two(profile, flat);
    ck_assert_uint_eq(tp_profile_thread_count(made), 0);
    tp_profile_destroy(flat);
    return made;
}

static void assert_same(const tp_profile *a, const tp_profile *b)
{
    uint8_t *bytes[2];
    size_t sizes[2];
    ck_assert_int_eq(tp_pstats_encode(a, TP_PSTATS_WHOLE, &bytes[0], &sizes[0]), TP_OK);
    ck_assert_int_eq(tp_pstats_encode(b, TP_PSTATS_WHOLE, &bytes[1], &sizes[1]), TP_OK);
    ck_assert_uint_eq(sizes[0], sizes[1]);
    ck_assert_mem_eq(bytes[0], bytes[1], sizes[0]);
    tp_pstats_free(bytes[0]);
    tp_pstats_free(bytes[1]);
}

/* Whether the times are exchanged before or afterwards makes no difference, and exchanged they are. */
static void assert_carries_both(making *make, tp_profile *profile, const char *text)
{
    tp_profile *made = make(profile, text);
    ck_assert(tp_profile_has_both_times(made));
    ck_assert_int_eq(tp_profile_times(made), tp_profile_times(profile));
    ck_assert_int_eq(tp_profile_show_times(made, TP_TIMES_RAW), TP_OK);
    double raw = 0, compensated = 0;
    for (size_t i = 0; i < tp_profile_function_count(made); i++) {
        raw += tp_profile_functions(made)[i].total;
        compensated += tp_profile_functions(made)[i].other_total;
    }
    ck_assert_double_gt(raw, compensated);
    ck_assert_double_gt(compensated, 0);
    ck_assert_int_eq(tp_profile_show_times(profile, TP_TIMES_RAW), TP_OK);
    tp_profile *after = make(profile, text);
    assert_same(made, after);
    ck_assert_int_eq(tp_profile_show_times(profile, TP_TIMES_COMPENSATED), TP_OK);
    tp_profile_destroy(made);
    tp_profile_destroy(after);
}

START_TEST(what_is_made_has_both)
{
    static const struct {
        making *make;
        const char *pattern;
    } ways[] = {
        { focus, "b" }, { hide, "b|d" },  { collapse, NULL }, { strip, NULL },
        { twice, NULL }, { estimate, NULL }, { invert, NULL }, { root, "d" }, /* need a tree */
    };
    tp_profile *tree = compensated(SCRIPT "b6b1)a2)c1))"), *rows = without_tree(tree);
    for (size_t i = 0; i < tree->coroutine_count; i++)
        tree->coroutines[i].other_active_ticks++;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        assert_carries_both(ways[i].make, tree, ways[i].pattern);
        if (i + 1 < sizeof ways / sizeof *ways)
            assert_carries_both(ways[i].make, rows, ways[i].pattern);
    }
    tp_profile_destroy(tree);
    tp_profile_destroy(rows);
}
END_TEST

START_TEST(sums_are_of_each_kind)
{
    tp_profile *a = compensated("a2b3))"), *b = compensated("a5b4)b2))"), *raw = recorded("a7b1))");
    b->unit = 0.5; /* its ticks become the first one's */
    build_coroutine(a, 0, 1, 0, 4, 0);
    a->coroutines[0].other_active_ticks = 5;
    build_coroutine(b, 0, 1, 0, 4, 0);
    b->coroutines[0].other_active_ticks = 6;
    ck_assert_int_eq(tp_profile_show_times(b, TP_TIMES_RAW), TP_OK);
    tp_profile *sum = merge_two(a, b);
    ck_assert(tp_profile_has_both_times(sum));
    ck_assert_int_eq(tp_profile_times(sum), TP_TIMES_COMPENSATED);
    assert_function(sum, 'a', 2, 2, 1 + 4, 3 + 8);
    assert_edge(sum, 'a', 'b', 3, 3, 2 + 4, 2 + 4);
    ck_assert_str_eq(tree_text(sum, 0), "a 2/0 7; .b 3/0 4");
    ck_assert_int_eq(tp_profile_coroutines(sum)->active_ticks, 4 + 2);
    ck_assert_str_eq(shown_tree(sum, TP_TIMES_RAW), "a 2/0 11; .b 3/0 6");
    assert_function(sum, 'a', 2, 2, 2 + 5, 5 + 11);
    assert_edge(sum, 'a', 'b', 3, 3, 3 + 6, 3 + 6);
    ck_assert_int_eq(tp_profile_coroutines(sum)->active_ticks, 5 + 3);
    tp_profile_destroy(sum);
    /* What is known one way only counts in both, first or last. */
    for (int i = 0; i < 2; i++) {
        sum = i == 0 ? merge_two(raw, a) : merge_two(a, raw);
        ck_assert_int_eq(tp_profile_times(sum), TP_TIMES_COMPENSATED);
        ck_assert_str_eq(tree_text(sum, 0), "a 2/0 11; .b 2/0 3");
        ck_assert_str_eq(tp_profile_property(sum, "compensation")->text.bytes, "in part");
        ck_assert_str_eq(shown_tree(sum, TP_TIMES_RAW), "a 2/0 13; .b 2/0 4");
        tp_profile *more = merge_two(a, sum);
        ck_assert_str_eq(tp_profile_property(more, "compensation")->text.bytes, "in part");
        tp_profile_destroy(more);
        tp_profile_destroy(sum);
    }
    sum = merge_two(raw, raw);
    ck_assert(!tp_profile_has_both_times(sum));
    ck_assert_int_eq(tp_profile_times(sum), TP_TIMES_RAW);
    ck_assert_ptr_null(tp_profile_property(sum, "compensation"));
    tp_profile_destroy(sum);
    tp_profile_destroy(a);
    tp_profile_destroy(b);
    tp_profile_destroy(raw);
}
END_TEST

START_TEST(what_was_taken_out_adds_up)
{
    tp_profile *a = compensated("a2)"), *b = compensated("a2)"), *none = recorded("a2)");
    ck_assert_int_eq(tp_profile_set_text(a, "compensation", "on", 2), TP_OK);
    ck_assert_int_eq(tp_profile_set_text(b, "compensation", "on", 2), TP_OK);
    ck_assert_int_eq(tp_profile_set_real(a, "compensation_taken", 1.5), TP_OK);
    ck_assert_int_eq(tp_profile_set_real(b, "compensation_taken", 2), TP_OK);
    ck_assert_int_eq(tp_profile_set_real(b, "compensation_clamped", 0.25), TP_OK);
    ck_assert_int_eq(tp_profile_set_text(a, "compensation_costs", "call 1 2 1 0", 12), TP_OK);
    ck_assert_int_eq(tp_profile_set_text(b, "compensation_costs", "call 2 2 1 0", 12), TP_OK);
    ck_assert_int_eq(tp_profile_set_integer(b, "hook_lost", 3), TP_OK);
    tp_profile *sum = merge_two(a, b);
    ck_assert_int_eq(tp_profile_property(sum, "hook_lost")->integer, 3);
    ck_assert_str_eq(tp_profile_property(sum, "compensation")->text.bytes, "on");
    ck_assert_double_eq(tp_profile_property(sum, "compensation_taken")->real, 3.5);
    ck_assert_double_eq(tp_profile_property(sum, "compensation_clamped")->real, 0.25);
    ck_assert_ptr_null(tp_profile_property(sum, "compensation_costs"));
    tp_profile_destroy(sum);
    sum = merge_two(none, b);
    ck_assert_double_eq(tp_profile_property(sum, "compensation_taken")->real, 2);
    tp_profile_destroy(sum);
    sum = merge_two(a, a);
    ck_assert_str_eq(tp_profile_property(sum, "compensation_costs")->text.bytes, "call 1 2 1 0");
    tp_profile_destroy(sum);
    tp_profile_destroy(a);
    tp_profile_destroy(b);
    tp_profile_destroy(none);
}
END_TEST

static tp_profile *read_again(const tp_profile *profile)
{
    uint8_t *bytes;
    size_t size;
    tp_profile *again;
    ck_assert_int_eq(tp_pstats_encode(profile, TP_PSTATS_WHOLE, &bytes, &size), TP_OK);
    ck_assert_int_eq(tp_pstats_decode(&again, bytes, size, NULL, NULL), TP_OK);
    tp_pstats_free(bytes);
    return again;
}

static void assert_reads_as_written(const tp_profile *profile)
{
    tp_profile *again = read_again(profile);
    ck_assert_int_eq(tp_profile_has_both_times(again), tp_profile_has_both_times(profile));
    ck_assert_int_eq(tp_profile_times(again), tp_profile_times(profile));
    ck_assert_uint_eq(tp_profile_edge_count(again), tp_profile_edge_count(profile));
    for (size_t i = 0; i < tp_profile_function_count(profile); i++) {
        const tp_function *was = &tp_profile_functions(profile)[i];
        const tp_function *is = &tp_profile_functions(again)[i];
        ck_assert(was->other_total == is->other_total);
        ck_assert(was->other_cumulative == is->other_cumulative);
    }
    for (size_t i = 0; i < tp_profile_edge_count(profile); i++) {
        const tp_edge *was = &tp_profile_edges(profile)[i], *is = &tp_profile_edges(again)[i];
        ck_assert(was->other_total == is->other_total);
        ck_assert(was->other_cumulative == is->other_cumulative);
    }
    for (size_t t = 0; t < tp_profile_thread_count(profile); t++) {
        const tp_thread_tree *was = &tp_profile_threads(profile)[t];
        const tp_thread_tree *is = &tp_profile_threads(again)[t];
        ck_assert_uint_eq(was->context_count, is->context_count);
        if (was->context_count > 0)
            ck_assert_mem_eq(was->contexts, is->contexts,
                             was->context_count * sizeof *was->contexts);
    }
    assert_same(profile, again);
    tp_profile_destroy(again);
}

START_TEST(what_is_written_is_read)
{
    tp_profile *p = compensated(SCRIPT), *rows = without_tree(p), *raw = recorded(SCRIPT);
    assert_reads_as_written(p);
    assert_reads_as_written(raw);
    assert_reads_as_written(rows);
    ck_assert_int_eq(tp_profile_show_times(p, TP_TIMES_RAW), TP_OK);
    build_coroutine(p, 1, 1, 2, 3, 4);
    p->coroutines[0].other_active_ticks = 5;
    assert_reads_as_written(p);
    tp_profile *again = read_again(p);
    ck_assert_int_eq(tp_profile_coroutines(again)->other_active_ticks, 5);
    tp_profile_destroy(again);
    build_thread(p, "idle", 2); /* empty columns */
    build_finish(p);
    assert_reads_as_written(p);
    tp_profile_destroy(p);
    tp_profile_destroy(rows);
    tp_profile_destroy(raw);
}
END_TEST

/* A row that is a caller only has no figures, and so none of the other times. */
START_TEST(implied_rows_have_no_times)
{
    tp_profile *p = build_profile();
    uint32_t f = build_row(p, "m.py", 1, "f", 1, 2, 3), g = build_row(p, "m.py", 2, "g", 0, 0, 0);
    p->functions[g].flags = TP_FUNCTION_IMPLIED;
    p->functions[f].other_total = 4;
    p->functions[f].other_cumulative = 5;
    build_edge(p, g, f, 1, 3);
    p->edges[0].other_total = 4;
    p->edges[0].other_cumulative = 5;
    p->both_times = true;
    p->origin.callers_implied = 1;
    build_finish(p);
    assert_reads_as_written(p);
    tp_profile_destroy(p);
}
END_TEST

/* What the plain reader of pstats sees is what is shown. */
START_TEST(the_dictionary_holds_what_is_shown)
{
    uint8_t *bytes;
    size_t size;
    tp_profile *again, *p = compensated("a2b3))");
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(tp_profile_show_times(p, i == 0 ? TP_TIMES_RAW : TP_TIMES_COMPENSATED),
                         TP_OK);
        ck_assert_int_eq(tp_pstats_encode(p, TP_PSTATS_DICTIONARY, &bytes, &size), TP_OK);
        ck_assert_int_eq(tp_pstats_decode(&again, bytes, size, NULL, NULL), TP_OK);
        ck_assert(!tp_profile_has_both_times(again));
        assert_function(again, 'a', 1, 1, i == 0 ? 2 : 1, i == 0 ? 5 : 3);
        tp_profile_destroy(again);
        tp_pstats_free(bytes);
    }
    tp_profile_destroy(p);
}
END_TEST

/* Rows that cannot be divided: what is hidden in them, and what a library calls in a library. */
START_TEST(rows_without_a_tree_have_both)
{
    tp_profile *p = build_profile();
    uint32_t app = build_row(p, "m.py", 1, "app", 1, 10, 100);
    uint32_t lib = build_row(p, "/usr/lib/python3/l.py", 1, "lib", 2, 30, 90);
    uint32_t deep = build_row(p, "/usr/lib/python3/d.py", 1, "deep", 4, 60, 60);
    build_edge(p, app, lib, 2, 90);
    build_edge(p, lib, deep, 3, 45);
    build_edge(p, app, deep, 1, 15);
    p->edges[0].total = 30;
    for (size_t i = 0; i < 3; i++) {
        p->edges[i].other_total = p->edges[i].total * 2;
        p->edges[i].other_cumulative = p->edges[i].cumulative * 2;
        p->functions[i].other_total = p->functions[i].total * 2;
        p->functions[i].other_cumulative = p->functions[i].cumulative * 2;
    }
    p->both_times = true;
    build_finish(p);
    making *const ways[] = { collapse, hide, hide };
    const char *const patterns[] = { NULL, "deep|lib", "lib" };
    for (int i = 0; i < 3; i++) {
        tp_profile *made = ways[i](p, patterns[i]);
        for (size_t f = 0; f < tp_profile_function_count(made); f++) {
            const tp_function *row = &tp_profile_functions(made)[f];
            ck_assert_double_gt(row->total, 0);
            ck_assert_double_eq(row->other_total, row->total * 2);
            ck_assert_double_eq(row->other_cumulative, row->cumulative * 2);
        }
        ck_assert_double_gt(row_of(made, "m.py", 1, "app")->total, i == 0 ? 9 : 10);
        tp_profile_destroy(made);
    }
    tp_profile_destroy(p);
}
END_TEST

Suite *times_suite(void)
{
    Suite *suite = suite_create("times of two kinds");
    TCase *model = tcase_create("model");
    tcase_add_test(model, one_kind_is_also_the_other);
    tcase_add_test(model, coroutines_have_both_as_well);
    tcase_add_test(model, trees_fold_to_both);
    suite_add_tcase(suite, model);
    TCase *made = tcase_create("made");
    tcase_add_test(made, what_is_made_has_both);
    tcase_add_test(made, sums_are_of_each_kind);
    tcase_add_test(made, what_was_taken_out_adds_up);
    tcase_add_test(made, rows_without_a_tree_have_both);
    suite_add_tcase(suite, made);
    TCase *files = tcase_create("files");
    tcase_add_test(files, what_is_written_is_read);
    tcase_add_test(files, implied_rows_have_no_times);
    tcase_add_test(files, the_dictionary_holds_what_is_shown);
    suite_add_tcase(suite, files);
    return suite;
}
