/* The parser of command lines, driven by the commands' descriptions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "nearest.h"
#include "tool.h"

#define SHARED_END { '\0', NULL, NULL, NULL, NULL }

static const tp_option focus_options[] = {
    { '\0', "focus", "RE", "keep only what is on a path through a function that matches", NULL },
    { '\0', "ignore", "RE", "leave out functions that match, and all below them", NULL },
    { '\0', "hide", "RE", "leave out functions that match; their time goes to their callers", NULL },
    { '\0', "strip-dirs", NULL, "leave folders out of file names; sum what falls together", NULL },
    { '\0', "collapse-lib", NULL, "fold calls between library functions into the outermost one", NULL },
    { '\0', "thread", "NAME", "only the threads of this name or number", NULL },
    { '\0', "process", "PID", "only the threads of the process with this number", NULL },
    SHARED_END,
};

static const tp_option table_options[] = {
    { '\0', "format", "FORMAT", "text (default), md, csv, json or jsonl", "text md csv json jsonl" },
    { '\0', "unit", "UNIT", "of times: auto (default), s, ms, us or ns", "auto s ms us ns" },
    SHARED_END,
};

static const tp_option times_options[] = {
    { '\0', "raw", NULL, "times as they were measured, the cost of the probes included", NULL },
    { '\0', "compensated", NULL, "times without it; default: as the file shows them", NULL },
    SHARED_END,
};

static const tp_option output_options[] = {
    { '\0', "color", "WHEN", "auto (default), always or never", "auto always never" },
    { '\0', "width", "COLUMNS", "of the table; default: the terminal's, without one no limit", NULL },
    { '\0', "no-pager", NULL, "never start a pager", NULL },
    SHARED_END,
};

static const tp_option help_option[] = {
    { 'h', "help", NULL, "print this help", NULL },
    SHARED_END,
};

const tp_option *tp_command_option(const tp_command *command, size_t n)
{
    const tp_option *const groups[] = {
        command->options,
        command->shared & TP_WITH_FOCUS ? focus_options : NULL,
        command->shared & TP_WITH_TIMES ? times_options : NULL,
        command->shared & TP_WITH_TABLE ? table_options : NULL,
        command->shared & TP_WITH_OUTPUT ? output_options : NULL,
        help_option,
    };
    for (size_t g = 0; g < sizeof groups / sizeof *groups; g++) {
        for (const tp_option *o = groups[g]; o != NULL && o->name != NULL; o++) {
            if (n-- == 0)
                return o;
        }
    }
    return NULL;
}

int tp_usage_error(const tp_command *command, const char *problem, const char *what)
{
    fprintf(stderr, "traceprof %s: %s", command->name, problem);
    if (what != NULL)
        fprintf(stderr, " '%s'", what);
    fprintf(stderr, "; see 'traceprof help %s'\n", command->name);
    return TP_EXIT_USAGE;
}

int tp_status_error(tp_status status)
{
    fprintf(stderr, "traceprof: %s\n", tp_status_message(status));
    return TP_EXIT_INPUT;
}

static const tp_option *find_letter(const tp_command *command, char letter)
{
    const tp_option *option;
    for (size_t n = 0; (option = tp_command_option(command, n)) != NULL; n++) {
        if (option->letter != '\0' && option->letter == letter)
            return option;
    }
    return NULL;
}

static const tp_option *find_name(const tp_command *command, const char *name, size_t size)
{
    const tp_option *option;
    for (size_t n = 0; (option = tp_command_option(command, n)) != NULL; n++) {
        if (strlen(option->name) == size && memcmp(option->name, name, size) == 0)
            return option;
    }
    return NULL;
}

static int is_choice(const char *choices, const char *value)
{
    size_t size = strlen(value);
    for (const char *at = choices; at != NULL && size > 0; at = strchr(at, ' ')) {
        at += *at == ' ';
        if (strncmp(at, value, size) == 0 && (at[size] == ' ' || at[size] == '\0'))
            return 1;
    }
    return 0;
}

static int add_given(tp_arguments *a, const tp_option *option, const char *value)
{
    if (option->choices != NULL && !is_choice(option->choices, value)) {
        fprintf(stderr, "traceprof %s: --%s is one of: %s; not '%s'\n", a->command->name,
                option->name, option->choices, value);
        return TP_EXIT_USAGE;
    }
    a->help |= option == help_option;
    a->given[a->given_count++] = (tp_given){ option, value };
    return 0;
}

/* "traceprof COMMAND: unknown option '--nmae'; did you mean '--name'?" */
static int unknown_option(const tp_command *command, const char *word, const char *name,
                          size_t size)
{
    const tp_option *option;
    tp_nearest nearest;
    tp_nearest_init(&nearest, name, size);
    for (size_t n = 0; (option = tp_command_option(command, n)) != NULL; n++)
        tp_nearest_offer(&nearest, option->name);
    if (nearest.best == NULL)
        return tp_usage_error(command, "unknown option", word);
    fprintf(stderr, "traceprof %s: unknown option '%s'; did you mean '--%s'?\n", command->name,
            word, nearest.best);
    return TP_EXIT_USAGE;
}

/* --name, --name=VALUE, --name VALUE. *i is moved on over a value of its own word. */
static int parse_name(tp_arguments *a, char **argv, int *i)
{
    const char *word = argv[*i] + 2;
    size_t size = strcspn(word, "=");
    const tp_option *option = find_name(a->command, word, size);
    if (option == NULL)
        return unknown_option(a->command, argv[*i], word, size);
    const char *value = word[size] == '=' ? word + size + 1 : NULL;
    if (option->value == NULL)
        return value == NULL ? add_given(a, option, NULL)
                             : tp_usage_error(a->command, "no value is wanted for", argv[*i]);
    if (value == NULL)
        value = argv[++*i];
    if (value == NULL)
        return tp_usage_error(a->command, "a value is missing for", argv[*i - 1]);
    return add_given(a, option, value);
}

/* -n5, -n 5, -r, -rn5. */
static int parse_letters(tp_arguments *a, char **argv, int *i)
{
    const char *word = argv[*i];
    for (const char *at = word + 1; *at != '\0'; at++) {
        const tp_option *option = find_letter(a->command, *at);
        if (option == NULL)
            return unknown_option(a->command, word, word + 1, strlen(word + 1));
        if (option->value != NULL) {
            const char *value = at[1] != '\0' ? at + 1 : argv[++*i];
            if (value == NULL)
                return tp_usage_error(a->command, "a value is missing for", word);
            return add_given(a, option, value);
        }
        int status = add_given(a, option, NULL);
        if (status != 0)
            return status;
    }
    return 0;
}

static int check_operands(const tp_arguments *a)
{
    const tp_command *command = a->command;
    if (a->help)
        return 0;
    if (a->operand_count < command->least)
        return command->least == 1 && command->most > 1
                   ? tp_usage_error(command, "no file given", NULL)
                   : tp_usage_error(command, "these are wanted:", command->operands);
    if (a->operand_count > a->command->most)
        return tp_usage_error(a->command, "one operand too many:",
                              a->operands[a->command->most]);
    return 0;
}

int tp_arguments_parse(tp_arguments *a, const tp_command *command, int argc, char **argv)
{
    /* Each letter of a word may be an option. */
    size_t room = 1;
    for (int i = 1; i < argc; i++)
        room += strlen(argv[i]) + 1;
    *a = (tp_arguments){ .command = command };
    a->given = calloc(room, sizeof *a->given);
    a->operands = calloc(room, sizeof *a->operands);
    if (a->given == NULL || a->operands == NULL)
        return tp_status_error(TP_ENOMEM);
    int only_operands = 0;
    for (int i = 1; i < argc; i++) {
        int status = 0;
        if (only_operands || argv[i][0] != '-' || argv[i][1] == '\0')
            a->operands[a->operand_count++] = argv[i];
        else if (strcmp(argv[i], "--") == 0)
            only_operands = 1;
        else if (argv[i][1] == '-')
            status = parse_name(a, argv, &i);
        else
            status = parse_letters(a, argv, &i);
        if (status != 0)
            return status;
    }
    return check_operands(a);
}

void tp_arguments_free(tp_arguments *a)
{
    free(a->given);
    free((void *)a->operands);
    *a = (tp_arguments){ 0 };
}

const char *tp_argument_next(const tp_arguments *a, const char *name, size_t *position)
{
    for (; *position < a->given_count; ++*position) {
        const tp_given *given = &a->given[*position];
        if (strcmp(given->option->name, name) == 0) {
            ++*position;
            return given->value != NULL ? given->value : "";
        }
    }
    return NULL;
}

int tp_argument_has(const tp_arguments *a, const char *name)
{
    size_t position = 0;
    return tp_argument_next(a, name, &position) != NULL;
}

const char *tp_argument(const tp_arguments *a, const char *name)
{
    const char *last = NULL, *value;
    size_t position = 0;
    while ((value = tp_argument_next(a, name, &position)) != NULL)
        last = value;
    return last;
}

const tp_times *tp_argument_times(const tp_arguments *a)
{
    static const tp_times raw = TP_TIMES_RAW, compensated = TP_TIMES_COMPENSATED;
    const tp_times *wanted = NULL;
    for (size_t i = 0; i < a->given_count; i++) {
        if (strcmp(a->given[i].option->name, "raw") == 0)
            wanted = &raw;
        else if (strcmp(a->given[i].option->name, "compensated") == 0)
            wanted = &compensated;
    }
    return wanted;
}
