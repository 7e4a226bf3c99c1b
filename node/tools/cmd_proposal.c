/* rota proposal check, rota proposal show. */
#include "node/tools/commands.h"
#include "node/tools/describe.h"
#include "node/tools/files.h"
#include "node/tools/payload.h"
#include "node/tools/remote.h"

#include <stdlib.h>

struct proposal_options {
    struct rota_common common;
    const char *file;
    const char *key;
};

static error_t proposal_parse(int key, char *arg, struct argp_state *state)
{
    struct proposal_options *options = state->input;
    switch (key) {
    case 'k':
        options->key = arg;
        return 0;
    case ARGP_KEY_ARG:
        rota_usage_argument(state, &options->file, arg);
        return 0;
    case ARGP_KEY_END:
        if (options->file == NULL)
            rota_usage_fail(state, "which proposal?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option proposal_show_options[] = {
    {"key", 'k', "PUBFILE", 0, "Check the signature against this public key", 0}, {0}};

static const struct argp proposal_check_argp = {
    .parser = proposal_parse,
    .args_doc = "FILE",
    .doc = "Check the form of a proposal, signed or not. With --node a signed one is also tried out on the node's present "
           "schedule: what would become of each operation, without ordering anything."};
static const struct argp proposal_show_argp = {
    .options = proposal_show_options,
    .parser = proposal_parse,
    .args_doc = "FILE.jws",
    .doc = "Decode a signed proposal: what it says, who signed it, and whether the signature holds when the key is given or "
           "stands in the genesis."};

/* Reads a signed or an unsigned proposal; *out_signed tells which. */
static int proposal_load(struct rota_proposal **out, struct rota_blob *blob, bool *out_signed,
                         const struct proposal_options *options)
{
    uint32_t op = UINT32_MAX;
    ROTA_CLEANUP(rota_json_release) json_t *payload = NULL;
    struct rota_status status = rota_file_read(blob, options->file, ROTA_JWS_CHARS_MAX);
    if (!rota_is_ok(status))
        return rota_wrong_status(&options->common, status, NULL, "cannot read %s", options->file);
    while (blob->len > 0 && (blob->data[blob->len - 1] == '\n' || blob->data[blob->len - 1] == '\r'))
        blob->len--;
    *out_signed = memchr(blob->data, '{', blob->len) == NULL;
    if (*out_signed) {
        status = rota_proposal_parse(out, &op, rota_blob_view(blob), true);
    } else {
        status = rota_json_parse(&payload, rota_blob_view(blob), ROTA_JWS_PAYLOAD_BYTES_MAX);
        if (rota_is_ok(status))
            status = rota_payload_check(out, &op, payload);
    }
    if (rota_is_ok(status))
        return 0;
    if (op != UINT32_MAX)
        return rota_wrong(&options->common, ROTA_EXIT_NEGATIVE, NULL, "%s, operation %u: %s", options->file, op + 1,
                          status.why);
    return rota_wrong(&options->common, ROTA_EXIT_NEGATIVE, NULL, "%s: %s", options->file, status.why);
}

static void proposal_say(const struct proposal_options *options, const struct rota_proposal *proposal, bool is_signed,
                         const struct rota_fate_lines *fates, const char *signature)
{
    char hex[2 * ROTA_HASH_BYTES + 1];
    if (options->common.json) {
        json_t *result = rota_result_new("proposal");
        if (is_signed) {
            rota_result_hex(result, "id", rota_view(proposal->id.b, sizeof proposal->id.b));
            rota_result_hex(result, "kid", rota_view(proposal->jws.kid.b, ROTA_KID_BYTES));
        }
        rota_result_set(result, "signed", json_boolean(is_signed));
        rota_result_text(result, "signature", signature);
        rota_proposal_result(result, proposal, fates);
        rota_result_print(result);
        return;
    }
    if (is_signed) {
        rota_hex_encode(hex, rota_view(proposal->id.b, sizeof proposal->id.b));
        (void)printf("id          %s\n", hex);
        rota_hex_encode(hex, rota_view(proposal->jws.kid.b, ROTA_KID_BYTES));
        (void)printf("signed by   %s\n", hex);
    }
    (void)printf("signature   %s\n", signature);
    rota_proposal_print(stdout, proposal, fates);
}

/* Asks the node what would become of it. */
static int proposal_dry_run(struct rota_fate_lines *fates, const struct proposal_options *options, struct rota_view jws)
{
    struct rota_client_answer answer = {0};
    struct rota_client_problem problem;
    struct rota_http_client *http = rota_http_client_open();
    if (http == NULL)
        return rota_wrong(&options->common, ROTA_EXIT_BUG, NULL, "the HTTP library does not start");
    struct rota_client_request request = {.base = options->common.nodes[0],
                                          .path = "/v1/proposals?dry-run=1",
                                          .content_type = "application/jose",
                                          .body = jws,
                                          .timeout_s = options->common.timeout_s};
    rota_http_client_exchange(&answer, http, &request);
    rota_http_client_close(http);
    rota_client_problem_read(&problem, &answer);
    bool good = answer.status >= 200 && answer.status < 300;
    if (good) {
        json_t *document = json_loadb(answer.body, answer.len, JSON_REJECT_DUPLICATES, NULL);
        rota_fates_of_document(fates, document);
        json_decref(document);
    }
    rota_client_answer_free(&answer);
    if (good)
        return 0;
    return rota_wrong(&options->common, rota_client_problem_exit(&problem), problem.next[0] != '\0' ? problem.next : NULL,
                      "%s would not order it: %s", options->common.nodes[0], problem.detail);
}

static int proposal_check_run(void *input)
{
    static struct rota_fate_lines fates;
    const struct proposal_options *options = input;
    bool is_signed = false;
    struct rota_proposal *proposal = NULL;
    ROTA_CLEANUP(rota_blob_free) struct rota_blob blob = {0};
    int code = proposal_load(&proposal, &blob, &is_signed, options);
    if (code != 0)
        return code;
    if (is_signed && options->common.node_named)
        code = proposal_dry_run(&fates, options, rota_blob_view(&blob));
    else if (options->common.node_named)
        rota_remark(&options->common, "only a signed proposal can be tried out on a node: this was a check of the form");
    if (code == 0) {
        proposal_say(options, proposal, is_signed, fates.count > 0 ? &fates : NULL,
                     is_signed ? "not checked here" : "none yet");
        code = rota_fates_refused(&fates) > 0 ? ROTA_EXIT_NEGATIVE : ROTA_EXIT_DONE;
    }
    rota_proposal_release(proposal);
    return code;
}

/* The key to check with: from --key, or from the genesis. *out_found is false when neither knows it. */
static int proposal_find_key(struct rota_es256k_public *out, bool *out_found, const struct proposal_options *options,
                             const struct rota_kid *kid)
{
    struct rota_public_key public_key;
    ROTA_CLEANUP(rota_genesis_free) struct rota_genesis genesis = {0};
    *out_found = false;
    if (options->key != NULL) {
        struct rota_status status = rota_public_key_load(&public_key, options->key);
        if (!rota_is_ok(status))
            return rota_wrong_status(&options->common, status, NULL, "cannot use %s", options->key);
        *out = public_key.coordinator;
        *out_found = public_key.role == ROTA_KEY_COORDINATOR;
        return 0;
    }
    if (options->common.genesis == NULL)
        return 0;
    struct rota_status status = rota_genesis_load(&genesis, options->common.genesis);
    if (!rota_is_ok(status))
        return rota_wrong_status(&options->common, status, NULL, "%s is no valid genesis", options->common.genesis);
    for (uint32_t i = 0; i < genesis.coordinator_count && !*out_found; i++) {
        *out = genesis.coordinators[i].key;
        *out_found = rota_kid_equal(&out->kid, kid);
    }
    return 0;
}

static int proposal_show_signed(const struct proposal_options *options, const struct rota_proposal *proposal)
{
    struct rota_es256k_public key;
    bool found = false;
    int code = proposal_find_key(&key, &found, options, &proposal->jws.kid);
    if (code != 0)
        return code;
    if (!found) {
        proposal_say(options, proposal, true, NULL,
                     options->common.genesis == NULL ? "not checked: give --key or --genesis"
                                                     : "not checked: the key is not in the genesis, it was granted later");
        return ROTA_EXIT_DONE;
    }
    struct rota_status status = rota_jws_verify(&proposal->jws, &key);
    proposal_say(options, proposal, true, NULL, rota_is_ok(status) ? "good" : "NOT of this key");
    return rota_is_ok(status) ? ROTA_EXIT_DONE : ROTA_EXIT_NEGATIVE;
}

static int proposal_show_run(void *input)
{
    const struct proposal_options *options = input;
    bool is_signed = false;
    struct rota_proposal *proposal = NULL;
    ROTA_CLEANUP(rota_blob_free) struct rota_blob blob = {0};
    int code = proposal_load(&proposal, &blob, &is_signed, options);
    if (code != 0)
        return code;
    if (is_signed)
        code = proposal_show_signed(options, proposal);
    else
        proposal_say(options, proposal, false, NULL, "none yet");
    rota_proposal_release(proposal);
    return code;
}

const struct rota_command rota_command_proposal_check = {.name = "proposal check",
                                                         .summary = "check a proposal, and try it out on a node",
                                                         .argp = &proposal_check_argp,
                                                         .uses = ROTA_USES_NODE,
                                                         .options_size = sizeof(struct proposal_options),
                                                         .run = proposal_check_run};
const struct rota_command rota_command_proposal_show = {.name = "proposal show",
                                                        .summary = "decode a signed proposal",
                                                        .argp = &proposal_show_argp,
                                                        .uses = ROTA_USES_GENESIS,
                                                        .options_size = sizeof(struct proposal_options),
                                                        .run = proposal_show_run};
