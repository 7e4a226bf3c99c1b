/* The shell around one core: carries out actions as the node does. A turn is one event and everything that follows from it;
 * at its end the disk takes what was saved, and only then does anything leave. A crash forgets the memory. */
#include "tests/sim/sim_liar.h"

#include <sodium.h>

enum { TURN_EVENTS_MAX = 256, TURN_SAYS_MAX = 1024 };

struct outgoing {
    uint32_t to;
    struct rota_message message;
    struct rota_view_change *change; /* owned copies of what the message borrows */
    struct rota_view_change *changes;
    const struct sim_block *body;
};

struct turn {
    struct sim *sim;
    struct sim_replica *replica;
    bool open, save_durable;
    uint32_t block_count;
    const struct sim_block *blocks[64];
    uint8_t *view_change, *new_view;
    size_t view_change_len, new_view_len;
    uint32_t say_count;
    struct outgoing says[TURN_SAYS_MAX];
    uint32_t event_first, event_count;
    struct rota_event events[TURN_EVENTS_MAX]; /* answers and our own statements, in order */
};

static void toy_sign(const struct rota_ed25519_public *key, struct rota_signature *out, struct rota_view preimage)
{
    uint8_t mac[crypto_shorthash_BYTES];
    crypto_shorthash(mac, preimage.data, preimage.len, key->b);
    memset(out, 0, sizeof *out);
    memcpy(out->b, mac, sizeof mac);
}

void sim_sign(struct sim *sim, uint32_t facility, struct rota_message *message)
{
    uint8_t preimage[ROTA_MESSAGE_PREIMAGE_MAX];
    const struct sim_replica *replica = &sim->replicas[facility];
    const struct rota_membership *membership = &replica->epoch->membership;
    size_t len = rota_message_preimage(preimage, membership, message);
    if (sim->parts)
        sim->parts->sign(sim, facility, &message->signature, rota_view(preimage, len));
    else
        toy_sign(&membership->members[replica->member].key, &message->signature, rota_view(preimage, len));
    if (message->kind == ROTA_MESSAGE_VIEW_CHANGE)
        message->view_change->signature = message->signature;
    sim_check_signed(sim, replica, message);
}

static uint8_t *message_bytes(const struct rota_message *message, size_t *out_len)
{
    static uint8_t buffer[ROTA_MESSAGE_BYTES_MAX];
    struct rota_writer writer = rota_writer(buffer, sizeof buffer);
    rota_message_encode(&writer, message);
    ROTA_ASSERT(!writer.bad);
    uint8_t *bytes = malloc(writer.len);
    ROTA_ASSERT(bytes);
    memcpy(bytes, buffer, writer.len);
    *out_len = writer.len;
    return bytes;
}

/* Copies a message out of the core's hands and signs it when it is ours. */
static void outgoing_fill(struct sim *sim, struct outgoing *out, const struct sim_replica *replica,
                          const struct rota_message *message, bool is_signed)
{
    out->message = *message;
    out->change = NULL;
    out->changes = NULL;
    if (message->kind == ROTA_MESSAGE_VIEW_CHANGE) {
        out->change = malloc(sizeof *out->change);
        ROTA_ASSERT(out->change);
        *out->change = *message->view_change;
        out->message.view_change = out->change;
    } else if (message->kind == ROTA_MESSAGE_NEW_VIEW) {
        size_t bytes = message->new_view.change_count * sizeof *out->changes;
        out->changes = malloc(bytes);
        ROTA_ASSERT(out->changes);
        memcpy(out->changes, message->new_view.changes, bytes);
        out->message.new_view.changes = out->changes;
    }
    if (!is_signed && rota_message_is_signed(message->kind))
        sim_sign(sim, replica->index, &out->message);
}

static void outgoing_drop(struct outgoing *out)
{
    free(out->change);
    free(out->changes);
    out->change = out->changes = NULL;
}

static void turn_queue(struct turn *turn, const struct rota_event *event)
{
    if (turn->event_count == TURN_EVENTS_MAX)
        sim_fail(turn->sim, SIM_BOUNDED, "a turn that does not end");
    turn->events[turn->event_count++] = *event;
}

static void turn_say(struct turn *turn, const struct rota_action *action)
{
    ROTA_ASSERT(turn->say_count < TURN_SAYS_MAX);
    struct outgoing *out = &turn->says[turn->say_count++];
    outgoing_fill(turn->sim, out, turn->replica, &action->say.message, action->say.is_signed);
    out->to = action->say.to;
    out->body = NULL;
    if (out->message.kind == ROTA_MESSAGE_PREPREPARE) {
        out->body = sim_block_held(turn->replica, &out->message.preprepare.block);
        if (!out->body && out->to == ROTA_TO_ALL)
            sim_fail(turn->sim, SIM_EXECUTION, "a pre-prepare of a block that is not held");
        if (!out->body) { /* said again to one, from a slot whose body is gone: others have it, as in the node */
            turn->say_count--;
            return;
        }
    }
    bool ours = rota_message_is_signed(out->message.kind) && !action->say.is_signed;
    if (ours && out->to == ROTA_TO_ALL) /* our own statements come back through the same door as everyone's */
        turn_queue(turn, &(struct rota_event){.kind = ROTA_EVENT_MESSAGE, .message = &out->message});
}

/* Beside the chain, and harmless when a crash takes back the turn: it was accepted all the same. */
static void disk_keep_view(struct sim_disk *disk, const struct rota_message *message)
{
    uint64_t view = message->new_view.view;
    if (disk->kept_count > 0 && disk->kept_views[disk->kept_count - 1].view >= view)
        return;
    struct sim_kept_view *grown = realloc(disk->kept_views, (disk->kept_count + 1) * sizeof *grown);
    ROTA_ASSERT(grown);
    disk->kept_views = grown;
    struct sim_kept_view *kept = &grown[disk->kept_count++];
    kept->view = view;
    kept->bytes = message_bytes(message, &kept->len);
}

static void turn_save_message(struct turn *turn, const struct rota_action *action)
{
    struct outgoing held;
    outgoing_fill(turn->sim, &held, turn->replica, &action->say.message, action->say.is_signed);
    bool is_change = held.message.kind == ROTA_MESSAGE_VIEW_CHANGE;
    if (!is_change)
        sim_check_new_view(turn->sim, turn->replica, &held.message.new_view);
    uint8_t **slot = is_change ? &turn->view_change : &turn->new_view;
    free(*slot);
    if (turn->sim->parts)
        turn->sim->parts->save_message(turn->sim, turn->replica, &held.message, !is_change && action->say.is_signed);
    *slot = message_bytes(&held.message, is_change ? &turn->view_change_len : &turn->new_view_len);
    outgoing_drop(&held);
    if (!is_change && action->say.is_signed)
        disk_keep_view(&turn->replica->disk, &action->say.message);
}

static void turn_check(struct turn *turn, const struct rota_action *action)
{
    struct rota_event event = {.kind = ROTA_EVENT_CHECKED};
    event.checked.block = action->check.block;
    event.checked.height = action->check.height;
    event.checked.verdict = sim_block_check(turn->sim, turn->replica, action);
    if (turn->sim->parts)
        event.checked.foreign = turn->sim->parts->met_foreign(turn->sim, turn->replica, &event.checked.brought_by);
    if (event.checked.foreign)
        sim_reach(turn->sim, SIM_REACHED_BODY_FOREIGN);
    if (event.checked.verdict == ROTA_CHECK_VALID) {
        event.checked.floors = sim_block_floors(turn->sim, turn->replica, &action->check.block);
        event.checked.ends_epoch = sim_document_in(turn->sim, sim_block_find(turn->sim, &action->check.block));
    }
    sim_reached_checked(turn->sim, turn->replica, &event);
    turn_queue(turn, &event);
}

static void turn_build(struct turn *turn, const struct rota_action *action)
{
    const struct sim_block *block = NULL;
    struct rota_event event = {.kind = ROTA_EVENT_BUILT};
    event.built.empty = !sim_block_build(turn->sim, turn->replica, action, &block);
    if (block) {
        event.built.header = block->header;
        event.built.block = block->hash;
        event.built.ticks = block->ticks;
        event.built.floors = sim_block_floors(turn->sim, turn->replica, &block->hash);
        event.built.ends_epoch = sim_document_in(turn->sim, block) != NULL;
    }
    turn_queue(turn, &event);
}

static void turn_save_block(struct turn *turn, const struct rota_action *action)
{
    const struct sim_block *block = sim_block_held(turn->replica, &action->check.block);
    if (!block)
        sim_fail(turn->sim, SIM_EXECUTION, "a block is to be saved whose body is not held");
    ROTA_ASSERT(turn->block_count < 64);
    turn->blocks[turn->block_count++] = block;
    if (turn->sim->parts)
        turn->sim->parts->save_block(turn->sim, turn->replica, block);
}

/* The ledger will call it a loss of memory, and flag nobody (PROTOCOL E4). */
static bool accuse_is_amnesia(const struct sim *sim, const struct sim_epoch *epoch, const struct rota_accusation *accusation)
{
    return accusation->kind == ROTA_EVIDENCE_HIDDEN_LOCK &&
           sim_is_amnesia(sim, epoch, accusation->member, accusation->changes[0]->incarnation,
                          accusation->pair.votes[0].vote.height);
}

/* Nobody correct is ever accused, and what accuses a liar is proof. */
static void turn_accuse(struct turn *turn, const struct rota_action *action)
{
    struct sim *sim = turn->sim;
    sim->stats.accusations++;
    sim_reach(sim, SIM_REACHED_ACCUSED);
    struct rota_evidence *made = NULL, *read = NULL;
    const struct sim_epoch *epoch = turn->replica->epoch;
    uint32_t accused = epoch->seats[action->accuse.member];
    if (accuse_is_amnesia(sim, epoch, &action->accuse))
        sim_reach(sim, SIM_REACHED_AMNESIA);
    else if (!(sim->liars >> accused & 1))
        sim_fail(sim, SIM_EVIDENCE, "a correct replica is accused");
    if (!rota_is_ok(rota_evidence_of_accusation(&made, &epoch->membership, &action->accuse)))
        sim_fail(sim, SIM_EVIDENCE, "an accusation of what is no contradiction");
    if (!rota_is_ok(rota_evidence_parse(&read, rota_view(made->bytes, made->len))) ||
        !rota_is_ok(rota_evidence_verify(read, &epoch->membership, NULL)) || read->member != action->accuse.member)
        sim_fail(sim, SIM_EVIDENCE, "an accusation without proof");
    sim_evidence_found(sim, turn->replica, read);
    rota_evidence_release(made);
    rota_evidence_release(read);
    if (action->accuse.kind == ROTA_EVIDENCE_DOUBLE_PROPOSAL || action->accuse.kind == ROTA_EVIDENCE_DOUBLE_COMMIT)
        sim_check_accused(sim, turn->replica, action->accuse.member, &action->accuse.pair.votes[0].vote);
}

static void turn_commit(struct turn *turn, const struct rota_action *action)
{
    struct rota_event event = {.kind = ROTA_EVENT_SERVED};
    uint64_t above = turn->replica->disk.height;
    sim_block_commit(turn->sim, turn->replica, action->commit.height, action->commit.certificate);
    event.waited_ms = sim_block_waited(turn->sim, turn->replica, above);
    turn_queue(turn, &event);
}

static void turn_act(struct turn *turn, const struct rota_action *action)
{
    switch (action->kind) {
    case ROTA_ACTION_SAVE:
        turn->save_durable = true;
        break;
    case ROTA_ACTION_SAVE_BLOCK:
        turn_save_block(turn, action);
        break;
    case ROTA_ACTION_SAVE_MESSAGE:
        turn_save_message(turn, action);
        break;
    case ROTA_ACTION_SAY:
        turn_say(turn, action);
        break;
    case ROTA_ACTION_CHECK:
        turn_check(turn, action);
        break;
    case ROTA_ACTION_BUILD:
        turn_build(turn, action);
        break;
    case ROTA_ACTION_ROLLBACK:
        sim_block_rollback(turn->sim, turn->replica);
        break;
    case ROTA_ACTION_COMMIT:
        sim_reached_commits(turn->sim, turn->replica, action->commit.height);
        turn_commit(turn, action);
        break;
    case ROTA_ACTION_FETCH:
        sim_reach(turn->sim, rota_hash_is_zero(&action->fetch.block) ? SIM_REACHED_RANGE_FETCHED : SIM_REACHED_BODY_FETCHED);
        sim_send_fetch(turn->sim, turn->replica->index, turn->replica->epoch->seats[action->fetch.peer], action->fetch.from,
                       action->fetch.to, &action->fetch.block);
        break;
    case ROTA_ACTION_WAKE_AT:
        turn->replica->wake_ms = sim_global_ms(turn->replica, action->wake_at_ms);
        break;
    case ROTA_ACTION_ACCUSE:
        turn_accuse(turn, action);
        break;
    case ROTA_ACTION_READ_DONE:
        sim_read_done(turn->sim, turn->replica, action->read.token, action->read.covered);
        break;
    case ROTA_ACTION_EPOCH:
        turn->replica->epoch_due = true; /* once this turn is durable and said */
        break;
    case ROTA_ACTION_HALT:
        if (!((turn->sim->liars | turn->sim->put_back) >> turn->replica->index & 1) && !turn->sim->halts_expected &&
            !sim_is_liar(turn->sim, turn->replica->index) && !sim_lies_too_many(turn->sim))
            sim_fail(turn->sim, SIM_HALT, action->halt);
        turn->sim->halted |= UINT32_C(1) << turn->replica->index;
        break;
    }
}

/* Like the node: whenever the number of those that wait outside blocks has changed. */
static void turn_demand(struct turn *turn)
{
    uint64_t since_ms;
    uint32_t waiting = sim_block_waiting(turn->sim, turn->replica, &since_ms);
    if (since_ms + turn->replica->lazy_ms > sim_local_ms(turn->sim, turn->replica))
        waiting = 0;
    if (waiting == turn->replica->waiting && (waiting == 0 || since_ms == turn->replica->waiting_since_ms))
        return;
    turn->replica->waiting = waiting;
    turn->replica->waiting_since_ms = since_ms;
    struct rota_event event = {.kind = ROTA_EVENT_DEMAND};
    event.demand.waiting = waiting;
    event.demand.full = waiting >= SIM_BLOCK_REQUESTS_MAX;
    event.demand.since_ms = since_ms;
    turn_queue(turn, &event);
}

/* Steps the core until nothing more follows. */
static void turn_events(struct turn *turn)
{
    struct rota_actions *actions = turn->sim->actions;
    while (turn->event_first < turn->event_count) {
        struct rota_event event = turn->events[turn->event_first++];
        event.at_ms = sim_local_ms(turn->sim, turn->replica);
        event.wall_ms = sim_wall_ms(turn->sim, turn->replica);
        rota_core_step(turn->replica->core, &event, actions);
        for (uint32_t i = 0; i < actions->count; i++)
            turn_act(turn, &actions->items[i]);
        if (turn->event_first == turn->event_count)
            turn_demand(turn);
    }
}

static void disk_write(struct turn *turn)
{
    struct sim_disk *disk = &turn->replica->disk;
    disk->used = true;
    sim_trace(turn->sim, turn->save_durable + 2 * turn->block_count + 256 * disk->height);
    if (turn->save_durable && !turn->sim->forgets_saves) {
        disk->has_durable = true;
        disk->durable = *rota_core_durable(turn->replica->core);
    }
    memcpy(disk->pieces, turn->replica->pieces, sizeof disk->pieces);
    turn->replica->pieces_unsaved = false;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < disk->pending_count; i++)
        if (disk->pending[i]->header.height > disk->height)
            disk->pending[kept++] = disk->pending[i];
    disk->pending_count = kept;
    for (uint32_t i = 0; i < turn->block_count; i++)
        if (disk->pending_count < SIM_PENDING_MAX)
            disk->pending[disk->pending_count++] = turn->blocks[i];
    if (turn->view_change) {
        free(disk->view_change);
        disk->view_change = turn->view_change;
        disk->view_change_len = turn->view_change_len;
        turn->view_change = NULL;
    }
    if (turn->new_view) {
        free(disk->new_view);
        disk->new_view = turn->new_view;
        disk->new_view_len = turn->new_view_len;
        turn->new_view = NULL;
    }
}

/* Members hear everything; the others hear how far they are. */
static bool out_is_for(const struct turn *turn, const struct outgoing *out, uint32_t facility)
{
    const struct sim_epoch *epoch = turn->replica->epoch;
    bool claim = out->message.kind == ROTA_MESSAGE_STATUS || out->message.kind == ROTA_MESSAGE_HEARTBEAT;
    if (facility == turn->replica->index)
        return false;
    return out->to == ROTA_TO_ALL ? claim || epoch->facilities >> facility & 1 : epoch->seats[out->to] == facility;
}

static void turn_release(struct turn *turn)
{
    struct sim *sim = turn->sim;
    sim_evidence_release(sim, turn->replica);
    for (uint32_t i = 0; i < turn->say_count; i++) {
        struct outgoing *out = &turn->says[i];
        if (!sim_is_liar(sim, turn->replica->index))
            sim_check_said(sim, turn->replica, &out->message);
        if (sim_is_own(turn->replica, &out->message))
            sim_check_left(sim, turn->replica, &out->message);
        sim_reached_said(sim, turn->replica, &out->message);
        for (uint32_t to = 0; to < sim->facility_count; to++)
            if (out_is_for(turn, out, to))
                sim_liar_says(sim, turn->replica->index, to, &out->message, out->body);
    }
}

/* The armed crash: true when the replica dies at this durable point. */
static bool turn_crashes(struct sim *sim, struct sim_replica *replica)
{
    if (replica->crash_at == 0 || --replica->crash_at > 0)
        return false;
    sim_reach(sim, replica->crash_point == SIM_CRASH_BEFORE    ? SIM_REACHED_CRASH_BEFORE
                   : replica->crash_point == SIM_CRASH_BETWEEN ? SIM_REACHED_CRASH_BETWEEN
                                                               : SIM_REACHED_CRASH_AFTER);
    return true;
}

/* A slow disk: the replica does and says nothing until its durable point is reached. */
static void turn_waits_for_disk(struct sim *sim, struct sim_replica *replica)
{
    if (replica->disk_slow_until_ms > sim->now_ms)
        sim_pause(sim, UINT32_C(1) << replica->index, sim->now_ms + sim_draw(sim, SIM_DISK, replica->disk_ms + 1));
}

/* Nothing of the turn reached the disk. */
void sim_disk_take_back(struct sim_disk *disk, uint64_t height)
{
    for (; disk->height > height; disk->height--) {
        free(disk->certificates[disk->height]);
        disk->certificates[disk->height] = NULL;
        disk->certified[disk->height] = false;
    }
}

void sim_replica_room(struct sim *sim)
{
    sim->turn = calloc(1, sizeof *sim->turn);
    ROTA_ASSERT(sim->turn);
}

/* Empties what the last turn left: the counters, not the megabytes behind them. */
static struct turn *turn_open(struct sim *sim, struct sim_replica *replica)
{
    struct turn *turn = sim->turn;
    ROTA_ASSERT(!turn->open);
    turn->open = true;
    turn->sim = sim;
    turn->replica = replica;
    turn->save_durable = false;
    turn->block_count = turn->say_count = turn->event_first = turn->event_count = 0;
    turn->view_change = turn->new_view = NULL;
    turn->view_change_len = turn->new_view_len = 0;
    return turn;
}

void sim_replica_committed(struct sim *sim, struct sim_replica *replica, uint64_t before)
{
    for (uint64_t h = before + 1; h <= replica->disk.height; h++)
        if (replica->disk.certified[h])
            sim_check_committed(sim, replica, h, replica->disk.certificates[h]);
}

/* Real disks may fail: then nobody knows how much of the turn they hold, until they are looked at again. */
static bool turn_syncs(struct turn *turn, uint64_t before, bool crash)
{
    struct sim_replica *replica = turn->replica;
    if (!turn->sim->parts ||
        turn->sim->parts->sync(turn->sim, replica, turn->save_durable, crash ? &replica->crash_point : NULL))
        return true;
    replica->disk.unsure = true;
    replica->disk.unsure_height = before;
    sim_reach(turn->sim, SIM_REACHED_DISK_FAILED);
    return false;
}

void sim_replica_turn(struct sim *sim, struct sim_replica *replica, const struct rota_event *event)
{
    struct turn *turn = turn_open(sim, replica);
    uint64_t before = replica->disk.height;
    turn_queue(turn, event);
    turn_events(turn);
    sim->stats.steps++;
    bool saves = turn->save_durable || turn->block_count > 0 || replica->disk.height != before || replica->pieces_unsaved;
    bool crash = saves && turn_crashes(sim, replica);
    if (saves)
        turn_waits_for_disk(sim, replica);
    bool failed = !turn_syncs(turn, before, crash);
    if (crash && replica->crash_point == SIM_CRASH_BEFORE)
        sim_disk_take_back(&replica->disk, before);
    else if (!crash || replica->crash_point == SIM_CRASH_AFTER)
        disk_write(turn);
    crash |= failed;
    if (!failed && !sim_is_liar(sim, replica->index)) { /* else it is not known yet what was committed */
        sim_replica_committed(sim, replica, before);
        sim_check_settled_debt(sim, replica);
        sim_check_saved(sim, replica);
    }
    if (!failed && replica->disk.durable.standing == ROTA_STANDING_RECOVERING)
        sim->forgetful &= ~(UINT32_C(1) << replica->index);
    if (!crash)
        turn_release(turn);
    for (uint32_t i = 0; i < turn->say_count; i++)
        outgoing_drop(&turn->says[i]);
    free(turn->view_change);
    free(turn->new_view);
    turn->open = false;
    sim_reached_turn(sim, replica);
    if (crash)
        sim_replica_stop(sim, replica);
    else if (replica->epoch_due)
        sim_epoch_next(sim, replica);
}
