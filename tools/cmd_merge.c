/* traceprof merge: several files as one. */
#define _XOPEN_SOURCE 700
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "source.h"
#include "tool.h"

static int write_file(const tp_profile *profile, const char *path)
{
    tp_error error;
    if (tp_pstats_write_file(profile, path, &error) == TP_OK)
        return TP_EXIT_OK;
    fprintf(stderr, "traceprof merge: %s: %s%s%s\n", path, error.message,
            error.system_error != 0 ? ": " : "",
            error.system_error != 0 ? strerror(error.system_error) : "");
    return TP_EXIT_INPUT;
}

static int write_stdout(const tp_profile *profile, FILE *out)
{
    uint8_t *bytes;
    size_t size;
    tp_status status = tp_pstats_encode(profile, TP_PSTATS_WHOLE, &bytes, &size);
    if (status != TP_OK)
        return tp_status_error(status);
    fwrite(bytes, 1, size, out);
    tp_pstats_free(bytes);
    return TP_EXIT_OK;
}

static int run(const tp_arguments *arguments, FILE *out)
{
    tp_profile *profile;
    const char *path = tp_argument(arguments, "output");
    if (path == NULL)
        return tp_usage_error(arguments->command, "say where to: -o FILE", NULL);
    int is_output = strcmp(path, "-") == 0;
    if (is_output && isatty(STDOUT_FILENO))
        return tp_usage_error(arguments->command, "a profile is nothing for a terminal", NULL);
    int failed = tp_source_load(&profile, arguments, 0, arguments->operand_count);
    if (failed != 0)
        return failed;
    failed = is_output ? write_stdout(profile, out) : write_file(profile, path);
    tp_profile_destroy(profile);
    return failed;
}

static const tp_option options[] = {
    { 'o', "output", "FILE", "where to, replaced only by a whole new file; - is standard output",
      NULL },
    { '\0', NULL, NULL, NULL, NULL },
};

const tp_command tp_command_merge = {
    .name = "merge",
    .operands = "-o OUT FILE...",
    .purpose = "Add up profiles and write the sum as a file",
    .text = "Functions, callers and call trees with equal names are added up. Threads of the\n"
            "same name are one, but not those of different processes. The sum has a call\n"
            "tree if all files have one. With the focus options it is a part of the sum that\n"
            "is written.",
    .options = options,
    .shared = TP_WITH_FOCUS | TP_WITH_TIMES,
    .least = 1,
    .most = SIZE_MAX,
    .run = run,
};
