/* Profiles as files. A file is one or two marshal objects: the dictionary that Python's pstats module
 * loads, and after it what that cannot hold (docs/format.md). */
#ifndef TRACEPROF_PSTATS_H
#define TRACEPROF_PSTATS_H

#include <traceprof/profile.h>
#include <traceprof/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What goes into the bytes. */
typedef enum tp_pstats_parts {
    TP_PSTATS_WHOLE = 0,       /* both objects */
    TP_PSTATS_DICTIONARY = 1   /* the first alone */
} tp_pstats_parts;

/* The file's bytes in memory, from the profile's allocator; owned by the caller and freed with
 * tp_pstats_free. Same profile, same bytes. */
TP_API TP_NODISCARD tp_status tp_pstats_encode(const tp_profile *profile, tp_pstats_parts parts,
                                               uint8_t **bytes, size_t *size);
TP_API void tp_pstats_free(uint8_t *bytes);

/* Writes the whole file, or leaves what was there: into a file beside it, synced, then renamed. A
 * pipe or device is written to directly. `error` may be NULL. */
TP_API TP_NODISCARD tp_status tp_pstats_write_file(const tp_profile *profile, const char *path,
                                                   tp_error *error);

/* Whether tp_pstats_write_file could write there now, as far as can be told by making and removing a
 * file beside it: a rename may still be refused (a sticky folder, a mounted file). */
TP_API TP_NODISCARD tp_status tp_pstats_probe_file(const char *path, tp_error *error);

typedef struct tp_read_options {
    size_t size;                   /* sizeof (tp_read_options) of the caller's header */
    const tp_allocator *allocator; /* Borrowed; NULL: the C library's. */
    uint32_t as_is;                /* not 0: counts as the file has them, whatever the dialect */
} tp_read_options;

#define TP_READ_OPTIONS_INIT \
    { sizeof(tp_read_options), NULL, 0 }

/* A profile from bytes, or from a file ("-": standard input). All dialects of pstats files are told
 * apart and made alike; tp_profile_origin says what was found. Only files of this library, of any
 * format version with the same major number, have trees. The bytes are trusted in nothing: every
 * length is checked against what is left, and memory stays below 16 times the input. `options` and
 * `error` may be NULL. */
TP_API TP_NODISCARD tp_status tp_pstats_decode(tp_profile **profile, const uint8_t *bytes,
                                               size_t size, const tp_read_options *options,
                                               tp_error *error);
TP_API TP_NODISCARD tp_status tp_pstats_read_file(tp_profile **profile, const char *path,
                                                  const tp_read_options *options, tp_error *error);

#ifdef __cplusplus
}
#endif
#endif
