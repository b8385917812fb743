#include "labels.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "model.h"

void tp_labels_init(tp_labels *labels, const tp_allocator *allocator)
{
    *labels = (tp_labels){ .allocator = allocator };
    tp_intern_init(&labels->strings, allocator);
    tp_label_set_init(&labels->set, &labels->strings);
    tp_map_init(&labels->function_of_key, allocator);
}

void tp_labels_free(tp_labels *labels)
{
    tp_label_set_free(&labels->set);
    tp_intern_free(&labels->strings);
    tp_map_free(&labels->function_of_key);
    tp_free(labels->allocator, labels->key_of_function);
    tp_free(labels->allocator, labels->is_coroutine);
    tp_free(labels->allocator, labels->order);
    tp_labels_init(labels, labels->allocator);
}

static tp_status number_of_label(tp_labels *labels, uint32_t *function, const tp_label *label)
{
    tp_status status = tp_label_set_put(&labels->set, function, label);
    if (status != TP_OK)
        return status;
    size_t before = labels->key_capacity;
    void *array = (void *)labels->key_of_function;
    status = tp_reserve(labels->allocator, &array, &labels->key_capacity, (size_t)*function + 1,
                        sizeof *labels->key_of_function);
    if (status != TP_OK)
        return status;
    labels->key_of_function = array;
    for (size_t i = before; i < labels->key_capacity; i++)
        labels->key_of_function[i] = NULL;
    return TP_OK;
}

/* Said once: functions with equal labels are coroutine functions if one of them is. */
static tp_status note_coroutine(tp_labels *labels, uint32_t function)
{
    size_t before = labels->coroutine_capacity;
    void *array = labels->is_coroutine;
    tp_status status = tp_reserve(labels->allocator, &array, &labels->coroutine_capacity,
                                  (size_t)function + 1, sizeof *labels->is_coroutine);
    if (status != TP_OK)
        return status;
    labels->is_coroutine = array;
    memset(labels->is_coroutine + before, 0, labels->coroutine_capacity - before);
    labels->is_coroutine[function] = 1;
    return TP_OK;
}

bool tp_labels_is_coroutine(const tp_labels *labels, uint32_t function)
{
    return function < labels->coroutine_capacity && labels->is_coroutine[function] != 0;
}

tp_status tp_labels_function(tp_labels *labels, uint32_t *function, const void *key, void *subject,
                             const tp_resolver *resolver)
{
    *function = tp_map_get(&labels->function_of_key, (uint64_t)(uintptr_t)key);
    if (*function != TP_MAP_NONE)
        return TP_OK;
    tp_label label = { 0 };
    tp_status status = resolver->resolve(resolver->context, key, subject, &label);
    if (status != TP_OK)
        return status;
    status = number_of_label(labels, function, &label);
    if (resolver->release != NULL)
        resolver->release(resolver->context, &label);
    if (status == TP_OK && resolver->is_coroutine != NULL &&
        resolver->is_coroutine(resolver->context, key, subject))
        status = note_coroutine(labels, *function);
    if (status == TP_OK)
        status = tp_map_put(&labels->function_of_key, (uint64_t)(uintptr_t)key, *function);
    if (status == TP_OK)
        labels->key_of_function[*function] = key;
    return status;
}

typedef struct numbered {
    tp_label label;
    uint32_t number;
} numbered;

static int by_label(const void *a, const void *b)
{
    return tp_label_compare(&((const numbered *)a)->label, &((const numbered *)b)->label);
}

const uint32_t *tp_labels_in_order(tp_labels *labels)
{
    uint32_t count = labels->set.count;
    if (labels->order != NULL && labels->ordered == count)
        return labels->order;
    uint32_t *order = tp_realloc(labels->allocator, labels->order, count, sizeof *order);
    if (order == NULL)
        return NULL;
    labels->order = order;
    labels->ordered = 0;
    numbered *items = tp_realloc(labels->allocator, NULL, count, sizeof *items);
    if (items == NULL)
        return NULL;
    for (uint32_t i = 0; i < count; i++)
        items[i] = (numbered){ tp_label_set_get(&labels->set, i), i };
    qsort(items, count, sizeof *items, by_label);
    for (uint32_t i = 0; i < count; i++)
        order[i] = items[i].number;
    labels->ordered = count;
    tp_free(labels->allocator, items);
    return order;
}

unsigned tp_labels_kind(const tp_resolver *resolver, const void *key, void *subject,
                        const void *above)
{
    if (resolver->kind == NULL)
        return 0;
    if (((uintptr_t)above & 1) != 0)
        above = NULL;
    unsigned kind = resolver->kind(resolver->context, key, subject, above);
    return kind < TP_CALL_KINDS ? kind : 0;
}

void tp_labels_forget(tp_labels *labels, const void *key)
{
    uint32_t function = tp_map_take(&labels->function_of_key, (uint64_t)(uintptr_t)key);
    if (function != TP_MAP_NONE && labels->key_of_function[function] == key)
        labels->key_of_function[function] = NULL;
}

const void *tp_labels_find_key(const tp_labels *labels, const tp_label *label)
{
    uint32_t function = tp_label_set_find(&labels->set, label);
    return function == TP_MAP_NONE ? NULL : labels->key_of_function[function];
}
