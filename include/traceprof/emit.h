/* Profiles as other programs' files: what flame graph viewers, pprof, KCachegrind, Graphviz and scripts
 * read. docs/export.md says what each format can hold. Files of this library's own are written by
 * <traceprof/pstats.h>. */
#ifndef TRACEPROF_EMIT_H
#define TRACEPROF_EMIT_H

#include <traceprof/profile.h>
#include <traceprof/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Numbers are pinned. */
typedef enum tp_emit_format {
    TP_EMIT_SPEEDSCOPE = 0,
    TP_EMIT_CALLGRIND = 1,
    TP_EMIT_COLLAPSED = 2,
    TP_EMIT_PPROF = 3,  /* gzip, as its specification wants it */
    TP_EMIT_CHROME = 4, /* refused: no profile of ours has a timeline */
    TP_EMIT_DOT = 5,
    TP_EMIT_JSON = 6,
    TP_EMIT_JSONL = 7,
    TP_EMIT_CSV = 8
} tp_emit_format;

/* What a width means in formats that have one: speedscope and collapsed. */
typedef enum tp_emit_weight {
    TP_WEIGHT_TIME = 0, /* own time, whole nanoseconds */
    TP_WEIGHT_CALLS = 1
} tp_emit_weight;

/* What CSV holds: it is one table. */
typedef enum tp_emit_table {
    TP_TABLE_FUNCTIONS = 0,
    TP_TABLE_EDGES = 1,
    TP_TABLE_CONTEXTS = 2,
    TP_TABLE_COROUTINES = 3,
    TP_TABLE_THREADS = 4,
    TP_TABLE_PROCESSES = 5,
    TP_TABLE_PROPERTIES = 6
} tp_emit_table;

typedef struct tp_emit_options {
    size_t size;           /* sizeof (tp_emit_options) of the caller's header */
    tp_emit_weight weight;
    tp_emit_table table;
    double least;          /* 0.01: what is below a hundredth of the whole is folded into its caller (trees)
                            * or left out (dot); 0: all is written */
    tp_string name;        /* of the profile, where the format has one; may be empty */
} tp_emit_options;

#define TP_EMIT_OPTIONS_INIT \
    { sizeof(tp_emit_options), TP_WEIGHT_TIME, TP_TABLE_FUNCTIONS, 0, { NULL, 0 } }

/* A format's name ("speedscope"), the other way, and the one that a file's name asks for by how it ends
 * (".speedscope.json", ".pb.gz", "callgrind.out.1"). Both find nothing with TP_EARGUMENT. */
TP_API const char *tp_emit_format_name(tp_emit_format format);
TP_API TP_NODISCARD tp_status tp_emit_format_find(tp_emit_format *format, const char *name);
TP_API TP_NODISCARD tp_status tp_emit_format_of_path(tp_emit_format *format, const char *path);

/* Whether the format is of paths, so that the profile must have trees; tp_profile_estimate_tree makes one
 * where there is none. */
TP_API int tp_emit_needs_tree(tp_emit_format format);

/* Whether the format is nothing for a terminal. */
TP_API int tp_emit_is_binary(tp_emit_format format);

/* The file's bytes in memory, from the profile's allocator; owned by the caller and freed with
 * tp_emit_free. Same profile, same bytes. Times are those that the profile shows. `options` and `error`
 * may be NULL. TP_EARGUMENT: the format is of paths, and the profile has no tree; or an option is out of
 * its range. TP_EUNSUPPORTED: the format needs what no profile has. TP_ELIMIT: paths so deep that a format
 * which writes each of them whole would take more than a gigabyte, or sums beyond 63 bits. */
TP_API TP_NODISCARD tp_status tp_emit(const tp_profile *profile, tp_emit_format format,
                                      const tp_emit_options *options, uint8_t **bytes, size_t *size,
                                      tp_error *error);
TP_API void tp_emit_free(uint8_t *bytes);

/* The same as a file, replaced only by a whole new one, as tp_pstats_write_file does it. */
TP_API TP_NODISCARD tp_status tp_emit_write_file(const tp_profile *profile, tp_emit_format format,
                                                 const tp_emit_options *options, const char *path,
                                                 tp_error *error);

#ifdef __cplusplus
}
#endif
#endif
