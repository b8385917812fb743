/* The class ctraceprof._core.Profiler. */
#include "_core.h"

#include <math.h>
#include <string.h>

static core_profiler *as_profiler(PyObject *self)
{
    return (core_profiler *)self;
}

#define RECORDING "ctraceprof.recording"

static void holder_goes(PyObject *holder)
{
    tp_recording_destroy(PyCapsule_GetPointer(holder, RECORDING));
}

tp_recording *core_recording(PyObject *holder)
{
    return PyCapsule_GetPointer(holder, RECORDING);
}

PyObject *core_holder(PyObject *self)
{
    PyObject *holder;
    Py_BEGIN_CRITICAL_SECTION(self);
    holder = Py_XNewRef(as_profiler(self)->holder);
    Py_END_CRITICAL_SECTION();
    return holder;
}

static void set_holder(PyObject *self, PyObject *holder)
{
    PyObject *former;
    Py_BEGIN_CRITICAL_SECTION(self);
    former = as_profiler(self)->holder;
    as_profiler(self)->holder = holder;
    Py_END_CRITICAL_SECTION();
    Py_XDECREF(former);
}

/* The same, with an exception when __init__ was not called. */
static PyObject *need_holder(PyObject *self)
{
    PyObject *holder = core_holder(self);
    if (holder == NULL)
        PyErr_SetString(PyExc_ValueError, "Profiler.__init__() was not called");
    return holder;
}

PyObject *core_hold_and(core_work work, PyObject *self, PyObject *args)
{
    PyObject *holder = need_holder(self);
    if (holder == NULL)
        return NULL;
    PyObject *result = work(self, core_recording(holder), args);
    Py_DECREF(holder);
    return result;
}

static int check_arguments(PyObject *timer, double timeunit, Py_ssize_t max_contexts)
{
    if (timer != Py_None && !PyCallable_Check(timer)) {
        PyErr_Format(PyExc_TypeError, "timer must be callable, not %s", Py_TYPE(timer)->tp_name);
        return -1;
    }
    if (!isfinite(timeunit) || timeunit < 0) {
        PyErr_SetString(PyExc_ValueError, "timeunit must be a number of seconds, 0 or more");
        return -1;
    }
    if (max_contexts < 1 || max_contexts > INT32_MAX / 2) {
        PyErr_Format(PyExc_ValueError, "max_contexts must be from 1 to %d", INT32_MAX / 2);
        return -1;
    }
    return 0;
}

/* Whether times are to be given as measured; -1 with an exception. None: unless they can be compensated. */
static int check_compensate(PyObject *compensate, PyObject *timer)
{
    int wanted = compensate == Py_None ? 1 : PyObject_IsTrue(compensate);
    if (wanted > 0 && compensate != Py_None && timer != Py_None) {
        PyErr_SetString(PyExc_ValueError,
                        "compensate: what a timer of the caller's measures is given as it is");
        return -1;
    }
    return wanted < 0 ? -1 : !wanted;
}

static int check_scope(const char *name, tp_scope *scope)
{
    static const char *const names[] = { "thread", "process", "context" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(name, names[i]) == 0) {
            *scope = (tp_scope)i;
            return 0;
        }
    }
    PyErr_Format(PyExc_ValueError, "scope must be 'thread', 'process' or 'context', not '%s'",
                 name);
    return -1;
}

/* The holder of a recording of these options with these patterns, or NULL. */
static PyObject *create_filtered(tp_engine *engine, tp_recording_options *options,
                                 PyObject *include, PyObject *exclude)
{
    core_patterns in = { NULL, NULL, 0 }, out = { NULL, NULL, 0 };
    tp_recording *recording = NULL;
    if (core_parse_patterns(&in, "include", include) == 0 &&
        core_parse_patterns(&out, "exclude", exclude) == 0) {
        options->include = in.texts;
        options->include_count = in.count;
        options->exclude = out.texts;
        options->exclude_count = out.count;
        if (tp_recording_create(&recording, engine, options) != TP_OK)
            recording = NULL;
    }
    core_free_patterns(&in);
    core_free_patterns(&out);
    PyObject *holder =
        recording == NULL ? NULL : PyCapsule_New(recording, RECORDING, holder_goes);
    if (holder == NULL)
        tp_recording_destroy(recording);
    return holder;
}

/* What was recorded before __init__ was called again goes. From within the profile's own timer that is
 * refused. */
static int clear_former(PyObject *self)
{
    PyObject *holder = core_holder(self);
    int failed = holder != NULL && tp_recording_clear(core_recording(holder)) != TP_OK;
    Py_XDECREF(holder);
    return failed ? -1 : core_forget_added(self);
}

static int profiler_init(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = { "timer", "timeunit", "subcalls", "builtins",
                             "scope", "max_contexts", "include", "exclude", "compensate", NULL };
    core_profiler *p = as_profiler(self);
    PyObject *timer = Py_None, *include = Py_None, *exclude = Py_None;
    PyObject *compensate = Py_None;
    double timeunit = 0.0;
    int subcalls = 1, builtins = 1;
    const char *scope_name = "thread";
    tp_scope scope;
    Py_ssize_t max_contexts = TP_DEFAULT_MAX_CONTEXTS;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|Odpp$snOOO:Profiler", names, &timer, &timeunit,
                                     &subcalls, &builtins, &scope_name, &max_contexts, &include,
                                     &exclude, &compensate))
        return -1;
    int as_measured = check_compensate(compensate, timer);
    if (as_measured < 0)
        return -1;
    if (check_arguments(timer, timeunit, max_contexts) != 0 || check_scope(scope_name, &scope) != 0)
        return -1;
    if (clear_former(self) != 0)
        return -1;
    core_state *state = core_state_of_type(Py_TYPE(self));
    if (state == NULL)
        return -1;
    tp_recording_options options = TP_RECORDING_OPTIONS_INIT;
    options.timer = timer != Py_None ? timer : NULL;
    options.timer_unit = timeunit;
    options.max_contexts = (uint32_t)max_contexts;
    options.no_edges = !subcalls;
    options.no_builtins = !builtins;
    options.scope = scope;
    options.owner = self;
    PyObject *holder = create_filtered(state->engine, &options, include, exclude);
    if (holder == NULL)
        return -1;
    set_holder(self, holder);
    p->subcalls = subcalls;
    p->builtins = builtins;
    p->as_measured = as_measured;
    return 0;
}

int core_flag_or(PyObject *value, int otherwise)
{
    return value == Py_None ? otherwise : PyObject_IsTrue(value);
}

PyDoc_STRVAR(enable_doc, "enable($self, /, subcalls=None, builtins=None)\n--\n\n"
                         "Start collecting data, adding to what there is.\n\n"
                         "subcalls, builtins: override what the constructor was given.\n"
                         "Raises ValueError if the profile is already enabled, or if no monitoring\n"
                         "tool id (Python 3.12+) or profile hook (3.11) is free.");

static PyObject *profiler_enable(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = { "subcalls", "builtins", NULL };
    PyObject *subcalls = Py_None, *builtins = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|OO:enable", names, &subcalls, &builtins))
        return NULL;
    int edges = core_flag_or(subcalls, as_profiler(self)->subcalls);
    int with_builtins = core_flag_or(builtins, as_profiler(self)->builtins);
    if (edges < 0 || with_builtins < 0)
        return NULL;
    PyObject *holder = need_holder(self);
    if (holder == NULL)
        return NULL;
    tp_recording *recording = core_recording(holder);
    tp_status status = tp_recording_set_options(recording, !edges, !with_builtins);
    if (status == TP_OK)
        status = tp_recording_start(recording);
    Py_DECREF(holder);
    return status == TP_OK ? Py_NewRef(Py_None) : NULL;
}

/* Tells once, at the end, of what could not be told from within a hook. */
static int warn_after_stop(const tp_recording *recording)
{
    uint64_t backwards = tp_recording_timer_backwards(recording);
    if (tp_recording_was_evicted(recording) &&
        PyErr_WarnEx(PyExc_RuntimeWarning,
                     "another tool took the profiler's hook away while it was enabled: "
                     "calls after that are missing",
                     1) != 0)
        return -1;
    if (backwards > 0 &&
        PyErr_WarnFormat(PyExc_RuntimeWarning, 1,
                         "the timer went backwards %llu times: it was held at its last value",
                         (unsigned long long)backwards) != 0)
        return -1;
    return 0;
}

PyDoc_STRVAR(disable_doc, "disable($self, /)\n--\n\n"
                          "Stop collecting data; calls still running are counted as ending now.\n\n"
                          "May be called from any thread; does nothing when not enabled.");

static PyObject *do_disable(PyObject *self, tp_recording *recording, PyObject *unused)
{
    (void)self;
    (void)unused;
    int was_running = tp_recording_is_running(recording);
    if (tp_recording_stop(recording) != TP_OK)
        return NULL;
    if (was_running && warn_after_stop(recording) != 0)
        return NULL;
    Py_RETURN_NONE;
}

static CORE_DEFINE_METHOD(profiler_disable, do_disable)

PyDoc_STRVAR(clear_doc, "clear($self, /)\n--\n\nForget all data collected so far, and what was added.");

static PyObject *do_clear_data(PyObject *self, tp_recording *recording, PyObject *unused)
{
    (void)unused;
    if (tp_recording_clear(recording) != TP_OK)
        return NULL;
    if (core_forget_added(self) != 0)
        return NULL;
    Py_RETURN_NONE;
}

static CORE_DEFINE_METHOD(profiler_clear_data, do_clear_data)

PyDoc_STRVAR(add_doc,
             "add($self, other, /)\n--\n\n"
             "Add what another profile has recorded so far, with what was added to that: calls, times,\n"
             "callers and call trees, as traceprof merge adds up files.\n\n"
             "Either may be enabled, and go on. What is shown of this profile from now on is the sum of it\n"
             "and of what it recorded itself. Thread-safe. Takes as long as reading the other profile.\n"
             "Raises TypeError if other is no Profiler, and MemoryError, with nothing lost.");

static PyObject *add_other(PyObject *self, PyObject *other, int is_to_wait)
{
    const core_state *state = core_state_of_type(Py_TYPE(self));
    if (state == NULL)
        return NULL;
    if (!PyObject_TypeCheck(other, state->profiler_type))
        return PyErr_Format(PyExc_TypeError, "other must be a Profiler, not %s", Py_TYPE(other)->tp_name);
    PyObject *own = need_holder(self), *holder = own == NULL ? NULL : need_holder(other);
    Py_XDECREF(own); /* it was only asked whether there is one */
    if (holder == NULL)
        return NULL;
    PyObject *capsule;
    tp_status status = core_take_shared(other, core_recording(holder), &capsule);
    Py_DECREF(holder);
    if (status != TP_OK)
        return NULL;
    int failed = core_add_shared(self, capsule, is_to_wait);
    Py_DECREF(capsule);
    if (failed)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *profiler_add(PyObject *self, PyObject *other)
{
    return add_other(self, other, 0);
}

PyDoc_STRVAR(append_doc,
             "_append($self, other, /)\n--\n\n"
             "As add(), but that the sum is made later: by the next add(), or whenever it is asked for.");

static PyObject *profiler_append(PyObject *self, PyObject *other)
{
    return add_other(self, other, 1);
}

PyDoc_STRVAR(on_signal_doc, "_on_signal($self, number, frame, /)\n--\n\n"
                            "A signal handler: stop recording, then call self._signalled(number).\n"
                            "In C, so that the handler itself is not among the calls recorded.\n"
                            "While the recorder is at work the signal is made to come again.");

static PyObject *do_on_signal(PyObject *self, tp_recording *recording, PyObject *args)
{
    int number;
    PyObject *frame;
    if (!PyArg_ParseTuple(args, "iO:_on_signal", &number, &frame))
        return NULL;
    tp_status status = tp_recording_stop(recording);
    if (status != TP_OK)
        PyErr_Clear();
    if (status == TP_ESTATE && PyErr_SetInterruptEx(number) == 0)
        Py_RETURN_NONE;
    core_has_heard();
    return PyObject_CallMethod(self, "_signalled", "i", number);
}

static CORE_DEFINE_METHOD(profiler_on_signal, do_on_signal)

static int profiler_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    if (as_profiler(self)->holder != NULL)
        Py_VISIT(tp_recording_timer(core_recording(as_profiler(self)->holder)));
    Py_VISIT(as_profiler(self)->added);
    return 0;
}

static int profiler_gc_clear(PyObject *self)
{
    Py_CLEAR(as_profiler(self)->holder);
    Py_CLEAR(as_profiler(self)->added);
    return 0;
}

/* An enabled profile that nobody holds any more stops by itself, and says so as files do. */
static void profiler_finalize(PyObject *self)
{
    PyObject *holder = core_holder(self);
    tp_recording *recording = holder == NULL ? NULL : core_recording(holder);
    if (recording == NULL || !tp_recording_is_running(recording)) {
        Py_XDECREF(holder);
        return;
    }
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    if (tp_recording_stop(recording) != TP_OK)
        PyErr_Clear();
    if (PyErr_ResourceWarning(self, 1, "enabled profile %R was never disabled", self) != 0)
        PyErr_WriteUnraisable(self);
    Py_DECREF(holder);
    PyErr_Restore(type, value, traceback);
}

static void profiler_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    if (PyObject_CallFinalizerFromDealloc(self) < 0)
        return;
    PyObject_GC_UnTrack(self);
    profiler_gc_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

PyDoc_STRVAR(profiler_doc,
             "Profiler(timer=None, timeunit=0.0, subcalls=True, builtins=True, *, "
             "scope='thread', max_contexts=1000000, include=None, exclude=None, compensate=None)\n--\n\n"
             "Records every call of a thread: counts, times, callers, and the calling context tree.");

PyDoc_STRVAR(join_doc, "_join($self, /)\n--\n\n"
                       "Record the calling context, and what will inherit it, while this is enabled.");

static PyObject *do_join(PyObject *self, tp_recording *recording, PyObject *unused)
{
    (void)self;
    (void)unused;
    if (tp_recording_enter(recording) != TP_OK)
        return NULL;
    Py_RETURN_NONE;
}

static CORE_DEFINE_METHOD(profiler_join, do_join)

PyDoc_STRVAR(leave_doc, "_leave($self, /)\n--\n\n"
                        "Record no more of the calling context, and of what will inherit it.");

static PyObject *do_leave(PyObject *self, tp_recording *recording, PyObject *unused)
{
    (void)self;
    (void)unused;
    tp_recording_exit(recording);
    Py_RETURN_NONE;
}

static CORE_DEFINE_METHOD(profiler_leave, do_leave)

PyDoc_STRVAR(set_recurrent_doc,
             "_set_recurrent($self, idle_events, /)\n--\n\n"
             "Whether another short recording is to be expected soon after this one: the interpreter's events\n"
             "then stay on for so many of them (3.12+), as to switch them off and on costs more; 0: it is not.");

static PyObject *do_set_recurrent(PyObject *self, tp_recording *recording, PyObject *number)
{
    (void)self;
    unsigned long idle_events = PyLong_AsUnsignedLong(number);
    if (idle_events == (unsigned long)-1 && PyErr_Occurred())
        return NULL;
    tp_recording_set_recurrent(recording, idle_events < UINT32_MAX ? (uint32_t)idle_events : UINT32_MAX);
    Py_RETURN_NONE;
}

static CORE_DEFINE_METHOD(profiler_set_recurrent, do_set_recurrent)

static PyMethodDef profiler_methods[] = {
    { "enable", (PyCFunction)(void (*)(void))profiler_enable, METH_VARARGS | METH_KEYWORDS,
      enable_doc },
    { "disable", profiler_disable, METH_NOARGS, disable_doc },
    { "clear", profiler_clear_data, METH_NOARGS, clear_doc },
    { "add", profiler_add, METH_O, add_doc },
    { "_append", profiler_append, METH_O, append_doc },
    { "getstats", core_getstats, METH_NOARGS, core_getstats_doc },
    { "_records", core_records, METH_NOARGS, core_records_doc },
    { "_dictionary", core_dictionary, METH_VARARGS, core_dictionary_doc },
    { "_on_signal", profiler_on_signal, METH_VARARGS, on_signal_doc },
    { "_write", core_write, METH_VARARGS, core_write_doc },
    { "_page", core_page, METH_VARARGS, core_page_doc },
    { "_encode", core_encode, METH_VARARGS, core_encode_doc },
    { "_join", profiler_join, METH_NOARGS, join_doc },
    { "_leave", profiler_leave, METH_NOARGS, leave_doc },
    { "_set_recurrent", profiler_set_recurrent, METH_O, set_recurrent_doc },
    { "_totals", core_totals, METH_NOARGS, core_totals_doc },
    { "__sizeof__", core_sizeof, METH_NOARGS, core_sizeof_doc },
    { NULL, NULL, 0, NULL },
};

static PyType_Slot profiler_slots[] = {
    { Py_tp_doc, (void *)(uintptr_t)profiler_doc },
    { Py_tp_init, (void *)(uintptr_t)profiler_init },
    { Py_tp_methods, profiler_methods },
    { Py_tp_traverse, (void *)(uintptr_t)profiler_traverse },
    { Py_tp_clear, (void *)(uintptr_t)profiler_gc_clear },
    { Py_tp_finalize, (void *)(uintptr_t)profiler_finalize },
    { Py_tp_dealloc, (void *)(uintptr_t)profiler_dealloc },
    { 0, NULL },
};

static PyType_Spec profiler_spec = {
    .name = "ctraceprof._core.Profiler",
    .basicsize = sizeof(core_profiler),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = profiler_slots,
};

int core_add_profiler(PyObject *module, core_state *state)
{
    state->profiler_type =
        (PyTypeObject *)PyType_FromModuleAndSpec(module, &profiler_spec, NULL);
    if (state->profiler_type == NULL)
        return -1;
    return PyModule_AddType(module, state->profiler_type);
}
