#define _XOPEN_SOURCE 700
#include "tool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector.h"
#include "command.h"
#include "screen.h"

/* Collects what the command prints, so that a pager can be chosen by its length, and so that nothing
 * half done is printed when it fails. */
static int run_collected(const tp_command *command, const tp_arguments *arguments)
{
    tp_collector out;
    if (tp_collector_open(&out) != 0)
        return tp_status_error(TP_ENOMEM);
    int status = TP_EXIT_OK;
    if (arguments->help)
        tp_print_help(out.stream, command);
    else
        status = command->run(arguments, out.stream);
    int lost = tp_collector_close(&out) != 0;
    if (status == TP_EXIT_OK || status == TP_EXIT_RULE) {
        int failed = lost ? tp_status_error(TP_ENOMEM)
                          : tp_screen_deliver(out.text, out.size,
                                              !tp_argument_has(arguments, "no-pager"));
        status = failed != 0 ? failed : status;
    }
    tp_collector_free(&out);
    return status;
}

static int run_command(const tp_command *command, int argc, char **argv)
{
    tp_arguments arguments;
    int status = tp_arguments_parse(&arguments, command, argc, argv);
    if (status == 0)
        status = run_collected(command, &arguments);
    tp_arguments_free(&arguments);
    return status;
}

static int deliver(void (*print)(FILE *out))
{
    tp_collector out;
    if (tp_collector_open(&out) != 0)
        return tp_status_error(TP_ENOMEM);
    print(out.stream);
    int status = tp_collector_close(&out) != 0 ? tp_status_error(TP_ENOMEM)
                                               : tp_screen_deliver(out.text, out.size, 1);
    tp_collector_free(&out);
    return status;
}

static void print_version(FILE *out)
{
    fprintf(out, "traceprof %s\n", tp_version());
}

/* "traceprof FILE" and "traceprof -n 5 FILE" mean top. */
static int looks_like_top(const char *word)
{
    return word[0] == '-' || strpbrk(word, "./") != NULL || access(word, F_OK) == 0;
}

static int run(int argc, char **argv)
{
    if (argc < 2) {
        tp_print_overview(stderr);
        return TP_EXIT_USAGE;
    }
    const char *word = argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        return deliver(tp_print_overview);
    if (strcmp(word, "--version") == 0)
        return deliver(print_version);
    const tp_command *command = tp_command_find(word);
    if (command != NULL)
        return run_command(command, argc - 1, argv + 1);
    if (looks_like_top(word))
        return run_command(tp_command_find("top"), argc, argv);
    return tp_command_unknown(word);
}

int tp_tool_main(int argc, char **argv)
{
    int status = run(argc, argv);
    fflush(stderr);
    return status;
}
