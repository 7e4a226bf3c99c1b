#include "tests/scenario/epoch_world.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <stdlib.h>

enum { BLOCKS_MAX = 32768, MAIL_MAX = 8192, NOBODY = UINT32_MAX };

struct epoch {
    uint32_t count;
    uint32_t seats[EPOCH_FACILITIES_MAX]; /* member -> facility */
    struct rota_membership membership;
};

struct block {
    struct rota_header header;
    struct rota_hash hash;
    uint32_t next; /* which wish it carries out; NOBODY: none */
};

struct facility {
    struct rota_core *core;
    bool down;
    uint32_t epoch, member; /* member: NOBODY when it follows */
    uint64_t wake_ms;
    bool started, building; /* BUILD is answered a moment later */
    struct rota_action build;
    uint64_t height;
    const struct block *ledger[EPOCH_HEIGHTS_MAX];
    struct rota_certificate *certificates[EPOCH_HEIGHTS_MAX]; /* owned; of its own height or NULL */
};

struct mail {
    uint32_t from, to; /* facilities */
    struct rota_message message;
    struct rota_view_change *changes; /* owned: what the message borrows */
};

struct epoch_world {
    uint64_t now_ms, random;
    uint32_t loss_percent, facility_count, epoch_count, wish_count;
    struct epoch epochs[EPOCHS_MAX];
    struct epoch wishes[EPOCHS_MAX];
    bool wish_over[EPOCHS_MAX];
    struct facility facilities[EPOCH_FACILITIES_MAX];
    uint32_t block_count, mail_count;
    struct block *blocks;
    struct mail *mail;
    struct rota_actions *actions;
};

static uint64_t world_draw(struct epoch_world *world, uint64_t below)
{
    world->random = world->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (world->random >> 33) % below;
}

static bool anything_verifies(const struct rota_ed25519_public *key, struct rota_view message,
                              const struct rota_signature *signature)
{
    (void)key, (void)message, (void)signature;
    return true;
}

static const struct block *block_find(const struct epoch_world *world, const struct rota_hash *hash)
{
    for (uint32_t i = world->block_count; i-- > 0;)
        if (rota_hash_equal(&world->blocks[i].hash, hash))
            return &world->blocks[i];
    return NULL;
}

/* ---- mail ----------------------------------------------------------------------------------------------------------- */

static uint32_t mail_changes(const struct rota_message *message)
{
    return message->kind == ROTA_MESSAGE_VIEW_CHANGE ? 1
           : message->kind == ROTA_MESSAGE_NEW_VIEW  ? message->new_view.change_count
                                                     : 0;
}

/* The copy owns what it borrows. */
static void mail_copy(struct mail *out, const struct rota_message *message)
{
    uint32_t count = mail_changes(message);
    out->message = *message;
    out->changes = count ? malloc(count * sizeof *out->changes) : NULL;
    if (!out->changes)
        return;
    if (message->kind == ROTA_MESSAGE_VIEW_CHANGE) {
        *out->changes = *message->view_change;
        out->message.view_change = out->changes;
    } else if (count) {
        memcpy(out->changes, message->new_view.changes, count * sizeof *out->changes);
        out->message.new_view.changes = out->changes;
    }
}

static void mail_send(struct epoch_world *world, uint32_t from, uint32_t to, const struct rota_message *message)
{
    if (from == to || world->facilities[to].down || world_draw(world, 100) < world->loss_percent)
        return;
    cr_assert_lt(world->mail_count, MAIL_MAX);
    struct mail *mail = &world->mail[world->mail_count++];
    *mail = (struct mail){.from = from, .to = to};
    mail_copy(mail, message);
}

/* ---- one facility --------------------------------------------------------------------------------------------------- */

static void facility_step(struct epoch_world *world, uint32_t index, struct rota_event event);

static void facility_demand(struct epoch_world *world, uint32_t index)
{
    struct rota_event event = {.kind = ROTA_EVENT_DEMAND};
    event.demand.waiting = 1;
    event.demand.full = world_draw(world, 2) == 0; /* so that blocks stand in flight on top of each other */
    event.demand.since_ms = world->now_ms;
    facility_step(world, index, event);
}

/* Into the epoch of its ledger's end: with a core of its own if it is a member (M7, M10). */
static void facility_begin(struct epoch_world *world, uint32_t index, uint32_t number)
{
    struct facility *facility = &world->facilities[index];
    const struct epoch *epoch = &world->epochs[number];
    bool has_past = facility->started && facility->member != NOBODY;
    struct rota_durable past = {0};
    if (has_past)
        past = *rota_core_durable(facility->core);
    facility->started = true;
    facility->epoch = number;
    facility->building = false;
    facility->member = NOBODY;
    for (uint32_t i = 0; i < epoch->count; i++)
        if (epoch->seats[i] == index)
            facility->member = i;
    if (facility->member == NOBODY)
        return;
    struct rota_core_setup setup = {&epoch->membership,
                                    {100, 500, 1000, 1300, 1000, 500, 500, 400, 0, 0, 0},
                                    {256, 262144, ROTA_WINDOW},
                                    facility->member};
    rota_core_init(facility->core, &setup);
    struct rota_event event = {.kind = ROTA_EVENT_START};
    event.start.boot = index + 1;
    event.start.incarnation = 1;
    event.start.durable = has_past ? &past : NULL;
    event.start.committed = facility->height;
    if (facility->height > 0) {
        event.start.committed_block = facility->ledger[facility->height]->hash;
        event.start.committed_time_ms = facility->ledger[facility->height]->header.time_ms;
    }
    facility_step(world, index, event);
    facility_demand(world, index);
}

/* The block is final here; the same height is the same block everywhere. */
static void facility_append(struct epoch_world *world, uint32_t index, const struct block *block,
                            const struct rota_certificate *certificate)
{
    struct facility *facility = &world->facilities[index];
    uint64_t height = ++facility->height;
    cr_assert_lt(height, EPOCH_HEIGHTS_MAX);
    cr_assert_eq(block->header.height, height);
    facility->ledger[height] = block;
    for (uint32_t i = 0; i < world->facility_count; i++)
        if (world->facilities[i].height >= height)
            cr_assert_eq(world->facilities[i].ledger[height], block, "two ledgers differ at height %llu",
                         (unsigned long long)height);
    if (certificate && certificate->vote.height == height) {
        facility->certificates[height] = malloc(sizeof *certificate);
        *facility->certificates[height] = *certificate;
    }
    uint32_t number = block->header.epoch + 1;
    if (block->next == NOBODY || number < world->epoch_count)
        return;
    cr_assert_lt(number, EPOCHS_MAX);
    struct epoch *epoch = &world->epochs[world->epoch_count++];
    *epoch = world->wishes[block->next];
    epoch->membership.epoch = number;
    memset(epoch->membership.config_hash.b, (int)number + 1, ROTA_HASH_BYTES);
    epoch->membership.base_height = height;
    epoch->membership.base = block->hash;
    for (uint32_t i = 0; i < world->wish_count; i++)
        world->wish_over[i] = true; /* M8: what was made for the epoch before is stale */
}

static void act_commit(struct epoch_world *world, uint32_t index, const struct rota_action *action)
{
    const struct block *chain[ROTA_SLOTS];
    struct facility *facility = &world->facilities[index];
    uint32_t count = 0;
    const struct block *block = block_find(world, &action->commit.certificate->vote.block);
    for (; block && block->header.height > facility->height; block = block_find(world, &block->header.prev_hash)) {
        cr_assert_lt(count, ROTA_SLOTS);
        chain[count++] = block;
    }
    while (count > 0)
        facility_append(world, index, chain[--count], action->commit.certificate);
    cr_assert_eq(facility->height, action->commit.height);
}

static uint32_t wish_open(const struct epoch_world *world)
{
    for (uint32_t i = 0; i < world->wish_count; i++)
        if (!world->wish_over[i])
            return i;
    return NOBODY;
}

static void facility_build(struct epoch_world *world, uint32_t index, const struct rota_action *action)
{
    const struct epoch *epoch = &world->epochs[world->facilities[index].epoch];
    cr_assert_lt(world->block_count, BLOCKS_MAX);
    struct block *block = &world->blocks[world->block_count++];
    *block = (struct block){.next = wish_open(world)};
    block->header =
        (struct rota_header){.epoch = epoch->membership.epoch,
                             .config_hash = epoch->membership.config_hash,
                             .height = action->build.height,
                             .time_ms = world->now_ms > action->build.after_ms ? world->now_ms : action->build.after_ms + 1,
                             .prev_hash = action->build.parent,
                             .tree_size = action->build.height,
                             .proposer = world->facilities[index].member,
                             .entry_count = 1};
    memcpy(block->header.tree_root.b, &world->block_count, sizeof world->block_count); /* no two blocks are alike */
    block->hash = rota_header_hash(&block->header);
    struct rota_event event = {.kind = ROTA_EVENT_BUILT};
    event.built.header = block->header;
    event.built.block = block->hash;
    event.built.ends_epoch = block->next != NOBODY;
    facility_step(world, index, event);
}

static void act_check(struct epoch_world *world, uint32_t index, const struct rota_action *action)
{
    const struct block *block = block_find(world, &action->check.block);
    if (!block)
        return;
    struct rota_event event = {.kind = ROTA_EVENT_CHECKED};
    event.checked.block = action->check.block;
    event.checked.height = action->check.height;
    event.checked.verdict = ROTA_CHECK_VALID;
    event.checked.ends_epoch = block->next != NOBODY;
    facility_step(world, index, event);
}

static void answer_block(struct epoch_world *world, uint32_t from, uint32_t to, const struct block *block,
                         const struct rota_certificate *certificate)
{
    struct rota_message message = {.kind = ROTA_MESSAGE_BLOCK, .epoch = block->header.epoch};
    message.block.header = block->header;
    message.block.block = block->hash;
    message.block.has_certificate = certificate != NULL;
    if (certificate)
        message.block.certificate = *certificate;
    mail_send(world, from, to, &message);
}

/* Answered at once by whoever is asked. */
static void act_fetch(struct epoch_world *world, uint32_t index, const struct rota_action *action)
{
    const struct epoch *epoch = &world->epochs[world->facilities[index].epoch];
    uint32_t from = epoch->seats[action->fetch.peer];
    const struct facility *asked = &world->facilities[from];
    if (asked->down)
        return;
    if (!rota_hash_is_zero(&action->fetch.block)) {
        const struct block *block = block_find(world, &action->fetch.block);
        if (block)
            answer_block(world, from, index, block, NULL);
        return;
    }
    for (uint64_t h = action->fetch.from; h <= asked->height && (h <= action->fetch.to || !asked->certificates[h - 1]);
         h++) {
        answer_block(world, from, index, asked->ledger[h], asked->certificates[h]);
        if (asked->ledger[h]->next != NOBODY)
            return; /* C5: a range ends with its epoch */
    }
}

/* PROTOCOL M7: no vote of an epoch for a block that stands on the one that ended it. (On another fork of an earlier view,
 * who lags may vote higher up; no quorum will.) */
static void said_check(const struct epoch_world *world, const struct facility *facility, const struct rota_message *message)
{
    bool vote = message->kind == ROTA_MESSAGE_PREPARE || message->kind == ROTA_MESSAGE_COMMIT;
    cr_assert_neq(facility->member, NOBODY, "who is no member speaks");
    if ((!vote && message->kind != ROTA_MESSAGE_PREPREPARE) || message->epoch + 1 >= world->epoch_count)
        return;
    const struct rota_membership *next = &world->epochs[message->epoch + 1].membership;
    const struct block *block = block_find(world, vote ? &message->vote.block : &message->preprepare.header.prev_hash);
    if (vote && block)
        block = block_find(world, &block->header.prev_hash);
    for (; block && block->header.height >= next->base_height; block = block_find(world, &block->header.prev_hash))
        cr_assert(!rota_hash_equal(&block->hash, &next->base), "a vote of an epoch above its end");
}

/* Members hear everything; everybody hears how far they are. */
static bool is_for(const struct epoch *epoch, uint32_t facility, enum rota_message_kind kind)
{
    bool claim = kind == ROTA_MESSAGE_STATUS || kind == ROTA_MESSAGE_HEARTBEAT;
    for (uint32_t i = 0; i < epoch->count; i++)
        if (epoch->seats[i] == facility)
            return true;
    return claim;
}

static void act_say(struct epoch_world *world, uint32_t index, const struct rota_action *action)
{
    struct facility *facility = &world->facilities[index];
    const struct epoch *epoch = &world->epochs[facility->epoch];
    struct mail ours;
    mail_copy(&ours, &action->say.message);
    bool own = rota_message_is_signed(ours.message.kind) && !action->say.is_signed;
    if (own) {
        said_check(world, facility, &ours.message);
        ours.message.signature.b[0] = (uint8_t)(facility->member + 1);
        if (ours.message.kind == ROTA_MESSAGE_VIEW_CHANGE)
            ours.changes->signature = ours.message.signature;
    }
    for (uint32_t i = 0; i < world->facility_count; i++)
        if (action->say.to == ROTA_TO_ALL ? is_for(epoch, i, ours.message.kind) : epoch->seats[action->say.to] == i)
            mail_send(world, index, i, &ours.message);
    if (own && action->say.to == ROTA_TO_ALL)
        facility_step(world, index, (struct rota_event){.kind = ROTA_EVENT_MESSAGE, .message = &ours.message});
    free(ours.changes);
}

static void act(struct epoch_world *world, uint32_t index, const struct rota_action *action)
{
    struct facility *facility = &world->facilities[index];
    switch (action->kind) {
    case ROTA_ACTION_SAY:
        act_say(world, index, action);
        break;
    case ROTA_ACTION_CHECK:
        act_check(world, index, action);
        break;
    case ROTA_ACTION_BUILD:
        facility->building = true;
        facility->build = *action;
        break;
    case ROTA_ACTION_COMMIT:
        act_commit(world, index, action);
        break;
    case ROTA_ACTION_FETCH:
        act_fetch(world, index, action);
        break;
    case ROTA_ACTION_WAKE_AT:
        facility->wake_ms = action->wake_at_ms;
        break;
    case ROTA_ACTION_EPOCH:
        facility_begin(world, index, facility->epoch + 1);
        break;
    case ROTA_ACTION_ACCUSE:
    case ROTA_ACTION_HALT:
        cr_assert(false, "an honest facility is accused, or halts");
        break;
    case ROTA_ACTION_SAVE:
    case ROTA_ACTION_SAVE_BLOCK:
    case ROTA_ACTION_SAVE_MESSAGE:
    case ROTA_ACTION_ROLLBACK:
    case ROTA_ACTION_READ_DONE:
        break;
    }
}

/* What the core borrows out lives until its next step: each action is carried out from a copy, and what follows from it is
 * stepped afterwards, in order. */
static void facility_step(struct epoch_world *world, uint32_t index, struct rota_event event)
{
    struct facility *facility = &world->facilities[index];
    uint32_t epoch = facility->epoch;
    event.at_ms = world->now_ms;
    rota_core_step(facility->core, &event, world->actions);
    uint32_t count = world->actions->count;
    struct mail *copies = calloc(count + 1, sizeof *copies);
    struct rota_action *list = malloc((count + 1) * sizeof *list);
    struct rota_certificate *finals = malloc((count + 1) * sizeof *finals);
    cr_assert(copies && list && finals);
    for (uint32_t i = 0; i < count; i++) {
        list[i] = world->actions->items[i];
        if (list[i].kind == ROTA_ACTION_SAY) {
            mail_copy(&copies[i], &list[i].say.message);
            list[i].say.message = copies[i].message;
        } else if (list[i].kind == ROTA_ACTION_COMMIT) {
            finals[i] = *list[i].commit.certificate;
            list[i].commit.certificate = &finals[i];
        }
    }
    for (uint32_t i = 0; i < count && facility->epoch == epoch; i++)
        act(world, index, &list[i]);
    for (uint32_t i = 0; i < count; i++)
        free(copies[i].changes);
    free(copies);
    free(list);
    free(finals);
}

/* ---- the world ------------------------------------------------------------------------------------------------------ */

static void epoch_fill(struct epoch *epoch, const char *seats)
{
    memset(epoch, 0, sizeof *epoch);
    for (; *seats; seats++) {
        cr_assert(epoch->count < EPOCH_FACILITIES_MAX && *seats >= '0' && *seats < '0' + EPOCH_FACILITIES_MAX);
        epoch->seats[epoch->count++] = (uint32_t)(*seats - '0');
    }
    epoch->membership.count = epoch->count;
    epoch->membership.profile = ROTA_PROFILE_BYZANTINE;
    epoch->membership.verify = anything_verifies;
}

struct epoch_world *epoch_world_open(const char *seats, uint64_t seed, uint32_t loss_percent)
{
    cr_assert_geq(sodium_init(), 0);
    struct epoch_world *world = calloc(1, sizeof *world);
    cr_assert(world);
    world->now_ms = 1000;
    world->random = seed * 2 + 1;
    world->loss_percent = loss_percent;
    world->facility_count = EPOCH_FACILITIES_MAX;
    world->blocks = calloc(BLOCKS_MAX, sizeof *world->blocks);
    world->mail = calloc(MAIL_MAX, sizeof *world->mail);
    world->actions = calloc(1, sizeof *world->actions);
    cr_assert(world->blocks && world->mail && world->actions);
    epoch_fill(&world->epochs[0], seats);
    world->epoch_count = 1;
    for (uint32_t i = 0; i < world->facility_count; i++) {
        world->facilities[i].core = calloc(1, rota_core_bytes());
        cr_assert(world->facilities[i].core);
        facility_begin(world, i, 0);
    }
    return world;
}

void epoch_world_close(struct epoch_world *world)
{
    for (uint32_t i = 0; i < world->facility_count; i++) {
        free(world->facilities[i].core);
        for (uint32_t h = 0; h < EPOCH_HEIGHTS_MAX; h++)
            free(world->facilities[i].certificates[h]);
    }
    for (uint32_t i = 0; i < world->mail_count; i++)
        free(world->mail[i].changes);
    free(world->mail);
    free(world->blocks);
    free(world->actions);
    free(world);
}

void epoch_world_wish(struct epoch_world *world, const char *seats)
{
    cr_assert_lt(world->wish_count, EPOCHS_MAX);
    epoch_fill(&world->wishes[world->wish_count++], seats);
}

void epoch_world_down(struct epoch_world *world, uint32_t facility, bool down)
{
    world->facilities[facility].down = down;
}

/* It says how far it is, for those of the epoch before who lag. */
static void facility_claim(struct epoch_world *world, uint32_t index)
{
    const struct facility *facility = &world->facilities[index];
    struct rota_message message = {.kind = ROTA_MESSAGE_HEARTBEAT, .epoch = facility->epoch};
    message.heartbeat.committed = facility->height;
    for (uint32_t i = 0; world->now_ms % 100 == index && i < world->facility_count; i++)
        mail_send(world, index, i, &message);
}

/* M10: certified blocks of somebody who is up, one after the other. */
static void facility_follow(struct epoch_world *world, uint32_t index)
{
    struct facility *facility = &world->facilities[index];
    const struct facility *other = &world->facilities[world_draw(world, world->facility_count)];
    if (other->down || other->height <= facility->height)
        return;
    const struct block *block = other->ledger[facility->height + 1];
    facility_append(world, index, block, other->certificates[facility->height + 1]);
    if (block->next != NOBODY)
        facility_begin(world, index, facility->epoch + 1);
}

/* Who hears it: a member by its index there, or nobody when the sender is none in this facility's epoch. */
static void mail_deliver(struct epoch_world *world, struct mail *mail)
{
    struct facility *facility = &world->facilities[mail->to];
    if (facility->down || facility->member == NOBODY)
        return;
    const struct epoch *epoch = &world->epochs[facility->epoch];
    struct rota_message *message = &mail->message;
    uint32_t sender = 0;
    while (sender < epoch->count && epoch->seats[sender] != mail->from)
        sender++;
    if (!rota_message_is_signed(message->kind)) { /* only the link says who it is */
        if (sender == epoch->count)
            return;
        message->sender = sender;
    }
    if (!rota_is_ok(rota_message_verify(message, &epoch->membership)))
        return;
    facility_step(world, mail->to, (struct rota_event){.kind = ROTA_EVENT_MESSAGE, .message = message});
}

static void world_step(struct epoch_world *world)
{
    uint64_t deliveries = world->mail_count;
    world->now_ms++;
    for (uint64_t i = 0; i < deliveries && world->mail_count > 0; i++) {
        uint32_t at = (uint32_t)world_draw(world, world->mail_count);
        struct mail mail = world->mail[at];
        world->mail[at] = world->mail[--world->mail_count];
        mail_deliver(world, &mail);
        free(mail.changes);
    }
    for (uint32_t i = 0; i < world->facility_count; i++) {
        struct facility *facility = &world->facilities[i];
        if (facility->down)
            continue;
        if (facility->member == NOBODY) {
            facility_follow(world, i);
            facility_claim(world, i);
            continue;
        }
        if (facility->building) {
            facility->building = false;
            facility_build(world, i, &facility->build);
        }
        if (world->now_ms % 2 == i % 2)
            facility_demand(world, i);
        if (world->now_ms >= facility->wake_ms)
            facility_step(world, i, (struct rota_event){.kind = ROTA_EVENT_WOKEN});
    }
}

static bool world_run(struct epoch_world *world, const char *facilities, uint64_t height, uint32_t epoch, uint64_t limit_ms)
{
    for (uint64_t end = world->now_ms + limit_ms; world->now_ms < end; world_step(world)) {
        bool all = true;
        for (const char *at = facilities; *at; at++) {
            const struct facility *facility = &world->facilities[*at - '0'];
            all = all && (facility->down || (facility->height >= height && facility->epoch >= epoch));
        }
        if (all)
            return true;
    }
    return false;
}

bool epoch_world_reach(struct epoch_world *world, const char *facilities, uint64_t height, uint64_t limit_ms)
{
    return world_run(world, facilities, height, 0, limit_ms);
}

bool epoch_world_enter(struct epoch_world *world, const char *facilities, uint32_t epoch, uint64_t limit_ms)
{
    return world_run(world, facilities, 0, epoch, limit_ms);
}

uint32_t epoch_world_epoch(const struct epoch_world *world, uint32_t facility)
{
    return world->facilities[facility].epoch;
}

uint64_t epoch_world_height(const struct epoch_world *world, uint32_t facility)
{
    return world->facilities[facility].height;
}

bool epoch_world_is_member(const struct epoch_world *world, uint32_t facility)
{
    return world->facilities[facility].member != NOBODY;
}

uint32_t epoch_world_members(const struct epoch_world *world, uint32_t epoch)
{
    return epoch < world->epoch_count ? world->epochs[epoch].count : 0;
}
