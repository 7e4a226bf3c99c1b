/* Following (PROTOCOL M10): a node that is no member of the epoch in force keeps the ledger without a core. It hears how far
 * the members are, asks one of them after the other for what it lacks, and makes final what their certificates cover. It
 * says nothing that anybody could count: it asks, and it tells guests how far it is. */
#include "node/inside.h"

enum { FOLLOW_PATIENCE_MS = 500, FOLLOW_PAUSE_MS = 250, FOLLOW_PROBE_MS = 1000 };

static void follow_claim(struct rota_node *node, uint32_t member, uint64_t height)
{
    uint64_t max = rota_node_height_max(node);
    node->follow.claimed[member] = height < max ? height : max;
}

static void follow_hear(struct rota_node *node, const struct rota_message *message, uint64_t height)
{
    uint32_t bit = UINT32_C(1) << message->sender;
    follow_claim(node, message->sender, height);
    if (message->epoch < node->epoch.membership.epoch)
        node->follow.behind |= bit;
    else
        node->follow.behind &= ~bit;
}

/* A block with its certificate: it and everything under it that is here becomes final. */
static void follow_block(struct rota_node *node, const struct rota_block_message *block)
{
    uint64_t height = block->header.height;
    if (!block->has_certificate || height <= node->chain.height || height > rota_node_height_max(node))
        return;
    if (height == rota_node_height_max(node) && !rota_hash_equal(&block->block, &node->manifest->next.discontinuity.block)) {
        rota_report_halt(node,
                         "the ledger that is fetched leads to another block than the one that the recovery manifest keeps");
        return;
    }
    enum rota_check verdict = rota_chain_check(&node->chain, height, &block->header.prev_hash, &block->block, NULL);
    if (verdict == ROTA_CHECK_INVALID)
        rota_report_halt(node, "a quorum certified a block that this node finds invalid: its own state may be damaged");
    if (verdict != ROTA_CHECK_VALID)
        return;
    struct rota_status status = rota_chain_commit(&node->chain, &block->certificate);
    if (!rota_is_ok(status)) {
        node->failed = status;
        node->failed_file = node->config.ledger;
        return;
    }
    node->counts.last_commit_ms = node->turn.now_ms;
    node->epoch_due |= rota_chain_epoch(&node->chain)->membership.epoch != node->directory.certifiers->epoch ||
                       node->chain.height == rota_node_height_max(node);
    if (node->chain.height < node->follow.asked_to)
        return;
    node->follow.asking = false;
    if (node->follow.probing) /* all that was asked for: there may be more */
        follow_claim(node, node->follow.peer, node->chain.height + ROTA_FETCH_BLOCKS_MAX);
}

/* The next member after the one asked last that says it has more; count when nobody does. */
static uint32_t follow_choose(const struct rota_node *node)
{
    uint32_t count = node->epoch.membership.count;
    for (uint32_t i = 1; i <= count; i++) {
        uint32_t member = (node->follow.peer + i) % count;
        if (node->follow.claimed[member] > node->chain.height)
            return member;
    }
    return count;
}

/* The member after the one asked last, but ourselves (a node that lags below its manifest is one); count: nobody else. */
static uint32_t follow_turn(const struct rota_node *node)
{
    uint32_t count = node->epoch.membership.count;
    for (uint32_t i = 1; i <= count; i++)
        if ((node->follow.peer + i) % count != node->self)
            return (node->follow.peer + i) % count;
    return count;
}

static void follow_ask(struct rota_node *node)
{
    struct rota_follow *follow = &node->follow;
    if (node->halted || (follow->asking && node->turn.now_ms < follow->deadline_ms))
        return;
    if (follow->asking) /* no answer: what was claimed is not believed until it is said again */
        follow->claimed[follow->peer] = 0;
    follow->asking = false;
    uint32_t member = follow_choose(node);
    follow->probing = member == node->epoch.membership.count;
    if (follow->probing && node->turn.now_ms < follow->probe_ms)
        return;
    if (follow->probing) { /* a member alone says nothing of itself: ask for more, and see whether something comes */
        member = follow_turn(node);
        if (member == node->epoch.membership.count)
            return;
        follow_claim(node, member, node->chain.height + ROTA_FETCH_BLOCKS_MAX);
        follow->probe_ms = node->turn.now_ms + FOLLOW_PROBE_MS;
    }
    if (follow->claimed[member] <= node->chain.height)
        return;
    uint64_t more = follow->claimed[member] - node->chain.height;
    follow->asking = true;
    follow->peer = member;
    follow->asked_to = node->chain.height + (more > ROTA_FETCH_BLOCKS_MAX ? ROTA_FETCH_BLOCKS_MAX : more);
    follow->deadline_ms = node->turn.now_ms + FOLLOW_PATIENCE_MS;
    struct rota_fetch fetch = {.from = node->chain.height + 1, .to = follow->asked_to};
    rota_outbox_fetch(&node->turn.outbox, member, &fetch);
}

/* Whoever lags in an earlier epoch knows us as a member: it learns from us that there is more, and asks (M9). Former members
 * are guests here; one that is a member of this epoch too shows by what it says that it does not know yet. */
static void follow_say(struct rota_node *node)
{
    struct rota_message message = {.kind = ROTA_MESSAGE_HEARTBEAT, .epoch = node->epoch.membership.epoch};
    message.heartbeat.committed = node->chain.height;
    if (node->turn.now_ms < node->follow.say_ms)
        return;
    node->follow.say_ms = node->turn.now_ms + FOLLOW_PAUSE_MS;
    for (uint32_t i = 0; i < node->directory.count; i++)
        if (i != node->self && (i >= node->epoch.membership.count || node->follow.behind >> i & 1))
            (void)rota_outbox_message(&node->turn.outbox, i, &message, NULL); /* without memory: later */
}

void rota_follow_step(struct rota_node *node, const struct rota_event *event)
{
    const struct rota_message *message = event->kind == ROTA_EVENT_MESSAGE ? event->message : NULL;
    if (message && message->kind == ROTA_MESSAGE_STATUS)
        follow_hear(node, message, message->status.committed);
    else if (message && message->kind == ROTA_MESSAGE_HEARTBEAT)
        follow_hear(node, message, message->heartbeat.committed);
    else if (message && message->kind == ROTA_MESSAGE_BLOCK && !node->epoch_due && !node->halted)
        follow_block(node, &message->block);
    follow_ask(node);
    follow_say(node);
    node->wake_ms = node->turn.now_ms + FOLLOW_PAUSE_MS;
}

void rota_follow_inspect(struct rota_core_view *out, const struct rota_node *node)
{
    *out = (struct rota_core_view){.mode = ROTA_MODE_FOLLOWING,
                                   .committed = node->chain.height,
                                   .committed_block = node->chain.head,
                                   .halted = node->halted};
}
