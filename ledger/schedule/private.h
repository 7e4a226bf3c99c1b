/* What the files of this folder share and nobody outside sees: the state's fields, and the helpers of operations. */
#ifndef ROTA_LEDGER_SCHEDULE_PRIVATE_H
#define ROTA_LEDGER_SCHEDULE_PRIVATE_H

#include "crypto/json.h"
#include "ledger/schedule/operation.h"
#include "ledger/schedule/tables.h"

enum {
    ROTA_SEQ_WINDOW = 256,         /* numbers below the highest that a key may still use */
    ROTA_MEMBER_EVIDENCE_MAX = 64, /* rows a member */
    ROTA_MINUTES_OF_DAY = 24 * 60,
    ROTA_ASSIGNMENT_MINUTES_MAX = 2880,
};

/* An executed block that may still be taken back. */
struct rota_pending_block {
    uint64_t height;
    struct rota_changes changes;
};

struct rota_state {
    const struct rota_genesis *genesis; /* borrowed */
    struct rota_epoch **epochs;         /* [number]; owned */
    uint32_t epoch_count;
    struct rota_rows rows;
    uint64_t final_height;
    struct rota_pending_block *pending; /* oldest first; owned */
    uint32_t depth;
    uint32_t room;
    /* The entry being executed: what its operations came to, and how far the log went for each. */
    struct rota_op_outcome ops[ROTA_PROPOSAL_OPS_MAX];
    uint32_t op_ends[ROTA_PROPOSAL_OPS_MAX];
};

/* epochs.c */
ROTA_CHECKED struct rota_status rota_epochs_open(struct rota_state *state);
void rota_epochs_free(struct rota_state *state);
ROTA_CHECKED struct rota_status rota_epochs_admit(const struct rota_state *state, const struct rota_epoch_change *change);
ROTA_CHECKED struct rota_status rota_epochs_begin(struct rota_state *state, const struct rota_epoch_change *change,
                                                  uint64_t height);
void rota_epochs_undo(struct rota_state *state, uint64_t height);

/* Height of the newest executed block. */
uint64_t rota_state_height(const struct rota_state *state);

/* rota_state_admit for a proposal, which also finds its author's row. */
ROTA_CHECKED struct rota_status rota_state_admit_proposal(struct rota_coordinator *out_author,
                                                          const struct rota_state *state,
                                                          const struct rota_proposal *proposal);

/* Records, schedule/record.c. */
ROTA_CHECKED struct rota_status rota_state_admit_record(const struct rota_state *state, const struct rota_record *record);
void rota_state_execute_record(struct rota_state *state, uint64_t height, const struct rota_record *record);

/* The civil day that a minute lies in, in UTC, also before 1970. */
static inline int32_t rota_civil_day(int64_t minute)
{
    int64_t day = minute / ROTA_MINUTES_OF_DAY - (minute % ROTA_MINUTES_OF_DAY < 0 ? 1 : 0);
    ROTA_ASSERT(day >= INT32_MIN && day <= INT32_MAX);
    return (int32_t)day;
}

static inline struct rota_op_outcome rota_op_outcome_of(enum rota_outcome_code code)
{
    return (struct rota_op_outcome){.code = (uint16_t)code};
}

/* ROTA_OUTCOME_OK when this is a member, and the author's own; UNKNOWN_FACILITY or WRONG_FACILITY otherwise. */
enum rota_outcome_code rota_execution_own_facility(const struct rota_execution *execution,
                                                   const struct rota_token *facility);
/* The person's card of the day on which this minute lies has changed. */
void rota_execution_touch_day(struct rota_execution *execution, const struct rota_token *person, int64_t start_minute);

/* The kinds. One file each; operation.c has the table. */
extern const struct rota_operation_kind rota_operation_assign, rota_operation_unassign, rota_operation_person_enrol,
    rota_operation_code_define, rota_operation_coordinator_grant, rota_operation_coordinator_revoke;

#endif
