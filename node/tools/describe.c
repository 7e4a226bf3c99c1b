#include "node/tools/describe.h"

#include "ledger/schedule/operation.h"
#include "node/tools/output.h"
#include "node/tools/problem.h"

void rota_operation_describe(char out[ROTA_DESCRIPTION_MAX], const struct rota_proposal *proposal, uint32_t op_index)
{
    const struct rota_operation *operation = &proposal->ops[op_index];
    operation->kind->describe(out, ROTA_DESCRIPTION_MAX, operation);
}

static void describe_expectations(FILE *out, const struct rota_proposal *proposal)
{
    char day[ROTA_TIME_CHARS_MAX];
    for (uint32_t i = 0; i < proposal->expectation_count; i++) {
        const struct rota_expectation *expect = &proposal->expectations[i];
        rota_time_format_day(day, expect->day);
        (void)fprintf(out, "only if     the card of %s on %s is at revision %u\n", expect->person.text, day,
                      expect->revision);
    }
}

static void describe_envelope(FILE *out, const struct rota_proposal *proposal)
{
    char hex[2 * ROTA_HASH_BYTES + 1];
    rota_hex_encode(hex, rota_view(proposal->ledger_id.b, sizeof proposal->ledger_id.b));
    (void)fprintf(out, "ledger      %s\n", hex);
    (void)fprintf(out, "reason      %s\n", proposal->reason.text);
    if (proposal->seq != 0)
        (void)fprintf(out, "seq         %llu\n", (unsigned long long)proposal->seq);
    (void)fprintf(out, "expires     after block %llu\n", (unsigned long long)proposal->exp);
    describe_expectations(out, proposal);
    for (uint32_t i = 0; i < proposal->commitment_count; i++) {
        rota_hex_encode(hex, rota_view(proposal->commitments[i].b, sizeof proposal->commitments[i].b));
        (void)fprintf(out, "document    %s\n", hex);
    }
}

void rota_proposal_print(FILE *out, const struct rota_proposal *proposal, const struct rota_fate_lines *fates)
{
    char line[ROTA_DESCRIPTION_MAX];
    describe_envelope(out, proposal);
    for (uint32_t i = 0; i < proposal->op_count; i++) {
        rota_operation_describe(line, proposal, i);
        (void)fprintf(out, "%3u. %s\n", i + 1, line);
        if (fates == NULL || i >= fates->count)
            continue;
        const struct rota_fate_line *fate = &fates->items[i];
        (void)fprintf(out, "     %s%s: %s%s%s\n", fate->refused ? "REFUSED " : "", fate->name, fate->text,
                      fate->detail[0] != '\0' ? " See " : "", fate->detail);
    }
}

void rota_proposal_result(json_t *result, const struct rota_proposal *proposal, const struct rota_fate_lines *fates)
{
    char line[ROTA_DESCRIPTION_MAX];
    json_t *operations = json_array();
    rota_result_hex(result, "ledger", rota_view(proposal->ledger_id.b, sizeof proposal->ledger_id.b));
    if (proposal->seq != 0)
        rota_result_number(result, "seq", proposal->seq);
    rota_result_number(result, "exp", proposal->exp);
    rota_result_text(result, "reason", proposal->reason.text);
    for (uint32_t i = 0; i < proposal->op_count; i++) {
        json_t *operation = json_object();
        rota_operation_describe(line, proposal, i);
        rota_result_text(operation, "words", line);
        if (fates != NULL && i < fates->count) {
            rota_result_text(operation, "outcome", fates->items[i].name);
            rota_result_set(operation, "refused", json_boolean(fates->items[i].refused));
            rota_result_text(operation, "text", fates->items[i].text);
            rota_result_text(operation, "detail", fates->items[i].detail);
        }
        (void)json_array_append_new(operations, operation);
    }
    rota_result_set(result, "operations", operations);
}

void rota_fates_of_document(struct rota_fate_lines *out, const json_t *document)
{
    size_t index;
    json_t *item;
    out->count = 0;
    json_array_foreach(json_object_get(document, "outcomes"), index, item)
    {
        if (out->count == ROTA_PROPOSAL_OPS_MAX)
            return;
        struct rota_fate_line *line = &out->items[out->count++];
        line->refused = rota_outcome_is_refused((uint16_t)json_integer_value(json_object_get(item, "code")));
        rota_json_printable(line->name, sizeof line->name, item, "name");
        rota_json_printable(line->text, sizeof line->text, item, "text");
        rota_json_printable(line->detail, sizeof line->detail, item, "detail");
        if (line->detail[0] == '\0')
            rota_json_printable(line->detail, sizeof line->detail, item, "conflict");
    }
}

struct rota_status rota_fates_of_record(struct rota_fate_lines *out, struct rota_view record)
{
    static _Thread_local struct rota_op_outcome ops[ROTA_PROPOSAL_OPS_MAX];
    out->count = 0;
    ROTA_TRY(rota_outcome_read(ops, &out->count, ROTA_PROPOSAL_OPS_MAX, record));
    for (uint32_t i = 0; i < out->count; i++) {
        struct rota_fate_line *line = &out->items[i];
        *line = (struct rota_fate_line){.refused = rota_outcome_is_refused(ops[i].code)};
        (void)snprintf(line->name, sizeof line->name, "%s", rota_outcome_name(ops[i].code));
        (void)snprintf(line->text, sizeof line->text, "%s", rota_outcome_text(ops[i].code));
        rota_hex_encode(line->detail, rota_view(ops[i].detail, ops[i].detail_len));
    }
    return rota_ok();
}

uint32_t rota_fates_refused(const struct rota_fate_lines *fates)
{
    uint32_t refused = 0;
    for (uint32_t i = 0; i < fates->count; i++)
        refused += fates->items[i].refused ? 1 : 0;
    return refused;
}
