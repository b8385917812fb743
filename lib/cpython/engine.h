/* The adapter's inside.
 *
 * engine ---< recording --- session ---< track      one engine an interpreter
 *    |            |                        |
 *    |            +---<  attachment  >-----+        what a recording records on one thread
 *    |                       |
 *    +---< thread >----------+                      hooks walk a thread's attachments
 */
#ifndef TP_ENGINE_H
#define TP_ENGINE_H

#include "compat.h"

#include <stdatomic.h>
#include <stdbool.h>

#include <traceprof/cpython.h>

#include "compiler.h"
#include "lock.h"
#include "suspension.h"
#include "timer.h"

typedef struct tp_thread tp_thread;
typedef struct tp_filter tp_filter; /* filter.h */

/* What contexts know of a recording: contexts.c. */
typedef struct tp_ticket tp_ticket;

/* What recording costs with one kind of clock, with builtins recorded or without: calibration.c. */
typedef struct tp_calibration {
    bool found;
    const char *reason; /* why there is none; static storage */
    tp_costs costs;     /* ticks */
    char *text;         /* Owned; the constants in nanoseconds, for people */
} tp_calibration;

#define TP_CALIBRATED_CLOCKS (TP_CLOCK_THREAD_CPU + 1)

/* One recording on one thread, while it runs. That of a context is in the thread's list only while the
 * thread is in such a context. */
typedef struct tp_attachment {
    struct tp_attachment *next_on_thread; /* of those that are active there */
    struct tp_attachment *next_of_thread; /* of all */
    struct tp_attachment *next_of_recording;
    tp_recording *recording;
    tp_thread *thread;
    tp_track *track; /* Borrowed from the recording's session. */
    bool linked;     /* in the thread's list */
    uint32_t look;   /* the thread's number of looks at its context when it was found there last */
} tp_attachment;

/* A thread that hooks have met. */
struct tp_thread {
    TP_SHARED(tp_track *) fast; /* the only attachment's, if its clock is the counter; else NULL */
    TP_SHARED(tp_track *) fast_builtin; /* the same, if it wants builtins */
#ifdef TP_FREE_THREADED
    atomic_bool inside;       /* the hot path is at work on what it found in these two */
    atomic_bool idle;         /* its events are of no interest */
    bool ended;               /* its state was cleared */
#endif
    tp_thread *next;          /* in the engine's list */
    tp_attachment *first;     /* active here, the one started last first */
    tp_attachment *all;       /* those that are not in the list, too */
    bool in_context;          /* some of those that are active are a context's */
    bool guarded;             /* a context's has open calls while the thread is, or was, in another context
                                 above them: ends must look at the context, too, until these have ended */
    uint32_t look;            /* numbers the looks at the context */
    bool traced;              /* greenlet tells of switches on it */
    bool telling;             /* its tracer before ours is being called */
    uint64_t strand;          /* the greenlet that it switched to last, 0 if unknown */
    PyObject *tracer_before;  /* Owned; whom it told before, or NULL */
    uint32_t greenlet_attempts; /* >0: greenlet is being imported */
    unsigned long ident;      /* as threading.get_ident() */
    uint64_t state_id;        /* PyThreadState_GetID: never used twice, unlike addresses */
    PyThreadState *state;     /* Borrowed; may be gone, compare state_id before use */
    uint32_t name_attempts;   /* >0: threading does not know the thread yet */
#ifdef TP_FREE_THREADED
    char apart[64];           /* another's `inside` is in another cache line */
#endif
};

struct tp_engine {
    uint64_t id;              /* of its own in the process; never 0. A new one when what threads keep
                                 of the engine (tp_here) may have become wrong. */
    bool released;            /* freed with its last recording */
    tp_clock *elder;          /* Owned; recordings' clocks are fitted from its creation on */
    tp_recording *recordings; /* all that exist; Borrowed. Many of them may be sums that never run */
    tp_recording *active;     /* those that run; Borrowed. */
    tp_thread *threads;       /* Owned. */
    tp_attachment *retired;   /* Owned; ended while a hook may have been walking over them */
#ifdef TP_FREE_THREADED
    size_t pins;              /* of `busy`, those of tp_engine_pin */
    bool lock_free;           /* threads may be paused, and so have a hot path */
    unsigned long controller; /* ident of the thread in tp_control_begin, or 0 */
    size_t controls;          /* how often it is */
#else
    tp_thread nobody;         /* stands for threads on which nothing is recorded */
#endif
    size_t running;           /* recordings */
    size_t running_everywhere; /* of these, those of all threads */
    size_t running_in_contexts; /* and those of contexts */
    PyObject *context_var;      /* Owned. */
    PyTypeObject *members_type; /* Owned; of the variable's values */
    PyObject *carrier;          /* Owned, interned; a function's name: tp_contexts_is_carrier */
    tp_suspensions suspensions; /* coroutines between their calls, in the sight of any recording */
    size_t running_filtered;   /* of these, those that leave code out */
    tp_filter *filters;       /* Owned. */
    bool switched_off;        /* events of some code, since the last restart */
    uint32_t patience;        /* events on the long way until any is */
    size_t busy;              /* sum of the recordings' and of `waiting`: nothing is freed while it is not 0 */
    size_t waiting;           /* threads that wait for a recording not to be busy */
    bool has_condemned;       /* recordings were destroyed meanwhile */
    tp_watch_post *post;      /* Owned together with watched code objects. */
    Py_ssize_t extra_index;   /* in co_extra */
    struct tp_hooks *hooks;   /* Owned; what the version's hook needs */
    struct tp_greenlets *greenlets; /* Owned. */
    tp_calibration calibrations[TP_CALIBRATED_CLOCKS][2]; /* by clock, and whether builtins are recorded */
    TP_SHARED(unsigned long) calibrating; /* ident of the thread that calibrates, or 0 */
    size_t nearest_offset;    /* call_kind.h */
    PyObject *hidden_file;    /* Owned or NULL; code of this file name, the object, is not recorded */
};

struct tp_recording {
    tp_engine *engine;  /* Borrowed. */
    tp_recording *next; /* in the engine's list */
    tp_recording *next_active; /* in that of those that run; as it was then if it has stopped since */
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
    uint64_t starts;      /* how often it was started */
    bool long_way;        /* the builtin that begins is not told apart at a glance */
    bool evicted;         /* the hook was taken since the last start */
    uint64_t hook_lost;   /* recordings from start to stop of which that is true */
    PyObject *company;    /* Owned list or NULL; who else watched the program: company.c */
    bool builtins;
    tp_scope scope;
    tp_ticket *ticket;    /* Owned; while a context's runs */
    const void *group;    /* never read through; NULL: none */
    uint32_t idle_events; /* for which hooks stay, as others like it are to follow; or 0 */
    tp_filter *filter;    /* Borrowed from the engine; NULL: all code is recorded */
    unsigned long started_by;   /* ident of the thread */
    tp_attachment *attachments; /* Owned; while running */
};

/* The calling thread's entry, found without a call. The engine's id makes it safe to keep a stale one:
 * nothing is read through the pointer unless the id is that of the hook's living engine. */
typedef struct tp_here_entry {
    uint64_t engine_id;
    tp_thread *thread;
    const void *interpreter; /* for hooks that cannot tell the engine */
    /* While contexts are recorded: the thread state's count of context switches, and what it was at the
     * last event; TP_NO_VERSION has the context looked up anew. */
    const uint64_t *context_count;
    uint64_t context_version;
    uint64_t cleared_state_id; /* a state that is being taken down: it must not be kept */
#ifdef TP_FREE_THREADED
    size_t pins; /* its own tp_engine_pin */
#endif
} tp_here_entry;

#define TP_NO_VERSION UINT64_MAX

#if defined(__GNUC__)
extern _Thread_local tp_here_entry tp_here __attribute__((tls_model("initial-exec")));
#else
extern _Thread_local tp_here_entry tp_here;
#endif

/* The status, with an exception set unless it is TP_OK: one that is set already stays, but for TP_ENOMEM. */
tp_status tp_raise(tp_status status);

/* TP_ESTATE with an exception where the recording is busy, and that not only for a moment on another thread.
 * `what`: what cannot be done then. */
TP_NODISCARD tp_status tp_recording_refuse_in_timer(tp_recording *recording, const char *what);

/* Around what may run Python code, or collect garbage, from within a hook. A busy recording can be
 * neither stopped nor cleared; what is destroyed meanwhile is freed when nothing is busy any more. */
void tp_recording_begin_busy(tp_recording *recording);
void tp_recording_end_busy(tp_recording *recording);

/* fork.c: which recordings the calling thread keeps busy, for a fork to know. */
void tp_busy_note(tp_recording *recording);
void tp_busy_forget(const tp_recording *recording);

/* Whether the calling thread holds any. */
bool tp_busy_here(void);

#ifdef TP_FREE_THREADED

/* Around what may let go of the lock and holds pointers meanwhile: nothing of the engine's is freed. The
 * engine itself may be behind the last unpin. */
void tp_engine_pin(tp_engine *engine);
void tp_engine_unpin(tp_engine *engine);

/* Around what changes or reads the recording's tracks, or the threads they are hot on: other threads' hooks
 * wait for the lock. What lies between must not let go of it. pause.c. */
void tp_threads_pause(const tp_recording *recording);
void tp_threads_resume(const tp_recording *recording);

/* Around calls that set up or take down events: those stop the world, and let go of the lock while they are
 * half done. One thread at a time; it may come in again, as the Python code of an audit hook may. */
void tp_control_begin(tp_engine *engine);
void tp_control_end(tp_engine *engine);

/* Stands for threads on which nothing is recorded, of all engines. */
extern tp_thread tp_nobody;
static inline tp_thread *tp_nobody_of(tp_engine *engine)
{
    (void)engine;
    return &tp_nobody;
}

#else

static inline void tp_engine_pin(tp_engine *engine)
{
    (void)engine;
}

static inline void tp_engine_unpin(tp_engine *engine)
{
    (void)engine;
}

static inline void tp_threads_pause(const tp_recording *recording)
{
    (void)recording;
}

static inline void tp_threads_resume(const tp_recording *recording)
{
    (void)recording;
}

static inline void tp_control_begin(tp_engine *engine)
{
    (void)engine;
}

static inline void tp_control_end(tp_engine *engine)
{
    (void)engine;
}

static inline tp_thread *tp_nobody_of(tp_engine *engine)
{
    return &engine->nobody;
}

#endif

/* What the hot path may take for granted of a thread, after its attachments or its chores have changed. */
void tp_thread_refresh(tp_thread *thread);

/* How many recordings are told of an event on the thread, besides one. */
static inline uint32_t tp_thread_company(const tp_thread *thread)
{
    uint32_t others = 0;
    for (const tp_attachment *a = thread->first->next_on_thread; a != NULL; a = a->next_on_thread)
        others++;
    return others;
}

/* Sets tp_here. */
void tp_thread_set_here(tp_engine *engine, tp_thread *thread);

/* The calling thread's entry, when tp_here is not this engine's: looked up or, where all threads are
 * recorded, made and attached; and put into tp_here. Never NULL. Keeps exceptions as they are. */
tp_thread *tp_thread_arrive(tp_engine *engine);

/* The calling thread's entry, or NULL. */
tp_thread *tp_thread_find(tp_engine *engine);

/* Attaches a recording to the calling thread. TP_ENOMEM without a Python exception. */
TP_NODISCARD tp_status tp_thread_attach(tp_recording *recording);

/* For contexts.c. An entry of the calling thread's own: `thread` unless that stands for nobody. */
tp_thread *tp_thread_own(tp_engine *engine, tp_thread *thread);

/* A look at the context begins; a recording is found in it, whose attachment is made on first use; the
 * look ends: those that were not found go off the thread's list. */
void tp_thread_begin_look(tp_thread *thread);
void tp_thread_link_context(tp_recording *recording, tp_thread *thread);
void tp_thread_end_look(tp_thread *thread);

/* Ends all of a recording's attachments: no event reaches it any more. A hook that walks a thread's
 * list just now goes on behind it. */
void tp_thread_detach_all(tp_recording *recording);

/* Ends an attachment that is no longer in its recording's list. */
void tp_attachment_retire(tp_attachment *attachment);

/* Makes all threads look their entries up anew. */
void tp_engine_renew(tp_engine *engine);

/* Whether a hook that is under way may still lead to a track of the recording, which has stopped. */
bool tp_threads_may_use(const tp_recording *recording);

/* Frees what was ended while hooks were busy; only when none is. */
void tp_threads_sweep(tp_engine *engine);
void tp_threads_free(tp_engine *engine);

/* What a thread has still to find out, at each event until it has: its name, which threading knows a few
 * calls after its start; greenlet's tracer, which is there a few calls after the import began. */
static inline bool tp_thread_has_chores(const tp_thread *thread)
{
    return thread->name_attempts > 0 || thread->greenlet_attempts > 0;
}
void tp_thread_do_chores(tp_engine *engine, tp_thread *thread);

/* The program begins to import greenlet, on this thread. */
void tp_thread_expect_greenlets(tp_engine *engine);

/* Whether code has no row, in whatever recording. Events are also fired for what only stands for code. */
TP_ALWAYS_INLINE bool tp_is_hidden(const tp_engine *engine, PyObject *code)
{
    return TP_UNLIKELY(engine->hidden_file != NULL) && Py_TYPE(code) == &PyCode_Type &&
           TP_UNLIKELY(((PyCodeObject *)code)->co_filename == engine->hidden_file);
}

/* hooks_monitoring.c or hooks_setprofile.c: one of them is compiled to something. */
TP_NODISCARD tp_status tp_hooks_create(tp_engine *engine);
void tp_hooks_destroy(tp_engine *engine);

/* After the engine got another id, or the first recording of a context, or the last one went. */
void tp_hooks_note(tp_engine *engine);

/* The recording is about to become active on its thread (it is not in the list yet). */
TP_NODISCARD tp_status tp_hooks_install(tp_engine *engine, tp_recording *recording);

/* Whether another tool has taken the hook, or a part of it, from a recording that is attached. Keeps
 * exceptions as they are and sets none, as the next. */
bool tp_hooks_were_taken(tp_engine *engine, const tp_recording *recording);

/* The recording no longer is. *evicted is set when another tool is seen to have taken the hook. */
void tp_hooks_remove(tp_engine *engine, tp_recording *recording, bool *evicted);

/* An event while nothing is recorded: hooks that stay on for a recording that may follow go at last. What is
 * called may be retired behind it, but is still there. Keeps exceptions as they are. */
void tp_hooks_idle(tp_engine *engine);

/* Somebody else has set events so many times. */
void tp_hooks_count_changes(tp_engine *engine, uint32_t count);

/* Who holds a tool id: a new reference, None for nobody, NULL without an exception where there are no ids, else
 * with one. */
PyObject *tp_hooks_holder(const tp_engine *engine, int id);

/* The engine's tool id; -1 while it has none, and where there are none. */
int tp_hooks_tool(const tp_engine *engine);

/* Tool ids of sys.monitoring. */
#define TP_TOOL_COUNT 6

/* "sys.monitoring" or "setprofile". */
const char *tp_hooks_name(void);

#endif
