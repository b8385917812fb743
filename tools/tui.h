/* traceprof tui without its terminal: what is on view, and what keys do to it. */
#ifndef TP_TUI_H
#define TP_TUI_H

#include "command.h"
#include "rows.h"
#include "screen.h"
#include "tui_tree.h"

/* Keys that are no characters; characters are their code points. */
enum {
    TP_KEY_UP = 0x110000,
    TP_KEY_DOWN,
    TP_KEY_LEFT,
    TP_KEY_RIGHT,
    TP_KEY_PAGE_UP,
    TP_KEY_PAGE_DOWN,
    TP_KEY_HOME,
    TP_KEY_END,
    TP_KEY_ENTER,
    TP_KEY_ERASE,
    TP_KEY_ESCAPE
};

typedef enum tp_tui_pane { TP_PANE_TREE, TP_PANE_TABLE } tp_tui_pane;
typedef enum tp_tui_mode { TP_MODE_PANES, TP_MODE_SEARCH, TP_MODE_HELP } tp_tui_mode;

/* What is to be done behind a key. */
typedef enum tp_tui_action { TP_TUI_GO_ON, TP_TUI_LEAVE, TP_TUI_EDIT } tp_tui_action;

#define TP_TUI_LEAST_COLUMNS 50
#define TP_TUI_LEAST_LINES 10
#define TP_TUI_MESSAGE 256
#define TP_TUI_SEARCH 128

typedef struct tp_tui {
    const tp_arguments *arguments; /* Borrowed. */
    tp_profile *profile;           /* Borrowed; the times it shows are changed */
    tp_tui_tree tree;              /* of one thread */
    size_t thread;
    double whole;     /* sum of own times, in seconds */
    uint32_t *rows;   /* Owned; functions of the table */
    size_t row_count;
    size_t sorted_by; /* which of the sort keys */
    int reverse;
    tp_tui_pane pane; /* the one that keys go to */
    int alone;        /* not 0: it has the screen for itself */
    tp_tui_mode mode;
    size_t cursor[2], top[2]; /* by pane; the first row on the screen */
    size_t columns, lines;    /* of the screen */
    const char *unit;
    tp_bars bars;
    char message[TP_TUI_MESSAGE]; /* for the last line; "" none */
    char search[TP_TUI_SEARCH];   /* as it is typed */
    size_t search_size;
    tp_pattern *pattern; /* Owned; NULL: nothing was searched for */
} tp_tui;

/* To be freed in either case. The profile has a tree, be it estimated, unless it is empty. */
TP_NODISCARD tp_status tp_tui_make(tp_tui *t, const tp_arguments *arguments, tp_profile *profile);
void tp_tui_free(tp_tui *t);

void tp_tui_resize(tp_tui *t, size_t columns, size_t lines);

/* TP_ENOMEM is said in the last line, and leaves what was on view. */
tp_tui_action tp_tui_key(tp_tui *t, uint32_t key);

/* Shows a text in the last line, until the next key. */
void tp_tui_say(tp_tui *t, const char *text);

/* The function that is selected, TP_NO_INDEX if there is none. */
uint32_t tp_tui_selected(const tp_tui *t);

/* Rows of a pane that are on the screen. */
size_t tp_tui_height(const tp_tui *t, tp_tui_pane pane);

/* What the table is sorted by, as its title is marked: "self", "cum", "calls", "function". */
tp_sort_key tp_tui_sort_key(const tp_tui *t);

#endif
