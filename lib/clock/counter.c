#include "counter.h"

#include <stdio.h>
#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__)

#include <cpuid.h>

/* Invariant TSC: Intel SDM volume 3, 18.17.1; AMD APM volume 3, CPUID Fn8000_0007_EDX[8]. */
static bool processor_vouches(void)
{
    unsigned eax, ebx, ecx, edx;
    return __get_cpuid(0x80000007, &eax, &ebx, &ecx, &edx) != 0 && (edx & (1u << 8)) != 0;
}

/* Linux watches the TSC against another timer and stops using it when the cores drift apart. */
static bool kernel_vouches(void)
{
#if defined(__linux__)
    char name[32] = "";
    FILE *file =
        fopen("/sys/devices/system/clocksource/clocksource0/current_clocksource", "re");
    if (file == NULL)
        return false;
    char *line = fgets(name, sizeof name, file);
    fclose(file);
    return line != NULL && strcmp(name, "tsc\n") == 0;
#else
    return true; /* macOS on x86-64 runs on machines with an invariant TSC only */
#endif
}

bool tp_counter_is_trusted(void)
{
    return processor_vouches() && kernel_vouches();
}

#elif defined(__aarch64__) && defined(__GNUC__)

/* The generic timer counts at one rate on all cores by architecture (Arm ARM, D12). */
bool tp_counter_is_trusted(void)
{
    return true;
}

#else

bool tp_counter_is_trusted(void)
{
    return false;
}

#endif
