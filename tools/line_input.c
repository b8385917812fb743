#define _XOPEN_SOURCE 700
#include "line_input.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef TP_HAVE_EDITLINE
#define TP_HAVE_EDITLINE 0
#endif

#if TP_HAVE_EDITLINE == 1
#include <editline/readline.h>
#elif TP_HAVE_EDITLINE == 2
#include <readline/history.h>
#include <readline/readline.h>
#endif

#if TP_HAVE_EDITLINE

/* These libraries have one state for the whole process, and pass no context to their callbacks. */
static tp_complete *complete_word;
static tp_wants_file *is_file_wanted;
static char *before; /* Owned: the line up to the word that is completed */
static unsigned next_candidate;

static char *generate(const char *word, int state)
{
    const char *candidate;
    if (state == 0)
        next_candidate = 0;
    while ((candidate = complete_word(before, next_candidate)) != NULL) {
        next_candidate++;
        if (strncmp(candidate, word, strlen(word)) == 0)
            return strdup(candidate);
    }
    return NULL;
}

static char **attempt(const char *word, int start, int end)
{
    (void)end;
    int blanks = (int)strspn(rl_line_buffer, " \t");
    rl_attempted_completion_over = 1; /* no file names by default */
    free(before);
    before = strdup(rl_line_buffer + (blanks < start ? blanks : start));
    if (before == NULL)
        return NULL;
    before[blanks < start ? start - blanks : 0] = '\0';
    return rl_completion_matches(word, is_file_wanted(before) ? rl_filename_completion_function
                                                              : generate);
}

static char *edit_line(const char *prompt)
{
    char *line = readline(prompt);
    if (line != NULL && *line != '\0')
        add_history(line);
    return line;
}

void tp_line_setup(tp_complete *complete, tp_wants_file *wants_file)
{
    static char breaks[] = " \t\n";
    complete_word = complete;
    is_file_wanted = wants_file;
    rl_attempted_completion_function = attempt;
    rl_basic_word_break_characters = breaks;
}

#else

static char *edit_line(const char *prompt)
{
    (void)prompt;
    return NULL;
}

void tp_line_setup(tp_complete *complete, tp_wants_file *wants_file)
{
    (void)complete;
    (void)wants_file;
}

#endif

static int ends_line(int c)
{
    if (c == '\r') {
        int next = getchar();
        if (next != '\n' && next != EOF)
            ungetc(next, stdin);
    }
    return c == '\n' || c == '\r';
}

static char *read_line(void)
{
    size_t size = 0, room = 80;
    char *line = malloc(room);
    int c = EOF;
    while (line != NULL && (c = getchar()) != EOF && !ends_line(c)) {
        if (size + 1 == room) {
            char *longer = realloc(line, room *= 2);
            if (longer == NULL)
                free(line);
            line = longer;
        }
        if (line != NULL)
            line[size++] = (char)c;
    }
    if (line != NULL && c == EOF && size == 0) {
        free(line);
        return NULL;
    }
    if (line != NULL)
        line[size] = '\0';
    else
        errno = ENOMEM;
    return line;
}

char *tp_line_read(const char *prompt)
{
    if (TP_HAVE_EDITLINE && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)) {
        fflush(stdout);
        return edit_line(prompt);
    }
    fputs(prompt, stdout);
    if (fflush(stdout) != 0)
        return NULL;
    return read_line();
}
