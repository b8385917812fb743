/* Every allocation fails once, and once all that follow it: reading, writing and reshaping give
 * TP_ENOMEM, leak nothing, and leave what they were given as it was. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "builder.h"

/* What the operations work on. */
typedef struct world {
    failing memory;
    tp_profile *tree; /* has one */
    tp_profile *tree_too;
    tp_profile *rows; /* has none */
    uint8_t *bytes;
    size_t size;
    char path[64]; /* of a file to be written */
} world;

typedef tp_status operation(world *w);

/* A file's bytes, by which profiles are compared. */
typedef struct image {
    uint8_t *bytes;
    size_t size;
} image;

static image image_of(const tp_profile *profile)
{
    image i;
    ck_assert_int_eq(tp_pstats_encode(profile, TP_PSTATS_WHOLE, &i.bytes, &i.size), TP_OK);
    return i;
}

static void assert_is(const image *before, const tp_profile *profile)
{
    image now = image_of(profile);
    ck_assert_uint_eq(now.size, before->size);
    ck_assert_mem_eq(now.bytes, before->bytes, now.size);
    tp_pstats_free(now.bytes);
}

static void add_figures(tp_profile *profile, int64_t pid)
{
    if (profile->unit <= 0)
        profile->unit = 1e-9;
    build_coroutine(profile, 0, 1, 2, 3, 4);
    build_coroutine(profile, 1, 1, 2, 3, 4);
    ck_assert_int_eq(tp_profile_set_process(profile, pid, 0, "run", 3, 0, 0), TP_OK);
}

static void open_world(world *w)
{
    failing_init(&w->memory, -1);
    w->tree = golden_profile("ctraceprof-3.13", &w->memory.allocator);
    w->tree_too = golden_profile("ctraceprof-3.11", &w->memory.allocator);
    w->rows = golden_profile("cprofile-3.13", &w->memory.allocator);
    add_figures(w->tree, 1);
    add_figures(w->tree_too, 2);
    add_figures(w->rows, 3);
    w->tree->both_times = true;
    w->tree_too->both_times = true;
    w->tree_too->times = TP_TIMES_COMPENSATED;
    ck_assert_int_eq(tp_profile_set_integer(w->tree_too, "hook_lost", 1), TP_OK);
    read_golden("ctraceprof-3.13", &w->bytes, &w->size);
    snprintf(w->path, sizeof w->path, "/tmp/traceprof-test-%ld.prof", (long)getpid());
    ck_assert_int_eq(tp_pstats_write_file(w->rows, w->path, NULL), TP_OK);
}

static void close_world(world *w)
{
    free(w->bytes);
    unlink(w->path);
    tp_profile_destroy(w->tree);
    tp_profile_destroy(w->tree_too);
    tp_profile_destroy(w->rows);
    ck_assert_int_eq(w->memory.live, 0);
}

/* Whether allocation `n` was reached. */
static int survives(world *w, operation *run, const char *name, long n)
{
    long before = w->memory.live;
    w->memory.count = 0;
    w->memory.fail_at = n;
    tp_status status = run(w);
    int reached = w->memory.count > n;
    w->memory.fail_at = -1;
    ck_assert_msg(status == (reached ? TP_ENOMEM : TP_OK), "%s, allocation %ld: %s", name, n,
                  tp_status_name(status));
    ck_assert_msg(w->memory.live == before, "%s, allocation %ld: %ld blocks leak", name, n,
                  w->memory.live - before);
    return reached;
}

static void fail_each(operation *run, const char *name)
{
    world w;
    open_world(&w);
    image tree = image_of(w.tree), too = image_of(w.tree_too), rows = image_of(w.rows);
    for (int once = 0; once < 2; once++) {
        long n = 0;
        w.memory.once = once;
        for (; survives(&w, run, name, n); n += is_quick() ? 11 : 1) {
            assert_is(&tree, w.tree);
            assert_is(&too, w.tree_too);
            assert_is(&rows, w.rows);
        }
        ck_assert_msg(n > 0, "%s allocates nothing", name);
    }
    tp_pstats_free(tree.bytes);
    tp_pstats_free(too.bytes);
    tp_pstats_free(rows.bytes);
    close_world(&w);
}

/* What was made, if anything was; on failure the pointer is as it was. */
static tp_status drop(tp_profile *made, tp_status status)
{
    if (status == TP_OK)
        tp_profile_destroy(made);
    else
        ck_assert_ptr_null(made);
    return status;
}

static tp_status decode(world *w)
{
    tp_profile *made = NULL;
    tp_error error = { .status = TP_OK };
    tp_read_options options = TP_READ_OPTIONS_INIT;
    options.allocator = &w->memory.allocator;
    tp_status status = tp_pstats_decode(&made, w->bytes, w->size, &options, &error);
    ck_assert_int_eq(error.status, status);
    return drop(made, status);
}

static tp_status read_file(world *w)
{
    tp_profile *made = NULL;
    tp_error error = { .status = TP_OK };
    tp_read_options options = TP_READ_OPTIONS_INIT;
    options.allocator = &w->memory.allocator;
    tp_status status = tp_pstats_read_file(&made, w->path, &options, &error);
    ck_assert_int_eq(error.status, status);
    ck_assert_int_eq(error.system_error, 0);
    return drop(made, status);
}

static tp_status encode(world *w)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    tp_status status = tp_pstats_encode(w->tree, TP_PSTATS_WHOLE, &bytes, &size);
    ck_assert_int_eq(bytes != NULL, status == TP_OK);
    tp_pstats_free(bytes);
    return status;
}

static tp_status write_file(world *w)
{
    tp_error error = { .status = TP_OK };
    tp_status status = tp_pstats_write_file(w->rows, w->path, &error);
    ck_assert_int_eq(error.status, status);
    ck_assert_int_eq(error.system_error, 0);
    return status;
}

static tp_status sort(world *w)
{
    static const tp_sort_key keys[] = { TP_SORT_CALLS, TP_SORT_STDNAME, TP_SORT_AWAITED };
    uint32_t order[256];
    ck_assert_uint_le(tp_profile_function_count(w->rows), 256);
    return tp_profile_sort(w->rows, keys, 3, order);
}

static tp_pattern *pattern(const char *text)
{
    tp_pattern *made;
    ck_assert_int_eq(tp_pattern_create(&made, text, strlen(text), NULL, NULL), TP_OK);
    return made;
}

static tp_status select_part(const tp_profile *profile)
{
    tp_profile *part = NULL;
    tp_selection s = TP_SELECTION_INIT;
    s.focus = pattern("main|fail");
    s.ignore = pattern("sorted");
    s.hide = pattern("len");
    s.collapse_lib = 1;
    tp_status status = tp_profile_select(&part, profile, &s);
    tp_pattern_destroy(s.focus);
    tp_pattern_destroy(s.ignore);
    tp_pattern_destroy(s.hide);
    return drop(part, status);
}

static tp_status select_process(world *w)
{
    tp_profile *part = NULL;
    tp_selection s = TP_SELECTION_INIT;
    s.by_process = 1;
    s.process = 1;
    tp_status status = tp_profile_select(&part, w->tree, &s);
    return drop(part, status);
}

static tp_status select_tree(world *w)
{
    return select_part(w->tree);
}

static tp_status select_rows(world *w)
{
    return select_part(w->rows);
}

static tp_status strip(world *w)
{
    tp_profile *made = NULL;
    tp_status status = tp_profile_strip_dirs(&made, w->tree);
    return drop(made, status);
}

static tp_status invert(world *w)
{
    tp_profile *made = NULL;
    tp_status status = tp_profile_invert(&made, w->tree, 5);
    return drop(made, status);
}

static tp_status estimate(world *w)
{
    tp_profile *made = NULL;
    tp_status status = tp_profile_estimate_tree(&made, w->rows, 0);
    return drop(made, status);
}

static tp_status merge(world *w)
{
    tp_merge *sum = NULL;
    tp_profile *made = NULL;
    tp_status status = tp_merge_create(&sum, &w->memory.allocator);
    if (status == TP_OK)
        status = tp_merge_add(sum, w->tree);
    if (status == TP_OK)
        status = tp_merge_add(sum, w->tree_too);
    if (status == TP_OK)
        status = tp_merge_add(sum, w->tree);
    if (status == TP_OK)
        status = tp_merge_finish(sum, &made, NULL);
    tp_merge_destroy(sum);
    return drop(made, status);
}

static tp_status merge_without_tree(world *w)
{
    tp_merge *sum = NULL;
    tp_profile *made = NULL;
    size_t without = 0;
    tp_status status = tp_merge_create(&sum, &w->memory.allocator);
    if (status == TP_OK)
        status = tp_merge_add(sum, w->tree);
    if (status == TP_OK)
        status = tp_merge_add(sum, w->rows);
    if (status == TP_OK)
        status = tp_merge_finish(sum, &made, &without);
    tp_merge_destroy(sum);
    return drop(made, status);
}

static tp_status match(world *w)
{
    uint32_t b_of_a[256];
    ck_assert_uint_le(tp_profile_function_count(w->tree), 256);
    return tp_profile_match(w->tree, w->rows, b_of_a);
}

static tp_status match_trees(world *w)
{
    uint32_t b_of_a[256], context_of[256];
    const tp_thread_tree *tree = tp_profile_threads(w->tree);
    ck_assert_uint_le(tree->context_count, 256);
    for (uint32_t i = 0; i < 256; i++)
        b_of_a[i] = i;
    return tp_tree_match(tree, tree, b_of_a, context_of, &w->memory.allocator);
}

static tp_status create_pattern(world *w)
{
    static const char text[] = "(?i)a(?:b|[c-f\\d]{2,4})*?$|^x+\\w";
    tp_pattern *made = NULL;
    tp_error error = { .status = TP_OK };
    tp_status status =
        tp_pattern_create(&made, text, strlen(text), &w->memory.allocator, &error);
    ck_assert_int_eq(error.status, status);
    ck_assert_int_eq(made != NULL, status == TP_OK);
    tp_pattern_destroy(made);
    return status;
}

static const struct {
    operation *run;
    const char *name;
} operations[] = {
    { decode, "decode" },
    { read_file, "read a file" },
    { encode, "encode" },
    { write_file, "write a file" },
    { sort, "sort" },
    { select_tree, "select from a tree" },
    { select_rows, "select rows" },
    { select_process, "select a process" },
    { strip, "strip folders" },
    { invert, "invert" },
    { estimate, "estimate" },
    { merge, "merge" },
    { merge_without_tree, "merge without a tree" },
    { match, "match" },
    { match_trees, "match trees" },
    { create_pattern, "create a pattern" },
};

START_TEST(operations_survive_any_allocation_failing)
{
    fail_each(operations[_i].run, operations[_i].name);
}
END_TEST

/* The hottest path has no status; its length is 0 then. */
START_TEST(the_hottest_path_survives)
{
    world w;
    size_t thread = 0;
    open_world(&w);
    ck_assert_uint_gt(tp_profile_hottest_path(w.tree, &thread, NULL, 0), 0);
    w.memory.count = 0;
    w.memory.fail_at = 0;
    ck_assert_uint_eq(tp_profile_hottest_path(w.tree, &thread, NULL, 0), 0);
    close_world(&w);
}
END_TEST

Suite *reshape_failure_suite(void)
{
    Suite *suite = suite_create("reshaping without memory");
    TCase *tests = tcase_create("allocations");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, operations_survive_any_allocation_failing, 0,
                        (int)(sizeof operations / sizeof *operations));
    tcase_add_test(tests, the_hottest_path_survives);
    suite_add_tcase(suite, tests);
    return suite;
}
