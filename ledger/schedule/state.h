/* The deterministic schedule: people, codes, coordinators, assignments, as rows in memory; blocks are executed on top of
 * each other and taken back by their undo record. Decides from bytes alone (FORMATS §9).
 *
 * Every change goes through one door (rows.h), which records the row before and after. That one record is the outcome that
 * is hashed, the undo, and nothing else needs to be kept in step. One thread at a time.
 */
#ifndef ROTA_LEDGER_SCHEDULE_STATE_H
#define ROTA_LEDGER_SCHEDULE_STATE_H

#include "ledger/body.h"
#include "ledger/genesis.h"
#include "ledger/outcome.h"

struct rota_state; /* opaque, heap */

/* The state before block 1. genesis is borrowed and must outlive the state. */
ROTA_CHECKED struct rota_status rota_state_new(struct rota_state **out, const struct rota_genesis *genesis);
void rota_state_free(struct rota_state *state);

/* Outcomes of one executed block; records owned, freed by rota_outcomes_free. */
struct rota_outcomes {
    uint32_t count;
    struct rota_outcome *items;
    struct rota_hash root; /* the header's outcome_hash: RFC 9162 root over the outcome leaves */
};
void rota_outcomes_free(struct rota_outcomes *outcomes);

/* May this entry be ordered at all, on top of the state as it is? ROTA_OK, or why not:
 * ROTA_UNKNOWN_KEY; ROTA_WRONG_LEDGER; ROTA_EXISTS (this proposal, or this evidence, is in the ledger already);
 * ROTA_REFUSED (seq used by another proposal, or below the window; evidence against a key that is suspended already).
 * A block that holds an entry that may not be ordered is invalid. Signatures are the caller's matter, but for
 * approvals of an epoch document: those are checked here. */
ROTA_CHECKED struct rota_status rota_state_admit(const struct rota_state *state, const struct rota_entry *entry);

/* Executes the entries of a block on top of everything executed so far and keeps an undo record. ROTA_REFUSED (state
 * unchanged, *out_bad_entry says which) when an entry may not be ordered. */
ROTA_CHECKED struct rota_status rota_state_execute(struct rota_state *state, struct rota_outcomes *out,
                                                   uint32_t *out_bad_entry, uint64_t height,
                                                   const struct rota_entry *entries, uint32_t count);
/* The newest executed block has this hash: an epoch that it begins stands on it. For whoever executes blocks whose hash is
 * known afterwards only. */
void rota_state_stand(struct rota_state *state, const struct rota_hash *block);
/* PROTOCOL M11: the next epoch begins above the newest block, which has this hash, without a block that ended the one
 * before. From then on the next block must bring a manifest of this document, as its first entry. Asserts that nothing may
 * be taken back. As rota_discontinuity_verify; ROTA_EXISTS when that block is being waited for already. */
ROTA_CHECKED struct rota_status rota_state_discontinue(struct rota_state *state, const struct rota_epoch_change *change,
                                                       const struct rota_hash *head);
/* Is the next block the first of an epoch that begins so? */
bool rota_state_begins_anew(const struct rota_state *state);
/* The epoch in force for the next block, on top of everything executed. Borrowed: an epoch whose CONFIG block is final stays
 * where it is for the life of the state. */
const struct rota_epoch *rota_state_epoch(const struct rota_state *state);
/* Epoch `number`; NULL: not begun. */
const struct rota_epoch *rota_state_epoch_number(const struct rota_state *state, uint32_t number);
/* The one whose members decide the block of this height. */
const struct rota_epoch *rota_state_epoch_at(const struct rota_state *state, uint64_t height);

/* Takes back the newest executed block that is not final. Asserts that there is one. */
void rota_state_undo(struct rota_state *state);
/* The oldest executed block is final: its undo record is dropped. Asserts that there is one. */
void rota_state_finalise(struct rota_state *state);
/* Executed blocks that are not final. */
uint32_t rota_state_depth(const struct rota_state *state);

/* What is known of a coordinator's key. */
struct rota_coordinator {
    struct rota_token label;
    struct rota_es256k_public key;
    struct rota_token facility;
    uint32_t roles;
    uint64_t from_height;
    uint64_t suspended_at; /* height of the evidence, 0 = not */
    uint64_t revoked_at;   /* 0 = not */
    uint64_t seq_highest;
};
/* ROTA_UNKNOWN_KEY. */
ROTA_CHECKED struct rota_status rota_state_coordinator(struct rota_coordinator *out, const struct rota_state *state,
                                                       const struct rota_kid *kid);
/* The proposal that used this seq: ROTA_OK and its id; ROTA_NOT_FOUND: unused and usable; ROTA_REFUSED: below the window. */
ROTA_CHECKED struct rota_status rota_state_seq(struct rota_hash *out_id, const struct rota_state *state,
                                               const struct rota_kid *kid, uint64_t seq);

enum { ROTA_ASSIGNMENT_ID_BYTES = 16 };
struct rota_assignment {
    uint8_t id[ROTA_ASSIGNMENT_ID_BYTES]; /* first half of H(tag assignment || proposal id || op index u32) */
    struct rota_token person, facility, code;
    int64_t start_minute; /* since 1970-01-01 UTC */
    uint32_t minutes;     /* 1..2880 */
    uint64_t from_height;
    uint64_t to_height;        /* 0: active; otherwise ended by the block of this height */
    struct rota_hash proposal; /* the entry that made it */
};
struct rota_person {
    struct rota_token id, home;
    uint64_t from_height;
};
struct rota_code_info {
    struct rota_token id, pool;
    uint64_t from_height;
};
ROTA_CHECKED struct rota_status rota_state_person(struct rota_person *out, const struct rota_state *state,
                                                  const struct rota_token *id);
ROTA_CHECKED struct rota_status rota_state_code(struct rota_code_info *out, const struct rota_state *state,
                                                const struct rota_token *id);
ROTA_CHECKED struct rota_status rota_state_assignment(struct rota_assignment *out, const struct rota_state *state,
                                                      const uint8_t id[ROTA_ASSIGNMENT_ID_BYTES]);
/* Revision of a day card, 0 when it was never touched. */
uint32_t rota_state_revision(const struct rota_state *state, const struct rota_token *person, int32_t day);

/* Calls fn for each row in key order until it returns false. Assignments: of one person, or of all when person is NULL, as
 * they stood after block `at_height` (UINT64_MAX = now), including ended ones only when include_ended. */
void rota_state_each_assignment(const struct rota_state *state, const struct rota_token *person, uint64_t at_height,
                                bool include_ended, bool (*fn)(void *context, const struct rota_assignment *assignment),
                                void *context);
void rota_state_each_person(const struct rota_state *state, bool (*fn)(void *context, const struct rota_person *person),
                            void *context);
void rota_state_each_code(const struct rota_state *state, bool (*fn)(void *context, const struct rota_code_info *code),
                          void *context);
void rota_state_each_coordinator(const struct rota_state *state,
                                 bool (*fn)(void *context, const struct rota_coordinator *coordinator), void *context);

/* The NEW-VIEW that the newest anchor of an epoch names. False, and view 0, when there is none. */
struct rota_anchored {
    uint64_t view;
    struct rota_hash nv;
};
bool rota_state_anchored(struct rota_anchored *out, const struct rota_state *state, uint32_t epoch);

/* The newest RECOVERED of each member of an epoch, on top of everything executed (PROTOCOL H7). */
void rota_state_floors(struct rota_floors *out, const struct rota_state *state, uint32_t epoch);
/* PROTOCOL E4. Would this evidence name nobody, if it were ordered now: because between the two messages the member lost its
 * memory, and had it written down before it voted again? */
bool rota_state_is_amnesia(const struct rota_state *state, const struct rota_evidence *evidence);
/* That is what became of this evidence, which is in the ledger. */
bool rota_state_was_amnesia(const struct rota_state *state, const struct rota_evidence *evidence);

/* Has evidence against any member of this epoch been executed, whatever became of it? */
bool rota_state_has_evidence(const struct rota_state *state, uint32_t epoch);

/* H(tag state || every row in key order): two replicas with equal schedules have equal digests. For tests and status. */
struct rota_hash rota_state_digest(const struct rota_state *state);

#endif
