/* What became of a proposal: the document, the refusals, and the wait for it. */
#include "node/http/door.h"

#include <stdlib.h>

enum { WAIT_SLICE_MS = 1000 };

json_t *rota_outcomes_json(const struct rota_outcome *outcome)
{
    json_t *list = json_array();
    struct rota_op_outcome *ops = calloc(ROTA_PROPOSAL_OPS_MAX, sizeof *ops);
    uint32_t count = 0;
    if (ops && rota_is_ok(rota_outcome_read(ops, &count, ROTA_PROPOSAL_OPS_MAX, rota_view(outcome->record, outcome->len))))
        for (uint32_t i = 0; i < count; i++) {
            json_t *item = json_pack("{s:i, s:i, s:s, s:s}", "op", (int)i, "code", (int)ops[i].code, "name",
                                     rota_outcome_name(ops[i].code), "text", rota_outcome_text(ops[i].code));
            if (ops[i].detail_len > 0)
                json_object_set_new(item, ops[i].code == ROTA_OUTCOME_OVERLAP ? "conflict" : "detail",
                                    rota_json_hex_new(ops[i].detail, ops[i].detail_len));
            json_array_append_new(list, item);
        }
    free(ops);
    return list;
}

json_t *rota_submission_json(const struct rota_hash *id, const struct rota_submission *submission)
{
    json_t *document = json_object();
    bool committed = submission->state == ROTA_SUBMISSION_COMMITTED;
    json_object_set_new(document, "id", rota_json_hex_new(id->b, ROTA_HASH_BYTES));
    json_object_set_new(document, "state", json_string(committed ? "committed" : "pending"));
    if (committed) {
        json_object_set_new(document, "height", json_integer((json_int_t)submission->height));
        json_object_set_new(document, "leaf_index", json_integer((json_int_t)submission->leaf_index));
        json_object_set_new(document, "entry_index", json_integer((json_int_t)submission->entry_index));
        json_object_set_new(document, "outcomes", rota_outcomes_json(&submission->outcome));
    }
    return document;
}

/* ---- refusals ------------------------------------------------------------------------------------------------------- */

/* Turned away by the loop: a number used twice, or something that changed meanwhile. */
static struct rota_problem refusal_of(const struct rota_submission *submission)
{
    struct rota_problem said = {
        .status = MHD_HTTP_UNPROCESSABLE_CONTENT, .title = "Refused", .detail = submission->status.why};
    if (submission->evidence) {
        said.status = MHD_HTTP_CONFLICT;
        said.code = "equivocation";
        said.title = "Conflict";
        said.detail = "this key signed two different proposals with one number: the two are evidence now, and the key will "
                      "be suspended";
        said.next = "If a second device holds a copy of this key, stop using it; a director has to grant a new key.";
    } else if (submission->status.code == ROTA_UNKNOWN_KEY) {
        said.status = MHD_HTTP_FORBIDDEN;
        said.code = "unknown-key";
        said.title = "Unknown key";
    } else if (submission->status.code == ROTA_WRONG_LEDGER) {
        said.code = "wrong-ledger";
        said.title = "Wrong ledger";
    } else if (submission->status.code == ROTA_TOO_LARGE) {
        said.code = "too-large-for-block";
        said.next = "Split it into several proposals.";
    } else if (submission->expired) {
        said.code = "expired";
        said.next = "Sign it again with a later height in exp.";
    } else {
        said.status = MHD_HTTP_CONFLICT;
        said.code = "seq-taken";
        said.title = "Conflict";
        said.next = "Sign it again with a number that this key has not used.";
    }
    return said;
}

void rota_submission_refuse(struct rota_http_reply *reply, const struct rota_submission *submission)
{
    enum { QUEUE_RETRY_MS = 500, QUORUM_RETRY_MS = 2000, STOPPING_RETRY_MS = 2000 };
    struct rota_problem said;
    switch (submission->state) {
    case ROTA_SUBMISSION_REFUSED:
        said = refusal_of(submission);
        if (!rota_hash_is_zero(&submission->conflict))
            said.conflict = &submission->conflict;
        rota_reply_problem(reply, &said);
        break;
    case ROTA_SUBMISSION_FULL:
        rota_gate_refuse(reply, ROTA_GATE_QUEUE, QUEUE_RETRY_MS);
        break;
    case ROTA_SUBMISSION_NO_QUORUM:
        rota_gate_refuse(reply, ROTA_GATE_NO_QUORUM, QUORUM_RETRY_MS);
        break;
    case ROTA_SUBMISSION_UNKNOWN: /* turned away between two looks: who sends it again hears why */
        rota_reply_busy(reply);
        break;
    case ROTA_SUBMISSION_COMMITTED:
    case ROTA_SUBMISSION_PENDING:
    case ROTA_SUBMISSION_STOPPING:
        rota_reply_problem(reply, &(struct rota_problem){.status = MHD_HTTP_SERVICE_UNAVAILABLE,
                                                         .code = "stopping",
                                                         .title = "Stopping",
                                                         .detail = "this node is shutting down",
                                                         .next = "Send the same bytes to another facility, or here again "
                                                                 "later.",
                                                         .retry_ms = STOPPING_RETRY_MS});
        break;
    }
}

/* ---- waiting -------------------------------------------------------------------------------------------------------- */

uint32_t rota_wait_begin(struct rota_http *http, uint32_t wait_ms)
{
    if (wait_ms == 0)
        return 0;
    if (__atomic_fetch_add(&http->waiting, 1, __ATOMIC_RELAXED) < http->waiting_max)
        return wait_ms;
    __atomic_sub_fetch(&http->waiting, 1, __ATOMIC_RELAXED);
    __atomic_add_fetch(&http->not_waited, 1, __ATOMIC_RELAXED);
    return 0;
}

void rota_wait_end(struct rota_http *http, uint32_t wait_ms)
{
    if (wait_ms > 0)
        __atomic_sub_fetch(&http->waiting, 1, __ATOMIC_RELAXED);
}

uint32_t rota_submission_slice(uint32_t wait_ms)
{
    return wait_ms < WAIT_SLICE_MS ? wait_ms : WAIT_SLICE_MS;
}

void rota_submission_wait(struct rota_submission *submission, struct rota_http *http, const struct rota_hash *id,
                          uint64_t began_ms, uint32_t wait_ms)
{
    while (submission->state == ROTA_SUBMISSION_PENDING && !__atomic_load_n(&http->stopping, __ATOMIC_ACQUIRE)) {
        struct rota_submission now;
        uint64_t passed_ms = rota_clock_monotonic_ms() - began_ms;
        if (passed_ms >= wait_ms)
            break;
        rota_node_lookup(&now, http->node, id, rota_submission_slice(wait_ms - (uint32_t)passed_ms));
        if (now.state == ROTA_SUBMISSION_FULL) /* the loop did not come to it; it is as pending as before */
            continue;
        now.was_known = submission->was_known;
        *submission = now;
    }
}
