#include "company.h"

/* Each once, in the order of their coming. Takes over the reference; NULL and None are nobody. */
static void note(tp_recording *recording, PyObject *name)
{
    if (name == NULL || !PyUnicode_Check(name)) {
        Py_XDECREF(name);
        return;
    }
    if (recording->company == NULL)
        recording->company = PyList_New(0);
    if (recording->company != NULL && PySequence_Contains(recording->company, name) == 0)
        (void)PyList_Append(recording->company, name);
    Py_DECREF(name);
}

void tp_company_note(tp_recording *recording)
{
    PyObject *exception = PyErr_GetRaisedException();
    const PyThreadState *state = PyThreadState_Get();
    int own = tp_hooks_tool(recording->engine);
    for (int id = 0; id < TP_TOOL_COUNT; id++) {
        if (id != own)
            note(recording, tp_hooks_holder(recording->engine, id));
    }
    if (state->c_tracefunc != NULL)
        note(recording, PyUnicode_FromString("sys.settrace"));
    if (own >= 0 && state->c_profilefunc != NULL)
        note(recording, PyUnicode_FromString("sys.setprofile"));
    PyErr_Clear();
    PyErr_SetRaisedException(exception);
}

bool tp_company_is_there(tp_engine *engine)
{
    tp_recording nobody = { .engine = engine };
    tp_company_note(&nobody);
    bool found = nobody.company != NULL && PyList_GET_SIZE(nobody.company) > 0;
    Py_XDECREF(nobody.company);
    return found;
}

tp_status tp_company_describe(const tp_recording *recording, tp_profile *profile)
{
    if (recording->company == NULL)
        return TP_OK;
    tp_status status = TP_ENOMEM;
    PyObject *comma = PyUnicode_FromString(", ");
    PyObject *names = comma == NULL ? NULL : PyUnicode_Join(comma, recording->company);
    PyObject *bytes =
        names == NULL ? NULL : PyUnicode_AsEncodedString(names, "utf-8", "surrogatepass");
    if (bytes != NULL)
        status = tp_profile_set_text(profile, "shared_with", PyBytes_AS_STRING(bytes),
                                     (size_t)PyBytes_GET_SIZE(bytes));
    Py_XDECREF(bytes);
    Py_XDECREF(names);
    Py_XDECREF(comma);
    PyErr_Clear();
    return status;
}
