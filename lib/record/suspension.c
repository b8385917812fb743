#include "suspension.h"

#include <assert.h>

#include "memory.h"
#include "recorder.h"

void tp_suspensions_init(tp_suspensions *table, const tp_allocator *allocator)
{
    *table = (tp_suspensions){ .allocator = allocator, .free = TP_MAP_NONE };
    tp_map_init(&table->first, allocator);
}

void tp_suspensions_free(tp_suspensions *table)
{
    tp_map_free(&table->first);
    tp_free(table->allocator, table->items);
    tp_suspensions_init(table, table->allocator);
}

/* An item to be filled; TP_MAP_NONE without memory. */
static uint32_t take_item(tp_suspensions *table)
{
    uint32_t item = table->free;
    if (item != TP_MAP_NONE) {
        table->free = table->items[item].next;
        return item;
    }
    void *array = table->items;
    if (table->count >= TP_MAP_NONE ||
        tp_reserve(table->allocator, &array, &table->capacity, table->count + 1,
                   sizeof *table->items) != TP_OK)
        return TP_MAP_NONE;
    table->items = array;
    return (uint32_t)table->count++;
}

static void give_back(tp_suspensions *table, uint32_t item)
{
    table->items[item] = (tp_suspension){ .next = table->free };
    table->free = item;
}

/* The session's item of an instance, and the one before it in the list, or TP_MAP_NONE for either. */
static uint32_t find(const tp_suspensions *table, uint64_t instance, const tp_session *session,
                     uint32_t *before)
{
    uint32_t item = tp_map_get(&table->first, instance);
    *before = TP_MAP_NONE;
    while (item != TP_MAP_NONE && table->items[item].session != session) {
        *before = item;
        item = table->items[item].next;
    }
    return item;
}

/* Takes an item out of its instance's list. The map has room for what has just been taken from it. */
static void unlink_item(tp_suspensions *table, uint32_t item, uint32_t before)
{
    uint64_t instance = table->items[item].instance;
    uint32_t next = table->items[item].next;
    table->items[item].session->suspended--;
    if (before != TP_MAP_NONE) {
        table->items[before].next = next;
    } else {
        tp_map_take(&table->first, instance);
        tp_status status =
            next == TP_MAP_NONE ? TP_OK : tp_map_put(&table->first, instance, next);
        assert(status == TP_OK);
        (void)status;
    }
    give_back(table, item);
}

static tp_status add(tp_suspensions *table, const tp_suspension *suspended)
{
    uint32_t before;
    uint64_t instance = suspended->instance;
    tp_session *session = suspended->session;
    uint32_t item = find(table, instance, session, &before);
    if (item == TP_MAP_NONE) {
        item = take_item(table);
        if (item == TP_MAP_NONE)
            return TP_ENOMEM;
        uint32_t next = tp_map_get(&table->first, instance);
        if (tp_map_put(&table->first, instance, item) != TP_OK) {
            give_back(table, item);
            return TP_ENOMEM;
        }
        table->items[item].next = next;
        session->suspended++;
    }
    uint32_t next = table->items[item].next;
    table->items[item] = *suspended;
    table->items[item].next = next;
    return TP_OK;
}

static void end_item(tp_suspensions *table, uint32_t item, uint32_t before, uint64_t now)
{
    const tp_suspension *s = &table->items[item];
    tp_waits *waits = tp_session_waits(s->session, s->function);
    if (waits != NULL)
        waits->awaited += tp_elapsed(now, s->since);
    if (s->place != TP_MAP_NONE)
        s->track->node_waits.ticks[s->place] += tp_elapsed(now, s->since);
    unlink_item(table, item, before);
}

void tp_suspend(tp_suspensions *table, tp_track *track, const void *key, uint64_t instance)
{
    tp_suspension s = { .instance = instance, .track = track, .place = TP_MAP_NONE };
    s.since = tp_track_now(track);
    s.session = track->session;
    tp_session *session = track->session;
    const tp_frame *top = track->top;
    if (!tp_track_try_leave(track, key, s.since))
        tp_track_leave_slow(track, key, NULL, s.since);
    /* A call that was active as the recording began is awaited all the same from here on. */
    tp_status status =
        tp_labels_function(&session->labels, &s.function, key, NULL, &session->resolver);
    if (status == TP_OK && tp_session_waits(session, s.function) == NULL)
        status = TP_ENOMEM;
    if (status == TP_OK && track->top < top && track->top[1].node != &track->outside)
        status = tp_node_waits_place(&track->node_waits, &s.place, track->top[1].node->number);
    if (status == TP_OK)
        status = add(table, &s);
    if (status == TP_OK)
        session->suspensions = table;
    if (status == TP_ENOMEM)
        session->status = TP_ENOMEM;
}

void tp_resume(tp_suspensions *table, tp_track *track, const void *key, uint64_t instance)
{
    tp_session *session = track->session;
    uint64_t lost = track->repairs.lost;
    uint32_t before;
    tp_track_enter(track, key, NULL);
    uint64_t now = track->repairs.lost == lost ? track->top->start : tp_track_now(track);
    uint32_t function =
        tp_map_get(&session->labels.function_of_key, (uint64_t)(uintptr_t)key);
    tp_waits *waits = function == TP_MAP_NONE ? NULL : tp_session_waits(session, function);
    if (waits != NULL && track->repairs.lost == lost)
        waits->resumes++;
    uint32_t item = find(table, instance, session, &before);
    if (item != TP_MAP_NONE)
        end_item(table, item, before, now);
}

void tp_suspensions_end(tp_suspensions *table, uint64_t instance)
{
    uint32_t item = tp_map_get(&table->first, instance);
    while (item != TP_MAP_NONE) {
        /* A clock may run Python code, and the table be another afterwards. */
        tp_session *session = table->items[item].session;
        uint64_t now = tp_clock_now(session->clock);
        uint32_t before;
        item = find(table, instance, session, &before);
        if (item != TP_MAP_NONE)
            end_item(table, item, before, now);
        item = tp_map_get(&table->first, instance);
    }
}

void tp_suspensions_settle(tp_suspensions *table, tp_session *session, uint64_t now)
{
    for (uint32_t i = 0; i < table->count && session->suspended > 0; i++) {
        uint32_t before;
        if (table->items[i].session != session)
            continue;
        (void)find(table, table->items[i].instance, session, &before);
        end_item(table, i, before, now);
    }
}

void tp_suspensions_forget(tp_suspensions *table, const tp_session *session)
{
    for (uint32_t i = 0; i < table->count && session->suspended > 0; i++) {
        uint32_t before;
        if (table->items[i].session != session)
            continue;
        (void)find(table, table->items[i].instance, session, &before);
        unlink_item(table, i, before);
    }
}

size_t tp_session_suspended(const tp_session *session)
{
    return session->suspended;
}

void tp_suspensions_add_to(const tp_suspensions *table, const tp_session *session, uint64_t now,
                           uint64_t *sums)
{
    for (size_t i = 0; i < table->count; i++) {
        const tp_suspension *s = &table->items[i];
        if (s->session == session)
            sums[s->function] += tp_elapsed(now, s->since);
    }
}

void tp_suspensions_count(const tp_suspensions *table, const tp_session *session, uint64_t now,
                          int sign)
{
    for (size_t i = 0; i < table->count; i++) {
        const tp_suspension *s = &table->items[i];
        if (s->session == session && s->place != TP_MAP_NONE)
            s->track->node_waits.ticks[s->place] += tp_elapsed(now, s->since) * (uint64_t)(int64_t)sign;
    }
}
