/* Patterns as of a shell: * is any text, slashes too; ? one character; [abc], [a-z] and [!abc] one
 * character of a set. A bracket that nothing closes is itself. */
#ifndef TP_GLOB_H
#define TP_GLOB_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of something else; no NUL behind them. */
typedef struct tp_span {
    const char *bytes;
    size_t size;
} tp_span;

/* Whether the pattern is the whole text. The time is bounded by the product of both lengths. */
bool tp_glob_match(tp_span glob, tp_span text);

/* Whether it is the whole path, or all of it behind one of its slashes. */
bool tp_glob_match_path(tp_span glob, tp_span path);

#endif
