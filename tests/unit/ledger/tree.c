/* The RFC 9162 tree against its own naive definition, for every size and leaf of a small world. */
#include "ledger/tree.h"

#include <criterion/criterion.h>

enum { LEAVES = 70 };

static struct rota_hash leaves[LEAVES];

static void leaves_make(void)
{
    for (uint32_t i = 0; i < LEAVES; i++) {
        uint8_t data[2] = {(uint8_t)i, 7};
        leaves[i] = rota_tree_leaf(rota_view(data, sizeof data));
    }
}

static struct rota_hash naive_node(const struct rota_hash *left, const struct rota_hash *right)
{
    uint8_t bytes[1 + 2 * ROTA_HASH_BYTES] = {1};
    memcpy(bytes + 1, left->b, ROTA_HASH_BYTES);
    memcpy(bytes + 1 + ROTA_HASH_BYTES, right->b, ROTA_HASH_BYTES);
    return rota_hash_of(NULL, rota_view(bytes, sizeof bytes));
}

/* MTH of RFC 9162 section 2.1.1, as it is written there. */
static struct rota_hash naive_root(const struct rota_hash *from, uint32_t count)
{
    if (count == 0)
        return rota_hash_of(NULL, rota_view("", 0));
    if (count == 1)
        return from[0];
    uint32_t split = 1;
    while (split * 2 < count)
        split *= 2;
    struct rota_hash left = naive_root(from, split), right = naive_root(from + split, count - split);
    return naive_node(&left, &right);
}

static void tree_make(struct rota_tree *tree, uint32_t count)
{
    rota_tree_init(tree);
    for (uint32_t i = 0; i < count; i++)
        cr_assert(rota_is_ok(rota_tree_append(tree, &leaves[i])));
}

Test(tree, the_root_of_every_earlier_size_is_the_definitions)
{
    struct rota_tree tree;
    leaves_make();
    tree_make(&tree, LEAVES);
    for (uint32_t size = 0; size <= LEAVES; size++) {
        struct rota_hash root = rota_tree_root(&tree, size), expected = naive_root(leaves, size);
        cr_assert(rota_hash_equal(&root, &expected), "size %u", size);
    }
    rota_tree_free(&tree);
}

Test(tree, truncating_is_as_if_the_leaves_had_never_been_there)
{
    leaves_make();
    for (uint32_t keep = 0; keep < LEAVES; keep += 3) {
        struct rota_tree tree;
        tree_make(&tree, LEAVES);
        rota_tree_truncate(&tree, keep);
        cr_assert_eq(rota_tree_size(&tree), keep);
        for (uint32_t i = keep; i < LEAVES; i++)
            cr_assert(rota_is_ok(rota_tree_append(&tree, &leaves[i])));
        struct rota_hash root = rota_tree_root(&tree, LEAVES), expected = naive_root(leaves, LEAVES);
        cr_assert(rota_hash_equal(&root, &expected), "kept %u", keep);
        rota_tree_free(&tree);
    }
}

Test(tree, a_path_proves_its_leaf_at_its_place_and_nothing_else)
{
    struct rota_tree tree;
    struct rota_tree_path path;
    leaves_make();
    tree_make(&tree, LEAVES);
    for (uint32_t size = 1; size <= LEAVES; size++) {
        struct rota_hash root = rota_tree_root(&tree, size);
        for (uint32_t index = 0; index < size; index++) {
            rota_tree_path(&path, &tree, index, size);
            for (uint32_t other = 0; other < size; other++) {
                cr_assert_eq(rota_tree_path_verify(&path, &leaves[index], other, size, &root), other == index);
                cr_assert_eq(rota_tree_path_verify(&path, &leaves[other], index, size, &root), other == index);
            }
            cr_assert(!rota_tree_path_verify(&path, &leaves[index], size, size, &root));
            path.count++; /* one hash too many */
            cr_assert(!rota_tree_path_verify(&path, &leaves[index], index, size, &root));
        }
    }
    rota_tree_free(&tree);
}
