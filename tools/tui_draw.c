#include "tui_draw.h"

#include <string.h>

#include "bar.h"
#include "heading.h"
#include "table.h"
#include "text.h"

/* Below so many columns bars give way to names. */
#define LEAST_FOR_TREE_BARS 70
#define LEAST_FOR_TABLE_BARS 100
#define LEAST_LABEL 20

static const char *const help[] = {
    "Up Down j k, PgUp PgDn, Home End   move",
    "Tab, g, r          to the other pane, to the tree, to the table",
    "Enter + Space      unfold or fold; in the table: where in the tree it took most",
    "Right Left         unfold, and on to the heaviest child; fold, and to the parent",
    "e c, E C           unfold, fold; with all that is below",
    "u n p l            to the parent, next sibling, previous one, heaviest child",
    "/ > <              search for a regular expression; again; backwards (also N, P)",
    "s S                sort the table by cum, self, calls, function; reversed",
    "t T                next thread, previous thread",
    "x m                raw or compensated times; another unit",
    "f                  one pane alone, both",
    "O                  open the function in $VISUAL or $EDITOR",
    "h ?, q             this help; leave",
    "",
    "Any key leads back. > is the cursor, * the same function elsewhere;",
    "+ what can be unfolded, - what is.",
};
#define HELP_LINES (sizeof help / sizeof *help)

static const tp_unit *unit_of(const tp_tui *t)
{
    return tp_unit_find(t->unit, t->whole);
}

static int has_tree_bars(const tp_tui *t)
{
    return t->bars != TP_BARS_NONE && t->columns >= LEAST_FOR_TREE_BARS;
}

static int has_table_bars(const tp_tui *t)
{
    return t->bars != TP_BARS_NONE && t->columns >= LEAST_FOR_TABLE_BARS;
}

static void put_time_column(FILE *out, double seconds, const tp_unit *unit)
{
    fprintf(out, "%10.*f ", unit->decimals, seconds / unit->seconds);
}

static void put_title(FILE *out, const char *name, const tp_unit *unit)
{
    char title[32];
    snprintf(title, sizeof title, "%s %s", name, unit->name);
    fprintf(out, "%10s ", title);
}

static void put_calls(FILE *out, const tp_tui *t, int64_t calls)
{
    if (tp_profile_has_calls(t->profile) || tp_profile_has_samples(t->profile))
        fprintf(out, "%9lld ", (long long)calls);
    else
        fprintf(out, "%9s ", "-");
}

/* "12.3% ", and the bar where there is one. The share is what is coloured. */
static void put_share(tp_tui_line *line, const tp_tui *t, size_t column, double share, int bar)
{
    char text[TP_BAR_ROOM];
    FILE *out = line->text.stream;
    fprintf(out, "%6.1f%% ", share * 100);
    line->heat = share >= 0.2 ? 2 : share >= 0.05 ? 1 : 0;
    line->hot = column;
    line->hot_behind = column + 7 + (bar ? TP_BAR_WIDTH + 1 : 0);
    if (bar) {
        size_t taken = tp_bar_format(text, share, t->bars);
        fprintf(out, "%s%*s ", text, (int)(TP_BAR_WIDTH - taken), "");
    }
}

/* Cut at its beginning to what is left of the line. */
static void put_name(FILE *out, const tp_tui *t, size_t column, uint32_t function)
{
    size_t room = t->columns > column ? t->columns - column : 1;
    tp_put_label(out, &tp_profile_functions(t->profile)[function].label, TP_PLAIN, room);
}

/* '>': the cursor; '*': what it stands on elsewhere. */
static char mark_of(const tp_tui *t, tp_tui_pane pane, size_t row, uint32_t function)
{
    if (row == t->cursor[pane] && t->pane == pane)
        return '>';
    return function == tp_tui_selected(t) ? '*' : ' ';
}

static void draw_context(tp_tui_line *line, const tp_tui *t, size_t row)
{
    uint32_t i = t->tree.rows[row];
    const tp_tree_order *order = &t->tree.order;
    const tp_context *context = &order->tree->contexts[i];
    FILE *out = line->text.stream;
    char sign = !tp_tui_tree_has_children(&t->tree, i) ? ' ' : t->tree.open[i] ? '-' : '+';
    double ticks = (double)context->inclusive_ticks;
    size_t bar = has_tree_bars(t) ? TP_BAR_WIDTH + 1 : 0;
    fprintf(out, "%c ", mark_of(t, TP_PANE_TREE, row, context->function));
    put_time_column(out, ticks * tp_profile_unit(t->profile), unit_of(t));
    put_share(line, t, 13, tp_share(ticks, order->whole), bar > 0);
    put_calls(out, t, (int64_t)context->calls);
    size_t indent = 2 * (size_t)order->depth[i], column = 31 + bar;
    size_t taken = column + 2 + LEAST_LABEL, most = t->columns > taken ? t->columns - taken : 0;
    if (indent > most) /* names go before levels */
        indent = most;
    fprintf(out, "%*s%c ", (int)indent, "", sign);
    put_name(out, t, column + indent + 2, context->function);
    line->is_selected = t->pane == TP_PANE_TREE && row == t->cursor[TP_PANE_TREE];
}

static void draw_function(tp_tui_line *line, const tp_tui *t, size_t row)
{
    const tp_function *f = &tp_profile_functions(t->profile)[t->rows[row]];
    FILE *out = line->text.stream;
    int by_self = tp_tui_sort_key(t) == TP_SORT_TIME;
    size_t bar = has_table_bars(t) ? TP_BAR_WIDTH + 1 : 0;
    fprintf(out, "%c ", mark_of(t, TP_PANE_TABLE, row, t->rows[row]));
    put_time_column(out, f->total, unit_of(t));
    put_time_column(out, f->cumulative, unit_of(t));
    put_share(line, t, 24, tp_share(by_self ? f->total : f->cumulative, t->whole), bar > 0);
    put_calls(out, t, f->calls);
    put_name(out, t, 42 + bar, t->rows[row]);
    line->is_selected = t->pane == TP_PANE_TABLE && row == t->cursor[TP_PANE_TABLE];
}

static const char *calls_title(const tp_tui *t)
{
    return tp_profile_has_samples(t->profile) ? "samples" : "calls";
}

static void draw_tree_title(FILE *out, const tp_tui *t)
{
    fputs(t->pane == TP_PANE_TREE ? "> " : "  ", out);
    put_title(out, "total", unit_of(t));
    fprintf(out, "%7s %*s%9s   call tree: %zu on view", "total%",
            has_tree_bars(t) ? TP_BAR_WIDTH + 1 : 0, "", calls_title(t), t->tree.count);
}

static void draw_table_title(FILE *out, const tp_tui *t)
{
    static const char *const words[] = { [TP_SORT_CALLS] = "calls",
                                         [TP_SORT_CUMULATIVE] = "cum",
                                         [TP_SORT_TIME] = "self",
                                         [TP_SORT_NAME] = "function" };
    int by_self = tp_tui_sort_key(t) == TP_SORT_TIME;
    fputs(t->pane == TP_PANE_TABLE ? "> " : "  ", out);
    put_title(out, "self", unit_of(t));
    put_title(out, "cum", unit_of(t));
    fprintf(out, "%7s %*s%9s functions by %s%s", by_self ? "self%" : "cum%",
            has_table_bars(t) ? TP_BAR_WIDTH + 1 : 0, "", calls_title(t), words[tp_tui_sort_key(t)],
            t->reverse ? ", reversed" : "");
}

static void draw_thread(FILE *out, const tp_tui *t)
{
    size_t count = tp_profile_thread_count(t->profile);
    if (count == 0) {
        fputs("no calls", out);
    } else if (tp_profile_property(t->profile, "tree") != NULL) {
        fputs("estimated: the file holds callers and callees, but no call tree", out);
    } else {
        fprintf(out, "thread %zu of %zu: ", t->thread + 1, count);
        tp_put_thread(out, t->profile, t->tree.order.tree);
    }
    const char *times = tp_times_word(t->profile);
    if (times != NULL)
        fprintf(out, "; %s times", times);
}

static void draw_last(FILE *out, const tp_tui *t)
{
    tp_string typed = { t->search, t->search_size };
    tp_string message = { t->message, strlen(t->message) };
    if (t->mode == TP_MODE_SEARCH) {
        putc('/', out);
        tp_put_string(out, typed, TP_PLAIN);
        putc('_', out);
    } else if (message.size > 0) {
        tp_put_string(out, message, TP_PLAIN);
    } else {
        fputs("q leave  h help  Tab pane  Enter unfold  / search  s sort  O editor", out);
    }
}

static void draw_row(tp_tui_line *line, const tp_tui *t, tp_tui_pane pane, size_t at)
{
    size_t row = t->top[pane] + at;
    if (pane == TP_PANE_TREE && row < t->tree.count)
        draw_context(line, t, row);
    else if (pane == TP_PANE_TABLE && row < t->row_count)
        draw_function(line, t, row);
}

static void draw_pane(tp_tui_line *line, const tp_tui *t, tp_tui_pane pane, size_t at)
{
    if (at > 0) {
        draw_row(line, t, pane, at - 1);
        return;
    }
    line->is_title = 1;
    if (pane == TP_PANE_TREE)
        draw_tree_title(line->text.stream, t);
    else
        draw_table_title(line->text.stream, t);
}

static void draw_panes(tp_tui_line *line, const tp_tui *t, size_t at)
{
    size_t upper = tp_tui_height(t, TP_PANE_TREE);
    if (t->alone)
        draw_pane(line, t, t->pane, at);
    else if (at <= upper)
        draw_pane(line, t, TP_PANE_TREE, at);
    else
        draw_pane(line, t, TP_PANE_TABLE, at - upper - 1);
}

static void draw(tp_tui_line *line, const tp_tui *t, size_t number)
{
    FILE *out = line->text.stream;
    if (t->columns < TP_TUI_LEAST_COLUMNS || t->lines < TP_TUI_LEAST_LINES) {
        if (number == 0)
            fprintf(out, "too small: %d x %d are wanted", TP_TUI_LEAST_COLUMNS, TP_TUI_LEAST_LINES);
    } else if (number == 0) {
        line->is_title = 1;
        tp_put_heading_within(out, t->arguments, t->profile, t->columns);
    } else if (number + 1 == t->lines) {
        draw_last(out, t);
    } else if (t->mode == TP_MODE_HELP) {
        fputs(number >= 2 && number - 2 < HELP_LINES ? help[number - 2] : "", out);
    } else if (number == 1) {
        draw_thread(out, t);
    } else {
        draw_panes(line, t, number - 2);
    }
}

int tp_tui_line_make(tp_tui_line *line, const tp_tui *t, size_t number)
{
    *line = (tp_tui_line){ .heat = 0 };
    if (tp_collector_open(&line->text) != 0)
        return -1;
    draw(line, t, number);
    if (tp_collector_close(&line->text) != 0) {
        tp_collector_free(&line->text);
        return -1;
    }
    tp_collector *text = &line->text;
    if (text->size > 0 && text->text[text->size - 1] == '\n')
        text->size--;
    text->size = tp_string_fit((tp_string){ text->text, text->size }, t->columns);
    return 0;
}

void tp_tui_line_free(tp_tui_line *line)
{
    tp_collector_free(&line->text);
}
