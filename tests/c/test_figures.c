/* Figures of coroutine functions and processes: in the model, in files, in what is made of profiles. */
#include <math.h>

#include "builder.h"

static void assert_coroutine(const tp_profile *profile, size_t at, uint32_t function,
                             uint64_t started, uint64_t resumes, int64_t active, int64_t awaited)
{
    ck_assert_uint_lt(at, tp_profile_coroutine_count(profile));
    const tp_coroutine *row = &tp_profile_coroutines(profile)[at];
    ck_assert_uint_eq(row->function, function);
    ck_assert_uint_eq(row->started, started);
    ck_assert_uint_eq(row->resumes, resumes);
    ck_assert_int_eq(row->active_ticks, active);
    ck_assert_int_eq(row->awaited_ticks, awaited);
}

START_TEST(rows_are_sorted_and_add_up)
{
    tp_profile *p = build_profile();
    for (int i = 0; i < 3; i++)
        build_row(p, "m.py", i, "f", 1, 1, 1);
    build_coroutine(p, 2, 1, 2, 3, 4);
    build_coroutine(p, 0, 10, 20, 30, 40);
    build_coroutine(p, 2, 100, 200, 300, 400);
    build_finish(p);
    ck_assert_uint_eq(tp_profile_coroutine_count(p), 2);
    assert_coroutine(p, 0, 0, 10, 20, 30, 40);
    assert_coroutine(p, 1, 2, 101, 202, 303, 404);
    tp_profile_destroy(p);
}
END_TEST

START_TEST(rows_must_be_possible)
{
    const tp_coroutine wrong[] = {
        { .active_ticks = -1 },
        { .awaited_ticks = -1 },
        { .started = (uint64_t)INT64_MAX + 1 },
        { .resumes = (uint64_t)INT64_MAX + 1 },
    };
    tp_profile *p = build_profile();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        ck_assert_int_eq(tp_profile_add_coroutine(p, &wrong[i]), TP_EARGUMENT);
    build_coroutine(p, 0, 1, 0, 0, 0);
    ck_assert_int_eq(tp_profile_finish(p), TP_EARGUMENT); /* there is no function */
    build_row(p, "m.py", 1, "f", 1, 1, 1);
    build_finish(p);
    tp_profile_destroy(p);
}
END_TEST

START_TEST(sums_stay_in_range)
{
    const tp_coroutine most[] = {
        { .started = INT64_MAX },
        { .resumes = INT64_MAX },
        { .active_ticks = INT64_MAX },
        { .awaited_ticks = INT64_MAX },
    };
    const tp_coroutine one = { 0, 1, 1, 1, 1 };
    for (size_t i = 0; i < sizeof most / sizeof *most; i++) {
        tp_profile *p = build_profile();
        build_row(p, "m.py", 1, "f", 1, 1, 1);
        ck_assert_int_eq(tp_profile_add_coroutine(p, &most[i]), TP_OK);
        build_finish(p);
        ck_assert_int_eq(tp_profile_add_coroutine(p, &one), TP_OK);
        ck_assert_int_eq(tp_profile_finish(p), TP_ELIMIT);
        tp_profile_destroy(p);
    }
}
END_TEST

START_TEST(a_process_is_that_of_threads_without)
{
    char command[] = "run it";
    tp_profile *p = build_profile();
    build_thread(p, "main", 1);
    build_thread(p, "worker", 2);
    ck_assert_uint_eq(p->trees[0].process, TP_NO_INDEX);
    p->trees[1].process = build_process(p, 7, 0, "other", 5, 6);
    build_finish(p);
    ck_assert_uint_eq(tp_profile_threads(p)[0].process, TP_NO_INDEX);
    ck_assert_int_eq(tp_profile_set_process(p, 42, 7, command, strlen(command), 1.5, 2.5), TP_OK);
    memset(command, 'x', strlen(command));
    ck_assert_uint_eq(tp_profile_process_count(p), 2);
    const tp_process *process = &tp_profile_processes(p)[1];
    ck_assert_int_eq(process->pid, 42);
    ck_assert_int_eq(process->parent_pid, 7);
    ck_assert_str_eq(process->command.bytes, "run it");
    ck_assert_double_eq(process->start, 1.5);
    ck_assert_double_eq(process->duration, 2.5);
    ck_assert_uint_eq(tp_profile_threads(p)[0].process, 1);
    ck_assert_uint_eq(tp_profile_threads(p)[1].process, 0);
    build_finish(p); /* the view made again says the same */
    ck_assert_uint_eq(tp_profile_threads(p)[0].process, 1);
    tp_profile_destroy(p);
}
END_TEST

START_TEST(processes_must_be_possible)
{
    tp_profile *p = build_profile();
    build_finish(p);
    const double wrong[] = { -1, NAN, INFINITY };
    ck_assert_int_eq(tp_profile_set_process(p, -1, 0, "", 0, 0, 0), TP_EARGUMENT);
    ck_assert_int_eq(tp_profile_set_process(p, 1, -1, "", 0, 0, 0), TP_EARGUMENT);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(tp_profile_set_process(p, 1, 0, "", 0, wrong[i], 0), TP_EARGUMENT);
        ck_assert_int_eq(tp_profile_set_process(p, 1, 0, "", 0, 0, wrong[i]), TP_EARGUMENT);
    }
    for (int i = 0; i < TP_MAX_PROCESSES; i++)
        ck_assert_int_eq(tp_profile_set_process(p, i, 0, "", 0, 0, 0), TP_OK);
    ck_assert_int_eq(tp_profile_set_process(p, 1, 0, "", 0, 0, 0), TP_ELIMIT);
    ck_assert_uint_eq(tp_profile_process_count(p), TP_MAX_PROCESSES);
    tp_profile_destroy(p);
}
END_TEST

/* Two coroutine functions of three, and a thread of the second process of two. */
static tp_profile *sample(const char *command)
{
    tp_profile *p = build_profile();
    for (int i = 0; i < 3; i++)
        build_row(p, "m.py", i, "f", 1, 1, 1);
    build_coroutine(p, 0, 1, 2, 3, 4);
    build_coroutine(p, 2, 1 + (uint64_t)UINT32_MAX, 6, INT64_MAX, 8);
    build_process(p, 1, 0, command, 1.5, 2.5);
    build_process(p, INT64_C(1) << 40, 1, command, 3.5, 0);
    build_thread(p, "main", 1);
    build_context(p, TP_NO_INDEX, 2, 1, 1);
    build_thread(p, "main", 1);
    p->trees[1].process = 1;
    build_finish(p);
    return p;
}

static tp_profile *written_and_read(const tp_profile *profile, size_t *size)
{
    uint8_t *bytes;
    tp_profile *read;
    tp_error error = { .message = "" };
    ck_assert_int_eq(tp_pstats_encode(profile, TP_PSTATS_WHOLE, &bytes, size), TP_OK);
    ck_assert_msg(tp_pstats_decode(&read, bytes, *size, NULL, &error) == TP_OK, "%s",
                  error.message);
    tp_pstats_free(bytes);
    return read;
}

START_TEST(what_is_written_is_read)
{
    size_t size;
    tp_profile *p = sample("run"), *read = written_and_read(p, &size);
    ck_assert_uint_eq(tp_profile_coroutine_count(read), 2);
    assert_coroutine(read, 0, 0, 1, 2, 3, 4);
    assert_coroutine(read, 1, 2, 1 + (uint64_t)UINT32_MAX, 6, INT64_MAX, 8);
    ck_assert_uint_eq(tp_profile_process_count(read), 2);
    const tp_process *process = &tp_profile_processes(read)[1];
    ck_assert_int_eq(process->pid, INT64_C(1) << 40);
    ck_assert_int_eq(process->parent_pid, 1);
    ck_assert_str_eq(process->command.bytes, "run");
    ck_assert_double_eq(process->start, 3.5);
    ck_assert_double_eq(tp_profile_processes(read)[0].duration, 2.5);
    ck_assert_uint_eq(tp_profile_threads(read)[0].process, TP_NO_INDEX);
    ck_assert_uint_eq(tp_profile_threads(read)[1].process, 1);
    tp_profile_destroy(p);
    tp_profile_destroy(read);
}
END_TEST

/* A reader refuses files whose references stand for far more than their size. */
START_TEST(many_processes_may_have_one_long_command)
{
    static char command[5000];
    size_t size;
    memset(command, 'x', sizeof command - 1);
    for (size_t length = 500; length < sizeof command; length += 1000) {
        command[length] = '\0';
        tp_profile *p = build_profile();
        for (int i = 0; i < 2000; i++)
            build_process(p, i, 0, command, 0, 0);
        build_finish(p);
        tp_profile *read = written_and_read(p, &size);
        ck_assert_uint_eq(tp_profile_process_count(read), 2000);
        ck_assert_uint_eq(tp_profile_processes(read)[1999].command.size, length);
        command[length] = 'x';
        tp_profile_destroy(p);
        tp_profile_destroy(read);
    }
}
END_TEST

/* A file says nothing of what there is none of; but for its version it is as it was. */
START_TEST(nothing_is_written_of_nothing)
{
    uint8_t *bytes;
    size_t size;
    tp_profile *p = build_profile();
    build_row(p, "m.py", 1, "f", 1, 1, 1);
    build_thread(p, "main", 1);
    build_finish(p);
    ck_assert_int_eq(tp_pstats_encode(p, TP_PSTATS_WHOLE, &bytes, &size), TP_OK);
    for (size_t i = 0; i + 7 <= size; i++)
        ck_assert(memcmp(bytes + i, "corouti", 7) != 0 && memcmp(bytes + i, "process", 7) != 0);
    tp_pstats_free(bytes);
    tp_profile_destroy(p);
}
END_TEST

/* A caller without a row gets one where a coroutine's position depends on it. */
START_TEST(implied_rows_keep_their_places)
{
    size_t size;
    tp_profile *p = build_profile();
    build_row(p, "m.py", 0, "caller", 0, 0, 0);
    p->functions[0].flags = TP_FUNCTION_IMPLIED;
    build_row(p, "m.py", 1, "f", 1, 1, 1);
    build_edge(p, 0, 1, 1, 1);
    build_coroutine(p, 1, 5, 0, 0, 0);
    build_finish(p);
    tp_profile *read = written_and_read(p, &size);
    assert_coroutine(read, 0, 1, 5, 0, 0, 0);
    ck_assert_str_eq(tp_profile_functions(read)[1].label.name.bytes, "f");
    tp_profile_destroy(p);
    tp_profile_destroy(read);
}
END_TEST

Suite *figures_suite(void)
{
    Suite *suite = suite_create("coroutines and processes");
    TCase *model = tcase_create("model");
    tcase_add_test(model, rows_are_sorted_and_add_up);
    tcase_add_test(model, rows_must_be_possible);
    tcase_add_test(model, sums_stay_in_range);
    tcase_add_test(model, a_process_is_that_of_threads_without);
    tcase_add_test(model, processes_must_be_possible);
    suite_add_tcase(suite, model);
    TCase *files = tcase_create("files");
    tcase_add_test(files, what_is_written_is_read);
    tcase_add_test(files, many_processes_may_have_one_long_command);
    tcase_add_test(files, nothing_is_written_of_nothing);
    tcase_add_test(files, implied_rows_keep_their_places);
    suite_add_tcase(suite, files);
    return suite;
}
