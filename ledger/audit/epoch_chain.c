#include "ledger/audit/epoch_chain.h"

/* A walk through the file. The tree grows with it, because a step has to show its entry's place in its block's tree. */
struct chain_walk {
    struct rota_epoch_chain *chain;
    struct rota_store *ledger;
    struct rota_tree tree;
    struct rota_store_block_row block;
    struct rota_header header;
    struct rota_epoch_change *change; /* in this block; owned */
};

static struct rota_status walk_certificate(struct rota_certificate *out, struct rota_view bytes)
{
    struct rota_reader reader = rota_reader(bytes);
    rota_certificate_decode(&reader, out);
    return rota_reader_finish(&reader);
}

/* An ordinary change ends the epoch in this block, which has a certificate of its own. A manifest began one above the block
 * below, and that is the one with a certificate. */
static struct rota_status walk_step(struct chain_walk *walk)
{
    struct rota_receipt_epoch step = {.change = walk->change, .header = walk->header};
    if (rota_epoch_is_discontinuity(&walk->change->next)) {
        struct rota_block *kept = NULL;
        ROTA_TRY(rota_store_certificate(&step.certificate, walk->ledger, walk->header.height - 1));
        ROTA_TRY(rota_store_block(&kept, walk->ledger, walk->header.height - 1));
        step.header = kept->header;
        rota_block_release(kept);
        return rota_epoch_chain_add(walk->chain, &step);
    }
    ROTA_TRY(walk_certificate(&step.certificate, walk->block.certificate));
    step.leaf_index = rota_tree_size(&walk->tree) - 1;
    rota_tree_path(&step.tree_path, &walk->tree, step.leaf_index, rota_tree_size(&walk->tree));
    return rota_epoch_chain_add(walk->chain, &step);
}

static struct rota_status walk_entry(struct chain_walk *walk)
{
    struct rota_store_entry entry;
    struct rota_hash leaf;
    ROTA_TRY(rota_store_next_entry(&entry, walk->ledger));
    if (entry.kind > UINT8_MAX || !rota_entry_leaf_of_bytes(&leaf, (enum rota_entry_kind)entry.kind, entry.bytes))
        return rota_fail(ROTA_MALFORMED, "a row that no entry has");
    ROTA_TRY(rota_tree_append(&walk->tree, &leaf));
    if (entry.kind != ROTA_ENTRY_CONFIG)
        return rota_ok();
    rota_epoch_change_release(walk->change);
    return rota_epoch_change_parse(&walk->change, entry.bytes);
}

static struct rota_status walk_block(struct chain_walk *walk)
{
    ROTA_TRY(rota_store_next_block(&walk->block, walk->ledger));
    if (walk->block.header.len != ROTA_HEADER_BYTES)
        return rota_fail(ROTA_MALFORMED, "a row that no block has");
    ROTA_TRY(rota_header_decode(&walk->header, walk->block.header.data));
    for (uint32_t i = 0; i < walk->header.entry_count; i++)
        ROTA_TRY(walk_entry(walk));
    if (walk->change)
        ROTA_TRY(walk_step(walk));
    rota_epoch_change_release(walk->change);
    walk->change = NULL;
    struct rota_hash hash = rota_header_hash(&walk->header), leaf = rota_block_leaf(&hash);
    return rota_tree_append(&walk->tree, &leaf);
}

struct rota_status rota_epoch_chain_of_ledger(struct rota_epoch_chain *out, const struct rota_genesis *genesis,
                                              struct rota_store *ledger)
{
    struct chain_walk walk = {.chain = out, .ledger = ledger};
    uint64_t height = rota_store_height(ledger);
    ROTA_TRY(rota_epoch_chain_begin(out, genesis));
    rota_tree_init(&walk.tree);
    rota_store_rewind(ledger);
    struct rota_status status = rota_ok();
    for (uint64_t i = 0; i < height && rota_is_ok(status); i++)
        status = walk_block(&walk);
    rota_store_rewind(ledger);
    rota_epoch_change_release(walk.change);
    rota_tree_free(&walk.tree);
    if (!rota_is_ok(status))
        rota_epoch_chain_free(out);
    return status.code == ROTA_NOT_FOUND ? rota_fail(ROTA_MALFORMED, "a row is missing in the ledger file") : status;
}
