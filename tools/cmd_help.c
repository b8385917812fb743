/* traceprof help: of all commands, of one, or the manual page. */
#include "commands.h"
#include "tool.h"

static int run(const tp_arguments *arguments, FILE *out)
{
    if (tp_argument_has(arguments, "man")) {
        tp_print_manual(out);
        return TP_EXIT_OK;
    }
    if (arguments->operand_count == 0) {
        tp_print_overview(out);
        return TP_EXIT_OK;
    }
    const tp_command *command = tp_command_find(arguments->operands[0]);
    if (command == NULL)
        return tp_command_unknown(arguments->operands[0]);
    tp_print_help(out, command);
    return TP_EXIT_OK;
}

static const tp_option options[] = {
    { '\0', "man", NULL, "print the manual page: traceprof help --man | man -l -", NULL },
    { '\0', "no-pager", NULL, "never start a pager", NULL },
    { '\0', NULL, NULL, NULL, NULL },
};

const tp_command tp_command_help = {
    .name = "help",
    .operands = "[COMMAND]",
    .purpose = "Print what a command does and which options it has",
    .text = "",
    .options = options,
    .least = 0,
    .most = 1,
    .run = run,
};
