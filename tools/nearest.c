#include "nearest.h"

#include <string.h>

#define FARTHEST 2
#define MOST_LETTERS 31

void tp_nearest_init(tp_nearest *nearest, const char *word, size_t size)
{
    *nearest = (tp_nearest){ .word = word, .size = size, .distance = FARTHEST + 1 };
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How many letters must be changed, put in, left out or swapped with the next one. Row i is how far
 * the first i letters of `a` are from the beginnings of `b`. */
static size_t distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
    size_t rows[3][MOST_LETTERS + 1];
    for (size_t j = 0; j <= b_size; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            row[j] = least(above[j - 1] + (a[i - 1] != b[j - 1]), least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[a_size % 3][b_size];
}

void tp_nearest_offer(tp_nearest *nearest, const char *word)
{
    size_t size = strlen(word);
    if (size > MOST_LETTERS || nearest->size > MOST_LETTERS)
        return;
    size_t found = distance(nearest->word, nearest->size, word, size);
    /* A word with no letter right is not meant. */
    if (found < nearest->distance && found < nearest->size && found < size) {
        nearest->distance = found;
        nearest->best = word;
    }
}
