/* How much more all costs as calls are spread over many functions (docs/accuracy.md, "Variety"). */
#ifndef TP_VARIETY_H
#define TP_VARIETY_H

#include <traceprof/session.h>

/* How many times as high the session's costs are, which are known, by all of its calls. */
TP_NODISCARD tp_status tp_session_scale(const tp_session *session, double *scale);

/* The same for each of a track's nodes, by the calls of the phase it belongs to. `times` has room for all,
 * and holds zeros. */
TP_NODISCARD tp_status tp_track_variety(const tp_track *track, double variety, double *times);

#endif
