/* The figures of a profile as columns of JSON: "name":[1,2,3]. Functions have the numbers
 * number_of[function], or their own where that is NULL. */
#ifndef TP_REPORT_COLUMNS_H
#define TP_REPORT_COLUMNS_H

#include <traceprof/profile.h>

#include "buffer.h"

void tp_column_begin(tp_buffer *buffer, const char *name, int is_first);
void tp_column_end(tp_buffer *buffer);

/* A comma, but in front of the first. */
void tp_column_next(tp_buffer *buffer);

/* Each a member of the profile's object. */
void tp_columns_put_rows(tp_buffer *buffer, const tp_profile *profile, const uint32_t *number_of);
void tp_columns_put_edges(tp_buffer *buffer, const tp_profile *profile, const uint32_t *number_of);
void tp_columns_put_coroutines(tp_buffer *buffer, const tp_profile *profile,
                               const uint32_t *number_of);
void tp_columns_put_threads(tp_buffer *buffer, const tp_profile *profile,
                            const uint32_t *number_of);

#endif
