/* --help and the manual page, from the commands' descriptions. */
#include <string.h>

#include "command.h"

#define INDENT 26
#define LINE 79

/* When the manual page's words were last changed: builds are to be reproducible. */
#define DATE "2026-11-21"

static const char about[] =
    "traceprof reads profiles: those of ctraceprof, cProfile, profile, yappi,\n"
    "pyinstrument and Python 3.15's profiling.sampling. It needs no Python.";

static const char environment[] =
    "NO_COLOR   set and not empty: no colours\n"
    "COLUMNS    width of tables on a terminal\n"
    "PAGER      shows what is longer than the terminal; default: less; empty: none\n"
    "VISUAL, EDITOR\n"
    "           what 'tui' opens files in; default: vi\n"
    "LC_ALL, LC_CTYPE, LANG\n"
    "           of UTF-8: bars are blocks, else signs";

static const char statuses[] =
    "0 all went well; 1 a rule of 'check' or an invariant of\n"
    "'info --check' was broken; 2 wrong usage; 3 input that cannot be read or is no\n"
    "profile, or output that cannot be written.";

void tp_print_overview(FILE *out)
{
    size_t count;
    const tp_command *const *commands = tp_commands(&count);
    fprintf(out, "usage: traceprof COMMAND [OPTIONS] FILE...\n\n%s\n\ncommands:\n", about);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "  %-12s %s\n", commands[i]->name, commands[i]->purpose);
    fputs("\n'traceprof FILE' is 'traceprof top FILE'; - is standard input; several files are\n"
          "merged. 'traceprof help COMMAND' tells more; 'traceprof help --man' prints the\n"
          "manual page; 'traceprof --version' the version.\n",
          out);
    fprintf(out, "\nExit status: %s\n", statuses);
}

/* "-n, --limit N"; gives its width. */
static int print_option_name(FILE *out, const tp_option *option)
{
    int width = option->letter != '\0' ? fprintf(out, "  -%c, ", option->letter)
                                       : fprintf(out, "      ");
    width += fprintf(out, "--%s", option->name);
    if (option->value != NULL)
        width += fprintf(out, " %s", option->value);
    return width;
}

/* Help text behind the names, broken at blanks to fit a line. */
static void print_option(FILE *out, const tp_option *option)
{
    int column = print_option_name(out, option);
    if (column >= INDENT - 1) {
        fputc('\n', out);
        column = 0;
    }
    fprintf(out, "%*s", INDENT - column, "");
    column = INDENT;
    for (const char *word = option->help; *word != '\0';) {
        int size = (int)strcspn(word, " \n");
        if (column > INDENT && (word[-1] == '\n' || column + 1 + size > LINE)) {
            fprintf(out, "\n%*s", INDENT, "");
            column = INDENT;
        } else if (column > INDENT) {
            fputc(' ', out);
            column++;
        }
        fprintf(out, "%.*s", size, word);
        column += size;
        word += size;
        word += *word != '\0';
    }
    fputc('\n', out);
}

void tp_print_help(FILE *out, const tp_command *command)
{
    const tp_option *option;
    fprintf(out, "usage: traceprof %s [OPTIONS] %s\n\n%s.\n\n", command->name, command->operands,
            command->purpose);
    for (size_t n = 0; (option = tp_command_option(command, n)) != NULL; n++)
        print_option(out, option);
    if (command->text != NULL && *command->text != '\0')
        fprintf(out, "\n%s\n", command->text);
}

/* Text in man(7): dots at the start of a line, backslashes and hyphens mean something there, and
 * quotes, carets and tildes would be set as others. */
static void put_roff_span(FILE *out, const char *text, size_t size)
{
    static const char *const escapes[][2] = {
        { "\\", "\\e" },   { "-", "\\-" },    { "'", "\\(aq" },
        { "`", "\\(ga" }, { "^", "\\(ha" }, { "~", "\\(ti" },
    };
    for (size_t i = 0; i < size; i++) {
        const char *found = NULL;
        for (size_t e = 0; e < sizeof escapes / sizeof *escapes; e++) {
            if (text[i] == escapes[e][0][0])
                found = escapes[e][1];
        }
        if (text[i] == '.' && (i == 0 || text[i - 1] == '\n'))
            fputs("\\&", out);
        if (found != NULL)
            fputs(found, out);
        else
            fputc(text[i], out);
    }
}

static void put_roff(FILE *out, const char *text)
{
    put_roff_span(out, text, strlen(text));
}

static void put_verbatim(FILE *out, const char *text, size_t size)
{
    fputs(".nf\n", out);
    put_roff_span(out, text, size);
    fputs("\n.fi\n", out);
}

/* Whether a line of the paragraph is indented: then it is a table or an example. */
static int is_table(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (text[i] == ' ' && (i == 0 || text[i - 1] == '\n'))
            return 1;
    }
    return 0;
}

static void put_paragraphs(FILE *out, const char *text)
{
    for (const char *at = text; *at != '\0';) {
        const char *end = strstr(at, "\n\n");
        size_t size = end != NULL ? (size_t)(end - at) : strlen(at);
        fputs(".PP\n", out);
        if (is_table(at, size)) {
            put_verbatim(out, at, size);
        } else {
            put_roff_span(out, at, size);
            fputc('\n', out);
        }
        at += size + (end != NULL ? 2 : 0);
    }
}

static void put_roff_option(FILE *out, const tp_option *option)
{
    fputs(".TP\n", out);
    if (option->letter != '\0')
        fprintf(out, "\\fB\\-%c\\fR, ", option->letter);
    fputs("\\fB\\-\\-", out);
    put_roff(out, option->name);
    fputs("\\fR", out);
    if (option->value != NULL)
        fprintf(out, " \\fI%s\\fR", option->value);
    fputc('\n', out);
    put_roff(out, option->help);
    fputc('\n', out);
}

static const struct {
    const char *title;
    unsigned shared;
} groups[] = {
    { "Focus", TP_WITH_FOCUS },
    { "Times", TP_WITH_TIMES },
    { "Tables", TP_WITH_TABLE },
    { "Output", TP_WITH_OUTPUT },
};

#define GROUP_COUNT (sizeof groups / sizeof *groups)

/* "Takes the options of Focus, Times and Output, too." */
static void put_roff_groups(FILE *out, unsigned shared)
{
    if (shared == 0)
        return;
    unsigned left = shared;
    fputs(".PP\nTakes the options of ", out);
    for (size_t i = 0; i < GROUP_COUNT; i++) {
        if ((shared & groups[i].shared) == 0)
            continue;
        left &= ~groups[i].shared;
        fprintf(out, "%s%s", groups[i].title,
                left == 0 ? "" : (left & (left - 1)) == 0 ? " and " : ", ");
    }
    fputs(", too.\n", out);
}

static void put_roff_command(FILE *out, const tp_command *command)
{
    fprintf(out, ".SS traceprof %s [OPTIONS] %s\n", command->name, command->operands);
    put_roff(out, command->purpose);
    fputs(".\n", out);
    for (size_t n = 0; n < 64 && command->options[n].name != NULL; n++)
        put_roff_option(out, &command->options[n]);
    put_roff_groups(out, command->shared);
    if (command->text != NULL)
        put_paragraphs(out, command->text);
}

static void put_roff_shared(FILE *out, const char *title, unsigned shared)
{
    static const tp_option none[] = { { '\0', NULL, NULL, NULL, NULL } };
    tp_command group = { .options = none, .shared = shared };
    const tp_option *option;
    fprintf(out, ".SS %s\n", title);
    for (size_t n = 0; (option = tp_command_option(&group, n)) != NULL; n++) {
        if (strcmp(option->name, "help") != 0)
            put_roff_option(out, option);
    }
}

void tp_print_manual(FILE *out)
{
    size_t count;
    const tp_command *const *commands = tp_commands(&count);
    fprintf(out, ".TH TRACEPROF 1 \"" DATE "\" \"traceprof %s\" \"User Commands\"\n", tp_version());
    fputs(".SH NAME\ntraceprof \\- read, compare and check profiles of Python programs\n", out);
    fputs(".SH SYNOPSIS\n.B traceprof\n.I COMMAND\n[\\fIOPTIONS\\fR] \\fIFILE\\fR...\n", out);
    fputs(".SH DESCRIPTION\n", out);
    put_roff(out, about);
    fputs("\n.SH COMMANDS\n", out);
    for (size_t i = 0; i < count; i++)
        put_roff_command(out, commands[i]);
    fputs(".SH OPTIONS OF MANY COMMANDS\nAll take \\fB\\-h\\fR, \\fB\\-\\-help\\fR.\n", out);
    for (size_t i = 0; i < GROUP_COUNT; i++)
        put_roff_shared(out, groups[i].title, groups[i].shared);
    fputs(".SH EXIT STATUS\n", out);
    put_roff(out, statuses);
    fputs("\n.SH ENVIRONMENT\n", out);
    put_verbatim(out, environment, strlen(environment));
}
