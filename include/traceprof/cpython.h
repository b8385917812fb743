/* Recording a CPython interpreter, 3.11 or later: sys.monitoring from 3.12 on, the profile hook before.
 *
 * All functions here need the GIL (an attached thread state) of the engine's interpreter. On free-threaded
 * builds any number of threads may call them at once, as long as none destroys what another uses.
 * Functions that fail set a Python exception, whatever status they give. The header can be included
 * without <Python.h>; an object is passed as `struct _object *`, which is PyObject *.
 */
#ifndef TRACEPROF_CPYTHON_H
#define TRACEPROF_CPYTHON_H

#include <traceprof/session.h>

#ifdef __cplusplus
extern "C" {
#endif

struct _object;

/* What is shared by all recordings of one interpreter: hooks, and the watch over freed code. */
typedef struct tp_engine tp_engine;

/* One recording of Python code: a clock, a session, and whether it is running. */
typedef struct tp_recording tp_recording;

/* What a recording sees. */
typedef enum tp_scope {
    TP_SCOPE_THREAD = 0,  /* the thread that starts it */
    TP_SCOPE_PROCESS = 1, /* all of the interpreter's threads, those started later too; each on a track of
                             its own, with threading's name for it */
    TP_SCOPE_CONTEXT = 2  /* the contextvars.Context that it is started in and copies made of that since,
                             on whatever thread: tasks, asyncio.to_thread, tp_sessions_enter */
} tp_scope;

typedef struct tp_recording_options {
    size_t size;             /* sizeof (tp_recording_options) of the caller's header */
    tp_clock_kind clock;     /* not callback; ignored when there is a timer */
    struct _object *timer;   /* callable without arguments, or NULL. A reference is kept. */
    double timer_unit;       /* >0: the timer gives integers, each worth so many seconds;
                                0: it gives seconds, as int or float, kept to the nanosecond */
    uint64_t fake_step;      /* for TP_CLOCK_FAKE: nanoseconds a read */
    uint32_t max_contexts;   /* 0: TP_DEFAULT_MAX_CONTEXTS */
    uint32_t no_edges;
    uint32_t no_builtins;    /* not 0: only Python functions are recorded */
    tp_scope scope;
    struct _object *owner;   /* what sys.getprofile() shows on 3.11; borrowed, may be NULL */
    const tp_string *include; /* which code is recorded, by patterns (docs/filters.md); copied.
                                 None: all of it. An empty pattern is TP_EARGUMENT. */
    size_t include_count;
    const tp_string *exclude; /* which of that is not */
    size_t exclude_count;
} tp_recording_options;

#define TP_RECORDING_OPTIONS_INIT                                                              \
    { sizeof(tp_recording_options), TP_CLOCK_AUTO, NULL, 0.0, 0, 0, 0, 0, TP_SCOPE_THREAD, NULL, \
      NULL, 0, NULL, 0 }

/* One engine an interpreter; it lives until it is released and its last recording is destroyed. */
TP_API TP_NODISCARD tp_status tp_engine_create(tp_engine **engine);
TP_API void tp_engine_release(tp_engine *engine);

/* Code whose file name is this object, a str, is as if it were not there: it has no row, and what it calls is
 * called by its caller. For what stands in for functions of the program's. One at a time; NULL is not allowed. */
TP_API void tp_engine_hide(tp_engine *engine, struct _object *file);

/* CPython 3.13 and later lets events be set 16.7 million times in an interpreter's life; to set them once more
 * fails then, even if it is to switch them off. An engine sets them TP_MOST_CHANGES times at most, and refuses to
 * start where that would be one more. Somebody else has done so `count` times. */
#define TP_MOST_CHANGES 16000000u
TP_API void tp_engine_count_changes(tp_engine *engine, uint32_t count);

/* To be called in a forked child, before Python code of the program goes on there (os.register_at_fork).
 * Recordings go on in the child as copies of the parent's, on the one thread that there is; calls that
 * were open on others end now. Sets no exception. */
TP_API void tp_engine_after_fork(tp_engine *engine);

TP_API TP_NODISCARD tp_status tp_recording_create(tp_recording **recording, tp_engine *engine,
                                                  const tp_recording_options *options);

/* Stops it if it runs. Deferred while the recording's own timer is being called. */
TP_API void tp_recording_destroy(tp_recording *recording);

/* Starts recording, adding to what was recorded before. ValueError when it runs
 * already, or when no tool id (3.12+) or profile hook (3.11) is free: the message says who holds
 * them. Takes nothing from other tools. */
TP_API TP_NODISCARD tp_status tp_recording_start(tp_recording *recording);

/* Stops recording, from any thread; calls still open end now. (With TP_CLOCK_THREAD_CPU stop on the
 * recorded thread: that clock is each thread's own.) Nothing happens when it does not run.
 * RuntimeError from within the recording's timer, TP_ENOMEM with MemoryError when calls were lost
 * (it is stopped all the same). While another thread is within the timer this one waits, without the
 * GIL, up to two seconds; so do start, clear and profile. */
TP_API TP_NODISCARD tp_status tp_recording_stop(tp_recording *recording);

/* Drops what was recorded; a running recording goes on. */
TP_API TP_NODISCARD tp_status tp_recording_clear(tp_recording *recording);

TP_API int tp_recording_is_running(const tp_recording *recording);

/* What was recorded so far, with the properties "python", "hook", "hook_lost" and, where there is
 * anything to say, "shared_with" added (docs/format.md). */
TP_API TP_NODISCARD tp_status tp_recording_profile(tp_recording *recording, tp_profile **profile);

/* How many results of the timer could not be used, how many went backwards (both held at the last
 * good one), and whether another tool took the hook away while it ran. */
TP_API uint64_t tp_recording_timer_failures(const tp_recording *recording);
TP_API uint64_t tp_recording_timer_backwards(const tp_recording *recording);
TP_API int tp_recording_was_evicted(const tp_recording *recording);

/* Edges and builtins from the next start on. */
TP_API TP_NODISCARD tp_status tp_recording_set_options(tp_recording *recording, uint32_t no_edges,
                                                       uint32_t no_builtins);

/* The timer, borrowed, or NULL: for the owner's garbage collection. */
TP_API struct _object *tp_recording_timer(const tp_recording *recording);

/* The code object of a recorded Python function while it is alive (a new reference), else NULL
 * without an exception. */
TP_API struct _object *tp_recording_code(const tp_recording *recording,
                                         const tp_function *function);

/* Recordings of contexts, carried by hand to where Python does not copy the context. sessions_here gives
 * those of the present one, a new reference, or NULL without an exception if there are none. They can be
 * entered in any context of the interpreter, any number of times: enter adds them to those that are there,
 * and gives a token (new reference) for exit, to be called in the same context. */
TP_API struct _object *tp_sessions_here(tp_engine *engine);
TP_API struct _object *tp_sessions_enter(tp_engine *engine, struct _object *sessions);
TP_API int tp_sessions_exit(tp_engine *engine, struct _object *token);

/* A running recording of a context and the present context. exit: it records in this one no longer, but in
 * copies made of it before; enter: it does again. So a coroutine can be recorded without those that await it,
 * whose frames go on before its own do, in the same context: exit as it is suspended, enter as it goes on. What
 * was entered and what is not running stays as it is. exit keeps exceptions as they are. */
TP_API TP_NODISCARD tp_status tp_recording_enter(tp_recording *recording);
TP_API void tp_recording_exit(tp_recording *recording);

/* Whether the recording is one of many short ones: where events have to be switched on for it (3.12+), that is
 * then done under an id other than the profiler's, and as it stops as the last one, they stay on for so many of
 * them (0: it is not), or until the next recording starts. That costs less than to switch them off and on, and is
 * all that it costs: a program without events has nothing to pay, and one with events is rid of them soon. As many
 * as cost what switching does, which goes through all code that runs, are never twice as dear as the best choice:
 * some hundreds for a function's call, thousands for a web request. */
TP_API void tp_recording_set_recurrent(tp_recording *recording, uint32_t idle_events);

/* Recordings with a purpose in common, which is known by an address that is never read through (NULL: none); and
 * whether one of them records in the present context. */
TP_API void tp_recording_set_group(tp_recording *recording, const void *group);
TP_API int tp_group_is_here(tp_engine *engine, const void *group);

TP_API size_t tp_recording_memory(const tp_recording *recording);

#ifdef __cplusplus
}
#endif
#endif
