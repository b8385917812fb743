/* The extension module ctraceprof._tool: the traceprof command, for the console script. It is here
 * that pymod looks beyond include/: it calls the tool's one entry point and nothing else. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdlib.h>
#include <string.h>

#include "tool.h"

PyDoc_STRVAR(run_doc, "run(arguments, /)\n--\n\n"
                      "Run the traceprof command with a list of bytes; return its exit status.");

static PyObject *tool_run(PyObject *module, PyObject *arguments)
{
    (void)module;
    if (!PyList_Check(arguments))
        return PyErr_Format(PyExc_TypeError, "arguments must be a list, not %s",
                            Py_TYPE(arguments)->tp_name);
    Py_ssize_t count = PyList_GET_SIZE(arguments);
    char **argv = PyMem_Calloc((size_t)count + 1, sizeof *argv);
    if (argv == NULL)
        return PyErr_NoMemory();
    for (Py_ssize_t i = 0; i < count; i++) {
        if (PyBytes_AsStringAndSize(PyList_GET_ITEM(arguments, i), &argv[i], NULL) != 0) {
            PyMem_Free(argv);
            return NULL;
        }
    }
    int status;
    Py_BEGIN_ALLOW_THREADS
    status = tp_tool_main((int)count, argv);
    Py_END_ALLOW_THREADS
    PyMem_Free(argv);
    return PyLong_FromLong(status);
}

static PyMethodDef tool_methods[] = {
    { "run", tool_run, METH_O, run_doc },
    { NULL, NULL, 0, NULL },
};

static PyModuleDef_Slot tool_slots[] = {
#ifdef Py_mod_multiple_interpreters
    { Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED },
#endif
#ifdef Py_GIL_DISABLED
    { Py_mod_gil, Py_MOD_GIL_NOT_USED },
#endif
    { 0, NULL },
};

static struct PyModuleDef tool_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_tool",
    .m_doc = "The traceprof command.",
    .m_methods = tool_methods,
    .m_slots = tool_slots,
};

PyMODINIT_FUNC PyInit__tool(void)
{
    return PyModuleDef_Init(&tool_module);
}
