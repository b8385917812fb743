#include "merge_sort.h"

#include <string.h>

/* Runs that are in order already are joined without a merge: rows often come nearly sorted. */
static void merge(uint32_t *to, const uint32_t *from, size_t middle, size_t end,
                  tp_compare *compare, const void *context)
{
    if (middle >= end || compare(context, from[middle - 1], from[middle]) <= 0) {
        memcpy(to, from, end * sizeof *to);
        return;
    }
    size_t left = 0, right = middle;
    for (size_t i = 0; i < end; i++) {
        if (right >= end || (left < middle && compare(context, from[left], from[right]) <= 0))
            to[i] = from[left++];
        else
            to[i] = from[right++];
    }
}

void tp_merge_sort(uint32_t *items, uint32_t *scratch, size_t count, tp_compare *compare,
                   const void *context)
{
    uint32_t *from = items, *to = scratch;
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t start = 0; start < count; start += 2 * width) {
            size_t rest = count - start;
            merge(to + start, from + start, width < rest ? width : rest,
                  2 * width < rest ? 2 * width : rest, compare, context);
        }
        uint32_t *other = from;
        from = to;
        to = other;
    }
    if (from != items && count > 0)
        memcpy(items, from, count * sizeof *items);
}
