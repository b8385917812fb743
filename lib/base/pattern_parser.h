/* What the parts of the reader of patterns share: where it stands, and how it fails. */
#ifndef TP_PATTERN_PARSER_H
#define TP_PATTERN_PARSER_H

#include "intern.h"
#include "pattern_program.h"

#define TP_PATTERN_END UINT32_MAX /* no code point: the pattern is over */

/* A group that is open. The whole expression is one too, the lowest, which nothing closes. */
typedef struct tp_open_group {
    size_t offset;    /* its parenthesis */
    size_t start;     /* the instruction it begins with */
    size_t branch;    /* the one its present alternative begins with */
    size_t last_jump; /* to its end; has the jump before as its argument. SIZE_MAX: none */
    uint32_t number;  /* as backreferences count; 0: none */
    uint32_t name;    /* among the names, or TP_MAP_NONE */
    uint8_t outer_flags;
} tp_open_group;

/* What a quantifier would find before it. */
typedef enum tp_last_item {
    TP_LAST_NONE,
    TP_LAST_ASSERTION,
    TP_LAST_ITEM,
    TP_LAST_REPEAT
} tp_last_item;

typedef struct tp_pattern_parser {
    tp_pattern *pattern;
    const char *text;
    size_t size, at;
    tp_error *error; /* may be NULL */
    uint8_t flags;
    tp_last_item last;
    size_t item; /* the instruction that the last item begins with */
    uint32_t group_count;
    tp_intern names;
    tp_open_group *groups; /* Owned. */
    size_t depth, capacity;
} tp_pattern_parser;

tp_status tp_parser_fail(tp_pattern_parser *parser, tp_status status, size_t offset,
                         const char *message);

/* The message of a failure that has none yet. */
tp_status tp_parser_report(tp_pattern_parser *parser, tp_status status, size_t offset);

/* The next code point, or TP_PATTERN_END; take moves on, peek does not. */
uint32_t tp_parser_peek(const tp_pattern_parser *parser);
uint32_t tp_parser_take(tp_pattern_parser *parser);

/* Moves on if the next byte is this one. */
bool tp_parser_match(tp_pattern_parser *parser, char byte);

/* The classes, after their bracket; what a backslash begins, after it. */
TP_NODISCARD tp_status tp_parse_class(tp_pattern_parser *parser);
TP_NODISCARD tp_status tp_parse_escape(tp_pattern_parser *parser);

/* What begins with "(", after it, and what ")" ends. */
TP_NODISCARD tp_status tp_parse_group(tp_pattern_parser *parser);
TP_NODISCARD tp_status tp_open_group_at(tp_pattern_parser *parser, size_t offset, uint8_t flags,
                                        uint32_t number, uint32_t name);
void tp_close_branches(tp_pattern_parser *parser);

/* One code point or one class as the next item. */
TP_NODISCARD tp_status tp_parser_add_item(tp_pattern_parser *parser, tp_opcode opcode,
                                          int32_t argument);

#endif
