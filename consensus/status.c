/* Retransmission by status (PROTOCOL S1..S3): every replica says now and then what it holds; whoever holds signed bytes that
 * another lacks sends them again. No acknowledgement of single messages. */
#include "consensus/pace.h"
#include "consensus/state.h"

enum {
    NEW_VIEW_PAUSE_MS = 300,
    ANSWER_PAUSE_MS = 20, /* an answer costs signatures: to one member not more often than this, ... */
    ANSWERS_AHEAD = 10,   /* ... but a few at once */
};

static uint32_t cells_held(const struct rota_core *core, const struct rota_vote_cell cells[ROTA_MEMBERS_MAX])
{
    uint32_t members = 0;
    for (uint32_t i = 0; i < core->n; i++)
        if (cells[i].has && cells[i].view == core->durable.view)
            members |= UINT32_C(1) << i;
    return members;
}

void rota_status_say(struct rota_core *core, uint32_t to)
{
    if (core->n == 1 && ROTA_BROKEN(lone_member_is_mute, core->membership->epoch == 0, true))
        return; /* in a later epoch those who lag in an earlier one have to hear of it (M9) */
    struct rota_message *message = rota_core_say(core, to, ROTA_MESSAGE_STATUS);
    struct rota_status_message *status = &message->status;
    status->view = core->durable.view;
    status->active = core->durable.active;
    status->committed = core->committed;
    status->committed_block = core->committed_block;
    for (uint32_t i = 0; i < core->n; i++) {
        if (core->suspects[i].has && core->suspects[i].suspect.view == core->durable.view)
            status->suspects |= UINT32_C(1) << i;
        if (core->has_change[i] && core->changes[i].new_view == core->durable.view)
            status->view_changes |= UINT32_C(1) << i;
    }
    for (uint32_t k = 0; k < ROTA_WINDOW; k++) {
        struct rota_slot *slot = rota_window_slot(core, core->committed + 1 + k);
        if (slot->source >= ROTA_SLOT_PROPOSED && slot->check != ROTA_SLOT_MISSING)
            status->blocks |= UINT32_C(1) << k;
        status->prepares[k] = cells_held(core, slot->prepares);
        status->commits[k] = cells_held(core, slot->commits);
    }
    if (to == ROTA_TO_ALL)
        core->status_ms = core->now_ms + core->timers.status_ms;
}

/* The accepted NEW-VIEW for somebody who is behind, not more often than it can use it. */
static void new_view_pass_on(struct rota_core *core, uint32_t peer)
{
    if (!core->has_new_view || !core->durable.active)
        return;
    if (core->peers[peer].new_view_ms != 0 && core->now_ms - core->peers[peer].new_view_ms < NEW_VIEW_PAUSE_MS)
        return;
    core->peers[peer].new_view_ms = core->now_ms;
    struct rota_message *message = rota_core_relay(core, peer, core->new_view.sender, ROTA_MESSAGE_NEW_VIEW);
    *message = core->new_view;
}

static void own_change_resend(struct rota_core *core, uint32_t peer)
{
    if (core->durable.active || !core->has_change[core->self] || core->changes[core->self].new_view != core->durable.view)
        return;
    struct rota_message *message = rota_core_relay(core, peer, core->self, ROTA_MESSAGE_VIEW_CHANGE);
    message->view_change = &core->changes[core->self];
    message->signature = core->changes[core->self].signature;
}

static void own_suspicion_resend(struct rota_core *core, uint32_t peer)
{
    const struct rota_suspicion_cell *cell = &core->suspects[core->self];
    if (!cell->has || cell->suspect.view != core->durable.view)
        return;
    struct rota_message *message = rota_core_relay(core, peer, core->self, ROTA_MESSAGE_SUSPECT);
    message->suspect = cell->suspect;
    message->signature = cell->signature;
}

/* Our votes of one height that the peer lacks. The primary's PREPARE travels with its block. */
static void votes_resend(struct rota_core *core, uint32_t peer, const struct rota_status_message *status, uint32_t k)
{
    uint64_t height = status->committed + 1 + k;
    const struct rota_own_vote *own = &core->durable.votes[height % ROTA_SLOTS];
    if (height <= core->committed || own->height != height || own->view != core->durable.view ||
        ROTA_BROKEN(lost_votes_are_not_said_again, false, true))
        return;
    struct rota_slot *slot = rota_window_slot(core, height);
    if (!slot)
        return;
    uint32_t self = UINT32_C(1) << core->self;
    bool lacks_block = !(status->blocks >> k & 1);
    bool lacks_prepare = own->prepared && !(status->prepares[k] & self);
    if (own->prepared && rota_core_is_primary(core) && slot->proposed && (lacks_block || lacks_prepare))
        rota_preprepare_say(core, peer, slot);
    else if (lacks_prepare)
        rota_vote_say(core, peer, own, ROTA_VOTE_PREPARE);
    if (own->committed && !(status->commits[k] & self))
        rota_vote_say(core, peer, own, ROTA_VOTE_COMMIT);
}

/* False: this member has had enough for now. It says again what it lacks. */
static bool answer_allowed(struct rota_core *core, uint32_t member)
{
    bool paid = rota_pace(&core->peers[member].status_paid_ms, core->now_ms, ANSWER_PAUSE_MS, ANSWERS_AHEAD);
    return ROTA_BROKEN(status_is_answered_without_end, paid, true);
}

void rota_status_admit(struct rota_core *core, const struct rota_message *message)
{
    const struct rota_status_message *status = &message->status;
    uint32_t peer = message->sender;
    rota_claim_hear(core, peer, status->committed);
    if (status->view > core->durable.view || core->halted)
        return;
    if (status->view < core->durable.view || (!status->active && core->durable.active))
        new_view_pass_on(core, peer);
    if (rota_core_is_silent(core))
        return;
    if (!answer_allowed(core, peer)) {
        core->dropped++;
        return;
    }
    uint32_t self = UINT32_C(1) << core->self;
    if (status->view < core->durable.view || !(status->view_changes & self))
        own_change_resend(core, peer);
    if (status->view != core->durable.view)
        return;
    if (!(status->suspects & self))
        own_suspicion_resend(core, peer);
    if (!status->active || !core->durable.active)
        return;
    for (uint32_t k = 0; k < ROTA_WINDOW; k++)
        votes_resend(core, peer, status, k);
}
