/* Which rows a table shows, and in which order: --sort, --reverse, --limit. */
#ifndef TP_ROWS_H
#define TP_ROWS_H

#include "command.h"
#include "pstats_limit.h"

#define TP_MAX_SORT_KEYS 8

typedef struct tp_order {
    tp_sort_key keys[TP_MAX_SORT_KEYS];
    size_t key_count;
    int reverse;
} tp_order;

/* From --sort (KEY[,KEY...], `standard` if it is not given) and --reverse. 0, or an exit status with
 * the error printed. */
int tp_order_find(tp_order *order, const tp_arguments *arguments, tp_sort_key standard);

/* "sorted by cumulative time, call count" without the first two words. */
void tp_put_order(FILE *out, const tp_order *order);

/* All values of --limit, to be applied one after the other. */
typedef struct tp_limits {
    tp_pstats_limit *limits; /* Owned. */
    size_t count;
} tp_limits;

/* 0, or an exit status with the error printed. To be freed in either case. */
int tp_limits_find(tp_limits *limits, const tp_arguments *arguments);
void tp_limits_free(tp_limits *limits);

/* Cuts a list of `count` items down; label_of tells an item's label, for patterns. Gives how many are
 * left at its beginning. TP_ENOMEM leaves the list in disorder. */
TP_NODISCARD tp_status tp_limits_apply(const tp_limits *limits, uint32_t *items, size_t *count,
                                       const tp_label *(*label_of)(const void *context,
                                                                   uint32_t item),
                                       const void *context);

/* The functions in that order: their indices in *rows, which the caller frees, and *count of them.
 * Functions that are only implied are left out. */
TP_NODISCARD tp_status tp_rows_sort(uint32_t **rows, size_t *count, const tp_profile *profile,
                                    const tp_order *order);

/* The functions that --sort, --reverse and --limit give: their indices in *rows, which the caller
 * frees, and *count of them. Functions that are only implied are left out. 0, or an exit status with
 * the error printed. */
int tp_rows_find(uint32_t **rows, size_t *count, const tp_profile *profile, const tp_order *order,
                 const tp_limits *limits);

/* For tables that pstats has, too. */
#define TP_PSTATS_OPTION                                                                          \
    { '\0', "pstats", NULL,                                                                       \
      "print what Python's pstats prints, to the byte; of the other options only --sort, "        \
      "--reverse, --limit and --strip-dirs count", NULL }

/* These options, for commands' lists. `more` is text: further keys, each with a comma behind it. */
#define TP_ROW_OPTIONS(more)                                                                      \
    { 's', "sort", "KEY[,KEY]",                                                                   \
      "calls, pcalls, cumulative, time, filename, line, name, nfl, stdname, " more                \
      "or what pstats calls them besides; a unique beginning is enough", NULL },                  \
    { 'r', "reverse", NULL, "the other way about", NULL },                                        \
    { 'n', "limit", "LIMIT",                                                                      \
      "a number of rows, a fraction of them (0.1), or a regular expression that rows must "       \
      "match; may be repeated", NULL }

#endif
