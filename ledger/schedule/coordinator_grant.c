/* coordinator.grant: a new key that may sign for a facility, from the next block on. */
#include "ledger/schedule/private.h"

#include <stdio.h>

static const char *const coordinator_grant_members[] = {"op", "label", "key", "facility", "roles", NULL};

static uint32_t coordinator_role(const json_t *name)
{
    const char *text = json_string_value(name);
    if (text == NULL)
        return 0;
    if (strcmp(text, "scheduler") == 0)
        return ROTA_ROLE_SCHEDULER;
    return strcmp(text, "director") == 0 ? ROTA_ROLE_DIRECTOR : 0;
}

static struct rota_status coordinator_parse_roles(uint32_t *out, const json_t *object)
{
    const json_t *names = json_object_get(object, "roles");
    *out = 0;
    for (size_t i = 0; i < json_array_size(names); i++) {
        uint32_t role = coordinator_role(json_array_get(names, i));
        if (role == 0)
            return rota_fail(ROTA_MALFORMED, "a role is \"scheduler\" or \"director\"");
        if ((*out & role) != 0)
            return rota_fail(ROTA_MALFORMED, "\"roles\" names a role twice");
        *out |= role;
    }
    if (*out == 0)
        return rota_fail(ROTA_MALFORMED, "\"roles\" must be an array of \"scheduler\" and \"director\", at least one");
    return rota_ok();
}

static struct rota_status coordinator_grant_parse(struct rota_operation *out, const json_t *object)
{
    uint8_t compressed[ROTA_ES256K_PUBLIC_BYTES];
    ROTA_TRY(rota_json_token(&out->label, object, "label"));
    ROTA_TRY(rota_json_hex(compressed, sizeof compressed, object, "key"));
    ROTA_TRY(rota_es256k_public_parse(&out->key, rota_view(compressed, sizeof compressed)));
    ROTA_TRY(rota_json_token(&out->facility, object, "facility"));
    return coordinator_parse_roles(&out->roles, object);
}

static struct rota_op_outcome coordinator_grant_execute(struct rota_execution *execution,
                                                        const struct rota_operation *operation)
{
    struct rota_rows *rows = &execution->state->rows;
    struct rota_coordinator coordinator;
    enum rota_outcome_code facility = rota_execution_own_facility(execution, &operation->facility);
    if (facility != ROTA_OUTCOME_OK)
        return rota_op_outcome_of(facility);
    if (rota_table_coordinator_get(&coordinator, rows, &operation->key.kid))
        return rota_op_outcome_of(ROTA_OUTCOME_EXISTS);
    coordinator = (struct rota_coordinator){.label = operation->label,
                                            .key = operation->key,
                                            .facility = operation->facility,
                                            .roles = operation->roles,
                                            .from_height = execution->height};
    rota_table_coordinator_put(rows, &coordinator);
    return rota_op_outcome_of(ROTA_OUTCOME_OK);
}

static const char *coordinator_roles_text(uint32_t roles)
{
    if (roles == ROTA_ROLE_SCHEDULER)
        return "scheduler";
    return roles == ROTA_ROLE_DIRECTOR ? "director" : "scheduler and director";
}

static void coordinator_grant_describe(char *out, size_t out_size, const struct rota_operation *operation)
{
    char kid[ROTA_KID_CHARS + 1];
    rota_hex_encode(kid, rota_view(operation->key.kid.b, sizeof operation->key.kid.b));
    (void)snprintf(out, out_size, "make key %s (%s) %s of %s", kid, operation->label.text,
                   coordinator_roles_text(operation->roles), operation->facility.text);
}

const struct rota_operation_kind rota_operation_coordinator_grant = {.name = "coordinator.grant",
                                                                     .members = coordinator_grant_members,
                                                                     .roles = ROTA_ROLE_DIRECTOR,
                                                                     .parse = coordinator_grant_parse,
                                                                     .execute = coordinator_grant_execute,
                                                                     .describe = coordinator_grant_describe};
