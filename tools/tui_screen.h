/* The terminal of traceprof tui. */
#ifndef TP_TUI_SCREEN_H
#define TP_TUI_SCREEN_H

#include "tui.h"

/* Shows it and takes keys until it is left. 0; an exit status with the error printed; or minus the number
 * of the signal that ended it. The terminal is as it was in any case. */
int tp_tui_screen_run(tp_tui *t, int colour);

#endif
