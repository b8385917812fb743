/* The readers of collapsed stacks and of callgrind's files, and all writers of other programs' formats on
 * what they have read. */
#include <string.h>

#include "bounds.h"

/* What the header of <traceprof/import.h> promises of text; a profile of nothing has its first tables. */
#define LEAST_MEMORY ((size_t)64 << 10)
#define MEMORY_FACTOR 128

/* For reading, and for writing it nine times. */
#define SECONDS 2.0

static void write_all_formats(const tp_profile *profile)
{
    for (int format = TP_EMIT_SPEEDSCOPE; format <= TP_EMIT_CSV; format++) {
        tp_emit_options options = TP_EMIT_OPTIONS_INIT;
        tp_error error = { .status = TP_OK };
        uint8_t *bytes;
        size_t size;
        options.least = format % 2 == 0 ? 0 : 0.01;
        tp_status status = tp_emit(profile, (tp_emit_format)format, &options, &bytes, &size, &error);
        if (status == TP_OK)
            tp_emit_free(bytes);
        else if (error.status != status || error.message == NULL)
            fuzz_fail("an error that says nothing");
        else if (status == TP_ENOMEM)
            fuzz_fail("a profile cannot be written");
    }
}

/* A file of collapsed stacks has everything that its profile has, but for zeros. */
static void write_and_read(const tp_profile *profile, const tp_allocator *allocator)
{
    tp_profile *again;
    tp_error error;
    tp_read_options options = TP_READ_OPTIONS_INIT;
    uint8_t *bytes;
    size_t size;
    options.allocator = allocator;
    if (tp_emit(profile, TP_EMIT_COLLAPSED, NULL, &bytes, &size, NULL) != TP_OK)
        return;
    if (size > 0 && tp_import_decode(&again, bytes, size, &options, &error) != TP_OK)
        fuzz_fail(error.message);
    if (size > 0) {
        if (tp_profile_thread_count(again) > tp_profile_thread_count(profile))
            fuzz_fail("threads have come on the way");
        tp_profile_destroy(again);
    }
    tp_emit_free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    counter memory;
    tp_profile *profile;
    tp_error error = { .status = TP_OK };
    tp_read_options options = TP_READ_OPTIONS_INIT;
    counter_init(&memory);
    options.allocator = &memory.allocator;
    clock_t start = stopwatch_start();
    tp_status status = tp_import_decode(&profile, data, size, &options, &error);
    counter_check_peak(&memory, size, LEAST_MEMORY, MEMORY_FACTOR);
    if (status == TP_OK) {
        write_all_formats(profile);
        if (tp_profile_origin(profile).dialect == TP_DIALECT_COLLAPSED)
            write_and_read(profile, &memory.allocator);
        tp_profile_destroy(profile);
    } else if (error.status != status || error.message == NULL || error.offset > size) {
        fuzz_fail("an error that says nothing");
    }
    stopwatch_check(start, SECONDS);
    counter_check_empty(&memory);
    return 0;
}
