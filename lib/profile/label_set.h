/* Labels by number: equal labels get the same one, 0, 1, 2, ... in order of arrival. */
#ifndef TP_LABEL_SET_H
#define TP_LABEL_SET_H

#include <traceprof/profile.h>

#include "intern.h"

/* A label whose strings are given by their numbers. */
typedef struct tp_packed_label {
    int64_t line;
    uint32_t file;
    uint32_t name;
} tp_packed_label;

typedef struct tp_label_set {
    tp_intern *strings;      /* Borrowed: files and names, and whatever else is kept there. */
    tp_packed_label *labels; /* Owned. */
    uint32_t *slots;         /* Owned; number + 1, 0 is empty */
    size_t capacity;
    size_t slot_count; /* a power of two, or 0 */
    uint32_t count;
} tp_label_set;

void tp_label_set_init(tp_label_set *set, tp_intern *strings);
void tp_label_set_free(tp_label_set *set);

/* The numbers of a label's strings, which are copied when they are new. */
TP_NODISCARD tp_status tp_label_pack(tp_label_set *set, tp_packed_label *packed, const tp_label *label);

/* *number is the label's; its bytes are copied when they are new. */
TP_NODISCARD tp_status tp_label_set_put(tp_label_set *set, uint32_t *number, const tp_label *label);
TP_NODISCARD tp_status tp_label_set_put_packed(tp_label_set *set, uint32_t *number,
                                               const tp_packed_label *label);

/* The label's number, or TP_MAP_NONE. */
uint32_t tp_label_set_find(const tp_label_set *set, const tp_label *label);

/* The label of a number; its bytes live as long as the strings. */
tp_label tp_label_set_get(const tp_label_set *set, uint32_t number);

#endif
