/* Dictionaries of the file's second object: what their keys are called, and what belongs to each. */
#ifndef TP_PARTS_H
#define TP_PARTS_H

#include "marshal_reader.h"

/* A key, and where its value goes. */
typedef struct tp_part {
    const char *name;
    tp_item *item; /* Borrowed. */
} tp_part;

/* The next key of a dictionary that was entered; *at_end when there are no more. Keys that are not
 * text fit no name. */
TP_NODISCARD tp_status tp_next_key(tp_marshal_reader *reader, tp_item *key, bool *at_end);
bool tp_is_key(const tp_item *key, const char *name);

/* All of a dictionary that was entered: values of other keys are passed over, parts that are absent
 * get the kind TP_ITEM_NULL. */
TP_NODISCARD tp_status tp_read_parts(tp_marshal_reader *reader, const tp_part *parts, size_t count);

/* Whether it is bytes, and `count` times `width` of them. */
bool tp_is_column(const tp_item *item, uint32_t width, uint32_t count);

/* Failures at an item, and of what the profile was given. */
tp_status tp_bad_item(tp_marshal_reader *reader, const tp_item *item, const char *message);
tp_status tp_load_failed(tp_marshal_reader *reader, tp_status status);

#endif
