/* Each profiler's files are written back as they were read; order of rows at the ends of their range;
 * and the arena. */
#include <stdlib.h>

#include "arena.h"
#include "builder.h"

static const struct {
    const char *name;
    tp_dialect dialect;
    tp_dialect again; /* as a dictionary alone shows it once written back */
} goldens[] = {
    { "cprofile-3.11", TP_DIALECT_CPROFILE, TP_DIALECT_CPROFILE },
    { "cprofile-3.12", TP_DIALECT_CPROFILE, TP_DIALECT_CPROFILE },
    { "cprofile-3.13", TP_DIALECT_CPROFILE, TP_DIALECT_CPROFILE },
    { "cprofile-3.14", TP_DIALECT_CPROFILE, TP_DIALECT_CPROFILE },
    { "cprofile-3.15", TP_DIALECT_CPROFILE, TP_DIALECT_CPROFILE },
    { "ctraceprof-3.11", TP_DIALECT_CPROFILE, TP_DIALECT_CPROFILE },
    { "ctraceprof-3.13", TP_DIALECT_CPROFILE, TP_DIALECT_CPROFILE },
    { "marshal-0", TP_DIALECT_CPROFILE, TP_DIALECT_CPROFILE },
    { "marshal-6", TP_DIALECT_CPROFILE, TP_DIALECT_CPROFILE },
    { "profile-3.13", TP_DIALECT_PROFILE, TP_DIALECT_PROFILE },
    { "profile-script-3.13", TP_DIALECT_PROFILE, TP_DIALECT_PROFILE },
    /* Its counts are set right, and so written as the others write them. */
    { "yappi", TP_DIALECT_YAPPI, TP_DIALECT_CPROFILE },
    { "yappi-threads", TP_DIALECT_YAPPI, TP_DIALECT_CPROFILE },
    { "pyinstrument", TP_DIALECT_PYINSTRUMENT, TP_DIALECT_PYINSTRUMENT },
    { "sampling-3.15", TP_DIALECT_SAMPLING, TP_DIALECT_SAMPLING },
};

static void assert_same_rows(const tp_profile *a, const tp_profile *b)
{
    ck_assert_uint_eq(tp_profile_function_count(a), tp_profile_function_count(b));
    for (size_t i = 0; i < tp_profile_function_count(a); i++) {
        const tp_function *x = &tp_profile_functions(a)[i], *y = &tp_profile_functions(b)[i];
        ck_assert_int_eq(tp_label_compare(&x->label, &y->label), 0);
        ck_assert_int_eq(x->calls, y->calls);
        ck_assert_int_eq(x->primitive_calls, y->primitive_calls);
        ck_assert_double_eq(x->total, y->total);
        ck_assert_double_eq(x->cumulative, y->cumulative);
        ck_assert_uint_eq(x->flags, y->flags);
    }
}

static void assert_same_edges(const tp_profile *a, const tp_profile *b)
{
    ck_assert_uint_eq(tp_profile_edge_count(a), tp_profile_edge_count(b));
    for (size_t i = 0; i < tp_profile_edge_count(a); i++) {
        const tp_edge *x = &tp_profile_edges(a)[i], *y = &tp_profile_edges(b)[i];
        ck_assert_uint_eq(x->caller, y->caller);
        ck_assert_uint_eq(x->callee, y->callee);
        ck_assert_int_eq(x->calls, y->calls);
        ck_assert_int_eq(x->primitive_calls, y->primitive_calls);
        ck_assert_double_eq(x->total, y->total);
        ck_assert_double_eq(x->cumulative, y->cumulative);
    }
}

static tp_profile *decoded(const uint8_t *bytes, size_t size, uint32_t as_is)
{
    tp_profile *profile;
    tp_read_options options = TP_READ_OPTIONS_INIT;
    options.as_is = as_is;
    ck_assert_int_eq(tp_pstats_decode(&profile, bytes, size, &options, NULL), TP_OK);
    return profile;
}

static tp_profile *written_and_read(const tp_profile *profile, tp_pstats_parts parts,
                                    uint32_t as_is)
{
    uint8_t *bytes;
    size_t size;
    ck_assert_int_eq(tp_pstats_encode(profile, parts, &bytes, &size), TP_OK);
    tp_profile *again = decoded(bytes, size, as_is);
    tp_pstats_free(bytes);
    return again;
}

START_TEST(dialects_are_written_back)
{
    tp_profile *first = golden_profile(goldens[_i].name, NULL);
    ck_assert_int_eq(tp_profile_origin(first).dialect, goldens[_i].dialect);
    ck_assert_uint_gt(tp_profile_function_count(first), 5);
    ck_assert_uint_gt(tp_profile_edge_count(first), 5);
    for (int parts = TP_PSTATS_WHOLE; parts <= TP_PSTATS_DICTIONARY; parts++) {
        tp_profile *again = written_and_read(first, (tp_pstats_parts)parts, 0);
        ck_assert_int_eq(tp_profile_origin(again).dialect, goldens[_i].again);
        ck_assert_int_eq(tp_profile_has_calls(again), tp_profile_has_calls(first));
        ck_assert_int_eq(tp_profile_has_samples(again), tp_profile_has_samples(first));
        ck_assert_int_eq(tp_profile_has_edge_times(again), tp_profile_has_edge_times(first));
        assert_same_rows(first, again);
        assert_same_edges(first, again);
        tp_profile_destroy(again);
    }
    tp_profile_destroy(first);
}
END_TEST

/* What stands in the new file is what stood in the old one: -1 for what is not known, too. */
START_TEST(figures_are_written_as_they_were)
{
    uint8_t *bytes;
    size_t size;
    if (goldens[_i].dialect != goldens[_i].again)
        return;
    read_golden(goldens[_i].name, &bytes, &size);
    tp_profile *first = decoded(bytes, size, 0), *old = decoded(bytes, size, 1);
    tp_profile *new = written_and_read(first, TP_PSTATS_DICTIONARY, 1);
    assert_same_rows(old, new);
    assert_same_edges(old, new);
    tp_profile_destroy(first);
    tp_profile_destroy(old);
    tp_profile_destroy(new);
    free(bytes);
}
END_TEST

START_TEST(callers_without_a_row_get_none)
{
    tp_profile *p = build_profile();
    uint32_t caller = build_row(p, "m.py", 1, "caller", 0, 0, 0);
    uint32_t f = build_row(p, "m.py", 2, "f", 1, 1, 1);
    build_edge(p, caller, f, 1, 1);
    p->functions[caller].flags = TP_FUNCTION_IMPLIED;
    build_finish(p);
    tp_profile *again = written_and_read(p, TP_PSTATS_WHOLE, 0);
    ck_assert_uint_eq(tp_profile_function_count(again), 2);
    ck_assert_uint_eq(tp_profile_origin(again).callers_implied, 1);
    ck_assert_uint_eq(row_of(again, "m.py", 1, "caller")->flags, TP_FUNCTION_IMPLIED);
    ck_assert_uint_eq(row_of(again, "m.py", 2, "f")->flags, 0);
    tp_profile_destroy(p);
    tp_profile_destroy(again);
}
END_TEST

/* As the file has them: -1 where pyinstrument knows nothing, and yappi's the other way about. */
START_TEST(counts_as_they_are)
{
    uint8_t *bytes;
    size_t size, strange = 0;
    const char *name = _i == 0 ? "pyinstrument" : "yappi";
    read_golden(name, &bytes, &size);
    tp_profile *profile = decoded(bytes, size, 1);
    for (size_t i = 0; i < tp_profile_function_count(profile); i++) {
        const tp_function *f = &tp_profile_functions(profile)[i];
        strange += _i == 0 ? f->calls == -1 : f->primitive_calls > f->calls;
    }
    ck_assert_uint_gt(strange, 0);
    tp_profile_destroy(profile);
    free(bytes);
}
END_TEST

static void assert_order(const tp_profile *p, const tp_sort_key *keys, size_t count,
                         const char *expected)
{
    uint32_t order[8];
    char names[9] = "";
    ck_assert_int_eq(tp_profile_sort(p, keys, count, order), TP_OK);
    for (size_t i = 0; i < tp_profile_function_count(p); i++)
        names[i] = tp_profile_functions(p)[order[i]].label.name.bytes[0];
    ck_assert_str_eq(names, expected);
}

#define ASSERT_ORDER(profile, expected, ...)                                         \
    do {                                                                             \
        const tp_sort_key keys[] = { __VA_ARGS__ };                                  \
        assert_order(profile, keys, sizeof keys / sizeof *keys, expected);           \
    } while (0)

START_TEST(extremes_are_sorted)
{
    tp_profile *p = build_profile();
    build_row(p, "b", INT64_MIN, "a", INT64_MIN, -0.0, 1e308);
    build_row(p, "a", INT64_MAX, "b", INT64_MAX, 0.0, -1e308);
    build_row(p, "b", 0, "c", 0, 5e-324, 0);
    build_row(p, "a", -1, "d", -1, -5e-324, 1);
    build_row(p, "b", 1, "e", 1, -0.0, -1);
    build_finish(p);
    ASSERT_ORDER(p, "becda", TP_SORT_CALLS);
    ASSERT_ORDER(p, "becda", TP_SORT_PRIMITIVE_CALLS);
    ASSERT_ORDER(p, "cabed", TP_SORT_TIME); /* the zeros are equal: in the file's order */
    ASSERT_ORDER(p, "adceb", TP_SORT_CUMULATIVE);
    ASSERT_ORDER(p, "adceb", TP_SORT_LINE);
    ASSERT_ORDER(p, "cbead", TP_SORT_TIME, TP_SORT_CALLS);
    ASSERT_ORDER(p, "cbaed", TP_SORT_TIME, TP_SORT_FILE, TP_SORT_LINE);
    ASSERT_ORDER(p, "dbace", TP_SORT_FILE, TP_SORT_CUMULATIVE);
    tp_profile_destroy(p);
}
END_TEST

START_TEST(without_a_key_the_order_is_the_files)
{
    tp_profile *p = build_profile();
    build_row(p, "b", 1, "z", 1, 1, 1);
    build_row(p, "a", 1, "y", 2, 2, 2);
    build_finish(p);
    assert_order(p, NULL, 0, "zy");
    tp_profile_destroy(p);
}
END_TEST

START_TEST(names_are_compared_as_bytes_beyond_ascii)
{
    tp_profile *p = build_profile();
    build_row(p, "f", 1, "\xc3\xa9", 1, 1, 1);
    build_row(p, "f", 1, "z", 1, 1, 1);
    build_row(p, "f", 1, "", 1, 1, 1);
    build_finish(p);
    uint32_t order[3];
    const tp_sort_key key = TP_SORT_NAME;
    ck_assert_int_eq(tp_profile_sort(p, &key, 1, order), TP_OK);
    ck_assert(order[0] == 2 && order[1] == 1 && order[2] == 0);
    tp_profile_destroy(p);
}
END_TEST

START_TEST(arena_pieces_stay_and_do_not_overlap)
{
    tp_arena arena;
    char *pieces[600];
    failing memory;
    failing_init(&memory, -1);
    tp_arena_init(&arena, &memory.allocator);
    ck_assert_int_eq(memory.live, 0);
    for (size_t i = 0; i < 600; i++) {
        /* Now and then one that is larger than a slab, and so has one of its own. */
        size_t size = i % 100 == 99 ? 50000 : i % 97;
        pieces[i] = tp_arena_take(&arena, size);
        ck_assert_ptr_nonnull(pieces[i]);
        memset(pieces[i], (int)(i % 251), size);
    }
    for (size_t i = 0; i < 600; i++) {
        size_t size = i % 100 == 99 ? 50000 : i % 97;
        for (size_t k = 0; k < size; k++)
            ck_assert_uint_eq((unsigned char)pieces[i][k], i % 251);
    }
    ck_assert_int_lt(memory.live, 20);
    tp_arena_free(&arena);
    ck_assert_int_eq(memory.live, 0);
    ck_assert_ptr_nonnull(tp_arena_take(&arena, 1));
    tp_arena_free(&arena);
    ck_assert_int_eq(memory.live, 0);
}
END_TEST

START_TEST(an_arena_can_be_exhausted)
{
    tp_arena arena;
    failing memory;
    failing_init(&memory, 1);
    tp_arena_init(&arena, &memory.allocator);
    ck_assert_ptr_nonnull(tp_arena_take(&arena, 1000));
    ck_assert_ptr_null(tp_arena_take(&arena, 1000));
    ck_assert_ptr_nonnull(tp_arena_take(&arena, 24)); /* what is left is still there */
    ck_assert_ptr_null(tp_arena_take(&arena, SIZE_MAX));
    ck_assert_ptr_null(tp_arena_take(&arena, PTRDIFF_MAX));
    tp_arena_free(&arena);
    ck_assert_int_eq(memory.live, 0);
}
END_TEST

Suite *dialect_suite(void)
{
    Suite *suite = suite_create("dialects, order, arena");
    TCase *tests = tcase_create("dialect");
    tcase_add_loop_test(tests, dialects_are_written_back, 0,
                        (int)(sizeof goldens / sizeof *goldens));
    tcase_add_loop_test(tests, figures_are_written_as_they_were, 0,
                        (int)(sizeof goldens / sizeof *goldens));
    tcase_add_test(tests, callers_without_a_row_get_none);
    tcase_add_loop_test(tests, counts_as_they_are, 0, 2);
    tcase_add_test(tests, extremes_are_sorted);
    tcase_add_test(tests, without_a_key_the_order_is_the_files);
    tcase_add_test(tests, names_are_compared_as_bytes_beyond_ascii);
    tcase_add_test(tests, arena_pieces_stay_and_do_not_overlap);
    tcase_add_test(tests, an_arena_can_be_exhausted);
    suite_add_tcase(suite, tests);
    return suite;
}
