/* Proof against whoever proposed a block that is invalid by one of its entries alone (PROTOCOL E9). The body is the header's
 * and the stack's top is its parent: so the tree is at hand that shows the way from the entry to the root that was signed.
 */
#include "node/chain.h"

void rota_chain_vouch(struct rota_chain *chain, const struct rota_hash *block, uint32_t member,
                      const struct rota_signed_vote *prepare)
{
    struct rota_held *held = rota_blocks_find(&chain->blocks, block);
    if (!held || held->vouched)
        return;
    held->vouched = true;
    held->voucher = member;
    held->prepare = *prepare;
}

struct rota_evidence *rota_chain_take_proof(struct rota_chain *chain)
{
    struct rota_evidence *proof = chain->proof;
    chain->proof = NULL;
    return proof;
}

static struct rota_status append_unfit(struct rota_chain *chain, const struct rota_block *block)
{
    struct rota_reader reader = rota_block_body(block);
    struct rota_body_entry entry;
    for (uint32_t index = 0; rota_block_next(&entry, block, &index, &reader);) {
        struct rota_hash leaf;
        if (!rota_entry_leaf_of_bytes(&leaf, (enum rota_entry_kind)entry.kind, entry.bytes))
            return rota_fail(ROTA_MALFORMED, "an entry that no tree can hold");
        ROTA_TRY(rota_tree_append(&chain->tree, &leaf));
    }
    return rota_ok();
}

struct rota_status rota_chain_append_body(struct rota_chain *chain, const struct rota_block *block)
{
    return block->unfit ? append_unfit(chain, block) : rota_chain_append_leaves(chain, block->entries, block->entry_count);
}

/* By its bytes, or a proposal by its signature. */
static bool prove_is_false(const struct rota_chain *chain, const struct rota_body_entry *entry)
{
    struct rota_entry parsed;
    enum rota_entry_kind kind = (enum rota_entry_kind)entry->kind;
    if (!rota_is_ok(rota_entry_judge(kind, entry->bytes, &rota_chain_epoch(chain)->membership)))
        return true;
    if (kind != ROTA_ENTRY_PROPOSAL || !rota_is_ok(rota_entry_parse(&parsed, kind, entry->bytes)))
        return false;
    bool forged = rota_keyring_verify(chain->keyring, parsed.proposal).code == ROTA_BAD_SIGNATURE;
    rota_entry_release(&parsed);
    return forged;
}

static bool prove_verify(const struct rota_chain *chain, struct rota_evidence *evidence)
{
    struct rota_entry entry = rota_entry_of_evidence(evidence);
    bool proves = rota_is_ok(rota_chain_verify_entry(chain, &entry));
    rota_entry_release(&entry);
    return proves;
}

/* The first entry that convicts; NULL: none does. The tree holds the body's leaves now. */
static struct rota_evidence *prove_by_entry(const struct rota_chain *chain, const struct rota_held *held)
{
    const struct rota_membership *membership = &rota_chain_epoch(chain)->membership;
    const struct rota_header *header = &held->block->header;
    struct rota_reader reader = rota_block_body(held->block);
    struct rota_body_entry entry;
    for (uint32_t index = 0; rota_block_next(&entry, held->block, &index, &reader);) {
        struct rota_evidence *evidence = NULL;
        struct rota_entry_proof proof = {
            .kind = entry.kind, .bytes = entry.bytes, .leaf_index = header->tree_size - header->entry_count + index - 1};
        if (!prove_is_false(chain, &entry))
            continue;
        rota_tree_path(&proof.path, &chain->tree, proof.leaf_index, header->tree_size);
        if (rota_is_ok(
                rota_evidence_of_entry(&evidence, membership->epoch, held->voucher, &held->prepare, header, &proof)) &&
            prove_verify(chain, evidence))
            return evidence;
        rota_evidence_release(evidence);
    }
    return NULL;
}

void rota_chain_prove(struct rota_chain *chain, const struct rota_held *held)
{
    uint64_t below = rota_tree_size(&chain->tree);
    if (!held->vouched)
        return;
    if (rota_is_ok(rota_chain_append_body(chain, held->block))) {
        rota_evidence_release(chain->proof);
        chain->proof = prove_by_entry(chain, held);
    }
    rota_tree_truncate(&chain->tree, below);
}
