/* libtraceprof: record, read, write profiles. Includes every header that needs no Python. */
#ifndef TRACEPROF_TRACEPROF_H
#define TRACEPROF_TRACEPROF_H

#include <traceprof/clock.h>
#include <traceprof/emit.h>
#include <traceprof/glob.h>
#include <traceprof/import.h>
#include <traceprof/pattern.h>
#include <traceprof/profile.h>
#include <traceprof/pstats.h>
#include <traceprof/report.h>
#include <traceprof/reshape.h>
#include <traceprof/session.h>
#include <traceprof/sort.h>
#include <traceprof/status.h>
#include <traceprof/version.h>

#endif
