/* A proposal: a compact JWS that a coordinator signed (FORMATS §3). Parsed once, then borrowed by everyone. */
#ifndef ROTA_LEDGER_PROPOSAL_H
#define ROTA_LEDGER_PROPOSAL_H

#include "crypto/jws.h"

#include <jansson.h>

#define ROTA_PROPOSAL_TYP "rota-proposal+jws"

enum { ROTA_PROPOSAL_OPS_MAX = 256, ROTA_PROPOSAL_EXPECT_MAX = 64, ROTA_PROPOSAL_COMMITMENTS_MAX = 8 };

/* "The day card of this person on this day is still at this revision." */
struct rota_expectation {
    struct rota_token person;
    int32_t day; /* civil days since 1970-01-01 */
    uint32_t revision;
};

struct rota_operation; /* ledger/schedule/operation.h */

/* Heap object, reference counted, immutable after rota_proposal_parse, may be read by threads. */
struct rota_proposal {
    unsigned references; /* atomic */
    char *text;          /* the compact JWS, NUL-terminated; owned; low-S */
    struct rota_jws jws; /* views into text */
    struct rota_hash id; /* SHA-256 of the signing input: the signature is not part of the identity */
    struct rota_hash ledger_id;
    uint64_t seq;
    uint64_t exp; /* last height at which it may commit */
    struct rota_token reason;
    uint32_t expectation_count;
    struct rota_expectation *expectations; /* owned */
    uint32_t commitment_count;
    struct rota_hash commitments[ROTA_PROPOSAL_COMMITMENTS_MAX];
    uint32_t op_count;
    struct rota_operation *ops;  /* owned */
    struct rota_token pool_code; /* the code of the first operation that names one, or "": intake's classification */
};

/* Checks form and payload (not the signature): *out has one reference. normalise: accept high-S and store low-S (the door
 * of submission); otherwise high-S is ROTA_BAD_SIGNATURE. ROTA_MALFORMED with a sentence for the author; when it is about
 * an operation, *out_op (may be NULL) is its index, else UINT32_MAX. */
ROTA_CHECKED struct rota_status rota_proposal_parse(struct rota_proposal **out, uint32_t *out_op, struct rota_view text,
                                                    bool normalise);
/* The payload alone, before it is signed: what `rota proposal check` uses. The result has empty jws and id. */
ROTA_CHECKED struct rota_status rota_proposal_parse_payload(struct rota_proposal **out, uint32_t *out_op,
                                                            struct rota_view payload);
struct rota_proposal *rota_proposal_retain(struct rota_proposal *proposal);
void rota_proposal_release(struct rota_proposal *proposal); /* NULL is fine */

/* Strict times of the format: "2026-12-25" and "2026-12-25T12:30Z". Minutes and days since 1970-01-01 UTC. */
ROTA_CHECKED struct rota_status rota_time_parse_day(int32_t *out_day, struct rota_view text);
ROTA_CHECKED struct rota_status rota_time_parse_minute(int64_t *out_minute, struct rota_view text);
enum { ROTA_TIME_CHARS_MAX = 18 };
void rota_time_format_day(char out[ROTA_TIME_CHARS_MAX], int32_t day);
void rota_time_format_minute(char out[ROTA_TIME_CHARS_MAX], int64_t minute);

#endif
