/* Every allocation fails once: nothing crashes, nothing leaks, and what is reported is the truth. */
#include "builder.h"

static const char script[] = "a1b1c1d1e1g1)))h1i1j1k1l1m1n1o1p1q1r1s1t1u1v1w1x1y1z1";

/* As many siblings as make a node wide, and more calls than the cap takes. */
static void exercise(fixture *f)
{
    for (const char *c = script; *c != '\0'; c++) {
        if (*c >= 'a' && *c <= 'z')
            tp_enter(f->track, &letters[(unsigned char)*c], NULL);
    }
    tp_track_close(f->track);
    for (char c = 'a'; c <= 'z'; c++) {
        tp_enter(f->track, &letters[(unsigned char)c], NULL);
        tp_leave(f->track, &letters[(unsigned char)c]);
    }
    for (int i = 0; i < 600; i++)
        tp_enter(f->track, &letters['A' + i % 26], NULL);
    tp_session_forget(f->session, &letters['c']);
    tp_enter(f->track, &letters['c'], NULL);
}

static tp_status record_and_read(fixture *f, const tp_allocator *allocator, int has_costs)
{
    static const tp_costs costs = { .size = sizeof costs, .kinds = { { 0.25, 0.5, 1.5, 0 } } };
    tp_profile *profile;
    tp_session_options options = TP_SESSION_OPTIONS_INIT;
    options.allocator = allocator;
    options.clock = f->clock;
    options.resolver.resolve = resolve_letter;
    options.max_contexts = 100;
    tp_status status = tp_session_create(&f->session, &options);
    if (status != TP_OK)
        return status;
    ck_assert_int_eq(tp_session_set_costs(f->session, has_costs ? &costs : NULL), TP_OK);
    status = tp_session_add_track(f->session, &f->track, "name", 4, 1);
    if (status == TP_OK) {
        exercise(f);
        status = tp_session_profile(f->session, &profile);
        if (status == TP_OK)
            tp_profile_destroy(profile);
    }
    tp_repairs repairs = tp_session_repairs(f->session);
    if (status == TP_OK && repairs.lost > 0) {
        ck_assert_int_eq(tp_session_status(f->session), TP_ENOMEM);
        status = TP_ENOMEM;
    }
    if (status == TP_OK)
        status = tp_session_clear(f->session);
    tp_session_destroy(f->session);
    return status;
}

START_TEST(recording_survives_any_allocation_failing)
{
    fixture f;
    failing memory;
    ck_assert_int_eq(tp_clock_create_fake(&f.clock, 1, 1), TP_OK);
    long n = 0;
    tp_status status;
    do {
        failing_init(&memory, n++);
        status = record_and_read(&f, &memory.allocator, _i);
        ck_assert_msg(status == TP_OK || status == TP_ENOMEM, "allocation %ld: %s", n,
                      tp_status_name(status));
        ck_assert_msg(memory.live == 0, "allocation %ld: %ld blocks leak", n, memory.live);
    } while (status != TP_OK);
    ck_assert_int_gt(n, 50);
    tp_clock_destroy(f.clock);
}
END_TEST

START_TEST(reading_survives_any_allocation_failing)
{
    fixture f;
    failing memory;
    tp_profile *profile;
    tp_error error = { .status = TP_OK };
    uint8_t *bytes;
    size_t size;
    open_fixture(&f, 0, 1);
    play(&f, "a1b2)1c1c1c1)b1)))d3))");
    ck_assert_int_eq(tp_session_profile(f.session, &profile), TP_OK);
    close_fixture(&f);
    ck_assert_int_eq(tp_profile_set_real(profile, "real", 0.5), TP_OK);
    ck_assert_int_eq(tp_profile_set_text(profile, "text", "x", 1), TP_OK);
    ck_assert_int_eq(tp_profile_set_process(profile, 1, 0, "run", 3, 0, 0), TP_OK);
    build_coroutine(profile, 0, 1, 2, 3, 4);
    ck_assert_int_eq(tp_pstats_encode(profile, TP_PSTATS_WHOLE, &bytes, &size), TP_OK);
    tp_profile_destroy(profile);
    tp_status status;
    long n = 0;
    do {
        failing_init(&memory, n++);
        tp_read_options options = TP_READ_OPTIONS_INIT;
        options.allocator = &memory.allocator;
        status = tp_pstats_decode(&profile, bytes, size, &options, &error);
        if (status == TP_OK)
            tp_profile_destroy(profile);
        else
            ck_assert_int_eq(error.status, TP_ENOMEM);
        ck_assert_msg(memory.live == 0, "allocation %ld: %ld blocks leak", n, memory.live);
    } while (status != TP_OK);
    ck_assert_int_gt(n, 15);
    tp_pstats_free(bytes);
}
END_TEST

START_TEST(sorting_orders_as_pstats)
{
    fixture f;
    tp_profile *p;
    uint32_t order[4];
    open_fixture(&f, 0, 0);
    play(&f, "a1b5)c2)c2)d3))");
    ck_assert_int_eq(tp_session_profile(f.session, &p), TP_OK);
    close_fixture(&f);
    const struct {
        const char *name, *expected, *text;
    } cases[] = {
        { "cumulative", "abcd", "cumulative time" }, { "tot", "bcda", "internal time" },
        { "ncalls", "cabd", "call count" },          { "pcalls", "cabd", "primitive call count" },
        { "name", "abcd", "function name" },         { "line", "abcd", "line number" },
        { "nfl", "abcd", "name/file/line" },         { "std", "dabc", "standard name" },
        { "module", "abcd", "file name" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tp_sort_key key;
        ck_assert_int_eq(tp_sort_key_find(&key, cases[i].name), TP_OK);
        ck_assert_str_eq(tp_sort_key_text(key), cases[i].text);
        ck_assert_int_eq(tp_profile_sort(p, &key, 1, order), TP_OK);
        for (int r = 0; r < 4; r++) {
            int64_t letter = tp_profile_functions(p)[order[r]].label.line;
            ck_assert_msg(letter == cases[i].expected[r], "%s, row %d: %c", cases[i].name, r,
                          (int)letter);
        }
    }
    tp_sort_key key, two[] = { TP_SORT_PRIMITIVE_CALLS, TP_SORT_TIME };
    ck_assert_int_eq(tp_sort_key_find(&key, "n"), TP_EARGUMENT);
    ck_assert_int_eq(tp_sort_key_find(&key, ""), TP_EARGUMENT);
    ck_assert_int_eq(tp_sort_key_find(&key, "nothing"), TP_EARGUMENT);
    ck_assert_int_eq(tp_profile_sort(p, two, 2, order), TP_OK);
    ck_assert_int_eq(tp_profile_functions(p)[order[1]].label.line, 'b');
    tp_profile_destroy(p);
}
END_TEST

START_TEST(labels_are_printed_as_pstats_prints_them)
{
    char text[64];
    tp_label label = { { "~", 1 }, { "<built-in method x>", 19 }, 0 };
    ck_assert_uint_eq(tp_label_format(&label, text, sizeof text), 19);
    ck_assert_str_eq(text, "{built-in method x}");
    label.name = (tp_string){ "odd", 3 };
    tp_label_format(&label, text, sizeof text);
    ck_assert_str_eq(text, "odd");
    label = (tp_label){ { "f.py", 4 }, { "g", 1 }, 12 };
    ck_assert_uint_eq(tp_label_format(&label, text, 4), 10);
    ck_assert_str_eq(text, "f.p");
}
END_TEST

Suite *failure_suite(void)
{
    Suite *suite = suite_create("failure and sorting");
    TCase *tests = tcase_create("failure");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, recording_survives_any_allocation_failing, 0, 2); /* with costs, too */
    tcase_add_test(tests, reading_survives_any_allocation_failing);
    tcase_add_test(tests, sorting_orders_as_pstats);
    tcase_add_test(tests, labels_are_printed_as_pstats_prints_them);
    suite_add_tcase(suite, tests);
    return suite;
}
