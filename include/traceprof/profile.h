/* The immutable result of a recording, or of reading a file: functions, caller-callee edges, and
 * where it is known the exact calling context tree of each thread. Safe to read from many threads. */
#ifndef TRACEPROF_PROFILE_H
#define TRACEPROF_PROFILE_H

#include <traceprof/status.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TP_NO_INDEX UINT32_MAX

typedef struct tp_profile tp_profile;

/* A byte string; see <traceprof/status.h>. `bytes` ends with a NUL that `size` does not count. */
typedef struct tp_string {
    const char *bytes;
    size_t size;
} tp_string;

/* What a function is called: pstats' (file, line, name). Bytes are borrowed. */
typedef struct tp_label {
    tp_string file;
    tp_string name;
    int64_t line;
} tp_label;

/* Two ways to give times: as they were measured, and with what the recording itself cost taken out
 * (docs/accuracy.md). A profile shows one of them; members named other_... hold the same figure given the
 * other way, or once more the same where only one is known. */
typedef enum tp_times { TP_TIMES_RAW = 0, TP_TIMES_COMPENSATED = 1 } tp_times;

/* One row of a profile. The label is that of pstats: (file, line, name), and ("~", 0, "<...>") for
 * what is built in. Times are seconds. */
typedef struct tp_function {
    tp_label label;
    int64_t calls;           /* all calls; a resumed generator or coroutine counts again */
    int64_t primitive_calls; /* those made while no other call of the function was active */
    double total;            /* time in the function itself ("tottime") */
    double cumulative;       /* time in it and all it called, of primitive calls ("cumtime") */
    uint32_t flags;          /* of TP_FUNCTION_... */
    double other_total;
    double other_cumulative;
} tp_function;

/* The file names it as a caller but has no row for it. The reader puts such functions behind all
 * others. */
#define TP_FUNCTION_IMPLIED 1u

/* What one function did on behalf of one caller. "Primitive" is here: made while no other call of
 * the same callee by the same caller was active. */
typedef struct tp_edge {
    uint32_t caller; /* index of a function */
    uint32_t callee;
    int64_t calls;
    int64_t primitive_calls;
    double total;
    double cumulative;
    double other_total;
    double other_cumulative;
} tp_edge;

/* A node of a calling context tree, in pre-order. Direct recursion is two levels deep: the call from
 * outside, and below it one node for all calls of the function by itself. */
typedef struct tp_context {
    uint32_t function;
    uint32_t parent;         /* index within the thread's contexts, TP_NO_INDEX at the top */
    uint64_t calls;
    uint64_t nested_calls;   /* those of `calls` that were made by a call of this same node */
    int64_t inclusive_ticks; /* of calls that are not nested */
    int64_t other_ticks;
    int64_t awaited_ticks;   /* coroutines' suspended, here and below, nested calls left out; never
                              * compensated, and 0 throughout where it is not known by context */
} tp_context;

typedef struct tp_thread_tree {
    tp_string name;
    uint64_t id;
    const tp_context *contexts;
    size_t context_count;
    uint32_t process; /* index of a process, TP_NO_INDEX when it is not known which */
} tp_thread_tree;

/* What the rows of pstats cannot say of a coroutine function or asynchronous generator function: a row
 * counts every resume as a call, and leaves out the time between them. Ticks are those of the trees. */
typedef struct tp_coroutine {
    uint32_t function;     /* index of a function */
    uint64_t started;      /* calls begun */
    uint64_t resumes;      /* times one went on after a suspension, throw() and close() included */
    int64_t active_ticks;  /* from a start or resume to the suspension or end that follows, callees
                            * included, summed over calls */
    int64_t awaited_ticks; /* suspended, summed over calls: overlapping ones count each; never compensated */
    int64_t other_active_ticks;
} tp_coroutine;

/* A process that was recorded. */
typedef struct tp_process {
    int64_t pid;
    int64_t parent_pid; /* 0: unknown or none */
    tp_string command;
    double start;    /* seconds since the epoch */
    double duration; /* seconds, wall clock */
} tp_process;

/* Who writes pstats files, each a little differently (docs/format.md), and other files that can be read
 * (docs/export.md). */
typedef enum tp_dialect {
    TP_DIALECT_CPROFILE = 0,     /* and this library */
    TP_DIALECT_PROFILE = 1,      /* a caller has a number of calls only, no times */
    TP_DIALECT_YAPPI = 2,        /* a function's two counts are swapped */
    TP_DIALECT_PYINSTRUMENT = 3, /* samples; counts of calls are not known */
    TP_DIALECT_SAMPLING = 4,     /* Python 3.15's profiling.sampling: counts are of samples */
    TP_DIALECT_COLLAPSED = 5,    /* collapsed stacks: weights; counts of calls are not known */
    TP_DIALECT_CALLGRIND = 6     /* an edge's own time is its share of the callee's */
} tp_dialect;

/* What a reader found, and what it had to set right. */
typedef struct tp_origin {
    tp_dialect dialect;
    uint32_t has_extension;   /* not 0: written by this library, with trees and properties */
    uint64_t counts_swapped;  /* functions whose two counts were given the other way about */
    uint64_t counts_unknown;  /* functions whose counts were negative and are now 0 */
    uint64_t callers_implied; /* callers that had no row of their own */
} tp_origin;

typedef enum tp_property_kind { TP_TEXT = 0, TP_INTEGER = 1, TP_REAL = 2 } tp_property_kind;

/* One fact about the recording: "command", "clock", "repairs", ... ; docs/format.md lists them. */
typedef struct tp_property {
    tp_string name;
    tp_property_kind kind;
    tp_string text;
    int64_t integer;
    double real;
} tp_property;

/* Rows in the order of the file they were read from, or by label (file, line, name) when recorded:
 * two recordings of one program give the same order. */
TP_API size_t tp_profile_function_count(const tp_profile *profile);
TP_API const tp_function *tp_profile_functions(const tp_profile *profile);

/* Edges grouped by callee, in the callees' order; within a callee as in the file, or by caller. */
TP_API size_t tp_profile_edge_count(const tp_profile *profile);
TP_API const tp_edge *tp_profile_edges(const tp_profile *profile);

/* The dialect's name: "cProfile", "profile", "yappi", "pyinstrument", "profiling.sampling", "collapsed
 * stacks", "callgrind"; static storage. */
TP_API const char *tp_dialect_name(tp_dialect dialect);
TP_API tp_origin tp_profile_origin(const tp_profile *profile);

/* Whether numbers of calls are known (not to pyinstrument and collapsed stacks), and whether they are of calls (to
 * profiling.sampling they are of samples). */
TP_API int tp_profile_has_calls(const tp_profile *profile);
TP_API int tp_profile_has_samples(const tp_profile *profile);

/* Whether edges have times (not with profile and profiling.sampling, whose edges have calls only). */
TP_API int tp_profile_has_edge_times(const tp_profile *profile);

/* The times that are shown, and whether the others are known. */
TP_API tp_times tp_profile_times(const tp_profile *profile);
TP_API int tp_profile_has_both_times(const tp_profile *profile);

/* Shows the times given from now on, before the profile is shared. TP_EARGUMENT: they are not known. */
TP_API TP_NODISCARD tp_status tp_profile_show_times(tp_profile *profile, tp_times times);

/* None where only pstats numbers are known (files of other profilers). */
TP_API size_t tp_profile_thread_count(const tp_profile *profile);

/* Whether contexts tell what was awaited in them. */
TP_API int tp_profile_has_awaited(const tp_profile *profile);
TP_API const tp_thread_tree *tp_profile_threads(const tp_profile *profile);

/* Seconds a tick of the contexts and coroutines lasts; 0 where there are none. */
TP_API double tp_profile_unit(const tp_profile *profile);

/* One row for each function of which such calls were recorded, in the order of the functions. They are
 * of all threads and processes together. */
TP_API size_t tp_profile_coroutine_count(const tp_profile *profile);
TP_API const tp_coroutine *tp_profile_coroutines(const tp_profile *profile);

/* None unless the profile says of which processes it is; several where it is a sum of such. */
TP_API size_t tp_profile_process_count(const tp_profile *profile);
TP_API const tp_process *tp_profile_processes(const tp_profile *profile);

/* Adds a process before the profile is shared, and makes it that of all threads that have none.
 * `command` is copied. TP_EARGUMENT: a negative number, or one that is not finite; TP_ELIMIT: more
 * processes than TP_MAX_PROCESSES. */
#define TP_MAX_PROCESSES 65536
TP_API TP_NODISCARD tp_status tp_profile_set_process(tp_profile *profile, int64_t pid,
                                                     int64_t parent_pid, const char *command,
                                                     size_t size, double start, double duration);

TP_API size_t tp_profile_property_count(const tp_profile *profile);
TP_API const tp_property *tp_profile_properties(const tp_profile *profile);

/* Property of that name, or NULL. */
TP_API const tp_property *tp_profile_property(const tp_profile *profile, const char *name);

/* Adds or replaces a fact before the profile is shared; `name` and `text` are copied. */
TP_API TP_NODISCARD tp_status tp_profile_set_text(tp_profile *profile, const char *name,
                                                  const char *text, size_t size);
TP_API TP_NODISCARD tp_status tp_profile_set_integer(tp_profile *profile, const char *name,
                                                     int64_t value);
TP_API TP_NODISCARD tp_status tp_profile_set_real(tp_profile *profile, const char *name,
                                                  double value);

/* The path from a top-level call down, always into the child with the most inclusive time, over all
 * threads. Writes at most `room` context indices into `path`, gives the path's length and the
 * thread's index. Length 0 without a context; if there are any, without memory. */
TP_API size_t tp_profile_hottest_path(const tp_profile *profile, size_t *thread, uint32_t *path,
                                      size_t room);

TP_API void tp_profile_destroy(tp_profile *profile);

#ifdef __cplusplus
}
#endif
#endif
