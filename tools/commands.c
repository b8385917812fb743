/* The table of commands. */
#include <string.h>

#include "commands.h"
#include "nearest.h"
#include "tool.h"

static const tp_command *const all[] = {
    &tp_command_top,
    &tp_command_callers,
    &tp_command_callees,
    &tp_command_tree,
    &tp_command_path,
    &tp_command_peek,
    &tp_command_diff,
    &tp_command_merge,
    &tp_command_convert,
    &tp_command_push,
    &tp_command_report,
    &tp_command_info,
    &tp_command_check,
    &tp_command_browse,
    &tp_command_tui,
    &tp_command_completions,
    &tp_command_help,
};

const tp_command *const *tp_commands(size_t *count)
{
    *count = sizeof all / sizeof *all;
    return all;
}

const tp_command *tp_command_find(const char *name)
{
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (strcmp(all[i]->name, name) == 0)
            return all[i];
    }
    return NULL;
}

int tp_command_unknown(const char *name)
{
    tp_nearest nearest;
    tp_nearest_init(&nearest, name, strlen(name));
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        tp_nearest_offer(&nearest, all[i]->name);
    fprintf(stderr, "traceprof: unknown command '%s'; ", name);
    if (nearest.best != NULL)
        fprintf(stderr, "did you mean '%s'?\n", nearest.best);
    else
        fputs("see 'traceprof help'\n", stderr);
    return TP_EXIT_USAGE;
}
