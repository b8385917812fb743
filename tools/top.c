/* traceprof top: the sorted table. */
#include <stdio.h>

#include "options.h"
#include "table.h"
#include "tool.h"

static const char help[] =
    "usage: traceprof top [-n N] [-s KEY] FILE\n"
    "\n"
    "Print the functions of a profile as 'python -m pstats' does.\n"
    "\n"
    "  -n N     print the first N rows only\n"
    "  -s KEY   sort by calls, cumulative (default), filename, line, module, name, nfl,\n"
    "           pcalls, stdname, time; a unique beginning is enough\n"
    "\n"
    "FILE may be - for standard input.\n";

int tp_tool_top(int argc, char **argv)
{
    tp_options options;
    tp_profile *profile;
    tp_sort_key key = TP_SORT_CUMULATIVE;
    int failed = tp_options_parse(&options, argc, argv, "ns");
    if (failed != 0)
        return failed;
    if (options.help) {
        fputs(help, stdout);
        return TP_EXIT_OK;
    }
    if (options.sort != NULL && tp_sort_key_find(&key, options.sort) != TP_OK) {
        fprintf(stderr, "traceprof top: unknown or ambiguous sort key '%s'; "
                        "see 'traceprof top --help'\n", options.sort);
        return TP_EXIT_USAGE;
    }
    failed = tp_options_load(&options, &profile);
    if (failed != 0)
        return failed;
    tp_status status = tp_table_print(profile, options.file, key, options.limit);
    tp_profile_destroy(profile);
    if (status == TP_OK)
        return TP_EXIT_OK;
    fprintf(stderr, "traceprof: %s\n", tp_status_message(status));
    return TP_EXIT_INPUT;
}
