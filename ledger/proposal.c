#include "ledger/proposal.h"

#include "crypto/json.h"
#include "ledger/schedule/operation.h"

#include <stdlib.h>

#define SEQ_MAX UINT64_C(9007199254740991)

static const char *const payload_members[] = {"ledger", "seq", "exp", "reason", "ops", "expect", "commitments", NULL};
static const char *const expect_members[] = {"person", "day", "rev", NULL};

static struct rota_status malformed(const char *why)
{
    return rota_fail(ROTA_MALFORMED, why);
}

/* ---- operations ----------------------------------------------------------------------------------------------------- */

static struct rota_status operation_read(struct rota_operation *out, const json_t *object)
{
    struct rota_view name;
    if (!json_is_object(object))
        return malformed("an operation is a JSON object");
    if (!rota_is_ok(rota_json_text(&name, object, "op")))
        return malformed("an operation says what it is in its member \"op\"");
    const struct rota_operation_kind *kind = rota_operation_kind_find(name);
    if (!kind)
        return malformed("an operation of this name does not exist");
    if (!rota_json_only(object, kind->members))
        return malformed("an operation has a member that its kind does not know");
    ROTA_TRY(kind->parse(out, object));
    out->kind = kind;
    return rota_ok();
}

static struct rota_status operations_read(struct rota_proposal *proposal, uint32_t *out_op, const json_t *payload)
{
    const json_t *list = json_object_get(payload, "ops");
    if (!json_is_array(list) || json_array_size(list) == 0 || json_array_size(list) > ROTA_PROPOSAL_OPS_MAX)
        return malformed("\"ops\" is a list of 1 to 256 operations");
    proposal->ops = calloc(json_array_size(list), sizeof *proposal->ops);
    if (!proposal->ops)
        return rota_fail(ROTA_NO_MEMORY, "no memory for a proposal");
    proposal->op_count = (uint32_t)json_array_size(list);
    for (uint32_t i = 0; i < proposal->op_count; i++) {
        if (out_op)
            *out_op = i;
        ROTA_TRY(operation_read(&proposal->ops[i], json_array_get(list, i)));
        if (proposal->pool_code.text[0] == '\0')
            proposal->pool_code = proposal->ops[i].code;
    }
    if (out_op)
        *out_op = UINT32_MAX;
    return rota_ok();
}

/* ---- optional members ----------------------------------------------------------------------------------------------- */

static struct rota_status expectation_read(struct rota_expectation *out, const json_t *object)
{
    struct rota_view day;
    uint64_t revision;
    if (!rota_json_only(object, expect_members))
        return malformed("an expectation has the members person, day and rev");
    ROTA_TRY(rota_json_token(&out->person, object, "person"));
    ROTA_TRY(rota_json_text(&day, object, "day"));
    ROTA_TRY(rota_time_parse_day(&out->day, day));
    ROTA_TRY(rota_json_u64(&revision, object, "rev"));
    if (revision > UINT32_MAX)
        return malformed("a revision is a number below 2^32");
    out->revision = (uint32_t)revision;
    return rota_ok();
}

static struct rota_status expectations_read(struct rota_proposal *proposal, const json_t *payload)
{
    const json_t *list = json_object_get(payload, "expect");
    if (!list)
        return rota_ok();
    if (!json_is_array(list) || json_array_size(list) == 0 || json_array_size(list) > ROTA_PROPOSAL_EXPECT_MAX)
        return malformed("\"expect\" is a list of 1 to 64 expectations");
    proposal->expectations = calloc(json_array_size(list), sizeof *proposal->expectations);
    if (!proposal->expectations)
        return rota_fail(ROTA_NO_MEMORY, "no memory for a proposal");
    proposal->expectation_count = (uint32_t)json_array_size(list);
    for (uint32_t i = 0; i < proposal->expectation_count; i++)
        ROTA_TRY(expectation_read(&proposal->expectations[i], json_array_get(list, i)));
    return rota_ok();
}

static struct rota_status commitments_read(struct rota_proposal *proposal, const json_t *payload)
{
    const json_t *list = json_object_get(payload, "commitments");
    if (!list)
        return rota_ok();
    if (!json_is_array(list) || json_array_size(list) == 0 || json_array_size(list) > ROTA_PROPOSAL_COMMITMENTS_MAX)
        return malformed("\"commitments\" is a list of 1 to 8 hashes");
    proposal->commitment_count = (uint32_t)json_array_size(list);
    for (uint32_t i = 0; i < proposal->commitment_count; i++) {
        const json_t *item = json_array_get(list, i);
        if (!json_is_string(item))
            return malformed("a commitment is a hash in hex");
        struct rota_view text = rota_view(json_string_value(item), json_string_length(item));
        ROTA_TRY(rota_hex_decode(proposal->commitments[i].b, ROTA_HASH_BYTES, text));
    }
    return rota_ok();
}

/* ---- the payload ---------------------------------------------------------------------------------------------------- */

static struct rota_status envelope_read(struct rota_proposal *proposal, const json_t *payload)
{
    if (!json_is_object(payload) || !rota_json_only(payload, payload_members))
        return malformed("a proposal has the members ledger, seq, exp, reason, ops and, if wanted, expect and commitments");
    if (!rota_is_ok(rota_json_hex(proposal->ledger_id.b, ROTA_HASH_BYTES, payload, "ledger")))
        return malformed("\"ledger\" is the ledger's id, 64 hex digits");
    if (!rota_is_ok(rota_json_u64(&proposal->seq, payload, "seq")) || proposal->seq < 1 || proposal->seq > SEQ_MAX)
        return malformed("\"seq\" is a number from 1 up, used once by this key");
    if (!rota_is_ok(rota_json_u64(&proposal->exp, payload, "exp")) || proposal->exp < 1)
        return malformed("\"exp\" is the last height at which the proposal may commit");
    if (!rota_is_ok(rota_json_token(&proposal->reason, payload, "reason")))
        return malformed("\"reason\" is a code of letters, digits, dot, underscore and minus");
    return rota_ok();
}

static struct rota_status payload_read(struct rota_proposal *proposal, uint32_t *out_op, struct rota_view bytes)
{
    json_t *payload ROTA_CLEANUP(rota_json_release) = NULL;
    ROTA_TRY(rota_json_parse(&payload, bytes, ROTA_JWS_PAYLOAD_BYTES_MAX));
    ROTA_TRY(envelope_read(proposal, payload));
    ROTA_TRY(operations_read(proposal, out_op, payload));
    ROTA_TRY(expectations_read(proposal, payload));
    return commitments_read(proposal, payload);
}

/* The text is copied, so that the views of the parsed JWS live as long as the proposal. */
static struct rota_status text_read(struct rota_proposal *proposal, struct rota_view text, bool normalise)
{
    proposal->text = malloc(text.len + 1);
    if (!proposal->text)
        return rota_fail(ROTA_NO_MEMORY, "no memory for a proposal");
    memcpy(proposal->text, text.data, text.len);
    proposal->text[text.len] = '\0';
    ROTA_TRY(rota_jws_parse(&proposal->jws, rota_view(proposal->text, text.len), ROTA_PROPOSAL_TYP));
    struct rota_signature low = proposal->jws.signature;
    ROTA_TRY(rota_es256k_normalise(&low));
    if (memcmp(low.b, proposal->jws.signature.b, sizeof low.b) != 0) {
        if (!normalise)
            return rota_fail(ROTA_BAD_SIGNATURE, "a signature with a high s: only the lower of the two forms is accepted");
        ROTA_TRY(rota_jws_normalise(proposal->text, text.len, ROTA_PROPOSAL_TYP));
        proposal->jws.signature = low;
    }
    proposal->id = proposal->jws.digest;
    return rota_ok();
}

static struct rota_status signed_read(struct rota_proposal *proposal, uint32_t *out_op, struct rota_view text,
                                      bool normalise)
{
    ROTA_TRY(text_read(proposal, text, normalise));
    size_t room = proposal->jws.payload_text.len, len;
    uint8_t *payload = malloc(room ? room : 1);
    if (!payload)
        return rota_fail(ROTA_NO_MEMORY, "no memory for a proposal");
    struct rota_status status = rota_jws_payload(payload, &len, room, &proposal->jws);
    if (rota_is_ok(status))
        status = payload_read(proposal, out_op, rota_view(payload, len));
    free(payload);
    return status;
}

static struct rota_proposal *proposal_new(uint32_t *out_op)
{
    struct rota_proposal *proposal = calloc(1, sizeof *proposal);
    if (proposal)
        proposal->references = 1;
    if (out_op)
        *out_op = UINT32_MAX;
    return proposal;
}

static struct rota_status proposal_finish(struct rota_proposal **out, struct rota_proposal *proposal,
                                          struct rota_status status)
{
    if (!rota_is_ok(status)) {
        rota_proposal_release(proposal);
        return status;
    }
    *out = proposal;
    return rota_ok();
}

struct rota_status rota_proposal_parse(struct rota_proposal **out, uint32_t *out_op, struct rota_view text, bool normalise)
{
    *out = NULL;
    if (text.len > ROTA_JWS_CHARS_MAX)
        return rota_fail(ROTA_TOO_LARGE, "a proposal with more than 64 KiB of payload");
    struct rota_proposal *proposal = proposal_new(out_op);
    if (!proposal)
        return rota_fail(ROTA_NO_MEMORY, "no memory for a proposal");
    return proposal_finish(out, proposal, signed_read(proposal, out_op, text, normalise));
}

struct rota_status rota_proposal_parse_payload(struct rota_proposal **out, uint32_t *out_op, struct rota_view payload)
{
    *out = NULL;
    struct rota_proposal *proposal = proposal_new(out_op);
    if (!proposal)
        return rota_fail(ROTA_NO_MEMORY, "no memory for a proposal");
    return proposal_finish(out, proposal, payload_read(proposal, out_op, payload));
}

struct rota_proposal *rota_proposal_retain(struct rota_proposal *proposal)
{
    __atomic_add_fetch(&proposal->references, 1, __ATOMIC_RELAXED);
    return proposal;
}

void rota_proposal_release(struct rota_proposal *proposal)
{
    if (!proposal || __atomic_sub_fetch(&proposal->references, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    free(proposal->text);
    free(proposal->expectations);
    free(proposal->ops);
    free(proposal);
}
