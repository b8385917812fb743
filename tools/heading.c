#include "heading.h"

#include <stdint.h>
#include <string.h>

#include "table.h"
#include "text.h"

double tp_total_time(const tp_profile *profile)
{
    const tp_function *functions = tp_profile_functions(profile);
    double total = 0;
    for (size_t i = 0; i < tp_profile_function_count(profile); i++)
        total += functions[i].total;
    return total;
}

double tp_share(double part, double whole)
{
    return whole > 0 ? part / whole : 0;
}

static size_t count_rows(const tp_profile *profile)
{
    size_t rows = 0;
    for (size_t i = 0; i < tp_profile_function_count(profile); i++)
        rows += (tp_profile_functions(profile)[i].flags & TP_FUNCTION_IMPLIED) == 0;
    return rows;
}

static void put_counts(FILE *out, const tp_profile *profile)
{
    const tp_function *functions = tp_profile_functions(profile);
    /* Unsigned: a hostile file's counts may wrap, which is no harm. */
    unsigned long long calls = 0, primitive = 0;
    for (size_t i = 0; i < tp_profile_function_count(profile); i++) {
        calls += (unsigned long long)functions[i].calls;
        primitive += (unsigned long long)functions[i].primitive_calls;
    }
    if (tp_profile_has_samples(profile))
        fprintf(out, "%llu samples in ", primitive);
    else if (tp_profile_has_calls(profile) && calls != primitive)
        fprintf(out, "%llu calls (%llu primitive) of ", calls, primitive);
    else if (tp_profile_has_calls(profile))
        fprintf(out, "%llu calls of ", calls);
}

void tp_put_thread(FILE *out, const tp_profile *profile, const tp_thread_tree *thread)
{
    int is_named = thread->name.size > 0;
    tp_put_string(out, thread->name, TP_PLAIN);
    if (tp_profile_process_count(profile) > 1 && thread->process != TP_NO_INDEX)
        fprintf(out, "%s(pid %lld)%s", is_named ? " " : "",
                (long long)tp_profile_processes(profile)[thread->process].pid,
                is_named ? "" : ", ");
    fprintf(out, "%s%llu", is_named ? ", " : "", (unsigned long long)thread->id);
}

static double other_total_time(const tp_profile *profile)
{
    const tp_function *functions = tp_profile_functions(profile);
    double total = 0;
    for (size_t i = 0; i < tp_profile_function_count(profile); i++)
        total += functions[i].other_total;
    return total;
}

int tp_is_in_part(const tp_profile *profile)
{
    const tp_property *how = tp_profile_property(profile, "compensation");
    return how != NULL && how->kind == TP_TEXT && strcmp(how->text.bytes, "in part") == 0;
}

const char *tp_times_word(const tp_profile *profile)
{
    if (!tp_profile_has_both_times(profile))
        return NULL;
    return tp_profile_times(profile) == TP_TIMES_RAW ? "raw" : "compensated";
}

int tp_put_times(FILE *out, const char *before, const tp_profile *profile)
{
    double shown = tp_total_time(profile), other = other_total_time(profile);
    const char *word = tp_times_word(profile);
    if (word == NULL)
        return 0;
    fprintf(out, "%s%s", before, word);
    if (tp_profile_times(profile) == TP_TIMES_COMPENSATED) {
        fputs(tp_is_in_part(profile) ? " in part (" : " (", out);
        tp_put_time(out, other - shown);
        fputs(" of probes taken out; raw ", out);
        tp_put_time(out, other);
    } else {
        fputs(tp_is_in_part(profile) ? " (at least " : " (", out);
        tp_put_time(out, shown - other);
        fputs(" of it probes", out);
    }
    putc(')', out);
    return 1;
}

/* Columns that the numbers of a large profile have need of. */
#define ROOM_FOR_FIGURES 64

void tp_put_heading(FILE *out, const tp_arguments *arguments, const tp_profile *profile)
{
    tp_put_heading_within(out, arguments, profile, SIZE_MAX);
}

void tp_put_heading_within(FILE *out, const tp_arguments *arguments, const tp_profile *profile,
                           size_t columns)
{
    size_t rows = count_rows(profile), files = arguments->operand_count;
    const char *first = files > 0 ? arguments->operands[0] : "", *slash = strrchr(first, '/');
    if (slash != NULL && strlen(first) + ROOM_FOR_FIGURES > columns)
        first = slash + 1;
    tp_put_string(out, (tp_string){ first, strlen(first) }, TP_PLAIN);
    if (files > 1)
        fprintf(out, " and %zu more", files - 1);
    fputs(": ", out);
    put_counts(out, profile);
    fprintf(out, "%zu function%s in ", rows, rows == 1 ? "" : "s");
    tp_put_time(out, tp_total_time(profile));
    tp_put_times(out, ", ", profile);
    putc('\n', out);
}
