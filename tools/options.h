/* Command-line options shared by subcommands, and the one way to load a file. */
#ifndef TP_OPTIONS_H
#define TP_OPTIONS_H

#include <traceprof/traceprof.h>

typedef struct tp_options {
    const char *file;
    const char *sort;  /* -s; NULL when not given */
    long limit;        /* -n; -1 when not given */
    int help;          /* --help was given */
} tp_options;

/* Parses "[-n N] [-s KEY] FILE" for the subcommand argv[0]; 0, or an exit status after a message on
 * stderr. `letters` are the options the subcommand has. */
int tp_options_parse(tp_options *options, int argc, char **argv, const char *letters);

/* Loads options->file; 0, or an exit status after a message that names file, offset and reason. */
int tp_options_load(const tp_options *options, tp_profile **profile);

#endif
