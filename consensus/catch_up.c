/* Catching up (PROTOCOL C1..C6): always on, beside consensus. Short ranges are asked of several peers at once; a block
 * proves itself by its certificate and its links, so whoever sends something else only costs itself. A bare claim of a
 * height is worth one bounded probe. */
#include "consensus/state.h"

enum {
    FETCH_PATIENCE_MS = 400,
    LAG_PATIENCE_MS = 150,
    SHUN_MS = 10000,
    FETCH_RANGE = ROTA_SLOTS / (ROTA_FETCHES + 1), /* all ranges fit into the window, and one more */
};

void rota_claim_hear(struct rota_core *core, uint32_t peer, uint64_t committed)
{
    core->peers[peer].claimed = committed;
    if (committed > core->committed && core->lag_ms == 0)
        core->lag_ms = core->now_ms;
}

/* C6: what it sent cannot be: its claims are forgotten, and it is asked only when there is nobody else. */
void rota_fetch_shun(struct rota_core *core, uint32_t peer)
{
    if (peer >= core->n)
        return;
    core->peers[peer].claimed = core->committed;
    core->peers[peer].shunned_ms = ROTA_BROKEN(wrong_blocks_cost_nothing, core->now_ms + SHUN_MS, 0);
}

/* ---- what comes ----------------------------------------------------------------------------------------------------- */

static bool fetch_asked_for(const struct rota_fetch_track *track, const struct rota_message *message)
{
    const struct rota_block_message *block = &message->block;
    if (!track->active || ROTA_BROKEN(block_counts_from_anybody, track->peer != message->sender, false))
        return false;
    if (!rota_hash_is_zero(&track->block))
        return rota_hash_equal(&track->block, &block->block);
    return block->header.height >= track->from && block->header.height <= track->to + ROTA_SLOTS;
}

/* Which question this block answers, NULL when none: then it needs a certificate of its own. */
static struct rota_fetch_track *fetch_find(struct rota_core *core, const struct rota_message *message)
{
    for (uint32_t i = 0; i <= ROTA_FETCHES; i++)
        if (fetch_asked_for(&core->fetches[i], message))
            return &core->fetches[i];
    return NULL;
}

void rota_block_admit(struct rota_core *core, const struct rota_message *message)
{
    const struct rota_block_message *block = &message->block;
    struct rota_slot *slot = rota_window_slot(core, block->header.height);
    struct rota_fetch_track *track = fetch_find(core, message);
    if (!slot || (!track && !block->has_certificate && !rota_hash_equal(&slot->wanted, &block->block))) {
        core->dropped++;
        return;
    }
    if (block->has_certificate)
        rota_window_certify(core, &block->certificate);
    enum rota_slot_source source = ROTA_SLOT_FETCHED;
    if (rota_window_prepared(core, slot, &block->block) != 0)
        source = ROTA_SLOT_PREPARED;
    bool fresh = slot->source == ROTA_SLOT_EMPTY || slot->check == ROTA_SLOT_MISSING;
    bool placed = rota_window_put(core, &block->header, &block->block, source);
    if (placed && slot->check == ROTA_SLOT_MISSING)
        slot->check = ROTA_SLOT_UNCHECKED; /* the body came with it */
    if (!track)
        return;
    if (placed && fresh && rota_hash_is_zero(&track->block)) { /* a range: its sender says that this is committed */
        slot->brought = true;
        slot->brought_by = message->sender;
        track->deadline_ms = core->now_ms + FETCH_PATIENCE_MS;
    }
}

/* ---- what is asked -------------------------------------------------------------------------------------------------- */

/* Room for one more range; ranges never take the last place, which is for a block by its hash. */
static struct rota_fetch_track *range_place(struct rota_core *core)
{
    for (uint32_t i = 0; i < ROTA_FETCHES; i++)
        if (!core->fetches[i].active)
            return &core->fetches[i];
    return NULL;
}

static bool range_is_owed(const struct rota_core *core, uint32_t peer)
{
    for (uint32_t i = 0; i < ROTA_FETCHES; i++)
        if (core->fetches[i].active && core->fetches[i].peer == peer)
            return true;
    return false;
}

/* Who is asked next: claims this height at least, was not asked lately, owes us no other range; n when nobody. */
static uint32_t claimant_next(const struct rota_core *core, uint64_t height)
{
    uint32_t last_resort = core->n;
    for (uint32_t i = 1; i <= core->n; i++) {
        uint32_t peer = (core->fetch_peer + i) % core->n;
        if (peer == core->self || core->peers[peer].claimed < height || range_is_owed(core, peer))
            continue;
        if (core->peers[peer].shunned_ms <= core->now_ms)
            return peer;
        if (last_resort == core->n)
            last_resort = peer;
    }
    return last_resort;
}

static void fetch_say(struct rota_core *core, struct rota_fetch_track *track, uint32_t peer, uint64_t from, uint64_t to,
                      const struct rota_hash *block)
{
    ROTA_ASSERT(!track->active);
    struct rota_action *action = rota_core_emit(core, ROTA_ACTION_FETCH);
    action->fetch.peer = peer;
    action->fetch.from = from;
    action->fetch.to = to;
    if (block)
        action->fetch.block = *block;
    *track = (struct rota_fetch_track){.active = true,
                                       .peer = peer,
                                       .from = from,
                                       .to = to,
                                       .block = action->fetch.block,
                                       .deadline_ms = core->now_ms + FETCH_PATIENCE_MS};
    core->fetch_peer = peer;
}

static bool track_covers(const struct rota_fetch_track *track, uint64_t height)
{
    return track->active && height >= track->from && height <= track->to;
}

static bool range_covers(const struct rota_core *core, uint64_t height)
{
    for (uint32_t i = 0; i < ROTA_FETCHES; i++)
        if (track_covers(&core->fetches[i], height))
            return true;
    return false;
}

/* Also one whose block is asked for by its hash: what was proposed there may have come to nothing, and nobody has it. */
static bool height_is_open(struct rota_core *core, uint64_t height)
{
    bool by_hash = ROTA_BROKEN(lost_block_hides_its_height, false, track_covers(&core->fetches[ROTA_FETCHES], height));
    return !range_covers(core, height) && !by_hash && rota_window_slot(core, height)->source != ROTA_SLOT_CERTIFIED;
}

/* The next heights that are neither certified here nor asked for, out of what is claimed; false when there are none. */
static bool range_next(struct rota_core *core, uint64_t claimed, uint64_t *out_from, uint64_t *out_to)
{
    uint64_t last = claimed - core->committed > ROTA_SLOTS ? core->committed + ROTA_SLOTS : claimed;
    uint64_t from = core->committed + 1;
    while (from <= last && !height_is_open(core, from))
        from++;
    uint64_t to = from;
    while (to < last && to - from + 1 < FETCH_RANGE && height_is_open(core, to + 1))
        to++;
    *out_from = from;
    *out_to = to;
    return from <= last;
}

static uint64_t claimed_highest(const struct rota_core *core)
{
    uint64_t highest = core->committed;
    for (uint32_t i = 0; i < core->n; i++)
        if (i != core->self && core->peers[i].claimed > highest)
            highest = core->peers[i].claimed;
    return highest;
}

/* Committed blocks that others have. A claim that is close is most likely under way already. */
static void fetch_committed(struct rota_core *core)
{
    uint64_t claimed = claimed_highest(core), from, to;
    if (claimed == core->committed) {
        core->lag_ms = 0;
        return;
    }
    if (core->lag_ms == 0)
        core->lag_ms = core->now_ms;
    if (claimed - core->committed <= core->window && core->now_ms - core->lag_ms < LAG_PATIENCE_MS)
        return;
    struct rota_fetch_track *place;
    while ((place = range_place(core)) != NULL && range_next(core, claimed, &from, &to)) {
        uint32_t peer = claimant_next(core, from);
        if (peer == core->n)
            return;
        fetch_say(core, place, peer, from, to < core->peers[peer].claimed ? to : core->peers[peer].claimed, NULL);
    }
}

/* Which block, by hash, stops the window: its body is missing, or a quorum speaks of a header that we never saw. */
static const struct rota_hash *missing_block(struct rota_core *core, uint64_t *out_height)
{
    for (uint64_t h = core->valid_height + 1; h <= core->committed + ROTA_SLOTS; h++) {
        struct rota_slot *slot = rota_window_slot(core, h);
        *out_height = h;
        if (slot->source >= ROTA_SLOT_PROPOSED && slot->check == ROTA_SLOT_MISSING)
            return &slot->block;
        if (slot->source == ROTA_SLOT_EMPTY && !rota_hash_is_zero(&slot->wanted))
            return &slot->wanted;
        if (slot->source >= ROTA_SLOT_PREPARED)
            continue;
        for (uint32_t i = 0; i + core->prepare_quorum <= core->n; i++) {
            const struct rota_vote_cell *cell = &slot->prepares[i];
            if (!cell->has || cell->view != core->durable.view)
                continue;
            if (slot->source != ROTA_SLOT_EMPTY && rota_hash_equal(&slot->block, &cell->block))
                continue;
            if (rota_window_prepared(core, slot, &cell->block) != 0)
                return &cell->block;
        }
    }
    return NULL;
}

/* The one after who was asked last; who sent what cannot be only when there is nobody else. */
static uint32_t peer_next(const struct rota_core *core)
{
    uint32_t next = (core->fetch_peer + 1) % core->n;
    if (next == core->self)
        next = (next + 1) % core->n;
    for (uint32_t i = 0; i < core->n; i++) {
        uint32_t peer = (next + i) % core->n;
        if (peer != core->self && core->peers[peer].shunned_ms <= core->now_ms)
            return peer;
    }
    return next;
}

static void fetch_missing(struct rota_core *core)
{
    uint64_t height;
    struct rota_fetch_track *place = &core->fetches[ROTA_FETCHES];
    const struct rota_hash *block = place->active ? NULL : missing_block(core, &height);
    if (block && !range_covers(core, height))
        fetch_say(core, place, peer_next(core), height, height, block);
}

/* ---- what becomes of it --------------------------------------------------------------------------------------------- */

static bool track_is_done(struct rota_core *core, const struct rota_fetch_track *track)
{
    if (!rota_hash_is_zero(&track->block)) {
        const struct rota_slot *slot = rota_window_slot(core, track->from);
        return !slot || (slot->source != ROTA_SLOT_EMPTY && slot->check != ROTA_SLOT_MISSING &&
                         rota_hash_equal(&slot->block, &track->block));
    }
    for (uint64_t h = track->from > core->committed ? track->from : core->committed + 1; h <= track->to; h++) {
        const struct rota_slot *slot = rota_window_slot(core, h);
        if (!slot || slot->source != ROTA_SLOT_CERTIFIED)
            return false;
    }
    return true;
}

/* No answer, or none that proves itself: what was claimed is not believed until it is said again, and what it brought makes
 * room for what others bring. */
static void track_give_up(struct rota_core *core, const struct rota_fetch_track *track)
{
    if (ROTA_BROKEN(claims_stand_for_ever, true, false))
        core->peers[track->peer].claimed = core->committed;
    for (uint64_t h = track->from; h <= track->to; h++) {
        struct rota_slot *slot = rota_window_slot(core, h);
        if (slot && slot->source == ROTA_SLOT_FETCHED && slot->brought && slot->brought_by == track->peer)
            rota_window_clear(core, slot);
    }
}

static void tracks_settle(struct rota_core *core)
{
    for (uint32_t i = 0; i <= ROTA_FETCHES; i++) {
        struct rota_fetch_track *track = &core->fetches[i];
        if (!track->active)
            continue;
        bool done = track_is_done(core, track);
        if (!done && core->now_ms < track->deadline_ms)
            continue;
        if (!done)
            track_give_up(core, track);
        track->active = false;
    }
}

/* When patience with somebody ends; 0: nobody is asked. */
uint64_t rota_catch_up_deadline(const struct rota_core *core)
{
    uint64_t deadline_ms = 0;
    for (uint32_t i = 0; i <= ROTA_FETCHES; i++) {
        const struct rota_fetch_track *track = &core->fetches[i];
        if (track->active && (deadline_ms == 0 || track->deadline_ms < deadline_ms))
            deadline_ms = track->deadline_ms;
    }
    if (deadline_ms == 0 && core->lag_ms != 0)
        deadline_ms = core->lag_ms + LAG_PATIENCE_MS;
    return deadline_ms;
}

void rota_catch_up(struct rota_core *core)
{
    if (core->n == 1 || core->halted)
        return;
    tracks_settle(core);
    fetch_missing(core);
    fetch_committed(core);
}
