/* Lies in bytes: garbage, flipped bits, small changes of real messages signed again, everything heard before once more, and
 * floods for heights that do not exist yet. */
#include "tests/sim/sim_liar.h"

/* ---- raw ------------------------------------------------------------------------------------------------------------ */

static size_t message_write(uint8_t *buffer, size_t room, const struct rota_message *message)
{
    struct rota_writer writer = rota_writer(buffer, room);
    rota_message_encode(&writer, message);
    ROTA_ASSERT(!writer.bad);
    return writer.len;
}

static void say_flipped(struct sim *sim, uint32_t from, uint32_t to, const struct rota_message *message,
                        const struct sim_block *body)
{
    static uint8_t buffer[ROTA_MESSAGE_BYTES_MAX];
    size_t len = message_write(buffer, sizeof buffer, message);
    buffer[liar_random(sim, len)] ^= (uint8_t)(1 << liar_random(sim, 8));
    if (liar_random(sim, 4) == 0)
        len = (size_t)liar_random(sim, len + 1); /* cut as well */
    sim->stats.lies++;
    sim_send_bytes(sim, from, to, buffer, len, body);
}

static void say_garbage(struct sim *sim, uint32_t liar)
{
    static uint8_t buffer[ROTA_MESSAGE_BYTES_MAX];
    const size_t sizes[] = {0, 1, 5, 69, 400, 5000, sizeof buffer};
    size_t len = sizes[liar_random(sim, liar_random(sim, 30) == 0 ? 7 : 6)];
    uint8_t start = (uint8_t)liar_random(sim, 16);
    for (size_t i = 0; i < len; i++)
        buffer[i] = (uint8_t)(i < 600 ? liar_random(sim, 256) : i);
    if (len > 5) { /* a kind that exists, from a member: the decoder gets further */
        buffer[0] = start;
        memset(buffer + 1, 0, 3);
        buffer[4] = (uint8_t)liar;
    }
    sim->stats.lies++;
    sim_send_bytes(sim, liar, liar_peer(sim, liar), buffer, len, NULL);
}

/* ---- small changes, signed again ------------------------------------------------------------------------------------ */

static uint64_t number_nudge(struct sim *sim, uint64_t number)
{
    switch (liar_random(sim, 4)) {
    case 0:
        return number + 1;
    case 1:
        return number - 1;
    case 2:
        return number + sim->facility_count;
    default:
        return liar_random(sim, 2) ? 0 : sim->agreed_height;
    }
}

static void vote_nudge(struct sim *sim, struct rota_vote *vote)
{
    uint64_t view = vote->view;
    switch (liar_random(sim, 5)) {
    case 0:
        vote->view = number_nudge(sim, vote->view);
        break;
    case 1:
        vote->height = number_nudge(sim, vote->height);
        break;
    case 2: /* the value of another height */
        if (sim->block_count > 0)
            vote->block = sim->blocks[liar_random(sim, sim->block_count)]->hash;
        break;
    case 3:
        memset(&vote->nv, 0, sizeof vote->nv);
        break;
    default: /* fields in each other's place */
        vote->view = vote->height;
        vote->height = view;
        break;
    }
}

static void certificate_nudge(struct sim *sim, struct rota_certificate *certificate)
{
    if (liar_random(sim, 3) == 0)
        certificate->epoch = (uint32_t)number_nudge(sim, certificate->epoch);
    else
        vote_nudge(sim, &certificate->vote);
}

static void change_nudge(struct sim *sim, struct rota_view_change *change)
{
    switch (liar_random(sim, 4)) {
    case 0:
        change->new_view = number_nudge(sim, change->new_view);
        break;
    case 1:
        if (change->has_best)
            certificate_nudge(sim, &change->best);
        break;
    case 2:
        if (change->has_committed)
            certificate_nudge(sim, &change->committed);
        break;
    default:
        if (change->header_count > 0)
            change->headers[liar_random(sim, change->header_count)].time_ms++;
        break;
    }
}

static void header_nudge(struct sim *sim, struct rota_header *header)
{
    switch (liar_random(sim, 5)) {
    case 0:
        header->height = number_nudge(sim, header->height);
        break;
    case 1:
        header->epoch = (uint32_t)number_nudge(sim, header->epoch);
        break;
    case 2:
        header->entry_count = (uint32_t)number_nudge(sim, header->entry_count);
        break;
    case 3:
        header->tree_size = number_nudge(sim, header->tree_size);
        break;
    default:
        header->proposer = (uint32_t)number_nudge(sim, header->proposer);
        break;
    }
}

/* A proposal comes with the block that its header names, so that the lie gets past the door. */
static const struct sim_block *proposal_nudge(struct sim *sim, struct rota_message *message, const struct sim_block *body)
{
    if (!body || liar_random(sim, 4) == 0) {
        message->preprepare.view = number_nudge(sim, message->preprepare.view);
        return body;
    }
    struct sim_block other = *body;
    header_nudge(sim, &other.header);
    const struct sim_block *made = liar_block(sim, &other, true);
    if (!made)
        return body;
    message->preprepare.header = made->header;
    message->preprepare.block = made->hash;
    return made;
}

static void new_view_nudge(struct sim *sim, struct rota_message *message)
{
    struct rota_view_change *changes = sim->lying->changes;
    struct rota_new_view *new_view = &message->new_view;
    memcpy(changes, new_view->changes, new_view->change_count * sizeof changes[0]);
    new_view->changes = changes;
    if (liar_random(sim, 3) == 0)
        new_view->view = number_nudge(sim, new_view->view);
    else if (new_view->change_count > 0)
        change_nudge(sim, &changes[liar_random(sim, new_view->change_count)]);
}

static void say_nudged(struct sim *sim, uint32_t from, uint32_t to, const struct rota_message *message,
                       const struct sim_block *body)
{
    struct rota_message other = *message;
    struct sim_liars *lying = sim->lying;
    if (message->kind == ROTA_MESSAGE_PREPREPARE) {
        body = proposal_nudge(sim, &other, body);
    } else if (message->kind == ROTA_MESSAGE_PREPARE || message->kind == ROTA_MESSAGE_COMMIT) {
        vote_nudge(sim, &other.vote);
    } else if (message->kind == ROTA_MESSAGE_SUSPECT) {
        other.suspect.view = number_nudge(sim, other.suspect.view);
    } else if (message->kind == ROTA_MESSAGE_VIEW_CHANGE) {
        lying->change = *message->view_change;
        lying->change.sender = sim->replicas[from].member;
        change_nudge(sim, &lying->change);
        other.view_change = &lying->change;
    } else if (message->kind == ROTA_MESSAGE_NEW_VIEW) {
        new_view_nudge(sim, &other);
    }
    liar_say(sim, from, to, &other, body);
}

bool liar_bytes(struct sim *sim, uint32_t from, uint32_t to, const struct rota_message *message,
                const struct sim_block *body)
{
    if (liar_lies(sim, SIM_LIE_FLIP)) {
        say_flipped(sim, from, to, message, body);
        return true;
    }
    if (liar_owns(sim, from, message) && liar_lies(sim, SIM_LIE_MUTATE)) {
        if (liar_random(sim, 2))
            liar_pass_on(sim, from, to, message, body);
        say_nudged(sim, from, to, message, body);
        return true;
    }
    return false;
}

/* ---- unasked -------------------------------------------------------------------------------------------------------- */

/* Something that was said before, by anybody, to anybody: all of it is signed and true, and old. */
static void say_again(struct sim *sim, uint32_t liar)
{
    struct sim_liars *lying = sim->lying;
    if (lying->memory_count == 0)
        return;
    const struct liar_memory *memory = &lying->memory[liar_random(sim, lying->memory_count)];
    sim->stats.lies++;
    sim_send_bytes(sim, liar, liar_peer(sim, liar), memory->bytes, memory->len, memory->body);
}

/* A vote that was said before, as one of the other phase under the same signature. */
static void say_in_other_phase(struct sim *sim, uint32_t liar)
{
    struct sim_liars *lying = sim->lying;
    const struct liar_memory *memory =
        lying->memory_count == 0 ? NULL : &lying->memory[liar_random(sim, lying->memory_count)];
    struct rota_message message;
    if (!memory || (memory->kind != ROTA_MESSAGE_PREPARE && memory->kind != ROTA_MESSAGE_COMMIT))
        return;
    struct rota_reader reader = rota_reader(rota_view(memory->bytes, memory->len));
    if (!rota_is_ok(rota_message_decode(&message, &lying->scratch, &reader)))
        return;
    bool prepare = message.kind == ROTA_MESSAGE_PREPARE;
    message.kind = prepare ? ROTA_MESSAGE_COMMIT : ROTA_MESSAGE_PREPARE;
    message.vote.kind = prepare ? ROTA_VOTE_COMMIT : ROTA_VOTE_PREPARE;
    liar_pass_on(sim, liar, liar_peer(sim, liar), &message, NULL);
}

/* Another's real message, changed by a little and signed by a liar in its own name. */
static void say_another_in_own_name(struct sim *sim, uint32_t liar)
{
    struct sim_liars *lying = sim->lying;
    if (lying->memory_count == 0)
        return;
    const struct liar_memory *memory = &lying->memory[liar_random(sim, lying->memory_count)];
    struct rota_message message;
    struct rota_reader reader = rota_reader(rota_view(memory->bytes, memory->len));
    if (!rota_is_ok(rota_message_decode(&message, &lying->scratch, &reader)) || message.kind == ROTA_MESSAGE_BLOCK)
        return;
    if (liar_random(sim, 3) == 0) { /* as it is, signed by the wrong one */
        message.sender = sim->replicas[liar].member;
        message.epoch = sim->replicas[liar].epoch->membership.epoch;
        if (rota_message_is_signed(message.kind))
            sim_sign(sim, liar, &message);
        liar_pass_on(sim, liar, liar_peer(sim, liar), &message, memory->body);
        return;
    }
    say_nudged(sim, liar, liar_peer(sim, liar), &message, memory->body);
}

static void say_future(struct sim *sim, uint32_t liar)
{
    uint32_t to = liar_peer(sim, liar);
    const uint64_t steps[] = {1, ROTA_WINDOW, ROTA_SLOTS, ROTA_SLOTS + 1, 1000, UINT64_MAX / 2};
    struct rota_message message = {.kind = liar_random(sim, 2) ? ROTA_MESSAGE_PREPARE : ROTA_MESSAGE_COMMIT};
    message.vote.kind = message.kind == ROTA_MESSAGE_PREPARE ? ROTA_VOTE_PREPARE : ROTA_VOTE_COMMIT;
    message.vote.view = sim_view(sim, to).view + liar_random(sim, 2);
    for (uint32_t i = 0; i < 8; i++) {
        message.vote.height = sim->replicas[to].disk.height + steps[liar_random(sim, 6)] + liar_random(sim, 40);
        message.vote.block.b[0] = (uint8_t)liar_random(sim, 256);
        liar_say(sim, liar, to, &message, NULL);
    }
}

void liar_bytes_unasked(struct sim *sim, uint32_t liar)
{
    if (liar_lies(sim, SIM_LIE_GARBAGE))
        say_garbage(sim, liar);
    if (liar_lies(sim, SIM_LIE_REPLAY))
        for (uint32_t i = 0; i < 4; i++) {
            say_again(sim, liar);
            say_in_other_phase(sim, liar);
        }
    if (liar_lies(sim, SIM_LIE_MUTATE))
        say_another_in_own_name(sim, liar);
    if (liar_lies(sim, SIM_LIE_FUTURE))
        say_future(sim, liar);
}
