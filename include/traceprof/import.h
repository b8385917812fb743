/* Profiles out of files of any kind that can be read: Python's and this library's own (<traceprof/pstats.h>),
 * collapsed stacks as flamegraph.pl takes them, and callgrind's. docs/export.md says what is taken from the
 * last two, and what they do not know. */
#ifndef TRACEPROF_IMPORT_H
#define TRACEPROF_IMPORT_H

#include <traceprof/profile.h>
#include <traceprof/pstats.h>
#include <traceprof/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A profile from bytes, or from a file ("-": standard input), whichever of these it is. The kind is told by
 * how it begins; what is none is refused as a pstats file. Collapsed stacks give trees and no numbers of
 * calls, callgrind's files functions and edges with calls. The bytes are trusted in nothing; memory stays
 * below 16 times the input for pstats files, else below 128 times and some kilobytes. `options` and `error`
 * may be NULL; options->as_is is for pstats files. */
TP_API TP_NODISCARD tp_status tp_import_decode(tp_profile **profile, const uint8_t *bytes, size_t size,
                                               const tp_read_options *options, tp_error *error);
TP_API TP_NODISCARD tp_status tp_import_read_file(tp_profile **profile, const char *path,
                                                  const tp_read_options *options, tp_error *error);

#ifdef __cplusplus
}
#endif
#endif
