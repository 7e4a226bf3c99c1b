/* Makes real ledger files: real keys, real execution, real certificates, through the functions that a node uses. */
#ifndef ROTA_TESTS_UNIT_LEDGER_STORE_MAKER_H
#define ROTA_TESTS_UNIT_LEDGER_STORE_MAKER_H

#include "fixture.h"
#include "ledger/audit/audit.h"

#include "ledger/receipt.h"
#include "ledger/schedule/state.h"
#include "ledger/store/store.h"

enum { MAKER_BLOCKS_MAX = 16 };

struct maker {
    char path[128];
    struct rota_genesis genesis;
    struct rota_state *state;
    struct rota_tree tree;
    struct rota_store *store;
    struct rota_header headers[MAKER_BLOCKS_MAX + 1]; /* by height */
    struct rota_hash hashes[MAKER_BLOCKS_MAX + 1];
    uint64_t height;
};

/* A new file in memory-backed storage, under a name of its own for this process; with an open store. */
void maker_begin(struct maker *maker, const char *name);
/* The same with TICKs (PROTOCOL T11). Blocks are a second apart. */
void maker_begin_ticking(struct maker *maker, const char *name, uint32_t tick_ms);
/* Closes and deletes. */
void maker_end(struct maker *maker);
void maker_remove(const char *path);

/* Entries of the next block; given to the callee. */
struct rota_entry maker_proposal(const struct maker *maker, const char *author, uint64_t seq, const char *ops);
struct rota_entry maker_evidence(struct rota_evidence *evidence);

/* The next block, executed, not yet stored; its outcomes are given to the caller. */
struct rota_block *maker_block(struct maker *maker, struct rota_outcomes *out, struct rota_entry *entries, uint32_t count);
/* One transaction: the block, and its certificate when `signers` is not 0 (a mask of members). */
void maker_add(struct maker *maker, struct rota_entry *entries, uint32_t count, uint32_t signers);
/* A recovery manifest above the newest block, approved by at least two thirds of the members of the epoch in force, and the
 * first block of its epoch, which holds it. */
void maker_discontinue(struct maker *maker, const char *const *labels, uint32_t count, uint32_t approvers, uint32_t signers);
/* As its node keeps a NEW-VIEW of epoch 0. */
void maker_keep_new_view(struct maker *maker, const struct rota_new_view *new_view, const struct rota_signature *signature);
/* A properly signed commit certificate of those members. */
void maker_certificate(struct rota_certificate *out, const struct maker *maker, uint64_t height, uint64_t view,
                       uint32_t signers);

/* Seven blocks with all that there is: grants, a refusal, a suspension, evidence against a facility; certificates on 1, 3,
 * 6, 7. `variant` changes block 3 and what follows. The store is closed afterwards. */
void maker_story(struct maker *maker, const char *name, int variant);
enum { STORY_HEIGHT = 7 };

/* The receipt of entry 0 of a block, as JSON text, malloc'd. Opens the file again. */
char *maker_receipt(struct maker *maker, uint64_t height, uint64_t certified_height);
/* The same, read back; rota_receipt_free. */
void maker_receipt_read(struct rota_receipt *out, struct maker *maker, uint64_t height, uint64_t certified_height);
/* Audits the file against its genesis, with one receipt or NULL. */
enum rota_verdict maker_audit(struct rota_audit_report *report, const struct maker *maker,
                              const struct rota_receipt *receipt);

#endif
