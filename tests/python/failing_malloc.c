/* Preloaded by test_sums_memory.py into a process of one thread: an allocation fails, or all from one on do. */
#include <errno.h>
#include <stddef.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);

/* Set from Python, which must not need memory for that: how many allocations still succeed (below 0: all do),
 * whether all fail from there on, how many have failed. */
long fail_after = -1;
long fail_on;
long failures;

static int fails(void)
{
    if (fail_after < 0)
        return 0;
    if (fail_after > 0) {
        fail_after--;
        return 0;
    }
    if (!fail_on)
        fail_after = -1;
    failures++;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
    return fails() ? NULL : __libc_realloc(block, size);
}
