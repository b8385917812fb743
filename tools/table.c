#define _XOPEN_SOURCE 700
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* "Mon Jan  2 03:04:05 2006    name\n\n", as pstats; without the time when there is no file. */
static void print_file_line(const char *file)
{
    struct stat facts;
    struct tm when;
    char text[64] = "";
    if (strcmp(file, "-") != 0 && stat(file, &facts) == 0 &&
        localtime_r(&facts.st_mtime, &when) != NULL)
        strftime(text, sizeof text, "%a %b %e %H:%M:%S %Y    ", &when);
    printf("%s%s\n\n", text, file);
}

static void print_label(const tp_label *label)
{
    char shortcut[256];
    size_t size = tp_label_format(label, shortcut, sizeof shortcut);
    if (size < sizeof shortcut) {
        fwrite(shortcut, 1, size, stdout);
        return;
    }
    char *text = malloc(size + 1);
    if (text == NULL)
        return;
    tp_label_format(label, text, size + 1);
    fwrite(text, 1, size, stdout);
    free(text);
}

/* The root that the module profile writes for a call by its Profile.run, or TP_NO_INDEX. */
static uint32_t find_profiler_root(const tp_profile *profile)
{
    const tp_function *functions = tp_profile_functions(profile);
    for (uint32_t i = 0; i < tp_profile_function_count(profile); i++) {
        const tp_label *label = &functions[i].label;
        if (label->line == 0 && strcmp(label->file.bytes, "jprofile") == 0 &&
            strcmp(label->name.bytes, "profiler") == 0)
            return i;
    }
    return TP_NO_INDEX;
}

static void print_top_level(const tp_profile *profile)
{
    uint32_t root = find_profiler_root(profile);
    const tp_edge *edges = tp_profile_edges(profile);
    for (size_t i = 0; root != TP_NO_INDEX && i < tp_profile_edge_count(profile); i++) {
        if (edges[i].caller == root)
            printf("         %s\n",
                   tp_profile_functions(profile)[edges[i].callee].label.name.bytes);
    }
}

/* pstats adds up own times in the order of the file; so must we, for the last digit. */
static void print_summary(const tp_profile *profile)
{
    const tp_function *functions = tp_profile_functions(profile);
    size_t count = tp_profile_function_count(profile);
    unsigned long long calls = 0, primitive = 0; /* a hostile file's may wrap, which is no harm */
    double total = 0;
    for (uint32_t i = 0; i < count; i++) {
        calls += (unsigned long long)functions[i].calls;
        primitive += (unsigned long long)functions[i].primitive_calls;
        total += functions[i].total;
    }
    print_top_level(profile);
    printf("         %lld function calls ", (long long)calls);
    if (calls != primitive)
        printf("(%lld primitive calls) ", (long long)primitive);
    printf("in %.3f seconds\n\n", total);
}

static void print_time(double seconds, long long divisor)
{
    if (divisor == 0)
        fputs("        ", stdout);
    else
        printf("%8.3f", seconds / (double)divisor);
}

static void print_row(const tp_function *f)
{
    char calls[64];
    int width = snprintf(calls, sizeof calls, "%lld", (long long)f->calls);
    if (f->calls != f->primitive_calls)
        snprintf(calls + width, sizeof calls - (size_t)width, "/%lld",
                 (long long)f->primitive_calls);
    printf("%9s ", calls);
    print_time(f->total, 1);
    putchar(' ');
    print_time(f->total, f->calls);
    putchar(' ');
    print_time(f->cumulative, 1);
    putchar(' ');
    print_time(f->cumulative, f->primitive_calls);
    putchar(' ');
    print_label(&f->label);
    putchar('\n');
}

static void print_rows(const tp_profile *profile, const uint32_t *order, size_t rows,
                       tp_sort_key key, long limit)
{
    size_t count = tp_profile_function_count(profile);
    printf("   Ordered by: %s\n", tp_sort_key_text(key));
    if (rows < count)
        printf("   List reduced from %zu to %zu due to restriction <%ld>\n", count, rows, limit);
    puts("\n   ncalls  tottime  percall  cumtime  percall filename:lineno(function)");
    for (size_t i = 0; i < rows; i++)
        print_row(&tp_profile_functions(profile)[order[i]]);
    fputs("\n\n", stdout);
}

tp_status tp_table_print(const tp_profile *profile, const char *file, tp_sort_key key, long limit)
{
    size_t count = tp_profile_function_count(profile);
    uint32_t *order = calloc(count + 1, sizeof *order);
    if (order == NULL)
        return TP_ENOMEM;
    tp_status status = tp_profile_sort(profile, &key, 1, order);
    if (status == TP_OK) {
        size_t rows = limit >= 0 && (size_t)limit < count ? (size_t)limit : count;
        print_file_line(file);
        print_summary(profile);
        if (rows > 0)
            print_rows(profile, order, rows, key, limit);
    }
    free(order);
    return status;
}
