/* Sums of 64-bit counts, which may be larger than 64 bits. */
#ifndef TP_WIDE_H
#define TP_WIDE_H

#include <stdint.h>

/* high * 2^64 + low */
typedef struct tp_wide {
    int64_t high;
    uint64_t low;
} tp_wide;

/* A sign, 39 digits, and the NUL. */
#define TP_WIDE_TEXT 41

tp_wide tp_wide_add(tp_wide a, tp_wide b);
tp_wide tp_wide_from(int64_t value);

/* Below, at or above 0, as for qsort. */
int tp_wide_compare(tp_wide a, tp_wide b);
double tp_wide_to_double(tp_wide value);

/* Writes decimal digits to `text`; gives where they begin in it. */
const char *tp_wide_format(tp_wide value, char text[TP_WIDE_TEXT]);

#endif
