/* The public functions: each does its work under the engine's lock, which with a GIL is nothing. What they do
 * is engine.c's, contexts.c's and fork.c's. */
#include "locked.h"

#include "calibration.h"

#define RETURN_UNDER_LOCK(post, type, call) \
    tp_lock lock;                           \
    tp_lock_begin(&lock, post);             \
    type result = call;                     \
    tp_lock_end(&lock);                     \
    return result

void tp_engine_release(tp_engine *engine)
{
    tp_lock lock;
    if (engine == NULL)
        return;
    tp_lock_begin(&lock, engine->post);
    tp_locked_engine_release(engine);
    tp_lock_end(&lock);
}

void tp_recording_destroy(tp_recording *recording)
{
    tp_lock lock;
    if (recording == NULL)
        return;
    tp_lock_begin(&lock, recording->engine->post);
    tp_locked_recording_destroy(recording);
    tp_lock_end(&lock);
}

void tp_engine_hide(tp_engine *engine, PyObject *file)
{
    tp_lock lock;
    tp_lock_begin(&lock, engine->post);
    tp_locked_engine_hide(engine, file);
    tp_lock_end(&lock);
}

void tp_engine_after_fork(tp_engine *engine)
{
    tp_lock lock;
    tp_lock_begin(&lock, engine->post);
    tp_locked_engine_after_fork(engine);
    tp_lock_end(&lock);
}

tp_status tp_recording_create(tp_recording **recording, tp_engine *engine,
                              const tp_recording_options *options)
{
    RETURN_UNDER_LOCK(engine->post, tp_status, tp_locked_recording_create(recording, engine, options));
}

tp_status tp_recording_start(tp_recording *recording)
{
    tp_status status = tp_calibrate(recording);
    if (status != TP_OK)
        return status;
    RETURN_UNDER_LOCK(recording->engine->post, tp_status, tp_locked_recording_start(recording));
}

tp_status tp_recording_stop(tp_recording *recording)
{
    RETURN_UNDER_LOCK(recording->engine->post, tp_status, tp_locked_recording_stop(recording));
}

tp_status tp_recording_clear(tp_recording *recording)
{
    RETURN_UNDER_LOCK(recording->engine->post, tp_status, tp_locked_recording_clear(recording));
}

int tp_recording_is_running(const tp_recording *recording)
{
    RETURN_UNDER_LOCK(recording->engine->post, int, tp_locked_recording_is_running(recording));
}

tp_status tp_recording_profile(tp_recording *recording, tp_profile **profile)
{
    RETURN_UNDER_LOCK(recording->engine->post, tp_status, tp_locked_recording_profile(recording, profile));
}

uint64_t tp_recording_timer_failures(const tp_recording *recording)
{
    RETURN_UNDER_LOCK(recording->engine->post, uint64_t, tp_locked_recording_timer_failures(recording));
}

uint64_t tp_recording_timer_backwards(const tp_recording *recording)
{
    RETURN_UNDER_LOCK(recording->engine->post, uint64_t, tp_locked_recording_timer_backwards(recording));
}

int tp_recording_was_evicted(const tp_recording *recording)
{
    RETURN_UNDER_LOCK(recording->engine->post, int, tp_locked_recording_was_evicted(recording));
}

tp_status tp_recording_set_options(tp_recording *recording, uint32_t no_edges, uint32_t no_builtins)
{
    RETURN_UNDER_LOCK(recording->engine->post, tp_status, tp_locked_recording_set_options(recording, no_edges, no_builtins));
}

PyObject *tp_recording_code(const tp_recording *recording, const tp_function *function)
{
    RETURN_UNDER_LOCK(recording->engine->post, PyObject *, tp_locked_recording_code(recording, function));
}

size_t tp_recording_memory(const tp_recording *recording)
{
    RETURN_UNDER_LOCK(recording->engine->post, size_t, tp_locked_recording_memory(recording));
}

tp_status tp_recording_enter(tp_recording *recording)
{
    RETURN_UNDER_LOCK(recording->engine->post, tp_status, tp_locked_recording_enter(recording));
}

void tp_recording_exit(tp_recording *recording)
{
    tp_lock lock;
    tp_lock_begin(&lock, recording->engine->post);
    tp_locked_recording_exit(recording);
    tp_lock_end(&lock);
}

void tp_recording_set_group(tp_recording *recording, const void *group)
{
    tp_lock lock;
    tp_lock_begin(&lock, recording->engine->post);
    recording->group = group;
    tp_lock_end(&lock);
}

void tp_recording_set_recurrent(tp_recording *recording, uint32_t idle_events)
{
    tp_lock lock;
    tp_lock_begin(&lock, recording->engine->post);
    recording->idle_events = idle_events;
    tp_lock_end(&lock);
}

void tp_engine_count_changes(tp_engine *engine, uint32_t count)
{
    tp_lock lock;
    tp_lock_begin(&lock, engine->post);
    tp_hooks_count_changes(engine, count);
    tp_lock_end(&lock);
}

int tp_group_is_here(tp_engine *engine, const void *group)
{
    RETURN_UNDER_LOCK(engine->post, int, tp_locked_group_is_here(engine, group));
}

PyObject *tp_sessions_here(tp_engine *engine)
{
    RETURN_UNDER_LOCK(engine->post, PyObject *, tp_locked_sessions_here(engine));
}

PyObject *tp_sessions_enter(tp_engine *engine, PyObject *sessions)
{
    RETURN_UNDER_LOCK(engine->post, PyObject *, tp_locked_sessions_enter(engine, sessions));
}

int tp_sessions_exit(tp_engine *engine, PyObject *token)
{
    RETURN_UNDER_LOCK(engine->post, int, tp_locked_sessions_exit(engine, token));
}
