#include "tui_tree.h"

#include <stdlib.h>
#include <string.h>

/* What is unfolded at first: the heaviest path, as far as this share of the whole goes along it. */
#define FIRST_SHARE 0.1
#define FIRST_LEVELS 64

static uint32_t parent_of(const tp_tui_tree *t, uint32_t context)
{
    return t->order.tree->contexts[context].parent;
}

/* The heaviest child of a node, TP_NO_INDEX if it has none. */
static uint32_t first_child(const tp_tui_tree *t, uint32_t node)
{
    uint32_t at = t->order.first[node];
    return at < t->order.first[node + 1] ? t->order.sorted[at] : TP_NO_INDEX;
}

static uint32_t last_child(const tp_tui_tree *t, uint32_t node)
{
    uint32_t end = t->order.first[node + 1];
    return t->order.first[node] < end ? t->order.sorted[end - 1] : TP_NO_INDEX;
}

static uint32_t next_sibling(const tp_tui_tree *t, uint32_t context)
{
    uint32_t at = t->place[context] + 1, node = parent_of(t, context) + 1;
    return at < t->order.first[node + 1] ? t->order.sorted[at] : TP_NO_INDEX;
}

static uint32_t previous_sibling(const tp_tui_tree *t, uint32_t context)
{
    uint32_t at = t->place[context], node = parent_of(t, context) + 1;
    return at > t->order.first[node] ? t->order.sorted[at - 1] : TP_NO_INDEX;
}

int tp_tui_tree_has_children(const tp_tui_tree *t, uint32_t context)
{
    return first_child(t, context + 1) != TP_NO_INDEX;
}

/* What comes behind a context and all below it, if that is still below `end`; else TP_NO_INDEX. */
static uint32_t behind(const tp_tui_tree *t, uint32_t context, uint32_t end)
{
    for (; context != end && context != TP_NO_INDEX; context = parent_of(t, context)) {
        uint32_t next = next_sibling(t, context);
        if (next != TP_NO_INDEX)
            return next;
    }
    return TP_NO_INDEX;
}

/* Contexts on view below a node, into `rows` unless that is NULL; gives how many. */
static size_t list(const tp_tui_tree *t, uint32_t node, uint32_t *rows)
{
    uint32_t end = node > 0 ? node - 1 : TP_NO_INDEX;
    size_t count = 0;
    if (end != TP_NO_INDEX && !t->open[end])
        return 0;
    for (uint32_t at = first_child(t, node); at != TP_NO_INDEX;) {
        if (rows != NULL)
            rows[count] = at;
        count++;
        uint32_t below = t->open[at] ? first_child(t, at + 1) : TP_NO_INDEX;
        at = below != TP_NO_INDEX ? below : behind(t, at, end);
    }
    return count;
}

static uint32_t depth_of(const tp_tui_tree *t, size_t row)
{
    return t->order.depth[t->rows[row]];
}

static size_t end_of_rows_below(const tp_tui_tree *t, size_t row)
{
    size_t end = row + 1;
    while (end < t->count && depth_of(t, end) > depth_of(t, row))
        end++;
    return end;
}

void tp_tui_tree_open(tp_tui_tree *t, size_t row, int open, int all)
{
    if (row >= t->count)
        return;
    uint32_t context = t->rows[row];
    const uint32_t *depth = t->order.depth;
    size_t end = end_of_rows_below(t, row), rest = t->count - end;
    /* Contexts are in pre-order: what is below one stands behind it. */
    for (size_t i = context;;) {
        t->open[i] = open != 0;
        if (!all || ++i == t->order.tree->context_count || depth[i] <= depth[context])
            break;
    }
    size_t more = list(t, context + 1, NULL);
    memmove(t->rows + row + 1 + more, t->rows + end, rest * sizeof *t->rows);
    list(t, context + 1, t->rows + row + 1);
    t->count = row + 1 + more + rest;
}

void tp_tui_tree_open_as(tp_tui_tree *t, const tp_tui_tree *other)
{
    memcpy(t->open, other->open, t->order.tree->context_count);
    t->count = list(t, 0, t->rows);
}

size_t tp_tui_tree_reveal(tp_tui_tree *t, uint32_t context)
{
    size_t row = 0;
    int changed = 0;
    for (uint32_t at = parent_of(t, context); at != TP_NO_INDEX; at = parent_of(t, at)) {
        changed |= !t->open[at];
        t->open[at] = 1;
    }
    if (changed)
        t->count = list(t, 0, t->rows);
    while (t->rows[row] != context)
        row++;
    return row;
}

size_t tp_tui_tree_parent(const tp_tui_tree *t, size_t row)
{
    uint32_t parent = parent_of(t, t->rows[row]);
    size_t at = row;
    while (parent != TP_NO_INDEX && t->rows[at] != parent)
        at--;
    return at;
}

size_t tp_tui_tree_next(const tp_tui_tree *t, size_t row)
{
    size_t end = end_of_rows_below(t, row);
    return end < t->count && depth_of(t, end) == depth_of(t, row) ? end : row;
}

size_t tp_tui_tree_previous(const tp_tui_tree *t, size_t row)
{
    for (size_t at = row; at-- > 0 && depth_of(t, at) >= depth_of(t, row);) {
        if (depth_of(t, at) == depth_of(t, row))
            return at;
    }
    return row;
}

uint32_t tp_tui_tree_after(const tp_tui_tree *t, uint32_t context)
{
    uint32_t next = first_child(t, context + 1);
    if (next == TP_NO_INDEX)
        next = behind(t, context, TP_NO_INDEX);
    return next != TP_NO_INDEX ? next : first_child(t, 0);
}

uint32_t tp_tui_tree_before(const tp_tui_tree *t, uint32_t context)
{
    uint32_t at = previous_sibling(t, context);
    if (at == TP_NO_INDEX && parent_of(t, context) != TP_NO_INDEX)
        return parent_of(t, context);
    if (at == TP_NO_INDEX)
        at = last_child(t, 0);
    for (uint32_t last; (last = last_child(t, at + 1)) != TP_NO_INDEX;)
        at = last;
    return at;
}

static void open_heaviest_path(tp_tui_tree *t)
{
    uint32_t at = first_child(t, 0);
    for (int i = 0; i < FIRST_LEVELS && at != TP_NO_INDEX; i++) {
        uint32_t below = first_child(t, at + 1);
        if (below == TP_NO_INDEX || (double)t->order.tree->contexts[below].inclusive_ticks <
                                        FIRST_SHARE * t->order.whole)
            break;
        t->open[at] = 1;
        at = below;
    }
    t->count = list(t, 0, t->rows);
}

tp_status tp_tui_tree_make(tp_tui_tree *t, const tp_thread_tree *tree)
{
    size_t count = tree->context_count;
    *t = (tp_tui_tree){ .count = 0 };
    tp_status status = tp_tree_order_make(&t->order, tree);
    t->place = calloc(count + 1, sizeof *t->place);
    t->open = calloc(count + 1, 1);
    t->rows = calloc(count + 1, sizeof *t->rows);
    if (status != TP_OK || t->place == NULL || t->open == NULL || t->rows == NULL)
        return TP_ENOMEM;
    for (uint32_t i = 0; i < count; i++)
        t->place[t->order.sorted[i]] = i;
    open_heaviest_path(t);
    return TP_OK;
}

void tp_tui_tree_free(tp_tui_tree *t)
{
    tp_tree_order_free(&t->order);
    free(t->place);
    free(t->open);
    free(t->rows);
    *t = (tp_tui_tree){ .count = 0 };
}
