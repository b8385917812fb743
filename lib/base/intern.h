/* A set of byte strings: equal strings get the same number, 0, 1, 2, ... in order of arrival, and
 * their bytes stay where they are until the set is freed. */
#ifndef TP_INTERN_H
#define TP_INTERN_H

#include "arena.h"
#include "map.h"

typedef struct tp_text {
    const char *bytes; /* NUL-terminated for convenience; may hold NULs itself */
    size_t size;
} tp_text;

typedef struct tp_intern {
    const tp_allocator *allocator; /* Borrowed. */
    tp_text *texts;                /* Owned; the bytes are the arena's. */
    uint32_t *hashes;              /* Owned; one each */
    uint32_t *slots;               /* Owned; number + 1, 0 is empty. Open addressing, linear probing. */
    size_t capacity;
    size_t slot_count; /* a power of two, or 0 */
    uint32_t count;
    tp_arena arena; /* Owned. */
} tp_intern;

void tp_intern_init(tp_intern *set, const tp_allocator *allocator);
void tp_intern_free(tp_intern *set);

/* *number is the string's; it is copied when it is new. */
TP_NODISCARD tp_status tp_intern_put(tp_intern *set, uint32_t *number, const char *bytes,
                                     size_t size);

/* The string's number, or TP_MAP_NONE if it is not in the set. */
uint32_t tp_intern_find(const tp_intern *set, const char *bytes, size_t size);

#endif
