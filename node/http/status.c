/* How the node is doing: for operators, load balancers and people. */
#include "node/http/door.h"
#include "node/recovery.h"

#include <stdio.h>
#include <stdlib.h>

struct status_task {
    struct rota_http_request *request;
    json_t *document;
    bool digest;
};

static const char *mode_name(enum rota_mode mode)
{
    return mode == ROTA_MODE_ACTIVE        ? "active"
           : mode == ROTA_MODE_CHANGING    ? "changing view"
           : mode == ROTA_MODE_ENDED       ? "epoch ended"
           : mode == ROTA_MODE_FOLLOWING   ? "following: no member of this epoch"
           : mode == ROTA_MODE_RECOVERING  ? "recovering"
           : mode == ROTA_MODE_GREETING    ? "greeting"
           : mode == ROTA_MODE_QUARANTINED ? "quarantined"
                                           : "halted";
}

uint32_t rota_heard_count(const struct rota_facts *facts)
{
    return (uint32_t)__builtin_popcount(facts->core.heard | (facts->is_member ? UINT32_C(1) << facts->self : 0));
}

/* Members, then guests: those who may follow without being members. */
static json_t *peers_json(const struct rota_facts *facts)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < facts->directory->count; i++) {
        const struct rota_contact *contact = &facts->directory->contacts[i];
        struct rota_peer_info info;
        if (i == facts->directory->self)
            continue;
        rota_peers_info(&info, facts->peers, i);
        json_t *peer = json_pack("{s:s, s:o, s:b, s:b, s:I, s:I, s:I, s:I, s:I}", "facility", contact->id.text, "key",
                                 rota_json_hex_new(contact->key.b, sizeof contact->key.b), "guest",
                                 (int)(i >= facts->membership->count), "up", (int)info.up, "round_trip_us",
                                 (json_int_t)info.round_trip_us, "clock_offset_ms", (json_int_t)info.clock_offset_ms,
                                 "refused_frames", (json_int_t)info.refused_in, "refused_handshakes",
                                 (json_int_t)info.refused_handshakes, "dropped", (json_int_t)info.dropped_out);
        if (facts->said[i].any)
            json_object_set_new(peer, "height", json_integer((json_int_t)facts->said[i].height));
        json_array_append_new(list, peer);
    }
    return list;
}

static json_t *pools_json(const struct rota_gate_info *info)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < info->pools.count; i++) {
        const struct rota_bulkhead *pool = &info->pools.items[i];
        json_array_append_new(list, json_pack("{s:s, s:i, s:i, s:i, s:i, s:I, s:I}", "pool", pool->config.name, "capacity",
                                              (int)pool->config.capacity, "reserved", (int)pool->config.reserved, "in_use",
                                              (int)(pool->own + pool->borrowed), "borrowed", (int)pool->borrowed, "admitted",
                                              (json_int_t)pool->admitted, "refused", (json_int_t)pool->refused));
    }
    return list;
}

/* What the gates say, without the pools. */
static json_t *intake_json(const struct rota_gate_info *info, const struct rota_config *config)
{
    return json_pack("{s:i, s:i, s:i, s:i, s:I, s:I, s:I, s:I, s:I}", "queue", (int)config->intake.queue, "rate_per_second",
                     (int)config->intake.rate_per_second, "burst", (int)config->intake.burst, "leases", (int)info->leases,
                     "leases_reclaimed", (json_int_t)info->lease_expired, "refused_rate", (json_int_t)info->rate_refused,
                     "refused_queue", (json_int_t)info->queue_refused, "refused_quorum", (json_int_t)info->quorum_refused,
                     "shares_returned", (json_int_t)info->shares_returned);
}

static void gate_fill(json_t *document, struct rota_http *http)
{
    struct rota_gate_info *info = malloc(sizeof *info);
    if (!info)
        return;
    rota_gate_info(info, http->gate);
    json_object_set_new(document, "intake", intake_json(info, http->config));
    json_object_set_new(document, "pools", pools_json(info));
    free(info);
}

/* One sentence for whoever asks what the network stands. */
static json_t *profile_json(const struct rota_membership *membership)
{
    const char *name = membership->profile == ROTA_PROFILE_CRASH ? "crash" : "byzantine";
    uint32_t needed = rota_quorum(membership->count, membership->profile);
    uint32_t liars = rota_fault_bound(membership->count, membership->profile);
    if (liars == 0)
        return json_sprintf("%s: %u of %u facilities decide, none may lie", name, needed, membership->count);
    return json_sprintf("%s: %u of %u facilities decide, %u may lie", name, needed, membership->count, liars);
}

/* Why it does not vote, if it does not: lost memory, or a halt. */
static void standing_fill(json_t *document, const struct rota_facts *facts)
{
    char words[ROTA_RECOVERY_WORDS_MAX];
    rota_recovery_words(words, &facts->core, facts->membership, facts->self);
    const char *why = facts->core.halted ? facts->core.halted : words;
    json_object_set_new(document, "run", json_integer((json_int_t)facts->core.incarnation));
    if (why[0])
        json_object_set_new(document, "not_voting", json_string(why));
}

static json_t *manifest_json(const char *state, uint32_t epoch, const struct rota_discontinuity *kept)
{
    return json_pack("{s:s, s:I, s:I, s:o}", "state", state, "epoch", (json_int_t)epoch, "kept_height",
                     (json_int_t)kept->height, "kept_block", rota_json_hex_new(kept->block.b, ROTA_HASH_BYTES));
}

/* A recovery manifest that is waited for, or that this node would need to follow the others (PROTOCOL M12). */
static void manifest_fill(json_t *document, const struct rota_facts *facts)
{
    const struct rota_epoch *awaited = facts->manifest_awaited;
    const struct rota_manifest_met *met = facts->manifest_met;
    if (awaited)
        json_object_set_new(document, "recovery_manifest",
                            manifest_json("awaited", awaited->membership.epoch, &awaited->discontinuity));
    else if (met && met->any)
        json_object_set_new(document, "recovery_manifest", manifest_json("missing", met->epoch, &met->kept));
}

json_t *rota_divergence_json(const struct rota_facts *facts)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < facts->membership->count; i++) {
        const struct rota_divergence *seen = &facts->divergence[i];
        if (seen->any)
            json_array_append_new(
                list, json_pack("{s:s, s:I, s:o, s:o, s:I}", "facility", facts->membership->members[i].id.text, "height",
                                (json_int_t)seen->height, "theirs", rota_json_hex_new(seen->theirs.b, ROTA_HASH_BYTES),
                                "ours", rota_json_hex_new(seen->ours.b, ROTA_HASH_BYTES), "said", (json_int_t)seen->said));
    }
    return list;
}

static void status_fill(json_t *document, const struct rota_facts *facts)
{
    const struct rota_membership *membership = facts->membership;
    uint32_t needed = rota_quorum(membership->count, membership->profile);
    json_object_set_new(document, "facility", json_string(facts->is_member ? membership->members[facts->self].id.text : ""));
    json_object_set_new(document, "ledger_id", rota_json_hex_new(facts->genesis->ledger_id.b, ROTA_HASH_BYTES));
    json_object_set_new(document, "version", json_string(ROTA_VERSION));
    json_object_set_new(document, "height", json_integer((json_int_t)facts->height));
    json_object_set_new(document, "head", rota_json_hex_new(facts->head.b, ROTA_HASH_BYTES));
    json_object_set_new(document, "head_time_ms", json_integer((json_int_t)facts->head_time_ms));
    uint64_t wall_ms = rota_clock_wall_ms();
    uint64_t age_ms = wall_ms > facts->head_time_ms ? wall_ms - facts->head_time_ms : 0;
    json_object_set_new(document, "head_age_ms", json_integer((json_int_t)age_ms));
    json_object_set_new(document, "tick_ms", json_integer(facts->tick_ms));
    json_object_set_new(document, "mode", json_string(mode_name(facts->core.mode)));
    standing_fill(document, facts);
    manifest_fill(document, facts);
    json_object_set_new(document, "epoch", json_integer(membership->epoch));
    json_object_set_new(document, "member", json_boolean(facts->is_member));
    json_object_set_new(document, "view", json_integer((json_int_t)facts->core.view));
    json_object_set_new(document, "primary",
                        json_string(facts->is_member ? membership->members[facts->core.primary].id.text : ""));
    json_object_set_new(document, "quorum",
                        json_pack("{s:i, s:i, s:i, s:i}", "needed", (int)needed, "heard", (int)rota_heard_count(facts),
                                  "members", (int)membership->count, "tolerates_liars",
                                  (int)rota_fault_bound(membership->count, membership->profile)));
    json_object_set_new(document, "profile", profile_json(membership));
    json_object_set_new(document, "pending", json_integer(facts->pending));
    json_object_set_new(document, "in_flight", json_integer(facts->core.in_flight));
    json_object_set_new(document, "uptime_s",
                        json_integer((json_int_t)((rota_clock_monotonic_ms() - facts->started_ms) / 1000)));
    json_object_set_new(document, "committed_entries", json_integer((json_int_t)facts->committed_entries));
    json_object_set_new(document, "refused_operations", json_integer((json_int_t)facts->refused_ops));
    json_object_set_new(document, "evidence", json_integer((json_int_t)facts->evidence_count));
    json_object_set_new(document, "divergence", rota_divergence_json(facts));
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
    gate_fill(task.document, request->http);
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

/* Why the node is ready or not; each check has its words. */
struct health {
    enum rota_mode mode;
    bool halted; /* whatever for */
    bool loop, quorum;
    uint32_t heard, needed, members;
};

static void health_visit(void *context, const struct rota_facts *facts)
{
    const struct rota_membership *membership = facts->membership;
    struct health *health = context;
    health->mode = facts->core.mode;
    health->halted = facts->core.halted != NULL;
    health->heard = rota_heard_count(facts);
    health->needed = rota_quorum(membership->count, membership->profile);
    health->members = membership->count;
}

static struct health health_look(struct rota_http *http)
{
    struct health health = {.mode = ROTA_MODE_HALTED, .halted = true, .quorum = rota_node_has_quorum(http->node)};
    health.loop = rota_is_ok(rota_node_visit(http->node, health_visit, &health));
    return health;
}

/* Every check on a line of its own, for "?verbose"; the same words as in the sentence. */
static void health_reply_verbose(struct rota_http_reply *reply, const struct health *health, bool write, bool good)
{
    char text[512];
    int len = snprintf(text, sizeof text, "%s loop: it %s\n%s core: %s\n", health->loop ? "ok" : "no",
                       health->loop ? "turns" : "does not turn", !health->halted ? "ok" : "no",
                       health->loop ? mode_name(health->mode) : "not asked");
    if (write)
        snprintf(text + len, sizeof text - (size_t)len, "%s quorum: %u of %u facilities heard, %u needed\n%s view: %s\n",
                 health->quorum ? "ok" : "no", health->heard, health->members, health->needed,
                 health->mode == ROTA_MODE_ACTIVE ? "ok" : "no",
                 health->mode == ROTA_MODE_ACTIVE ? "settled" : "not settled");
    rota_reply_text(reply, good ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE, "text/plain", strdup(text));
}

static void ready_reply(struct rota_http_request *request, struct rota_http_reply *reply, const struct health *health,
                        bool write, const char *no)
{
    if (rota_query(request, "verbose"))
        health_reply_verbose(reply, health, write, no == NULL);
    else
        health_reply(reply, no == NULL, write ? "ready to take proposals" : "ready to be read", no);
}

void rota_answer_ready(struct rota_http_request *request, struct rota_http_reply *reply)
{
    struct health health = health_look(request->http);
    const char *no = NULL;
    if (!health.loop)
        no = "not ready: the loop does not turn";
    else if (health.halted)
        no = health.mode == ROTA_MODE_QUARANTINED ? "not ready: somebody else signs with this facility's key, see the log"
                                                  : "not ready: the node is halted, see its log";
    ready_reply(request, reply, &health, false, no);
}

void rota_answer_ready_write(struct rota_http_request *request, struct rota_http_reply *reply)
{
    struct health health = health_look(request->http);
    const char *no = NULL;
    if (!health.loop)
        no = "not ready: the loop does not turn";
    else if (health.halted)
        no = health.mode == ROTA_MODE_QUARANTINED ? "not ready: somebody else signs with this facility's key, see the log"
                                                  : "not ready: the node is halted, see its log";
    else if (!health.quorum)
        no = "not ready: no quorum of facilities is heard";
    else if (health.mode == ROTA_MODE_GREETING)
        no = "not ready: the node has just started and waits for the greetings of the others";
    else if (health.mode == ROTA_MODE_RECOVERING)
        no = "not ready: the node is recovering and does not vote yet, see /v1/status";
    else if (health.mode != ROTA_MODE_ACTIVE)
        no = "not ready: the view is changing";
    ready_reply(request, reply, &health, true, no);
}

void rota_answer_version(struct rota_http_request *request, struct rota_http_reply *reply)
{
    (void)request;
    rota_reply_json(reply, MHD_HTTP_OK,
                    json_pack("{s:s, s:s, s:s}", "name", "rotaledger", "version", ROTA_VERSION, "format", "rotaledger/v1"));
}
