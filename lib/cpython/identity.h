/* Which callable is meant, and what cProfile calls it. */
#ifndef TP_IDENTITY_H
#define TP_IDENTITY_H

#include "compat.h"

#include "compiler.h"
#include "engine.h"

/* The identity of a builtin is its method definition: all lists' append are one function. This is the
 * answer for the plain kinds, NULL for all others; it calls nothing. */
TP_ALWAYS_INLINE const void *tp_plain_builtin_key(PyObject *callable, PyObject *first,
                                                  PyObject *missing)
{
    if (Py_TYPE(callable) == &PyCFunction_Type)
        return ((PyCFunctionObject *)callable)->m_ml;
    if (Py_TYPE(callable) == &PyCMethod_Type)
        return ((PyCFunctionObject *)callable)->m_ml;
    if (Py_TYPE(callable) != &PyMethodDescr_Type || first == missing)
        return NULL;
    const PyMethodDescrObject *descriptor = (PyMethodDescrObject *)callable;
    return Py_TYPE(first) == descriptor->d_common.d_type ? descriptor->d_method : NULL;
}

/* Whether Python code runs that tells of itself when it is called. */
TP_ALWAYS_INLINE bool tp_is_python(PyObject *callable)
{
    return Py_TYPE(callable) == &PyFunction_Type || Py_TYPE(callable) == &PyMethod_Type;
}

/* The commonest callables that are not recorded as builtins. */
TP_ALWAYS_INLINE bool tp_is_never_builtin(PyObject *callable)
{
    return tp_is_python(callable) || Py_TYPE(callable) == &PyType_Type;
}

/* The whole answer: NULL for callables that are not recorded. `missing` stands for "no first
 * argument". A method descriptor counts when it is called with an instance of its type, as only then
 * its C function runs. */
static inline const void *tp_builtin_key(PyObject *callable, PyObject *first, PyObject *missing)
{
    const void *key = tp_plain_builtin_key(callable, first, missing);
    if (key != NULL)
        return key;
    if (Py_TYPE(callable) == &PyMethodDescr_Type) {
        const PyMethodDescrObject *descriptor = (PyMethodDescrObject *)callable;
        bool instance =
            first != missing && PyType_IsSubtype(Py_TYPE(first), descriptor->d_common.d_type);
        return instance ? descriptor->d_method : NULL;
    }
    return PyCFunction_Check(callable) ? ((PyCFunctionObject *)callable)->m_ml : NULL;
}

/* The bytes of a str as marshal encodes it. *holder keeps them; it is the str itself where that has
 * them in this form already. Not TP_OK: a Python exception is set. */
TP_NODISCARD tp_status tp_borrow_bytes(PyObject *text, PyObject **holder, tp_string *bytes);

/* Code of this file runs for the first time in a recording that may leave it out: what the resolver does
 * for greenlet's sake. */
void tp_identity_meet(tp_engine *engine, tp_string file);

/* The resolver of a recording's session. `subject` is NULL when the key is a code object, else the
 * builtin or method descriptor that was called. */
tp_status tp_identity_resolve(void *recording, const void *key, void *subject, tp_label *label);
void tp_identity_release(void *recording, tp_label *label);
int tp_identity_is_coroutine(void *recording, const void *key, void *subject);

#endif
