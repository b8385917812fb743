#include "coroutines.h"

/* Low bits of RESUME's argument: where the frame had been left. 0 is its beginning, 1 a yield, 2 a yield
 * from, 3 an await (CPython, opcode documentation of RESUME, 3.11 and later). */
#define LEFT_MASK 3
#define LEFT_BY_AWAIT 3

#define INSTRUCTION_SIZE 2

bool tp_has_begun(PyObject *code, Py_ssize_t offset)
{
    return offset >= (Py_ssize_t)((PyCodeObject *)code)->_co_firsttraceable * INSTRUCTION_SIZE;
}

/* RESUME stands right behind. Instrumentation replaces instructions, but not their arguments. */
bool tp_is_await(PyObject *code, Py_ssize_t offset)
{
    const char *bytes = ((PyCodeObject *)code)->co_code_adaptive;
    Py_ssize_t argument = offset + INSTRUCTION_SIZE + 1;
    if (argument >= Py_SIZE(code) * INSTRUCTION_SIZE)
        return false;
    return ((unsigned char)bytes[argument] & LEFT_MASK) == LEFT_BY_AWAIT;
}

uint64_t tp_instance_of(PyFrameObject *frame)
{
    PyObject *generator = PyFrame_GetGenerator(frame);
    Py_XDECREF(generator);
    return (uint64_t)(uintptr_t)generator;
}

uint64_t tp_instance_here(void)
{
    PyObject *exception = PyErr_GetRaisedException();
    PyFrameObject *frame = PyThreadState_GetFrame(PyThreadState_Get());
    uint64_t instance = frame == NULL ? 0 : tp_instance_of(frame);
    Py_XDECREF(frame);
    PyErr_SetRaisedException(exception);
    return instance;
}
