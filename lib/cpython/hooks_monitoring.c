/* CPython 3.12 and later: sys.monitoring (PEP 669).
 *
 * A callback is an object of a small type whose vectorcall slot is our C function, so that the
 * interpreter calls that without building a tuple, a bound method or a result. Events of all threads
 * arrive here; a thread without a recording is told by one comparison. */
#include "compat.h"

#ifdef TP_HAVE_MONITORING

#include <stddef.h>
#include <string.h>

#include "contexts.h"
#include "coroutines.h"
#include "engine.h"
#include "identity.h"
#include "track.h"

#define TOOL_NAME "ctraceprof"
#define TOOL_COUNT 6

/* A callback holds what its event needs, and arrives in a register. */
typedef struct tp_hook {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    uint64_t engine_id; /* the engine's present one */
    tp_engine *engine;  /* Borrowed; NULL once the hook is retired. */
    PyObject *missing;  /* Borrowed from sys.monitoring, which lives as long as the interpreter. */
} tp_hook;

typedef struct tp_event {
    const char *name;
    vectorcallfunc handler;
    vectorcallfunc handler_in_contexts; /* while a context is recorded */
    bool builtins; /* wanted only when builtins are recorded */
} tp_event;

struct tp_hooks {
    PyTypeObject *type;   /* Owned. */
    PyObject *monitoring; /* Owned. */
    PyObject *callbacks[9]; /* Owned, one an event; NULL while not installed */
    int tool;             /* -1 while not installed */
    bool builtins;        /* CALL and what follows from it is among the events set */
};

/* The handlers. Each does the common case by itself and without a call, so that it needs no stack: one
 * recording on this thread, on the counter, and a path already seen. The rest is a tail call away.
 *
 * Each has a twin for when a context is recorded: what is recorded on the thread then changes with its
 * context, which costs a call and two comparisons an event. */

typedef PyObject *const *arguments;

/* Whether what the thread keeps is this engine's, and up to date. */
TP_ALWAYS_INLINE bool is_here(const tp_hook *hook, bool in_contexts)
{
    return TP_LIKELY(tp_here.engine_id == hook->engine_id) &&
           (!in_contexts || TP_LIKELY(tp_contexts_is_same()));
}

/* The thread's entry, with nothing attached where there is nothing to record. NULL: the hook is
 * retired. */
static const tp_thread *find_thread(const tp_hook *hook)
{
    if (hook->engine == NULL)
        return NULL;
    tp_thread *thread = tp_thread_arrive(hook->engine);
    if (hook->engine->running_in_contexts > 0)
        thread = tp_contexts_follow(hook->engine, thread);
    if (TP_UNLIKELY(tp_thread_has_chores(thread)))
        tp_thread_do_chores(hook->engine, thread);
    return thread;
}

TP_NOINLINE static PyObject *enter_slow(const tp_hook *hook, arguments args)
{
    const tp_thread *thread = find_thread(hook);
    for (tp_attachment *a = thread != NULL ? thread->first : NULL; a != NULL; a = a->next_on_thread)
        tp_track_enter(a->track, args[0], NULL);
    Py_RETURN_NONE;
}

TP_NOINLINE static PyObject *leave_slow(const tp_hook *hook, arguments args)
{
    const tp_thread *thread = find_thread(hook);
    for (tp_attachment *a = thread != NULL ? thread->first : NULL; a != NULL; a = a->next_on_thread)
        tp_track_leave(a->track, args[0], NULL);
    Py_RETURN_NONE;
}

TP_ALWAYS_INLINE PyObject *enter(const tp_hook *hook, arguments args, bool in_contexts)
{
#ifdef TP_HAVE_COUNTER
    if (is_here(hook, in_contexts)) {
        tp_track *track = tp_here.thread->fast;
        if (TP_LIKELY(track != NULL) && TP_LIKELY(tp_track_try_push(track, args[0]))) {
            track->top->start = tp_counter_read();
            Py_RETURN_NONE;
        }
    }
#endif
    return enter_slow(hook, args);
}

TP_ALWAYS_INLINE PyObject *leave(const tp_hook *hook, arguments args, bool in_contexts)
{
#ifdef TP_HAVE_COUNTER
    if (is_here(hook, in_contexts)) {
        tp_track *track = tp_here.thread->fast;
        if (TP_LIKELY(track != NULL)) {
            uint64_t now = tp_counter_read();
            if (TP_LIKELY(tp_track_try_leave(track, args[0], now)))
                Py_RETURN_NONE;
        }
    }
#endif
    return leave_slow(hook, args);
}

/* Coroutines and async generators only: their instance is told apart, which takes longer. */

static bool is_of_interest(const tp_hook *hook, const tp_thread *thread)
{
    return thread != NULL &&
           (thread->first != NULL || hook->engine->suspensions.first.count > 0);
}

TP_NOINLINE static PyObject *resume_slow(const tp_hook *hook, arguments args)
{
    const tp_thread *thread = find_thread(hook);
    if (!is_of_interest(hook, thread))
        Py_RETURN_NONE;
    tp_suspensions *suspensions = &hook->engine->suspensions;
    uint64_t instance = tp_instance_here();
    if (instance == 0)
        return enter_slow(hook, args);
    for (tp_attachment *a = thread->first; a != NULL; a = a->next_on_thread)
        tp_resume(suspensions, a->track, args[0], instance);
    tp_suspensions_end(suspensions, instance);
    Py_RETURN_NONE;
}

TP_NOINLINE static PyObject *suspend_slow(const tp_hook *hook, arguments args)
{
    const tp_thread *thread = find_thread(hook);
    if (thread == NULL || thread->first == NULL)
        Py_RETURN_NONE;
    uint64_t instance =
        tp_is_await(args[0], PyLong_AsSsize_t(args[1])) ? tp_instance_here() : 0;
    if (instance == 0)
        return leave_slow(hook, args);
    for (tp_attachment *a = thread->first; a != NULL; a = a->next_on_thread)
        tp_suspend(&hook->engine->suspensions, a->track, args[0], instance);
    Py_RETURN_NONE;
}

TP_ALWAYS_INLINE PyObject *resume(const tp_hook *hook, arguments args, bool in_contexts)
{
    return tp_is_coroutine_code(args[0]) ? resume_slow(hook, args)
                                         : enter(hook, args, in_contexts);
}

TP_ALWAYS_INLINE PyObject *suspend(const tp_hook *hook, arguments args, bool in_contexts)
{
    return tp_is_coroutine_code(args[0]) ? suspend_slow(hook, args)
                                         : leave(hook, args, in_contexts);
}

/* throw() and close(): what has not begun is entered for the first time. */
TP_ALWAYS_INLINE PyObject *throw(const tp_hook *hook, arguments args, bool in_contexts)
{
    bool resumed = tp_is_coroutine_code(args[0]) &&
                   tp_has_begun(args[0], PyLong_AsSsize_t(args[1]));
    return resumed ? resume_slow(hook, args) : enter(hook, args, in_contexts);
}

/* From here on args are: code, offset, callable, first argument or MISSING. */

TP_NOINLINE static PyObject *call_slow(const tp_hook *hook, arguments args)
{
    const tp_thread *thread = find_thread(hook);
    const void *key = thread == NULL || thread->first == NULL
                          ? NULL
                          : tp_builtin_key(args[2], args[3], hook->missing);
    if (key == NULL)
        Py_RETURN_NONE;
    for (tp_attachment *a = thread->first; a != NULL; a = a->next_on_thread) {
        if (a->recording->builtins)
            tp_track_enter(a->track, key, args[2]);
    }
    Py_RETURN_NONE;
}

TP_NOINLINE static PyObject *called_slow(const tp_hook *hook, arguments args)
{
    const tp_thread *thread = find_thread(hook);
    const void *key = thread == NULL || thread->first == NULL
                          ? NULL
                          : tp_builtin_key(args[2], args[3], hook->missing);
    if (key == NULL)
        Py_RETURN_NONE;
    for (tp_attachment *a = thread->first; a != NULL; a = a->next_on_thread) {
        if (a->recording->builtins)
            tp_track_leave(a->track, key, args[0]);
    }
    Py_RETURN_NONE;
}

TP_ALWAYS_INLINE PyObject *call(const tp_hook *hook, arguments args, bool in_contexts)
{
    if (tp_is_never_builtin(args[2]))
        Py_RETURN_NONE;
#ifdef TP_HAVE_COUNTER
    if (is_here(hook, in_contexts)) {
        tp_track *track = tp_here.thread->fast_builtin;
        const void *key = tp_plain_builtin_key(args[2], args[3], hook->missing);
        if (TP_LIKELY(track != NULL) && TP_LIKELY(key != NULL && tp_track_try_push(track, key))) {
            track->top->start = tp_counter_read();
            Py_RETURN_NONE;
        }
    }
#endif
    return call_slow(hook, args);
}

TP_ALWAYS_INLINE PyObject *called(const tp_hook *hook, arguments args, bool in_contexts)
{
#ifdef TP_HAVE_COUNTER
    if (is_here(hook, in_contexts)) {
        tp_track *track = tp_here.thread->fast_builtin;
        if (TP_LIKELY(track != NULL)) {
            uint64_t now = tp_counter_read();
            const void *key = tp_plain_builtin_key(args[2], args[3], hook->missing);
            if (TP_LIKELY(key != NULL && tp_track_try_leave(track, key, now)))
                Py_RETURN_NONE;
        }
    }
#endif
    return called_slow(hook, args);
}

/* on_enter and on_enter_in_contexts, ...: what the interpreter calls. */
#define DEFINE_HANDLER(name, body, in_contexts)                                          \
    static PyObject *name(PyObject *self, arguments args, size_t count, PyObject *names) \
    {                                                                                    \
        (void)count;                                                                     \
        (void)names;                                                                     \
        return body((const tp_hook *)self, args, in_contexts);                           \
    }
#define DEFINE_HANDLERS(body)              \
    DEFINE_HANDLER(on_##body, body, false) \
    DEFINE_HANDLER(on_##body##_in_contexts, body, true)

DEFINE_HANDLERS(enter)
DEFINE_HANDLERS(resume)
DEFINE_HANDLERS(throw)
DEFINE_HANDLERS(leave)
DEFINE_HANDLERS(suspend)
DEFINE_HANDLERS(call)
DEFINE_HANDLERS(called)

static const tp_event events[] = {
    { "PY_START", on_enter, on_enter_in_contexts, false },
    { "PY_RESUME", on_resume, on_resume_in_contexts, false },
    { "PY_THROW", on_throw, on_throw_in_contexts, false },
    { "PY_RETURN", on_leave, on_leave_in_contexts, false },
    { "PY_YIELD", on_suspend, on_suspend_in_contexts, false },
    { "PY_UNWIND", on_leave, on_leave_in_contexts, false },
    { "CALL", on_call, on_call_in_contexts, true },
    { "C_RETURN", on_called, on_called_in_contexts, true },
    { "C_RAISE", on_called, on_called_in_contexts, true },
};
#define EVENT_COUNT (sizeof events / sizeof *events)

static void hook_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMemberDef hook_members[] = {
    { "__vectorcalloffset__", Py_T_PYSSIZET, offsetof(tp_hook, vectorcall), Py_READONLY, NULL },
    { NULL, 0, 0, 0, NULL },
};

static PyType_Slot hook_slots[] = {
    { Py_tp_dealloc, (void *)(uintptr_t)hook_dealloc },
    { Py_tp_call, (void *)(uintptr_t)PyVectorcall_Call },
    { Py_tp_members, hook_members },
    { 0, NULL },
};

static PyType_Spec hook_spec = {
    .name = "ctraceprof.hook",
    .basicsize = sizeof(tp_hook),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_DISALLOW_INSTANTIATION |
             Py_TPFLAGS_IMMUTABLETYPE,
    .slots = hook_slots,
};

const char *tp_hooks_name(void)
{
    return "sys.monitoring";
}

tp_status tp_hooks_create(tp_engine *engine)
{
    struct tp_hooks *hooks = PyMem_RawCalloc(1, sizeof *hooks);
    if (hooks == NULL)
        return TP_ENOMEM;
    hooks->tool = -1;
    hooks->type = (PyTypeObject *)PyType_FromSpec(&hook_spec);
    hooks->monitoring = Py_XNewRef(PySys_GetObject("monitoring"));
    engine->hooks = hooks;
    if (hooks->type != NULL && hooks->monitoring != NULL)
        return TP_OK;
    if (!PyErr_Occurred())
        PyErr_SetString(PyExc_RuntimeError, "sys.monitoring is missing");
    tp_hooks_destroy(engine);
    return TP_EPYTHON;
}

void tp_hooks_destroy(tp_engine *engine)
{
    struct tp_hooks *hooks = engine->hooks;
    if (hooks == NULL)
        return;
    Py_XDECREF(hooks->type);
    Py_XDECREF(hooks->monitoring);
    PyMem_RawFree(hooks);
    engine->hooks = NULL;
}

/* Raises ValueError that names who holds which tool id. */
static tp_status refuse(struct tp_hooks *hooks)
{
    PyObject *text = PyUnicode_FromString("all tool ids of sys.monitoring are taken:");
    for (int id = 0; text != NULL && id < TOOL_COUNT; id++) {
        PyObject *holder = PyObject_CallMethod(hooks->monitoring, "get_tool", "i", id);
        PyObject *longer =
            holder == NULL ? NULL
                           : PyUnicode_FromFormat("%U%s %d by %R", text, id > 0 ? "," : "", id,
                                                  holder);
        Py_XDECREF(holder);
        Py_SETREF(text, longer);
    }
    if (text != NULL) {
        PyErr_SetObject(PyExc_ValueError, text);
        Py_DECREF(text);
    }
    return TP_EBUSY;
}

/* The profiler's id if it is free, else one that is nobody's by convention, else any. */
static tp_status claim_tool(struct tp_hooks *hooks)
{
    static const int preferred[TOOL_COUNT] = { 2, 3, 4, 5, 1, 0 };
    for (int i = 0; i < TOOL_COUNT; i++) {
        PyObject *result = PyObject_CallMethod(hooks->monitoring, "use_tool_id", "is",
                                               preferred[i], TOOL_NAME);
        if (result != NULL) {
            Py_DECREF(result);
            hooks->tool = preferred[i];
            return TP_OK;
        }
        if (!PyErr_ExceptionMatches(PyExc_ValueError))
            return TP_EPYTHON;
        PyErr_Clear();
    }
    return refuse(hooks);
}

static bool owns_tool(const struct tp_hooks *hooks)
{
    PyObject *holder = PyObject_CallMethod(hooks->monitoring, "get_tool", "i", hooks->tool);
    bool ours = holder != NULL && PyUnicode_Check(holder) &&
                PyUnicode_CompareWithASCIIString(holder, TOOL_NAME) == 0;
    Py_XDECREF(holder);
    PyErr_Clear();
    return ours;
}

/* The event's number from sys.monitoring.events; numbers differ between versions. -1 on failure. */
static long event_number(const struct tp_hooks *hooks, const char *name)
{
    PyObject *namespace = PyObject_GetAttrString(hooks->monitoring, "events");
    PyObject *number = namespace == NULL ? NULL : PyObject_GetAttrString(namespace, name);
    long value = number == NULL ? -1 : PyLong_AsLong(number);
    Py_XDECREF(number);
    Py_XDECREF(namespace);
    return value;
}

/* Registers a callback, or None; *previous (may be NULL) is what was there. */
static tp_status set_callback(const struct tp_hooks *hooks, const char *event, PyObject *callback,
                              PyObject **previous)
{
    long number = event_number(hooks, event);
    if (number == -1)
        return TP_EPYTHON;
    PyObject *before = PyObject_CallMethod(hooks->monitoring, "register_callback", "ilO",
                                           hooks->tool, number, callback);
    if (before == NULL)
        return TP_EPYTHON;
    if (previous != NULL)
        *previous = before;
    else
        Py_DECREF(before);
    return TP_OK;
}

static void note(tp_engine *engine, tp_hook *hook, const tp_event *event)
{
    hook->engine_id = engine->id;
    hook->vectorcall =
        engine->running_in_contexts > 0 ? event->handler_in_contexts : event->handler;
}

void tp_hooks_note(tp_engine *engine)
{
    for (size_t i = 0; engine->hooks != NULL && i < EVENT_COUNT; i++) {
        if (engine->hooks->callbacks[i] != NULL)
            note(engine, (tp_hook *)engine->hooks->callbacks[i], &events[i]);
    }
}

static PyObject *make_callback(tp_engine *engine, const tp_event *event)
{
    struct tp_hooks *hooks = engine->hooks;
    PyObject *missing = PyObject_GetAttrString(hooks->monitoring, "MISSING");
    tp_hook *hook = missing == NULL ? NULL : (tp_hook *)hooks->type->tp_alloc(hooks->type, 0);
    if (hook != NULL) {
        note(engine, hook, event);
        hook->engine = engine;
        hook->missing = missing;
    }
    Py_XDECREF(missing);
    return (PyObject *)hook;
}

static tp_status register_callbacks(tp_engine *engine)
{
    struct tp_hooks *hooks = engine->hooks;
    for (size_t i = 0; i < EVENT_COUNT; i++) {
        hooks->callbacks[i] = make_callback(engine, &events[i]);
        if (hooks->callbacks[i] == NULL)
            return TP_EPYTHON;
        tp_status status = set_callback(hooks, events[i].name, hooks->callbacks[i], NULL);
        if (status != TP_OK)
            return status;
    }
    return TP_OK;
}

/* The mask has the C events' bits in that of CALL: they come with it. */
static tp_status set_events(struct tp_hooks *hooks, bool builtins)
{
    long mask = 0;
    for (size_t i = 0; i < EVENT_COUNT; i++) {
        long number = event_number(hooks, events[i].name);
        if (number == -1)
            return TP_EPYTHON;
        if (builtins || !events[i].builtins)
            mask |= number;
    }
    PyObject *result = PyObject_CallMethod(hooks->monitoring, "set_events", "il", hooks->tool, mask);
    if (result == NULL)
        return TP_EPYTHON;
    Py_DECREF(result);
    hooks->builtins = builtins;
    return TP_OK;
}

/* Up to 3.13 an id that is taken away keeps its callbacks: they must not do anything any more. */
static void retire(PyObject *callback)
{
    tp_hook *hook = (tp_hook *)callback;
    if (hook == NULL)
        return;
    hook->engine_id = UINT64_MAX;
    hook->engine = NULL;
}

/* Gives back id and callbacks, unless another tool took them. Returns whether they were still ours. */
static bool release_tool(struct tp_hooks *hooks)
{
    bool ours = owns_tool(hooks);
    if (ours) {
        PyObject *result =
            PyObject_CallMethod(hooks->monitoring, "set_events", "ii", hooks->tool, 0);
        Py_XDECREF(result);
    }
    for (size_t i = 0; i < EVENT_COUNT; i++) {
        PyObject *previous = NULL;
        if (ours && hooks->callbacks[i] != NULL &&
            set_callback(hooks, events[i].name, Py_None, &previous) == TP_OK &&
            previous != hooks->callbacks[i])
            ours = false;
        Py_XDECREF(previous);
        retire(hooks->callbacks[i]);
        Py_CLEAR(hooks->callbacks[i]);
    }
    if (owns_tool(hooks)) {
        PyObject *result =
            PyObject_CallMethod(hooks->monitoring, "free_tool_id", "i", hooks->tool);
        Py_XDECREF(result);
    }
    PyErr_Clear();
    hooks->tool = -1;
    hooks->builtins = false;
    return ours;
}

tp_status tp_hooks_install(tp_engine *engine, tp_recording *recording)
{
    struct tp_hooks *hooks = engine->hooks;
    /* The id may have been taken away meanwhile, and what is there now is another's. */
    if (hooks->tool >= 0 && !owns_tool(hooks))
        release_tool(hooks);
    if (hooks->tool >= 0) {
        /* Events are only ever added while something runs: a change re-instruments all code. */
        return recording->builtins && !hooks->builtins ? set_events(hooks, true) : TP_OK;
    }
    tp_status status = claim_tool(hooks);
    if (status != TP_OK)
        return status;
    status = register_callbacks(engine);
    if (status == TP_OK)
        status = set_events(hooks, recording->builtins);
    if (status != TP_OK) {
        PyObject *exception = PyErr_GetRaisedException();
        release_tool(hooks);
        PyErr_SetRaisedException(exception);
    }
    return status;
}

void tp_hooks_remove(tp_engine *engine, tp_recording *recording, bool *evicted)
{
    (void)recording;
    PyObject *exception = PyErr_GetRaisedException();
    if (engine->running > 0)
        *evicted = engine->hooks->tool < 0 || !owns_tool(engine->hooks);
    else if (engine->hooks->tool >= 0)
        *evicted = !release_tool(engine->hooks);
    PyErr_SetRaisedException(exception);
}

#else
typedef int tp_not_this_version;
#endif
