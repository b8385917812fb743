/* The watch over code objects: when one that was recorded is freed, every session forgets its address.
 * It hangs on the code object itself (co_extra, PEP 523), which is the same on every version and costs
 * nothing for code that was never recorded. */
#ifndef TP_WATCH_H
#define TP_WATCH_H

#include "engine.h"

TP_NODISCARD tp_status tp_watch_create(tp_engine *engine);
void tp_watch_destroy(tp_engine *engine);

/* Gives back one reference to the post. */
void tp_watch_leave(tp_watch_post *post);

/* False, without an exception, when there is no memory. */
bool tp_watch_code(tp_engine *engine, PyCodeObject *code);

/* A new reference to a watched code object that no session has forgotten yet; NULL, without an exception, if it
 * is being freed just now. */
PyObject *tp_watch_hold(const tp_engine *engine, PyObject *code);

#endif
