/* Times of two kinds: raw and compensated ones in one profile, and in what is made of it. */
#include "builder.h"

#include "fold.h"

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

Suite *times_suite(void)
{
    Suite *suite = suite_create("times of two kinds");
    TCase *model = tcase_create("model");
    tcase_add_test(model, one_kind_is_also_the_other);
    tcase_add_test(model, coroutines_have_both_as_well);
    tcase_add_test(model, trees_fold_to_both);
    suite_add_tcase(suite, model);
    return suite;
}
