/* What <traceprof/cpython.h> promises, to be called under the lock: locked.c takes it. */
#ifndef TP_LOCKED_H
#define TP_LOCKED_H

#include "engine.h"

void tp_locked_engine_release(tp_engine *engine);
void tp_locked_engine_hide(tp_engine *engine, PyObject *file);
void tp_locked_engine_after_fork(tp_engine *engine);

TP_NODISCARD tp_status tp_locked_recording_create(tp_recording **recording, tp_engine *engine,
                                                  const tp_recording_options *options);
void tp_locked_recording_destroy(tp_recording *recording);
TP_NODISCARD tp_status tp_locked_recording_start(tp_recording *recording);
TP_NODISCARD tp_status tp_locked_recording_stop(tp_recording *recording);
TP_NODISCARD tp_status tp_locked_recording_clear(tp_recording *recording);
int tp_locked_recording_is_running(const tp_recording *recording);
TP_NODISCARD tp_status tp_locked_recording_profile(tp_recording *recording, tp_profile **profile);
uint64_t tp_locked_recording_timer_failures(const tp_recording *recording);
uint64_t tp_locked_recording_timer_backwards(const tp_recording *recording);
int tp_locked_recording_was_evicted(const tp_recording *recording);
TP_NODISCARD tp_status tp_locked_recording_set_options(tp_recording *recording, uint32_t no_edges,
                                                       uint32_t no_builtins);
PyObject *tp_locked_recording_code(const tp_recording *recording, const tp_function *function);
size_t tp_locked_recording_memory(const tp_recording *recording);

TP_NODISCARD tp_status tp_locked_recording_enter(tp_recording *recording);
void tp_locked_recording_exit(tp_recording *recording);
int tp_locked_group_is_here(tp_engine *engine, const void *group);
PyObject *tp_locked_sessions_here(tp_engine *engine);
PyObject *tp_locked_sessions_enter(tp_engine *engine, PyObject *sessions);
int tp_locked_sessions_exit(tp_engine *engine, PyObject *token);

#endif
