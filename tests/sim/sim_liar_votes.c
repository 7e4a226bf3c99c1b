/* Lies about blocks and votes: equivocation in two, three or n variants with votes that fit each, proposals to a chosen few,
 * late, invalid or mistimed ones, double, withheld and late votes. */
#include "tests/sim/sim_liar.h"

enum { TWICE_MS = 10 };

/* ---- blocks that are not the one the core built --------------------------------------------------------------------- */

static struct liar_variants *variants_of(struct sim_liars *lying, uint64_t view, uint64_t height)
{
    for (uint32_t i = 0; i < LIAR_VARIANTS; i++)
        if (lying->split[i].height == height && lying->split[i].view == view)
            return &lying->split[i];
    return NULL;
}

static struct liar_variants *variants_open(struct sim_liars *lying, uint64_t view, uint64_t height)
{
    struct liar_variants *variants = variants_of(lying, view, height);
    if (variants)
        return variants;
    variants = &lying->split[lying->variants_next++ % LIAR_VARIANTS];
    *variants = (struct liar_variants){.view = view, .height = height};
    return variants;
}

/* Variant k of a block: 0 is the block itself, moved onto the peer's own variant of the parent. */
static const struct sim_block *variant_build(struct sim *sim, const struct sim_block *block, uint64_t view, uint32_t to,
                                             uint32_t k)
{
    struct sim_block other = *block;
    const struct liar_variants *below = variants_of(sim->lying, view, block->header.height - 1);
    if (below && below->given[to])
        other.header.prev_hash = below->given[to]->hash;
    other.header.time_ms += k;
    if (k > 0 && other.request_count > 1 && liar_random(sim, 2))
        other.request_count--;
    return liar_block(sim, &other, false);
}

static const struct sim_block *invalid_build(struct sim *sim, const struct sim_block *block)
{
    struct sim_block other = *block;
    switch (liar_random(sim, 5)) {
    case 0: /* a request that was committed long ago */
        if (sim->agreed_height > 0)
            other.requests[0] = sim->agreed[1 + liar_random(sim, sim->agreed_height)]->requests[0];
        break;
    case 1: /* one request twice */
        if (other.request_count > 1)
            other.requests[1] = other.requests[0];
        break;
    case 2:
        other.header.prev_hash.b[5] ^= 1;
        break;
    case 3:
        other.header.proposer = (uint32_t)liar_random(sim, sim->facility_count);
        break;
    default: /* an outcome that does not come out */
        sim_block_seal(&other);
        other.header.outcome_hash.b[3] ^= 1;
        return liar_block(sim, &other, true);
    }
    return liar_block(sim, &other, false);
}

static const struct sim_block *mistimed_build(struct sim *sim, const struct sim_block *block)
{
    struct sim_block other = *block;
    const uint64_t times[] = {0, block->header.time_ms - 1, block->header.time_ms + sim->timers.clock_ms,
                              block->header.time_ms + 3600000, UINT64_MAX};
    other.header.time_ms = times[liar_random(sim, sizeof times / sizeof times[0])];
    return liar_block(sim, &other, false);
}

static void block_put(struct rota_message *message, const struct sim_block *block)
{
    message->preprepare.header = block->header;
    message->preprepare.block = block->hash;
}

/* ---- proposals ------------------------------------------------------------------------------------------------------ */

/* The other liars vote for what this peer was given, in both phases, at once. */
static void colluders_vote(struct sim *sim, uint32_t primary, uint32_t to, const struct rota_preprepare *preprepare)
{
    for (uint32_t liar = 0; liar < sim->facility_count; liar++) {
        if (!(sim->lying->members >> liar & 1) || sim->replicas[liar].epoch != sim->replicas[primary].epoch)
            continue;
        struct rota_message vote = {.kind = ROTA_MESSAGE_PREPARE, .vote = rota_preprepare_vote(preprepare)};
        if (liar != primary)
            liar_say(sim, liar, to, &vote, NULL);
        vote.kind = ROTA_MESSAGE_COMMIT;
        vote.vote.kind = ROTA_VOTE_COMMIT;
        liar_say(sim, liar, to, &vote, NULL);
    }
}

/* A proposal that takes its time; real bytes, past the fake network's own delay. */
static void propose_late(struct sim *sim, uint32_t from, uint32_t to, const struct rota_message *message,
                         const struct sim_block *body, uint64_t late_ms)
{
    static uint8_t buffer[ROTA_MESSAGE_BYTES_MAX];
    struct rota_writer writer = rota_writer(buffer, sizeof buffer);
    rota_message_encode(&writer, message);
    struct sim_delivery delivery = {.from = from, .to = to, .request = UINT32_MAX, .body = body, .len = writer.len};
    delivery.bytes = malloc(writer.len);
    ROTA_ASSERT(delivery.bytes);
    memcpy(delivery.bytes, buffer, writer.len);
    delivery.at_ms = sim->now_ms + late_ms;
    sim->stats.lies++;
    sim->under_way[from][to]++;
    sim_queue_push(sim, &delivery);
}

/* Two blocks for the height above to one peer, and only then the block that both stand on: it cannot tell at once. */
static void propose_twice(struct sim *sim, uint32_t from, uint32_t to, struct rota_message *message,
                          const struct sim_block *body)
{
    for (uint32_t i = 1; i <= 2; i++) {
        struct rota_message above = *message;
        struct sim_block block = *body;
        block.header.height++;
        block.header.tree_size++;
        block.header.prev_hash = body->hash;
        block.header.time_ms += i;
        block.request_count = 0;
        const struct sim_block *made = liar_block(sim, &block, false);
        block_put(&above, made);
        liar_say(sim, from, to, &above, made);
    }
    if (liar_sign(sim, from, message))
        propose_late(sim, from, to, message, body, TWICE_MS + sim->options.delay_max_ms);
}

static void equivocate(struct sim *sim, uint32_t from, uint32_t to, struct rota_message *message,
                       const struct sim_block *body)
{
    uint64_t view = message->preprepare.view;
    struct liar_variants *variants = variants_open(sim->lying, view, body->header.height);
    if (!variants->given[to])
        variants->given[to] = variant_build(sim, body, view, to, (uint32_t)liar_random(sim, sim->lying->variants));
    block_put(message, variants->given[to]);
    if (liar_random(sim, 3) == 0)
        propose_twice(sim, from, to, message, variants->given[to]);
    else
        liar_say(sim, from, to, message, variants->given[to]);
    colluders_vote(sim, from, to, &message->preprepare);
}

/* None, another block's, or what only looks like its own. */
static const struct sim_block *wrong_body(struct sim *sim, const struct sim_block *body)
{
    const struct sim_block *foreign = liar_foreign(sim, body);
    if (foreign && liar_random(sim, 3))
        return foreign;
    return liar_random(sim, 2) ? NULL : sim->blocks[liar_random(sim, sim->block_count)];
}

static bool lie_proposal(struct sim *sim, uint32_t from, uint32_t to, const struct rota_message *message,
                         const struct sim_block *body)
{
    struct rota_message other = *message;
    if (!body || !liar_owns(sim, from, message))
        return false;
    if (variants_of(sim->lying, message->preprepare.view, body->header.height) || liar_lies(sim, SIM_LIE_EQUIVOCATE)) {
        equivocate(sim, from, to, &other, body);
        return true;
    }
    if (liar_lies(sim, SIM_LIE_SELECT) && !(sim->lying->favoured >> to & 1)) {
        sim->stats.lies++;
        return true;
    }
    if (liar_lies(sim, SIM_LIE_INVALID_BLOCK)) {
        const struct sim_block *invalid = invalid_build(sim, body);
        block_put(&other, invalid);
        liar_say(sim, from, to, &other, invalid);
        return true;
    }
    if (liar_lies(sim, SIM_LIE_TIME)) {
        const struct sim_block *mistimed = mistimed_build(sim, body);
        block_put(&other, mistimed);
        liar_say(sim, from, to, &other, mistimed);
        return true;
    }
    if (liar_lies(sim, SIM_LIE_BODY)) {
        liar_say(sim, from, to, &other, wrong_body(sim, body));
        return true;
    }
    if (liar_lies(sim, SIM_LIE_SLOW)) {
        propose_late(sim, from, to, message, body, sim->lying->slow_ms);
        return true;
    }
    return false;
}

/* ---- votes ---------------------------------------------------------------------------------------------------------- */

/* Another block of this height if there is one, else nobody's. */
static struct rota_hash another_block(struct sim *sim, const struct rota_vote *vote)
{
    struct rota_hash hash = vote->block;
    for (size_t i = 0; i < sim->block_count && i < 64; i++) {
        const struct sim_block *block = sim->blocks[sim->block_count - 1 - i];
        if (block->header.height == vote->height && !rota_hash_equal(&block->hash, &vote->block))
            return block->hash;
    }
    hash.b[0] ^= (uint8_t)(1 + liar_random(sim, 255));
    return hash;
}

static void vote_keep(struct sim *sim, uint32_t from, uint32_t to, const struct rota_message *message)
{
    struct sim_liars *lying = sim->lying;
    uint32_t at = lying->late_count < LIAR_LATE ? lying->late_count++ : (uint32_t)liar_random(sim, LIAR_LATE);
    lying->late[at] = (struct liar_late){from, to, message->vote.view, *message};
}

void liar_late_release(struct sim *sim, uint32_t liar, uint64_t view)
{
    struct sim_liars *lying = sim->lying;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < lying->late_count; i++) {
        struct liar_late *late = &lying->late[i];
        if (late->from == liar && late->view < view)
            liar_pass_on(sim, liar, late->to, &late->message, NULL);
        else
            lying->late[kept++] = *late;
    }
    lying->late_count = kept;
}

static bool lie_vote(struct sim *sim, uint32_t from, uint32_t to, const struct rota_message *message)
{
    struct rota_message other = *message;
    if (!liar_owns(sim, from, message))
        return false;
    const struct liar_variants *variants = variants_of(sim->lying, message->vote.view, message->vote.height);
    if (variants && variants->given[to]) {
        other.vote.block = variants->given[to]->hash;
        liar_say(sim, from, to, &other, NULL);
        return true;
    }
    bool favoured = sim->lying->favoured >> to & 1;
    if (!favoured && (liar_lies(sim, SIM_LIE_SELECT) || liar_lies(sim, SIM_LIE_WITHHOLD))) {
        sim->stats.lies++;
        return true;
    }
    if (liar_lies(sim, SIM_LIE_LATE)) {
        vote_keep(sim, from, to, message);
        return true;
    }
    if (liar_lies(sim, SIM_LIE_DOUBLE_VOTE)) {
        if (liar_random(sim, 2)) /* both to one, too */
            liar_pass_on(sim, from, to, message, NULL);
        if (liar_random(sim, 5) == 0)
            other.vote.nv.b[1] ^= 1;
        else
            other.vote.block = another_block(sim, &message->vote);
        liar_say(sim, from, to, &other, NULL);
        return true;
    }
    return false;
}

bool liar_votes(struct sim *sim, uint32_t from, uint32_t to, const struct rota_message *message,
                const struct sim_block *body)
{
    if (message->kind == ROTA_MESSAGE_PREPREPARE)
        return lie_proposal(sim, from, to, message, body);
    if (message->kind == ROTA_MESSAGE_PREPARE || message->kind == ROTA_MESSAGE_COMMIT)
        return lie_vote(sim, from, to, message);
    return false;
}

/* A block of its own on top of what this peer has committed, in a view that is not the liar's. */
static void say_usurping(struct sim *sim, uint32_t liar)
{
    uint32_t to = liar_peer(sim, liar);
    const struct sim_disk *disk = &sim->replicas[to].disk;
    const struct sim_block *parent = disk->height > 0 ? disk->chain[disk->height] : NULL;
    struct rota_message message = {.kind = ROTA_MESSAGE_PREPREPARE};
    message.preprepare.view = disk->durable.view;
    message.preprepare.nv = disk->durable.nv;
    const struct sim_epoch *epoch = sim->replicas[liar].epoch;
    if (sim->replicas[to].epoch != epoch ||
        sim_is_liar(sim, epoch->seats[rota_primary(&epoch->membership, message.preprepare.view)]))
        return;
    struct sim_block block = {.header = {.ledger_id = epoch->membership.ledger_id,
                                         .epoch = epoch->membership.epoch,
                                         .config_hash = epoch->membership.config_hash,
                                         .height = disk->height + 1,
                                         .time_ms = parent ? parent->header.time_ms + 1 : 1,
                                         .tree_size = disk->height + 1,
                                         .proposer = sim->replicas[liar].member}};
    if (parent)
        block.header.prev_hash = parent->hash;
    if (sim->block_count > 0)
        block.real = sim->blocks[sim->block_count - 1]->real; /* real entries, whatever they are */
    const struct sim_block *own = liar_block(sim, &block, false);
    if (!own)
        return;
    block_put(&message, own);
    liar_say(sim, liar, to, &message, own);
}

void liar_votes_unasked(struct sim *sim, uint32_t liar)
{
    if (liar_lies(sim, SIM_LIE_USURP))
        say_usurping(sim, liar);
}
