/* The program that a pattern becomes, and how it is put together. Jumps are relative, so that a run
 * of instructions can be moved and copied as it is. */
#ifndef TP_PATTERN_PROGRAM_H
#define TP_PATTERN_PROGRAM_H

#include <stdbool.h>

#include <traceprof/pattern.h>

/* Instructions, and pieces of classes. What a code point costs a search is bounded by it: each
 * instruction is run once, and beyond ASCII a class is asked piece by piece. */
#define TP_PATTERN_LIMIT 20000

typedef enum tp_opcode {
    TP_OP_LITERAL,  /* the code point in `argument`, folded under TP_PATTERN_IGNORE_CASE */
    TP_OP_ANY,      /* any code point */
    TP_OP_NOT_LINE, /* any but newline */
    TP_OP_CLASS,    /* one that class number `argument` holds */
    TP_OP_JUMP,     /* go on `argument` instructions further */
    TP_OP_SPLIT,    /* go on at the next instruction, and `argument` further */
    TP_OP_START,    /* here the text begins */
    TP_OP_LINE_START,
    TP_OP_END,
    TP_OP_LAST_LINE_END, /* the end, or before the newline that ends the text */
    TP_OP_LINE_END,
    TP_OP_BOUNDARY,
    TP_OP_NOT_BOUNDARY,
    TP_OP_FOUND
} tp_opcode;

/* The flags of re, as they stand at an instruction. */
enum {
    TP_PATTERN_ASCII = 1,
    TP_PATTERN_IGNORE_CASE = 2,
    TP_PATTERN_MULTILINE = 4,
    TP_PATTERN_DOT_ALL = 8,
    TP_PATTERN_UNICODE = 16,
    TP_PATTERN_VERBOSE = 32
};

typedef struct tp_instruction {
    uint8_t opcode;
    uint8_t flags;
    int32_t argument;
} tp_instruction;

typedef enum tp_category {
    TP_CATEGORY_NONE,
    TP_CATEGORY_DIGIT,
    TP_CATEGORY_SPACE,
    TP_CATEGORY_WORD
} tp_category;

/* A piece of a class: a range of code points, or a category or all but it. */
typedef struct tp_class_item {
    tp_category category;
    bool negated; /* categories only */
    uint32_t first, last;
} tp_class_item;

typedef struct tp_class {
    size_t first_item, item_count;
    uint64_t ascii[2]; /* the answers below 128 */
    bool negated;
    uint8_t flags;
} tp_class;

struct tp_pattern {
    const tp_allocator *allocator; /* Borrowed. */
    tp_instruction *code;          /* Owned. */
    size_t count, capacity;
    tp_class *classes; /* Owned. */
    size_t class_count, class_capacity;
    tp_class_item *items; /* Owned. */
    size_t item_count, item_capacity;

    /* Of a pattern that is nothing but a text, that text. */
    bool is_literal;
    char *literal; /* Owned. */
    size_t literal_size;

    bool begins[256];      /* the bytes a match can begin with: beyond ASCII all or none */
    bool may_take_nothing; /* a match need not begin with any */

    /* The search's own. An instruction whose mark is `step` is in the present list already. */
    uint64_t step;
    uint64_t *marks; /* Owned, as are the lists of instructions below. */
    uint32_t *present, *next, *stack;
};

/* Appends one instruction; TP_ELIMIT when the program would be too long. */
TP_NODISCARD tp_status tp_program_add(tp_pattern *pattern, tp_opcode opcode, uint8_t flags,
                                      int32_t argument);

/* Makes room for one instruction at `at`, which becomes a split that leads to `target`, a place as
 * it is after the insertion. */
TP_NODISCARD tp_status tp_program_insert_split(tp_pattern *pattern, size_t at, size_t target);

#define TP_PATTERN_ENDLESS UINT32_MAX

/* Has the instructions from `first` to the end happen `least` to `most` times. */
TP_NODISCARD tp_status tp_program_repeat(tp_pattern *pattern, size_t first, uint32_t least,
                                         uint32_t most);

/* An empty class at the end of the list, to which items are then added; closed, it can be used. */
TP_NODISCARD tp_status tp_class_open(tp_pattern *pattern, uint8_t flags);
TP_NODISCARD tp_status tp_class_add(tp_pattern *pattern, tp_class_item item);
void tp_class_close(tp_pattern *pattern, bool negated);

bool tp_class_holds(const tp_pattern *pattern, const tp_class *class, uint32_t code_point);

/* The code point as literals under TP_PATTERN_IGNORE_CASE are compared. */
uint32_t tp_pattern_fold(uint32_t code_point, uint8_t flags);
bool tp_pattern_is_word(uint32_t code_point, uint8_t flags);

/* Reads an expression into an empty pattern. */
TP_NODISCARD tp_status tp_pattern_parse(tp_pattern *pattern, const char *text, size_t size,
                                        tp_error *error);

#endif
