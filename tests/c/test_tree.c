#include <stdlib.h>

#include "support.h"
#include "tree.h"

/* Keys are even addresses; the number is the function's too. */
static const void *key(uint32_t number)
{
    return (const void *)((uintptr_t)(number + 1) * 64);
}

static tp_map functions;

static void know_functions(uint32_t count)
{
    tp_map_init(&functions, NULL);
    for (uint32_t i = 0; i < count; i++)
        ck_assert_int_eq(tp_map_put(&functions, (uintptr_t)key(i), i), TP_OK);
}

static void open_tree(tp_tree *tree, uint32_t max_count, uint32_t function_count)
{
    know_functions(function_count);
    ck_assert_int_eq(tp_tree_init(tree, max_count, &functions, NULL), TP_OK);
}

static void close_tree(tp_tree *tree)
{
    tp_tree_free(tree);
    tp_map_free(&functions);
}

static tp_node *child_of(tp_tree *tree, tp_node *parent, uint32_t number)
{
    tp_node *node = tp_tree_find(tree, parent, key(number));
    if (node == NULL)
        ck_assert_int_eq(tp_tree_add(tree, &node, parent, key(number), number), TP_OK);
    return node;
}

START_TEST(a_context_takes_at_most_72_bytes)
{
    ck_assert_uint_le(sizeof(tp_node) + 2 * sizeof(uint32_t), 72);
}
END_TEST

START_TEST(children_are_found_however_many)
{
    enum { COUNT = 5000 };
    static tp_node *nodes[COUNT];
    tp_tree tree;
    open_tree(&tree, COUNT, COUNT);
    tp_node *root = tp_tree_node(&tree, 0);
    for (uint32_t i = 0; i < COUNT; i++)
        nodes[i] = child_of(&tree, root, i);
    srand(2);
    for (int i = 0; i < 20000; i++) {
        uint32_t number = (uint32_t)rand() % COUNT;
        ck_assert_ptr_eq(tp_tree_find(&tree, root, key(number)), nodes[number]);
        ck_assert_ptr_eq(root->child, nodes[number]);
        ck_assert_uint_eq(tp_tree_function(&tree, nodes[number]), number);
    }
    ck_assert_ptr_null(tp_tree_find(&tree, root, key(COUNT)));
    /* 64 bytes a node, 2 to 4 for the bucket, and the map of keys that distinct functions need. */
    size_t keys = (size_t)tree.first_of_key.capacity * 12;
    ck_assert_uint_le(tp_tree_memory(&tree) - keys, (size_t)(COUNT + TP_NODES_PER_CHUNK) * 64);
    close_tree(&tree);
}
END_TEST

START_TEST(the_ring_keeps_the_order_of_first_calls)
{
    tp_tree tree;
    open_tree(&tree, 100, 10);
    tp_node *root = tp_tree_node(&tree, 0);
    for (uint32_t i = 0; i < 5; i++)
        child_of(&tree, root, i);
    const tp_node *node = child_of(&tree, root, 0);
    for (uint32_t i = 0; i < 10; i++, node = node->sibling)
        ck_assert_ptr_eq(node->key, key(i % 5));
    close_tree(&tree);
}
END_TEST

START_TEST(direct_recursion_is_three_nodes)
{
    tp_tree tree;
    open_tree(&tree, 100, 2);
    tp_node *node = tp_tree_node(&tree, 0);
    for (int i = 0; i < 1000; i++)
        node = child_of(&tree, node, 0);
    ck_assert_uint_eq(tree.count, 1 + 3);
    node = child_of(&tree, node, 1);
    node = child_of(&tree, node, 0);
    ck_assert_uint_eq(tree.count, 1 + 5);
    close_tree(&tree);
}
END_TEST

START_TEST(the_cap_holds)
{
    tp_tree tree;
    open_tree(&tree, 3, 10);
    tp_node *root = tp_tree_node(&tree, 0), *node = NULL;
    for (uint32_t i = 0; i < 3; i++)
        child_of(&tree, root, i);
    ck_assert_int_eq(tp_tree_add(&tree, &node, root, key(3), 3), TP_ELIMIT);
    ck_assert_ptr_null(node);
    ck_assert_ptr_nonnull(tp_tree_find(&tree, root, key(1)));
    close_tree(&tree);
}
END_TEST

/* Two callables with one label, one after the other at other addresses, share a node; an address that
 * comes back as another function's does not. */
static void forget_and_come_back(uint32_t siblings)
{
    tp_tree tree;
    open_tree(&tree, 10000, siblings + 10);
    tp_node *root = tp_tree_node(&tree, 0), *node, *again;
    for (uint32_t i = 0; i < siblings; i++)
        child_of(&tree, root, i);
    node = child_of(&tree, root, 3);
    uint32_t count = tree.count;
    tp_tree_forget(&tree, key(3));
    tp_map_take(&functions, (uintptr_t)key(3));
    ck_assert_ptr_null(tp_tree_find(&tree, root, key(3)));
    ck_assert_uint_eq(tp_tree_function(&tree, node), 3);
    /* Function 3 lives again, elsewhere. */
    const void *elsewhere = key(siblings + 5);
    ck_assert_int_eq(tp_map_put(&functions, (uintptr_t)elsewhere, 3), TP_OK);
    ck_assert_int_eq(tp_tree_add(&tree, &again, root, elsewhere, 3), TP_OK);
    ck_assert_ptr_eq(again, node);
    ck_assert_uint_eq(tree.count, count);
    ck_assert_ptr_eq(tp_tree_find(&tree, root, elsewhere), node);
    /* And its old address is function 9's. */
    ck_assert_int_eq(tp_map_put(&functions, (uintptr_t)key(3), 9), TP_OK);
    ck_assert_int_eq(tp_tree_add(&tree, &again, root, key(3), 9), TP_OK);
    ck_assert_ptr_ne(again, node);
    ck_assert_uint_eq(tp_tree_function(&tree, again), 9);
    ck_assert_uint_eq(tp_tree_function(&tree, node), 3);
    tp_tree_forget(&tree, key(siblings + 7)); /* never seen */
    close_tree(&tree);
}

START_TEST(addresses_may_come_back)
{
    forget_and_come_back(8);
    forget_and_come_back(500);
}
END_TEST

START_TEST(forgetting_finds_every_node)
{
    tp_tree tree;
    open_tree(&tree, 1000, 100);
    tp_node *root = tp_tree_node(&tree, 0);
    for (uint32_t i = 1; i < 50; i++)
        child_of(&tree, child_of(&tree, root, i), 0);
    tp_tree_forget(&tree, key(0));
    for (uint32_t i = 1; i < 50; i++)
        ck_assert_ptr_null(tp_tree_find(&tree, child_of(&tree, root, i), key(0)));
    close_tree(&tree);
}
END_TEST

Suite *tree_suite(void)
{
    Suite *suite = suite_create("tree");
    TCase *tests = tcase_create("tree");
    tcase_add_test(tests, a_context_takes_at_most_72_bytes);
    tcase_add_test(tests, children_are_found_however_many);
    tcase_add_test(tests, the_ring_keeps_the_order_of_first_calls);
    tcase_add_test(tests, direct_recursion_is_three_nodes);
    tcase_add_test(tests, the_cap_holds);
    tcase_add_test(tests, addresses_may_come_back);
    tcase_add_test(tests, forgetting_finds_every_node);
    suite_add_tcase(suite, tests);
    return suite;
}
