/* The extension module ctraceprof._core: a thin face over <traceprof/cpython.h>. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "_core.h"

/* Called in a forked child. A module that is gone has nothing to put right. */
static PyObject *after_fork(PyObject *reference, PyObject *unused)
{
    (void)unused;
    PyObject *module = PyObject_CallNoArgs(reference);
    core_state *state = module == NULL || module == Py_None ? NULL : PyModule_GetState(module);
    if (state != NULL && state->engine != NULL)
        tp_engine_after_fork(state->engine);
    Py_XDECREF(module);
    return module == NULL ? NULL : Py_NewRef(Py_None);
}

static PyMethodDef after_fork_method = { "after_fork", after_fork, METH_NOARGS, NULL };

/* What is registered cannot be taken back, so it does not hold the module. Where there is no fork there
 * is nothing to register with. */
static int watch_forks(PyObject *module)
{
    PyObject *os = PyImport_ImportModule("os");
    PyObject *registrar = os == NULL ? NULL : PyObject_GetAttrString(os, "register_at_fork");
    Py_XDECREF(os);
    if (registrar == NULL) {
        if (!PyErr_ExceptionMatches(PyExc_AttributeError))
            return -1;
        PyErr_Clear();
        return 0;
    }
    PyObject *reference = PyWeakref_NewRef(module, NULL);
    PyObject *function =
        reference == NULL ? NULL : PyCFunction_New(&after_fork_method, reference);
    PyObject *arguments = PyTuple_New(0);
    PyObject *named = function == NULL ? NULL : Py_BuildValue("{sO}", "after_in_child", function);
    PyObject *result =
        arguments == NULL || named == NULL ? NULL : PyObject_Call(registrar, arguments, named);
    Py_XDECREF(named);
    Py_XDECREF(arguments);
    Py_XDECREF(function);
    Py_XDECREF(reference);
    Py_DECREF(registrar);
    Py_XDECREF(result);
    return result == NULL ? -1 : 0;
}

static int core_exec(PyObject *module)
{
    core_state *state = PyModule_GetState(module);
    if (tp_engine_create(&state->engine) != TP_OK)
        return -1;
    if (core_add_entries(module, state) != 0 || core_add_profiler(module, state) != 0 ||
        core_add_bound(module, state) != 0 || core_add_calls(module, state) != 0 ||
        core_add_steps(module, state) != 0 || core_add_async_steps(module, state) != 0 ||
        watch_forks(module) != 0)
        return -1;
    return PyModule_AddStringConstant(module, "version", tp_version());
}

static int core_traverse(PyObject *module, visitproc visit, void *arg)
{
    core_state *state = PyModule_GetState(module);
    if (state == NULL)
        return 0;
    Py_VISIT(state->profiler_type);
    Py_VISIT(state->entry_type);
    Py_VISIT(state->subentry_type);
    Py_VISIT(state->bound_type);
    Py_VISIT(state->calls_type);
    Py_VISIT(state->call_type);
    Py_VISIT(state->steps_type);
    Py_VISIT(state->async_steps_type);
    return 0;
}

static int core_clear(PyObject *module)
{
    core_state *state = PyModule_GetState(module);
    if (state == NULL)
        return 0;
    Py_CLEAR(state->profiler_type);
    Py_CLEAR(state->entry_type);
    Py_CLEAR(state->subentry_type);
    Py_CLEAR(state->bound_type);
    Py_CLEAR(state->calls_type);
    Py_CLEAR(state->call_type);
    Py_CLEAR(state->steps_type);
    Py_CLEAR(state->async_steps_type);
    return 0;
}

static void core_free(void *module)
{
    core_state *state = PyModule_GetState((PyObject *)module);
    if (state == NULL)
        return;
    core_clear((PyObject *)module);
    tp_engine_release(state->engine);
    state->engine = NULL;
}

PyDoc_STRVAR(probe_doc, "probe(path, /)\n--\n\n"
                        "Raise OSError if a file could not be written to path (bytes) now.");

static PyObject *core_probe(PyObject *module, PyObject *path)
{
    (void)module;
    tp_error error;
    char *name;
    if (!PyBytes_Check(path))
        return PyErr_Format(PyExc_TypeError, "path must be bytes, not %s", Py_TYPE(path)->tp_name);
    if (PyBytes_AsStringAndSize(path, &name, NULL) != 0) /* refuses NUL bytes */
        return NULL;
    if (tp_pstats_probe_file(name, &error) != TP_OK)
        return core_raise_error(&error, path);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(is_main_doc, "is_main()\n--\n\nWhether this is the process's main interpreter.");

static PyObject *core_is_main(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    return PyBool_FromLong(PyInterpreterState_Get() == PyInterpreterState_Main());
}

PyObject *core_raise_error(const tp_error *error, PyObject *path)
{
    if (error->status == TP_ENOMEM)
        return PyErr_NoMemory();
    PyObject *name = PyUnicode_DecodeFSDefaultAndSize(PyBytes_AS_STRING(path),
                                                      PyBytes_GET_SIZE(path));
    if (name == NULL)
        return NULL;
    if (error->system_error != 0) {
        errno = error->system_error;
        PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, name);
    } else {
        PyErr_Format(PyExc_ValueError, "%U: %s", name, error->message);
    }
    Py_DECREF(name);
    return NULL;
}

tp_status core_raise_status(tp_status status)
{
    if (status == TP_ENOMEM)
        PyErr_NoMemory();
    else if (!PyErr_Occurred())
        PyErr_SetString(PyExc_ValueError, tp_status_message(status));
    return status;
}

PyDoc_STRVAR(bind_doc,
             "bind(callable, /)\n--\n\n"
             "A callable that takes the profiles of the present context with it.\n\n"
             "What it calls is recorded by the profiles of scope 'context' that are enabled here now,\n"
             "on whatever thread: for ThreadPoolExecutor.submit, loop.run_in_executor and\n"
             "threading.Thread, which do not copy the context. asyncio tasks, asyncio.to_thread and\n"
             "AnyIO do. Where nothing is recorded the callable itself is returned. Of a coroutine\n"
             "function only the making of the coroutine is covered: give that to a task instead.");

PyDoc_STRVAR(report_doc, "report(callables, argument, /)\n--\n\n"
                         "Call each of a tuple with the argument; exceptions go to sys.unraisablehook.");

static PyObject *report(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *callables, *argument;
    if (!PyArg_ParseTuple(args, "O!O:report", &PyTuple_Type, &callables, &argument))
        return NULL;
    core_report(callables, argument);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(hide_doc, "hide(code, /)\n--\n\n"
                       "Take code of this code object's file name, the very object, as if it were not there.");

static PyObject *hide(PyObject *module, PyObject *code)
{
    const core_state *state = PyModule_GetState(module);
    if (!PyCode_Check(code))
        return PyErr_Format(PyExc_TypeError, "code must be a code object, not %s",
                            Py_TYPE(code)->tp_name);
    tp_engine_hide(state->engine, ((PyCodeObject *)code)->co_filename);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(count_changes_doc,
             "count_changes(count, /)\n--\n\n"
             "Others have set sys.monitoring's events so many times: see tp_engine_count_changes.");

static PyObject *count_changes(PyObject *module, PyObject *count)
{
    const core_state *state = PyModule_GetState(module);
    unsigned long value = PyLong_AsUnsignedLong(count);
    if (value == (unsigned long)-1 && PyErr_Occurred())
        return NULL;
    tp_engine_count_changes(state->engine, value < UINT32_MAX ? (uint32_t)value : UINT32_MAX);
    Py_RETURN_NONE;
}

static PyMethodDef core_methods[] = {
    { "bind", core_bind, METH_O, bind_doc },
    { "hide", hide, METH_O, hide_doc },
    { "count_changes", count_changes, METH_O, count_changes_doc },
    { "hear_termination", core_hear_termination, METH_NOARGS, core_hear_termination_doc },
    { "is_main", core_is_main, METH_NOARGS, is_main_doc },
    { "merge", core_merge, METH_VARARGS, core_merge_doc },
    { "probe", core_probe, METH_O, probe_doc },
    { "report", report, METH_VARARGS, report_doc },
    { NULL, NULL, 0, NULL },
};

static PyModuleDef_Slot core_slots[] = {
    { Py_mod_exec, (void *)(uintptr_t)core_exec },
#ifdef Py_mod_multiple_interpreters
    { Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED },
#endif
#ifdef Py_GIL_DISABLED
    { Py_mod_gil, Py_MOD_GIL_NOT_USED },
#endif
    { 0, NULL },
};

static struct PyModuleDef core_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_core",
    .m_doc = "Recording by libtraceprof. Use the package ctraceprof instead.",
    .m_size = sizeof(core_state),
    .m_methods = core_methods,
    .m_slots = core_slots,
    .m_traverse = core_traverse,
    .m_clear = core_clear,
    .m_free = core_free,
};

PyMODINIT_FUNC PyInit__core(void)
{
    return PyModuleDef_Init(&core_module);
}

core_state *core_state_of_type(PyTypeObject *type)
{
    PyObject *module = PyType_GetModuleByDef(type, &core_module);
    return module == NULL ? NULL : PyModule_GetState(module);
}
