#include "label_set.h"

#include "memory.h"

void tp_label_set_init(tp_label_set *set, tp_intern *strings)
{
    *set = (tp_label_set){ .strings = strings };
}

void tp_label_set_free(tp_label_set *set)
{
    tp_free(set->strings->allocator, set->labels);
    tp_free(set->strings->allocator, set->slots);
    tp_label_set_init(set, set->strings);
}

static uint32_t hash_label(const tp_label_set *set, const tp_packed_label *label)
{
    uint64_t strings = (uint64_t)label->file << 32 | label->name;
    uint64_t line = (uint64_t)label->line ^ (uint64_t)(uintptr_t)set;
    return tp_mix(strings ^ (line * UINT64_C(0xD6E8FEB86659FD93)));
}

static size_t find_slot(const tp_label_set *set, const tp_packed_label *label)
{
    size_t mask = set->slot_count - 1;
    size_t slot = hash_label(set, label) & mask;
    while (set->slots[slot] != 0) {
        const tp_packed_label *other = &set->labels[set->slots[slot] - 1];
        if (other->name == label->name && other->file == label->file && other->line == label->line)
            break;
        slot = (slot + 1) & mask;
    }
    return slot;
}

static tp_status spread_slots(tp_label_set *set)
{
    size_t count = set->slot_count == 0 ? 64 : set->slot_count * 2;
    uint32_t *slots = tp_alloc(set->strings->allocator, count, sizeof *slots);
    if (slots == NULL)
        return TP_ENOMEM;
    for (uint32_t i = 0; i < set->count; i++) {
        size_t slot = hash_label(set, &set->labels[i]) & (count - 1);
        while (slots[slot] != 0)
            slot = (slot + 1) & (count - 1);
        slots[slot] = i + 1;
    }
    tp_free(set->strings->allocator, set->slots);
    set->slots = slots;
    set->slot_count = count;
    return TP_OK;
}

tp_status tp_label_set_put_packed(tp_label_set *set, uint32_t *number, const tp_packed_label *label)
{
    if (set->count >= set->slot_count / 2) {
        tp_status status = spread_slots(set);
        if (status != TP_OK)
            return status;
    }
    size_t slot = find_slot(set, label);
    if (set->slots[slot] == 0) {
        void *array = set->labels;
        tp_status status = tp_reserve(set->strings->allocator, &array, &set->capacity,
                                      (size_t)set->count + 1, sizeof *label);
        if (status != TP_OK)
            return status;
        set->labels = array;
        set->labels[set->count++] = *label;
        set->slots[slot] = set->count;
    }
    *number = set->slots[slot] - 1;
    return TP_OK;
}

tp_status tp_label_pack(tp_label_set *set, tp_packed_label *packed, const tp_label *label)
{
    *packed = (tp_packed_label){ .line = label->line };
    tp_status status =
        tp_intern_put(set->strings, &packed->file, label->file.bytes, label->file.size);
    if (status == TP_OK)
        status = tp_intern_put(set->strings, &packed->name, label->name.bytes, label->name.size);
    return status;
}

tp_status tp_label_set_put(tp_label_set *set, uint32_t *number, const tp_label *label)
{
    tp_packed_label packed;
    tp_status status = tp_label_pack(set, &packed, label);
    return status == TP_OK ? tp_label_set_put_packed(set, number, &packed) : status;
}

uint32_t tp_label_set_find(const tp_label_set *set, const tp_label *label)
{
    tp_packed_label packed = { .line = label->line };
    packed.file = tp_intern_find(set->strings, label->file.bytes, label->file.size);
    packed.name = tp_intern_find(set->strings, label->name.bytes, label->name.size);
    if (packed.file == TP_MAP_NONE || packed.name == TP_MAP_NONE || set->slot_count == 0)
        return TP_MAP_NONE;
    uint32_t value = set->slots[find_slot(set, &packed)];
    return value == 0 ? TP_MAP_NONE : value - 1;
}

tp_label tp_label_set_get(const tp_label_set *set, uint32_t number)
{
    const tp_packed_label *packed = &set->labels[number];
    tp_text file = set->strings->texts[packed->file];
    tp_text name = set->strings->texts[packed->name];
    return (tp_label){ .file = { file.bytes, file.size },
                       .name = { name.bytes, name.size },
                       .line = packed->line };
}
