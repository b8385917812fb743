/* What stands behind "stats" in the browser: how many rows, which part of them, which functions. */
#ifndef TP_PSTATS_LIMIT_H
#define TP_PSTATS_LIMIT_H

#include <stdio.h>

#include "pstats_model.h"

typedef enum tp_pstats_limit_kind {
    TP_LIMIT_COUNT,
    TP_LIMIT_FRACTION,
    TP_LIMIT_PATTERN,
    TP_LIMIT_OUT_OF_RANGE /* a fraction that is not in [0, 1] */
} tp_pstats_limit_kind;

typedef struct tp_pstats_limit {
    tp_pstats_limit_kind kind;
    int64_t count;
    double fraction;
    char *text; /* Owned. */
    tp_pattern *pattern; /* Owned; NULL where it is not valid, and `status` says why */
    tp_status status;
    size_t before, after; /* rows, when last applied */
} tp_pstats_limit;

/* As the browser takes a word: for an int, else a float, else a regular expression. To be freed in
 * either case. */
TP_NODISCARD tp_status tp_pstats_limit_parse(tp_pstats_limit *limit, const char *text, size_t size);
void tp_pstats_limit_free(tp_pstats_limit *limit);

/* Keeps those of rows[0 .. *count - 1] that the limit lets through. */
TP_NODISCARD tp_status tp_pstats_limit_apply(tp_pstats_limit *limit, const tp_pstats *stats,
                                             uint32_t *rows, size_t *count);

/* The line on what it did, if there is one. */
void tp_pstats_limit_report(const tp_pstats_limit *limit, FILE *out);

#endif
