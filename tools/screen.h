/* The terminal: how wide, whether in colour, and through which pager. */
#ifndef TP_SCREEN_H
#define TP_SCREEN_H

#include "command.h"

/* What bars are drawn with. */
typedef enum tp_bars {
    TP_BARS_NONE,
    TP_BARS_SIGNS, /* # */
    TP_BARS_BLOCKS /* of Unicode, by eighths */
} tp_bars;

typedef struct tp_screen {
    int colour;   /* 1: escape sequences may be used */
    size_t width; /* columns; 0: no limit */
    tp_bars bars; /* for commands with --bars */
    int bars_stay; /* they were asked for: however narrow the screen is */
} tp_screen;

/* What the locale of the environment lets bars be drawn with. */
tp_bars tp_screen_bars(void);

/* For commands that draw bars. */
#define TP_BARS_OPTION                                                                            \
    { '\0', "bars", "WHEN", "shares as bars: auto (default: on a terminal), always or never",     \
      "auto always never" }

/* 0, or an exit status with the error printed (a width that is not a number). */
int tp_screen_find(tp_screen *screen, const tp_arguments *arguments);

/* Writes what a command printed to standard output: through $PAGER when that is a terminal, the text
 * has more lines than it, and `pager` is not 0. 0, or an exit status with the error printed; a reader
 * that has gone away is no error. */
int tp_screen_deliver(const char *text, size_t size, int pager);

#endif
