/* traceprof merge: several files as one. */
#include <string.h>

#include "commands.h"
#include "source.h"
#include "tool.h"

static int run(const tp_arguments *arguments, FILE *out)
{
    (void)out;
    tp_profile *profile;
    tp_error error;
    const char *path = tp_argument(arguments, "output");
    if (path == NULL)
        return tp_usage_error(arguments->command, "say where to: -o FILE", NULL);
    int failed = tp_source_load(&profile, arguments, 0, arguments->operand_count);
    if (failed != 0)
        return failed;
    if (tp_pstats_write_file(profile, path, &error) != TP_OK) {
        fprintf(stderr, "traceprof merge: %s: %s%s%s\n", path, error.message,
                error.system_error != 0 ? ": " : "",
                error.system_error != 0 ? strerror(error.system_error) : "");
        failed = TP_EXIT_INPUT;
    }
    tp_profile_destroy(profile);
    return failed;
}

static const tp_option options[] = {
    { 'o', "output", "FILE", "where to; replaced only by a whole new file", NULL },
    { '\0', NULL, NULL, NULL, NULL },
};

const tp_command tp_command_merge = {
    .name = "merge",
    .operands = "-o OUT FILE...",
    .purpose = "Add up profiles and write the sum as a file",
    .text = "Functions, callers and call trees with equal names are added up. Threads of the same\n"
            "name are one. The sum has a call tree if all files have one. With the focus options\n"
            "it is a part of the sum that is written.",
    .options = options,
    .shared = TP_WITH_FOCUS,
    .least = 1,
    .most = SIZE_MAX,
    .run = run,
};
