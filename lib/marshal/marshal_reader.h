/* Reads marshal objects item by item. Trusts nothing: lengths are checked against what is left, nesting
 * is limited and costs no C stack, references must lead to finished objects.
 *
 * An item is a scalar, or the beginning of a container; the container's items follow as the next ones.
 *
 *     {  (2  "f.py"  7  (1 ...      ->  DICT, TUPLE of 2, TEXT, INT, TUPLE of 1, ..., NULL
 *
 * References are kept as places in the input, eight bytes each, and read again where they are used.
 * A container that was referred to is entered only when the caller asks for its items. */
#ifndef TP_MARSHAL_READER_H
#define TP_MARSHAL_READER_H

#include <stdbool.h>

#include <traceprof/profile.h>
#include <traceprof/status.h>

typedef enum tp_item_kind {
    TP_ITEM_NULL, /* ends a dictionary */
    TP_ITEM_NONE,
    TP_ITEM_BOOL,
    TP_ITEM_INT,
    TP_ITEM_REAL,
    TP_ITEM_TEXT,
    TP_ITEM_BYTES,
    TP_ITEM_KNOWN, /* a reference to something the caller has noted; `count` is the note */
    TP_ITEM_OTHER, /* Ellipsis, StopIteration, complex: present, of no use here */
    TP_ITEM_TUPLE, /* from here on containers */
    TP_ITEM_LIST,
    TP_ITEM_SET,
    TP_ITEM_SLICE, /* three items */
    TP_ITEM_CODE,  /* a code object of CPython 3.11 or later: ten items */
    TP_ITEM_DICT   /* keys and values in turn, up to a null */
} tp_item_kind;

#define TP_NO_REFERENCE UINT32_MAX

typedef struct tp_item {
    tp_item_kind kind;
    uint32_t count;     /* bytes of a string, items of a container other than a dictionary */
    uint32_t reference; /* index of the object among those that can be referred to */
    bool referred;      /* it was given by a reference: its items do not follow by themselves */
    bool latin1;        /* text of one byte a character, some beyond ASCII */
    uint64_t offset;    /* where in the input the item began, for messages */
    union {
        int64_t integer;
        double real;
        const uint8_t *bytes; /* Borrowed from the input. */
        uint64_t contents;    /* a container's: where its items begin */
    } as;
} tp_item;

/* What an object is known as to the caller (a string's number, a label's), so that a reference to it
 * need be neither read nor looked up again. Notes are below TP_NOTE_UNFINISHED. */
#define TP_NOTE_NONE UINT32_MAX
#define TP_NOTE_UNFINISHED (UINT32_MAX - 1)

typedef struct tp_reference {
    uint32_t offset;
    uint32_t note;
} tp_reference;

/* A container whose items are being read. */
typedef struct tp_open_container {
    uint64_t return_to; /* where to read on behind one that was referred to, else 0 */
    uint32_t left;      /* items to come; of a dictionary: 0, or 1 when a value is due */
    uint32_t reference;
    bool is_dict;
    bool is_code;
} tp_open_container;

typedef struct tp_marshal_reader {
    const tp_allocator *allocator; /* Borrowed. */
    const uint8_t *bytes;          /* Borrowed. */
    size_t size;
    size_t position;
    tp_reference *references; /* Owned. */
    size_t reference_count;
    size_t reference_capacity;
    tp_open_container *open; /* Owned; innermost last */
    size_t depth;
    size_t depth_capacity;
    size_t replays; /* open containers that were referred to: nothing in them is new */
    size_t reread;  /* bytes that references have led to, each time anew */
    char *scratch;  /* Owned. */
    size_t scratch_capacity;
    tp_error error; /* the first failure; sticky */
} tp_marshal_reader;

/* The input is at most 4 GiB - 1 byte. */
void tp_marshal_open(tp_marshal_reader *reader, const uint8_t *bytes, size_t size,
                     const tp_allocator *allocator);
void tp_marshal_close(tp_marshal_reader *reader);

/* Before each object of the input: references do not reach from one into the one before. */
void tp_marshal_next_object(tp_marshal_reader *reader);

/* The next item. On failure reader->error tells. */
TP_NODISCARD tp_status tp_marshal_read(tp_marshal_reader *reader, tp_item *item);

/* After a container: makes its items the next ones, wherever they are. */
TP_NODISCARD tp_status tp_marshal_enter(tp_marshal_reader *reader, const tp_item *item);

/* After any item: passes over what belongs to it. */
TP_NODISCARD tp_status tp_marshal_skip(tp_marshal_reader *reader, const tp_item *item);

/* Notes what the object is known as; from then on references to it are read as TP_ITEM_KNOWN. Nothing
 * is done where nothing can refer to it. */
void tp_marshal_note(tp_marshal_reader *reader, const tp_item *item, uint32_t note);

/* A text's UTF-8; good until the next call. */
TP_NODISCARD tp_status tp_marshal_get_text(tp_marshal_reader *reader, const tp_item *item,
                                       tp_string *text);

/* Records a failure at an offset of the input, unless there was one before. Gives its status. */
tp_status tp_marshal_fail(tp_marshal_reader *reader, tp_status status, uint64_t offset,
                          const char *message);

#endif
