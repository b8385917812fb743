/* CPython 3.11: the profile hook, one a thread. */
#include "compat.h"

#ifndef TP_HAVE_MONITORING

#include <opcode.h>

#include "contexts.h"
#include "coroutines.h"
#include "engine.h"
#include "filter.h"
#include "identity.h"
#include "native_thread.h"
#include "track.h"

#define CAPSULE "ctraceprof.engine"

/* Builtins arrive bound, whatever they were called through. */
static const void *key_of_builtin(PyObject *callable)
{
    return PyCFunction_Check(callable) ? ((PyCFunctionObject *)callable)->m_ml : NULL;
}

/* The frame keeps its code: the reference may be given back at once. */
static PyObject *code_of_frame(PyFrameObject *frame)
{
    PyCodeObject *code = PyFrame_GetCode(frame);
    Py_DECREF(code);
    return (PyObject *)code;
}

static const void *key_of_frame(PyFrameObject *frame)
{
    return code_of_frame(frame);
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

/* Whether a frame that is left is suspended: the instruction it stands at says so, and unwinding has no
 * value. */
static bool is_suspended(PyFrameObject *frame, const PyCodeObject *code, PyObject *value)
{
    int offset = PyFrame_GetLasti(frame);
    return value != NULL && offset >= 0 &&
           (unsigned char)code->co_code_adaptive[offset] == YIELD_VALUE;
}

/* The coroutine whose frame goes on (CALL) or is suspended by an await (RETURN); 0 for all that is done
 * with a plain entry or exit. */
static uint64_t instance_of_event(PyFrameObject *frame, int what, PyObject *argument)
{
    PyObject *code = (PyObject *)(uintptr_t)key_of_frame(frame);
    if (!tp_is_coroutine_code(code) || (what != PyTrace_CALL && what != PyTrace_RETURN))
        return 0;
    /* A frame that begins stands at its first RESUME, one that goes on behind a YIELD_VALUE. */
    bool told = what == PyTrace_CALL
                    ? tp_has_begun(code, PyFrame_GetLasti(frame) - 1)
                    : is_suspended(frame, (PyCodeObject *)code, argument) &&
                          tp_is_await(code, PyFrame_GetLasti(frame));
    return told ? tp_instance_of(frame) : 0;
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

/* A coroutine goes on or is suspended. */
static void record_coroutine(const tp_attachment *a, PyFrameObject *frame, int what,
                             uint64_t instance)
{
    tp_suspensions *suspensions = &a->recording->engine->suspensions;
    if (what == PyTrace_CALL)
        tp_resume(suspensions, a->track, key_of_frame(frame), instance);
    else
        tp_suspend(suspensions, a->track, key_of_frame(frame), instance);
}

static void record_all(tp_engine *engine, const tp_thread *thread, PyFrameObject *frame, int what,
                       PyObject *argument)
{
    bool is_python = what == PyTrace_CALL || what == PyTrace_RETURN;
    if (engine->hidden_file != NULL && is_python && tp_is_hidden(engine, code_of_frame(frame)))
        return;
    bool coroutines = thread->first != NULL || engine->suspensions.first.count > 0;
    uint64_t instance = coroutines ? instance_of_event(frame, what, argument) : 0;
    for (tp_attachment *a = thread->first; a != NULL; a = a->next_on_thread) {
        if (TP_UNLIKELY(a->recording->filter != NULL) &&
            tp_filter_leaves_out(a->recording, code_of_frame(frame)))
            continue;
        if (instance != 0)
            record_coroutine(a, frame, what, instance);
        else
            record(a, frame, what, argument);
    }
    if (instance != 0 && what == PyTrace_CALL)
        tp_suspensions_end(&engine->suspensions, instance);
}

/* The interpreter's engine, through its own dictionary; NULL if that is gone. */
static tp_engine *find_engine(PyInterpreterState *interpreter)
{
    PyObject *exception = PyErr_GetRaisedException();
    PyObject *dictionary = PyInterpreterState_GetDict(interpreter);
    PyObject *capsule =
        dictionary == NULL ? NULL : PyDict_GetItemString(dictionary, CAPSULE);
    tp_engine *engine =
        capsule == NULL ? NULL : PyCapsule_GetPointer(capsule, CAPSULE);
    PyErr_SetRaisedException(exception);
    return engine;
}

/* The thread's entry. The same thread may have run another interpreter meanwhile. */
static tp_thread *thread_here(void)
{
    PyInterpreterState *interpreter = PyInterpreterState_Get();
    if (TP_LIKELY(tp_here.engine_id != 0 && tp_here.interpreter == interpreter))
        return tp_here.thread;
    tp_engine *engine = find_engine(interpreter);
    tp_here.engine_id = 0;
    return engine == NULL ? NULL : tp_thread_arrive(engine);
}

/* The hook of a thread that has arrived. It may not raise: 0 is "no exception". */
static int on_event(PyObject *owner, PyFrameObject *frame, int what, PyObject *argument)
{
    (void)owner;
    tp_thread *thread = thread_here();
    if (thread == NULL || thread->first == NULL)
        return 0;
    tp_engine *engine = thread->first->recording->engine;
    if (TP_UNLIKELY(tp_thread_has_chores(thread)))
        tp_thread_do_chores(engine, thread);
    record_all(engine, thread, frame, what, argument);
    return 0;
}

/* The hook of all threads while a context is recorded; the engine comes in the capsule. */
static int on_event_in_contexts(PyObject *capsule, PyFrameObject *frame, int what,
                                PyObject *argument)
{
    tp_engine *engine = PyCapsule_GetPointer(capsule, CAPSULE);
    tp_thread *thread = tp_contexts_follow(engine, tp_thread_arrive(engine));
    if (TP_UNLIKELY(tp_thread_has_chores(thread)))
        tp_thread_do_chores(engine, thread);
    record_all(engine, thread, frame, what, argument);
    if (what == PyTrace_RETURN && !thread->in_context &&
        tp_contexts_is_carrier(code_of_frame(frame), engine->carrier))
        tp_contexts_look_again();
    return 0;
}

static PyObject *owner_or_none(const tp_recording *recording)
{
    return recording->owner != NULL ? recording->owner : Py_None;
}

/* A thread that ended by pthread_exit() left its state behind, and in it a frame on a stack that is no more. */
static bool is_there(const PyThreadState *state)
{
    return state == PyThreadState_Get() || state->native_thread_id == 0 ||
           tp_native_thread_is_there(state->native_thread_id);
}

/* As _PyEval_SetProfile, but it runs no Python code, neither of an audit hook nor of what it replaces: other
 * threads' states are there for as long as this one keeps the GIL. To be freed by the caller when it is
 * done with them: the object that was there, if nobody else has it; else NULL. */
TP_NODISCARD static PyObject *set_hook(PyThreadState *state, Py_tracefunc hook, PyObject *object)
{
    PyObject *before = state->c_profileobj;
    state->c_profileobj = Py_XNewRef(object);
    state->c_profilefunc = hook;
    bool wanted = state->tracing == 0 && (hook != NULL || state->c_tracefunc != NULL);
    if (is_there(state))
        state->cframe->use_tracing = wanted ? 255 : 0;
    if (before == NULL || Py_REFCNT(before) == 1)
        return before;
    Py_DECREF(before);
    return NULL;
}

/* The same for the calling thread, which is there in any case. */
static void set_own_hook(Py_tracefunc hook, PyObject *object)
{
    PyObject *exception = PyErr_GetRaisedException();
    Py_XDECREF(set_hook(PyThreadState_Get(), hook, object));
    PyErr_SetRaisedException(exception);
}

/* The hook of a thread that has not: its first event. The engine comes in the capsule. */
static int on_arrival(PyObject *capsule, PyFrameObject *frame, int what, PyObject *argument)
{
    tp_engine *engine = PyCapsule_GetPointer(capsule, CAPSULE);
    tp_here.engine_id = 0;
    const tp_thread *thread = tp_thread_arrive(engine);
    if (thread->first == NULL) {
        set_own_hook(NULL, NULL);
        return 0;
    }
    set_own_hook(on_event, owner_or_none(thread->first->recording));
    return on_event(NULL, frame, what, argument);
}

const char *tp_hooks_name(void)
{
    return "setprofile";
}

PyObject *tp_hooks_holder(const tp_engine *engine, int id)
{
    (void)engine;
    (void)id;
    return NULL;
}

void tp_hooks_idle(tp_engine *engine)
{
    (void)engine;
}

void tp_hooks_count_changes(tp_engine *engine, uint32_t count)
{
    (void)engine;
    (void)count;
}

int tp_hooks_tool(const tp_engine *engine)
{
    (void)engine;
    return -1;
}

struct tp_hooks {
    PyObject *capsule; /* Owned; holds the engine */
    PyObject *starter; /* Owned; what threading calls on new threads while all are recorded */
};

static Py_tracefunc hook_of_new_threads(const tp_engine *engine)
{
    if (engine->running_in_contexts > 0)
        return on_event_in_contexts;
    return engine->running_everywhere > 0 ? on_arrival : NULL;
}

/* threading gives this to sys.setprofile on each new thread; it puts our own hook in its place. */
static PyObject *start_thread(PyObject *capsule, PyObject *args)
{
    (void)args;
    Py_tracefunc hook = hook_of_new_threads(PyCapsule_GetPointer(capsule, CAPSULE));
    set_own_hook(hook, hook == NULL ? NULL : capsule);
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
    PyObject *dictionary = PyInterpreterState_GetDict(PyInterpreterState_Get());
    if (hooks->starter != NULL && dictionary != NULL &&
        PyDict_SetItemString(dictionary, CAPSULE, hooks->capsule) == 0)
        return TP_OK;
    if (!PyErr_Occurred())
        PyErr_NoMemory();
    tp_hooks_destroy(engine);
    return TP_EPYTHON;
}

static void forget_engine(const struct tp_hooks *hooks)
{
    PyObject *exception = PyErr_GetRaisedException();
    PyObject *dictionary = PyInterpreterState_GetDict(PyInterpreterState_Get());
    if (dictionary != NULL && hooks->capsule != NULL &&
        PyDict_GetItemString(dictionary, CAPSULE) == hooks->capsule &&
        PyDict_DelItemString(dictionary, CAPSULE) != 0)
        PyErr_Clear();
    PyErr_SetRaisedException(exception);
}

void tp_hooks_destroy(tp_engine *engine)
{
    struct tp_hooks *hooks = engine->hooks;
    if (hooks == NULL)
        return;
    forget_engine(hooks);
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
    return state->c_profilefunc == on_event || state->c_profilefunc == on_arrival ||
           state->c_profilefunc == on_event_in_contexts;
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

/* The other threads that there are. What another tool profiles is left alone. What is replaced here may be
 * the last reference to a profile, and run what it likes as it goes: a new walk then. */
static PyObject *hook_some_threads(tp_engine *engine, Py_tracefunc hook)
{
    PyObject *garbage = NULL;
    PyThreadState *state = PyInterpreterState_ThreadHead(PyInterpreterState_Get());
    for (; state != NULL && garbage == NULL; state = PyThreadState_Next(state)) {
        bool ours = is_ours(state) && state->c_profilefunc != hook;
        if (state != PyThreadState_Get() && (ours || state->c_profilefunc == NULL))
            garbage = set_hook(state, hook, engine->hooks->capsule);
    }
    return garbage;
}

static void hook_all_threads(tp_engine *engine, Py_tracefunc hook)
{
    PyObject *garbage;
    while ((garbage = hook_some_threads(engine, hook)) != NULL)
        Py_DECREF(garbage);
}

tp_status tp_hooks_install(tp_engine *engine, tp_recording *recording)
{
    PyThreadState *state = PyThreadState_Get();
    if (state->c_profilefunc != NULL && !is_ours(state)) {
        PyErr_Format(PyExc_ValueError, "the profile hook of this thread is taken by %R",
                     state->c_profileobj != NULL ? state->c_profileobj : Py_None);
        return TP_EBUSY;
    }
    bool in_contexts =
        recording->scope == TP_SCOPE_CONTEXT || engine->running_in_contexts > 0;
    if (PySys_Audit("sys.setprofile", NULL) < 0)
        return TP_EPYTHON;
    /* First, as it may import threading, which is no call of the program's. */
    if (recording->scope != TP_SCOPE_THREAD)
        hook_new_threads(engine, 1);
    if (in_contexts)
        set_own_hook(on_event_in_contexts, engine->hooks->capsule);
    else
        set_own_hook(on_event, owner_or_none(recording));
    if (recording->scope != TP_SCOPE_THREAD)
        hook_all_threads(engine, in_contexts ? on_event_in_contexts : on_arrival);
    return TP_OK;
}

static const tp_thread *find_thread(const tp_engine *engine, uint64_t state_id)
{
    const tp_thread *thread = engine->threads;
    while (thread != NULL && thread->state_id != state_id)
        thread = thread->next;
    return thread;
}

/* What a thread of ours needs from now on. Another thread that records arrives anew at its next event. */
static PyObject *hook_again(const tp_engine *engine, PyThreadState *state, const tp_thread *thread)
{
    Py_tracefunc hook = hook_of_new_threads(engine);
    PyObject *object = hook == NULL ? NULL : engine->hooks->capsule;
    if (thread != NULL && engine->running_in_contexts == 0) {
        hook = thread->first == NULL ? NULL : on_arrival;
        object = thread->first == NULL ? NULL : engine->hooks->capsule;
        if (hook != NULL && state == PyThreadState_Get()) {
            hook = on_event;
            object = owner_or_none(thread->first->recording);
            tp_here.engine_id = 0;
        }
    }
    if (state->c_profilefunc == hook && state->c_profileobj == object)
        return NULL;
    return set_hook(state, hook, object);
}

static PyObject *hook_some_again(const tp_engine *engine)
{
    PyObject *garbage = NULL;
    PyThreadState *state = PyInterpreterState_ThreadHead(PyInterpreterState_Get());
    for (; state != NULL && garbage == NULL; state = PyThreadState_Next(state)) {
        if (is_ours(state))
            garbage = hook_again(engine, state, find_thread(engine, PyThreadState_GetID(state)));
    }
    return garbage;
}

bool tp_hooks_were_taken(tp_engine *engine, const tp_recording *recording)
{
    (void)engine; /* on any thread that the recording is attached to and that is there */
    PyThreadState *state = PyInterpreterState_ThreadHead(PyInterpreterState_Get());
    for (; state != NULL; state = PyThreadState_Next(state)) {
        const tp_attachment *a = is_ours(state) ? NULL : recording->attachments;
        while (a != NULL && a->thread->state_id != PyThreadState_GetID(state))
            a = a->next_of_recording;
        if (a != NULL)
            return true;
    }
    return false;
}

void tp_hooks_remove(tp_engine *engine, tp_recording *recording, bool *evicted)
{
    (void)evicted;
    PyObject *garbage, *exception = PyErr_GetRaisedException();
    while ((garbage = hook_some_again(engine)) != NULL)
        Py_DECREF(garbage);
    if (recording->scope != TP_SCOPE_THREAD &&
        engine->running_everywhere + engine->running_in_contexts == 0)
        hook_new_threads(engine, 0);
    PyErr_SetRaisedException(exception);
}

#else
typedef int tp_not_this_version;
#endif
