/* What a replica holds: that its disk never goes back, that what it took over a NEW-VIEW forgets nothing, that its PREPAREs
 * stand on one another, and that two votes which contradict each other do not lie side by side without an accusation. */
#include "tests/sim/sim_liar.h"

/* The first vote of a member that a replica holds for a height and phase, by the rules of its bounded memory (PROTOCOL A2).
 */
struct held_vote {
    bool has;
    struct rota_vote vote;
};

struct held_accusation {
    uint32_t member;
    enum rota_vote_kind kind;
    uint64_t view, height;
};

enum { ACCUSATIONS_MAX = 4096 };

struct held_replica {
    struct held_vote votes[2][ROTA_SLOTS][ROTA_MEMBERS_MAX];
    uint32_t accusation_count;
    struct held_accusation accusations[ACCUSATIONS_MAX];
    bool owed; /* two votes met in the step under way */
    struct held_accusation debt;
    /* the disk as it was after the last turn */
    uint32_t epoch;
    uint64_t view, best_view, best_height, height;
    struct rota_hash nv;
    uint64_t reached[ROTA_MEMBERS_MAX];    /* the view that each member said to have come to */
    struct rota_vote proposed[ROTA_SLOTS]; /* the first proposal of each height, kind 0: none */
    uint64_t void_view;                    /* the last whose NEW-VIEW is made of words that are taken back below its tip */
    /* the last PREPARE */
    bool prepared;
    struct rota_vote last;
};

struct sim_held {
    struct held_replica replicas[ROTA_MEMBERS_MAX];
};

void sim_check_held_open(struct sim *sim)
{
    sim->held = calloc(1, sizeof *sim->held);
    ROTA_ASSERT(sim->held);
}

void sim_check_held_close(struct sim *sim)
{
    free(sim->held);
}

/* ---- the disk ------------------------------------------------------------------------------------------------------- */

/* PROTOCOL H7, judged by the blocks below the tip: did a member take back what the NEW-VIEW on this disk is made of? */
static bool view_is_void(const struct sim *sim, const struct sim_replica *replica)
{
    const struct sim_disk *disk = &replica->disk;
    struct rota_message message;
    struct rota_reader reader = rota_reader(rota_view(disk->new_view, disk->new_view_len));
    const struct sim_block *tip = sim_block_find(sim, &disk->durable.tip);
    if (!tip || !disk->new_view || !rota_is_ok(rota_message_decode(&message, sim->scratch, &reader)))
        return false;
    struct rota_floors floors = sim_floors_of(tip, &replica->epoch->membership.config_hash);
    for (uint32_t i = 0; i < message.new_view.change_count; i++)
        if (message.new_view.changes[i].incarnation < floors.floor[message.new_view.changes[i].sender])
            return true;
    return false;
}

void sim_check_voted(struct sim *sim, const struct sim_replica *replica, const struct rota_vote *vote)
{
    if (vote->view > 0 && vote->view == sim->held->replicas[replica->index].void_view && !sim_lies_too_many(sim))
        sim_fail(sim, SIM_NEW_VIEW, "a correct replica votes in a view that rests on words of before a loss of memory");
}

/* Views and locks count anew in each epoch. */
static void held_begin(struct held_replica *held, uint32_t epoch)
{
    held->epoch = epoch;
    held->view = held->best_view = held->best_height = 0;
    memset(&held->nv, 0, sizeof held->nv);
    held->prepared = false;
    held->void_view = 0;
}

void sim_check_saved(struct sim *sim, const struct sim_replica *replica)
{
    struct held_replica *held = &sim->held->replicas[replica->index];
    const struct rota_durable *durable = &replica->disk.durable;
    if (replica->disk.height < held->height)
        sim_fail(sim, SIM_MONOTONE, "a ledger became shorter");
    held->height = replica->disk.height;
    if (!replica->disk.has_durable)
        return;
    if (durable->epoch < held->epoch)
        sim_fail(sim, SIM_MONOTONE, "an epoch on disk went back");
    if (durable->epoch > held->epoch)
        held_begin(held, durable->epoch);
    if (durable->view < held->view)
        sim_fail(sim, SIM_MONOTONE, "a view on disk went back");
    uint64_t best_view = durable->has_best ? durable->best.vote.view : 0;
    uint64_t best_height = durable->has_best ? durable->best.vote.height : 0;
    if (best_view < held->best_view || (best_view == held->best_view && best_height < held->best_height))
        sim_fail(sim, SIM_MONOTONE, "a lock on disk went back");
    bool accepted = durable->active && durable->view > 0 && !rota_hash_equal(&durable->nv, &held->nv);
    if (accepted && view_is_void(sim, replica)) { /* it may forget anything, for it gets no vote: sim_check_voted */
        sim_reach(sim, SIM_REACHED_VIEW_VOID);
        held->void_view = durable->view;
    } else if (accepted) {
        sim_check_tip(sim, durable->epoch, durable->view, durable->tip_height, &durable->tip);
    }
    held->view = durable->view;
    held->best_view = best_view;
    held->best_height = best_height;
    held->nv = durable->nv;
}

/* What the journal says was prepared in its view is said again from now on, not for the first time (PROTOCOL R2). */
static void held_resume(struct held_replica *held, const struct rota_durable *durable)
{
    for (uint32_t i = 0; i < ROTA_SLOTS; i++) {
        const struct rota_own_vote *own = &durable->votes[i];
        if (!own->prepared || own->view != durable->view || (held->prepared && own->height < held->last.height))
            continue;
        held->prepared = true;
        held->last = (struct rota_vote){ROTA_VOTE_PREPARE, own->view, own->nv, own->height, own->block};
    }
}

/* Its disk was wiped, or put back to an older state: it goes back, and only what was said stays. */
void sim_check_forgot_held(struct sim *sim, uint32_t facility)
{
    struct held_replica *held = &sim->held->replicas[facility];
    const struct sim_disk *disk = &sim->replicas[facility].disk;
    held->height = 0;
    held_begin(held, disk->has_durable ? disk->durable.epoch : 0);
    if (disk->has_durable)
        held_resume(held, &disk->durable);
}

/* ---- PREPAREs of a view --------------------------------------------------------------------------------------------- */

void sim_check_prepared(struct sim *sim, const struct sim_replica *replica, const struct rota_vote *vote)
{
    struct held_replica *held = &sim->held->replicas[replica->index];
    const struct rota_durable *durable = &replica->disk.durable;
    bool first = !held->prepared || held->last.view != vote->view;
    if (first || vote->height > held->last.height) /* else it is said again */
        sim_check_prepared_first(sim, replica, vote, held->proposed);
    if (!first && vote->height > held->last.height &&
        !sim_check_extends(sim, &vote->block, held->last.height, &held->last.block))
        sim_fail(sim, SIM_CHAIN_RULE, "a correct replica's PREPAREs of one view are not one chain");
    if (first && vote->view > 0 && vote->view == durable->view && vote->height != durable->tip_height &&
        replica->disk.height < durable->tip_height)
        sim_fail(sim, SIM_CHAIN_RULE, "a correct replica's first PREPARE of a view is not for the tip");
    if (first || vote->height > held->last.height)
        held->last = *vote;
    held->prepared = true;
}

/* ---- votes that contradict each other ------------------------------------------------------------------------------- */

void sim_check_started(struct sim *sim, const struct sim_replica *replica)
{
    struct held_replica *held = &sim->held->replicas[replica->index];
    memset(held->votes, 0, sizeof held->votes);
    memset(held->proposed, 0, sizeof held->proposed);
    memset(held->reached, 0, sizeof held->reached);
    held->accusation_count = 0;
    held->owed = false;
}

static void reached_note(struct held_replica *held, const struct rota_message *message)
{
    uint64_t view = message->kind == ROTA_MESSAGE_VIEW_CHANGE ? message->view_change->new_view
                    : message->kind == ROTA_MESSAGE_SUSPECT   ? message->suspect.view
                                                              : 0;
    if (view > held->reached[message->sender])
        held->reached[message->sender] = view;
}

bool sim_check_is_overtaken(const struct sim *sim, const struct sim_replica *replica, uint64_t view)
{
    const struct held_replica *held = &sim->held->replicas[replica->index];
    const struct rota_membership *membership = &replica->epoch->membership;
    uint32_t count = 0;
    for (uint32_t i = 0; i < sim->facility_count; i++) {
        const struct rota_durable *durable = &sim->replicas[i].disk.durable;
        if (durable->floor != 0 || durable->standing == ROTA_STANDING_RECOVERING)
            return false; /* who lost its memory takes back what it said, from its word in the chain on */
    }
    for (uint32_t i = 0; i < membership->count; i++)
        count += i != replica->member && held->reached[i] > view;
    return count >= rota_join_threshold(membership->count, membership->profile);
}

/* Before the step that takes the message in. */
void sim_check_heard(struct sim *sim, const struct sim_replica *replica, const struct rota_message *message)
{
    struct held_replica *held = &sim->held->replicas[replica->index];
    struct rota_core_view core = sim_view(sim, replica->index);
    struct rota_vote vote;
    sim_check_proposed(sim, replica, message, held->proposed);
    if (message->epoch == replica->epoch->membership.epoch)
        reached_note(held, message);
    if (!rota_message_vote(&vote, message))
        return;
    if (vote.height <= core.committed || vote.height - core.committed > ROTA_SLOTS || vote.view < core.view)
        return;
    struct held_vote *cell = &held->votes[vote.kind == ROTA_VOTE_COMMIT][vote.height % ROTA_SLOTS][message->sender];
    if (!cell->has || cell->vote.height != vote.height || cell->vote.view < vote.view) {
        *cell = (struct held_vote){true, vote};
    } else if (cell->vote.view == vote.view && !rota_vote_equal(&cell->vote, &vote)) {
        held->owed = true;
        held->debt = (struct held_accusation){message->sender, vote.kind, vote.view, vote.height};
    }
}

void sim_check_accused(struct sim *sim, const struct sim_replica *replica, uint32_t member, const struct rota_vote *vote)
{
    struct held_replica *held = &sim->held->replicas[replica->index];
    if (held->accusation_count < ACCUSATIONS_MAX)
        held->accusations[held->accusation_count++] = (struct held_accusation){member, vote->kind, vote->view, vote->height};
}

/* After the step: whoever it was, it has been accused, now or before. */
void sim_check_settled_debt(struct sim *sim, const struct sim_replica *replica)
{
    struct held_replica *held = &sim->held->replicas[replica->index];
    const struct held_accusation *debt = &held->debt;
    if (!held->owed)
        return;
    held->owed = false;
    for (uint32_t i = held->accusation_count; i-- > 0;) {
        const struct held_accusation *made = &held->accusations[i];
        if (made->member == debt->member && made->kind == debt->kind && made->view == debt->view &&
            made->height == debt->height)
            return;
    }
    if (held->accusation_count < ACCUSATIONS_MAX)
        sim_fail(sim, SIM_ACCUSATION, "a correct replica held two votes that contradict each other and accused nobody");
}
