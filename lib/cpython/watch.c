#include "watch.h"

#include <stdlib.h>

#include "filter.h"

typedef struct watched {
    tp_watch_post *post;
    const void *code;
} watched;

void tp_watch_leave(tp_watch_post *post)
{
    if (--post->references == 0)
        PyMem_RawFree(post);
}

/* Called by CPython as the code object is freed, with NULL if we never marked it. */
static void code_is_freed(void *extra)
{
    watched *mark = extra;
    if (mark == NULL)
        return;
    if (mark->post->engine != NULL) {
        for (tp_recording *r = mark->post->engine->recordings; r != NULL; r = r->next)
            tp_session_forget(r->session, mark->code);
        tp_filters_forget(mark->post->engine, mark->code);
    }
    tp_watch_leave(mark->post);
    PyMem_RawFree(mark);
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
    *engine->post = (tp_watch_post){ .engine = engine, .references = 1 };
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

bool tp_watch_code(tp_engine *engine, PyCodeObject *code)
{
    void *extra = NULL;
    if (PyUnstable_Code_GetExtra((PyObject *)code, engine->extra_index, &extra) != 0) {
        PyErr_Clear();
        return false;
    }
    if (extra != NULL)
        return true;
    watched *mark = PyMem_RawMalloc(sizeof *mark);
    if (mark == NULL)
        return false;
    *mark = (watched){ .post = engine->post, .code = code };
    if (PyUnstable_Code_SetExtra((PyObject *)code, engine->extra_index, mark) != 0) {
        PyErr_Clear();
        PyMem_RawFree(mark);
        return false;
    }
    engine->post->references++;
    return true;
}
