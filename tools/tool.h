/* The traceprof command: one file a subcommand, all behind tp_tool_main. Nothing here exits; every
 * function gives the exit status. */
#ifndef TP_TOOL_H
#define TP_TOOL_H

/* Exit statuses. */
enum {
    TP_EXIT_OK = 0,
    TP_EXIT_RULE = 1,  /* a budget or regression was hit */
    TP_EXIT_USAGE = 2,
    TP_EXIT_INPUT = 3  /* unreadable or invalid input, or output that could not be written */
};

/* Runs the command line argv[0 .. argc - 1]; argv[argc] is NULL. Writes to stdout and stderr. */
int tp_tool_main(int argc, char **argv);

#endif
