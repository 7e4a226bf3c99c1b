/* Asking afterwards: what became of a proposal, and its receipt. */
#include "node/http/door.h"

#include "ledger/receipt.h"

#include <stdlib.h>

enum { PENDING_RETRY_MS = 500 };

static bool id_take(struct rota_hash *out, const struct rota_http_request *request, struct rota_http_reply *reply)
{
    if (rota_is_ok(rota_hex_decode(out->b, ROTA_HASH_BYTES, rota_view_text(request->argument))))
        return true;
    rota_reply_problem(reply, &(struct rota_problem){.status = MHD_HTTP_BAD_REQUEST,
                                                     .code = "bad-id",
                                                     .title = "Bad request",
                                                     .detail = "a proposal's id is 64 hex digits in lower case"});
    return false;
}

/* With the request's "Prefer: wait". False and a reply when the node does not answer. */
static bool id_look_up(struct rota_submission *out, struct rota_http_request *request, struct rota_http_reply *reply,
                       const struct rota_hash *id)
{
    struct rota_http *http = request->http;
    uint64_t began_ms = rota_clock_monotonic_ms();
    uint32_t wait_ms = rota_wait_begin(http, rota_prefer_wait_ms(request));
    rota_node_lookup(out, http->node, id, rota_submission_slice(wait_ms));
    rota_submission_wait(out, http, id, began_ms, wait_ms);
    rota_wait_end(http, wait_ms);
    if (out->state == ROTA_SUBMISSION_FULL)
        rota_reply_busy(reply);
    else if (out->state != ROTA_SUBMISSION_COMMITTED && out->state != ROTA_SUBMISSION_PENDING &&
             out->state != ROTA_SUBMISSION_UNKNOWN)
        rota_submission_refuse(reply, out);
    return reply->status == 0;
}

void rota_answer_proposal(struct rota_http_request *request, struct rota_http_reply *reply)
{
    struct rota_hash id;
    struct rota_submission submission;
    if (!id_take(&id, request, reply) || !id_look_up(&submission, request, reply, &id))
        return;
    if (submission.state == ROTA_SUBMISSION_UNKNOWN)
        rota_reply_json(reply, MHD_HTTP_NOT_FOUND, json_pack("{s:s, s:s}", "id", request->argument, "state", "unknown"));
    else
        rota_reply_json(reply, MHD_HTTP_OK, rota_submission_json(&id, &submission));
    if (submission.state == ROTA_SUBMISSION_COMMITTED)
        free(submission.outcome.record);
}

/* ---- receipt -------------------------------------------------------------------------------------------------------- */

/* Put together on the loop, where tree and store are. */
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

/* One change of epoch: its block has a certificate of its own, and the CONFIG entry is the last; or a recovery manifest is
 * the first entry of the block above, and the block below is the one that it keeps. */
static struct rota_status receipt_epoch(struct rota_receipt_epoch *out, const struct rota_facts *facts,
                                        const struct rota_epoch *epoch)
{
    struct rota_block *block;
    uint64_t height = epoch->membership.base_height;
    ROTA_TRY(rota_store_certificate(&out->certificate, facts->store, height));
    ROTA_TRY(rota_store_block(&block, facts->store, height));
    out->header = block->header;
    out->leaf_index = block->header.tree_size - 1;
    rota_tree_path(&out->tree_path, facts->tree, out->leaf_index, block->header.tree_size);
    rota_block_release(block);
    return rota_store_change(&out->change, facts->store, epoch);
}

/* From the genesis to the epoch of the receipt's block. */
static struct rota_status receipt_epochs(struct rota_receipt *receipt, const struct rota_facts *facts)
{
    uint32_t epoch = receipt->headers[0].epoch;
    receipt->epochs = calloc((size_t)epoch + 1, sizeof *receipt->epochs);
    if (!receipt->epochs || epoch > ROTA_RECEIPT_EPOCHS_MAX)
        return rota_fail(ROTA_NO_MEMORY, "no memory for a receipt");
    for (uint32_t number = 1; number <= epoch; number++) {
        const struct rota_epoch *begun = rota_state_epoch_number(facts->state, number);
        if (!begun)
            return rota_fail(ROTA_MALFORMED, "a block of an epoch that has not begun");
        receipt->epoch_count = number;
        ROTA_TRY(receipt_epoch(&receipt->epochs[number - 1], facts, begun));
    }
    return rota_ok();
}

static struct rota_status receipt_fill(struct receipt_task *task, struct rota_receipt *receipt,
                                       const struct rota_facts *facts, const struct rota_block *block)
{
    const struct rota_submission *submission = task->submission;
    receipt->ledger_id = facts->genesis->ledger_id;
    receipt->leaf_index = submission->leaf_index;
    receipt->entry_index = submission->entry_index;
    receipt->proposal = block->entries[receipt->entry_index].proposal;
    receipt->outcome = submission->outcome;
    if (block->entries[receipt->entry_index].kind != ROTA_ENTRY_PROPOSAL)
        return rota_fail(ROTA_NOT_FOUND, "only a proposal has a receipt");
    rota_tree_path(&receipt->tree_path, facts->tree, receipt->leaf_index, block->header.tree_size);
    ROTA_TRY(receipt_headers(receipt, facts, submission->height));
    ROTA_TRY(receipt_outcome_path(receipt, facts, submission->height));
    ROTA_TRY(receipt_epochs(receipt, facts));
    task->text = rota_receipt_format(receipt);
    return task->text ? rota_ok() : rota_fail(ROTA_NO_MEMORY, "no memory for a receipt");
}

static void receipt_visit(void *context, const struct rota_facts *facts)
{
    struct receipt_task *task = context;
    struct rota_block *block = NULL;
    struct rota_receipt *receipt = calloc(1, sizeof *receipt);
    task->status = receipt ? rota_store_block(&block, facts->store, task->submission->height)
                           : rota_fail(ROTA_NO_MEMORY, "no memory for a receipt");
    if (rota_is_ok(task->status))
        task->status = receipt_fill(task, receipt, facts, block);
    rota_block_release(block);
    if (receipt)
        rota_receipt_epochs_free(receipt);
    free(receipt);
}

static void receipt_unknown(struct rota_http_reply *reply, const char *detail)
{
    rota_reply_problem(
        reply, &(struct rota_problem){
                   .status = MHD_HTTP_NOT_FOUND, .code = "unknown-proposal", .title = "Not found", .detail = detail});
}

static void receipt_reply(struct rota_http_request *request, struct rota_http_reply *reply,
                          const struct rota_submission *submission)
{
    struct receipt_task task = {.submission = submission};
    if (!rota_is_ok(rota_node_visit(request->http->node, receipt_visit, &task))) {
        rota_reply_busy(reply);
    } else if (task.text) {
        rota_reply_text(reply, MHD_HTTP_OK, "application/json", task.text);
        reply->immutable = true;
    } else if (task.status.code == ROTA_NOT_FOUND) {
        receipt_unknown(reply, task.status.why);
    } else {
        rota_reply_busy(reply);
    }
}

void rota_answer_receipt(struct rota_http_request *request, struct rota_http_reply *reply)
{
    struct rota_hash id;
    struct rota_submission submission;
    if (!id_take(&id, request, reply) || !id_look_up(&submission, request, reply, &id))
        return;
    if (submission.state == ROTA_SUBMISSION_PENDING) {
        rota_reply_json(reply, MHD_HTTP_ACCEPTED, rota_submission_json(&id, &submission));
        reply->retry_ms = PENDING_RETRY_MS;
    } else if (submission.state == ROTA_SUBMISSION_UNKNOWN) {
        receipt_unknown(reply, "this facility knows no proposal with this id");
    } else {
        receipt_reply(request, reply, &submission);
        free(submission.outcome.record);
    }
}
