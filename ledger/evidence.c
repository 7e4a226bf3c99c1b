#include "ledger/evidence.h"

#include "crypto/digest.h"

#include <stdlib.h>

/* ---- pairs ---------------------------------------------------------------------------------------------------------- */

/* One key, one seq, two proposals: the signature is not part of the identity, so two signatures of one text are no pair. */
static bool proposals_conflict(const struct rota_proposal *a, const struct rota_proposal *b)
{
    return rota_kid_equal(&a->jws.kid, &b->jws.kid) && a->seq == b->seq && rota_hash_equal(&a->ledger_id, &b->ledger_id) &&
           !rota_hash_equal(&a->id, &b->id);
}

static bool votes_conflict(const struct rota_vote *a, const struct rota_vote *b)
{
    return a->kind == b->kind && a->view == b->view && a->height == b->height &&
           (!rota_hash_equal(&a->block, &b->block) || !rota_hash_equal(&a->nv, &b->nv));
}

static int votes_order(const struct rota_vote *a, const struct rota_vote *b)
{
    uint8_t first[ROTA_VOTE_BYTES], second[ROTA_VOTE_BYTES];
    struct rota_writer writer = rota_writer(first, sizeof first);
    rota_vote_encode(&writer, a);
    writer = rota_writer(second, sizeof second);
    rota_vote_encode(&writer, b);
    return memcmp(first, second, sizeof first);
}

/* ---- making --------------------------------------------------------------------------------------------------------- */

/* Evidence of this many bytes, empty; NULL when memory is out. */
static struct rota_evidence *evidence_new(size_t len)
{
    struct rota_evidence *evidence = calloc(1, sizeof *evidence);
    uint8_t *bytes = malloc(len ? len : 1);
    if (!evidence || !bytes) {
        free(evidence);
        free(bytes);
        return NULL;
    }
    evidence->references = 1;
    evidence->bytes = bytes;
    evidence->len = len;
    return evidence;
}

struct rota_status rota_evidence_of_proposals(struct rota_evidence **out, struct rota_proposal *a, struct rota_proposal *b)
{
    *out = NULL;
    if (!proposals_conflict(a, b))
        return rota_fail(ROTA_REFUSED, "these two proposals do not contradict each other");
    if (memcmp(a->id.b, b->id.b, sizeof a->id.b) > 0) {
        struct rota_proposal *held = a;
        a = b;
        b = held;
    }
    struct rota_evidence *evidence = evidence_new(1 + 4 + a->jws.text.len + 4 + b->jws.text.len);
    if (!evidence)
        return rota_fail(ROTA_NO_MEMORY, "no memory for evidence");
    struct rota_writer writer = rota_writer(evidence->bytes, evidence->len);
    rota_write_u8(&writer, ROTA_EVIDENCE_COORDINATOR);
    rota_write_long(&writer, a->jws.text);
    rota_write_long(&writer, b->jws.text);
    ROTA_ASSERT(!writer.bad && writer.len == evidence->len);
    evidence->kind = ROTA_EVIDENCE_COORDINATOR;
    evidence->first = rota_proposal_retain(a);
    evidence->second = rota_proposal_retain(b);
    evidence->id = rota_hash_of(ROTA_TAG("evidence"), rota_view(evidence->bytes, evidence->len));
    *out = evidence;
    return rota_ok();
}

enum { VOTE_EVIDENCE_BYTES = 1 + 4 + 4 + 2 * (ROTA_VOTE_BYTES + ROTA_SIGNATURE_BYTES) };

struct rota_status rota_evidence_of_votes(struct rota_evidence **out, uint32_t member, uint32_t epoch,
                                          const struct rota_signed_vote *a, const struct rota_signed_vote *b)
{
    *out = NULL;
    if (!votes_conflict(&a->vote, &b->vote))
        return rota_fail(ROTA_REFUSED, "these two votes do not contradict each other");
    bool swapped = votes_order(&a->vote, &b->vote) > 0;
    struct rota_evidence *evidence = evidence_new(VOTE_EVIDENCE_BYTES);
    if (!evidence)
        return rota_fail(ROTA_NO_MEMORY, "no memory for evidence");
    evidence->kind = a->vote.kind == ROTA_VOTE_PREPARE ? ROTA_EVIDENCE_DOUBLE_PREPARE : ROTA_EVIDENCE_DOUBLE_COMMIT;
    evidence->member = member;
    evidence->epoch = epoch;
    evidence->votes[0] = swapped ? *b : *a;
    evidence->votes[1] = swapped ? *a : *b;
    struct rota_writer writer = rota_writer(evidence->bytes, evidence->len);
    rota_write_u8(&writer, (uint8_t)evidence->kind);
    rota_write_u32(&writer, member);
    rota_write_u32(&writer, epoch);
    for (int i = 0; i < 2; i++) {
        rota_vote_encode(&writer, &evidence->votes[i].vote);
        rota_write_signature(&writer, &evidence->votes[i].signature);
    }
    ROTA_ASSERT(!writer.bad && writer.len == evidence->len);
    evidence->id = rota_hash_of(ROTA_TAG("evidence"), rota_view(evidence->bytes, evidence->len));
    *out = evidence;
    return rota_ok();
}

/* ---- parsing: rebuild from the parts, and insist on the very same bytes ------------------------------------------------
 */

static struct rota_status coordinator_parse(struct rota_evidence **out, struct rota_reader *reader)
{
    struct rota_view first = rota_read_long(reader), second = rota_read_long(reader);
    ROTA_TRY(rota_reader_finish(reader));
    struct rota_proposal *a = NULL, *b = NULL;
    struct rota_status status = rota_proposal_parse(&a, NULL, first, false);
    if (rota_is_ok(status))
        status = rota_proposal_parse(&b, NULL, second, false);
    if (rota_is_ok(status))
        status = rota_evidence_of_proposals(out, a, b);
    rota_proposal_release(a);
    rota_proposal_release(b);
    return status;
}

static struct rota_status votes_parse(struct rota_evidence **out, enum rota_evidence_kind kind, struct rota_reader *reader)
{
    struct rota_signed_vote votes[2];
    uint32_t member = rota_read_u32(reader), epoch = rota_read_u32(reader);
    for (int i = 0; i < 2; i++) {
        rota_vote_decode(reader, &votes[i].vote);
        rota_read_signature(reader, &votes[i].signature);
    }
    ROTA_TRY(rota_reader_finish(reader));
    enum rota_vote_kind expected = kind == ROTA_EVIDENCE_DOUBLE_PREPARE ? ROTA_VOTE_PREPARE : ROTA_VOTE_COMMIT;
    if (member >= ROTA_MEMBERS_MAX || votes[0].vote.kind != expected)
        return rota_fail(ROTA_MALFORMED, "evidence of another kind than it says");
    return rota_evidence_of_votes(out, member, epoch, &votes[0], &votes[1]);
}

struct rota_status rota_evidence_parse(struct rota_evidence **out, struct rota_view bytes)
{
    *out = NULL;
    if (bytes.len > ROTA_EVIDENCE_BYTES_MAX)
        return rota_fail(ROTA_TOO_LARGE, "evidence larger than two proposals");
    struct rota_reader reader = rota_reader(bytes);
    uint8_t kind = rota_read_u8(&reader);
    if (kind == ROTA_EVIDENCE_COORDINATOR)
        ROTA_TRY(coordinator_parse(out, &reader));
    else if (kind == ROTA_EVIDENCE_DOUBLE_PREPARE || kind == ROTA_EVIDENCE_DOUBLE_COMMIT)
        ROTA_TRY(votes_parse(out, (enum rota_evidence_kind)kind, &reader));
    else
        return rota_fail(ROTA_MALFORMED, "evidence of no known kind");
    if (rota_view_equal(rota_view((*out)->bytes, (*out)->len), bytes))
        return rota_ok();
    rota_evidence_release(*out);
    *out = NULL;
    return rota_fail(ROTA_MALFORMED, "evidence whose parts are not in order");
}

/* ---- verifying: every signature, before anybody is named ---------------------------------------------------------------
 */

static struct rota_status coordinator_verify(const struct rota_evidence *evidence, const struct rota_membership *membership,
                                             const struct rota_es256k_public *key)
{
    if (!key)
        return rota_fail(ROTA_UNKNOWN_KEY, "evidence against a key that this ledger does not know");
    if (!rota_hash_equal(&evidence->first->ledger_id, &membership->ledger_id))
        return rota_fail(ROTA_WRONG_LEDGER, "evidence about another ledger");
    ROTA_TRY(rota_jws_verify(&evidence->first->jws, key));
    return rota_jws_verify(&evidence->second->jws, key);
}

static struct rota_status votes_verify(const struct rota_evidence *evidence, const struct rota_membership *membership)
{
    if (evidence->epoch != membership->epoch || evidence->member >= membership->count)
        return rota_fail(ROTA_WRONG_LEDGER, "evidence against no member of this epoch");
    for (int i = 0; i < 2; i++)
        if (!rota_vote_verify(membership, &evidence->votes[i].vote, evidence->member, &evidence->votes[i].signature))
            return rota_fail(ROTA_BAD_SIGNATURE, "evidence with a signature that does not verify");
    return rota_ok();
}

struct rota_status rota_evidence_verify(const struct rota_evidence *evidence, const struct rota_membership *membership,
                                        const struct rota_es256k_public *key)
{
    if (evidence->kind == ROTA_EVIDENCE_COORDINATOR)
        return coordinator_verify(evidence, membership, key);
    return votes_verify(evidence, membership);
}

struct rota_evidence *rota_evidence_retain(struct rota_evidence *evidence)
{
    __atomic_add_fetch(&evidence->references, 1, __ATOMIC_RELAXED);
    return evidence;
}

void rota_evidence_release(struct rota_evidence *evidence)
{
    if (!evidence || __atomic_sub_fetch(&evidence->references, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    rota_proposal_release(evidence->first);
    rota_proposal_release(evidence->second);
    free(evidence->bytes);
    free(evidence);
}
