/* What is sent to a server of profiles: a pprof profile with labels, in the server's own words. */
#ifndef TP_PUSH_REQUEST_H
#define TP_PUSH_REQUEST_H

#include <traceprof/traceprof.h>

#include "collector.h"

typedef enum tp_push_server {
    TP_SERVER_PYROSCOPE,
    TP_SERVER_PARCA
} tp_push_server;

/* The label that says whose profile it is, after OpenTelemetry's service.name. */
#define TP_PUSH_NAME "service_name"

typedef struct tp_push_label {
    tp_string key;
    tp_string value;
} tp_push_label;

/* Why that is no key or value of a label, or NULL. Keys are those of Prometheus that are nobody's. */
const char *tp_push_bad_key(tp_string key);
const char *tp_push_bad_value(tp_string value);

/* What the profile's command is called, "worker" of "-m jobs.worker --all"; empty if the file does not
 * tell. Borrowed from the profile. */
tp_string tp_push_name(const tp_profile *profile);

/* The path behind a server's own URL, and the type of what is sent there. */
const char *tp_push_path(tp_push_server server);
const char *tp_push_type(tp_push_server server);

/* Puts the request's body together, of a pprof file and its labels. 0, or not 0: memory is exhausted.
 * To be freed in either case. */
int tp_push_body(tp_collector *body, tp_push_server server, const tp_push_label *labels, size_t count,
                 const uint8_t *pprof, size_t size);

#endif
