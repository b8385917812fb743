/* Compensation: what recording costs, taken out of a track's tree (docs/accuracy.md). */
#ifndef TP_COMPENSATE_H
#define TP_COMPENSATE_H

#include <traceprof/session.h>

#include "fold.h"

struct tp_track;
struct tp_beyond_open;

/* Inclusive ticks of all of a function's calls, nested ones too, of both times. */
typedef struct tp_active {
    uint64_t ticks;
    int64_t other;
} tp_active;

/* One track's tree. `clamped` and `active` are sums to be added to. */
typedef struct tp_compensation {
    const struct tp_track *track;      /* Borrowed; its open calls are counted in its nodes */
    const tp_costs *costs;             /* Borrowed. */
    double scale;                      /* how many times as high they are beyond the cap */
    const struct tp_beyond_open *open; /* Borrowed; settled */
    const uint32_t *context_of;        /* Borrowed; each node's context, TP_NO_INDEX of the root */
    tp_context *contexts;              /* Borrowed; other_ticks are filled in */
    size_t count;
    tp_active *active; /* Borrowed; by function, NULL when not asked for */
    double clamped;    /* ticks that were to be taken out of own times too short for it */
} tp_compensation;

TP_NODISCARD tp_status tp_compensate(tp_compensation *c);

/* Sets right rows and edges of which more was to be taken than there is, as it may be beyond the cap of
 * the tree, where nothing is passed on. Gives the ticks that were too many. */
double tp_flat_clamp(tp_flat *flat);

/* To the nearest; what is not a number, or too large for any arithmetic with ticks, is cut off. */
int64_t tp_whole_ticks(double ticks);

#endif
