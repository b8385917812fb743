#include "pstats_print.h"

#include <math.h>
#include <stdlib.h>

#include "merge_sort.h"

/* The rows that are left to print. */
typedef struct selection {
    uint32_t *rows; /* Owned. */
    size_t count;
    size_t width; /* of their names, with what follows */
} selection;

static const tp_label *label_of(const tp_pstats *stats, uint32_t row)
{
    return &stats->labels[stats->rows[row].label].text;
}

/* Behind a name, blanks up to `width`. */
static tp_status put_name(FILE *out, const tp_label *label, size_t width)
{
    char shortcut[256];
    size_t size = tp_pstats_name_size(label);
    char *text = size <= sizeof shortcut ? shortcut : malloc(size);
    if (text == NULL)
        return TP_ENOMEM;
    tp_pstats_name_write(label, text);
    fwrite(text, 1, size, out);
    if (width > 0) {
        size_t used = tp_pstats_name_width(label);
        for (; used < width; used++)
            putc(' ', out);
    }
    if (text != shortcut)
        free(text);
    return TP_OK;
}

/* C libraries may print a sign before "nan". */
static void put_time(FILE *out, double seconds)
{
    if (isnan(seconds))
        fputs("     nan", out);
    else
        fprintf(out, "%8.3f", seconds);
}

static void put_share(FILE *out, double seconds, tp_wide divisor)
{
    double number = tp_wide_to_double(divisor);
    if (number == 0)
        fputs("        ", out);
    else
        put_time(out, seconds / number);
}

static void put_calls(FILE *out, int width, tp_wide calls, tp_wide primitive_calls)
{
    char text[TP_WIDE_TEXT], all[2 * TP_WIDE_TEXT];
    int size = snprintf(all, sizeof all, "%s", tp_wide_format(calls, text));
    if (tp_wide_compare(calls, primitive_calls) != 0)
        snprintf(all + size, sizeof all - (size_t)size, "/%s",
                 tp_wide_format(primitive_calls, text));
    fprintf(out, "%*s ", width, all);
}

static tp_status put_row(FILE *out, const tp_pstats *stats, uint32_t number)
{
    const tp_pstats_row *row = &stats->rows[number];
    put_calls(out, 9, row->calls, row->primitive_calls);
    put_time(out, row->total);
    putc(' ', out);
    put_share(out, row->total, row->calls);
    putc(' ', out);
    put_time(out, row->cumulative);
    putc(' ', out);
    put_share(out, row->cumulative, row->primitive_calls);
    putc(' ', out);
    tp_status status = put_name(out, label_of(stats, number), 0);
    putc('\n', out);
    return status;
}

static void put_heading(FILE *out, const tp_pstats *stats)
{
    char text[TP_WIDE_TEXT];
    for (size_t i = 0; i < stats->file_count; i++)
        fprintf(out, "%s\n", stats->files[i]);
    putc('\n', out);
    /* These are in a set in pstats, whose order is that of a hash. */
    for (size_t i = 0; i < stats->row_count; i++) {
        const tp_pstats_label *label = &stats->labels[stats->rows[i].label];
        if (label->is_top_level) {
            fputs("         ", out);
            fwrite(label->text.name.bytes, 1, label->text.name.size, out);
            putc('\n', out);
        }
    }
    fprintf(out, "         %s function calls ", tp_wide_format(stats->calls, text));
    if (tp_wide_compare(stats->calls, stats->primitive_calls) != 0)
        fprintf(out, "(%s primitive calls) ", tp_wide_format(stats->primitive_calls, text));
    if (isnan(stats->total))
        fputs("in nan seconds\n\n", out);
    else
        fprintf(out, "in %.3f seconds\n\n", stats->total);
}

static tp_status put_stats(FILE *out, const tp_pstats *stats, const selection *chosen)
{
    tp_status status = TP_OK;
    fputs(stats->is_sampled
              ? " nsamples  tottime persample cumtime persample filename:lineno(function)\n"
              : "   ncalls  tottime  percall  cumtime  percall filename:lineno(function)\n",
          out);
    for (size_t i = 0; status == TP_OK && i < chosen->count; i++)
        status = put_row(out, stats, chosen->rows[i]);
    return status;
}

static int compare_callees(const void *context, uint32_t a, uint32_t b)
{
    const tp_pstats *stats = context;
    const tp_pstats_caller *left = &stats->callers[a], *right = &stats->callers[b];
    return (left->label > right->label) - (left->label < right->label);
}

/* Turns the table of callers round. pstats keeps this one until strip_dirs, even when rows are
 * added; so does this. */
static tp_status find_callees(tp_pstats *stats)
{
    size_t count = stats->caller_count;
    if (stats->callees != NULL)
        return TP_OK;
    uint32_t *order = calloc(count + 1, sizeof *order);
    uint32_t *scratch = calloc(count + 1, sizeof *scratch);
    uint32_t *callee_of = calloc(count + 1, sizeof *callee_of);
    tp_pstats_callee *callees = calloc(count + 1, sizeof *callees);
    int failed = order == NULL || scratch == NULL || callee_of == NULL || callees == NULL;
    if (!failed) {
        for (size_t r = 0; r < stats->row_count; r++) {
            const tp_pstats_row *row = &stats->rows[r];
            for (size_t i = 0; i < row->caller_count; i++)
                callee_of[row->first_caller + i] = row->label;
        }
        for (uint32_t i = 0; i < count; i++)
            order[i] = i;
        tp_merge_sort(order, scratch, count, compare_callees, stats);
        for (size_t i = 0; i < count; i++) {
            const tp_pstats_caller *value = &stats->callers[order[i]];
            callees[i] = (tp_pstats_callee){ value->label, callee_of[order[i]], *value };
            callees[i].value.label = callees[i].callee;
        }
        stats->callees = callees;
        stats->callee_count = count;
        callees = NULL;
    }
    free(order);
    free(scratch);
    free(callee_of);
    free(callees);
    return failed ? TP_ENOMEM : TP_OK;
}

/* The first entry of a caller in the table of callees, or where it would stand. */
static size_t find_caller(const tp_pstats *stats, uint32_t label)
{
    size_t low = 0, high = stats->callee_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (stats->callees[middle].caller < label)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int has_call_times(const tp_pstats *stats)
{
    for (size_t i = 0; i < stats->row_count; i++) {
        const tp_pstats_row *row = &stats->rows[i];
        if (row->caller_count > 0)
            return !stats->callers[row->first_caller].is_number;
    }
    return 0;
}

static void put_blanks(FILE *out, size_t count)
{
    for (; count > 0; count--)
        putc(' ', out);
}

/* Where a caller has no row, and callers no times, pstats ends in a KeyError; this prints zero. */
static tp_status put_call(FILE *out, const tp_pstats *stats, const tp_pstats_caller *value,
                          size_t indent, int is_first)
{
    const tp_pstats_label *label = &stats->labels[value->label];
    char text[TP_WIDE_TEXT];
    tp_status status;
    if (value->is_number) {
        put_blanks(out, is_first ? 0 : indent + 3);
        status = put_name(out, &label->text, 0);
        fprintf(out, "(%s) ", tp_wide_format(value->calls, text));
        put_time(out, label->row != TP_NO_INDEX ? stats->rows[label->row].cumulative : 0);
    } else {
        put_blanks(out, is_first ? 0 : indent + 1);
        put_calls(out, is_first ? 7 : 9, value->calls, value->primitive_calls);
        put_time(out, value->total);
        putc(' ', out);
        put_time(out, value->cumulative);
        fputs("  ", out);
        status = put_name(out, &label->text, 0);
    }
    putc('\n', out);
    return status;
}

/* The functions on the right of one row, and room to sort them in. */
typedef struct call_list {
    tp_pstats_caller *values; /* Owned, as is the rest. */
    uint32_t *order;
    uint32_t *scratch;
    const tp_pstats *stats; /* Borrowed. */
} call_list;

static int compare_calls(const void *context, uint32_t a, uint32_t b)
{
    const call_list *list = context;
    const tp_pstats_label *labels = list->stats->labels;
    return tp_pstats_compare_labels(&labels[list->values[a].label].text,
                                    &labels[list->values[b].label].text);
}

static tp_status put_calls_of(FILE *out, call_list *list, uint32_t row, size_t width,
                              tp_pstats_view view)
{
    const tp_pstats *stats = list->stats;
    const tp_pstats_row *r = &stats->rows[row];
    size_t count = 0;
    if (view == TP_PSTATS_CALLERS) {
        for (; count < r->caller_count; count++)
            list->values[count] = stats->callers[r->first_caller + count];
    } else {
        for (size_t i = find_caller(stats, r->label);
             i < stats->callee_count && stats->callees[i].caller == r->label; i++)
            list->values[count++] = stats->callees[i].value;
    }
    for (uint32_t i = 0; i < count; i++)
        list->order[i] = i;
    tp_merge_sort(list->order, list->scratch, count, compare_calls, list);
    tp_status status = put_name(out, label_of(stats, row), width);
    fputs(view == TP_PSTATS_CALLERS ? "<- " : "-> ", out);
    for (size_t i = 0; status == TP_OK && i < count; i++)
        status = put_call(out, stats, &list->values[list->order[i]], width, i == 0);
    if (count == 0)
        putc('\n', out);
    return status;
}

static tp_status put_all_calls(FILE *out, tp_pstats *stats, const selection *chosen,
                               tp_pstats_view view)
{
    tp_status status = view == TP_PSTATS_CALLEES ? find_callees(stats) : TP_OK;
    size_t room = stats->caller_count > stats->callee_count ? stats->caller_count
                                                            : stats->callee_count;
    call_list list = { .values = calloc(room + 1, sizeof *list.values),
                       .order = calloc(room + 1, sizeof *list.order),
                       .scratch = calloc(room + 1, sizeof *list.scratch),
                       .stats = stats };
    if (status == TP_OK && (list.values == NULL || list.order == NULL || list.scratch == NULL))
        status = TP_ENOMEM;
    if (status == TP_OK) {
        fputs("Function ", out);
        put_blanks(out, chosen->width > 9 ? chosen->width - 9 : 0);
        fputs(view == TP_PSTATS_CALLERS ? "was called by...\n" : "called...\n", out);
        if (has_call_times(stats)) {
            put_blanks(out, chosen->width);
            fputs(stats->is_sampled ? "    nsamples  tottime  cumtime\n"
                                    : "    ncalls  tottime  cumtime\n",
                  out);
        }
    }
    for (size_t i = 0; status == TP_OK && i < chosen->count; i++)
        status = put_calls_of(out, &list, chosen->rows[i], chosen->width, view);
    free(list.values);
    free(list.order);
    free(list.scratch);
    return status;
}

static tp_status select_rows(selection *chosen, const tp_pstats *stats, tp_pstats_limit *limits,
                             size_t limit_count)
{
    tp_status status = TP_OK;
    chosen->count = stats->row_count;
    chosen->rows = calloc(stats->row_count + 1, sizeof *chosen->rows);
    if (chosen->rows == NULL)
        return TP_ENOMEM;
    for (uint32_t i = 0; i < stats->row_count; i++)
        chosen->rows[i] = stats->order != NULL ? stats->order[i] : i;
    for (size_t i = 0; status == TP_OK && i < limit_count; i++)
        status = tp_pstats_limit_apply(&limits[i], stats, chosen->rows, &chosen->count);
    chosen->width = stats->name_width;
    if (chosen->count < stats->row_count) {
        chosen->width = 0;
        for (size_t i = 0; i < chosen->count; i++) {
            size_t width = tp_pstats_name_width(label_of(stats, chosen->rows[i]));
            chosen->width = width > chosen->width ? width : chosen->width;
        }
    }
    chosen->width += 2;
    return status;
}

static void put_message(FILE *out, const tp_pstats *stats, const tp_pstats_limit *limits,
                        size_t limit_count)
{
    if (stats->order != NULL)
        fprintf(out, "   Ordered by: %s\n", stats->order_text);
    else
        fputs("   Random listing order was used\n", out);
    for (size_t i = 0; i < limit_count; i++)
        tp_pstats_limit_report(&limits[i], out);
    putc('\n', out);
}

tp_status tp_pstats_print(tp_pstats *stats, FILE *out, tp_pstats_view view,
                          tp_pstats_limit *limits, size_t limit_count)
{
    selection chosen = { .rows = NULL };
    if (view == TP_PSTATS_STATS)
        put_heading(out, stats);
    tp_status status = select_rows(&chosen, stats, limits, limit_count);
    if (status == TP_OK && chosen.count > 0) {
        put_message(out, stats, limits, limit_count);
        status = view == TP_PSTATS_STATS ? put_stats(out, stats, &chosen)
                                         : put_all_calls(out, stats, &chosen, view);
        fputs("\n\n", out);
    }
    free(chosen.rows);
    return status;
}
