/* Labels by number: equal labels get the same one, 0, 1, 2, ... in order of arrival. */
#ifndef TP_LABEL_SET_H
#define TP_LABEL_SET_H

#include <traceprof/profile.h>

#include "intern.h"

typedef struct tp_label_set {
    tp_intern strings; /* files and names */
    tp_intern triples; /* (line, file, name), the latter two as numbers of strings */
} tp_label_set;

void tp_label_set_init(tp_label_set *set, const tp_allocator *allocator);
void tp_label_set_free(tp_label_set *set);

/* *number is the label's; its bytes are copied when they are new. */
TP_NODISCARD tp_status tp_label_set_put(tp_label_set *set, uint32_t *number, const tp_label *label);

/* The label's number, or TP_MAP_NONE. */
uint32_t tp_label_set_find(const tp_label_set *set, const tp_label *label);

/* The label of a number; its bytes live as long as the set. */
tp_label tp_label_set_get(const tp_label_set *set, uint32_t number);

#endif
