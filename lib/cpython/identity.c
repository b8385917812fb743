#include "identity.h"

#include <string.h>

#include "coroutines.h"
#include "greenlets.h"
#include "watch.h"

tp_status tp_borrow_bytes(PyObject *text, PyObject **holder, tp_string *bytes)
{
    if (PyUnicode_IS_ASCII(text)) {
        Py_ssize_t size = PyUnicode_GET_LENGTH(text);
        *bytes = (tp_string){ (const char *)PyUnicode_DATA(text), (size_t)size };
        *holder = Py_NewRef(text);
        return TP_OK;
    }
    PyObject *encoded = PyUnicode_AsEncodedString(text, "utf-8", "surrogatepass");
    if (encoded == NULL)
        return TP_ENOMEM;
    *bytes = (tp_string){ PyBytes_AS_STRING(encoded), (size_t)PyBytes_GET_SIZE(encoded) };
    *holder = encoded;
    return TP_OK;
}

/* Hold a label's bytes until it has been copied. Without a GIL another thread may make one for the same
 * recording meanwhile. */
#ifdef TP_FREE_THREADED
static _Thread_local PyObject *label_file, *label_name; /* Owned. */
#define LABEL_FILE(recording) (*((void)(recording), &label_file))
#define LABEL_NAME(recording) (*((void)(recording), &label_name))
#else
#define LABEL_FILE(recording) ((recording)->label_file)
#define LABEL_NAME(recording) ((recording)->label_name)
#endif

/* Code is watched; what else may be freed and has no watch is kept until the recording goes. */
static tp_status hold(tp_recording *recording, PyObject *object)
{
    if (recording->held == NULL)
        recording->held = PyList_New(0);
    if (recording->held == NULL || PyList_Append(recording->held, object) != 0)
        return TP_ENOMEM;
    return TP_OK;
}

/* Whether this is the code of greenlet's package itself, which goes on to load its extension. */
static bool imports_greenlet(tp_string file)
{
    static const char tail[] = "greenlet/__init__.py";
    size_t size = sizeof tail - 1;
    return file.size >= size && memcmp(file.bytes + file.size - size, tail, size) == 0;
}

void tp_identity_meet(tp_engine *engine, tp_string file)
{
    tp_greenlets_look(engine);
    if (imports_greenlet(file))
        tp_thread_expect_greenlets(engine);
}

static tp_status label_code(tp_recording *recording, PyCodeObject *code, tp_label *label)
{
    if (!tp_watch_code(recording->engine, code))
        return TP_ENOMEM;
    label->line = code->co_firstlineno;
    tp_status status = tp_borrow_bytes(code->co_filename, &LABEL_FILE(recording), &label->file);
    if (status == TP_OK)
        status = tp_borrow_bytes(code->co_name, &LABEL_NAME(recording), &label->name);
    if (status == TP_OK && imports_greenlet(label->file))
        tp_thread_expect_greenlets(recording->engine);
    return status;
}

/* A repr without " at 0x7f...": addresses change from run to run. */
static PyObject *without_address(PyObject *text)
{
    if (text == NULL)
        return NULL;
    PyObject *marker = PyUnicode_FromString(" at 0x");
    if (marker == NULL) {
        Py_DECREF(text);
        return NULL;
    }
    Py_ssize_t size = PyUnicode_GET_LENGTH(text);
    Py_ssize_t from = PyUnicode_Find(text, marker, 0, size, 1);
    Py_DECREF(marker);
    if (from < 0)
        return text;
    Py_ssize_t to = from + 6;
    while (to < size && Py_UNICODE_ISALNUM(PyUnicode_READ_CHAR(text, to)))
        to++;
    PyObject *head = PyUnicode_Substring(text, 0, from);
    PyObject *tail = PyUnicode_Substring(text, to, size);
    PyObject *whole = head != NULL && tail != NULL ? PyUnicode_Concat(head, tail) : NULL;
    Py_XDECREF(head);
    Py_XDECREF(tail);
    Py_DECREF(text);
    return whole;
}

/* Whether an object's repr is C code of CPython's own: a class may hold anything under a method's name,
 * and no program's code may run within a hook. */
static bool has_plain_repr(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    return type == &PyMethodDescr_Type || type == &PyClassMethodDescr_Type ||
           type == &PyWrapperDescr_Type || type == &PyCFunction_Type;
}

/* Of such an object. PyObject_Repr would first see to signals: a handler would run within the hook, and
 * what it raises be lost. */
static PyObject *plain_repr(PyObject *object)
{
    return Py_TYPE(object)->tp_repr(object);
}

/* A new reference to a tuple, or to a list. */
static PyObject *mro_of(PyTypeObject *type)
{
#ifdef TP_FREE_THREADED
    /* What the type holds may be replaced while it is looked at. */
    PyObject *mro = PyObject_CallMethod((PyObject *)&PyType_Type, "mro", "O", type);
    PyErr_Clear();
    return mro;
#else
    return Py_XNewRef(type->tp_mro);
#endif
}

/* What the type of a bound builtin's self holds under its name, unless a subclass has put something
 * else over it. A new reference. */
static PyObject *find_on_type(const PyCFunctionObject *function)
{
    PyObject *name = PyUnicode_FromString(function->m_ml->ml_name);
    if (name == NULL)
        return NULL;
    PyObject *found = NULL;
    PyObject *mro = mro_of(Py_TYPE(function->m_self));
    for (Py_ssize_t i = 0; mro != NULL && i < PySequence_Fast_GET_SIZE(mro) && found == NULL; i++) {
        PyTypeObject *type = (PyTypeObject *)PySequence_Fast_GET_ITEM(mro, i);
        found = _PyType_LookupRef(type, name);
        if (found != NULL && Py_TYPE(found) == &PyMethodDescr_Type &&
            ((PyMethodDescrObject *)found)->d_method == function->m_ml)
            break;
        if (found != NULL && !has_plain_repr(found))
            Py_CLEAR(found);
    }
    Py_XDECREF(mro);
    Py_DECREF(name);
    return found;
}

/* The label that cProfile gives a builtin; a new reference. */
static PyObject *describe_function(const PyCFunctionObject *function)
{
    const char *name = function->m_ml->ml_name;
    PyObject *module = function->m_module;
    if (function->m_self == NULL) {
        PyObject *module_name = NULL;
        if (module != NULL && PyUnicode_Check(module))
            module_name = Py_NewRef(module);
        else if (module != NULL && PyModule_Check(module))
            module_name = PyModule_GetNameObject(module);
        PyErr_Clear();
        if (module_name == NULL || PyUnicode_CompareWithASCIIString(module_name, "builtins") == 0) {
            Py_XDECREF(module_name);
            return PyUnicode_FromFormat("<%s>", name);
        }
        PyObject *label = PyUnicode_FromFormat("<%U.%s>", module_name, name);
        Py_DECREF(module_name);
        return label;
    }
    PyObject *found = find_on_type(function);
    if (found != NULL) {
        PyObject *repr = plain_repr(found);
        Py_DECREF(found);
        if (repr != NULL)
            return repr;
    }
    PyErr_Clear();
    if (module != NULL && PyUnicode_Check(module))
        return PyUnicode_FromFormat("<built-in method %U.%s>", module, name);
    return PyUnicode_FromFormat("<built-in method %s>", name);
}

/* Method definitions that are made at run time belong to a capsule, as in pybind11. */
static tp_status hold_definition(tp_recording *recording, PyObject *callable)
{
    if (Py_TYPE(callable) == &PyMethodDescr_Type)
        return TP_OK;
    PyObject *self = ((PyCFunctionObject *)callable)->m_self;
    return self != NULL && PyCapsule_CheckExact(self) ? hold(recording, self) : TP_OK;
}

static tp_status label_builtin(tp_recording *recording, PyObject *callable, tp_label *label)
{
    if (hold_definition(recording, callable) != TP_OK)
        return TP_ENOMEM;
    PyObject *name = Py_TYPE(callable) == &PyMethodDescr_Type
                         ? plain_repr(callable)
                         : describe_function((PyCFunctionObject *)callable);
    name = without_address(name);
    if (name == NULL)
        return TP_ENOMEM;
    label->line = 0;
    label->file = (tp_string){ "~", 1 };
    tp_status status = tp_borrow_bytes(name, &LABEL_NAME(recording), &label->name);
    Py_DECREF(name);
    return status;
}

/* Something that is fired events for as if it were code (PyMonitoring_FirePyStartEvent). */
static tp_status label_other(tp_recording *recording, PyObject *object, tp_label *label)
{
    PyObject *name = PyUnicode_FromFormat("<%s>", Py_TYPE(object)->tp_name);
    if (name == NULL || hold(recording, object) != TP_OK) {
        Py_XDECREF(name);
        return TP_ENOMEM;
    }
    label->line = 0;
    label->file = (tp_string){ "~", 1 };
    tp_status status = tp_borrow_bytes(name, &LABEL_NAME(recording), &label->name);
    Py_DECREF(name);
    return status;
}

tp_status tp_identity_resolve(void *context, const void *key, void *subject, tp_label *label)
{
    tp_recording *recording = context;
    PyObject *object = subject != NULL ? subject : (PyObject *)(uintptr_t)key;
    /* A generator may be entered by throw() with the exception already set. */
    PyObject *exception = PyErr_GetRaisedException();
    tp_status status;
    tp_recording_begin_busy(recording);
    tp_greenlets_look(recording->engine);
    if (subject != NULL)
        status = label_builtin(recording, object, label);
    else if (PyCode_Check(object))
        status = label_code(recording, (PyCodeObject *)object, label);
    else
        status = label_other(recording, object, label);
    if (status != TP_OK) {
        tp_identity_release(context, label);
        PyErr_Clear();
    }
    PyErr_SetRaisedException(exception);
    tp_recording_end_busy(recording);
    return status;
}

void tp_identity_release(void *context, tp_label *label)
{
    tp_recording *recording = context;
    Py_CLEAR(LABEL_FILE(recording));
    Py_CLEAR(LABEL_NAME(recording));
    *label = (tp_label){ .line = 0 };
}

int tp_identity_is_coroutine(void *context, const void *key, void *subject)
{
    (void)context;
    return subject == NULL && tp_is_coroutine_code((PyObject *)(uintptr_t)key);
}
