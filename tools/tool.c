#include "tool.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <traceprof/traceprof.h>

typedef struct command {
    const char *name;
    tp_tool_command *run;
    const char *purpose;
} command;

static const command commands[] = {
    { "top", tp_tool_top, "sorted table of functions" },
    { "path", tp_tool_path, "hottest path through the call tree" },
};
#define COMMAND_COUNT (sizeof commands / sizeof *commands)

static void print_help(FILE *stream)
{
    fputs("usage: traceprof COMMAND [OPTIONS] FILE\n"
          "\n"
          "Read profiles written by ctraceprof or cProfile.\n"
          "\n"
          "commands:\n",
          stream);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(stream, "  %-8s %s\n", commands[i].name, commands[i].purpose);
    fputs("\n'traceprof COMMAND --help' tells more. "
          "Exit status: 0 ok, 2 usage, 3 unreadable or invalid input.\n",
          stream);
}

static int run_command(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return TP_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return TP_EXIT_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("traceprof %s\n", tp_version());
        return TP_EXIT_OK;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    }
    fprintf(stderr, "traceprof: unknown command '%s'; see 'traceprof --help'\n", argv[1]);
    return TP_EXIT_USAGE;
}

/* Output that was lost is an error, except to a reader that has seen enough. */
static int flush_output(int status)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    if (errno == EPIPE)
        return TP_EXIT_OK;
    fprintf(stderr, "traceprof: cannot write: %s\n", strerror(errno));
    clearerr(stdout);
    return TP_EXIT_INPUT;
}

int tp_tool_main(int argc, char **argv)
{
    return flush_output(run_command(argc, argv));
}
