#include "heading.h"

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

void tp_put_heading(FILE *out, const tp_arguments *arguments, const tp_profile *profile)
{
    size_t rows = count_rows(profile), files = arguments->operand_count;
    const char *first = files > 0 ? arguments->operands[0] : "";
    tp_put_string(out, (tp_string){ first, strlen(first) }, TP_PLAIN);
    if (files > 1)
        fprintf(out, " and %zu more", files - 1);
    fputs(": ", out);
    put_counts(out, profile);
    fprintf(out, "%zu function%s in ", rows, rows == 1 ? "" : "s");
    tp_put_time(out, tp_total_time(profile));
    putc('\n', out);
}
