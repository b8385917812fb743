#include "node_waits.h"

#include "grove.h"
#include "memory.h"

void tp_node_waits_init(tp_node_waits *waits, const tp_allocator *allocator)
{
    *waits = (tp_node_waits){ .count = 0 };
    tp_map_init(&waits->place_of_node, allocator);
}

void tp_node_waits_free(tp_node_waits *waits)
{
    const tp_allocator *allocator = waits->place_of_node.allocator;
    tp_map_free(&waits->place_of_node);
    tp_free(allocator, waits->ticks);
    tp_node_waits_init(waits, allocator);
}

tp_status tp_node_waits_place(tp_node_waits *waits, uint32_t *place, uint32_t node)
{
    *place = tp_map_get(&waits->place_of_node, node);
    if (*place != TP_MAP_NONE)
        return TP_OK;
    void *array = waits->ticks;
    tp_status status = tp_reserve(waits->place_of_node.allocator, &array, &waits->capacity,
                                  waits->count + 1, sizeof *waits->ticks);
    if (status != TP_OK)
        return status;
    waits->ticks = array;
    status = tp_map_put(&waits->place_of_node, node, (uint32_t)waits->count);
    if (status != TP_OK)
        return status;
    waits->ticks[waits->count] = 0;
    *place = (uint32_t)waits->count++;
    return TP_OK;
}

uint64_t tp_node_waits_get(const tp_node_waits *waits, uint32_t node)
{
    uint32_t place = tp_map_get(&waits->place_of_node, node);
    return place == TP_MAP_NONE ? 0 : waits->ticks[place];
}

size_t tp_node_waits_memory(const tp_node_waits *waits)
{
    return waits->capacity * sizeof *waits->ticks +
           waits->place_of_node.capacity * (sizeof(uint64_t) + sizeof(uint32_t));
}

tp_status tp_enclose_waits(tp_context *contexts, size_t count, const tp_allocator *allocator)
{
    tp_ticks *self = tp_alloc(allocator, count, sizeof *self);
    int64_t *below = tp_alloc(allocator, count, sizeof *below);
    if (self != NULL && below != NULL) {
        tp_contexts_self(contexts, count, self);
        for (size_t i = count; i-- > 0;) {
            int64_t measured = contexts[i].awaited_ticks;
            uint32_t parent = contexts[i].parent;
            if (measured == 0 || self[i].shown + measured < below[i])
                contexts[i].awaited_ticks = below[i];
            if (parent != TP_NO_INDEX)
                below[parent] += contexts[i].awaited_ticks;
        }
    }
    tp_status status = self != NULL && below != NULL ? TP_OK : TP_ENOMEM;
    tp_free(allocator, self);
    tp_free(allocator, below);
    return status;
}
