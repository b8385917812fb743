#include "options.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

static int usage_error(const char *command, const char *problem, const char *what)
{
    fprintf(stderr, "traceprof %s: %s '%s'; see 'traceprof %s --help'\n", command, problem, what,
            command);
    return TP_EXIT_USAGE;
}

static int parse_limit(tp_options *options, const char *command, const char *text)
{
    char *end;
    errno = 0;
    options->limit = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || options->limit < 0)
        return usage_error(command, "not a number of rows:", text);
    return 0;
}

static int parse_option(tp_options *options, const char *command, char letter, const char *value)
{
    if (letter == 'n')
        return parse_limit(options, command, value);
    options->sort = value;
    return 0;
}

int tp_options_parse(tp_options *options, int argc, char **argv, const char *letters)
{
    *options = (tp_options){ .limit = -1 };
    int only_files = 0;
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        if (only_files || word[0] != '-' || word[1] == '\0') {
            if (options->file != NULL)
                return usage_error(argv[0], "more than one file:", word);
            options->file = word;
        } else if (strcmp(word, "--") == 0) {
            only_files = 1;
        } else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
            options->help = 1;
            return 0;
        } else if (word[1] != '-' && strchr(letters, word[1]) != NULL) {
            const char *value = word[2] != '\0' ? word + 2 : argv[++i];
            if (value == NULL)
                return usage_error(argv[0], "a value is missing for", word);
            int status = parse_option(options, argv[0], word[1], value);
            if (status != 0)
                return status;
        } else {
            return usage_error(argv[0], "unknown option", word);
        }
    }
    if (options->file == NULL) {
        fprintf(stderr, "traceprof %s: no file given; see 'traceprof %s --help'\n", argv[0],
                argv[0]);
        return TP_EXIT_USAGE;
    }
    return 0;
}

int tp_options_load(const tp_options *options, tp_profile **profile)
{
    tp_error error;
    if (tp_pstats_read_file(profile, options->file, NULL, &error) == TP_OK)
        return 0;
    if (error.system_error != 0)
        fprintf(stderr, "traceprof: %s: %s: %s\n", options->file, error.message,
                strerror(error.system_error));
    else
        fprintf(stderr, "traceprof: %s: not a profile: %s (at byte %llu)\n", options->file,
                error.message, (unsigned long long)error.offset);
    return TP_EXIT_INPUT;
}
