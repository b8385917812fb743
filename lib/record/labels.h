/* Functions of a session: a number for each distinct label, and which living keys stand for it. */
#ifndef TP_LABELS_H
#define TP_LABELS_H

#include <traceprof/session.h>

#include "label_set.h"

typedef struct tp_labels {
    const tp_allocator *allocator; /* Borrowed. */
    tp_intern strings;             /* of labels, and of tracks */
    tp_label_set set;              /* its numbers are the functions' */
    tp_map function_of_key;        /* living keys only */
    const void **key_of_function;  /* Owned; the key seen last, NULL once freed. Keys borrowed. */
    size_t key_capacity;
    uint8_t *is_coroutine; /* Owned; by function number */
    size_t coroutine_capacity;
    uint32_t *order; /* Owned; function numbers in the order of their labels, of the first so many: */
    uint32_t ordered;
} tp_labels;

void tp_labels_init(tp_labels *labels, const tp_allocator *allocator);
void tp_labels_free(tp_labels *labels);

/* *function is the number of key's label, asked of the resolver if the key is new. */
TP_NODISCARD tp_status tp_labels_function(tp_labels *labels, uint32_t *function, const void *key,
                                          void *subject, const tp_resolver *resolver);

/* Whether the resolver said that one of the function's keys is a coroutine function. */
bool tp_labels_is_coroutine(const tp_labels *labels, uint32_t function);

/* The kind of a call, asked of the resolver; 0 for one that there is not. A key that has been freed is no
 * key above. */
unsigned tp_labels_kind(const tp_resolver *resolver, const void *key, void *subject,
                        const void *above);

void tp_labels_forget(tp_labels *labels, const void *key);

/* The numbers of all functions in the order of their labels, the labels'; NULL without memory. Kept until there is
 * another label: what is recorded and read again and again knows its order. */
const uint32_t *tp_labels_in_order(tp_labels *labels);

/* A living key of that label, or NULL. */
const void *tp_labels_find_key(const tp_labels *labels, const tp_label *label);

#endif
