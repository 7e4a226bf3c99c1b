/* How an entry gets into the pool, whoever brings it, and how it gets out of it: into a block, or with a final no. */
#include "node/inside.h"

enum { SWEEP_MS = 200, SWEEP_SENDS_MAX = 64, PAUSE_DOUBLINGS = 6, POSTPONED_MAX = 16 };

uint64_t rota_node_forward_ms(const struct rota_node *node)
{
    return node->epoch.timers.request_ms / 4;
}

static struct rota_submission refused(enum rota_code code, const char *why)
{
    return (struct rota_submission){.state = ROTA_SUBMISSION_REFUSED, .status = rota_fail(code, why)};
}

/* ---- in ------------------------------------------------------------------------------------------------------------- */

/* In the ledger, in a block in flight, or waiting. */
bool rota_node_knows(const struct rota_node *node, const struct rota_entry *entry)
{
    uint64_t height;
    uint32_t index;
    return rota_chain_find(&node->chain, &entry->id, &height, &index) || rota_pool_find(&node->pool, &entry->id) ||
           rota_state_admit(node->chain.state, entry).code == ROTA_EXISTS;
}

/* Is it here already? Then what became of it is the answer. */
static bool admission_knows(struct rota_node *node, struct rota_submission *out, const struct rota_entry *entry)
{
    uint64_t height;
    uint32_t index;
    if (!rota_node_knows(node, entry))
        return false;
    if (rota_chain_find(&node->chain, &entry->id, &height, &index))
        rota_node_committed(node, out, height, index);
    else
        *out = (struct rota_submission){.state = ROTA_SUBMISSION_PENDING};
    out->was_known = true;
    return true;
}

/* Another proposal of this key and seq, waiting or executed: one reference, NULL when there is none. */
static struct rota_proposal *admission_rival(struct rota_node *node, const struct rota_proposal *proposal)
{
    const struct rota_waiting *waiting = rota_pool_find_seq(&node->pool, &proposal->jws.kid, proposal->seq);
    if (waiting)
        return rota_proposal_retain(waiting->entry.proposal);
    return rota_chain_proposal_of_seq(&node->chain, &proposal->jws.kid, proposal->seq);
}

static bool admission_conflicts(struct rota_node *node, struct rota_submission *out, struct rota_proposal *proposal)
{
    struct rota_proposal *rival = admission_rival(node, proposal);
    if (!rival)
        return false;
    *out = refused(ROTA_REFUSED, "another proposal of this key has this seq");
    out->conflict = rival->id;
    out->evidence = rota_watch_catch(node, proposal, rival);
    rota_proposal_release(rival);
    return true;
}

static bool admission_refuses(struct rota_node *node, struct rota_submission *out, const struct rota_entry *entry)
{
    struct rota_status status = rota_state_admit(node->chain.state, entry);
    if (!rota_is_ok(status))
        *out = refused(status.code, status.why);
    else if (rota_entry_bytes(entry).len > node->epoch.limits.block_bytes_max)
        *out = refused(ROTA_TOO_LARGE, "the proposal is larger than a block of this ledger may be");
    else if (entry->kind == ROTA_ENTRY_PROPOSAL && entry->proposal->exp <= node->chain.height)
        *out = refused(ROTA_REFUSED, "expired: the last height at which it may commit is in the past");
    else
        return false;
    out->expired = rota_is_ok(status) && entry->kind == ROTA_ENTRY_PROPOSAL && entry->proposal->exp <= node->chain.height;
    return true;
}

/* ~ Next hop: node/pool.c rota_pool_add; the core hears of it by rota_node_demand and answers with ROTA_ACTION_BUILD. */
void rota_node_take_in(struct rota_node *node, struct rota_submission *out, const struct rota_entry *entry, bool ours)
{
    struct rota_waiting *waiting = NULL;
    if (admission_knows(node, out, entry))
        return;
    if (entry->kind == ROTA_ENTRY_PROPOSAL && admission_conflicts(node, out, entry->proposal))
        return;
    if (admission_refuses(node, out, entry))
        return;
    if (ours && !atomic_load_explicit(&node->has_quorum, memory_order_relaxed)) {
        *out = (struct rota_submission){.state = ROTA_SUBMISSION_NO_QUORUM};
        return;
    }
    struct rota_status status = rota_pool_add(&node->pool, &waiting, entry, ours, node->turn.now_ms);
    if (!rota_is_ok(status)) {
        *out = (struct rota_submission){.state = ROTA_SUBMISSION_FULL, .status = status};
        return;
    }
    if (ours)
        rota_outbox_entry(&node->turn.outbox, ROTA_TO_ALL, entry);
    *out = (struct rota_submission){.state = ROTA_SUBMISSION_PENDING};
}

/* Since when the request waits whose patience ends first. One that no primary could order now is put off: it accuses nobody.
 */
static uint64_t admission_patience(struct rota_node *node)
{
    uint64_t forward_ms = rota_node_forward_ms(node);
    const struct rota_lane *lane = NULL;
    for (int i = 0; i < POSTPONED_MAX && (lane = node->pool.oldest) != NULL; i++) {
        if (node->turn.now_ms - lane->since_ms < forward_ms || rota_chain_may(&node->chain, &lane->first->entry))
            break;
        rota_pool_postpone(&node->pool, lane->first, node->turn.now_ms);
    }
    return lane ? lane->since_ms : node->turn.now_ms;
}

/* The core hears how many wait outside blocks, and since when, when that is news. */
void rota_node_demand(struct rota_node *node)
{
    struct rota_event event = {.kind = ROTA_EVENT_DEMAND};
    event.demand.since_ms = admission_patience(node);
    event.demand.waiting = node->pool.waiting;
    event.demand.full = node->pool.waiting >= node->epoch.limits.block_entries_max ||
                        node->pool.waiting_bytes >= node->epoch.limits.block_bytes_max;
    bool news = !node->told.any || node->told.waiting != event.demand.waiting || node->told.full != event.demand.full ||
                (event.demand.waiting > 0 && node->told.since_ms != event.demand.since_ms);
    if (!news && !node->turn.demand_due)
        return;
    node->turn.demand_due = false;
    node->told.any = true;
    node->told.waiting = event.demand.waiting;
    node->told.full = event.demand.full;
    node->told.since_ms = event.demand.since_ms;
    rota_loop_step(node, &event);
}

/* ---- out ------------------------------------------------------------------------------------------------------------ */

static void admission_drop(struct rota_node *node, struct rota_waiting *waiting, const struct rota_submission *why)
{
    struct rota_hash id = waiting->entry.id;
    rota_pool_remove(&node->pool, waiting);
    rota_node_tell(node, &id, why);
}

/* Waits in vain when the ledger itself forbids it; what a block in flight forbids may come back with the block. */
static bool review_one(void *context, struct rota_waiting *waiting)
{
    struct rota_node *node = context;
    struct rota_submission why;
    if (admission_refuses(node, &why, &waiting->entry))
        admission_drop(node, waiting, &why);
    else if (waiting->entry.kind == ROTA_ENTRY_PROPOSAL && waiting->entry.proposal->exp < node->pool.exp_min)
        node->pool.exp_min = waiting->entry.proposal->exp;
    return true;
}

struct sweep {
    struct rota_node *node;
    uint32_t sends;
};

/* Sent again to everybody, the primary among them, after a quarter of the time that lets us suspect it, and then less and
 * less; but not while its lane is served: then it is only a backlog. At once when a quorum is reached again: nobody may have
 * heard of it, however often it was sent. */
static bool sweep_one(void *context, struct rota_waiting *waiting)
{
    struct sweep *sweep = context;
    struct rota_node *node = sweep->node;
    uint64_t forward_ms = rota_node_forward_ms(node), now_ms = node->turn.now_ms;
    uint64_t pause_ms = forward_ms << waiting->sent_count;
    bool lost = waiting->sent_ms < node->quorum_since_ms;
    if (!lost && (now_ms - waiting->sent_ms < pause_ms || now_ms - waiting->lane->since_ms < forward_ms))
        return true;
    waiting->sent_count = lost ? 0 : waiting->sent_count < PAUSE_DOUBLINGS ? waiting->sent_count + 1 : PAUSE_DOUBLINGS;
    waiting->sent_ms = now_ms;
    rota_outbox_entry(&node->turn.outbox, ROTA_TO_ALL, &waiting->entry);
    return ++sweep->sends < SWEEP_SENDS_MAX;
}

void rota_node_sweep(struct rota_node *node)
{
    struct sweep sweep = {.node = node};
    bool expires = node->pool.exp_min <= node->chain.height;
    if (node->chain.depth == 0 && (node->review || expires)) {
        node->review = false;
        node->pool.exp_min = UINT64_MAX;
        rota_pool_each(&node->pool, review_one, node);
    }
    if (node->turn.now_ms < node->sweep_ms)
        return;
    node->sweep_ms = node->turn.now_ms + SWEEP_MS;
    if (node->epoch.membership.count > 1 && node->quorum_since_ms != 0)
        rota_pool_each(&node->pool, sweep_one, &sweep);
}

/* ---- with the chain ------------------------------------------------------------------------------------------------- */

static void on_executed(void *context, const struct rota_block *block)
{
    struct rota_node *node = context;
    rota_watch_block(node, block);
    for (uint32_t i = 0; i < block->entry_count; i++) {
        struct rota_waiting *waiting = rota_pool_find(&node->pool, &block->entries[i].id);
        if (waiting)
            rota_pool_take(&node->pool, waiting, node->turn.now_ms);
    }
}

/* The block is given up: its entries wait again, as fresh as on the first day. */
static void on_taken_back(void *context, const struct rota_block *block)
{
    struct rota_node *node = context;
    for (uint32_t i = block->entry_count; i-- > 0;) {
        if (block->entries[i].kind == ROTA_ENTRY_RECORD)
            continue; /* the next primary makes its own */
        struct rota_waiting *waiting = rota_pool_find(&node->pool, &block->entries[i].id);
        if (waiting)
            rota_pool_give_back(&node->pool, waiting, node->turn.now_ms);
        else /* it came with the block only; without room its author has to ask again */
            (void)!rota_is_ok(rota_pool_add(&node->pool, &waiting, &block->entries[i], false, node->turn.now_ms));
    }
}

/* A rival of a final proposal can never be ordered. */
static void final_drop_rival(struct rota_node *node, const struct rota_proposal *proposal)
{
    struct rota_waiting *rival = rota_pool_find_seq(&node->pool, &proposal->jws.kid, proposal->seq);
    if (!rival || rota_hash_equal(&rival->entry.id, &proposal->id))
        return;
    struct rota_submission why = refused(ROTA_REFUSED, "another proposal of this key has this seq");
    why.conflict = proposal->id;
    why.evidence = true;
    admission_drop(node, rival, &why);
}

/* Whoever waits for an entry of this block is told at the durable point. */
static void final_tell(struct rota_node *node, const struct rota_executed *executed, uint32_t index)
{
    struct rota_submission what = {.state = ROTA_SUBMISSION_COMMITTED,
                                   .height = executed->block->header.height,
                                   .leaf_index = executed->leaves_below + index,
                                   .entry_index = index,
                                   .outcome = executed->outcomes.items[index]};
    rota_node_tell(node, &executed->block->entries[index].id, &what);
}

static void final_note_wait(struct rota_node *node, const struct rota_waiting *waiting)
{
    uint64_t waited_ms = node->turn.now_ms - waiting->asked_ms;
    node->served.any = true;
    if (waited_ms > node->served.waited_ms)
        node->served.waited_ms = waited_ms;
}

static void on_final(void *context, const struct rota_executed *executed)
{
    struct rota_node *node = context;
    for (uint32_t i = 0; i < executed->block->entry_count; i++) {
        const struct rota_entry *entry = &executed->block->entries[i];
        struct rota_waiting *waiting = rota_pool_find(&node->pool, &entry->id);
        if (entry->kind == ROTA_ENTRY_PROPOSAL)
            final_drop_rival(node, entry->proposal);
        if (waiting && waiting->taken)
            final_note_wait(node, waiting);
        if (waiting && entry->kind == ROTA_ENTRY_EVIDENCE)
            node->turn.save_evidence = true; /* the ledger has it now */
        if (waiting)
            rota_pool_remove(&node->pool, waiting);
        node->review |= entry->kind == ROTA_ENTRY_CONFIG; /* the same manifest, with other approvals, may wait */
        final_tell(node, executed, i);
    }
    rota_report_commit(node, executed);
}

static void on_replayed(void *context, uint64_t height, uint64_t height_max)
{
    struct rota_node *node = context;
    uint64_t now = rota_clock_monotonic_ms();
    if (now - node->started_ms < 2000 && height < height_max)
        return;
    if (height == height_max || now - node->sweep_ms >= 2000) {
        node->sweep_ms = now;
        rota_log(ROTA_LOG_INFO, "replay", "height=%llu of=%llu", (unsigned long long)height, (unsigned long long)height_max);
    }
}

struct rota_chain_observer rota_node_observer(struct rota_node *node)
{
    return (struct rota_chain_observer){.context = node,
                                        .executed = on_executed,
                                        .taken_back = on_taken_back,
                                        .is_final = on_final,
                                        .replayed = on_replayed};
}
