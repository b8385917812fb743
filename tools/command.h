/* What a subcommand is: a name, operands, options, texts, and a function. From this one description
 * come the parser, --help, the manual page and the shells' completions. */
#ifndef TP_COMMAND_H
#define TP_COMMAND_H

#include <stdio.h>

#include <traceprof/traceprof.h>

/* An option. In `help` a newline begins a new line. */
typedef struct tp_option {
    char letter;        /* 'n' for -n; '\0': it has only a name */
    const char *name;   /* "limit" for --limit */
    const char *value;  /* "N" where it takes one, else NULL */
    const char *help;
    const char *choices; /* "text md csv": what the value may be; NULL: anything */
} tp_option;

/* Sets of options that several commands share; see options.c. */
enum {
    TP_WITH_FOCUS = 1, /* --focus, --ignore, --hide, --strip-dirs, --collapse-lib, --thread,
                        * --process */
    TP_WITH_TABLE = 2, /* --format, --unit */
    TP_WITH_OUTPUT = 4, /* --color, --no-pager, --width */
    TP_WITH_TIMES = 8  /* --raw, --compensated */
};

typedef struct tp_arguments tp_arguments;

typedef struct tp_command {
    const char *name;
    const char *operands; /* "FILE..." */
    const char *purpose;  /* half a line */
    const char *text;     /* paragraphs, lines of at most 80 columns; printed below the options */
    const tp_option *options; /* its own; ends with one whose name is NULL */
    unsigned shared;
    size_t least, most; /* how many operands */
    /* Prints to `out`, messages to stderr; gives the exit status. */
    int (*run)(const tp_arguments *arguments, FILE *out);
} tp_command;

/* All commands, in the order of the help; `*count` is their number. */
const tp_command *const *tp_commands(size_t *count);

/* The command of that name, or NULL. */
const tp_command *tp_command_find(const char *name);

/* Says on stderr that there is no such command, and which was meant perhaps. Gives TP_EXIT_USAGE. */
int tp_command_unknown(const char *name);

/* What was given on the command line. Values are borrowed from argv. */
typedef struct tp_given {
    const tp_option *option;
    const char *value; /* NULL for a flag */
} tp_given;

struct tp_arguments {
    const tp_command *command;
    tp_given *given; /* Owned; in the order of the command line */
    size_t given_count;
    const char **operands; /* Owned, the strings borrowed. */
    size_t operand_count;
    int help;
};

/* Parses argv[1 ...]; options and operands may be mixed, "--" ends the options, flags may be joined
 * (-rv). 0, or an exit status with the error printed. To be freed in either case. */
int tp_arguments_parse(tp_arguments *arguments, const tp_command *command, int argc, char **argv);
void tp_arguments_free(tp_arguments *arguments);

/* Whether an option was given. */
int tp_argument_has(const tp_arguments *arguments, const char *name);

/* The value of an option, the last one's if it was given more than once; NULL if it was not. */
const char *tp_argument(const tp_arguments *arguments, const char *name);

/* For options that may be repeated: the next value at or behind *position (to begin with 0), which is
 * moved on; NULL when there are no more. */
const char *tp_argument_next(const tp_arguments *arguments, const char *name, size_t *position);

/* The n-th option of a command, its own before the shared ones; NULL behind the last. */
const tp_option *tp_command_option(const tp_command *command, size_t n);

/* The times that --raw or --compensated asks for, of both the last; NULL: as files show them. */
const tp_times *tp_argument_times(const tp_arguments *arguments);

/* Prints "traceprof COMMAND: problem 'what'; see 'traceprof help COMMAND'" to stderr. Gives
 * TP_EXIT_USAGE. */
int tp_usage_error(const tp_command *command, const char *problem, const char *what);

/* Prints "traceprof: out of memory" or whatever the status says to stderr. Gives TP_EXIT_INPUT. */
int tp_status_error(tp_status status);

/* Help texts, all from the same descriptions. */
void tp_print_overview(FILE *out);
void tp_print_help(FILE *out, const tp_command *command);
void tp_print_manual(FILE *out);
int tp_print_completions(FILE *out, const char *shell); /* 0, or not 0: no such shell */

#endif
