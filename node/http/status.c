/* How the node is doing: for operators, load balancers and people. */
#include "node/http/door.h"

#include <stdio.h>
#include <stdlib.h>

struct status_task {
    struct rota_http_request *request;
    json_t *document;
    bool digest;
};

static const char *mode_name(enum rota_mode mode)
{
    return mode == ROTA_MODE_ACTIVE ? "active" : mode == ROTA_MODE_CHANGING ? "changing view" : "halted";
}

uint32_t rota_heard_count(const struct rota_facts *facts)
{
    return (uint32_t)__builtin_popcount(facts->core.heard | UINT32_C(1) << facts->self);
}

static json_t *peers_json(const struct rota_facts *facts)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < facts->genesis->membership.count; i++) {
        struct rota_peer_info info;
        if (i == facts->self)
            continue;
        rota_peers_info(&info, facts->peers, i);
        json_array_append_new(list,
                              json_pack("{s:s, s:b, s:I, s:I, s:I, s:I, s:I}", "facility",
                                        facts->genesis->membership.members[i].id.text, "up", info.up, "round_trip_us",
                                        (json_int_t)info.round_trip_us, "clock_offset_ms", (json_int_t)info.clock_offset_ms,
                                        "refused_frames", (json_int_t)info.refused_in, "refused_handshakes",
                                        (json_int_t)info.refused_handshakes, "dropped", (json_int_t)info.dropped_out));
    }
    return list;
}

static json_t *pools_json(struct rota_http *http)
{
    struct rota_gate_info *info = malloc(sizeof *info);
    json_t *list = json_array();
    if (!info)
        return list;
    rota_gate_info(info, http->gate);
    for (uint32_t i = 0; i < info->pools.count; i++) {
        const struct rota_bulkhead *pool = &info->pools.items[i];
        json_array_append_new(list, json_pack("{s:s, s:i, s:i, s:i, s:i, s:I, s:I}", "pool", pool->config.name, "capacity",
                                              (int)pool->config.capacity, "reserved", (int)pool->config.reserved, "in_use",
                                              (int)(pool->own + pool->borrowed), "borrowed", (int)pool->borrowed, "admitted",
                                              (json_int_t)pool->admitted, "refused", (json_int_t)pool->refused));
    }
    free(info);
    return list;
}

static void status_fill(json_t *document, const struct rota_facts *facts)
{
    const struct rota_membership *membership = &facts->genesis->membership;
    uint32_t needed = rota_quorum(membership->count, membership->profile);
    json_object_set_new(document, "facility", json_string(membership->members[facts->self].id.text));
    json_object_set_new(document, "ledger_id", rota_json_hex_new(facts->genesis->ledger_id.b, ROTA_HASH_BYTES));
    json_object_set_new(document, "version", json_string(ROTA_VERSION));
    json_object_set_new(document, "height", json_integer((json_int_t)facts->height));
    json_object_set_new(document, "head", rota_json_hex_new(facts->head.b, ROTA_HASH_BYTES));
    json_object_set_new(document, "head_time_ms", json_integer((json_int_t)facts->head_time_ms));
    json_object_set_new(document, "mode", json_string(mode_name(facts->core.mode)));
    json_object_set_new(document, "view", json_integer((json_int_t)facts->core.view));
    json_object_set_new(document, "primary", json_string(membership->members[facts->core.primary].id.text));
    json_object_set_new(document, "quorum",
                        json_pack("{s:i, s:i, s:i, s:i}", "needed", (int)needed, "heard", (int)rota_heard_count(facts),
                                  "members", (int)membership->count, "tolerates_liars",
                                  (int)rota_fault_bound(membership->count, membership->profile)));
    json_object_set_new(document, "pending", json_integer(facts->pending));
    json_object_set_new(document, "in_flight", json_integer(facts->core.in_flight));
    json_object_set_new(document, "uptime_s",
                        json_integer((json_int_t)((rota_clock_monotonic_ms() - facts->started_ms) / 1000)));
    json_object_set_new(document, "committed_entries", json_integer((json_int_t)facts->committed_entries));
    json_object_set_new(document, "refused_operations", json_integer((json_int_t)facts->refused_ops));
    json_object_set_new(document, "evidence", json_integer((json_int_t)facts->evidence_count));
    json_object_set_new(document, "view_changes", json_integer((json_int_t)facts->core.view_changes));
    json_object_set_new(document, "peers", peers_json(facts));
}

static void status_visit(void *context, const struct rota_facts *facts)
{
    struct status_task *task = context;
    task->document = json_object();
    status_fill(task->document, facts);
    if (task->digest) {
        struct rota_hash digest = rota_state_digest(facts->state);
        json_object_set_new(task->document, "schedule_digest", rota_json_hex_new(digest.b, ROTA_HASH_BYTES));
    }
}

void rota_answer_status(struct rota_http_request *request, struct rota_http_reply *reply)
{
    struct status_task task = {.request = request, .digest = rota_query(request, "digest") != NULL};
    if (!rota_is_ok(rota_node_visit(request->http->node, status_visit, &task))) {
        rota_reply_busy(reply);
        return;
    }
    json_object_set_new(task.document, "pools", pools_json(request->http));
    rota_reply_json(reply, MHD_HTTP_OK, task.document);
}

/* ---- health --------------------------------------------------------------------------------------------------------- */

static void nothing_visit(void *context, const struct rota_facts *facts)
{
    (void)context;
    (void)facts;
}

static void health_reply(struct rota_http_reply *reply, bool good, const char *yes, const char *no)
{
    char text[256];
    snprintf(text, sizeof text, "%s\n", good ? yes : no);
    rota_reply_text(reply, good ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE, "text/plain", strdup(text));
}

void rota_answer_live(struct rota_http_request *request, struct rota_http_reply *reply)
{
    health_reply(reply, rota_is_ok(rota_node_visit(request->http->node, nothing_visit, NULL)), "alive",
                 "the loop does not turn");
}

static void mode_visit(void *context, const struct rota_facts *facts)
{
    *(enum rota_mode *)context = facts->core.mode;
}

void rota_answer_ready(struct rota_http_request *request, struct rota_http_reply *reply)
{
    enum rota_mode mode = ROTA_MODE_HALTED;
    bool visited = rota_is_ok(rota_node_visit(request->http->node, mode_visit, &mode));
    health_reply(reply, visited && mode != ROTA_MODE_HALTED, "ready to be read",
                 visited ? "not ready: the node is halted, see its log" : "not ready: the loop does not turn");
}

void rota_answer_ready_write(struct rota_http_request *request, struct rota_http_reply *reply)
{
    enum rota_mode mode = ROTA_MODE_HALTED;
    const char *no = NULL;
    if (!rota_is_ok(rota_node_visit(request->http->node, mode_visit, &mode)))
        no = "not ready: the loop does not turn";
    else if (mode == ROTA_MODE_HALTED)
        no = "not ready: the node is halted, see its log";
    else if (!rota_node_has_quorum(request->http->node))
        no = "not ready: no quorum of facilities is heard";
    else if (mode != ROTA_MODE_ACTIVE)
        no = "not ready: the view is changing";
    health_reply(reply, no == NULL, "ready to take proposals", no);
}

void rota_answer_version(struct rota_http_request *request, struct rota_http_reply *reply)
{
    (void)request;
    rota_reply_json(reply, MHD_HTTP_OK,
                    json_pack("{s:s, s:s, s:s}", "name", "rotaledger", "version", ROTA_VERSION, "format", "rotaledger/v1"));
}
