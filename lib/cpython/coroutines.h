/* Coroutines as hooks meet them: which code is a coroutine function's, and which instance it is that
 * starts, is suspended and goes on. */
#ifndef TP_COROUTINES_H
#define TP_COROUTINES_H

#include "compat.h"

#include <stdbool.h>
#include <stdint.h>

#include "compiler.h"

/* Events are also fired for what only stands for code (PyMonitoring_FirePyResumeEvent). */
TP_ALWAYS_INLINE bool tp_is_coroutine_code(PyObject *code)
{
    return Py_TYPE(code) == &PyCode_Type &&
           (((PyCodeObject *)code)->co_flags & (CO_COROUTINE | CO_ASYNC_GENERATOR)) != 0;
}

/* Whether a frame that is entered at this offset (bytes) had begun before: throw() may meet it unbegun. */
bool tp_has_begun(PyObject *code, Py_ssize_t offset);

/* Whether the YIELD_VALUE at this offset is an await's, not an async generator's yield. */
bool tp_is_await(PyObject *code, Py_ssize_t offset);

/* The coroutine or async generator that a frame runs: its address, good while it lives; 0 if it is none
 * or memory is short. Keeps exceptions as they are. */
uint64_t tp_instance_of(PyFrameObject *frame);

/* The same for the innermost frame of this thread. */
uint64_t tp_instance_here(void);

#endif
