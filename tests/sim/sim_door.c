/* What arrives at a replica: requests, questions for blocks, evidence, and messages, which meet the checks that the node
 * makes before its core sees one. What passes is a turn of the replica. */
#include "tests/sim/sim_liar.h"

enum { CONNECTION_SILENT_MS = 1500 };

/* A block of the same height that nobody certified. */
static const struct sim_block *block_spoilt(struct sim *sim, const struct sim_block *block)
{
    struct sim_block other = *block;
    other.header.time_ms++;
    other.hash = rota_header_hash(&other.header);
    return sim_block_add(sim, &other);
}

static void block_answer(struct sim *sim, struct sim_replica *replica, uint32_t to, const struct sim_block *block,
                         const struct rota_certificate *certificate)
{
    if (replica->spoils) {
        block = block_spoilt(sim, block);
        certificate = NULL;
    }
    struct rota_message message = {
        .kind = ROTA_MESSAGE_BLOCK, .epoch = block->header.epoch, .sender = 0}; /* the link says who it is */
    message.block.header = block->header;
    message.block.block = block->hash;
    message.block.has_certificate = certificate != NULL;
    if (certificate)
        message.block.certificate = *certificate;
    sim_send(sim, replica->index, to, &message, block);
}

static void fetch_answer(struct sim *sim, struct sim_replica *replica, const struct sim_delivery *delivery)
{
    if (delivery->fetch_from == 0 || delivery->fetch_to < delivery->fetch_from ||
        sim_liar_answers(sim, replica->index, delivery))
        return;
    if (!rota_hash_is_zero(&delivery->fetch_block)) {
        const struct sim_block *block = sim_block_held(replica, &delivery->fetch_block);
        uint64_t height = delivery->fetch_from;
        if (!block && height <= replica->disk.height &&
            rota_hash_equal(&replica->disk.chain[height]->hash, &delivery->fetch_block))
            block = replica->disk.chain[height];
        if (block)
            block_answer(sim, replica, delivery->from, block, NULL);
        else
            sim_reach(sim, SIM_REACHED_FETCH_UNANSWERED);
        return;
    }
    uint64_t fetch_to = delivery->fetch_to; /* bounded, as in the node */
    if (fetch_to - delivery->fetch_from >= ROTA_WINDOW)
        fetch_to = delivery->fetch_from + ROTA_WINDOW - 1;
    if (delivery->fetch_from > replica->disk.height)
        sim_reach(sim, SIM_REACHED_FETCH_UNANSWERED);
    /* one certificate proves the range; a height without one of its own is covered by the next above */
    bool covered = false;
    for (uint64_t h = delivery->fetch_from; h <= replica->disk.height && !covered; h++) {
        bool ends_epoch = sim_document_in(sim, replica->disk.chain[h]); /* C5, M9 */
        bool prove = h >= fetch_to || h == replica->disk.height || ends_epoch;
        block_answer(sim, replica, delivery->from, replica->disk.chain[h], prove ? replica->disk.certificates[h] : NULL);
        covered = ends_epoch || (prove && replica->disk.certified[h]);
    }
}

static void request_deliver(struct sim *sim, struct sim_replica *replica, uint32_t request)
{
    if (!replica->known[request])
        replica->arrived_ms[request] = sim_local_ms(sim, replica);
    replica->known[request] = true;
    if (sim->parts)
        sim->parts->request(sim, replica, request);
    sim_replica_wake(sim, replica); /* the turn tells the core */
}

/* Links are sealed, so damage ends there; beneath them, what is signed must hold alone. */
static void damaged_deliver(struct sim *sim, const struct sim_replica *replica, const struct sim_delivery *delivery)
{
    struct rota_message message;
    struct rota_reader reader = rota_reader(rota_view(delivery->bytes, delivery->len));
    if (rota_is_ok(rota_message_decode(&message, sim->scratch, &reader)) && rota_is_ok(rota_reader_finish(&reader)) &&
        rota_message_is_signed(message.kind) && rota_is_ok(rota_message_verify(&message, &replica->epoch->membership)))
        sim_fail(sim, SIM_CODEC, "a signed message was believed though its bytes were damaged");
    sim_reach(sim, SIM_REACHED_DAMAGE_REFUSED);
}

/* What the node's door asks of a message before the core sees it. */
static bool message_admit(struct sim *sim, const struct sim_replica *replica, const struct sim_delivery *delivery,
                          struct rota_message *out)
{
    const struct rota_membership *membership = &replica->epoch->membership;
    uint32_t from = sim_seat(replica->epoch, delivery->from);
    struct rota_reader reader = rota_reader(rota_view(delivery->bytes, delivery->len));
    if (!rota_is_ok(rota_message_decode(out, sim->scratch, &reader)) || !rota_is_ok(rota_reader_finish(&reader)))
        return false;
    if (from == SIM_NOBODY) /* a guest asks for blocks and says nothing else */
        return false;
    bool counts_alike = out->epoch == membership->epoch && out->kind != ROTA_MESSAGE_BLOCK;
    if (!rota_message_is_signed(out->kind) && counts_alike && out->sender != from)
        return false;
    if (!rota_message_is_signed(out->kind))
        out->sender = from; /* in another epoch it has another index: the link says who it is */
    if (!rota_is_ok(rota_message_verify(out, membership)))
        return false;
    const struct rota_hash *named = out->kind == ROTA_MESSAGE_PREPREPARE ? &out->preprepare.block
                                    : out->kind == ROTA_MESSAGE_BLOCK    ? &out->block.block
                                                                         : NULL;
    return !named || (delivery->body && rota_hash_equal(named, &delivery->body->hash));
}

/* PROTOCOL E5, as the node's workers do it: a NEW-VIEW that was refused for what is in it, and that its primary signed. */
static bool message_convicts(struct sim *sim, struct sim_replica *replica, const struct sim_delivery *delivery,
                             struct rota_message *message)
{
    const struct rota_membership *membership = &replica->epoch->membership;
    struct rota_evidence *evidence = NULL;
    struct rota_reader reader = rota_reader(rota_view(delivery->bytes, delivery->len));
    if (!rota_is_ok(rota_message_decode(message, sim->scratch, &reader)) || !rota_is_ok(rota_reader_finish(&reader)) ||
        message->kind != ROTA_MESSAGE_NEW_VIEW ||
        !rota_is_ok(rota_evidence_of_new_view(&evidence, membership, &message->new_view, &message->signature)))
        return false;
    bool proves = rota_is_ok(rota_evidence_verify(evidence, membership, NULL));
    if (proves && !(sim->liars >> replica->epoch->seats[evidence->member] & 1))
        sim_fail(sim, SIM_EVIDENCE, "a correct primary is convicted of its NEW-VIEW");
    if (proves && replica->member != SIM_NOBODY)
        sim_evidence_found(sim, replica, evidence);
    rota_evidence_release(evidence);
    return proves;
}

/* As node/hear.c does with an entry that is evidence. */
static void evidence_deliver(struct sim *sim, struct sim_replica *replica, const struct sim_delivery *delivery)
{
    const struct sim_piece *piece = &sim->pieces[delivery->piece];
    uint32_t epoch = piece->epoch->membership.epoch;
    if (!sim_evidence_heard(sim, replica, delivery->from, delivery->piece))
        return;
    struct rota_event event = {.kind = ROTA_EVENT_EVIDENCE, .evidence_epoch = epoch};
    sim_replica_turn(sim, replica, &event);
    if (!replica->up || replica->member == SIM_NOBODY || piece->kind != ROTA_EVIDENCE_NEW_VIEW)
        return;
    event = (struct rota_event){.kind = ROTA_EVENT_CONVICTED, .convicted = {epoch, piece->view}};
    sim_replica_turn(sim, replica, &event);
}

/* Between members of one epoch nothing that a correct one says is refused. */
static void message_refuse(struct sim *sim, struct sim_replica *replica, const struct sim_delivery *delivery,
                           struct rota_message *message)
{
    bool of_ours = message->epoch == replica->epoch->membership.epoch && replica->epoch->facilities >> delivery->from & 1;
    if (!sim_is_liar(sim, delivery->from) && of_ours)
        sim_fail(sim, SIM_CODEC, "a correct replica's message is refused");
    sim->stats.refused += sim_is_liar(sim, delivery->from);
    if (!message_convicts(sim, replica, delivery, message) || replica->member == SIM_NOBODY)
        return;
    struct rota_event event = {.kind = ROTA_EVENT_CONVICTED, .convicted = {message->epoch, message->new_view.view}};
    sim_replica_turn(sim, replica, &event);
}

/* What comes after a long silence comes over a new connection (FORMATS §12.2). */
static void connection_notice(struct sim *sim, struct sim_replica *replica, uint32_t from)
{
    uint64_t heard_ms = replica->heard_ms[from];
    replica->heard_ms[from] = sim->now_ms;
    uint32_t seat = sim_seat(replica->epoch, from);
    if (heard_ms == 0 || sim->now_ms - heard_ms <= CONNECTION_SILENT_MS || seat == SIM_NOBODY ||
        replica->member == SIM_NOBODY)
        return;
    sim_replica_turn(sim, replica, &(struct rota_event){.kind = ROTA_EVENT_LINKED, .linked = seat});
}

void sim_replica_deliver(struct sim *sim, struct sim_replica *replica, const struct sim_delivery *delivery)
{
    if (delivery->request != UINT32_MAX) {
        request_deliver(sim, replica, delivery->request);
        return;
    }
    if (delivery->is_fetch) {
        fetch_answer(sim, replica, delivery);
        return;
    }
    if (delivery->is_evidence) {
        evidence_deliver(sim, replica, delivery);
        return;
    }
    if (delivery->damaged) {
        damaged_deliver(sim, replica, delivery);
        return;
    }
    connection_notice(sim, replica, delivery->from);
    if (!replica->up)
        return;
    struct rota_message message;
    if (!message_admit(sim, replica, delivery, &message)) {
        message_refuse(sim, replica, delivery, &message);
        return;
    }
    sim_liar_hears(sim, delivery, &message);
    if (!sim_is_liar(sim, replica->index))
        sim_check_heard(sim, replica, &message);
    if (delivery->body && delivery->body->header.height > replica->disk.height)
        sim_block_hold(sim, replica, delivery->body, delivery->from);
    if (replica->member == SIM_NOBODY) {
        sim_follow_hear(sim, replica, &message);
        return;
    }
    struct rota_event event = {.kind = ROTA_EVENT_MESSAGE, .message = &message};
    sim_replica_turn(sim, replica, &event);
}
