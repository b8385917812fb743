/* A share of the whole as a bar. */
#ifndef TP_BAR_H
#define TP_BAR_H

#include <stddef.h>

#include "screen.h"

#define TP_BAR_WIDTH 10

/* Room for a bar of TP_BAR_WIDTH columns, with the NUL. */
#define TP_BAR_ROOM (3 * TP_BAR_WIDTH + 1)

/* The share's bar, without blanks behind it; gives how many of TP_BAR_WIDTH columns it takes. Blocks are
 * UTF-8, exact to an eighth of a column. What is below 0 or no number has none, 1 and more the whole. */
size_t tp_bar_format(char text[TP_BAR_ROOM], double share, tp_bars bars);

#endif
