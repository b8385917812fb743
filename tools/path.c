/* traceprof path: the hottest path through the exact call tree. */
#include <stdio.h>
#include <stdlib.h>

#include "options.h"
#include "tool.h"

static const char help[] =
    "usage: traceprof path [-n N] FILE\n"
    "\n"
    "Print the hottest path of a profile written by ctraceprof: from the top-level call\n"
    "down, always into the call that took the most time. Needs the exact call tree, which\n"
    "files of other profilers do not hold.\n"
    "\n"
    "  -n N   print the first N levels only\n";

static void print_step(const tp_profile *profile, const tp_context *context, double top)
{
    double seconds = (double)context->inclusive_ticks * tp_profile_unit(profile);
    const tp_label *label = &tp_profile_functions(profile)[context->function].label;
    size_t size = tp_label_format(label, NULL, 0);
    char *text = malloc(size + 1);
    if (text == NULL)
        return;
    tp_label_format(label, text, size + 1);
    printf("%10.3f %5.1f%% %10llu  %s\n", seconds,
           top > 0 ? 100 * (double)context->inclusive_ticks / top : 0.0,
           (unsigned long long)context->calls, text);
    free(text);
}

static int print_path(const tp_profile *profile, long limit)
{
    size_t thread = 0;
    size_t length = tp_profile_hottest_path(profile, &thread, NULL, 0);
    uint32_t *path = calloc(length + 1, sizeof *path);
    if (path == NULL)
        return TP_EXIT_INPUT;
    tp_profile_hottest_path(profile, &thread, path, length);
    const tp_thread_tree *tree = &tp_profile_threads(profile)[thread];
    if (length > 0)
        puts("   seconds  share      calls  filename:lineno(function)");
    for (size_t i = 0; i < length && (limit < 0 || i < (size_t)limit); i++)
        print_step(profile, &tree->contexts[path[i]],
                   (double)tree->contexts[path[0]].inclusive_ticks);
    free(path);
    return TP_EXIT_OK;
}

int tp_tool_path(int argc, char **argv)
{
    tp_options options;
    tp_profile *profile;
    int status = tp_options_parse(&options, argc, argv, "n");
    if (status != 0)
        return status;
    if (options.help) {
        fputs(help, stdout);
        return TP_EXIT_OK;
    }
    status = tp_options_load(&options, &profile);
    if (status != 0)
        return status;
    if (tp_profile_thread_count(profile) == 0) {
        fprintf(stderr, "traceprof path: %s: the file holds no call tree\n", options.file);
        status = TP_EXIT_INPUT;
    } else {
        status = print_path(profile, options.limit);
    }
    tp_profile_destroy(profile);
    return status;
}
