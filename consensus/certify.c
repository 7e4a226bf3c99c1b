/* Quorums (PROTOCOL N5, N6, N7): a prepare certificate is the lock and allows COMMIT; a commit certificate ends the matter,
 * for its block and every ancestor. */
#include "consensus/state.h"

static const char committed_another[] =
    "a quorum committed another block than a quorum prepared: more members lie than the ledger tolerates";

/* The certificate that these cells hold for a block: the first so many members in ascending order. */
static void certificate_form(const struct rota_core *core, struct rota_certificate *out, enum rota_vote_kind kind,
                             const struct rota_slot *slot, const struct rota_hash *block, uint32_t members)
{
    const struct rota_vote_cell *cells = kind == ROTA_VOTE_PREPARE ? slot->prepares : slot->commits;
    memset(out, 0, sizeof *out);
    out->vote = (struct rota_vote){
        .kind = kind, .view = core->durable.view, .nv = core->durable.nv, .height = slot->height, .block = *block};
    out->epoch = core->membership->epoch;
    uint32_t taken = 0, needed = kind == ROTA_VOTE_PREPARE ? core->prepare_quorum : core->quorum;
    for (uint32_t i = 0; i < core->n && taken < needed; i++) {
        if (!(members >> i & 1))
            continue;
        out->signers |= UINT32_C(1) << i;
        out->signatures[taken++] = cells[i].signature;
    }
    ROTA_ASSERT(taken == needed);
}

void rota_certify_best(struct rota_core *core, const struct rota_certificate *certificate)
{
    struct rota_durable *durable = &core->durable;
    if (durable->has_best && !rota_certificate_higher(certificate, &durable->best))
        return;
    durable->has_best = true;
    durable->best = *certificate;
    durable->best_header_count = 0;
    for (uint64_t h = core->committed + 1; h <= certificate->vote.height; h++) {
        const struct rota_slot *slot = rota_window_slot(core, h);
        ROTA_ASSERT(slot && slot->source != ROTA_SLOT_EMPTY);
        durable->best_headers[durable->best_header_count++] = slot->header;
    }
}

/* We said COMMIT to another block of this height, in this view or a later one. */
static bool commit_was_for_another(const struct rota_core *core, uint64_t height, const struct rota_hash *block,
                                   uint64_t view)
{
    const struct rota_own_vote *own = &core->durable.votes[height % ROTA_SLOTS];
    return own->height == height && own->view >= view && own->committed && !rota_hash_equal(&own->block, block);
}

/* N10: would COMMIT for this block leave the chain of what we said COMMIT to in this view? */
static bool lock_leaves_chain(const struct rota_core *core, const struct rota_slot *slot)
{
    const struct rota_durable *durable = &core->durable;
    for (uint64_t h = core->committed + 1; h <= slot->height; h++)
        if (commit_was_for_another(core, h, &core->slots[h % ROTA_SLOTS].block, durable->view))
            return true;
    if (!durable->has_best || durable->best.vote.view != durable->view || durable->best.vote.height <= slot->height)
        return false;
    uint64_t at = slot->height - core->committed - 1;
    if (at >= durable->best_header_count)
        return false;
    struct rota_hash there = rota_header_hash(&durable->best_headers[at]);
    return !rota_hash_equal(&there, &slot->block);
}

/* P2, N6: the lock is durable before COMMIT is said. Also a muted replica commits: it only needs to store the lock. */
static void lock_and_commit(struct rota_core *core, struct rota_slot *slot, uint32_t members)
{
    struct rota_certificate certificate;
    if (lock_leaves_chain(core, slot)) {
        rota_core_halt(core,
                       "two prepare certificates of one view that exclude each other: more members lie than the ledger "
                       "tolerates");
        return;
    }
    certificate_form(core, &certificate, ROTA_VOTE_PREPARE, slot, &slot->block, members);
    slot->locked = true;
    if (ROTA_BROKEN(crash_profile_without_lock, true, !core->crash_profile))
        rota_certify_best(core, &certificate);
    for (uint64_t h = core->committed + 1; h <= slot->height; h++) {
        struct rota_slot *below = rota_window_slot(core, h);
        if (below->saved)
            continue;
        struct rota_action *action = rota_core_emit(core, ROTA_ACTION_SAVE_BLOCK);
        action->check.block = below->block;
        action->check.height = below->height;
        action->check.parent = below->header.prev_hash;
        below->saved = true;
    }
    rota_vote_mute_if_crossed(core, slot);
    struct rota_own_vote *own = rota_vote_own(core, slot->height);
    own->committed = true;
    own->block = slot->block;
    if (ROTA_BROKEN(commit_before_saved, true, false))
        rota_core_save(core);
    rota_vote_say(core, ROTA_TO_ALL, own, ROTA_VOTE_COMMIT);
}

bool rota_certify_prepared(struct rota_core *core)
{
    if (!core->durable.active || core->view_is_void || rota_core_is_silent(core))
        return false;
    bool any = false;
    for (uint64_t h = core->committed + 1; h <= core->valid_height; h++) {
        struct rota_slot *slot = rota_window_slot(core, h);
        if (slot->locked)
            continue;
        uint32_t members = rota_window_prepared(core, slot, &slot->block);
        if (members == 0)
            continue;
        lock_and_commit(core, slot, members);
        any = true;
    }
    return any;
}

/* The block that a quorum of these cells agrees on, whatever header we hold. Q of n cells: at most one such block. */
static const struct rota_hash *quorum_block(const struct rota_core *core,
                                            const struct rota_vote_cell cells[ROTA_MEMBERS_MAX], uint32_t *out_members)
{
    for (uint32_t i = 0; i + core->quorum <= core->n; i++) {
        if (!cells[i].has || cells[i].view != core->durable.view)
            continue;
        *out_members = rota_window_count(core, cells, &cells[i].block);
        if ((uint32_t)__builtin_popcount(*out_members) >=
            ROTA_BROKEN(committed_by_those_who_answer, core->quorum, core->join))
            return &cells[i].block;
    }
    return NULL;
}

void rota_certify_committed(struct rota_core *core)
{
    if (!core->durable.active || core->halted)
        return;
    for (uint64_t h = core->committed + 1; h <= core->committed + ROTA_SLOTS; h++) {
        struct rota_slot *slot = rota_window_slot(core, h);
        if (slot->certified)
            continue;
        uint32_t members;
        const struct rota_hash *block = quorum_block(core, slot->commits, &members);
        if (!block)
            continue;
        struct rota_certificate certificate;
        struct rota_hash hash = *block;
        certificate_form(core, &certificate, ROTA_VOTE_COMMIT, slot, &hash, members);
        rota_window_certify(core, &certificate);
    }
}

/* The lock's headers start above the ledger. */
static void best_trim(struct rota_core *core)
{
    struct rota_durable *durable = &core->durable;
    uint32_t drop = 0;
    while (drop < durable->best_header_count && durable->best_headers[drop].height <= core->committed)
        drop++;
    durable->best_header_count -= drop;
    memmove(durable->best_headers, durable->best_headers + drop,
            durable->best_header_count * sizeof durable->best_headers[0]);
}

/* One block of the window becomes final, with every ancestor that was not. */
static void commit_advance(struct rota_core *core, const struct rota_slot *slot)
{
    rota_certify_best(core, &slot->certificate);
    ROTA_ASSERT(core->final_count < ROTA_SLOTS);
    struct rota_certificate *certificate = &core->final[core->final_count++];
    *certificate = slot->certificate;
    struct rota_action *action = rota_core_emit(core, ROTA_ACTION_COMMIT);
    action->commit.height = slot->height;
    action->commit.certificate = certificate;
    for (uint64_t h = core->committed + 1; h <= slot->height; h++) /* T10: a primary that only ticks has decided nothing */
        core->entered_height += ROTA_BROKEN(office_goes_round_by_ticks, core->slots[h % ROTA_SLOTS].ticks, 0);
    core->committed_certificate = slot->certificate;
    core->has_committed_certificate = true;
    core->committed = slot->height;
    core->committed_block = slot->block;
    core->committed_time_ms = slot->header.time_ms;
    rota_floors_commit(core, &slot->floors);
    best_trim(core);
    if (core->voted_height <= core->committed) {
        core->voted_height = core->committed;
        core->voted_block = core->committed_block;
    }
    core->progress_ms = 0;
    if (ROTA_BROKEN(timeouts_never_back, core->durable.active && slot->certificate.vote.view == core->durable.view, false))
        core->failed_views = 0;
    if (ROTA_BROKEN(epoch_goes_on, slot->ends_epoch, false)) {
        core->ended = true;
        rota_core_emit(core, ROTA_ACTION_EPOCH);
    }
}

/* N10: a quorum committed this in `view`. In that view or a later one we said COMMIT to another block of this height, or to
 * one above it that does not stand on this. */
static bool commit_contradicts(const struct rota_core *core, uint64_t height, const struct rota_hash *block, uint64_t view)
{
    const struct rota_durable *durable = &core->durable;
    uint64_t least = ROTA_BROKEN(commit_of_a_left_view_is_forgotten, view, durable->view);
    if (commit_was_for_another(core, height, block, least))
        return true;
    uint64_t at = height - core->committed - 1;
    if (at >= durable->best_header_count || durable->best.vote.view < least)
        return false;
    struct rota_hash there = rota_header_hash(&durable->best_headers[at]);
    return !rota_hash_equal(&there, block);
}

bool rota_certify_commit(struct rota_core *core)
{
    bool any = false, contradicted = false;
    uint64_t from = core->committed + 1, to = core->valid_height, view = 0;
    for (uint64_t h = from; h <= to && !core->halted; h++) {
        const struct rota_slot *slot = &core->slots[h % ROTA_SLOTS];
        ROTA_ASSERT(slot->height == h);
        rota_vote_mute_if_crossed(core, slot);
        if (!slot->certified)
            continue;
        ROTA_ASSERT(rota_hash_equal(&slot->block, &slot->certificate.vote.block));
        for (uint64_t below = core->committed + 1; below <= h; below++)
            contradicted |=
                commit_contradicts(core, below, &core->slots[below % ROTA_SLOTS].block, slot->certificate.vote.view);
        commit_advance(core, slot);
        if (slot->certificate.vote.view > view)
            view = slot->certificate.vote.view;
        any = true;
    }
    if (!any || core->ended)
        return false;
    if (contradicted)
        rota_core_halt(core, committed_another);
    rota_change_view_fast_forward(core, view);
    if (core->durable.active && core->committed < core->durable.tip_height)
        rota_new_view_install(core);
    return true;
}

/* N10 across a crash: the ledger may hold a commit that the journal beside it knows nothing of (R4), and that the last run
 * did not live to contradict. */
static bool ledger_left_chain(const struct rota_core *core)
{
    const struct rota_durable *durable = &core->durable;
    uint64_t view = core->committed_certificate.vote.view;
    if (commit_was_for_another(core, core->committed, &core->committed_block, view))
        return true;
    return durable->best_header_count > 0 && !rota_hash_equal(&durable->best_headers[0].prev_hash, &core->committed_block);
}

void rota_certify_start(struct rota_core *core)
{
    best_trim(core);
    rota_certify_best(core, &core->committed_certificate);
    if (ROTA_BROKEN(crash_hides_two_histories, ledger_left_chain(core), false))
        rota_core_halt(core, committed_another);
}
