/* CPython 3.12 and later: sys.monitoring (PEP 669).
 *
 * A callback is an object of a small type whose vectorcall slot is our C function, so that the
 * interpreter calls that without building a tuple, a bound method or a result. Events of all threads
 * arrive here; a thread without a recording is told by one comparison. */
#include "compat.h"

#ifdef TP_HAVE_MONITORING

#include <stddef.h>
#include <string.h>

#include "filter.h"
#include "monitoring_handlers.h"
#include "watch.h"

#define TOOL_NAME "ctraceprof"

struct tp_hooks {
    PyTypeObject *type;   /* Owned. */
    PyObject *monitoring; /* Owned. */
    PyObject *callbacks[TP_EVENT_COUNT]; /* Owned, one an event; NULL while not installed */
    PyObject *name;       /* Owned; the tool's. An object of its own: it tells this engine from others */
    int tool;             /* -1 while not installed */
    long mask;            /* events set */
    bool builtins;        /* CALL and what follows from it is among the events set */
};

static void hook_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
#ifdef TP_FREE_THREADED
    if (((tp_hook *)self)->post != NULL)
        tp_watch_leave(((tp_hook *)self)->post);
#endif
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

int tp_hooks_tool(const tp_engine *engine)
{
    return engine->hooks->tool;
}

tp_status tp_hooks_create(tp_engine *engine)
{
    struct tp_hooks *hooks = PyMem_RawCalloc(1, sizeof *hooks);
    if (hooks == NULL)
        return TP_ENOMEM;
    hooks->tool = -1;
    hooks->type = (PyTypeObject *)PyType_FromSpec(&hook_spec);
    (void)PySys_GetOptionalAttrString("monitoring", &hooks->monitoring);
    hooks->name = hooks->type == NULL ? NULL : PyUnicode_FromString(TOOL_NAME);
    engine->hooks = hooks;
    if (hooks->name != NULL && hooks->monitoring != NULL)
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
    Py_XDECREF(hooks->name);
    PyMem_RawFree(hooks);
    engine->hooks = NULL;
}

/* Raises ValueError that names who holds which tool id. */
static tp_status refuse(struct tp_hooks *hooks)
{
    PyObject *text = PyUnicode_FromString("all tool ids of sys.monitoring are taken:");
    for (int id = 0; text != NULL && id < TP_TOOL_COUNT; id++) {
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
    static const int preferred[TP_TOOL_COUNT] = { 2, 3, 4, 5, 1, 0 };
    for (int i = 0; i < TP_TOOL_COUNT; i++) {
        PyObject *result = PyObject_CallMethod(hooks->monitoring, "use_tool_id", "iO",
                                               preferred[i], hooks->name);
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
    bool ours = holder != NULL && holder == hooks->name;
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
    TP_STORE(hook->engine_id, engine->id);
    TP_STORE(hook->vectorcall, event->handlers[(engine->running_in_contexts > 0 ? 1 : 0) +
                                       (engine->running_filtered > 0 ? 2 : 0)]);
#ifdef TP_FREE_THREADED
    TP_STORE(hook->in_contexts, engine->running_in_contexts > 0);
    TP_STORE(hook->filtered, engine->running_filtered > 0);
#endif
}

void tp_hooks_note(tp_engine *engine)
{
    for (size_t i = 0; engine->hooks != NULL && i < TP_EVENT_COUNT; i++) {
        if (engine->hooks->callbacks[i] != NULL)
            note(engine, (tp_hook *)engine->hooks->callbacks[i], &tp_events[i]);
    }
}

static PyObject *make_callback(tp_engine *engine, const tp_event *event)
{
    struct tp_hooks *hooks = engine->hooks;
    PyObject *missing = PyObject_GetAttrString(hooks->monitoring, "MISSING");
    PyObject *disable =
        missing == NULL ? NULL : PyObject_GetAttrString(hooks->monitoring, "DISABLE");
    tp_hook *hook = disable == NULL ? NULL : (tp_hook *)hooks->type->tp_alloc(hooks->type, 0);
    if (hook != NULL) {
        note(engine, hook, event);
#ifdef TP_FREE_THREADED
        engine->post->references++;
        hook->post = engine->post;
#endif
        hook->engine = engine;
        hook->carrier = engine->carrier;
        hook->missing = missing;
        hook->disable = event->local ? disable : NULL;
    }
    Py_XDECREF(missing);
    Py_XDECREF(disable);
    return (PyObject *)hook;
}

static tp_status register_callbacks(tp_engine *engine)
{
    struct tp_hooks *hooks = engine->hooks;
    for (size_t i = 0; i < TP_EVENT_COUNT; i++) {
        hooks->callbacks[i] = make_callback(engine, &tp_events[i]);
        if (hooks->callbacks[i] == NULL)
            return TP_EPYTHON;
        tp_status status = set_callback(hooks, tp_events[i].name, hooks->callbacks[i], NULL);
        if (status != TP_OK)
            return status;
    }
    return TP_OK;
}

/* The mask has the C events' bits in that of CALL: they come with it. */
static tp_status set_events(struct tp_hooks *hooks, bool builtins)
{
    long mask = 0;
    for (size_t i = 0; i < TP_EVENT_COUNT; i++) {
        long number = event_number(hooks, tp_events[i].name);
        if (number == -1)
            return TP_EPYTHON;
        if (builtins || !tp_events[i].builtins)
            mask |= number;
    }
    PyObject *result = PyObject_CallMethod(hooks->monitoring, "set_events", "il", hooks->tool, mask);
    if (result == NULL)
        return TP_EPYTHON;
    Py_DECREF(result);
    hooks->builtins = builtins;
    hooks->mask = mask;
    return TP_OK;
}

/* Up to 3.13 an id that is taken away keeps its callbacks: they must not do anything any more. */
static void retire(PyObject *callback)
{
    tp_hook *hook = (tp_hook *)callback;
    if (hook == NULL)
        return;
    TP_STORE(hook->engine_id, UINT64_MAX);
    hook->engine = NULL;
}

/* All that was switched off comes back, for other tools too: it outlives the events themselves, and the
 * next holder of the id would miss them. */
static tp_status restart_events(tp_engine *engine)
{
    PyObject *result = PyObject_CallMethod(engine->hooks->monitoring, "restart_events", NULL);
    if (result == NULL)
        return TP_EPYTHON;
    Py_DECREF(result);
    tp_filters_note_restart(engine);
    return TP_OK;
}

/* Gives back id and callbacks, unless another tool took them. Returns whether they were still ours. */
static bool release_tool(tp_engine *engine)
{
    struct tp_hooks *hooks = engine->hooks;
    bool ours = owns_tool(hooks);
    if (ours) {
        PyObject *result =
            PyObject_CallMethod(hooks->monitoring, "set_events", "ii", hooks->tool, 0);
        Py_XDECREF(result);
    }
    for (size_t i = 0; i < TP_EVENT_COUNT; i++) {
        PyObject *previous = NULL;
        if (ours && hooks->callbacks[i] != NULL &&
            set_callback(hooks, tp_events[i].name, Py_None, &previous) == TP_OK &&
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
    if (engine->switched_off && restart_events(engine) != TP_OK)
        PyErr_Clear();
    hooks->tool = -1;
    hooks->builtins = false;
    return ours;
}

static tp_status install(tp_engine *engine, const tp_recording *recording)
{
    struct tp_hooks *hooks = engine->hooks;
    /* The id may have been taken away meanwhile, and what is there now is another's. */
    if (hooks->tool >= 0 && !owns_tool(hooks)) {
        release_tool(engine);
        for (tp_recording *r = engine->recordings; r != NULL; r = r->next)
            r->evicted = r->evicted || r->running;
    }
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
        release_tool(engine);
        PyErr_SetRaisedException(exception);
    }
    return status;
}

tp_status tp_hooks_install(tp_engine *engine, tp_recording *recording)
{
    tp_control_begin(engine);
    tp_status status = install(engine, recording);
    /* Last, so that nothing is switched off between this and the recording's beginning. */
    if (status == TP_OK && tp_filters_hide_from(engine, recording->filter))
        status = restart_events(engine);
    tp_control_end(engine);
    return status;
}

/* Whether the events set are ours. Those of C functions are not told: they come with CALL. */
static bool has_events(const struct tp_hooks *hooks)
{
    PyObject *set = PyObject_CallMethod(hooks->monitoring, "get_events", "i", hooks->tool);
    long mask = set == NULL ? -1 : PyLong_AsLong(set);
    long told = ~(event_number(hooks, "C_RETURN") | event_number(hooks, "C_RAISE"));
    Py_XDECREF(set);
    return mask != -1 && ((mask ^ hooks->mask) & told) == 0;
}

static bool were_taken(const tp_engine *engine)
{
    const struct tp_hooks *hooks = engine->hooks;
    return hooks->tool < 0 || !owns_tool(hooks) || !has_events(hooks);
}

bool tp_hooks_were_taken(tp_engine *engine, const tp_recording *recording)
{
    (void)recording;
    PyObject *exception = PyErr_GetRaisedException();
    tp_control_begin(engine);
    bool taken = were_taken(engine);
    tp_control_end(engine);
    PyErr_Clear();
    PyErr_SetRaisedException(exception);
    return taken;
}

void tp_hooks_remove(tp_engine *engine, tp_recording *recording, bool *evicted)
{
    (void)recording;
    PyObject *exception = PyErr_GetRaisedException();
    tp_control_begin(engine);
    if (engine->running == 0 && engine->hooks->tool >= 0 && !release_tool(engine))
        *evicted = true;
    tp_control_end(engine);
    PyErr_SetRaisedException(exception);
}

#else
typedef int tp_not_this_version;
#endif
