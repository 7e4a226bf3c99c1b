/* A receipt: proof, with nothing but the genesis, that a proposal is in the ledger and what became of it (FORMATS §10).
 * Strict JSON. */
#ifndef ROTA_LEDGER_RECEIPT_H
#define ROTA_LEDGER_RECEIPT_H

#include "ledger/body.h"
#include "ledger/certificate.h"
#include "ledger/genesis.h"
#include "ledger/outcome.h"
#include "ledger/tree.h"

enum { ROTA_RECEIPT_HEADERS_MAX = 33, ROTA_RECEIPT_BYTES_MAX = 1024 * 1024 };

/* Everything a receipt says. Pointers are borrowed when written, owned (and freed by rota_receipt_free) when parsed. */
struct rota_receipt {
    struct rota_hash ledger_id;
    struct rota_proposal *proposal;
    uint64_t leaf_index;             /* of the entry in the ledger's tree */
    uint32_t entry_index;            /* of the entry in its block */
    struct rota_tree_path tree_path; /* to tree_root at tree_size of headers[0] */
    struct rota_outcome outcome;
    struct rota_tree_path outcome_path; /* to outcome_hash of headers[0], index entry_index, size entry_count */
    uint32_t header_count;              /* the entry's block, then its descendants up to the certified one; usually 1 */
    struct rota_header headers[ROTA_RECEIPT_HEADERS_MAX];
    struct rota_certificate certificate; /* commit certificate of headers[header_count - 1] */
};

/* The JSON text, malloc'd, NUL-terminated: given to the caller (free). NULL when memory is out. */
char *rota_receipt_format(const struct rota_receipt *receipt);
ROTA_CHECKED struct rota_status rota_receipt_parse(struct rota_receipt *out, struct rota_view text);
/* Every link of the chain of proof: identity, path, outcome, headers, certificate, signature of the coordinator when its
 * key is in the genesis (*out_key_known, may be NULL, says so). The first thing that does not hold is the status. */
ROTA_CHECKED struct rota_status rota_receipt_verify(const struct rota_receipt *receipt, const struct rota_genesis *genesis,
                                                    bool *out_key_known);
void rota_receipt_free(struct rota_receipt *receipt);

#endif
