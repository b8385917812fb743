/* Python's pstats.Stats: files loaded, added, stripped and sorted by its rules, its odd ones too,
 * so that what is printed is the same to the byte. Where tp_profile tells what is true, this tells
 * what Python shows: two rows that strip_dirs makes equal are added, two callers in one row are not.
 * Counts are wide, since they are sums of whatever a file holds. */
#ifndef TP_PSTATS_MODEL_H
#define TP_PSTATS_MODEL_H

#include <traceprof/traceprof.h>

#include "wide.h"

/* The value in a row's dictionary of callers: four numbers, or for the module profile one. */
typedef struct tp_pstats_caller {
    uint32_t label;
    int is_number; /* `calls` alone is known */
    tp_wide calls;
    tp_wide primitive_calls;
    double total;
    double cumulative;
} tp_pstats_caller;

typedef struct tp_pstats_row {
    uint32_t label;
    tp_wide calls;
    tp_wide primitive_calls;
    double total;
    double cumulative;
    size_t first_caller;
    size_t caller_count;
} tp_pstats_row;

/* A function's name, whether it has a row or is only named as a caller. */
typedef struct tp_pstats_label {
    tp_label text;    /* Borrowed from a profile. */
    uint32_t row;     /* TP_NO_INDEX: it has none */
    int is_top_level; /* called by the root that the module profile writes */
} tp_pstats_label;

/* A row of the table of callees, made when it is first printed. */
typedef struct tp_pstats_callee {
    uint32_t caller;
    uint32_t callee;
    tp_pstats_caller value;
} tp_pstats_callee;

typedef struct tp_pstats {
    tp_profile **profiles; /* Owned: they hold the labels' bytes. */
    size_t profile_count;
    char **files; /* Owned: the lines above a table */
    size_t file_count;
    tp_pstats_label *labels; /* Owned. */
    size_t label_count;
    tp_pstats_row *rows; /* Owned. */
    size_t row_count;
    tp_pstats_caller *callers; /* Owned; those of a row stand together */
    size_t caller_count;
    tp_pstats_callee *callees; /* Owned; NULL until asked for. By caller, then by name. */
    size_t callee_count;
    uint32_t *order; /* Owned: rows as sorted; NULL: not sorted */
    char *order_text; /* Owned: what they are sorted by */
    tp_wide calls;
    tp_wide primitive_calls;
    double total;
    size_t name_width;
    int is_sampled;
    const tp_times *times; /* Borrowed; those that were asked for */
} tp_pstats;

/* What pstats.Stats(path) holds; or the same of these times, if `times` is not NULL. TP_EIO and TP_EFORMAT
 * with `error` filled; TP_EARGUMENT likewise: the file has not those times, and without: it has no
 * functions, which pstats refuses. */
TP_NODISCARD tp_status tp_pstats_load(tp_pstats **stats, const char *path, const tp_times *times,
                                      tp_error *error);

/* stats.add(path) of the same times, which leaves `stats` as it was on failure. TP_ESTATE: a function's callers have
 * times in one file, and numbers of calls alone in the other. */
TP_NODISCARD tp_status tp_pstats_add(tp_pstats *stats, const char *path, tp_error *error);

TP_NODISCARD tp_status tp_pstats_strip_dirs(tp_pstats *stats);
void tp_pstats_destroy(tp_pstats *stats);

/* The time of modification and the name. Owned by the caller; NULL without memory. */
char *tp_pstats_file_line(const char *path);

/* The order of Python's tuples (file, line, name). */
int tp_pstats_compare_labels(const tp_label *a, const tp_label *b);
int tp_pstats_compare_text(tp_string a, tp_string b);

/* func_std_string's result: its length in bytes, and in code points; its bytes, for which there
 * must be room. */
size_t tp_pstats_name_size(const tp_label *label);
size_t tp_pstats_name_width(const tp_label *label);
size_t tp_pstats_name_write(const tp_label *label, char *text);

#endif
