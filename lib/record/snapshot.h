/* What the parts of a snapshot share: snapshot.c makes the trees, snapshot_rows.c the rows. */
#ifndef TP_SNAPSHOT_H
#define TP_SNAPSHOT_H

#include "compensate.h"
#include "model.h"
#include "recorder.h"

/* A profile in the making. */
typedef struct tp_making {
    tp_session *session;   /* Borrowed. */
    tp_profile *profile;   /* Borrowed. */
    const tp_costs *costs; /* Borrowed; NULL: not known */
    double scale;          /* of these, for the variety of what was recorded */
    uint64_t now;          /* tick */
    tp_flat flat;          /* Owned. */
    tp_active *active;     /* Owned; by function, NULL without coroutines */
    double clamped;        /* ticks */
} tp_making;

/* Functions, edges and coroutines of m->flat, whose functions have the session's numbers; contexts are given
 * the profile's. */
TP_NODISCARD tp_status tp_making_add_rows(const tp_making *m);

#endif
