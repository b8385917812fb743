/* Whole files in and out. Failures fill a tp_error; see <traceprof/status.h>. */
#ifndef TP_FILE_H
#define TP_FILE_H

#include <stdbool.h>

#include <traceprof/status.h>

/* All bytes of a file, or of standard input when path is "-"; *bytes is owned by the caller and
 * freed with tp_free(allocator, ...). TP_ELIMIT beyond `limit` bytes. */
TP_NODISCARD tp_status tp_file_read(uint8_t **bytes, size_t *size, const char *path, size_t limit,
                                    const tp_allocator *allocator, tp_error *error);

/* Replaces path by these bytes, wholly or not at all: writes beside it, syncs, renames. The mode of
 * a file that was there is kept, a symbolic link stays one. What is not a regular file (a pipe, a
 * terminal) is written to directly. */
TP_NODISCARD tp_status tp_file_replace(const char *path, const uint8_t *bytes, size_t size,
                                       const tp_allocator *allocator, tp_error *error);

/* Whether tp_file_replace could write there now; leaves nothing behind. */
TP_NODISCARD tp_status tp_file_probe(const char *path, const tp_allocator *allocator,
                                     tp_error *error);

#endif
