/* Handing in a proposal, asking what became of it, and its receipt: the gates that need the body, in order. */
#include "node/http/door.h"

#include "ledger/receipt.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

enum { WAIT_MAX_MS = 30000, PENDING_RETRY_MS = 500 };

/* ---- before the body ------------------------------------------------------------------------------------------------ */

static const char *header(const struct rota_http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

/* Who asks, as far as the header says: the key named in it, else the address. */
static void claim_read(struct rota_http_request *request)
{
    const char *key = header(request, "Rota-Key"), *pool = header(request, "Rota-Pool");
    struct rota_token token;
    request->named_key = key && rota_is_ok(rota_hex_decode(request->kid.b, sizeof request->kid.b, rota_view_text(key)));
    if (!request->named_key) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
        memset(&request->kid, 0, sizeof request->kid);
        if (info && info->client_addr->sa_family == AF_INET)
            memcpy(request->kid.b, &((const struct sockaddr_in *)(const void *)info->client_addr)->sin_addr, 4);
        else if (info && info->client_addr->sa_family == AF_INET6)
            memcpy(request->kid.b, &((const struct sockaddr_in6 *)(const void *)info->client_addr)->sin6_addr, 16);
    }
    request->named_pool = pool && rota_is_ok(rota_token_parse(&token, rota_view_text(pool)));
    snprintf(request->pool, sizeof request->pool, "%s", request->named_pool ? pool : "");
}

static const struct rota_problem gate_problems[] = {
    [ROTA_GATE_RATE] = {MHD_HTTP_TOO_MANY_REQUESTS, "rate", "Too many requests",
                        "this coordinator hands in proposals faster than its share",
                        "Wait as long as Retry-After says and send the same bytes again.", NULL, UINT32_MAX, 0},
    [ROTA_GATE_POOL] = {MHD_HTTP_TOO_MANY_REQUESTS, "pool-full", "Too many requests",
                        "every place of this pool is taken by proposals on their way",
                        "Wait as long as Retry-After says and send the same bytes again; other pools are not affected.",
                        NULL, UINT32_MAX, 0},
    [ROTA_GATE_QUEUE] = {MHD_HTTP_TOO_MANY_REQUESTS, "queue-full", "Too many requests",
                         "as many proposals wait at this node as it takes",
                         "Wait as long as Retry-After says, or hand it in at another facility.", NULL, UINT32_MAX, 0},
    [ROTA_GATE_NO_QUORUM] = {MHD_HTTP_SERVICE_UNAVAILABLE, "no-quorum", "No quorum",
                             "this facility does not reach enough others: nothing can be committed now, nothing is lost",
                             "Reading, exporting and verifying still work. Try again when /readyz/write says ready.", NULL,
                             UINT32_MAX, 0},
};

static void gate_refuse(struct rota_http_reply *reply, const struct rota_gate_answer *answer)
{
    struct rota_problem problem = gate_problems[answer->verdict];
    problem.retry_ms = answer->wait_ms;
    rota_reply_problem(reply, &problem);
}

bool rota_submit_admit(struct rota_http_request *request, struct rota_http_reply *reply)
{
    const char *type = header(request, "Content-Type");
    if (!type || strncasecmp(type, "application/jose", 16) != 0 || (type[16] != '\0' && type[16] != ';')) {
        rota_reply_problem(reply, &(struct rota_problem){
                                      MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, "media-type", "Unsupported media type",
                                      "a proposal is sent as application/jose, in compact form", NULL, NULL, UINT32_MAX, 0});
        reply->close = true;
        return false;
    }
    claim_read(request);
    const char *dry = rota_query(request, "dry-run");
    struct rota_gate_question question = {.who = request->kid,
                                          .pool = request->pool,
                                          .has_quorum = dry || rota_node_has_quorum(request->http->node),
                                          .waiting = rota_node_pending(request->http->node),
                                          .now_ms = rota_clock_monotonic_ms()};
    struct rota_gate_answer answer = rota_gate_ask(request->http->gate, &question);
    if (answer.verdict != ROTA_GATE_OPEN) {
        gate_refuse(reply, &answer);
        reply->close = true;
        return false;
    }
    request->has_lease = true;
    request->lease = answer.lease;
    return true;
}

/* ---- what the state says -------------------------------------------------------------------------------------------- */

struct standing {
    const struct rota_proposal *proposal;
    bool key_known, suspended, revoked;
    uint64_t height;
    struct rota_code_info code;
};

static void standing_visit(void *context, const struct rota_facts *facts)
{
    struct standing *standing = context;
    struct rota_coordinator coordinator;
    standing->height = facts->height;
    if (rota_is_ok(rota_state_coordinator(&coordinator, facts->state, &standing->proposal->jws.kid))) {
        standing->key_known = true;
        standing->suspended = coordinator.suspended_at != 0;
        standing->revoked = coordinator.revoked_at != 0;
    }
    if (standing->proposal->pool_code.text[0])
        (void)!rota_is_ok(rota_state_code(&standing->code, facts->state, &standing->proposal->pool_code));
}

static void problem(struct rota_http_reply *reply, unsigned status, const char *code, const char *title, const char *detail,
                    const char *next)
{
    rota_reply_problem(reply, &(struct rota_problem){status, code, title, detail, next, NULL, UINT32_MAX, 0});
}

/* The key's standing and the pool that it really is: false and a reply when the proposal cannot go on. */
static bool standing_check(struct rota_http_request *request, struct rota_http_reply *reply,
                           const struct rota_proposal *proposal)
{
    struct standing standing = {.proposal = proposal};
    if (!rota_is_ok(rota_node_visit(request->http->node, standing_visit, &standing))) {
        problem(reply, MHD_HTTP_SERVICE_UNAVAILABLE, "busy", "Busy", "the node does not get to it now",
                "Send the same bytes again.");
        reply->retry_ms = 1000;
    } else if (!standing.key_known) {
        problem(reply, MHD_HTTP_FORBIDDEN, "unknown-key", "Unknown key",
                "no coordinator of this ledger has the key that signed this",
                "Check that you use the right key and the right ledger; a director can grant a new key.");
    } else if (standing.suspended || standing.revoked) {
        uint16_t code = standing.suspended ? ROTA_OUTCOME_KEY_SUSPENDED : ROTA_OUTCOME_KEY_REVOKED;
        problem(reply, MHD_HTTP_UNPROCESSABLE_CONTENT, rota_outcome_name(code), "Refused", rota_outcome_text(code), NULL);
    } else if (proposal->exp <= standing.height) {
        problem(reply, MHD_HTTP_UNPROCESSABLE_CONTENT, "expired", "Refused", rota_outcome_text(ROTA_OUTCOME_EXPIRED), NULL);
    } else if (request->named_pool && !rota_gate_is_pool(request->http->gate, request->lease, standing.code.pool.text)) {
        problem(reply, MHD_HTTP_BAD_REQUEST, "wrong-pool", "Bad request",
                "the header Rota-Pool names another pool than the proposal's code belongs to",
                "Leave the header out, or name the code's own pool.");
    } else if (!rota_gate_move(request->http->gate, request->lease, standing.code.pool.text)) {
        request->has_lease = false;
        gate_refuse(reply, &(struct rota_gate_answer){.verdict = ROTA_GATE_POOL, .wait_ms = 50});
    }
    return reply->status == 0;
}

/* ---- after the body ------------------------------------------------------------------------------------------------- */

/* Form and signature; NULL and a reply when something is wrong. */
static struct rota_proposal *proposal_take(struct rota_http_request *request, struct rota_http_reply *reply)
{
    struct rota_proposal *proposal = NULL;
    uint32_t operation = UINT32_MAX;
    size_t len = request->body_len;
    while (len > 0 && (request->body[len - 1] == '\n' || request->body[len - 1] == '\r'))
        len--;
    struct rota_status status = rota_proposal_parse(&proposal, &operation, rota_view(request->body, len), true);
    if (!rota_is_ok(status)) {
        rota_reply_problem(reply, &(struct rota_problem){MHD_HTTP_BAD_REQUEST, "malformed", "Malformed proposal", status.why,
                                                         "Mend it and sign it again.", NULL, operation, 0});
        return NULL;
    }
    if (!rota_hash_equal(&proposal->ledger_id, &rota_node_genesis(request->http->node)->ledger_id))
        problem(reply, MHD_HTTP_UNPROCESSABLE_CONTENT, "wrong-ledger", "Wrong ledger",
                "the proposal was signed for another ledger", NULL);
    else if (request->named_key && !rota_kid_equal(&request->kid, &proposal->jws.kid))
        problem(reply, MHD_HTTP_BAD_REQUEST, "wrong-key", "Bad request",
                "the header Rota-Key names another key than the one that signed", NULL);
    else {
        status = rota_keyring_verify(rota_node_keyring(request->http->node), proposal);
        if (status.code == ROTA_UNKNOWN_KEY)
            problem(reply, MHD_HTTP_FORBIDDEN, "unknown-key", "Unknown key",
                    "no coordinator of this ledger has the key that signed this",
                    "Check that you use the right key and the right ledger; a director can grant a new key.");
        else if (!rota_is_ok(status))
            problem(reply, MHD_HTTP_BAD_REQUEST, "bad-signature", "Bad signature",
                    "the signature does not fit the text: it was changed, or signed by another key",
                    "Sign it again and send exactly what was signed.");
    }
    if (reply->status == 0)
        return proposal;
    __atomic_add_fetch(&request->http->bad_signatures, 1, __ATOMIC_RELAXED);
    rota_proposal_release(proposal);
    return NULL;
}

static json_t *outcomes_json(const struct rota_outcome *outcome)
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

/* The status document of a proposal. */
static json_t *submission_json(const struct rota_hash *id, const struct rota_submission *submission)
{
    json_t *document = json_object();
    json_object_set_new(document, "id", rota_json_hex_new(id->b, ROTA_HASH_BYTES));
    json_object_set_new(document, "state",
                        json_string(submission->state == ROTA_SUBMISSION_COMMITTED ? "committed" : "pending"));
    if (submission->state == ROTA_SUBMISSION_COMMITTED) {
        json_object_set_new(document, "height", json_integer((json_int_t)submission->height));
        json_object_set_new(document, "leaf_index", json_integer((json_int_t)submission->leaf_index));
        json_object_set_new(document, "entry_index", json_integer((json_int_t)submission->entry_index));
        json_object_set_new(document, "outcomes", outcomes_json(&submission->outcome));
    }
    return document;
}

static uint32_t wait_wanted(const struct rota_http_request *request)
{
    const char *prefer = header(request, "Prefer");
    const char *wait = prefer ? strstr(prefer, "wait=") : NULL;
    if (!wait)
        return 0;
    unsigned long seconds = strtoul(wait + 5, NULL, 10);
    return seconds > WAIT_MAX_MS / 1000 ? WAIT_MAX_MS : (uint32_t)seconds * 1000;
}

/* Pending: the place stays taken until the proposal has an end; the keeper looks. */
static void promise_make(struct rota_http_request *request, const struct rota_hash *id)
{
    struct rota_http *http = request->http;
    pthread_mutex_lock(&http->mutex);
    for (size_t i = 0; i < ROTA_HTTP_PROMISES_MAX; i++) {
        if (http->promises[i].used)
            continue;
        http->promises[i] = (struct rota_http_promise){true, *id, request->lease, rota_clock_monotonic_ms() + ROTA_LEASE_MS};
        request->has_lease = false;
        break;
    }
    pthread_mutex_unlock(&http->mutex);
}

void rota_promise_keep(struct rota_http *http, uint64_t now_ms)
{
    for (size_t i = 0; i < ROTA_HTTP_PROMISES_MAX && !__atomic_load_n(&http->stopping, __ATOMIC_ACQUIRE); i++) {
        pthread_mutex_lock(&http->mutex);
        struct rota_http_promise promise = http->promises[i];
        pthread_mutex_unlock(&http->mutex);
        if (!promise.used)
            continue;
        struct rota_submission submission;
        rota_node_lookup(&submission, http->node, &promise.id, 0);
        free(submission.state == ROTA_SUBMISSION_COMMITTED ? submission.outcome.record : NULL);
        if (submission.state == ROTA_SUBMISSION_PENDING && now_ms < promise.until_ms)
            continue;
        rota_gate_give_back(http->gate, promise.lease);
        pthread_mutex_lock(&http->mutex);
        http->promises[i].used = false;
        pthread_mutex_unlock(&http->mutex);
    }
}

/* Turned away by the loop: replay, another proposal with this number, or something that changed meanwhile. */
static void refused_reply(struct rota_http_reply *reply, const struct rota_submission *submission)
{
    struct rota_problem said = {MHD_HTTP_CONFLICT,
                                "seq-taken",
                                "Conflict",
                                submission->status.why,
                                "Sign it again with a number that this key has not used.",
                                NULL,
                                UINT32_MAX,
                                0};
    if (!rota_hash_is_zero(&submission->conflict))
        said.conflict = &submission->conflict;
    if (submission->evidence) {
        said.code = "equivocation";
        said.detail = "this key signed two different proposals with one number: the two are evidence now, and the key will "
                      "be suspended";
        said.next = "If a second device holds a copy of this key, stop using it; a director has to grant a new key.";
    } else if (submission->status.code == ROTA_UNKNOWN_KEY) {
        said = (struct rota_problem){
            MHD_HTTP_FORBIDDEN, "unknown-key", "Unknown key", submission->status.why, NULL, NULL, UINT32_MAX, 0};
    } else if (submission->status.code == ROTA_WRONG_LEDGER) {
        said = (struct rota_problem){MHD_HTTP_UNPROCESSABLE_CONTENT,
                                     "wrong-ledger",
                                     "Wrong ledger",
                                     submission->status.why,
                                     NULL,
                                     NULL,
                                     UINT32_MAX,
                                     0};
    }
    rota_reply_problem(reply, &said);
}

static void latency_count(struct rota_http *http, uint64_t us)
{
    static const uint64_t bounds_us[] = {1000, 2500, 5000, 10000, 25000, 100000, 1000000};
    size_t i = 0;
    while (i < sizeof bounds_us / sizeof bounds_us[0] && us > bounds_us[i])
        i++;
    __atomic_add_fetch(&http->wait_buckets[i], 1, __ATOMIC_RELAXED);
    __atomic_add_fetch(&http->wait_sum_us, us, __ATOMIC_RELAXED);
    __atomic_add_fetch(&http->wait_count, 1, __ATOMIC_RELAXED);
}

static void submission_reply(struct rota_http_request *request, struct rota_http_reply *reply, const struct rota_hash *id,
                             const struct rota_submission *submission)
{
    char hex[2 * ROTA_HASH_BYTES + 1];
    switch (submission->state) {
    case ROTA_SUBMISSION_COMMITTED:
        rota_reply_json(reply, submission->was_known ? MHD_HTTP_OK : MHD_HTTP_CREATED, submission_json(id, submission));
        break;
    case ROTA_SUBMISSION_PENDING:
        promise_make(request, id);
        rota_reply_json(reply, MHD_HTTP_ACCEPTED, submission_json(id, submission));
        rota_hex_encode(hex, rota_view(id->b, ROTA_HASH_BYTES));
        snprintf(reply->location, sizeof reply->location, "/v1/proposals/%s", hex);
        break;
    case ROTA_SUBMISSION_REFUSED:
        refused_reply(reply, submission);
        break;
    case ROTA_SUBMISSION_FULL:
        gate_refuse(reply, &(struct rota_gate_answer){.verdict = ROTA_GATE_QUEUE, .wait_ms = 500});
        break;
    case ROTA_SUBMISSION_NO_QUORUM:
        gate_refuse(reply, &(struct rota_gate_answer){.verdict = ROTA_GATE_NO_QUORUM, .wait_ms = 2000});
        break;
    case ROTA_SUBMISSION_UNKNOWN:
    case ROTA_SUBMISSION_STOPPING:
        problem(reply, MHD_HTTP_SERVICE_UNAVAILABLE, "stopping", "Stopping", "this node is shutting down",
                "Send the same bytes to another facility, or here again later.");
        reply->retry_ms = 2000;
        break;
    }
}

static void dry_run_reply(struct rota_http_request *request, struct rota_http_reply *reply, struct rota_proposal *proposal)
{
    struct rota_outcome outcome = {0};
    struct rota_status status = rota_node_dry_run(&outcome, request->http->node, proposal);
    if (!rota_is_ok(status)) {
        problem(reply, MHD_HTTP_CONFLICT, "not-orderable", "Conflict", status.why, NULL);
        return;
    }
    json_t *document = json_object();
    json_object_set_new(document, "id", rota_json_hex_new(proposal->id.b, ROTA_HASH_BYTES));
    json_object_set_new(document, "state", json_string("dry-run"));
    json_object_set_new(document, "outcomes", outcomes_json(&outcome));
    free(outcome.record);
    rota_reply_json(reply, MHD_HTTP_OK, document);
}

void rota_answer_submit(struct rota_http_request *request, struct rota_http_reply *reply)
{
    struct rota_proposal *proposal = proposal_take(request, reply);
    if (!proposal)
        return;
    if (rota_query(request, "dry-run")) {
        dry_run_reply(request, reply, proposal);
    } else {
        struct rota_submission submission;
        uint64_t before_ms = rota_clock_monotonic_ms();
        rota_node_lookup(&submission, request->http->node, &proposal->id, 0);
        bool known = submission.state == ROTA_SUBMISSION_COMMITTED;
        if (known)
            submission.was_known = true;
        if (known || standing_check(request, reply, proposal)) {
            if (!known)
                rota_node_submit(&submission, request->http->node, proposal, wait_wanted(request));
            if (submission.state == ROTA_SUBMISSION_COMMITTED && !submission.was_known)
                latency_count(request->http, (rota_clock_monotonic_ms() - before_ms) * 1000);
            __atomic_add_fetch(&request->http->proposals_taken, !submission.was_known, __ATOMIC_RELAXED);
            submission_reply(request, reply, &proposal->id, &submission);
        }
        if (submission.state == ROTA_SUBMISSION_COMMITTED)
            free(submission.outcome.record);
    }
    rota_proposal_release(proposal);
}

/* ---- afterwards ----------------------------------------------------------------------------------------------------- */

static bool id_take(struct rota_hash *out, const struct rota_http_request *request, struct rota_http_reply *reply)
{
    if (rota_is_ok(rota_hex_decode(out->b, ROTA_HASH_BYTES, rota_view_text(request->argument))))
        return true;
    problem(reply, MHD_HTTP_BAD_REQUEST, "bad-id", "Bad request", "a proposal's id is 64 hex digits", NULL);
    return false;
}

void rota_answer_proposal(struct rota_http_request *request, struct rota_http_reply *reply)
{
    struct rota_hash id;
    struct rota_submission submission;
    if (!id_take(&id, request, reply))
        return;
    rota_node_lookup(&submission, request->http->node, &id, wait_wanted(request));
    if (submission.state == ROTA_SUBMISSION_COMMITTED || submission.state == ROTA_SUBMISSION_PENDING)
        rota_reply_json(reply, MHD_HTTP_OK, submission_json(&id, &submission));
    else
        rota_reply_json(reply, MHD_HTTP_NOT_FOUND, json_pack("{s:s, s:s}", "id", request->argument, "state", "unknown"));
    if (submission.state == ROTA_SUBMISSION_COMMITTED)
        free(submission.outcome.record);
}

/* The receipt is put together on the loop, where tree and store are. */
struct receipt_task {
    const struct rota_submission *submission;
    struct rota_status status;
    char *text;
};

static struct rota_status receipt_headers(struct rota_receipt *receipt, const struct rota_facts *facts, uint64_t height)
{
    ROTA_TRY(rota_store_certificate(&receipt->certificate, facts->store, height));
    uint64_t top = receipt->certificate.vote.height;
    if (top < height || top - height >= ROTA_RECEIPT_HEADERS_MAX)
        return rota_fail(ROTA_INCOMPLETE, "the block's certificate is too far above it");
    for (uint64_t h = height; h <= top; h++) {
        struct rota_block *block;
        ROTA_TRY(rota_store_block(&block, facts->store, h));
        receipt->headers[receipt->header_count++] = block->header;
        rota_block_release(block);
    }
    return rota_ok();
}

/* The path of one outcome among those of its block. */
static struct rota_status receipt_outcome_path(struct rota_receipt *receipt, const struct rota_facts *facts, uint64_t height)
{
    struct rota_tree tree;
    struct rota_status status = rota_ok();
    rota_tree_init(&tree);
    for (uint32_t i = 0; i < receipt->headers[0].entry_count && rota_is_ok(status); i++) {
        struct rota_outcome outcome;
        status = rota_store_outcome(&outcome, facts->store, height, i);
        if (!rota_is_ok(status))
            break;
        struct rota_hash leaf = rota_outcome_leaf(rota_view(outcome.record, outcome.len));
        status = rota_tree_append(&tree, &leaf);
        free(outcome.record);
    }
    if (rota_is_ok(status))
        rota_tree_path(&receipt->outcome_path, &tree, receipt->entry_index, receipt->headers[0].entry_count);
    rota_tree_free(&tree);
    return status;
}

static void receipt_visit(void *context, const struct rota_facts *facts)
{
    struct receipt_task *task = context;
    struct rota_block *block = NULL;
    struct rota_receipt *receipt = calloc(1, sizeof *receipt);
    task->status = receipt ? rota_store_block(&block, facts->store, task->submission->height)
                           : rota_fail(ROTA_NO_MEMORY, "no memory for a receipt");
    if (rota_is_ok(task->status)) {
        receipt->ledger_id = facts->genesis->ledger_id;
        receipt->leaf_index = task->submission->leaf_index;
        receipt->entry_index = task->submission->entry_index;
        receipt->proposal = block->entries[receipt->entry_index].proposal;
        receipt->outcome = task->submission->outcome;
        rota_tree_path(&receipt->tree_path, facts->tree, receipt->leaf_index, block->header.tree_size);
        task->status = receipt_headers(receipt, facts, task->submission->height);
    }
    if (rota_is_ok(task->status))
        task->status = receipt_outcome_path(receipt, facts, task->submission->height);
    if (rota_is_ok(task->status))
        task->text = rota_receipt_format(receipt);
    rota_block_release(block);
    free(receipt);
}

void rota_answer_receipt(struct rota_http_request *request, struct rota_http_reply *reply)
{
    struct rota_hash id;
    struct rota_submission submission;
    if (!id_take(&id, request, reply))
        return;
    rota_node_lookup(&submission, request->http->node, &id, wait_wanted(request));
    if (submission.state == ROTA_SUBMISSION_PENDING) {
        rota_reply_json(reply, MHD_HTTP_ACCEPTED, submission_json(&id, &submission));
        reply->retry_ms = PENDING_RETRY_MS;
        return;
    }
    if (submission.state != ROTA_SUBMISSION_COMMITTED) {
        problem(reply, MHD_HTTP_NOT_FOUND, "unknown-proposal", "Not found", "this facility knows no proposal with this id",
                NULL);
        return;
    }
    struct receipt_task task = {.submission = &submission};
    struct rota_status visited = rota_node_visit(request->http->node, receipt_visit, &task);
    if (rota_is_ok(visited) && task.text) {
        rota_reply_text(reply, MHD_HTTP_OK, "application/json", task.text);
        reply->immutable = true;
    } else {
        problem(reply, MHD_HTTP_SERVICE_UNAVAILABLE, "busy", "Busy",
                rota_is_ok(visited) && task.status.why[0] ? task.status.why : "the node does not get to it now",
                "Ask again.");
        reply->retry_ms = 1000;
    }
    free(submission.outcome.record);
}
