/* A replica comes up, with what its disk holds, goes down, wakes: what happens to it as a whole. */
#include "tests/sim/sim_liar.h"

/* One of an earlier epoch says nothing about this one (PROTOCOL R5). */
static bool saved_message(struct sim *sim, const struct rota_membership *membership, const uint8_t *bytes, size_t len,
                          struct rota_message *out, struct rota_message_scratch *scratch)
{
    if (!bytes)
        return false;
    struct rota_reader reader = rota_reader(rota_view(bytes, len));
    if (!rota_is_ok(rota_message_decode(out, scratch, &reader)))
        sim_fail(sim, SIM_CODEC, "a saved message does not decode");
    if (out->epoch != membership->epoch)
        return false;
    if (!rota_is_ok(rota_message_verify(out, membership)))
        sim_fail(sim, SIM_CODEC, "a saved message does not verify");
    return true;
}

static void replica_memory_reset(struct sim *sim, struct sim_replica *replica)
{
    replica->held_count = replica->stack_count = replica->waiting = 0;
    replica->served_ms = 0;
    memset(replica->heard_ms, 0, sizeof replica->heard_ms);
    memset(replica->known, 0, sizeof replica->known);
    memset(replica->executed, 0, sizeof replica->executed);
    for (uint64_t h = 1; h <= replica->disk.height; h++)
        for (uint32_t i = 0; i < replica->disk.chain[h]->request_count; i++)
            replica->executed[replica->disk.chain[h]->requests[i]] = h + 1;
    for (uint32_t i = 0; i < replica->disk.pending_count; i++)
        if (replica->disk.pending[i]->header.height > replica->disk.height)
            sim_block_hold(sim, replica, replica->disk.pending[i], replica->index);
    sim_evidence_restore(sim, replica);
}

/* An operator does not go back to an older key. */
static void replica_enter_epoch(struct sim *sim, struct sim_replica *replica)
{
    sim_epoch_enter(sim, replica);
    if (replica->key < replica->epoch->keys[replica->index]) {
        replica->key = replica->epoch->keys[replica->index];
        sim_epoch_enter(sim, replica);
        sim_reach(sim, SIM_REACHED_KEY_CHANGED);
    }
    replica->epoch_due = replica->has_past = replica->past_untrusted = false;
    replica->read_asked = replica->read_done = 0;
}

static void replica_start_core(struct sim *sim, struct sim_replica *replica)
{
    struct sim_disk *disk = &replica->disk;
    const struct rota_membership *membership = &replica->epoch->membership;
    struct rota_event event = {.kind = ROTA_EVENT_START};
    event.start.restarted = disk->used || disk->height > 0;
    event.start.incarnation = disk->runs;
    event.start.boot = ++sim->boots;
    event.start.committed = disk->height;
    event.start.committed_time_ms = SIM_CREATED_MS - 1;
    if (disk->height > 0) {
        event.start.floors = sim_block_floors(sim, replica, &disk->chain[disk->height]->hash);
        event.start.committed_block = disk->chain[disk->height]->hash;
        event.start.committed_time_ms = disk->chain[disk->height]->header.time_ms;
        event.start.certificate = disk->height > membership->base_height ? disk->certificates[disk->height] : NULL;
    }
    event.start.durable = disk->has_durable ? &disk->durable : NULL;
    struct rota_message change, new_view;
    struct rota_message_scratch *scratch = malloc(2 * sizeof *scratch);
    ROTA_ASSERT(scratch);
    if (saved_message(sim, membership, disk->view_change, disk->view_change_len, &change, &scratch[0]))
        event.start.view_change = &change;
    if (saved_message(sim, membership, disk->new_view, disk->new_view_len, &new_view, &scratch[1]))
        event.start.new_view = &new_view;
    sim_replica_turn(sim, replica, &event);
    free(scratch);
}

void sim_replica_start(struct sim *sim, struct sim_replica *replica)
{
    ROTA_ASSERT(!replica->up);
    replica->up = true;
    replica->restart_ms = 0;
    if (sim->parts)
        sim->parts->start(sim, replica);
    if (replica->disk.unsure)
        sim_replica_committed(sim, replica, replica->disk.unsure_height);
    replica->disk.unsure = false;
    replica_enter_epoch(sim, replica);
    sim_reached_restart(sim, replica);
    replica_memory_reset(sim, replica);
    replica->disk.runs++;
    sim_check_restarted(sim, replica);
    sim_check_started(sim, replica);
    if (replica->member != SIM_NOBODY)
        replica_start_core(sim, replica);
}

void sim_replica_stop(struct sim *sim, struct sim_replica *replica)
{
    if (!replica->up)
        return;
    sim->stats.crashes++;
    replica->up = false;
    if (sim->parts)
        sim->parts->stop(sim, replica);
    replica->crash_at = 0;
    replica->paused_until_ms = 0;
    replica->restart_ms = replica->restart_after_ms ? sim->now_ms + replica->restart_after_ms : 0;
    sim_reached_down(sim);
}

void sim_replica_wake(struct sim *sim, struct sim_replica *replica)
{
    struct rota_event event = {.kind = ROTA_EVENT_WOKEN};
    if (replica->member == SIM_NOBODY) {
        sim_follow_wake(sim, replica);
        return;
    }
    sim_liar_wakes(sim, replica->index);
    sim_evidence_wake(sim, replica);
    if (replica->paused_until_ms == sim->now_ms && replica->wake_ms < sim->now_ms)
        sim_reach(sim, SIM_REACHED_WOKE_STALE);
    sim_replica_turn(sim, replica, &event);
}

void sim_replica_read(struct sim *sim, struct sim_replica *replica, uint64_t token)
{
    struct rota_event event = {.kind = ROTA_EVENT_READ, .read_token = token};
    ROTA_ASSERT(replica->member != SIM_NOBODY);
    sim_replica_turn(sim, replica, &event);
}
