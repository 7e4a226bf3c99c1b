/* A CONFIG entry: the next epoch's document, byte for byte, and the approvals of this epoch's administrators (FORMATS §16).
 * A recovery manifest has the same form; it begins its epoch, where every other one ends the epoch before (PROTOCOL M11).
 * Approvals are made offline and passed around as files; here they come together. */
#ifndef ROTA_LEDGER_EPOCH_CHANGE_H
#define ROTA_LEDGER_EPOCH_CHANGE_H

#include "ledger/epoch.h"

struct rota_approval {
    uint32_t member; /* index in the epoch that approves */
    struct rota_signature signature;
};

/* Heap object, reference counted, immutable. */
struct rota_epoch_change {
    unsigned references; /* atomic */
    uint8_t *bytes;      /* encoded, owned */
    size_t len;
    struct rota_hash id;       /* H(tag config || bytes) */
    struct rota_view document; /* in bytes */
    struct rota_epoch next;
    uint32_t approval_count;
    struct rota_approval approvals[ROTA_MEMBERS_MAX]; /* members ascending */
};

enum { ROTA_EPOCH_CHANGE_BYTES_MAX = 4 + ROTA_EPOCH_DOCUMENT_BYTES_MAX + 1 + ROTA_MEMBERS_MAX * (4 + ROTA_SIGNATURE_BYTES) };

/* What an administrator of `current` signs to approve of a document: tag approve || ledger || epoch u32 || config hash ||
 * H(tag epoch || document). Returns its length. */
enum { ROTA_APPROVAL_PREIMAGE_MAX = 160 };
size_t rota_approval_preimage(uint8_t out[ROTA_APPROVAL_PREIMAGE_MAX], const struct rota_membership *current,
                              const struct rota_hash *next);
ROTA_CHECKED bool rota_approval_verify(const struct rota_membership *current, const struct rota_hash *next,
                                       const struct rota_approval *approval);

/* approvals: members strictly ascending, 1..31 of them. */
ROTA_CHECKED struct rota_status rota_epoch_change_new(struct rota_epoch_change **out, struct rota_view document,
                                                      const struct rota_approval *approvals, uint32_t count);
/* Strict; signatures are not checked. */
ROTA_CHECKED struct rota_status rota_epoch_change_parse(struct rota_epoch_change **out, struct rota_view bytes);
/* The whole rule M8 on top of `current`: it follows, every approval is its administrator's, and they are a quorum. As
 * rota_epoch_follows; ROTA_UNKNOWN_KEY, ROTA_BAD_SIGNATURE, ROTA_INCOMPLETE. */
ROTA_CHECKED struct rota_status rota_epoch_change_verify(const struct rota_epoch_change *change,
                                                         const struct rota_epoch *current);
/* The whole rule M11 on top of `current`, which nothing ended: it is a recovery manifest, it follows, it keeps `tip`, where
 * the ledger ends (NULL: not known here), and a super-majority of the administrators, in either profile, approve. As
 * rota_epoch_change_verify; ROTA_REFUSED also for another block than the one it keeps. */
ROTA_CHECKED struct rota_status rota_discontinuity_verify(const struct rota_epoch_change *change,
                                                          const struct rota_epoch *current,
                                                          const struct rota_discontinuity *tip);
/* How many administrators of n make a super-majority: (2n+2)/3 in either profile. */
uint32_t rota_discontinuity_quorum(uint32_t n);
struct rota_epoch_change *rota_epoch_change_retain(struct rota_epoch_change *change);
void rota_epoch_change_release(struct rota_epoch_change *change); /* NULL is fine */

#endif
