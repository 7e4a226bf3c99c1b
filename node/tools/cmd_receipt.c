/* rota receipt get, rota receipt verify. */
#include "node/tools/commands.h"
#include "node/tools/describe.h"
#include "node/tools/files.h"
#include "node/tools/remote.h"

#include "ledger/receipt.h"

struct receipt_options {
    struct rota_common common;
    const char *argument;
    const char *out;
};

static error_t receipt_parse(int key, char *arg, struct argp_state *state)
{
    struct receipt_options *options = state->input;
    switch (key) {
    case 'o':
        options->out = arg;
        return 0;
    case ARGP_KEY_ARG:
        rota_usage_argument(state, &options->argument, arg);
        return 0;
    case ARGP_KEY_END:
        if (options->argument == NULL)
            rota_usage_fail(state, "which %s?",
                            options->common.command == &rota_command_receipt_get ? "proposal" : "receipt file");
        if (options->common.command == &rota_command_receipt_verify && options->common.genesis == NULL)
            rota_usage_fail(state, "needs --genesis: a receipt proves something only against a genesis that you trust");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option receipt_get_options[] = {
    {"out", 'o', "FILE", 0, "Where to write it (default: the standard output)", 0}, {0}};

static const struct argp receipt_get_argp = {
    .options = receipt_get_options,
    .parser = receipt_parse,
    .args_doc = "ID",
    .doc = "Fetch the receipt of a committed proposal: a file that proves, with nothing "
           "but the genesis, that the proposal is in the ledger and what became of it."};
static const struct argp receipt_verify_argp = {
    .parser = receipt_parse,
    .args_doc = "FILE",
    .doc = "Check a receipt offline and say in words what it proves. Asks no node and trusts none."};

static int receipt_get_run(void *input)
{
    const struct receipt_options *options = input;
    uint8_t id[ROTA_HASH_BYTES];
    char path[128];
    struct rota_client_answer answer = {0};
    if (!rota_is_ok(rota_hex_decode(id, sizeof id, rota_view_text(options->argument))))
        return rota_wrong(&options->common, ROTA_EXIT_USAGE, "rota proposal show FILE.jws prints it",
                          "\"%s\" is no proposal id (64 lower-case hex digits)", options->argument);
    (void)snprintf(path, sizeof path, "/v1/proposals/%s/receipt", options->argument);
    int code = rota_remote_get(&answer, &options->common, path);
    if (code != 0)
        return code;
    struct rota_status status = rota_ok();
    if (answer.status == 202)
        code =
            rota_wrong(&options->common, ROTA_EXIT_LATER, "run the same command again in a moment", "not in the ledger yet");
    else
        status = rota_file_create(options->out != NULL ? options->out : "-", rota_view(answer.body, answer.len), 0644);
    rota_client_answer_free(&answer);
    if (!rota_is_ok(status))
        return rota_wrong_status(&options->common, status, NULL, "cannot write %s", options->out);
    if (code == 0 && options->out != NULL && !options->common.json)
        (void)printf("receipt     %s\nnext        rota receipt verify %s --genesis genesis.json\n", options->out,
                     options->out);
    if (code == 0 && options->out != NULL && options->common.json) {
        json_t *result = rota_result_new("receipt-get");
        rota_result_text(result, "file", options->out);
        rota_result_print(result);
    }
    return code;
}

/* Steps of the receipt at which no quorum of the old members decided (PROTOCOL M11): whoever trusts it has to know. */
static json_t *receipt_discontinuities(const struct rota_receipt *receipt)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < receipt->epoch_count; i++) {
        const struct rota_epoch *epoch = &receipt->epochs[i].change->next;
        if (!rota_epoch_is_discontinuity(epoch))
            continue;
        json_t *item = json_object();
        rota_result_number(item, "epoch", epoch->membership.epoch);
        rota_result_number(item, "kept_height", epoch->discontinuity.height);
        rota_result_hex(item, "kept_block", rota_view(epoch->discontinuity.block.b, ROTA_HASH_BYTES));
        (void)json_array_append_new(list, item);
    }
    return list;
}

static void receipt_print_discontinuities(const struct rota_receipt *receipt)
{
    for (uint32_t i = 0; i < receipt->epoch_count; i++) {
        const struct rota_epoch *epoch = &receipt->epochs[i].change->next;
        if (rota_epoch_is_discontinuity(epoch))
            (void)printf(
                "%sDISCONTINUITY above block %llu%s: epoch %u began with a recovery manifest of the administrators, "
                "and whatever was above that block was given up\n",
                rota_red(stdout), (unsigned long long)epoch->discontinuity.height, rota_plain(stdout),
                epoch->membership.epoch);
    }
}

static int receipt_say(const struct receipt_options *options, const struct rota_receipt *receipt,
                       const struct rota_genesis *genesis, bool key_known)
{
    static struct rota_fate_lines fates;
    char id[2 * ROTA_HASH_BYTES + 1];
    char time[ROTA_TIME_CHARS_MAX];
    const struct rota_header *header = &receipt->headers[0];
    const struct rota_membership *members =
        receipt->epoch_count > 0 ? &receipt->epochs[receipt->epoch_count - 1].change->next.membership : &genesis->membership;
    uint32_t signers = rota_certificate_signer_count(&receipt->certificate);
    struct rota_status status = rota_fates_of_record(&fates, rota_view(receipt->outcome.record, receipt->outcome.len));
    if (!rota_is_ok(status))
        return rota_wrong_status(&options->common, status, NULL, "%s", options->argument);
    rota_hex_encode(id, rota_view(receipt->proposal->id.b, ROTA_HASH_BYTES));
    rota_time_format_minute(time, (int64_t)(header->time_ms / 60000));
    if (options->common.json) {
        json_t *result = rota_result_new("receipt-verify");
        rota_result_text(result, "verdict", "valid");
        rota_result_text(result, "id", id);
        rota_result_number(result, "height", header->height);
        rota_result_text(result, "time", time);
        rota_result_number(result, "signers", signers);
        rota_result_number(result, "members", members->count);
        rota_result_set(result, "key_in_genesis", json_boolean(key_known));
        rota_result_set(result, "discontinuities", receipt_discontinuities(receipt));
        rota_proposal_result(result, receipt->proposal, &fates);
        rota_result_print(result);
        return ROTA_EXIT_DONE;
    }
    (void)printf("RESULT      VALID: this proposal is in the ledger \"%s\", and this is what became of it\n",
                 genesis->name.text);
    (void)printf("block       %llu of %s, certified by %u of %u facilities\nid          %s\n",
                 (unsigned long long)header->height, time, signers, members->count, id);
    receipt_print_discontinuities(receipt);
    if (!key_known)
        (void)puts(
            "note        the coordinator's key was granted after the genesis: the facilities vouch for its signature");
    rota_proposal_print(stdout, receipt->proposal, &fates);
    return ROTA_EXIT_DONE;
}

static int receipt_check(const struct receipt_options *options, const struct rota_genesis *genesis, struct rota_view text)
{
    bool key_known = false;
    ROTA_CLEANUP(rota_receipt_free) struct rota_receipt receipt = {0};
    struct rota_status status = rota_receipt_parse(&receipt, text);
    if (!rota_is_ok(status))
        return rota_wrong_status(&options->common, status, NULL, "%s is no receipt", options->argument);
    status = rota_receipt_verify(&receipt, genesis, &key_known);
    if (!rota_is_ok(status))
        return rota_wrong(&options->common, ROTA_EXIT_NEGATIVE, "ask whoever gave it to you for another copy",
                          "%s is NOT VALID: %s", options->argument, status.why);
    return receipt_say(options, &receipt, genesis, key_known);
}

static int receipt_verify_run(void *input)
{
    const struct receipt_options *options = input;
    ROTA_CLEANUP(rota_genesis_free) struct rota_genesis genesis = {0};
    ROTA_CLEANUP(rota_blob_free) struct rota_blob blob = {0};
    struct rota_status status = rota_genesis_load(&genesis, options->common.genesis);
    if (!rota_is_ok(status))
        return rota_wrong_status(&options->common, status, NULL, "%s is no valid genesis", options->common.genesis);
    status = rota_file_read(&blob, options->argument, ROTA_RECEIPT_BYTES_MAX);
    if (!rota_is_ok(status))
        return rota_wrong_status(&options->common, status, NULL, "cannot read %s", options->argument);
    return receipt_check(options, &genesis, rota_blob_view(&blob));
}

const struct rota_command rota_command_receipt_get = {.name = "receipt get",
                                                      .summary = "fetch the receipt of a proposal",
                                                      .argp = &receipt_get_argp,
                                                      .uses = ROTA_USES_NODE,
                                                      .options_size = sizeof(struct receipt_options),
                                                      .run = receipt_get_run};
const struct rota_command rota_command_receipt_verify = {.name = "receipt verify",
                                                         .summary = "check a receipt offline",
                                                         .argp = &receipt_verify_argp,
                                                         .uses = ROTA_USES_GENESIS,
                                                         .options_size = sizeof(struct receipt_options),
                                                         .run = receipt_verify_run};
