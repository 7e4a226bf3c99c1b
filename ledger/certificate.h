/* Votes and certificates (FORMATS §7). A certificate is exactly Q signatures of distinct members over one vote (PROTOCOL G1,
 * G2). */
#ifndef ROTA_LEDGER_CERTIFICATE_H
#define ROTA_LEDGER_CERTIFICATE_H

#include "crypto/codec.h"
#include "ledger/membership.h"

enum rota_vote_kind { ROTA_VOTE_PREPARE = 1, ROTA_VOTE_COMMIT = 2 };

/* What is voted for. */
struct rota_vote {
    enum rota_vote_kind kind;
    uint64_t view;
    struct rota_hash nv; /* digest of the NEW-VIEW that the voter accepted for this view; zero in view 0 */
    uint64_t height;
    struct rota_hash block;
};

enum { ROTA_VOTE_PREIMAGE_MAX = 192, ROTA_VOTE_BYTES = 1 + 8 + 32 + 8 + 32 };

struct rota_certificate {
    struct rota_vote vote;
    uint32_t epoch;
    uint32_t signers;                                  /* bit i: member i signed */
    struct rota_signature signatures[ROTA_QUORUM_MAX]; /* of the signers, ascending */
};

enum { ROTA_CERTIFICATE_BYTES_MAX = ROTA_VOTE_BYTES + 4 + 4 + ROTA_QUORUM_MAX * ROTA_SIGNATURE_BYTES };

bool rota_vote_equal(const struct rota_vote *a, const struct rota_vote *b);

/* tag (prepare or commit) || ledger_id || epoch u32 || config_hash || view u64 || nv || height u64 || block. Returns its
 * length. */
size_t rota_vote_preimage(uint8_t out[ROTA_VOTE_PREIMAGE_MAX], const struct rota_membership *membership,
                          const struct rota_vote *vote);
ROTA_CHECKED bool rota_vote_verify(const struct rota_membership *membership, const struct rota_vote *vote, uint32_t member,
                                   const struct rota_signature *signature);

void rota_vote_encode(struct rota_writer *writer, const struct rota_vote *vote);
void rota_vote_decode(struct rota_reader *reader, struct rota_vote *out); /* an unknown kind makes the reader bad */

uint32_t rota_certificate_signer_count(const struct rota_certificate *certificate);
/* vote || epoch u32 || signers u32 || signatures. */
void rota_certificate_encode(struct rota_writer *writer, const struct rota_certificate *certificate);
void rota_certificate_decode(struct rota_reader *reader, struct rota_certificate *out);
/* Exactly Q distinct members of this epoch, every signature valid; in the crash profile a certificate of PREPAREs is the one
 * signature of the view's primary. ROTA_WRONG_LEDGER for another epoch,
 * ROTA_UNKNOWN_KEY for a signer outside the membership, ROTA_INCOMPLETE for a wrong number, ROTA_BAD_SIGNATURE. */
ROTA_CHECKED struct rota_status rota_certificate_verify(const struct rota_membership *membership,
                                                        const struct rota_certificate *certificate);

#endif
