#include "timer.h"

#include <math.h>

#include "engine.h"

static int from_integer(PyObject *result, int64_t factor, int64_t *ticks)
{
    int overflow;
    long long value = PyLong_AsLongLongAndOverflow(result, &overflow);
    if (value == -1 && PyErr_Occurred())
        return -1;
    if (overflow != 0 || value > INT64_MAX / factor || value < INT64_MIN / factor) {
        PyErr_SetString(PyExc_OverflowError, "the timer's result is too large");
        return -1;
    }
    *ticks = value * factor;
    return 0;
}

static int from_seconds(PyObject *result, int64_t *ticks)
{
    double ns = floor(PyFloat_AS_DOUBLE(result) * 1e9);
    if (isnan(ns)) {
        PyErr_SetString(PyExc_ValueError, "the timer's result is not a number (nan)");
        return -1;
    }
    /* 2^63 is a double, INT64_MAX is not. */
    if (ns >= 9223372036854775808.0 || ns < -9223372036854775808.0) {
        PyErr_SetString(PyExc_OverflowError, "the timer's result is too large");
        return -1;
    }
    *ticks = (int64_t)ns;
    return 0;
}

static int convert(const tp_timer *timer, PyObject *result, int64_t *ticks)
{
    const char *type = Py_TYPE(result)->tp_name;
    if (PyIndex_Check(result)) {
        PyObject *integer = PyNumber_Index(result);
        if (integer == NULL)
            return -1;
        int failed = from_integer(integer, timer->unit > 0 ? 1 : 1000000000, ticks);
        Py_DECREF(integer);
        return failed;
    }
    if (timer->unit > 0) {
        PyErr_Format(PyExc_TypeError, "with timeunit the timer must return int, not %s", type);
        return -1;
    }
    if (PyFloat_Check(result))
        return from_seconds(result, ticks);
    PyErr_Format(PyExc_TypeError, "the timer must return int or float, not %s", type);
    return -1;
}

static uint64_t read_timer(void *context)
{
    tp_timer *timer = context;
    PyObject *exception = PyErr_GetRaisedException();
    int64_t ticks = timer->last;
    tp_recording_begin_busy(timer->recording);
    PyObject *result = PyObject_CallNoArgs(timer->callable);
    if (result == NULL || convert(timer, result, &ticks) != 0) {
        timer->failures++;
        PyErr_WriteUnraisable(timer->callable);
    }
    Py_XDECREF(result);
    tp_recording_end_busy(timer->recording);
    PyErr_SetRaisedException(exception);
    if (timer->started && ticks < timer->last)
        timer->backwards++;
    else
        timer->last = ticks;
    timer->started = true;
    return (uint64_t)timer->last;
}

tp_status tp_timer_create(tp_timer **out, tp_clock **clock, PyObject *callable, double unit,
                          tp_recording *recording)
{
    tp_timer *timer = PyMem_RawMalloc(sizeof *timer);
    if (timer == NULL)
        return TP_ENOMEM;
    *timer = (tp_timer){ .callable = Py_NewRef(callable),
                         .unit = unit,
                         .recording = recording };
    tp_status status =
        tp_clock_create_callback(clock, read_timer, timer, unit > 0 ? unit : 1e-9);
    if (status != TP_OK) {
        tp_timer_destroy(timer);
        return status;
    }
    *out = timer;
    return TP_OK;
}

void tp_timer_destroy(tp_timer *timer)
{
    if (timer == NULL)
        return;
    Py_DECREF(timer->callable);
    PyMem_RawFree(timer);
}
