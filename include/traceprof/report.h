/* A profile as a page to look at: one HTML file with all that it needs, which fetches nothing
 * (docs/report.md). */
#ifndef TRACEPROF_REPORT_H
#define TRACEPROF_REPORT_H

#include <traceprof/profile.h>
#include <traceprof/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tp_report_options {
    size_t size;              /* sizeof (tp_report_options) of the caller's header */
    tp_string title;          /* Borrowed; empty: the command that was recorded, if it is known. */
    const tp_profile *before; /* Borrowed; not NULL: the page says what changed from this one. */
} tp_report_options;

#define TP_REPORT_OPTIONS_INIT \
    { sizeof(tp_report_options), { NULL, 0 }, NULL }

/* The page's bytes, UTF-8, from the profile's allocator; owned by the caller and freed with
 * tp_report_free. Same profiles and options, same bytes. A profile without a tree is shown with an
 * estimated one, and the page says so. `options` may be NULL. */
TP_API TP_NODISCARD tp_status tp_report_encode(const tp_profile *profile,
                                               const tp_report_options *options, uint8_t **bytes,
                                               size_t *size);
TP_API void tp_report_free(uint8_t *bytes);

/* The same into a file, wholly or not at all, as tp_pstats_write_file does. `options` and `error` may be
 * NULL. */
TP_API TP_NODISCARD tp_status tp_report_write_file(const tp_profile *profile,
                                                   const tp_report_options *options,
                                                   const char *path, tp_error *error);

#ifdef __cplusplus
}
#endif
#endif
