/* The session's inside, for the other files of the recorder. */
#ifndef TP_RECORDER_H
#define TP_RECORDER_H

#include "labels.h"
#include "track.h"

struct tp_session {
    const tp_allocator *allocator; /* Borrowed. */
    const tp_clock *clock;         /* Borrowed. */
    tp_resolver resolver;
    uint32_t max_contexts;
    bool no_edges;
    tp_status status;
    tp_labels labels;
    tp_track **tracks; /* Owned, and the tracks. */
    size_t track_count;
    size_t track_capacity;
};

#endif
