/* The table of commands. */
#include <string.h>

#include "commands.h"

static const tp_command *const all[] = {
    &tp_command_top,
    &tp_command_callers,
    &tp_command_callees,
    &tp_command_tree,
    &tp_command_path,
    &tp_command_peek,
    &tp_command_diff,
    &tp_command_merge,
    &tp_command_info,
    &tp_command_check,
    &tp_command_browse,
    &tp_command_completions,
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
