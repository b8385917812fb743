/* Writes marshal objects, version 4, into a buffer. Nothing here can fail by itself: the buffer's
 * status tells at the end. Objects that may come again are numbered by the caller's side (`slot`). */
#ifndef TP_MARSHAL_WRITER_H
#define TP_MARSHAL_WRITER_H

#include "buffer.h"
#include "map.h"

typedef struct tp_marshal_writer {
    tp_buffer *buffer;   /* Borrowed. */
    tp_map index_of;     /* address of what was written -> its reference index */
    uint32_t references; /* indices given out */
} tp_marshal_writer;

void tp_marshal_begin(tp_marshal_writer *writer, tp_buffer *buffer);
void tp_marshal_end(tp_marshal_writer *writer);

void tp_marshal_dict_begin(tp_marshal_writer *writer);
void tp_marshal_dict_end(tp_marshal_writer *writer);
void tp_marshal_list(tp_marshal_writer *writer, uint32_t count);
void tp_marshal_tuple(tp_marshal_writer *writer, uint32_t count);
void tp_marshal_int(tp_marshal_writer *writer, int64_t value);
void tp_marshal_float(tp_marshal_writer *writer, double value);
void tp_marshal_true(tp_marshal_writer *writer);
void tp_marshal_bytes_begin(tp_marshal_writer *writer, uint64_t size);

/* A str. Strings at the same address are written once. */
void tp_marshal_text(tp_marshal_writer *writer, const char *bytes, size_t size);

/* A str that nothing refers to. */
void tp_marshal_text_again(tp_marshal_writer *writer, const char *bytes, size_t size);

/* True if the object known by `identity` has been written before, in which case a reference to it has
 * now been put; else the next object written is that one, and must be a tuple. */
int tp_marshal_seen(tp_marshal_writer *writer, const void *identity);

/* The tuple announced by tp_marshal_seen. */
void tp_marshal_shared_tuple(tp_marshal_writer *writer, uint32_t count);

#endif
