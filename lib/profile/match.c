/* Which function, and which context, of one profile is which of another. */
#include <traceprof/reshape.h>

#include "label_set.h"
#include "map.h"
#include "memory.h"
#include "model.h"

typedef struct matcher {
    const tp_profile *a;
    const tp_profile *b;
    tp_intern strings;   /* of b, and then of a */
    tp_label_set labels; /* first whole labels, then labels without their line */
    uint32_t *b_of_label;
    uint8_t *taken; /* b's functions that have a counterpart */
} matcher;

/* Marks a label that more than one function has. */
#define SEVERAL (TP_NO_INDEX - 1)

static tp_status match_labels(matcher *m, uint32_t *b_of_a)
{
    tp_status status = TP_OK;
    uint32_t number;
    for (uint32_t i = 0; status == TP_OK && i < m->b->function_count; i++) {
        status = tp_label_set_put(&m->labels, &number, &m->b->functions[i].label);
        if (status == TP_OK)
            m->b_of_label[number] = i;
    }
    for (size_t i = 0; status == TP_OK && i < m->a->function_count; i++) {
        number = tp_label_set_find(&m->labels, &m->a->functions[i].label);
        b_of_a[i] = number == TP_MAP_NONE ? TP_NO_INDEX : m->b_of_label[number];
        if (b_of_a[i] != TP_NO_INDEX)
            m->taken[b_of_a[i]] = 1;
    }
    return status;
}

/* The number of a label without its line. */
static tp_status put_without_line(matcher *m, uint32_t *number, const tp_label *label)
{
    tp_label bare = { .file = label->file, .name = label->name };
    return tp_label_set_put(&m->labels, number, &bare);
}

static void note(uint32_t *slot, uint32_t index)
{
    *slot = *slot == TP_NO_INDEX ? index : SEVERAL;
}

/* Those that are left: a's function and b's with one file and name, and no other with them. */
static tp_status match_moved(matcher *m, uint32_t *b_of_a, uint32_t *a_of_label)
{
    tp_status status = TP_OK;
    uint32_t number;
    size_t most = m->a->function_count + m->b->function_count;
    for (size_t i = 0; i < most; i++)
        a_of_label[i] = m->b_of_label[i] = TP_NO_INDEX;
    for (uint32_t i = 0; status == TP_OK && i < m->b->function_count; i++) {
        if (m->taken[i])
            continue;
        status = put_without_line(m, &number, &m->b->functions[i].label);
        if (status == TP_OK)
            note(&m->b_of_label[number], i);
    }
    for (uint32_t i = 0; status == TP_OK && i < m->a->function_count; i++) {
        if (b_of_a[i] != TP_NO_INDEX)
            continue;
        status = put_without_line(m, &number, &m->a->functions[i].label);
        if (status == TP_OK)
            note(&a_of_label[number], i);
    }
    for (uint32_t n = 0; status == TP_OK && n < m->labels.count; n++) {
        if (a_of_label[n] < SEVERAL && m->b_of_label[n] < SEVERAL)
            b_of_a[a_of_label[n]] = m->b_of_label[n];
    }
    return status;
}

tp_status tp_profile_match(const tp_profile *a, const tp_profile *b, uint32_t *b_of_a)
{
    matcher m = { .a = a, .b = b };
    size_t most = a->function_count + b->function_count;
    tp_intern_init(&m.strings, a->allocator);
    tp_label_set_init(&m.labels, &m.strings);
    m.b_of_label = tp_alloc(a->allocator, most, sizeof *m.b_of_label);
    m.taken = tp_alloc(a->allocator, b->function_count, 1);
    uint32_t *a_of_label = tp_alloc(a->allocator, most, sizeof *a_of_label);
    tp_status status = TP_ENOMEM;
    if (m.b_of_label != NULL && m.taken != NULL && a_of_label != NULL)
        status = match_labels(&m, b_of_a);
    if (status == TP_OK) {
        tp_label_set_free(&m.labels);
        status = match_moved(&m, b_of_a, a_of_label);
    }
    tp_label_set_free(&m.labels);
    tp_intern_free(&m.strings);
    tp_free(a->allocator, m.b_of_label);
    tp_free(a->allocator, m.taken);
    tp_free(a->allocator, a_of_label);
    return status;
}

static uint64_t path_key(uint32_t parent, uint32_t function)
{
    return (uint64_t)(uint32_t)(parent + 1) << 32 | ((uint64_t)function + 1);
}

tp_status tp_tree_match(const tp_thread_tree *a, const tp_thread_tree *b, const uint32_t *b_of_a,
                        uint32_t *context_of, const tp_allocator *allocator)
{
    tp_map child_of;
    tp_status status = TP_OK;
    tp_map_init(&child_of, allocator);
    for (uint32_t i = 0; status == TP_OK && i < b->context_count; i++)
        status = tp_map_put(&child_of, path_key(b->contexts[i].parent, b->contexts[i].function), i);
    for (size_t i = 0; status == TP_OK && i < a->context_count; i++) {
        uint32_t parent = a->contexts[i].parent, function = b_of_a[a->contexts[i].function];
        uint32_t above = parent == TP_NO_INDEX ? TP_NO_INDEX : context_of[parent];
        context_of[i] = TP_NO_INDEX;
        if (function != TP_NO_INDEX && (parent == TP_NO_INDEX || above != TP_NO_INDEX))
            context_of[i] = tp_map_get(&child_of, path_key(above, function));
    }
    tp_map_free(&child_of);
    return status;
}
