/* traceprof path: where most of the time goes, from the top-level call down. */
#include <stdlib.h>

#include "commands.h"
#include "source.h"
#include "tool.h"

static tp_status print_step(FILE *out, const tp_profile *profile, const tp_context *context, double top)
{
    double seconds = (double)context->inclusive_ticks * tp_profile_unit(profile);
    const tp_label *label = &tp_profile_functions(profile)[context->function].label;
    size_t size = tp_label_format(label, NULL, 0);
    char *text = malloc(size + 1);
    if (text == NULL)
        return TP_ENOMEM;
    tp_label_format(label, text, size + 1);
    fprintf(out, "%10.3f %5.1f%% %10llu  %s\n", seconds,
           top > 0 ? 100 * (double)context->inclusive_ticks / top : 0.0,
           (unsigned long long)context->calls, text);
    free(text);
    return TP_OK;
}

static int has_contexts(const tp_profile *profile)
{
    for (size_t i = 0; i < tp_profile_thread_count(profile); i++) {
        if (tp_profile_threads(profile)[i].context_count > 0)
            return 1;
    }
    return 0;
}

static int print_path(FILE *out, const tp_profile *profile, long limit)
{
    size_t thread = 0;
    size_t length = tp_profile_hottest_path(profile, &thread, NULL, 0);
    uint32_t *path = calloc(length + 1, sizeof *path);
    tp_status status = TP_OK;
    if (path == NULL || tp_profile_hottest_path(profile, &thread, path, length) != length ||
        (length == 0 && has_contexts(profile)))
        status = TP_ENOMEM;
    const tp_thread_tree *tree = &tp_profile_threads(profile)[thread];
    if (status == TP_OK && length > 0)
        fputs("   seconds  share      calls  filename:lineno(function)\n", out);
    for (size_t i = 0; status == TP_OK && i < length && (limit < 0 || i < (size_t)limit); i++)
        status = print_step(out, profile, &tree->contexts[path[i]],
                            (double)tree->contexts[path[0]].inclusive_ticks);
    free(path);
    return status == TP_OK ? TP_EXIT_OK : tp_status_error(status);
}

static int run(const tp_arguments *arguments, FILE *out)
{
    tp_profile *profile;
    const char *limit = tp_argument(arguments, "limit");
    long rows = -1;
    char *end = NULL;
    if (limit != NULL)
        rows = strtol(limit, &end, 10);
    if (limit != NULL && (end == limit || *end != '\0' || rows < 0))
        return tp_usage_error(arguments->command, "not a number of rows:", limit);
    int status = tp_source_load(&profile, arguments, 0, arguments->operand_count);
    if (status != 0)
        return status;
    if (tp_profile_thread_count(profile) == 0) {
        fprintf(stderr, "traceprof path: %s: the file holds no call tree\n",
                arguments->operands[0]);
        status = TP_EXIT_INPUT;
    } else {
        status = print_path(out, profile, rows);
    }
    tp_profile_destroy(profile);
    return status;
}

static const tp_option options[] = {
    { 'n', "limit", "N", "print the first N levels only", NULL },
    { '\0', NULL, NULL, NULL, NULL },
};

const tp_command tp_command_path = {
    .name = "path",
    .operands = "FILE...",
    .purpose = "Print the hottest path through the call tree",
    .text = "From the top-level call down, always into the call that took the most time. Needs the\n"
            "exact call tree, which files of other profilers do not hold.",
    .options = options,
    .shared = TP_WITH_FOCUS | TP_WITH_OUTPUT,
    .least = 1,
    .most = SIZE_MAX,
    .run = run,
};
