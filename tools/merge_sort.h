/* A stable sort of indices, whose comparison is given what it needs. */
#ifndef TP_MERGE_SORT_H
#define TP_MERGE_SORT_H

#include <stddef.h>
#include <stdint.h>

/* Below, at or above 0, as for qsort. */
typedef int tp_compare(const void *context, uint32_t a, uint32_t b);

/* Sorts items[0 .. count - 1]; `scratch` has room for as many. Equal items keep their order. */
void tp_merge_sort(uint32_t *items, uint32_t *scratch, size_t count, tp_compare *compare,
                   const void *context);

#endif
