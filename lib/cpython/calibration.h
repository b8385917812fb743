/* What recording costs on this interpreter and machine: measured once in a process for a kind of clock, with
 * builtins recorded and without, by running small programs with and without a recording (docs/accuracy.md). */
#ifndef TP_CALIBRATION_H
#define TP_CALIBRATION_H

#include "engine.h"

/* Before a recording starts: calibrates if nothing is known yet and nothing stands against it; that takes some
 * 40 ms, in which other threads may run. Not to be called under the engine's lock. TP_EPYTHON: a signal's
 * handler raised meanwhile. */
TP_NODISCARD tp_status tp_calibrate(tp_recording *recording);

/* What is known for the recording's clock and events; NULL where nothing may be. */
tp_calibration *tp_calibration_of(const tp_recording *recording);

/* Gives the session what is known. */
void tp_calibration_apply(tp_recording *recording);

/* What the profile says of it. */
TP_NODISCARD tp_status tp_calibration_describe(const tp_recording *recording, tp_profile *profile);

void tp_calibrations_free(tp_engine *engine);

/* costs.c: what was measured, in ticks a call (a node, a search), and what follows from it. */
typedef enum tp_work {
    TP_WORK_PLAIN, /* no calls */
    TP_WORK_PYTHON,
    TP_WORK_PYTHON_2, /* the same with other functions: where code lies in memory matters, too */
    TP_WORK_PYTHON_3,
    TP_WORK_UNWIND, /* as that, ended by an exception */
    TP_WORK_SLOT,
    TP_WORK_SLOT_2,
    TP_WORK_GENERATOR,
    TP_WORK_GENERATOR_2,
    TP_WORK_COROUTINE, /* with a METHOD each, that resumes it */
    TP_WORK_FUNCTION,
    TP_WORK_FUNCTION_FAR,
    TP_WORK_METHOD,
    TP_WORK_LONG,
    TP_WORK_UNSEEN,
    TP_WORK_SEARCH,
    TP_WORK_RECURSION,
    TP_WORK_DELEGATION, /* generators that wait for others of the same function */
    TP_WORK_NODES,
    TP_WORK_PROGRAM,
    TP_WORK_COUNT
} tp_work;

typedef struct tp_measured {
    double cost[TP_WORK_COUNT];   /* ticks a call longer, the least of all rounds */
    double spread[TP_WORK_COUNT]; /* how much more it is in the median round */
    double inside;                /* of a Python function that does nothing: between its two readings */
    double inside_coroutine;
    double stretch;  /* of a program without calls */
    double searches; /* a call of TP_WORK_SEARCH */
    double company;  /* of another recording, a call */
} tp_measured;

/* TP_WORK_PROGRAM, which costs that much, would by all other constants cost `expected`, its calls being spread
 * over `functions`. */
void tp_costs_set_variety(tp_costs *costs, double cost, double expected, double functions);

void tp_costs_derive(tp_costs *costs, const tp_measured *measured);

/* The text for people; NULL without memory. From PyMem_RawMalloc. */
char *tp_costs_describe(const tp_costs *costs, const tp_measured *measured, double unit);

#endif
