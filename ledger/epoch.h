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

struct rota_epoch {
    struct rota_membership membership; /* its base is 0 and zero until somebody knows the CONFIG block */
    struct rota_limits limits;
    struct rota_timers timers;
    struct rota_hash previous; /* config hash of the epoch before; zero for the genesis */
    uint32_t consents;
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

#endif
