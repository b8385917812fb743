/* The public functions: each does its work under the engine's lock, which with a GIL is nothing. What they do
 * is engine.c's, contexts.c's and fork.c's. */
#include "locked.h"

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
    tp_lock lock;
    tp_lock_begin(&lock, engine->post);
    tp_status result = tp_locked_recording_create(recording, engine, options);
    tp_lock_end(&lock);
    return result;
}

tp_status tp_recording_start(tp_recording *recording)
{
    tp_lock lock;
    tp_lock_begin(&lock, recording->engine->post);
    tp_status result = tp_locked_recording_start(recording);
    tp_lock_end(&lock);
    return result;
}

tp_status tp_recording_stop(tp_recording *recording)
{
    tp_lock lock;
    tp_lock_begin(&lock, recording->engine->post);
    tp_status result = tp_locked_recording_stop(recording);
    tp_lock_end(&lock);
    return result;
}

tp_status tp_recording_clear(tp_recording *recording)
{
    tp_lock lock;
    tp_lock_begin(&lock, recording->engine->post);
    tp_status result = tp_locked_recording_clear(recording);
    tp_lock_end(&lock);
    return result;
}

int tp_recording_is_running(const tp_recording *recording)
{
    tp_lock lock;
    tp_lock_begin(&lock, recording->engine->post);
    int result = tp_locked_recording_is_running(recording);
    tp_lock_end(&lock);
    return result;
}

tp_status tp_recording_profile(tp_recording *recording, tp_profile **profile)
{
    tp_lock lock;
    tp_lock_begin(&lock, recording->engine->post);
    tp_status result = tp_locked_recording_profile(recording, profile);
    tp_lock_end(&lock);
    return result;
}

uint64_t tp_recording_timer_failures(const tp_recording *recording)
{
    tp_lock lock;
    tp_lock_begin(&lock, recording->engine->post);
    uint64_t result = tp_locked_recording_timer_failures(recording);
    tp_lock_end(&lock);
    return result;
}

uint64_t tp_recording_timer_backwards(const tp_recording *recording)
{
    tp_lock lock;
    tp_lock_begin(&lock, recording->engine->post);
    uint64_t result = tp_locked_recording_timer_backwards(recording);
    tp_lock_end(&lock);
    return result;
}

int tp_recording_was_evicted(const tp_recording *recording)
{
    tp_lock lock;
    tp_lock_begin(&lock, recording->engine->post);
    int result = tp_locked_recording_was_evicted(recording);
    tp_lock_end(&lock);
    return result;
}

tp_status tp_recording_set_options(tp_recording *recording, uint32_t no_edges, uint32_t no_builtins)
{
    tp_lock lock;
    tp_lock_begin(&lock, recording->engine->post);
    tp_status result = tp_locked_recording_set_options(recording, no_edges, no_builtins);
    tp_lock_end(&lock);
    return result;
}

PyObject *tp_recording_code(const tp_recording *recording, const tp_function *function)
{
    tp_lock lock;
    tp_lock_begin(&lock, recording->engine->post);
    PyObject *result = tp_locked_recording_code(recording, function);
    tp_lock_end(&lock);
    return result;
}

size_t tp_recording_memory(const tp_recording *recording)
{
    tp_lock lock;
    tp_lock_begin(&lock, recording->engine->post);
    size_t result = tp_locked_recording_memory(recording);
    tp_lock_end(&lock);
    return result;
}

PyObject *tp_sessions_here(tp_engine *engine)
{
    tp_lock lock;
    tp_lock_begin(&lock, engine->post);
    PyObject *result = tp_locked_sessions_here(engine);
    tp_lock_end(&lock);
    return result;
}

PyObject *tp_sessions_enter(tp_engine *engine, PyObject *sessions)
{
    tp_lock lock;
    tp_lock_begin(&lock, engine->post);
    PyObject *result = tp_locked_sessions_enter(engine, sessions);
    tp_lock_end(&lock);
    return result;
}

int tp_sessions_exit(tp_engine *engine, PyObject *token)
{
    tp_lock lock;
    tp_lock_begin(&lock, engine->post);
    int result = tp_locked_sessions_exit(engine, token);
    tp_lock_end(&lock);
    return result;
}
