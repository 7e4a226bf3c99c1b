/* Catching up (PROTOCOL C1..C4): always on, beside consensus. A block proves itself by its certificate and its links; a bare
 * claim of a height is worth one bounded probe. */
#include "consensus/state.h"

enum { FETCH_PATIENCE_MS = 400, LAG_PATIENCE_MS = 150 };

void rota_claim_hear(struct rota_core *core, uint32_t peer, uint64_t committed)
{
    core->peers[peer].claimed = committed;
    if (committed > core->committed && core->lag_ms == 0)
        core->lag_ms = core->now_ms;
}

void rota_block_admit(struct rota_core *core, const struct rota_message *message)
{
    const struct rota_block_message *block = &message->block;
    uint64_t height = block->header.height;
    struct rota_slot *slot = rota_window_slot(core, height);
    if (!slot) {
        core->dropped++;
        return;
    }
    if (block->has_certificate)
        rota_window_certify(core, &block->certificate);
    enum rota_slot_source source = ROTA_SLOT_FETCHED;
    if ((uint32_t)__builtin_popcount(rota_window_count(core, slot->prepares, &block->block)) >= core->quorum)
        source = ROTA_SLOT_PREPARED;
    bool placed = rota_window_put(core, &block->header, &block->block, source);
    if (placed && slot->check == ROTA_SLOT_MISSING)
        slot->check = ROTA_SLOT_UNCHECKED; /* the body came with it */
    if (core->fetching && rota_hash_equal(&block->block, &core->fetch_block))
        core->fetching = false; /* a range ends when it is committed */
}

/* Somebody who claims more than we have, after the one we asked last; n when nobody. */
static uint32_t claimant_next(const struct rota_core *core)
{
    for (uint32_t i = 1; i <= core->n; i++) {
        uint32_t peer = (core->fetch_peer + i) % core->n;
        if (peer != core->self && core->peers[peer].claimed > core->committed)
            return peer;
    }
    return core->n;
}

static void fetch_say(struct rota_core *core, uint32_t peer, uint64_t from, uint64_t to, const struct rota_hash *block)
{
    struct rota_action *action = rota_core_emit(core, ROTA_ACTION_FETCH);
    action->fetch.peer = peer;
    action->fetch.from = from;
    action->fetch.to = to;
    if (block)
        action->fetch.block = *block;
    core->fetching = true;
    core->fetch_ms = core->now_ms + FETCH_PATIENCE_MS;
    core->fetch_from = from;
    core->fetch_to = to;
    core->fetch_block = action->fetch.block;
    core->fetch_peer = peer;
}

/* Committed blocks that others have. */
static bool fetch_committed(struct rota_core *core)
{
    uint32_t peer = claimant_next(core);
    if (peer == core->n) {
        core->lag_ms = 0;
        return false;
    }
    uint64_t claimed = core->peers[peer].claimed;
    bool far = claimed - core->committed > core->window;
    if (core->lag_ms == 0)
        core->lag_ms = core->now_ms;
    if (!far && core->now_ms - core->lag_ms < LAG_PATIENCE_MS)
        return false; /* most likely under way already */
    uint64_t to = claimed - core->committed > ROTA_WINDOW ? core->committed + ROTA_WINDOW : claimed;
    fetch_say(core, peer, core->committed + 1, to, NULL);
    return true;
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
        for (uint32_t i = 0; i + core->quorum <= core->n; i++) {
            const struct rota_vote_cell *cell = &slot->prepares[i];
            if (!cell->has || cell->view != core->durable.view)
                continue;
            if (slot->source != ROTA_SLOT_EMPTY && rota_hash_equal(&slot->block, &cell->block))
                continue;
            if ((uint32_t)__builtin_popcount(rota_window_count(core, slot->prepares, &cell->block)) >= core->quorum)
                return &cell->block;
        }
    }
    return NULL;
}

static uint32_t peer_next(const struct rota_core *core)
{
    uint32_t peer = (core->fetch_peer + 1) % core->n;
    return peer == core->self ? (peer + 1) % core->n : peer;
}

void rota_catch_up(struct rota_core *core)
{
    if (core->n == 1 || core->halted)
        return;
    if (core->fetching && core->committed >= core->fetch_to)
        core->fetching = false;
    if (core->fetching && core->now_ms < core->fetch_ms)
        return;
    if (core->fetching) { /* no answer: what was claimed is not believed until it is said again */
        if (core->committed < core->fetch_from)
            core->peers[core->fetch_peer].claimed = core->committed;
        core->fetching = false;
    }
    if (fetch_committed(core))
        return;
    uint64_t height;
    const struct rota_hash *block = missing_block(core, &height);
    if (block)
        fetch_say(core, peer_next(core), height, height, block);
}
