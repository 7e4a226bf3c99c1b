/* A receipt: proof, with nothing but the genesis, that a proposal is in the ledger and what became of it (FORMATS §10).
 * Strict JSON. */
#ifndef ROTA_LEDGER_RECEIPT_H
#define ROTA_LEDGER_RECEIPT_H

#include "ledger/body.h"
#include "ledger/certificate.h"
#include "ledger/epoch_change.h"
#include "ledger/genesis.h"
#include "ledger/outcome.h"
#include "ledger/tree.h"

enum { ROTA_RECEIPT_HEADERS_MAX = 33, ROTA_RECEIPT_EPOCHS_MAX = 1024, ROTA_RECEIPT_BYTES_MAX = 16 * 1024 * 1024 };

/* One change of epoch: the CONFIG entry, and the proof that the members before it decided so. With a recovery manifest they
 * did not: then header and certificate are of the block that it keeps, which proves that they had decided as far as that. */
struct rota_receipt_epoch {
    struct rota_epoch_change *change;    /* one reference */
    uint64_t leaf_index;                 /* of the entry in the ledger's tree; not with a manifest */
    struct rota_tree_path tree_path;     /* to tree_root at tree_size of header; not with a manifest */
    struct rota_header header;           /* of the CONFIG block, or of the kept one */
    struct rota_certificate certificate; /* its own commit certificate */
};

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
    uint32_t epoch_count;                /* the epoch of the headers: so many changes lead there from the genesis */
    struct rota_receipt_epoch *epochs;   /* owned in either case: rota_receipt_epochs_free */
};

/* The JSON text, malloc'd, NUL-terminated: given to the caller (free). NULL when memory is out. */
char *rota_receipt_format(const struct rota_receipt *receipt);
ROTA_CHECKED struct rota_status rota_receipt_parse(struct rota_receipt *out, struct rota_view text);
/* Every link of the chain of proof: identity, epoch changes, path, outcome, headers, certificate, signature of the
 * coordinator when its key is in the genesis (*out_key_known, may be NULL, says so). The first thing that does not hold is
 * the status. */
ROTA_CHECKED struct rota_status rota_receipt_verify(const struct rota_receipt *receipt, const struct rota_genesis *genesis,
                                                    bool *out_key_known);
/* One step of the chain of epochs: the epoch that it begins, and the block on which that one stands. */
ROTA_CHECKED struct rota_status rota_receipt_step(struct rota_epoch *out, const struct rota_receipt_epoch *step,
                                                  const struct rota_epoch *before);
void rota_receipt_free(struct rota_receipt *receipt);
/* The epoch changes alone, for whoever made a receipt of borrowed parts. */
void rota_receipt_epochs_free(struct rota_receipt *receipt);

#endif
