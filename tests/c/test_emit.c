/* The interface of exports: what is asked wrongly, names of formats, and memory that fails. What is in the
 * files is tests/python's matter. */
#include "builder.h"

static const tp_emit_format all_formats[] = {
    TP_EMIT_SPEEDSCOPE, TP_EMIT_CALLGRIND, TP_EMIT_COLLAPSED, TP_EMIT_PPROF, TP_EMIT_CHROME,
    TP_EMIT_DOT,        TP_EMIT_JSON,      TP_EMIT_JSONL,     TP_EMIT_CSV,
};

#define FORMAT_COUNT ((int)(sizeof all_formats / sizeof *all_formats))

START_TEST(formats_are_found_by_their_names)
{
    tp_emit_format format = TP_EMIT_CSV;
    for (int i = 0; i < FORMAT_COUNT; i++) {
        ck_assert_int_eq(tp_emit_format_find(&format, tp_emit_format_name(all_formats[i])), TP_OK);
        ck_assert_int_eq(format, all_formats[i]);
    }
    ck_assert_int_eq(tp_emit_format_find(&format, "svg"), TP_EARGUMENT);
    ck_assert_int_eq(tp_emit_format_of_path(&format, "/a.json/b.txt"), TP_EARGUMENT);
    ck_assert_int_eq(tp_emit_format_of_path(&format, ".csv"), TP_EARGUMENT);
    ck_assert_int_eq(tp_emit_format_of_path(&format, "a.pb.gz/b.speedscope.json"), TP_OK);
    ck_assert_int_eq(format, TP_EMIT_SPEEDSCOPE);
    ck_assert_str_eq(tp_emit_format_name((tp_emit_format)99), "unknown");
    ck_assert(!tp_emit_needs_tree((tp_emit_format)99) && !tp_emit_is_binary((tp_emit_format)99));
    ck_assert(tp_emit_is_binary(TP_EMIT_PPROF) && tp_emit_needs_tree(TP_EMIT_PPROF));
}
END_TEST

static tp_status emit_with(const tp_profile *profile, tp_emit_format format, const tp_emit_options *options,
                           const char **message)
{
    tp_error error = { .message = NULL };
    uint8_t *bytes = NULL;
    size_t size = 0;
    tp_status status = tp_emit(profile, format, options, &bytes, &size, &error);
    ck_assert((status == TP_OK) == (bytes != NULL));
    if (status != TP_OK)
        ck_assert_int_eq(error.status, status);
    if (message != NULL)
        *message = error.message;
    tp_emit_free(bytes);
    return status;
}

START_TEST(what_is_asked_wrongly_is_refused)
{
    tp_profile *profile = recorded("a1b2))");
    tp_emit_options options = TP_EMIT_OPTIONS_INIT;
    const char *message;
    ck_assert_int_eq(emit_with(profile, (tp_emit_format)99, NULL, NULL), TP_EARGUMENT);
    options.least = 1.5;
    ck_assert_int_eq(emit_with(profile, TP_EMIT_JSON, &options, NULL), TP_EARGUMENT);
    options.least = 0;
    options.table = (tp_emit_table)7;
    ck_assert_int_eq(emit_with(profile, TP_EMIT_CSV, &options, NULL), TP_EARGUMENT);
    options.size = offsetof(tp_emit_options, table); /* an older caller's */
    ck_assert_int_eq(emit_with(profile, TP_EMIT_CSV, &options, NULL), TP_OK);
    ck_assert_int_eq(emit_with(profile, TP_EMIT_CHROME, NULL, &message), TP_EUNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(message, "timeline"));
    tp_emit_free(NULL);
    tp_profile_destroy(profile);
}
END_TEST

START_TEST(paths_need_a_tree)
{
    tp_profile *profile = build_profile();
    const char *message;
    build_row(profile, "a.py", 1, "f", 1, 1, 1);
    build_finish(profile);
    for (int i = 0; i < FORMAT_COUNT; i++) {
        tp_status status = emit_with(profile, all_formats[i], NULL, &message);
        if (tp_emit_needs_tree(all_formats[i])) {
            ck_assert_int_eq(status, TP_EARGUMENT);
            ck_assert_ptr_nonnull(strstr(message, "no call tree"));
        } else if (all_formats[i] != TP_EMIT_CHROME) {
            ck_assert_int_eq(status, TP_OK);
        }
    }
    tp_profile_destroy(profile);
}
END_TEST

START_TEST(nothing_can_be_written)
{
    tp_profile *profile = build_profile();
    build_finish(profile);
    for (int i = 0; i < FORMAT_COUNT; i++) {
        if (all_formats[i] != TP_EMIT_CHROME)
            ck_assert_int_eq(emit_with(profile, all_formats[i], NULL, NULL), TP_OK);
    }
    tp_profile_destroy(profile);
}
END_TEST

/* Ticks that leave 63 bits as nanoseconds, and numbers of calls that do together. */
START_TEST(sums_that_do_not_fit_are_refused)
{
    static const struct {
        uint64_t calls;
        int64_t ticks;
    } cases[] = { { 1, INT64_MAX / 2 }, { INT64_MAX, 1 } };
    for (size_t i = 0; i < 2; i++) {
        tp_profile *profile = build_profile();
        uint32_t f = build_row(profile, "a.py", 1, "f", 1, 1, 1);
        build_thread(profile, "main", 1);
        build_context(profile, TP_NO_INDEX, f, cases[i].calls, cases[i].ticks);
        build_context(profile, TP_NO_INDEX, f, cases[i].calls, cases[i].ticks);
        build_finish(profile);
        ck_assert_int_eq(emit_with(profile, TP_EMIT_SPEEDSCOPE, NULL, NULL), TP_ELIMIT);
        tp_profile_destroy(profile);
    }
}
END_TEST

START_TEST(any_allocation_may_fail)
{
    tp_emit_format format = all_formats[_i];
    if (format == TP_EMIT_CHROME)
        return;
    for (int once = 0; once < 2; once++) {
        int reached = 1;
        for (long n = 0; reached; n += is_quick() ? 7 : 1) {
            failing f;
            failing_init(&f, -1);
            tp_profile *profile = golden_profile("ctraceprof-3.13", &f.allocator);
            long before = f.live;
            f.fail_at = f.count + n;
            f.once = once;
            uint8_t *bytes = NULL;
            size_t size;
            tp_status status = tp_emit(profile, format, NULL, &bytes, &size, NULL);
            reached = f.count > f.fail_at;
            ck_assert_int_eq(status, reached ? TP_ENOMEM : TP_OK);
            tp_emit_free(bytes);
            ck_assert_int_eq(f.live, before);
            tp_profile_destroy(profile);
            ck_assert_int_eq(f.live, 0);
        }
    }
}
END_TEST

static const char stacks[] = "[pid 3];[thread 1 main];a (f.py:1);b\xff 3\n[thread 2];a (f.py:1) 4\n";
static const char grind[] = "events: ns\nfl=(1) f.py\nfn=(1) a\n3 4\ncfn=(2) b:7\ncalls=2 7\n3 9\nfn=(2)\n7 9\n";

START_TEST(reading_text_may_fail_anywhere)
{
    const char *text = _i == 0 ? stacks : grind;
    for (int once = 0; once < 2; once++) {
        int reached = 1;
        for (long n = 0; reached; n++) {
            failing f;
            tp_profile *profile = NULL;
            tp_read_options options = TP_READ_OPTIONS_INIT;
            tp_error error;
            failing_init(&f, n);
            f.once = once;
            options.allocator = &f.allocator;
            tp_status status =
                tp_import_decode(&profile, (const uint8_t *)text, strlen(text), &options, &error);
            reached = f.count > n;
            ck_assert_int_eq(status, reached ? TP_ENOMEM : TP_OK);
            if (status == TP_OK)
                ck_assert_uint_eq(tp_profile_function_count(profile), 2);
            else
                ck_assert_int_eq(error.status, TP_ENOMEM);
            tp_profile_destroy(profile);
            ck_assert_int_eq(f.live, 0);
        }
    }
}
END_TEST

Suite *emit_suite(void)
{
    Suite *suite = suite_create("emit");
    TCase *tests = tcase_create("emit");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, formats_are_found_by_their_names);
    tcase_add_test(tests, what_is_asked_wrongly_is_refused);
    tcase_add_test(tests, paths_need_a_tree);
    tcase_add_test(tests, nothing_can_be_written);
    tcase_add_test(tests, sums_that_do_not_fit_are_refused);
    tcase_add_loop_test(tests, any_allocation_may_fail, 0, FORMAT_COUNT);
    tcase_add_loop_test(tests, reading_text_may_fail_anywhere, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}
