#include "ledger/tree.h"

#include <stdlib.h>

static struct rota_hash node_hash(const struct rota_hash *left, const struct rota_hash *right)
{
    struct rota_digest digest;
    rota_digest_start(&digest, NULL); /* RFC 9162 tells nodes from leaves by their first byte */
    rota_digest_add_u8(&digest, 0x01);
    rota_digest_add_hash(&digest, left);
    rota_digest_add_hash(&digest, right);
    return rota_digest_finish(&digest);
}

struct rota_hash rota_tree_leaf(struct rota_view data)
{
    struct rota_digest digest;
    rota_digest_start(&digest, NULL);
    rota_digest_add_u8(&digest, 0x00);
    rota_digest_add(&digest, data.data, data.len);
    return rota_digest_finish(&digest);
}

void rota_tree_init(struct rota_tree *tree)
{
    memset(tree, 0, sizeof *tree);
}

void rota_tree_free(struct rota_tree *tree)
{
    for (size_t level = 0; level < ROTA_TREE_LEVELS; level++)
        free(tree->levels[level].hashes);
    rota_tree_init(tree);
}

uint64_t rota_tree_size(const struct rota_tree *tree)
{
    return tree->levels[0].count;
}

/* Room for one more hash on a level. */
static bool level_grow(struct rota_tree *tree, size_t level)
{
    size_t room = tree->levels[level].room;
    if (tree->levels[level].count < room)
        return true;
    size_t more = room ? 2 * room : 64;
    struct rota_hash *hashes = realloc(tree->levels[level].hashes, more * sizeof *hashes);
    if (!hashes)
        return false;
    tree->levels[level].hashes = hashes;
    tree->levels[level].room = more;
    return true;
}

/* How many levels the next leaf completes: its own, and one for each trailing one-bit of the size. */
static size_t levels_completed(uint64_t size)
{
    size_t levels = 1;
    for (; size & 1; size >>= 1)
        levels++;
    return levels;
}

struct rota_status rota_tree_append(struct rota_tree *tree, const struct rota_hash *leaf)
{
    size_t levels = levels_completed(rota_tree_size(tree));
    ROTA_ASSERT(levels <= ROTA_TREE_LEVELS);
    for (size_t level = 0; level < levels; level++)
        if (!level_grow(tree, level))
            return rota_fail(ROTA_NO_MEMORY, "no memory for the tree");
    struct rota_hash hash = *leaf;
    for (size_t level = 0;; level++) {
        size_t count = tree->levels[level].count++;
        tree->levels[level].hashes[count] = hash;
        if (level + 1 == levels)
            return rota_ok();
        hash = node_hash(&tree->levels[level].hashes[count - 1], &hash);
    }
}

void rota_tree_truncate(struct rota_tree *tree, uint64_t size)
{
    ROTA_ASSERT(size <= rota_tree_size(tree));
    for (size_t level = 0; level < ROTA_TREE_LEVELS; level++)
        tree->levels[level].count = (size_t)(size >> level);
}

/* The largest power of two below n; n > 1. */
static uint64_t split_point(uint64_t n)
{
    ROTA_ASSERT(n > 1);
    return UINT64_C(1) << (63 - __builtin_clzll(n - 1));
}

static unsigned log2_exact(uint64_t n)
{
    return (unsigned)__builtin_ctzll(n);
}

/* Root over leaves [start, start + count); start is a multiple of every complete subtree used, as RFC 9162's split makes it.
 */
static struct rota_hash range_root(const struct rota_tree *tree, uint64_t start, uint64_t count)
{
    /* Complete subtrees from left to right, then folded from the right. */
    struct rota_hash parts[64];
    size_t used = 0;
    while (count > 0) {
        uint64_t size = UINT64_C(1) << (63 - __builtin_clzll(count));
        unsigned level = log2_exact(size);
        parts[used++] = tree->levels[level].hashes[start >> level];
        start += size;
        count -= size;
    }
    struct rota_hash root = parts[used - 1];
    for (size_t i = used - 1; i-- > 0;)
        root = node_hash(&parts[i], &root);
    return root;
}

struct rota_hash rota_tree_root(const struct rota_tree *tree, uint64_t size)
{
    ROTA_ASSERT(size <= rota_tree_size(tree));
    if (size == 0)
        return rota_hash_of(NULL, rota_view("", 0));
    return range_root(tree, 0, size);
}

void rota_tree_path(struct rota_tree_path *out, const struct rota_tree *tree, uint64_t index, uint64_t size)
{
    ROTA_ASSERT(size <= rota_tree_size(tree));
    ROTA_ASSERT(index < size);
    struct rota_hash down[ROTA_TREE_PATH_MAX]; /* siblings from the root downwards */
    uint32_t count = 0;
    uint64_t start = 0;
    while (size > 1) {
        uint64_t left = split_point(size);
        if (index - start < left) {
            down[count++] = range_root(tree, start + left, size - left);
            size = left;
        } else {
            down[count++] = range_root(tree, start, left);
            start += left;
            size -= left;
        }
    }
    out->count = count;
    for (uint32_t i = 0; i < count; i++)
        out->hashes[i] = down[count - 1 - i];
}

bool rota_tree_path_verify(const struct rota_tree_path *path, const struct rota_hash *leaf, uint64_t index, uint64_t size,
                           const struct rota_hash *root)
{
    if (index >= size || path->count > ROTA_TREE_PATH_MAX)
        return false;
    uint64_t node = index, last = size - 1;
    struct rota_hash hash = *leaf;
    for (uint32_t i = 0; i < path->count; i++) {
        if (last == 0)
            return false;
        if ((node & 1) || node == last) {
            hash = node_hash(&path->hashes[i], &hash);
            while (!(node & 1) && node != 0) {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, &path->hashes[i]);
        }
        node >>= 1;
        last >>= 1;
    }
    return last == 0 && rota_hash_equal(&hash, root);
}
