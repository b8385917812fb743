/* One marshal item by itself: its code and what follows it directly, containers' items excepted. */
#ifndef TP_SCALAR_READER_H
#define TP_SCALAR_READER_H

#include "marshal_reader.h"

/* What the module `profile` writes as the name of a script's main function (CPython, Python/marshal.c,
 * since 3.11): five i32, the ten items, and one more i32 before the last two. */
#define TP_CODE_HEAD 20
#define TP_CODE_ITEMS 10
#define TP_CODE_NAME 6 /* position of the name among the items */
#define TP_CODE_ITEMS_BEHIND_LINE 2
#define TP_CODE_LINE_SIZE 4

/* Reads at reader->position. For a reference `referred` is set and `count` is the index; nothing else
 * is known of it yet. Neither references nor open containers are touched. */
TP_NODISCARD tp_status tp_scalar_read(tp_marshal_reader *reader, tp_item *item);

#endif
