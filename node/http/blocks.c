/* A block in words, and the genesis as it is. */
#include "node/http/door.h"

#include <stdlib.h>

struct block_task {
    uint64_t height;
    bool certified;
    json_t *document;
};

static json_t *entry_outcomes(const struct rota_facts *facts, uint64_t height, uint32_t index)
{
    json_t *names = json_array();
    struct rota_outcome outcome;
    struct rota_op_outcome *ops = calloc(ROTA_PROPOSAL_OPS_MAX, sizeof *ops);
    uint32_t count = 0;
    if (ops && rota_is_ok(rota_store_outcome(&outcome, facts->store, height, index))) {
        if (rota_is_ok(rota_outcome_read(ops, &count, ROTA_PROPOSAL_OPS_MAX, rota_view(outcome.record, outcome.len))))
            for (uint32_t i = 0; i < count; i++)
                json_array_append_new(names, json_string(rota_outcome_name(ops[i].code)));
        free(outcome.record);
    }
    free(ops);
    return names;
}

static json_t *block_entries(const struct rota_facts *facts, const struct rota_block *block)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < block->entry_count; i++) {
        json_t *item = json_object();
        json_object_set_new(item, "kind", json_string(rota_entry_kind_name(block->entries[i].kind)));
        json_object_set_new(item, "id", rota_json_hex_new(block->entries[i].id.b, ROTA_HASH_BYTES));
        json_object_set_new(item, "outcomes", entry_outcomes(facts, block->header.height, i));
        json_array_append_new(list, item);
    }
    return list;
}

static void block_header(json_t *document, const struct rota_block *block)
{
    const struct rota_header *header = &block->header;
    json_object_set_new(document, "height", json_integer((json_int_t)header->height));
    json_object_set_new(document, "hash", rota_json_hex_new(block->hash.b, ROTA_HASH_BYTES));
    json_object_set_new(document, "ledger_id", rota_json_hex_new(header->ledger_id.b, ROTA_HASH_BYTES));
    json_object_set_new(document, "prev_hash", rota_json_hex_new(header->prev_hash.b, ROTA_HASH_BYTES));
    json_object_set_new(document, "epoch", json_integer(header->epoch));
    json_object_set_new(document, "config_hash", rota_json_hex_new(header->config_hash.b, ROTA_HASH_BYTES));
    json_object_set_new(document, "time_ms", json_integer((json_int_t)header->time_ms));
    json_object_set_new(document, "tree_size", json_integer((json_int_t)header->tree_size));
    json_object_set_new(document, "tree_root", rota_json_hex_new(header->tree_root.b, ROTA_HASH_BYTES));
    json_object_set_new(document, "outcome_hash", rota_json_hex_new(header->outcome_hash.b, ROTA_HASH_BYTES));
    json_object_set_new(document, "proposer", json_integer(header->proposer));
    json_object_set_new(document, "entry_count", json_integer(header->entry_count));
}

/* Its signers are members of its own epoch, whoever the members are today. */
static json_t *block_certificate(const struct rota_facts *facts, const struct rota_certificate *certificate)
{
    const struct rota_epoch *epoch = rota_state_epoch_number(facts->state, certificate->epoch);
    json_t *signers = json_array();
    for (uint32_t i = 0; epoch && i < epoch->membership.count; i++)
        if (certificate->signers >> i & 1)
            json_array_append_new(signers, json_string(epoch->membership.members[i].id.text));
    return json_pack("{s:I, s:I, s:o}", "height", (json_int_t)certificate->vote.height, "view",
                     (json_int_t)certificate->vote.view, "signers", signers);
}

static void block_visit(void *context, const struct rota_facts *facts)
{
    struct block_task *task = context;
    struct rota_block *block;
    struct rota_certificate certificate;
    if (task->height > facts->height || !rota_is_ok(rota_store_block(&block, facts->store, task->height)))
        return;
    task->document = json_object();
    block_header(task->document, block);
    task->certified = rota_is_ok(rota_store_certificate(&certificate, facts->store, task->height));
    if (task->certified)
        json_object_set_new(task->document, "certificate", block_certificate(facts, &certificate));
    json_object_set_new(task->document, "entries", block_entries(facts, block));
    rota_block_release(block);
}

void rota_answer_block(struct rota_http_request *request, struct rota_http_reply *reply)
{
    struct block_task task = {0};
    size_t len = strlen(request->argument);
    if (len > 18 || request->argument[strspn(request->argument, "0123456789")] != '\0' ||
        (task.height = strtoull(request->argument, NULL, 10)) == 0) {
        rota_reply_bad_query(reply, "a block is asked for by its height, from 1");
    } else if (!rota_is_ok(rota_node_visit(request->http->node, block_visit, &task))) {
        rota_reply_busy(reply);
    } else if (!task.document) {
        rota_reply_problem(reply, &(struct rota_problem){.status = MHD_HTTP_NOT_FOUND,
                                                         .code = "no-block",
                                                         .title = "Not found",
                                                         .detail = "this facility has no block of this height"});
    } else {
        rota_reply_json(reply, MHD_HTTP_OK, task.document);
        reply->immutable = task.certified;
    }
}

void rota_answer_genesis(struct rota_http_request *request, struct rota_http_reply *reply)
{
    const struct rota_genesis *genesis = rota_node_genesis(request->http->node);
    reply->status = MHD_HTTP_OK;
    reply->type = "application/json";
    reply->body = malloc(genesis->len > 0 ? genesis->len : 1);
    if (!reply->body)
        return;
    memcpy(reply->body, genesis->bytes, genesis->len);
    reply->len = genesis->len;
    reply->immutable = true;
}
