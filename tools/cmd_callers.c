/* traceprof callers and callees: who calls whom, an edge a row. */
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "heading.h"
#include "pstats_print.h"
#include "rows.h"
#include "source.h"
#include "table.h"
#include "text.h"
#include "tool.h"

enum { CALLS, PRIMITIVE, SELF, CUMULATIVE, SHARE, OTHER, FUNCTION, COLUMNS };

/* An edge seen from one of its ends. */
typedef struct view {
    const tp_profile *profile;
    const tp_order *order;
    int of_callers; /* the function is the callee, the other one its caller */
} view;

typedef struct edge_row {
    const view *v;
    uint32_t edge;
} edge_row;

static const tp_function *function_of(const view *v, uint32_t edge)
{
    const tp_edge *e = &tp_profile_edges(v->profile)[edge];
    return &tp_profile_functions(v->profile)[v->of_callers ? e->callee : e->caller];
}

static const tp_function *other_of(const view *v, uint32_t edge)
{
    const tp_edge *e = &tp_profile_edges(v->profile)[edge];
    return &tp_profile_functions(v->profile)[v->of_callers ? e->caller : e->callee];
}

#define FALLING(a, b) (((a) < (b)) - ((a) > (b)))

static int compare_labels(const tp_label *a, const tp_label *b, tp_sort_key key)
{
    int file = tp_pstats_compare_text(a->file, b->file), name = tp_pstats_compare_text(a->name, b->name);
    int line = FALLING(b->line, a->line);
    if (key == TP_SORT_FILE)
        return file;
    if (key == TP_SORT_LINE)
        return line;
    if (key == TP_SORT_NAME)
        return name;
    if (key == TP_SORT_NFL)
        return name != 0 ? name : file != 0 ? file : line;
    return file != 0 ? file : line != 0 ? line : name;
}

static int compare_by(const view *v, uint32_t left, uint32_t right, tp_sort_key key)
{
    const tp_edge *a = &tp_profile_edges(v->profile)[left];
    const tp_edge *b = &tp_profile_edges(v->profile)[right];
    switch (key) {
    case TP_SORT_CALLS:
        return FALLING(a->calls, b->calls);
    case TP_SORT_PRIMITIVE_CALLS:
        return FALLING(a->primitive_calls, b->primitive_calls);
    case TP_SORT_CUMULATIVE:
        return FALLING(a->cumulative, b->cumulative);
    case TP_SORT_TIME:
        return FALLING(a->total, b->total);
    default:
        return compare_labels(&function_of(v, left)->label, &function_of(v, right)->label, key);
    }
}

static int compare_rows(const void *a, const void *b)
{
    const edge_row *left = a, *right = b;
    const tp_order *order = left->v->order;
    for (size_t i = 0; i < order->key_count; i++) {
        int result = compare_by(left->v, left->edge, right->edge, order->keys[i]);
        if (result != 0)
            return order->reverse ? -result : result;
    }
    return (left->edge > right->edge) - (left->edge < right->edge);
}

static const tp_label *label_of(const void *context, uint32_t edge)
{
    return &function_of(context, edge)->label;
}

/* The edges that are asked for, in order. NULL without memory. */
static uint32_t *find_edges(const view *v, const tp_limits *limits, size_t *count)
{
    *count = tp_profile_edge_count(v->profile);
    edge_row *rows = calloc(*count + 1, sizeof *rows);
    uint32_t *edges = calloc(*count + 1, sizeof *edges);
    tp_status status = rows == NULL || edges == NULL ? TP_ENOMEM : TP_OK;
    if (status == TP_OK) {
        for (uint32_t i = 0; i < *count; i++)
            rows[i] = (edge_row){ v, i };
        qsort(rows, *count, sizeof *rows, compare_rows);
        for (size_t i = 0; i < *count; i++)
            edges[i] = rows[i].edge;
        status = tp_limits_apply(limits, edges, count, label_of, v);
    }
    free(rows);
    if (status == TP_OK)
        return edges;
    free(edges);
    return NULL;
}

static tp_status fill(tp_table *table, const view *v, const uint32_t *edges, size_t count)
{
    int no_times = !tp_profile_has_edge_times(v->profile);
    int no_calls = !tp_profile_has_calls(v->profile);
    for (size_t i = 0; i < count; i++) {
        const tp_edge *e = &tp_profile_edges(v->profile)[edges[i]];
        const tp_function *callee = &tp_profile_functions(v->profile)[e->callee];
        tp_cell *cells = tp_table_row(table);
        if (cells == NULL)
            return TP_ENOMEM;
        cells[CALLS] = (tp_cell){ .count = e->calls, .absent = no_calls };
        cells[PRIMITIVE] = (tp_cell){ .count = e->primitive_calls, .absent = no_times || no_calls };
        cells[SELF] = (tp_cell){ .real = e->total, .absent = no_times };
        cells[CUMULATIVE] = (tp_cell){ .real = e->cumulative, .absent = no_times };
        cells[SHARE] = (tp_cell){ .real = tp_share(e->cumulative, callee->cumulative),
                                  .absent = no_times };
        cells[OTHER].label = &other_of(v, edges[i])->label;
        cells[FUNCTION].label = &function_of(v, edges[i])->label;
    }
    return TP_OK;
}

static int print(FILE *out, const tp_arguments *arguments, const view *v, const tp_limits *limits)
{
    const tp_column columns[COLUMNS] = {
        [CALLS] = { tp_profile_has_samples(v->profile) ? "samples" : "calls",
                    tp_profile_has_samples(v->profile) ? "samples" : "calls",
                    TP_CELL_COUNT, 3, 0, 0, 0 },
        [PRIMITIVE] = { "primitive", "primitive_calls", TP_CELL_COUNT, TP_FOR_MACHINES, 0, 0, 0 },
        [SELF] = { "self", "self", TP_CELL_TIME, 3, 0, 0, 0 },
        [CUMULATIVE] = { "cum", "cumulative", TP_CELL_TIME, 3, 0, 0, 0 },
        [SHARE] = { "of callee", "share_of_callee", TP_CELL_SHARE, 3, 0, 1, 1 },
        [OTHER] = { v->of_callers ? "caller" : "callee", v->of_callers ? "caller_" : "callee_",
                    TP_CELL_LABEL, 3, 0, 0, 0 },
        [FUNCTION] = { v->of_callers ? "callee" : "caller", "", TP_CELL_LABEL, 3, 0, 0, 0 },
    };
    tp_style style;
    tp_table table;
    size_t count;
    int failed = tp_style_find(&style, arguments);
    if (failed != 0)
        return failed;
    uint32_t *edges = find_edges(v, limits, &count);
    if (edges == NULL)
        return tp_status_error(TP_ENOMEM);
    if (tp_style_is_for_people(&style)) {
        tp_put_heading(out, arguments, v->profile);
        fputs("sorted by ", out);
        tp_put_order(out, v->order);
        fprintf(out, "; %zu of %zu edges\n\n", count, tp_profile_edge_count(v->profile));
    }
    tp_table_init(&table, columns, COLUMNS);
    table.times = tp_times_word(v->profile);
    tp_status status = fill(&table, v, edges, count);
    if (status == TP_OK)
        status = tp_table_print(&table, out, &style);
    tp_table_free(&table);
    free(edges);
    return status == TP_OK ? TP_EXIT_OK : tp_status_error(status);
}

static int run(const tp_arguments *arguments, FILE *out, int of_callers)
{
    tp_profile *profile = NULL;
    tp_order order;
    tp_limits limits;
    if (tp_argument_has(arguments, "pstats"))
        return tp_pstats_run(arguments, out, of_callers ? TP_PSTATS_CALLERS : TP_PSTATS_CALLEES);
    int status = tp_order_find(&order, arguments, TP_SORT_CUMULATIVE);
    for (size_t i = 0; status == 0 && i < order.key_count; i++) {
        if (order.keys[i] == TP_SORT_AWAITED)
            status = tp_usage_error(arguments->command, "only 'top' can sort by", "awaited");
    }
    if (status != 0)
        return status;
    status = tp_limits_find(&limits, arguments);
    if (status == 0)
        status = tp_source_load(&profile, arguments, 0, arguments->operand_count);
    if (status == 0) {
        view v = { .profile = profile, .order = &order, .of_callers = of_callers };
        if (!tp_argument_has(arguments, "sort") && !tp_profile_has_edge_times(profile))
            order.keys[0] = TP_SORT_CALLS;
        status = print(out, arguments, &v, &limits);
    }
    tp_profile_destroy(profile);
    tp_limits_free(&limits);
    return status;
}

static int run_callers(const tp_arguments *arguments, FILE *out)
{
    return run(arguments, out, 1);
}

static int run_callees(const tp_arguments *arguments, FILE *out)
{
    return run(arguments, out, 0);
}

static const tp_option options[] = {
    TP_ROW_OPTIONS(""),
    TP_PSTATS_OPTION,
    { '\0', NULL, NULL, NULL, NULL },
};

const tp_command tp_command_callers = {
    .name = "callers",
    .operands = "FILE...",
    .purpose = "Print who called each function, a caller a row",
    .text = "Figures are those of the calls by this caller. Rows are sorted by them, or by\n"
            "the function that is called; expressions given as limits speak of that, too.",
    .options = options,
    .shared = TP_WITH_FOCUS | TP_WITH_TIMES | TP_WITH_TABLE | TP_WITH_OUTPUT,
    .least = 1,
    .most = SIZE_MAX,
    .run = run_callers,
};

const tp_command tp_command_callees = {
    .name = "callees",
    .operands = "FILE...",
    .purpose = "Print whom each function called, a callee a row",
    .text = "Figures are those of the calls by this function. Rows are sorted by them, or by\n"
            "the function that calls; expressions given as limits speak of that, too.",
    .options = options,
    .shared = TP_WITH_FOCUS | TP_WITH_TIMES | TP_WITH_TABLE | TP_WITH_OUTPUT,
    .least = 1,
    .most = SIZE_MAX,
    .run = run_callees,
};
