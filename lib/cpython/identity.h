/* Which callable is meant, and what cProfile calls it. */
#ifndef TP_IDENTITY_H
#define TP_IDENTITY_H

#include "compat.h"

#include "compiler.h"
#include "engine.h"

/* The identity of a builtin is its method definition: all lists' append are one function. NULL for
 * callables that are not recorded. `missing` stands for "no first argument". A method descriptor
 * counts when it is called with an instance of its type, as only then the C function runs. */
TP_ALWAYS_INLINE const void *tp_builtin_key(PyObject *callable, PyObject *first, PyObject *missing)
{
    PyTypeObject *type = Py_TYPE(callable);
    if (type == &PyCFunction_Type)
        return ((PyCFunctionObject *)callable)->m_ml;
    if (type == &PyMethodDescr_Type) {
        const PyMethodDescrObject *descriptor = (PyMethodDescrObject *)callable;
        PyTypeObject *wanted = descriptor->d_common.d_type;
        if (TP_UNLIKELY(first == missing))
            return NULL;
        if (TP_LIKELY(Py_TYPE(first) == wanted) || PyType_IsSubtype(Py_TYPE(first), wanted))
            return descriptor->d_method;
        return NULL;
    }
    return PyCFunction_Check(callable) ? ((PyCFunctionObject *)callable)->m_ml : NULL;
}

/* The resolver of a recording's session. `subject` is NULL when the key is a code object, else the
 * builtin or method descriptor that was called. */
tp_status tp_identity_resolve(void *recording, const void *key, void *subject, tp_label *label);
void tp_identity_release(void *recording, tp_label *label);

#endif
