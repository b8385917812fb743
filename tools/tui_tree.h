/* The call tree on a screen: which of its contexts are on view, and ways through all of them. Trees may
 * be a million levels deep, so nothing here calls itself. */
#ifndef TP_TUI_TREE_H
#define TP_TUI_TREE_H

#include <stddef.h>

#include "tree_order.h"

typedef struct tp_tui_tree {
    tp_tree_order order;
    uint32_t *place;     /* Owned; where a context is in order.sorted */
    unsigned char *open; /* Owned; whether a context's children are on view, if it is itself */
    uint32_t *rows;      /* Owned; the contexts on view, from above */
    size_t count;        /* of rows */
} tp_tui_tree;

/* With the heaviest path unfolded. To be freed in either case. */
TP_NODISCARD tp_status tp_tui_tree_make(tp_tui_tree *t, const tp_thread_tree *tree);
void tp_tui_tree_free(tp_tui_tree *t);

int tp_tui_tree_has_children(const tp_tui_tree *t, uint32_t context);

/* Unfolds or folds the context in that row; `all`: and what is below it. */
void tp_tui_tree_open(tp_tui_tree *t, size_t row, int open, int all);

/* Unfolds and folds as it is in another order of the same tree. */
void tp_tui_tree_open_as(tp_tui_tree *t, const tp_tui_tree *other);

/* Unfolds what is above the context; gives its row. */
size_t tp_tui_tree_reveal(tp_tui_tree *t, uint32_t context);

/* Rows of the parent and of the siblings on either side; the row itself where there is none. */
size_t tp_tui_tree_parent(const tp_tui_tree *t, size_t row);
size_t tp_tui_tree_next(const tp_tui_tree *t, size_t row);
size_t tp_tui_tree_previous(const tp_tui_tree *t, size_t row);

/* The context that comes behind or before this one where all are unfolded, round the ends. */
uint32_t tp_tui_tree_after(const tp_tui_tree *t, uint32_t context);
uint32_t tp_tui_tree_before(const tp_tui_tree *t, uint32_t context);

#endif
