/* rota membership show, submit: who the members are, and handing in an approved change. */
#include "node/tools/commands.h"
#include "node/tools/membership_file.h"
#include "node/tools/membership_ledger.h"
#include "node/tools/remote.h"

#include <stdlib.h>

/* JOINER_LAG_MAX in blocks: what the node knows of a joiner may be a second old, and so much is fetched in a moment. */
enum { WAIT_S_DEFAULT = 10, JOINER_LAG_MAX = 256 };

struct membership_options {
    struct rota_common common;
    const char *out;
    struct rota_approved_files files;
    bool force_absent;
};

enum { OPTION_CURRENT = 0x100, OPTION_DOCUMENT, OPTION_ABSENT };

/* ---- show ----------------------------------------------------------------------------------------------------------- */

static error_t show_parse(int key, char *arg, struct argp_state *state)
{
    struct membership_options *options = state->input;
    if (key == 'o') {
        options->out = arg;
        return 0;
    }
    return key == ARGP_KEY_END ? 0 : ARGP_ERR_UNKNOWN;
}

static const struct argp_option show_argp_options[] = {
    {"out", 'o', "FILE", 0, "Also save the document in force, byte for byte: what --current of the other commands wants", 0},
    {0}};

static const struct argp show_argp = {
    .options = show_argp_options,
    .parser = show_parse,
    .doc = "Show the members of the epoch in force, as a node knows them; or, with --ledger, all epochs of a "
           "file."};

static int show_save(const struct membership_options *options, uint64_t epoch)
{
    char path[64];
    struct rota_client_answer answer;
    (void)snprintf(path, sizeof path, "/v1/membership/%llu", (unsigned long long)epoch);
    int code = rota_remote_get(&answer, &options->common, path);
    if (code != 0)
        return code;
    struct rota_status status = rota_file_create(options->out, rota_view(answer.body, answer.len), 0644);
    rota_client_answer_free(&answer);
    return rota_is_ok(status) ? 0 : rota_wrong_status(&options->common, status, NULL, "cannot write %s", options->out);
}

static void show_print(const json_t *document)
{
    size_t index;
    json_t *member;
    char id[64], address[80], profile[16];
    rota_json_printable(profile, sizeof profile, document, "profile");
    (void)printf("epoch       %llu, from block %llu\nfacilities  %llu, of which %llu decide and %llu may lie (%s)\n",
                 (unsigned long long)rota_json_number(document, "epoch", 0),
                 (unsigned long long)rota_json_number(document, "from_height", 0),
                 (unsigned long long)rota_json_number(document, "n", 0),
                 (unsigned long long)rota_json_number(document, "quorum", 0),
                 (unsigned long long)rota_json_number(document, "f", 0), profile);
    json_array_foreach(json_object_get(document, "members"), index, member)
    {
        rota_json_printable(id, sizeof id, member, "id");
        rota_json_printable(address, sizeof address, member, "address");
        (void)printf("%s %2zu  %-20s %s\n", index == 0 ? "members    " : "           ", index, id, address);
    }
    const json_t *anew = json_object_get(document, "discontinuity");
    if (anew)
        (void)printf(
            "%sDISCONTINUITY%s this epoch began with a recovery manifest: it keeps everything up to block %llu, and gave "
            "up what was above\n",
            rota_red(stdout), rota_plain(stdout), (unsigned long long)rota_json_number(anew, "kept_height", 0));
    if (!json_is_true(json_object_get(document, "member")))
        (void)printf("this node   is no member of this epoch: it follows the ledger and does not vote\n");
}

static int show_run(void *input)
{
    const struct membership_options *options = input;
    ROTA_CLEANUP(rota_json_release) json_t *document = NULL;
    if (options->common.ledger)
        return rota_membership_show_ledger(&options->common, options->out);
    int code = rota_remote_get_json(&document, &options->common, "/v1/membership");
    if (code == 0 && options->out)
        code = show_save(options, rota_json_number(document, "epoch", 0));
    if (code != 0)
        return code;
    if (options->common.json) {
        json_t *result = rota_result_new("membership");
        json_object_update(result, document);
        rota_result_print(result);
    } else {
        show_print(document);
    }
    return ROTA_EXIT_DONE;
}

const struct rota_command rota_command_membership_show = {.name = "membership show",
                                                          .summary = "show the members of the present epoch",
                                                          .argp = &show_argp,
                                                          .uses = ROTA_USES_NODE | ROTA_USES_LEDGER | ROTA_USES_GENESIS,
                                                          .options_size = sizeof(struct membership_options),
                                                          .run = show_run};

/* ---- submit --------------------------------------------------------------------------------------------------------- */

static error_t submit_parse(int key, char *arg, struct argp_state *state)
{
    struct membership_options *options = state->input;
    switch (key) {
    case OPTION_CURRENT:
        options->files.current = arg;
        return 0;
    case OPTION_DOCUMENT:
        options->files.document = arg;
        return 0;
    case OPTION_ABSENT:
        options->force_absent = true;
        return 0;
    case ARGP_KEY_ARG:
        rota_approved_files_add(&options->files, arg, state);
        return 0;
    case ARGP_KEY_END:
        if (!options->files.current || !options->files.document || options->files.approval_count == 0)
            rota_usage_fail(state, "needs --current, --document and the approvals");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option submit_argp_options[] = {
    {"current", OPTION_CURRENT, "FILE", 0, "The genesis, or the epoch document in force", 0},
    {"document", OPTION_DOCUMENT, "FILE", 0, "The approved document", 0},
    {"although-absent", OPTION_ABSENT, NULL, 0,
     "Also when too few of the next epoch's facilities are heard now, or one that joins is far behind", 0},
    {0}};

static const struct argp submit_argp = {
    .options = submit_argp_options,
    .args_doc = "APPROVAL...",
    .parser = submit_parse,
    .doc =
        "Put document and approvals together, check them, and hand the change to a node. The present members order it; the "
        "next epoch begins with the block after it. A facility that joins should follow the ledger before (rota node init "
        "--join), and be at its end."};

static int submit_collect(struct rota_epoch_change **out, const struct membership_options *options,
                          struct rota_epoch *current, struct rota_epoch *next)
{
    int code = rota_change_collect(out, current, next, &options->common, &options->files);
    struct rota_status status = code == 0 ? rota_epoch_change_verify(*out, current) : rota_ok();
    if (rota_is_ok(status))
        return code;
    return rota_wrong_status(&options->common, status,
                             rota_epoch_is_discontinuity(next) ? "rota membership assemble, then rota node recover" : NULL,
                             "the change is not ready to be handed in");
}

/* What the node knows of the peer with this key; NULL: it has no such peer. */
static const json_t *peer_with_key(const json_t *status, const struct rota_ed25519_public *key)
{
    size_t index;
    json_t *peer;
    char ours[2 * ROTA_ED25519_PUBLIC_BYTES + 1];
    rota_hex_encode(ours, rota_view(key->b, sizeof key->b));
    json_array_foreach(json_object_get(status, "peers"), index, peer)
    {
        const char *theirs = json_string_value(json_object_get(peer, "key"));
        if (theirs && strcmp(theirs, ours) == 0)
            return peer;
    }
    return NULL;
}

/* Enough of the next members are heard now: a guard that no block can be. The node answers for those that it knows. */
static int look_alive(const struct membership_options *options, const struct rota_epoch *next, const json_t *status)
{
    uint32_t alive = 0, needed = rota_quorum(next->membership.count, next->membership.profile);
    const char *ours = json_string_value(json_object_get(status, "facility"));
    for (uint32_t i = 0; i < next->membership.count; i++) {
        const struct rota_member *member = &next->membership.members[i];
        const json_t *peer = peer_with_key(status, &member->key);
        alive += (ours && strcmp(ours, member->id.text) == 0) || json_is_true(json_object_get(peer, "up"));
    }
    if (alive >= needed)
        return 0;
    return rota_wrong(&options->common, ROTA_EXIT_NEGATIVE,
                      "start the nodes of those who join and let them catch up; --although-absent hands it in all the same",
                      "of the next epoch's %u facilities %u must be there to decide anything, but the node hears %u of them",
                      next->membership.count, needed, alive);
}

static bool member_joins(const struct rota_member *member, const struct rota_epoch *current)
{
    for (uint32_t i = 0; i < current->membership.count; i++)
        if (memcmp(current->membership.members[i].key.b, member->key.b, sizeof member->key.b) == 0)
            return false;
    return true;
}

/* A joiner that the node hears is near the end of the ledger. One that nobody can ask is only told of: whether the others
 * are enough is the other guard's question. */
static int look_joiner(const struct membership_options *options, const struct rota_member *joiner, const json_t *status)
{
    uint64_t tip = rota_json_number(status, "height", 0);
    const json_t *peer = peer_with_key(status, &joiner->key);
    if (!peer || !json_is_true(json_object_get(peer, "up")) || !json_object_get(peer, "height")) {
        rota_remark(&options->common, "%s cannot be asked yet how far its ledger is: the node %s", joiner->id.text,
                    !peer                                        ? "does not know its key (readers in rotad.conf)"
                    : !json_is_true(json_object_get(peer, "up")) ? "does not reach it"
                                                                 : "has heard nothing of its ledger");
        return 0;
    }
    uint64_t height = rota_json_number(peer, "height", 0);
    if (height >= tip || tip - height <= JOINER_LAG_MAX)
        return 0;
    return rota_wrong(&options->common, ROTA_EXIT_NEGATIVE,
                      "wait until its node has caught up; --although-absent hands it in all the same",
                      "%s is %llu blocks behind: its ledger ends with block %llu, the node's with block %llu",
                      joiner->id.text, (unsigned long long)(tip - height), (unsigned long long)height,
                      (unsigned long long)tip);
}

static int submit_look(const struct membership_options *options, const struct rota_epoch *current,
                       const struct rota_epoch *next)
{
    ROTA_CLEANUP(rota_json_release) json_t *status = NULL;
    if (options->force_absent)
        return 0;
    int code = rota_remote_get_json(&status, &options->common, "/v1/status");
    if (code == 0 && rota_json_number(status, "epoch", 0) >= next->membership.epoch)
        return 0; /* too late: the node says so better than a count of who is there just after a change */
    for (uint32_t i = 0; code == 0 && i < next->membership.count; i++)
        if (member_joins(&next->membership.members[i], current))
            code = look_joiner(options, &next->membership.members[i], status);
    return code == 0 ? look_alive(options, next, status) : code;
}

static int submit_say(const struct membership_options *options, const struct rota_client_answer *answer,
                      const struct rota_epoch *next)
{
    struct rota_client_problem problem;
    if (answer->status == 200 || answer->status == 201) {
        ROTA_CLEANUP(rota_json_release) json_t *document = NULL;
        (void)!rota_is_ok(rota_json_parse(&document, rota_view(answer->body, answer->len), 1 << 20));
        uint64_t height = rota_json_number(document, "height", 0);
        if (options->common.json) {
            json_t *result = rota_result_new("membership-submit");
            rota_result_text(result, "state", "committed");
            rota_result_number(result, "epoch", next->membership.epoch);
            rota_result_number(result, "height", height);
            rota_result_print(result);
        } else {
            (void)printf("committed   in block %llu; epoch %u begins with block %llu\n", (unsigned long long)height,
                         next->membership.epoch, (unsigned long long)height + 1);
        }
        return ROTA_EXIT_DONE;
    }
    if (answer->status == 202)
        return rota_wrong(&options->common, ROTA_EXIT_LATER, "run the same command again: it is never ordered twice",
                          "the node has taken in the change, but it is not in the ledger yet");
    rota_client_problem_read(&problem, answer);
    return rota_wrong(&options->common, rota_client_problem_exit(&problem), problem.next[0] ? problem.next : NULL,
                      "turned away (%s): %s", problem.code, problem.detail);
}

static int submit_send(const struct membership_options *options, const struct rota_epoch_change *change,
                       const struct rota_epoch *next)
{
    struct rota_client_answer answer = {0};
    struct rota_http_client *http = rota_http_client_open();
    if (!http)
        return rota_wrong(&options->common, ROTA_EXIT_BUG, NULL, "the HTTP library does not start");
    for (uint32_t i = 0; i < options->common.node_count && (i == 0 || answer.status == 0); i++) {
        struct rota_client_request request = {.base = options->common.nodes[i],
                                              .path = "/v1/membership",
                                              .content_type = "application/octet-stream",
                                              .body = rota_view(change->bytes, change->len),
                                              .wait_s = WAIT_S_DEFAULT};
        rota_client_answer_free(&answer);
        rota_http_client_exchange(&answer, http, &request);
    }
    int code = submit_say(options, &answer, next);
    rota_client_answer_free(&answer);
    rota_http_client_close(http);
    return code;
}

static int submit_run(void *input)
{
    const struct membership_options *options = input;
    struct rota_epoch current, next;
    struct rota_epoch_change *change = NULL;
    int code = submit_collect(&change, options, &current, &next);
    if (code == 0)
        code = submit_look(options, &current, &next);
    if (code == 0)
        code = submit_send(options, change, &next);
    rota_epoch_change_release(change);
    return code;
}

const struct rota_command rota_command_membership_submit = {.name = "membership submit",
                                                            .summary = "hand in an approved change of members",
                                                            .argp = &submit_argp,
                                                            .uses = ROTA_USES_NODE,
                                                            .options_size = sizeof(struct membership_options),
                                                            .run = submit_run};
