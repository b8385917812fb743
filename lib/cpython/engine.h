/* The adapter's inside.
 *
 * engine ---< recording --- session, track          one engine an interpreter
 *    |            |
 *    +---< thread +  the recordings now active on that thread, in a list that hooks walk
 */
#ifndef TP_ENGINE_H
#define TP_ENGINE_H

#include "compat.h"

#include <stdbool.h>

#include <traceprof/cpython.h>

#include "compiler.h"
#include "timer.h"

typedef struct tp_thread tp_thread;

/* What reaches the engine from a watched code object, however long that outlives it. */
typedef struct tp_watch_post {
    tp_engine *engine; /* NULL once the engine is gone */
    size_t references; /* the engine's, one each watched code object's and each pending call's */
} tp_watch_post;

struct tp_engine {
    uint64_t id;              /* of its own in the process; never 0 */
    bool released;            /* freed with its last recording */
    tp_clock *elder;          /* Owned; recordings' clocks are fitted from its creation on */
    tp_recording *recordings; /* all that exist; Borrowed. */
    tp_thread *threads;       /* Owned. */
    size_t running;           /* recordings */
    size_t busy;              /* sum of the recordings': nothing is freed while it is not 0 */
    bool has_condemned;       /* recordings were destroyed meanwhile */
    tp_watch_post *post;      /* Owned together with watched code objects. */
    Py_ssize_t extra_index;   /* in co_extra */
    struct tp_hooks *hooks;   /* Owned; what the version's hook needs */
};

struct tp_recording {
    tp_engine *engine;  /* Borrowed. */
    tp_recording *next; /* in the engine's list */
    tp_clock *clock;    /* Owned. */
    tp_timer *timer;    /* Owned; NULL unless the clock is the caller's */
    tp_session *session; /* Owned. */
    PyObject *owner;     /* Borrowed. */
    PyObject *label_file; /* Owned; hold a label's bytes until it has been copied */
    PyObject *label_name;
    PyObject *held;       /* Owned list or NULL; whose freeing would let a recorded address come back */
    size_t busy;          /* >0 while its timer is called or a label is made, on whatever thread */
    bool condemned;       /* destroyed while the engine was busy; freed later */
    bool running;
    bool evicted;
    bool builtins;
    /* While running: */
    tp_thread *thread;          /* where */
    tp_track *track;            /* Borrowed from the session. */
    tp_recording *next_on_thread;
};

/* A thread on which a recording was ever started. */
struct tp_thread {
    tp_thread *next;       /* in the engine's list */
    tp_recording *first;   /* active here, the one started last first */
    unsigned long ident;   /* as threading.get_ident() */
    uint64_t state_id;     /* PyThreadState_GetID: never used twice, unlike addresses */
    PyThreadState *state;  /* Borrowed; may be gone, compare state_id before use */
};

/* The calling thread's entry, found without a call. The engine's id makes it safe to keep a stale one:
 * nothing is read through the pointer unless the id is that of the hook's living engine. */
typedef struct tp_here_entry {
    uint64_t engine_id;
    tp_thread *thread;
} tp_here_entry;

#if defined(__GNUC__)
extern _Thread_local tp_here_entry tp_here __attribute__((tls_model("initial-exec")));
#else
extern _Thread_local tp_here_entry tp_here;
#endif

/* Around what may run Python code, or collect garbage, from within a hook. A busy recording can be
 * neither stopped nor cleared; what is destroyed meanwhile is freed when nothing is busy any more. */
void tp_recording_begin_busy(tp_recording *recording);
void tp_recording_end_busy(tp_recording *recording);

/* The calling thread's entry, when tp_here is another engine's: looked up, and put there. NULL if no
 * recording of this engine was ever started on this thread. */
tp_thread *tp_engine_thread_here(tp_engine *engine);

/* hooks_monitoring.c or hooks_setprofile.c: one of them is compiled to something. */
TP_NODISCARD tp_status tp_hooks_create(tp_engine *engine);
void tp_hooks_destroy(tp_engine *engine);

/* After the threads' lists have changed: what the hot path may take for granted is worked out anew. */
void tp_hooks_note(tp_engine *engine);

/* The recording is about to become active on its thread (it is not in the list yet). */
TP_NODISCARD tp_status tp_hooks_install(tp_engine *engine, tp_recording *recording);

/* It no longer is. *evicted is set when another tool had taken the hook. Keeps exceptions as they
 * are and sets none. */
void tp_hooks_remove(tp_engine *engine, tp_recording *recording, bool *evicted);

/* "sys.monitoring" or "setprofile". */
const char *tp_hooks_name(void);

#endif
