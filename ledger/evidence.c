#include "ledger/evidence.h"

#include "crypto/digest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- making --------------------------------------------------------------------------------------------------------- */

struct rota_evidence *rota_evidence_new(enum rota_evidence_kind kind, size_t len)
{
    struct rota_evidence *evidence = calloc(1, sizeof *evidence);
    uint8_t *bytes = malloc(len ? len : 1);
    if (!evidence || !bytes) {
        free(evidence);
        free(bytes);
        return NULL;
    }
    evidence->references = 1;
    evidence->kind = kind;
    evidence->bytes = bytes;
    evidence->len = len;
    return evidence;
}

struct rota_writer rota_evidence_write_front(struct rota_evidence *evidence, uint32_t member, uint32_t epoch)
{
    struct rota_writer writer = rota_writer(evidence->bytes, evidence->len);
    evidence->member = member;
    evidence->epoch = epoch;
    rota_write_u8(&writer, (uint8_t)evidence->kind);
    rota_write_u32(&writer, member);
    rota_write_u32(&writer, epoch);
    return writer;
}

void rota_evidence_close(struct rota_evidence *evidence, const struct rota_writer *writer)
{
    ROTA_ASSERT(!writer->bad && writer->len == evidence->len);
    evidence->id = rota_hash_of(ROTA_TAG("evidence"), rota_view(evidence->bytes, evidence->len));
}

/* ---- E7: a coordinator's two proposals ------------------------------------------------------------------------------ */

/* One key, one seq, two proposals: the signature is not part of the identity, so two signatures of one text are no pair. */
static bool proposals_conflict(const struct rota_proposal *a, const struct rota_proposal *b)
{
    return rota_kid_equal(&a->jws.kid, &b->jws.kid) && a->seq == b->seq && rota_hash_equal(&a->ledger_id, &b->ledger_id) &&
           !rota_hash_equal(&a->id, &b->id);
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
    struct rota_evidence *evidence =
        rota_evidence_new(ROTA_EVIDENCE_COORDINATOR, 1 + 4 + a->jws.text.len + 4 + b->jws.text.len);
    if (!evidence)
        return rota_fail(ROTA_NO_MEMORY, "no memory for evidence");
    struct rota_writer writer = rota_writer(evidence->bytes, evidence->len);
    rota_write_u8(&writer, ROTA_EVIDENCE_COORDINATOR);
    rota_write_long(&writer, a->jws.text);
    rota_write_long(&writer, b->jws.text);
    evidence->first = rota_proposal_retain(a);
    evidence->second = rota_proposal_retain(b);
    rota_evidence_close(evidence, &writer);
    *out = evidence;
    return rota_ok();
}

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

/* ---- every kind ----------------------------------------------------------------------------------------------------- */

struct evidence_form {
    const char *name;
    struct rota_status (*parse)(struct rota_evidence **out, const struct rota_evidence_front *front,
                                struct rota_reader *reader);
    struct rota_status (*verify)(const struct rota_evidence *evidence, const struct rota_membership *membership);
};

/* Against members; E7 is against a coordinator. What may depend on a coordinator's key is verified apart. */
static const struct evidence_form evidence_forms[] = {
    [ROTA_EVIDENCE_DOUBLE_PROPOSAL] = {"E1", rota_evidence_votes_parse, rota_evidence_votes_verify},
    [ROTA_EVIDENCE_DOUBLE_PREPARE] = {"E2", rota_evidence_votes_parse, rota_evidence_votes_verify},
    [ROTA_EVIDENCE_DOUBLE_COMMIT] = {"E3", rota_evidence_votes_parse, rota_evidence_votes_verify},
    [ROTA_EVIDENCE_HIDDEN_LOCK] = {"E4", rota_evidence_lock_parse, rota_evidence_lock_verify},
    [ROTA_EVIDENCE_NEW_VIEW] = {"E5", rota_evidence_new_view_parse, rota_evidence_new_view_verify},
    [ROTA_EVIDENCE_DOUBLE_VIEW_CHANGE] = {"E6", rota_evidence_changes_parse, rota_evidence_changes_verify},
    [ROTA_EVIDENCE_COORDINATOR] = {"E7", NULL, NULL},
    [ROTA_EVIDENCE_INVALID_PROPOSAL] = {"E9", rota_evidence_proposal_parse, NULL},
    [ROTA_EVIDENCE_BROKEN_CHAIN] = {"E10", rota_evidence_votes_parse, rota_evidence_votes_verify},
};

const char *rota_evidence_name(enum rota_evidence_kind kind)
{
    return evidence_forms[kind].name;
}

struct rota_status rota_evidence_of_accusation(struct rota_evidence **out, const struct rota_membership *membership,
                                               const struct rota_accusation *accusation)
{
    const struct rota_view_change *const *changes = accusation->changes;
    switch (accusation->kind) {
    case ROTA_EVIDENCE_DOUBLE_PROPOSAL:
    case ROTA_EVIDENCE_DOUBLE_PREPARE:
    case ROTA_EVIDENCE_DOUBLE_COMMIT:
    case ROTA_EVIDENCE_BROKEN_CHAIN:
        return rota_evidence_of_votes(out, membership, accusation->member, &accusation->pair);
    case ROTA_EVIDENCE_HIDDEN_LOCK:
        return rota_evidence_of_hidden_lock(out, membership->epoch, &accusation->pair.votes[0], changes[0]);
    case ROTA_EVIDENCE_NEW_VIEW:
        return rota_evidence_of_anchors(out, membership, &accusation->anchors[0], &accusation->anchors[1]);
    case ROTA_EVIDENCE_DOUBLE_VIEW_CHANGE:
        return rota_evidence_of_view_changes(out, membership->epoch, changes[0], changes[1]);
    case ROTA_EVIDENCE_INVALID_PROPOSAL:
    case ROTA_EVIDENCE_COORDINATOR:
        break;
    }
    *out = NULL;
    return rota_fail(ROTA_REFUSED, "an accusation of no member");
}

static struct rota_status member_parse(struct rota_evidence **out, uint8_t kind, struct rota_reader *reader)
{
    struct rota_evidence_front front = {.kind = (enum rota_evidence_kind)kind};
    front.member = rota_read_u32(reader);
    front.epoch = rota_read_u32(reader);
    if (kind >= sizeof evidence_forms / sizeof evidence_forms[0] || !evidence_forms[kind].parse)
        return rota_fail(ROTA_MALFORMED, "evidence of no known kind");
    if (front.member >= ROTA_MEMBERS_MAX)
        return rota_fail(ROTA_MALFORMED, "evidence against no possible member");
    return evidence_forms[kind].parse(out, &front, reader);
}

/* Rebuilt from the parts: the very same bytes must come out. */
struct rota_status rota_evidence_parse(struct rota_evidence **out, struct rota_view bytes)
{
    *out = NULL;
    if (bytes.len > ROTA_EVIDENCE_BYTES_MAX)
        return rota_fail(ROTA_TOO_LARGE, "evidence larger than any");
    struct rota_reader reader = rota_reader(bytes);
    uint8_t kind = rota_read_u8(&reader);
    if (kind == ROTA_EVIDENCE_COORDINATOR)
        ROTA_TRY(coordinator_parse(out, &reader));
    else
        ROTA_TRY(member_parse(out, kind, &reader));
    if (rota_view_equal(rota_view((*out)->bytes, (*out)->len), bytes))
        return rota_ok();
    rota_evidence_release(*out);
    *out = NULL;
    return rota_fail(ROTA_MALFORMED, "evidence whose parts are not in order");
}

struct rota_status rota_evidence_verify(const struct rota_evidence *evidence, const struct rota_membership *membership,
                                        const struct rota_es256k_public *key)
{
    if (evidence->kind == ROTA_EVIDENCE_COORDINATOR)
        return coordinator_verify(evidence, membership, key);
    if (evidence->epoch != membership->epoch || evidence->member >= membership->count)
        return rota_fail(ROTA_WRONG_LEDGER, "evidence against no member of this epoch");
    if (evidence->kind == ROTA_EVIDENCE_INVALID_PROPOSAL)
        return rota_evidence_proposal_verify(evidence, membership, key);
    return evidence_forms[evidence->kind].verify(evidence, membership);
}

const struct rota_kid *rota_evidence_kid(const struct rota_evidence *evidence)
{
    return evidence->first ? &evidence->first->jws.kid : NULL;
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

/* ---- words ---------------------------------------------------------------------------------------------------------- */

static const char *evidence_what(enum rota_evidence_kind kind)
{
    switch (kind) {
    case ROTA_EVIDENCE_DOUBLE_PROPOSAL:
        return "proposed two different blocks";
    case ROTA_EVIDENCE_DOUBLE_PREPARE:
        return "signed two different PREPAREs";
    case ROTA_EVIDENCE_DOUBLE_COMMIT:
        return "signed two different COMMITs";
    case ROTA_EVIDENCE_HIDDEN_LOCK:
        return "signed a COMMIT and hid it when it left the view";
    case ROTA_EVIDENCE_NEW_VIEW:
        return "signed a NEW-VIEW that no honest primary makes";
    case ROTA_EVIDENCE_DOUBLE_VIEW_CHANGE:
        return "signed two different VIEW-CHANGEs";
    case ROTA_EVIDENCE_INVALID_PROPOSAL:
        return "signed a PREPARE for what cannot be a block";
    case ROTA_EVIDENCE_BROKEN_CHAIN:
        return "signed PREPAREs that are not on one chain";
    case ROTA_EVIDENCE_COORDINATOR:
        break;
    }
    ROTA_ASSERT(false);
    return "";
}

void rota_evidence_words(char *out, size_t size, const struct rota_evidence *evidence,
                         const struct rota_membership *membership)
{
    const char *who = evidence->member < membership->count ? membership->members[evidence->member].id.text : "?";
    const char *what = evidence_what(evidence->kind);
    if (evidence->height == 0)
        snprintf(out, size, "facility %s %s: view %" PRIu64, who, what, evidence->view);
    else
        snprintf(out, size, "facility %s %s: view %" PRIu64 ", height %" PRIu64, who, what, evidence->view,
                 evidence->height);
}

void rota_evidence_amnesia_words(char *out, size_t size, const struct rota_evidence *evidence,
                                 const struct rota_membership *membership)
{
    snprintf(out, size,
             "facility %s lost its memory and said so, between a VIEW-CHANGE of its run %" PRIu64
             " and its COMMIT: view %" PRIu64 ", height %" PRIu64,
             evidence->member < membership->count ? membership->members[evidence->member].id.text : "?",
             evidence->incarnation, evidence->view, evidence->height);
}
