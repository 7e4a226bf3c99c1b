#include "fake_node.h"

#include "tests/unit/node/bench.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

struct rota_node {
    struct bench bench;
    struct bench_side side;
    pthread_mutex_t mutex; /* all of it */
    pthread_cond_t changed;
    bool has_quorum, hold, deaf, stopping;
    uint32_t pending;
    const struct rota_submission *canned;
    struct fake_counts counts;
};

struct rota_node *fake_node_open(void)
{
    struct rota_node *node = calloc(1, sizeof *node);
    pthread_condattr_t attributes;
    EXPECT(node != NULL);
    bench_open(&node->bench);
    bench_side_open(&node->side, &node->bench, "ledger.db");
    EXPECT(pthread_mutex_init(&node->mutex, NULL) == 0);
    EXPECT(pthread_condattr_init(&attributes) == 0);
    EXPECT(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    EXPECT(pthread_cond_init(&node->changed, &attributes) == 0);
    pthread_condattr_destroy(&attributes);
    node->has_quorum = true;
    return node;
}

void fake_node_close(struct rota_node *node)
{
    bench_side_close(&node->side);
    bench_close(&node->bench);
    pthread_cond_destroy(&node->changed);
    pthread_mutex_destroy(&node->mutex);
    free(node);
}

static void fake_lock(const struct rota_node *node)
{
    EXPECT(pthread_mutex_lock((pthread_mutex_t *)(uintptr_t)&node->mutex) == 0);
}

static void fake_unlock(const struct rota_node *node)
{
    EXPECT(pthread_mutex_unlock((pthread_mutex_t *)(uintptr_t)&node->mutex) == 0);
}

/* ---- what tests tell it --------------------------------------------------------------------------------------------- */

#define FAKE_SET(name, type, member)                         \
    void name(struct rota_node *node, type value)            \
    {                                                        \
        fake_lock(node);                                     \
        node->member = value;                                \
        EXPECT(pthread_cond_broadcast(&node->changed) == 0); \
        fake_unlock(node);                                   \
    }
FAKE_SET(fake_node_hold, bool, hold)
FAKE_SET(fake_node_set_quorum, bool, has_quorum)
FAKE_SET(fake_node_set_pending, uint32_t, pending)
FAKE_SET(fake_node_set_deaf, bool, deaf)
FAKE_SET(fake_node_can, const struct rota_submission *, canned)

void fake_node_stop(struct rota_node *node)
{
    fake_lock(node);
    node->stopping = true;
    EXPECT(pthread_cond_broadcast(&node->changed) == 0);
    fake_unlock(node);
}

static void fake_commit(struct rota_node *node)
{
    while (node->side.pool.waiting > 0) {
        const struct rota_block *block = bench_build(&node->side);
        EXPECT(block != NULL);
        struct rota_certificate certificate = bench_certificate(&node->bench, block);
        EXPECT(rota_is_ok(rota_chain_commit(node->side.chain, &certificate)));
        EXPECT(rota_is_ok(rota_chain_sync(node->side.chain)));
    }
    EXPECT(pthread_cond_broadcast(&node->changed) == 0);
}

void fake_node_commit(struct rota_node *node)
{
    fake_lock(node);
    fake_commit(node);
    fake_unlock(node);
}

void fake_node_forget(struct rota_node *node)
{
    fake_lock(node);
    rota_pool_free(&node->side.pool);
    EXPECT(rota_is_ok(rota_pool_init(&node->side.pool, 1024)));
    EXPECT(pthread_cond_broadcast(&node->changed) == 0);
    fake_unlock(node);
}

void fake_node_accuse(struct rota_node *node, const char *author, uint64_t seq)
{
    struct rota_waiting *waiting;
    struct rota_entry entry = fixture_entry_of_evidence(fixture_coordinator_evidence(&node->bench.genesis, author, seq));
    fake_lock(node);
    EXPECT(rota_is_ok(rota_pool_add(&node->side.pool, &waiting, &entry, true, 0)));
    rota_entry_release(&entry);
    fake_commit(node);
    fake_unlock(node);
}

char *fake_proposal(struct rota_node *node, uint64_t seq, const char *author, uint64_t exp, const char *ops)
{
    return fixture_proposal_text(&node->bench.genesis,
                                 &(struct fixture_payload){.author = author, .seq = seq, .exp = exp, .ops = ops});
}

char *fake_assignment(struct rota_node *node, uint64_t seq, const char *code)
{
    char ops[256], start[ROTA_TIME_CHARS_MAX];
    rota_time_format_minute(start, 30000000 + (int64_t)seq * 480);
    (void)snprintf(
        ops, sizeof ops,
        "[{\"op\":\"assign\",\"person\":\"p-1\",\"code\":\"%s\",\"facility\":\"alpha\",\"start\":\"%s\",\"minutes\":480}]",
        code, start);
    return fake_proposal(node, seq, "alpha-scheduler", 0, ops);
}

struct fake_counts fake_node_counts(struct rota_node *node)
{
    fake_lock(node);
    struct fake_counts counts = node->counts;
    fake_unlock(node);
    return counts;
}

/* ---- what the door asks --------------------------------------------------------------------------------------------- */

static void fake_facts(struct rota_facts *facts, const struct rota_node *node)
{
    static struct rota_directory directory;
    const struct rota_chain *chain = node->side.chain;
    const struct rota_membership *membership = &node->bench.genesis.membership;
    rota_directory_make(&directory, membership, NULL, &membership->members[0].key, NULL, 0);
    static const struct rota_divergence none[ROTA_MEMBERS_MAX];
    *facts = (struct rota_facts){.divergence = none,
                                 .genesis = &node->bench.genesis,
                                 .state = chain->state,
                                 .tree = &chain->tree,
                                 .store = chain->store,
                                 .core = {.mode = ROTA_MODE_ACTIVE},
                                 .membership = &node->bench.genesis.membership,
                                 .is_member = true,
                                 .directory = &directory,
                                 .height = chain->height,
                                 .head = chain->head,
                                 .head_time_ms = chain->head_time_ms,
                                 .pending = node->side.pool.count,
                                 .peers_up = 1,
                                 .evidence_count = chain->evidence_count,
                                 .evidence_heights = chain->evidence,
                                 .node = node};
}

enum rota_submission_state rota_facts_find(const struct rota_facts *facts, const struct rota_hash *id)
{
    uint64_t height;
    uint32_t index;
    const struct bench_side *side = &facts->node->side;
    if (rota_chain_find(side->chain, id, &height, &index))
        return ROTA_SUBMISSION_COMMITTED;
    return rota_pool_find(&side->pool, id) ? ROTA_SUBMISSION_PENDING : ROTA_SUBMISSION_UNKNOWN;
}

static void fake_find(struct rota_submission *out, const struct rota_node *node, const struct rota_hash *id)
{
    struct rota_facts facts;
    struct rota_chain *chain = node->side.chain;
    fake_facts(&facts, node);
    *out = (struct rota_submission){.state = rota_facts_find(&facts, id)};
    if (!rota_chain_find(chain, id, &out->height, &out->entry_index))
        return;
    out->leaf_index = rota_chain_leaf(chain, out->height) + out->entry_index;
    EXPECT(rota_is_ok(rota_store_outcome(&out->outcome, chain->store, out->height, out->entry_index)));
}

/* Waits while it is pending; then *out is what became of it. */
static void fake_wait(struct rota_submission *out, struct rota_node *node, const struct rota_hash *id, uint32_t wait_ms)
{
    struct timespec until;
    bool was_known = out->was_known;
    EXPECT(clock_gettime(CLOCK_MONOTONIC, &until) == 0);
    until.tv_sec += wait_ms / 1000;
    until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000)
        until.tv_sec++, until.tv_nsec -= 1000000000;
    for (;;) {
        fake_find(out, node, id);
        if (node->stopping && out->state != ROTA_SUBMISSION_COMMITTED)
            out->state = ROTA_SUBMISSION_STOPPING;
        if (out->state != ROTA_SUBMISSION_PENDING || wait_ms == 0)
            break;
        if (pthread_cond_timedwait(&node->changed, &node->mutex, &until) == ETIMEDOUT)
            wait_ms = 0;
    }
    out->was_known = was_known;
}

static bool fake_take_in(struct rota_submission *out, struct rota_node *node, struct rota_proposal *proposal,
                         bool (*allow)(void *context, const struct rota_facts *facts), void *context)
{
    struct rota_facts facts;
    struct rota_entry entry = rota_entry_of_proposal(proposal);
    struct rota_status status = rota_state_admit(node->side.chain->state, &entry);
    rota_entry_release(&entry);
    fake_facts(&facts, node);
    if (allow && !allow(context, &facts))
        out->state = ROTA_SUBMISSION_UNKNOWN;
    else if (!rota_is_ok(status)) {
        *out = (struct rota_submission){.state = ROTA_SUBMISSION_REFUSED, .status = status};
        if (status.code == ROTA_REFUSED)
            (void)!rota_is_ok(rota_state_seq(&out->conflict, node->side.chain->state, &proposal->jws.kid, proposal->seq));
    } else
        return true;
    return false;
}

void rota_node_submit_if(struct rota_submission *out, struct rota_node *node, struct rota_proposal *proposal,
                         uint32_t wait_ms, bool (*allow)(void *context, const struct rota_facts *facts), void *context)
{
    fake_lock(node);
    node->counts.submits++;
    *out = (struct rota_submission){.state = node->stopping ? ROTA_SUBMISSION_STOPPING : ROTA_SUBMISSION_FULL};
    if (node->canned) {
        *out = *node->canned;
    } else if (!node->deaf && !node->stopping) {
        fake_find(out, node, &proposal->id);
        out->was_known = out->state != ROTA_SUBMISSION_UNKNOWN;
        free(out->outcome.record);
        out->outcome.record = NULL;
        if (out->was_known || fake_take_in(out, node, proposal, allow, context)) {
            if (!out->was_known)
                bench_wait(&node->side, rota_proposal_retain(proposal));
            if (!node->hold)
                fake_commit(node);
            fake_wait(out, node, &proposal->id, wait_ms);
        }
    }
    fake_unlock(node);
}

void rota_node_submit_change(struct rota_submission *out, struct rota_node *node, struct rota_epoch_change *change,
                             uint32_t wait_ms)
{
    (void)wait_ms;
    pthread_mutex_lock(&node->mutex);
    *out = (struct rota_submission){.state = ROTA_SUBMISSION_REFUSED,
                                    .status = rota_epoch_change_verify(change, rota_state_epoch(node->side.chain->state))};
    pthread_mutex_unlock(&node->mutex);
}

void rota_node_lookup(struct rota_submission *out, struct rota_node *node, const struct rota_hash *id, uint32_t wait_ms)
{
    fake_lock(node);
    node->counts.lookups++;
    *out = (struct rota_submission){.state = ROTA_SUBMISSION_FULL};
    if (!node->deaf)
        fake_wait(out, node, id, wait_ms);
    fake_unlock(node);
}

struct rota_status rota_node_visit(struct rota_node *node, void (*visit)(void *context, const struct rota_facts *facts),
                                   void *context)
{
    struct rota_facts facts;
    fake_lock(node);
    bool answers = !node->deaf && !node->stopping;
    node->counts.visits++;
    fake_facts(&facts, node);
    if (answers)
        visit(context, &facts);
    fake_unlock(node);
    return answers ? rota_ok() : rota_fail(ROTA_FULL, "the node is too busy to answer now");
}

struct rota_status rota_node_read_latest(struct rota_node *node)
{
    if (rota_node_has_quorum(node))
        return rota_ok();
    return rota_fail(ROTA_INCOMPLETE, "no quorum");
}

struct rota_status rota_node_dry_run(struct rota_outcome *out, struct rota_node *node, struct rota_proposal *proposal)
{
    struct rota_entry entry = rota_entry_of_proposal(proposal);
    fake_lock(node);
    memset(out, 0, sizeof *out);
    struct rota_status status = rota_fail(ROTA_FULL, "the node is too busy to answer now");
    if (!node->deaf)
        status = rota_chain_try(node->side.chain, out, &entry);
    fake_unlock(node);
    rota_entry_release(&entry);
    return status;
}

bool rota_node_has_quorum(const struct rota_node *node)
{
    fake_lock(node);
    bool has_quorum = node->has_quorum;
    fake_unlock(node);
    return has_quorum;
}

uint32_t rota_node_pending(const struct rota_node *node)
{
    fake_lock(node);
    uint32_t pending = node->pending;
    fake_unlock(node);
    return pending;
}

struct rota_keyring *rota_node_keyring(struct rota_node *node)
{
    return node->side.keyring;
}

const struct rota_genesis *rota_node_genesis(const struct rota_node *node)
{
    return &node->bench.genesis;
}

void rota_peers_info(struct rota_peer_info *out, struct rota_peers *peers, uint32_t index)
{
    (void)peers, (void)index;
    memset(out, 0, sizeof *out);
}
