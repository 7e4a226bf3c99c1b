/* A record: what the primary puts into a block from facts that members signed, and nobody else asked for (FORMATS §8.2).
 * A new kind is: a number, a member of the union, a row in record.c (bytes, signatures), a row in schedule/record.c (when it
 * may stand in a block, and what it leaves in the state), and its bytes in FORMATS. */
#ifndef ROTA_LEDGER_RECORD_H
#define ROTA_LEDGER_RECORD_H

#include "crypto/codec.h"
#include "crypto/digest.h"
#include "ledger/membership.h"

/* Stable numbers; never reused. */
enum rota_record_kind {
    ROTA_RECORD_NEW_VIEW = 1, /* which NEW-VIEW the blocks from here on rest on */
};

enum { ROTA_RECORD_BYTES_MAX = 1024 };

/* The NEW-VIEW of a view: its digest, and its primary's signature. */
struct rota_anchor {
    uint32_t epoch;
    uint64_t view; /* from 1 */
    struct rota_hash nv;
    struct rota_signature signature;
};

/* Heap object, reference counted, immutable. */
struct rota_record {
    unsigned references; /* atomic */
    struct rota_hash id; /* H(tag record || bytes) */
    enum rota_record_kind kind;
    union {
        struct rota_anchor anchor;
    };
    size_t len;
    uint8_t bytes[ROTA_RECORD_BYTES_MAX];
};

ROTA_CHECKED struct rota_status rota_record_of_anchor(struct rota_record **out, const struct rota_anchor *anchor);
/* Strict. Signatures are not checked. */
ROTA_CHECKED struct rota_status rota_record_parse(struct rota_record **out, struct rota_view bytes);
/* Every signature inside, under the members of its epoch. */
ROTA_CHECKED struct rota_status rota_record_verify(const struct rota_record *record,
                                                   const struct rota_membership *membership);
struct rota_record *rota_record_retain(struct rota_record *record);
void rota_record_release(struct rota_record *record); /* NULL is fine */

/* What a NEW-VIEW's signature covers: tag newview || ledger || epoch u32 || config || view u64 || nv. Returns its length. */
enum { ROTA_ANCHOR_PREIMAGE_MAX = 192 };
size_t rota_anchor_preimage(uint8_t out[ROTA_ANCHOR_PREIMAGE_MAX], const struct rota_membership *membership, uint64_t view,
                            const struct rota_hash *nv);

#endif
