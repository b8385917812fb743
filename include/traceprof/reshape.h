/* Profiles made from profiles: a part of one, several added up, one seen from below. What is given is
 * left as it was; what is made stands by itself, and has both times if that has. */
#ifndef TRACEPROF_RESHAPE_H
#define TRACEPROF_RESHAPE_H

#include <traceprof/pattern.h>
#include <traceprof/profile.h>
#include <traceprof/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Whether a function belongs to somebody's own code or to a library: Python's, one that was installed,
 * or what is built in. Told by the file's name. */
TP_API int tp_label_is_library(const tp_label *label);

/* Which part. Patterns are searched for in labels as printed ("file:line(name)").
 *
 * With a tree, every figure afterwards is that of the calls that are left, exactly. Without one, a
 * function's figures cannot be divided: rows are kept or dropped whole, with their edges; the own time
 * of what is hidden goes to its callers. */
typedef struct tp_selection {
    size_t size;             /* sizeof (tp_selection) of the caller's header */
    tp_pattern *focus;       /* Borrowed, as all here; NULL: no such rule. Calls on a path through a match. */
    tp_pattern *ignore;      /* not: matches, and all that they call */
    tp_pattern *hide;        /* not: matches; what they call is as called by their callers */
    tp_pattern *root;        /* matches as top-level calls, and what they call. Needs a tree. */
    uint32_t collapse_lib;   /* not 0: what a library calls in a library is part of the call */
    uint32_t by_thread;      /* not 0: only threads with `thread` as name or, in decimal, number */
    tp_string thread;
    uint32_t by_process;     /* not 0: only threads of the process with this pid */
    int64_t process;
} tp_selection;

#define TP_SELECTION_INIT \
    { sizeof(tp_selection), NULL, NULL, NULL, NULL, 0, 0, { NULL, 0 }, 0, 0 }

/* TP_EARGUMENT: a thread, a process or a root is asked for and the profile has no tree. Figures of
 * coroutines are those of all calls, and go with the row; or when only some threads are asked for, if the
 * function was called in others, too. */
TP_API TP_NODISCARD tp_status tp_profile_select(tp_profile **part, const tp_profile *profile,
                                                const tp_selection *selection);

/* The profile with file names without their folders. What then has the same label is added up, as are
 * its callers and callees. */
TP_API TP_NODISCARD tp_status tp_profile_strip_dirs(tp_profile **stripped,
                                                    const tp_profile *profile);

/* The trees upside down: at the top every function with its own time, below it those that called it.
 * Inclusive time is the own time of the top one, spent below these callers. Callers more than `depth`
 * above are left out; the result may have as many contexts as `depth` times those there were. */
TP_API TP_NODISCARD tp_status tp_profile_invert(tp_profile **inverted, const tp_profile *profile,
                                                size_t depth);

/* A tree out of edges alone: each function's time divided among its callers as the edges have it,
 * whoever called those. That is an estimate, and wrong wherever a function does different work for
 * different callers' callers. Contexts below `least` of the total time that is shown (0.001 is a
 * thousandth) are left out, as is recursion. The property "tree" says "estimated". */
TP_API TP_NODISCARD tp_status tp_profile_estimate_tree(tp_profile **estimate,
                                                       const tp_profile *profile, double least);

/* Adding up. Rows, edges, coroutines and trees of equal labels are one, threads of equal names and
 * processes too, and processes of equal pid, start and command. Counts add up exactly, times as doubles
 * do, trees and coroutines in the first one's ticks. The sum has both times if any has, and shows what the
 * first of those does; the times of one that has only raw ones count in both, and the property
 * "compensation" says "in part". */
typedef struct tp_merge tp_merge;

TP_API TP_NODISCARD tp_status tp_merge_create(tp_merge **merge, const tp_allocator *allocator);
TP_API void tp_merge_destroy(tp_merge *merge);
TP_API TP_NODISCARD tp_status tp_merge_add(tp_merge *merge, const tp_profile *profile);

/* The sum. It has trees only if all that was added has; *without_tree (may be NULL) is how many had
 * none. The merge is then spent, and only good for being destroyed. */
TP_API TP_NODISCARD tp_status tp_merge_finish(tp_merge *merge, tp_profile **profile,
                                              size_t *without_tree);

/* For each function of `a` its counterpart in `b`, or TP_NO_INDEX: by label; where there is none, by
 * file and name, if on both sides just one is left that has them (a line number moves easily).
 * `b_of_a` has room for a's functions. */
TP_API TP_NODISCARD tp_status tp_profile_match(const tp_profile *a, const tp_profile *b,
                                               uint32_t *b_of_a);

/* For each context of `a` the one of `b` on the same path, or TP_NO_INDEX. `allocator` may be NULL. */
TP_API TP_NODISCARD tp_status tp_tree_match(const tp_thread_tree *a, const tp_thread_tree *b,
                                            const uint32_t *b_of_a, uint32_t *context_of,
                                            const tp_allocator *allocator);

#ifdef __cplusplus
}
#endif
#endif
