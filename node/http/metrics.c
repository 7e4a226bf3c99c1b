/* Prometheus' text format. Names begin with rota_, units are base units, labels are bounded. */
#include "node/http/door.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct text {
    char *data;
    size_t len;
    FILE *file;
};

static void text_open(struct text *text)
{
    *text = (struct text){0};
    text->file = open_memstream(&text->data, &text->len);
}

__attribute__((format(printf, 2, 3))) static void line(struct text *text, const char *format, ...)
{
    va_list arguments;
    if (!text->file)
        return;
    va_start(arguments, format);
    vfprintf(text->file, format, arguments);
    va_end(arguments);
}

static void single(struct text *text, const char *name, const char *type, const char *help, uint64_t value)
{
    line(text, "# HELP %s %s\n# TYPE %s %s\n%s %llu\n", name, help, name, type, name, (unsigned long long)value);
}

/* Of a family all lines stand together: that is the format's rule. */
static void family(struct text *text, const char *name, const char *type, const char *help)
{
    line(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

struct peer_column {
    const char *name, *labels;
    bool heads; /* first of its family */
    const char *type, *help;
    uint64_t (*value)(const struct rota_peer_info *info);
};

static uint64_t peer_up(const struct rota_peer_info *info)
{
    return info->up;
}
static uint64_t peer_frames_in(const struct rota_peer_info *info)
{
    return info->frames_in;
}
static uint64_t peer_frames_out(const struct rota_peer_info *info)
{
    return info->frames_out;
}
static uint64_t peer_refused_frames(const struct rota_peer_info *info)
{
    return info->refused_in;
}
static uint64_t peer_refused_handshakes(const struct rota_peer_info *info)
{
    return info->refused_handshakes;
}
static uint64_t peer_dropped(const struct rota_peer_info *info)
{
    return info->dropped_out;
}

static const struct peer_column peer_columns[] = {
    {"rota_peer_up", "", true, "gauge", "Whether the link to a facility is up.", peer_up},
    {"rota_peer_frames_total", ",direction=\"in\"", true, "counter", "Frames of a link.", peer_frames_in},
    {"rota_peer_frames_total", ",direction=\"out\"", false, NULL, NULL, peer_frames_out},
    {"rota_peer_refused_total", ",what=\"frame\"", true, "counter", "What a link did not take.", peer_refused_frames},
    {"rota_peer_refused_total", ",what=\"handshake\"", false, NULL, NULL, peer_refused_handshakes},
    {"rota_peer_dropped_total", "", true, "counter", "Frames that found the link's ring full.", peer_dropped},
};

static void peers_write(struct text *text, const struct rota_facts *facts)
{
    const struct rota_membership *membership = facts->membership;
    struct rota_peer_info infos[ROTA_MEMBERS_MAX];
    for (uint32_t i = 0; i < membership->count; i++)
        if (i != facts->self)
            rota_peers_info(&infos[i], facts->peers, i);
    for (size_t c = 0; c < sizeof peer_columns / sizeof peer_columns[0]; c++) {
        const struct peer_column *column = &peer_columns[c];
        if (column->heads)
            family(text, column->name, column->type, column->help);
        for (uint32_t i = 0; i < membership->count; i++)
            if (i != facts->self)
                line(text, "%s{peer=\"%s\"%s} %llu\n", column->name, membership->members[i].id.text, column->labels,
                     (unsigned long long)column->value(&infos[i]));
    }
    family(text, "rota_peer_round_trip_seconds", "gauge", "Round trip of the last ping, 0 before the first.");
    for (uint32_t i = 0; i < membership->count; i++)
        if (i != facts->self)
            line(text, "rota_peer_round_trip_seconds{peer=\"%s\"} %llu.%06llu\n", membership->members[i].id.text,
                 (unsigned long long)(infos[i].round_trip_us / 1000000),
                 (unsigned long long)(infos[i].round_trip_us % 1000000));
}

/* One sample for each mode, 1 for the present one. */
static void mode_write(struct text *text, const struct rota_facts *facts)
{
    static const char *const words[] = {[ROTA_MODE_ACTIVE] = "active",           [ROTA_MODE_CHANGING] = "changing",
                                        [ROTA_MODE_HALTED] = "halted",           [ROTA_MODE_ENDED] = "ended",
                                        [ROTA_MODE_RECOVERING] = "recovering",   [ROTA_MODE_GREETING] = "greeting",
                                        [ROTA_MODE_QUARANTINED] = "quarantined", [ROTA_MODE_FOLLOWING] = "following"};
    bool waits = facts->core.mode == ROTA_MODE_GREETING || facts->core.mode == ROTA_MODE_RECOVERING;
    uint32_t missing =
        facts->core.answers_needed > facts->core.answers_count ? facts->core.answers_needed - facts->core.answers_count : 0;
    family(text, "rota_mode", "gauge", "1 for the mode that the node is in.");
    for (uint32_t mode = ROTA_MODE_ACTIVE; mode < sizeof words / sizeof words[0]; mode++)
        line(text, "rota_mode{mode=\"%s\"} %d\n", words[mode], facts->core.mode == (enum rota_mode)mode);
    single(text, "rota_greetings_missing", "gauge", "Answers that the node waits for before it speaks.",
           waits ? missing : 0);
}

static void divergence_write(struct text *text, const struct rota_facts *facts)
{
    const struct rota_membership *membership = facts->membership;
    family(text, "rota_divergence", "gauge", "1 while a facility says that a committed block is another than here.");
    for (uint32_t i = 0; i < membership->count; i++)
        if (i != facts->self)
            line(text, "rota_divergence{peer=\"%s\"} %d\n", membership->members[i].id.text, facts->divergence[i].any);
}

static void facts_write(void *context, const struct rota_facts *facts)
{
    struct text *text = context;
    const struct rota_membership *membership = facts->membership;
    single(text, "rota_height", "gauge", "Height of the last committed block.", facts->height);
    single(text, "rota_tree_size", "gauge", "Leaves of the ledger's tree.", rota_tree_size(facts->tree));
    single(text, "rota_view", "gauge", "Present view.", facts->core.view);
    single(text, "rota_view_changes_total", "counter", "Views entered since start.", facts->core.view_changes);
    mode_write(text, facts);
    divergence_write(text, facts);
    single(text, "rota_epoch", "gauge", "Number of the epoch in force.", membership->epoch);
    single(text, "rota_members", "gauge", "Members of the ledger.", membership->count);
    single(text, "rota_quorum_size", "gauge", "Members that make a quorum.",
           rota_quorum(membership->count, membership->profile));
    single(text, "rota_quorum_heard", "gauge", "Members heard now, this one included.", rota_heard_count(facts));
    single(text, "rota_proposals_pending", "gauge", "Proposals waiting or in flight.", facts->pending);
    single(text, "rota_entries_total", "counter", "Entries committed since start.", facts->committed_entries);
    single(text, "rota_operations_refused_total", "counter", "Operations with a refused outcome since start.",
           facts->refused_ops);
    single(text, "rota_evidence", "gauge", "Evidence in the ledger.", facts->evidence_count);
    single(text, "rota_turns_total", "counter", "Turns of the loop.", facts->turns);
    single(text, "rota_durable_points_total", "counter", "Transactions made durable.", facts->fsyncs);
    single(text, "rota_messages_without_effect_total", "counter", "Consensus messages that changed nothing.",
           facts->core.dropped);
    line(text,
         "# HELP rota_last_block_timestamp_seconds Time of the last block.\n# TYPE rota_last_block_timestamp_seconds gauge\n"
         "rota_last_block_timestamp_seconds %llu.%03llu\n",
         (unsigned long long)(facts->head_time_ms / 1000), (unsigned long long)(facts->head_time_ms % 1000));
    line(text,
         "# HELP rota_tick_period_seconds How old the newest block of an idle network becomes, 0: without end.\n"
         "# TYPE rota_tick_period_seconds gauge\nrota_tick_period_seconds %u.%03u\n",
         facts->tick_ms / 1000, facts->tick_ms % 1000);
    peers_write(text, facts);
}

static void gate_write(struct text *text, struct rota_http *http)
{
    struct rota_gate_info *info = malloc(sizeof *info);
    if (!info)
        return;
    rota_gate_info(info, http->gate);
    family(text, "rota_pool_slots", "gauge", "Places of a pool.");
    for (uint32_t i = 0; i < info->pools.count; i++) {
        const struct rota_bulkhead *pool = &info->pools.items[i];
        const char *name = pool->config.name;
        line(text, "rota_pool_slots{pool=\"%s\",kind=\"capacity\"} %u\n", name, pool->config.capacity);
        line(text, "rota_pool_slots{pool=\"%s\",kind=\"reserved\"} %u\n", name, pool->config.reserved);
        line(text, "rota_pool_slots{pool=\"%s\",kind=\"inflight\"} %u\n", name, pool->own + pool->borrowed);
        line(text, "rota_pool_slots{pool=\"%s\",kind=\"borrowed\"} %u\n", name, pool->borrowed);
    }
    family(text, "rota_pool_admitted_total", "counter", "Places given, also to proposals that moved there.");
    for (uint32_t i = 0; i < info->pools.count; i++)
        line(text, "rota_pool_admitted_total{pool=\"%s\"} %llu\n", info->pools.items[i].config.name,
             (unsigned long long)info->pools.items[i].admitted);
    family(text, "rota_pool_rejected_total", "counter", "Proposals that found their pool full.");
    for (uint32_t i = 0; i < info->pools.count; i++)
        line(text, "rota_pool_rejected_total{pool=\"%s\",reason=\"pool\"} %llu\n", info->pools.items[i].config.name,
             (unsigned long long)info->pools.items[i].refused);
    line(text, "# HELP rota_shed_total Proposals turned away before their body was read.\n# TYPE rota_shed_total counter\n");
    line(text, "rota_shed_total{gate=\"rate\"} %llu\n", (unsigned long long)info->rate_refused);
    line(text, "rota_shed_total{gate=\"queue\"} %llu\n", (unsigned long long)info->queue_refused);
    line(text, "rota_shed_total{gate=\"quorum\"} %llu\n", (unsigned long long)info->quorum_refused);
    single(text, "rota_shares_returned_total", "counter", "Tokens given back: nothing signed by the named key came.",
           info->shares_returned);
    single(text, "rota_pool_lease_reclaimed_total", "counter", "Places taken back because their deadline passed.",
           info->lease_expired);
    free(info);
}

static uint64_t counted(const uint64_t *counter)
{
    return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static void door_write(struct text *text, struct rota_http *http)
{
    static const char *const results[ROTA_HTTP_RESULTS] = {"taken", "known", "refused", "malformed"};
    static const char *const bounds[ROTA_HTTP_LATENCIES] = {"0.001", "0.0025", "0.005", "0.01", "0.025", "0.1", "1", "+Inf"};
    line(text, "# HELP rota_http_answers_total Answers by status.\n# TYPE rota_http_answers_total counter\n");
    for (unsigned status = 0; status < ROTA_HTTP_CODES; status++) {
        uint64_t count = counted(&http->answers[status]);
        if (count > 0)
            line(text, "rota_http_answers_total{status=\"%u\"} %llu\n", status, (unsigned long long)count);
    }
    single(text, "rota_http_slow_connections_total", "counter",
           "Connections ended because a request or an answer took too long, idle ones among them.", counted(&http->cut));
    single(text, "rota_http_waiting", "gauge", "Requests that wait for a commit.",
           __atomic_load_n(&http->waiting, __ATOMIC_RELAXED));
    single(text, "rota_http_waits_declined_total", "counter", "Requests that would have waited and found no place to.",
           counted(&http->not_waited));
    family(text, "rota_proposals_total", "counter", "Proposals whose body was read, by what became of them at the door.");
    for (size_t i = 0; i < ROTA_HTTP_RESULTS; i++)
        line(text, "rota_proposals_total{result=\"%s\"} %llu\n", results[i], (unsigned long long)counted(&http->results[i]));
    line(
        text,
        "# HELP rota_commit_duration_seconds From the door to the ledger.\n# TYPE rota_commit_duration_seconds histogram\n");
    uint64_t sum = 0;
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        sum += counted(&http->latencies[i]);
        line(text, "rota_commit_duration_seconds_bucket{le=\"%s\"} %llu\n", bounds[i], (unsigned long long)sum);
    }
    uint64_t us = counted(&http->latency_sum_us);
    line(text, "rota_commit_duration_seconds_sum %llu.%06llu\n", (unsigned long long)(us / 1000000),
         (unsigned long long)(us % 1000000));
    line(text, "rota_commit_duration_seconds_count %llu\n", (unsigned long long)counted(&http->latency_count));
}

void rota_answer_metrics(struct rota_http_request *request, struct rota_http_reply *reply)
{
    struct text text;
    text_open(&text);
    line(&text, "# HELP rota_build_info This program.\n# TYPE rota_build_info gauge\nrota_build_info{version=\"%s\"} 1\n",
         ROTA_VERSION);
    (void)!rota_is_ok(rota_node_visit(request->http->node, facts_write, &text));
    gate_write(&text, request->http);
    door_write(&text, request->http);
    if (text.file)
        fclose(text.file);
    rota_reply_text(reply, MHD_HTTP_OK, "text/plain; version=0.0.4", text.data);
}
