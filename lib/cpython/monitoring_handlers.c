/* The handlers. Each does the common case by itself and without a call, so that it needs no stack: one
 * recording on this thread, on the counter, and a path already seen. The rest is a tail call away.
 *
 * What begins or goes on has a twin for when a context is recorded: what is recorded on the thread then
 * changes with its context, which is one comparison more. */
#include "compat.h"

#ifdef TP_HAVE_MONITORING

#include "barrier.h"
#include "contexts.h"
#include "coroutines.h"
#include "filter.h"
#include "identity.h"
#include "monitoring_handlers.h"
#include "track.h"

typedef PyObject *const *arguments;

/* Whether what the thread keeps is this engine's, and up to date. */
TP_ALWAYS_INLINE bool is_here(const tp_hook *hook, bool in_contexts)
{
    return TP_LIKELY(tp_here.engine_id == TP_LOAD(hook->engine_id)) &&
           (!in_contexts || TP_LIKELY(tp_contexts_is_same()));
}

/* The track that the hot path may use on this thread, or NULL; after it the hot path says that it is done.
 * Without a GIL it tells so that others can wait for that (pause.c), and take the track away before. */
#ifdef TP_FREE_THREADED
TP_ALWAYS_INLINE tp_track *begin_hot(tp_thread *thread, TP_SHARED(tp_track *) *track)
{
    if (TP_UNLIKELY(atomic_load_explicit(track, memory_order_relaxed) == NULL))
        return NULL;
    atomic_store_explicit(&thread->inside, true, memory_order_relaxed);
    tp_barrier_light();
    tp_track *found = atomic_load_explicit(track, memory_order_acquire);
    if (TP_UNLIKELY(found == NULL))
        atomic_store_explicit(&thread->inside, false, memory_order_relaxed);
    return found;
}

TP_ALWAYS_INLINE void end_hot(tp_thread *thread)
{
    atomic_store_explicit(&thread->inside, false, memory_order_release);
}

/* A path that is known and none of the likeliest: deep recursion is. It needs no lock. */
TP_ALWAYS_INLINE bool find_hot(tp_track *track, const void *key)
{
    return tp_track_enter_known(track, key);
}
#else
TP_ALWAYS_INLINE tp_track *begin_hot(tp_thread *thread, tp_track **track)
{
    (void)thread;
    return *track;
}

TP_ALWAYS_INLINE void end_hot(tp_thread *thread)
{
    (void)thread;
}

TP_ALWAYS_INLINE bool find_hot(tp_track *track, const void *key)
{
    (void)track;
    (void)key;
    return false;
}
#endif

/* The long way: what it is for one event. `hook->engine` is read once: it may go while the lock is let go
 * of. */
typedef PyObject *(*long_body)(const tp_hook *, arguments);

#ifdef TP_FREE_THREADED
/* Whether nothing is to be done: such threads do not wait for those that are recorded. */
static bool is_idle(const tp_hook *hook)
{
    return tp_here.engine_id == TP_LOAD(hook->engine_id) && TP_LOAD(tp_here.thread->idle) &&
           !TP_LOAD(hook->filtered) && (!TP_LOAD(hook->in_contexts) || tp_contexts_is_same());
}

/* The interpreter holds no reference to the hook that it calls; up to the first point at which this thread
 * may stop, it need not. */
static PyObject *under_lock(const tp_hook *hook, arguments args, long_body body)
{
    PyObject *self = Py_NewRef((PyObject *)(uintptr_t)hook);
    tp_lock lock;
    tp_lock_begin(&lock, hook->post);
    tp_engine *engine = hook->engine;
    PyObject *result = Py_None;
    if (engine != NULL) {
        tp_engine_pin(engine);
        result = body(hook, args);
        tp_engine_unpin(engine);
    }
    tp_lock_end(&lock);
    Py_DECREF(self);
    return result;
}
#else
static bool is_idle(const tp_hook *hook)
{
    (void)hook;
    return false;
}

TP_ALWAYS_INLINE PyObject *under_lock(const tp_hook *hook, arguments args, long_body body)
{
    return body(hook, args);
}
#endif

/* The thread's entry, with nothing attached where there is nothing to record. NULL: the hook is
 * retired. */
static const tp_thread *find_thread(const tp_hook *hook)
{
    tp_engine *engine = hook->engine;
    if (engine == NULL)
        return NULL;
    if (TP_UNLIKELY(engine->running == 0)) {
        tp_hooks_idle(engine);
        return NULL;
    }
    tp_thread *thread = tp_thread_arrive(engine);
    if (engine->running_in_contexts > 0)
        thread = tp_contexts_follow(engine, thread);
    if (TP_UNLIKELY(tp_thread_has_chores(thread)))
        tp_thread_do_chores(engine, thread);
    return thread;
}

/* enter_slow, ...: out of line. Nothing that is idle gets beyond this, but what ends a suspension. */
#define DEFINE_SLOW(name, may_be_idle)                                           \
    TP_NOINLINE static PyObject *name##_slow(const tp_hook *hook, arguments args) \
    {                                                                            \
        if ((may_be_idle) && is_idle(hook))                                      \
            Py_RETURN_NONE;                                                      \
        return under_lock(hook, args, name##_long);                              \
    }

/* What a callback gives back: code that no recording wants need not call again from here. */
static PyObject *answer_long(const tp_hook *hook, arguments args)
{
    if (hook->engine != NULL && hook->disable != NULL &&
        tp_filters_switch_off(hook->engine, args[0]))
        return Py_NewRef(hook->disable);
    Py_RETURN_NONE;
}

DEFINE_SLOW(answer, true)

/* `engine` is NULL in a hook that is retired. */
static bool is_hidden(const tp_hook *hook, arguments args)
{
    const tp_engine *engine = hook->engine;
    return engine != NULL && tp_is_hidden(engine, args[0]);
}

/* What code that has no row costs its caller, in calls of a type: its beginning and end, each the long way. */
#define HIDDEN_WEIGHT 6

TP_NOINLINE static PyObject *enter_hidden(const tp_hook *hook)
{
    const tp_thread *thread = find_thread(hook);
    for (tp_attachment *a = thread != NULL ? thread->first : NULL; a != NULL; a = a->next_on_thread)
        tp_track_unseen(a->track, HIDDEN_WEIGHT);
    Py_RETURN_NONE;
}

/* A call that has begun costs more if several are told of it. */
static inline void note_company(const tp_thread *thread, const tp_attachment *a)
{
    if (TP_UNLIKELY(thread->first->next_on_thread != NULL))
        tp_track_count_company(a->track, tp_thread_company(thread));
}

TP_ALWAYS_INLINE PyObject *enter_long(const tp_hook *hook, arguments args)
{
    if (is_hidden(hook, args))
        return enter_hidden(hook);
    const tp_thread *thread = find_thread(hook);
    for (tp_attachment *a = thread != NULL ? thread->first : NULL; a != NULL; a = a->next_on_thread) {
        if (tp_filter_leaves_out(a->recording, args[0]))
            continue;
        tp_track_enter(a->track, args[0], NULL);
        note_company(thread, a);
    }
    return answer_long(hook, args);
}

DEFINE_SLOW(enter, true)

TP_ALWAYS_INLINE PyObject *leave_long(const tp_hook *hook, arguments args)
{
    if (is_hidden(hook, args))
        Py_RETURN_NONE;
    const tp_thread *thread = find_thread(hook);
    for (tp_attachment *a = thread != NULL ? thread->first : NULL; a != NULL; a = a->next_on_thread)
        if (!tp_filter_leaves_out(a->recording, args[0]))
            tp_track_leave(a->track, args[0], NULL);
    return answer_long(hook, args);
}

DEFINE_SLOW(leave, true)

TP_ALWAYS_INLINE PyObject *enter(const tp_hook *hook, arguments args, bool in_contexts)
{
#ifdef TP_HAVE_COUNTER
    if (is_here(hook, in_contexts)) {
        tp_thread *thread = tp_here.thread;
        tp_track *track = begin_hot(thread, &thread->fast);
        if (TP_LIKELY(track != NULL)) {
            if (TP_LIKELY(tp_track_try_push(track, args[0]))) {
                track->top->start = tp_counter_read();
                end_hot(thread);
                Py_RETURN_NONE;
            }
            if (find_hot(track, args[0])) {
                end_hot(thread);
                Py_RETURN_NONE;
            }
            end_hot(thread);
        }
    }
#endif
    return enter_slow(hook, args);
}

/* No look at the context here: what has begun in one ends in it, and what was switched without an event
 * since leaves nothing on the stack that could be taken for this (tp_thread.guarded). */
TP_ALWAYS_INLINE PyObject *leave(const tp_hook *hook, arguments args)
{
#ifdef TP_HAVE_COUNTER
    if (is_here(hook, false)) {
        tp_thread *thread = tp_here.thread;
        tp_track *track = begin_hot(thread, &thread->fast);
        if (TP_LIKELY(track != NULL)) {
            uint64_t now = tp_counter_read();
            bool done = tp_track_try_leave(track, args[0], now);
            end_hot(thread);
            if (TP_LIKELY(done))
                Py_RETURN_NONE;
        }
    }
#endif
    return leave_slow(hook, args);
}

/* A function returns. */
TP_ALWAYS_INLINE PyObject *finish(const tp_hook *hook, arguments args, bool in_contexts)
{
    if (in_contexts && tp_contexts_is_carrier(args[0], hook->carrier))
        tp_contexts_look_again();
    return leave(hook, args);
}

/* Coroutines and async generators only: their instance is told apart, which takes longer. */

static bool is_of_interest(const tp_engine *engine, const tp_thread *thread)
{
    return thread != NULL && (thread->first != NULL || engine->suspensions.first.count > 0);
}

TP_ALWAYS_INLINE PyObject *resume_long(const tp_hook *hook, arguments args)
{
    if (is_hidden(hook, args))
        return enter_hidden(hook);
    tp_engine *engine = hook->engine;
    const tp_thread *thread = find_thread(hook);
    if (!is_of_interest(engine, thread))
        return answer_long(hook, args);
    tp_suspensions *suspensions = &engine->suspensions;
    uint64_t instance = tp_instance_here();
    if (instance == 0)
        return enter_long(hook, args);
    for (tp_attachment *a = thread->first; a != NULL; a = a->next_on_thread) {
        if (tp_filter_leaves_out(a->recording, args[0]))
            continue;
        tp_resume(suspensions, a->track, args[0], instance);
        note_company(thread, a);
    }
    tp_suspensions_end(suspensions, instance);
    return answer_long(hook, args);
}

DEFINE_SLOW(resume, false)

TP_ALWAYS_INLINE PyObject *suspend_long(const tp_hook *hook, arguments args)
{
    if (is_hidden(hook, args))
        Py_RETURN_NONE;
    tp_engine *engine = hook->engine;
    const tp_thread *thread = find_thread(hook);
    if (thread == NULL || thread->first == NULL)
        return answer_long(hook, args);
    uint64_t instance =
        tp_is_await(args[0], PyLong_AsSsize_t(args[1])) ? tp_instance_here() : 0;
    if (instance == 0)
        return leave_long(hook, args);
    for (tp_attachment *a = thread->first; a != NULL; a = a->next_on_thread)
        if (!tp_filter_leaves_out(a->recording, args[0]))
            tp_suspend(&engine->suspensions, a->track, args[0], instance);
    return answer_long(hook, args);
}

DEFINE_SLOW(suspend, true)

TP_ALWAYS_INLINE PyObject *resume(const tp_hook *hook, arguments args, bool in_contexts)
{
    return tp_is_coroutine_code(args[0]) ? resume_slow(hook, args)
                                         : enter(hook, args, in_contexts);
}

TP_ALWAYS_INLINE PyObject *suspend(const tp_hook *hook, arguments args)
{
    return tp_is_coroutine_code(args[0]) ? suspend_slow(hook, args)
                                         : leave(hook, args);
}

/* throw() and close(): what has not begun is entered for the first time. */
TP_ALWAYS_INLINE PyObject *throw(const tp_hook *hook, arguments args, bool in_contexts)
{
    bool resumed = tp_is_coroutine_code(args[0]) &&
                   tp_has_begun(args[0], PyLong_AsSsize_t(args[1]));
    return resumed ? resume_slow(hook, args) : enter(hook, args, in_contexts);
}

/* From here on args are: code, offset, callable, first argument or MISSING. */

/* What a call costs that has no row, in calls of a type. Without hooks super() in a method is no call at
 * all, but part of an instruction. */
TP_ALWAYS_INLINE unsigned weight_of_unseen(PyObject *callable)
{
    return callable == (PyObject *)&PySuper_Type ? 2 : 1;
}

static PyObject *unseen_long(const tp_hook *hook, const tp_thread *thread, arguments args)
{
    for (tp_attachment *a = thread->first; a != NULL; a = a->next_on_thread) {
        if (a->recording->builtins && !tp_filter_leaves_out(a->recording, args[0]))
            tp_track_unseen(a->track, weight_of_unseen(args[2]));
    }
    return answer_long(hook, args);
}

TP_ALWAYS_INLINE PyObject *call_long(const tp_hook *hook, arguments args)
{
    const tp_thread *thread = find_thread(hook);
    if (thread == NULL || thread->first == NULL)
        return answer_long(hook, args);
    const void *key = tp_builtin_key(args[2], args[3], hook->missing);
    if (key == NULL)
        return unseen_long(hook, thread, args);
    bool long_way = tp_plain_builtin_key(args[2], args[3], hook->missing) == NULL;
    for (tp_attachment *a = thread->first; a != NULL; a = a->next_on_thread) {
        if (!a->recording->builtins || tp_filter_leaves_out(a->recording, args[0]))
            continue;
        a->recording->long_way = long_way;
        tp_track_enter(a->track, key, args[2]);
        note_company(thread, a);
    }
    return answer_long(hook, args);
}

DEFINE_SLOW(call, true)

TP_ALWAYS_INLINE PyObject *called_long(const tp_hook *hook, arguments args)
{
    const tp_thread *thread = find_thread(hook);
    const void *key = thread == NULL || thread->first == NULL
                          ? NULL
                          : tp_builtin_key(args[2], args[3], hook->missing);
    if (key == NULL)
        Py_RETURN_NONE;
    for (tp_attachment *a = thread->first; a != NULL; a = a->next_on_thread) {
        if (a->recording->builtins && !tp_filter_leaves_out(a->recording, args[0]))
            tp_track_leave(a->track, key, args[0]);
    }
    Py_RETURN_NONE;
}

DEFINE_SLOW(called, true)

/* A type has no row, but what hooks cost is taken out of its caller's time. A thread on which nothing is
 * recorded is left alone. */
TP_ALWAYS_INLINE PyObject *call_type(const tp_hook *hook, arguments args, bool in_contexts)
{
#ifdef TP_HAVE_COUNTER
    if (is_here(hook, in_contexts)) {
        tp_thread *thread = tp_here.thread;
        tp_track *track = begin_hot(thread, &thread->fast_builtin);
        if (TP_LIKELY(track != NULL)) {
            tp_track_unseen(track, weight_of_unseen(args[2]));
            end_hot(thread);
            Py_RETURN_NONE;
        }
        if (thread->first == NULL)
            Py_RETURN_NONE;
    }
#endif
    return call_slow(hook, args);
}

TP_ALWAYS_INLINE PyObject *call(const tp_hook *hook, arguments args, bool in_contexts)
{
    if (tp_is_python(args[2]))
        Py_RETURN_NONE;
    if (Py_TYPE(args[2]) == &PyType_Type)
        return call_type(hook, args, in_contexts);
#ifdef TP_HAVE_COUNTER
    if (is_here(hook, in_contexts)) {
        tp_thread *thread = tp_here.thread;
        tp_track *track = begin_hot(thread, &thread->fast_builtin);
        const void *key = tp_plain_builtin_key(args[2], args[3], hook->missing);
        if (TP_LIKELY(track != NULL)) {
            if (TP_LIKELY(key != NULL && tp_track_try_push(track, key))) {
                track->top->start = tp_counter_read();
                end_hot(thread);
                Py_RETURN_NONE;
            }
            if (key != NULL && find_hot(track, key)) {
                end_hot(thread);
                Py_RETURN_NONE;
            }
            end_hot(thread);
        }
    }
#endif
    return call_slow(hook, args);
}

TP_ALWAYS_INLINE PyObject *called(const tp_hook *hook, arguments args)
{
#ifdef TP_HAVE_COUNTER
    if (is_here(hook, false)) {
        tp_thread *thread = tp_here.thread;
        tp_track *track = begin_hot(thread, &thread->fast_builtin);
        if (TP_LIKELY(track != NULL)) {
            uint64_t now = tp_counter_read();
            const void *key = tp_plain_builtin_key(args[2], args[3], hook->missing);
            bool done = key != NULL && tp_track_try_leave(track, key, now);
            end_hot(thread);
            if (TP_LIKELY(done))
                Py_RETURN_NONE;
        }
    }
#endif
    return called_slow(hook, args);
}

/* While code is left out: a builtin goes with the code that calls it, so its key alone does not tell, and
 * calls of whatever kind are to be switched off in such code. Code that is on the stack is recorded. */

TP_ALWAYS_INLINE PyObject *call_filtered(const tp_hook *hook, arguments args, bool in_contexts)
{
    bool never = tp_is_never_builtin(args[2]);
#ifdef TP_HAVE_COUNTER
    if (is_here(hook, in_contexts)) {
        tp_thread *thread = tp_here.thread;
        tp_track *track = begin_hot(thread, &thread->fast_builtin);
        if (TP_LIKELY(track != NULL)) {
            bool recorded = track->top->key == args[0];
            const void *key = recorded && !never
                                  ? tp_plain_builtin_key(args[2], args[3], hook->missing)
                                  : NULL;
            if (TP_LIKELY(key != NULL && tp_track_try_push(track, key))) {
                track->top->start = tp_counter_read();
                end_hot(thread);
                Py_RETURN_NONE;
            }
            if (key != NULL && find_hot(track, key)) {
                end_hot(thread);
                Py_RETURN_NONE;
            }
            if (recorded && never && Py_TYPE(args[2]) == &PyType_Type)
                tp_track_unseen(track, weight_of_unseen(args[2]));
            end_hot(thread);
            if (recorded && never)
                Py_RETURN_NONE;
        }
    }
#endif
    return never ? answer_slow(hook, args) : call_slow(hook, args);
}

TP_ALWAYS_INLINE PyObject *called_filtered(const tp_hook *hook, arguments args)
{
#ifdef TP_HAVE_COUNTER
    if (is_here(hook, false)) {
        tp_thread *thread = tp_here.thread;
        tp_track *track = begin_hot(thread, &thread->fast_builtin);
        if (TP_LIKELY(track != NULL)) {
            uint64_t now = tp_counter_read();
            const void *key = tp_plain_builtin_key(args[2], args[3], hook->missing);
            const tp_frame *top = track->top;
            bool done = key != NULL && top->key == key && top[-1].key == args[0] &&
                        tp_track_try_leave(track, key, now);
            end_hot(thread);
            if (TP_LIKELY(done))
                Py_RETURN_NONE;
        }
    }
#endif
    return called_slow(hook, args);
}

/* on_enter, ...: what the interpreter calls. */
#define DEFINE_HANDLER(name, ...)                                                        \
    static PyObject *name(PyObject *self, arguments args, size_t count, PyObject *names) \
    {                                                                                    \
        const tp_hook *hook = (tp_hook *)self;                                           \
        (void)count;                                                                     \
        (void)names;                                                                     \
        return __VA_ARGS__;                                                              \
    }
/* What begins or goes on has a twin, on_enter_in_contexts, and so has what returns. */
#define DEFINE_TWINS(body)                                  \
    DEFINE_HANDLER(on_##body, body(hook, args, false))      \
    DEFINE_HANDLER(on_##body##_in_contexts, body(hook, args, true))

DEFINE_TWINS(enter)
DEFINE_TWINS(resume)
DEFINE_TWINS(throw)
DEFINE_TWINS(call)
DEFINE_TWINS(call_filtered)
DEFINE_TWINS(finish)
DEFINE_HANDLER(on_leave, leave(hook, args))
DEFINE_HANDLER(on_suspend, suspend(hook, args))
DEFINE_HANDLER(on_called, called(hook, args))
DEFINE_HANDLER(on_called_filtered, called_filtered(hook, args))

/* A handler and its twin, and those while code is left out. */
#define TWINS(body, filtered)                                                          \
    {                                                                                  \
        on_##body, on_##body##_in_contexts, on_##filtered, on_##filtered##_in_contexts \
    }
#define ENDS(body, filtered)                                       \
    {                                                              \
        on_##body, on_##body, on_##filtered, on_##filtered         \
    }
#define UNWIND TP_HAVE_LOCAL_UNWIND

const tp_event tp_events[TP_EVENT_COUNT] = {
    { "PY_START", TWINS(enter, enter), true, false },
    { "PY_RESUME", TWINS(resume, resume), true, false },
    { "PY_THROW", TWINS(throw, throw), UNWIND, false },
    { "PY_RETURN", TWINS(finish, finish), true, false },
    { "PY_YIELD", ENDS(suspend, suspend), true, false },
    { "PY_UNWIND", ENDS(leave, leave), UNWIND, false },
    { "CALL", TWINS(call, call_filtered), true, true },
    { "C_RETURN", ENDS(called, called_filtered), false, true },
    { "C_RAISE", ENDS(called, called_filtered), false, true },
};

#else
typedef int tp_no_monitoring_handlers;
#endif
