/* The rows of callgrind's functions, once all of the file is read. */
#ifndef TP_CALLGRIND_ROWS_H
#define TP_CALLGRIND_ROWS_H

#include "model.h"

/* The profile has rows with their own times and lines, and edges with calls and inclusive times. The rest
 * follows from these: numbers of calls are those of the callers', or 1 where nobody called; cumulative time
 * is what callers gave, those left out that the function itself calls again. Edges are grouped. */
TP_NODISCARD tp_status tp_callgrind_rows(tp_profile *profile);

#endif
