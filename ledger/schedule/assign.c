/* assign: one person, one code, one facility, from a minute on for so many minutes. */
#include "ledger/schedule/private.h"

#include <stdio.h>

static const char *const assign_members[] = {"op", "person", "code", "facility", "start", "minutes", NULL};

static struct rota_status assign_parse(struct rota_operation *out, const json_t *object)
{
    struct rota_view start;
    uint64_t minutes;
    ROTA_TRY(rota_json_token(&out->person, object, "person"));
    ROTA_TRY(rota_json_token(&out->code, object, "code"));
    ROTA_TRY(rota_json_token(&out->facility, object, "facility"));
    ROTA_TRY(rota_json_text(&start, object, "start"));
    ROTA_TRY(rota_time_parse_minute(&out->start_minute, start));
    ROTA_TRY(rota_json_u64(&minutes, object, "minutes"));
    if (minutes < 1 || minutes > ROTA_ASSIGNMENT_MINUTES_MAX)
        return rota_fail(ROTA_MALFORMED, "\"minutes\" must be 1 to 2880");
    out->minutes = (uint32_t)minutes;
    return rota_ok();
}

/* The first active assignment of the person, in order of start and id, that shares a minute with the operation's. None
 * lasts longer than two days, so none that starts earlier than that reaches in. Ends that touch share no minute. */
static bool assign_find_overlap(struct rota_assignment *out, const struct rota_rows *rows,
                                const struct rota_operation *operation)
{
    int64_t end = operation->start_minute + operation->minutes;
    struct rota_key person = rota_key_assignments(&operation->person);
    struct rota_key from =
        rota_key_assignments_from(&operation->person, operation->start_minute - ROTA_ASSIGNMENT_MINUTES_MAX);
    const struct rota_row *row = rota_row_from(rows, rota_key_view(&from));
    for (; rota_row_begins(row, rota_key_view(&person)); row = rota_row_next(row)) {
        rota_table_assignment_read(out, row);
        if (out->start_minute >= end)
            return false;
        if (out->to_height == 0 && out->start_minute + out->minutes > operation->start_minute)
            return true;
    }
    return false;
}

static enum rota_outcome_code assign_decide(const struct rota_execution *execution, const struct rota_operation *operation)
{
    const struct rota_rows *rows = &execution->state->rows;
    struct rota_person person;
    struct rota_code_info code;
    enum rota_outcome_code facility = rota_execution_own_facility(execution, &operation->facility);
    if (facility != ROTA_OUTCOME_OK)
        return facility;
    if (!rota_table_person_get(&person, rows, &operation->person))
        return ROTA_OUTCOME_UNKNOWN_PERSON;
    if (!rota_table_code_get(&code, rows, &operation->code))
        return ROTA_OUTCOME_UNKNOWN_CODE;
    return ROTA_OUTCOME_OK;
}

/* Detail: the entry that made the other assignment. */
static struct rota_op_outcome assign_overlap(const struct rota_assignment *other)
{
    struct rota_op_outcome outcome = rota_op_outcome_of(ROTA_OUTCOME_OVERLAP);
    ROTA_ASSERT(sizeof other->proposal.b <= sizeof outcome.detail);
    memcpy(outcome.detail, other->proposal.b, sizeof other->proposal.b);
    outcome.detail_len = sizeof other->proposal.b;
    return outcome;
}

static void assign_id(uint8_t out[ROTA_ASSIGNMENT_ID_BYTES], const struct rota_execution *execution)
{
    struct rota_digest digest;
    rota_digest_start(&digest, ROTA_TAG("assignment"));
    rota_digest_add_hash(&digest, &execution->proposal->id);
    rota_digest_add_u32(&digest, execution->op_index);
    struct rota_hash hash = rota_digest_finish(&digest);
    memcpy(out, hash.b, ROTA_ASSIGNMENT_ID_BYTES);
}

static struct rota_op_outcome assign_execute(struct rota_execution *execution, const struct rota_operation *operation)
{
    struct rota_rows *rows = &execution->state->rows;
    struct rota_assignment other;
    enum rota_outcome_code code = assign_decide(execution, operation);
    if (code != ROTA_OUTCOME_OK)
        return rota_op_outcome_of(code);
    if (assign_find_overlap(&other, rows, operation))
        return assign_overlap(&other);
    struct rota_assignment made = {.person = operation->person,
                                   .facility = operation->facility,
                                   .code = operation->code,
                                   .start_minute = operation->start_minute,
                                   .minutes = operation->minutes,
                                   .from_height = execution->height,
                                   .proposal = execution->proposal->id};
    assign_id(made.id, execution);
    if (rota_table_assignment_get(&other, rows, made.id))
        return rota_op_outcome_of(ROTA_OUTCOME_EXISTS);
    rota_table_assignment_add(rows, &made);
    rota_execution_touch_day(execution, &made.person, made.start_minute);
    return rota_op_outcome_of(ROTA_OUTCOME_OK);
}

static void assign_describe(char *out, size_t out_size, const struct rota_operation *operation)
{
    char start[ROTA_TIME_CHARS_MAX];
    rota_time_format_minute(start, operation->start_minute);
    (void)snprintf(out, out_size, "assign %s to %s at %s, %s for %u min", operation->person.text, operation->code.text,
                   operation->facility.text, start, operation->minutes);
}

const struct rota_operation_kind rota_operation_assign = {.name = "assign",
                                                          .members = assign_members,
                                                          .roles = ROTA_ROLE_SCHEDULER,
                                                          .parse = assign_parse,
                                                          .execute = assign_execute,
                                                          .describe = assign_describe};
