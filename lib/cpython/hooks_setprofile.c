/* CPython 3.11: the profile hook, one a thread. */
#include "compat.h"

#ifndef TP_HAVE_MONITORING

#include "engine.h"
#include "identity.h"
#include "track.h"

#define CAPSULE "ctraceprof.engine"

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

static void record(const tp_attachment *a, PyFrameObject *frame, int what, PyObject *argument)
{
    const void *key;
    switch (what) {
    case PyTrace_CALL:
        tp_track_enter(a->track, key_of_frame(frame), NULL);
        break;
    case PyTrace_RETURN:
        leave(a->track, frame, NULL);
        break;
    case PyTrace_C_CALL:
        key = a->recording->builtins ? key_of_builtin(argument) : NULL;
        if (key != NULL)
            tp_track_enter(a->track, key, argument);
        break;
    case PyTrace_C_RETURN:
    case PyTrace_C_EXCEPTION:
        if (a->recording->builtins)
            leave(a->track, frame, argument);
        break;
    default:
        break;
    }
}

/* The hook of a thread that has arrived. It may not raise: 0 is "no exception". */
static int on_event(PyObject *owner, PyFrameObject *frame, int what, PyObject *argument)
{
    (void)owner;
    tp_thread *thread = tp_here.engine_id != 0 ? tp_here.thread : NULL;
    if (TP_UNLIKELY(thread != NULL && thread->name_attempts > 0))
        tp_thread_name_again(thread);
    for (tp_attachment *a = thread != NULL ? thread->first : NULL; a != NULL; a = a->next_on_thread)
        record(a, frame, what, argument);
    return 0;
}

static PyObject *owner_or_none(const tp_recording *recording)
{
    return recording->owner != NULL ? recording->owner : Py_None;
}

static void set_hook(PyThreadState *state, Py_tracefunc hook, PyObject *object)
{
    PyObject *exception = PyErr_GetRaisedException();
    if (_PyEval_SetProfile(state, hook, object) != 0)
        PyErr_Clear();
    PyErr_SetRaisedException(exception);
}

/* The hook of a thread that has not: its first event. The engine comes in the capsule. */
static int on_arrival(PyObject *capsule, PyFrameObject *frame, int what, PyObject *argument)
{
    tp_engine *engine = PyCapsule_GetPointer(capsule, CAPSULE);
    tp_here.engine_id = 0;
    const tp_thread *thread = tp_thread_arrive(engine);
    PyThreadState *state = PyThreadState_Get();
    if (thread->first == NULL) {
        set_hook(state, NULL, NULL);
        return 0;
    }
    set_hook(state, on_event, owner_or_none(thread->first->recording));
    return on_event(NULL, frame, what, argument);
}

const char *tp_hooks_name(void)
{
    return "setprofile";
}

struct tp_hooks {
    PyObject *capsule; /* Owned; holds the engine */
    PyObject *starter; /* Owned; what threading calls on new threads while all are recorded */
};

/* threading gives this to sys.setprofile on each new thread; it puts our own hook in its place. */
static PyObject *start_thread(PyObject *capsule, PyObject *args)
{
    (void)args;
    PyThreadState *state = PyThreadState_Get();
    const tp_engine *engine = PyCapsule_GetPointer(capsule, CAPSULE);
    if (engine->running_everywhere > 0)
        set_hook(state, on_arrival, capsule);
    else
        set_hook(state, NULL, NULL);
    Py_RETURN_NONE;
}

static PyMethodDef starter_method = { "ctraceprof", start_thread, METH_VARARGS, NULL };

tp_status tp_hooks_create(tp_engine *engine)
{
    struct tp_hooks *hooks = PyMem_RawCalloc(1, sizeof *hooks);
    if (hooks == NULL)
        return TP_ENOMEM;
    engine->hooks = hooks;
    hooks->capsule = PyCapsule_New(engine, CAPSULE, NULL);
    hooks->starter =
        hooks->capsule == NULL ? NULL : PyCFunction_New(&starter_method, hooks->capsule);
    if (hooks->starter != NULL)
        return TP_OK;
    tp_hooks_destroy(engine);
    return TP_EPYTHON;
}

void tp_hooks_destroy(tp_engine *engine)
{
    struct tp_hooks *hooks = engine->hooks;
    if (hooks == NULL)
        return;
    Py_XDECREF(hooks->starter);
    Py_XDECREF(hooks->capsule);
    PyMem_RawFree(hooks);
    engine->hooks = NULL;
}

void tp_hooks_note(tp_engine *engine)
{
    (void)engine;
}

static int is_ours(const PyThreadState *state)
{
    return state->c_profilefunc == on_event || state->c_profilefunc == on_arrival;
}

/* New threads: by threading's own hook, unless another tool has it. */
static void hook_new_threads(tp_engine *engine, int on)
{
    PyObject *starter = engine->hooks->starter;
    PyObject *threading = PyImport_ImportModule("threading");
    PyObject *before =
        threading == NULL ? NULL : PyObject_GetAttrString(threading, "_profile_hook");
    if (before == (on ? Py_None : starter) &&
        PyObject_SetAttrString(threading, "_profile_hook", on ? starter : Py_None) != 0)
        PyErr_Clear();
    Py_XDECREF(before);
    Py_XDECREF(threading);
    PyErr_Clear();
}

/* The threads that there are. What another tool profiles is left alone. */
static void hook_all_threads(tp_engine *engine)
{
    PyThreadState *state = PyInterpreterState_ThreadHead(PyInterpreterState_Get());
    for (; state != NULL; state = PyThreadState_Next(state)) {
        if (state->c_profilefunc == NULL || is_ours(state))
            set_hook(state, on_arrival, engine->hooks->capsule);
    }
}

tp_status tp_hooks_install(tp_engine *engine, tp_recording *recording)
{
    PyThreadState *state = PyThreadState_Get();
    if (state->c_profilefunc != NULL && !is_ours(state)) {
        PyErr_Format(PyExc_ValueError, "the profile hook of this thread is taken by %R",
                     state->c_profileobj != NULL ? state->c_profileobj : Py_None);
        return TP_EBUSY;
    }
    if (recording->everywhere) {
        hook_new_threads(engine, 1);
        hook_all_threads(engine);
    }
    return _PyEval_SetProfile(state, on_event, owner_or_none(recording)) == 0 ? TP_OK : TP_EPYTHON;
}

static tp_thread *find_thread(tp_engine *engine, uint64_t state_id)
{
    tp_thread *thread = engine->threads;
    while (thread != NULL && thread->state_id != state_id)
        thread = thread->next;
    return thread;
}

void tp_hooks_remove(tp_engine *engine, tp_recording *recording, bool *evicted)
{
    PyObject *exception = PyErr_GetRaisedException();
    PyThreadState *state = PyInterpreterState_ThreadHead(PyInterpreterState_Get());
    for (; state != NULL; state = PyThreadState_Next(state)) {
        const tp_thread *thread = find_thread(engine, PyThreadState_GetID(state));
        if (thread != NULL && thread->ident == recording->started_by && !is_ours(state))
            *evicted = true;
        if (!is_ours(state) || (thread == NULL && engine->running_everywhere > 0))
            continue;
        if (thread != NULL && thread->first != NULL)
            set_hook(state, on_event, owner_or_none(thread->first->recording));
        else
            set_hook(state, NULL, NULL);
    }
    if (recording->everywhere && engine->running_everywhere == 0)
        hook_new_threads(engine, 0);
    PyErr_SetRaisedException(exception);
}

#else
typedef int tp_not_this_version;
#endif
