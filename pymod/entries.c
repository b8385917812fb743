/* getstats(): the records that cProfile's gives. */
#include "_core.h"

static PyStructSequence_Field entry_fields[] = {
    { "code", "code object or built-in function name" },
    { "callcount", "how many times this was called" },
    { "reccallcount", "how many times called recursively" },
    { "totaltime", "total time in this entry, in seconds" },
    { "inlinetime", "inline time in this entry (not in subcalls), in seconds" },
    { "calls", "details of the calls" },
    { NULL, NULL },
};

static PyStructSequence_Field subentry_fields[] = {
    { "code", "called code object or built-in function name" },
    { "callcount", "how many times this is called" },
    { "reccallcount", "how many times this is called recursively" },
    { "totaltime", "total time spent in this call, in seconds" },
    { "inlinetime", "inline time (not in further subcalls), in seconds" },
    { NULL, NULL },
};

static PyStructSequence_Desc entry_desc = {
    .name = "ctraceprof._core.profiler_entry",
    .fields = entry_fields,
    .n_in_sequence = 6,
};

static PyStructSequence_Desc subentry_desc = {
    .name = "ctraceprof._core.profiler_subentry",
    .fields = subentry_fields,
    .n_in_sequence = 5,
};

int core_add_entries(PyObject *module, core_state *state)
{
    state->entry_type = PyStructSequence_NewType(&entry_desc);
    state->subentry_type = PyStructSequence_NewType(&subentry_desc);
    if (state->entry_type == NULL || state->subentry_type == NULL)
        return -1;
    if (PyModule_AddType(module, state->entry_type) != 0)
        return -1;
    return PyModule_AddType(module, state->subentry_type);
}

/* The name of a builtin, or the code object; for a function that is gone an empty code object with
 * the same label. */
static PyObject *make_code(const tp_recording *recording, const tp_function *function)
{
    const tp_label *label = &function->label;
    PyObject *code = tp_recording_code(recording, function);
    if (code != NULL)
        return code;
    PyObject *name = PyUnicode_DecodeUTF8(label->name.bytes, (Py_ssize_t)label->name.size,
                                          "surrogatepass");
    if (name == NULL || (label->line == 0 && label->file.size == 1 && label->file.bytes[0] == '~'))
        return name;
    PyObject *file = PyUnicode_DecodeUTF8(label->file.bytes, (Py_ssize_t)label->file.size,
                                          "surrogatepass");
    PyObject *empty = (PyObject *)PyCode_NewEmpty("", "", (int)label->line);
    PyObject *replace = empty == NULL ? NULL : PyObject_GetAttrString(empty, "replace");
    PyObject *none = PyTuple_New(0);
    PyObject *names = file == NULL ? NULL
                                   : Py_BuildValue("{sOsO}", "co_filename", file, "co_name", name);
    if (replace != NULL && none != NULL && names != NULL)
        code = PyObject_Call(replace, none, names);
    Py_XDECREF(names);
    Py_XDECREF(none);
    Py_XDECREF(replace);
    Py_XDECREF(empty);
    Py_XDECREF(file);
    Py_DECREF(name);
    return code;
}

/* Fills the five members that entries and subentries have in common; -1 with an exception. */
static int fill(PyObject *record, PyObject *code, int64_t calls, int64_t primitive, double total,
                double cumulative)
{
    PyObject *values[] = {
        Py_NewRef(code),
        PyLong_FromLongLong(calls),
        PyLong_FromLongLong(calls - primitive),
        PyFloat_FromDouble(cumulative),
        PyFloat_FromDouble(total),
    };
    int failed = 0;
    for (Py_ssize_t i = 0; i < 5; i++) {
        failed |= values[i] == NULL;
        PyStructSequence_SetItem(record, i, values[i]);
    }
    return failed ? -1 : 0;
}

static PyObject *make_entry(const core_state *state, const tp_function *function, PyObject *code)
{
    PyObject *entry = PyStructSequence_New(state->entry_type);
    if (entry == NULL)
        return NULL;
    PyStructSequence_SetItem(entry, 5, Py_NewRef(Py_None));
    if (fill(entry, code, function->calls, function->primitive_calls, function->total,
             function->cumulative) == 0)
        return entry;
    Py_DECREF(entry);
    return NULL;
}

/* Appends what `edge` tells to its caller's list of calls. */
static int add_subentry(const core_state *state, PyObject *entries, const tp_edge *edge)
{
    PyObject *caller = PyList_GET_ITEM(entries, (Py_ssize_t)edge->caller);
    PyObject *callee = PyList_GET_ITEM(entries, (Py_ssize_t)edge->callee);
    PyObject *calls = PyStructSequence_GetItem(caller, 5);
    if (calls == Py_None) {
        calls = PyList_New(0);
        if (calls == NULL)
            return -1;
        PyStructSequence_SetItem(caller, 5, calls);
        Py_DECREF(Py_None);
    }
    PyObject *subentry = PyStructSequence_New(state->subentry_type);
    if (subentry == NULL)
        return -1;
    int failed = fill(subentry, PyStructSequence_GetItem(callee, 0), edge->calls,
                      edge->primitive_calls, edge->total, edge->cumulative);
    if (failed == 0)
        failed = PyList_Append(calls, subentry);
    Py_DECREF(subentry);
    return failed;
}

PyObject *core_make_entries(const core_state *state, const tp_recording *recording,
                            const tp_profile *profile)
{
    size_t count = tp_profile_function_count(profile);
    const tp_function *functions = tp_profile_functions(profile);
    PyObject *entries = PyList_New(0);
    int failed = entries == NULL;
    for (size_t i = 0; i < count && !failed; i++) {
        PyObject *code = make_code(recording, &functions[i]);
        PyObject *entry = code == NULL ? NULL : make_entry(state, &functions[i], code);
        failed = entry == NULL || PyList_Append(entries, entry) != 0;
        Py_XDECREF(entry);
        Py_XDECREF(code);
    }
    const tp_edge *edges = tp_profile_edges(profile);
    for (size_t i = 0; i < tp_profile_edge_count(profile) && !failed; i++)
        failed = add_subentry(state, entries, &edges[i]) != 0;
    if (failed)
        Py_CLEAR(entries);
    return entries;
}
