/* A forked child: it has one thread, and what the parent's others were in the middle of. */
#include "engine.h"
#include "locked.h"
#include "track.h"

/* Recordings that the calling thread keeps busy, the innermost last. Not a list through the hooks' own
 * frames: greenlets move those about. Timers that are profiled by timers, eight deep, are nobody's. */
#define MAX_HELD 8

typedef struct held_recordings {
    size_t depth; /* may be more than there is room for; the outermost are kept */
    tp_recording *recordings[MAX_HELD];
} held_recordings;

static _Thread_local held_recordings held;

void tp_busy_note(tp_recording *recording)
{
    if (held.depth < MAX_HELD)
        held.recordings[held.depth] = recording;
    held.depth++;
}

void tp_busy_forget(const tp_recording *recording)
{
    size_t i = --held.depth;
    if (i >= MAX_HELD)
        return;
    /* Nearly always the last; not where greenlets were switched meanwhile. */
    tp_recording *last = held.recordings[i];
    while (i > 0 && held.recordings[i] != recording)
        i--;
    held.recordings[i] = last;
}

bool tp_busy_here(void)
{
    return held.depth > 0;
}

/* How often the calling thread holds it. */
static size_t held_here(const tp_recording *recording)
{
    size_t count = 0;
    for (size_t i = 0; i < held.depth; i++)
        count += held.recordings[i] == recording;
    return count;
}

/* Takes an attachment out that is another thread's than the one of this state; NULL if there is none. */
static tp_attachment *take_gone(tp_recording *recording, uint64_t state_id)
{
    tp_attachment **link = &recording->attachments;
    while (*link != NULL && (*link)->thread->state_id == state_id)
        link = &(*link)->next_of_recording;
    tp_attachment *gone = *link;
    if (gone != NULL)
        *link = gone->next_of_recording;
    return gone;
}

/* Calls that were open on threads which are no more end now. `interrupted`: one of these was reading
 * the timer, perhaps for a call that has no beginning yet; then what the innermost call took so far is
 * not known. */
static void end_gone(tp_recording *recording, uint64_t state_id, bool interrupted)
{
    tp_attachment *gone;
    while ((gone = take_gone(recording, state_id)) != NULL) {
        tp_track *track = gone->track;
        tp_attachment_retire(gone);
        if (interrupted && track->top > track->base)
            track->top->start = tp_clock_now(track->clock);
        if (track->top > track->base)
            tp_track_close(track);
    }
}

void tp_locked_engine_after_fork(tp_engine *engine)
{
    uint64_t here = PyThreadState_GetID(PyThreadState_Get());
    bool is_known = held.depth <= MAX_HELD;
    PyObject *exception = PyErr_GetRaisedException();
    engine->busy -= engine->waiting;
    engine->waiting = 0;
#ifdef TP_FREE_THREADED
    /* What other threads had pinned, and had begun. */
    engine->busy -= engine->pins - tp_here.pins;
    engine->pins = tp_here.pins;
    if (engine->controller != PyThread_get_thread_ident()) {
        engine->controller = 0;
        engine->controls = 0;
    }
#endif
    for (const tp_recording *r = engine->recordings; is_known && r != NULL; r = r->next)
        engine->busy -= r->busy - held_here(r);
    for (tp_recording *r = engine->recordings; r != NULL; r = r->next) {
        size_t busy = is_known ? held_here(r) : r->busy;
        bool interrupted = r->timer != NULL && r->busy > busy;
        r->busy = busy;
        end_gone(r, here, interrupted);
    }
    if (engine->calibrating != PyThread_get_thread_ident())
        engine->calibrating = 0;
    tp_engine_renew(engine);
    if (engine->busy == 0)
        tp_threads_sweep(engine);
    PyErr_SetRaisedException(exception);
}
