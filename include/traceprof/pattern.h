/* Regular expressions in the syntax of Python's re module, searched in time linear in the text.
 *
 * What is asked of a pattern here is only whether it occurs, which needs no backtracking: the text
 * is read once and the set of possible states is followed (Thompson, CACM 11:6, 1968; Cox, "Regular
 * Expression Matching Can Be Simple And Fast", 2007). Backreferences, lookaround, conditionals,
 * atomic groups and possessive quantifiers are therefore refused, as is what expands beyond a
 * limit.
 */
#ifndef TRACEPROF_PATTERN_H
#define TRACEPROF_PATTERN_H

#include <traceprof/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tp_pattern tp_pattern;

/* Compiles `size` bytes of UTF-8; a byte that is no part of it is a character of its own.
 * `allocator` and `error` may be NULL. On failure error->offset is the byte in the pattern, and the status is
 * - TP_EFORMAT: not a valid expression;
 * - TP_EUNSUPPORTED: what is named above, or \N{...}. What follows is not read and may be wrong;
 * - TP_ELIMIT: more than 20 000 instructions (repetitions are written out) or pieces of classes, or
 *   groups more than 500 deep.
 *
 * The expression means what the newest re makes of a str pattern: \z is \Z, and \B holds in an
 * empty text (not so before Python 3.14). Letters, digits and case are those of Unicode 17. Not as
 * in re: code points that are not assigned may count as \w; group names beyond ASCII may hold
 * whatever is \w; (?i) works beyond U+FFFF in classes too; and (?a:\W) finds what re.match would
 * find there, which re.search overlooks. */
TP_API TP_NODISCARD tp_status tp_pattern_create(tp_pattern **pattern, const char *text, size_t size,
                                                const tp_allocator *allocator, tp_error *error);

/* 1 if the pattern occurs anywhere in the text, else 0. Allocates nothing. One
 * thread at a time: the pattern holds the search's memory. */
TP_API int tp_pattern_search(tp_pattern *pattern, const char *text, size_t size);

TP_API void tp_pattern_destroy(tp_pattern *pattern);

#ifdef __cplusplus
}
#endif
#endif
