/* A caller's timer, a Python callable, as a clock. What it gives is checked and never raised: a result
 * that cannot be used goes to sys.unraisablehook, and the last good one stands in for it. */
#ifndef TP_TIMER_H
#define TP_TIMER_H

#include "compat.h"

#include <stdbool.h>

#include <traceprof/cpython.h>

typedef struct tp_timer {
    PyObject *callable; /* Owned. */
    double unit;        /* as timer_unit in <traceprof/cpython.h> */
    tp_recording *recording; /* Borrowed; busy while the callable runs */
    bool started;       /* `last` is a result, not the 0 it begins with */
    int64_t last;
    uint64_t failures;
    uint64_t backwards;
} tp_timer;

/* A timer and the clock that reads it; both are the caller's to free, the clock first. */
TP_NODISCARD tp_status tp_timer_create(tp_timer **timer, tp_clock **clock, PyObject *callable,
                                       double unit, tp_recording *recording);
void tp_timer_destroy(tp_timer *timer);

#endif
