/* The search: one pass over the text with the set of instructions that the matches begun so far
 * have come to. */
#include <string.h>

#include "pattern_program.h"
#include "pattern_utf8.h"

typedef struct search {
    tp_pattern *pattern;
    const char *text;
    size_t size, at;
    size_t count; /* instructions in the list being made, which is for `at` */
    bool found;
} search;

static bool is_boundary(const search *s, uint8_t flags)
{
    uint32_t after;
    bool word_before = s->at > 0 && tp_pattern_is_word(tp_utf8_before(s->text, s->at), flags);
    bool word_after = false;
    if (s->at < s->size) {
        tp_utf8_decode(&after, s->text + s->at, s->size - s->at);
        word_after = tp_pattern_is_word(after, flags);
    }
    return word_before != word_after;
}

static bool holds(const search *s, const tp_instruction *instruction)
{
    switch (instruction->opcode) {
    case TP_OP_START:
        return s->at == 0;
    case TP_OP_LINE_START:
        return s->at == 0 || s->text[s->at - 1] == '\n';
    case TP_OP_END:
        return s->at == s->size;
    case TP_OP_LAST_LINE_END:
        return s->at == s->size || (s->at + 1 == s->size && s->text[s->at] == '\n');
    case TP_OP_LINE_END:
        return s->at == s->size || s->text[s->at] == '\n';
    case TP_OP_BOUNDARY:
        return is_boundary(s, instruction->flags);
    default:
        return !is_boundary(s, instruction->flags);
    }
}

/* Puts an instruction on the stack unless this step has seen it. */
static size_t push(tp_pattern *pattern, size_t depth, uint32_t at)
{
    if (pattern->marks[at] == pattern->step)
        return depth;
    pattern->marks[at] = pattern->step;
    pattern->stack[depth] = at;
    return depth + 1;
}

/* Adds what can be come to from `first` without taking text. */
static void follow(search *s, uint32_t *list, uint32_t first)
{
    tp_pattern *pattern = s->pattern;
    size_t depth = push(pattern, 0, first);
    while (depth > 0) {
        uint32_t at = pattern->stack[--depth];
        const tp_instruction *instruction = &pattern->code[at];
        uint32_t target = (uint32_t)((int32_t)at + instruction->argument);
        switch (instruction->opcode) {
        case TP_OP_LITERAL:
        case TP_OP_ANY:
        case TP_OP_NOT_LINE:
        case TP_OP_CLASS:
            list[s->count++] = at;
            break;
        case TP_OP_JUMP:
            depth = push(pattern, depth, target);
            break;
        case TP_OP_SPLIT:
            depth = push(pattern, depth, target);
            depth = push(pattern, depth, at + 1);
            break;
        case TP_OP_FOUND:
            s->found = true;
            return;
        default:
            if (holds(s, instruction))
                depth = push(pattern, depth, at + 1);
            break;
        }
    }
}

static bool takes(const tp_pattern *pattern, const tp_instruction *instruction, uint32_t c)
{
    switch (instruction->opcode) {
    case TP_OP_LITERAL:
        if (instruction->flags & TP_PATTERN_IGNORE_CASE)
            c = tp_pattern_fold(c, instruction->flags);
        return c == (uint32_t)instruction->argument;
    case TP_OP_CLASS:
        return tp_class_holds(pattern, &pattern->classes[instruction->argument], c);
    case TP_OP_NOT_LINE:
        return c != '\n';
    default:
        return true;
    }
}

/* Takes one code point: the list becomes what it leads to. */
static void step(search *s)
{
    tp_pattern *pattern = s->pattern;
    uint32_t c, *present = pattern->present;
    size_t count = s->count;
    s->at += tp_utf8_decode(&c, s->text + s->at, s->size - s->at);
    s->count = 0;
    pattern->step++;
    for (size_t i = 0; i < count && !s->found; i++) {
        if (takes(pattern, &pattern->code[present[i]], c))
            follow(s, pattern->next, present[i] + 1);
    }
    pattern->present = pattern->next;
    pattern->next = present;
}

static bool may_begin_here(const search *s)
{
    const tp_pattern *pattern = s->pattern;
    return pattern->may_take_nothing ||
           (s->at < s->size && pattern->begins[(uint8_t)s->text[s->at]]);
}

static bool search_program(tp_pattern *pattern, const char *text, size_t size)
{
    search s = { .pattern = pattern, .text = text, .size = size };
    pattern->step++;
    for (;;) {
        if (may_begin_here(&s))
            follow(&s, pattern->present, 0);
        if (s.found || s.at == size)
            return s.found;
        step(&s);
        /* All bytes beyond ASCII may begin a match or none, so this stops where a code point does
         * begin. */
        while (s.count == 0 && s.at < size && !may_begin_here(&s))
            s.at++;
    }
}

/* As slow as text times pattern at worst, and the pattern has its limit. */
static bool search_literal(const tp_pattern *pattern, const char *text, size_t size)
{
    size_t length = pattern->literal_size;
    if (length == 0)
        return true;
    while (size >= length) {
        const char *hit = memchr(text, pattern->literal[0], size - length + 1);
        if (hit == NULL)
            return false;
        if (memcmp(hit, pattern->literal, length) == 0)
            return true;
        size -= (size_t)(hit - text) + 1;
        text = hit + 1;
    }
    return false;
}

int tp_pattern_search(tp_pattern *pattern, const char *text, size_t size)
{
    return pattern->is_literal ? search_literal(pattern, text, size)
                               : search_program(pattern, text, size);
}
