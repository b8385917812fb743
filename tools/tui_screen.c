#define _XOPEN_SOURCE 700
#define NCURSES_WIDECHAR 1
#include "tui_screen.h"

#include "tool.h"

#ifndef TP_HAVE_CURSES
#define TP_HAVE_CURSES 0
#endif

#if TP_HAVE_CURSES

#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>
#include <wchar.h>

#include "editor.h"
#include "tui_draw.h"

/* How often the terminal may have something to read that is no key: then it is gone. */
#define MOST_EMPTY_READS 16

#define MILLISECONDS_OF_ESCAPE 50

enum { YELLOW = 1, RED = 2 };

static volatile sig_atomic_t stopped_by;

static void stop(int number)
{
    stopped_by = number;
}

typedef struct screen {
    SCREEN *screen;
    tp_tui *tui;
    int colour;
    int unicode;   /* the locale can say all characters */
    sigset_t mask; /* of signals, as it was */
} screen;

/* Output is UTF-8, as that of all commands. Where the environment says nothing of it, ncurses has to be
 * told. */
static int set_locale(void)
{
    if (setlocale(LC_CTYPE, "") != NULL && strcmp(nl_langinfo(CODESET), "UTF-8") == 0)
        return 1;
    return setlocale(LC_CTYPE, "C.UTF-8") != NULL && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

static void put_text(const screen *s, const char *text, size_t size)
{
    if (s->unicode) {
        addnstr(text, (int)size);
        return;
    }
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte < 0x80)
            addch(byte);
        else if (byte >= 0xC0)
            addch('?');
    }
}

static void draw_line(const screen *s, size_t number)
{
    tp_tui_line line;
    int y = (int)number;
    move(y, 0);
    clrtoeol();
    if (tp_tui_line_make(&line, s->tui, number) != 0)
        return;
    attrset(line.is_title ? A_BOLD : A_NORMAL);
    put_text(s, line.text.text, line.text.size);
    attrset(A_NORMAL);
    if (line.is_selected)
        mvchgat(y, 0, -1, A_REVERSE, 0, NULL);
    else if (s->colour && line.heat > 0)
        mvchgat(y, (int)line.hot, (int)(line.hot_behind - line.hot), A_NORMAL,
                line.heat > 1 ? RED : YELLOW, NULL);
    tp_tui_line_free(&line);
}

static void draw(const screen *s)
{
    for (size_t i = 0; i < s->tui->lines; i++)
        draw_line(s, i);
    refresh();
}

static void open_editor(screen *s)
{
    uint32_t function = tp_tui_selected(s->tui);
    char *message = s->tui->message;
    if (function == TP_NO_INDEX)
        return;
    const tp_label *label = &tp_profile_functions(s->tui->profile)[function].label;
    if (!tp_editor_finds(label, message, sizeof s->tui->message))
        return;
    def_prog_mode();
    endwin();
    tp_editor_open(label, message, sizeof s->tui->message);
    reset_prog_mode();
    clearok(stdscr, TRUE);
}

static uint32_t key_of(wint_t code, int is_function_key)
{
    static const struct {
        wint_t code;
        uint32_t key;
    } keys[] = {
        { KEY_UP, TP_KEY_UP },          { KEY_DOWN, TP_KEY_DOWN },
        { KEY_LEFT, TP_KEY_LEFT },      { KEY_RIGHT, TP_KEY_RIGHT },
        { KEY_PPAGE, TP_KEY_PAGE_UP },  { KEY_NPAGE, TP_KEY_PAGE_DOWN },
        { KEY_HOME, TP_KEY_HOME },      { KEY_END, TP_KEY_END },
        { KEY_ENTER, TP_KEY_ENTER },    { KEY_BACKSPACE, TP_KEY_ERASE },
    };
    for (size_t i = 0; is_function_key && i < sizeof keys / sizeof *keys; i++) {
        if (keys[i].code == code)
            return keys[i].key;
    }
    if (is_function_key)
        return 0;
    if (code == '\n' || code == '\r')
        return TP_KEY_ENTER;
    if (code == '\b' || code == 0x7F)
        return TP_KEY_ERASE;
    return code == 0x1B ? TP_KEY_ESCAPE : (uint32_t)code;
}

/* All keys that have come. 1: leave; *any: whether there were some. */
static int take_keys(screen *s, int *any)
{
    wint_t code;
    int kind;
    *any = 0;
    while ((kind = get_wch(&code)) != ERR) {
        *any = 1;
        if (kind == KEY_CODE_YES && code == KEY_RESIZE) {
            tp_tui_resize(s->tui, (size_t)COLS, (size_t)LINES);
            continue;
        }
        if (code == '\f') /* what others wrote over it */
            clearok(curscr, TRUE);
        tp_tui_action action = tp_tui_key(s->tui, key_of(code, kind == KEY_CODE_YES));
        if (action == TP_TUI_LEAVE)
            return 1;
        if (action == TP_TUI_EDIT)
            open_editor(s);
    }
    return 0;
}

/* Signals, a changed size among them, come while this waits and at no other time: none is missed. */
static int wait_for_key(const screen *s)
{
    fd_set input;
    FD_ZERO(&input);
    FD_SET(STDIN_FILENO, &input);
    return pselect(STDIN_FILENO + 1, &input, NULL, NULL, NULL, &s->mask) > 0;
}

static void run(screen *s)
{
    int empty = 0, any;
    while (stopped_by == 0 && empty < MOST_EMPTY_READS) {
        if (take_keys(s, &any))
            return;
        draw(s);
        empty = any ? 0 : empty;
        empty += wait_for_key(s);
    }
}

static void catch_signals(screen *s)
{
    static const int stopping[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
    struct sigaction action = { .sa_handler = stop }, now;
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGWINCH);
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof stopping / sizeof *stopping; i++) {
        sigaddset(&blocked, stopping[i]);
        if (sigaction(stopping[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
            sigaction(stopping[i], &action, NULL);
    }
    stopped_by = 0;
    sigprocmask(SIG_BLOCK, &blocked, &s->mask);
}

static void release_signals(const screen *s)
{
    static const int stopping[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
    const struct sigaction standard = { .sa_handler = SIG_DFL };
    struct sigaction now;
    for (size_t i = 0; i < sizeof stopping / sizeof *stopping; i++) {
        if (sigaction(stopping[i], NULL, &now) == 0 && now.sa_handler == stop)
            sigaction(stopping[i], &standard, NULL);
    }
    sigprocmask(SIG_SETMASK, &s->mask, NULL);
}

static int refuse(void)
{
    const char *term = getenv("TERM");
    if (term == NULL || *term == '\0')
        fputs("traceprof tui: TERM does not say which terminal this is\n", stderr);
    else
        fprintf(stderr, "traceprof tui: cannot draw on the terminal that TERM names: '%s'\n", term);
    return TP_EXIT_USAGE;
}

static void set_up(screen *s)
{
    s->colour = s->colour && has_colors() && start_color() == OK && use_default_colors() == OK;
    if (s->colour) {
        init_pair(YELLOW, COLOR_YELLOW, -1);
        init_pair(RED, COLOR_RED, -1);
    }
    cbreak();
    noecho();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    set_escdelay(MILLISECONDS_OF_ESCAPE);
    curs_set(0);
    tp_tui_resize(s->tui, (size_t)COLS, (size_t)LINES);
}

int tp_tui_screen_run(tp_tui *t, int colour)
{
    screen s = { .tui = t, .colour = colour, .unicode = set_locale() };
    const char *term = getenv("TERM"), *address;
    if (term == NULL || *term == '\0')
        return refuse();
    s.screen = newterm(NULL, stdout, stdin);
    if (s.screen == NULL)
        return refuse();
    address = tigetstr("cup"); /* what cannot go to a place on the screen is no screen */
    if (address == NULL) {
        endwin();
        delscreen(s.screen);
        return refuse();
    }
    set_up(&s);
    catch_signals(&s);
    run(&s);
    endwin();
    release_signals(&s);
    delscreen(s.screen);
    return stopped_by == 0 ? TP_EXIT_OK : -stopped_by;
}

#else

int tp_tui_screen_run(tp_tui *t, int colour)
{
    (void)t;
    (void)colour;
    fputs("traceprof tui: built without ncurses, which draws it; 'tree' and 'top' print the same\n",
          stderr);
    return TP_EXIT_USAGE;
}

#endif
