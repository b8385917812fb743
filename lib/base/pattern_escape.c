/* Classes, and what a backslash begins. */
#include <string.h>

#include "pattern_parser.h"
#include "pattern_utf8.h"

static bool is_octal(uint32_t c)
{
    return c >= '0' && c <= '7';
}

static bool is_decimal(uint32_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(uint32_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The value of a hexadecimal digit; 16 when it is none. */
static uint32_t hex_value(uint32_t c)
{
    if (is_decimal(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;
}

static tp_status bad_escape(tp_pattern_parser *parser, size_t offset)
{
    return tp_parser_fail(parser, TP_EFORMAT, offset, "bad escape");
}

/* Exactly so many digits. `offset` is where the backslash stands, here and below. */
static tp_status read_hex(tp_pattern_parser *parser, size_t offset, int digits, uint32_t *value)
{
    *value = 0;
    for (int i = 0; i < digits; i++) {
        uint32_t digit = hex_value(tp_parser_peek(parser));
        if (digit == 16)
            return tp_parser_fail(parser, TP_EFORMAT, offset, "incomplete escape");
        *value = *value << 4 | digit;
        parser->at++;
    }
    return *value < TP_CODE_POINTS ? TP_OK : bad_escape(parser, offset);
}

/* Up to two more octal digits. */
static tp_status read_octal(tp_pattern_parser *parser, size_t offset, uint32_t first,
                            uint32_t *value)
{
    *value = first - '0';
    for (int i = 0; i < 2 && is_octal(tp_parser_peek(parser)); i++)
        *value = *value * 8 + tp_parser_take(parser) - '0';
    if (*value > 0377)
        return tp_parser_fail(parser, TP_EFORMAT, offset,
                              "octal escape value outside of range 0-0o377");
    return TP_OK;
}

/* Escapes that mean the same everywhere, but for digits: `c` is what follows the backslash. */
static tp_status read_code_point(tp_pattern_parser *parser, size_t offset, uint32_t c,
                                 uint32_t *value)
{
    static const char names[] = "afnrtv", values[] = "\a\f\n\r\t\v";
    if (c == TP_PATTERN_END)
        return tp_parser_fail(parser, TP_EFORMAT, offset, "bad escape (end of pattern)");
    if (c == 'x' || c == 'u' || c == 'U')
        return read_hex(parser, offset, c == 'x' ? 2 : c == 'u' ? 4 : 8, value);
    if (c == 'N')
        return tp_parser_fail(parser, TP_EUNSUPPORTED, offset,
                              "named characters are not supported");
    *value = c;
    if (!is_letter(c))
        return TP_OK;
    const char *found = strchr(names, (int)c);
    if (found == NULL)
        return bad_escape(parser, offset);
    *value = (uint8_t)values[found - names];
    return TP_OK;
}

/* \d, \s, \w, and all but these; false when the letter is none of them. */
static bool find_category(uint32_t letter, tp_class_item *item)
{
    uint32_t lower = letter | 0x20;
    if (!is_letter(letter) || (lower != 'd' && lower != 's' && lower != 'w'))
        return false;
    item->category = lower == 'd'   ? TP_CATEGORY_DIGIT
                     : lower == 's' ? TP_CATEGORY_SPACE
                                    : TP_CATEGORY_WORD;
    item->negated = letter != lower;
    return true;
}

static tp_status read_class_escape(tp_pattern_parser *parser, size_t offset, tp_class_item *item)
{
    uint32_t c = tp_parser_take(parser), value = '\b';
    tp_status status = TP_OK;
    if (find_category(c, item))
        return TP_OK;
    if (is_octal(c))
        status = read_octal(parser, offset, c, &value);
    else if (is_decimal(c))
        status = bad_escape(parser, offset);
    else if (c != 'b')
        status = read_code_point(parser, offset, c, &value);
    item->first = item->last = value;
    return status;
}

static tp_status read_class_item(tp_pattern_parser *parser, tp_class_item *item)
{
    size_t offset = parser->at;
    uint32_t c = tp_parser_take(parser);
    *item = (tp_class_item){ .first = c, .last = c };
    return c == '\\' ? read_class_escape(parser, offset, item) : TP_OK;
}

/* One item, which is a range when a hyphen and its end follow. */
static tp_status read_class_range(tp_pattern_parser *parser)
{
    size_t offset = parser->at;
    tp_class_item item, end;
    tp_status status = read_class_item(parser, &item);
    /* A hyphen before the bracket is an item of its own, and so is one before the pattern's end,
     * which the caller then comes to. */
    size_t left = parser->size - parser->at;
    if (status == TP_OK && left > 1 && parser->text[parser->at] == '-' &&
        parser->text[parser->at + 1] != ']') {
        parser->at++;
        status = read_class_item(parser, &end);
        if (status != TP_OK)
            return status;
        if (item.category != TP_CATEGORY_NONE || end.category != TP_CATEGORY_NONE ||
            end.first < item.first)
            return tp_parser_fail(parser, TP_EFORMAT, offset, "bad character range");
        item.last = end.last;
    }
    if (status != TP_OK)
        return status;
    return tp_parser_report(parser, tp_class_add(parser->pattern, item), offset);
}

/* [x] is x: that a dot be a dot is often written so. */
static tp_status add_class(tp_pattern_parser *parser, bool negated)
{
    tp_pattern *pattern = parser->pattern;
    const tp_class *class = &pattern->classes[pattern->class_count - 1];
    tp_class_item item = pattern->items[class->first_item];
    if (class->item_count == 1 && !negated && item.category == TP_CATEGORY_NONE &&
        item.first == item.last) {
        pattern->class_count--;
        pattern->item_count--;
        return tp_parser_add_item(parser, TP_OP_LITERAL, (int32_t)item.first);
    }
    tp_class_close(pattern, negated);
    return tp_parser_add_item(parser, TP_OP_CLASS, (int32_t)(pattern->class_count - 1));
}

tp_status tp_parse_class(tp_pattern_parser *parser)
{
    size_t offset = parser->at - 1;
    tp_status status = tp_class_open(parser->pattern, parser->flags);
    if (status != TP_OK)
        return tp_parser_report(parser, status, offset);
    bool negated = tp_parser_match(parser, '^');
    /* A bracket that comes first is itself. */
    do {
        if (tp_parser_peek(parser) == TP_PATTERN_END)
            return tp_parser_fail(parser, TP_EFORMAT, offset, "unterminated character set");
        status = read_class_range(parser);
        if (status != TP_OK)
            return status;
    } while (!tp_parser_match(parser, ']'));
    return add_class(parser, negated);
}

static tp_status add_category(tp_pattern_parser *parser, tp_class_item item)
{
    tp_status status = tp_class_open(parser->pattern, parser->flags);
    if (status == TP_OK)
        status = tp_class_add(parser->pattern, item);
    if (status != TP_OK)
        return tp_parser_report(parser, status, parser->at);
    return add_class(parser, false);
}

/* A number that is no octal escape means a group, which must be there and closed. */
static tp_status refuse_reference(tp_pattern_parser *parser, size_t offset, uint32_t number)
{
    if (number > parser->group_count)
        return tp_parser_fail(parser, TP_EFORMAT, offset + 1, "invalid group reference");
    for (size_t i = 0; i < parser->depth; i++) {
        if (parser->groups[i].number == number)
            return tp_parser_fail(parser, TP_EFORMAT, offset, "cannot refer to an open group");
    }
    return tp_parser_fail(parser, TP_EUNSUPPORTED, offset, "backreferences are not supported");
}

/* Three octal digits are a code point, as is all that begins with 0; the rest are groups. */
static tp_status parse_number(tp_pattern_parser *parser, size_t offset, uint32_t first)
{
    const char *digits = parser->text + offset + 1;
    size_t left = parser->size - offset - 1;
    bool octal = first == '0' || (left >= 3 && is_octal(first) && is_octal((uint8_t)digits[1]) &&
                                  is_octal((uint8_t)digits[2]));
    if (!octal) {
        uint32_t number = first - '0';
        if (is_decimal(tp_parser_peek(parser)))
            number = number * 10 + tp_parser_take(parser) - '0';
        return refuse_reference(parser, offset, number);
    }
    uint32_t value;
    tp_status status = read_octal(parser, offset, first, &value);
    return status != TP_OK ? status : tp_parser_add_item(parser, TP_OP_LITERAL, (int32_t)value);
}

static tp_status parse_assertion(tp_pattern_parser *parser, size_t offset, tp_opcode opcode)
{
    parser->last = TP_LAST_ASSERTION;
    return tp_parser_report(
        parser, tp_program_add(parser->pattern, opcode, parser->flags, 0), offset);
}

tp_status tp_parse_escape(tp_pattern_parser *parser)
{
    size_t offset = parser->at - 1;
    uint32_t c = tp_parser_take(parser), value = 0;
    tp_class_item item = { 0 };
    if (find_category(c, &item))
        return add_category(parser, item);
    if (is_decimal(c))
        return parse_number(parser, offset, c);
    switch (c) {
    case 'A':
        return parse_assertion(parser, offset, TP_OP_START);
    case 'Z':
    case 'z':
        return parse_assertion(parser, offset, TP_OP_END);
    case 'b':
        return parse_assertion(parser, offset, TP_OP_BOUNDARY);
    case 'B':
        return parse_assertion(parser, offset, TP_OP_NOT_BOUNDARY);
    default:
        break;
    }
    tp_status status = read_code_point(parser, offset, c, &value);
    return status != TP_OK ? status : tp_parser_add_item(parser, TP_OP_LITERAL, (int32_t)value);
}
