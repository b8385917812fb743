/* The callbacks of sys.monitoring, one an event: what each needs, and which handlers it has. */
#ifndef TP_MONITORING_HANDLERS_H
#define TP_MONITORING_HANDLERS_H

#include "engine.h"

#define TP_EVENT_COUNT 9

/* A callback holds what its event needs, and arrives in a register. */
typedef struct tp_hook {
    PyObject_HEAD
    TP_SHARED(vectorcallfunc) vectorcall;
    TP_SHARED(uint64_t) engine_id; /* the engine's present one */
    tp_engine *engine;  /* Borrowed; NULL once the hook is retired. */
    PyObject *missing;  /* Borrowed from sys.monitoring, which lives as long as the interpreter. */
    PyObject *disable;  /* the same; NULL: the event cannot be switched off */
    PyObject *carrier;  /* Borrowed from the engine; compared only */
#ifdef TP_FREE_THREADED
    atomic_bool in_contexts; /* a context is recorded */
    atomic_bool filtered;    /* code is left out */
    tp_watch_post *post; /* Owned reference; has the lock */
#endif
} tp_hook;

typedef struct tp_event {
    const char *name;
    vectorcallfunc handlers[4]; /* +1: while a context is recorded; +2: while code is left out */
    bool local;                 /* can be switched off where it happens */
    bool builtins;              /* wanted only when builtins are recorded */
} tp_event;

extern const tp_event tp_events[TP_EVENT_COUNT];

#endif
