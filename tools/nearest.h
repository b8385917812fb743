/* The word that may have been meant by a mistyped one. */
#ifndef TP_NEAREST_H
#define TP_NEAREST_H

#include <stddef.h>

typedef struct tp_nearest {
    const char *word; /* Borrowed; as it was typed */
    size_t size;
    const char *best; /* Borrowed; NULL: nothing is near */
    size_t distance;
} tp_nearest;

void tp_nearest_init(tp_nearest *nearest, const char *word, size_t size);

/* Offers a word. At most two letters may be wrong, missing, too many or swapped; of words as near as
 * each other the first is kept. */
void tp_nearest_offer(tp_nearest *nearest, const char *word);

#endif
