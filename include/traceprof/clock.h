/* Tick sources. A tick is a count whose differences mean time; what one is worth in seconds is asked
 * of the clock when a recording is turned into a profile, never while it runs. */
#ifndef TRACEPROF_CLOCK_H
#define TRACEPROF_CLOCK_H

#include <traceprof/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tp_clock tp_clock;

typedef enum tp_clock_kind {
    TP_CLOCK_AUTO = 0,       /* the cycle counter where it can be trusted, else monotonic */
    TP_CLOCK_COUNTER = 1,    /* x86-64: invariant TSC; arm64: cntvct_el0 */
    TP_CLOCK_MONOTONIC = 2,  /* CLOCK_MONOTONIC, nanoseconds */
    TP_CLOCK_THREAD_CPU = 3, /* CLOCK_THREAD_CPUTIME_ID, nanoseconds */
    TP_CLOCK_CALLBACK = 4,   /* made by tp_clock_create_callback */
    TP_CLOCK_FAKE = 5        /* made by tp_clock_create_fake */
} tp_clock_kind;

/* Gives the present tick. Called from within hooks: must not fail; returns any value it likes. */
typedef uint64_t (*tp_clock_read_fn)(void *context);

/* A clock of one of the first four kinds. TP_EUNSUPPORTED where TP_CLOCK_COUNTER is asked for and
 * processor or kernel do not vouch for a counter that is constant and the same on every core. */
TP_API TP_NODISCARD tp_status tp_clock_create(tp_clock **clock, tp_clock_kind kind);

/* A clock of the same kind as `elder` (none of the two below), whose rate is fitted from the elder's
 * creation on: clocks made for short recordings need not wait for a good fit. */
TP_API TP_NODISCARD tp_status tp_clock_create_younger(tp_clock **clock, const tp_clock *elder);

/* A caller's clock, one tick of which lasts `unit` seconds (finite, above 0). */
TP_API TP_NODISCARD tp_status tp_clock_create_callback(tp_clock **clock, tp_clock_read_fn read,
                                                       void *context, double unit);

/* A clock for tests: each read gives the present value and then advances it by `step` ticks. */
TP_API TP_NODISCARD tp_status tp_clock_create_fake(tp_clock **clock, uint64_t step, double unit);

/* Advances a fake clock by `ticks` more; TP_EARGUMENT for any other kind. */
TP_API TP_NODISCARD tp_status tp_clock_advance(tp_clock *clock, uint64_t ticks);

TP_API void tp_clock_destroy(tp_clock *clock);

/* The present tick. Thread-safe for all kinds but callback (the caller's matter) and fake. */
TP_API uint64_t tp_clock_read(const tp_clock *clock);

/* Seconds a tick lasts. For the cycle counter the rate is fitted between the clock's creation and
 * now; if less than two milliseconds have gone by since, the call first waits for the rest. */
TP_API double tp_clock_unit(const tp_clock *clock);

/* Fits the rate now and keeps it until released, so that profiles made one after the other agree to
 * the last digit. Without effect on clocks whose unit is given. */
TP_API void tp_clock_hold(tp_clock *clock);
TP_API void tp_clock_release(tp_clock *clock);

TP_API tp_clock_kind tp_clock_get_kind(const tp_clock *clock);

/* "counter", "monotonic", "thread-cpu", "callback" or "fake"; static storage. */
TP_API const char *tp_clock_name(const tp_clock *clock);

#ifdef __cplusplus
}
#endif
#endif
