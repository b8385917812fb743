/* What the page is drawn from, as JSON in columns; docs/report.md has its fields. */
#ifndef TP_REPORT_DATA_H
#define TP_REPORT_DATA_H

#include <traceprof/profile.h>

#include "buffer.h"

/* Profiles as the page has them: one, or one and what it is compared with. */
typedef struct tp_report_subject {
    const tp_allocator *allocator; /* Borrowed, as all here. */
    const tp_profile *before;      /* NULL: nothing is compared */
    const tp_profile *profile;
    tp_string title;
} tp_report_subject;

/* Failures are the buffer's. */
void tp_report_put_data(tp_buffer *buffer, const tp_report_subject *subject);

#endif
