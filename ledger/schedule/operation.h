/* The operations of a proposal and the table that knows them. Adding an operation is adding one file with one
 * `const struct rota_operation_kind` and its line in operation.c. */
#ifndef ROTA_LEDGER_SCHEDULE_OPERATION_H
#define ROTA_LEDGER_SCHEDULE_OPERATION_H

#include "ledger/outcome.h"
#include "ledger/proposal.h"
#include "ledger/schedule/state.h"

struct rota_operation_kind;

/* A parsed operation. Only the fields that its kind uses are set; the rest is zero. */
struct rota_operation {
    const struct rota_operation_kind *kind;
    struct rota_token person, facility, code, label, pool;
    int64_t start_minute;
    uint32_t minutes;
    uint8_t assignment[ROTA_ASSIGNMENT_ID_BYTES];
    struct rota_es256k_public key;
    struct rota_kid kid;
    uint32_t roles;
};

/* Who asks, where and when. */
struct rota_execution {
    struct rota_state *state;
    uint64_t height;
    const struct rota_proposal *proposal;
    struct rota_coordinator author;
    uint32_t op_index;
    bool begins_anew; /* the block is the first above a recovery manifest */
};

struct rota_operation_kind {
    const char *name;           /* "assign": the member "op" in JSON */
    const char *const *members; /* closed list of JSON members, NULL-terminated, "op" included */
    uint32_t roles;             /* the author needs one of these roles */
    /* Form only. */
    struct rota_status (*parse)(struct rota_operation *out, const json_t *object);
    /* Decides and changes rows; must decide before it changes. */
    struct rota_op_outcome (*execute)(struct rota_execution *execution, const struct rota_operation *operation);
    /* One line for people: "assign p-1 to NIGHT at alpha, 2026-12-25T22:30Z for 480 min". */
    void (*describe)(char *out, size_t out_size, const struct rota_operation *operation);
};

const struct rota_operation_kind *rota_operation_kind_find(struct rota_view name); /* NULL when unknown */
const struct rota_operation_kind *const *rota_operation_kinds(void);               /* NULL-terminated, for help and docs */

#endif
