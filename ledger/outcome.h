/* What became of the operations: codes, and the outcome record whose Merkle root the header carries (FORMATS §9). */
#ifndef ROTA_LEDGER_OUTCOME_H
#define ROTA_LEDGER_OUTCOME_H

#include "crypto/codec.h"
#include "crypto/digest.h"

/* Stable numbers; never reused. Below 100: done. From 100: refused. */
enum rota_outcome_code {
    ROTA_OUTCOME_OK = 0,
    ROTA_OUTCOME_FLAGGED = 1,
    ROTA_OUTCOME_EXPIRED = 100,
    ROTA_OUTCOME_KEY_SUSPENDED = 101,
    ROTA_OUTCOME_KEY_REVOKED = 102,
    ROTA_OUTCOME_ROLE_MISSING = 103,   /* the key lacks the role this operation needs */
    ROTA_OUTCOME_WRONG_FACILITY = 104, /* the key belongs to another facility than the operation touches */
    ROTA_OUTCOME_STALE_REVISION = 105,
    ROTA_OUTCOME_UNKNOWN_PERSON = 110,
    ROTA_OUTCOME_UNKNOWN_CODE = 111,
    ROTA_OUTCOME_UNKNOWN_FACILITY = 112,
    ROTA_OUTCOME_UNKNOWN_ASSIGNMENT = 113,
    ROTA_OUTCOME_UNKNOWN_KEY = 114,
    ROTA_OUTCOME_OVERLAP = 120,    /* detail: id of the entry it conflicts with */
    ROTA_OUTCOME_NOT_ACTIVE = 121, /* the assignment was ended before */
    ROTA_OUTCOME_EXISTS = 122,     /* person, code or key is there already */
};

/* "overlap", and the sentence with the next step. Unknown numbers give "unknown". */
const char *rota_outcome_name(uint16_t code);
const char *rota_outcome_text(uint16_t code);
static inline bool rota_outcome_is_refused(uint16_t code)
{
    return code >= 100;
}

enum { ROTA_OUTCOME_DETAIL_MAX = 32 };

/* One operation's outcome, without its rows. */
struct rota_op_outcome {
    uint16_t code;
    uint32_t flags; /* 0 until duty-hour flags exist */
    uint8_t detail_len;
    uint8_t detail[ROTA_OUTCOME_DETAIL_MAX];
};

/* One entry's outcome: the encoded record, in which op outcomes can be read back. Bytes owned by whoever holds it. */
struct rota_outcome {
    uint8_t *record;
    size_t len;
};

/* Record := kind u8 || row_count u16 || rows (of the envelope) || op_count u16 || ops;
 * op := code u16 || flags u32 || detail (u8 length, bytes) || row_count u16 || rows;
 * row := table u8 || key (u16 length, bytes) || before (u16 length, bytes) || after (u16 length, bytes). */
/* Reads the op outcomes of a record back; count is at most `room`. ROTA_MALFORMED. */
ROTA_CHECKED struct rota_status rota_outcome_read(struct rota_op_outcome *out, uint32_t *out_count, uint32_t room,
                                                  struct rota_view record);
/* Leaf of the outcome tree: H(0x00 || tag outcome || record). */
struct rota_hash rota_outcome_leaf(struct rota_view record);

#endif
