/* What a profile shows: records, tables, files, pages. */
#include "_core.h"

#include <string.h>

static int as_measured(PyObject *self)
{
    return ((core_profiler *)self)->as_measured;
}

tp_status core_take_both(PyObject *self, tp_recording *recording, tp_profile **profile)
{
    tp_profile *taken;
    tp_status status = tp_recording_profile(recording, &taken);
    if (status != TP_OK)
        return status;
    status = core_with_added(self, &taken);
    if (status == TP_OK)
        *profile = taken;
    else
        tp_profile_destroy(taken);
    return status;
}

static tp_status show_raw(tp_profile *profile)
{
    tp_status status = tp_profile_show_times(profile, TP_TIMES_RAW);
    if (status == TP_OK)
        return status;
    tp_profile_destroy(profile);
    return core_raise_status(status);
}

tp_status core_take_profile(PyObject *self, tp_recording *recording, tp_profile **profile)
{
    tp_profile *taken;
    tp_status status = core_take_both(self, recording, &taken);
    if (status == TP_OK && as_measured(self))
        status = show_raw(taken);
    if (status == TP_OK)
        *profile = taken;
    return status;
}

const char core_getstats_doc[] =
             "getstats($self, /)\n--\n\n"
             "List of profiler_entry: code, callcount, reccallcount, totaltime, inlinetime, calls.\n\n"
             "code is a code object, or a str for a built-in function; calls is None or a list of\n"
             "profiler_subentry, one for each function called. Times are seconds.";

static PyObject *do_getstats(PyObject *self, tp_recording *recording, PyObject *unused)
{
    (void)unused;
    core_state *state = core_state_of_type(Py_TYPE(self));
    tp_profile *profile;
    if (state == NULL || core_take_profile(self, recording, &profile) != TP_OK)
        return NULL;
    PyObject *entries = core_make_entries(state, recording, profile);
    tp_profile_destroy(profile);
    return entries;
}

CORE_DEFINE_METHOD(core_getstats, do_getstats)

const char core_records_doc[] = "_records($self, /)\n--\n\n"
                          "What Profile.stats() is made of: a list of tuples (file, line, name, calls,\n"
                          "primitive calls, total, cumulative, callers, coroutine figures or None).";

static PyObject *do_records(PyObject *self, tp_recording *recording, PyObject *unused)
{
    (void)unused;
    tp_profile *profile;
    if (core_take_profile(self, recording, &profile) != TP_OK)
        return NULL;
    PyObject *records = core_make_records(profile);
    tp_profile_destroy(profile);
    return records;
}

CORE_DEFINE_METHOD(core_records, do_records)

const char core_dictionary_doc[] = "_dictionary($self, compensated=None, /)\n--\n\n"
                             "The pstats dictionary, marshalled (bytes).\n\n"
                             "compensated: whether its times are; None: as the constructor was told.";

static PyObject *do_dictionary(PyObject *self, tp_recording *recording, PyObject *args)
{
    PyObject *compensated = Py_None;
    if (!PyArg_ParseTuple(args, "|O:_dictionary", &compensated))
        return NULL;
    int wanted = core_flag_or(compensated, !as_measured(self));
    tp_profile *profile;
    uint8_t *bytes;
    size_t size;
    if (wanted < 0 || core_take_both(self, recording, &profile) != TP_OK ||
        (!wanted && show_raw(profile) != TP_OK))
        return NULL;
    tp_status status = tp_pstats_encode(profile, TP_PSTATS_DICTIONARY, &bytes, &size);
    tp_profile_destroy(profile);
    if (status != TP_OK)
        return PyErr_NoMemory();
    PyObject *result = PyBytes_FromStringAndSize((const char *)bytes, (Py_ssize_t)size);
    tp_pstats_free(bytes);
    return result;
}

CORE_DEFINE_METHOD(core_dictionary, do_dictionary)

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

const char core_write_doc[] = "_write($self, path, properties, process=None, as_page=False, /)\n--\n\n"
                        "Write the profile to path (bytes), wholly or not at all; as an HTML page.\n\n"
                        "properties: dict of str to str, int or float, kept in the file.\n"
                        "process: tuple of pid, parent's pid, command, start and duration.";

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
    if (core_take_profile(self, recording, &profile) != TP_OK)
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

CORE_DEFINE_METHOD(core_write, do_write)

/* A profile as bytes, while the GIL is not held. */
typedef struct encoding {
    const tp_profile *profile;
    enum { AS_PSTATS, AS_PAGE, AS_EXPORT } kind;
    tp_emit_format format;
    tp_string title;
    uint8_t *bytes; /* from the library; free_bytes() */
    size_t size;
    tp_error error;
} encoding;

static int find_format(encoding *e, const char *name)
{
    e->kind = strcmp(name, "pstats") == 0 ? AS_PSTATS : strcmp(name, "html") == 0 ? AS_PAGE : AS_EXPORT;
    if (e->kind != AS_EXPORT || tp_emit_format_find(&e->format, name) == TP_OK)
        return 0;
    PyErr_Format(PyExc_ValueError,
                 "format must be 'pstats', 'html', 'speedscope', 'pprof', 'callgrind', 'collapsed', "
                 "'dot', 'json', 'jsonl' or 'csv', not '%s'",
                 name);
    return -1;
}

static tp_status encode(encoding *e)
{
    tp_report_options page = TP_REPORT_OPTIONS_INIT;
    tp_emit_options export = TP_EMIT_OPTIONS_INIT;
    tp_status status;
    page.title = export.name = e->title;
    if (e->kind == AS_EXPORT)
        return tp_emit(e->profile, e->format, &export, &e->bytes, &e->size, &e->error);
    status = e->kind == AS_PSTATS
                 ? tp_pstats_encode(e->profile, TP_PSTATS_WHOLE, &e->bytes, &e->size)
                 : tp_report_encode(e->profile, &page, &e->bytes, &e->size);
    e->error = (tp_error){ .status = status, .message = tp_status_message(status) };
    return status;
}

static void free_bytes(encoding *e)
{
    if (e->kind == AS_PSTATS)
        tp_pstats_free(e->bytes);
    else if (e->kind == AS_PAGE)
        tp_report_free(e->bytes);
    else
        tp_emit_free(e->bytes);
}

/* Destroys the profile. Not 0: an exception is set, and there are no bytes. */
static int encode_and_destroy(encoding *e, tp_profile *profile, PyObject *title)
{
    PyObject *text = PyUnicode_AsEncodedString(title, "utf-8", "surrogatepass");
    tp_status status = TP_EPYTHON;
    if (text != NULL) {
        e->profile = profile;
        e->title = (tp_string){ PyBytes_AS_STRING(text), (size_t)PyBytes_GET_SIZE(text) };
        Py_BEGIN_ALLOW_THREADS
        status = encode(e);
        Py_END_ALLOW_THREADS
        Py_DECREF(text);
    }
    tp_profile_destroy(profile);
    if (status == TP_ENOMEM)
        PyErr_NoMemory();
    else if (status != TP_OK && text != NULL)
        PyErr_SetString(PyExc_ValueError, e->error.message);
    return status == TP_OK ? 0 : -1;
}

const char core_page_doc[] = "_page($self, title, /)\n--\n\nThe profile as an HTML page (str).";

static PyObject *do_page(PyObject *self, tp_recording *recording, PyObject *args)
{
    PyObject *title;
    tp_profile *profile;
    encoding e = { .kind = AS_PAGE };
    if (!PyArg_ParseTuple(args, "U:_page", &title) || core_take_both(self, recording, &profile) != TP_OK ||
        encode_and_destroy(&e, profile, title) != 0)
        return NULL;
    PyObject *text = PyUnicode_DecodeUTF8((char *)e.bytes, (Py_ssize_t)e.size, NULL);
    free_bytes(&e);
    return text;
}

CORE_DEFINE_METHOD(core_page, do_page)

const char core_encode_doc[] =
    "_encode($self, format, properties={}, title='', /)\n--\n\n"
    "The profile as bytes, as 'pstats', 'html', or another format of traceprof convert.\n\n"
    "properties: dict of str to str, int or float, kept where the format has room for them.\n"
    "title: the page's, or the profile's name where the format has one.";

static PyObject *do_encode(PyObject *self, tp_recording *recording, PyObject *args)
{
    const char *name;
    PyObject *properties = NULL, *title = NULL;
    tp_profile *profile;
    encoding e = { .bytes = NULL };
    if (!PyArg_ParseTuple(args, "s|O!U:_encode", &name, &PyDict_Type, &properties, &title) ||
        find_format(&e, name) != 0 || core_take_profile(self, recording, &profile) != TP_OK)
        return NULL;
    if (properties != NULL && add_properties(profile, properties) != 0) {
        tp_profile_destroy(profile);
        return NULL;
    }
    PyObject *nothing = PyUnicode_FromString("");
    if (nothing == NULL) {
        tp_profile_destroy(profile);
        return NULL;
    }
    int failed = encode_and_destroy(&e, profile, title != NULL ? title : nothing);
    Py_DECREF(nothing);
    if (failed)
        return NULL;
    PyObject *bytes = PyBytes_FromStringAndSize((const char *)e.bytes, (Py_ssize_t)e.size);
    free_bytes(&e);
    return bytes;
}

CORE_DEFINE_METHOD(core_encode, do_encode)
