/* Patterns as of a shell: * is any text, slashes too; ? one character; [abc], [a-z] and [!abc] one
 * character of a set. A bracket that nothing closes is itself. Text is UTF-8; a byte that is no part of
 * it is a character of its own.
 */
#ifndef TRACEPROF_GLOB_H
#define TRACEPROF_GLOB_H

#include <traceprof/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* 1 if the pattern is the whole text, else 0. Allocates nothing; the time is bounded by the product of
 * both lengths. Any thread. */
TP_API int tp_glob_match(const char *glob, size_t glob_size, const char *text, size_t size);

/* The same for the whole path, or all of it behind one of its slashes. */
TP_API int tp_glob_match_path(const char *glob, size_t glob_size, const char *path, size_t size);

#ifdef __cplusplus
}
#endif
#endif
