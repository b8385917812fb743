/* Profiles put together by hand, for what no recording gives. */
#ifndef TEST_BUILDER_H
#define TEST_BUILDER_H

#include "model.h"
#include "support.h"

/* An empty one, in ticks of a second, and what ends its making. */
tp_profile *build_profile(void);
void build_finish(tp_profile *profile);

/* A row; its index. */
uint32_t build_row(tp_profile *profile, const char *file, int64_t line, const char *name,
                   int64_t calls, double total, double cumulative);
void build_edge(tp_profile *profile, uint32_t caller, uint32_t callee, int64_t calls,
                double cumulative);

/* A thread, and contexts in the last one; a context's index. */
void build_thread(tp_profile *profile, const char *name, uint64_t id);
uint32_t build_context(tp_profile *profile, uint32_t parent, uint32_t function, uint64_t calls,
                       int64_t ticks);

/* Figures of a coroutine function, and a process; its index. */
void build_coroutine(tp_profile *profile, uint32_t function, uint64_t started, uint64_t resumes,
                     int64_t active, int64_t awaited);
uint32_t build_process(tp_profile *profile, int64_t pid, int64_t parent, const char *command,
                       double start, double duration);

/* What was recorded of a script as support.h has them. */
tp_profile *recorded(const char *script);

/* The same, with a tick taken out of each call, so that it has both times and shows the compensated ones. */
tp_profile *compensated(const char *script);

/* The row of a label, or NULL. */
const tp_function *row_of(const tp_profile *profile, const char *file, int64_t line,
                          const char *name);

/* A thread's contexts as text, one after the other: "a 2/0 8; .b 1/0 3" is a, with two calls of which
 * none is nested and 8 ticks, and b below it. Names are as short as they come. */
const char *tree_text(const tp_profile *profile, size_t thread);

#endif
