/* The bounded memory of the core: one slot for each height that is in reach, one cell for each member and phase. There is no
 * map keyed by a number that a peer can choose (PROTOCOL A2). */
#include "consensus/state.h"

struct rota_slot *rota_window_slot(struct rota_core *core, uint64_t height)
{
    if (height <= core->committed || height - core->committed > ROTA_SLOTS)
        return NULL;
    struct rota_slot *slot = &core->slots[height % ROTA_SLOTS];
    if (slot->height != height) {
        memset(slot, 0, sizeof *slot);
        slot->height = height;
    }
    return slot;
}

bool rota_window_is_linked(struct rota_core *core, const struct rota_slot *slot)
{
    ROTA_ASSERT(slot->height > core->committed);
    if (slot->source == ROTA_SLOT_EMPTY || ROTA_BROKEN(links_unchecked, false, true))
        return slot->source != ROTA_SLOT_EMPTY;
    if (slot->height == core->committed + 1)
        return rota_hash_equal(&slot->header.prev_hash, &core->committed_block) &&
               slot->header.time_ms > core->committed_time_ms;
    const struct rota_slot *parent = rota_window_slot(core, slot->height - 1);
    return parent->source != ROTA_SLOT_EMPTY && rota_hash_equal(&slot->header.prev_hash, &parent->block) &&
           slot->header.time_ms > parent->header.time_ms;
}

bool rota_window_ends_epoch(const struct rota_core *core)
{
    return core->valid_height > core->committed && core->slots[core->valid_height % ROTA_SLOTS].ends_epoch;
}

/* The executed chain ends below this height: what was checked above it has to be checked again. */
static void window_lower(struct rota_core *core, uint64_t height)
{
    for (; core->valid_height >= height; core->valid_height--)
        core->slots[core->valid_height % ROTA_SLOTS].check = ROTA_SLOT_UNCHECKED;
    ROTA_ASSERT(core->valid_height >= core->committed);
}

static void slot_fill(struct rota_core *core, struct rota_slot *slot, const struct rota_header *header,
                      const struct rota_hash *block, enum rota_slot_source source)
{
    window_lower(core, slot->height);
    slot->header = *header;
    slot->block = *block;
    slot->source = source;
    slot->check = ROTA_SLOT_UNCHECKED;
    slot->proposed = slot->judge_time = slot->saved = slot->locked = slot->ends_epoch = slot->ticks = slot->brought = false;
}

void rota_window_clear(struct rota_core *core, struct rota_slot *slot)
{
    window_lower(core, slot->height);
    slot->source = ROTA_SLOT_EMPTY;
    slot->check = ROTA_SLOT_UNCHECKED;
    slot->proposed = slot->saved = slot->locked = slot->ticks = slot->brought = false;
}

/* Below a certified block everything is certified: its parent's hash is what must stand under it. */
static void slot_want_parent(struct rota_core *core, const struct rota_slot *slot)
{
    rota_window_want(core, slot->height - 1, &slot->header.prev_hash);
}

/* Whatever was found about it before: if a quorum stands for it, it is looked at once more (PROTOCOL C4). */
static void slot_certify(struct rota_slot *slot)
{
    slot->source = ROTA_SLOT_CERTIFIED;
    if (ROTA_BROKEN(verdict_before_a_certificate_stays, slot->check == ROTA_SLOT_INVALID, false))
        slot->check = ROTA_SLOT_UNCHECKED;
}

bool rota_window_put(struct rota_core *core, const struct rota_header *header, const struct rota_hash *block,
                     enum rota_slot_source source)
{
    struct rota_slot *slot = rota_window_slot(core, header->height);
    if (!slot || ROTA_BROKEN(window_without_slack, false, header->height > core->committed + core->window))
        return false;
    bool wanted = !rota_hash_is_zero(&slot->wanted);
    if (wanted && !rota_hash_equal(&slot->wanted, block))
        return false;
    if (wanted)
        source = ROTA_SLOT_CERTIFIED;
    if (slot->source != ROTA_SLOT_EMPTY && rota_hash_equal(&slot->block, block)) {
        if (source == ROTA_SLOT_CERTIFIED)
            slot_certify(slot);
        else if (source > slot->source)
            slot->source = source;
    } else if (ROTA_BROKEN(second_proposal_replaces_first, source > slot->source, source >= slot->source)) {
        slot_fill(core, slot, header, block, source);
        rota_accuse_chains(core);
    } else {
        return false;
    }
    if (slot->source == ROTA_SLOT_CERTIFIED)
        slot_want_parent(core, slot);
    return true;
}

static const char window_two_histories[] = "two certified histories: more members lie than the ledger tolerates";

void rota_window_want(struct rota_core *core, uint64_t height, const struct rota_hash *block)
{
    /* A loop, not a recursion: want, and go down while the headers are known. */
    struct rota_hash hash = *block;
    for (struct rota_slot *slot = rota_window_slot(core, height); slot; slot = rota_window_slot(core, --height)) {
        if (rota_hash_equal(&slot->wanted, &hash))
            return;
        if (!rota_hash_is_zero(&slot->wanted) ||
            (slot->certified && !rota_hash_equal(&slot->certificate.vote.block, &hash))) {
            rota_core_halt(core, window_two_histories);
            return;
        }
        slot->wanted = hash;
        if (slot->source != ROTA_SLOT_EMPTY && !rota_hash_equal(&slot->block, &hash)) {
            if (slot->source == ROTA_SLOT_FETCHED && slot->brought)
                rota_fetch_shun(core, slot->brought_by);
            if (ROTA_BROKEN(wrong_block_keeps_its_place, true, false))
                rota_window_clear(core, slot);
        }
        if (slot->source == ROTA_SLOT_EMPTY)
            return;
        slot_certify(slot);
        hash = slot->header.prev_hash;
    }
    if (height == core->committed && !rota_hash_equal(&hash, &core->committed_block))
        rota_core_halt(core, window_two_histories);
}

void rota_window_certify(struct rota_core *core, const struct rota_certificate *certificate)
{
    struct rota_slot *slot = rota_window_slot(core, certificate->vote.height);
    if (!slot || certificate->vote.kind != ROTA_VOTE_COMMIT)
        return;
    if (slot->certified && !rota_hash_equal(&slot->certificate.vote.block, &certificate->vote.block)) {
        rota_core_halt(core, "two commit certificates for one height: more members lie than the ledger tolerates");
        return;
    }
    slot->certified = true;
    slot->certificate = *certificate;
    rota_window_want(core, slot->height, &certificate->vote.block);
}

/* N11: this member prepares something else than the primary told us. Whoever of the two lies, it hears the primary's word
 * as we have it, once for each height. */
static void window_show_primary(struct rota_core *core, const struct rota_slot *slot, uint32_t member)
{
    uint32_t primary = rota_primary(core->membership, core->durable.view);
    const struct rota_vote_cell *told = &slot->prepares[primary], *theirs = &slot->prepares[member];
    if (primary == core->self || member == core->self || member == primary || !told->has || !theirs->has)
        return;
    if (told->view != core->durable.view || theirs->view != core->durable.view ||
        rota_hash_equal(&told->block, &theirs->block))
        return;
    struct rota_message *message = rota_core_relay(core, member, primary, ROTA_MESSAGE_PREPARE);
    message->signature = told->signature;
    message->vote = (struct rota_vote){
        .kind = ROTA_VOTE_PREPARE, .view = told->view, .nv = told->nv, .height = slot->height, .block = told->block};
}

static void window_compare(struct rota_core *core, const struct rota_slot *slot, uint32_t member)
{
    bool all = member == rota_primary(core->membership, core->durable.view);
    for (uint32_t i = all ? 0 : member; i < (all ? core->n : member + 1); i++)
        window_show_primary(core, slot, i);
}

void rota_window_vote(struct rota_core *core, uint32_t member, const struct rota_vote *vote,
                      const struct rota_signature *signature)
{
    ROTA_ASSERT(member < core->n);
    struct rota_slot *slot = rota_window_slot(core, ROTA_BROKEN(votes_of_any_height, vote->height, core->committed + 1));
    if (vote->kind == ROTA_VOTE_COMMIT)
        rota_accuse_commit(core, member, vote, signature);
    if (!slot || vote->view < core->durable.view) {
        core->dropped++;
        return;
    }
    struct rota_vote_cell *cell = vote->kind == ROTA_VOTE_PREPARE ? &slot->prepares[member] : &slot->commits[member];
    if (cell->has && cell->view > vote->view) {
        core->dropped++;
        return;
    }
    if (cell->has && cell->view == vote->view) {
        bool same = rota_hash_equal(&cell->block, &vote->block) && rota_hash_equal(&cell->nv, &vote->nv);
        if (ROTA_BROKEN(two_votes_not_accused, !same, false))
            rota_accuse_vote(core, member, cell, vote, signature);
        return;
    }
    *cell = (struct rota_vote_cell){true, vote->view, vote->nv, vote->block, *signature};
    if (ROTA_BROKEN(two_stories_are_not_compared, vote->kind == ROTA_VOTE_PREPARE, false))
        window_compare(core, slot, member);
    rota_accuse_chain(core, member, vote->kind);
}

uint32_t rota_window_count(const struct rota_core *core, const struct rota_vote_cell cells[ROTA_MEMBERS_MAX],
                           const struct rota_hash *block)
{
    uint32_t members = 0;
    for (uint32_t i = 0; i < core->n; i++) {
        const struct rota_vote_cell *cell = &cells[i];
        bool of_view = cell->view == core->durable.view &&
                       ROTA_BROKEN(votes_of_any_nv, rota_hash_equal(&cell->nv, &core->durable.nv), true);
        if (cell->has && ROTA_BROKEN(votes_of_any_view, of_view, true) &&
            ROTA_BROKEN(votes_of_any_block, rota_hash_equal(&cell->block, block), true))
            members |= UINT32_C(1) << i;
    }
    return members;
}

uint32_t rota_window_prepared(const struct rota_core *core, const struct rota_slot *slot, const struct rota_hash *block)
{
    uint32_t members = rota_window_count(core, slot->prepares, block);
    if (core->crash_profile)
        members &= UINT32_C(1) << rota_primary(core->membership, core->durable.view);
    uint32_t needed = ROTA_BROKEN(prepared_by_those_who_answer, core->prepare_quorum, core->crash_profile ? 1 : core->join);
    return (uint32_t)__builtin_popcount(members) >= needed ? members : 0;
}

void rota_window_new_view(struct rota_core *core)
{
    for (uint32_t i = 0; i < ROTA_SLOTS; i++) {
        struct rota_slot *slot = &core->slots[i];
        slot->proposed = slot->locked = slot->saved = slot->judge_time = slot->ends_epoch = slot->ticks = false;
        slot->check = ROTA_SLOT_UNCHECKED;
        if (slot->source != ROTA_SLOT_CERTIFIED)
            slot->source = ROTA_SLOT_EMPTY;
    }
    core->valid_height = core->committed;
    core->building = false;
    core->untimely_ms = 0;
}
