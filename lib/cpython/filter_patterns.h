/* Patterns that say of which files and modules code is meant; docs/filters.md. Knows no Python. */
#ifndef TP_FILTER_PATTERNS_H
#define TP_FILTER_PATTERNS_H

#include <stdbool.h>

#include <traceprof/profile.h>

#include "compiler.h"

/* One pattern; its texts lie in the list's block. */
typedef struct tp_filter_pattern {
    tp_string given;     /* as the user wrote it */
    const char *dotted;  /* a module's name, with ".*" behind; or a path glob */
    const char *slashed; /* the same as a path, with a slash and a star behind; NULL: a path glob */
    size_t size;         /* of both, without what is behind */
} tp_filter_pattern;

/* Sorted, each pattern once. */
typedef struct tp_filter_patterns {
    tp_filter_pattern *items; /* Owned, and the texts behind them. */
    size_t count;
} tp_filter_patterns;

/* Where code is from. */
typedef struct tp_place {
    tp_string file;
    tp_string module; /* bytes NULL: not known */
    bool is_main;     /* the program's main module, whatever its name */
} tp_place;

/* TP_EARGUMENT: a pattern is empty. */
TP_NODISCARD tp_status tp_filter_patterns_create(tp_filter_patterns *patterns,
                                                 const tp_string *texts, size_t count);
void tp_filter_patterns_free(tp_filter_patterns *patterns);

bool tp_filter_patterns_equal(const tp_filter_patterns *left, const tp_filter_patterns *right);

/* Whether any of them means the place. */
bool tp_filter_patterns_match(const tp_filter_patterns *patterns, const tp_place *place);

#endif
