/* coordinator.revoke: proposals of this key that are ordered later are refused; earlier ones stand. */
#include "ledger/schedule/private.h"

#include <stdio.h>

static const char *const coordinator_revoke_members[] = {"op", "kid", NULL};

static struct rota_status coordinator_revoke_parse(struct rota_operation *out, const json_t *object)
{
    return rota_json_hex(out->kid.b, sizeof out->kid.b, object, "kid");
}

static struct rota_op_outcome coordinator_revoke_execute(struct rota_execution *execution,
                                                         const struct rota_operation *operation)
{
    struct rota_rows *rows = &execution->state->rows;
    struct rota_coordinator coordinator;
    if (!rota_table_coordinator_get(&coordinator, rows, &operation->kid))
        return rota_op_outcome_of(ROTA_OUTCOME_UNKNOWN_KEY);
    if (coordinator.revoked_at != 0)
        return rota_op_outcome_of(ROTA_OUTCOME_NOT_ACTIVE);
    if (!rota_token_equal(&coordinator.facility, &execution->author.facility))
        return rota_op_outcome_of(ROTA_OUTCOME_WRONG_FACILITY);
    ROTA_ASSERT(execution->height > 0);
    coordinator.revoked_at = execution->height;
    rota_table_coordinator_put(rows, &coordinator);
    return rota_op_outcome_of(ROTA_OUTCOME_OK);
}

static void coordinator_revoke_describe(char *out, size_t out_size, const struct rota_operation *operation)
{
    char kid[ROTA_KID_CHARS + 1];
    rota_hex_encode(kid, rota_view(operation->kid.b, sizeof operation->kid.b));
    (void)snprintf(out, out_size, "revoke key %s", kid);
}

const struct rota_operation_kind rota_operation_coordinator_revoke = {.name = "coordinator.revoke",
                                                                      .members = coordinator_revoke_members,
                                                                      .roles = ROTA_ROLE_DIRECTOR,
                                                                      .parse = coordinator_revoke_parse,
                                                                      .execute = coordinator_revoke_execute,
                                                                      .describe = coordinator_revoke_describe};
