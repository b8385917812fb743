/* Regular expressions: the pattern up to the first NUL, behind it the text that is searched. */
#include <string.h>

#include "bounds.h"

/* 20 000 instructions of a program and what a search keeps of each, whatever the pattern's size: a
 * repetition is a few bytes and is written out. */
#define MOST_MEMORY ((size_t)8 << 20)

#define SECONDS 1.0

static void search(tp_pattern *pattern, const uint8_t *text, size_t size)
{
    int found = tp_pattern_search(pattern, (const char *)text, size);
    if (found != 0 && found != 1)
        fuzz_fail("neither found nor not found");
    if (tp_pattern_search(pattern, (const char *)text, size) != found)
        fuzz_fail("a second search finds something else");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    counter memory;
    tp_pattern *pattern;
    tp_error error = { .status = TP_OK };
    const uint8_t *end = size == 0 ? NULL : memchr(data, '\0', size);
    size_t length = end == NULL ? size : (size_t)(end - data);
    counter_init(&memory);
    clock_t start = stopwatch_start();
    tp_status status =
        tp_pattern_create(&pattern, (const char *)data, length, &memory.allocator, &error);
    if (status == TP_OK) {
        size_t live = memory.live;
        if (end == NULL)
            search(pattern, data, 0);
        else
            search(pattern, end + 1, size - length - 1);
        if (memory.live != live || memory.peak < live)
            fuzz_fail("a search has allocated");
        tp_pattern_destroy(pattern);
    } else if (error.status != status || error.message == NULL || error.offset > length) {
        fuzz_fail("an error that says nothing");
    }
    stopwatch_check(start, SECONDS);
    counter_check_peak(&memory, size, MOST_MEMORY, 0);
    counter_check_empty(&memory);
    return 0;
}
