/* Recordings of a context: of all that runs in the contextvars.Context in which they were started, or in
 * a copy made of it since. A ContextVar holds who records; copies of contexts carry it to tasks and
 * worker threads.
 *
 *      Context --var--> members --> ticket --> recording (NULL once it has stopped)
 *
 * A thread's list of attachments has those of its present context. It is looked up anew when the thread
 * has entered or left a context since the last event: the thread state counts that. */
#ifndef TP_CONTEXTS_H
#define TP_CONTEXTS_H

#include "engine.h"

TP_NODISCARD tp_status tp_contexts_create(tp_engine *engine);
void tp_contexts_destroy(tp_engine *engine);

/* The recording becomes one of the present context. TP_ENOMEM or TP_EPYTHON with an exception. */
TP_NODISCARD tp_status tp_contexts_join(tp_recording *recording);

/* No context leads to the recording any more. Keeps exceptions as they are. */
void tp_contexts_leave(tp_recording *recording);

/* Whether this thread is in the context it was in at its last event. */
TP_ALWAYS_INLINE bool tp_contexts_is_same(void)
{
    return *tp_here.context_count == tp_here.context_version;
}

/* This thread's next event looks the context up. */
TP_ALWAYS_INLINE void tp_contexts_look_again(void)
{
    tp_here.context_version = TP_NO_VERSION;
}

/* Whether a function sets variables of one context in another that the thread is in already, which nothing
 * counts: asgiref's does, on which coroutine views of Django and Flask run under a WSGI server. As it returns
 * the thread is to look again. A namesake does so for nothing, which does no harm. */
TP_ALWAYS_INLINE bool tp_contexts_is_carrier(PyObject *code, const PyObject *carrier)
{
    /* What Cython passes to hooks is like code, and need not be code. */
    return PyCode_Check(code) && TP_UNLIKELY(((const PyCodeObject *)code)->co_name == carrier);
}

/* The calling thread's entry, `thread`, with what its present context records; or, instead of the one
 * that stands for nobody, an entry of its own. Keeps exceptions as they are. */
tp_thread *tp_contexts_follow(tp_engine *engine, tp_thread *thread);

#endif
