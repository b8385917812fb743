/* traceprof report: the profile as one HTML page. */
#define _XOPEN_SOURCE 700
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "source.h"
#include "tool.h"

static int write_file(const tp_profile *profile, const tp_report_options *report, const char *path)
{
    tp_error error;
    if (tp_report_write_file(profile, report, path, &error) == TP_OK)
        return TP_EXIT_OK;
    fprintf(stderr, "traceprof report: %s: %s%s%s\n", path, error.message,
            error.system_error != 0 ? ": " : "",
            error.system_error != 0 ? strerror(error.system_error) : "");
    return TP_EXIT_INPUT;
}

static int write_stdout(const tp_profile *profile, const tp_report_options *report, FILE *out)
{
    uint8_t *bytes;
    size_t size;
    tp_status status = tp_report_encode(profile, report, &bytes, &size);
    if (status != TP_OK)
        return tp_status_error(status);
    fwrite(bytes, 1, size, out);
    tp_report_free(bytes);
    return TP_EXIT_OK;
}

/* -o FILE, or standard output unless that is a terminal. NULL with the error printed. */
static const char *find_output(const tp_arguments *arguments)
{
    const char *path = tp_argument(arguments, "output");
    if (path == NULL) {
        tp_usage_error(arguments->command, "say where to: -o FILE", NULL);
        return NULL;
    }
    if (strcmp(path, "-") == 0 && isatty(STDOUT_FILENO)) {
        tp_usage_error(arguments->command, "a page is nothing for a terminal", NULL);
        return NULL;
    }
    return path;
}

/* What the page is called: as told, "old.prof -> new.prof", or the first of several files; nothing where
 * the recorded command is to be the title. Owned by the caller; NULL without memory. */
static char *make_title(const tp_arguments *arguments, int is_diff)
{
    const char *told = tp_argument(arguments, "title");
    const char *first = arguments->operands[0], *second = is_diff ? arguments->operands[1] : "";
    const char *between = is_diff ? " \xE2\x86\x92 " : "";
    if (told != NULL || (!is_diff && arguments->operand_count == 1))
        first = told != NULL ? told : "", second = between = "";
    size_t size = strlen(first) + strlen(between) + strlen(second) + 1;
    char *title = malloc(size);
    if (title != NULL)
        snprintf(title, size, "%s%s%s", first, between, second);
    return title;
}

static int load_and_write(const tp_arguments *arguments, tp_report_options *report, int is_diff,
                          const char *path, FILE *out)
{
    tp_profile *profile = NULL, *before = NULL;
    int failed = is_diff ? tp_source_load(&before, arguments, 0, 1) : 0;
    if (failed == 0)
        failed = tp_source_load(&profile, arguments, is_diff ? 1 : 0, arguments->operand_count);
    report->before = before;
    if (failed == 0 && is_diff)
        tp_source_agree(before, profile);
    if (failed == 0)
        failed = strcmp(path, "-") == 0 ? write_stdout(profile, report, out)
                                        : write_file(profile, report, path);
    tp_profile_destroy(before);
    tp_profile_destroy(profile);
    return failed;
}

static int run(const tp_arguments *arguments, FILE *out)
{
    tp_report_options report = TP_REPORT_OPTIONS_INIT;
    const char *path = find_output(arguments);
    int is_diff = tp_argument_has(arguments, "diff");
    if (path == NULL)
        return TP_EXIT_USAGE;
    if (is_diff && arguments->operand_count != 2)
        return tp_usage_error(arguments->command, "--diff is of two files: OLD NEW", NULL);
    char *title = make_title(arguments, is_diff);
    if (title == NULL)
        return tp_status_error(TP_ENOMEM);
    report.title = (tp_string){ title, strlen(title) };
    int failed = load_and_write(arguments, &report, is_diff, path, out);
    free(title);
    return failed;
}

static const tp_option options[] = {
    { 'o', "output", "FILE", "where to, replaced only by a whole new file; - is standard output",
      NULL },
    { '\0', "diff", NULL, "of two files, OLD and NEW: what has changed", NULL },
    { '\0', "title", "TEXT", "the page's title; otherwise the command that was recorded", NULL },
    { '\0', NULL, NULL, NULL, NULL },
};

const tp_command tp_command_report = {
    .name = "report",
    .operands = "-o OUT FILE...",
    .purpose = "Write a page with flame graph, call tree and table",
    .text = "One HTML file that needs nothing else, neither a server nor a network: open it\n"
            "in a browser, send it to others. Several files are added up; with --diff two\n"
            "are compared. The graph is of the exact call tree, which ctraceprof's files\n"
            "hold; from other files it is an estimate, and the page says so.",
    .options = options,
    .shared = TP_WITH_FOCUS | TP_WITH_TIMES,
    .least = 1,
    .most = SIZE_MAX,
    .run = run,
};
