#include "greenlets.h"

#include "contexts.h"
#include "strand.h"
#include "watch.h"

#define MODULE "greenlet._greenlet"
#define POST "ctraceprof.post"

struct tp_greenlets {
    PyObject *settrace; /* Owned; NULL until the program has imported greenlet */
    PyObject *gettrace; /* Owned. */
    PyObject *tracer;   /* Owned; what greenlet calls */
};

/* Once for each switch: where another tool has put its tracer over ours, and ours has come to lie over
 * that, it is told twice. */
static void switch_tracks(tp_thread *thread, PyObject *origin, PyObject *target)
{
    uint64_t from = (uint64_t)(uintptr_t)origin, to = (uint64_t)(uintptr_t)target;
    if (thread->strand == to)
        return;
    thread->strand = to;
    for (tp_attachment *a = thread->all; a != NULL; a = a->next_of_thread)
        tp_track_switch(a->track, from, to);
}

/* The tracer that was there before may itself call ours: ended here. */
static PyObject *tell_before(tp_thread *thread, PyObject *args)
{
    if (thread->tracer_before == NULL || thread->telling)
        Py_RETURN_NONE;
    PyObject *before = Py_NewRef(thread->tracer_before);
    thread->telling = true;
    PyObject *result = PyObject_CallObject(before, args);
    thread->telling = false;
    Py_DECREF(before);
    return result;
}

/* greenlet calls it on the target's stack, with events off: tracer(event, (origin, target)). */
static PyObject *on_switch(PyObject *capsule, PyObject *args)
{
    tp_watch_post *post = PyCapsule_GetPointer(capsule, POST);
    PyObject *event, *origin, *target;
    if (post == NULL || !PyArg_ParseTuple(args, "O(OO)", &event, &origin, &target)) {
        PyErr_Clear();
        Py_RETURN_NONE;
    }
    tp_lock lock;
    tp_lock_begin(&lock, post);
    tp_engine *engine = post->engine;
    PyObject *result = NULL;
    if (engine != NULL) {
        tp_engine_pin(engine);
        tp_thread *thread = tp_thread_arrive(engine);
        switch_tracks(thread, origin, target);
        /* The context is another, too, and the next event may be an end. */
        if (engine->running_in_contexts > 0)
            thread = tp_contexts_follow(engine, thread);
        result = tell_before(thread, args);
        tp_engine_unpin(engine);
    }
    tp_lock_end(&lock);
    return engine == NULL ? Py_NewRef(Py_None) : result;
}

static PyMethodDef tracer_method = { "ctraceprof", on_switch, METH_VARARGS, NULL };

static void release_post(PyObject *capsule)
{
    tp_watch_leave(PyCapsule_GetPointer(capsule, POST));
}

tp_status tp_greenlets_create(tp_engine *engine)
{
    struct tp_greenlets *greenlets = PyMem_RawCalloc(1, sizeof *greenlets);
    PyObject *capsule = greenlets == NULL ? NULL : PyCapsule_New(engine->post, POST, release_post);
    engine->greenlets = greenlets;
    if (capsule != NULL) {
        engine->post->references++;
        greenlets->tracer = PyCFunction_New(&tracer_method, capsule);
        Py_DECREF(capsule);
    }
    if (greenlets != NULL && greenlets->tracer != NULL)
        return TP_OK;
    tp_greenlets_destroy(engine);
    return PyErr_Occurred() ? TP_EPYTHON : TP_ENOMEM;
}

void tp_greenlets_destroy(tp_engine *engine)
{
    struct tp_greenlets *greenlets = engine->greenlets;
    if (greenlets == NULL)
        return;
    Py_XDECREF(greenlets->settrace);
    Py_XDECREF(greenlets->gettrace);
    Py_XDECREF(greenlets->tracer);
    PyMem_RawFree(greenlets);
    engine->greenlets = NULL;
}

void tp_greenlets_look(tp_engine *engine)
{
    struct tp_greenlets *greenlets = engine->greenlets;
    if (greenlets->settrace != NULL)
        return;
    PyObject *exception = PyErr_GetRaisedException();
    PyObject *modules = NULL, *module = NULL, *settrace = NULL, *gettrace = NULL;
    if (PySys_GetOptionalAttrString("modules", &modules) > 0 && PyDict_Check(modules))
        (void)PyDict_GetItemStringRef(modules, MODULE, &module);
    if (module != NULL && PyModule_Check(module)) {
        PyObject *names = PyModule_GetDict(module);
        (void)PyDict_GetItemStringRef(names, "settrace", &settrace);
        (void)PyDict_GetItemStringRef(names, "gettrace", &gettrace);
    }
    if (settrace != NULL && gettrace != NULL && PyCFunction_Check(settrace) &&
        PyCFunction_Check(gettrace) && greenlets->settrace == NULL) {
        greenlets->settrace = Py_NewRef(settrace);
        greenlets->gettrace = Py_NewRef(gettrace);
        /* At once, for this thread: what is about to be called may be the first switch. */
        tp_engine_renew(engine);
        (void)tp_thread_arrive(engine);
    }
    Py_XDECREF(gettrace);
    Py_XDECREF(settrace);
    Py_XDECREF(module);
    Py_XDECREF(modules);
    PyErr_Clear();
    PyErr_SetRaisedException(exception);
}

static void set_tracer(tp_engine *engine, PyObject *tracer)
{
    PyObject *result = PyObject_CallOneArg(engine->greenlets->settrace, tracer);
    Py_XDECREF(result);
    PyErr_Clear();
}

void tp_greenlets_watch(tp_engine *engine, tp_thread *thread)
{
    struct tp_greenlets *greenlets = engine->greenlets;
    if (greenlets->settrace == NULL)
        return;
    PyObject *exception = PyErr_GetRaisedException();
    PyObject *before = PyObject_CallNoArgs(greenlets->gettrace);
    if (before != NULL && before != greenlets->tracer) {
        Py_XSETREF(thread->tracer_before, before == Py_None ? NULL : Py_NewRef(before));
        thread->strand = 0;
        set_tracer(engine, greenlets->tracer);
    }
    thread->traced = before != NULL;
    Py_XDECREF(before);
    PyErr_Clear();
    PyErr_SetRaisedException(exception);
}

void tp_greenlets_unwatch(tp_engine *engine, tp_thread *thread)
{
    struct tp_greenlets *greenlets = engine->greenlets;
    if (thread == NULL || !thread->traced || thread->all != NULL)
        return;
    PyObject *exception = PyErr_GetRaisedException();
    PyObject *present = PyObject_CallNoArgs(greenlets->gettrace);
    /* What another tool has put over ours stays, and goes on calling it. */
    if (present == greenlets->tracer) {
        set_tracer(engine, thread->tracer_before != NULL ? thread->tracer_before : Py_None);
        Py_CLEAR(thread->tracer_before);
        thread->traced = false;
    }
    Py_XDECREF(present);
    PyErr_Clear();
    PyErr_SetRaisedException(exception);
}
