/* The lines of traceprof tui's screen, as text. */
#ifndef TP_TUI_DRAW_H
#define TP_TUI_DRAW_H

#include "collector.h"
#include "tui.h"

typedef struct tp_tui_line {
    tp_collector text; /* no more columns than the screen has */
    int is_title;
    int is_selected;        /* the cursor of the pane that has the keys */
    int heat;               /* 1: a share of a twentieth or more, 2: of a fifth */
    size_t hot, hot_behind; /* columns [hot, hot_behind) */
} tp_tui_line;

/* The line, counted from 0. 0, or not 0: memory is exhausted. To be freed if it is 0. */
int tp_tui_line_make(tp_tui_line *line, const tp_tui *t, size_t number);
void tp_tui_line_free(tp_tui_line *line);

#endif
