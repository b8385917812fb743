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
#include "tree.h"

typedef struct tp_frame {
    tp_node *node; /* Borrowed from the tree; the track's `outside` for calls beyond the cap. */
    const void *key;
    uint64_t start;
} tp_frame;

struct tp_track {
    tp_frame *top;  /* innermost open call */
    tp_frame *last; /* last frame there is room for */
    const tp_clock *clock; /* Borrowed. */
    tp_frame *base;        /* Owned. */
    tp_session *session;   /* Borrowed; owns this track. */
    tp_tree tree;
    tp_beyond beyond;
    tp_node outside; /* stands in for nodes that the cap forbids; has no key and no children */
    tp_repairs repairs;
    uint32_t name; /* number in the session's strings */
    uint64_t id;
};

TP_NODISCARD tp_status tp_track_init(tp_track *track, tp_session *session);
void tp_track_free(tp_track *track);

/* Out of line: the path is new, or neither of the two likeliest children. */
void tp_track_enter_slow(tp_track *track, const void *key, void *subject);

/* Out of line: the innermost call is another, or beyond the cap. */
void tp_track_leave_slow(tp_track *track, const void *key, const void *caller, uint64_t now);

TP_ALWAYS_INLINE void tp_track_enter(tp_track *track, const void *key, void *subject)
{
    tp_frame *frame = track->top;
    tp_node *parent = frame->node;
    tp_node *node = parent->child;
    if (TP_UNLIKELY(node == NULL || frame == track->last)) {
        tp_track_enter_slow(track, key, subject);
        return;
    }
    if (node->key != key) {
        node = node->sibling;
        if (TP_UNLIKELY(node->key != key)) {
            tp_track_enter_slow(track, key, subject);
            return;
        }
        parent->child = node;
    }
    frame++;
    frame->node = node;
    frame->key = key;
    track->top = frame;
    frame->start = tp_clock_now(track->clock);
}

TP_ALWAYS_INLINE void tp_track_leave(tp_track *track, const void *key, const void *caller)
{
    uint64_t now = tp_clock_now(track->clock);
    tp_frame *frame = track->top;
    if (TP_UNLIKELY(frame->key != key)) {
        tp_track_leave_slow(track, key, caller, now);
        return;
    }
    tp_node *node = frame->node;
    node->ticks += now - frame->start;
    node->calls++;
    track->top = frame - 1;
}

#endif
