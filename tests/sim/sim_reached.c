/* Facts that show where random runs have been. */
#include "tests/sim/sim.h"

enum how_often { RARE, COMMON };

static const struct {
    const char *text;
    enum how_often how_often;
} facts[] = {
#define SIM_REACHED_ROW(name, how_often, text) [SIM_REACHED_##name] = {text, how_often},
    SIM_REACHED_LIST(SIM_REACHED_ROW)
#undef SIM_REACHED_ROW
};

const char *sim_fact_text(enum sim_fact fact)
{
    return facts[fact].text;
}

bool sim_fact_is_common(enum sim_fact fact)
{
    return facts[fact].how_often == COMMON;
}

void sim_reach(struct sim *sim, enum sim_fact fact)
{
    sim->reached->counts[fact]++;
}

/* A tip that nobody needs to vote for again is none: it is in the ledger of all that are there. */
static void reached_new_view(struct sim *sim, const struct rota_new_view *new_view)
{
    if (new_view->tip_height == 0 || new_view->tip_height <= sim->agreed_height)
        return;
    sim_reach(sim, SIM_REACHED_TIP_REPROPOSED);
    uint64_t *last = &sim->reached->tip_views[new_view->tip.b[0] % 64];
    if (*last != 0 && *last < new_view->view)
        sim_reach(sim, SIM_REACHED_TIP_REPROPOSED_TWICE);
    *last = new_view->view;
    const struct sim_block *tip = sim_block_find(sim, &new_view->tip);
    if (tip && sim_document_in(sim, tip))
        sim_reach(sim, SIM_REACHED_DOCUMENT_REPROPOSED);
}

static void reached_suspect(struct sim *sim, enum rota_suspicion reason)
{
    if (reason == ROTA_SUSPECT_HEARTBEAT)
        sim_reach(sim, SIM_REACHED_SUSPECT_HEARTBEAT);
    else if (reason == ROTA_SUSPECT_PROGRESS)
        sim_reach(sim, SIM_REACHED_SUSPECT_PROGRESS);
    else if (reason == ROTA_SUSPECT_REQUEST)
        sim_reach(sim, SIM_REACHED_SUSPECT_REQUEST);
    else if (reason == ROTA_SUSPECT_RESIGN)
        sim_reach(sim, sim->timers.rotate_ms || sim->timers.rotate_blocks ? SIM_REACHED_TURN_ENDED
                                                                          : SIM_REACHED_PRIMARY_RESIGNED);
}

static void reached_view_change(struct sim *sim, const struct sim_replica *replica, const struct rota_view_change *change)
{
    if (sim->agreed_height > replica->disk.height + ROTA_WINDOW)
        sim_reach(sim, SIM_REACHED_CHANGE_IN_CATCH_UP);
    if (!change->has_best)
        return;
    sim_reach(sim, SIM_REACHED_LOCK_CARRIED);
    if (change->best.vote.height > replica->disk.height && change->best.vote.view + 2 <= change->new_view)
        sim_reach(sim, SIM_REACHED_LOCK_CARRIED_TWICE);
}

void sim_reached_said(struct sim *sim, const struct sim_replica *replica, const struct rota_message *message)
{
    bool ours = message->sender == replica->member;
    if (message->kind == ROTA_MESSAGE_NEW_VIEW) {
        if (ours)
            reached_new_view(sim, &message->new_view);
        else
            sim_reach(sim, SIM_REACHED_NEW_VIEW_RELAYED);
    } else if (message->kind == ROTA_MESSAGE_SUSPECT) {
        if (ours)
            reached_suspect(sim, message->suspect.reason);
        else
            sim_reach(sim, SIM_REACHED_SUSPECT_RELAYED);
    } else if (message->kind == ROTA_MESSAGE_VIEW_CHANGE && ours) {
        reached_view_change(sim, replica, message->view_change);
    }
}

static uint64_t hash_word(const struct rota_hash *hash)
{
    uint64_t word;
    memcpy(&word, hash->b, sizeof word);
    return word | 1;
}

void sim_reached_checked(struct sim *sim, const struct sim_replica *replica, const struct rota_event *checked)
{
    uint64_t word = hash_word(&checked->checked.block);
    uint64_t *refused = &sim->reached->untimely[(word >> 8) % 64];
    switch (checked->checked.verdict) {
    case ROTA_CHECK_UNTIMELY:
        sim_reach(sim, SIM_REACHED_BLOCK_UNTIMELY);
        *refused = word ^ replica->index;
        break;
    case ROTA_CHECK_VALID:
        if (*refused == (word ^ replica->index))
            sim_reach(sim, SIM_REACHED_UNTIMELY_ACCEPTED);
        break;
    case ROTA_CHECK_MISSING:
        sim_reach(sim, SIM_REACHED_BODY_MISSING);
        break;
    case ROTA_CHECK_INVALID:
        break;
    }
}

void sim_reached_commits(struct sim *sim, const struct sim_replica *replica, uint64_t height)
{
    struct rota_core_view view = sim_view(sim, replica->index);
    if (height > replica->disk.height + 1)
        sim_reach(sim, SIM_REACHED_COMMIT_BY_DESCENDANT);
    if (view.muted)
        sim_reach(sim, SIM_REACHED_COMMIT_WHILE_MUTED);
    if (view.mode == ROTA_MODE_CHANGING)
        sim_reach(sim, SIM_REACHED_COMMIT_WHILE_CHANGING);
}

static bool leads(const struct sim_replica *replica)
{
    return replica->up && replica->seen.mode == ROTA_MODE_ACTIVE && replica->seen.primary == replica->member;
}

void sim_reached_turn(struct sim *sim, struct sim_replica *replica)
{
    struct rota_core_view was = replica->seen;
    replica->seen = sim_view(sim, replica->index);
    const struct rota_core_view *is = &replica->seen;
    if (is->in_flight >= sim->limits.window && was.in_flight < sim->limits.window)
        sim_reach(sim, SIM_REACHED_WINDOW_FULL);
    if (is->failed_views > was.failed_views) {
        sim_reach(sim, SIM_REACHED_CHANGE_TIMED_OUT);
        if (is->failed_views > rota_fault_bound(replica->epoch->membership.count, sim->membership.profile) + 1)
            sim_reach(sim, SIM_REACHED_BACK_OFF_GREW);
    }
    uint32_t stands = replica->disk.durable.standing;
    if (stands == ROTA_STANDING_RECOVERING && replica->stood != stands)
        sim_reach(sim, SIM_REACHED_RECOVERING);
    if (stands == ROTA_STANDING_RECOVERING && replica->stood == ROTA_STANDING_NEW && replica->epoch->membership.epoch > 0)
        sim_reach(sim, SIM_REACHED_JOINED_LATE);
    if (stands == ROTA_STANDING_MEMBER && replica->stood == ROTA_STANDING_RECOVERING)
        sim_reach(sim, SIM_REACHED_RECOVERED);
    replica->stood = stands;
    if (is->mode != ROTA_MODE_ACTIVE || (is->view == was.view && was.mode == ROTA_MODE_ACTIVE))
        return;
    sim_reach(sim, SIM_REACHED_VIEW_CHANGED);
    if (is->view > replica->active_view + 1)
        sim_reach(sim, SIM_REACHED_VIEWS_SKIPPED);
    replica->active_view = is->view;
    for (uint32_t i = 0; leads(replica) && i < sim->facility_count; i++)
        if (i != replica->index && leads(&sim->replicas[i]))
            sim_reach(sim, SIM_REACHED_TWO_PRIMARIES);
}

void sim_reached_restart(struct sim *sim, const struct sim_replica *replica)
{
    const struct sim_disk *disk = &replica->disk;
    if (!disk->has_durable || replica->member == SIM_NOBODY || disk->durable.epoch != replica->epoch->membership.epoch)
        return;
    if (!disk->durable.active)
        sim_reach(sim, SIM_REACHED_RESTART_CHANGING);
    if (disk->durable.has_best && disk->durable.best.vote.height > disk->height)
        sim_reach(sim, SIM_REACHED_RESTART_LOCKED);
    if (disk->durable.active && rota_primary(&replica->epoch->membership, disk->durable.view) == replica->member)
        sim_reach(sim, SIM_REACHED_PRIMARY_RESTARTED);
}

void sim_reached_down(struct sim *sim)
{
    uint32_t down = 0, n = sim->latest->membership.count;
    for (uint32_t i = 0; i < n; i++)
        down += !sim->replicas[sim->latest->seats[i]].up;
    if (down > rota_fault_bound(n, sim->membership.profile))
        sim_reach(sim, SIM_REACHED_MORE_THAN_F_DOWN);
    if (down == n)
        sim_reach(sim, SIM_REACHED_ALL_DOWN);
}

void sim_reached_evidence(struct sim *sim, const struct sim_block *block, const struct sim_piece *piece)
{
    if (!piece)
        return;
    sim_reach(sim, SIM_REACHED_EVIDENCE_ORDERED);
    if (piece->epoch->membership.epoch < block->header.epoch)
        sim_reach(sim, SIM_REACHED_EVIDENCE_OF_BEFORE);
}

/* ---- epochs --------------------------------------------------------------------------------------------------------- */

void sim_reached_new_epoch(struct sim *sim)
{
    bool changing = false;
    uint32_t number = sim->latest->membership.epoch, documents = 0;
    sim_reach(sim, SIM_REACHED_EPOCH_CHANGED);
    for (uint32_t i = 0; i < sim->facility_count; i++) {
        const struct sim_replica *replica = &sim->replicas[i];
        changing |= replica->up && replica->member != SIM_NOBODY && replica->epoch->membership.epoch + 1 == number &&
                    replica->seen.mode == ROTA_MODE_CHANGING;
    }
    if (changing)
        sim_reach(sim, SIM_REACHED_EPOCH_IN_VIEW_CHANGE);
    for (uint32_t i = 0; i < sim->document_count; i++)
        documents += sim->documents[i].epoch.membership.epoch == number;
    if (documents > 1)
        sim_reach(sim, SIM_REACHED_DOCUMENT_BEATEN);
}

static void reached_joined(struct sim *sim, const struct sim_replica *replica)
{
    bool another_down = false;
    for (uint32_t i = 0; i < replica->epoch->membership.count; i++)
        another_down |= !sim->replicas[replica->epoch->seats[i]].up;
    sim_reach(sim, SIM_REACHED_JOINED);
    if (another_down)
        sim_reach(sim, SIM_REACHED_JOINED_WHILE_DOWN);
}

void sim_reached_epoch(struct sim *sim, const struct sim_replica *replica)
{
    const struct sim_epoch *epoch = replica->epoch, *before = NULL;
    for (uint32_t i = 0; i < sim->epoch_count; i++)
        if (sim->epochs[i].membership.epoch + 1 == epoch->membership.epoch)
            before = &sim->epochs[i];
    bool was = before && before->facilities >> replica->index & 1, is = replica->member != SIM_NOBODY;
    if (epoch != sim->latest)
        sim_reach(sim, SIM_REACHED_EPOCH_LEARNED_LATE);
    if (was && replica->seen.view > 0)
        sim_reach(sim, SIM_REACHED_EPOCH_IN_LATER_VIEW);
    if (is && !was)
        reached_joined(sim, replica);
    if (was && !is)
        sim_reach(sim, SIM_REACHED_REMOVED);
    if (is && replica->has_past && replica->past_untrusted && epoch != sim->latest)
        sim_reach(sim, SIM_REACHED_LOST_IN_EARLIER_EPOCH);
}
