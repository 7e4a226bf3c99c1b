/* The ledger's one RFC 9162 Merkle tree over entry leaves and block leaves, in order:
 * entries of block 1, leaf of block 1, entries of block 2, leaf of block 2, ... Keeps every complete subtree's hash, so
 * roots and paths of any earlier size cost O(log^2 n), and the newest leaves can be taken back. */
#ifndef ROTA_LEDGER_TREE_H
#define ROTA_LEDGER_TREE_H

#include "crypto/digest.h"

enum { ROTA_TREE_LEVELS = 48, ROTA_TREE_PATH_MAX = 64 };

struct rota_tree {
    struct {
        struct rota_hash *hashes;
        size_t count;
        size_t room;
    } levels[ROTA_TREE_LEVELS]; /* levels[k].hashes[i]: subtree of 2^k leaves that starts at i * 2^k */
};

struct rota_tree_path {
    uint32_t count;
    struct rota_hash hashes[ROTA_TREE_PATH_MAX]; /* from the leaf upwards, RFC 9162 section 2.1.3 */
};

void rota_tree_init(struct rota_tree *tree);
void rota_tree_free(struct rota_tree *tree);
ROTA_CHECKED struct rota_status rota_tree_append(struct rota_tree *tree, const struct rota_hash *leaf);
uint64_t rota_tree_size(const struct rota_tree *tree);
/* Drops the newest leaves. size <= rota_tree_size. */
void rota_tree_truncate(struct rota_tree *tree, uint64_t size);
/* Root over the first `size` leaves; SHA-256 of nothing for 0. */
struct rota_hash rota_tree_root(const struct rota_tree *tree, uint64_t size);
/* Inclusion path of leaf `index` in the tree of `size` leaves; index < size <= rota_tree_size. */
void rota_tree_path(struct rota_tree_path *out, const struct rota_tree *tree, uint64_t index, uint64_t size);
/* Checks an inclusion path (RFC 9162 section 2.1.3.2). */
ROTA_CHECKED bool rota_tree_path_verify(const struct rota_tree_path *path, const struct rota_hash *leaf, uint64_t index,
                                        uint64_t size, const struct rota_hash *root);
/* Leaf hash H(0x00 || data). */
struct rota_hash rota_tree_leaf(struct rota_view data);

#endif
