#include "tree_order.h"

#include <stdlib.h>

typedef struct child {
    int64_t ticks;
    uint32_t context;
    uint32_t parent; /* a node */
} child;

static int heaviest_first(const void *a, const void *b)
{
    const child *left = a, *right = b;
    if (left->parent != right->parent)
        return left->parent < right->parent ? -1 : 1;
    if (left->ticks != right->ticks)
        return left->ticks < right->ticks ? 1 : -1;
    return (left->context > right->context) - (left->context < right->context);
}

int64_t tp_add_ticks(int64_t sum, int64_t more)
{
    return (int64_t)((uint64_t)sum + (uint64_t)more);
}

static void sort_children(tp_tree_order *o, child *children)
{
    size_t count = o->tree->context_count;
    for (uint32_t i = 0; i < count; i++) {
        const tp_context *context = &o->tree->contexts[i];
        children[i] = (child){ context->inclusive_ticks, i, context->parent + 1 };
        o->self[i] = tp_add_ticks(o->self[i], context->inclusive_ticks);
        if (context->parent != TP_NO_INDEX) {
            int64_t *above = &o->self[context->parent];
            *above = (int64_t)((uint64_t)*above - (uint64_t)context->inclusive_ticks);
            o->depth[i] = o->depth[context->parent] + 1;
        } else {
            o->whole += (double)context->inclusive_ticks;
        }
    }
    if (count > 1)
        qsort(children, count, sizeof *children, heaviest_first);
    for (size_t i = 0; i < count; i++) {
        o->sorted[i] = children[i].context;
        o->first[children[i].parent + 1]++;
    }
    for (size_t i = 1; i < count + 2; i++)
        o->first[i] += o->first[i - 1];
}

tp_status tp_tree_order_make(tp_tree_order *o, const tp_thread_tree *tree)
{
    size_t count = tree->context_count;
    child *children = calloc(count + 1, sizeof *children);
    *o = (tp_tree_order){ .tree = tree };
    o->sorted = calloc(count + 1, sizeof *o->sorted);
    o->first = calloc(count + 2, sizeof *o->first);
    o->depth = calloc(count + 1, sizeof *o->depth);
    o->self = calloc(count + 1, sizeof *o->self);
    int all = children && o->sorted && o->first && o->depth && o->self;
    if (all)
        sort_children(o, children);
    free(children);
    return all ? TP_OK : TP_ENOMEM;
}

void tp_tree_order_free(tp_tree_order *o)
{
    free(o->sorted);
    free(o->first);
    free(o->depth);
    free(o->self);
    *o = (tp_tree_order){ .tree = NULL };
}
