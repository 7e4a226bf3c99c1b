#include "node/chain.h"

#include "crypto/broken.h"
#include "ledger/schedule/operation.h"

const struct rota_hash *rota_chain_top(const struct rota_chain *chain, uint64_t *out_height)
{
    *out_height = chain->height + chain->depth;
    return chain->depth > 0 ? &chain->stack[chain->depth - 1].block->hash : &chain->head;
}

static uint64_t chain_top_time(const struct rota_chain *chain)
{
    return chain->depth > 0 ? chain->stack[chain->depth - 1].block->header.time_ms : chain->head_time_ms;
}

void rota_chain_hold(struct rota_chain *chain, struct rota_block *block, uint32_t from, bool verified)
{
    uint64_t height = block->header.height;
    if (height <= chain->height || height - chain->height > ROTA_SLOTS)
        return;
    struct rota_held *held = rota_blocks_put(&chain->blocks, block, from);
    if (held->block == block)
        held->verified |= verified;
}

struct rota_block *rota_chain_held(struct rota_chain *chain, const struct rota_hash *hash)
{
    for (uint32_t i = 0; i < chain->depth; i++)
        if (rota_hash_equal(&chain->stack[i].block->hash, hash))
            return chain->stack[i].block;
    const struct rota_held *held = rota_blocks_find(&chain->blocks, hash);
    return held ? held->block : NULL;
}

struct rota_block *rota_chain_proven(struct rota_chain *chain, const struct rota_hash *hash)
{
    struct rota_block *block = rota_chain_held(chain, hash);
    const struct rota_held *held = block ? rota_blocks_find(&chain->blocks, hash) : NULL;
    bool unproven = held && held->block == block && !held->executed && !held->kept;
    return unproven ? NULL : block;
}

const struct rota_epoch *rota_chain_epoch(const struct rota_chain *chain)
{
    return rota_state_epoch(chain->state);
}

bool rota_chain_ends_epoch(struct rota_chain *chain, const struct rota_hash *hash)
{
    const struct rota_block *block = rota_chain_held(chain, hash);
    return block && rota_block_ends_epoch(block);
}

/* Evidence of an epoch that has not begun here is judged by the present one, which refuses it. */
struct rota_status rota_chain_verify_entry(const struct rota_chain *chain, const struct rota_entry *entry)
{
    const struct rota_epoch *epoch = NULL;
    if (entry->kind == ROTA_ENTRY_EVIDENCE && entry->evidence->kind != ROTA_EVIDENCE_COORDINATOR)
        epoch = rota_state_epoch_number(chain->state, entry->evidence->epoch);
    return rota_keyring_verify_entry(chain->keyring, &(epoch ? epoch : rota_chain_epoch(chain))->membership, entry);
}

/* ---- executing and taking back -------------------------------------------------------------------------------------- */

struct rota_status rota_chain_append_leaves(struct rota_chain *chain, const struct rota_entry *entries, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct rota_hash leaf = rota_entry_leaf(&entries[i]);
        ROTA_TRY(rota_tree_append(&chain->tree, &leaf));
    }
    return rota_ok();
}

struct rota_status rota_chain_execute(struct rota_chain *chain, struct rota_executed *out, uint32_t *out_bad_entry,
                                      uint64_t height, const struct rota_entry *entries, uint32_t count)
{
    memset(out, 0, sizeof *out);
    out->leaves_below = rota_tree_size(&chain->tree);
    ROTA_TRY(rota_state_execute(chain->state, &out->outcomes, out_bad_entry, height, entries, count));
    struct rota_status status = rota_chain_append_leaves(chain, entries, count);
    if (!rota_is_ok(status))
        rota_chain_discard(chain, out);
    return status;
}

void rota_chain_discard(struct rota_chain *chain, struct rota_executed *executed)
{
    rota_state_undo(chain->state);
    rota_tree_truncate(&chain->tree, executed->leaves_below);
    rota_outcomes_free(&executed->outcomes);
    rota_block_release(executed->block);
    memset(executed, 0, sizeof *executed);
}

static void chain_add_keys_of(struct rota_chain *chain, const struct rota_proposal *proposal)
{
    for (uint32_t i = 0; i < proposal->op_count; i++) {
        struct rota_coordinator granted;
        if (proposal->ops[i].roles == 0) /* only a grant names roles */
            continue;
        if (rota_is_ok(rota_state_coordinator(&granted, chain->state, &proposal->ops[i].key.kid)))
            rota_keyring_add(chain->keyring, &granted.key);
    }
}

/* Keys that the block grants: a kid is a hash of its key, so one whose block is given up again does no harm. */
static void chain_add_keys(struct rota_chain *chain, const struct rota_block *block)
{
    for (uint32_t i = 0; i < block->entry_count; i++)
        if (block->entries[i].kind == ROTA_ENTRY_PROPOSAL)
            chain_add_keys_of(chain, block->entries[i].proposal);
}

struct rota_status rota_chain_push(struct rota_chain *chain, struct rota_executed *executed)
{
    ROTA_ASSERT(chain->depth < ROTA_STACK_MAX);
    ROTA_ASSERT(executed->block->header.height == chain->height + chain->depth + 1);
    struct rota_hash leaf = rota_block_leaf(&executed->block->hash);
    struct rota_status status = rota_tree_append(&chain->tree, &leaf);
    if (!rota_is_ok(status)) {
        rota_chain_discard(chain, executed);
        return status;
    }
    struct rota_held *held = rota_blocks_find(&chain->blocks, &executed->block->hash);
    if (held && held->block == executed->block)
        held->executed = true;
    rota_state_floors(&executed->floors, chain->state, executed->block->header.epoch);
    chain->stack[chain->depth++] = *executed;
    rota_state_stand(chain->state, &executed->block->hash);
    chain_add_keys(chain, executed->block);
    chain->observer.executed(chain->observer.context, executed->block);
    return rota_ok();
}

static void chain_pop(struct rota_chain *chain)
{
    ROTA_ASSERT(chain->depth > 0);
    struct rota_executed *top = &chain->stack[--chain->depth];
    struct rota_block *block = rota_block_retain(top->block);
    rota_chain_discard(chain, top);
    chain->observer.taken_back(chain->observer.context, block);
    rota_block_release(block);
}

/* ---- checking ------------------------------------------------------------------------------------------------------- */

/* Memory that ran out says nothing about a block: the node stops rather than call it invalid. */
static enum rota_check chain_fail(struct rota_chain *chain, struct rota_status status)
{
    chain->failed = status;
    return ROTA_CHECK_MISSING;
}

static enum rota_check chain_invalid(struct rota_chain *chain, const char *why)
{
    chain->invalid = why;
    return ROTA_CHECK_INVALID;
}

/* By the header alone: the body that is held may be another one's. */
static const char *chain_judge_header(const struct rota_chain *chain, const struct rota_header *header)
{
    const struct rota_epoch *epoch = rota_chain_epoch(chain);
    const struct rota_membership *membership = &epoch->membership;
    uint64_t top;
    const struct rota_hash *parent = rota_chain_top(chain, &top);
    if (!rota_hash_equal(&header->ledger_id, &membership->ledger_id) || header->epoch != membership->epoch ||
        !rota_hash_equal(&header->config_hash, &membership->config_hash))
        return "it is of another ledger or epoch";
    if (header->height != top + 1 || !rota_hash_equal(&header->prev_hash, parent))
        return "it does not follow the block below it";
    if (header->time_ms <= chain_top_time(chain))
        return "its time is not after that of the block below it";
    if (header->proposer >= membership->count)
        return "its proposer is no member";
    if (header->entry_count == 0 || header->entry_count > epoch->limits.block_entries_max)
        return "it holds no entries, or more than this ledger allows";
    if (header->tree_size != rota_tree_size(&chain->tree) + header->entry_count)
        return "its tree size is wrong";
    return NULL;
}

/* By the body, which is the header's. */
static const char *chain_judge_body(const struct rota_chain *chain, const struct rota_block *block)
{
    const struct rota_epoch *epoch = rota_chain_epoch(chain);
    bool may_tick = rota_tick_may(block->header.time_ms, chain_top_time(chain), epoch->timers.tick_ms);
    if (rota_block_is_tick(block) && ROTA_BROKEN(tick_at_any_time, !may_tick, false))
        return "it holds a TICK, and the block below it is not old enough";
    if (!block->unfit && block->header.entry_count != block->entry_count)
        return "it holds another number of entries than its header says";
    struct rota_reader reader = rota_block_body(block);
    struct rota_body_entry entry;
    size_t bytes = 0;
    for (uint32_t i = 0; rota_block_next(&entry, block, &i, &reader);)
        bytes += entry.bytes.len;
    return bytes > epoch->limits.block_bytes_max ? "it holds more bytes than this ledger allows" : NULL;
}

/* Does this body belong to its header? Whoever sent another one must not make us call the block invalid. */
static bool chain_body_belongs(struct rota_chain *chain, const struct rota_block *block)
{
    uint64_t below = rota_tree_size(&chain->tree);
    struct rota_status status = rota_chain_append_body(chain, block);
    bool belongs = false;
    if (rota_is_ok(status)) {
        struct rota_hash root = rota_tree_root(&chain->tree, rota_tree_size(&chain->tree));
        belongs = rota_hash_equal(&root, &block->header.tree_root);
    } else if (status.code == ROTA_NO_MEMORY) {
        chain->failed = status;
    }
    rota_tree_truncate(&chain->tree, below);
    return belongs;
}

static bool chain_verify(struct rota_chain *chain, struct rota_held *held)
{
    if (held->block->unfit)
        return false;
    for (uint32_t i = 0; !held->verified && i < held->block->entry_count; i++)
        if (!rota_is_ok(rota_chain_verify_entry(chain, &held->block->entries[i])))
            return false;
    held->verified = true;
    return true;
}

/* A held block whose body is its header's, on top of the stack. */
static enum rota_check chain_check_body(struct rota_chain *chain, struct rota_held *held)
{
    struct rota_block *block = held->block;
    const char *wrong = chain_judge_body(chain, block);
    if (wrong)
        return chain_invalid(chain, wrong);
    if (!chain_verify(chain, held))
        return chain_invalid(chain, block->unfit ? "an entry in it is none" : "a signature in it is not good");
    struct rota_executed executed;
    uint32_t bad_entry;
    struct rota_status status =
        rota_chain_execute(chain, &executed, &bad_entry, block->header.height, block->entries, block->entry_count);
    if (status.code == ROTA_NO_MEMORY)
        return chain_fail(chain, status);
    if (!rota_is_ok(status))
        return chain_invalid(chain, status.why);
    executed.block = rota_block_retain(block);
    if (!rota_hash_equal(&executed.outcomes.root, &block->header.outcome_hash)) {
        rota_chain_discard(chain, &executed);
        return chain_invalid(chain, "its outcomes are not what its entries come to");
    }
    status = rota_chain_push(chain, &executed);
    return rota_is_ok(status) ? ROTA_CHECK_VALID : chain_fail(chain, status);
}

/* One held block on top of the stack. */
static enum rota_check chain_check_held(struct rota_chain *chain, struct rota_held *held)
{
    const char *wrong = chain_judge_header(chain, &held->block->header);
    if (!wrong && ROTA_BROKEN(any_body_makes_invalid, false, true))
        wrong = chain_judge_body(chain, held->block);
    if (wrong)
        return chain_invalid(chain, wrong);
    if (!chain_body_belongs(chain, held->block)) {
        chain->foreign = true;
        chain->foreign_from = held->from;
        rota_blocks_drop(&chain->blocks, held);
        return ROTA_CHECK_MISSING;
    }
    enum rota_check verdict = chain_check_body(chain, held);
    if (verdict == ROTA_CHECK_INVALID && ROTA_BROKEN(false_entry_not_proven, true, false))
        rota_chain_prove(chain, held);
    return verdict;
}

void rota_chain_rollback(struct rota_chain *chain)
{
    while (chain->depth > 0)
        chain_pop(chain);
}

/* Position + 1 on the stack, 0 for the head of the ledger; false when the hash is neither. */
static bool chain_position(const struct rota_chain *chain, const struct rota_hash *hash, uint32_t *out_depth)
{
    for (*out_depth = chain->depth; *out_depth > 0; (*out_depth)--)
        if (rota_hash_equal(&chain->stack[*out_depth - 1].block->hash, hash))
            return true;
    return rota_hash_equal(&chain->head, hash);
}

const struct rota_floors *rota_chain_floors(const struct rota_chain *chain, const struct rota_hash *hash)
{
    uint32_t depth;
    bool known = chain_position(chain, hash, &depth);
    ROTA_ASSERT(known);
    return depth > 0 ? &chain->stack[depth - 1].floors : &chain->floors;
}

enum rota_check rota_chain_reach(struct rota_chain *chain, const struct rota_hash *hash)
{
    struct rota_hash path[ROTA_STACK_MAX];
    uint32_t steps = 0, depth = 0;
    struct rota_hash at = *hash;
    while (!chain_position(chain, &at, &depth)) {
        const struct rota_held *held = rota_blocks_find(&chain->blocks, &at);
        if (!held || steps == ROTA_STACK_MAX)
            return ROTA_CHECK_MISSING;
        path[steps++] = at;
        at = held->block->header.prev_hash;
    }
    while (chain->depth > depth)
        chain_pop(chain);
    enum rota_check verdict = ROTA_CHECK_VALID;
    while (steps > 0 && verdict == ROTA_CHECK_VALID && chain->depth < ROTA_STACK_MAX)
        verdict = chain_check_held(chain, rota_blocks_find(&chain->blocks, &path[--steps]));
    return steps > 0 && verdict == ROTA_CHECK_VALID ? ROTA_CHECK_MISSING : verdict;
}

/* PROTOCOL V12. Does the stack's top rest on this NEW-VIEW, by its newest anchor? In view 0 there is none to rest on. */
static bool chain_rests_on(const struct rota_chain *chain, const struct rota_anchor *anchor)
{
    struct rota_anchored last;
    (void)rota_state_anchored(&last, chain->state, anchor->epoch);
    return last.view == anchor->view && (anchor->view == 0 || rota_hash_equal(&last.nv, &anchor->nv));
}

/* Ahead of our clock, and not because it has to be: the least time that may follow its parent is never too late, or clocks
 * that went back everywhere would stop the network until they are where they were. */
static bool chain_is_early(struct rota_chain *chain, const struct rota_header *header, uint64_t latest_ms)
{
    uint32_t depth;
    if (header->time_ms <= latest_ms)
        return false;
    const struct rota_block *parent = rota_chain_held(chain, &header->prev_hash);
    uint64_t parent_ms = parent ? parent->header.time_ms : chain->head_time_ms;
    if (chain_position(chain, &header->prev_hash, &depth) && depth > 0)
        parent_ms = chain->stack[depth - 1].block->header.time_ms;
    return header->time_ms != parent_ms + 1;
}

/* ~ from node/act.c: ROTA_ACTION_CHECK. The verdict goes back to the core: consensus/vote.c rota_vote_checked. */
enum rota_check rota_chain_check(struct rota_chain *chain, uint64_t height, const struct rota_hash *parent,
                                 const struct rota_hash *block, const struct rota_first_vote *first)
{
    uint32_t depth;
    bool executed = chain_position(chain, block, &depth);
    chain->foreign = false;
    if (executed && !first)
        return ROTA_CHECK_VALID;
    const struct rota_block *held = rota_chain_held(chain, block);
    if (!held || held->header.height != height)
        return executed ? ROTA_CHECK_VALID : ROTA_CHECK_MISSING;
    if (first && chain_is_early(chain, &held->header, first->latest_ms))
        return ROTA_CHECK_UNTIMELY;
    enum rota_check verdict = executed ? ROTA_CHECK_VALID : rota_chain_reach(chain, parent);
    if (verdict == ROTA_CHECK_VALID)
        verdict = rota_chain_reach(chain, block);
    if (verdict == ROTA_CHECK_VALID && first &&
        ROTA_BROKEN(anchor_of_any_new_view, !chain_rests_on(chain, first->anchor), false))
        return ROTA_CHECK_UNTIMELY;
    return verdict;
}

/* ---- making final --------------------------------------------------------------------------------------------------- */

static struct rota_status chain_finalise(struct rota_chain *chain)
{
    struct rota_executed bottom = chain->stack[0];
    ROTA_TRY(rota_store_append(chain->store, bottom.block, bottom.outcomes.items));
    ROTA_TRY(rota_chain_index(chain, bottom.block));
    rota_state_finalise(chain->state);
    chain->height = bottom.block->header.height;
    chain->head = bottom.block->hash;
    chain->head_time_ms = bottom.block->header.time_ms;
    chain->floors = bottom.floors;
    chain->depth--;
    memmove(chain->stack, chain->stack + 1, chain->depth * sizeof chain->stack[0]);
    chain->observer.is_final(chain->observer.context, &bottom);
    rota_outcomes_free(&bottom.outcomes);
    rota_block_release(bottom.block);
    return rota_ok();
}

static struct rota_status chain_begin(struct rota_chain *chain)
{
    if (!chain->in_transaction)
        ROTA_TRY(rota_store_begin(chain->store));
    chain->in_transaction = true;
    return rota_ok();
}

struct rota_status rota_chain_keep_new_view(struct rota_chain *chain, uint64_t view, struct rota_view bytes)
{
    ROTA_TRY(chain_begin(chain));
    return rota_store_keep_new_view(chain->store, rota_chain_epoch(chain)->membership.epoch, view, bytes);
}

/* ~ from node/act.c: ROTA_ACTION_COMMIT. Next hop: ledger/store/write.c rota_store_append. */
struct rota_status rota_chain_commit(struct rota_chain *chain, const struct rota_certificate *certificate)
{
    uint64_t height = certificate->vote.height;
    ROTA_ASSERT(height > chain->height);
    uint32_t depth;
    if (!chain_position(chain, &certificate->vote.block, &depth)) {
        if (rota_chain_reach(chain, &certificate->vote.block) != ROTA_CHECK_VALID)
            return rota_fail(ROTA_INCOMPLETE, "a block became final whose body is not held any more");
        depth = chain->depth;
    }
    ROTA_ASSERT(depth == height - chain->height);
    ROTA_TRY(chain_begin(chain));
    while (chain->height < height)
        ROTA_TRY(chain_finalise(chain));
    ROTA_TRY(rota_store_certify(chain->store, certificate));
    chain->certificate = *certificate;
    rota_blocks_forget(&chain->blocks, height);
    return rota_ok();
}

struct rota_status rota_chain_sync(struct rota_chain *chain)
{
    if (!chain->in_transaction)
        return rota_ok();
    chain->in_transaction = false;
    return rota_store_commit(chain->store);
}
