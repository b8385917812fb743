/* What every writer of a format is given, and the one function it has. */
#ifndef TP_EMISSION_H
#define TP_EMISSION_H

#include <traceprof/emit.h>

#include "buffer.h"

typedef struct tp_emission {
    const tp_profile *profile;
    const tp_emit_options *options;
    tp_buffer *out;      /* whoever writes need not look at its status */
    const char *problem; /* what is wrong, where the status alone does not say it; static storage */
} tp_emission;

typedef tp_status tp_emitter(tp_emission *emission);

tp_emitter tp_emit_speedscope, tp_emit_callgrind, tp_emit_collapsed, tp_emit_pprof, tp_emit_dot,
    tp_emit_json, tp_emit_jsonl, tp_emit_csv;

/* More than anybody can look at: formats that write each path whole take the square of its depth. */
#define TP_EMIT_LIMIT ((uint64_t)1 << 30)

/* TP_ELIMIT, and says that it is the paths. */
tp_status tp_emit_too_large(tp_emission *emission);

/* "MainThread", "(pid 4712) MainThread", "thread 3": what a thread is called in a list of such. */
void tp_emit_thread_name(tp_emission *emission, tp_buffer *out, const tp_thread_tree *thread);

/* Whether the trees were guessed from edges. */
int tp_emit_is_estimate(const tp_profile *profile);

#endif
