/* Engines and recordings: what exists, what runs where. Called under the lock (lock.h), but for
 * tp_engine_create and tp_recording_timer. */
#include "engine.h"

#include <stddef.h>

#include "barrier.h"
#include "calibration.h"
#include "call_kind.h"
#include "company.h"
#include "contexts.h"
#include "filter.h"
#include "greenlets.h"
#include "identity.h"
#include "locked.h"
#include "watch.h"

/* Microseconds that a thread waits for another's timer, altogether and at a time. */
#define LONGEST_WAIT 2000000
#define WAIT_STEP 100

tp_status tp_raise(tp_status status)
{
    if (status == TP_ENOMEM)
        PyErr_NoMemory();
    else if (status != TP_OK && !PyErr_Occurred())
        PyErr_Format(PyExc_ValueError, "%s", tp_status_message(status));
    return status;
}

tp_status tp_engine_create(tp_engine **out)
{
    tp_engine *engine = PyMem_RawCalloc(1, sizeof *engine);
    if (engine == NULL)
        return tp_raise(TP_ENOMEM);
    tp_status status = tp_clock_create(&engine->elder, TP_CLOCK_AUTO);
    if (status == TP_OK)
        status = tp_watch_create(engine);
    if (status == TP_OK)
        status = tp_contexts_create(engine);
    if (status == TP_OK)
        status = tp_greenlets_create(engine);
    if (status == TP_OK)
        status = tp_hooks_create(engine);
    if (status != TP_OK) {
        tp_contexts_destroy(engine);
        tp_greenlets_destroy(engine);
        tp_watch_destroy(engine);
        tp_clock_destroy(engine->elder);
        PyMem_RawFree(engine);
        return tp_raise(status);
    }
    tp_suspensions_init(&engine->suspensions, NULL);
    engine->nearest_offset = tp_nearest_offset();
#ifdef TP_FREE_THREADED
    engine->lock_free = tp_barrier_prepare();
#endif
    tp_engine_renew(engine);
    *out = engine;
    return TP_OK;
}

static void free_engine(tp_engine *engine)
{
    engine->post->engine = NULL; /* nobody else finds it any more */
    tp_hooks_destroy(engine);
    tp_contexts_destroy(engine);
    tp_greenlets_destroy(engine);
    tp_watch_destroy(engine);
    tp_suspensions_free(&engine->suspensions);
    tp_filters_free(engine);
    tp_calibrations_free(engine);
    tp_clock_destroy(engine->elder);
    tp_threads_free(engine);
    PyObject *hidden = engine->hidden_file;
    PyMem_RawFree(engine);
    Py_XDECREF(hidden);
}

void tp_locked_engine_hide(tp_engine *engine, PyObject *file)
{
    PyObject *former = engine->hidden_file;
    engine->hidden_file = Py_NewRef(file);
    Py_XDECREF(former);
}

void tp_locked_engine_release(tp_engine *engine)
{
    if (engine == NULL)
        return;
    engine->released = true;
    if (engine->recordings == NULL && engine->busy == 0)
        free_engine(engine);
}

static tp_status create_clock(tp_recording *recording, const tp_recording_options *options)
{
    double unit = options->timer_unit;
    if (options->timer != NULL)
        return tp_timer_create(&recording->timer, &recording->clock, options->timer, unit,
                               recording);
    if (options->clock == TP_CLOCK_FAKE)
        return tp_clock_create_fake(&recording->clock, options->fake_step, 1e-9);
    if (options->clock == TP_CLOCK_AUTO)
        return tp_clock_create_younger(&recording->clock, recording->engine->elder);
    return tp_clock_create(&recording->clock, options->clock);
}

static void free_recording(tp_recording *recording)
{
    if (recording->session != NULL)
        tp_suspensions_forget(&recording->engine->suspensions, recording->session);
    tp_session_destroy(recording->session);
    tp_clock_destroy(recording->clock);
    tp_timer_destroy(recording->timer);
    tp_filter_release(recording->engine, recording->filter);
    PyObject *held = recording->held, *company = recording->company;
    PyMem_RawFree(recording);
    Py_XDECREF(held);
    Py_XDECREF(company);
}

static void begin_to_run(tp_recording *recording)
{
    recording->running = true;
    recording->starts++;
    recording->next_active = recording->engine->active;
    recording->engine->active = recording;
}

/* Who walks along the list just now goes on from it. */
static void cease_to_run(tp_recording *recording)
{
    recording->running = false;
    tp_recording **link = &recording->engine->active;
    while (*link != NULL && *link != recording)
        link = &(*link)->next_active;
    if (*link != NULL)
        *link = recording->next_active;
}

static void count_running(tp_engine *engine, tp_scope scope, int change)
{
    size_t step = (size_t)change;
    engine->running += step;
    engine->running_everywhere += scope == TP_SCOPE_PROCESS ? step : 0;
    engine->running_in_contexts += scope == TP_SCOPE_CONTEXT ? step : 0;
    /* From the first to the last of a context's, hooks look at contexts. */
    if (scope == TP_SCOPE_CONTEXT && engine->running_in_contexts == (change > 0))
        tp_hooks_note(engine);
}

static void detach(tp_recording *recording)
{
    tp_engine *engine = recording->engine;
    cease_to_run(recording); /* first: nobody attaches it anew */
    tp_thread_detach_all(recording);
    tp_contexts_leave(recording);
    tp_greenlets_unwatch(engine, tp_thread_find(engine));
    count_running(engine, recording->scope, -1);
    tp_filter_end(recording);
}

/* What is suspended is awaited until now. */
static void settle(tp_recording *recording)
{
    if (tp_session_suspended(recording->session) > 0)
        tp_suspensions_settle(&recording->engine->suspensions, recording->session,
                              tp_clock_read(recording->clock));
}

/* Attachments end while their recording is busy with starting or stopping. */
static void sweep_if_idle(tp_engine *engine)
{
    if (engine->busy == 0)
        tp_threads_sweep(engine);
}

static void stop_running(tp_recording *recording)
{
    tp_engine *engine = recording->engine;
    tp_recording_begin_busy(recording); /* nobody is to start it before this is done */
    if (tp_hooks_were_taken(engine, recording))
        recording->evicted = true;
    detach(recording); /* first: a timer's own calls are not to be recorded */
    tp_session_close(recording->session);
    settle(recording);
    tp_clock_hold(recording->clock);
    tp_hooks_remove(engine, recording, &recording->evicted);
    tp_company_note(recording);
    recording->hook_lost += recording->evicted;
    tp_recording_end_busy(recording);
    sweep_if_idle(engine);
}

/* Off the engine's list, and out of the reach of all but the caller. */
static void unlink_recording(tp_recording *recording)
{
    tp_recording **link = &recording->engine->recordings;
    while (*link != recording)
        link = &(*link)->next;
    *link = recording->next;
}

/* What lies between may let go of the lock: nothing of the engine's is freed by others. */
static void hold_engine(tp_engine *engine)
{
#ifdef TP_FREE_THREADED
    tp_here.pins++;
    engine->pins++;
    engine->busy++;
#else
    (void)engine;
#endif
}

static void let_go_of_engine(tp_engine *engine)
{
#ifdef TP_FREE_THREADED
    tp_here.pins--;
    engine->pins--;
    engine->busy--;
#else
    (void)engine;
#endif
}

/* Recordings that were destroyed while a timer was being called. What goes with one may run Python code,
 * and others go meanwhile: the search begins anew. */
static void bury_condemned(tp_engine *engine)
{
    tp_threads_sweep(engine);
    tp_recording *recording = engine->recordings;
    while (recording != NULL && engine->busy == 0) {
        if (!recording->condemned) {
            recording = recording->next;
            continue;
        }
        bool ignored;
        hold_engine(engine);
        unlink_recording(recording);
        tp_thread_detach_all(recording); /* a hook that was busy may have attached it meanwhile */
        tp_hooks_remove(engine, recording, &ignored);
        free_recording(recording);
        let_go_of_engine(engine);
        recording = engine->recordings;
    }
}

/* As soon as no hook is under way: the main interpreter calls it between two instructions. */
static int bury_soon(void *given)
{
    tp_watch_post *post = given;
    tp_lock lock;
    tp_lock_begin(&lock, post);
    if (post->engine != NULL && post->engine->busy == 0)
        bury_condemned(post->engine);
    tp_watch_leave(post);
    tp_lock_end(&lock);
    return 0;
}

/* Destroyed while a recording is busy, perhaps itself: out of the hooks' sight at once, the rest later. */
static void condemn(tp_recording *recording)
{
    tp_engine *engine = recording->engine;
    recording->owner = NULL;
    recording->condemned = true;
    engine->has_condemned = true;
    if (recording->running)
        detach(recording);
}

void tp_recording_begin_busy(tp_recording *recording)
{
    recording->busy++;
    recording->engine->busy++;
    tp_busy_note(recording);
}

/* Nothing is busy any more. */
static void bury_later(tp_engine *engine)
{
    if (!engine->has_condemned)
        return;
    engine->has_condemned = false;
    /* Pending calls are the main interpreter's. Others bury when next a recording is made or goes. */
    if (PyInterpreterState_Get() != PyInterpreterState_Main())
        return;
    engine->post->references++;
    if (Py_AddPendingCall(bury_soon, engine->post) != 0)
        engine->post->references--;
}

static void end_busy(tp_engine *engine)
{
    if (--engine->busy == 0)
        bury_later(engine);
}

#ifdef TP_FREE_THREADED
void tp_engine_pin(tp_engine *engine)
{
    hold_engine(engine);
}

void tp_engine_unpin(tp_engine *engine)
{
    let_go_of_engine(engine);
    if (engine->busy > 0)
        return;
    tp_threads_sweep(engine);
    if (engine->released && engine->recordings == NULL)
        free_engine(engine);
    else
        bury_later(engine);
}
#endif

void tp_recording_end_busy(tp_recording *recording)
{
    tp_busy_forget(recording);
    recording->busy--;
    end_busy(recording->engine);
}

/* The first version of the options ended behind this member. */
#define SMALLEST_OPTIONS (offsetof(tp_recording_options, owner) + sizeof(PyObject *))

tp_status tp_locked_recording_create(tp_recording **out, tp_engine *engine,
                                     const tp_recording_options *given)
{
    tp_recording_options all = TP_RECORDING_OPTIONS_INIT;
    const tp_recording_options *options = &all;
    if (given->size < SMALLEST_OPTIONS)
        return tp_raise(TP_EARGUMENT);
    memcpy(&all, given, given->size < sizeof all ? given->size : sizeof all);
    tp_recording *recording = PyMem_RawCalloc(1, sizeof *recording);
    if (recording == NULL)
        return tp_raise(TP_ENOMEM);
    recording->engine = engine;
    recording->owner = options->owner;
    recording->builtins = options->no_builtins == 0;
    recording->scope = options->scope;
    tp_status status = create_clock(recording, options);
    if (status == TP_OK)
        status = tp_filter_acquire(&recording->filter, engine, options);
    if (status == TP_OK) {
        tp_session_options session = TP_SESSION_OPTIONS_INIT;
        session.clock = recording->clock;
        session.resolver =
            (tp_resolver){ tp_identity_resolve, tp_identity_release, tp_identity_is_coroutine,
                           recording, tp_call_kind_of };
        session.max_contexts = options->max_contexts;
        session.no_edges = options->no_edges;
        status = tp_session_create(&recording->session, &session);
    }
    if (status != TP_OK) {
        free_recording(recording);
        return tp_raise(status);
    }
    if (engine->busy == 0)
        bury_condemned(engine);
    recording->next = engine->recordings;
    engine->recordings = recording;
    *out = recording;
    return TP_OK;
}

static tp_status refuse_running(const tp_recording *recording)
{
    if (recording->started_by == PyThread_get_thread_ident())
        PyErr_SetString(PyExc_ValueError, "this profile is already enabled");
    else
        PyErr_Format(PyExc_ValueError, "this profile is already enabled, on thread %lu",
                     recording->started_by);
    return TP_ESTATE;
}

/* Another thread's timer is at work. It will be done soon, unless it waits for what this thread holds. */
static void wait_for_others(tp_recording *recording)
{
    tp_engine *engine = recording->engine;
    PyThread_type_lock never = PyThread_allocate_lock();
    if (never == NULL)
        return;
    PyThread_acquire_lock(never, WAIT_LOCK);
    engine->busy++; /* the recording stays */
    engine->waiting++;
    for (long i = 0; recording->busy > 0 && i < LONGEST_WAIT / WAIT_STEP; i++) {
        Py_BEGIN_ALLOW_THREADS
        (void)PyThread_acquire_lock_timed(never, WAIT_STEP, 0);
        Py_END_ALLOW_THREADS
    }
    PyThread_release_lock(never);
    PyThread_free_lock(never);
    engine->waiting--;
    end_busy(engine);
}

tp_status tp_recording_refuse_in_timer(tp_recording *recording, const char *what)
{
    if (recording->busy > 0 && !tp_busy_here())
        wait_for_others(recording);
    if (recording->busy == 0)
        return TP_OK;
    PyErr_Format(PyExc_RuntimeError, "cannot %s from within the timer of the profile", what);
    return TP_ESTATE;
}

/* The recording is busy meanwhile: Python code may run here, an audit hook's at the least. It is attached
 * before it has hooks, as that code may stop others, and what nothing needs is removed then. */
static tp_status start_running(tp_recording *recording)
{
    tp_engine *engine = recording->engine;
    tp_greenlets_look(engine);
    recording->started_by = PyThread_get_thread_ident();
    tp_calibration_apply(recording);
    begin_to_run(recording);
    count_running(engine, recording->scope, 1);
    tp_status status = recording->scope == TP_SCOPE_CONTEXT ? tp_contexts_join(recording)
                                                            : tp_thread_attach(recording);
    if (status == TP_OK)
        status = tp_hooks_install(engine, recording);
    tp_filter_begin(recording);
    recording->evicted = false;
    if (status != TP_OK) {
        bool ignored;
        detach(recording);
        tp_hooks_remove(engine, recording, &ignored);
        return status;
    }
    /* Threads that were told that there is nothing to record must ask again. */
    if (recording->scope == TP_SCOPE_PROCESS)
        tp_engine_renew(engine);
    tp_clock_release(recording->clock);
    tp_company_note(recording);
    return TP_OK;
}

tp_status tp_locked_recording_start(tp_recording *recording)
{
    if (recording->running)
        return refuse_running(recording);
    tp_status status = tp_recording_refuse_in_timer(recording, "enable a profile");
    if (status != TP_OK)
        return status;
    if (recording->running)
        return refuse_running(recording);
    tp_recording_begin_busy(recording);
    status = start_running(recording);
    tp_recording_end_busy(recording);
    sweep_if_idle(recording->engine);
    return tp_raise(status);
}

tp_status tp_locked_recording_stop(tp_recording *recording)
{
    tp_status status = tp_recording_refuse_in_timer(recording, "disable a profile");
    if (status != TP_OK || !recording->running)
        return status;
    stop_running(recording);
    return tp_raise(tp_session_status(recording->session));
}

/* What is known of functions stays for the next start, unless objects are held for it, which may be many. */
static void forget_all(tp_recording *recording)
{
    PyObject *held = recording->held;
    recording->held = NULL;
    tp_session_reset(recording->session, held == NULL);
    Py_XDECREF(held);
}

tp_status tp_locked_recording_clear(tp_recording *recording)
{
    tp_status status = tp_recording_refuse_in_timer(recording, "clear a profile");
    if (status != TP_OK)
        return status;
    tp_suspensions_forget(&recording->engine->suspensions, recording->session);
    recording->hook_lost = 0;
    Py_CLEAR(recording->company);
    if (recording->running)
        tp_company_note(recording);
    if (!recording->running && !tp_threads_may_use(recording)) {
        forget_all(recording);
        return TP_OK;
    }
    tp_threads_pause(recording);
    status = tp_session_clear(recording->session);
    tp_threads_resume(recording);
    return tp_raise(status);
}

void tp_locked_recording_destroy(tp_recording *recording)
{
    tp_engine *engine = recording->engine;
    if (engine->busy == 0 && recording->running) {
        hold_engine(engine);
        stop_running(recording);
        let_go_of_engine(engine);
    }
    /* Perhaps only now: other threads may have come in meanwhile. */
    if (engine->busy > 0) {
        condemn(recording);
        return;
    }
    hold_engine(engine);
    unlink_recording(recording);
    free_recording(recording);
    let_go_of_engine(engine);
    if (engine->busy == 0)
        bury_condemned(engine);
    if (engine->released && engine->recordings == NULL && engine->busy == 0)
        free_engine(engine);
}

int tp_locked_recording_is_running(const tp_recording *recording)
{
    return recording->running;
}

uint64_t tp_locked_recording_timer_failures(const tp_recording *recording)
{
    return recording->timer != NULL ? recording->timer->failures : 0;
}

uint64_t tp_locked_recording_timer_backwards(const tp_recording *recording)
{
    return recording->timer != NULL ? recording->timer->backwards : 0;
}

int tp_locked_recording_was_evicted(const tp_recording *recording)
{
    return recording->evicted;
}

tp_status tp_locked_recording_set_options(tp_recording *recording, uint32_t no_edges, uint32_t no_builtins)
{
    if (recording->running)
        return refuse_running(recording);
    recording->builtins = no_builtins == 0;
    tp_session_set_no_edges(recording->session, no_edges);
    return TP_OK;
}

PyObject *tp_recording_timer(const tp_recording *recording)
{
    return recording->timer != NULL ? recording->timer->callable : NULL;
}
