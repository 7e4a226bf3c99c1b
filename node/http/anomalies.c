/* Anomalies: the evidence in the ledger, in words; and beside it, what convicts nobody (PROTOCOL E8). The node knows the
 * heights; each block is read in a visit of its own, so that a long list holds nobody up. */
#include "node/http/door.h"

#include <stdio.h>

enum { ANSWER_ITEMS_MAX = 256 };

struct anomalies {
    uint64_t limit, offset;
    uint64_t heights[ANSWER_ITEMS_MAX]; /* of the wanted ones */
    uint32_t height_count, next;
    json_t *document, *list;
};

static void anomalies_begin(struct anomalies *anomalies, const struct rota_facts *facts)
{
    anomalies->document = json_object();
    anomalies->list = json_array();
    json_object_set_new(anomalies->document, "height", json_integer((json_int_t)facts->height));
    json_object_set_new(anomalies->document, "head", rota_json_hex_new(facts->head.b, ROTA_HASH_BYTES));
    json_object_set_new(anomalies->document, "count", json_integer((json_int_t)facts->evidence_count));
    json_object_set_new(anomalies->document, "anomalies", anomalies->list);
    json_object_set_new(anomalies->document, "divergence", rota_divergence_json(facts));
    for (uint64_t i = anomalies->offset; i < facts->evidence_count && anomalies->height_count < anomalies->limit; i++)
        anomalies->heights[anomalies->height_count++] = facts->evidence_heights[i];
    if (anomalies->offset + anomalies->height_count < facts->evidence_count)
        json_object_set_new(anomalies->document, "next_offset",
                            json_integer((json_int_t)(anomalies->offset + anomalies->height_count)));
}

/* In words, from the evidence alone. */
static void anomaly_text(char *out, size_t out_size, const struct rota_facts *facts, const struct rota_evidence *evidence,
                         uint64_t height)
{
    struct rota_coordinator coordinator;
    if (evidence->kind == ROTA_EVIDENCE_COORDINATOR) {
        char kid[ROTA_KID_CHARS + 1];
        const struct rota_kid *who = &evidence->first->jws.kid;
        rota_hex_encode(kid, rota_view(who->b, ROTA_KID_BYTES));
        bool known = rota_is_ok(rota_state_coordinator(&coordinator, facts->state, who));
        snprintf(out, out_size,
                 "key %.8s (%s of %s) signed two different proposals with number %llu; suspended from block %llu", kid,
                 known ? coordinator.label.text : "?", known ? coordinator.facility.text : "?",
                 (unsigned long long)evidence->first->seq, (unsigned long long)height);
        return;
    }
    const struct rota_membership *membership = &rota_state_epoch_number(facts->state, evidence->epoch)->membership;
    if (rota_state_was_amnesia(facts->state, evidence))
        rota_evidence_amnesia_words(out, out_size, evidence, membership);
    else
        rota_evidence_words(out, out_size, evidence, membership);
}

static void anomaly_add(struct anomalies *anomalies, const struct rota_facts *facts, const struct rota_block *block,
                        uint32_t index)
{
    char text[256];
    anomaly_text(text, sizeof text, facts, block->entries[index].evidence, block->header.height);
    json_t *item = json_object();
    json_object_set_new(item, "height", json_integer((json_int_t)block->header.height));
    json_object_set_new(item, "evidence", rota_json_hex_new(block->entries[index].id.b, ROTA_HASH_BYTES));
    json_object_set_new(item, "text", json_string(text));
    if (rota_state_was_amnesia(facts->state, block->entries[index].evidence))
        json_object_set_new(item, "amnesia", json_true());
    json_array_append_new(anomalies->list, item);
}

/* The wanted ones of one block: a block's evidence is in the list of heights once for each, in order. */
static void anomalies_read_block(struct anomalies *anomalies, const struct rota_facts *facts)
{
    struct rota_block *block;
    uint64_t height = anomalies->heights[anomalies->next], before = 0;
    for (uint64_t i = anomalies->offset + anomalies->next; i > 0 && facts->evidence_heights[i - 1] == height; i--)
        before++;
    if (!rota_is_ok(rota_store_block(&block, facts->store, height))) {
        anomalies->next = anomalies->height_count;
        return;
    }
    for (uint32_t i = 0; i < block->entry_count; i++) {
        if (block->entries[i].kind != ROTA_ENTRY_EVIDENCE)
            continue;
        if (before > 0)
            before--;
        else if (anomalies->next < anomalies->height_count && anomalies->heights[anomalies->next] == height) {
            anomaly_add(anomalies, facts, block, i);
            anomalies->next++;
        }
    }
    rota_block_release(block);
}

static void anomalies_visit(void *context, const struct rota_facts *facts)
{
    struct anomalies *anomalies = context;
    if (!anomalies->document)
        anomalies_begin(anomalies, facts);
    if (anomalies->next < anomalies->height_count)
        anomalies_read_block(anomalies, facts);
}

void rota_answer_anomalies(struct rota_http_request *request, struct rota_http_reply *reply)
{
    struct anomalies anomalies = {.limit = ANSWER_ITEMS_MAX};
    if (!rota_query_number(&anomalies.limit, request, reply, "limit", 1, ANSWER_ITEMS_MAX) ||
        !rota_query_number(&anomalies.offset, request, reply, "offset", 0, UINT32_MAX))
        return;
    bool visited;
    do
        visited = rota_is_ok(rota_node_visit(request->http->node, anomalies_visit, &anomalies));
    while (visited && anomalies.next < anomalies.height_count);
    if (visited) {
        rota_reply_json(reply, MHD_HTTP_OK, anomalies.document);
    } else {
        json_decref(anomalies.document);
        rota_reply_busy(reply);
    }
}
