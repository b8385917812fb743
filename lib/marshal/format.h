/* Names in the file's second object; docs/format.md says what each holds. */
#ifndef TP_FORMAT_H
#define TP_FORMAT_H

#define TP_FORMAT_MAJOR 1
#define TP_FORMAT_MINOR 3

/* Key of the first object by which profiling.sampling marks its files. */
#define TP_SAMPLED_KEY "__sampled__"

#define TP_FORMAT_MAGIC "traceprof"
#define TP_FORMAT_UNIT "unit"
#define TP_FORMAT_PROPERTIES "properties"
#define TP_FORMAT_THREADS "threads"
#define TP_FORMAT_NAME "name"
#define TP_FORMAT_ID "id"
#define TP_FORMAT_FUNCTION "function"
#define TP_FORMAT_PARENT "parent"
#define TP_FORMAT_CALLS "calls"
#define TP_FORMAT_NESTED "nested_calls"
#define TP_FORMAT_TICKS "inclusive_ticks"
#define TP_FORMAT_PROCESS "process"
#define TP_FORMAT_OTHER_TICKS "other_ticks"

#define TP_FORMAT_COROUTINES "coroutines" /* with TP_FORMAT_FUNCTION and: */
#define TP_FORMAT_STARTED "started"
#define TP_FORMAT_RESUMES "resumes"
#define TP_FORMAT_ACTIVE "active_ticks"
#define TP_FORMAT_AWAITED "awaited_ticks"
#define TP_FORMAT_OTHER_ACTIVE "other_active_ticks"

#define TP_FORMAT_PROCESSES "processes" /* with TP_FORMAT_PARENT, here a pid, and: */
#define TP_FORMAT_PID "pid"
#define TP_FORMAT_COMMAND "command"
#define TP_FORMAT_START "start"
#define TP_FORMAT_DURATION "duration"

#define TP_FORMAT_TIMES "times" /* one of: */
#define TP_FORMAT_RAW "raw"
#define TP_FORMAT_COMPENSATED "compensated"
#define TP_FORMAT_OTHER "other" /* with: */
#define TP_FORMAT_TOTAL "total"
#define TP_FORMAT_CUMULATIVE "cumulative"
#define TP_FORMAT_EDGE_TOTAL "edge_total"
#define TP_FORMAT_EDGE_CUMULATIVE "edge_cumulative"

#endif
