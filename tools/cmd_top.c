/* traceprof top: the sorted table of functions. */
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

enum {
    CALLS,
    PRIMITIVE,
    STARTED,
    RESUMES,
    SELF,
    SELF_SHARE,
    SELF_BAR,
    CUMULATIVE,
    SHARE,
    BAR,
    PER_CALL,
    ACTIVE,
    AWAITED,
    FUNCTION,
    COLUMNS
};

static const tp_column all_columns[COLUMNS] = {
    [CALLS] = { "calls", "calls", TP_CELL_COUNT, 3, 0, 0, 0 },
    [PRIMITIVE] = { "primitive", "primitive_calls", TP_CELL_COUNT, TP_FOR_MACHINES, 0, 0, 1 },
    [STARTED] = { "started", "started", TP_CELL_COUNT, 3, 0, 0, 5 },
    [RESUMES] = { "resumes", "resumes", TP_CELL_COUNT, TP_FOR_MACHINES, 0, 0, 6 },
    [SELF] = { "self", "self", TP_CELL_TIME, 3, 0, 0, 0 },
    [SELF_SHARE] = { "self%", "self_share", TP_CELL_SHARE, 3, 0, 1, 0 },
    [SELF_BAR] = { "", "", TP_CELL_BAR, TP_FOR_PEOPLE, 0, 1, 2 },
    [CUMULATIVE] = { "cum", "cumulative", TP_CELL_TIME, 3, 0, 0, 0 },
    [SHARE] = { "cum%", "cumulative_share", TP_CELL_SHARE, 3, 0, 1, 0 },
    [BAR] = { "", "", TP_CELL_BAR, TP_FOR_PEOPLE, 0, 1, 2 },
    [PER_CALL] = { "per call", "per_call", TP_CELL_EACH, 3, 0, 0, 3 },
    [ACTIVE] = { "active", "active", TP_CELL_EACH, TP_FOR_MACHINES, 0, 0, 7 },
    [AWAITED] = { "awaited", "awaited", TP_CELL_EACH, 3, 0, 0, 4 },
    [FUNCTION] = { "function", "", TP_CELL_LABEL, 3, 0, 0, 0 },
};

/* Names for --columns, in the order above. Bars have none: they stand beside their shares. */
static const char *const column_names[COLUMNS] = {
    "calls", "primitive", "started", "resumes", "self",   "self%",   NULL,
    "cum",   "cum%",      NULL,      "percall", "active", "awaited", "function"
};

static int choose_columns(tp_column *columns, const tp_arguments *arguments)
{
    const char *text = tp_argument(arguments, "columns");
    if (text == NULL)
        return 0;
    for (size_t i = 0; i < COLUMNS; i++)
        columns[i].shown = i == FUNCTION ? 3 : all_columns[i].kind == TP_CELL_BAR;
    for (const char *at = text; at != NULL;) {
        size_t size = strcspn(at, ","), found = COLUMNS;
        for (size_t i = 0; i < COLUMNS; i++) {
            if (column_names[i] != NULL && strlen(column_names[i]) == size && memcmp(column_names[i], at, size) == 0)
                found = i;
        }
        if (found == COLUMNS)
            return tp_usage_error(arguments->command, "unknown column in", text);
        columns[found].shown = 3;
        at = at[size] == ',' ? at + size + 1 : NULL;
    }
    return 0;
}

/* Leaves out what the file cannot tell, and for people what tells nothing. When it
 * is what rows are sorted by, time awaited is not spared and has a say in the unit. */
static void fit_columns(tp_column *columns, const tp_profile *profile, const tp_order *order,
                        int chosen)
{
    const tp_function *functions = tp_profile_functions(profile);
    if (tp_profile_coroutine_count(profile) == 0)
        columns[STARTED].shown = columns[RESUMES].shown = columns[ACTIVE].shown =
            columns[AWAITED].shown = 0;
    if (order->key_count > 0 && order->keys[0] == TP_SORT_AWAITED) {
        columns[AWAITED].spare = 0;
        columns[AWAITED].kind = TP_CELL_TIME;
    }
    if (tp_profile_has_samples(profile)) {
        columns[CALLS].title = columns[CALLS].key = "samples";
        columns[PRIMITIVE].title = columns[PRIMITIVE].key = "direct";
        columns[PER_CALL].shown = 0;
    }
    if (!tp_profile_has_calls(profile))
        columns[CALLS].shown = columns[PRIMITIVE].shown = columns[PER_CALL].shown = 0;
    for (size_t i = 0; !chosen && i < tp_profile_function_count(profile); i++) {
        if (functions[i].calls != functions[i].primitive_calls && columns[PRIMITIVE].shown != 0)
            columns[PRIMITIVE].shown = 3;
    }
}

/* One bar, of what rows are sorted by where that is own time. */
static void fit_bars(tp_column *columns, const tp_order *order, const tp_screen *screen)
{
    int by_self = order->key_count > 0 && order->keys[0] == TP_SORT_TIME;
    if (screen->bars == TP_BARS_NONE || !by_self || columns[SELF_SHARE].shown == 0)
        columns[SELF_BAR].shown = 0;
    if (screen->bars == TP_BARS_NONE || by_self || columns[SHARE].shown == 0)
        columns[BAR].shown = 0;
    if (screen->bars_stay)
        columns[SELF_BAR].spare = columns[BAR].spare = 0;
}

static void fill_coroutine(tp_cell *cells, const tp_profile *profile, const tp_coroutine *row)
{
    static const int columns[] = { STARTED, RESUMES, ACTIVE, AWAITED };
    double unit = tp_profile_unit(profile);
    for (size_t i = 0; row == NULL && i < sizeof columns / sizeof *columns; i++)
        cells[columns[i]].absent = TP_NOT_ASKED;
    if (row == NULL)
        return;
    cells[STARTED].count = (int64_t)row->started;
    cells[RESUMES].count = (int64_t)row->resumes;
    cells[ACTIVE].real = (double)row->active_ticks * unit;
    cells[AWAITED].real = (double)row->awaited_ticks * unit;
}

static int by_function(const void *function, const void *coroutine)
{
    uint32_t left = *(const uint32_t *)function;
    uint32_t right = ((const tp_coroutine *)coroutine)->function;
    return (left > right) - (left < right);
}

static const tp_coroutine *find_coroutine(const tp_profile *profile, uint32_t function)
{
    size_t count = tp_profile_coroutine_count(profile);
    const tp_coroutine *rows = tp_profile_coroutines(profile);
    return count == 0 ? NULL : bsearch(&function, rows, count, sizeof *rows, by_function);
}

static tp_status fill(tp_table *table, const tp_profile *profile, const uint32_t *rows,
                      size_t count)
{
    double total = tp_total_time(profile);
    for (size_t i = 0; i < count; i++) {
        const tp_function *f = &tp_profile_functions(profile)[rows[i]];
        tp_cell *cells = tp_table_row(table);
        if (cells == NULL)
            return TP_ENOMEM;
        cells[CALLS].count = f->calls;
        cells[PRIMITIVE].count = f->primitive_calls;
        cells[SELF].real = f->total;
        cells[SELF_SHARE].real = tp_share(f->total, total);
        cells[SELF_BAR].real = cells[SELF_SHARE].real;
        cells[CUMULATIVE].real = f->cumulative;
        cells[SHARE].real = tp_share(f->cumulative, total);
        cells[BAR].real = cells[SHARE].real;
        cells[PER_CALL].absent = f->primitive_calls == 0;
        cells[PER_CALL].real =
            f->primitive_calls == 0 ? 0 : f->cumulative / (double)f->primitive_calls;
        fill_coroutine(cells, profile, find_coroutine(profile, rows[i]));
        cells[FUNCTION].label = &f->label;
    }
    return TP_OK;
}

static int print(FILE *out, const tp_arguments *arguments, const tp_profile *profile,
                 const tp_order *order, const tp_limits *limits)
{
    tp_column columns[COLUMNS];
    tp_style style;
    uint32_t *rows;
    size_t count;
    memcpy(columns, all_columns, sizeof columns);
    int failed = choose_columns(columns, arguments);
    if (failed == 0)
        failed = tp_style_find(&style, arguments);
    if (failed == 0)
        failed = tp_rows_find(&rows, &count, profile, order, limits);
    if (failed != 0)
        return failed;
    fit_columns(columns, profile, order, tp_argument(arguments, "columns") != NULL);
    fit_bars(columns, order, &style.screen);
    if (tp_style_is_for_people(&style)) {
        tp_put_heading(out, arguments, profile);
        fputs("sorted by ", out);
        tp_put_order(out, order);
        if (limits->count > 0)
            fprintf(out, "; %zu shown", count);
        fputs("\n\n", out);
    }
    tp_table table;
    tp_table_init(&table, columns, COLUMNS);
    table.times = tp_times_word(profile);
    tp_status status = fill(&table, profile, rows, count);
    if (status == TP_OK)
        status = tp_table_print(&table, out, &style);
    tp_table_free(&table);
    free(rows);
    return status == TP_OK ? TP_EXIT_OK : tp_status_error(status);
}

static int run(const tp_arguments *arguments, FILE *out)
{
    tp_profile *profile = NULL;
    tp_order order;
    tp_limits limits;
    if (tp_argument_has(arguments, "pstats"))
        return tp_pstats_run(arguments, out, TP_PSTATS_STATS);
    int status = tp_order_find(&order, arguments, TP_SORT_CUMULATIVE);
    if (status != 0)
        return status;
    status = tp_limits_find(&limits, arguments);
    if (status == 0)
        status = tp_source_load(&profile, arguments, 0, arguments->operand_count);
    if (status == 0)
        status = print(out, arguments, profile, &order, &limits);
    tp_profile_destroy(profile);
    tp_limits_free(&limits);
    return status;
}

static const tp_option options[] = {
    TP_ROW_OPTIONS("awaited, "),
    { 'c', "columns", "LIST",
      "which columns: calls, primitive, self, self%, cum, cum%, percall, and of coroutines started, "
      "resumes, active, awaited; separated by commas",
      NULL },
    TP_BARS_OPTION,
    TP_PSTATS_OPTION,
    { '\0', NULL, NULL, NULL, NULL },
};

const tp_command tp_command_top = {
    .name = "top",
    .operands = "FILE...",
    .purpose = "Print the functions of a profile as a sorted table",
    .text = "self is time in the function alone, cum with all that it called, per call is\n"
            "cum for each primitive call: one made while no other call of the function was\n"
            "active. The start and each resume of a coroutine count as a call: started has\n"
            "the starts alone, awaited the time that its calls were suspended, overlapping\n"
            "ones each.",
    .options = options,
    .shared = TP_WITH_FOCUS | TP_WITH_TIMES | TP_WITH_TABLE | TP_WITH_OUTPUT,
    .least = 1,
    .most = SIZE_MAX,
    .run = run,
};
