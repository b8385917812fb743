/* Which code a recording leaves out, decided once for each code object; and what may be switched off
 * for good, since no recording wants it.
 *
 * Recordings with equal patterns share a filter, and what it has decided. Where every recording that
 * runs leaves code out, hooks give back DISABLE and the interpreter does not call again from there,
 * until sys.monitoring.restart_events() is called. That is due when a recording starts that may want
 * what is off: not when its filter has left out all that was switched off since (`covers`).
 *
 * A restart has the interpreter go through all code once more. So nothing is switched off in the first events
 * of what may be over soon, as a web request is. */
#ifndef TP_FILTER_H
#define TP_FILTER_H

#include "engine.h"
#include "filter_patterns.h"
#include "map.h"

struct tp_filter {
    tp_filter *next;   /* in the engine's list */
    size_t references; /* recordings */
    size_t running;    /* of these */
    bool covers;       /* it has run whenever something was switched off since the last restart: one
                          that begins to run otherwise brings about a restart */
    tp_filter_patterns include;
    tp_filter_patterns exclude;
    tp_map decided; /* from a code object's address */
};

/* The engine's filter of these patterns; *filter is NULL where there are none. */
TP_NODISCARD tp_status tp_filter_acquire(tp_filter **filter, tp_engine *engine,
                                         const tp_recording_options *options);

/* A recording goes. NULL is left alone. */
void tp_filter_release(tp_engine *engine, tp_filter *filter);

/* A recording begins or ends to run. */
void tp_filter_begin(const tp_recording *recording);
void tp_filter_end(const tp_recording *recording);

/* Whether code is left out by a recording that has a filter. The frame that runs just now must be the
 * code's. Keeps exceptions as they are. */
bool tp_filter_decide(tp_recording *recording, PyObject *code);

static inline bool tp_filter_leaves_out(tp_recording *recording, PyObject *code)
{
    return TP_UNLIKELY(recording->filter != NULL) && tp_filter_decide(recording, code);
}

/* The hooks are there anew: so many events come the long way before any is switched off. */
#define TP_PATIENCE 2000
void tp_filters_be_patient(tp_engine *engine);

/* Whether all that run leave it out: it is then taken to be switched off, here and now. */
bool tp_filters_switch_off(tp_engine *engine, PyObject *code);

/* Whether a recording with this filter, or NULL, may want what is off. */
bool tp_filters_hide_from(const tp_engine *engine, const tp_filter *filter);

/* Nothing is off any more. */
void tp_filters_note_restart(tp_engine *engine);

/* The code object is being freed. */
void tp_filters_forget(tp_engine *engine, const void *code);

/* Properties "include" and "exclude": the patterns, a line each. */
TP_NODISCARD tp_status tp_filter_describe(const tp_filter *filter, tp_profile *profile);

void tp_filters_free(tp_engine *engine);

#endif
