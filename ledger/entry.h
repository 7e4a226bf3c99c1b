/* An entry: anything that has a leaf in the tree because a block carries it (FORMATS §5). */
#ifndef ROTA_LEDGER_ENTRY_H
#define ROTA_LEDGER_ENTRY_H

#include "ledger/epoch_change.h"
#include "ledger/evidence.h"
#include "ledger/proposal.h"
#include "ledger/record.h"

/* Also the first byte of a leaf record. */
enum rota_entry_kind {
    ROTA_ENTRY_PROPOSAL = 1,
    ROTA_ENTRY_BLOCK = 2,
    ROTA_ENTRY_EVIDENCE = 3,
    ROTA_ENTRY_RECORD = 4,
    ROTA_ENTRY_CONFIG = 5,
};

/* A parsed entry. Holds one reference to what it points to; kind is never ROTA_ENTRY_BLOCK here. */
struct rota_entry {
    enum rota_entry_kind kind;
    struct rota_hash id; /* of the proposal, the evidence, the record, the epoch change */
    union {
        struct rota_proposal *proposal;
        struct rota_evidence *evidence;
        struct rota_record *record;
        struct rota_epoch_change *change; /* ROTA_ENTRY_CONFIG */
    };
};

/* The bytes a block carries for it: the compact JWS, or the encoded evidence, record or epoch change. Borrowed from the
 * entry. */
struct rota_view rota_entry_bytes(const struct rota_entry *entry);
/* Leaf hash: H(0x00 || record); record is 0x01 || id || signature 64 for a proposal, 0x03 || id for evidence, 0x04 ||
 * id for a record, 0x05 || id for an epoch change. */
struct rota_hash rota_entry_leaf(const struct rota_entry *entry);
/* The same of bytes that may be anything. False when no leaf has them: a kind that no entry has, or a text that does not end
 * in a dot and a signature. One leaf has one text, because a signature has one base64url: nobody can put other bytes in the
 * place of what a tree holds. */
ROTA_CHECKED bool rota_entry_leaf_of_bytes(struct rota_hash *out, enum rota_entry_kind kind, struct rota_view bytes);
/* Leaf of a block: H(0x00 || 0x02 || block_hash). */
struct rota_hash rota_block_leaf(const struct rota_hash *block_hash);

ROTA_CHECKED struct rota_status rota_entry_parse(struct rota_entry *out, enum rota_entry_kind kind, struct rota_view bytes);
/* What is wrong with bytes that stand as an entry in a block of this epoch, whatever the ledger below it holds (PROTOCOL
 * E9). OK: nothing, or only the ledger can say. ROTA_NO_MEMORY says nothing about the entry. */
ROTA_CHECKED struct rota_status rota_entry_judge(enum rota_entry_kind kind, struct rota_view bytes,
                                                 const struct rota_membership *membership);
struct rota_entry rota_entry_of_proposal(struct rota_proposal *proposal); /* takes a reference */
struct rota_entry rota_entry_of_evidence(struct rota_evidence *evidence);
struct rota_entry rota_entry_of_record(struct rota_record *record);
struct rota_entry rota_entry_of_change(struct rota_epoch_change *change);
/* Another reference to the same. */
struct rota_entry rota_entry_share(const struct rota_entry *entry);
bool rota_entry_is_tick(const struct rota_entry *entry);
/* "proposal", "evidence", "record", "config". */
const char *rota_entry_kind_name(enum rota_entry_kind kind);
void rota_entry_release(struct rota_entry *entry);

#endif
