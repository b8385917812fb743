/* Orders of rows, as pstats.Stats.sort_stats has them. */
#ifndef TP_PSTATS_SORT_H
#define TP_PSTATS_SORT_H

#include "pstats_model.h"

/* A word of sort_stats. */
typedef struct tp_pstats_key {
    const char *name;
    const char *text; /* what "Ordered by" says */
    tp_sort_key key;
} tp_pstats_key;

/* All words in pstats' order; the last one's name is NULL. */
const tp_pstats_key *tp_pstats_keys(void);

/* The word that this is, or is a unique beginning of; NULL: none. */
const tp_pstats_key *tp_pstats_key_find(const char *name, size_t size);

/* The browser of Python 3.15 has other words for samples, which cannot be shortened. */
const tp_pstats_key *tp_pstats_sample_key_find(const char *name, size_t size);

/* sort_stats(*keys), reverse_order(). */
TP_NODISCARD tp_status tp_pstats_sort(tp_pstats *stats, const tp_pstats_key *const *keys,
                                      size_t count);
void tp_pstats_reverse(tp_pstats *stats);

#endif
