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
    PyObject *get_tool;   /* Owned; its function */
    long numbers[TP_EVENT_COUNT]; /* of the events; these differ between versions */
    PyObject *callbacks[TP_EVENT_COUNT]; /* Owned, one an event; NULL while not installed */
    PyObject *name;       /* Owned; the tool's. An object of its own: it tells this engine from others */
    int tool;             /* -1 while not installed */
    long mask;            /* events set */
    bool builtins;        /* CALL and what follows from it is among the events set */
    uint32_t changes;     /* of the events, in all */
    uint32_t idle;        /* events until they go; 0: something is recorded, or they are off */
    PyObject *former[TP_EVENT_COUNT]; /* Owned; retired from within one of them */
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

/* What is asked of sys.monitoring at each start and stop. False with an exception. */
static bool find_names(struct tp_hooks *hooks)
{
    hooks->get_tool = PyObject_GetAttrString(hooks->monitoring, "get_tool");
    PyObject *events =
        hooks->get_tool == NULL ? NULL : PyObject_GetAttrString(hooks->monitoring, "events");
    for (size_t i = 0; events != NULL && i < TP_EVENT_COUNT; i++) {
        PyObject *number = PyObject_GetAttrString(events, tp_events[i].name);
        hooks->numbers[i] = number == NULL ? -1 : PyLong_AsLong(number);
        Py_XDECREF(number);
        if (hooks->numbers[i] == -1)
            Py_CLEAR(events);
    }
    Py_XDECREF(events);
    return events != NULL;
}

PyObject *tp_hooks_holder(const tp_engine *engine, int id)
{
    PyObject *number = PyLong_FromLong(id);
    PyObject *holder =
        number == NULL ? NULL : PyObject_CallOneArg(engine->hooks->get_tool, number);
    Py_XDECREF(number);
    return holder;
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
    if (hooks->name != NULL && hooks->monitoring != NULL && find_names(hooks))
        return TP_OK;
    if (!PyErr_Occurred())
        PyErr_SetString(PyExc_RuntimeError, "sys.monitoring is missing");
    tp_hooks_destroy(engine);
    return TP_EPYTHON;
}

static void forget_former(struct tp_hooks *hooks)
{
    for (size_t i = 0; i < TP_EVENT_COUNT; i++)
        Py_CLEAR(hooks->former[i]);
}

void tp_hooks_destroy(tp_engine *engine)
{
    struct tp_hooks *hooks = engine->hooks;
    if (hooks == NULL)
        return;
    forget_former(hooks);
    Py_XDECREF(hooks->type);
    Py_XDECREF(hooks->monitoring);
    Py_XDECREF(hooks->get_tool);
    Py_XDECREF(hooks->name);
    PyMem_RawFree(hooks);
    engine->hooks = NULL;
}

/* Raises ValueError that names who holds which tool id. */
static tp_status refuse(const tp_engine *engine)
{
    PyObject *text = PyUnicode_FromString("all tool ids of sys.monitoring are taken:");
    for (int id = 0; text != NULL && id < TP_TOOL_COUNT; id++) {
        PyObject *holder = tp_hooks_holder(engine, id);
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

/* The profiler's id if it is free, else one that is nobody's by convention, else any. Who may keep it for longer
 * than needed leaves the profiler's to others. */
static tp_status claim_tool(const tp_engine *engine, bool recurrent)
{
    struct tp_hooks *hooks = engine->hooks;
    static const int preferred[] = { 2, 3, 4, 5, 2, 1, 0 };
    const int *first = preferred + (recurrent ? 1 : 0);
    for (const int *id = first; id < preferred + sizeof preferred / sizeof *preferred; id++) {
        PyObject *result =
            PyObject_CallMethod(hooks->monitoring, "use_tool_id", "iO", *id, hooks->name);
        if (result != NULL) {
            Py_DECREF(result);
            hooks->tool = *id;
            return TP_OK;
        }
        if (!PyErr_ExceptionMatches(PyExc_ValueError))
            return TP_EPYTHON;
        PyErr_Clear();
    }
    return refuse(engine);
}

static bool owns_tool(const tp_engine *engine)
{
    PyObject *holder = tp_hooks_holder(engine, engine->hooks->tool);
    bool ours = holder != NULL && holder == engine->hooks->name;
    Py_XDECREF(holder);
    PyErr_Clear();
    return ours;
}

/* Registers a callback, or None; *previous (may be NULL) is what was there. */
static tp_status set_callback(const struct tp_hooks *hooks, size_t event, PyObject *callback,
                              PyObject **previous)
{
    PyObject *before = PyObject_CallMethod(hooks->monitoring, "register_callback", "ilO",
                                           hooks->tool, hooks->numbers[event], callback);
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
    forget_former(hooks);
    for (size_t i = 0; i < TP_EVENT_COUNT; i++) {
        hooks->callbacks[i] = make_callback(engine, &tp_events[i]);
        if (hooks->callbacks[i] == NULL)
            return TP_EPYTHON;
        tp_status status = set_callback(hooks, i, hooks->callbacks[i], NULL);
        if (status != TP_OK)
            return status;
    }
    return TP_OK;
}

void tp_hooks_count_changes(tp_engine *engine, uint32_t count)
{
    uint32_t room = UINT32_MAX - engine->hooks->changes;
    engine->hooks->changes += count < room ? count : room;
}

/* The mask has the C events' bits in that of CALL: they come with it. */
static tp_status set_events(tp_engine *engine, bool builtins)
{
    struct tp_hooks *hooks = engine->hooks;
    long mask = 0;
    for (size_t i = 0; i < TP_EVENT_COUNT; i++) {
        if (builtins || !tp_events[i].builtins)
            mask |= hooks->numbers[i];
    }
    PyObject *result = PyObject_CallMethod(hooks->monitoring, "set_events", "il", hooks->tool, mask);
    if (result == NULL)
        return TP_EPYTHON;
    Py_DECREF(result);
    hooks->builtins = builtins;
    hooks->mask = mask;
    tp_hooks_count_changes(engine, 1);
    return TP_OK;
}

/* Two more are needed for a start, should builtins be wanted later, and one to stop. */
static tp_status check_changes(const struct tp_hooks *hooks)
{
    if (hooks->changes <= TP_MOST_CHANGES - 3)
        return TP_OK;
    PyErr_Format(PyExc_ValueError,
                 "sys.monitoring's events were switched %lu times in this process, and the interpreter "
                 "does not do it much more often",
                 (unsigned long)hooks->changes);
    return TP_EBUSY;
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
    bool ours = owns_tool(engine);
    if (ours) {
        PyObject *result =
            PyObject_CallMethod(hooks->monitoring, "set_events", "ii", hooks->tool, 0);
        Py_XDECREF(result);
        tp_hooks_count_changes(engine, 1);
    }
    for (size_t i = 0; i < TP_EVENT_COUNT; i++) {
        PyObject *previous = NULL;
        if (ours && hooks->callbacks[i] != NULL &&
            set_callback(hooks, i, Py_None, &previous) == TP_OK &&
            previous != hooks->callbacks[i])
            ours = false;
        Py_XDECREF(previous);
        retire(hooks->callbacks[i]);
        Py_CLEAR(hooks->callbacks[i]);
    }
    if (owns_tool(engine)) {
        PyObject *result =
            PyObject_CallMethod(hooks->monitoring, "free_tool_id", "i", hooks->tool);
        Py_XDECREF(result);
    }
    PyErr_Clear();
    if (engine->switched_off && restart_events(engine) != TP_OK)
        PyErr_Clear();
    hooks->tool = -1;
    hooks->builtins = false;
    hooks->idle = 0;
    return ours;
}

static tp_status install(tp_engine *engine, const tp_recording *recording)
{
    struct tp_hooks *hooks = engine->hooks;
    /* The id may have been taken away meanwhile, and what is there now is another's. */
    if (hooks->tool >= 0 && !owns_tool(engine)) {
        release_tool(engine);
        for (tp_recording *r = engine->active; r != NULL; r = r->next_active)
            r->evicted = r->evicted || r->running;
    }
    hooks->idle = 0;
    if (hooks->tool >= 0) {
        /* Events are only ever added while something runs: a change re-instruments all code. */
        return recording->builtins && !hooks->builtins ? set_events(engine, true) : TP_OK;
    }
    tp_status status = check_changes(hooks);
    if (status == TP_OK)
        status = claim_tool(engine, recording->idle_events > 0);
    if (status != TP_OK)
        return status;
    tp_filters_be_patient(engine);
    status = register_callbacks(engine);
    if (status == TP_OK)
        status = set_events(engine, recording->builtins);
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

/* Whether the events set are ours. Those that come with CALL and cannot be had without it are not told. */
static bool has_events(const struct tp_hooks *hooks)
{
    PyObject *set = PyObject_CallMethod(hooks->monitoring, "get_events", "i", hooks->tool);
    long mask = set == NULL ? -1 : PyLong_AsLong(set), told = -1;
    for (size_t i = 0; i < TP_EVENT_COUNT; i++) {
        if (tp_events[i].builtins && !tp_events[i].local)
            told &= ~hooks->numbers[i];
    }
    Py_XDECREF(set);
    return mask != -1 && ((mask ^ hooks->mask) & told) == 0;
}

static bool were_taken(const tp_engine *engine)
{
    const struct tp_hooks *hooks = engine->hooks;
    return hooks->tool < 0 || !owns_tool(engine) || !has_events(hooks);
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

/* Hooks that are not needed just now may stay for one that is to be expected. Without a GIL, threads on which
 * nothing is recorded do not come to where their events are counted. */
static bool may_stay(const tp_engine *engine, const tp_recording *recording)
{
#ifdef TP_FREE_THREADED
    (void)engine;
    (void)recording;
    return false;
#else
    return recording->idle_events > 0 && !recording->evicted && !engine->released;
#endif
}

void tp_hooks_remove(tp_engine *engine, tp_recording *recording, bool *evicted)
{
    PyObject *exception = PyErr_GetRaisedException();
    tp_control_begin(engine);
    if (engine->running == 0 && engine->hooks->tool >= 0) {
        if (may_stay(engine, recording))
            engine->hooks->idle = recording->idle_events;
        else if (!release_tool(engine))
            *evicted = true;
    }
    tp_control_end(engine);
    PyErr_Clear();
    PyErr_SetRaisedException(exception);
}

void tp_hooks_idle(tp_engine *engine)
{
    struct tp_hooks *hooks = engine->hooks;
    if (hooks->idle == 0 || --hooks->idle > 0)
        return;
    PyObject *exception = PyErr_GetRaisedException();
    /* The interpreter holds no reference to what it calls just now. */
    forget_former(hooks);
    for (size_t i = 0; i < TP_EVENT_COUNT; i++)
        hooks->former[i] = Py_XNewRef(hooks->callbacks[i]);
    (void)release_tool(engine);
    PyErr_SetRaisedException(exception);
}

#else
typedef int tp_not_this_version;
#endif
