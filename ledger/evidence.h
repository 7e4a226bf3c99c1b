/* Evidence: two signed messages that no honest key makes both; self-contained, checkable offline (FORMATS §8). */
#ifndef ROTA_LEDGER_EVIDENCE_H
#define ROTA_LEDGER_EVIDENCE_H

#include "ledger/certificate.h"
#include "ledger/proposal.h"

/* Numbers follow PROTOCOL §7. Others have their place there and come later. */
enum rota_evidence_kind {
    ROTA_EVIDENCE_DOUBLE_PREPARE = 2, /* one member, one view and height, two votes (of a primary: double proposal) */
    ROTA_EVIDENCE_DOUBLE_COMMIT = 3,  /* the same for commit */
    ROTA_EVIDENCE_COORDINATOR = 7,    /* one key, one seq, two proposals */
};

enum { ROTA_EVIDENCE_BYTES_MAX = 2 * ROTA_JWS_CHARS_MAX + 64 };

struct rota_signed_vote {
    struct rota_vote vote;
    struct rota_signature signature;
};

/* Heap object, reference counted, immutable. */
struct rota_evidence {
    unsigned references; /* atomic */
    uint8_t *bytes;      /* encoded, owned */
    size_t len;
    struct rota_hash id; /* H(tag evidence || bytes) */
    enum rota_evidence_kind kind;
    /* ROTA_EVIDENCE_COORDINATOR: the smaller id first. */
    struct rota_proposal *first, *second;
    /* DOUBLE_PREPARE, DOUBLE_COMMIT: the smaller encoding first. */
    uint32_t member;
    uint32_t epoch;
    struct rota_signed_vote votes[2];
};

/* From two proposals with one kid and one seq and different ids; takes its own references. ROTA_REFUSED if they are no pair.
 */
ROTA_CHECKED struct rota_status rota_evidence_of_proposals(struct rota_evidence **out, struct rota_proposal *a,
                                                           struct rota_proposal *b);
/* From two votes of one member. ROTA_REFUSED if they are no pair. */
ROTA_CHECKED struct rota_status rota_evidence_of_votes(struct rota_evidence **out, uint32_t member, uint32_t epoch,
                                                       const struct rota_signed_vote *a, const struct rota_signed_vote *b);
/* Strict: canonical order, really in conflict; signatures not yet checked. */
ROTA_CHECKED struct rota_status rota_evidence_parse(struct rota_evidence **out, struct rota_view bytes);
/* Every signature inside. key: the coordinator's, for ROTA_EVIDENCE_COORDINATOR; NULL otherwise. */
ROTA_CHECKED struct rota_status rota_evidence_verify(const struct rota_evidence *evidence,
                                                     const struct rota_membership *membership,
                                                     const struct rota_es256k_public *key);
struct rota_evidence *rota_evidence_retain(struct rota_evidence *evidence);
void rota_evidence_release(struct rota_evidence *evidence);

#endif
