/* Strands: several stacks on one thread, of which one runs at a time, as greenlets have them. The open
 * calls of a strand that does not run are put aside; its time stands still until it goes on. */
#ifndef TP_STRAND_H
#define TP_STRAND_H

#include "map.h"

struct tp_track;
struct tp_frame;

typedef struct tp_strand {
    uint64_t id;
    uint64_t paused; /* tick */
    size_t depth;
    struct tp_frame *frames; /* Owned; outermost first */
} tp_strand;

typedef struct tp_strands {
    tp_strand *items; /* Owned; those that do not run and have open calls */
    size_t count;
    size_t capacity;
    tp_map index; /* id -> position */
} tp_strands;

void tp_strands_init(tp_strands *strands, const tp_allocator *allocator);
void tp_strands_free(tp_strands *strands);

/* The thread goes on with strand `to`; what is open belongs to `from`. Ids are addresses, good while the
 * strand lives. Without memory the open calls end now, and are counted as repairs. Calls beyond the cap
 * end in any case. */
void tp_track_switch(struct tp_track *track, uint64_t from, uint64_t to);

/* Adds (sign 1) or takes back (sign -1) what the calls that were put aside would count if they ended when
 * they were. */
void tp_strands_count(const tp_strands *strands, int sign);

/* Ends them so. */
void tp_strands_close(tp_strands *strands);

/* Bytes held. */
size_t tp_strands_memory(const tp_strands *strands);

#endif
