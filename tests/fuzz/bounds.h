/* What every fuzz target is held to: memory counted, time measured. A bound that is broken ends the
 * process with a message, which is what a fuzzer takes for a find. */
#ifndef FUZZ_BOUNDS_H
#define FUZZ_BOUNDS_H

#include <time.h>

#include <traceprof/traceprof.h>

/* What libFuzzer, AFL++ and replay.c call with each input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

_Noreturn void fuzz_fail(const char *what);

/* An allocator that knows how much is in use, and how much was at most. */
typedef struct counter {
    tp_allocator allocator;
    size_t live; /* bytes */
    size_t peak;
} counter;

void counter_init(counter *c);

/* An input has taken too much if its peak is above `constant` and `factor` times its size. */
void counter_check_peak(const counter *c, size_t size, size_t constant, size_t factor);

/* All must have been given back. */
void counter_check_empty(const counter *c);

/* Processor time: other work on the machine is no find. */
clock_t stopwatch_start(void);
void stopwatch_check(clock_t start, double seconds);

#endif
