#include "strand.h"

#include <string.h>

#include "memory.h"
#include "recorder.h"

void tp_strands_init(tp_strands *strands, const tp_allocator *allocator)
{
    *strands = (tp_strands){ .count = 0 };
    tp_map_init(&strands->index, allocator);
}

void tp_strands_free(tp_strands *strands)
{
    const tp_allocator *allocator = strands->index.allocator;
    for (size_t i = 0; i < strands->count; i++)
        tp_free(allocator, strands->items[i].frames);
    tp_free(allocator, strands->items);
    tp_map_free(&strands->index);
    tp_strands_init(strands, allocator);
}

static tp_status add(tp_strands *strands, const tp_strand *strand)
{
    const tp_allocator *allocator = strands->index.allocator;
    void *array = strands->items;
    if (strands->count >= TP_MAP_NONE)
        return TP_ENOMEM;
    tp_status status = tp_reserve(allocator, &array, &strands->capacity, strands->count + 1,
                                  sizeof *strands->items);
    if (status != TP_OK)
        return status;
    strands->items = array;
    status = tp_map_put(&strands->index, strand->id, (uint32_t)strands->count);
    if (status == TP_OK)
        strands->items[strands->count++] = *strand;
    return status;
}

/* The last one takes the place of what is taken. */
static bool take(tp_strands *strands, uint64_t id, tp_strand *strand)
{
    uint32_t at = tp_map_take(&strands->index, id);
    if (at == TP_MAP_NONE)
        return false;
    *strand = strands->items[at];
    tp_strand *last = &strands->items[--strands->count];
    if (last != &strands->items[at]) {
        strands->items[at] = *last;
        /* The map has room for what has just been taken from it: this replaces a value. */
        return tp_map_put(&strands->index, last->id, at) == TP_OK;
    }
    return true;
}

/* What the calls would count (sign 1), or no longer count (-1), if they ended when they were put aside. */
static void count(const tp_strand *strand, int sign)
{
    for (size_t i = 0; i < strand->depth; i++) {
        tp_node *node = strand->frames[i].node;
        node->ticks += (strand->paused - strand->frames[i].start) * (uint64_t)(int64_t)sign;
        node->calls += (uint64_t)(int64_t)sign;
    }
}

static void put_aside(tp_track *track, uint64_t id, uint64_t now)
{
    tp_track_end_beyond(track, now);
    size_t depth = tp_track_depth(track);
    if (depth == 0)
        return;
    const tp_allocator *allocator = track->session->allocator;
    tp_strand strand = { .id = id, .paused = now, .depth = depth };
    strand.frames = tp_alloc(allocator, depth, sizeof *strand.frames);
    if (strand.frames != NULL)
        memcpy(strand.frames, track->base + 1, depth * sizeof *strand.frames);
    if (strand.frames == NULL || add(&track->strands, &strand) != TP_OK) {
        tp_free(allocator, strand.frames);
        track->repairs.unwound += depth;
        track->session->status = TP_ENOMEM;
        tp_track_end_all(track, now);
        return;
    }
    track->top = track->base;
    track->node = track->base->node;
}

static void take_up(tp_track *track, uint64_t id, uint64_t now)
{
    tp_strand strand;
    if (!take(&track->strands, id, &strand))
        return;
    if (tp_track_make_room(track, strand.depth) == TP_OK) {
        for (size_t i = 0; i < strand.depth; i++) {
            track->base[i + 1] = strand.frames[i];
            track->base[i + 1].start += now - strand.paused;
        }
        track->top = track->base + strand.depth;
        track->node = track->top->node;
    } else {
        track->repairs.unwound += strand.depth;
        track->session->status = TP_ENOMEM;
        count(&strand, 1);
    }
    tp_free(track->session->allocator, strand.frames);
}

void tp_track_switch(tp_track *track, uint64_t from, uint64_t to)
{
    if (tp_track_depth(track) == 0 && track->strands.count == 0)
        return;
    uint64_t now = tp_track_now(track);
    put_aside(track, from, now);
    take_up(track, to, now);
}

void tp_strands_count(const tp_strands *strands, int sign)
{
    for (size_t i = 0; i < strands->count; i++)
        count(&strands->items[i], sign);
}

void tp_strands_close(tp_strands *strands)
{
    tp_strands_count(strands, 1);
    tp_strands_free(strands);
}

size_t tp_strands_memory(const tp_strands *strands)
{
    size_t bytes = strands->capacity * sizeof *strands->items +
                   strands->index.capacity * (sizeof(uint64_t) + sizeof(uint32_t));
    for (size_t i = 0; i < strands->count; i++)
        bytes += strands->items[i].depth * sizeof(tp_frame);
    return bytes;
}
