/* What the two ways of selecting share. */
#ifndef TP_SELECT_H
#define TP_SELECT_H

#include <stdbool.h>

#include <traceprof/reshape.h>
#include <traceprof/sort.h>

#include "model.h"

/* Which rules of a selection speak of a function. */
enum {
    TP_MARK_FOCUS = 1,
    TP_MARK_IGNORE = 2,
    TP_MARK_HIDE = 4,
    TP_MARK_ROOT = 8,
    TP_MARK_LIBRARY = 16 /* and libraries are to be collapsed */
};

/* Rows and edges alone, for profiles without trees. */
TP_NODISCARD tp_status tp_select_rows(tp_profile *part, const tp_profile *profile,
                                      const tp_selection *selection, const uint8_t *marks);

#endif
