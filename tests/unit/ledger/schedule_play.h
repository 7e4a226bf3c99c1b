/* A schedule to play with: blocks are made of who says what, and the next test line sees what became of it. */
#ifndef ROTA_TESTS_UNIT_LEDGER_SCHEDULE_PLAY_H
#define ROTA_TESTS_UNIT_LEDGER_SCHEDULE_PLAY_H

#include "fixture.h"
#include "ledger/schedule/state.h"

#include <criterion/criterion.h>

/* Operations as JSON, put together from string literals. */
#define OP_ASSIGN(person, code, facility, start, minutes)                                                                 \
    "{\"op\":\"assign\",\"person\":\"" person "\",\"code\":\"" code "\",\"facility\":\"" facility "\",\"start\":\"" start \
    "\",\"minutes\":" #minutes "}"
#define OP_UNASSIGN(id) "{\"op\":\"unassign\",\"assignment\":\"" id "\"}"
#define OP_ENROL(person, facility) "{\"op\":\"person.enrol\",\"person\":\"" person "\",\"facility\":\"" facility "\"}"
#define OP_DEFINE(code) "{\"op\":\"code.define\",\"code\":\"" code "\"}"
#define OPS(operations) "[" operations "]"
#define OP_DAY OP_ASSIGN("p-1", "DAY", "alpha", "2026-12-25T08:00Z", 480)

struct play {
    struct rota_genesis genesis;
    struct rota_state *state;
    uint64_t height; /* of the newest block */
    uint64_t seq;    /* the last one that play_do used, for whichever key */
};

/* What became of the newest proposal. */
struct play_result {
    struct rota_hash id;
    uint32_t count;
    struct rota_op_outcome ops[ROTA_PROPOSAL_OPS_MAX];
};

void play_start(struct play *play);
void play_end(struct play *play);

/* A block at the next height; counts it when it was executed. Outcomes may be NULL. */
struct rota_status play_block(struct play *play, struct rota_outcomes *out, uint32_t *out_bad,
                              const struct rota_entry *entries, uint32_t count);
/* A block that holds this proposal alone: fails the test when it may not be ordered. */
struct play_result play_propose(struct play *play, const struct fixture_payload *payload);
/* The same with the next seq. */
struct play_result play_do(struct play *play, const char *author, const char *ops);
/* The outcome code of its first operation. */
uint16_t play_code(struct play *play, const char *author, const char *ops);
/* May it be ordered? The code of rota_state_admit. */
enum rota_code play_admit(struct play *play, const struct fixture_payload *payload);
enum rota_code play_admit_evidence(struct play *play, struct rota_evidence *evidence); /* takes the reference */
/* A block that holds this evidence alone; takes the reference. */
enum rota_code play_accuse(struct play *play, struct rota_evidence *evidence);

/* malloc'd JSON of an unassign of what this operation made, of a grant, of a revoke. */
char *play_unassign(const struct play_result *made, uint32_t op_index);
char *play_grant(const char *label, const char *facility, const char *roles);
char *play_revoke(const char *label);
/* play_code, then frees the operations. */
uint16_t play_code_of(struct play *play, const char *author, char *ops);

struct rota_coordinator play_coordinator(const struct play *play, const char *label);
struct rota_token play_token(const char *text);
void play_assignment_id(uint8_t out[ROTA_ASSIGNMENT_ID_BYTES], const struct rota_hash *proposal, uint32_t op_index);

#endif
