#include <math.h>

#include "memory.h"
#include "recorder.h"

/* The first version of the options ended behind this member. */
#define SMALLEST_OPTIONS (offsetof(tp_session_options, no_edges) + sizeof(uint32_t))

tp_status tp_session_create(tp_session **out, const tp_session_options *options)
{
    if (options == NULL || options->size < SMALLEST_OPTIONS || options->clock == NULL ||
        options->resolver.resolve == NULL || options->max_contexts > UINT32_MAX / 2)
        return TP_EARGUMENT;
    tp_session *session = tp_alloc(options->allocator, 1, sizeof *session);
    if (session == NULL)
        return TP_ENOMEM;
    session->allocator = options->allocator;
    session->clock = options->clock;
    session->resolver = options->resolver;
    session->max_contexts =
        options->max_contexts != 0 ? options->max_contexts : TP_DEFAULT_MAX_CONTEXTS;
    session->no_edges = options->no_edges != 0;
    tp_labels_init(&session->labels, session->allocator);
    *out = session;
    return TP_OK;
}

static void free_tracks(tp_session *session)
{
    for (size_t i = 0; i < session->track_count; i++) {
        tp_track_free(session->tracks[i]);
        tp_free(session->allocator, session->tracks[i]);
    }
    session->track_count = 0;
}

void tp_session_destroy(tp_session *session)
{
    if (session == NULL)
        return;
    free_tracks(session);
    tp_free(session->allocator, session->tracks);
    tp_labels_free(&session->labels);
    tp_free(session->allocator, session->waits);
    tp_free(session->allocator, session);
}

tp_status tp_session_add_track(tp_session *session, tp_track **out, const char *name,
                               size_t name_size, uint64_t id)
{
    void *array = session->tracks;
    tp_status status = tp_reserve(session->allocator, &array, &session->track_capacity,
                                  session->track_count + 1, sizeof *session->tracks);
    if (status != TP_OK)
        return status;
    session->tracks = array;
    tp_track *track = tp_alloc(session->allocator, 1, sizeof *track);
    if (track == NULL)
        return TP_ENOMEM;
    track->id = id;
    status = tp_intern_put(&session->labels.strings, &track->name, name, name_size);
    if (status == TP_OK)
        status = tp_track_init(track, session);
    if (status != TP_OK) {
        tp_free(session->allocator, track);
        return status;
    }
    session->tracks[session->track_count++] = track;
    *out = track;
    return TP_OK;
}

tp_track *tp_session_find_track(const tp_session *session, uint64_t id)
{
    for (size_t i = 0; i < session->track_count; i++) {
        if (session->tracks[i]->id == id)
            return session->tracks[i];
    }
    return NULL;
}

tp_waits *tp_session_waits(tp_session *session, uint32_t function)
{
    size_t before = session->waits_capacity;
    void *array = session->waits;
    if (tp_reserve(session->allocator, &array, &session->waits_capacity, (size_t)function + 1,
                   sizeof *session->waits) != TP_OK)
        return NULL;
    session->waits = array;
    for (size_t i = before; i < session->waits_capacity; i++)
        session->waits[i] = (tp_waits){ 0 };
    return &session->waits[function];
}

bool tp_session_knows(const tp_session *session, const void *key)
{
    return tp_map_get(&session->labels.function_of_key, (uint64_t)(uintptr_t)key) != TP_MAP_NONE;
}

void tp_session_forget(tp_session *session, const void *key)
{
    for (size_t i = 0; i < session->track_count; i++)
        tp_tree_forget(&session->tracks[i]->tree, key);
    tp_labels_forget(&session->labels, key);
}

/* What is kept beside the tracks. */
static void forget_calls(tp_session *session)
{
    session->status = TP_OK;
    for (size_t i = 0; i < session->waits_capacity; i++)
        session->waits[i] = (tp_waits){ 0 };
}

tp_status tp_session_clear(tp_session *session)
{
    /* New tracks' insides are made before the old ones go: with no memory nothing is lost. */
    tp_status status = TP_OK;
    for (size_t i = 0; status == TP_OK && i < session->track_count; i++) {
        tp_track *track = session->tracks[i];
        tp_track fresh = { .id = track->id, .name = track->name };
        status = tp_track_init(&fresh, session);
        if (status == TP_OK) {
            tp_track_free(track);
            /* The base frame points at the root, which lies in a chunk and does not move. */
            *track = fresh;
        }
    }
    if (status == TP_OK)
        forget_calls(session);
    return status;
}

void tp_session_reset(tp_session *session, int keep_functions)
{
    free_tracks(session);
    forget_calls(session);
    if (!keep_functions)
        tp_labels_free(&session->labels);
}

void tp_session_set_no_edges(tp_session *session, uint32_t no_edges)
{
    session->no_edges = no_edges != 0;
}

static bool is_cost(double value)
{
    return isfinite(value) && value >= 0;
}

tp_status tp_session_set_costs(tp_session *session, const tp_costs *costs)
{
    if (costs == NULL) {
        session->has_costs = false;
        return TP_OK;
    }
    if (costs->size < sizeof *costs || !is_cost(costs->unseen) || !is_cost(costs->company) ||
        !is_cost(costs->fresh) || !is_cost(costs->search) || !is_cost(costs->variety))
        return TP_EARGUMENT;
    for (size_t i = 0; i < TP_CALL_KINDS; i++) {
        const tp_cost *kind = &costs->kinds[i];
        if (!is_cost(kind->inside) || !is_cost(kind->outside) || !is_cost(kind->stretch) ||
            !is_cost(kind->recursion))
            return TP_EARGUMENT;
    }
    session->costs = *costs;
    for (size_t i = 0; i < TP_CALL_KINDS; i++) {
        if (session->costs.kinds[i].stretch == 0)
            session->costs.kinds[i].stretch = 1;
    }
    session->has_costs = true;
    return TP_OK;
}

tp_repairs tp_session_repairs(const tp_session *session)
{
    tp_repairs sum = { 0 };
    for (size_t i = 0; i < session->track_count; i++) {
        const tp_repairs *part = &session->tracks[i]->repairs;
        sum.unwound += part->unwound;
        sum.orphans += part->orphans;
        sum.lost += part->lost;
        sum.folded += part->folded;
    }
    return sum;
}

tp_status tp_session_status(const tp_session *session)
{
    return session->status;
}

size_t tp_session_track_count(const tp_session *session)
{
    return session->track_count;
}

void tp_session_close(tp_session *session)
{
    for (size_t i = 0; i < session->track_count; i++)
        tp_track_close(session->tracks[i]);
}

void tp_session_fail(tp_session *session)
{
    session->status = TP_ENOMEM;
}

tp_status tp_track_set_name(tp_track *track, const char *name, size_t name_size)
{
    return tp_intern_put(&track->session->labels.strings, &track->name, name, name_size);
}

const void *tp_session_find_key(const tp_session *session, const tp_function *function)
{
    return tp_labels_find_key(&session->labels, &function->label);
}

size_t tp_session_memory(const tp_session *session)
{
    size_t bytes = sizeof *session;
    for (size_t i = 0; i < session->track_count; i++) {
        const tp_track *track = session->tracks[i];
        bytes += sizeof *track + tp_tree_memory(&track->tree) + tp_beyond_memory(&track->beyond);
        bytes += ((size_t)(track->last - track->base) + 1) * sizeof *track->base;
        bytes += tp_strands_memory(&track->strands) + tp_node_waits_memory(&track->node_waits);
    }
    const tp_labels *labels = &session->labels;
    const tp_intern *strings = &labels->strings;
    size_t slots = strings->slot_count + labels->set.slot_count;
    bytes += strings->arena.size + strings->capacity * (sizeof(tp_text) + sizeof(uint32_t));
    bytes += slots * sizeof(uint32_t) + labels->set.capacity * sizeof(tp_packed_label);
    bytes += labels->function_of_key.capacity * (sizeof(uint64_t) + sizeof(uint32_t));
    bytes += labels->ordered * sizeof *labels->order;
    return bytes + labels->key_capacity * sizeof *labels->key_of_function;
}
