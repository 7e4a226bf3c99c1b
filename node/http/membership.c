/* Members: who they are, an epoch's document, and the change to the next epoch (FORMATS §16). */
#include "node/http/door.h"

#include <stdlib.h>

/* ---- reading -------------------------------------------------------------------------------------------------------- */

static json_t *member_json(const struct rota_member *member)
{
    json_t *object = json_object();
    json_object_set_new(object, "id", json_string(member->id.text));
    json_object_set_new(object, "key", rota_json_hex_new(member->key.b, sizeof member->key.b));
    json_object_set_new(object, "admin", rota_json_hex_new(member->admin.b, sizeof member->admin.b));
    json_object_set_new(object, "address", json_string(member->address));
    return object;
}

static void membership_visit(void *context, const struct rota_facts *facts)
{
    json_t **document = context;
    const struct rota_membership *membership = facts->membership;
    json_t *members = json_array();
    for (uint32_t i = 0; i < membership->count; i++)
        json_array_append_new(members, member_json(&membership->members[i]));
    const struct rota_epoch *epoch = rota_state_epoch_number(facts->state, membership->epoch);
    *document = json_pack("{s:I, s:i, s:I, s:s, s:i, s:i, s:i, s:b, s:i, s:o, s:o}", "height", (json_int_t)facts->height,
                          "epoch", (int)membership->epoch, "from_height", (json_int_t)membership->base_height + 1, "profile",
                          membership->profile == ROTA_PROFILE_CRASH ? "crash" : "byzantine", "n", (int)membership->count,
                          "f", (int)rota_fault_bound(membership->count, membership->profile), "quorum",
                          (int)rota_quorum(membership->count, membership->profile), "member", (int)facts->is_member, "heard",
                          (int)rota_heard_count(facts), "config_hash",
                          rota_json_hex_new(membership->config_hash.b, ROTA_HASH_BYTES), "members", members);
    if (epoch && rota_epoch_is_discontinuity(epoch))
        json_object_set_new(*document, "discontinuity",
                            json_pack("{s:I, s:o}", "kept_height", (json_int_t)epoch->discontinuity.height, "kept_block",
                                      rota_json_hex_new(epoch->discontinuity.block.b, ROTA_HASH_BYTES)));
}

void rota_answer_membership(struct rota_http_request *request, struct rota_http_reply *reply)
{
    json_t *document = NULL;
    if (!rota_is_ok(rota_node_visit(request->http->node, membership_visit, &document)))
        rota_reply_busy(reply);
    else
        rota_reply_json(reply, MHD_HTTP_OK, document);
}

struct document_task {
    uint32_t epoch;
    struct rota_status status;
    char *text;
};

static void document_visit(void *context, const struct rota_facts *facts)
{
    struct document_task *task = context;
    struct rota_epoch_change *change = NULL;
    const struct rota_epoch *begun = rota_state_epoch_number(facts->state, task->epoch);
    struct rota_view document = rota_view(NULL, 0);
    if (task->epoch == 0)
        document = rota_view(facts->genesis->bytes, facts->genesis->len);
    else if (begun && begun->membership.base_height <= facts->height &&
             rota_is_ok(rota_store_change(&change, facts->store, begun)))
        document = change->document;
    task->text = document.len > 0 ? malloc(document.len + 1) : NULL;
    if (task->text) {
        memcpy(task->text, document.data, document.len);
        task->text[document.len] = '\0';
    }
    rota_epoch_change_release(change);
}

void rota_answer_epoch(struct rota_http_request *request, struct rota_http_reply *reply)
{
    struct document_task task = {0};
    char *end = NULL;
    unsigned long epoch = strtoul(request->argument, &end, 10);
    task.epoch = (uint32_t)epoch;
    bool number = *end == '\0' && request->argument[0] != '\0' && epoch <= UINT32_MAX;
    if (number && !rota_is_ok(rota_node_visit(request->http->node, document_visit, &task))) {
        rota_reply_busy(reply);
    } else if (task.text) {
        rota_reply_text(reply, MHD_HTTP_OK, "application/json", task.text);
        reply->immutable = true;
    } else {
        rota_reply_problem(reply, &(struct rota_problem){.status = MHD_HTTP_NOT_FOUND,
                                                         .code = "no-epoch",
                                                         .title = "Not found",
                                                         .detail = "no epoch with this number has begun here"});
    }
}

/* ---- changing ------------------------------------------------------------------------------------------------------- */

bool rota_change_admit(struct rota_http_request *request, struct rota_http_reply *reply)
{
    const char *type = rota_header(request, MHD_HTTP_HEADER_CONTENT_TYPE);
    if (type && strcasecmp(type, "application/octet-stream") == 0)
        return true;
    rota_reply_problem(reply, &(struct rota_problem){.status = MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
                                                     .code = "media-type",
                                                     .title = "Unsupported media type",
                                                     .detail = "an epoch change is sent as application/octet-stream",
                                                     .expected = "application/octet-stream"});
    reply->close = true;
    return false;
}

static void change_refuse(struct rota_http_reply *reply, struct rota_status status)
{
    struct rota_problem said = {.status = MHD_HTTP_CONFLICT,
                                .code = "stale-epoch",
                                .title = "Conflict",
                                .detail = status.why,
                                .next = "Draft the change anew on top of the present epoch, and have it approved again."};
    if (status.code == ROTA_INCOMPLETE || status.code == ROTA_BAD_SIGNATURE || status.code == ROTA_UNKNOWN_KEY) {
        said.status = MHD_HTTP_FORBIDDEN;
        said.code = "not-approved";
        said.title = "Not approved";
        said.next = "Collect the approvals of a quorum of the present members' administrators.";
    } else if (status.code == ROTA_WRONG_LEDGER) {
        said.status = MHD_HTTP_UNPROCESSABLE_CONTENT;
        said.code = "wrong-ledger";
        said.title = "Wrong ledger";
        said.next = NULL;
    }
    rota_reply_problem(reply, &said);
}

static void change_reply(struct rota_http_reply *reply, const struct rota_epoch_change *change,
                         const struct rota_submission *submission)
{
    bool committed = submission->state == ROTA_SUBMISSION_COMMITTED;
    if (submission->state == ROTA_SUBMISSION_REFUSED) {
        change_refuse(reply, submission->status);
    } else if (!committed && submission->state != ROTA_SUBMISSION_PENDING) {
        rota_submission_refuse(reply, submission);
    } else {
        json_t *document = rota_submission_json(&change->id, submission);
        json_object_set_new(document, "epoch", json_integer(change->next.membership.epoch));
        rota_reply_json(reply,
                        !committed              ? MHD_HTTP_ACCEPTED
                        : submission->was_known ? MHD_HTTP_OK
                                                : MHD_HTTP_CREATED,
                        document);
    }
}

void rota_answer_change(struct rota_http_request *request, struct rota_http_reply *reply)
{
    struct rota_http *http = request->http;
    struct rota_epoch_change *change = NULL;
    struct rota_submission submission = {0};
    struct rota_status status = rota_epoch_change_parse(&change, rota_view(request->body, request->body_len));
    if (!rota_is_ok(status)) {
        rota_reply_problem(
            reply, &(struct rota_problem){
                       .status = MHD_HTTP_BAD_REQUEST, .code = "malformed", .title = "Malformed", .detail = status.why});
        return;
    }
    uint64_t began_ms = rota_clock_monotonic_ms();
    uint32_t wait_ms = rota_wait_begin(http, rota_prefer_wait_ms(request));
    rota_node_submit_change(&submission, http->node, change, rota_submission_slice(wait_ms));
    rota_submission_wait(&submission, http, &change->id, began_ms, wait_ms);
    rota_wait_end(http, wait_ms);
    change_reply(reply, change, &submission);
    if (submission.state == ROTA_SUBMISSION_COMMITTED)
        free(submission.outcome.record);
    rota_epoch_change_release(change);
}
