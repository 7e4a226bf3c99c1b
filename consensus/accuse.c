/* Catching members that contradict themselves (PROTOCOL §7). Every message that comes here was verified; what is compared is
 * what the window, the view changes and the present view hold anyway, so nothing is kept for it but who was accused of what
 * lately. The first of two messages stays and counts, the second is evidence; the member's other messages are as good as
 * anybody's. */
#include "consensus/state.h"

static struct rota_accusation *accuse(struct rota_core *core, enum rota_evidence_kind kind, uint32_t member)
{
    struct rota_accusation *accusation = &rota_core_emit(core, ROTA_ACTION_ACCUSE)->accuse;
    accusation->kind = kind;
    accusation->member = member;
    rota_core_contradicted(core);
    return accusation;
}

static struct rota_signed_vote cell_vote(const struct rota_vote_cell *cell, enum rota_vote_kind kind, uint64_t height)
{
    return (struct rota_signed_vote){
        .vote = {.kind = kind, .view = cell->view, .nv = cell->nv, .height = height, .block = cell->block},
        .signature = cell->signature};
}

static enum rota_evidence_kind votes_evidence(enum rota_vote_kind kind)
{
    return kind == ROTA_VOTE_PREPARE ? ROTA_EVIDENCE_DOUBLE_PROPOSAL : ROTA_EVIDENCE_DOUBLE_COMMIT;
}

/* ---- E1, E2, E3: two votes for one height ----------------------------------------------------------------------------- */

void rota_accuse_vote(struct rota_core *core, uint32_t member, const struct rota_vote_cell *cell,
                      const struct rota_vote *vote, const struct rota_signature *signature)
{
    struct rota_accusation *accusation = accuse(core, votes_evidence(vote->kind), member);
    accusation->pair.votes[0] = cell_vote(cell, vote->kind, vote->height);
    accusation->pair.votes[1] = (struct rota_signed_vote){*vote, *signature};
}

/* ---- E3, E10: votes of one view that are not on one chain ------------------------------------------------------------- */

static const struct rota_vote_cell *chain_cell(const struct rota_core *core, uint64_t height, enum rota_vote_kind kind,
                                               uint32_t member)
{
    const struct rota_slot *slot = &core->slots[height % ROTA_SLOTS];
    const struct rota_vote_cell *cell = kind == ROTA_VOTE_PREPARE ? &slot->prepares[member] : &slot->commits[member];
    return slot->height == height && cell->has ? cell : NULL;
}

static bool chain_has_header(const struct rota_core *core, uint64_t height)
{
    const struct rota_slot *slot = &core->slots[height % ROTA_SLOTS];
    return slot->height == height && slot->source != ROTA_SLOT_EMPTY;
}

/* The member's highest vote for a block whose header is here; 0: none. */
static uint64_t chain_top(const struct rota_core *core, enum rota_vote_kind kind, uint32_t member)
{
    for (uint64_t height = core->committed + ROTA_SLOTS; height > core->committed; height--) {
        const struct rota_vote_cell *cell = chain_cell(core, height, kind, member);
        if (cell && chain_has_header(core, height) && rota_hash_equal(&cell->block, &core->slots[height % ROTA_SLOTS].block))
            return height;
    }
    return 0;
}

/* below and top: the member's cells of those heights. */
static void chain_accuse(struct rota_core *core, enum rota_vote_kind kind, uint32_t member,
                         const struct rota_vote_cell *below, uint64_t low, const struct rota_vote_cell *top, uint64_t high)
{
    struct rota_accusation *accusation = accuse(core, votes_evidence(kind), member);
    accusation->pair.votes[0] = cell_vote(below, kind, low);
    accusation->pair.votes[1] = cell_vote(top, kind, high);
    accusation->pair.headers = core->accused_headers;
    for (uint64_t height = low + 1; height <= high; height++)
        core->accused_headers[accusation->pair.header_count++] = core->slots[height % ROTA_SLOTS].header;
}

/* Down from the member's highest vote, by its block's ancestors: does it meet a vote for something else? */
static void chain_follow(struct rota_core *core, enum rota_vote_kind kind, uint32_t member)
{
    uint64_t high = chain_top(core, kind, member);
    const struct rota_vote_cell *top = high > 0 ? chain_cell(core, high, kind, member) : NULL;
    uint64_t *accused = kind == ROTA_VOTE_PREPARE ? core->accused_prepares : core->accused_commits;
    if (!top || accused[member] == top->view + 1)
        return;
    for (uint64_t height = high; height > core->committed + 1 && chain_has_header(core, height); height--) {
        const struct rota_hash *parent = &core->slots[height % ROTA_SLOTS].header.prev_hash;
        const struct rota_vote_cell *below = chain_cell(core, height - 1, kind, member);
        if (below && below->view == top->view && rota_hash_equal(&below->nv, &top->nv) &&
            !rota_hash_equal(&below->block, parent)) {
            accused[member] = top->view + 1;
            core->accused_chain = true;
            chain_accuse(core, kind, member, below, height - 1, top, high);
            return;
        }
        if (!chain_has_header(core, height - 1) || !rota_hash_equal(&core->slots[(height - 1) % ROTA_SLOTS].block, parent))
            return;
    }
}

void rota_accuse_chain(struct rota_core *core, uint32_t member, enum rota_vote_kind kind)
{
    if (member != core->self && !core->accused_chain) /* one a step: the headers it borrows are kept once */
        chain_follow(core, kind, member);
}

void rota_accuse_chains(struct rota_core *core)
{
    for (uint32_t member = 0; member < core->n; member++) {
        rota_accuse_chain(core, member, ROTA_VOTE_PREPARE);
        rota_accuse_chain(core, member, ROTA_VOTE_COMMIT);
    }
}

/* ---- E4: a lock that its owner does not show ---------------------------------------------------------------------------
 */

static bool lock_is_hidden(const struct rota_view_change *change, uint64_t view, uint64_t height)
{
    if (change->new_view <= view)
        return false;
    if (!change->has_best || change->best.vote.view < view)
        return true;
    return change->best.vote.view == view && change->best.vote.height < height;
}

void rota_accuse_commit(struct rota_core *core, uint32_t member, const struct rota_vote *commit,
                        const struct rota_signature *signature)
{
    const struct rota_view_change *change = &core->changes[member];
    if (core->f == 0) /* so few members that one without memory has to speak: it would be taken for a liar */
        return;
    if (member == core->self || !core->has_change[member] || core->accused_locks[member] == change->new_view ||
        !lock_is_hidden(change, commit->view, commit->height))
        return;
    core->accused_locks[member] = change->new_view;
    struct rota_accusation *accusation = accuse(core, ROTA_EVIDENCE_HIDDEN_LOCK, member);
    accusation->pair.votes[0] = (struct rota_signed_vote){*commit, *signature};
    accusation->changes[0] = change;
}

/* Its COMMIT in the certificate of our newest block; NULL when it is none of the signers. */
static const struct rota_signature *certificate_signature(const struct rota_certificate *certificate, uint32_t member)
{
    uint32_t bit = UINT32_C(1) << member;
    if (!(certificate->signers & bit))
        return NULL;
    return &certificate->signatures[__builtin_popcount(certificate->signers & (bit - 1))];
}

void rota_accuse_lock(struct rota_core *core, uint32_t member)
{
    for (uint64_t height = core->committed + 1; height <= core->committed + ROTA_SLOTS; height++) {
        const struct rota_vote_cell *cell = chain_cell(core, height, ROTA_VOTE_COMMIT, member);
        if (!cell)
            continue;
        struct rota_signed_vote commit = cell_vote(cell, ROTA_VOTE_COMMIT, height);
        rota_accuse_commit(core, member, &commit.vote, &commit.signature);
    }
    const struct rota_certificate *certificate = &core->committed_certificate;
    const struct rota_signature *signature =
        core->has_committed_certificate ? certificate_signature(certificate, member) : NULL;
    if (signature && certificate->vote.kind == ROTA_VOTE_COMMIT)
        rota_accuse_commit(core, member, &certificate->vote, signature);
}

/* ---- E5, E6: two of what there is one of -------------------------------------------------------------------------------
 */

void rota_accuse_new_view(struct rota_core *core, const struct rota_message *message)
{
    const struct rota_new_view *second = &message->new_view;
    if (message->sender == core->self || !core->has_new_view || !core->durable.active || second->view != core->durable.view)
        return;
    struct rota_hash nv = rota_new_view_digest(core->membership, second);
    if (rota_hash_equal(&nv, &core->durable.nv))
        return;
    struct rota_accusation *accusation = accuse(core, ROTA_EVIDENCE_NEW_VIEW, message->sender);
    accusation->anchors[0] = rota_core_anchor(core);
    accusation->anchors[1] = (struct rota_anchor){
        .epoch = core->membership->epoch, .view = second->view, .nv = nv, .signature = message->signature};
}

/* The usual second message is the first one said again, byte for byte. */
static bool change_is_the_same(const struct rota_view_change *a, const struct rota_view_change *b)
{
    if (memcmp(a->signature.b, b->signature.b, sizeof a->signature.b) == 0)
        return true;
    struct rota_hash first = rota_view_change_content(a), second = rota_view_change_content(b);
    return rota_hash_equal(&first, &second);
}

void rota_accuse_view_change(struct rota_core *core, const struct rota_message *message)
{
    uint32_t member = message->sender;
    const struct rota_view_change *first = &core->changes[member], *second = message->view_change;
    if (member == core->self || !core->has_change[member] || first->new_view != second->new_view ||
        first->incarnation != second->incarnation || /* it may have lost its memory in between (H1) */
        change_is_the_same(first, second))
        return;
    struct rota_accusation *accusation = accuse(core, ROTA_EVIDENCE_DOUBLE_VIEW_CHANGE, member);
    accusation->changes[0] = first;
    accusation->changes[1] = second;
}

/* A NEW-VIEW or a proposal that was refused for what is in it: whoever signed it must not lead. */
void rota_accuse_convicted(struct rota_core *core, uint64_t view)
{
    if (view == core->durable.view)
        rota_suspect_say(core, ROTA_SUSPECT_INVALID);
}
