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

#define STANDARD_MIN 0.005
#define STANDARD_INVERTED_DEPTH 16

/* Deeper levels are drawn no further to the right: nobody could tell, and a chain of n would take n * n
 * columns. */
#define MOST_INDENTED 500

enum { PROCESS, THREAD, NUMBER, DEPTH, TOTAL, SHARE, SELF, CALLS, FUNCTION, COLUMNS };

static const tp_column all_columns[COLUMNS] = {
    [PROCESS] = { "pid", "pid", TP_CELL_COUNT, TP_FOR_MACHINES, 0, 0, 0 },
    [THREAD] = { "thread", "thread", TP_CELL_WORD, TP_FOR_MACHINES, 0, 0, 0 },
    [NUMBER] = { "id", "thread_id", TP_CELL_COUNT, TP_FOR_MACHINES, 0, 0, 0 },
    [DEPTH] = { "depth", "depth", TP_CELL_COUNT, TP_FOR_MACHINES, 0, 0, 0 },
    [TOTAL] = { "total", "inclusive", TP_CELL_TIME, 3, 0, 0, 0 },
    [SHARE] = { "total%", "share", TP_CELL_SHARE, 3, 0, 1, 0 },
    [SELF] = { "self", "self", TP_CELL_TIME, 3, 0, 0, 0 },
    [CALLS] = { "calls", "calls", TP_CELL_COUNT, 3, 0, 0, 0 },
    [FUNCTION] = { "function", "", TP_CELL_LABEL, 3, 0, 0, 0 },
};

typedef struct bounds {
    double least; /* share of the whole that is worth a line */
    long depth;   /* levels shown, -1: all */
} bounds;

/* A tree in a form that can be walked with the heaviest child first. */
typedef struct walker {
    const tp_profile *profile;
    const tp_thread_tree *tree;
    const bounds *limits;
    uint32_t *sorted; /* Owned, as all here; children of one context side by side, the top's first */
    uint32_t *first;  /* where the children of context i - 1 begin; of the top at 0 */
    int64_t *self;
    uint32_t *stack;  /* positions in `sorted` still to be visited */
    uint32_t *depth;
    double whole; /* ticks */
    size_t left_out;
    int64_t ticks_left_out;
} walker;

static void walker_free(walker *w)
{
    free(w->sorted);
    free(w->first);
    free(w->self);
    free(w->stack);
    free(w->depth);
}

typedef struct child {
    int64_t ticks;
    uint32_t context;
    uint32_t parent; /* context + 1, 0 for the top */
} child;

static int heaviest_first(const void *a, const void *b)
{
    const child *left = a, *right = b;
    if (left->parent != right->parent)
        return left->parent < right->parent ? -1 : 1;
    if (left->ticks != right->ticks)
        return left->ticks < right->ticks ? 1 : -1;
    return (left->context > right->context) - (left->context < right->context);
}

/* Unsigned: sums of hostile files may wrap, which is no harm. */
static int64_t add_ticks(int64_t sum, int64_t more)
{
    return (int64_t)((uint64_t)sum + (uint64_t)more);
}

static void sort_children(walker *w, child *children)
{
    size_t count = w->tree->context_count;
    for (uint32_t i = 0; i < count; i++) {
        const tp_context *context = &w->tree->contexts[i];
        children[i] = (child){ context->inclusive_ticks, i, context->parent + 1 };
        w->self[i] = add_ticks(w->self[i], context->inclusive_ticks);
        if (context->parent != TP_NO_INDEX) {
            int64_t *above = &w->self[context->parent];
            *above = (int64_t)((uint64_t)*above - (uint64_t)context->inclusive_ticks);
            w->depth[i] = w->depth[context->parent] + 1;
        } else {
            w->whole += (double)context->inclusive_ticks;
        }
    }
    if (count > 1)
        qsort(children, count, sizeof *children, heaviest_first);
    for (size_t i = 0; i < count; i++) {
        w->sorted[i] = children[i].context;
        w->first[children[i].parent + 1]++;
    }
    for (size_t i = 1; i < count + 2; i++)
        w->first[i] += w->first[i - 1];
}

static tp_status walker_init(walker *w)
{
    size_t count = w->tree->context_count;
    child *children = calloc(count + 1, sizeof *children);
    w->sorted = calloc(count + 1, sizeof *w->sorted);
    w->first = calloc(count + 2, sizeof *w->first);
    w->self = calloc(count + 1, sizeof *w->self);
    w->stack = calloc(count + 1, sizeof *w->stack);
    w->depth = calloc(count + 1, sizeof *w->depth);
    int all = children && w->sorted && w->first && w->self && w->stack && w->depth;
    if (all)
        sort_children(w, children);
    free(children);
    return all ? TP_OK : TP_ENOMEM;
}

static tp_status put_context(const walker *w, tp_table *table, uint32_t i)
{
    const tp_context *context = &w->tree->contexts[i];
    double unit = tp_profile_unit(w->profile);
    tp_cell *cells = tp_table_row(table);
    if (cells == NULL)
        return TP_ENOMEM;
    cells[PROCESS].absent = w->tree->process == TP_NO_INDEX;
    if (w->tree->process != TP_NO_INDEX)
        cells[PROCESS].count = tp_profile_processes(w->profile)[w->tree->process].pid;
    cells[THREAD].word = w->tree->name;
    cells[NUMBER].count = (int64_t)w->tree->id;
    cells[DEPTH].count = w->depth[i];
    cells[TOTAL].real = (double)context->inclusive_ticks * unit;
    cells[SHARE].real = tp_share((double)context->inclusive_ticks, w->whole);
    cells[SELF].real = (double)w->self[i] * unit;
    cells[CALLS] = (tp_cell){ .count = (int64_t)context->calls,
                              .absent = !tp_profile_has_calls(w->profile) };
    cells[FUNCTION].label = &tp_profile_functions(w->profile)[context->function].label;
    cells[FUNCTION].indent = 2 * (size_t)(w->depth[i] < MOST_INDENTED ? w->depth[i] : MOST_INDENTED);
    return TP_OK;
}

static int is_worth_it(const walker *w, uint32_t i)
{
    return (w->limits->depth < 0 || (long)w->depth[i] < w->limits->depth) &&
           tp_share((double)w->tree->contexts[i].inclusive_ticks, w->whole) >= w->limits->least;
}

/* Children onto the stack, the heaviest on top; those not worth a line are counted. */
static void push_children(walker *w, uint32_t parent, size_t *top)
{
    for (uint32_t at = w->first[parent + 1]; at-- > w->first[parent];) {
        uint32_t i = w->sorted[at];
        if (is_worth_it(w, i)) {
            w->stack[(*top)++] = i;
        } else {
            w->left_out++;
            w->ticks_left_out =
                add_ticks(w->ticks_left_out, w->tree->contexts[i].inclusive_ticks);
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
    walker w = { .profile = profile,
                 .tree = &tp_profile_threads(profile)[thread],
                 .limits = limits };
    int people = tp_style_is_for_people(style);
    tp_status status = walker_init(&w);
    if (status == TP_OK)
        status = walk(&w, table);
    if (status == TP_OK && people) {
        fputs(thread > 0 ? "\n" : "", out);
        put_tree_heading(out, profile, w.tree);
        status = tp_table_print(table, out, style);
        put_left_out(out, &w);
        table->row_count = 0;
    }
    walker_free(&w);
    return status;
}

/* Upside down, all time is that of the function at the top. */
static void choose_columns(tp_column *columns, const tp_profile *profile, int inverted)
{
    memcpy(columns, all_columns, COLUMNS * sizeof *columns);
    if (tp_profile_has_samples(profile))
        columns[CALLS].title = columns[CALLS].key = "samples";
    if (tp_profile_process_count(profile) == 0)
        columns[PROCESS].shown = 0;
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
    choose_columns(columns, profile, tp_argument_has(arguments, "invert"));
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
