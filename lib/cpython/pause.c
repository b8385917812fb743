/* Without a GIL: how one thread sees to it that others are not on their hot path. */
#include "compat.h"

#ifdef TP_FREE_THREADED

#include "barrier.h"
#include "engine.h"

/* Microseconds between two looks at whether another thread is done. */
#define LOOK_AGAIN 50

tp_thread tp_nobody = { .idle = true };

/* Hot on another thread than this one, which is not on its hot path now. */
static bool is_elsewhere(const tp_attachment *attachment, uint64_t state_id)
{
    return attachment->linked && attachment->thread->state_id != state_id;
}

/* Only what is on the counter has a hot path. It marks its thread as inside, and looks whether it still has a
 * track, in this order; here the track is taken away before the mark is looked at. */
void tp_threads_pause(const tp_recording *recording)
{
    uint64_t here = PyThreadState_GetID(PyThreadState_Get());
    bool any = false;
    if (tp_clock_get_kind(recording->clock) != TP_CLOCK_COUNTER)
        return;
    for (const tp_attachment *a = recording->attachments; a != NULL; a = a->next_of_recording) {
        if (!is_elsewhere(a, here))
            continue;
        any = true;
        TP_STORE(a->thread->fast, NULL);
        TP_STORE(a->thread->fast_builtin, NULL);
    }
    if (!any)
        return;
    tp_barrier_heavy();
    for (const tp_attachment *a = recording->attachments; a != NULL; a = a->next_of_recording) {
        unsigned rounds = 0;
        while (is_elsewhere(a, here) &&
               atomic_load_explicit(&a->thread->inside, memory_order_acquire))
            tp_barrier_wait(&rounds);
    }
}

void tp_threads_resume(const tp_recording *recording)
{
    for (const tp_attachment *a = recording->attachments; a != NULL; a = a->next_of_recording)
        tp_thread_refresh(a->thread);
}

/* The fields are looked at under the lock only; the sleep lets go of it. */
void tp_control_begin(tp_engine *engine)
{
    unsigned long here = PyThread_get_thread_ident();
    tp_engine_pin(engine);
    /* At the interpreter's end the other thread may not come back. */
    while (engine->controller != 0 && engine->controller != here && !Py_IsFinalizing()) {
        Py_BEGIN_ALLOW_THREADS
        tp_barrier_sleep(LOOK_AGAIN);
        Py_END_ALLOW_THREADS
    }
    engine->controller = here;
    engine->controls++;
}

void tp_control_end(tp_engine *engine)
{
    if (--engine->controls == 0)
        engine->controller = 0;
    tp_engine_unpin(engine);
}

#else
typedef int tp_no_pause;
#endif
