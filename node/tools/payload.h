/* The payload of a proposal while it is being written: operations from words, the envelope around them, and the number
 * that it still lacks. */
#ifndef ROTA_TOOLS_PAYLOAD_H
#define ROTA_TOOLS_PAYLOAD_H

#include "crypto/json.h"
#include "ledger/proposal.h"

/* "assign person=p-1 code=NIGHT ..." as a JSON object, given to the caller; NULL and a sentence in `why` otherwise. Words
 * that the operation does not know are refused, with the nearest known one. */
json_t *rota_operation_from_words(const char *words, char *why, size_t why_size);
/* "p-1:2026-12-25:3" as an expectation. */
json_t *rota_expectation_from_words(const char *words, char *why, size_t why_size);

struct rota_payload_facts {
    struct rota_hash ledger_id;
    uint64_t exp;
    const char *reason;
    uint64_t seq; /* 0: not given out yet */
};
/* Takes over both arrays; `expect` may be NULL. Given to the caller. */
json_t *rota_payload_new(const struct rota_payload_facts *facts, json_t *ops, json_t *expect);
/* The compact text that is signed; malloc'd. NULL without memory. */
char *rota_payload_text(const json_t *payload);
/* Checks a payload as the ledger will; one without a seq is checked as if it had one, and comes
 * back with seq 0. out may be NULL. */
ROTA_CHECKED struct rota_status rota_payload_check(struct rota_proposal **out, uint32_t *out_op, const json_t *payload);

#endif
