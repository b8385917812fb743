#define _XOPEN_SOURCE 700
#include "pstats_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

char *tp_pstats_file_line(const char *path)
{
    struct stat facts;
    struct tm when;
    char text[64] = "";
    if (strcmp(path, "-") != 0 && stat(path, &facts) == 0 &&
        localtime_r(&facts.st_mtime, &when) != NULL)
        strftime(text, sizeof text, "%a %b %e %H:%M:%S %Y    ", &when);
    size_t size = strlen(text) + strlen(path) + 1;
    char *line = malloc(size);
    if (line != NULL)
        snprintf(line, size, "%s%s", text, path);
    return line;
}

/* Zeroed memory; never none, so that NULL always means that there is no more. */
static void *allocate(size_t count, size_t size)
{
    return calloc(count + (count == 0), size);
}

/* The functions that have rows; those only named as callers stand behind them. */
static size_t count_rows(const tp_profile *profile)
{
    size_t count = tp_profile_function_count(profile);
    const tp_function *functions = tp_profile_functions(profile);
    while (count > 0 && (functions[count - 1].flags & TP_FUNCTION_IMPLIED) != 0)
        count--;
    return count;
}

static tp_status make_room(tp_pstats *stats, const tp_profile *profile)
{
    stats->row_count = count_rows(profile);
    stats->label_count = tp_profile_function_count(profile);
    stats->caller_count = tp_profile_edge_count(profile);
    stats->rows = allocate(stats->row_count, sizeof *stats->rows);
    stats->labels = allocate(stats->label_count, sizeof *stats->labels);
    stats->callers = allocate(stats->caller_count, sizeof *stats->callers);
    stats->files = allocate(1, sizeof *stats->files);
    return stats->rows != NULL && stats->labels != NULL && stats->callers != NULL &&
                   stats->files != NULL
               ? TP_OK
               : TP_ENOMEM;
}

static void copy_functions(tp_pstats *stats, const tp_profile *profile)
{
    const tp_function *functions = tp_profile_functions(profile);
    for (uint32_t i = 0; i < stats->label_count; i++)
        stats->labels[i] = (tp_pstats_label){ .text = functions[i].label, .row = TP_NO_INDEX };
    for (uint32_t i = 0; i < stats->row_count; i++) {
        const tp_function *f = &functions[i];
        stats->rows[i] = (tp_pstats_row){ .label = i,
                                          .calls = tp_wide_from(f->calls),
                                          .primitive_calls = tp_wide_from(f->primitive_calls),
                                          .total = f->total,
                                          .cumulative = f->cumulative };
        stats->labels[i].row = i;
        stats->calls = tp_wide_add(stats->calls, stats->rows[i].calls);
        stats->primitive_calls =
            tp_wide_add(stats->primitive_calls, stats->rows[i].primitive_calls);
        stats->total += f->total; /* in the file's order, for the last digit */
        size_t width = tp_pstats_name_width(&f->label);
        stats->name_width = width > stats->name_width ? width : stats->name_width;
    }
}

static int is_text(tp_string string, const char *text)
{
    return string.size == strlen(text) && memcmp(string.bytes, text, string.size) == 0;
}

static int is_profiler_root(const tp_label *label)
{
    return label->line == 0 && is_text(label->file, "jprofile") && is_text(label->name, "profiler");
}

static void copy_edges(tp_pstats *stats, const tp_profile *profile)
{
    const tp_edge *edges = tp_profile_edges(profile);
    int is_number = !tp_profile_has_edge_times(profile);
    for (size_t i = 0; i < stats->caller_count; i++) {
        const tp_edge *e = &edges[i];
        tp_pstats_row *row = &stats->rows[e->callee];
        if (row->caller_count++ == 0)
            row->first_caller = i;
        stats->callers[i] = (tp_pstats_caller){ .label = e->caller,
                                                .is_number = is_number,
                                                .calls = tp_wide_from(e->calls),
                                                .primitive_calls =
                                                    tp_wide_from(e->primitive_calls),
                                                .total = e->total,
                                                .cumulative = e->cumulative };
        if (is_profiler_root(&stats->labels[e->caller].text))
            stats->labels[e->callee].is_top_level = 1;
    }
}

/* Takes over the profile, on failure too. */
static tp_status fill(tp_pstats *stats, tp_profile *profile, const char *path)
{
    stats->profiles = allocate(1, sizeof *stats->profiles);
    if (stats->profiles == NULL) {
        tp_profile_destroy(profile);
        return TP_ENOMEM;
    }
    stats->profiles[stats->profile_count++] = profile;
    stats->is_sampled = tp_profile_origin(profile).dialect == TP_DIALECT_SAMPLING;
    tp_status status = make_room(stats, profile);
    if (status != TP_OK)
        return status;
    stats->files[0] = tp_pstats_file_line(path);
    if (stats->files[0] == NULL)
        return TP_ENOMEM;
    stats->file_count = 1;
    copy_functions(stats, profile);
    copy_edges(stats, profile);
    return stats->row_count == 0 ? TP_EARGUMENT : TP_OK;
}

static tp_status show(tp_profile *profile, const tp_times *times, tp_error *error)
{
    tp_status status = times == NULL ? TP_OK : tp_profile_show_times(profile, *times);
    if (status != TP_OK)
        *error = (tp_error){ .status = status, .message = "no compensated times in the file" };
    return status;
}

tp_status tp_pstats_load(tp_pstats **out, const char *path, const tp_times *times, tp_error *error)
{
    tp_read_options options = TP_READ_OPTIONS_INIT;
    tp_profile *profile;
    options.as_is = 1;
    *error = (tp_error){ .status = TP_OK };
    tp_status status = tp_pstats_read_file(&profile, path, &options, error);
    if (status != TP_OK)
        return status;
    status = show(profile, times, error);
    tp_pstats *stats = status == TP_OK ? allocate(1, sizeof *stats) : NULL;
    if (stats == NULL) {
        tp_profile_destroy(profile);
        return status == TP_OK ? TP_ENOMEM : status;
    }
    stats->times = times;
    status = fill(stats, profile, path);
    if (status == TP_OK)
        *out = stats;
    else
        tp_pstats_destroy(stats);
    return status;
}

void tp_pstats_destroy(tp_pstats *stats)
{
    if (stats == NULL)
        return;
    for (size_t i = 0; i < stats->profile_count; i++)
        tp_profile_destroy(stats->profiles[i]);
    for (size_t i = 0; i < stats->file_count; i++)
        free(stats->files[i]);
    free(stats->profiles);
    free(stats->files);
    free(stats->labels);
    free(stats->rows);
    free(stats->callers);
    free(stats->callees);
    free(stats->order);
    free(stats->order_text);
    free(stats);
}
