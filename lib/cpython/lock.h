/* What stands in for the GIL where there is none; nothing elsewhere. docs/architecture.md, "Without the
 * GIL", tells what it has to do.
 *
 * The engine's lock is a critical section: a thread that blocks, stops for a garbage collection or waits in
 * Python code lets go of it, as it would of the GIL, and has it back as it goes on. So code that is right
 * with the GIL is right with the lock, but that calls into the interpreter which never let go of the GIL may
 * let go of the lock: whatever was looked up before one may be gone behind it, unless it is pinned. */
#ifndef TP_LOCK_H
#define TP_LOCK_H

#include "compat.h"

#include <stdatomic.h>

#include "compiler.h"

/* What reaches the engine from a watched code object, however long that outlives it. */
typedef struct tp_watch_post {
    struct tp_engine *engine; /* NULL once the engine is gone */
    PyObject *lock;    /* Owned; what lock.h needs. NULL with a GIL */
#ifdef TP_FREE_THREADED
    unsigned forks;    /* tp_forks when the lock was made */
#endif
    atomic_size_t references; /* the engine's, one each watched code object's and each pending call's */
} tp_watch_post;

#ifdef TP_FREE_THREADED

#include "barrier.h"

/* Written under the lock, read without it. */
#define TP_SHARED(type) _Atomic(type)
#define TP_LOAD(place) atomic_load_explicit(&(place), memory_order_relaxed)
#define TP_STORE(place, value) atomic_store_explicit(&(place), value, memory_order_relaxed)

typedef struct tp_lock {
    PyCriticalSection section;
    PyObject *object; /* Owned: the engine, whose lock it is, may go meanwhile */
} tp_lock;

/* An object to lock; NULL with an exception. */
static inline PyObject *tp_lock_create(void)
{
    return PyObject_CallNoArgs((PyObject *)&PyBaseObject_Type);
}

/* In a forked child the lock may be that of a thread which is no more, even before the child's own
 * handlers run: a new one then. */
static inline void tp_lock_renew(tp_watch_post *post)
{
    PyObject *fresh = tp_lock_create();
    if (fresh == NULL) {
        PyErr_Clear();
        return;
    }
    post->forks = tp_forks;
    Py_SETREF(post->lock, fresh);
}

static inline void tp_lock_begin(tp_lock *lock, tp_watch_post *post)
{
    if (TP_UNLIKELY(post->forks != atomic_load_explicit(&tp_forks, memory_order_relaxed)))
        tp_lock_renew(post);
    lock->object = Py_NewRef(post->lock);
    PyCriticalSection_Begin(&lock->section, lock->object);
}

static inline void tp_lock_end(tp_lock *lock)
{
    PyCriticalSection_End(&lock->section);
    Py_DECREF(lock->object);
}

#else

#define TP_SHARED(type) type
#define TP_LOAD(place) (place)
#define TP_STORE(place, value) ((place) = (value))

typedef struct tp_lock {
    char nothing;
} tp_lock;

static inline void tp_lock_begin(tp_lock *lock, tp_watch_post *post)
{
    (void)lock;
    (void)post;
}

static inline void tp_lock_end(tp_lock *lock)
{
    (void)lock;
}

#endif
#endif
