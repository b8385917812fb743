/* traceprof diff: what changed between two profiles. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "commands.h"
#include "heading.h"
#include "source.h"
#include "table.h"
#include "text.h"
#include "tool.h"

enum {
    CHANGE, SELF_A, SELF_B, SELF_DELTA, CUM_A, CUM_B, CUM_DELTA, RELATIVE, CALLS_A, CALLS_B,
    CALLS_DELTA, FUNCTION, COLUMNS
};

static const tp_column all_columns[COLUMNS] = {
    [CHANGE] = { "change", "change", TP_CELL_WORD, 3, 0, 0, 0 },
    [SELF_A] = { "self A", "self_a", TP_CELL_TIME, 3, 0, 0, 0 },
    [SELF_B] = { "self B", "self_b", TP_CELL_TIME, TP_FOR_MACHINES, 0, 0, 0 },
    [SELF_DELTA] = { "B-A", "self_delta", TP_CELL_TIME, 3, 1, 0, 0 },
    [CUM_A] = { "cum A", "cumulative_a", TP_CELL_TIME, 3, 0, 0, 0 },
    [CUM_B] = { "cum B", "cumulative_b", TP_CELL_TIME, TP_FOR_MACHINES, 0, 0, 0 },
    [CUM_DELTA] = { "B-A", "cumulative_delta", TP_CELL_TIME, 3, 1, 0, 0 },
    [RELATIVE] = { "B-A%", "relative", TP_CELL_SHARE, 3, 1, 0, 0 },
    [CALLS_A] = { "calls A", "calls_a", TP_CELL_COUNT, 3, 0, 0, 0 },
    [CALLS_B] = { "calls B", "calls_b", TP_CELL_COUNT, TP_FOR_MACHINES, 0, 0, 0 },
    [CALLS_DELTA] = { "B-A", "calls_delta", TP_CELL_COUNT, 3, 1, 0, 0 },
    [FUNCTION] = { "function", "", TP_CELL_LABEL, 3, 0, 0, 0 },
};

static int64_t minus(int64_t b, int64_t a)
{
    return (int64_t)((uint64_t)b - (uint64_t)a);
}

/* What changes are judged by. */
static double judged(const tp_figures_of *figures, const tp_change_rules *rules)
{
    return rules->by_calls ? (double)figures->calls
                           : rules->by_self ? figures->self : figures->cumulative;
}

static void fill_row(tp_cell *cells, const tp_change *change, const tp_change_rules *rules)
{
    const tp_figures_of *a = &change->a, *b = &change->b;
    double before = judged(a, rules), after = judged(b, rules);
    const char *word = tp_change_word(change->kind);
    cells[CHANGE].word = (tp_string){ word, strlen(word) };
    cells[SELF_A] = (tp_cell){ .real = a->self, .absent = !a->there };
    cells[SELF_B] = (tp_cell){ .real = b->self, .absent = !b->there };
    cells[SELF_DELTA].real = b->self - a->self;
    cells[CUM_A] = (tp_cell){ .real = a->cumulative, .absent = !a->there };
    cells[CUM_B] = (tp_cell){ .real = b->cumulative, .absent = !b->there };
    cells[CUM_DELTA].real = b->cumulative - a->cumulative;
    cells[RELATIVE] = (tp_cell){ .real = before > 0 ? (after - before) / before : 0,
                                 .absent = before <= 0 || !b->there };
    cells[CALLS_A] = (tp_cell){ .count = a->calls, .absent = !a->there };
    cells[CALLS_B] = (tp_cell){ .count = b->calls, .absent = !b->there };
    cells[CALLS_DELTA].count = minus(b->calls, a->calls);
    cells[FUNCTION].label = change->label;
    cells[FUNCTION].indent = 2 * change->depth;
}

static void put_totals(FILE *out, const tp_arguments *arguments, const tp_profile *a,
                       const tp_profile *b)
{
    const tp_profile *const both[] = { a, b };
    for (size_t i = 0; i < 2; i++) {
        fprintf(out, "%c: ", (int)('A' + i));
        tp_put_string(out,
                      (tp_string){ arguments->operands[i], strlen(arguments->operands[i]) },
                      TP_PLAIN);
        fputs(", ", out);
        tp_put_time(out, tp_total_time(both[i]));
        /* Where only one of the two knows no other times, that is to be seen. */
        if (!tp_put_times(out, ", ", both[i]) && tp_times_word(both[1 - i]) != NULL)
            fputs(", raw", out);
        putc('\n', out);
    }
    double before = tp_total_time(a), after = tp_total_time(b);
    if (before > 0)
        fprintf(out, "B takes %.2f times as long as A\n", after / before);
}

/* On a narrow screen the time that changes are not judged by is spared. */
static void choose_columns(tp_column *columns, const tp_profile *a, const tp_profile *b,
                           const tp_change_rules *rules)
{
    memcpy(columns, all_columns, COLUMNS * sizeof *columns);
    if (!tp_profile_has_calls(a) || !tp_profile_has_calls(b))
        columns[CALLS_A].shown = columns[CALLS_B].shown = columns[CALLS_DELTA].shown = 0;
    columns[RELATIVE].title = rules->by_calls ? "calls B-A%" : rules->by_self ? "self B-A%"
                                                                               : "cum B-A%";
    columns[rules->by_self ? CUM_A : SELF_A].spare = 2;
    columns[rules->by_self ? CUM_DELTA : SELF_DELTA].spare = 1;
}

static int print(FILE *out, const tp_arguments *arguments, const tp_profile *a,
                 const tp_profile *b, const tp_changes *changes, const tp_change_rules *rules)
{
    tp_style style;
    tp_table table;
    tp_column columns[COLUMNS];
    tp_status status = TP_OK;
    int failed = tp_style_find(&style, arguments);
    if (failed != 0)
        return failed;
    choose_columns(columns, a, b, rules);
    tp_table_init(&table, columns, COLUMNS);
    table.times = tp_times_word(a) != NULL ? tp_times_word(a) : tp_times_word(b);
    for (size_t i = 0; status == TP_OK && i < changes->shown; i++) {
        tp_cell *cells = tp_table_row(&table);
        if (cells == NULL)
            status = TP_ENOMEM;
        else
            fill_row(cells, &changes->list[i], rules);
    }
    if (status == TP_OK && tp_style_is_for_people(&style)) {
        put_totals(out, arguments, a, b);
        fprintf(out, "%s: %zu changed, %zu as before or below the threshold; %zu shown\n\n",
                rules->by_path ? "paths of the call tree" : "functions",
                changes->count + changes->other,
                changes->same, changes->shown);
    }
    if (status == TP_OK)
        status = tp_table_print(&table, out, &style);
    tp_table_free(&table);
    return status == TP_OK ? TP_EXIT_OK : tp_status_error(status);
}

/* "5ms", "0.1s", "3": seconds without a unit. */
static int parse_time(double *seconds, const char *text)
{
    static const struct {
        const char *unit;
        double seconds;
    } units[] = { { "ms", 1e-3 }, { "us", 1e-6 }, { "ns", 1e-9 }, { "s", 1 } };
    char number[64];
    size_t size = strlen(text);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        size_t tail = strlen(units[i].unit);
        if (size <= tail || size - tail >= sizeof number ||
            strcmp(text + size - tail, units[i].unit) != 0)
            continue;
        snprintf(number, sizeof number, "%.*s", (int)(size - tail), text);
        if (!tp_parse_number(seconds, number))
            return 0;
        *seconds *= units[i].seconds;
        return *seconds >= 0;
    }
    return tp_parse_number(seconds, text) && *seconds >= 0;
}

static int find_kinds(tp_change_rules *rules, const tp_arguments *arguments)
{
    const char *text = tp_argument(arguments, "only");
    rules->kinds = ~0u;
    if (text == NULL)
        return 0;
    rules->kinds = 0;
    for (const char *at = text; at != NULL;) {
        size_t size = strcspn(at, ",");
        unsigned found = 0;
        for (unsigned kind = 0; kind < TP_CHANGE_KINDS; kind++) {
            const char *word = tp_change_word((tp_change_kind)kind);
            if (strlen(word) == size && memcmp(word, at, size) == 0)
                found = 1u << kind;
        }
        if (found == 0)
            return tp_usage_error(arguments->command, "unknown kind of change in", text);
        rules->kinds |= found;
        at = at[size] == ',' ? at + size + 1 : NULL;
    }
    return 0;
}

static int find_rules(tp_change_rules *rules, const tp_arguments *arguments)
{
    const char *time = tp_argument(arguments, "min-time");
    const char *percent = tp_argument(arguments, "min-percent");
    const char *limit = tp_argument(arguments, "limit"), *by = tp_argument(arguments, "by");
    double rows = -1;
    *rules = (tp_change_rules){ .by_self = by == NULL || strcmp(by, "self") == 0,
                                .by_calls = by != NULL && strcmp(by, "calls") == 0,
                                .by_path = tp_argument_has(arguments, "tree") };
    if (time != NULL && !parse_time(&rules->least_seconds, time))
        return tp_usage_error(arguments->command, "not a time:", time);
    if (percent != NULL && (!tp_parse_number(&rules->least_share, percent) ||
                            rules->least_share < 0))
        return tp_usage_error(arguments->command, "not a percentage:", percent);
    rules->least_share /= 100;
    if (limit != NULL && (!tp_parse_number(&rows, limit) || rows < 0 || rows != floor(rows)))
        return tp_usage_error(arguments->command, "not a number of rows:", limit);
    rules->limit = rows < 0 || rows > 1e9 ? SIZE_MAX : (size_t)rows;
    return find_kinds(rules, arguments);
}

static int compare(FILE *out, const tp_arguments *arguments, const tp_profile *a,
                   const tp_profile *b, const tp_change_rules *rules)
{
    tp_changes changes;
    if (rules->by_calls && !(tp_profile_has_calls(a) && tp_profile_has_calls(b))) {
        fputs("traceprof diff: --by calls needs numbers of calls, which one of the files does not "
              "hold\n",
              stderr);
        return TP_EXIT_INPUT;
    }
    if (rules->by_path &&
        (tp_profile_thread_count(a) == 0 || tp_profile_thread_count(b) == 0)) {
        fputs("traceprof diff: --tree needs call trees, which only ctraceprof's files hold\n",
              stderr);
        return TP_EXIT_INPUT;
    }
    tp_status status = tp_changes_find(&changes, a, b, rules);
    int failed = status == TP_OK ? print(out, arguments, a, b, &changes, rules)
                                 : tp_status_error(status);
    tp_changes_free(&changes);
    return failed;
}

static int run(const tp_arguments *arguments, FILE *out)
{
    tp_profile *a = NULL, *b = NULL;
    tp_change_rules rules;
    int failed = find_rules(&rules, arguments);
    if (failed == 0)
        failed = tp_source_load(&a, arguments, 0, 1);
    if (failed == 0)
        failed = tp_source_load(&b, arguments, 1, 2);
    if (failed == 0)
        tp_source_agree(a, b);
    if (failed == 0)
        failed = compare(out, arguments, a, b, &rules);
    tp_profile_destroy(a);
    tp_profile_destroy(b);
    return failed;
}

static const tp_option options[] = {
    { '\0', "by", "WHAT", "self (default), cum or calls: what changes are sorted and judged by",
      "self cum calls" },
    { '\0', "only", "KINDS", "new, gone, slower, faster, more-calls, fewer-calls; separated by "
                             "commas", NULL },
    { '\0', "min-time", "TIME", "pass over changes of less time: 5ms, 0.1s", NULL },
    { '\0', "min-percent", "P", "and of less than this share of A's time", NULL },
    { '\0', "tree", NULL, "compare paths of the call trees, not functions", NULL },
    { 'n', "limit", "N", "the first N changes only", NULL },
    { '\0', NULL, NULL, NULL, NULL },
};

const tp_command tp_command_diff = {
    .name = "diff",
    .operands = "A B",
    .purpose = "Print what changed from profile A to profile B",
    .text = "Functions are matched by file, line and name; one that has moved to another\n"
            "line of its file is found again if its name is the only one there. A function\n"
            "is slower or faster when its time (--by) differs by the threshold or more; of\n"
            "the others, those with more or fewer calls are shown. The largest changes come\n"
            "first.",
    .options = options,
    .shared = TP_WITH_FOCUS | TP_WITH_TIMES | TP_WITH_TABLE | TP_WITH_OUTPUT,
    .least = 2,
    .most = 2,
    .run = run,
};
