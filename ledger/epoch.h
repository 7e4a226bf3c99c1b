/* An epoch: a stretch of heights with one member list. Epoch 0 is the genesis; every later one is a document that a quorum
 * of the administrators before it approved (FORMATS §16, PROTOCOL M6 to M10). Plain values; nothing here allocates but JSON.
 */
#ifndef ROTA_LEDGER_EPOCH_H
#define ROTA_LEDGER_EPOCH_H

#include "ledger/genesis.h"

enum { ROTA_EPOCH_DOCUMENT_BYTES_MAX = 64 * 1024 };

/* What a document has to say in so many words before it may bring it. Bits of a mask. */
enum rota_consent {
    ROTA_CONSENT_TWO_MEMBERS = 1,  /* two members: less available than one */
    ROTA_CONSENT_FEWER_LIARS = 2,  /* f becomes smaller */
    ROTA_CONSENT_CRASH_PROFILE = 4 /* from now on nobody may lie */
};

/* The last block that a recovery manifest keeps: its epoch stands on it, and the one before has no end (PROTOCOL M11). */
struct rota_discontinuity {
    uint64_t height; /* 0: none, an epoch like any other */
    struct rota_hash block;
};

struct rota_epoch {
    struct rota_membership membership; /* its base is 0 and zero until somebody knows the block that it stands on */
    struct rota_limits limits;
    struct rota_timers timers;
    struct rota_hash previous; /* config hash of the epoch before; zero for the genesis */
    uint32_t consents;
    struct rota_discontinuity discontinuity;
};

void rota_epoch_of_genesis(struct rota_epoch *out, const struct rota_genesis *genesis);
/* Form, members, proofs of possession. ROTA_MALFORMED, ROTA_TOO_LARGE, ROTA_UNSUPPORTED with a sentence for people. */
ROTA_CHECKED struct rota_status rota_epoch_parse(struct rota_epoch *out, struct rota_view document);
/* H(tag epoch || document): its config hash. */
struct rota_hash rota_epoch_hash(struct rota_view document);
/* May `next` come after `current`? ROTA_WRONG_LEDGER; ROTA_EXISTS: it is this very epoch; ROTA_REFUSED: it was made for
 * another one, or it brings what it does not say that it accepts. Approvals are another matter. */
ROTA_CHECKED struct rota_status rota_epoch_follows(const struct rota_epoch *next, const struct rota_epoch *current);
/* What it would have to accept to come after `current`: a mask of enum rota_consent. */
uint32_t rota_epoch_consents_needed(const struct rota_epoch *next, const struct rota_epoch *current);
/* "two-members"; NULL for no consent. */
const char *rota_consent_name(enum rota_consent consent);
/* Is it a recovery manifest, which begins its epoch without an end of the one before? */
bool rota_epoch_is_discontinuity(const struct rota_epoch *epoch);

#endif
