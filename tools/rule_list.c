#include "rule_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

/* Rules are written by people; this is thousands of them. */
#define MOST_BYTES ((size_t)1 << 20)

static int add(tp_rule_list *list, const tp_rule *rule)
{
    if (list->count == list->room) {
        size_t room = list->room == 0 ? 16 : list->room * 2;
        tp_rule *rules = realloc(list->rules, room * sizeof *rules);
        if (rules == NULL)
            return tp_status_error(TP_ENOMEM);
        list->rules = rules;
        list->room = room;
    }
    list->rules[list->count++] = *rule;
    return 0;
}

static int add_argument(tp_rule_list *list, const tp_command *command, const char *text)
{
    tp_rule rule;
    tp_rule_error error;
    if (tp_rule_parse(&rule, text, strlen(text), &error))
        return add(list, &rule);
    fprintf(stderr, "traceprof %s: --fail-if '%s': column %zu: expected %s\n", command->name, text,
            tp_rule_column(text, error.offset), error.expected);
    return TP_EXIT_USAGE;
}

/* The line without its comment: '#' at its start or behind a blank, but not in quotes. */
static size_t without_comment(const char *line, size_t size)
{
    bool quoted = false;
    for (size_t i = 0; i < size; i++) {
        if (line[i] == '"')
            quoted = !quoted;
        else if (line[i] == '#' && !quoted && (i == 0 || strchr(" \t", line[i - 1]) != NULL))
            return i;
    }
    return size;
}

static int add_line(tp_rule_list *list, const char *path, size_t number, const char *line,
                    size_t size)
{
    tp_rule rule;
    tp_rule_error error;
    size = without_comment(line, size);
    if (tp_rule_parse(&rule, line, size, &error))
        return add(list, &rule);
    if (rule.text.size == 0)
        return 0;
    fprintf(stderr, "%s:%zu:%zu: expected %s\n", path, number,
            tp_rule_column(line, error.offset), error.expected);
    return TP_EXIT_USAGE;
}

static int input_error(const char *path, const char *problem)
{
    fprintf(stderr, "traceprof: %s: %s\n", path, problem);
    return TP_EXIT_INPUT;
}

/* The whole file into list->files, which has room for it. */
static int read_file(tp_rule_list *list, size_t *size, const char *path)
{
    int is_input = strcmp(path, "-") == 0;
    FILE *file = is_input ? stdin : fopen(path, "rb");
    if (file == NULL)
        return input_error(path, strerror(errno));
    char *text = malloc(MOST_BYTES + 1);
    if (text != NULL) {
        list->files[list->file_count++] = text;
        *size = fread(text, 1, MOST_BYTES + 1, file);
    }
    const char *problem = ferror(file) ? strerror(errno) : NULL;
    if (!is_input)
        fclose(file);
    if (text == NULL)
        return tp_status_error(TP_ENOMEM);
    if (problem == NULL && *size > MOST_BYTES)
        problem = "more than 1 MiB of rules";
    return problem == NULL ? 0 : input_error(path, problem);
}

static int add_file(tp_rule_list *list, const char *path)
{
    size_t size = 0, number = 1;
    int status = read_file(list, &size, path);
    if (status != 0)
        return status;
    const char *line = list->files[list->file_count - 1], *end = line + size;
    for (; status == 0 && line < end; number++) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        if (stop == NULL)
            stop = end;
        status = add_line(list, path, number, line, (size_t)(stop - line));
        line = stop < end ? stop + 1 : end;
    }
    return status;
}

int tp_rule_list_load(tp_rule_list *list, const tp_arguments *arguments)
{
    const char *value;
    size_t position = 0;
    int status = 0;
    *list = (tp_rule_list){ .files = calloc(arguments->given_count + 1, sizeof *list->files) };
    if (list->files == NULL)
        return tp_status_error(TP_ENOMEM);
    while (status == 0 && (value = tp_argument_next(arguments, "fail-if", &position)) != NULL)
        status = add_argument(list, arguments->command, value);
    position = 0;
    while (status == 0 && (value = tp_argument_next(arguments, "rules", &position)) != NULL)
        status = add_file(list, value);
    return status;
}

void tp_rule_list_free(tp_rule_list *list)
{
    for (size_t i = 0; i < list->file_count; i++)
        free(list->files[i]);
    free(list->files);
    free(list->rules);
    *list = (tp_rule_list){ .count = 0 };
}

const tp_rule *tp_rule_list_relative(const tp_rule_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->rules[i].relation != TP_ABSOLUTE)
            return &list->rules[i];
    }
    return NULL;
}

const tp_rule *tp_rule_list_of_calls(const tp_rule_list *list, bool only_relative)
{
    for (size_t i = 0; i < list->count; i++) {
        if (tp_metric_needs_counts(list->rules[i].metric) &&
            (!only_relative || list->rules[i].relation != TP_ABSOLUTE))
            return &list->rules[i];
    }
    return NULL;
}
