#include "pattern_program.h"

#include "memory.h"
#include "pattern_unicode.h"

tp_status tp_class_open(tp_pattern *pattern, uint8_t flags)
{
    if (pattern->class_count >= TP_PATTERN_LIMIT)
        return TP_ELIMIT;
    void *array = pattern->classes;
    tp_status status = tp_reserve(pattern->allocator, &array, &pattern->class_capacity,
                                  pattern->class_count + 1, sizeof *pattern->classes);
    pattern->classes = array;
    if (status == TP_OK)
        pattern->classes[pattern->class_count++] =
            (tp_class){ .first_item = pattern->item_count, .flags = flags };
    return status;
}

tp_status tp_class_add(tp_pattern *pattern, tp_class_item item)
{
    if (pattern->item_count >= TP_PATTERN_LIMIT)
        return TP_ELIMIT;
    void *array = pattern->items;
    tp_status status = tp_reserve(pattern->allocator, &array, &pattern->item_capacity,
                                  pattern->item_count + 1, sizeof *pattern->items);
    pattern->items = array;
    if (status != TP_OK)
        return status;
    pattern->items[pattern->item_count++] = item;
    pattern->classes[pattern->class_count - 1].item_count++;
    return TP_OK;
}

bool tp_pattern_is_word(uint32_t code_point, uint8_t flags)
{
    return (code_point < 0x80 || !(flags & TP_PATTERN_ASCII)) && tp_unicode_is_word(code_point);
}

uint32_t tp_pattern_fold(uint32_t code_point, uint8_t flags)
{
    return code_point >= 0x80 && (flags & TP_PATTERN_ASCII) ? code_point
                                                             : tp_unicode_fold(code_point);
}

static bool is_in_category(tp_category category, uint32_t code_point, uint8_t flags)
{
    if (category == TP_CATEGORY_WORD)
        return tp_pattern_is_word(code_point, flags);
    if ((flags & TP_PATTERN_ASCII) && code_point >= 0x80)
        return false;
    /* U+001C to U+001F are spaces to Unicode only. */
    if (category == TP_CATEGORY_SPACE)
        return tp_unicode_is_space(code_point) &&
               !((flags & TP_PATTERN_ASCII) && code_point >= 0x1C && code_point <= 0x1F);
    return tp_unicode_is_digit(code_point);
}

static bool is_listed(const tp_pattern *pattern, const tp_class *class, uint32_t code_point)
{
    const tp_class_item *items = pattern->items + class->first_item;
    for (size_t i = 0; i < class->item_count; i++) {
        if (items[i].category == TP_CATEGORY_NONE) {
            if (code_point >= items[i].first && code_point <= items[i].last)
                return true;
        } else if (is_in_category(items[i].category, code_point, class->flags) !=
                   items[i].negated) {
            return true;
        }
    }
    return false;
}

static bool decide(const tp_pattern *pattern, const tp_class *class, uint32_t code_point)
{
    if (!(class->flags & TP_PATTERN_IGNORE_CASE))
        return is_listed(pattern, class, code_point) != class->negated;
    bool ascii_only = (class->flags & TP_PATTERN_ASCII) != 0;
    if (ascii_only && code_point >= 0x80)
        return is_listed(pattern, class, code_point) != class->negated;
    uint32_t variants[TP_CASE_VARIANTS];
    size_t count = tp_unicode_variants(variants, code_point);
    for (size_t i = 0; i < count; i++) {
        if ((variants[i] < 0x80 || !ascii_only) && is_listed(pattern, class, variants[i]))
            return !class->negated;
    }
    return class->negated;
}

void tp_class_close(tp_pattern *pattern, bool negated)
{
    tp_class *class = &pattern->classes[pattern->class_count - 1];
    class->negated = negated;
    for (uint32_t c = 0; c < 128; c++) {
        if (decide(pattern, class, c))
            class->ascii[c / 64] |= UINT64_C(1) << c % 64;
    }
}

bool tp_class_holds(const tp_pattern *pattern, const tp_class *class, uint32_t code_point)
{
    if (code_point < 128)
        return class->ascii[code_point / 64] >> code_point % 64 & 1;
    return decide(pattern, class, code_point);
}
