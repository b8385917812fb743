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
        { .other_active_ticks = -1 },
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
        { .other_active_ticks = INT64_MAX },
    };
    const tp_coroutine one = { 0, 1, 1, 1, 1, 1 };
    for (size_t i = 0; i < sizeof most / sizeof *most; i++) {
        tp_profile *p = build_profile();
        build_row(p, "m.py", 1, "f", 1, 1, 1);
        p->both_times = true;
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

START_TEST(rows_are_sorted_by_time_awaited)
{
    tp_profile *p = build_profile();
    for (int i = 0; i < 5; i++)
        build_row(p, "m.py", i, i % 2 == 0 ? "b" : "a", 1, 1, 1);
    build_coroutine(p, 1, 1, 0, 0, 0);
    build_coroutine(p, 3, 1, 0, 0, 7);
    build_coroutine(p, 4, 1, 0, 0, INT64_MAX);
    build_finish(p);
    tp_sort_key keys[2] = { TP_SORT_NAME };
    uint32_t order[5];
    ck_assert_int_eq(tp_sort_key_find(&keys[1], "aw"), TP_OK);
    ck_assert_str_eq(tp_sort_key_text(keys[1]), "time awaited");
    ck_assert_int_eq(tp_profile_sort(p, &keys[1], 1, order), TP_OK);
    ck_assert_mem_eq(order, ((uint32_t[]){ 4, 3, 1, 0, 2 }), sizeof order);
    ck_assert_int_eq(tp_profile_sort(p, keys, 2, order), TP_OK);
    ck_assert_mem_eq(order, ((uint32_t[]){ 3, 1, 4, 0, 2 }), sizeof order);
    tp_profile_destroy(p);
}
END_TEST

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

static tp_profile *sum_of(const tp_profile *a, const tp_profile *b)
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

START_TEST(coroutines_of_equal_labels_add_up)
{
    tp_profile *a = build_profile(), *b = build_profile();
    build_row(a, "m.py", 1, "f", 1, 1, 1);
    build_row(a, "m.py", 2, "g", 1, 1, 1);
    build_coroutine(a, 0, 1, 2, 3, 4);
    build_coroutine(a, 1, 10, 20, 30, 40);
    build_finish(a);
    build_row(b, "m.py", 3, "h", 1, 1, 1);
    build_row(b, "m.py", 1, "f", 1, 1, 1);
    build_coroutine(b, 0, 5, 6, 7, INT64_MAX);
    build_coroutine(b, 1, 100, 200, 300, 401);
    build_finish(b);
    b->unit = 0.5;
    tp_profile *sum = sum_of(a, b);
    ck_assert_uint_eq(tp_profile_coroutine_count(sum), 3);
    assert_coroutine(sum, 0, 0, 101, 202, 153, 205); /* 200.5 seconds are rounded to 201 */
    assert_coroutine(sum, 1, 1, 10, 20, 30, 40);
    assert_coroutine(sum, 2, 2, 5, 6, 4, INT64_C(1) << 62);
    ck_assert_double_eq(tp_profile_unit(sum), 1);
    tp_profile_destroy(sum);
    sum = sum_of(b, a);
    assert_coroutine(sum, 1, 1, 101, 202, 306, 409);
    tp_profile_destroy(sum);
    tp_profile_destroy(a);
    tp_profile_destroy(b);
}
END_TEST

START_TEST(sums_that_do_not_fit_are_refused)
{
    tp_merge *merge;
    tp_profile *p = sample("run"), *few = build_profile();
    build_row(few, "m.py", 0, "f", 1, 1, 1);
    build_coroutine(few, 0, 1, 0, 0, 0);
    build_finish(few);
    few->unit = 1e-300;
    ck_assert_int_eq(tp_merge_create(&merge, NULL), TP_OK);
    ck_assert_int_eq(tp_merge_add(merge, p), TP_OK);
    ck_assert_int_eq(tp_merge_add(merge, p), TP_ELIMIT);
    tp_merge_destroy(merge);
    ck_assert_int_eq(tp_merge_create(&merge, NULL), TP_OK);
    ck_assert_int_eq(tp_merge_add(merge, few), TP_OK);
    ck_assert_int_eq(tp_merge_add(merge, p), TP_ELIMIT); /* in ticks of that */
    tp_merge_destroy(merge);
    tp_profile_destroy(few);
    tp_profile_destroy(p);
}
END_TEST

/* A thread "main" of a process. */
static tp_profile *of_process(int64_t pid, const char *command, double start, double duration)
{
    tp_profile *p = build_profile();
    build_row(p, "m.py", 1, "f", 1, 1, 1);
    build_thread(p, "main", 1);
    build_context(p, TP_NO_INDEX, 0, 1, 5);
    build_finish(p);
    if (pid != 0)
        ck_assert_int_eq(tp_profile_set_process(p, pid, 9, command, strlen(command), start,
                                                duration), TP_OK);
    return p;
}

START_TEST(processes_stay_apart)
{
    static const struct {
        int64_t pid;
        const char *command;
        double start;
        int is_first;
    } others[] = { { 1, "run", 2, 1 }, { 2, "run", 2, 0 }, { 1, "go", 2, 0 }, { 1, "run", 3, 0 },
                   { 0, "", 0, 0 } };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        tp_profile *a = of_process(1, "run", 2, 3);
        tp_profile *b = of_process(others[i].pid, others[i].command, others[i].start, 4);
        tp_profile *sum = sum_of(a, b);
        const tp_thread_tree *threads = tp_profile_threads(sum);
        size_t processes = others[i].is_first || others[i].pid == 0 ? 1 : 2;
        ck_assert_uint_eq(tp_profile_process_count(sum), processes);
        ck_assert_uint_eq(tp_profile_thread_count(sum), others[i].is_first ? 1 : 2);
        ck_assert_uint_eq(threads[0].process, 0);
        ck_assert_double_eq(tp_profile_processes(sum)[0].duration, others[i].is_first ? 4 : 3);
        ck_assert_str_eq(tree_text(sum, 0), others[i].is_first ? "f 2/0 10" : "f 1/0 5");
        if (!others[i].is_first)
            ck_assert_uint_eq(threads[1].process, others[i].pid == 0 ? TP_NO_INDEX : 1);
        if (processes == 2)
            ck_assert_str_eq(tp_profile_processes(sum)[1].command.bytes, others[i].command);
        tp_profile *more = sum_of(sum, sum);
        ck_assert_uint_eq(tp_profile_process_count(more), processes);
        ck_assert_uint_eq(tp_profile_thread_count(more), tp_profile_thread_count(sum));
        tp_profile_destroy(more);
        tp_profile_destroy(sum);
        tp_profile_destroy(a);
        tp_profile_destroy(b);
    }
}
END_TEST

/* f and g, files of one name; a thread of each process calls g, the second f too. */
static tp_profile *two_processes(void)
{
    tp_profile *p = build_profile();
    build_row(p, "a/m.py", 1, "f", 1, 1, 3);
    build_row(p, "b/m.py", 1, "f", 2, 2, 2);
    build_row(p, "m.py", 2, "h", 1, 1, 1);
    build_coroutine(p, 0, 1, 2, 3, 4);
    build_coroutine(p, 1, 10, 20, 30, 40);
    build_process(p, 11, 0, "run", 1, 1);
    build_process(p, 12, 11, "run", 1, 1);
    build_thread(p, "main", 1);
    build_context(p, TP_NO_INDEX, 1, 1, 1);
    build_thread(p, "main", 1);
    build_context(p, build_context(p, TP_NO_INDEX, 0, 1, 3), 1, 1, 1);
    build_context(p, TP_NO_INDEX, 2, 1, 1);
    p->trees[0].process = 0;
    p->trees[1].process = 1;
    build_finish(p);
    return p;
}

START_TEST(all_that_is_made_of_a_profile_has_them)
{
    tp_profile *p = two_processes(), *made;
    ck_assert_int_eq(tp_profile_strip_dirs(&made, p), TP_OK);
    ck_assert_uint_eq(tp_profile_coroutine_count(made), 1);
    assert_coroutine(made, 0, 0, 11, 22, 33, 44);
    ck_assert_int_eq(tp_profile_processes(made)[1].pid, 12);
    ck_assert_uint_eq(tp_profile_threads(made)[1].process, 1);
    tp_profile_destroy(made);
    ck_assert_int_eq(tp_profile_invert(&made, p, 3), TP_OK);
    assert_coroutine(made, 1, 1, 10, 20, 30, 40);
    ck_assert_int_eq(tp_profile_processes(made)[1].pid, 12);
    ck_assert_uint_eq(tp_profile_threads(made)[1].process, 1);
    tp_profile_destroy(made);
    ck_assert_int_eq(tp_profile_estimate_tree(&made, p, 0), TP_OK);
    double ticks = tp_profile_unit(made);
    ck_assert_uint_eq(tp_profile_coroutine_count(made), 2);
    ck_assert_double_eq_tol((double)tp_profile_coroutines(made)[1].awaited_ticks * ticks, 40, 1e-9);
    ck_assert_int_eq(tp_profile_processes(made)[1].pid, 12);
    tp_profile_destroy(made);
    tp_profile_destroy(p);
}
END_TEST

static tp_profile *part_of(const tp_profile *profile, const char *ignore, int64_t pid)
{
    tp_profile *part;
    tp_selection selection = TP_SELECTION_INIT;
    if (ignore != NULL)
        ck_assert_int_eq(tp_pattern_create(&selection.ignore, ignore, strlen(ignore), NULL, NULL),
                         TP_OK);
    selection.by_process = pid != 0;
    selection.process = pid;
    ck_assert_int_eq(tp_profile_select(&part, profile, &selection), TP_OK);
    tp_pattern_destroy(selection.ignore);
    return part;
}

START_TEST(coroutines_go_with_their_rows)
{
    tp_profile *p = two_processes(), *part = part_of(p, NULL, 0);
    ck_assert_uint_eq(tp_profile_coroutine_count(part), 2);
    tp_profile_destroy(part);
    part = part_of(p, "^a/", 0); /* f goes, and g has another number */
    ck_assert_uint_eq(tp_profile_function_count(part), 2);
    ck_assert_uint_eq(tp_profile_coroutine_count(part), 1);
    assert_coroutine(part, 0, 0, 10, 20, 30, 40);
    ck_assert_int_eq(tp_profile_processes(part)[1].pid, 12);
    ck_assert_uint_eq(tp_profile_threads(part)[1].process, 1);
    tp_profile_destroy(part);
    p->thread_count = 0; /* likewise without a tree */
    part = part_of(p, "^a/", 0);
    ck_assert_uint_eq(tp_profile_coroutine_count(part), 1);
    assert_coroutine(part, 0, 0, 10, 20, 30, 40);
    ck_assert_double_eq(tp_profile_unit(part), 1);
    ck_assert_int_eq(tp_profile_processes(part)[1].pid, 12);
    tp_profile_destroy(part);
    p->thread_count = 2;
    tp_profile_destroy(p);
}
END_TEST

/* What g awaited in one process cannot be told from what it did in the other. */
START_TEST(a_process_alone)
{
    tp_profile *p = two_processes(), *part = part_of(p, NULL, 12);
    ck_assert_uint_eq(tp_profile_thread_count(part), 1);
    ck_assert_str_eq(tree_text(part, 0), "f 1/0 3; .f 1/0 1; h 1/0 1");
    ck_assert_uint_eq(tp_profile_function_count(part), 3);
    ck_assert_uint_eq(tp_profile_coroutine_count(part), 1);
    assert_coroutine(part, 0, 0, 1, 2, 3, 4);
    ck_assert_uint_eq(tp_profile_process_count(part), 1);
    ck_assert_int_eq(tp_profile_processes(part)[0].pid, 12);
    ck_assert_uint_eq(tp_profile_threads(part)[0].process, 0);
    tp_profile_destroy(part);
    part = part_of(p, NULL, 11);
    ck_assert_str_eq(tree_text(part, 0), "f 1/0 1");
    ck_assert_uint_eq(tp_profile_coroutine_count(part), 0);
    tp_profile_destroy(part);
    part = part_of(p, NULL, 13);
    ck_assert_uint_eq(tp_profile_thread_count(part), 0);
    ck_assert_uint_eq(tp_profile_process_count(part), 0);
    tp_profile_destroy(part);
    tp_selection selection = TP_SELECTION_INIT;
    selection.by_process = 1;
    p->thread_count = 0;
    ck_assert_int_eq(tp_profile_select(&part, p, &selection), TP_EARGUMENT);
    p->thread_count = 2;
    tp_profile_destroy(p);
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
    tcase_add_test(model, rows_are_sorted_by_time_awaited);
    suite_add_tcase(suite, model);
    TCase *files = tcase_create("files");
    tcase_add_test(files, what_is_written_is_read);
    tcase_add_test(files, many_processes_may_have_one_long_command);
    tcase_add_test(files, nothing_is_written_of_nothing);
    tcase_add_test(files, implied_rows_keep_their_places);
    suite_add_tcase(suite, files);
    TCase *made = tcase_create("made of profiles");
    tcase_add_test(made, coroutines_of_equal_labels_add_up);
    tcase_add_test(made, sums_that_do_not_fit_are_refused);
    tcase_add_test(made, processes_stay_apart);
    tcase_add_test(made, all_that_is_made_of_a_profile_has_them);
    tcase_add_test(made, coroutines_go_with_their_rows);
    tcase_add_test(made, a_process_alone);
    suite_add_tcase(suite, made);
    return suite;
}
