/* The one place that holds the version; the build files read it from here. */
#ifndef TRACEPROF_VERSION_H
#define TRACEPROF_VERSION_H

#include <traceprof/status.h>

#define TP_VERSION_MAJOR 0
#define TP_VERSION_MINOR 1
#define TP_VERSION_PATCH 0
#define TP_VERSION_STRING "0.1.0"

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the library that is linked, as "major.minor.patch"; static storage. */
TP_API const char *tp_version(void);

#ifdef __cplusplus
}
#endif
#endif
