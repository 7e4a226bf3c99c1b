/* Opening the ledger file: everything in memory follows from it. And looking things up in it. */
#include "node/chain.h"

#include <stdlib.h>

enum { PLACE_INDEX_BITS = 11 }; /* an entry's index in its block is below 1024 */

static struct rota_status chain_note_leaf(struct rota_chain *chain, const struct rota_header *header)
{
    if (header->height > chain->first_leaves_room) {
        size_t room = chain->first_leaves_room == 0 ? 1024 : chain->first_leaves_room * 2;
        uint64_t *grown = realloc(chain->first_leaves, room * sizeof *grown);
        if (!grown)
            return rota_fail(ROTA_NO_MEMORY, "no memory for the index of blocks");
        chain->first_leaves = grown;
        chain->first_leaves_room = room;
    }
    chain->first_leaves[header->height - 1] = header->tree_size - header->entry_count;
    return rota_ok();
}

static struct rota_status chain_note_evidence(struct rota_chain *chain, uint64_t height)
{
    if (chain->evidence_count == chain->evidence_room) {
        size_t room = chain->evidence_room == 0 ? 16 : chain->evidence_room * 2;
        uint64_t *grown = realloc(chain->evidence, room * sizeof *grown);
        if (!grown)
            return rota_fail(ROTA_NO_MEMORY, "no memory for the index of evidence");
        chain->evidence = grown;
        chain->evidence_room = room;
    }
    chain->evidence[chain->evidence_count++] = height;
    return rota_ok();
}

uint64_t rota_chain_leaf(const struct rota_chain *chain, uint64_t height)
{
    ROTA_ASSERT(height >= 1 && height <= chain->height);
    return chain->first_leaves[height - 1];
}

struct rota_status rota_chain_index(struct rota_chain *chain, const struct rota_block *block)
{
    ROTA_TRY(chain_note_leaf(chain, &block->header));
    for (uint32_t i = 0; i < block->entry_count; i++) {
        uint64_t place = block->header.height << PLACE_INDEX_BITS | i;
        ROTA_TRY(rota_map_put(&chain->index, &block->entries[i].id, place));
        if (block->entries[i].kind == ROTA_ENTRY_EVIDENCE)
            ROTA_TRY(chain_note_evidence(chain, block->header.height));
    }
    return rota_ok();
}

bool rota_chain_find(const struct rota_chain *chain, const struct rota_hash *id, uint64_t *out_height, uint32_t *out_index)
{
    uint64_t place = rota_map_get(&chain->index, id);
    *out_height = place >> PLACE_INDEX_BITS;
    *out_index = (uint32_t)(place & ((UINT64_C(1) << PLACE_INDEX_BITS) - 1));
    return place != 0;
}

/* ---- replay --------------------------------------------------------------------------------------------------------- */

/* What the file says that became of the block's entries is what became of them just now. */
static struct rota_status replay_outcomes(const struct rota_chain *chain, const struct rota_block *block,
                                          const struct rota_executed *executed)
{
    for (uint32_t i = 0; i < block->entry_count; i++) {
        const struct rota_outcome *due = &executed->outcomes.items[i];
        struct rota_outcome stored;
        ROTA_TRY(rota_store_outcome(&stored, chain->store, block->header.height, i));
        bool same = rota_view_equal(rota_view(stored.record, stored.len), rota_view(due->record, due->len));
        free(stored.record);
        if (!same)
            return rota_fail(ROTA_MALFORMED, "an outcome in the ledger file is not what becomes of its entry");
    }
    return rota_ok();
}

static struct rota_status replay_compare(const struct rota_chain *chain, const struct rota_block *block,
                                         const struct rota_executed *executed)
{
    const struct rota_header *header = &block->header;
    uint64_t size = rota_tree_size(&chain->tree);
    struct rota_hash root = rota_tree_root(&chain->tree, size);
    if (!rota_hash_equal(&header->prev_hash, &chain->head) || header->height != chain->height + 1)
        return rota_fail(ROTA_MALFORMED, "a block in the ledger file does not follow the one below it");
    if (header->tree_size != size || !rota_hash_equal(&header->tree_root, &root))
        return rota_fail(ROTA_MALFORMED, "a block in the ledger file does not hold the entries that its header names");
    if (!rota_hash_equal(&header->outcome_hash, &executed->outcomes.root))
        return rota_fail(ROTA_MALFORMED, "a block in the ledger file does not come to the outcomes that its header names");
    return replay_outcomes(chain, block, executed);
}

struct rota_status rota_chain_discontinue(struct rota_chain *chain, struct rota_epoch_change *manifest)
{
    struct rota_certificate own;
    struct rota_status status = rota_store_certificate(&own, chain->store, chain->height);
    ROTA_ASSERT(chain->depth == 0);
    if (!rota_is_ok(status) || own.vote.height != chain->height || !rota_hash_equal(&own.vote.block, &chain->head))
        return rota_fail(ROTA_MALFORMED, "the block that a recovery manifest keeps has no certificate of its own");
    ROTA_TRY(rota_state_discontinue(chain->state, manifest, &chain->head));
    rota_epoch_change_release(chain->manifest);
    chain->manifest = rota_epoch_change_retain(manifest);
    return rota_ok();
}

/* Takes over the block. */
static struct rota_status replay_block(struct rota_chain *chain, struct rota_block *block)
{
    struct rota_executed executed;
    uint32_t bad_entry;
    struct rota_epoch_change *manifest = rota_entries_discontinuity(block->entries, block->entry_count);
    struct rota_status status = manifest ? rota_chain_discontinue(chain, manifest) : rota_ok();
    if (rota_is_ok(status))
        status = rota_chain_execute(chain, &executed, &bad_entry, block->header.height, block->entries, block->entry_count);
    if (!rota_is_ok(status)) {
        rota_block_release(block);
        return status.code == ROTA_NO_MEMORY ? status : rota_fail(ROTA_MALFORMED, "a block in the ledger file is not valid");
    }
    executed.block = block;
    status = replay_compare(chain, block, &executed);
    if (!rota_is_ok(status)) {
        rota_chain_discard(chain, &executed);
        return status;
    }
    ROTA_TRY(rota_chain_push(chain, &executed));
    ROTA_TRY(rota_chain_index(chain, block));
    rota_state_finalise(chain->state);
    chain->height = block->header.height;
    chain->head = block->hash;
    chain->head_time_ms = block->header.time_ms;
    chain->floors = chain->stack[0].floors;
    chain->depth = 0;
    rota_outcomes_free(&chain->stack[0].outcomes);
    rota_block_release(block);
    return rota_ok();
}

/* The newest certificate must cover the newest block: a ledger is written together with its proof. */
static struct rota_status replay_certificate(struct rota_chain *chain)
{
    if (chain->height == 0)
        return rota_ok();
    struct rota_status status = rota_store_certificate(&chain->certificate, chain->store, chain->height);
    if (rota_is_ok(status) && chain->certificate.vote.height == chain->height &&
        rota_hash_equal(&chain->certificate.vote.block, &chain->head))
        status = rota_certificate_verify(&rota_state_epoch_at(chain->state, chain->height)->membership, &chain->certificate);
    else
        status = rota_fail(ROTA_MALFORMED, "the newest block in the ledger file has no certificate");
    return rota_is_ok(status) ? status
                              : rota_fail(ROTA_MALFORMED, "the newest block in the ledger file has no valid certificate");
}

static struct rota_status chain_replay(struct rota_chain *chain)
{
    uint64_t height_max = rota_store_height(chain->store);
    for (uint64_t h = 1; h <= height_max; h++) {
        struct rota_block *block = NULL;
        ROTA_TRY(rota_store_block(&block, chain->store, h));
        ROTA_TRY(replay_block(chain, block));
        if (chain->observer.replayed)
            chain->observer.replayed(chain->observer.context, h, height_max);
    }
    return replay_certificate(chain);
}

static void observer_rest(void *context, const struct rota_block *block)
{
    (void)context;
    (void)block;
}

static struct rota_status chain_fill(struct rota_chain *chain, const char *path)
{
    uint32_t entries_max = ROTA_BODY_ENTRIES_MAX; /* whatever a later epoch allows */
    chain->picked = calloc(entries_max, sizeof *chain->picked);
    chain->candidates = calloc(entries_max, sizeof *chain->candidates);
    if (!chain->picked || !chain->candidates)
        return rota_fail(ROTA_NO_MEMORY, "no memory for the entries of a block");
    ROTA_TRY(rota_store_open(&chain->store, path, chain->genesis));
    ROTA_TRY(rota_state_new(&chain->state, chain->genesis));
    for (uint32_t i = 0; i < chain->genesis->coordinator_count; i++)
        rota_keyring_add(chain->keyring, &chain->genesis->coordinators[i].key);
    chain->head_time_ms = chain->genesis->created_ms > 0 ? chain->genesis->created_ms - 1 : 0;
    return chain_replay(chain);
}

struct rota_status rota_chain_open(struct rota_chain *chain, const char *path, const struct rota_genesis *genesis,
                                   struct rota_keyring *keyring, uint32_t self, const struct rota_chain_observer *observer)
{
    memset(chain, 0, sizeof *chain);
    chain->genesis = genesis;
    chain->keyring = keyring;
    chain->self = self;
    chain->failed = rota_ok();
    rota_tree_init(&chain->tree);
    rota_map_init(&chain->index);
    chain->observer = *observer;
    chain->observer.executed = observer_rest; /* what is replayed was told before */
    struct rota_status status = chain_fill(chain, path);
    chain->observer = *observer;
    if (!rota_is_ok(status))
        rota_chain_close(chain);
    return status;
}

void rota_chain_close(struct rota_chain *chain)
{
    for (uint32_t i = 0; i < chain->depth; i++) {
        rota_outcomes_free(&chain->stack[i].outcomes);
        rota_block_release(chain->stack[i].block);
    }
    rota_blocks_free(&chain->blocks);
    rota_evidence_release(chain->proof);
    rota_map_free(&chain->index);
    free(chain->first_leaves);
    free(chain->evidence);
    rota_tree_free(&chain->tree);
    rota_epoch_change_release(chain->manifest);
    rota_state_free(chain->state);
    rota_store_close(chain->store);
    free(chain->picked);
    free((void *)chain->candidates);
    memset(chain, 0, sizeof *chain);
}

/* ---- looking up ----------------------------------------------------------------------------------------------------- */

struct rota_status rota_chain_block(struct rota_block **out, struct rota_chain *chain, uint64_t height)
{
    *out = NULL;
    if (height <= chain->height)
        return rota_store_block(out, chain->store, height);
    if (height - chain->height > chain->depth)
        return rota_fail(ROTA_NOT_FOUND, "no executed block has this height");
    *out = rota_block_retain(chain->stack[height - chain->height - 1].block);
    return rota_ok();
}

static struct rota_proposal *block_proposal(const struct rota_block *block, const struct rota_hash *id)
{
    for (uint32_t i = 0; i < block->entry_count; i++)
        if (block->entries[i].kind == ROTA_ENTRY_PROPOSAL && rota_hash_equal(&block->entries[i].id, id))
            return rota_proposal_retain(block->entries[i].proposal);
    return NULL;
}

bool rota_chain_in_flight(const struct rota_chain *chain, const struct rota_hash *id)
{
    for (uint32_t i = 0; i < chain->depth; i++)
        for (uint32_t k = 0; k < chain->stack[i].block->entry_count; k++)
            if (rota_hash_equal(&chain->stack[i].block->entries[k].id, id))
                return true;
    return false;
}

struct rota_proposal *rota_chain_proposal_of_seq(struct rota_chain *chain, const struct rota_kid *kid, uint64_t seq)
{
    struct rota_hash id;
    if (!rota_is_ok(rota_state_seq(&id, chain->state, kid, seq)))
        return NULL;
    for (uint32_t i = 0; i < chain->depth; i++) {
        struct rota_proposal *found = block_proposal(chain->stack[i].block, &id);
        if (found)
            return found;
    }
    uint64_t height;
    uint32_t index;
    struct rota_block *block = NULL;
    if (!rota_chain_find(chain, &id, &height, &index) || !rota_is_ok(rota_store_block(&block, chain->store, height)))
        return NULL;
    struct rota_proposal *found = block_proposal(block, &id);
    rota_block_release(block);
    return found;
}
