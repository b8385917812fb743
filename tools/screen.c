#define _XOPEN_SOURCE 700
#define _DEFAULT_SOURCE
#define _DARWIN_C_SOURCE
#include "screen.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool.h"

static int parse_width(size_t *width, const char *text)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < 0 || value > 100000)
        return 0;
    *width = (size_t)value;
    return 1;
}

static int wants_colour(const char *when, int is_terminal)
{
    if (when != NULL && strcmp(when, "auto") != 0)
        return strcmp(when, "always") == 0;
    const char *no = getenv("NO_COLOR"); /* no-color.org: set and not empty */
    const char *term = getenv("TERM");
    return is_terminal && (no == NULL || *no == '\0') &&
           (term == NULL || strcmp(term, "dumb") != 0);
}

tp_bars tp_screen_bars(void)
{
    static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *locale = getenv(names[i]);
        if (locale == NULL || *locale == '\0')
            continue;
        const char *set = strchr(locale, '.');
        return set != NULL && (strncasecmp(set, ".utf-8", 6) == 0 || strncasecmp(set, ".utf8", 5) == 0)
                   ? TP_BARS_BLOCKS
                   : TP_BARS_SIGNS;
    }
    return TP_BARS_SIGNS;
}

static int wants_bars(const char *when, int is_terminal)
{
    return when == NULL || strcmp(when, "auto") == 0 ? is_terminal : strcmp(when, "always") == 0;
}

int tp_screen_find(tp_screen *screen, const tp_arguments *arguments)
{
    int is_terminal = isatty(STDOUT_FILENO);
    const char *width = tp_argument(arguments, "width");
    const char *columns = getenv("COLUMNS");
    struct winsize size;
    *screen = (tp_screen){ .colour = wants_colour(tp_argument(arguments, "color"), is_terminal) };
    const char *bars = tp_argument(arguments, "bars");
    if (wants_bars(bars, is_terminal))
        screen->bars = tp_screen_bars();
    screen->bars_stay = bars != NULL && strcmp(bars, "always") == 0;
    if (width != NULL)
        return parse_width(&screen->width, width)
                   ? 0
                   : tp_usage_error(arguments->command, "not a number of columns:", width);
    if (!is_terminal)
        return 0;
    if (columns != NULL && parse_width(&screen->width, columns) && screen->width > 0)
        return 0;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
        screen->width = size.ws_col;
    return 0;
}

static int write_error(int reason)
{
    if (reason == EPIPE)
        return 0;
    fprintf(stderr, "traceprof: cannot write: %s\n", strerror(reason));
    return TP_EXIT_INPUT;
}

static int write_stdout(const char *text, size_t size)
{
    errno = 0;
    int failed = fwrite(text, 1, size, stdout) < size;
    failed |= fflush(stdout) != 0;
    if (!failed)
        return 0;
    int reason = errno;
    clearerr(stdout);
    return write_error(reason);
}

static int is_taller_than_terminal(const char *text, size_t size)
{
    struct winsize screen;
    if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &screen) != 0 ||
        screen.ws_row == 0)
        return 0;
    size_t lines = 0;
    for (size_t i = 0; i < size; i++)
        lines += text[i] == '\n';
    return lines >= screen.ws_row;
}

/* less is told to pass colours on, and to leave the text there at the end. */
#define LESS_DEFAULTS ": \"${LESS=FRX}\"; export LESS; "

static FILE *open_pager(const char *pager)
{
    size_t size = sizeof LESS_DEFAULTS + strlen(pager);
    char *command = malloc(size);
    if (command == NULL)
        return NULL;
    snprintf(command, size, "%s%s", LESS_DEFAULTS, pager);
    FILE *pipe = popen(command, "w");
    free(command);
    return pipe;
}

/* A pager that cannot be started costs nobody the text. */
static int page(const char *text, size_t size)
{
    const char *pager = getenv("PAGER");
    if (pager == NULL)
        pager = "less";
    FILE *pipe = *pager == '\0' || strcmp(pager, "cat") == 0 ? NULL : open_pager(pager);
    if (pipe == NULL)
        return write_stdout(text, size);
    fwrite(text, 1, size, pipe); /* one who leaves the pager has seen enough */
    int status = pclose(pipe);
    return WIFEXITED(status) && WEXITSTATUS(status) == 127 ? write_stdout(text, size) : 0;
}

int tp_screen_deliver(const char *text, size_t size, int pager)
{
    if (pager && is_taller_than_terminal(text, size))
        return page(text, size);
    return write_stdout(text, size);
}
