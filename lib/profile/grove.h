/* Calling context trees while they are put together from others: merged, thinned out, turned over. */
#ifndef TP_GROVE_H
#define TP_GROVE_H

#include <stdbool.h>

#include "map.h"
#include "model.h"

typedef struct tp_sprout {
    uint32_t function;
    uint32_t parent; /* TP_NO_INDEX at the top */
    uint32_t first;  /* children in the order in which they came, TP_NO_INDEX at the end */
    uint32_t last;
    uint32_t next;
    uint64_t calls;
    uint64_t nested_calls;
    tp_ticks ticks; /* inclusive */
} tp_sprout;

/* One tree, or several: whatever has no parent is a top-level call. */
typedef struct tp_grove {
    const tp_allocator *allocator; /* Borrowed. */
    tp_sprout *sprouts;            /* Owned; parents stand before their children */
    size_t count;
    size_t capacity;
    uint32_t first; /* top-level calls, as a sprout's children */
    uint32_t last;
    tp_map child_of; /* parent and function -> sprout */
} tp_grove;

void tp_grove_init(tp_grove *grove, const tp_allocator *allocator);
void tp_grove_free(tp_grove *grove);

/* The child of `parent` with this function, made if there is none. */
TP_NODISCARD tp_status tp_grove_child(tp_grove *grove, uint32_t *sprout, uint32_t parent,
                                      uint32_t function);

/* Adds a context's figures below `parent`, by the rule of direct recursion: a call of a function by
 * itself by itself is one more nested call of its parent, which is then *sprout. */
TP_NODISCARD tp_status tp_grove_add(tp_grove *grove, uint32_t *sprout, uint32_t parent,
                                    const tp_context *context);

/* Appends the grove's contexts to a tree in pre-order. */
TP_NODISCARD tp_status tp_grove_copy(const tp_grove *grove, tp_profile *profile, tp_tree_data *tree);

/* Each context's own ticks into self[0 .. count - 1]. */
void tp_contexts_self(const tp_context *contexts, size_t count, tp_ticks *self);

/* Inclusive ticks again from own ones: the reverse. */
void tp_contexts_sum(const tp_context *contexts, size_t count, tp_ticks *self_to_inclusive);

#endif
