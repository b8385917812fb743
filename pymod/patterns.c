/* include= and exclude=: patterns as Python gives them. */
#include "_core.h"

void core_free_patterns(core_patterns *list)
{
    Py_CLEAR(list->holders);
    PyMem_Free(list->texts);
    *list = (core_patterns){ NULL, NULL, 0 };
}

/* A str's bytes, or NULL with an exception that names the argument. */
static PyObject *pattern_bytes(const char *argument, PyObject *item)
{
    if (!PyUnicode_Check(item)) {
        PyErr_Format(PyExc_TypeError, "%s must be a str or an iterable of str, not of %s", argument,
                     Py_TYPE(item)->tp_name);
        return NULL;
    }
    if (PyUnicode_GET_LENGTH(item) == 0) {
        PyErr_Format(PyExc_ValueError, "%s has an empty pattern", argument);
        return NULL;
    }
    return PyUnicode_AsEncodedString(item, "utf-8", "surrogatepass");
}

/* New list of the argument's patterns; it is a single one or an iterable. */
static PyObject *pattern_items(const char *argument, PyObject *value)
{
    if (PyUnicode_Check(value))
        return Py_BuildValue("[O]", value);
    if (PyBytes_Check(value) || Py_TYPE(value)->tp_iter == NULL) {
        PyErr_Format(PyExc_TypeError, "%s must be a str or an iterable of str, not %s", argument,
                     Py_TYPE(value)->tp_name);
        return NULL;
    }
    return PySequence_List(value);
}

int core_parse_patterns(core_patterns *list, const char *argument, PyObject *value)
{
    if (value == Py_None)
        return 0;
    list->holders = pattern_items(argument, value);
    if (list->holders == NULL)
        return -1;
    Py_ssize_t count = PyList_GET_SIZE(list->holders);
    list->texts = PyMem_New(tp_string, (size_t)count + 1);
    if (list->texts == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *bytes = pattern_bytes(argument, PyList_GET_ITEM(list->holders, i));
        if (bytes == NULL || PyList_SetItem(list->holders, i, bytes) != 0)
            return -1;
        list->texts[i] =
            (tp_string){ PyBytes_AS_STRING(bytes), (size_t)PyBytes_GET_SIZE(bytes) };
    }
    list->count = (size_t)count;
    return 0;
}
