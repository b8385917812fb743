/* traceprof peek: a function between its callers and its callees. */
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "heading.h"
#include "rows.h"
#include "source.h"
#include "table.h"
#include "tool.h"

enum { OF, ROLE, CALLS, SELF, CUMULATIVE, SHARE, FUNCTION, COLUMNS };

typedef struct peeker {
    const tp_profile *profile;
    tp_table *table;
    const tp_edge **edges; /* Owned, as all here; those of one function and role */
    size_t count;
    const tp_edge **by_end[2]; /* all edges, by callee and by caller */
    size_t *first[2];          /* where those of each function begin; and the end */
} peeker;

enum { BY_CALLEE, BY_CALLER };

static int by_cumulative(const void *a, const void *b)
{
    const tp_edge *left = *(const tp_edge *const *)a, *right = *(const tp_edge *const *)b;
    if (left->cumulative != right->cumulative)
        return left->cumulative < right->cumulative ? 1 : -1;
    return left < right ? -1 : left > right;
}

static uint32_t end_of(const tp_edge *edge, int end)
{
    return end == BY_CALLEE ? edge->callee : edge->caller;
}

static void peeker_free(peeker *p)
{
    free((void *)p->edges);
    for (int end = BY_CALLEE; end <= BY_CALLER; end++) {
        free((void *)p->by_end[end]);
        free(p->first[end]);
    }
}

/* Edges by each of their ends, by a counting sort: a pattern may match every function. */
static tp_status peeker_init(peeker *p)
{
    const tp_edge *edges = tp_profile_edges(p->profile);
    size_t count = tp_profile_edge_count(p->profile);
    size_t functions = tp_profile_function_count(p->profile);
    p->edges = calloc(count + 1, sizeof *p->edges);
    for (int end = BY_CALLEE; end <= BY_CALLER; end++) {
        p->by_end[end] = calloc(count + 1, sizeof *p->by_end[end]);
        size_t *first = p->first[end] = calloc(functions + 2, sizeof *first);
        if (p->edges == NULL || p->by_end[end] == NULL || first == NULL)
            return TP_ENOMEM;
        for (size_t i = 0; i < count; i++)
            first[end_of(&edges[i], end) + 2]++;
        for (size_t f = 2; f < functions + 2; f++)
            first[f] += first[f - 1];
        for (size_t i = 0; i < count; i++)
            p->by_end[end][first[end_of(&edges[i], end) + 1]++] = &edges[i];
    }
    return TP_OK;
}

/* Edges into the function, or out of it, the heaviest first. */
static void collect(peeker *p, uint32_t function, int callers)
{
    int end = callers ? BY_CALLEE : BY_CALLER;
    p->count = 0;
    for (size_t i = p->first[end][function]; i < p->first[end][function + 1]; i++)
        p->edges[p->count++] = p->by_end[end][i];
    if (p->count > 1)
        qsort(p->edges, p->count, sizeof *p->edges, by_cumulative);
}

static tp_string role(const char *word)
{
    return (tp_string){ word, strlen(word) };
}

static tp_status put_edges(peeker *p, uint32_t function, int callers)
{
    const tp_function *functions = tp_profile_functions(p->profile);
    int no_times = !tp_profile_has_edge_times(p->profile);
    collect(p, function, callers);
    for (size_t i = 0; i < p->count; i++) {
        const tp_edge *e = p->edges[i];
        tp_cell *cells = tp_table_row(p->table);
        if (cells == NULL)
            return TP_ENOMEM;
        cells[OF].label = &functions[function].label;
        cells[ROLE].word = role(callers ? "caller" : "callee");
        cells[CALLS] = (tp_cell){ .count = e->calls,
                                  .absent = !tp_profile_has_calls(p->profile) };
        cells[SELF] = (tp_cell){ .real = e->total, .absent = no_times };
        cells[CUMULATIVE] = (tp_cell){ .real = e->cumulative, .absent = no_times };
        cells[SHARE] = (tp_cell){ .real = tp_share(e->cumulative, functions[function].cumulative),
                                  .absent = no_times };
        cells[FUNCTION].label = &functions[callers ? e->caller : e->callee].label;
        cells[FUNCTION].indent = 4;
    }
    return TP_OK;
}

static tp_status put_function(peeker *p, uint32_t function)
{
    const tp_function *f = &tp_profile_functions(p->profile)[function];
    tp_cell *cells = tp_table_row(p->table);
    if (cells == NULL)
        return TP_ENOMEM;
    cells[OF].label = &f->label;
    cells[ROLE].word = role("function");
    cells[CALLS] =
        (tp_cell){ .count = f->calls, .absent = !tp_profile_has_calls(p->profile) };
    cells[SELF].real = f->total;
    cells[CUMULATIVE].real = f->cumulative;
    cells[SHARE].real = 1;
    cells[FUNCTION].label = &f->label;
    return TP_OK;
}

static const tp_column all_columns[COLUMNS] = {
    [OF] = { "of", "of_", TP_CELL_LABEL, TP_FOR_MACHINES, 0, 0, 0 },
    [ROLE] = { "", "role", TP_CELL_WORD, 3, 0, 0, 0 },
    [CALLS] = { "calls", "calls", TP_CELL_COUNT, 3, 0, 0, 0 },
    [SELF] = { "self", "self", TP_CELL_TIME, 3, 0, 0, 0 },
    [CUMULATIVE] = { "cum", "cumulative", TP_CELL_TIME, 3, 0, 0, 0 },
    [SHARE] = { "share", "share", TP_CELL_SHARE, 3, 0, 1, 0 },
    [FUNCTION] = { "function", "", TP_CELL_LABEL, 3, 0, 0, 0 },
};

/* One table a function for people; one for all, which machines can read, otherwise. */
static tp_status print(FILE *out, peeker *p, const uint32_t *rows, size_t count,
                       const tp_style *style)
{
    tp_status status = TP_OK;
    for (size_t i = 0; status == TP_OK && i < count; i++) {
        status = put_edges(p, rows[i], 1);
        if (status == TP_OK)
            status = put_function(p, rows[i]);
        if (status == TP_OK)
            status = put_edges(p, rows[i], 0);
        if (status == TP_OK && tp_style_is_for_people(style)) {
            fputs(i > 0 ? "\n" : "", out);
            status = tp_table_print(p->table, out, style);
            p->table->row_count = 0;
        }
    }
    if (status == TP_OK && !tp_style_is_for_people(style))
        status = tp_table_print(p->table, out, style);
    return status;
}

static int peek(FILE *out, const tp_arguments *arguments, const tp_profile *profile,
                const tp_limits *limits)
{
    const tp_order order = { .keys = { TP_SORT_CUMULATIVE }, .key_count = 1 };
    tp_column columns[COLUMNS];
    tp_style style;
    tp_table table;
    uint32_t *rows;
    size_t count;
    int failed = tp_style_find(&style, arguments);
    if (failed == 0)
        failed = tp_rows_find(&rows, &count, profile, &order, limits);
    if (failed != 0)
        return failed;
    if (count == 0) {
        free(rows);
        fprintf(stderr, "traceprof peek: no function matches '%s'\n", arguments->operands[0]);
        return TP_EXIT_INPUT;
    }
    memcpy(columns, all_columns, sizeof columns);
    if (tp_profile_has_samples(profile))
        columns[CALLS].title = columns[CALLS].key = "samples";
    tp_table_init(&table, columns, COLUMNS);
    table.times = tp_times_word(profile);
    peeker p = { .profile = profile, .table = &table };
    tp_status status = peeker_init(&p);
    if (status == TP_OK && tp_style_is_for_people(&style) && tp_put_times(out, "times: ", profile))
        fputs("\n\n", out);
    if (status == TP_OK)
        status = print(out, &p, rows, count, &style);
    peeker_free(&p);
    tp_table_free(&table);
    free(rows);
    return status == TP_OK ? TP_EXIT_OK : tp_status_error(status);
}

static int run(const tp_arguments *arguments, FILE *out)
{
    tp_profile *profile = NULL;
    tp_error error;
    const char *text = arguments->operands[0];
    tp_pstats_limit limit = { .kind = TP_LIMIT_PATTERN };
    tp_status status =
        tp_pattern_create(&limit.pattern, text, strlen(text), NULL, &error);
    if (status != TP_OK)
        return status == TP_ENOMEM ? tp_status_error(status)
                                   : tp_pattern_error(arguments->command, text, &error);
    const tp_limits limits = { .limits = &limit, .count = 1 };
    int failed = tp_source_load(&profile, arguments, 1, arguments->operand_count);
    if (failed == 0)
        failed = peek(out, arguments, profile, &limits);
    tp_profile_destroy(profile);
    tp_pattern_destroy(limit.pattern);
    return failed;
}

static const tp_option options[] = { { '\0', NULL, NULL, NULL, NULL } };

const tp_command tp_command_peek = {
    .name = "peek",
    .operands = "RE FILE...",
    .purpose = "Print functions with their callers above and callees below",
    .text = "RE is a regular expression in Python's syntax; every function it occurs in is\n"
            "shown. share is of the function's cumulative time.",
    .options = options,
    .shared = TP_WITH_FOCUS | TP_WITH_TIMES | TP_WITH_TABLE | TP_WITH_OUTPUT,
    .least = 2,
    .most = SIZE_MAX,
    .run = run,
};
