/* Proposing (PROTOCOL N1, N2): the primary builds on its own latest vote; a pre-prepare is the primary's PREPARE plus the
 * block. */
#include "consensus/state.h"

/* What stands above our latest vote is settled, or being checked: the view is over for us, and a block built beside it would
 * take its place on the executed chain. */
static bool propose_is_overtaken(const struct rota_core *core)
{
    const struct rota_slot *slot = &core->slots[(core->voted_height + 1) % ROTA_SLOTS];
    return slot->height == core->voted_height + 1 &&
           (!rota_hash_is_zero(&slot->wanted) || slot->source >= ROTA_SLOT_PREPARED || slot->check == ROTA_SLOT_ASKED);
}

/* H6: a member waits for a commit in this view, and nothing else is there to be ordered. */
static bool propose_helps(const struct rota_core *core)
{
    if (core->helped || core->durable.view == 0 || core->voted_height != core->committed ||
        (core->has_committed_certificate && core->committed_certificate.vote.view == core->durable.view))
        return false;
    for (uint32_t i = 0; i < core->n; i++)
        if (core->greetings[i].recovering && core->greetings[i].recover_view < core->durable.view)
            return true;
    return false;
}

/* H5: a member waits for its word to be in the ledger, and nothing else is there to be ordered. */
static bool propose_words(const struct rota_core *core)
{
    return core->voted_height == core->committed && core->now_ms >= core->words_ms && rota_words_wanted(core, NULL) > 0;
}

/* T11: nothing else is there to be ordered, and nothing in flight. */
static bool propose_ticks(const struct rota_core *core)
{
    return core->voted_height == core->committed && core->now_ms >= core->tick_again_ms &&
           ROTA_BROKEN(tick_before_it_is_due, rota_tick_is_due(core, 0), core->timers.tick_ms != 0);
}

/* Latency first: at once when nothing is in flight, else only a full block. */
static bool propose_is_due(struct rota_core *core)
{
    if (!core->durable.active || core->muted || core->view_is_void || core->building || rota_core_is_silent(core))
        return false;
    if (ROTA_BROKEN(tip_prepared_last, core->tip_pending, core->voted_height < core->durable.tip_height))
        return false;
    if (!rota_core_is_primary(core) || propose_is_overtaken(core) ||
        (core->waiting == 0 && !propose_helps(core) && !propose_words(core) && !propose_ticks(core)))
        return false;
    if (ROTA_BROKEN(block_above_config_proposed, rota_window_ends_epoch(core), false))
        return false;
    uint64_t in_flight = core->voted_height - core->committed;
    if (in_flight >= ROTA_BROKEN(window_ignored, core->window, ROTA_SLOTS) || core->valid_height < core->voted_height)
        return false;
    const struct rota_slot *next = rota_window_slot(core, core->voted_height + 1);
    if (next->source >= ROTA_SLOT_PROPOSED || !rota_hash_is_zero(&next->wanted))
        return false; /* another block stands here already, from a view that left us behind */
    return in_flight == 0 || core->waiting_full;
}

static uint64_t propose_parent_time(struct rota_core *core)
{
    if (core->voted_height == core->committed)
        return core->committed_time_ms;
    return rota_window_slot(core, core->voted_height)->header.time_ms;
}

void rota_propose(struct rota_core *core)
{
    ROTA_ASSERT(!core->durable.active || core->voted_height >= core->committed);
    if (!propose_is_due(core))
        return;
    struct rota_action *action = rota_core_emit(core, ROTA_ACTION_BUILD);
    action->build.parent = core->voted_block;
    action->build.height = core->voted_height + 1;
    action->build.after_ms = propose_parent_time(core);
    action->build.anchor = rota_core_anchor(core);
    action->build.recovered = core->words;
    action->build.recovered_count = rota_words_wanted(core, core->words);
    action->build.bare = core->waiting == 0 || action->build.recovered_count > 0;
    core->words_ms = core->now_ms + core->timers.heartbeat_ms;
    if (core->waiting == 0 && propose_ticks(core)) {
        action->build.tick = true;
        action->build.after_ms += ROTA_BROKEN(tick_before_it_is_due, core->timers.tick_ms - 1, 0);
        core->tick_again_ms = core->now_ms + core->timers.heartbeat_ms;
    }
    core->building = true;
    core->helped |= action->build.bare;
}

void rota_preprepare_say(struct rota_core *core, uint32_t to, const struct rota_slot *slot)
{
    struct rota_message *message = rota_core_say(core, to, ROTA_MESSAGE_PREPREPARE);
    message->preprepare.view = core->durable.view;
    message->preprepare.nv = core->durable.nv;
    message->preprepare.header = slot->header;
    message->preprepare.block = slot->block;
}

void rota_propose_built(struct rota_core *core, const struct rota_event *event)
{
    if (!core->building)
        return;
    core->building = false;
    if (rota_core_is_silent(core))
        return;
    if (event->built.empty) {
        core->waiting = 0;
        core->waiting_full = false;
        return;
    }
    core->helped = true; /* a commit of this view follows, or nothing does */
    const struct rota_header *header = &event->built.header;
    if (header->height != core->voted_height + 1 || !rota_hash_equal(&header->prev_hash, &core->voted_block))
        return; /* the chain moved while the node was building */
    if (!rota_window_put(core, header, &event->built.block, ROTA_SLOT_PROPOSED))
        return; /* a certificate wants another block here: the view is over for us */
    struct rota_slot *slot = rota_window_slot(core, header->height);
    slot->check = ROTA_SLOT_VALID;
    slot->proposed = slot->saved = true;
    slot->ends_epoch = event->built.ends_epoch;
    slot->ticks = event->built.ticks;
    slot->floors = event->built.floors;
    rota_floors_learn(core, &slot->floors);
    core->valid_height = header->height;
    core->voted_height = header->height;
    core->voted_block = event->built.block;
    core->waiting_full = false;
    struct rota_own_vote *own = rota_vote_own(core, header->height);
    own->prepared = true;
    own->block = event->built.block;
    struct rota_action *save = rota_core_emit(core, ROTA_ACTION_SAVE_BLOCK);
    save->check.block = slot->block;
    save->check.height = slot->height;
    save->check.parent = header->prev_hash;
    rota_core_save(core);
    rota_preprepare_say(core, ROTA_TO_ALL, slot);
    core->heartbeat_ms = core->now_ms + core->timers.heartbeat_ms;
}

void rota_preprepare_admit(struct rota_core *core, const struct rota_message *message)
{
    const struct rota_preprepare *preprepare = &message->preprepare;
    struct rota_vote vote = rota_preprepare_vote(preprepare);
    rota_window_vote(core, message->sender, &vote, &message->signature);
    if (!core->durable.active || preprepare->view != core->durable.view ||
        !rota_hash_equal(&preprepare->nv, &core->durable.nv)) {
        core->dropped++;
        return;
    }
    if (!rota_window_put(core, &preprepare->header, &preprepare->block, ROTA_SLOT_PROPOSED)) {
        core->dropped++;
        return;
    }
    struct rota_slot *slot = rota_window_slot(core, preprepare->header.height);
    if (slot->check == ROTA_SLOT_MISSING)
        slot->check = ROTA_SLOT_UNCHECKED; /* this message brought the body */
    if (!slot->proposed)
        rota_peer_hear(core, message->sender);
    if (!slot->proposed && message->sender != core->self)
        slot->judge_time = slot->source == ROTA_SLOT_PROPOSED;
    slot->proposed = true;
}
