/* Coroutines between their calls: which are suspended, since when, and for which session. One table
 * serves all sessions that see the same coroutines, as one may be suspended in the sight of one session
 * and go on, or be closed, in that of another. It holds suspended coroutines only.
 *
 * A coroutine is known by its instance, an address that is its own while it is suspended. */
#ifndef TP_SUSPENSION_H
#define TP_SUSPENSION_H

#include <traceprof/session.h>

#include "map.h"

typedef struct tp_suspension {
    uint64_t instance;
    tp_session *session; /* Borrowed; NULL in a free item */
    tp_track *track;     /* Borrowed; where it was suspended */
    uint32_t place;      /* of its node, in the track's node_waits; TP_MAP_NONE: it has no node */
    uint64_t since;      /* tick of the session's clock */
    uint32_t function;
    uint32_t next; /* of the same instance, or the next free one; TP_MAP_NONE at the end */
} tp_suspension;

typedef struct tp_suspensions {
    const tp_allocator *allocator; /* Borrowed. */
    tp_map first;                  /* instance -> item */
    tp_suspension *items;          /* Owned. */
    size_t count;                  /* items ever used, free ones too */
    size_t capacity;
    uint32_t free;                 /* TP_MAP_NONE: none */
} tp_suspensions;

void tp_suspensions_init(tp_suspensions *table, const tp_allocator *allocator);
void tp_suspensions_free(tp_suspensions *table);

/* Ends the innermost call of the track if it is the key's, as tp_leave, and notes that its instance is
 * suspended from that tick on. */
void tp_suspend(tp_suspensions *table, tp_track *track, const void *key, uint64_t instance);

/* As tp_enter, for a call that goes on: counts it, and ends what was noted for this track's session. */
void tp_resume(tp_suspensions *table, tp_track *track, const void *key, uint64_t instance);

/* Ends what is still noted for an instance: it went on where its session did not look. The session's
 * clock tells when. */
void tp_suspensions_end(tp_suspensions *table, uint64_t instance);

/* Ends all that is noted for a session, at `now`. */
void tp_suspensions_settle(tp_suspensions *table, tp_session *session, uint64_t now);

/* Forgets it; before a session is cleared or goes. */
void tp_suspensions_forget(tp_suspensions *table, const tp_session *session);

/* How many coroutines are noted for a session. */
size_t tp_session_suspended(const tp_session *session);

/* Adds to each function's sum, by number, what is noted for a session as if it ended `now`. */
void tp_suspensions_add_to(const tp_suspensions *table, const tp_session *session, uint64_t now,
                           uint64_t *sums);

/* Adds (sign 1) the same to the nodes' own waits, or takes it back (-1). */
void tp_suspensions_count(const tp_suspensions *table, const tp_session *session, uint64_t now,
                          int sign);

#endif
