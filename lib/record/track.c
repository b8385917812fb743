#include "track.h"

#include <string.h>

#include "memory.h"
#include "recorder.h"

#define FIRST_FRAMES 256u

tp_status tp_track_init(tp_track *track, tp_session *session)
{
    const tp_allocator *allocator = session->allocator;
    track->session = session;
    track->clock = session->clock;
    track->slow_clock = session->clock->read == NULL ? NULL : session->clock;
    tp_beyond_init(&track->beyond, allocator);
    tp_strands_init(&track->strands, allocator);
    tp_node_waits_init(&track->node_waits, allocator);
    tp_status status = tp_tree_init(&track->tree, session->max_contexts,
                                    &session->labels.function_of_key, allocator);
    if (status != TP_OK)
        return status;
    track->base = tp_realloc(allocator, NULL, FIRST_FRAMES, sizeof *track->base);
    if (track->base == NULL) {
        tp_tree_free(&track->tree);
        return TP_ENOMEM;
    }
    *track->base = (tp_frame){ .node = tp_tree_node(&track->tree, 0) };
    track->node = track->base->node;
    track->top = track->base;
    track->last = track->base + FIRST_FRAMES - 1;
    return TP_OK;
}

void tp_track_free(tp_track *track)
{
    tp_tree_free(&track->tree);
    tp_beyond_free(&track->beyond);
    tp_strands_free(&track->strands);
    tp_node_waits_free(&track->node_waits);
    tp_free(track->session->allocator, track->base);
    track->base = track->top = track->last = NULL;
}

static tp_status grow_stack(tp_track *track)
{
    size_t used = (size_t)(track->top - track->base);
    size_t room = (size_t)(track->last - track->base) + 1;
    tp_frame *base =
        tp_realloc(track->session->allocator, track->base, room * 2, sizeof *base);
    if (base == NULL)
        return TP_ENOMEM;
    track->base = base;
    track->top = base + used;
    track->last = base + room * 2 - 1;
    return TP_OK;
}

static void push(tp_track *track, tp_node *node, const void *key)
{
    tp_frame *frame = ++track->top;
    frame->node = node;
    frame->key = key;
    track->node = node;
    frame->start = tp_track_now(track);
}

static tp_status enter_beyond(tp_track *track, const void *key, void *subject, uint32_t function)
{
    const tp_session *session = track->session;
    const tp_beyond_entry entry = { .key = key,
                                    .subject = subject,
                                    .function = function,
                                    .costs = tp_session_costs(session),
                                    .resolver = &session->resolver };
    tp_status status = tp_beyond_enter(&track->beyond, &track->tree, track->top->node, &entry);
    if (status == TP_OK) {
        track->repairs.folded++;
        push(track, &track->outside, NULL);
    }
    return status;
}

/* A new node, which learns its kind, or one that is taken over. */
static tp_status add_node(tp_track *track, tp_node **node, tp_node *parent, const void *key,
                          void *subject, uint32_t function)
{
    uint32_t count = track->tree.count;
    tp_status status = tp_tree_add(&track->tree, node, parent, key, function);
    if (status == TP_OK && track->tree.count > count)
        (*node)->unseen = tp_labels_kind(&track->session->resolver, key, subject, parent->key);
    return status;
}

bool tp_track_enter_known(tp_track *track, const void *key)
{
    tp_node *parent = track->node;
    if (track->top == track->last || parent == &track->outside)
        return false;
    tp_node *node = tp_tree_find(&track->tree, parent, key);
    if (node != NULL)
        push(track, node, key);
    return node != NULL;
}

static tp_status enter(tp_track *track, const void *key, void *subject)
{
    tp_status status = track->top == track->last ? grow_stack(track) : TP_OK;
    if (status != TP_OK)
        return status;
    tp_node *parent = track->node;
    tp_node *node = parent == &track->outside ? NULL : tp_tree_find(&track->tree, parent, key);
    if (node != NULL) {
        track->searches += node != parent;
        push(track, node, key);
        return TP_OK;
    }
    uint32_t function;
    tp_session *session = track->session;
    status = tp_labels_function(&session->labels, &function, key, subject, &session->resolver);
    if (status != TP_OK)
        return status;
    if (parent == &track->outside)
        return enter_beyond(track, key, subject, function);
    status = add_node(track, &node, parent, key, subject, function);
    if (status == TP_ELIMIT)
        return enter_beyond(track, key, subject, function);
    if (status == TP_OK)
        push(track, node, key);
    return status;
}

TP_NOINLINE static void lose(tp_track *track, tp_status status)
{
    track->repairs.lost++;
    if (status == TP_ENOMEM)
        track->session->status = TP_ENOMEM;
}

/* Not into tp_enter, where the hot path would save registers for it. */
TP_NOINLINE void tp_track_enter_slow(tp_track *track, const void *key, void *subject)
{
    tp_status status = enter(track, key, subject);
    if (status != TP_OK)
        lose(track, status);
}

/* The key of an open call, wherever it is kept. Calls beyond the cap are the innermost ones. */
static const void *key_of(const tp_track *track, const tp_frame *frame)
{
    if (frame->node != &track->outside)
        return frame->key;
    size_t from_top = (size_t)(track->top - frame);
    return track->beyond.calls[track->beyond.call_count - 1 - from_top].key;
}

static void add_beyond_ticks(tp_session *session, uint32_t function, uint64_t ticks, double taken)
{
    tp_waits *waits = tp_session_waits(session, function);
    if (waits == NULL) {
        session->status = TP_ENOMEM;
        return;
    }
    waits->beyond_ticks += ticks;
    waits->beyond_taken += taken;
}

static void pop(tp_track *track, uint64_t now)
{
    tp_frame *frame = track->top;
    uint64_t ticks = now - frame->start;
    if (frame->node == &track->outside) {
        uint32_t function = track->beyond.calls[track->beyond.call_count - 1].function;
        double taken = tp_beyond_leave(&track->beyond, ticks);
        if (tp_labels_is_coroutine(&track->session->labels, function))
            add_beyond_ticks(track->session, function, ticks, taken);
    } else {
        frame->node->ticks += ticks;
        frame->node->calls++;
    }
    track->top--;
    track->node = track->top->node;
}

void tp_track_leave_slow(tp_track *track, const void *key, const void *caller, uint64_t now)
{
    /* An empty stack: this call began before the recording did. */
    if (track->top == track->base)
        return;
    if (caller != NULL && key_of(track, track->top) == caller && caller != key) {
        track->repairs.orphans++;
        return;
    }
    const tp_frame *frame = track->top;
    while (frame > track->base && key_of(track, frame) != key)
        frame--;
    if (frame == track->base) {
        track->repairs.orphans++;
        return;
    }
    track->repairs.unwound += (uint64_t)(track->top - frame);
    const tp_frame *below = frame - 1;
    while (track->top > below)
        pop(track, now);
}

void tp_enter(tp_track *track, const void *key, void *subject)
{
    tp_track_enter(track, key, subject);
}

void tp_leave(tp_track *track, const void *key)
{
    tp_track_leave(track, key, NULL);
}

void tp_leave_called_by(tp_track *track, const void *key, const void *caller)
{
    tp_track_leave(track, key, caller);
}

void tp_track_unseen_beyond(tp_track *track, uint32_t weight)
{
    const tp_costs *costs = tp_session_costs(track->session);
    if (costs != NULL)
        tp_beyond_add_cost(&track->beyond, costs->unseen * weight, 0);
}

void tp_track_count_unseen(tp_track *track, uint32_t weight)
{
    tp_track_unseen(track, weight);
}

/* What others do at a call's beginning lies on one side of this track's reading of the clock, and what
 * they do at its end on the other side: half of it is inside whatever their order. */
void tp_track_count_company(tp_track *track, uint32_t others)
{
    const tp_costs *costs = tp_session_costs(track->session);
    if (track->node != &track->outside)
        track->company += others;
    else if (costs != NULL)
        tp_beyond_add_cost(&track->beyond, others * costs->company / 2,
                           others * costs->company / 2);
}

void tp_track_end_all(tp_track *track, uint64_t now)
{
    while (track->top > track->base)
        pop(track, now);
}

void tp_track_end_beyond(tp_track *track, uint64_t now)
{
    while (track->top->node == &track->outside)
        pop(track, now);
}

tp_status tp_track_make_room(tp_track *track, size_t depth)
{
    tp_status status = TP_OK;
    while (status == TP_OK && (size_t)(track->last - track->base) < depth)
        status = grow_stack(track);
    return status;
}

void tp_track_close(tp_track *track)
{
    if (track->strands.count > 0)
        tp_strands_close(&track->strands);
    if (track->top > track->base)
        tp_track_end_all(track, tp_clock_now(track->clock));
}

size_t tp_track_depth(const tp_track *track)
{
    return (size_t)(track->top - track->base);
}
