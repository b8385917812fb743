/* The table of python -m pstats, byte for byte. */
#ifndef TP_TABLE_H
#define TP_TABLE_H

#include <traceprof/traceprof.h>

/* Prints what pstats.Stats(file).sort_stats(key).print_stats(limit) prints; limit -1: all rows. The
 * file's time of modification is in the first line. */
TP_NODISCARD tp_status tp_table_print(const tp_profile *profile, const char *file, tp_sort_key key,
                                      long limit);

#endif
