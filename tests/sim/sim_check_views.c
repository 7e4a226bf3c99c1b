/* What a correct replica makes of what it hears: that a NEW-VIEW that it takes or says is one (PROTOCOL V7, G4), and that it
 * prepares what the view's primary proposed, and of two proposals the first (N2). As elsewhere, what was signed is looked
 * up, and no product code is asked. */
#include "tests/sim/sim_liar.h"

/* ---- NEW-VIEW ------------------------------------------------------------------------------------------------------- */

static void view_fail(struct sim *sim, const char *sentence)
{
    sim_fail(sim, SIM_NEW_VIEW, sentence);
}

static bool vote_is_higher(const struct rota_vote *a, const struct rota_vote *b)
{
    return a->view != b->view ? a->view > b->view : a->height > b->height;
}

static void change_judge(struct sim *sim, const struct sim_epoch *epoch, const struct rota_view_change *change,
                         uint64_t view)
{
    if (change->new_view != view)
        view_fail(sim, "a NEW-VIEW that counts has a VIEW-CHANGE to another view");
    if (change->has_best && (change->best.vote.view >= view || !sim_check_is_signed(sim, epoch, &change->best)))
        view_fail(sim, "a NEW-VIEW that counts has a lock that nobody made");
    if (change->has_committed && !sim_check_is_signed(sim, epoch, &change->committed))
        view_fail(sim, "a NEW-VIEW that counts has a commit certificate that nobody made");
}

void sim_check_new_view(struct sim *sim, const struct sim_replica *replica, const struct rota_new_view *new_view)
{
    const struct rota_vote *lock = NULL, *committed = NULL, *tip;
    const struct sim_epoch *epoch = replica->epoch;
    uint32_t senders = 0, quorum = sim_check_quorum(&epoch->membership);
    if (sim_is_liar(sim, replica->index) || sim_lies_too_many(sim))
        return;
    for (uint32_t i = 0; i < new_view->change_count; i++) {
        const struct rota_view_change *change = &new_view->changes[i];
        change_judge(sim, epoch, change, new_view->view);
        senders |= UINT32_C(1) << change->sender;
        if (change->has_best && (!lock || vote_is_higher(&change->best.vote, lock)))
            lock = &change->best.vote;
        if (change->has_committed && (!committed || change->committed.vote.height > committed->height))
            committed = &change->committed.vote;
    }
    if ((uint32_t)__builtin_popcount(senders) != quorum || new_view->change_count != quorum)
        view_fail(sim, "a NEW-VIEW that counts is not made of exactly a quorum of members");
    tip = committed && (!lock || committed->height >= lock->height) ? committed : lock;
    if (tip ? new_view->tip_height != tip->height || !rota_hash_equal(&new_view->tip, &tip->block)
            : new_view->tip_height != epoch->membership.base_height)
        view_fail(sim, "a NEW-VIEW that counts has a tip that does not follow");
}

/* ---- proposals ------------------------------------------------------------------------------------------------------ */

/* Before the step: the first proposal for a height of the present view stays. Who is silent hears it all the same. */
void sim_check_proposed(struct sim *sim, const struct sim_replica *replica, const struct rota_message *message,
                        struct rota_vote first[ROTA_SLOTS])
{
    struct rota_core_view core = sim_view(sim, replica->index);
    struct rota_vote vote;
    bool takes_in = core.mode == ROTA_MODE_ACTIVE || core.mode == ROTA_MODE_RECOVERING || core.mode == ROTA_MODE_GREETING;
    if (message->kind != ROTA_MESSAGE_PREPREPARE || !takes_in || !replica->disk.durable.active ||
        !rota_message_vote(&vote, message) || vote.view != core.view ||
        !rota_hash_equal(&vote.nv, &replica->disk.durable.nv) || vote.height <= core.committed ||
        vote.height - core.committed > ROTA_SLOTS)
        return;
    struct rota_vote *held = &first[vote.height % ROTA_SLOTS];
    if (held->height != vote.height || held->view != vote.view || held->kind != ROTA_VOTE_PREPARE)
        *held = vote;
}

void sim_check_prepared_first(struct sim *sim, const struct sim_replica *replica, const struct rota_vote *vote,
                              const struct rota_vote first[ROTA_SLOTS])
{
    const struct rota_durable *durable = &replica->disk.durable;
    const struct rota_vote *held = &first[vote->height % ROTA_SLOTS];
    bool is_tip = rota_hash_equal(&vote->block, &durable->tip); /* its view may be over already, in the same turn */
    bool is_old = sim_view(sim, replica->index).muted;          /* R2: prepared before it stopped, and said only now */
    if (is_tip || is_old || sim_check_is_vouched_for(sim, replica->epoch, vote))
        return;
    if (!sim_check_has_signed(sim, replica->epoch, rota_primary(&replica->epoch->membership, vote->view), vote))
        sim_fail(sim, SIM_CHAIN_RULE, "a correct replica prepared what the primary never proposed");
    if (held->kind == ROTA_VOTE_PREPARE && held->height == vote->height && held->view == vote->view &&
        !rota_hash_equal(&held->block, &vote->block))
        sim_fail(sim, SIM_CHAIN_RULE, "a correct replica prepared the second of two proposals for one height");
}
