/* Reads one marshal object into a tree of values. Trusts nothing: lengths are checked against what is
 * left before memory is asked for, nesting is limited, references must lead to finished objects. */
#ifndef TP_MARSHAL_READER_H
#define TP_MARSHAL_READER_H

#include <traceprof/status.h>

typedef enum tp_value_kind {
    TP_VALUE_NULL, /* the end of a dictionary; never in a finished value */
    TP_VALUE_NONE,
    TP_VALUE_BOOL,
    TP_VALUE_INT,
    TP_VALUE_REAL,
    TP_VALUE_TEXT,  /* UTF-8 */
    TP_VALUE_BYTES,
    TP_VALUE_TUPLE, /* also lists and sets */
    TP_VALUE_LIST,
    TP_VALUE_DICT,  /* items: key, value, key, value, ... */
    TP_VALUE_OTHER  /* Ellipsis, StopIteration, complex: present, of no use here */
} tp_value_kind;

typedef struct tp_value {
    tp_value_kind kind;
    uint32_t count;  /* bytes, or items (a dictionary's keys and values both count) */
    uint64_t offset; /* where in the input it began, for messages */
    union {
        int64_t integer;
        double real;
        const uint8_t *bytes;         /* Borrowed from the input, or owned by the reader. */
        const struct tp_value *items; /* Owned by the reader. */
    } as;
} tp_value;

typedef struct tp_block tp_block;

typedef struct tp_marshal_reader {
    const tp_allocator *allocator; /* Borrowed. */
    const uint8_t *bytes;          /* Borrowed. */
    size_t size;
    size_t position;
    tp_value *references; /* Owned. */
    size_t reference_count;
    size_t reference_capacity;
    tp_value *stack; /* Owned; items of containers not yet finished */
    size_t stack_count;
    size_t stack_capacity;
    tp_block *blocks; /* Owned; memory of finished containers and converted text */
    tp_error error;   /* the first failure; sticky */
} tp_marshal_reader;

void tp_marshal_open(tp_marshal_reader *reader, const uint8_t *bytes, size_t size,
                     const tp_allocator *allocator);
void tp_marshal_close(tp_marshal_reader *reader);

/* Reads the next object; values live until the reader is closed. References do not reach from one
 * object into the one before. On failure reader->error tells. */
TP_NODISCARD tp_status tp_marshal_read(tp_marshal_reader *reader, tp_value *value);

/* Records a failure at an offset of the input, unless there was one before. Gives its status. */
tp_status tp_marshal_fail(tp_marshal_reader *reader, tp_status status, uint64_t offset,
                          const char *message);

/* The value of a text key in a dictionary, or NULL. */
const tp_value *tp_value_lookup(const tp_value *dict, const char *key);

#endif
