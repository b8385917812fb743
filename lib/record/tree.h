/* The calling context tree while it grows. It knows keys, function numbers and ticks; it knows
 * nothing of Python, of clocks or of files.
 *
 * A node's children form a ring in the order in which they were first called. The node points at the
 * child that was entered last: a loop that calls a, b, c, a, b, c finds each at its first or second
 * look. A node with many children also gets a hash table, kept outside the node:
 *
 *        node --child--> c --sibling--> a --sibling--> b --sibling--> c ...
 *
 * What compensation must know besides calls lies in one number that no hot path touches (compensate.h):
 *
 *        63                                 8 7      0
 *       | calls without a row that it made   |  kind  |    unseen
 */
#ifndef TP_TREE_H
#define TP_TREE_H

#include "map.h"

typedef struct tp_node {
    const void *key;       /* the callable's address; an odd number once that has been freed */
    struct tp_node *child; /* the one entered last; NULL for a leaf */
    struct tp_node *sibling;
    uint64_t calls;
    uint64_t ticks;        /* inclusive, of all calls, modulo 2^64 */
    uint32_t number;       /* its own; 0 is the root */
    uint32_t parent;       /* a node's number, as the two below */
    uint32_t same_key;     /* next node with this key, 0 at the end */
    uint32_t same_bucket;  /* next child in the parent's hash bucket, 0 at the end */
    uint64_t unseen;       /* TP_UNSEEN for each call without a row that it made; its kind below that */
} tp_node;

/* One addition counts an unseen call, and the node stays 64 bytes, the size of a cache line. */
#define TP_UNSEEN 256u

static inline unsigned tp_node_kind(const tp_node *node)
{
    return (unsigned)(node->unseen % TP_UNSEEN);
}

static inline uint64_t tp_node_unseen(const tp_node *node)
{
    return node->unseen / TP_UNSEEN;
}

#define TP_NODES_PER_CHUNK 1024u

/* Hash table over the children of one node: bucket heads, twice as sparse as there are children at
 * most, so 2 to 4 bytes a child. */
typedef struct tp_wide {
    uint32_t *buckets; /* Owned. */
    uint32_t bucket_count;
    uint32_t child_count;
} tp_wide;

typedef struct tp_tree {
    const tp_allocator *allocator; /* Borrowed. */
    tp_node **chunks;              /* Owned, and the chunks. Nodes never move. */
    size_t chunk_count;
    size_t chunk_capacity;
    uint32_t count;                /* nodes in use, the root included */
    uint32_t max_count;            /* the cap, the root not included */
    const tp_map *function_of_key; /* Borrowed; holds every living key that is used here. */
    tp_map first_of_key;           /* key -> its first node */
    tp_map wide_of_node; /* node number + 1 -> position in wides */
    tp_wide *wides;      /* Owned. */
    size_t wide_count;
    size_t wide_capacity;
} tp_tree;

TP_NODISCARD tp_status tp_tree_init(tp_tree *tree, uint32_t max_count,
                                    const tp_map *function_of_key, const tp_allocator *allocator);
void tp_tree_free(tp_tree *tree);

static inline tp_node *tp_tree_node(const tp_tree *tree, uint32_t number)
{
    return &tree->chunks[number / TP_NODES_PER_CHUNK][number % TP_NODES_PER_CHUNK];
}

/* The child of `parent` with this key, made the one entered last; NULL if there is none. A call of a
 * function by itself by itself stays where it is: direct recursion does not deepen the tree. */
tp_node *tp_tree_find(tp_tree *tree, tp_node *parent, const void *key);

/* Adds a child, of kind 0, for a key that has none there, or gives the place of a freed callable of the
 * same function to it, which keeps its kind. TP_ELIMIT at the cap. */
TP_NODISCARD tp_status tp_tree_add(tp_tree *tree, tp_node **child, tp_node *parent, const void *key,
                                   uint32_t function);

/* The key's address may come back as another callable's: its nodes keep their function only. To be
 * called while function_of_key still knows the key. */
void tp_tree_forget(tp_tree *tree, const void *key);

/* Whether its calls, but for the first of each chain, are of a function by itself by itself. */
static inline bool tp_node_is_recursive(const tp_tree *tree, const tp_node *node)
{
    const tp_node *parent = tp_tree_node(tree, node->parent);
    return node->number != 0 && node->key == parent->key &&
           tp_tree_node(tree, parent->parent)->key == node->key;
}

/* The node's function; TP_MAP_NONE for the root. */
uint32_t tp_tree_function(const tp_tree *tree, const tp_node *node);

/* Bytes held. */
size_t tp_tree_memory(const tp_tree *tree);

#endif
