#include "pattern_program.h"

#include <string.h>

#include "memory.h"

static tp_status make_room(tp_pattern *pattern, uint64_t more)
{
    if (more > TP_PATTERN_LIMIT - pattern->count)
        return TP_ELIMIT;
    void *array = pattern->code;
    tp_status status = tp_reserve(pattern->allocator, &array, &pattern->capacity,
                                  pattern->count + (size_t)more, sizeof *pattern->code);
    pattern->code = array;
    return status;
}

tp_status tp_program_add(tp_pattern *pattern, tp_opcode opcode, uint8_t flags, int32_t argument)
{
    tp_status status = make_room(pattern, 1);
    if (status != TP_OK)
        return status;
    pattern->code[pattern->count++] = (tp_instruction){ (uint8_t)opcode, flags, argument };
    return TP_OK;
}

tp_status tp_program_insert_split(tp_pattern *pattern, size_t at, size_t target)
{
    tp_status status = make_room(pattern, 1);
    if (status != TP_OK)
        return status;
    memmove(pattern->code + at + 1, pattern->code + at,
            (pattern->count - at) * sizeof *pattern->code);
    pattern->code[at] = (tp_instruction){ TP_OP_SPLIT, 0, (int32_t)(target - at) };
    pattern->count++;
    return TP_OK;
}

/* What follows expects that make_room has been asked for the whole. */
static void copy_run(tp_pattern *pattern, size_t first, size_t size)
{
    memcpy(pattern->code + pattern->count, pattern->code + first, size * sizeof *pattern->code);
    pattern->count += size;
}

static void put_jump(tp_pattern *pattern, tp_opcode opcode, size_t target)
{
    int32_t distance = (int32_t)target - (int32_t)pattern->count;
    pattern->code[pattern->count++] = (tp_instruction){ (uint8_t)opcode, 0, distance };
}

/* Zero times or more; once or more only needs a way back. */
static tp_status repeat_endlessly(tp_pattern *pattern, size_t first, size_t size, uint32_t least)
{
    tp_status status = make_room(pattern, (uint64_t)size * (least > 0 ? least - 1 : 0) + 2);
    if (status != TP_OK)
        return status;
    if (least == 0) {
        status = tp_program_insert_split(pattern, first, first + size + 2);
        put_jump(pattern, TP_OP_JUMP, first);
        return status;
    }
    for (uint32_t i = 1; i < least; i++)
        copy_run(pattern, first, size);
    put_jump(pattern, TP_OP_SPLIT, pattern->count - size);
    return TP_OK;
}

tp_status tp_program_repeat(tp_pattern *pattern, size_t first, uint32_t least, uint32_t most)
{
    size_t size = pattern->count - first;
    if (most == 0)
        pattern->count = first;
    /* Nothing stays nothing, however often, and counting to four thousand million takes a while. */
    if (size == 0 || most == 0)
        return TP_OK;
    if (most == TP_PATTERN_ENDLESS)
        return repeat_endlessly(pattern, first, size, least);
    uint64_t whole = (uint64_t)size * least + (uint64_t)(size + 1) * (most - least);
    tp_status status = make_room(pattern, whole - size);
    if (status != TP_OK)
        return status;
    size_t end = first + (size_t)whole, body = first;
    if (least == 0) {
        status = tp_program_insert_split(pattern, first, end);
        body++;
    }
    for (uint32_t i = 1; i < least; i++)
        copy_run(pattern, body, size);
    for (uint32_t i = least > 1 ? least : 1; i < most; i++) {
        put_jump(pattern, TP_OP_SPLIT, end);
        copy_run(pattern, body, size);
    }
    return status;
}
