/* The calls of one decorated function: which are profiled, by which profile, and what becomes of that.
 *
 * calls() begins one, and gives what is to be called to end it, or None if it is not profiled. Both are types'
 * instances, not functions, as hooks have no row for these: what decorates is not among what is recorded. */
#include "_core.h"

#include <stdatomic.h>
#include <stddef.h>
#include <structmember.h>

/* Profiles that wait for the next call. What more calls at once have had is added to the sum, and goes. */
#define MOST_IDLE 64

/* Events that hooks stay for behind a call; as many as cost what it costs to switch them off and on. */
#define IDLE_EVENTS 300

/* A thread that reports on a call just now: what it calls is not profiled. A part of the call; in a forked child,
 * where the thread is no more, nobody frees that. */
typedef struct reporter {
    unsigned long thread;
    struct reporter *next;
} reporter;

struct core_calls {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    PyObject *name;     /* Owned; the function's, for warnings */
    PyObject *sum;      /* Owned; a Profiler, of whose type others are made */
    PyObject *options;  /* Owned dict; keywords for these */
    PyObject *reports;  /* Owned tuple; called behind each call */
    int fresh;          /* each call has a new profile, for the reports; else these are given None */
    const core_state *state; /* Borrowed from the module, which the type holds. */
    Py_ssize_t every;
    atomic_size_t turns;
    PyObject *idle[MOST_IDLE]; /* Owned. */
    size_t idle_count;
    reporter *reporters; /* Borrowed from calls that are being reported on. */
    int has_warned;
};

struct core_call {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    core_calls *calls;  /* Owned; NULL once it has ended, as is the next */
    PyObject *profiler; /* Owned. */
    reporter reporter;
};

/* --- what must not reach the program ---------------------------------------------------------- */

/* The exception that is set, told once as a warning; where warnings are errors, to sys.unraisablehook. */
static void warn_once(core_calls *calls)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    int told;
    Py_BEGIN_CRITICAL_SECTION(calls);
    told = calls->has_warned;
    calls->has_warned = 1;
    Py_END_CRITICAL_SECTION();
    if (!told && PyErr_WarnFormat(PyExc_RuntimeWarning, 1,
                                  "calls of %U are not profiled, or not wholly: %s: %S (told once)",
                                  calls->name, value != NULL ? Py_TYPE(value)->tp_name : "",
                                  value != NULL ? value : Py_None) != 0)
        PyErr_WriteUnraisable((PyObject *)calls);
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
}

static tp_recording *hold_recording(const core_call *call, PyObject **holder)
{
    *holder = core_holder(call->profiler);
    return core_recording(*holder);
}

/* --- profiles --------------------------------------------------------------------------------- */

static PyObject *make_profiler(core_calls *calls)
{
    PyObject *nothing = PyTuple_New(0);
    PyObject *profiler =
        nothing == NULL ? NULL : PyObject_Call((PyObject *)Py_TYPE(calls->sum), nothing, calls->options);
    Py_XDECREF(nothing);
    PyObject *holder = profiler == NULL ? NULL : core_holder(profiler);
    if (holder != NULL) {
        tp_recording_set_group(core_recording(holder), calls);
        tp_recording_set_recurrent(core_recording(holder), IDLE_EVENTS);
    }
    Py_XDECREF(holder);
    if (profiler != NULL && !calls->fresh && core_watch(calls->sum, profiler) != 0)
        Py_CLEAR(profiler);
    return profiler;
}

static PyObject *take_profiler(core_calls *calls)
{
    PyObject *profiler = NULL;
    Py_BEGIN_CRITICAL_SECTION(calls);
    if (calls->idle_count > 0)
        profiler = calls->idle[--calls->idle_count];
    Py_END_CRITICAL_SECTION();
    return profiler != NULL ? profiler : make_profiler(calls);
}

/* Takes the reference over. Not 0: with an exception. */
static int give_back(core_calls *calls, PyObject *profiler)
{
    int kept;
    Py_BEGIN_CRITICAL_SECTION(calls);
    kept = calls->idle_count < MOST_IDLE;
    if (kept)
        calls->idle[calls->idle_count++] = profiler;
    Py_END_CRITICAL_SECTION();
    if (kept)
        return 0;
    int failed = core_absorb(calls->sum, profiler); /* or the sum keeps it as it is */
    Py_DECREF(profiler);
    return failed;
}

/* --- reports ---------------------------------------------------------------------------------- */

static int is_reporting(core_calls *calls)
{
    unsigned long thread = PyThread_get_thread_ident();
    const reporter *r;
    Py_BEGIN_CRITICAL_SECTION(calls);
    r = calls->reporters;
    while (r != NULL && r->thread != thread)
        r = r->next;
    Py_END_CRITICAL_SECTION();
    return r != NULL;
}

static void link_reporter(core_calls *calls, reporter *r)
{
    Py_BEGIN_CRITICAL_SECTION(calls);
    r->next = calls->reporters;
    calls->reporters = r;
    Py_END_CRITICAL_SECTION();
}

static void unlink_reporter(core_calls *calls, reporter *r)
{
    Py_BEGIN_CRITICAL_SECTION(calls);
    reporter **link = &calls->reporters;
    while (*link != r)
        link = &(*link)->next;
    *link = r->next;
    Py_END_CRITICAL_SECTION();
}

void core_report(PyObject *reports, PyObject *argument)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(reports); i++) {
        PyObject *result = PyObject_CallOneArg(PyTuple_GET_ITEM(reports, i), argument);
        if (result == NULL)
            PyErr_WriteUnraisable(PyTuple_GET_ITEM(reports, i));
        Py_XDECREF(result);
    }
}

static void report(core_calls *calls, reporter *r, PyObject *argument)
{
    if (PyTuple_GET_SIZE(calls->reports) == 0)
        return;
    r->thread = PyThread_get_thread_ident();
    link_reporter(calls, r);
    core_report(calls->reports, argument);
    unlink_reporter(calls, r);
}

/* --- one call --------------------------------------------------------------------------------- */

static int is_turn(core_calls *calls)
{
    return calls->every <= 1 || atomic_fetch_add(&calls->turns, 1) % (size_t)calls->every == 0;
}

int core_is_own_call(core_calls *calls)
{
    return !tp_group_is_here(calls->state->engine, calls) &&
           (calls->reporters == NULL || !is_reporting(calls));
}

static PyObject *call_call(PyObject *self, PyObject *const *args, size_t count, PyObject *names);

static core_call *new_call(const core_state *state)
{
    core_call *call = (core_call *)state->call_type->tp_alloc(state->call_type, 0);
    if (call != NULL)
        call->vectorcall = call_call;
    return call;
}

core_call *core_take_call(core_calls *calls)
{
    if (!is_turn(calls))
        return NULL;
    PyObject *profiler = take_profiler(calls);
    core_call *call = profiler == NULL ? NULL : new_call(calls->state);
    if (call == NULL) {
        warn_once(calls);
        Py_XDECREF(profiler);
        return NULL;
    }
    call->calls = (core_calls *)Py_NewRef((PyObject *)calls);
    call->profiler = profiler;
    return call;
}

int core_start_call(core_call *call)
{
    PyObject *holder;
    tp_recording *recording = hold_recording(call, &holder);
    int started = tp_recording_start(recording) == TP_OK;
    Py_DECREF(holder);
    if (!started)
        warn_once(call->calls);
    return started;
}

void core_stop_call(core_call *call)
{
    PyObject *type, *value, *traceback, *holder;
    PyErr_Fetch(&type, &value, &traceback);
    tp_recording *recording = hold_recording(call, &holder);
    int was_running = tp_recording_is_running(recording);
    if (tp_recording_stop(recording) != TP_OK)
        warn_once(call->calls);
    if (was_running && tp_recording_was_evicted(recording)) {
        PyErr_SetString(PyExc_ValueError, "another tool took the profiler's hook away");
        warn_once(call->calls);
    }
    Py_DECREF(holder);
    PyErr_Restore(type, value, traceback);
}

void core_enter_call(core_call *call)
{
    PyObject *holder;
    if (tp_recording_enter(hold_recording(call, &holder)) != TP_OK)
        warn_once(call->calls);
    Py_DECREF(holder);
}

void core_exit_call(core_call *call)
{
    PyObject *holder;
    tp_recording_exit(hold_recording(call, &holder));
    Py_DECREF(holder);
}

/* Added first: who reads the sum in a report sees this call in it. */
static void add_fresh(core_calls *calls, PyObject *profiler)
{
    PyObject *holder = core_holder(profiler);
    tp_recording_set_group(core_recording(holder), NULL); /* it is the receiver's from now on */
    tp_recording_set_recurrent(core_recording(holder), 0);
    Py_DECREF(holder);
    PyObject *done = PyObject_CallMethod(calls->sum, "add", "O", profiler);
    if (done == NULL)
        warn_once(calls);
    Py_XDECREF(done);
}

/* Takes the profiler's reference over. `r` is NULL where nobody is to be told. */
static void hand_over(core_calls *calls, PyObject *profiler, reporter *r)
{
    if (calls->fresh) {
        add_fresh(calls, profiler);
        if (r != NULL)
            report(calls, r, profiler);
        Py_DECREF(profiler);
        return;
    }
    if (give_back(calls, profiler) != 0)
        warn_once(calls);
    if (r != NULL)
        report(calls, r, Py_None);
}

static void end(core_call *call, reporter *r)
{
    core_calls *calls = call->calls;
    if (calls == NULL)
        return;
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    core_stop_call(call);
    PyObject *profiler = call->profiler;
    call->calls = NULL;
    call->profiler = NULL;
    hand_over(calls, profiler, r);
    Py_DECREF(calls);
    PyErr_Restore(type, value, traceback);
}

void core_end_call(core_call *call)
{
    end(call, &call->reporter);
}

static PyObject *call_call(PyObject *self, PyObject *const *args, size_t count, PyObject *names)
{
    (void)args;
    if (PyVectorcall_NARGS(count) != 0 || names != NULL) {
        PyErr_SetString(PyExc_TypeError, "takes no arguments");
        return NULL;
    }
    core_end_call((core_call *)self);
    Py_RETURN_NONE;
}

static PyObject *calls_call(PyObject *self, PyObject *const *args, size_t count, PyObject *names)
{
    core_calls *calls = (core_calls *)self;
    (void)args;
    if (PyVectorcall_NARGS(count) != 0 || names != NULL) {
        PyErr_SetString(PyExc_TypeError, "takes no arguments");
        return NULL;
    }
    core_call *call = core_is_own_call(calls) ? core_take_call(calls) : NULL;
    if (call != NULL && core_start_call(call))
        return (PyObject *)call;
    Py_XDECREF(call);
    Py_RETURN_NONE;
}

/* --- types ------------------------------------------------------------------------------------ */

static int call_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT((PyObject *)((core_call *)self)->calls);
    Py_VISIT(((core_call *)self)->profiler);
    return 0;
}

/* What is thrown away without an end, as nothing but an interrupt between two instructions does, ends here. */
static int call_clear(PyObject *self)
{
    end((core_call *)self, NULL);
    return 0;
}

static void call_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    call_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMemberDef call_members[] = {
    { "__vectorcalloffset__", T_PYSSIZET, offsetof(core_call, vectorcall), READONLY, NULL },
    { NULL, 0, 0, 0, NULL },
};

static PyType_Slot call_slots[] = {
    { Py_tp_call, (void *)(uintptr_t)PyVectorcall_Call },
    { Py_tp_members, call_members },
    { Py_tp_traverse, (void *)(uintptr_t)call_traverse },
    { Py_tp_clear, (void *)(uintptr_t)call_clear },
    { Py_tp_dealloc, (void *)(uintptr_t)call_dealloc },
    { 0, NULL },
};

static PyType_Spec call_spec = {
    .name = "ctraceprof._core.call",
    .basicsize = sizeof(core_call),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL |
             Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = call_slots,
};

static PyObject *calls_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    PyObject *name, *sum, *options, *reports;
    Py_ssize_t every;
    int fresh;
    const core_state *state = core_state_of_type(type);
    if (state == NULL || (kwargs != NULL && PyDict_GET_SIZE(kwargs) > 0) ||
        !PyArg_ParseTuple(args, "UO!O!nO!p:calls", &name, state->profiler_type, &sum, &PyDict_Type,
                          &options, &every, &PyTuple_Type, &reports, &fresh))
        return NULL;
    PyObject *copy = PyDict_Copy(options);
    core_calls *calls = copy == NULL ? NULL : (core_calls *)type->tp_alloc(type, 0);
    if (calls == NULL) {
        Py_XDECREF(copy);
        return NULL;
    }
    calls->vectorcall = calls_call;
    calls->name = Py_NewRef(name);
    calls->sum = Py_NewRef(sum);
    calls->options = copy;
    calls->reports = Py_NewRef(reports);
    calls->fresh = fresh;
    calls->state = state;
    calls->every = every;
    return (PyObject *)calls;
}

static int calls_traverse(PyObject *self, visitproc visit, void *arg)
{
    core_calls *calls = (core_calls *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(calls->sum);
    Py_VISIT(calls->options);
    Py_VISIT(calls->reports);
    for (size_t i = 0; i < calls->idle_count; i++)
        Py_VISIT(calls->idle[i]);
    return 0;
}

/* What a call in progress needs to end stays. */
static int calls_clear(PyObject *self)
{
    core_calls *calls = (core_calls *)self;
    while (calls->idle_count > 0)
        Py_DECREF(calls->idle[--calls->idle_count]);
    return 0;
}

static void calls_dealloc(PyObject *self)
{
    core_calls *calls = (core_calls *)self;
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    calls_clear(self);
    Py_CLEAR(calls->name);
    Py_CLEAR(calls->sum);
    Py_CLEAR(calls->options);
    Py_CLEAR(calls->reports);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMemberDef calls_members[] = {
    { "__vectorcalloffset__", T_PYSSIZET, offsetof(core_calls, vectorcall), READONLY, NULL },
    { "sum", T_OBJECT_EX, offsetof(core_calls, sum), READONLY, NULL },
    { NULL, 0, 0, 0, NULL },
};

static PyType_Slot calls_slots[] = {
    { Py_tp_new, (void *)(uintptr_t)calls_new },
    { Py_tp_call, (void *)(uintptr_t)PyVectorcall_Call },
    { Py_tp_members, calls_members },
    { Py_tp_traverse, (void *)(uintptr_t)calls_traverse },
    { Py_tp_clear, (void *)(uintptr_t)calls_clear },
    { Py_tp_dealloc, (void *)(uintptr_t)calls_dealloc },
    { 0, NULL },
};

static PyType_Spec calls_spec = {
    .name = "ctraceprof._core.calls",
    .basicsize = sizeof(core_calls),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL,
    .slots = calls_slots,
};

int core_add_calls(PyObject *module, core_state *state)
{
    state->call_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &call_spec, NULL);
    state->calls_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &calls_spec, NULL);
    if (state->call_type == NULL || state->calls_type == NULL)
        return -1;
    return PyModule_AddType(module, state->calls_type);
}
