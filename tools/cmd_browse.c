/* traceprof browse: the prompt of "python -m pstats", with the same commands and the same answers.
 *
 * It differs where Python's answers are made by Python:
 * - a file that is no profile: "ValueError: " and the reader's message, where Python has the name of
 *   the exception that marshal or pstats happened to raise;
 * - such a file given to "add", or one whose callers cannot be added to those already there, is told
 *   in the same way, where Python ends with a traceback;
 * - "restriction <...>" prints code points that Unicode has not assigned as they are; integers in
 *   digits that are not ASCII are taken for regular expressions;
 * - regular expressions that can only be searched by backtracking: "Unsupported", and all rows;
 * - functions that the module profile names as callers and that have no row: Python ends with a
 *   KeyError, this prints no time;
 * - functions called by the root of the module profile stand in the order of the rows, not of a set;
 * - of samples, as in Python 3.15; all else as in 3.13. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "line_input.h"
#include "pstats_print.h"
#include "pstats_sort.h"
#include "python_text.h"
#include "tool.h"

typedef struct browser {
    tp_pstats *stats; /* Owned; NULL: none loaded */
    char *path;       /* Owned: the file read last; NULL: none */
    char *last;       /* Owned: the line that an empty one repeats; NULL: none */
    const tp_times *times; /* of files that are read; NULL: as they show them */
} browser;

typedef struct action {
    const char *name;
    /* 1: leave. `line` is what stands behind the name. */
    int (*run)(browser *b, const char *line);
    const char *help;
} action;

#define RESTRICTIONS \
    "Arguments may be:\n" \
    "* An integer maximum number of entries to print.\n" \
    "* A decimal fractional number between 0 and 1, controlling\n" \
    "  what fraction of selected entries to print.\n" \
    "* A regular expression; only entries with function names\n" \
    "  that match it are printed.\n"

static int run_help(browser *b, const char *line);

static int is_loaded(const browser *b)
{
    if (b->stats == NULL)
        puts("No statistics object is loaded.");
    return b->stats != NULL;
}

static void print_memory_error(void)
{
    puts("MemoryError: ");
}

static void print_load_error(tp_status status, const char *path, const tp_error *error)
{
    if (status == TP_ENOMEM) {
        print_memory_error();
    } else if (error->status == TP_EARGUMENT) {
        printf("ValueError: %s\n", error->message);
    } else if (error->status != TP_OK) {
        printf("ValueError: %s (at byte %llu)\n", error->message,
               (unsigned long long)error->offset);
    } else if (status == TP_ESTATE) {
        puts("TypeError: callers without times cannot be added to callers with times");
    } else if (status == TP_EARGUMENT) {
        char *line = tp_pstats_file_line(path);
        fputs("TypeError: Cannot create or construct a <class '__main__.Stats'> object from ",
              stdout);
        tp_python_put_repr(stdout, line != NULL ? line : path);
        putchar('\n');
        free(line);
    } else {
        printf("ValueError: %s\n", tp_status_message(status));
    }
}

/* "-" is a file here: standard input is where commands come from. */
static const char *as_file(const char *path)
{
    return strcmp(path, "-") == 0 ? "./-" : path;
}

static int run_add(browser *b, const char *line)
{
    tp_error error;
    if (!is_loaded(b))
        return 0;
    tp_status status = tp_pstats_add(b->stats, as_file(line), &error);
    if (status != TP_OK && error.system_error != 0) {
        printf("Failed to load statistics for %s: [Errno %d] %s: ", line, error.system_error,
               strerror(error.system_error));
        tp_python_put_repr(stdout, line);
        putchar('\n');
    } else if (status != TP_OK) {
        print_load_error(status, line, &error);
    }
    return 0;
}

/* A word as a limit, into limits[*count]; Python's message where it cannot be one. */
static tp_status add_limit(tp_pstats_limit *limits, size_t *count, const char *word, size_t size)
{
    tp_pstats_limit *limit = &limits[*count];
    tp_status status = tp_pstats_limit_parse(limit, word, size);
    if (limit->kind == TP_LIMIT_OUT_OF_RANGE)
        puts("Fraction argument must be in [0, 1]");
    else
        ++*count;
    return status;
}

static int print_view(browser *b, const char *line, tp_pstats_view view)
{
    size_t count = 0, size;
    const char *word;
    tp_status status = TP_OK;
    tp_pstats_limit *limits = calloc(strlen(line) / 2 + 1, sizeof *limits);
    if (limits == NULL)
        status = TP_ENOMEM;
    while (status == TP_OK && (word = tp_python_word(&line, &size)) != NULL)
        status = add_limit(limits, &count, word, size);
    if (status == TP_OK && is_loaded(b))
        status = tp_pstats_print(b->stats, stdout, view, limits, count);
    if (status != TP_OK)
        print_memory_error();
    for (size_t i = 0; i < count; i++)
        tp_pstats_limit_free(&limits[i]);
    free(limits);
    return 0;
}

static int run_callees(browser *b, const char *line)
{
    return print_view(b, line, TP_PSTATS_CALLEES);
}

static int run_callers(browser *b, const char *line)
{
    return print_view(b, line, TP_PSTATS_CALLERS);
}

static int run_stats(browser *b, const char *line)
{
    return print_view(b, line, TP_PSTATS_STATS);
}

static int run_end(browser *b, const char *line)
{
    (void)b;
    (void)line;
    putchar('\n');
    return 1;
}

static int run_quit(browser *b, const char *line)
{
    (void)b;
    (void)line;
    return 1;
}

static int run_read(browser *b, const char *line)
{
    tp_pstats *stats;
    tp_error error;
    const char *path = *line != '\0' ? line : b->path;
    if (path == NULL) {
        puts("No statistics object is current -- cannot reload.");
        return 0;
    }
    char *copy = malloc(strlen(path) + 1);
    if (copy == NULL) {
        print_memory_error();
        return 0;
    }
    tp_status status = tp_pstats_load(&stats, as_file(path), b->times, &error);
    if (status != TP_OK) {
        free(copy);
        if (error.system_error != 0)
            puts(strerror(error.system_error));
        else
            print_load_error(status, path, &error);
        return 0;
    }
    tp_pstats_destroy(b->stats);
    b->stats = stats;
    strcpy(copy, path);
    free(b->path);
    b->path = copy;
    return 0;
}

static int run_reverse(browser *b, const char *line)
{
    (void)line;
    if (is_loaded(b))
        tp_pstats_reverse(b->stats);
    return 0;
}

static void print_keys(void)
{
    puts("Valid sort keys (unique prefixes are accepted):");
    for (const tp_pstats_key *key = tp_pstats_keys(); key->name != NULL; key++)
        printf("%s -- %s\n", key->name, key->text);
}

static int run_sort(browser *b, const char *line)
{
    size_t count = 0, size;
    const char *word = NULL;
    if (!is_loaded(b))
        return 0;
    const tp_pstats_key **keys = calloc(strlen(line) / 2 + 1, sizeof *keys);
    while (keys != NULL && (word = tp_python_word(&line, &size)) != NULL) {
        keys[count] = b->stats->is_sampled ? tp_pstats_sample_key_find(word, size)
                                           : tp_pstats_key_find(word, size);
        if (keys[count] == NULL)
            break;
        count++;
    }
    if (keys == NULL)
        print_memory_error();
    else if (count == 0 || word != NULL)
        print_keys();
    else if (tp_pstats_sort(b->stats, keys, count) != TP_OK)
        print_memory_error();
    free(keys);
    return 0;
}

static int run_strip(browser *b, const char *line)
{
    (void)line;
    if (is_loaded(b) && tp_pstats_strip_dirs(b->stats) != TP_OK)
        print_memory_error();
    return 0;
}

static const action actions[] = {
    { "EOF", run_end, "Leave the profile browser.\n" },
    { "add", run_add, "Add profile info from given file to current statistics object.\n" },
    { "callees", run_callees,
      "Print callees statistics from the current stat object.\n" RESTRICTIONS },
    { "callers", run_callers,
      "Print callers statistics from the current stat object.\n" RESTRICTIONS },
    { "help", run_help, "Show help for a given command.\n" },
    { "quit", run_quit, "Leave the profile browser.\n" },
    { "read", run_read,
      "Read in profile data from a specified file.\n"
      "Without argument, reload the current file.\n" },
    { "reverse", run_reverse, "Reverse the sort order of the profiling report.\n" },
    { "sort", run_sort,
      "Sort profile data according to specified keys.\n"
      "(Typing `sort' without arguments lists valid keys.)\n" },
    { "stats", run_stats, "Print statistics from the current stat object.\n" RESTRICTIONS },
    { "strip", run_strip, "Strip leading path information from filenames in the report.\n" },
};

#define ACTION_COUNT (sizeof actions / sizeof *actions)

static const action *find_action(const char *name, size_t size)
{
    for (size_t i = 0; i < ACTION_COUNT; i++) {
        if (strlen(actions[i].name) == size && memcmp(actions[i].name, name, size) == 0)
            return &actions[i];
    }
    return NULL;
}

/* All names fit one line of 79 columns, so cmd's columns come down to that line. */
static int run_help(browser *b, const char *line)
{
    (void)b;
    const action *known = find_action(line, strlen(line));
    if (known != NULL) {
        fputs(known->help, stdout);
    } else if (*line != '\0') {
        printf("*** No help on %s\n", line);
    } else {
        puts("\nDocumented commands (type help <topic>):\n"
             "========================================");
        for (size_t i = 0; i < ACTION_COUNT; i++)
            printf("%s%s", i > 0 ? "  " : "", actions[i].name);
        fputs("\n\n", stdout);
    }
    return 0;
}

static int is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* A line that is not empty, its blanks stripped. */
static int run_stripped(browser *b, const char *line)
{
    size_t size = 0, rest;
    while (is_name_char(line[size]))
        size++;
    const action *known = find_action(line, size);
    if (known == NULL) {
        printf("*** Unknown syntax: %s\n", line);
        return 0;
    }
    return known->run(b, tp_python_strip(line + size, &rest));
}

static char *copy_text(const char *before, const char *text, size_t size)
{
    size_t first = strlen(before);
    char *copy = malloc(first + size + 1);
    if (copy != NULL) {
        memcpy(copy, before, first);
        memcpy(copy + first, text, size);
        copy[first + size] = '\0';
    }
    return copy;
}

/* "?" is help; "!" nothing; an empty line is the one before. 1: leave. */
static int run_line(browser *b, const char *line)
{
    size_t size;
    const char *text = tp_python_strip(line, &size);
    if (size == 0) {
        if (b->last == NULL)
            return 0;
        char *again = copy_text("", b->last, strlen(b->last));
        int leave = again != NULL && run_stripped(b, again);
        if (again == NULL)
            print_memory_error();
        free(again);
        return leave;
    }
    int is_help = *text == '?';
    char *stripped = is_help ? copy_text("help ", text + 1, size - 1) : copy_text("", text, size);
    if (stripped == NULL) {
        print_memory_error();
        return 0;
    }
    if (*text != '!') {
        free(b->last);
        b->last = strcmp(stripped, "EOF") != 0 ? copy_text("", stripped, strlen(stripped)) : NULL;
        if (b->last == NULL && strcmp(stripped, "EOF") != 0)
            print_memory_error();
    }
    int leave = run_stripped(b, stripped);
    free(stripped);
    return leave;
}

static int is_command(const char *line, const char *name)
{
    size_t size = strlen(name);
    return strncmp(line, name, size) == 0 && !is_name_char(line[size]);
}

static const char *complete(const char *before, unsigned n)
{
    if (is_command(before, "sort"))
        return tp_pstats_keys()[n].name;
    int has_names = *before == '\0' || *before == '?' || is_command(before, "help");
    return has_names && n < ACTION_COUNT ? actions[n].name : NULL;
}

static int wants_file(const char *before)
{
    return is_command(before, "read") || is_command(before, "add");
}

/* The loop ends at the end of input, too; when nobody reads what is printed, that is soon. And without
 * memory for a line, as Python's does: what could not be read cannot be asked for again. */
static int converse(browser *b)
{
    int leave = 0;
    puts("Welcome to the profile statistics browser.");
    while (!leave && !ferror(stdout)) {
        errno = 0;
        char *prompt = copy_text(b->path != NULL ? b->path : "", "% ", 2);
        char *line = prompt != NULL ? tp_line_read(prompt) : NULL;
        if (prompt == NULL || (line == NULL && errno == ENOMEM))
            print_memory_error();
        leave = line != NULL ? run_line(b, line) : run_end(b, "");
        free(prompt);
        free(line);
    }
    puts("Goodbye.");
    return TP_EXIT_OK;
}

/* A conversation cannot wait for its end: it goes to standard output, `out` stays empty. */
static int run(const tp_arguments *arguments, FILE *out)
{
    (void)out;
    browser b = { .times = tp_argument_times(arguments) };
    if (arguments->operand_count > 0)
        run_read(&b, arguments->operands[0]);
    for (size_t i = 1; i < arguments->operand_count; i++)
        run_add(&b, arguments->operands[i]);
    tp_line_setup(complete, wants_file);
    int status = converse(&b);
    tp_pstats_destroy(b.stats);
    free(b.path);
    free(b.last);
    return status;
}

static const tp_option options[] = { { '\0', NULL, NULL, NULL, NULL } };

const tp_command tp_command_browse = {
    .name = "browse",
    .operands = "[FILE...]",
    .purpose = "Look at a profile at a prompt, as with 'python -m pstats'",
    .text = "Commands at the prompt: stats, callers, callees, sort, reverse, strip, read, add,\n"
            "help, quit. 'stats 10', 'stats .1' and 'stats json' print the first ten rows, the\n"
            "first tenth of them, and those of functions whose names match a regular expression.",
    .options = options,
    .shared = TP_WITH_TIMES,
    .least = 0,
    .most = SIZE_MAX,
    .run = run,
};
