/* A small ledger for tests. Every key is worked out from its label, so every byte is the same in each run.
 *
 * Members alpha, bravo, charlie, delta, then m-4, m-5, ...; for each of the first four "<member>-scheduler" and
 * "<member>-director", and "alpha-both" with both roles; people p-1 .. p-6 (homes in turn); codes DAY, NIGHT (pool icu).
 */
#ifndef ROTA_TESTS_UNIT_LEDGER_FIXTURE_H
#define ROTA_TESTS_UNIT_LEDGER_FIXTURE_H

#include "ledger/entry.h"
#include "ledger/epoch.h"
#include "ledger/genesis.h"

/* Fails the test when something cannot be made. Freed by rota_genesis_free. 1..31 members. */
void fixture_genesis(struct rota_genesis *out, uint32_t member_count);
/* The text of that genesis, malloc'd: given to the caller. */
char *fixture_genesis_text(uint32_t member_count);
/* The same with TICKs (PROTOCOL T11); 0: without. */
void fixture_genesis_ticking(struct rota_genesis *out, uint32_t member_count, uint32_t tick_ms);

/* Any label gives a key; those above are in the genesis. */
void fixture_facility_secret(struct rota_ed25519_secret *out, const char *label);
void fixture_coordinator_secret(struct rota_es256k_secret *out, const char *label);
const char *fixture_member_label(uint32_t member);
struct rota_kid fixture_kid(const char *label);

/* What a proposal says; what is left out gets a usual value. */
struct fixture_payload {
    const char *author; /* label of the key that signs */
    uint64_t seq;
    uint64_t exp;                   /* 0: never in a test's life */
    const char *ops;                /* JSON array */
    const char *expect;             /* JSON array, NULL: none */
    const char *reason;             /* NULL: "plan" */
    const struct rota_hash *ledger; /* NULL: the genesis' */
};

/* Signed and parsed; one reference, given to the caller. */
struct rota_proposal *fixture_proposal(const struct rota_genesis *genesis, const struct fixture_payload *payload);
/* The compact JWS alone, malloc'd: given to the caller. */
char *fixture_proposal_text(const struct rota_genesis *genesis, const struct fixture_payload *payload);

/* Two proposals of one author with one seq, and the evidence of it; one reference each, given to the caller. */
struct rota_evidence *fixture_coordinator_evidence(const struct rota_genesis *genesis, const char *author, uint64_t seq);
/* Two votes of a member for different blocks, properly signed. `salt` tells the blocks of one evidence from another's. */
struct rota_evidence *fixture_vote_evidence(const struct rota_genesis *genesis, enum rota_vote_kind kind, uint32_t member,
                                            uint64_t view, uint64_t height, uint32_t salt);

/* Signs with the key of a member. */
void fixture_sign(struct rota_signature *out, uint32_t member, const uint8_t *preimage, size_t len);
/* The anchor of a NEW-VIEW, signed by the primary of that view; `salt` tells one digest from another. One reference. */
struct rota_record *fixture_anchor(const struct rota_genesis *genesis, uint64_t view, uint32_t salt);
/* The RECOVERED of a member's run number `floor`, signed by it. One reference. */
struct rota_record *fixture_recovered(const struct rota_genesis *genesis, uint32_t member, uint64_t floor, uint64_t view);

/* The document of the epoch after `current`, with these members (each with the key of its label). accepts: members of that
 * JSON list, "" for none. malloc'd: given to the caller. */
char *fixture_epoch_document(const struct rota_epoch *current, const char *const *labels, uint32_t count,
                             const char *accepts);
/* The same as a recovery manifest, which keeps this block. */
char *fixture_manifest_document(const struct rota_epoch *current, const char *const *labels, uint32_t count,
                                const char *accepts, const struct rota_discontinuity *kept);
/* That document, approved by the members of `current` whose bit is set. One reference. */
struct rota_epoch_change *fixture_epoch_change(const struct rota_epoch *current, const char *document, uint32_t approvers);

/* An entry that holds the only reference: the caller's goes into it. */
struct rota_entry fixture_entry_of_proposal(struct rota_proposal *proposal);
struct rota_entry fixture_entry_of_evidence(struct rota_evidence *evidence);
struct rota_entry fixture_entry_of_record(struct rota_record *record);
struct rota_entry fixture_entry_of_change(struct rota_epoch_change *change);

/* A small generator for property tests: the same numbers for the same seed, everywhere. */
struct fixture_random {
    uint64_t state;
};
struct fixture_random fixture_random(uint64_t seed);
uint64_t fixture_random_next(struct fixture_random *random);
/* 0 .. bound-1. */
uint32_t fixture_random_below(struct fixture_random *random, uint32_t bound);

#endif
