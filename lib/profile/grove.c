#include "grove.h"

#include "memory.h"

void tp_grove_init(tp_grove *grove, const tp_allocator *allocator)
{
    *grove = (tp_grove){ .allocator = allocator, .first = TP_NO_INDEX, .last = TP_NO_INDEX };
    tp_map_init(&grove->child_of, allocator);
}

void tp_grove_free(tp_grove *grove)
{
    tp_free(grove->allocator, grove->sprouts);
    tp_map_free(&grove->child_of);
    tp_grove_init(grove, grove->allocator);
}

static tp_status append(tp_grove *grove, uint32_t parent, uint32_t function)
{
    void *array = grove->sprouts;
    if (grove->count >= TP_NO_INDEX - 1)
        return TP_ELIMIT;
    tp_status status = tp_reserve(grove->allocator, &array, &grove->capacity, grove->count + 1,
                                  sizeof *grove->sprouts);
    if (status != TP_OK)
        return status;
    grove->sprouts = array;
    grove->sprouts[grove->count] = (tp_sprout){ .function = function,
                                                .parent = parent,
                                                .first = TP_NO_INDEX,
                                                .last = TP_NO_INDEX,
                                                .next = TP_NO_INDEX };
    return TP_OK;
}

tp_status tp_grove_child(tp_grove *grove, uint32_t *sprout, uint32_t parent, uint32_t function)
{
    /* TP_NO_INDEX + 1 wraps to 0 for the top; the function's half is never 0. */
    uint64_t pair = (uint64_t)(uint32_t)(parent + 1) << 32 | ((uint64_t)function + 1);
    uint32_t found = tp_map_get(&grove->child_of, pair);
    if (found != TP_MAP_NONE) {
        *sprout = found;
        return TP_OK;
    }
    tp_status status = append(grove, parent, function);
    if (status == TP_OK)
        status = tp_map_put(&grove->child_of, pair, (uint32_t)grove->count);
    if (status != TP_OK)
        return status;
    uint32_t added = (uint32_t)grove->count++;
    uint32_t *first = parent == TP_NO_INDEX ? &grove->first : &grove->sprouts[parent].first;
    uint32_t *last = parent == TP_NO_INDEX ? &grove->last : &grove->sprouts[parent].last;
    if (*first == TP_NO_INDEX)
        *first = added;
    else
        grove->sprouts[*last].next = added;
    *last = added;
    *sprout = added;
    return TP_OK;
}

/* Whether `parent` is itself a call of the function by the function. */
static bool is_nested(const tp_grove *grove, uint32_t parent, uint32_t function)
{
    if (parent == TP_NO_INDEX || grove->sprouts[parent].function != function)
        return false;
    uint32_t above = grove->sprouts[parent].parent;
    return above != TP_NO_INDEX && grove->sprouts[above].function == function;
}

tp_status tp_grove_add(tp_grove *grove, uint32_t *sprout, uint32_t parent,
                       const tp_context *context)
{
    if (is_nested(grove, parent, context->function)) {
        *sprout = parent;
        grove->sprouts[parent].calls += context->calls;
        grove->sprouts[parent].nested_calls += context->calls;
        return TP_OK;
    }
    tp_status status = tp_grove_child(grove, sprout, parent, context->function);
    if (status != TP_OK)
        return status;
    tp_sprout *to = &grove->sprouts[*sprout];
    to->calls += context->calls;
    to->nested_calls += context->nested_calls;
    tp_ticks_add(&to->ticks, tp_ticks_of(context));
    return TP_OK;
}

/* The next sprout in pre-order, TP_NO_INDEX at the end. *place_of_parent follows: the place, in the
 * tree, of the parent of what is given. */
static uint32_t next_in_preorder(const tp_grove *grove, const tp_context *contexts, size_t first,
                                 uint32_t at, uint32_t *parent_place)
{
    uint32_t place = *parent_place;
    const tp_sprout *sprout = &grove->sprouts[at];
    if (sprout->first != TP_NO_INDEX)
        return sprout->first; /* place stays to be set by the caller */
    while (sprout->next == TP_NO_INDEX) {
        if (sprout->parent == TP_NO_INDEX)
            return TP_NO_INDEX;
        place = contexts[first + place].parent;
        sprout = &grove->sprouts[sprout->parent];
    }
    *parent_place = place;
    return sprout->next;
}

tp_status tp_grove_copy(const tp_grove *grove, tp_profile *profile, tp_tree_data *tree)
{
    size_t first = tree->count;
    uint32_t parent = TP_NO_INDEX;
    for (uint32_t at = grove->first; at != TP_NO_INDEX;) {
        const tp_sprout *sprout = &grove->sprouts[at];
        tp_context context = { .function = sprout->function,
                               .parent = parent,
                               .calls = sprout->calls,
                               .nested_calls = sprout->nested_calls,
                               .inclusive_ticks = sprout->ticks.shown,
                               .other_ticks = sprout->ticks.other,
                               .awaited_ticks = sprout->ticks.awaited };
        tp_status status = tp_tree_add_context(profile, tree, &context);
        if (status != TP_OK)
            return status;
        if (sprout->first != TP_NO_INDEX)
            parent = (uint32_t)(tree->count - 1 - first);
        at = next_in_preorder(grove, tree->contexts, first, at, &parent);
    }
    return TP_OK;
}

void tp_contexts_self(const tp_context *contexts, size_t count, tp_ticks *self)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t parent = contexts[i].parent;
        self[i] = tp_ticks_of(&contexts[i]);
        if (parent != TP_NO_INDEX)
            tp_ticks_subtract(&self[parent], self[i]);
    }
}

void tp_contexts_sum(const tp_context *contexts, size_t count, tp_ticks *ticks)
{
    for (size_t i = count; i-- > 0;) {
        uint32_t parent = contexts[i].parent;
        if (parent != TP_NO_INDEX)
            tp_ticks_add(&ticks[parent], ticks[i]);
    }
}
