/* rota node status: is it in sync, who leads, who is missing. */
#include "ledger/audit/audit.h"
#include "ledger/proposal.h"
#include "node/tools/commands.h"
#include "node/tools/remote.h"

struct status_options {
    struct rota_common common;
};

static error_t status_parse(int key, char *arg, struct argp_state *state)
{
    (void)arg;
    (void)state;
    return key == ARGP_KEY_END ? 0 : ARGP_ERR_UNKNOWN;
}

static const struct argp status_argp = {.parser = status_parse,
                                        .doc = "Say how a node is doing: height, who leads, whom it reaches, and whether "
                                               "anything can commit. Exit code 8: it cannot."};

/* A member's text, of any type, fit for a terminal. */
static const char *status_text(char *out, size_t out_size, const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    rota_json_printable(out, out_size, object, name);
    if (json_is_integer(value))
        (void)snprintf(out, out_size, "%lld", (long long)json_integer_value(value));
    return out;
}

static unsigned long long status_number(const json_t *object, const char *name)
{
    return rota_json_number(object, name, 0);
}

/* A recovery manifest was put in, and the ledger is not there yet. */
static bool status_awaits_manifest(const json_t *status)
{
    const char *state = json_string_value(json_object_get(json_object_get(status, "recovery_manifest"), "state"));
    return state != NULL && strcmp(state, "awaited") == 0;
}

static void status_print_chain(const json_t *status)
{
    char a[128], b[128], c[128];
    char time[ROTA_TIME_CHARS_MAX] = "";
    uint64_t head_ms = rota_json_number(status, "head_time_ms", 0);
    (void)printf("facility    %s, rotad %s\n", status_text(a, sizeof a, status, "facility"),
                 status_text(b, sizeof b, status, "version"));
    (void)printf("ledger      %s\n", status_text(a, sizeof a, status, "ledger_id"));
    if (status_number(status, "height") > 0 && head_ms / 60000 < INT32_MAX)
        rota_time_format_minute(time, (int64_t)(head_ms / 60000));
    (void)printf("height      %llu%s%s, head %.16s\n", status_number(status, "height"), time[0] != '\0' ? " of " : "", time,
                 status_text(a, sizeof a, status, "head"));
    (void)printf("epoch       %llu%s\n", status_number(status, "epoch"),
                 json_is_false(json_object_get(status, "member")) && !status_awaits_manifest(status)
                     ? ": THIS FACILITY IS NO MEMBER; the node follows the ledger and does not vote"
                     : "");
    (void)printf("view        %llu, led by %s, %s; %llu view changes since the start\n", status_number(status, "view"),
                 status_text(b, sizeof b, status, "primary"), status_text(c, sizeof c, status, "mode"),
                 status_number(status, "view_changes"));
}

/* As an auditor would say of a file (FORMATS §14, J3). What a node says is no more than a number. */
static bool status_is_overdue(uint64_t age_ms, uint64_t tick_ms)
{
    return tick_ms <= UINT32_MAX && age_ms > rota_audit_fresh_for((uint32_t)tick_ms);
}

/* How old the newest block is, against the period of TICKs: a network that stands never lets it be overdue for long. */
static void status_print_age(const json_t *status)
{
    uint64_t age_ms = status_number(status, "head_age_ms"), tick_ms = status_number(status, "tick_ms");
    if (!json_object_get(status, "head_age_ms"))
        return; /* a node of an earlier version */
    (void)printf("newest      %s is %llu s old; ",
                 status_number(status, "height") > 0 ? "block" : "nothing yet, the genesis",
                 (unsigned long long)(age_ms / 1000));
    if (tick_ms == 0)
        (void)puts("this ledger has no TICKs");
    else
        (void)printf("a TICK is due at %llu s%s\n", (unsigned long long)(tick_ms / 1000),
                     status_is_overdue(age_ms, tick_ms) ? ": LONG OVERDUE, the network stands still" : "");
}

/* Why it does not vote: lost memory, or a halt. In full, it may be long. */
static void status_print_standing(const json_t *status)
{
    const char *why = json_string_value(json_object_get(status, "not_voting"));
    if (why != NULL)
        (void)printf("NOT VOTING  %s\n", why);
}

static void status_print_manifest(const json_t *status)
{
    const json_t *manifest = json_object_get(status, "recovery_manifest");
    if (manifest == NULL)
        return;
    if (status_awaits_manifest(status))
        (void)printf("RECOVERY    a recovery manifest was put in: the node fetches the ledger up to block %llu, and then "
                     "begins epoch %llu\n",
                     status_number(manifest, "kept_height"), status_number(manifest, "epoch"));
    else
        (void)printf(
            "STAYS HERE  other facilities went on from block %llu with a recovery manifest, in epoch %llu; this node "
            "follows them\n            only when its operator puts that manifest in: rota node recover\n",
            status_number(manifest, "kept_height"), status_number(manifest, "epoch"));
}

/* True when enough facilities are heard for anything to commit. */
static bool status_has_quorum(const json_t *status)
{
    const json_t *quorum = json_object_get(status, "quorum");
    return rota_json_number(quorum, "heard", 0) >= rota_json_number(quorum, "needed", 0);
}

static void status_print_quorum(const json_t *status)
{
    const json_t *quorum = json_object_get(status, "quorum");
    unsigned long long needed = status_number(quorum, "needed");
    unsigned long long heard = status_number(quorum, "heard");
    unsigned long long liars = status_number(quorum, "tolerates_liars");
    (void)printf("quorum      %llu needed, %llu of %llu heard; ", needed, heard, status_number(quorum, "members"));
    if (liars == 0)
        (void)puts("no liar is tolerated");
    else
        (void)printf("%llu liar%s tolerated\n", liars, liars == 1 ? " is" : "s are");
    if (heard < needed)
        (void)printf("            NOTHING CAN COMMIT: waiting for %llu more; reading and verifying still work\n",
                     needed - heard);
}

static void status_print_work(const json_t *status)
{
    (void)printf("work        %llu waiting, %llu blocks in flight; %llu entries committed, operations refused: %llu\n",
                 status_number(status, "pending"), status_number(status, "in_flight"),
                 status_number(status, "committed_entries"), status_number(status, "refused_operations"));
    if (status_number(status, "evidence") > 0)
        (void)printf("evidence    %llu (rota anomalies tells it)\n", status_number(status, "evidence"));
}

/* Nobody is convicted by it; somebody has to look. */
static void status_print_divergence(const json_t *status)
{
    size_t index;
    json_t *one;
    char name[64];
    json_array_foreach(json_object_get(status, "divergence"), index, one)(void)
        printf("DIVERGES    %s says that block %llu is another than the certified one here: one of the two ledgers is "
               "damaged,\n            or there are two histories: compare the files with rota-verify and rota "
               "forensics\n",
               status_text(name, sizeof name, one, "facility"), status_number(one, "height"));
}

static void status_print_peers(const json_t *status)
{
    size_t index;
    json_t *peer;
    char name[64];
    json_array_foreach(json_object_get(status, "peers"), index, peer)
    {
        (void)printf("%s%-12s ", index == 0 ? "peers       " : "            ",
                     json_is_true(json_object_get(peer, "guest")) ? "(guest)"
                                                                  : status_text(name, sizeof name, peer, "facility"));
        if (json_is_true(json_object_get(peer, "up")))
            (void)printf("up, %.1f ms, clock %+lld ms", (double)status_number(peer, "round_trip_us") / 1000,
                         (long long)json_integer_value(json_object_get(peer, "clock_offset_ms")));
        else
            (void)printf("not reached");
        unsigned long long refused = status_number(peer, "refused_frames") + status_number(peer, "refused_handshakes");
        if (refused > 0)
            (void)printf(", %llu messages refused", refused);
        (void)putchar('\n');
    }
}

static void status_print_pools(const json_t *status)
{
    size_t index;
    json_t *pool;
    char name[64];
    json_array_foreach(json_object_get(status, "pools"), index, pool)
    {
        (void)printf("%s%-12s %llu of %llu in use (%llu reserved, %llu borrowed), %llu let in, %llu told to wait\n",
                     index == 0 ? "pools       " : "            ", status_text(name, sizeof name, pool, "pool"),
                     status_number(pool, "in_use"), status_number(pool, "capacity"), status_number(pool, "reserved"),
                     status_number(pool, "borrowed"), status_number(pool, "admitted"), status_number(pool, "refused"));
    }
}

static int status_run(void *input)
{
    const struct rota_common *common = &((const struct status_options *)input)->common;
    ROTA_CLEANUP(rota_json_release) json_t *status = NULL;
    int code = rota_remote_get_json(&status, common, "/v1/status");
    if (code != 0)
        return code;
    if (common->json) {
        json_t *result = rota_result_new("node-status");
        (void)json_object_update_missing(result, status);
        rota_result_print(result);
    } else {
        status_print_chain(status);
        status_print_age(status);
        status_print_standing(status);
        status_print_manifest(status);
        status_print_quorum(status);
        status_print_divergence(status);
        status_print_work(status);
        status_print_peers(status);
        status_print_pools(status);
    }
    return status_has_quorum(status) ? ROTA_EXIT_DONE : ROTA_EXIT_LATER;
}

const struct rota_command rota_command_node_status = {.name = "node status",
                                                      .summary = "say how a node is doing",
                                                      .argp = &status_argp,
                                                      .uses = ROTA_USES_NODE,
                                                      .options_size = sizeof(struct status_options),
                                                      .run = status_run};
