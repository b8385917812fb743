/* Differences between CPython versions, as predicates named after the feature. The only file that
 * asks for the version. */
#ifndef TP_COMPAT_H
#define TP_COMPAT_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <frameobject.h>

#include <stdbool.h>

#if PY_VERSION_HEX < 0x030B0000
#error "CPython 3.11 or later is needed"
#endif

#if PY_VERSION_HEX >= 0x030C0000
#define TP_HAVE_MONITORING 1
#endif

/* By how much PyFrame_GetLasti() of a frame that is calling a Python function is beyond the call's instruction:
 * 3.12 gives the last of its three cache entries, with hooks on or off. */
#if PY_VERSION_HEX >= 0x030C0000 && PY_VERSION_HEX < 0x030D0000
#define TP_LASTI_BEYOND_CALL 6
#else
#define TP_LASTI_BEYOND_CALL 0
#endif

/* Whether PY_THROW and PY_UNWIND can be switched off for one code object. */
#if PY_VERSION_HEX >= 0x030F0000
#define TP_HAVE_LOCAL_UNWIND 1
#else
#define TP_HAVE_LOCAL_UNWIND 0
#endif

/* A build without a global interpreter lock: lock.h stands in for it. */
#ifdef Py_GIL_DISABLED
#define TP_FREE_THREADED 1
#endif

/* Named after the newest API; same ownership everywhere. */
#if PY_VERSION_HEX < 0x030D0000
static inline int PyDict_GetItemRef(PyObject *dict, PyObject *key, PyObject **result)
{
    *result = Py_XNewRef(PyDict_GetItemWithError(dict, key));
    return *result != NULL ? 1 : PyErr_Occurred() ? -1 : 0;
}

static inline int PyDict_GetItemStringRef(PyObject *dict, const char *key, PyObject **result)
{
    PyObject *name = PyUnicode_FromString(key);
    int found = name == NULL ? -1 : PyDict_GetItemRef(dict, name, result);
    if (name == NULL)
        *result = NULL;
    Py_XDECREF(name);
    return found;
}

static inline PyObject *_PyType_LookupRef(PyTypeObject *type, PyObject *name)
{
    return Py_XNewRef(_PyType_Lookup(type, name));
}
#endif

static inline bool tp_is_finalizing(void)
{
#if PY_VERSION_HEX < 0x030D0000
    return _Py_IsFinalizing() != 0;
#else
    return Py_IsFinalizing() != 0;
#endif
}

#if PY_VERSION_HEX < 0x030F0000
static inline int PySys_GetOptionalAttrString(const char *name, PyObject **value)
{
    *value = Py_XNewRef(PySys_GetObject(name));
    return *value != NULL;
}
#endif

#if PY_VERSION_HEX < 0x030C0000
#define PyUnstable_Eval_RequestCodeExtraIndex _PyEval_RequestCodeExtraIndex
#define PyUnstable_Code_GetExtra _PyCode_GetExtra
#define PyUnstable_Code_SetExtra _PyCode_SetExtra

static inline PyObject *PyErr_GetRaisedException(void)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    if (type == NULL)
        return NULL;
    PyErr_NormalizeException(&type, &value, &traceback);
    if (traceback != NULL)
        PyException_SetTraceback(value, traceback);
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    return value;
}

static inline void PyErr_SetRaisedException(PyObject *exception)
{
    PyObject *type = exception == NULL ? NULL : Py_NewRef((PyObject *)Py_TYPE(exception));
    PyObject *traceback = exception == NULL ? NULL : PyException_GetTraceback(exception);
    PyErr_Restore(type, exception, traceback);
}
#endif

#endif
