/* The floor under any profiler of this kind: the interpreter's hooks with callbacks that do nothing.
 *
 * What remains of a run's overhead below this is the interpreter's own; no recorder can go lower.
 * From 3.12 on the callbacks are what ctraceprof's are, objects with a vectorcall slot, on the same
 * events; before, a C function on the profile hook.
 *
 * bench sees only include/, with this one exception: compat.h, which asks for the version so that
 * no other file has to, and includes Python.h. */
#include "compat.h"

#include <stdbool.h>
#include <stddef.h>

/* With the clock: each callback that a recorder would read the clock in reads it, and does nothing else.
 * What a recorder costs above this is its own. Bare rdtsc, as in lib/clock; without one no clock. */
static volatile unsigned long long last_tick;
static bool with_clock;

static inline void read_clock(void)
{
#if defined(__x86_64__)
    last_tick = __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
    unsigned long long ticks;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    last_tick = ticks;
#endif
}

#ifdef TP_HAVE_MONITORING

#define TOOL_NAME "floor"
#define NO_TOOL (-1)

typedef struct floor_hook {
    PyObject_HEAD
    vectorcallfunc vectorcall;
} floor_hook;

typedef struct floor_event {
    const char *name;
    bool builtins;
} floor_event;

/* Those of hooks_monitoring.c. */
static const floor_event events[] = {
    { "PY_START", false },  { "PY_RESUME", false }, { "PY_THROW", false },
    { "PY_RETURN", false }, { "PY_YIELD", false },  { "PY_UNWIND", false },
    { "CALL", true },       { "C_RETURN", true },   { "C_RAISE", true },
};
#define EVENT_COUNT (sizeof events / sizeof *events)

/* One a process: the module is for one interpreter's main thread. */
static int tool = NO_TOOL;

static PyObject *do_nothing(PyObject *self, PyObject *const *args, size_t count, PyObject *names)
{
    (void)self;
    (void)args;
    (void)count;
    (void)names;
    Py_RETURN_NONE;
}

static PyObject *do_read(PyObject *self, PyObject *const *args, size_t count, PyObject *names)
{
    (void)self;
    (void)args;
    (void)count;
    (void)names;
    read_clock();
    Py_RETURN_NONE;
}

/* CALL comes for Python functions too, whose start has an event of its own. */
static PyObject *do_read_builtin(PyObject *self, PyObject *const *args, size_t count,
                                 PyObject *names)
{
    (void)self;
    (void)count;
    (void)names;
    if (Py_TYPE(args[2]) == &PyCFunction_Type || Py_TYPE(args[2]) == &PyMethodDescr_Type)
        read_clock();
    Py_RETURN_NONE;
}

static void hook_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMemberDef hook_members[] = {
    { "__vectorcalloffset__", Py_T_PYSSIZET, offsetof(floor_hook, vectorcall), Py_READONLY, NULL },
    { NULL, 0, 0, 0, NULL },
};

static PyType_Slot hook_slots[] = {
    { Py_tp_dealloc, (void *)(uintptr_t)hook_dealloc },
    { Py_tp_call, (void *)(uintptr_t)PyVectorcall_Call },
    { Py_tp_members, hook_members },
    { 0, NULL },
};

static PyType_Spec hook_spec = {
    .name = "_floor.hook",
    .basicsize = sizeof(floor_hook),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_DISALLOW_INSTANTIATION |
             Py_TPFLAGS_IMMUTABLETYPE,
    .slots = hook_slots,
};

static PyObject *make_hook(vectorcallfunc handler)
{
    PyTypeObject *type = (PyTypeObject *)PyType_FromSpec(&hook_spec);
    if (type == NULL)
        return NULL;
    floor_hook *hook = (floor_hook *)type->tp_alloc(type, 0);
    Py_DECREF(type); /* The hook has a reference of its own. */
    if (hook != NULL)
        hook->vectorcall = handler;
    return (PyObject *)hook;
}

/* Drops a call's result; whether there was one. */
static bool done(PyObject *result)
{
    Py_XDECREF(result);
    return result != NULL;
}

/* The event's number from sys.monitoring.events, -1 on failure. */
static long event_number(PyObject *monitoring, const char *name)
{
    PyObject *namespace = PyObject_GetAttrString(monitoring, "events");
    PyObject *number = namespace == NULL ? NULL : PyObject_GetAttrString(namespace, name);
    long value = number == NULL ? -1 : PyLong_AsLong(number);
    Py_XDECREF(number);
    Py_XDECREF(namespace);
    return value;
}

/* Registers callbacks, the second for events of built-ins; *mask is the events to be set. */
static bool register_all(PyObject *monitoring, PyObject *const callbacks[2], bool builtins,
                         long *mask)
{
    *mask = 0;
    for (size_t i = 0; i < EVENT_COUNT; i++) {
        long number = event_number(monitoring, events[i].name);
        PyObject *callback = callbacks[events[i].builtins];
        if (number == -1 || !done(PyObject_CallMethod(monitoring, "register_callback", "ilO", tool,
                                                      number, callback)))
            return false;
        if (builtins || !events[i].builtins)
            *mask |= number;
    }
    return true;
}

static bool claim_tool(PyObject *monitoring)
{
    static const int preferred[] = { 3, 4, 2, 5, 1, 0 };
    for (size_t i = 0; i < sizeof preferred / sizeof *preferred; i++) {
        if (done(PyObject_CallMethod(monitoring, "use_tool_id", "is", preferred[i], TOOL_NAME))) {
            tool = preferred[i];
            return true;
        }
        if (!PyErr_ExceptionMatches(PyExc_ValueError))
            return false;
        PyErr_Clear();
    }
    PyErr_SetString(PyExc_ValueError, "all tool ids of sys.monitoring are taken");
    return false;
}

static bool uninstall(PyObject *monitoring)
{
    long mask;
    PyObject *const none[2] = { Py_None, Py_None };
    bool ok = done(PyObject_CallMethod(monitoring, "set_events", "ii", tool, 0)) &&
              register_all(monitoring, none, false, &mask) &&
              done(PyObject_CallMethod(monitoring, "free_tool_id", "i", tool));
    tool = NO_TOOL;
    return ok;
}

static bool floor_install(bool builtins)
{
    PyObject *monitoring = PySys_GetObject("monitoring"); /* Borrowed. */
    if (tool != NO_TOOL || monitoring == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "the floor is active already, or there are no hooks");
        return false;
    }
    if (!claim_tool(monitoring))
        return false;
    long mask = 0;
    PyObject *hooks[2] = { make_hook(with_clock ? do_read : do_nothing),
                           make_hook(with_clock ? do_read_builtin : do_nothing) };
    bool ok = hooks[0] != NULL && hooks[1] != NULL &&
              register_all(monitoring, hooks, builtins, &mask) &&
              done(PyObject_CallMethod(monitoring, "set_events", "il", tool, mask));
    Py_XDECREF(hooks[0]);
    Py_XDECREF(hooks[1]);
    if (!ok) {
        PyObject *exception = PyErr_GetRaisedException();
        uninstall(monitoring);
        PyErr_SetRaisedException(exception);
    }
    return ok;
}

static bool floor_remove(void)
{
    return tool == NO_TOOL || uninstall(PySys_GetObject("monitoring"));
}

#else

static int do_nothing(PyObject *self, PyFrameObject *frame, int what, PyObject *arg)
{
    (void)self;
    (void)frame;
    (void)what;
    (void)arg;
    if (with_clock)
        read_clock();
    return 0;
}

/* The profile hook reports built-ins whether wanted or not. */
static bool floor_install(bool builtins)
{
    (void)builtins;
    PyEval_SetProfile(do_nothing, NULL);
    return true;
}

static bool floor_remove(void)
{
    PyEval_SetProfile(NULL, NULL);
    return true;
}

#endif

static PyObject *start(PyObject *module, PyObject *args)
{
    (void)module;
    int builtins, clock = 0;
    if (!PyArg_ParseTuple(args, "p|p:start", &builtins, &clock))
        return NULL;
    with_clock = clock;
    if (!floor_install(builtins))
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *stop(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    if (!floor_remove())
        return NULL;
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    { "start", start, METH_VARARGS,
      "start(builtins, clock=False, /): hook the events and do nothing, or only read the clock." },
    { "stop", stop, METH_NOARGS, "stop(): unhook them." },
    { NULL, NULL, 0, NULL },
};

static struct PyModuleDef module = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_floor",
    .m_doc = "Hooks whose callbacks do nothing: the least a profiler can cost.",
    .m_size = -1,
    .m_methods = methods,
};

PyMODINIT_FUNC PyInit__floor(void);

PyMODINIT_FUNC PyInit__floor(void)
{
    return PyModule_Create(&module);
}
