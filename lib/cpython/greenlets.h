/* Greenlets: stacks that one thread switches between, in any order. greenlet tells of each switch
 * (greenlet.settrace); tracks then put one shadow stack aside and take up another. */
#ifndef TP_GREENLETS_H
#define TP_GREENLETS_H

#include "engine.h"

TP_NODISCARD tp_status tp_greenlets_create(tp_engine *engine);
void tp_greenlets_destroy(tp_engine *engine);

/* Whether the program has imported greenlet by now; all threads then arrive anew. Called when a function is
 * seen for the first time, as the import and the first switch are. Calls no Python code. */
void tp_greenlets_look(tp_engine *engine);

/* The calling thread has come to have attachments, or has none left. Keeps exceptions as they are. */
void tp_greenlets_watch(tp_engine *engine, tp_thread *thread);
void tp_greenlets_unwatch(tp_engine *engine, tp_thread *thread);

#endif
