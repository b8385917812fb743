/* Which times a file shows, and the figures of the others (docs/format.md). */
#ifndef TP_TIMES_READER_H
#define TP_TIMES_READER_H

#include "marshal_reader.h"
#include "model.h"

/* What was found so far, in whatever order. A file has all of it or nothing. */
typedef struct tp_times_found {
    bool times;
    bool figures;
    bool coroutines;
    size_t threads; /* how many have both */
} tp_times_found;

/* Read the values of the two keys. */
TP_NODISCARD tp_status tp_load_times(tp_marshal_reader *reader, tp_profile *profile,
                                     tp_times_found *found);
TP_NODISCARD tp_status tp_load_other(tp_marshal_reader *reader, tp_profile *profile,
                                     tp_times_found *found);

/* Once all of the object `dict` is read: whether the profile has both times, or one part is missing. */
TP_NODISCARD tp_status tp_check_times(tp_marshal_reader *reader, tp_profile *profile,
                                      const tp_times_found *found, const tp_item *dict);

#endif
