#include "watch.h"

#include <stdlib.h>

#include "filter.h"
#include "recorder.h"

typedef struct watched {
    tp_watch_post *post;
    const void *code;
#ifdef TP_FREE_THREADED
    PyObject *weak; /* Owned; a strong reference must not be made to code that is going */
#endif
} watched;

void tp_watch_leave(tp_watch_post *post)
{
    if (--post->references > 0)
        return;
    PyObject *lock = post->lock;
    PyMem_RawFree(post);
    Py_XDECREF(lock);
}

static void free_mark(watched *mark)
{
#ifdef TP_FREE_THREADED
    Py_DECREF(mark->weak);
#endif
    PyMem_RawFree(mark);
}

static void forget(tp_engine *engine, const void *code)
{
    for (tp_recording *r = engine->recordings; r != NULL; r = r->next) {
        if (!tp_session_knows(r->session, code))
            continue;
        tp_threads_pause(r);
        tp_session_forget(r->session, code);
        tp_threads_resume(r);
    }
    tp_filters_forget(engine, code);
}

/* Called by CPython as the code object is freed, with NULL if we never marked it. Its address cannot come
 * back before this returns. */
static void code_is_freed(void *extra)
{
    watched *mark = extra;
    if (mark == NULL)
        return;
    tp_lock lock;
    tp_lock_begin(&lock, mark->post);
    if (mark->post->engine != NULL)
        forget(mark->post->engine, mark->code);
    tp_watch_leave(mark->post);
    tp_lock_end(&lock);
    free_mark(mark);
}

tp_status tp_watch_create(tp_engine *engine)
{
    engine->extra_index = PyUnstable_Eval_RequestCodeExtraIndex(code_is_freed);
    if (engine->extra_index < 0) {
        PyErr_SetString(PyExc_RuntimeError, "no co_extra index is left in this interpreter");
        return TP_EUNSUPPORTED;
    }
    engine->post = PyMem_RawMalloc(sizeof *engine->post);
    if (engine->post == NULL) {
        PyErr_NoMemory();
        return TP_ENOMEM;
    }
    atomic_init(&engine->post->references, 1);
    engine->post->engine = engine;
    engine->post->lock = NULL;
#ifdef TP_FREE_THREADED
    engine->post->forks = tp_forks;
    engine->post->lock = tp_lock_create();
    if (engine->post->lock == NULL)
        return TP_EPYTHON;
#endif
    return TP_OK;
}

void tp_watch_destroy(tp_engine *engine)
{
    if (engine->post == NULL)
        return;
    engine->post->engine = NULL;
    tp_watch_leave(engine->post);
    engine->post = NULL;
}

static watched *make_mark(const tp_engine *engine, PyCodeObject *code)
{
    watched *mark = PyMem_RawMalloc(sizeof *mark);
    if (mark == NULL)
        return NULL;
    *mark = (watched){ .post = engine->post, .code = code };
#ifdef TP_FREE_THREADED
    mark->weak = PyWeakref_NewRef((PyObject *)code, NULL);
    if (mark->weak == NULL) {
        PyErr_Clear();
        PyMem_RawFree(mark);
        return NULL;
    }
#endif
    return mark;
}

bool tp_watch_code(tp_engine *engine, PyCodeObject *code)
{
    void *extra = NULL;
    if (PyUnstable_Code_GetExtra((PyObject *)code, engine->extra_index, &extra) != 0) {
        PyErr_Clear();
        return false;
    }
    if (extra != NULL)
        return true;
    watched *mark = make_mark(engine, code);
    if (mark == NULL)
        return false;
    if (PyUnstable_Code_SetExtra((PyObject *)code, engine->extra_index, mark) != 0) {
        PyErr_Clear();
        free_mark(mark);
        return false;
    }
    engine->post->references++;
    return true;
}

PyObject *tp_watch_hold(const tp_engine *engine, PyObject *code)
{
#ifdef TP_FREE_THREADED
    void *extra = NULL;
    PyObject *strong = NULL;
    if (PyUnstable_Code_GetExtra(code, engine->extra_index, &extra) == 0 && extra != NULL)
        (void)PyWeakref_GetRef(((const watched *)extra)->weak, &strong);
    PyErr_Clear();
    return strong;
#else
    (void)engine;
    return Py_NewRef(code);
#endif
}
