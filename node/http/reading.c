/* Reading: the schedule and who is in it, blocks, anomalies, the genesis. Always as of the committed height, from the loop.
 */
#include "node/http/door.h"

#include <stdio.h>
#include <stdlib.h>

/* One document made on the loop. */
struct reading {
    struct rota_http_request *request;
    json_t *document;
    json_t *list;
    uint64_t at;
    const struct rota_token *person, *facility;
    uint64_t height;
    char *text;
};

static void reading_reply(struct rota_http_request *request, struct rota_http_reply *reply,
                          void (*visit)(void *context, const struct rota_facts *facts), struct reading *reading)
{
    reading->request = request;
    if (rota_is_ok(rota_node_visit(request->http->node, visit, reading)) && reading->document)
        rota_reply_json(reply, MHD_HTTP_OK, reading->document);
    else if (reply->status == 0)
        rota_reply_problem(reply,
                           &(struct rota_problem){MHD_HTTP_SERVICE_UNAVAILABLE, "busy", "Busy",
                                                  "the node does not get to it now", "Ask again.", NULL, UINT32_MAX, 1000});
}

static void document_begin(struct reading *reading, const struct rota_facts *facts, const char *list)
{
    reading->document = json_object();
    reading->list = json_array();
    json_object_set_new(reading->document, "height", json_integer((json_int_t)facts->height));
    json_object_set_new(reading->document, "head", rota_json_hex_new(facts->head.b, ROTA_HASH_BYTES));
    json_object_set_new(reading->document, list, reading->list);
}

static void bad_query(struct rota_http_reply *reply, const char *detail)
{
    rota_reply_problem(
        reply, &(struct rota_problem){MHD_HTTP_BAD_REQUEST, "bad-query", "Bad request", detail, NULL, NULL, UINT32_MAX, 0});
}

/* A token from the query: false and a reply when it is there and wrong. */
static bool query_token(struct rota_token *out, const struct rota_token **out_used, const struct rota_http_request *request,
                        struct rota_http_reply *reply, const char *name)
{
    const char *text = rota_query(request, name);
    *out_used = NULL;
    if (!text)
        return true;
    if (!rota_is_ok(rota_token_parse(out, rota_view_text(text)))) {
        bad_query(reply, "person and facility are names of letters, digits, dot, underscore and minus");
        return false;
    }
    *out_used = out;
    return true;
}

/* ---- schedule ------------------------------------------------------------------------------------------------------- */

static bool schedule_row(void *context, const struct rota_assignment *assignment)
{
    struct reading *reading = context;
    char start[ROTA_TIME_CHARS_MAX];
    if (reading->facility && !rota_token_equal(reading->facility, &assignment->facility))
        return true;
    if (assignment->from_height > reading->height)
        return true; /* executed, not committed */
    rota_time_format_minute(start, assignment->start_minute);
    json_t *row = json_object();
    json_object_set_new(row, "id", rota_json_hex_new(assignment->id, sizeof assignment->id));
    json_object_set_new(row, "person", json_string(assignment->person.text));
    json_object_set_new(row, "facility", json_string(assignment->facility.text));
    json_object_set_new(row, "code", json_string(assignment->code.text));
    json_object_set_new(row, "start", json_string(start));
    json_object_set_new(row, "minutes", json_integer(assignment->minutes));
    json_object_set_new(row, "from_height", json_integer((json_int_t)assignment->from_height));
    if (assignment->to_height != 0)
        json_object_set_new(row, "to_height", json_integer((json_int_t)assignment->to_height));
    json_object_set_new(row, "proposal", rota_json_hex_new(assignment->proposal.b, ROTA_HASH_BYTES));
    json_array_append_new(reading->list, row);
    return true;
}

static void schedule_visit(void *context, const struct rota_facts *facts)
{
    struct reading *reading = context;
    document_begin(reading, facts, "assignments");
    reading->height = facts->height;
    uint64_t at = reading->at < facts->height ? reading->at : facts->height;
    json_object_set_new(reading->document, "at", json_integer((json_int_t)at));
    rota_state_each_assignment(facts->state, reading->person, at, rota_query(reading->request, "ended") != NULL,
                               schedule_row, reading);
}

void rota_answer_schedule(struct rota_http_request *request, struct rota_http_reply *reply)
{
    struct reading reading = {.at = UINT64_MAX};
    struct rota_token person, facility;
    const char *at = rota_query(request, "at");
    if (!query_token(&person, &reading.person, request, reply, "person") ||
        !query_token(&facility, &reading.facility, request, reply, "facility"))
        return;
    if (at) {
        char *end;
        reading.at = strtoull(at, &end, 10);
        if (*at < '0' || *at > '9' || *end != '\0') {
            bad_query(reply, "at is a height");
            return;
        }
    }
    reading_reply(request, reply, schedule_visit, &reading);
}

/* ---- people, codes, coordinators -------------------------------------------------------------------------------------- */

static bool person_row(void *context, const struct rota_person *person)
{
    struct reading *reading = context;
    if (person->from_height <= reading->height)
        json_array_append_new(reading->list, json_pack("{s:s, s:s, s:I}", "id", person->id.text, "home", person->home.text,
                                                       "from_height", (json_int_t)person->from_height));
    return true;
}

static void people_visit(void *context, const struct rota_facts *facts)
{
    struct reading *reading = context;
    document_begin(reading, facts, "people");
    reading->height = facts->height;
    rota_state_each_person(facts->state, person_row, reading);
}

void rota_answer_people(struct rota_http_request *request, struct rota_http_reply *reply)
{
    struct reading reading = {0};
    reading_reply(request, reply, people_visit, &reading);
}

static bool code_row(void *context, const struct rota_code_info *code)
{
    struct reading *reading = context;
    if (code->from_height <= reading->height)
        json_array_append_new(reading->list, json_pack("{s:s, s:s, s:I}", "id", code->id.text, "pool", code->pool.text,
                                                       "from_height", (json_int_t)code->from_height));
    return true;
}

static void codes_visit(void *context, const struct rota_facts *facts)
{
    struct reading *reading = context;
    document_begin(reading, facts, "codes");
    reading->height = facts->height;
    rota_state_each_code(facts->state, code_row, reading);
}

void rota_answer_codes(struct rota_http_request *request, struct rota_http_reply *reply)
{
    struct reading reading = {0};
    reading_reply(request, reply, codes_visit, &reading);
}

static json_t *roles_json(uint32_t roles)
{
    json_t *list = json_array();
    if (roles & ROTA_ROLE_SCHEDULER)
        json_array_append_new(list, json_string("scheduler"));
    if (roles & ROTA_ROLE_DIRECTOR)
        json_array_append_new(list, json_string("director"));
    return list;
}

static bool coordinator_row(void *context, const struct rota_coordinator *coordinator)
{
    struct reading *reading = context;
    json_t *row = json_object();
    json_object_set_new(row, "kid", rota_json_hex_new(coordinator->key.kid.b, ROTA_KID_BYTES));
    json_object_set_new(row, "label", json_string(coordinator->label.text));
    json_object_set_new(row, "key", rota_json_hex_new(coordinator->key.compressed, sizeof coordinator->key.compressed));
    json_object_set_new(row, "facility", json_string(coordinator->facility.text));
    json_object_set_new(row, "roles", roles_json(coordinator->roles));
    json_object_set_new(row, "seq_highest", json_integer((json_int_t)coordinator->seq_highest));
    json_object_set_new(row, "from_height", json_integer((json_int_t)coordinator->from_height));
    if (coordinator->suspended_at != 0)
        json_object_set_new(row, "suspended_at", json_integer((json_int_t)coordinator->suspended_at));
    if (coordinator->revoked_at != 0)
        json_object_set_new(row, "revoked_at", json_integer((json_int_t)coordinator->revoked_at));
    json_array_append_new(reading->list, row);
    return true;
}

static void coordinators_visit(void *context, const struct rota_facts *facts)
{
    struct reading *reading = context;
    document_begin(reading, facts, "coordinators");
    rota_state_each_coordinator(facts->state, coordinator_row, reading);
}

void rota_answer_coordinators(struct rota_http_request *request, struct rota_http_reply *reply)
{
    struct reading reading = {0};
    reading_reply(request, reply, coordinators_visit, &reading);
}

/* ---- blocks --------------------------------------------------------------------------------------------------------- */

static json_t *entry_json(const struct rota_facts *facts, const struct rota_block *block, uint32_t i)
{
    const struct rota_entry *entry = &block->entries[i];
    json_t *item = json_object();
    struct rota_outcome outcome;
    struct rota_op_outcome *ops = calloc(ROTA_PROPOSAL_OPS_MAX, sizeof *ops);
    uint32_t count = 0;
    json_object_set_new(item, "kind", json_string(entry->kind == ROTA_ENTRY_PROPOSAL ? "proposal" : "evidence"));
    json_object_set_new(item, "id", rota_json_hex_new(entry->id.b, ROTA_HASH_BYTES));
    json_t *names = json_array();
    if (ops && rota_is_ok(rota_store_outcome(&outcome, facts->store, block->header.height, i))) {
        if (rota_is_ok(rota_outcome_read(ops, &count, ROTA_PROPOSAL_OPS_MAX, rota_view(outcome.record, outcome.len))))
            for (uint32_t k = 0; k < count; k++)
                json_array_append_new(names, json_string(rota_outcome_name(ops[k].code)));
        free(outcome.record);
    }
    free(ops);
    json_object_set_new(item, "outcomes", names);
    return item;
}

static void header_json(json_t *document, const struct rota_block *block)
{
    const struct rota_header *header = &block->header;
    json_object_set_new(document, "height", json_integer((json_int_t)header->height));
    json_object_set_new(document, "hash", rota_json_hex_new(block->hash.b, ROTA_HASH_BYTES));
    json_object_set_new(document, "prev_hash", rota_json_hex_new(header->prev_hash.b, ROTA_HASH_BYTES));
    json_object_set_new(document, "epoch", json_integer(header->epoch));
    json_object_set_new(document, "time_ms", json_integer((json_int_t)header->time_ms));
    json_object_set_new(document, "tree_size", json_integer((json_int_t)header->tree_size));
    json_object_set_new(document, "tree_root", rota_json_hex_new(header->tree_root.b, ROTA_HASH_BYTES));
    json_object_set_new(document, "outcome_hash", rota_json_hex_new(header->outcome_hash.b, ROTA_HASH_BYTES));
    json_object_set_new(document, "proposer", json_integer(header->proposer));
}

static json_t *certificate_json(const struct rota_facts *facts, const struct rota_certificate *certificate)
{
    json_t *signers = json_array();
    for (uint32_t i = 0; i < facts->genesis->membership.count; i++)
        if (certificate->signers >> i & 1)
            json_array_append_new(signers, json_string(facts->genesis->membership.members[i].id.text));
    return json_pack("{s:I, s:I, s:o}", "height", (json_int_t)certificate->vote.height, "view",
                     (json_int_t)certificate->vote.view, "signers", signers);
}

static void block_visit(void *context, const struct rota_facts *facts)
{
    struct reading *reading = context;
    struct rota_block *block;
    struct rota_certificate certificate;
    if (reading->at > facts->height || !rota_is_ok(rota_store_block(&block, facts->store, reading->at)))
        return;
    reading->document = json_object();
    header_json(reading->document, block);
    if (rota_is_ok(rota_store_certificate(&certificate, facts->store, reading->at)))
        json_object_set_new(reading->document, "certificate", certificate_json(facts, &certificate));
    json_t *entries = json_array();
    for (uint32_t i = 0; i < block->entry_count; i++)
        json_array_append_new(entries, entry_json(facts, block, i));
    json_object_set_new(reading->document, "entries", entries);
    rota_block_release(block);
}

void rota_answer_block(struct rota_http_request *request, struct rota_http_reply *reply)
{
    char *end;
    struct reading reading = {.at = strtoull(request->argument, &end, 10)};
    if (*end != '\0' || reading.at == 0) {
        bad_query(reply, "a block is asked for by its height, from 1");
        return;
    }
    reading.request = request;
    struct rota_status status = rota_node_visit(request->http->node, block_visit, &reading);
    if (!rota_is_ok(status) || !reading.document) {
        rota_reply_problem(reply,
                           &(struct rota_problem){MHD_HTTP_NOT_FOUND, "no-block", "Not found",
                                                  "this facility has no block of this height", NULL, NULL, UINT32_MAX, 0});
        return;
    }
    rota_reply_json(reply, MHD_HTTP_OK, reading.document);
    reply->immutable = true;
}

/* ---- anomalies ------------------------------------------------------------------------------------------------------ */

/* In words, from the evidence alone. */
static void anomaly_text(char *out, size_t out_size, const struct rota_facts *facts, const struct rota_evidence *evidence,
                         uint64_t height)
{
    char kid[ROTA_KID_CHARS + 1];
    struct rota_coordinator coordinator;
    if (evidence->kind == ROTA_EVIDENCE_COORDINATOR) {
        const struct rota_kid *who = &evidence->first->jws.kid;
        rota_hex_encode(kid, rota_view(who->b, ROTA_KID_BYTES));
        bool known = rota_is_ok(rota_state_coordinator(&coordinator, facts->state, who));
        snprintf(out, out_size,
                 "key %.8s (%s of %s) signed two different proposals with number %llu; suspended from block %llu", kid,
                 known ? coordinator.label.text : "?", known ? coordinator.facility.text : "?",
                 (unsigned long long)evidence->first->seq, (unsigned long long)height);
        return;
    }
    const struct rota_vote *vote = &evidence->votes[0].vote;
    const struct rota_membership *membership = &facts->genesis->membership;
    snprintf(out, out_size, "facility %s signed two different %s for height %llu in view %llu",
             evidence->member < membership->count ? membership->members[evidence->member].id.text : "?",
             vote->kind == ROTA_VOTE_PREPARE ? "PREPAREs" : "COMMITs", (unsigned long long)vote->height,
             (unsigned long long)vote->view);
}

static void anomalies_of_block(struct reading *reading, const struct rota_facts *facts, const struct rota_block *block)
{
    char text[256];
    for (uint32_t i = 0; i < block->entry_count; i++) {
        if (block->entries[i].kind != ROTA_ENTRY_EVIDENCE)
            continue;
        anomaly_text(text, sizeof text, facts, block->entries[i].evidence, block->header.height);
        json_t *item = json_object();
        json_object_set_new(item, "height", json_integer((json_int_t)block->header.height));
        json_object_set_new(item, "evidence", rota_json_hex_new(block->entries[i].id.b, ROTA_HASH_BYTES));
        json_object_set_new(item, "text", json_string(text));
        json_array_append_new(reading->list, item);
    }
}

static void anomalies_visit(void *context, const struct rota_facts *facts)
{
    struct reading *reading = context;
    document_begin(reading, facts, "anomalies");
    if (facts->evidence_count == 0)
        return;
    for (uint64_t height = 1; height <= facts->height; height++) {
        struct rota_block *block;
        if (!rota_is_ok(rota_store_block(&block, facts->store, height)))
            return;
        anomalies_of_block(reading, facts, block);
        rota_block_release(block);
    }
}

void rota_answer_anomalies(struct rota_http_request *request, struct rota_http_reply *reply)
{
    struct reading reading = {0};
    reading_reply(request, reply, anomalies_visit, &reading);
}

void rota_answer_genesis(struct rota_http_request *request, struct rota_http_reply *reply)
{
    const struct rota_genesis *genesis = rota_node_genesis(request->http->node);
    reply->status = MHD_HTTP_OK;
    reply->type = "application/json";
    reply->body = malloc(genesis->len ? genesis->len : 1);
    if (reply->body) {
        memcpy(reply->body, genesis->bytes, genesis->len);
        reply->len = genesis->len;
        reply->immutable = true;
    }
}
