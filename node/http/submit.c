/* Handing in a proposal: form, signature, standing of its key, pool; then the node. */
#include "node/http/door.h"

#include <stdio.h>
#include <stdlib.h>

enum { POOL_RETRY_MS = 50 };

static void submit_problem(struct rota_http_reply *reply, unsigned status, const char *code, const char *title,
                           const char *detail, const char *next)
{
    rota_reply_problem(
        reply, &(struct rota_problem){.status = status, .code = code, .title = title, .detail = detail, .next = next});
}

static void submit_unknown_key(struct rota_http_reply *reply)
{
    submit_problem(reply, MHD_HTTP_FORBIDDEN, "unknown-key", "Unknown key",
                   "no coordinator of this ledger has the key that signed this",
                   "Check that you use the right key and the right ledger; a director can grant a new key.");
}

/* ---- form and signature --------------------------------------------------------------------------------------------- */

static void submit_other_key(struct rota_http_reply *reply, const struct rota_kid *kid)
{
    char expected[ROTA_KID_CHARS + 1];
    rota_hex_encode(expected, rota_view(kid->b, sizeof kid->b));
    rota_reply_problem(reply,
                       &(struct rota_problem){.status = MHD_HTTP_BAD_REQUEST,
                                              .code = "wrong-key",
                                              .title = "Bad request",
                                              .detail = "the header Rota-Key names another key than the one that signed",
                                              .expected = expected});
}

static void proposal_check(struct rota_http_request *request, struct rota_http_reply *reply,
                           const struct rota_proposal *proposal)
{
    struct rota_node *node = request->http->node;
    if (!rota_hash_equal(&proposal->ledger_id, &rota_node_genesis(node)->ledger_id)) {
        submit_problem(reply, MHD_HTTP_UNPROCESSABLE_CONTENT, "wrong-ledger", "Wrong ledger",
                       "the proposal was signed for another ledger", NULL);
        return;
    }
    if (request->named_key && !rota_kid_equal(&request->kid, &proposal->jws.kid)) {
        submit_other_key(reply, &proposal->jws.kid);
        return;
    }
    struct rota_status status = rota_keyring_verify(rota_node_keyring(node), proposal);
    if (status.code == ROTA_UNKNOWN_KEY)
        submit_unknown_key(reply);
    else if (!rota_is_ok(status))
        submit_problem(reply, MHD_HTTP_BAD_REQUEST, "bad-signature", "Bad signature",
                       "the signature does not fit the text: it was changed, or signed by another key",
                       "Sign it again and send exactly what was signed.");
    request->proven = rota_is_ok(status);
}

/* NULL and a reply when something is wrong. */
static struct rota_proposal *proposal_take(struct rota_http_request *request, struct rota_http_reply *reply)
{
    struct rota_proposal *proposal = NULL;
    uint32_t operation = UINT32_MAX;
    size_t len = request->body_len;
    while (len > 0 && (request->body[len - 1] == '\n' || request->body[len - 1] == '\r'))
        len--;
    struct rota_view jws = rota_view(request->body ? request->body : "", len); /* an empty body was never put anywhere */
    struct rota_status status = rota_proposal_parse(&proposal, &operation, jws, true);
    if (rota_is_ok(status))
        proposal_check(request, reply, proposal);
    else
        rota_reply_problem(reply, &(struct rota_problem){.status = MHD_HTTP_BAD_REQUEST,
                                                         .code = "malformed",
                                                         .title = "Malformed proposal",
                                                         .detail = status.why,
                                                         .next = "Mend it and sign it again.",
                                                         .operation = operation != UINT32_MAX ? &operation : NULL});
    if (reply->status == 0)
        return proposal;
    __atomic_add_fetch(&request->http->results[ROTA_HTTP_MALFORMED], 1, __ATOMIC_RELAXED);
    rota_proposal_release(proposal);
    return NULL;
}

/* ---- what the state says -------------------------------------------------------------------------------------------- */

enum standing_verdict {
    STANDING_NOT_ASKED = 0,
    STANDING_GOOD,
    STANDING_UNKNOWN_KEY,
    STANDING_SUSPENDED,
    STANDING_REVOKED,
    STANDING_OTHER_POOL,
};

struct standing {
    const struct rota_http_request *request;
    const struct rota_proposal *proposal;
    enum standing_verdict verdict;
    struct rota_token pool; /* of the proposal's code */
};

static enum standing_verdict standing_of(struct standing *standing, const struct rota_facts *facts)
{
    const struct rota_proposal *proposal = standing->proposal;
    struct rota_coordinator coordinator;
    struct rota_code_info code;
    if (!rota_is_ok(rota_state_coordinator(&coordinator, facts->state, &proposal->jws.kid)))
        return STANDING_UNKNOWN_KEY;
    if (coordinator.suspended_at != 0)
        return STANDING_SUSPENDED;
    if (coordinator.revoked_at != 0)
        return STANDING_REVOKED;
    memset(&standing->pool, 0, sizeof standing->pool);
    if (proposal->pool_code.text[0] && rota_is_ok(rota_state_code(&code, facts->state, &proposal->pool_code)))
        standing->pool = code.pool;
    return rota_gate_pool(standing->request->http->gate, standing->pool.text) == standing->request->pool
               ? STANDING_GOOD
               : STANDING_OTHER_POOL;
}

/* On the loop thread, in the same breath in which the proposal is taken in. Takes no lock. */
static bool standing_allows(void *context, const struct rota_facts *facts)
{
    struct standing *standing = context;
    standing->verdict = standing_of(standing, facts);
    return standing->verdict == STANDING_GOOD;
}

static void standing_refuse(struct rota_http_reply *reply, uint16_t outcome)
{
    submit_problem(reply, MHD_HTTP_UNPROCESSABLE_CONTENT, rota_outcome_name(outcome), "Refused", rota_outcome_text(outcome),
                   NULL);
}

/* The place is in another pool than the proposal belongs to. True: it was moved, ask again. */
static bool standing_move(struct rota_http_request *request, struct rota_http_reply *reply, const struct standing *standing)
{
    if (request->named_pool) {
        rota_reply_problem(
            reply,
            &(struct rota_problem){.status = MHD_HTTP_BAD_REQUEST,
                                   .code = "wrong-pool",
                                   .title = "Bad request",
                                   .detail = "the header Rota-Pool names another pool than the proposal's code belongs to",
                                   .next = "Leave the header out, or name the code's own pool.",
                                   .expected = standing->pool.text[0] ? standing->pool.text : "default"});
        return false;
    }
    if (!rota_gate_move(request->http->gate, request->lease, standing->pool.text)) {
        request->has_lease = false;
        rota_gate_refuse(reply, ROTA_GATE_POOL, POOL_RETRY_MS);
        return false;
    }
    request->pool = rota_gate_pool(request->http->gate, standing->pool.text);
    return true;
}

/* ---- handing in ----------------------------------------------------------------------------------------------------- */

/* False and a reply when the door itself says no. One round trip to the loop; two when the place has to move first. */
static bool submit_hand_in(struct rota_submission *out, struct rota_http_request *request, struct rota_http_reply *reply,
                           struct rota_proposal *proposal, uint32_t wait_ms)
{
    struct standing standing = {.request = request, .proposal = proposal};
    do {
        standing.verdict = STANDING_NOT_ASKED;
        rota_node_submit_if(out, request->http->node, proposal, wait_ms, standing_allows, &standing);
    } while (out->state == ROTA_SUBMISSION_UNKNOWN && standing.verdict == STANDING_OTHER_POOL &&
             standing_move(request, reply, &standing));
    if (out->state != ROTA_SUBMISSION_UNKNOWN)
        return true;
    if (standing.verdict == STANDING_UNKNOWN_KEY)
        submit_unknown_key(reply);
    else if (standing.verdict == STANDING_SUSPENDED)
        standing_refuse(reply, ROTA_OUTCOME_KEY_SUSPENDED);
    else if (standing.verdict == STANDING_REVOKED)
        standing_refuse(reply, ROTA_OUTCOME_KEY_REVOKED);
    else if (reply->status == 0)
        rota_reply_busy(reply);
    return false;
}

static void latency_count(struct rota_http *http, uint64_t us)
{
    static const uint64_t bounds_us[ROTA_HTTP_LATENCIES - 1] = {1000, 2500, 5000, 10000, 25000, 100000, 1000000};
    size_t i = 0;
    while (i < ROTA_HTTP_LATENCIES - 1 && us > bounds_us[i])
        i++;
    __atomic_add_fetch(&http->latencies[i], 1, __ATOMIC_RELAXED);
    __atomic_add_fetch(&http->latency_sum_us, us, __ATOMIC_RELAXED);
    __atomic_add_fetch(&http->latency_count, 1, __ATOMIC_RELAXED);
}

static void submit_count(struct rota_http *http, const struct rota_submission *submission)
{
    bool in = submission->state == ROTA_SUBMISSION_COMMITTED || submission->state == ROTA_SUBMISSION_PENDING;
    enum rota_http_result result = !in ? ROTA_HTTP_REFUSED : submission->was_known ? ROTA_HTTP_KNOWN : ROTA_HTTP_TAKEN;
    __atomic_add_fetch(&http->results[result], 1, __ATOMIC_RELAXED);
}

static void submit_reply(struct rota_http_request *request, struct rota_http_reply *reply, const struct rota_hash *id,
                         const struct rota_submission *submission)
{
    char hex[2 * ROTA_HASH_BYTES + 1];
    if (submission->state == ROTA_SUBMISSION_COMMITTED) {
        rota_reply_json(reply, submission->was_known ? MHD_HTTP_OK : MHD_HTTP_CREATED, rota_submission_json(id, submission));
    } else if (submission->state == ROTA_SUBMISSION_PENDING) {
        rota_promise_make(request, id);
        rota_reply_json(reply, MHD_HTTP_ACCEPTED, rota_submission_json(id, submission));
    } else {
        rota_submission_refuse(reply, submission);
        return;
    }
    rota_hex_encode(hex, rota_view(id->b, ROTA_HASH_BYTES));
    snprintf(reply->location, sizeof reply->location, "/v1/proposals/%s", hex);
}

/* Who brought it first holds its place: a second one for the same proposal is not needed. */
static void submit_leave(struct rota_http_request *request)
{
    if (request->has_lease)
        rota_gate_give_back(request->http->gate, request->lease);
    request->has_lease = false;
}

static void submit_wet(struct rota_http_request *request, struct rota_http_reply *reply, struct rota_proposal *proposal)
{
    struct rota_http *http = request->http;
    struct rota_submission submission = {0};
    uint64_t began_us = rota_clock_monotonic_us();
    uint32_t wait_ms = rota_wait_begin(http, rota_prefer_wait_ms(request));
    bool handed_in = submit_hand_in(&submission, request, reply, proposal, rota_submission_slice(wait_ms));
    if (handed_in && submission.was_known)
        submit_leave(request);
    if (handed_in)
        rota_submission_wait(&submission, http, &proposal->id, began_us / 1000, wait_ms);
    rota_wait_end(http, wait_ms);
    submit_count(http, &submission);
    if (submission.state == ROTA_SUBMISSION_COMMITTED && !submission.was_known)
        latency_count(http, rota_clock_monotonic_us() - began_us);
    if (handed_in)
        submit_reply(request, reply, &proposal->id, &submission);
    if (submission.state == ROTA_SUBMISSION_COMMITTED)
        free(submission.outcome.record);
}

static void submit_dry(struct rota_http_request *request, struct rota_http_reply *reply, struct rota_proposal *proposal)
{
    struct rota_outcome outcome = {0};
    struct rota_status status = rota_node_dry_run(&outcome, request->http->node, proposal);
    if (rota_is_ok(status)) {
        json_t *document = json_object();
        json_object_set_new(document, "id", rota_json_hex_new(proposal->id.b, ROTA_HASH_BYTES));
        json_object_set_new(document, "state", json_string("dry-run"));
        json_object_set_new(document, "outcomes", rota_outcomes_json(&outcome));
        rota_reply_json(reply, MHD_HTTP_OK, document);
    } else if (status.code == ROTA_FULL || status.code == ROTA_NO_MEMORY) {
        rota_reply_busy(reply);
    } else if (status.code == ROTA_UNKNOWN_KEY) {
        submit_unknown_key(reply);
    } else {
        submit_problem(reply, MHD_HTTP_CONFLICT, "not-orderable", "Conflict", status.why, NULL);
    }
    free(outcome.record);
}

void rota_answer_submit(struct rota_http_request *request, struct rota_http_reply *reply)
{
    struct rota_proposal *proposal = proposal_take(request, reply);
    if (!proposal)
        return;
    if (rota_query(request, "dry-run"))
        submit_dry(request, reply, proposal);
    else
        submit_wet(request, reply, proposal);
    rota_proposal_release(proposal);
}
