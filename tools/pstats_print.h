/* pstats' three tables. */
#ifndef TP_PSTATS_PRINT_H
#define TP_PSTATS_PRINT_H

#include "command.h"
#include "pstats_limit.h"

typedef enum tp_pstats_view {
    TP_PSTATS_STATS,
    TP_PSTATS_CALLERS,
    TP_PSTATS_CALLEES
} tp_pstats_view;

/* print_stats(*limits), print_callers(*limits) or print_callees(*limits). */
TP_NODISCARD tp_status tp_pstats_print(tp_pstats *stats, FILE *out, tp_pstats_view view,
                                       tp_pstats_limit *limits, size_t limit_count);

/* A command's whole run: Stats(FILE...), and what --strip-dirs, --sort, --reverse and --limit ask
 * for, in this order. Gives the exit status. */
int tp_pstats_run(const tp_arguments *arguments, FILE *out, tp_pstats_view view);

#endif
