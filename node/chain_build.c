/* Building a block from what waits, and trying out what a proposal would come to. */
#include "node/chain.h"

enum { BUILD_RECORDS_MAX = 2 + ROTA_MEMBERS_MAX }; /* the anchor, a word of each member, a TICK */

struct build_rule {
    const struct rota_chain *chain;
    uint64_t height;
};

/* May this entry be ordered in a block of this height? What is expired is not worth a place. */
static bool build_may(void *context, const struct rota_entry *entry)
{
    const struct build_rule *rule = context;
    struct rota_coordinator author;
    if (!rota_is_ok(rota_state_admit(rule->chain->state, entry)))
        return false;
    if (rota_state_begins_anew(rule->chain->state)) /* PROTOCOL M11: the rest waits for the block above */
        return rota_entries_discontinuity(entry, 1) != NULL;
    if (entry->kind != ROTA_ENTRY_PROPOSAL)
        return true;
    return entry->proposal->exp >= rule->height &&
           rota_is_ok(rota_state_coordinator(&author, rule->chain->state, &entry->proposal->jws.kid)) &&
           author.from_height < rule->height;
}

bool rota_chain_may(const struct rota_chain *chain, const struct rota_entry *entry)
{
    struct build_rule rule = {.chain = chain};
    (void)rota_chain_top(chain, &rule.height);
    rule.height++;
    return build_may(&rule, entry);
}

static bool build_same_author(const struct rota_entry *a, const struct rota_entry *b)
{
    return a->kind == ROTA_ENTRY_PROPOSAL && b->kind == ROTA_ENTRY_PROPOSAL &&
           rota_kid_equal(&a->proposal->jws.kid, &b->proposal->jws.kid);
}

/* Leaves out the entry that cannot stand where it stands, and what its author has after it: they wait for another block. */
static uint32_t build_leave_out(struct rota_entry *entries, uint32_t count, uint32_t bad)
{
    struct rota_entry culprit = entries[bad];
    uint32_t kept = bad;
    for (uint32_t i = bad + 1; i < count; i++)
        if (!build_same_author(&culprit, &entries[i]))
            entries[kept++] = entries[i];
    return kept;
}

/* Records alone are not worth a block, unless the core wants it bare or they leave no room in it for what waits. */
static struct rota_status build_execute(struct rota_chain *chain, struct rota_executed *out, uint32_t *count, uint32_t least,
                                        uint64_t height)
{
    while (*count >= least && *count > 0) {
        uint32_t bad = UINT32_MAX;
        struct rota_status status = rota_chain_execute(chain, out, &bad, height, chain->picked, *count);
        if (status.code != ROTA_REFUSED || bad >= *count)
            return status;
        *count = build_leave_out(chain->picked, *count, bad);
    }
    return rota_fail(ROTA_NOT_FOUND, "nothing that waits may be ordered now");
}

static struct rota_header build_header(const struct rota_chain *chain, const struct rota_executed *executed, uint32_t count,
                                       uint64_t time_ms)
{
    uint64_t below; /* the entries are executed, and may have begun another epoch: this block is still of the one before */
    (void)rota_chain_top(chain, &below);
    const struct rota_membership *membership = &rota_state_epoch_at(chain->state, below + 1)->membership;
    struct rota_header header = {.ledger_id = membership->ledger_id,
                                 .epoch = membership->epoch,
                                 .config_hash = membership->config_hash,
                                 .time_ms = time_ms,
                                 .outcome_hash = executed->outcomes.root,
                                 .proposer = chain->self,
                                 .entry_count = count};
    header.prev_hash = *rota_chain_top(chain, &header.height);
    header.height++;
    header.tree_size = rota_tree_size(&chain->tree);
    header.tree_root = rota_tree_root(&chain->tree, header.tree_size);
    return header;
}

/* References of its own for the block; the pool keeps its. */
static void build_retain(struct rota_entry *entries, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        entries[i] = rota_entry_share(&entries[i]);
}

static struct rota_status build_block(struct rota_chain *chain, struct rota_executed *executed, uint32_t count,
                                      uint64_t time_ms)
{
    struct rota_header header = build_header(chain, executed, count, time_ms);
    build_retain(chain->picked, count);
    struct rota_status status = rota_block_new(&executed->block, &header, chain->picked, count);
    if (!rota_is_ok(status)) {
        for (uint32_t i = 0; i < count; i++)
            rota_entry_release(&chain->picked[i]);
        rota_chain_discard(chain, executed);
        return status;
    }
    rota_chain_hold(chain, executed->block, chain->self, true);
    return rota_chain_push(chain, executed);
}

/* The records that stand in front of everything else on top of the stack. Each holds a reference of ours. */
struct build_records {
    uint32_t count;
    struct rota_entry entries[BUILD_RECORDS_MAX];
};

/* Places for records: a recovery manifest has its own in front of them (PROTOCOL M11). */
static uint32_t records_room(const struct rota_chain *chain)
{
    return rota_chain_epoch(chain)->limits.block_entries_max - rota_state_begins_anew(chain->state);
}

/* Takes over the reference. What is in the ledger already, or in flight, is left out. */
static void records_add(struct build_records *records, const struct rota_chain *chain, struct rota_record *record)
{
    struct rota_entry entry = rota_entry_of_record(record);
    rota_record_release(record);
    bool room = records->count < records_room(chain);
    if (room && rota_is_ok(rota_state_admit(chain->state, &entry)))
        records->entries[records->count++] = entry;
    else
        rota_entry_release(&entry);
}

static struct rota_status build_records(struct build_records *records, const struct rota_chain *chain,
                                        const struct rota_wanted *wanted)
{
    struct rota_record *record = NULL;
    records->count = 0;
    if (wanted->anchor.view > 0) {
        ROTA_TRY(rota_record_of_anchor(&record, &wanted->anchor));
        records_add(records, chain, record);
    }
    for (uint32_t i = 0; i < wanted->recovered_count; i++) {
        ROTA_TRY(rota_record_of_recovered(&record, &wanted->recovered[i]));
        records_add(records, chain, record);
    }
    return rota_ok();
}

/* T11: nobody has anything to say, and the network shows that it stands. After records that leave no room, it has. */
static struct rota_status build_tick(struct build_records *records, const struct rota_chain *chain, uint64_t height)
{
    const struct rota_epoch *epoch = rota_chain_epoch(chain);
    struct rota_record *record = NULL;
    if (records->count >= epoch->limits.block_entries_max)
        return rota_ok();
    ROTA_TRY(rota_record_of_tick(&record, &(struct rota_tick){epoch->membership.epoch, height}));
    chain->picked[records->count] = records->entries[records->count] = rota_entry_of_record(record);
    rota_record_release(record);
    records->count++;
    return rota_ok();
}

/* PROTOCOL M11: the manifest that the epoch begins with, and its records. The entry's reference is the chain's. */
static uint32_t build_anew(struct rota_chain *chain, const struct build_records *records)
{
    chain->picked[0] = (struct rota_entry){.kind = ROTA_ENTRY_CONFIG, .id = chain->manifest->id, .change = chain->manifest};
    memcpy(chain->picked + 1, records->entries, records->count * sizeof records->entries[0]);
    return 1 + records->count;
}

/* Records, then what the pool picks for the room that they leave. Returns how many entries there are. */
static uint32_t build_pick(struct rota_chain *chain, struct rota_pool *pool, uint64_t height,
                           const struct build_records *records)
{
    if (rota_state_begins_anew(chain->state))
        return build_anew(chain, records);
    struct build_rule rule = {chain, height};
    struct rota_pick pick = {rota_chain_epoch(chain)->limits.block_entries_max - records->count,
                             rota_chain_epoch(chain)->limits.block_bytes_max, build_may, &rule};
    for (uint32_t i = 0; i < records->count; i++) {
        chain->picked[i] = records->entries[i];
        pick.bytes_max -= rota_entry_bytes(&records->entries[i]).len;
    }
    uint32_t count = rota_pool_pick(pool, chain->candidates, &pick);
    for (uint32_t i = 0; i < count; i++)
        chain->picked[records->count + i] = *chain->candidates[i];
    return records->count + count;
}

/* What comes after the records, and the block of it all. */
static struct rota_status build_rest(struct rota_chain *chain, struct rota_pool *pool, const struct rota_wanted *wanted,
                                     struct build_records *records)
{
    struct rota_executed executed;
    uint32_t count = build_pick(chain, pool, wanted->height, records);
    uint32_t room = rota_chain_epoch(chain)->limits.block_entries_max;
    ROTA_ASSERT(count <= room); /* one too many convicts (PROTOCOL E9) */
    uint32_t least = wanted->bare || wanted->tick || records->count == room ? 1 : records->count + 1;
    if (wanted->tick && count == records->count) {
        ROTA_TRY(build_tick(records, chain, wanted->height));
        count = records->count;
    }
    ROTA_TRY(build_execute(chain, &executed, &count, least, wanted->height));
    return build_block(chain, &executed, count, wanted->time_ms);
}

/* ~ from node/act.c: ROTA_ACTION_BUILD. The header goes back to the core: consensus/propose.c rota_propose_built. */
const struct rota_block *rota_chain_build(struct rota_chain *chain, struct rota_pool *pool, const struct rota_wanted *wanted)
{
    uint64_t top;
    if (rota_chain_reach(chain, &wanted->parent) != ROTA_CHECK_VALID)
        return NULL;
    (void)rota_chain_top(chain, &top);
    if (top + 1 != wanted->height || chain->depth == ROTA_STACK_MAX)
        return NULL;
    struct build_records records;
    struct rota_status status = build_records(&records, chain, wanted);
    if (rota_is_ok(status))
        status = build_rest(chain, pool, wanted, &records);
    for (uint32_t i = 0; i < records.count; i++)
        rota_entry_release(&records.entries[i]);
    if (rota_is_ok(status))
        return chain->stack[chain->depth - 1].block;
    if (status.code != ROTA_NOT_FOUND)
        chain->failed = status;
    return NULL;
}

struct rota_status rota_chain_try(struct rota_chain *chain, struct rota_outcome *out, const struct rota_entry *entry)
{
    struct rota_executed executed;
    uint32_t bad;
    uint64_t top;
    memset(out, 0, sizeof *out);
    (void)rota_chain_top(chain, &top);
    ROTA_TRY(rota_state_admit(chain->state, entry));
    ROTA_TRY(rota_chain_execute(chain, &executed, &bad, top + 1, entry, 1));
    *out = executed.outcomes.items[0];
    executed.outcomes.items[0].record = NULL;
    rota_chain_discard(chain, &executed);
    return rota_ok();
}
