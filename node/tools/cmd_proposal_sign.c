/* rota proposal sign: says in words what the exact bytes mean, asks, signs them. */
#include "node/tools/commands.h"
#include "node/tools/describe.h"
#include "node/tools/files.h"
#include "node/tools/key_open.h"
#include "node/tools/payload.h"
#include "node/tools/remote.h"
#include "node/tools/seq_file.h"

#include <sodium.h>
#include <stdlib.h>

struct sign_options {
    struct rota_common common;
    const char *file, *key, *out;
    bool yes;
};

static error_t sign_parse(int key, char *arg, struct argp_state *state)
{
    struct sign_options *options = state->input;
    switch (key) {
    case 'k':
        options->key = arg;
        return 0;
    case 'o':
        options->out = arg;
        return 0;
    case 'y':
        options->yes = true;
        return 0;
    case ARGP_KEY_ARG:
        rota_usage_argument(state, &options->file, arg);
        return 0;
    case ARGP_KEY_END:
        if (options->file == NULL || options->key == NULL || options->out == NULL)
            rota_usage_fail(state, "needs a proposal, --key and --out");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option sign_argp_options[] = {
    {"key", 'k', "FILE", 0, "The coordinator's secret key", 0},
    {"out", 'o', "FILE.jws", 0, "Where to write the signed proposal; - is the standard output", 0},
    {"yes", 'y', NULL, 0, "Do not ask", 0},
    {0}};

static const struct argp sign_argp = {
    .options = sign_argp_options,
    .parser = sign_parse,
    .args_doc = "FILE",
    .doc =
        "Sign a proposal. What will be signed is shown in words, read back from the very bytes. A number that this key has "
        "not used is put in; KEY.seq beside the key remembers it before the signature is made, because two proposals with "
        "one number are equivocation and suspend the key. With --node the ledger's record of used numbers counts too."};

static int sign_complain_form(const struct sign_options *options, struct rota_status status, uint32_t op)
{
    if (op != UINT32_MAX)
        return rota_wrong(&options->common, ROTA_EXIT_NEGATIVE, NULL, "%s, operation %u: %s", options->file, op + 1,
                          status.why);
    return rota_wrong(&options->common, ROTA_EXIT_NEGATIVE, NULL, "%s: %s", options->file, status.why);
}

/* What the ledger and the record beside the key know. Without a record and without a node there is nothing to go by. */
static int sign_known_seq(uint64_t *out, const struct sign_options *options, const struct rota_kid *kid)
{
    struct rota_known_key known = {0};
    char why[160];
    uint64_t local = 0;
    struct rota_status status = rota_seq_highest(&local, options->key);
    if (!rota_is_ok(status) && status.code != ROTA_NOT_FOUND)
        return rota_wrong_status(&options->common, status, "restore it, or remove it and name a --node", "%s.seq",
                                 options->key);
    if (!rota_is_ok(status) || options->common.node_named) {
        int code = rota_remote_find_key(&known, &options->common, kid);
        if (code != 0)
            return code;
        if (rota_known_key_why_not(why, sizeof why, &known))
            rota_remark(&options->common, "warning: %s", why);
    }
    *out = known.seq_highest > local ? known.seq_highest : local;
    return 0;
}

/* Takes a number for the payload; its own if it has one and that is still free. */
static int sign_take_seq(const struct sign_options *options, json_t *payload, const struct rota_kid *kid)
{
    uint64_t highest = 0, seq = 0;
    const json_t *own = json_object_get(payload, "seq");
    int code = sign_known_seq(&highest, options, kid);
    if (code != 0)
        return code;
    if (own != NULL && (uint64_t)json_integer_value(own) <= highest)
        return rota_wrong(&options->common, ROTA_EXIT_USAGE, "take \"seq\" out of the payload: a fresh number is put in",
                          "the number %lld may have been used; the highest used is %llu", (long long)json_integer_value(own),
                          (unsigned long long)highest);
    uint64_t at_least = own != NULL ? (uint64_t)json_integer_value(own) - 1 : highest;
    struct rota_status status = rota_seq_reserve(&seq, options->key, at_least, 1);
    if (!rota_is_ok(status))
        return rota_wrong_status(&options->common, status, "nothing was signed", "cannot record the number in %s.seq",
                                 options->key);
    if (own != NULL && (uint64_t)json_integer_value(own) != seq)
        return rota_wrong(&options->common, ROTA_EXIT_LATER, "run the same command again",
                          "another program signed with this key at the same moment");
    if (own == NULL)
        rota_result_number(payload, "seq", seq);
    return 0;
}

static void sign_report(const struct sign_options *options, const struct rota_jws *jws, const struct rota_proposal *proposal)
{
    char hex[2 * ROTA_HASH_BYTES + 1];
    if (strcmp(options->out, "-") == 0)
        return;
    if (options->common.json) {
        json_t *result = rota_result_new("proposal-sign");
        rota_result_text(result, "file", options->out);
        rota_result_hex(result, "id", rota_view(jws->digest.b, sizeof jws->digest.b));
        rota_result_hex(result, "kid", rota_view(jws->kid.b, sizeof jws->kid.b));
        rota_proposal_result(result, proposal, NULL);
        rota_result_print(result);
        return;
    }
    rota_hex_encode(hex, rota_view(jws->digest.b, sizeof jws->digest.b));
    (void)printf("id          %s\nsigned      %s\nnext        rota submit %s --wait\n", hex, options->out, options->out);
}

/* Shows, asks, signs, writes. */
static int sign_text(const struct sign_options *options, const char *text, const struct rota_secret_key *key)
{
    static char jws_text[ROTA_JWS_CHARS_MAX + 1];
    struct rota_proposal *proposal = NULL;
    struct rota_jws jws;
    size_t len;
    uint32_t op;
    struct rota_status status = rota_proposal_parse_payload(&proposal, &op, rota_view_text(text));
    if (!rota_is_ok(status))
        return sign_complain_form(options, status, op);
    (void)fprintf(stderr, "signing as  %s\n", key->label.text);
    rota_proposal_print(stderr, proposal, NULL);
    int code = ROTA_EXIT_DONE;
    if (!options->yes && !rota_ask("Sign this?"))
        code = rota_wrong(&options->common, ROTA_EXIT_NEGATIVE, ROTA_ASK_NEXT, "not signed");
    if (code == 0)
        status = rota_jws_sign(jws_text, &len, sizeof jws_text, rota_view_text(text), ROTA_PROPOSAL_TYP, &key->coordinator);
    if (code == 0 && rota_is_ok(status))
        status = rota_jws_parse(&jws, rota_view(jws_text, len), ROTA_PROPOSAL_TYP);
    if (code == 0 && rota_is_ok(status))
        status = rota_file_create(options->out, rota_view(jws_text, len), 0644);
    if (!rota_is_ok(status))
        code = rota_wrong_status(&options->common, status, NULL, "cannot write %s", options->out);
    if (code == 0)
        sign_report(options, &jws, proposal);
    rota_proposal_release(proposal);
    return code;
}

static int sign_payload(const struct sign_options *options, json_t *payload, const struct rota_secret_key *key)
{
    int code = sign_take_seq(options, payload, &key->coordinator.public_key.kid);
    if (code != 0)
        return code;
    char *text = rota_payload_text(payload);
    if (text == NULL)
        return ROTA_EXIT_BUG;
    code = sign_text(options, text, key);
    free(text);
    return code;
}

static int sign_with_key(const struct sign_options *options, json_t *payload)
{
    struct rota_secret_key *key = sodium_malloc(sizeof *key);
    if (key == NULL)
        return rota_wrong(&options->common, ROTA_EXIT_BUG, NULL, "no locked memory for the key");
    sodium_memzero(key, sizeof *key);
    int code = rota_key_open(key, &options->common, options->key, ROTA_KEY_COORDINATOR);
    if (code == 0)
        code = sign_payload(options, payload, key);
    rota_secret_key_wipe(key);
    sodium_free(key);
    return code;
}

static int sign_run(void *input)
{
    const struct sign_options *options = input;
    uint32_t op = UINT32_MAX;
    ROTA_CLEANUP(rota_blob_free) struct rota_blob blob = {0};
    ROTA_CLEANUP(rota_json_release) json_t *payload = NULL;
    struct rota_status status = rota_file_read(&blob, options->file, ROTA_JWS_PAYLOAD_BYTES_MAX);
    if (!rota_is_ok(status))
        return rota_wrong_status(&options->common, status, NULL, "cannot read %s", options->file);
    status = rota_json_parse(&payload, rota_blob_view(&blob), ROTA_JWS_PAYLOAD_BYTES_MAX);
    if (rota_is_ok(status))
        status = rota_payload_check(NULL, &op, payload);
    if (!rota_is_ok(status))
        return sign_complain_form(options, status, op);
    return sign_with_key(options, payload);
}

const struct rota_command rota_command_proposal_sign = {.name = "proposal sign",
                                                        .summary = "show a proposal in words and sign it",
                                                        .argp = &sign_argp,
                                                        .uses = ROTA_USES_NODE | ROTA_USES_PASSPHRASE,
                                                        .options_size = sizeof(struct sign_options),
                                                        .run = sign_run};
