/* What peers send: decoded and verified by the workers, judged here. A frame that makes no sense is dropped, never more. */
#include "node/inside.h"

#include "consensus/pace.h"

enum {
    LINKS_PAUSE_MS = 100,
    JUDGE_PAUSE_MS = 250, /* evidence of another epoch may hold a thousand signatures: of one peer not more often, ... */
    JUDGED_AHEAD = 4,     /* ... but a few at once */
};

/* Who follows looks at bodies only when their certificate comes: until then nobody but the one that was asked may bring
 * another for what is here (PROTOCOL C6). */
static bool hear_is_unasked(struct rota_node *node, const struct rota_frame *frame)
{
    bool others = !node->is_member && node->follow.asking && frame->peer != node->follow.peer;
    return others && rota_chain_held(&node->chain, &frame->block->hash);
}

/* The body goes where the core's questions about it will look for it. False: it is not the body of this message. */
static bool hear_hold(struct rota_node *node, const struct rota_frame *frame)
{
    const struct rota_message *message = &frame->message;
    const struct rota_hash *named = NULL;
    if (message->kind == ROTA_MESSAGE_PREPREPARE)
        named = &message->preprepare.block;
    else if (message->kind == ROTA_MESSAGE_BLOCK)
        named = &message->block.block;
    if (!named)
        return true;
    if (!frame->block || !rota_hash_equal(named, &frame->block->hash))
        return false;
    if (hear_is_unasked(node, frame))
        return true;
    rota_chain_hold(&node->chain, frame->block, frame->peer, frame->entries_verified);
    if (message->kind == ROTA_MESSAGE_PREPREPARE) {
        struct rota_signed_vote prepare = {rota_preprepare_vote(&message->preprepare), message->signature};
        rota_chain_vouch(&node->chain, named, message->sender, &prepare);
    }
    return true;
}

static void hear_log(const struct rota_node *node, const struct rota_message *message)
{
    if (message->kind == ROTA_MESSAGE_SUSPECT && message->suspect.view == node->view.view) /* a liar may name any other */
        rota_log(ROTA_LOG_INFO, "suspect", "by=%s view=%llu reason=%s",
                 node->epoch.membership.members[message->sender].id.text, (unsigned long long)message->suspect.view,
                 rota_report_suspicion(message->suspect.reason));
}

/* ~ Next hop: consensus/core.c rota_core_step, which hands a pre-prepare to consensus/propose.c rota_preprepare_admit and a
 * vote to consensus/window.c rota_window_vote. */
static void hear_consensus(struct rota_node *node, const struct rota_frame *frame)
{
    const struct rota_message *message = &frame->message;
    if (message->sender >= node->epoch.membership.count)
        return;
    if (!rota_message_is_signed(message->kind) && message->sender != frame->peer)
        return; /* only the link vouches for these */
    if (!hear_hold(node, frame))
        return;
    hear_log(node, message);
    rota_node_compare(node, message);
    rota_loop_step(node, &(struct rota_event){.kind = ROTA_EVENT_MESSAGE, .message = message});
}

/* A member lies: that ends the crash profile (P4). Whoever begins a view with a NEW-VIEW that is none must not lead it. */
static void hear_evidence(struct rota_node *node, const struct rota_evidence *evidence)
{
    node->turn.save_evidence = true;
    if (evidence->kind == ROTA_EVIDENCE_COORDINATOR)
        return;
    rota_loop_step(node, &(struct rota_event){.kind = ROTA_EVENT_EVIDENCE, .evidence_epoch = evidence->epoch});
    if (evidence->kind == ROTA_EVIDENCE_NEW_VIEW || evidence->kind == ROTA_EVIDENCE_INVALID_PROPOSAL)
        rota_loop_step(node,
                       &(struct rota_event){.kind = ROTA_EVENT_CONVICTED, .convicted = {evidence->epoch, evidence->view}});
}

/* Workers know the members of the present epoch only, so the loop itself judges evidence of another one. Whoever holds some
 * says it again (PROTOCOL T4), so none is lost when a peer has had enough for now. */
static bool hear_may_judge(struct rota_node *node, const struct rota_frame *frame)
{
    if (frame->entry.kind != ROTA_ENTRY_EVIDENCE)
        return true;
    return rota_pace(&node->allowances[frame->peer].judged_ms, node->turn.now_ms, JUDGE_PAUSE_MS, JUDGED_AHEAD);
}

/* ~ Next hop: node/admission.c rota_node_take_in. */
static void hear_entry(struct rota_node *node, const struct rota_frame *frame)
{
    struct rota_submission ignored;
    if (rota_entries_discontinuity(&frame->entry, 1)) { /* only an operator takes one in (PROTOCOL M12) */
        if (frame->entries_verified)
            rota_node_hear_manifest(node, frame->entry.change);
        return;
    }
    if (rota_node_knows(node, &frame->entry))
        return; /* the usual case when it was sent twice; nobody waits for an outcome here */
    if (!frame->entries_verified &&
        !(hear_may_judge(node, frame) && rota_is_ok(rota_chain_verify_entry(&node->chain, &frame->entry))))
        return;
    if (frame->convicts)
        rota_watch_convict(node, frame->entry.evidence);
    else
        rota_node_take_in(node, &ignored, &frame->entry, false);
    if (frame->entry.kind == ROTA_ENTRY_EVIDENCE)
        hear_evidence(node, frame->entry.evidence);
}

/* Members say how far they are; a guest shows it by what it asks for next. */
static void hear_height(struct rota_node *node, const struct rota_frame *frame)
{
    const struct rota_message *message = &frame->message;
    struct rota_height_said said = {.any = true};
    if (frame->peer >= node->directory.count)
        return;
    if (frame->kind == ROTA_FRAME_FETCH && frame->fetch.from > 0 && rota_hash_is_zero(&frame->fetch.block))
        said.height = frame->fetch.from - 1;
    else if (frame->kind == ROTA_FRAME_CONSENSUS && message->kind == ROTA_MESSAGE_STATUS)
        said.height = message->status.committed;
    else if (frame->kind == ROTA_FRAME_CONSENSUS && message->kind == ROTA_MESSAGE_HEARTBEAT)
        said.height = message->heartbeat.committed;
    else
        return;
    node->said[frame->peer] = said;
}

void rota_node_frame(struct rota_node *node, struct rota_frame *frame)
{
    hear_height(node, frame);
    switch (frame->kind) {
    case ROTA_FRAME_CONSENSUS:
        hear_consensus(node, frame);
        break;
    case ROTA_FRAME_ENTRY:
        hear_entry(node, frame);
        break;
    case ROTA_FRAME_FETCH:
        if (node->turn.asked_count < LOOP_FETCHES_MAX)
            node->turn.asked[node->turn.asked_count++] = (struct rota_asked){frame->peer, frame->fetch};
        break;
    case ROTA_FRAME_PING:
    case ROTA_FRAME_PONG:
        break; /* the link's own affair */
    }
}

/* A copy of this node may have taken a connection from us, or we from it: whoever is at its other end is asked what it has
 * heard of us. */
void rota_node_links(struct rota_node *node)
{
    struct rota_peer_info info;
    if (!node->is_member || node->turn.now_ms < node->links_ms)
        return;
    node->links_ms = node->turn.now_ms + LINKS_PAUSE_MS;
    for (uint32_t i = 0; i < node->epoch.membership.count && i < node->directory.count; i++) {
        if (i == node->self)
            continue;
        rota_peers_info(&info, node->peers, i);
        bool anew = node->connects[i] != 0 && info.connects != node->connects[i];
        node->connects[i] = info.connects;
        if (anew)
            rota_loop_step(node, &(struct rota_event){.kind = ROTA_EVENT_LINKED, .linked = i});
    }
}
