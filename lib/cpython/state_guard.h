/* Tells of the end of thread states: a capsule in the state's own dictionary goes as the state is cleared,
 * usually on its own thread. */
#ifndef TP_STATE_GUARD_H
#define TP_STATE_GUARD_H

#include "engine.h"

/* Whether the calling thread's state, which is this one, will tell. Without a GIL the guard also notes that
 * `thread`, unless it is NULL, has ended then; and frees it, where the engine is gone by then: the thread
 * looks at it as long as it runs. */
bool tp_state_guard(tp_engine *engine, const PyThreadState *state, tp_thread *thread);

/* The engine goes. Whether the thread is its guard's to free. */
bool tp_state_guard_keeps(const tp_thread *thread);

#endif
