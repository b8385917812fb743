/* Which profiler wrote a pstats dictionary, told by what only it does, and what it means by its counts.
 * docs/format.md has the table. */
#ifndef TP_DIALECT_H
#define TP_DIALECT_H

#include <stdbool.h>

#include "model.h"

/* What was seen while reading. */
typedef struct tp_dialect_signs {
    bool is_sampled;        /* has the key of profiling.sampling */
    uint64_t plain_callers; /* edges of one number */
    uint64_t negative;      /* functions with a count below 0 */
    uint64_t more_primitive; /* functions with more primitive calls than calls */
    uint64_t less_primitive; /* and with fewer */
} tp_dialect_signs;

void tp_dialect_note_function(tp_dialect_signs *signs, const tp_function *function);

tp_dialect tp_dialect_of(const tp_dialect_signs *signs);

/* Makes counts mean what <traceprof/profile.h> says, by the profile's dialect, and counts the repairs. */
void tp_dialect_normalise(tp_profile *profile);

#endif
