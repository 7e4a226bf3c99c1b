#include "ledger/forensics.h"

#include <stdlib.h>

/* ---- naming ----------------------------------------------------------------------------------------------------------- */

/* Takes over the reference. Only what verifies counts, and each piece once. */
static struct rota_status forensics_add(struct rota_forensics *out, const struct rota_membership *membership,
                                        struct rota_evidence *evidence)
{
    bool known = !rota_is_ok(rota_evidence_verify(evidence, membership, NULL));
    for (uint32_t i = 0; i < out->count && !known; i++)
        known = rota_hash_equal(&out->evidence[i]->id, &evidence->id);
    if (known) {
        rota_evidence_release(evidence);
        return rota_ok();
    }
    struct rota_evidence **grown = realloc(out->evidence, (out->count + 1) * sizeof(struct rota_evidence *));
    if (!grown) {
        rota_evidence_release(evidence);
        return rota_fail(ROTA_NO_MEMORY, "memory is out");
    }
    out->evidence = grown;
    out->evidence[out->count++] = evidence;
    return rota_ok();
}

/* What a maker of evidence said: a pair that is none is no failure. */
static struct rota_status forensics_take(struct rota_forensics *out, const struct rota_membership *membership,
                                         struct rota_status made, struct rota_evidence *evidence)
{
    if (rota_is_ok(made))
        return forensics_add(out, membership, evidence);
    return made.code == ROTA_REFUSED || made.code == ROTA_TOO_LARGE ? rota_ok() : made;
}

static bool signed_vote_of(struct rota_signed_vote *out, const struct rota_certificate *certificate, uint32_t member)
{
    uint32_t bit = UINT32_C(1) << member;
    if (!(certificate->signers & bit))
        return false;
    out->vote = certificate->vote;
    out->signature = certificate->signatures[__builtin_popcount(certificate->signers & (bit - 1))];
    return true;
}

/* Whoever signed both of two certificates of one kind and view that are not on one chain: E1, E2, E3, E10. */
static struct rota_status name_signers(struct rota_forensics *out, const struct rota_membership *membership,
                                       const struct rota_certificate *a, const struct rota_certificate *b,
                                       const struct rota_header *headers, uint32_t header_count)
{
    /* Votes that rest on two NEW-VIEWs of one view contradict each other as they are, whatever their heights. */
    bool one_nv = rota_hash_equal(&a->vote.nv, &b->vote.nv);
    for (uint32_t member = 0; member < membership->count; member++) {
        struct rota_evidence *evidence = NULL;
        struct rota_vote_pair pair = {.header_count = one_nv ? header_count : 0, .headers = headers};
        if (!signed_vote_of(&pair.votes[0], a, member) || !signed_vote_of(&pair.votes[1], b, member))
            continue;
        struct rota_status made = rota_evidence_of_votes(&evidence, membership, member, &pair);
        ROTA_TRY(forensics_take(out, membership, made, evidence));
    }
    return rota_ok();
}

/* Whoever signed a commit certificate and hid that when it left for a later view: E4. */
static struct rota_status name_hiders(struct rota_forensics *out, const struct rota_membership *membership,
                                      const struct rota_certificate *certificate, const struct rota_new_view *new_view)
{
    for (uint32_t i = 0; i < new_view->change_count; i++) {
        const struct rota_view_change *change = &new_view->changes[i];
        struct rota_evidence *evidence = NULL;
        struct rota_signed_vote commit;
        if (change->sender >= membership->count || !signed_vote_of(&commit, certificate, change->sender))
            continue;
        struct rota_status made = rota_evidence_of_hidden_lock(&evidence, membership->epoch, &commit, change);
        ROTA_TRY(forensics_take(out, membership, made, evidence));
    }
    return rota_ok();
}

/* ---- NEW-VIEWs ----------------------------------------------------------------------------------------------------------
 */

/* One NEW-VIEW of a witness, and the anchors of those met before. On the heap: it is large. */
struct forensics_view {
    struct rota_signed_new_view kept;
    struct rota_anchor *anchors; /* owned */
    uint32_t anchor_count;
};

/* As FORMATS §12.3 writes it, and signed by its primary; anything else in the file is worth nothing. */
static bool view_read(struct forensics_view *out, const struct rota_membership *membership,
                      const struct rota_kept_new_view *row)
{
    return row->epoch == membership->epoch && rota_signed_new_view_read(&out->kept, row->bytes, membership, row->view);
}

/* E5: two of one view, found in different files. */
static struct rota_status view_compare(struct rota_forensics *out, struct forensics_view *view,
                                       const struct rota_membership *membership)
{
    struct rota_anchor anchor = {.epoch = membership->epoch,
                                 .view = view->kept.new_view.view,
                                 .nv = rota_new_view_digest(membership, &view->kept.new_view),
                                 .signature = view->kept.signature};
    for (uint32_t i = 0; i < view->anchor_count; i++) {
        struct rota_evidence *evidence = NULL;
        struct rota_status made = rota_evidence_of_anchors(&evidence, membership, &view->anchors[i], &anchor);
        ROTA_TRY(forensics_take(out, membership, made, evidence));
    }
    struct rota_anchor *grown = realloc(view->anchors, (view->anchor_count + 1) * sizeof *grown);
    if (!grown)
        return rota_fail(ROTA_NO_MEMORY, "memory is out");
    view->anchors = grown;
    view->anchors[view->anchor_count++] = anchor;
    return rota_ok();
}

/* Two locks that members showed for one view and height: their signers, if the blocks differ. */
static struct rota_status view_locks(struct rota_forensics *out, const struct rota_membership *membership,
                                     const struct rota_new_view *new_view)
{
    for (uint32_t i = 0; i < new_view->change_count; i++)
        for (uint32_t k = i + 1; k < new_view->change_count; k++)
            if (new_view->changes[i].has_best && new_view->changes[k].has_best)
                ROTA_TRY(name_signers(out, membership, &new_view->changes[i].best, &new_view->changes[k].best, NULL, 0));
    return rota_ok();
}

static struct rota_status view_judge(struct rota_forensics *out, struct forensics_view *view,
                                     const struct rota_membership *membership)
{
    struct rota_evidence *evidence = NULL;
    out->new_views++;
    struct rota_status made = rota_evidence_of_new_view(&evidence, membership, &view->kept.new_view, &view->kept.signature);
    ROTA_TRY(forensics_take(out, membership, made, evidence)); /* counts only if it is a bad one */
    ROTA_TRY(view_compare(out, view, membership));
    ROTA_TRY(view_locks(out, membership, &view->kept.new_view));
    for (int i = 0; i < 2; i++)
        ROTA_TRY(name_hiders(out, membership, &out->certificates[i], &view->kept.new_view));
    return rota_ok();
}

static struct rota_status witness_ask(struct rota_forensics *out, struct forensics_view *view,
                                      const struct rota_membership *membership, const struct rota_forensics_witness *witness)
{
    struct rota_kept_new_view row = {0};
    for (;;) {
        struct rota_status status = witness->next(&row, witness->context, row.epoch, row.view);
        if (status.code == ROTA_NOT_FOUND)
            return rota_ok();
        ROTA_TRY(status);
        if (view_read(view, membership, &row))
            ROTA_TRY(view_judge(out, view, membership));
    }
}

static struct rota_status witnesses_ask(struct rota_forensics *out, const struct rota_forensics_input *input)
{
    struct forensics_view *view = calloc(1, sizeof *view);
    if (!view)
        return rota_fail(ROTA_NO_MEMORY, "memory is out");
    struct rota_status status = rota_ok();
    for (uint32_t i = 0; i < input->witness_count && rota_is_ok(status); i++)
        status = witness_ask(out, view, input->membership, &input->witnesses[i]);
    free(view->anchors);
    free(view);
    return status;
}

/* ---- two certificates
 * ----------------------------------------------------------------------------------------------------- */

enum relation { ONE_CHAIN, TWO_CHAINS, NOT_KNOWN };

/* Do the headers lead from above the lower block to the higher one, and do they lead there from the lower block? */
static enum relation relation_of(const struct rota_vote *low, const struct rota_vote *high,
                                 const struct rota_header *headers, uint32_t count)
{
    if (low->height == high->height)
        return rota_hash_equal(&low->block, &high->block) ? ONE_CHAIN : TWO_CHAINS;
    if (count == 0 || high->height - low->height != count)
        return NOT_KNOWN;
    struct rota_hash at = headers[0].prev_hash;
    enum relation relation = rota_hash_equal(&at, &low->block) ? ONE_CHAIN : TWO_CHAINS;
    for (uint32_t i = 0; i < count; i++) {
        if (headers[i].height != low->height + 1 + i || !rota_hash_equal(&headers[i].prev_hash, &at))
            return NOT_KNOWN;
        at = rota_header_hash(&headers[i]);
    }
    return rota_hash_equal(&at, &high->block) ? relation : NOT_KNOWN;
}

/* Who is named, and is that enough? */
static void forensics_count(struct rota_forensics *out)
{
    out->culprits = 0;
    for (uint32_t i = 0; i < out->count; i++)
        out->culprits |= UINT32_C(1) << out->evidence[i]->member;
    bool enough = (uint32_t)__builtin_popcount(out->culprits) >= out->expected;
    out->verdict = enough ? ROTA_FORENSICS_NAMED : ROTA_FORENSICS_TOO_FEW;
}

bool rota_forensics_parts(const struct rota_forensics_input *input)
{
    const struct rota_vote *first = &input->certificates[0]->vote, *second = &input->certificates[1]->vote;
    bool swapped = first->height > second->height;
    return relation_of(swapped ? second : first, swapped ? first : second, input->headers, input->header_count) ==
           TWO_CHAINS;
}

struct rota_status rota_forensics_run(struct rota_forensics *out, const struct rota_forensics_input *input)
{
    const struct rota_membership *membership = input->membership;
    bool swapped = input->certificates[0]->vote.height > input->certificates[1]->vote.height;
    memset(out, 0, sizeof *out);
    out->epoch.membership = *membership;
    for (int i = 0; i < 2; i++) {
        out->certificates[i] = *input->certificates[swapped ? 1 - i : i];
        if (out->certificates[i].vote.kind != ROTA_VOTE_COMMIT)
            return rota_fail(ROTA_REFUSED, "a certificate that is not one of COMMITs");
        ROTA_TRY(rota_certificate_verify(membership, &out->certificates[i]));
    }
    uint32_t quorum = rota_quorum(membership->count, membership->profile);
    out->expected = 2 * quorum - membership->count;
    enum relation relation =
        relation_of(&out->certificates[0].vote, &out->certificates[1].vote, input->headers, input->header_count);
    if (relation != TWO_CHAINS && !input->excluded) {
        out->verdict = relation == ONE_CHAIN ? ROTA_FORENSICS_NO_CONFLICT : ROTA_FORENSICS_UNDECIDED;
        return rota_ok();
    }
    struct rota_status status =
        name_signers(out, membership, &out->certificates[0], &out->certificates[1], input->headers, input->header_count);
    if (rota_is_ok(status))
        status = witnesses_ask(out, input);
    if (!rota_is_ok(status)) {
        rota_forensics_free(out);
        return status;
    }
    forensics_count(out);
    return rota_ok();
}

void rota_forensics_excuse_side(struct rota_forensics *forensics, int side, rota_forensics_excuse *excuse,
                                const void *context)
{
    const struct rota_vote *vote = &forensics->certificates[side].vote;
    uint32_t kept = 0, total = forensics->count;
    for (uint32_t i = 0; i < total; i++) {
        struct rota_evidence *evidence = forensics->evidence[i];
        if (evidence->kind == ROTA_EVIDENCE_HIDDEN_LOCK && evidence->view == vote->view &&
            evidence->height == vote->height && excuse(context, evidence))
            continue;
        forensics->evidence[i] = forensics->evidence[kept];
        forensics->evidence[kept++] = evidence;
    }
    forensics->excused += total - kept;
    forensics->count = kept;
    if (forensics->verdict == ROTA_FORENSICS_NAMED || forensics->verdict == ROTA_FORENSICS_TOO_FEW)
        forensics_count(forensics);
}

void rota_forensics_free(struct rota_forensics *forensics)
{
    for (uint32_t i = 0; i < forensics->count + forensics->excused; i++)
        rota_evidence_release(forensics->evidence[i]);
    free(forensics->evidence);
    memset(forensics, 0, sizeof *forensics);
}
