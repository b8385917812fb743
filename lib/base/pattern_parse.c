/* The reader of patterns: alternatives, items, quantifiers. Code is put down as it is read, and the
 * groups that are open are on a stack of our own. */
#include "memory.h"
#include "pattern_parser.h"
#include "pattern_utf8.h"

tp_status tp_parser_fail(tp_pattern_parser *parser, tp_status status, size_t offset,
                         const char *message)
{
    if (parser->error != NULL)
        *parser->error = (tp_error){ .status = status, .offset = offset, .message = message };
    return status;
}

tp_status tp_parser_report(tp_pattern_parser *parser, tp_status status, size_t offset)
{
    if (status == TP_OK)
        return TP_OK;
    const char *message = status == TP_ELIMIT ? "the pattern is too large" : "out of memory";
    return tp_parser_fail(parser, status, offset, message);
}

uint32_t tp_parser_peek(const tp_pattern_parser *parser)
{
    uint32_t c = TP_PATTERN_END;
    if (parser->at < parser->size)
        tp_utf8_decode(&c, parser->text + parser->at, parser->size - parser->at);
    return c;
}

uint32_t tp_parser_take(tp_pattern_parser *parser)
{
    uint32_t c = TP_PATTERN_END;
    if (parser->at < parser->size)
        parser->at += tp_utf8_decode(&c, parser->text + parser->at, parser->size - parser->at);
    return c;
}

bool tp_parser_match(tp_pattern_parser *parser, char byte)
{
    bool matches = parser->at < parser->size && parser->text[parser->at] == byte;
    parser->at += matches;
    return matches;
}

tp_status tp_parser_add_item(tp_pattern_parser *parser, tp_opcode opcode, int32_t argument)
{
    uint8_t flags = parser->flags;
    if (opcode == TP_OP_LITERAL && (flags & TP_PATTERN_IGNORE_CASE))
        argument = (int32_t)tp_pattern_fold((uint32_t)argument, flags);
    parser->last = TP_LAST_ITEM;
    parser->item = parser->pattern->count;
    return tp_parser_report(parser, tp_program_add(parser->pattern, opcode, flags, argument),
                            parser->at);
}

static tp_status add_assertion(tp_pattern_parser *parser, tp_opcode opcode)
{
    parser->last = TP_LAST_ASSERTION;
    return tp_parser_report(parser, tp_program_add(parser->pattern, opcode, parser->flags, 0),
                            parser->at - 1);
}

/* What was read since the last bar becomes one alternative: a split before it, a jump behind it. */
static tp_status add_alternative(tp_pattern_parser *parser)
{
    tp_pattern *pattern = parser->pattern;
    tp_open_group *group = &parser->groups[parser->depth - 1];
    tp_status status = tp_program_insert_split(pattern, group->branch, pattern->count + 2);
    int32_t before = group->last_jump == SIZE_MAX ? -1 : (int32_t)group->last_jump;
    if (status == TP_OK)
        status = tp_program_add(pattern, TP_OP_JUMP, 0, before);
    if (status != TP_OK)
        return tp_parser_report(parser, status, parser->at - 1);
    group->last_jump = pattern->count - 1;
    group->branch = pattern->count;
    parser->last = TP_LAST_NONE;
    return TP_OK;
}

static tp_status close_group(tp_pattern_parser *parser)
{
    if (parser->depth == 1)
        return tp_parser_fail(parser, TP_EFORMAT, parser->at - 1, "unbalanced parenthesis");
    tp_close_branches(parser);
    const tp_open_group *group = &parser->groups[--parser->depth];
    parser->flags = group->outer_flags;
    parser->last = TP_LAST_ITEM;
    parser->item = group->start;
    return TP_OK;
}

static tp_status repeat(tp_pattern_parser *parser, size_t offset, uint32_t least, uint32_t most)
{
    if (parser->last == TP_LAST_NONE || parser->last == TP_LAST_ASSERTION)
        return tp_parser_fail(parser, TP_EFORMAT, offset, "nothing to repeat");
    if (parser->last == TP_LAST_REPEAT)
        return tp_parser_fail(parser, TP_EFORMAT, offset, "multiple repeat");
    if (tp_parser_match(parser, '+'))
        return tp_parser_fail(parser, TP_EUNSUPPORTED, parser->at - 1,
                              "possessive quantifiers are not supported");
    /* Greedy or not, it occurs or it does not. */
    tp_parser_match(parser, '?');
    parser->last = TP_LAST_REPEAT;
    return tp_parser_report(parser, tp_program_repeat(parser->pattern, parser->item, least, most),
                            offset);
}

/* Digits, if there are any; false when the number is too large, as it is in re. */
static bool read_number(tp_pattern_parser *parser, uint32_t *number)
{
    uint64_t value = 0;
    size_t first = parser->at;
    for (uint32_t c; (c = tp_parser_peek(parser)) >= '0' && c <= '9'; parser->at++) {
        value = value * 10 + (c - '0');
        if (value > TP_PATTERN_ENDLESS)
            value = TP_PATTERN_ENDLESS;
    }
    if (parser->at > first)
        *number = (uint32_t)value;
    return parser->at == first || value < TP_PATTERN_ENDLESS;
}

/* {m}, {m,}, {,n} or {m,n}; anything else is a brace and what follows it. */
static tp_status parse_braces(tp_pattern_parser *parser)
{
    size_t offset = parser->at - 1;
    uint32_t least = 0, most = TP_PATTERN_ENDLESS;
    bool fits = true, literal = tp_parser_peek(parser) == '}';
    if (!literal) {
        fits = read_number(parser, &least);
        if (tp_parser_match(parser, ','))
            fits = read_number(parser, &most) && fits;
        else if (parser->at > offset + 1)
            most = least;
        literal = !tp_parser_match(parser, '}');
    }
    if (literal) {
        parser->at = offset + 1;
        return tp_parser_add_item(parser, TP_OP_LITERAL, '{');
    }
    if (!fits)
        return tp_parser_fail(parser, TP_EFORMAT, offset, "the repetition number is too large");
    if (most < least)
        return tp_parser_fail(parser, TP_EFORMAT, offset + 1, "min repeat greater than max repeat");
    return repeat(parser, offset, least, most);
}

/* Under (?x): a comment up to its line's end, where a backslash takes a newline with it. */
static tp_status skip_line(tp_pattern_parser *parser)
{
    uint32_t c;
    while ((c = tp_parser_take(parser)) != TP_PATTERN_END && c != '\n') {
        if (c == '\\' && tp_parser_take(parser) == TP_PATTERN_END)
            return tp_parser_fail(parser, TP_EFORMAT, parser->size - 1,
                                  "bad escape (end of pattern)");
    }
    return TP_OK;
}

static tp_status parse_item(tp_pattern_parser *parser, uint32_t c)
{
    bool multiline = (parser->flags & TP_PATTERN_MULTILINE) != 0;
    switch (c) {
    case '\\':
        return tp_parse_escape(parser);
    case '[':
        return tp_parse_class(parser);
    case '(':
        return tp_parse_group(parser);
    case ')':
        return close_group(parser);
    case '|':
        return add_alternative(parser);
    case '{':
        return parse_braces(parser);
    case '*':
        return repeat(parser, parser->at - 1, 0, TP_PATTERN_ENDLESS);
    case '+':
        return repeat(parser, parser->at - 1, 1, TP_PATTERN_ENDLESS);
    case '?':
        return repeat(parser, parser->at - 1, 0, 1);
    case '.':
        return tp_parser_add_item(
            parser, parser->flags & TP_PATTERN_DOT_ALL ? TP_OP_ANY : TP_OP_NOT_LINE, 0);
    case '^':
        return add_assertion(parser, multiline ? TP_OP_LINE_START : TP_OP_START);
    case '$':
        return add_assertion(parser, multiline ? TP_OP_LINE_END : TP_OP_LAST_LINE_END);
    default:
        return tp_parser_add_item(parser, TP_OP_LITERAL, (int32_t)c);
    }
}

static tp_status parse_all(tp_pattern_parser *parser)
{
    tp_status status = tp_open_group_at(parser, 0, 0, 0, TP_MAP_NONE);
    while (status == TP_OK && parser->at < parser->size) {
        uint32_t c = tp_parser_take(parser);
        if (parser->flags & TP_PATTERN_VERBOSE) {
            if (c == ' ' || (c >= '\t' && c <= '\r'))
                continue;
            if (c == '#') {
                status = skip_line(parser);
                continue;
            }
        }
        status = parse_item(parser, c);
    }
    if (status != TP_OK)
        return status;
    if (parser->depth > 1)
        return tp_parser_fail(parser, TP_EFORMAT, parser->groups[parser->depth - 1].offset,
                              "missing ), unterminated subpattern");
    tp_close_branches(parser);
    return tp_parser_report(parser, tp_program_add(parser->pattern, TP_OP_FOUND, 0, 0),
                            parser->size);
}

tp_status tp_pattern_parse(tp_pattern *pattern, const char *text, size_t size, tp_error *error)
{
    tp_pattern_parser parser = {
        .pattern = pattern, .text = text, .size = size, .error = error
    };
    tp_intern_init(&parser.names, pattern->allocator);
    tp_status status = parse_all(&parser);
    tp_intern_free(&parser.names);
    tp_free(pattern->allocator, parser.groups);
    return status;
}
