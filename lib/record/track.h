/* What a session records on one thread: tree, shadow stack, and the hot path.
 *
 * An open call is a frame: its node, its key, the tick at which it began. The bottom frame is the
 * root's; it has no key, so nothing ever leaves it. The clock is read last on entry and first on
 * exit: what lies between is the callee's, what the recorder does besides is the caller's.
 *
 *      frames   [root|main|parse|split| . . . . ]
 *                ^base            ^top          ^end
 */
#ifndef TP_TRACK_H
#define TP_TRACK_H

#include <traceprof/session.h>

#include "beyond.h"
#include "clock_now.h"
#include "node_waits.h"
#include "strand.h"
#include "tree.h"

/* `start` lies in the middle so that compilers do not fuse the other two into one wide store, which
 * costs more than it saves. */
typedef struct tp_frame {
    tp_node *node; /* Borrowed from the tree; the track's `outside` for calls beyond the cap. */
    uint64_t start;
    const void *key;
} tp_frame;

struct tp_track {
    tp_frame *top;  /* innermost open call */
    tp_node *node;  /* top->node, one load nearer: the next call's way leads through it */
    tp_frame *last; /* last frame there is room for */
    const tp_clock *slow_clock; /* NULL when the clock is the counter, which is read inline */
    const tp_clock *clock; /* Borrowed. */
    tp_frame *base;        /* Owned. */
    tp_session *session;   /* Borrowed; owns this track. */
    tp_tree tree;
    tp_beyond beyond;
    tp_node outside; /* stands in for nodes that the cap forbids; has no key and no children */
    tp_repairs repairs;
    tp_strands strands; /* open calls that are not this thread's present stack */
    tp_node_waits node_waits;
    uint32_t name; /* number in the session's strings */
    uint64_t id;
    uint64_t searches; /* calls that were found out of line, but for those of a function by itself by itself */
    uint64_t company; /* other recordings told of its calls, summed over calls */
};

TP_NODISCARD tp_status tp_track_init(tp_track *track, tp_session *session);
void tp_track_free(tp_track *track);

/* Out of line: the path is new, or neither of the two likeliest children. */
void tp_track_enter_slow(tp_track *track, const void *key, void *subject);

/* The part of it that touches the track only: the path is known, and there is room. False, with nothing done,
 * if not. */
bool tp_track_enter_known(tp_track *track, const void *key);

/* Out of line: the innermost call is another, or beyond the cap. */
void tp_track_leave_slow(tp_track *track, const void *key, const void *caller, uint64_t now);

/* Out of line: the innermost call is beyond the cap. */
void tp_track_unseen_beyond(tp_track *track, uint32_t weight);

/* Ends all open calls, or those without a node, at `now`; makes room for an empty stack to grow to so
 * many calls. For strand.c. */
void tp_track_end_all(tp_track *track, uint64_t now);
void tp_track_end_beyond(tp_track *track, uint64_t now);
TP_NODISCARD tp_status tp_track_make_room(tp_track *track, size_t depth);

TP_ALWAYS_INLINE uint64_t tp_track_now(const tp_track *track)
{
#ifdef TP_HAVE_COUNTER
    if (TP_LIKELY(track->slow_clock == NULL))
        return tp_counter_read();
#endif
    return track->slow_clock->read(track->slow_clock->context);
}

/* Pushes a call on a path already seen; the caller then reads the clock into track->top->start. False,
 * with nothing done, when it takes the way out of line. */
TP_ALWAYS_INLINE bool tp_track_try_push(tp_track *track, const void *key)
{
    tp_frame *frame = track->top;
    tp_node *parent = track->node;
    tp_node *node = parent->child;
    if (TP_UNLIKELY(node == NULL || frame == track->last))
        return false;
    if (node->key != key) {
        node = node->sibling;
        if (TP_UNLIKELY(node->key != key))
            return false;
        parent->child = node;
    }
    frame++;
    frame->node = node;
    frame->key = key;
    track->top = frame;
    track->node = node;
    return true;
}

/* Ends the innermost call if it is the key's, else false; `now` is the clock's reading, taken before
 * anything else. */
TP_ALWAYS_INLINE bool tp_track_try_leave(tp_track *track, const void *key, uint64_t now)
{
    tp_frame *frame = track->top;
    if (TP_UNLIKELY(frame->key != key))
        return false;
    tp_node *node = frame->node;
    node->ticks += now - frame->start;
    node->calls++;
    track->top = frame - 1;
    track->node = frame[-1].node;
    return true;
}

/* As tp_track_count_unseen. */
TP_ALWAYS_INLINE void tp_track_unseen(tp_track *track, uint32_t weight)
{
    if (TP_LIKELY(track->node != &track->outside))
        track->node->unseen += (uint64_t)TP_UNSEEN * weight;
    else
        tp_track_unseen_beyond(track, weight);
}

TP_ALWAYS_INLINE void tp_track_enter(tp_track *track, const void *key, void *subject)
{
    if (tp_track_try_push(track, key))
        track->top->start = tp_track_now(track);
    else
        tp_track_enter_slow(track, key, subject);
}

TP_ALWAYS_INLINE void tp_track_leave(tp_track *track, const void *key, const void *caller)
{
    uint64_t now = tp_track_now(track);
    if (!tp_track_try_leave(track, key, now))
        tp_track_leave_slow(track, key, caller, now);
}

#endif
