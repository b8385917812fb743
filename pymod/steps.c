/* Decorated generators and coroutines: an iterator over a generator, or an awaitable's, that records each step of
 * it. What decorates delegates to it by yield from or await, so that it is told of all that is sent and thrown.
 *
 * GeneratorExit alone is not passed on to what is delegated to: that is closed, and the exception raised by who
 * delegates. There it is caught, and steps(error) says whether it came from outside; it is then thrown at the
 * next step, so that the generator itself may answer it, as it may without the decorator. */
#include "_core.h"

#include <stddef.h>
#include <structmember.h>

/* --- a call in steps -------------------------------------------------------------------------- */

/* How a step ends: the call waits for something, or has given a value, or is over. */
typedef enum step_end { AWAITS, GIVES, ENDS } step_end;

/* Around each step: whether it is recorded as the call's own. Sets no exception. */
static int begin_step(core_course *course)
{
    if ((course->call == NULL && course->is_over) || !core_is_own_call(course->calls))
        return 0;
    if (course->call == NULL) {
        course->call = core_take_call(course->calls);
        course->is_over = course->call == NULL;
        if (course->is_over)
            return 0;
    }
    if (course->is_running)
        core_enter_call(course->call);
    else
        course->is_running = core_start_call(course->call);
    return course->is_running;
}

static void end_course(core_course *course)
{
    core_call *call = course->call;
    course->is_over = 1;
    course->is_running = 0;
    course->call = NULL;
    if (call != NULL)
        core_end_call(call);
    Py_XDECREF((PyObject *)call);
}

/* Keeps exceptions as they are. */
static void end_step(core_course *course, int is_recorded, step_end how)
{
    if (how == ENDS) {
        end_course(course);
    } else if (is_recorded && how == AWAITS) {
        core_exit_call(course->call);
    } else if (is_recorded) {
        core_stop_call(course->call);
        course->is_running = 0;
    }
}

int core_traverse_course(const core_course *course, visitproc visit, void *arg)
{
    Py_VISIT((PyObject *)course->calls);
    Py_VISIT((PyObject *)course->call);
    return 0;
}

void core_clear_course(core_course *course)
{
    course->is_over = 1;
    Py_CLEAR(course->call);
    Py_CLEAR(course->calls);
}

/* --- sending and throwing --------------------------------------------------------------------- */

/* StopIteration's value, with the exception gone. */
static PySendResult result_of_stop(PyObject **result)
{
    PyObject *type, *value, *traceback;
    if (!PyErr_ExceptionMatches(PyExc_StopIteration))
        return PYGEN_ERROR;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    *result = PyObject_GetAttrString(value, "value");
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
    return *result != NULL ? PYGEN_RETURN : PYGEN_ERROR;
}

static void raise_given(PyObject *args)
{
    PyObject *type = NULL, *value = NULL, *traceback = NULL;
    if (!PyArg_UnpackTuple(args, "throw", 1, 3, &type, &value, &traceback))
        return;
    if (PyExceptionInstance_Check(type)) {
        value = type;
        type = (PyObject *)Py_TYPE(value);
    }
    if (PyExceptionClass_Check(type))
        PyErr_SetObject(type, value);
    else
        PyErr_SetString(PyExc_TypeError, "exceptions must derive from BaseException");
}

/* As the interpreter does it where there is no throw(). */
static void raise_here(PyObject *object, PyObject *args)
{
    PyObject *first = PyTuple_GET_ITEM(args, 0);
    PyErr_Clear();
    if (PyErr_GivenExceptionMatches(first, PyExc_GeneratorExit)) {
        PyObject *close = PyObject_GetAttrString(object, "close");
        PyObject *closed = close == NULL ? NULL : PyObject_CallNoArgs(close);
        if (close != NULL && closed == NULL) {
            Py_DECREF(close);
            return;
        }
        PyErr_Clear();
        Py_XDECREF(closed);
        Py_XDECREF(close);
    }
    raise_given(args);
}

static PySendResult throw(PyObject *object, PyObject *args, PyObject **result)
{
    PyObject *method = PyObject_GetAttrString(object, "throw");
    *result = method == NULL ? NULL : PyObject_Call(method, args, NULL);
    if (method == NULL && PyErr_ExceptionMatches(PyExc_AttributeError) && PyTuple_GET_SIZE(args) > 0)
        raise_here(object, args);
    Py_XDECREF(method);
    return *result != NULL ? PYGEN_NEXT : result_of_stop(result);
}

static PySendResult throw_one(PyObject *object, PyObject *error, PyObject **result)
{
    PyObject *args = PyTuple_Pack(1, error);
    if (args == NULL)
        return PYGEN_ERROR;
    PySendResult how = throw(object, args, result);
    Py_DECREF(args);
    return how;
}

/* What a method that is no am_send gives: a value, or StopIteration with one. */
static PyObject *give(PySendResult how, PyObject *result)
{
    if (how != PYGEN_RETURN)
        return how == PYGEN_NEXT ? result : NULL;
    /* An instance, as a value that is a tuple or an exception would be taken apart. */
    PyObject *stop = PyObject_CallOneArg(PyExc_StopIteration, result);
    if (stop != NULL)
        PyErr_SetObject(PyExc_StopIteration, stop);
    Py_XDECREF(stop);
    Py_DECREF(result);
    return NULL;
}

/* --- the iterator ----------------------------------------------------------------------------- */

typedef struct steps {
    PyObject_HEAD
    core_kind kind;
    core_course own;
    core_course *course; /* `own`, or borrowed from the owner */
    PyObject *owner;     /* Owned or NULL. */
    PyObject *inner;     /* Owned; what is driven */
    PyObject *exit;      /* Owned or NULL; to be thrown at the next step */
    int is_closing;      /* GeneratorExit is about to be raised by who delegates */
} steps;

static steps *as_steps(PyObject *self)
{
    return (steps *)self;
}

/* What a step's end means to the call. */
static step_end end_of(const steps *s, PySendResult how)
{
    if (how == PYGEN_NEXT)
        return s->kind == CORE_GENERATOR ? GIVES : AWAITS;
    return how == PYGEN_RETURN && s->kind == CORE_ASYNC_STEP ? GIVES : ENDS;
}

static void finish(steps *s, int is_recorded, PySendResult how)
{
    step_end end = end_of(s, how);
    if (end == ENDS) {
        s->course->has_ended = 1;
        s->course->has_returned =
            how == PYGEN_RETURN || PyErr_ExceptionMatches(PyExc_StopAsyncIteration);
    }
    end_step(s->course, is_recorded, end);
}

static PySendResult steps_send(PyObject *self, PyObject *value, PyObject **result)
{
    steps *s = as_steps(self);
    PyObject *exit = s->exit;
    s->exit = NULL;
    *result = NULL;
    int is_recorded = begin_step(s->course);
    PySendResult how = exit != NULL ? throw_one(s->inner, exit, result)
                                    : PyIter_Send(s->inner, value, result);
    finish(s, is_recorded, how);
    Py_XDECREF(exit);
    return how;
}

static PyObject *steps_next(PyObject *self)
{
    PyObject *result;
    PySendResult how = steps_send(self, Py_None, &result);
    return give(how, result);
}

static PyObject *steps_send_method(PyObject *self, PyObject *value)
{
    PyObject *result;
    PySendResult how = steps_send(self, value, &result);
    return give(how, result);
}

static PyObject *steps_throw(PyObject *self, PyObject *args)
{
    steps *s = as_steps(self);
    PyObject *result = NULL;
    int is_recorded = begin_step(s->course);
    PySendResult how = throw(s->inner, args, &result);
    finish(s, is_recorded, how);
    return give(how, result);
}

static PyObject *steps_close(PyObject *self, PyObject *unused)
{
    (void)unused;
    as_steps(self)->is_closing = 1;
    Py_RETURN_NONE;
}

/* steps(error) */
static PyObject *steps_hold(PyObject *self, PyObject *args, PyObject *kwargs)
{
    steps *s = as_steps(self);
    PyObject *error;
    if ((kwargs != NULL && PyDict_GET_SIZE(kwargs) > 0) || !PyArg_ParseTuple(args, "O", &error))
        return NULL;
    int is_held = s->is_closing && PyErr_GivenExceptionMatches(error, PyExc_GeneratorExit);
    s->is_closing = 0;
    if (is_held)
        Py_XSETREF(s->exit, Py_NewRef(error));
    return PyBool_FromLong(is_held);
}

/* The iterator that await drives: a new reference. */
static PyObject *iterator_of(PyObject *awaitable)
{
    const PyTypeObject *type = Py_TYPE(awaitable);
    if (PyCoro_CheckExact(awaitable) || PyGen_CheckExact(awaitable))
        return Py_NewRef(awaitable);
    if (type->tp_as_async != NULL && type->tp_as_async->am_await != NULL)
        return type->tp_as_async->am_await(awaitable);
    return PyErr_Format(PyExc_TypeError, "object %.100s can't be used in 'await' expression",
                        type->tp_name);
}

PyObject *core_new_steps(const core_state *state, core_kind kind, core_calls *calls, PyObject *inner)
{
    steps *s = (steps *)state->steps_type->tp_alloc(state->steps_type, 0);
    if (s == NULL)
        return NULL;
    s->kind = kind;
    s->own.calls = (core_calls *)Py_XNewRef((PyObject *)calls);
    s->course = &s->own;
    s->inner = Py_NewRef(inner);
    return (PyObject *)s;
}

void core_lend_course(PyObject *self, core_course *course, PyObject *owner)
{
    as_steps(self)->course = course;
    as_steps(self)->owner = Py_NewRef(owner);
}

static PyObject *steps_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    PyObject *calls, *inner;
    int awaits;
    const core_state *state = core_state_of_type(type);
    if (state == NULL || (kwargs != NULL && PyDict_GET_SIZE(kwargs) > 0) ||
        !PyArg_ParseTuple(args, "O!Op:steps", state->calls_type, &calls, &inner, &awaits))
        return NULL;
    PyObject *iterator = awaits ? iterator_of(inner) : Py_NewRef(inner);
    if (iterator == NULL)
        return NULL;
    PyObject *made = core_new_steps(state, awaits ? CORE_COROUTINE : CORE_GENERATOR,
                                    (core_calls *)calls, iterator);
    Py_DECREF(iterator);
    return made;
}

static int steps_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(as_steps(self)->owner);
    Py_VISIT(as_steps(self)->inner);
    Py_VISIT(as_steps(self)->exit);
    return core_traverse_course(&as_steps(self)->own, visit, arg);
}

/* The owner's course is needed for as long as there may be a step. */
static int steps_clear(PyObject *self)
{
    Py_CLEAR(as_steps(self)->exit);
    core_clear_course(&as_steps(self)->own);
    return 0;
}

static void steps_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    steps_clear(self);
    Py_CLEAR(as_steps(self)->inner);
    Py_CLEAR(as_steps(self)->owner);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef steps_methods[] = {
    { "send", steps_send_method, METH_O, NULL },
    { "throw", steps_throw, METH_VARARGS, NULL },
    { "close", steps_close, METH_NOARGS, NULL },
    { NULL, NULL, 0, NULL },
};

static PyType_Slot steps_slots[] = {
    { Py_tp_new, (void *)(uintptr_t)steps_new },
    { Py_tp_iter, (void *)(uintptr_t)PyObject_SelfIter },
    { Py_tp_iternext, (void *)(uintptr_t)steps_next },
    { Py_tp_call, (void *)(uintptr_t)steps_hold },
    { Py_am_await, (void *)(uintptr_t)PyObject_SelfIter },
    { Py_am_send, (void *)(uintptr_t)steps_send },
    { Py_tp_methods, steps_methods },
    { Py_tp_traverse, (void *)(uintptr_t)steps_traverse },
    { Py_tp_clear, (void *)(uintptr_t)steps_clear },
    { Py_tp_dealloc, (void *)(uintptr_t)steps_dealloc },
    { 0, NULL },
};

static PyType_Spec steps_spec = {
    .name = "ctraceprof._core.steps",
    .basicsize = sizeof(steps),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = steps_slots,
};

int core_add_steps(PyObject *module, core_state *state)
{
    state->steps_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &steps_spec, NULL);
    return state->steps_type == NULL ? -1 : PyModule_AddType(module, state->steps_type);
}
