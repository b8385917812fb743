/* A profile as plain tuples, which the package gives names. */
#include "_core.h"

static PyObject *text_of(tp_string string)
{
    return PyUnicode_DecodeUTF8(string.bytes, (Py_ssize_t)string.size, "surrogatepass");
}

static PyObject *make_label(const tp_label *label)
{
    return Py_BuildValue("(NLN)", text_of(label->file), (long long)label->line,
                         text_of(label->name));
}

static PyObject *make_coroutine(const tp_profile *profile, const tp_coroutine *figures)
{
    double unit = tp_profile_unit(profile);
    return Py_BuildValue("(KKdd)", (unsigned long long)figures->started,
                         (unsigned long long)figures->resumes,
                         (double)figures->active_ticks * unit,
                         (double)figures->awaited_ticks * unit);
}

/* What one caller had the function do: label, calls, primitive calls, total, cumulative. */
static PyObject *make_caller(const tp_function *functions, const tp_edge *edge)
{
    return Py_BuildValue("(NLLdd)", make_label(&functions[edge->caller].label),
                         (long long)edge->calls, (long long)edge->primitive_calls, edge->total,
                         edge->cumulative);
}

/* The edges of a callee are together: *next is the first that has not been taken. */
static PyObject *make_callers(const tp_profile *profile, uint32_t callee, size_t *next)
{
    const tp_function *functions = tp_profile_functions(profile);
    const tp_edge *edges = tp_profile_edges(profile);
    PyObject *callers = PyList_New(0);
    for (; *next < tp_profile_edge_count(profile) && edges[*next].callee == callee; ++*next) {
        PyObject *caller = callers == NULL ? NULL : make_caller(functions, &edges[*next]);
        if (caller == NULL || PyList_Append(callers, caller) != 0)
            Py_CLEAR(callers);
        Py_XDECREF(caller);
    }
    return callers;
}

static PyObject *make_record(const tp_function *f, PyObject *callers, PyObject *coroutine)
{
    if (callers == NULL || coroutine == NULL) {
        Py_XDECREF(callers);
        Py_XDECREF(coroutine);
        return NULL;
    }
    return Py_BuildValue("(NLNLLddNN)", text_of(f->label.file), (long long)f->label.line,
                         text_of(f->label.name), (long long)f->calls,
                         (long long)f->primitive_calls, f->total, f->cumulative, callers,
                         coroutine);
}

PyObject *core_make_records(const tp_profile *profile)
{
    const tp_function *functions = tp_profile_functions(profile);
    const tp_coroutine *coroutines = tp_profile_coroutines(profile);
    size_t coroutine_count = tp_profile_coroutine_count(profile), edge = 0, coroutine = 0;
    PyObject *records = PyList_New(0);
    for (uint32_t i = 0; records != NULL && i < tp_profile_function_count(profile); i++) {
        PyObject *callers = make_callers(profile, i, &edge);
        PyObject *figures = coroutine < coroutine_count && coroutines[coroutine].function == i
                                ? make_coroutine(profile, &coroutines[coroutine++])
                                : Py_NewRef(Py_None);
        PyObject *record = make_record(&functions[i], callers, figures);
        if (record == NULL || PyList_Append(records, record) != 0)
            Py_CLEAR(records);
        Py_XDECREF(record);
    }
    return records;
}
