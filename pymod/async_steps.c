/* Decorated async generators. There is no yield from for these: what decorates awaits a step of the generator,
 * yields its value, and makes the next step of what was sent or thrown:
 *
 *      made = async_steps(calls, generator)
 *      await made(value)          what asend() or, with True behind the error, athrow() gives, recorded
 */
#include "_core.h"

#include <stddef.h>
#include <structmember.h>

typedef struct async_steps {
    PyObject_HEAD
    core_course course;
    PyObject *generator; /* Owned. */
    int has_begun;       /* a step was made */
} async_steps;

/* sys.set_asyncgen_hooks(*hooks); a new tuple of those that there were. */
static PyObject *exchange_hooks(PyObject *hooks)
{
    PyObject *get = PySys_GetObject("get_asyncgen_hooks"), *set = PySys_GetObject("set_asyncgen_hooks");
    PyObject *before = get == NULL ? NULL : PyObject_CallNoArgs(get);
    PyObject *done = before == NULL || set == NULL ? NULL : PyObject_CallObject(set, hooks);
    if (done == NULL)
        Py_CLEAR(before);
    Py_XDECREF(done);
    return before;
}

/* generator.asend(value) or athrow(error). The event loop is told of an async generator by the first of these, to
 * close it when it is thrown away or the loop ends. What decorates is one itself, and closes this one: the loop
 * must not do it, too. */
static PyObject *make_inner(async_steps *s, const char *method, PyObject *argument)
{
    if (s->has_begun)
        return PyObject_CallMethod(s->generator, method, "O", argument);
    PyObject *none = PyTuple_Pack(2, Py_None, Py_None);
    PyObject *before = none == NULL ? NULL : exchange_hooks(none);
    Py_XDECREF(none);
    if (before == NULL)
        return NULL;
    PyObject *inner = PyObject_CallMethod(s->generator, method, "O", argument);
    s->has_begun = 1;
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyObject *ours = exchange_hooks(before);
    if (ours == NULL)
        Py_CLEAR(inner);
    else
        PyErr_Restore(type, value, traceback);
    Py_XDECREF(ours);
    Py_DECREF(before);
    return inner;
}

static PyObject *async_steps_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    PyObject *calls, *generator;
    const core_state *state = core_state_of_type(type);
    if (state == NULL || (kwargs != NULL && PyDict_GET_SIZE(kwargs) > 0) ||
        !PyArg_ParseTuple(args, "O!O!:async_steps", state->calls_type, &calls, &PyAsyncGen_Type,
                          &generator))
        return NULL;
    async_steps *s = (async_steps *)type->tp_alloc(type, 0);
    if (s == NULL)
        return NULL;
    s->course.calls = (core_calls *)Py_NewRef(calls);
    s->generator = Py_NewRef(generator);
    return (PyObject *)s;
}

static PyObject *async_steps_call(PyObject *self, PyObject *args, PyObject *kwargs)
{
    async_steps *s = (async_steps *)self;
    PyObject *argument;
    int throws = 0;
    const core_state *state = core_state_of_type(Py_TYPE(self));
    if (state == NULL || (kwargs != NULL && PyDict_GET_SIZE(kwargs) > 0) ||
        !PyArg_ParseTuple(args, "O|p:async_steps", &argument, &throws))
        return NULL;
    PyObject *inner = make_inner(s, throws ? "athrow" : "asend", argument);
    PyObject *step = inner == NULL ? NULL : core_new_steps(state, CORE_ASYNC_STEP, NULL, inner);
    if (step != NULL)
        core_lend_course(step, &s->course, self);
    Py_XDECREF(inner);
    return step;
}

static int async_steps_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((async_steps *)self)->generator);
    return core_traverse_course(&((async_steps *)self)->course, visit, arg);
}

static int async_steps_clear(PyObject *self)
{
    core_clear_course(&((async_steps *)self)->course);
    return 0;
}

static void async_steps_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    async_steps_clear(self);
    Py_CLEAR(((async_steps *)self)->generator);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMemberDef async_steps_members[] = {
    { "has_ended", T_INT, offsetof(async_steps, course.has_ended), READONLY, NULL },
    { "has_returned", T_INT, offsetof(async_steps, course.has_returned), READONLY, NULL },
    { NULL, 0, 0, 0, NULL },
};

static PyType_Slot async_steps_slots[] = {
    { Py_tp_new, (void *)(uintptr_t)async_steps_new },
    { Py_tp_call, (void *)(uintptr_t)async_steps_call },
    { Py_tp_members, async_steps_members },
    { Py_tp_traverse, (void *)(uintptr_t)async_steps_traverse },
    { Py_tp_clear, (void *)(uintptr_t)async_steps_clear },
    { Py_tp_dealloc, (void *)(uintptr_t)async_steps_dealloc },
    { 0, NULL },
};

static PyType_Spec async_steps_spec = {
    .name = "ctraceprof._core.async_steps",
    .basicsize = sizeof(async_steps),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = async_steps_slots,
};

int core_add_async_steps(PyObject *module, core_state *state)
{
    state->async_steps_type =
        (PyTypeObject *)PyType_FromModuleAndSpec(module, &async_steps_spec, NULL);
    return state->async_steps_type == NULL ? -1 : PyModule_AddType(module, state->async_steps_type);
}
