/* The class ctraceprof._core.Profiler. */
#include "_core.h"

#include <math.h>
#include <string.h>

typedef struct profiler {
    PyObject_HEAD
    PyObject *holder; /* Owned; a capsule that owns the recording. NULL until __init__ */
    int subcalls;            /* as given to the constructor */
    int builtins;
    int as_measured;         /* times are given as they were measured */
} profiler;

static profiler *as_profiler(PyObject *self)
{
    return (profiler *)self;
}

#define RECORDING "ctraceprof.recording"

static void holder_goes(PyObject *holder)
{
    tp_recording_destroy(PyCapsule_GetPointer(holder, RECORDING));
}

static tp_recording *recording_of(PyObject *holder)
{
    return PyCapsule_GetPointer(holder, RECORDING);
}

/* A reference to the holder, or NULL. Whoever works with the recording needs one: __init__ may be called
 * again meanwhile, on another thread or by Python code that the work leads to. */
static PyObject *get_holder(PyObject *self)
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
    PyObject *holder = get_holder(self);
    if (holder == NULL)
        PyErr_SetString(PyExc_ValueError, "Profiler.__init__() was not called");
    return holder;
}

/* A method's work while the recording cannot go. */
typedef PyObject *(*method_work)(PyObject *self, tp_recording *recording, PyObject *args);

static PyObject *hold_and(method_work work, PyObject *self, PyObject *args)
{
    PyObject *holder = need_holder(self);
    if (holder == NULL)
        return NULL;
    PyObject *result = work(self, recording_of(holder), args);
    Py_DECREF(holder);
    return result;
}

#define DEFINE_METHOD(name)                                           \
    static PyObject *profiler_##name(PyObject *self, PyObject *args) \
    {                                                                 \
        return hold_and(do_##name, self, args);                       \
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
    PyObject *holder = get_holder(self);
    int failed = holder != NULL && tp_recording_clear(recording_of(holder)) != TP_OK;
    Py_XDECREF(holder);
    return failed ? -1 : 0;
}

static int profiler_init(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = { "timer", "timeunit", "subcalls", "builtins",
                             "scope", "max_contexts", "include", "exclude", "compensate", NULL };
    profiler *p = as_profiler(self);
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

/* What was recorded so far, with the times that the constructor was asked for. */
static tp_status take_profile(PyObject *self, tp_recording *recording, tp_profile **profile)
{
    tp_status status = tp_recording_profile(recording, profile);
    if (status == TP_OK && as_profiler(self)->as_measured)
        status = tp_profile_show_times(*profile, TP_TIMES_RAW);
    return status;
}

/* None stands for "as the constructor said". */
static int flag_or(PyObject *value, int otherwise)
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
    int edges = flag_or(subcalls, as_profiler(self)->subcalls);
    int with_builtins = flag_or(builtins, as_profiler(self)->builtins);
    if (edges < 0 || with_builtins < 0)
        return NULL;
    PyObject *holder = need_holder(self);
    if (holder == NULL)
        return NULL;
    tp_recording *recording = recording_of(holder);
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

DEFINE_METHOD(disable)

PyDoc_STRVAR(clear_doc, "clear($self, /)\n--\n\nForget all data collected so far.");

static PyObject *do_clear_data(PyObject *self, tp_recording *recording, PyObject *unused)
{
    (void)self;
    (void)unused;
    if (tp_recording_clear(recording) != TP_OK)
        return NULL;
    Py_RETURN_NONE;
}

DEFINE_METHOD(clear_data)

PyDoc_STRVAR(getstats_doc,
             "getstats($self, /)\n--\n\n"
             "List of profiler_entry: code, callcount, reccallcount, totaltime, inlinetime, calls.\n\n"
             "code is a code object, or a str for a built-in function; calls is None or a list of\n"
             "profiler_subentry, one for each function called. Times are seconds.");

static PyObject *do_getstats(PyObject *self, tp_recording *recording, PyObject *unused)
{
    (void)unused;
    core_state *state = core_state_of_type(Py_TYPE(self));
    tp_profile *profile;
    if (state == NULL || take_profile(self, recording, &profile) != TP_OK)
        return NULL;
    PyObject *entries = core_make_entries(state, recording, profile);
    tp_profile_destroy(profile);
    return entries;
}

DEFINE_METHOD(getstats)

PyDoc_STRVAR(records_doc, "_records($self, /)\n--\n\n"
                          "What Profile.stats() is made of: a list of tuples (file, line, name, calls,\n"
                          "primitive calls, total, cumulative, callers, coroutine figures or None).");

static PyObject *do_records(PyObject *self, tp_recording *recording, PyObject *unused)
{
    (void)unused;
    tp_profile *profile;
    if (take_profile(self, recording, &profile) != TP_OK)
        return NULL;
    PyObject *records = core_make_records(profile);
    tp_profile_destroy(profile);
    return records;
}

DEFINE_METHOD(records)

PyDoc_STRVAR(dictionary_doc, "_dictionary($self, compensated=None, /)\n--\n\n"
                             "The pstats dictionary, marshalled (bytes).\n\n"
                             "compensated: whether its times are; None: as the constructor was told.");

static PyObject *do_dictionary(PyObject *self, tp_recording *recording, PyObject *args)
{
    PyObject *compensated = Py_None;
    if (!PyArg_ParseTuple(args, "|O:_dictionary", &compensated))
        return NULL;
    int wanted = flag_or(compensated, !as_profiler(self)->as_measured);
    tp_profile *profile;
    uint8_t *bytes;
    size_t size;
    if (wanted < 0 || tp_recording_profile(recording, &profile) != TP_OK)
        return NULL;
    tp_status status = TP_OK;
    if (!wanted)
        status = tp_profile_show_times(profile, TP_TIMES_RAW);
    if (status == TP_OK)
        status = tp_pstats_encode(profile, TP_PSTATS_DICTIONARY, &bytes, &size);
    tp_profile_destroy(profile);
    if (status != TP_OK)
        return PyErr_NoMemory();
    PyObject *result = PyBytes_FromStringAndSize((const char *)bytes, (Py_ssize_t)size);
    tp_pstats_free(bytes);
    return result;
}

DEFINE_METHOD(dictionary)

static int add_property(tp_profile *profile, PyObject *name, PyObject *value)
{
    const char *key = PyUnicode_AsUTF8(name);
    tp_status status;
    if (key == NULL)
        return -1;
    if (PyFloat_Check(value)) {
        status = tp_profile_set_real(profile, key, PyFloat_AS_DOUBLE(value));
    } else if (PyLong_Check(value)) {
        long long number = PyLong_AsLongLong(value);
        if (number == -1 && PyErr_Occurred())
            return -1;
        status = tp_profile_set_integer(profile, key, number);
    } else {
        PyObject *text = PyUnicode_AsEncodedString(value, "utf-8", "surrogatepass");
        if (text == NULL)
            return -1;
        status = tp_profile_set_text(profile, key, PyBytes_AS_STRING(text),
                                     (size_t)PyBytes_GET_SIZE(text));
        Py_DECREF(text);
    }
    if (status != TP_OK)
        PyErr_NoMemory();
    return status == TP_OK ? 0 : -1;
}

static int add_properties(tp_profile *profile, PyObject *properties)
{
    PyObject *name, *value;
    Py_ssize_t position = 0;
    while (PyDict_Next(properties, &position, &name, &value)) {
        if (add_property(profile, name, value) != 0)
            return -1;
    }
    return 0;
}

/* process: (pid, pid of the parent, command, start, duration) */
static int set_process(tp_profile *profile, PyObject *process)
{
    long long pid, parent;
    PyObject *command;
    double start, duration;
    if (!PyArg_ParseTuple(process, "LLUdd;process must be a tuple of (pid, parent's pid, command, "
                                   "start, duration)",
                          &pid, &parent, &command, &start, &duration))
        return -1;
    PyObject *text = PyUnicode_AsEncodedString(command, "utf-8", "surrogatepass");
    if (text == NULL)
        return -1;
    tp_status status =
        tp_profile_set_process(profile, pid, parent, PyBytes_AS_STRING(text),
                               (size_t)PyBytes_GET_SIZE(text), start, duration);
    Py_DECREF(text);
    if (status == TP_ENOMEM)
        PyErr_NoMemory();
    else if (status != TP_OK)
        PyErr_Format(PyExc_ValueError, "%s", tp_status_message(status));
    return status == TP_OK ? 0 : -1;
}

PyDoc_STRVAR(write_doc, "_write($self, path, properties, process=None, as_page=False, /)\n--\n\n"
                        "Write the profile to path (bytes), wholly or not at all; as an HTML page.\n\n"
                        "properties: dict of str to str, int or float, kept in the file.\n"
                        "process: tuple of pid, parent's pid, command, start and duration.");

static PyObject *do_write(PyObject *self, tp_recording *recording, PyObject *args)
{
    PyObject *path, *properties, *process = Py_None;
    char *name;
    int as_page = 0;
    if (!PyArg_ParseTuple(args, "SO!|Op:_write", &path, &PyDict_Type, &properties, &process,
                          &as_page) ||
        PyBytes_AsStringAndSize(path, &name, NULL) != 0) /* refuses NUL bytes */
        return NULL;
    tp_profile *profile;
    tp_error error;
    if (take_profile(self, recording, &profile) != TP_OK)
        return NULL;
    if (add_properties(profile, properties) != 0 ||
        (process != Py_None && set_process(profile, process) != 0)) {
        tp_profile_destroy(profile);
        return NULL;
    }
    tp_status status;
    Py_BEGIN_ALLOW_THREADS
    status = as_page ? tp_report_write_file(profile, NULL, name, &error)
                     : tp_pstats_write_file(profile, name, &error);
    Py_END_ALLOW_THREADS
    tp_profile_destroy(profile);
    if (status != TP_OK)
        return core_raise_error(&error, path);
    Py_RETURN_NONE;
}

DEFINE_METHOD(write)

PyDoc_STRVAR(page_doc, "_page($self, title, /)\n--\n\nThe profile as an HTML page (str).");

static PyObject *do_page(PyObject *self, tp_recording *recording, PyObject *args)
{
    (void)self;
    PyObject *title;
    if (!PyArg_ParseTuple(args, "U:_page", &title) ||
        (title = PyUnicode_AsEncodedString(title, "utf-8", "surrogatepass")) == NULL)
        return NULL;
    tp_report_options options = TP_REPORT_OPTIONS_INIT;
    options.title = (tp_string){ PyBytes_AS_STRING(title), (size_t)PyBytes_GET_SIZE(title) };
    tp_profile *profile;
    uint8_t *bytes = NULL;
    size_t size = 0;
    if (tp_recording_profile(recording, &profile) != TP_OK) {
        Py_DECREF(title);
        return NULL;
    }
    tp_status status;
    Py_BEGIN_ALLOW_THREADS
    status = tp_report_encode(profile, &options, &bytes, &size);
    Py_END_ALLOW_THREADS
    tp_profile_destroy(profile);
    Py_DECREF(title);
    if (status != TP_OK)
        return PyErr_NoMemory();
    PyObject *text = PyUnicode_DecodeUTF8((char *)bytes, (Py_ssize_t)size, NULL);
    tp_report_free(bytes);
    return text;
}

DEFINE_METHOD(page)

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

DEFINE_METHOD(on_signal)

static int profiler_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    if (as_profiler(self)->holder != NULL)
        Py_VISIT(tp_recording_timer(recording_of(as_profiler(self)->holder)));
    return 0;
}

static int profiler_gc_clear(PyObject *self)
{
    Py_CLEAR(as_profiler(self)->holder);
    return 0;
}

/* An enabled profile that nobody holds any more stops by itself, and says so as files do. */
static void profiler_finalize(PyObject *self)
{
    PyObject *holder = get_holder(self);
    tp_recording *recording = holder == NULL ? NULL : recording_of(holder);
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

static PyMethodDef profiler_methods[] = {
    { "enable", (PyCFunction)(void (*)(void))profiler_enable, METH_VARARGS | METH_KEYWORDS,
      enable_doc },
    { "disable", profiler_disable, METH_NOARGS, disable_doc },
    { "clear", profiler_clear_data, METH_NOARGS, clear_doc },
    { "getstats", profiler_getstats, METH_NOARGS, getstats_doc },
    { "_records", profiler_records, METH_NOARGS, records_doc },
    { "_dictionary", profiler_dictionary, METH_VARARGS, dictionary_doc },
    { "_on_signal", profiler_on_signal, METH_VARARGS, on_signal_doc },
    { "_write", profiler_write, METH_VARARGS, write_doc },
    { "_page", profiler_page, METH_VARARGS, page_doc },
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
    .basicsize = sizeof(profiler),
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
