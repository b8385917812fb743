/* The user's editor. */
#ifndef TP_EDITOR_H
#define TP_EDITOR_H

#include <traceprof/traceprof.h>

/* Opens the label's file at its line in $VISUAL, $EDITOR or vi, and waits for its end. What is to be told
 * is put to message[0 .. room - 1]; "": nothing. The terminal must be as an editor expects it. */
void tp_editor_open(const tp_label *label, char *message, size_t room);

/* Whether there is such a file; if not, what is to be told is in `message`. */
int tp_editor_finds(const tp_label *label, char *message, size_t room);

#endif
