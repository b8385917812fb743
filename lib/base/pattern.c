/* Patterns from outside: created, prepared for searching, destroyed. */
#include <string.h>

#include "memory.h"
#include "pattern_program.h"
#include "pattern_utf8.h"

void tp_pattern_destroy(tp_pattern *pattern)
{
    if (pattern == NULL)
        return;
    const tp_allocator *allocator = pattern->allocator;
    tp_free(allocator, pattern->code);
    tp_free(allocator, pattern->classes);
    tp_free(allocator, pattern->items);
    tp_free(allocator, pattern->literal);
    tp_free(allocator, pattern->marks);
    tp_free(allocator, pattern->present);
    tp_free(allocator, pattern->next);
    tp_free(allocator, pattern->stack);
    tp_free(allocator, pattern);
}

/* A stray byte may be the middle of a valid sequence of the text, so that one is not looked for
 * byte by byte. */
static bool is_literal(const tp_pattern *pattern)
{
    for (size_t i = 0; i + 1 < pattern->count; i++) {
        const tp_instruction *instruction = &pattern->code[i];
        if (instruction->opcode != TP_OP_LITERAL ||
            (instruction->flags & TP_PATTERN_IGNORE_CASE) ||
            instruction->argument >= TP_CODE_POINTS)
            return false;
    }
    return true;
}

static tp_status keep_literal(tp_pattern *pattern)
{
    pattern->is_literal = true;
    pattern->literal = tp_alloc(pattern->allocator, pattern->count, 4);
    if (pattern->literal == NULL)
        return TP_ENOMEM;
    for (size_t i = 0; i + 1 < pattern->count; i++)
        pattern->literal_size += tp_utf8_encode(pattern->literal + pattern->literal_size,
                                                (uint32_t)pattern->code[i].argument);
    return TP_OK;
}

static void begins_beyond_ascii(tp_pattern *pattern)
{
    memset(pattern->begins + 128, true, 128);
}

static void note_beginning(tp_pattern *pattern, const tp_instruction *instruction)
{
    bool fold = (instruction->flags & TP_PATTERN_IGNORE_CASE) != 0;
    bool literal = instruction->opcode == TP_OP_LITERAL;
    /* One letter of ASCII may fold with one beyond. */
    if (!literal || fold || instruction->argument >= 128)
        begins_beyond_ascii(pattern);
    for (uint32_t c = 0; c < 128; c++) {
        bool takes = true;
        if (literal)
            takes = (uint32_t)instruction->argument ==
                    (fold ? tp_pattern_fold(c, instruction->flags) : c);
        else if (instruction->opcode == TP_OP_CLASS)
            takes = tp_class_holds(pattern, &pattern->classes[instruction->argument], c);
        pattern->begins[c] |= takes;
    }
}

/* Follows all that takes no text, as if every assertion held. */
static void find_beginnings(tp_pattern *pattern)
{
    size_t depth = 0;
    pattern->step = 1;
    pattern->stack[depth++] = 0;
    pattern->marks[0] = pattern->step;
    while (depth > 0) {
        size_t at = pattern->stack[--depth], targets[2], count = 0;
        const tp_instruction *instruction = &pattern->code[at];
        if (instruction->opcode == TP_OP_FOUND) {
            pattern->may_take_nothing = true;
        } else if (instruction->opcode < TP_OP_JUMP) {
            note_beginning(pattern, instruction);
        } else {
            if (instruction->opcode != TP_OP_JUMP)
                targets[count++] = at + 1;
            if (instruction->opcode <= TP_OP_SPLIT)
                targets[count++] = (size_t)((int32_t)at + instruction->argument);
        }
        for (size_t i = 0; i < count; i++) {
            if (pattern->marks[targets[i]] == pattern->step)
                continue;
            pattern->marks[targets[i]] = pattern->step;
            pattern->stack[depth++] = (uint32_t)targets[i];
        }
    }
}

static tp_status prepare(tp_pattern *pattern)
{
    if (is_literal(pattern))
        return keep_literal(pattern);
    const tp_allocator *allocator = pattern->allocator;
    pattern->marks = tp_alloc(allocator, pattern->count, sizeof *pattern->marks);
    pattern->present = tp_alloc(allocator, pattern->count, sizeof *pattern->present);
    pattern->next = tp_alloc(allocator, pattern->count, sizeof *pattern->next);
    pattern->stack = tp_alloc(allocator, pattern->count, sizeof *pattern->stack);
    if (pattern->marks == NULL || pattern->present == NULL || pattern->next == NULL ||
        pattern->stack == NULL)
        return TP_ENOMEM;
    find_beginnings(pattern);
    return TP_OK;
}

tp_status tp_pattern_create(tp_pattern **pattern, const char *text, size_t size,
                            const tp_allocator *allocator, tp_error *error)
{
    tp_status status = TP_ENOMEM;
    tp_pattern *made = tp_alloc(allocator, 1, sizeof *made);
    if (made != NULL) {
        made->allocator = allocator;
        status = tp_pattern_parse(made, text, size, error);
        if (status == TP_OK)
            status = prepare(made);
    }
    if (status == TP_ENOMEM && error != NULL)
        *error = (tp_error){ .status = status, .message = "out of memory" };
    if (status == TP_OK)
        *pattern = made;
    else
        tp_pattern_destroy(made);
    return status;
}
