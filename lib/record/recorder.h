/* The session's inside, for the other files of the recorder. */
#ifndef TP_RECORDER_H
#define TP_RECORDER_H

#include "labels.h"
#include "suspension.h"
#include "track.h"

/* What the calls of one coroutine function did besides being active. */
typedef struct tp_waits {
    uint64_t resumes;
    uint64_t awaited;      /* ticks, of suspensions that have ended */
    uint64_t beyond_ticks; /* inclusive, of calls that have no node */
    double beyond_taken;   /* what of these is to be taken out */
} tp_waits;

struct tp_session {
    const tp_allocator *allocator; /* Borrowed. */
    const tp_clock *clock;         /* Borrowed. */
    tp_resolver resolver;
    uint32_t max_contexts;
    bool no_edges;
    bool has_costs;
    tp_costs costs; /* no stretch is 0 */
    tp_status status;
    tp_labels labels;
    tp_track **tracks; /* Owned, and the tracks. */
    size_t track_count;
    size_t track_capacity;
    tp_waits *waits; /* Owned; by function number, of coroutine functions only */
    size_t waits_capacity;
    const tp_suspensions *suspensions; /* Borrowed; NULL until the session's first coroutine */
    size_t suspended;                  /* coroutines noted there for this session */
};

/* Ticks from `start` on. A caller's clock lets other threads run while it is read: what has begun since
 * that reading has taken no time yet. */
static inline uint64_t tp_elapsed(uint64_t now, uint64_t start)
{
    uint64_t ticks = now - start;
    return ticks <= INT64_MAX ? ticks : 0;
}

/* NULL when they are not known. */
static inline const tp_costs *tp_session_costs(const tp_session *session)
{
    return session->has_costs ? &session->costs : NULL;
}

/* Whether it has recorded calls of the key, which has not been forgotten since. */
bool tp_session_knows(const tp_session *session, const void *key);

/* The function's waits, made if there are none; NULL without memory. */
tp_waits *tp_session_waits(tp_session *session, uint32_t function);

#endif
