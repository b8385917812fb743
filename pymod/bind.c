/* ctraceprof.bind: a callable that takes its recordings with it. */
#include "_core.h"

#include <structmember.h>

typedef struct bound {
    PyObject_HEAD
    PyObject *callable; /* Owned. */
    PyObject *sessions; /* Owned. */
    tp_engine *engine;  /* Borrowed from the module, which the type holds. */
} bound;

static PyObject *bound_call(PyObject *self, PyObject *args, PyObject *kwargs)
{
    bound *b = (bound *)self;
    PyObject *token = tp_sessions_enter(b->engine, b->sessions);
    if (token == NULL)
        return NULL;
    PyObject *result = PyObject_Call(b->callable, args, kwargs);
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    int failed = tp_sessions_exit(b->engine, token);
    Py_DECREF(token);
    if (failed && value == NULL && type == NULL) {
        Py_XDECREF(result);
        return NULL;
    }
    PyErr_Restore(type, value, traceback);
    return result;
}

static PyObject *bound_repr(PyObject *self)
{
    return PyUnicode_FromFormat("ctraceprof.bind(%R)", ((bound *)self)->callable);
}

static int bound_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((bound *)self)->callable);
    return 0;
}

static int bound_clear(PyObject *self)
{
    Py_CLEAR(((bound *)self)->callable);
    Py_CLEAR(((bound *)self)->sessions);
    return 0;
}

static void bound_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    bound_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMemberDef bound_members[] = {
    { "__wrapped__", T_OBJECT_EX, offsetof(bound, callable), READONLY, "the callable given to bind()" },
    { NULL, 0, 0, 0, NULL },
};

static PyType_Slot bound_slots[] = {
    { Py_tp_call, (void *)(uintptr_t)bound_call },
    { Py_tp_repr, (void *)(uintptr_t)bound_repr },
    { Py_tp_members, bound_members },
    { Py_tp_traverse, (void *)(uintptr_t)bound_traverse },
    { Py_tp_clear, (void *)(uintptr_t)bound_clear },
    { Py_tp_dealloc, (void *)(uintptr_t)bound_dealloc },
    { 0, NULL },
};

static PyType_Spec bound_spec = {
    .name = "ctraceprof._core.bound",
    .basicsize = sizeof(bound),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = bound_slots,
};

int core_add_bound(PyObject *module, core_state *state)
{
    state->bound_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &bound_spec, NULL);
    return state->bound_type == NULL ? -1 : 0;
}

PyObject *core_bind(PyObject *module, PyObject *callable)
{
    core_state *state = PyModule_GetState(module);
    if (!PyCallable_Check(callable))
        return PyErr_Format(PyExc_TypeError, "bind() needs a callable, not %s",
                            Py_TYPE(callable)->tp_name);
    PyObject *sessions = tp_sessions_here(state->engine);
    if (sessions == NULL)
        return Py_NewRef(callable);
    bound *b = (bound *)state->bound_type->tp_alloc(state->bound_type, 0);
    if (b == NULL) {
        Py_DECREF(sessions);
        return NULL;
    }
    b->callable = Py_NewRef(callable);
    b->sessions = sessions;
    b->engine = state->engine;
    return (PyObject *)b;
}
