#include "call_kind.h"

#include "coroutines.h"

#ifdef TP_HAVE_MONITORING
#include <opcode.h>
#endif

#define INSTRUCTION_SIZE 2

const char *tp_call_kind_name(tp_call_kind kind)
{
    static const char *const names[] = {
        [TP_KIND_PYTHON] = "python",       [TP_KIND_SLOT] = "slot",
        [TP_KIND_GENERATOR] = "generator", [TP_KIND_COROUTINE] = "coroutine",
        [TP_KIND_FUNCTION] = "function",   [TP_KIND_METHOD] = "method",
        [TP_KIND_LONG] = "long",
    };
    return names[kind];
}

size_t tp_nearest_offset(void)
{
    /* 256 before 3.15. Small ints are the same object each time; others are not while both are alive. */
    long largest = 255;
    for (bool same = true; same && largest < 1 << 16;) {
        PyObject *one = PyLong_FromLong(largest + 1), *other = PyLong_FromLong(largest + 1);
        same = one != NULL && one == other;
        largest += same;
        Py_XDECREF(one);
        Py_XDECREF(other);
    }
    PyErr_Clear();
    return (size_t)largest;
}

static tp_call_kind kind_of_builtin(const tp_recording *recording, PyObject *callable)
{
    if (recording->long_way)
        return TP_KIND_LONG;
    return Py_TYPE(callable) == &PyMethodDescr_Type ? TP_KIND_METHOD : TP_KIND_FUNCTION;
}

/* Whether the interpreter tells hooks of the instruction as a call. */
static bool is_call(const PyCodeObject *code, int offset)
{
#ifdef TP_HAVE_MONITORING
    if (offset < 0)
        return false;
    switch ((unsigned char)code->co_code_adaptive[offset]) {
    case INSTRUMENTED_CALL:
    case INSTRUMENTED_CALL_FUNCTION_EX:
#ifdef INSTRUMENTED_CALL_KW
    case INSTRUMENTED_CALL_KW:
#endif
        return true;
    default:
        return false;
    }
#else
    (void)code;
    return offset >= 0;
#endif
}

/* `above` calls it, if it is Python code: then that is the next frame. */
static tp_call_kind kind_of_code(PyObject *code, PyFrameObject *caller, const void *above)
{
    if (!PyCode_Check(code))
        return TP_KIND_PYTHON;
    if (tp_is_coroutine_code(code))
        return TP_KIND_COROUTINE;
    if ((((PyCodeObject *)code)->co_flags & CO_GENERATOR) != 0)
        return TP_KIND_GENERATOR;
    if (caller == NULL)
        return TP_KIND_PYTHON;
    PyCodeObject *calling = PyFrame_GetCode(caller);
    int offset = PyFrame_GetLasti(caller);
    bool called = (const void *)calling == above &&
                  (is_call(calling, offset) || is_call(calling, offset - TP_LASTI_BEYOND_CALL));
    Py_DECREF(calling);
    return called ? TP_KIND_PYTHON : TP_KIND_SLOT;
}

unsigned tp_call_kind_of(void *context, const void *key, void *subject, const void *above)
{
    const tp_recording *recording = context;
    PyObject *exception = PyErr_GetRaisedException();
    PyFrameObject *caller = PyThreadState_GetFrame(PyThreadState_Get());
    size_t nearest = recording->engine->nearest_offset;
    tp_call_kind kind;
    unsigned far = 0;
    if (subject != NULL) {
        kind = kind_of_builtin(recording, subject);
    } else {
        PyObject *code = (PyObject *)(uintptr_t)key;
        PyFrameObject *own = caller;
        caller = own == NULL ? NULL : PyFrame_GetBack(own);
        Py_XDECREF(own);
        kind = kind_of_code(code, caller, above);
        if (PyCode_Check(code) && (size_t)Py_SIZE(code) * INSTRUCTION_SIZE > nearest)
            far |= TP_KIND_FAR_BODY;
    }
    if (caller != NULL && PyFrame_GetLasti(caller) > (int)nearest)
        far |= TP_KIND_FAR_SITE;
    Py_XDECREF(caller);
    PyErr_SetRaisedException(exception);
    return TP_KIND_NUMBER(kind, far);
}
