/* traceprof tree: the calling context tree, drawn by indentation. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "heading.h"
#include "rows.h"
#include "source.h"
#include "table.h"
#include "text.h"
#include "tool.h"
#include "tree_order.h"

#define STANDARD_MIN 0.005
#define STANDARD_INVERTED_DEPTH 16

/* Deeper levels are drawn no further to the right: nobody could tell, and a chain of n would take n * n
 * columns. */
#define MOST_INDENTED 500

enum { PROCESS, THREAD, NUMBER, DEPTH, TOTAL, SHARE, BAR, SELF, CALLS, FUNCTION, COLUMNS };

static const tp_column all_columns[COLUMNS] = {
    [PROCESS] = { "pid", "pid", TP_CELL_COUNT, TP_FOR_MACHINES, 0, 0, 0 },
    [THREAD] = { "thread", "thread", TP_CELL_WORD, TP_FOR_MACHINES, 0, 0, 0 },
    [NUMBER] = { "id", "thread_id", TP_CELL_COUNT, TP_FOR_MACHINES, 0, 0, 0 },
    [DEPTH] = { "depth", "depth", TP_CELL_COUNT, TP_FOR_MACHINES, 0, 0, 0 },
    [TOTAL] = { "total", "inclusive", TP_CELL_TIME, 3, 0, 0, 0 },
    [SHARE] = { "total%", "share", TP_CELL_SHARE, 3, 0, 1, 0 },
    [BAR] = { "", "", TP_CELL_BAR, TP_FOR_PEOPLE, 0, 1, 1 },
    [SELF] = { "self", "self", TP_CELL_TIME, 3, 0, 0, 0 },
    [CALLS] = { "calls", "calls", TP_CELL_COUNT, 3, 0, 0, 0 },
    [FUNCTION] = { "function", "", TP_CELL_LABEL, 3, 0, 0, 0 },
};

typedef struct bounds {
    double least; /* share of the whole that is worth a line */
    long depth;   /* levels shown, -1: all */
} bounds;

typedef struct walker {
    const tp_profile *profile;
    const bounds *limits;
    tp_tree_order order;
    uint32_t *stack; /* Owned; contexts still to be visited */
    size_t left_out;
    int64_t ticks_left_out;
} walker;

static tp_status walker_init(walker *w, const tp_thread_tree *tree)
{
    w->stack = calloc(tree->context_count + 1, sizeof *w->stack);
    tp_status status = tp_tree_order_make(&w->order, tree);
    return w->stack == NULL ? TP_ENOMEM : status;
}

static void walker_free(walker *w)
{
    tp_tree_order_free(&w->order);
    free(w->stack);
}

static tp_status put_context(const walker *w, tp_table *table, uint32_t i)
{
    const tp_context *context = &w->order.tree->contexts[i];
    double unit = tp_profile_unit(w->profile);
    tp_cell *cells = tp_table_row(table);
    if (cells == NULL)
        return TP_ENOMEM;
    cells[PROCESS].absent = w->order.tree->process == TP_NO_INDEX;
    if (w->order.tree->process != TP_NO_INDEX)
        cells[PROCESS].count = tp_profile_processes(w->profile)[w->order.tree->process].pid;
    cells[THREAD].word = w->order.tree->name;
    cells[NUMBER].count = (int64_t)w->order.tree->id;
    cells[DEPTH].count = w->order.depth[i];
    cells[TOTAL].real = (double)context->inclusive_ticks * unit;
    cells[SHARE].real = tp_share((double)context->inclusive_ticks, w->order.whole);
    cells[BAR].real = cells[SHARE].real;
    cells[SELF].real = (double)w->order.self[i] * unit;
    cells[CALLS] = (tp_cell){ .count = (int64_t)context->calls,
                              .absent = !tp_profile_has_calls(w->profile) };
    cells[FUNCTION].label = &tp_profile_functions(w->profile)[context->function].label;
    cells[FUNCTION].indent = 2 * (size_t)(w->order.depth[i] < MOST_INDENTED ? w->order.depth[i] : MOST_INDENTED);
    return TP_OK;
}

static int is_worth_it(const walker *w, uint32_t i)
{
    return (w->limits->depth < 0 || (long)w->order.depth[i] < w->limits->depth) &&
           tp_share((double)w->order.tree->contexts[i].inclusive_ticks, w->order.whole) >= w->limits->least;
}

/* Children onto the stack, the heaviest on top; those not worth a line are counted. */
static void push_children(walker *w, uint32_t parent, size_t *top)
{
    for (uint32_t at = w->order.first[parent + 1]; at-- > w->order.first[parent];) {
        uint32_t i = w->order.sorted[at];
        if (is_worth_it(w, i)) {
            w->stack[(*top)++] = i;
        } else {
            w->left_out++;
            w->ticks_left_out =
                tp_add_ticks(w->ticks_left_out, w->order.tree->contexts[i].inclusive_ticks);
        }
    }
}

static tp_status walk(walker *w, tp_table *table)
{
    size_t top = 0;
    tp_status status = TP_OK;
    push_children(w, 0, &top);
    while (status == TP_OK && top > 0) {
        uint32_t i = w->stack[--top];
        status = put_context(w, table, i);
        push_children(w, i + 1, &top);
    }
    return status;
}

static void put_tree_heading(FILE *out, const tp_profile *profile, const tp_thread_tree *tree)
{
    if (tp_profile_property(profile, "tree") != NULL) {
        fputs("estimated: the file holds callers and callees, but no call tree\n\n", out);
        return;
    }
    fputs("thread ", out);
    tp_put_thread(out, profile, tree);
    fputs("\n\n", out);
}

static void put_left_out(FILE *out, const walker *w)
{
    if (w->left_out == 0)
        return;
    fprintf(out, "\n%zu more branch%s, of ", w->left_out, w->left_out == 1 ? "" : "es");
    tp_put_time(out, (double)w->ticks_left_out * tp_profile_unit(w->profile));
    fputs(", below the bounds given by --min and --depth\n", out);
}

static tp_status print_tree(FILE *out, const tp_profile *profile, size_t thread,
                            const bounds *limits, tp_table *table, const tp_style *style)
{
    walker w = { .profile = profile, .limits = limits };
    int people = tp_style_is_for_people(style);
    tp_status status = walker_init(&w, &tp_profile_threads(profile)[thread]);
    if (status == TP_OK)
        status = walk(&w, table);
    if (status == TP_OK && people) {
        fputs(thread > 0 ? "\n" : "", out);
        put_tree_heading(out, profile, w.order.tree);
        status = tp_table_print(table, out, style);
        put_left_out(out, &w);
        table->row_count = 0;
    }
    walker_free(&w);
    return status;
}

/* Upside down, all time is that of the function at the top. */
static void choose_columns(tp_column *columns, const tp_profile *profile, int inverted,
                           const tp_screen *screen)
{
    memcpy(columns, all_columns, COLUMNS * sizeof *columns);
    if (tp_profile_has_samples(profile))
        columns[CALLS].title = columns[CALLS].key = "samples";
    if (tp_profile_process_count(profile) == 0)
        columns[PROCESS].shown = 0;
    if (screen->bars == TP_BARS_NONE)
        columns[BAR].shown = 0;
    if (screen->bars_stay)
        columns[BAR].spare = 0;
    if (inverted) {
        columns[TOTAL].title = "self";
        columns[SHARE].title = "self%";
        columns[SELF].shown = 0;
    }
}

static int print(FILE *out, const tp_arguments *arguments, const tp_profile *profile,
                 const bounds *limits)
{
    tp_style style;
    tp_table table;
    tp_column columns[COLUMNS];
    tp_status status = TP_OK;
    int failed = tp_style_find(&style, arguments);
    if (failed != 0)
        return failed;
    choose_columns(columns, profile, tp_argument_has(arguments, "invert"), &style.screen);
    tp_table_init(&table, columns, COLUMNS);
    table.times = tp_times_word(profile);
    if (tp_style_is_for_people(&style))
        tp_put_heading(out, arguments, profile);
    for (size_t i = 0; status == TP_OK && i < tp_profile_thread_count(profile); i++)
        status = print_tree(out, profile, i, limits, &table, &style);
    if (status == TP_OK && !tp_style_is_for_people(&style))
        status = tp_table_print(&table, out, &style);
    tp_table_free(&table);
    return status == TP_OK ? TP_EXIT_OK : tp_status_error(status);
}

/* The tree as it is to be shown: estimated where there is none, turned over where that is wanted. */
static tp_status prepare(tp_profile **profile, int inverted, const bounds *limits)
{
    tp_profile *made;
    tp_status status = TP_OK;
    /* Where nothing is left of a profile there is nothing to estimate. */
    if (tp_profile_thread_count(*profile) == 0 && tp_profile_function_count(*profile) > 0) {
        status = tp_profile_estimate_tree(&made, *profile, limits->least / 10);
        if (status != TP_OK)
            return status;
        tp_profile_destroy(*profile);
        *profile = made;
    }
    if (!inverted)
        return TP_OK;
    size_t levels = limits->depth < 0 ? STANDARD_INVERTED_DEPTH : (size_t)limits->depth;
    status = tp_profile_invert(&made, *profile, levels > 0 ? levels - 1 : 0);
    if (status == TP_OK) {
        tp_profile_destroy(*profile);
        *profile = made;
    }
    return status;
}

static int find_bounds(bounds *limits, const tp_arguments *arguments)
{
    const char *least = tp_argument(arguments, "min"), *depth = tp_argument(arguments, "depth");
    double percent = 100 * STANDARD_MIN;
    char *end;
    *limits = (bounds){ .depth = -1 };
    if (least != NULL && (!tp_parse_number(&percent, least) || percent < 0 || percent > 100))
        return tp_usage_error(arguments->command, "not a percentage:", least);
    limits->least = percent / 100;
    if (depth == NULL)
        return 0;
    errno = 0;
    limits->depth = strtol(depth, &end, 10);
    if (errno != 0 || end == depth || *end != '\0' || limits->depth < 0 || limits->depth > 100000)
        return tp_usage_error(arguments->command, "not a number of levels:", depth);
    return 0;
}

static int run(const tp_arguments *arguments, FILE *out)
{
    tp_profile *profile = NULL;
    bounds limits;
    int failed = find_bounds(&limits, arguments);
    if (failed == 0)
        failed = tp_source_load(&profile, arguments, 0, arguments->operand_count);
    if (failed != 0)
        return failed;
    tp_status status = prepare(&profile, tp_argument_has(arguments, "invert"), &limits);
    failed = status == TP_OK ? print(out, arguments, profile, &limits) : tp_status_error(status);
    tp_profile_destroy(profile);
    return failed;
}

static const tp_option options[] = {
    { '\0', "root", "RE", "functions that match as the top, and what they call", NULL },
    { '\0', "invert", NULL, "functions by their own time at the top, their callers below", NULL },
    { 'd', "depth", "N", "so many levels; inverted, 16 unless told", NULL },
    { '\0', "min", "PERCENT", "leave out what is below this share of the whole; default: 0.5",
      NULL },
    TP_BARS_OPTION,
    { '\0', NULL, NULL, NULL, NULL },
};

const tp_command tp_command_tree = {
    .name = "tree",
    .operands = "FILE...",
    .purpose = "Print the call tree of each thread",
    .text = "total is time in a function called on this path and in all that it called, self\n"
            "is what it did itself. ctraceprof's files hold the exact tree. From others it\n"
            "is an estimate, and the heading says so: a function's time is divided among its\n"
            "callers without knowing who called those.",
    .options = options,
    .shared = TP_WITH_FOCUS | TP_WITH_TIMES | TP_WITH_TABLE | TP_WITH_OUTPUT,
    .least = 1,
    .most = SIZE_MAX,
    .run = run,
};
