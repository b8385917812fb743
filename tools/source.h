/* The profile that a command works on: its files read, merged and focused as the options say. */
#ifndef TP_SOURCE_H
#define TP_SOURCE_H

#include "command.h"

/* Reads operands [first, last), merges them if there are several, applies the focus options (and
 * --root, where the command has it). Times are those that are asked for; else as the files show them, and
 * where those differ, compensated if all have them, else raw. 0, or an exit status with the error printed. */
int tp_source_load(tp_profile **profile, const tp_arguments *arguments, size_t first, size_t last);

/* The same for any files. */
int tp_source_load_paths(tp_profile **profile, const tp_arguments *arguments,
                         const char *const *paths, size_t count);

/* Reads one file. `as_is` as in tp_read_options. 0, or an exit status with the error printed. */
int tp_source_read(tp_profile **profile, const char *path, uint32_t as_is);

/* Brings two profiles to the same times, unless --raw or --compensated did: where they differ, to the
 * compensated ones if both have them wholly, else to raw ones. */
void tp_source_agree(tp_profile *a, tp_profile *b);

/* Gives a profile without call tree an estimated one, and says so on stderr. 0, or an exit status with the
 * error printed. */
int tp_source_estimate_tree(tp_profile **profile, const tp_arguments *arguments);

/* Says on stderr that a file, or the sum of files, has no call tree. Gives TP_EXIT_INPUT. */
int tp_source_lacks_tree(const tp_arguments *arguments, const char *path);

/* Prints what was wrong with a file to stderr. Gives TP_EXIT_INPUT. */
int tp_source_error(const char *path, const tp_error *error);

/* Prints what is wrong with an expression to stderr. Gives TP_EXIT_USAGE. */
int tp_pattern_error(const tp_command *command, const char *text, const tp_error *error);

#endif
