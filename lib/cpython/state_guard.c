#include "state_guard.h"

#include "watch.h"

#define GUARD "ctraceprof.guard"

typedef struct guard {
    tp_watch_post *post; /* Owned reference. */
    uint64_t state_id;
    unsigned long ident;
#ifdef TP_FREE_THREADED
    tp_thread *thread; /* NULL: it has met nothing to be recorded */
#endif
} guard;

static void note_end(const guard *g)
{
#ifdef TP_FREE_THREADED
    if (g->thread != NULL && g->post->engine == NULL)
        PyMem_RawFree(g->thread);
    else if (g->thread != NULL)
        g->thread->ended = true;
#endif
    /* The count of context switches that tp_here points at goes with the state. */
    if (g->ident == PyThread_get_thread_ident()) {
        tp_here.engine_id = 0;
        tp_here.cleared_state_id = g->state_id;
    } else if (g->post->engine != NULL) {
        tp_engine_renew(g->post->engine);
    }
}

static void state_is_cleared(PyObject *capsule)
{
    guard *g = PyCapsule_GetPointer(capsule, GUARD);
    tp_lock lock;
    tp_lock_begin(&lock, g->post);
    note_end(g);
    tp_watch_leave(g->post);
    tp_lock_end(&lock);
    PyMem_RawFree(g);
}

static PyObject *make_guard(tp_engine *engine, const PyThreadState *state)
{
    guard *g = PyMem_RawCalloc(1, sizeof *g);
    if (g == NULL)
        return NULL;
    g->post = engine->post;
    g->state_id = state->id;
    g->ident = PyThread_get_thread_ident();
    PyObject *capsule = PyCapsule_New(g, GUARD, state_is_cleared);
    if (capsule == NULL)
        PyMem_RawFree(g);
    else
        engine->post->references++;
    return capsule;
}

static void tell_thread(PyObject *capsule, tp_thread *thread)
{
#ifdef TP_FREE_THREADED
    guard *g = PyCapsule_GetPointer(capsule, GUARD);
    if (thread != NULL)
        g->thread = thread;
#else
    (void)capsule;
    (void)thread;
#endif
}

/* The key is the engine's own: there may be several. */
bool tp_state_guard(tp_engine *engine, const PyThreadState *state, tp_thread *thread)
{
    PyObject *dictionary = PyThreadState_GetDict();
    PyObject *key = (PyObject *)engine->members_type;
    PyObject *capsule = NULL;
    if (dictionary == NULL || PyDict_GetItemRef(dictionary, key, &capsule) < 0)
        return false;
    bool done = capsule != NULL;
    if (!done) {
        capsule = make_guard(engine, state);
        done = capsule != NULL && PyDict_SetItem(dictionary, key, capsule) == 0;
    }
    if (done)
        tell_thread(capsule, thread);
    Py_XDECREF(capsule);
    PyErr_Clear();
    return done;
}

bool tp_state_guard_keeps(const tp_thread *thread)
{
#ifdef TP_FREE_THREADED
    return !thread->ended;
#else
    (void)thread;
    return false;
#endif
}
