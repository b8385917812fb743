#include "tree.h"

#include <assert.h>

#include "memory.h"

/* Looks at this many children before a node gets a hash table. */
#define NARROW 16u
#define CHILDREN_PER_BUCKET 2u

/* Keys of freed callables are odd, unlike any address, and equal for equal functions, so that the
 * next callable with the same label can take the node over. */
static const void *freed_key(uint32_t function)
{
    return (const void *)(((uintptr_t)function << 1) | 1);
}

static uint64_t map_key(const void *key)
{
    return (uint64_t)(uintptr_t)key;
}

static tp_status add_chunk(tp_tree *tree)
{
    void *array = tree->chunks;
    tp_status status = tp_reserve(tree->allocator, &array, &tree->chunk_capacity,
                                  tree->chunk_count + 1, sizeof *tree->chunks);
    if (status != TP_OK)
        return status;
    tree->chunks = array;
    /* Not set: each node is, when its turn comes. A small tree touches no more memory than it needs. */
    tp_node *chunk = tp_realloc(tree->allocator, NULL, TP_NODES_PER_CHUNK, sizeof *chunk);
    if (chunk == NULL)
        return TP_ENOMEM;
    tree->chunks[tree->chunk_count++] = chunk;
    return TP_OK;
}

/* The next unused node; it counts only once the caller has raised tree->count. */
static tp_status next_node(tp_tree *tree, tp_node **node)
{
    if (tree->count == tree->chunk_count * TP_NODES_PER_CHUNK) {
        tp_status status = add_chunk(tree);
        if (status != TP_OK)
            return status;
    }
    *node = tp_tree_node(tree, tree->count);
    return TP_OK;
}

tp_status tp_tree_init(tp_tree *tree, uint32_t max_count, const tp_map *function_of_key,
                       const tp_allocator *allocator)
{
    *tree = (tp_tree){ .allocator = allocator,
                       .max_count = max_count,
                       .function_of_key = function_of_key };
    tp_map_init(&tree->first_of_key, allocator);
    tp_map_init(&tree->wide_of_node, allocator);
    tp_node *root;
    tp_status status = next_node(tree, &root);
    if (status != TP_OK) {
        tp_tree_free(tree);
        return status;
    }
    *root = (tp_node){ .number = 0 };
    tree->count = 1;
    return TP_OK;
}

void tp_tree_free(tp_tree *tree)
{
    for (size_t i = 0; i < tree->chunk_count; i++)
        tp_free(tree->allocator, tree->chunks[i]);
    for (size_t i = 0; i < tree->wide_count; i++)
        tp_free(tree->allocator, tree->wides[i].buckets);
    tp_free(tree->allocator, tree->chunks);
    tp_free(tree->allocator, tree->wides);
    tp_map_free(&tree->first_of_key);
    tp_map_free(&tree->wide_of_node);
    *tree = (tp_tree){ .allocator = tree->allocator };
}

uint32_t tp_tree_function(const tp_tree *tree, const tp_node *node)
{
    if (node->number == 0)
        return TP_MAP_NONE;
    if (((uintptr_t)node->key & 1) != 0)
        return (uint32_t)((uintptr_t)node->key >> 1);
    return tp_map_get(tree->function_of_key, map_key(node->key));
}

static tp_wide *wide_of(const tp_tree *tree, const tp_node *parent)
{
    if (tree->wide_count == 0)
        return NULL;
    uint32_t position = tp_map_get(&tree->wide_of_node, (uint64_t)parent->number + 1);
    return position == TP_MAP_NONE ? NULL : &tree->wides[position];
}

static uint32_t *bucket_of(const tp_wide *wide, const void *key)
{
    return &wide->buckets[tp_mix(map_key(key)) & (wide->bucket_count - 1)];
}

static tp_node *find_wide(tp_tree *tree, const tp_wide *wide, const void *key)
{
    for (uint32_t i = *bucket_of(wide, key); i != 0;) {
        tp_node *node = tp_tree_node(tree, i);
        if (node->key == key)
            return node;
        i = node->same_bucket;
    }
    return NULL;
}

/* Looks round the ring, or in the hash table. *looked is the number of children seen on the ring. */
static tp_node *find_child(tp_tree *tree, tp_node *parent, const void *key, uint32_t *looked)
{
    tp_node *last = parent->child;
    *looked = 0;
    if (last == NULL)
        return NULL;
    for (tp_node *node = last; *looked < NARROW; node = node->sibling) {
        if (node->key == key)
            return node;
        ++*looked;
        if (node->sibling == last)
            return NULL;
    }
    const tp_wide *wide = wide_of(tree, parent);
    return wide != NULL ? find_wide(tree, wide, key) : NULL;
}

tp_node *tp_tree_find(tp_tree *tree, tp_node *parent, const void *key)
{
    if (parent->key == key) {
        const tp_node *second = tp_tree_node(tree, parent->parent);
        if (second->key == key && tp_tree_node(tree, second->parent)->key == key)
            return parent;
    }
    uint32_t looked;
    tp_node *child = find_child(tree, parent, key, &looked);
    if (child != NULL)
        parent->child = child;
    return child;
}

/* Fills fresh buckets from the ring of parent's children. */
static tp_status fill_buckets(tp_tree *tree, tp_wide *wide, const tp_node *parent, uint32_t buckets)
{
    uint32_t *heads = tp_alloc(tree->allocator, buckets, sizeof *heads);
    if (heads == NULL)
        return TP_ENOMEM;
    tp_free(tree->allocator, wide->buckets);
    *wide = (tp_wide){ .buckets = heads, .bucket_count = buckets };
    tp_node *node = parent->child;
    do {
        uint32_t *head = bucket_of(wide, node->key);
        node->same_bucket = *head;
        *head = node->number;
        wide->child_count++;
        node = node->sibling;
    } while (node != parent->child);
    return TP_OK;
}

static tp_status make_wide(tp_tree *tree, const tp_node *parent)
{
    void *array = tree->wides;
    tp_status status = tp_reserve(tree->allocator, &array, &tree->wide_capacity,
                                  tree->wide_count + 1, sizeof *tree->wides);
    if (status != TP_OK)
        return status;
    tree->wides = array;
    tp_wide *wide = &tree->wides[tree->wide_count];
    *wide = (tp_wide){ 0 };
    status = fill_buckets(tree, wide, parent, NARROW);
    if (status != TP_OK)
        return status;
    status = tp_map_put(&tree->wide_of_node, (uint64_t)parent->number + 1,
                        (uint32_t)tree->wide_count);
    if (status != TP_OK) {
        tp_free(tree->allocator, wide->buckets);
        return status;
    }
    tree->wide_count++;
    return TP_OK;
}

/* Before a child is added: a hash table where one is due, and enough buckets in it. */
static tp_status prepare_wide(tp_tree *tree, const tp_node *parent, uint32_t looked)
{
    tp_wide *wide = wide_of(tree, parent);
    if (wide == NULL)
        return looked >= NARROW ? make_wide(tree, parent) : TP_OK;
    if (wide->child_count < wide->bucket_count * CHILDREN_PER_BUCKET)
        return TP_OK;
    return fill_buckets(tree, wide, parent, wide->bucket_count * 2);
}

static void link_bucket(tp_tree *tree, const tp_node *parent, tp_node *node)
{
    tp_wide *wide = wide_of(tree, parent);
    if (wide == NULL)
        return;
    uint32_t *head = bucket_of(wide, node->key);
    node->same_bucket = *head;
    *head = node->number;
    wide->child_count++;
}

static void unlink_bucket(tp_tree *tree, const tp_node *parent, tp_node *node)
{
    tp_wide *wide = wide_of(tree, parent);
    if (wide == NULL)
        return;
    uint32_t *link = bucket_of(wide, node->key);
    while (*link != node->number)
        link = &tp_tree_node(tree, *link)->same_bucket;
    *link = node->same_bucket;
    wide->child_count--;
}

/* Puts node, whose key is set, at the head of its key's chain. */
static tp_status link_key(tp_tree *tree, tp_node *node)
{
    uint32_t first = tp_map_get(&tree->first_of_key, map_key(node->key));
    tp_status status = tp_map_put(&tree->first_of_key, map_key(node->key), node->number);
    if (status == TP_OK)
        node->same_key = first == TP_MAP_NONE ? 0 : first;
    return status;
}

/* Gives a freed callable's node to the living one that has the same label. */
static tp_status take_over(tp_tree *tree, tp_node *parent, tp_node *node, const void *key)
{
    const void *freed = node->key;
    unlink_bucket(tree, parent, node);
    node->key = key;
    tp_status status = link_key(tree, node);
    if (status != TP_OK)
        node->key = freed;
    link_bucket(tree, parent, node);
    return status;
}

tp_status tp_tree_add(tp_tree *tree, tp_node **child, tp_node *parent, const void *key,
                      uint32_t function)
{
    assert(((uintptr_t)key & 1) == 0);
    uint32_t looked;
    tp_status status;
    tp_node *node = find_child(tree, parent, freed_key(function), &looked);
    if (node != NULL) {
        status = take_over(tree, parent, node, key);
        if (status == TP_OK)
            *child = parent->child = node;
        return status;
    }
    if (tree->count > tree->max_count)
        return TP_ELIMIT;
    status = prepare_wide(tree, parent, looked);
    if (status == TP_OK)
        status = next_node(tree, &node);
    if (status != TP_OK)
        return status;
    uint32_t number = tree->count;
    *node = (tp_node){ .key = key, .number = number, .parent = parent->number };
    status = link_key(tree, node);
    if (status != TP_OK)
        return status;
    tree->count++;
    node->sibling = parent->child == NULL ? node : parent->child->sibling;
    if (parent->child != NULL)
        parent->child->sibling = node;
    parent->child = node;
    link_bucket(tree, parent, node);
    *child = node;
    return TP_OK;
}

void tp_tree_forget(tp_tree *tree, const void *key)
{
    uint32_t number = tp_map_take(&tree->first_of_key, map_key(key));
    if (number == TP_MAP_NONE)
        return;
    const void *freed = freed_key(tp_map_get(tree->function_of_key, map_key(key)));
    while (number != 0) {
        tp_node *node = tp_tree_node(tree, number);
        const tp_node *parent = tp_tree_node(tree, node->parent);
        unlink_bucket(tree, parent, node);
        node->key = freed;
        link_bucket(tree, parent, node);
        number = node->same_key;
        node->same_key = 0;
    }
}

size_t tp_tree_memory(const tp_tree *tree)
{
    size_t bytes = tree->chunk_count * TP_NODES_PER_CHUNK * sizeof(tp_node) +
                   tree->chunk_capacity * sizeof *tree->chunks +
                   tree->wide_capacity * sizeof *tree->wides;
    for (size_t i = 0; i < tree->wide_count; i++)
        bytes += tree->wides[i].bucket_count * sizeof(uint32_t);
    size_t slots = (size_t)tree->first_of_key.capacity + tree->wide_of_node.capacity;
    return bytes + slots * (sizeof(uint64_t) + sizeof(uint32_t));
}
