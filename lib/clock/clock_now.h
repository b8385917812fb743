/* The clock as the recorder sees it: one branch and one instruction where the counter is used. */
#ifndef TP_CLOCK_NOW_H
#define TP_CLOCK_NOW_H

#include <traceprof/clock.h>

#include "compiler.h"
#include "counter.h"

struct tp_clock {
    tp_clock_kind kind;
    tp_clock_read_fn read; /* NULL for the counter, which is read inline */
    void *context;         /* Borrowed. */
    double unit;           /* seconds a tick; for the counter 0 unless held */
    uint64_t step;         /* fake clock: ticks a read */
    uint64_t fake_now;
    uint64_t first_counter; /* counter and nanoseconds read together at creation, */
    uint64_t first_ns;      /* one end of the line that is fitted */
};

TP_ALWAYS_INLINE uint64_t tp_clock_now(const tp_clock *clock)
{
#ifdef TP_HAVE_COUNTER
    if (TP_LIKELY(clock->read == NULL))
        return tp_counter_read();
#endif
    return clock->read(clock->context);
}

#endif
