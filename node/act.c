/* Carrying out what the core asks for, in the order in which it asks (consensus/core.h). Nothing leaves the node here. */
#include "node/inside.h"

#include <stdlib.h>

static void act_fail(struct rota_node *node, struct rota_status status, const char *file)
{
    if (rota_is_ok(status) || !rota_is_ok(node->failed))
        return;
    node->failed = status;
    node->failed_file = file;
}

static void act_feed_back(struct rota_node *node, const struct rota_feedback *feedback)
{
    struct rota_turn *turn = &node->turn;
    if (turn->event_count == turn->event_room) {
        uint32_t room = turn->event_room == 0 ? LOOP_EVENTS_ROOM : turn->event_room * 2;
        struct rota_feedback *events = realloc(turn->events, room * sizeof *events);
        if (!events) {
            act_fail(node, rota_fail(ROTA_NO_MEMORY, "no memory for a turn"), "");
            return;
        }
        turn->events = events;
        turn->event_room = room;
    }
    turn->events[turn->event_count++] = *feedback;
}

/* ---- speaking ------------------------------------------------------------------------------------------------------- */

static void act_sign(const struct rota_node *node, struct rota_message *message)
{
    uint8_t preimage[ROTA_MESSAGE_PREIMAGE_MAX];
    size_t len = rota_message_preimage(preimage, &node->epoch.membership, message);
    rota_ed25519_sign(&message->signature, &node->key->facility, rota_view(preimage, len));
    if (message->kind == ROTA_MESSAGE_VIEW_CHANGE)
        message->view_change->signature = message->signature;
}

static void act_log_statement(const struct rota_message *message)
{
    if (message->kind == ROTA_MESSAGE_SUSPECT)
        rota_log(ROTA_LOG_INFO, "suspect", "by=self view=%llu reason=%s", (unsigned long long)message->suspect.view,
                 rota_report_suspicion(message->suspect.reason));
    else if (message->kind == ROTA_MESSAGE_VIEW_CHANGE)
        rota_log(ROTA_LOG_INFO, "view-change", "to=%llu", (unsigned long long)message->view_change->new_view);
}

/* ~ Kept until node/durable.c has made the turn durable: node/outbox.c rota_outbox_release. */
static void act_say(struct rota_node *node, const struct rota_action *action)
{
    struct rota_message *message = NULL;
    const struct rota_message *said = &action->say.message;
    struct rota_block *body = NULL;
    if (said->kind == ROTA_MESSAGE_PREPREPARE) {
        body = rota_chain_held(&node->chain, &said->preprepare.block);
        if (!body)
            return; /* said again by status, from a slot whose body is gone: others have it */
    }
    struct rota_outgoing *out = rota_outbox_message(&node->turn.outbox, action->say.to, said, body);
    if (!out) {
        act_fail(node, rota_fail(ROTA_NO_MEMORY, "no memory for a message"), "");
        return;
    }
    message = &out->message;
    bool ours = rota_message_is_signed(message->kind) && !action->say.is_signed;
    if (!ours)
        return;
    act_sign(node, message);
    act_log_statement(message);
    if (action->say.to == ROTA_TO_ALL)
        act_feed_back(node, &(struct rota_feedback){.kind = ROTA_EVENT_MESSAGE, .outgoing = node->turn.outbox.count - 1});
}

/* ---- remembering ---------------------------------------------------------------------------------------------------- */

static void act_save_block(struct rota_node *node, const struct rota_action *action)
{
    struct rota_block *block = rota_chain_held(&node->chain, &action->check.block);
    if (!block) {
        act_fail(node, rota_fail(ROTA_INCOMPLETE, "a vote would rest on a block whose body is not held any more"), "");
        return;
    }
    struct rota_held *held = rota_blocks_find(&node->chain.blocks, &block->hash);
    if (held && held->block == block) /* not another body that came after this one had to make room */
        held->kept = true;
    act_fail(node, rota_journal_save_block(node->journal, block), node->config.journal);
}

/* Why the view began stays in the ledger file: it is what tells liars from their victims, should there ever be two
 * histories. */
static void act_keep_new_view(struct rota_node *node, const struct rota_message *message)
{
    uint8_t *bytes = malloc(ROTA_MESSAGE_BYTES_MAX);
    if (!bytes) {
        act_fail(node, rota_fail(ROTA_NO_MEMORY, "no memory for a new view"), "");
        return;
    }
    struct rota_writer writer = rota_writer(bytes, ROTA_MESSAGE_BYTES_MAX);
    rota_message_encode(&writer, message);
    ROTA_ASSERT(!writer.bad);
    act_fail(node, rota_chain_keep_new_view(&node->chain, message->new_view.view, rota_view(bytes, writer.len)),
             node->config.ledger);
    free(bytes);
}

static void act_save_message(struct rota_node *node, const struct rota_action *action)
{
    struct rota_message message = action->say.message;
    struct rota_view_change *change = NULL;
    if (message.kind == ROTA_MESSAGE_VIEW_CHANGE && !action->say.is_signed) { /* the core's own copy stays unsigned */
        change = malloc(sizeof *change);
        if (!change) {
            act_fail(node, rota_fail(ROTA_NO_MEMORY, "no memory for a view change"), "");
            return;
        }
        *change = *message.view_change;
        message.view_change = change;
    }
    if (!action->say.is_signed)
        act_sign(node, &message);
    act_fail(node, rota_journal_save_message(node->journal, &message), node->config.journal);
    if (message.kind == ROTA_MESSAGE_NEW_VIEW && action->say.is_signed)
        act_keep_new_view(node, &message);
    free(change);
}

/* ---- blocks --------------------------------------------------------------------------------------------------------- */

/* Who proposed an invalid block is convicted, if the block's bytes are enough (PROTOCOL E9); in the crash profile that ends
 * it (P4). */
static void act_convict(struct rota_node *node)
{
    struct rota_evidence *proof = rota_chain_take_proof(&node->chain);
    if (!proof)
        return;
    rota_watch_convict(node, proof);
    act_feed_back(node, &(struct rota_feedback){.kind = ROTA_EVENT_EVIDENCE, .event.evidence_epoch = proof->epoch});
    rota_evidence_release(proof);
}

/* ~ Next hop: node/chain.c rota_chain_check. */
static void act_check(struct rota_node *node, const struct rota_action *action)
{
    struct rota_first_vote first = {rota_clock_wall_ms() + node->epoch.timers.clock_ms, &action->check.anchor};
    struct rota_feedback feedback = {.kind = ROTA_EVENT_CHECKED};
    feedback.event.checked.block = action->check.block;
    feedback.event.checked.height = action->check.height;
    feedback.event.checked.verdict = rota_chain_check(&node->chain, action->check.height, &action->check.parent,
                                                      &action->check.block, action->check.judge_time ? &first : NULL);
    feedback.event.checked.ends_epoch = rota_chain_ends_epoch(&node->chain, &action->check.block);
    feedback.event.checked.foreign = node->chain.foreign;
    feedback.event.checked.brought_by = node->chain.foreign_from;
    if (feedback.event.checked.verdict == ROTA_CHECK_VALID)
        feedback.event.checked.floors = *rota_chain_floors(&node->chain, &action->check.block);
    else if (feedback.event.checked.verdict == ROTA_CHECK_INVALID)
        rota_log(ROTA_LOG_WARNING, "invalid-block", "height=%llu block=%s why=\"%s\"",
                 (unsigned long long)action->check.height, rota_log_hash(&action->check.block).text, node->chain.invalid);
    act_convict(node);
    act_fail(node, node->chain.failed, node->config.ledger);
    act_feed_back(node, &feedback);
}

/* ~ Next hop: node/chain_build.c rota_chain_build. */
static void act_build(struct rota_node *node, const struct rota_action *action)
{
    uint64_t wall_ms = rota_clock_wall_ms();
    uint64_t time_ms = wall_ms > action->build.after_ms ? wall_ms : action->build.after_ms + 1;
    const struct rota_wanted wanted = {.height = action->build.height,
                                       .parent = action->build.parent,
                                       .time_ms = time_ms,
                                       .anchor = action->build.anchor,
                                       .bare = action->build.bare,
                                       .tick = action->build.tick,
                                       .recovered = action->build.recovered,
                                       .recovered_count = action->build.recovered_count};
    const struct rota_block *block = rota_chain_build(&node->chain, &node->pool, &wanted);
    struct rota_feedback feedback = {.kind = ROTA_EVENT_BUILT};
    feedback.event.built.empty = block == NULL;
    if (block) {
        feedback.event.built.header = block->header;
        feedback.event.built.block = block->hash;
        feedback.event.built.ends_epoch = rota_chain_ends_epoch(&node->chain, &block->hash);
        feedback.event.built.ticks = rota_block_is_tick(block);
        feedback.event.built.floors = *rota_chain_floors(&node->chain, &block->hash);
    }
    node->turn.demand_due = block != NULL; /* the core forgets what waits when it proposes */
    node->review |= block == NULL;
    act_fail(node, node->chain.failed, node->config.ledger);
    act_feed_back(node, &feedback);
}

/* ~ Next hop: node/chain.c rota_chain_commit. */
static void act_commit(struct rota_node *node, const struct rota_action *action)
{
    memset(&node->served, 0, sizeof node->served);
    act_fail(node, rota_chain_commit(&node->chain, action->commit.certificate), node->config.ledger);
    struct rota_feedback feedback = {.kind = ROTA_EVENT_SERVED, .event.waited_ms = node->served.waited_ms};
    if (node->served.any)
        act_feed_back(node, &feedback);
    node->turn.demand_due = true;
    node->counts.last_commit_ms = node->turn.now_ms;
}

/* ---- the rest ------------------------------------------------------------------------------------------------------- */

static void act_fetch(struct rota_node *node, const struct rota_action *action)
{
    struct rota_fetch fetch = {action->fetch.from, action->fetch.to, action->fetch.block};
    rota_outbox_fetch(&node->turn.outbox, action->fetch.peer, &fetch);
}

void rota_act(struct rota_node *node, const struct rota_action *action)
{
    switch (action->kind) {
    case ROTA_ACTION_SAVE:
        node->turn.save = true;
        break;
    case ROTA_ACTION_SAVE_BLOCK:
        act_save_block(node, action);
        break;
    case ROTA_ACTION_SAVE_MESSAGE:
        act_save_message(node, action);
        break;
    case ROTA_ACTION_SAY:
        act_say(node, action);
        break;
    case ROTA_ACTION_CHECK:
        act_check(node, action);
        break;
    case ROTA_ACTION_BUILD:
        act_build(node, action);
        break;
    case ROTA_ACTION_ROLLBACK:
        rota_chain_rollback(&node->chain);
        node->turn.demand_due = true; /* the core may have forgotten what waits, after a block that came to nothing */
        break;
    case ROTA_ACTION_COMMIT:
        act_commit(node, action);
        break;
    case ROTA_ACTION_FETCH:
        act_fetch(node, action);
        break;
    case ROTA_ACTION_WAKE_AT:
        node->wake_ms = action->wake_at_ms;
        break;
    case ROTA_ACTION_ACCUSE:
        rota_watch_accuse(node, &action->accuse);
        break;
    case ROTA_ACTION_READ_DONE:
        rota_node_read_done(node, action->read.token, action->read.covered);
        break;
    case ROTA_ACTION_EPOCH:
        node->epoch_due = true; /* once this turn is durable and said: node/epoch.c */
        break;
    case ROTA_ACTION_HALT:
        rota_report_halt(node, action->halt);
        break;
    }
}
