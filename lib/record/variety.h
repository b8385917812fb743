/* What all of a session has cost, and how much more than usual as its calls are spread over many functions. */
#ifndef TP_VARIETY_H
#define TP_VARIETY_H

#include <traceprof/session.h>

/* The session's costs, which are known, at their height for its variety; *scale times what they are else. */
TP_NODISCARD tp_status tp_costs_scale(tp_costs *costs, double *scale, const tp_session *session);

#endif
