/* CPython 3.11: the profile hook, one a thread. */
#include "compat.h"

#ifndef TP_HAVE_MONITORING

#include "engine.h"
#include "identity.h"
#include "track.h"

/* Builtins arrive bound, whatever they were called through. */
static const void *key_of_builtin(PyObject *callable)
{
    return PyCFunction_Check(callable) ? ((PyCFunctionObject *)callable)->m_ml : NULL;
}

/* The frame keeps its code: the reference may be given back at once. */
static const void *key_of_frame(PyFrameObject *frame)
{
    PyCodeObject *code = PyFrame_GetCode(frame);
    Py_DECREF(code);
    return code;
}

/* The clock is read before the key of what has ended is asked for. */
static void leave(tp_track *track, PyFrameObject *frame, PyObject *builtin)
{
    uint64_t now = tp_track_now(track);
    const void *key = builtin != NULL ? key_of_builtin(builtin) : key_of_frame(frame);
    if (TP_LIKELY(key != NULL && tp_track_try_leave(track, key, now)))
        return;
    if (key != NULL)
        tp_track_leave_slow(track, key, builtin != NULL ? key_of_frame(frame) : NULL, now);
}

/* The hook may not raise: 0 is "no exception". */
static int on_event(PyObject *owner, PyFrameObject *frame, int what, PyObject *argument)
{
    (void)owner;
    const void *key;
    tp_recording *r = tp_here.engine_id != 0 ? tp_here.thread->first : NULL;
    for (; r != NULL; r = r->next_on_thread) {
        switch (what) {
        case PyTrace_CALL:
            tp_track_enter(r->track, key_of_frame(frame), NULL);
            break;
        case PyTrace_RETURN:
            leave(r->track, frame, NULL);
            break;
        case PyTrace_C_CALL:
            key = r->builtins ? key_of_builtin(argument) : NULL;
            if (key != NULL)
                tp_track_enter(r->track, key, argument);
            break;
        case PyTrace_C_RETURN:
        case PyTrace_C_EXCEPTION:
            if (r->builtins)
                leave(r->track, frame, argument);
            break;
        default:
            break;
        }
    }
    return 0;
}

const char *tp_hooks_name(void)
{
    return "setprofile";
}

tp_status tp_hooks_create(tp_engine *engine)
{
    (void)engine;
    return TP_OK;
}

void tp_hooks_destroy(tp_engine *engine)
{
    (void)engine;
}

void tp_hooks_note(tp_engine *engine)
{
    (void)engine;
}

static PyObject *owner_or_none(const tp_recording *recording)
{
    return recording->owner != NULL ? recording->owner : Py_None;
}

tp_status tp_hooks_install(tp_engine *engine, tp_recording *recording)
{
    (void)engine;
    PyThreadState *state = recording->thread->state;
    if (state->c_profilefunc != NULL && state->c_profilefunc != on_event) {
        PyErr_Format(PyExc_ValueError, "the profile hook of this thread is taken by %R",
                     state->c_profileobj != NULL ? state->c_profileobj : Py_None);
        return TP_EBUSY;
    }
    return _PyEval_SetProfile(state, on_event, owner_or_none(recording)) == 0 ? TP_OK : TP_EPYTHON;
}

/* Whether the thread's state still exists; its address alone might be another's by now. */
static bool is_alive(const tp_thread *thread)
{
    PyThreadState *state = PyInterpreterState_ThreadHead(PyInterpreterState_Get());
    while (state != NULL && state != thread->state)
        state = PyThreadState_Next(state);
    return state != NULL && PyThreadState_GetID(state) == thread->state_id;
}

void tp_hooks_remove(tp_engine *engine, tp_recording *recording, bool *evicted)
{
    (void)engine;
    const tp_thread *thread = recording->thread;
    if (!is_alive(thread))
        return;
    if (thread->state->c_profilefunc != on_event) {
        *evicted = true;
        return;
    }
    PyObject *exception = PyErr_GetRaisedException();
    const tp_recording *other = thread->first;
    int failed = other == NULL ? _PyEval_SetProfile(thread->state, NULL, NULL)
                               : _PyEval_SetProfile(thread->state, on_event, owner_or_none(other));
    if (failed != 0)
        PyErr_Clear();
    PyErr_SetRaisedException(exception);
}

#else
typedef int tp_not_this_version;
#endif
