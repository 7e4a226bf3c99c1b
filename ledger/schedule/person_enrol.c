/* person.enrol: a new person, known by an opaque token, with a home facility. */
#include "ledger/schedule/private.h"

#include <stdio.h>

static const char *const person_enrol_members[] = {"op", "person", "facility", NULL};

static struct rota_status person_enrol_parse(struct rota_operation *out, const json_t *object)
{
    ROTA_TRY(rota_json_token(&out->person, object, "person"));
    return rota_json_token(&out->facility, object, "facility");
}

static struct rota_op_outcome person_enrol_execute(struct rota_execution *execution, const struct rota_operation *operation)
{
    struct rota_rows *rows = &execution->state->rows;
    struct rota_person person;
    enum rota_outcome_code facility = rota_execution_own_facility(execution, &operation->facility);
    if (facility != ROTA_OUTCOME_OK)
        return rota_op_outcome_of(facility);
    if (rota_table_person_get(&person, rows, &operation->person))
        return rota_op_outcome_of(ROTA_OUTCOME_EXISTS);
    person = (struct rota_person){.id = operation->person, .home = operation->facility, .from_height = execution->height};
    rota_table_person_put(rows, &person);
    return rota_op_outcome_of(ROTA_OUTCOME_OK);
}

static void person_enrol_describe(char *out, size_t out_size, const struct rota_operation *operation)
{
    (void)snprintf(out, out_size, "enrol person %s, home %s", operation->person.text, operation->facility.text);
}

const struct rota_operation_kind rota_operation_person_enrol = {.name = "person.enrol",
                                                                .members = person_enrol_members,
                                                                .roles = ROTA_ROLE_DIRECTOR,
                                                                .parse = person_enrol_parse,
                                                                .execute = person_enrol_execute,
                                                                .describe = person_enrol_describe};
