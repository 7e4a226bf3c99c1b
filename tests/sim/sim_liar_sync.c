/* Lies about what one has: heights and holdings in STATUS and HEARTBEAT, fetches without need, and answers that are no
 * answers. */
#include "tests/sim/sim_liar.h"

static uint64_t height_lie(struct sim *sim, uint64_t height)
{
    const uint64_t heights[] = {0, height / 2, height + 1, height + ROTA_WINDOW, height + 100000, UINT64_MAX};
    return heights[liar_random(sim, sizeof heights / sizeof heights[0])];
}

static void status_spoil(struct sim *sim, struct rota_status_message *status)
{
    uint32_t holds = liar_random(sim, 2) ? UINT32_MAX : 0; /* everything: nobody resends; nothing: everybody does */
    if (liar_random(sim, 2))
        status->committed = height_lie(sim, status->committed);
    if (liar_random(sim, 3) == 0)
        status->view = liar_random(sim, 2) ? 0 : UINT64_MAX;
    if (liar_random(sim, 3) == 0)
        status->active = !status->active;
    status->suspects = status->view_changes = status->blocks = holds;
    for (uint32_t i = 0; i < ROTA_WINDOW; i++)
        status->prepares[i] = status->commits[i] = holds;
}

static void read_spoil(struct sim *sim, uint32_t liar, struct rota_read_reply *reply)
{
    switch (liar_random(sim, 4)) {
    case 0:
        reply->has_best = false;
        break;
    case 1:
        reply->has_best = liar_stale_certificate(sim, liar, &reply->best);
        break;
    case 2:
        reply->nonce.count += liar_random(sim, 2) ? 1 : UINT64_MAX;
        break;
    default:
        reply->committed = height_lie(sim, reply->committed);
        break;
    }
}

/* What a replica that lost its memory hears of its past. */
static void past_spoil(struct sim *sim, struct rota_hello_reply *reply)
{
    const uint64_t views[] = {0, reply->view + 1, INT64_MAX, UINT64_MAX};
    switch (liar_random(sim, 5)) {
    case 0:
        reply->view = views[liar_random(sim, sizeof views / sizeof views[0])];
        break;
    case 1:
        memset(&reply->past, 0, sizeof reply->past);
        break;
    case 2:
        reply->committed = height_lie(sim, reply->committed);
        break;
    case 3:
        reply->past.has_vote = true;
        reply->past.vote.kind = ROTA_VOTE_COMMIT;
        reply->past.vote.height++;
        break;
    default:
        reply->standing = liar_random(sim, 2) ? ROTA_STANDING_NEW : ROTA_STANDING_RECOVERING;
        break;
    }
}

static void say_hello(struct sim *sim, uint32_t liar)
{
    const uint64_t runs[] = {0, 1, UINT64_MAX};
    struct rota_message message = {.kind = ROTA_MESSAGE_HELLO};
    message.hello.incarnation = runs[liar_random(sim, 3)];
    message.hello.boot = liar_random(sim, 3);
    message.hello.standing = liar_random(sim, 2) ? ROTA_STANDING_RECOVERING : ROTA_STANDING_NEW;
    message.hello.recover_view = sim_view(sim, liar).view + liar_random(sim, 3);
    message.hello.committed = height_lie(sim, sim->replicas[liar].disk.height);
    liar_say(sim, liar, liar_peer(sim, liar), &message, NULL);
}

/* Answers that are signed; now and then the true one follows. */
static bool sync_answers(struct sim *sim, uint32_t from, uint32_t to, const struct rota_message *message)
{
    struct rota_message other = *message;
    if (message->kind == ROTA_MESSAGE_READ_INDEX_REPLY && liar_lies(sim, SIM_LIE_READ))
        read_spoil(sim, from, &other.read_reply);
    else if (message->kind == ROTA_MESSAGE_HELLO_REPLY && liar_lies(sim, SIM_LIE_HELLO))
        past_spoil(sim, &other.hello_reply);
    else
        return false;
    liar_say(sim, from, to, &other, NULL);
    if (liar_random(sim, 2))
        liar_pass_on(sim, from, to, message, NULL);
    return true;
}

bool liar_sync(struct sim *sim, uint32_t from, uint32_t to, const struct rota_message *message)
{
    struct rota_message other = *message;
    if (message->kind == ROTA_MESSAGE_STATUS && liar_lies(sim, SIM_LIE_HEIGHT))
        status_spoil(sim, &other.status);
    else if (message->kind == ROTA_MESSAGE_HEARTBEAT && liar_lies(sim, SIM_LIE_HEIGHT))
        other.heartbeat.committed = height_lie(sim, message->heartbeat.committed);
    else
        return sync_answers(sim, from, to, message);
    liar_pass_on(sim, from, to, &other, NULL);
    return true;
}

/* ---- answers -------------------------------------------------------------------------------------------------------- */

/* Any block, with any certificate that the liar has, or none. */
static void answer_wrong(struct sim *sim, uint32_t liar, uint32_t to)
{
    const struct sim_disk *disk = &sim->replicas[liar].disk;
    if (sim->block_count == 0)
        return;
    const struct sim_block *block = sim->blocks[liar_random(sim, sim->block_count)];
    const struct sim_block *body = liar_random(sim, 3) ? block : sim->blocks[liar_random(sim, sim->block_count)];
    struct rota_message message = {.kind = ROTA_MESSAGE_BLOCK, .epoch = block->header.epoch};
    message.block.header = block->header;
    message.block.block = block->hash;
    uint64_t height = disk->height == 0 ? 0 : 1 + liar_random(sim, disk->height);
    if (height > 0 && disk->certificates[height] && liar_random(sim, 2)) {
        message.block.has_certificate = true;
        message.block.certificate = *disk->certificates[height];
        if (liar_random(sim, 2)) { /* under this block's name */
            message.block.certificate.vote.block = block->hash;
            message.block.certificate.vote.height = block->header.height;
        }
    }
    liar_pass_on(sim, liar, to, &message, body);
}

bool sim_liar_answers(struct sim *sim, uint32_t liar, const struct sim_delivery *delivery)
{
    struct sim_liars *lying = sim->lying;
    if (!lying || !(lying->members >> liar & 1) || !liar_lies(sim, SIM_LIE_SYNC))
        return false;
    sim->stats.lies++;
    for (uint64_t i = liar_random(sim, 4); i > 0; i--)
        answer_wrong(sim, liar, delivery->from);
    return true;
}

/* ---- unasked -------------------------------------------------------------------------------------------------------- */

/* What the liar holds or has in its ledger, with a body that is not its own, and whatever certificate there is. */
static void say_foreign(struct sim *sim, uint32_t liar)
{
    const struct sim_replica *replica = &sim->replicas[liar];
    uint64_t height = replica->disk.height - liar_random(sim, replica->disk.height < 4 ? replica->disk.height : 4);
    const struct sim_block *block = height > 0 ? replica->disk.chain[height] : NULL;
    struct rota_message message = {.kind = ROTA_MESSAGE_BLOCK};
    if (block && replica->disk.certificates[height]) {
        message.block.has_certificate = true;
        message.block.certificate = *replica->disk.certificates[height];
    }
    if (replica->held_count > 0 && liar_random(sim, 2)) {
        block = replica->held[liar_random(sim, replica->held_count)];
        message.block.has_certificate = false;
    }
    const struct sim_block *foreign = block ? liar_foreign(sim, block) : NULL;
    if (!foreign)
        return;
    message.epoch = block->header.epoch;
    message.block.header = block->header;
    message.block.block = block->hash;
    liar_pass_on(sim, liar, liar_peer(sim, liar), &message, foreign);
}

void liar_sync_unasked(struct sim *sim, uint32_t liar)
{
    if (liar_lies(sim, SIM_LIE_BODY))
        say_foreign(sim, liar);
    if (liar_lies(sim, SIM_LIE_FETCH)) {
        sim->stats.lies++;
        struct rota_hash any = {{0}};
        if (liar_random(sim, 2) && sim->block_count > 0)
            any = sim->blocks[liar_random(sim, sim->block_count)]->hash;
        const uint64_t from = liar_random(sim, sim->agreed_height + 3);
        const uint64_t to[] = {from, from + ROTA_WINDOW, UINT64_MAX, 0};
        for (uint32_t i = 0; i < 4; i++)
            sim_send_fetch(sim, liar, liar_peer(sim, liar), from, to[liar_random(sim, 4)], &any);
    }
    if (liar_lies(sim, SIM_LIE_HELLO))
        say_hello(sim, liar);
    if (liar_lies(sim, SIM_LIE_SYNC))
        answer_wrong(sim, liar, liar_peer(sim, liar));
    if (liar_lies(sim, SIM_LIE_HEIGHT)) {
        struct rota_message message = {.kind = ROTA_MESSAGE_HEARTBEAT,
                                       .epoch = sim->replicas[liar].epoch->membership.epoch,
                                       .sender = sim->replicas[liar].member};
        message.heartbeat.view = sim_view(sim, liar).view;
        message.heartbeat.committed = height_lie(sim, sim->replicas[liar].disk.height);
        liar_pass_on(sim, liar, liar_peer(sim, liar), &message, NULL);
    }
}
