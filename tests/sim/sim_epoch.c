/* Epochs (PROTOCOL M6 to M10): documents that say who the next members are, and the way of each replica from one epoch into
 * the next, as node/epoch.c goes it. */
#include "tests/sim/sim_liar.h"

enum { NEW_KEY_MS_MAX = 2000 }; /* so long an operator takes to install a facility's new key */

/* ---- who is who ----------------------------------------------------------------------------------------------------- */

uint32_t sim_seat(const struct sim_epoch *epoch, uint32_t facility)
{
    for (uint32_t i = 0; (epoch->facilities >> facility & 1) && i < epoch->membership.count; i++)
        if (epoch->seats[i] == facility)
            return i;
    return SIM_NOBODY;
}

uint32_t sim_facilities(const struct sim_epoch *epoch, uint32_t members)
{
    uint32_t facilities = 0;
    for (uint32_t i = 0; i < epoch->membership.count; i++)
        facilities |= members >> i & 1 ? UINT32_C(1) << epoch->seats[i] : 0;
    return facilities;
}

bool sim_is_own(const struct sim_replica *replica, const struct rota_message *message)
{
    return message->epoch == replica->epoch->membership.epoch && message->sender == replica->member;
}

const struct sim_epoch *sim_epoch_of(const struct sim *sim, const struct sim_block *block)
{
    for (uint32_t i = 0; i < sim->epoch_count; i++)
        if (rota_hash_equal(&sim->epochs[i].membership.config_hash, &block->header.config_hash))
            return &sim->epochs[i];
    return NULL;
}

/* ---- documents ------------------------------------------------------------------------------------------------------ */

const struct sim_document *sim_document_of(const struct sim *sim, uint32_t request)
{
    for (uint32_t i = 0; i < sim->document_count; i++)
        if (sim->documents[i].request == request)
            return &sim->documents[i];
    return NULL;
}

const struct sim_document *sim_document_in(const struct sim *sim, const struct sim_block *block)
{
    return block->request_count == 1 ? sim_document_of(sim, block->requests[0]) : NULL;
}

bool sim_document_is_stale(const struct sim *sim, uint32_t request)
{
    const struct sim_document *document = sim_document_of(sim, request);
    return document && document->epoch.membership.epoch <= sim->latest->membership.epoch;
}

/* A toy's key: of the facility, and another one each time it is changed. */
static void seat_fill(struct sim_epoch *epoch, uint32_t member, uint32_t facility)
{
    struct rota_member *entry = &epoch->membership.members[member];
    memset(entry, 0, sizeof *entry);
    memset(entry->key.b, (int)(facility + 1), sizeof entry->key.b);
    entry->key.b[0] ^= (uint8_t)(epoch->keys[facility] << 5);
    epoch->seats[member] = facility;
}

/* In ascending order, or in one that follows from `order`. */
static void seats_fill(struct sim_epoch *epoch, uint32_t facilities, uint64_t order)
{
    uint32_t count = 0, seats[ROTA_MEMBERS_MAX];
    for (uint32_t i = 0; i < ROTA_MEMBERS_MAX; i++)
        if (facilities >> i & 1)
            seats[count++] = i;
    for (uint32_t i = count; order != 0 && i > 1; i--) {
        uint32_t other = (uint32_t)sim_stream_draw(&order, i), held = seats[other];
        seats[other] = seats[i - 1];
        seats[i - 1] = held;
    }
    for (uint32_t i = 0; i < count; i++)
        seat_fill(epoch, i, seats[i]);
    epoch->facilities = facilities;
    epoch->membership.count = count;
}

/* No member now, and recovering as one of an earlier epoch, or on the way through one where it will find blocks that it may
 * have voted for: whoever recovers when its epoch ends goes on recovering in the next (PROTOCOL section 8, Late joiners). */
static bool newcomer_recovers(const struct sim *sim, uint32_t facility)
{
    const struct sim_replica *replica = &sim->replicas[facility];
    if (replica->disk.has_durable && replica->disk.durable.standing == ROTA_STANDING_RECOVERING)
        return true;
    for (uint32_t i = 0; i < sim->epoch_count; i++) {
        const struct sim_epoch *epoch = &sim->epochs[i];
        bool ahead = epoch != sim->latest && epoch->membership.epoch >= replica->epoch->membership.epoch;
        if (ahead && epoch->facilities >> facility & 1)
            return true;
    }
    return false;
}

/* Liars, and whoever may have forgotten something, are no more than the epoch tolerates. A member that is new counts beside
 * them: it may come late, and is then taken for one that forgot (PROTOCOL H3). */
static bool members_may_be(const struct sim *sim, uint32_t facilities)
{
    uint32_t count = (uint32_t)__builtin_popcount(facilities), before = sim->latest->facilities;
    uint32_t faulty = facilities & (sim->liars | (before & ~sim_standing(sim)));
    uint32_t late = facilities & ~before;
    for (uint32_t i = 0; i < sim->facility_count; i++)
        if (late >> i & 1 && newcomer_recovers(sim, i))
            faulty |= UINT32_C(1) << i;
    return count > 0 && (facilities >> sim->facility_count) == 0 && sim->document_count < SIM_EPOCHS_MAX - 1 &&
           sim->request_count < SIM_REQUESTS_MAX &&
           (faulty == 0 || (uint32_t)__builtin_popcount(faulty | late) <= rota_fault_bound(count, sim->membership.profile));
}

bool sim_submit_document(struct sim *sim, uint32_t facilities, uint64_t order, uint32_t rotated)
{
    if (!members_may_be(sim, facilities))
        return false;
    struct sim_document *document = &sim->documents[sim->document_count++];
    uint32_t request = sim->request_count++;
    *document = (struct sim_document){request, sim->latest->membership.config_hash, *sim->latest};
    struct sim_epoch *epoch = &document->epoch;
    for (uint32_t i = 0; i < sim->facility_count; i++)
        epoch->keys[i] += rotated >> i & 1;
    seats_fill(epoch, facilities, order);
    epoch->membership.epoch++;
    struct rota_digest digest;
    rota_digest_start(&digest, ROTA_TAG("epoch"));
    rota_digest_add_u32(&digest, request);
    epoch->membership.config_hash = rota_digest_finish(&digest);
    sim->request_sent_ms[request] = sim->now_ms;
    for (uint32_t i = 0; i < sim->facility_count; i++)
        sim_send_request(sim, i, request);
    return true;
}

/* ---- from one into the next ----------------------------------------------------------------------------------------- */

void sim_epochs_open(struct sim *sim)
{
    struct sim_epoch *first = &sim->epochs[0];
    first->membership = sim->membership;
    for (uint32_t i = 0; i < sim->membership.count; i++) {
        first->seats[i] = i;
        first->facilities |= UINT32_C(1) << i;
    }
    sim->epoch_count = 1;
    sim->latest = first;
}

const struct sim_epoch *sim_epoch_above(struct sim *sim, const struct sim_block *block)
{
    const struct sim_document *document = sim_document_in(sim, block);
    if (!document)
        return sim_epoch_of(sim, block);
    for (uint32_t i = 0; i < sim->epoch_count; i++)
        if (rota_hash_equal(&sim->epochs[i].membership.base, &block->hash))
            return &sim->epochs[i];
    ROTA_ASSERT(sim->epoch_count < SIM_EPOCHS_MAX);
    struct sim_epoch *epoch = &sim->epochs[sim->epoch_count++];
    *epoch = document->epoch;
    epoch->membership.base_height = block->header.height;
    epoch->membership.base = block->hash;
    return epoch;
}

void sim_epoch_enter(struct sim *sim, struct sim_replica *replica)
{
    const struct sim_disk *disk = &replica->disk;
    replica->epoch = disk->height > 0 ? sim_epoch_above(sim, disk->chain[disk->height]) : &sim->epochs[0];
    ROTA_ASSERT(replica->epoch);
    replica->member =
        replica->key == replica->epoch->keys[replica->index] ? sim_seat(replica->epoch, replica->index) : SIM_NOBODY;
    memset(&replica->follow, 0, sizeof replica->follow);
    replica->waiting = 0;
    if (replica->member == SIM_NOBODY) {
        replica->wake_ms = sim->now_ms;
        return;
    }
    struct rota_core_setup setup = {&replica->epoch->membership, sim->timers, sim->limits, replica->member};
    rota_core_init(replica->core, &setup);
}

/* The record of the epoch that ends: it shows the next core that this disk was there all the time (PROTOCOL R5). */
static void epoch_keep_past(struct sim *sim, struct sim_replica *replica)
{
    if (replica->member != SIM_NOBODY) {
        replica->past = *rota_core_durable(replica->core);
        replica->past_untrusted = sim_view(sim, replica->index).greeting;
    } else if (!replica->has_past && replica->disk.has_durable) {
        replica->past = replica->disk.durable;
        replica->past_untrusted = true;
    }
    replica->has_past |= replica->member != SIM_NOBODY || replica->disk.has_durable;
}

static void epoch_start(struct sim *sim, struct sim_replica *replica)
{
    const struct sim_disk *disk = &replica->disk;
    struct rota_event event = {.kind = ROTA_EVENT_START};
    event.start.restarted = replica->past_untrusted;
    event.start.incarnation = disk->runs;
    event.start.boot = ++sim->boots;
    event.start.durable =
        replica->has_past && replica->past.epoch < replica->epoch->membership.epoch ? &replica->past : NULL;
    event.start.committed = disk->height;
    event.start.committed_block = disk->chain[disk->height]->hash;
    event.start.committed_time_ms = disk->chain[disk->height]->header.time_ms;
    sim_check_restarted(sim, replica);
    sim_check_started(sim, replica);
    sim_replica_turn(sim, replica, &event);
}

void sim_epoch_next(struct sim *sim, struct sim_replica *replica)
{
    replica->epoch_due = false;
    epoch_keep_past(sim, replica);
    sim_read_done(sim, replica, replica->read_asked, false);
    sim_block_rollback(sim, replica);
    sim_epoch_enter(sim, replica);
    if (replica->key < replica->epoch->keys[replica->index]) { /* its operator puts the new key in */
        replica->restart_after_ms = 1 + (uint32_t)sim_draw(sim, SIM_FAULT, NEW_KEY_MS_MAX);
        sim_replica_stop(sim, replica);
        return;
    }
    sim_reached_epoch(sim, replica);
    if (replica->member != SIM_NOBODY)
        epoch_start(sim, replica);
}
