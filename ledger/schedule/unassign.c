/* unassign: ends an assignment. The row stays: what was planned once can always be looked up. */
#include "ledger/schedule/private.h"

#include <stdio.h>

static const char *const unassign_members[] = {"op", "assignment", NULL};

static struct rota_status unassign_parse(struct rota_operation *out, const json_t *object)
{
    return rota_json_hex(out->assignment, sizeof out->assignment, object, "assignment");
}

static struct rota_op_outcome unassign_execute(struct rota_execution *execution, const struct rota_operation *operation)
{
    struct rota_rows *rows = &execution->state->rows;
    struct rota_assignment assignment;
    if (!rota_table_assignment_get(&assignment, rows, operation->assignment))
        return rota_op_outcome_of(ROTA_OUTCOME_UNKNOWN_ASSIGNMENT);
    if (assignment.to_height != 0)
        return rota_op_outcome_of(ROTA_OUTCOME_NOT_ACTIVE);
    if (!rota_token_equal(&assignment.facility, &execution->author.facility))
        return rota_op_outcome_of(ROTA_OUTCOME_WRONG_FACILITY);
    ROTA_ASSERT(assignment.from_height <= execution->height);
    assignment.to_height = execution->height;
    rota_table_assignment_put(rows, &assignment);
    rota_execution_touch_day(execution, &assignment.person, assignment.start_minute);
    return rota_op_outcome_of(ROTA_OUTCOME_OK);
}

static void unassign_describe(char *out, size_t out_size, const struct rota_operation *operation)
{
    char id[2 * ROTA_ASSIGNMENT_ID_BYTES + 1];
    rota_hex_encode(id, rota_view(operation->assignment, sizeof operation->assignment));
    (void)snprintf(out, out_size, "end assignment %s", id);
}

const struct rota_operation_kind rota_operation_unassign = {.name = "unassign",
                                                            .members = unassign_members,
                                                            .roles = ROTA_ROLE_SCHEDULER,
                                                            .parse = unassign_parse,
                                                            .execute = unassign_execute,
                                                            .describe = unassign_describe};
