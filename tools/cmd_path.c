/* traceprof path: where most of the time goes, from the top-level call down. */
#include <errno.h>
#include <stdlib.h>

#include "commands.h"
#include "heading.h"
#include "source.h"
#include "table.h"
#include "text.h"
#include "tool.h"

enum { TOTAL, SHARE, CALLS, FUNCTION, COLUMNS };

static const tp_column columns[COLUMNS] = {
    [TOTAL] = { "total", "inclusive", TP_CELL_TIME, 3, 0, 0, 0 },
    [SHARE] = { "total%", "share", TP_CELL_SHARE, 3, 0, 1, 0 },
    [CALLS] = { "calls", "calls", TP_CELL_COUNT, 3, 0, 0, 0 },
    [FUNCTION] = { "function", "", TP_CELL_LABEL, 3, 0, 0, 0 },
};

static double whole_of(const tp_thread_tree *tree)
{
    double whole = 0;
    for (size_t i = 0; i < tree->context_count; i++) {
        if (tree->contexts[i].parent == TP_NO_INDEX)
            whole += (double)tree->contexts[i].inclusive_ticks;
    }
    return whole;
}

static tp_status fill(tp_table *table, const tp_profile *profile, const tp_thread_tree *tree,
                      const uint32_t *path, size_t length)
{
    double whole = length > 0 ? whole_of(tree) : 0;
    for (size_t i = 0; i < length; i++) {
        const tp_context *context = &tree->contexts[path[i]];
        double ticks = (double)context->inclusive_ticks;
        tp_cell *cells = tp_table_row(table);
        if (cells == NULL)
            return TP_ENOMEM;
        cells[TOTAL].real = ticks * tp_profile_unit(profile);
        cells[SHARE].real = tp_share(ticks, whole);
        cells[CALLS].count = (int64_t)context->calls;
        cells[FUNCTION].label = &tp_profile_functions(profile)[context->function].label;
    }
    return TP_OK;
}

static void put_headings(FILE *out, const tp_arguments *arguments, const tp_profile *profile,
                         const tp_thread_tree *tree)
{
    tp_put_heading(out, arguments, profile);
    if (tree != NULL) {
        fputs("thread ", out);
        tp_put_thread(out, profile, tree);
        putc('\n', out);
    }
    putc('\n', out);
}

static int has_contexts(const tp_profile *profile)
{
    for (size_t i = 0; i < tp_profile_thread_count(profile); i++) {
        if (tp_profile_threads(profile)[i].context_count > 0)
            return 1;
    }
    return 0;
}

static int print(FILE *out, const tp_arguments *arguments, const tp_profile *profile, size_t rows)
{
    tp_style style;
    tp_table table;
    size_t thread = 0, length = tp_profile_hottest_path(profile, &thread, NULL, 0);
    int failed = tp_style_find(&style, arguments);
    if (failed != 0)
        return failed;
    uint32_t *path = calloc(length + 1, sizeof *path);
    /* A path of no length, or of another, is what is found without memory. */
    if (path == NULL || tp_profile_hottest_path(profile, &thread, path, length) != length ||
        (length == 0 && has_contexts(profile))) {
        free(path);
        return tp_status_error(TP_ENOMEM);
    }
    const tp_thread_tree *tree = length > 0 ? &tp_profile_threads(profile)[thread] : NULL;
    tp_table_init(&table, columns, COLUMNS);
    table.times = tp_times_word(profile);
    tp_status status = fill(&table, profile, tree, path, length < rows ? length : rows);
    if (status == TP_OK && tp_style_is_for_people(&style))
        put_headings(out, arguments, profile, tree);
    if (status == TP_OK)
        status = tp_table_print(&table, out, &style);
    tp_table_free(&table);
    free(path);
    return status == TP_OK ? TP_EXIT_OK : tp_status_error(status);
}

static int run(const tp_arguments *arguments, FILE *out)
{
    tp_profile *profile;
    const char *limit = tp_argument(arguments, "limit");
    long rows = -1;
    char *end = NULL;
    errno = 0;
    if (limit != NULL)
        rows = strtol(limit, &end, 10);
    if (limit != NULL && (errno != 0 || end == limit || *end != '\0' || rows < 0))
        return tp_usage_error(arguments->command, "not a number of rows:", limit);
    int status = tp_source_load(&profile, arguments, 0, arguments->operand_count);
    if (status != 0)
        return status;
    /* Nothing may be left of a profile that had a tree. */
    if (tp_profile_thread_count(profile) > 0 || tp_profile_function_count(profile) == 0)
        status = print(out, arguments, profile, rows < 0 ? SIZE_MAX : (size_t)rows);
    else
        status = tp_source_lacks_tree(arguments, arguments->operands[0]);
    tp_profile_destroy(profile);
    return status;
}

static const tp_option options[] = {
    { 'n', "limit", "N", "print the first N levels only", NULL },
    { '\0', NULL, NULL, NULL, NULL },
};

const tp_command tp_command_path = {
    .name = "path",
    .operands = "FILE...",
    .purpose = "Print the hottest path through the call tree",
    .text = "From the top-level call down, always into the call that took the most time.\n"
            "Needs the exact call tree, which files of other profilers do not hold.",
    .options = options,
    .shared = TP_WITH_FOCUS | TP_WITH_TIMES | TP_WITH_TABLE | TP_WITH_OUTPUT,
    .least = 1,
    .most = SIZE_MAX,
    .run = run,
};
