/* What a parenthesis begins: groups, flags, comments, and what is refused. */
#include "memory.h"
#include "pattern_parser.h"
#include "pattern_unicode.h"

#define MOST_GROUPS_OPEN 500

tp_status tp_open_group_at(tp_pattern_parser *parser, size_t offset, uint8_t flags, uint32_t number,
                           uint32_t name)
{
    if (parser->depth > MOST_GROUPS_OPEN)
        return tp_parser_fail(parser, TP_ELIMIT, offset, "groups nest too deep");
    void *array = parser->groups;
    tp_status status = tp_reserve(parser->pattern->allocator, &array, &parser->capacity,
                                  parser->depth + 1, sizeof *parser->groups);
    parser->groups = array;
    if (status != TP_OK)
        return tp_parser_report(parser, status, offset);
    size_t start = parser->pattern->count;
    parser->groups[parser->depth++] = (tp_open_group){ .offset = offset,
                                                       .start = start,
                                                       .branch = start,
                                                       .last_jump = SIZE_MAX,
                                                       .number = number,
                                                       .name = name,
                                                       .outer_flags = parser->flags };
    parser->flags = flags;
    parser->last = TP_LAST_NONE;
    return TP_OK;
}

void tp_close_branches(tp_pattern_parser *parser)
{
    tp_pattern *pattern = parser->pattern;
    const tp_open_group *group = &parser->groups[parser->depth - 1];
    for (size_t at = group->last_jump; at != SIZE_MAX;) {
        int32_t before = pattern->code[at].argument;
        pattern->code[at].argument = (int32_t)(pattern->count - at);
        at = before < 0 ? SIZE_MAX : (size_t)before;
    }
}

static tp_status unexpected_end(tp_pattern_parser *parser)
{
    return tp_parser_fail(parser, TP_EFORMAT, parser->at, "unexpected end of pattern");
}

static tp_status refuse(tp_pattern_parser *parser, size_t offset, const char *message)
{
    return tp_parser_fail(parser, TP_EUNSUPPORTED, offset, message);
}

static bool is_identifier(const tp_pattern_parser *parser, size_t first, size_t end)
{
    tp_pattern_parser name = { .text = parser->text, .size = end, .at = first };
    uint32_t c = tp_parser_peek(&name);
    if (tp_unicode_is_digit(c))
        return false;
    while ((c = tp_parser_take(&name)) != TP_PATTERN_END) {
        if (!tp_unicode_is_word(c))
            return false;
    }
    return true;
}

/* A name up to `terminator`, which is passed; a backslash takes the next character with it, as
 * everywhere in re. */
static tp_status read_name(tp_pattern_parser *parser, char terminator, size_t *first, size_t *end)
{
    *first = parser->at;
    while (parser->at < parser->size && parser->text[parser->at] != terminator) {
        if (tp_parser_take(parser) == '\\')
            tp_parser_take(parser);
    }
    *end = parser->at;
    if (*end == *first)
        return tp_parser_fail(parser, TP_EFORMAT, *first, "missing group name");
    if (*end >= parser->size)
        return tp_parser_fail(parser, TP_EFORMAT, *first,
                              terminator == '>' ? "missing >, unterminated name"
                                                : "missing ), unterminated name");
    parser->at++;
    if (!is_identifier(parser, *first, *end))
        return tp_parser_fail(parser, TP_EFORMAT, *first, "bad character in group name");
    return TP_OK;
}

static tp_status parse_named_group(tp_pattern_parser *parser, size_t offset)
{
    size_t first, end;
    tp_status status = read_name(parser, '>', &first, &end);
    if (status != TP_OK)
        return status;
    uint32_t name, known = parser->names.count;
    status = tp_intern_put(&parser->names, &name, parser->text + first, end - first);
    if (status != TP_OK)
        return tp_parser_report(parser, status, first);
    if (name < known)
        return tp_parser_fail(parser, TP_EFORMAT, first, "redefinition of group name");
    return tp_open_group_at(parser, offset, parser->flags, ++parser->group_count, name);
}

static tp_status refuse_named_reference(tp_pattern_parser *parser, size_t offset)
{
    size_t first, end;
    tp_status status = read_name(parser, ')', &first, &end);
    if (status != TP_OK)
        return status;
    uint32_t name = tp_intern_find(&parser->names, parser->text + first, end - first);
    if (name == TP_MAP_NONE)
        return tp_parser_fail(parser, TP_EFORMAT, first, "unknown group name");
    for (size_t i = 0; i < parser->depth; i++) {
        if (parser->groups[i].name == name)
            return tp_parser_fail(parser, TP_EFORMAT, first, "cannot refer to an open group");
    }
    return refuse(parser, offset, "backreferences are not supported");
}

static tp_status skip_comment(tp_pattern_parser *parser, size_t offset)
{
    for (;;) {
        uint32_t c = tp_parser_take(parser);
        if (c == ')')
            return TP_OK;
        if (c == TP_PATTERN_END)
            return tp_parser_fail(parser, TP_EFORMAT, offset, "missing ), unterminated comment");
        if (c == '\\' && tp_parser_take(parser) == TP_PATTERN_END)
            return tp_parser_fail(parser, TP_EFORMAT, parser->size - 1,
                                  "bad escape (end of pattern)");
    }
}

static uint8_t flag_of(uint32_t letter)
{
    switch (letter) {
    case 'a':
        return TP_PATTERN_ASCII;
    case 'i':
        return TP_PATTERN_IGNORE_CASE;
    case 'm':
        return TP_PATTERN_MULTILINE;
    case 's':
        return TP_PATTERN_DOT_ALL;
    case 'u':
        return TP_PATTERN_UNICODE;
    case 'x':
        return TP_PATTERN_VERBOSE;
    default:
        return 0;
    }
}

#define TYPE_FLAGS (TP_PATTERN_ASCII | TP_PATTERN_UNICODE)

/* What neither is a flag nor may end them. */
static tp_status bad_flag(tp_pattern_parser *parser, const char *missing)
{
    uint32_t c = tp_parser_peek(parser);
    if (c == 'L')
        return tp_parser_fail(parser, TP_EFORMAT, parser->at,
                              "bad inline flags: cannot use 'L' flag with a str pattern");
    bool letter = tp_unicode_is_word(c) && !tp_unicode_is_digit(c) && c != '_';
    return tp_parser_fail(parser, TP_EFORMAT, parser->at, letter ? "unknown flag" : missing);
}

static uint8_t take_flags(tp_pattern_parser *parser)
{
    uint8_t flags = 0;
    for (uint8_t flag; (flag = flag_of(tp_parser_peek(parser))) != 0; parser->at++)
        flags |= flag;
    return flags;
}

/* Flags for the whole expression, which must come before all of it. */
static tp_status set_global_flags(tp_pattern_parser *parser, size_t offset, uint8_t flags)
{
    bool first = parser->depth == 1 && parser->last == TP_LAST_NONE &&
                 parser->groups[0].last_jump == SIZE_MAX;
    if (!first)
        return tp_parser_fail(parser, TP_EFORMAT, offset,
                              "global flags not at the start of the expression");
    parser->flags |= flags;
    if ((parser->flags & TYPE_FLAGS) == TYPE_FLAGS)
        return tp_parser_fail(parser, TP_EFORMAT, offset,
                              "ASCII and UNICODE flags are incompatible");
    return TP_OK;
}

static tp_status open_flagged_group(tp_pattern_parser *parser, size_t offset, uint8_t on,
                                    uint8_t off)
{
    if (off & TYPE_FLAGS)
        return tp_parser_fail(parser, TP_EFORMAT, offset,
                              "bad inline flags: cannot turn off flags 'a', 'u' and 'L'");
    if (on & off)
        return tp_parser_fail(parser, TP_EFORMAT, offset,
                              "bad inline flags: flag turned on and off");
    uint8_t kept = on & TYPE_FLAGS ? (uint8_t)(parser->flags & ~TYPE_FLAGS) : parser->flags;
    return tp_open_group_at(parser, offset, (uint8_t)((kept | on) & ~off), 0, TP_MAP_NONE);
}

static tp_status parse_flags(tp_pattern_parser *parser, size_t offset)
{
    uint8_t on = take_flags(parser), off = 0;
    if ((on & TYPE_FLAGS) == TYPE_FLAGS)
        return tp_parser_fail(parser, TP_EFORMAT, parser->at,
                              "bad inline flags: flags 'a', 'u' and 'L' are incompatible");
    if (tp_parser_match(parser, ')'))
        return set_global_flags(parser, offset, on);
    bool turns_off = tp_parser_match(parser, '-');
    if (turns_off) {
        off = take_flags(parser);
        if (off == 0)
            return bad_flag(parser, "missing flag");
    }
    if (!tp_parser_match(parser, ':'))
        return bad_flag(parser, turns_off ? "missing :" : "missing -, : or )");
    return open_flagged_group(parser, offset, on, off);
}

static tp_status unknown_extension(tp_pattern_parser *parser, size_t offset)
{
    return tp_parser_fail(parser, TP_EFORMAT, offset + 1, "unknown extension");
}

static tp_status parse_python_extension(tp_pattern_parser *parser, size_t offset)
{
    switch (tp_parser_take(parser)) {
    case '<':
        return parse_named_group(parser, offset);
    case '=':
        return refuse_named_reference(parser, offset);
    case TP_PATTERN_END:
        return unexpected_end(parser);
    default:
        return unknown_extension(parser, offset);
    }
}

static tp_status parse_lookbehind(tp_pattern_parser *parser, size_t offset)
{
    uint32_t c = tp_parser_take(parser);
    if (c == TP_PATTERN_END)
        return unexpected_end(parser);
    if (c != '=' && c != '!')
        return unknown_extension(parser, offset);
    return refuse(parser, offset, "lookaround is not supported");
}

static tp_status parse_extension(tp_pattern_parser *parser, size_t offset)
{
    uint32_t c = tp_parser_take(parser);
    switch (c) {
    case TP_PATTERN_END:
        return unexpected_end(parser);
    case ':':
        return tp_open_group_at(parser, offset, parser->flags, 0, TP_MAP_NONE);
    case 'P':
        return parse_python_extension(parser, offset);
    case '#':
        return skip_comment(parser, offset);
    case '<':
        return parse_lookbehind(parser, offset);
    case '=':
    case '!':
        return refuse(parser, offset, "lookaround is not supported");
    case '(':
        return refuse(parser, offset, "conditional groups are not supported");
    case '>':
        return refuse(parser, offset, "atomic groups are not supported");
    default:
        break;
    }
    if (c != '-' && c != 'L' && flag_of(c) == 0)
        return unknown_extension(parser, offset);
    parser->at--;
    return parse_flags(parser, offset);
}

tp_status tp_parse_group(tp_pattern_parser *parser)
{
    size_t offset = parser->at - 1;
    if (tp_parser_match(parser, '?'))
        return parse_extension(parser, offset);
    return tp_open_group_at(parser, offset, parser->flags, ++parser->group_count, TP_MAP_NONE);
}
