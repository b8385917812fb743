#include "wide.h"

#include <stddef.h>

tp_wide tp_wide_from(int64_t value)
{
    return (tp_wide){ .high = value < 0 ? -1 : 0, .low = (uint64_t)value };
}

tp_wide tp_wide_add(tp_wide a, tp_wide b)
{
    uint64_t low = a.low + b.low;
    uint64_t high = (uint64_t)a.high + (uint64_t)b.high + (low < a.low);
    return (tp_wide){ .high = (int64_t)high, .low = low };
}

int tp_wide_compare(tp_wide a, tp_wide b)
{
    if (a.high != b.high)
        return a.high < b.high ? -1 : 1;
    return (a.low > b.low) - (a.low < b.low);
}

static tp_wide negate(tp_wide value)
{
    tp_wide flipped = { .high = ~value.high, .low = ~value.low };
    return tp_wide_add(flipped, tp_wide_from(1));
}

double tp_wide_to_double(tp_wide value)
{
    /* Rounded once where it fits 64 bits, and where it does not the last bit is nothing to see. */
    if (value.high < 0)
        return -tp_wide_to_double(negate(value));
    return (double)value.high * 0x1p64 + (double)value.low;
}

const char *tp_wide_format(tp_wide value, char text[TP_WIDE_TEXT])
{
    int is_negative = value.high < 0;
    if (is_negative)
        value = negate(value);
    /* Long division by 10, in limbs that leave room for the remainder. */
    uint64_t high = (uint64_t)value.high;
    uint32_t limbs[4] = { (uint32_t)(high >> 32), (uint32_t)high, (uint32_t)(value.low >> 32),
                          (uint32_t)value.low };
    size_t at = TP_WIDE_TEXT - 1;
    text[at] = '\0';
    do {
        uint64_t rest = 0;
        for (size_t i = 0; i < 4; i++) {
            rest = rest << 32 | limbs[i];
            limbs[i] = (uint32_t)(rest / 10);
            rest %= 10;
        }
        text[--at] = (char)('0' + rest);
    } while ((limbs[0] | limbs[1] | limbs[2] | limbs[3]) != 0);
    if (is_negative)
        text[--at] = '-';
    return text + at;
}
