/* Following (PROTOCOL M10), as node/follow.c does it: a replica that is no member of its epoch hears how far others are,
 * asks for what it lacks, and makes final what the members' certificates cover. It says nothing that anybody could count. */
#include "tests/sim/sim_liar.h"

enum { FOLLOW_PATIENCE_MS = 500, FOLLOW_PAUSE_MS = 250 };

/* The next member after the one asked last that says it has more; when nobody does, whoever comes next may have. */
static uint32_t follow_choose(const struct sim_replica *replica)
{
    const struct sim_follow *follow = &replica->follow;
    uint32_t count = replica->epoch->membership.count;
    for (uint32_t i = 1; i <= count; i++)
        if (follow->claimed[(follow->peer + i) % count] > replica->disk.height)
            return (follow->peer + i) % count;
    return (follow->peer + 1) % count;
}

static void follow_ask(struct sim *sim, struct sim_replica *replica)
{
    struct sim_follow *follow = &replica->follow;
    const struct rota_hash by_height = {{0}};
    if (follow->asking && sim->now_ms < follow->deadline_ms)
        return;
    if (follow->asking) /* no answer: what was claimed is not believed until it is said again */
        follow->claimed[follow->peer] = 0;
    follow->peer = follow_choose(replica);
    follow->asking = true;
    follow->asked_to = replica->disk.height + ROTA_WINDOW;
    follow->deadline_ms = sim->now_ms + FOLLOW_PATIENCE_MS;
    uint32_t to = replica->epoch->seats[follow->peer];
    if (to != replica->index) /* its own seat, while its new key is not there */
        sim_send_fetch(sim, replica->index, to, replica->disk.height + 1, follow->asked_to, &by_height);
}

/* Whoever lags in an earlier epoch may take it for a member: it learns that there is more, and asks (PROTOCOL M9). */
static void follow_say(struct sim *sim, struct sim_replica *replica)
{
    struct rota_message message = {.kind = ROTA_MESSAGE_HEARTBEAT, .epoch = replica->epoch->membership.epoch};
    if (sim->now_ms < replica->follow.say_ms)
        return;
    replica->follow.say_ms = sim->now_ms + FOLLOW_PAUSE_MS;
    uint32_t own = sim_seat(replica->epoch, replica->index); /* it may have one, and no key for it any more */
    message.sender = own == SIM_NOBODY ? 0 : own;
    message.heartbeat.committed = replica->disk.height;
    for (uint32_t to = 0; to < sim->facility_count; to++) {
        uint32_t seat = sim_seat(replica->epoch, to);
        if (to != replica->index && (seat == SIM_NOBODY || replica->follow.behind >> seat & 1))
            sim_send(sim, replica->index, to, &message, NULL);
    }
}

void sim_follow_wake(struct sim *sim, struct sim_replica *replica)
{
    follow_ask(sim, replica);
    follow_say(sim, replica);
    replica->wake_ms = sim->now_ms + FOLLOW_PAUSE_MS;
}

static void follow_block(struct sim *sim, struct sim_replica *replica, const struct rota_block_message *block)
{
    uint64_t before = replica->disk.height;
    if (!block->has_certificate || block->header.height <= before || !sim_block_follow(sim, replica, &block->certificate))
        return;
    sim_replica_committed(sim, replica, before);
    if (replica->disk.height >= replica->follow.asked_to)
        replica->follow.asking = false;
    if (sim_document_in(sim, replica->disk.chain[replica->disk.height]))
        sim_epoch_next(sim, replica);
}

static void follow_claim(struct sim_replica *replica, const struct rota_message *message, uint64_t height)
{
    struct sim_follow *follow = &replica->follow;
    follow->claimed[message->sender] = height;
    follow->behind &= ~(UINT32_C(1) << message->sender);
    if (message->epoch < replica->epoch->membership.epoch)
        follow->behind |= UINT32_C(1) << message->sender;
}

void sim_follow_hear(struct sim *sim, struct sim_replica *replica, const struct rota_message *message)
{
    if (message->kind == ROTA_MESSAGE_STATUS)
        follow_claim(replica, message, message->status.committed);
    else if (message->kind == ROTA_MESSAGE_HEARTBEAT)
        follow_claim(replica, message, message->heartbeat.committed);
    else if (message->kind == ROTA_MESSAGE_BLOCK)
        follow_block(sim, replica, &message->block);
    if (replica->up && replica->member == SIM_NOBODY)
        sim_follow_wake(sim, replica);
}
