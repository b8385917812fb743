#include "bounds.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>

/* Before each block stands its size. */
typedef union header {
    size_t size;
    alignas(max_align_t) char room[1];
} header;

_Noreturn void fuzz_fail(const char *what)
{
    fprintf(stderr, "fuzz: %s\n", what);
    abort();
}

static void *resize(void *context, void *block, size_t size)
{
    counter *c = context;
    header *old = block == NULL ? NULL : (header *)block - 1;
    size_t before = old == NULL ? 0 : old->size;
    if (size == 0) {
        c->live -= before;
        free(old);
        return NULL;
    }
    if (size > SIZE_MAX / 2)
        return NULL;
    header *made = realloc(old, sizeof *made + size);
    if (made == NULL)
        return NULL;
    made->size = size;
    c->live += size - before;
    if (c->live > c->peak)
        c->peak = c->live;
    return made + 1;
}

void counter_init(counter *c)
{
    *c = (counter){ .allocator = { .context = c, .resize = resize } };
}

void counter_check_peak(const counter *c, size_t size, size_t constant, size_t factor)
{
    if (c->peak > constant + factor * size)
        fuzz_fail("more memory than the bound");
}

void counter_check_empty(const counter *c)
{
    if (c->live != 0)
        fuzz_fail("memory was not given back");
}

clock_t stopwatch_start(void)
{
    return clock();
}

void stopwatch_check(clock_t start, double seconds)
{
    if ((double)(clock() - start) / CLOCKS_PER_SEC > seconds)
        fuzz_fail("more time than the bound");
}
