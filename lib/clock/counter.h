/* The processor's constant-rate counter, and whether it can be trusted. */
#ifndef TP_COUNTER_H
#define TP_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define TP_HAVE_COUNTER 1
/* Plain rdtsc, without a fence: a few instructions of slack at either end of a call weigh less than
 * the 20 to 40 cycles a fence would add to each of them. */
TP_ALWAYS_INLINE uint64_t tp_counter_read(void)
{
    return __builtin_ia32_rdtsc();
}
#elif defined(__aarch64__) && defined(__GNUC__)
#define TP_HAVE_COUNTER 1
TP_ALWAYS_INLINE uint64_t tp_counter_read(void)
{
    uint64_t ticks;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    return ticks;
}
#endif

/* Whether the counter runs at one rate, in step on all cores, and through idle states. */
bool tp_counter_is_trusted(void);

#endif
