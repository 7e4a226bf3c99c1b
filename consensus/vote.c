/* Checking and preparing (PROTOCOL N3, N4, V10): a block is executed before it is voted on, and the PREPAREs of one view
 * form one chain. */
#include "consensus/state.h"

/* Our vote record of a height in this view, emptied when it is of another. */
struct rota_own_vote *rota_vote_own(struct rota_core *core, uint64_t height)
{
    struct rota_own_vote *own = &core->durable.votes[height % ROTA_SLOTS];
    if (own->height != height || own->view != core->durable.view)
        *own = (struct rota_own_vote){.height = height, .view = core->durable.view, .nv = core->durable.nv};
    return own;
}

void rota_vote_say(struct rota_core *core, uint32_t to, const struct rota_own_vote *own, enum rota_vote_kind kind)
{
    enum rota_message_kind message_kind = kind == ROTA_VOTE_PREPARE ? ROTA_MESSAGE_PREPARE : ROTA_MESSAGE_COMMIT;
    struct rota_message *message = rota_core_say(core, to, message_kind);
    message->vote =
        (struct rota_vote){.kind = kind, .view = own->view, .nv = own->nv, .height = own->height, .block = own->block};
}

/* Which block is to be checked next: the first of the window that is linked and not yet executed. */
static struct rota_slot *check_candidate(struct rota_core *core)
{
    struct rota_slot *slot = rota_window_slot(core, core->valid_height + 1);
    if (ROTA_BROKEN(block_above_config_checked, rota_window_ends_epoch(core),
                    false)) { /* M6: whoever proposes above a CONFIG block in flight is no correct primary */
        if (slot && slot->source == ROTA_SLOT_PROPOSED)
            rota_suspect_say(core, ROTA_SUSPECT_INVALID);
        return NULL;
    }
    if (!slot || slot->source < ROTA_SLOT_PROPOSED || !rota_window_is_linked(core, slot))
        return NULL;
    return slot;
}

/* An untimely block is asked about again: without the time rule once others vouch for it, with it after a while. */
static bool check_is_due(struct rota_core *core, struct rota_slot *slot)
{
    if (slot->check == ROTA_SLOT_UNCHECKED)
        return true;
    if (slot->check != ROTA_SLOT_UNTIMELY)
        return false;
    bool vouched =
        slot->source == ROTA_SLOT_CERTIFIED || (!core->crash_profile && rota_window_prepared(core, slot, &slot->block) != 0);
    if (vouched)
        slot->judge_time = false;
    return vouched || (core->untimely_ms != 0 && core->now_ms >= core->untimely_ms);
}

void rota_vote_check_next(struct rota_core *core)
{
    struct rota_slot *slot = check_candidate(core);
    if (!slot || core->halted || !check_is_due(core, slot))
        return;
    slot->check = ROTA_SLOT_ASKED;
    core->untimely_ms = 0;
    struct rota_action *action = rota_core_emit(core, ROTA_ACTION_CHECK);
    action->check.block = slot->block;
    action->check.height = slot->height;
    action->check.parent = slot->header.prev_hash;
    action->check.anchor = rota_core_anchor(core);
    action->check.judge_time = ROTA_BROKEN(block_of_any_time, slot->judge_time, false) && slot->source == ROTA_SLOT_PROPOSED;
}

/* A block that cannot be: its primary is suspected; if a quorum certified it, it is we who are wrong. */
static void checked_invalid(struct rota_core *core, struct rota_slot *slot)
{
    slot->check = ROTA_SLOT_INVALID;
    if (slot->source == ROTA_SLOT_CERTIFIED)
        rota_core_halt(core, "a quorum certified a block that this replica finds invalid: its own state may be damaged");
    else
        rota_suspect_say(core, ROTA_SUSPECT_INVALID);
}

void rota_vote_checked(struct rota_core *core, const struct rota_event *event)
{
    struct rota_slot *slot = rota_window_slot(core, event->checked.height);
    if (!slot || slot->source == ROTA_SLOT_EMPTY || !rota_hash_equal(&slot->block, &event->checked.block))
        return;
    if (slot->check != ROTA_SLOT_ASKED)
        return;
    switch (event->checked.verdict) {
    case ROTA_CHECK_VALID:
        slot->check = ROTA_SLOT_VALID;
        slot->ends_epoch = event->checked.ends_epoch;
        slot->floors = event->checked.floors;
        rota_floors_learn(core, &slot->floors);
        if (slot->height == core->valid_height + 1 && rota_window_is_linked(core, slot))
            core->valid_height = slot->height;
        else
            slot->check = ROTA_SLOT_UNCHECKED; /* the chain under it moved meanwhile */
        break;
    case ROTA_CHECK_INVALID:
        checked_invalid(core, slot);
        break;
    case ROTA_CHECK_UNTIMELY:
        slot->check = ROTA_SLOT_UNTIMELY;
        core->untimely_ms = core->now_ms + 50;
        break;
    case ROTA_CHECK_MISSING:
        slot->check = ROTA_SLOT_MISSING; /* C6: who brought the header need not have sent this body */
        if (ROTA_BROKEN(foreign_bodies_cost_nothing, event->checked.foreign, false))
            rota_fetch_shun(core, event->checked.brought_by);
        slot->brought = false;
        break;
    }
}

/* Everything that the vote rests on must be on disk with it: the blocks down to the ledger. */
static void vote_save_blocks(struct rota_core *core, uint64_t height)
{
    for (uint64_t h = core->committed + 1; h <= height; h++) {
        struct rota_slot *slot = rota_window_slot(core, h);
        ROTA_ASSERT(slot->check == ROTA_SLOT_VALID);
        if (slot->saved)
            continue;
        struct rota_action *action = rota_core_emit(core, ROTA_ACTION_SAVE_BLOCK);
        action->check.block = slot->block;
        action->check.height = slot->height;
        action->check.parent = slot->header.prev_hash;
        slot->saved = true;
    }
}

/* Our PREPARE, and with it the chain of this view. In the crash profile only the primary says it (P1). */
static void vote_cast(struct rota_core *core, const struct rota_slot *slot)
{
    if (core->crash_profile && !rota_core_is_primary(core)) {
        core->voted_height = slot->height;
        core->voted_block = slot->block;
        return;
    }
    struct rota_own_vote *own = rota_vote_own(core, slot->height);
    ROTA_ASSERT(!own->prepared || rota_hash_equal(&own->block, &slot->block));
    own->prepared = true;
    own->block = slot->block;
    core->voted_height = slot->height;
    core->voted_block = slot->block;
    if (ROTA_BROKEN(prepare_before_block_saved, true, slot->height % 16 != 0))
        vote_save_blocks(core, slot->height);
    if (ROTA_BROKEN(prepare_before_saved, true, false))
        rota_core_save(core);
    rota_vote_say(core, ROTA_TO_ALL, own, ROTA_VOTE_PREPARE);
}

void rota_vote_mute_if_crossed(struct rota_core *core, const struct rota_slot *slot)
{
    struct rota_own_vote *own = &core->durable.votes[slot->height % ROTA_SLOTS];
    if (own->height != slot->height || own->view != core->durable.view || !own->prepared)
        return;
    if (ROTA_BROKEN(crossed_vote_goes_on, rota_hash_equal(&own->block, &slot->block), true))
        return;
    own->prepared = false; /* not to be said again; what was said stands */
    own->crossed = true;
    core->muted = true;
}

/* V10: the first PREPARE of a new view is for the tip of the re-proposed chain, never for a lower height. */
static bool vote_tip(struct rota_core *core)
{
    if (core->committed >= core->durable.tip_height) {
        core->tip_pending = false;
        return true;
    }
    if (core->muted || core->valid_height < core->durable.tip_height)
        return false;
    struct rota_slot *slot = rota_window_slot(core, core->durable.tip_height);
    if (!rota_hash_equal(&slot->block, &core->durable.tip))
        return false;
    core->tip_pending = false;
    vote_cast(core, slot);
    return true;
}

bool rota_vote_prepare(struct rota_core *core)
{
    if (!core->durable.active || core->view_is_void || rota_core_is_silent(core))
        return false;
    if (core->tip_pending)
        return vote_tip(core);
    uint64_t height = core->voted_height + 1;
    if (core->muted || height > core->committed + ROTA_BROKEN(window_ignored, core->window, ROTA_SLOTS) ||
        height > core->valid_height)
        return false;
    struct rota_slot *slot = rota_window_slot(core, height);
    if (!ROTA_BROKEN(tip_prepared_last, slot->proposed, true) ||
        !rota_hash_equal(&slot->header.prev_hash, &core->voted_block))
        return false;
    vote_cast(core, slot);
    return true;
}
