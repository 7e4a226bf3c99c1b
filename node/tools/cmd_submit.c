/* rota submit: one signed proposal into the ledger. */
#include "node/tools/commands.h"
#include "node/tools/describe.h"
#include "node/tools/files.h"
#include "node/tools/output.h"
#include "node/tools/submission.h"

#include <stdlib.h>

enum { SUBMIT_OPTION_RECEIPT = 0x2000, SUBMIT_OPTION_WAIT, SUBMIT_WAIT_DEFAULT_S = 30 };

struct submit_options {
    struct rota_common common;
    const char *file, *receipt;
    uint32_t wait_s;
};

static error_t submit_parse(int key, char *arg, struct argp_state *state)
{
    struct submit_options *options = state->input;
    size_t len;
    switch (key) {
    case SUBMIT_OPTION_WAIT:
        options->wait_s = SUBMIT_WAIT_DEFAULT_S;
        len = arg != NULL ? strlen(arg) : 0;
        if (len > 0 && arg[len - 1] == 's')
            arg[len - 1] = '\0';
        if (len > 0)
            options->wait_s = (uint32_t)rota_usage_number(state, "--wait", arg, 1, 86400);
        return 0;
    case SUBMIT_OPTION_RECEIPT:
        options->receipt = arg;
        return 0;
    case ARGP_KEY_ARG:
        rota_usage_argument(state, &options->file, arg);
        return 0;
    case ARGP_KEY_END:
        if (options->file == NULL)
            rota_usage_fail(state, "which signed proposal?");
        if (options->receipt != NULL && options->wait_s == 0)
            options->wait_s = SUBMIT_WAIT_DEFAULT_S;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option submit_argp_options[] = {
    {"wait", SUBMIT_OPTION_WAIT, "SECONDS", OPTION_ARG_OPTIONAL,
     "Wait until it is in the ledger (30 seconds unless said otherwise)", 0},
    {"receipt", SUBMIT_OPTION_RECEIPT, "OUT", 0, "Write the receipt; waits", 0},
    {0}};

static const struct argp submit_argp = {
    .options = submit_argp_options,
    .parser = submit_parse,
    .args_doc = "FILE.jws",
    .doc =
        "Submit a signed proposal. Submitting the same bytes again, to the same node or another, changes nothing and gives "
        "the same answer. When the node is full or the network has no quorum it is tried again until the time is over."};

static void submit_remark(void *context, const char *text)
{
    const struct submit_options *options = context;
    rota_remark(&options->common, "%s", text);
}

/* Height and outcomes of a committed proposal. */
static int submit_say_committed(const struct submit_options *options, const struct rota_proposal *proposal,
                                const json_t *document)
{
    static struct rota_fate_lines fates;
    char hex[2 * ROTA_HASH_BYTES + 1];
    uint64_t height = (uint64_t)json_integer_value(json_object_get(document, "height"));
    rota_fates_of_document(&fates, document);
    uint32_t refused = rota_fates_refused(&fates);
    if (options->common.json) {
        json_t *result = rota_result_new("submit");
        rota_result_hex(result, "id", rota_view(proposal->id.b, sizeof proposal->id.b));
        rota_result_text(result, "state", "committed");
        rota_result_number(result, "height", height);
        rota_result_number(result, "refused", refused);
        rota_result_set(result, "outcomes", json_incref(json_object_get(document, "outcomes")));
        rota_proposal_result(result, proposal, &fates);
        rota_result_print(result);
    } else {
        rota_hex_encode(hex, rota_view(proposal->id.b, sizeof proposal->id.b));
        (void)printf("id          %s\ncommitted   in block %llu, %u of %u operations done\n", hex,
                     (unsigned long long)height, fates.count - refused, fates.count);
        rota_proposal_print(stdout, proposal, &fates);
    }
    return refused > 0 ? ROTA_EXIT_NEGATIVE : ROTA_EXIT_DONE;
}

static int submit_say_pending(const struct submit_options *options, const struct rota_proposal *proposal)
{
    char hex[2 * ROTA_HASH_BYTES + 1];
    rota_hex_encode(hex, rota_view(proposal->id.b, sizeof proposal->id.b));
    if (options->wait_s != 0)
        return rota_wrong(&options->common, ROTA_EXIT_LATER,
                          "run the same command again: the same bytes are never ordered twice",
                          "the node has taken in %s, but it is not in the ledger after %u s", hex, options->wait_s);
    if (options->common.json) {
        json_t *result = rota_result_new("submit");
        rota_result_text(result, "id", hex);
        rota_result_text(result, "state", "pending");
        rota_result_print(result);
    } else {
        (void)printf("id          %s\npending     taken in, on its way into the ledger\n", hex);
    }
    return ROTA_EXIT_DONE;
}

static int submit_say(const struct submit_options *options, const struct rota_proposal *proposal,
                      const struct rota_submitted *submitted)
{
    const struct rota_client_problem *problem = &submitted->problem;
    const char *next = problem->next[0] != '\0' ? problem->next : NULL;
    switch (submitted->fate) {
    case ROTA_FATE_COMMITTED:
        return submit_say_committed(options, proposal, submitted->document);
    case ROTA_FATE_PENDING:
        return submit_say_pending(options, proposal);
    case ROTA_FATE_TURNED_AWAY:
        return rota_wrong(&options->common, rota_client_problem_exit(problem), next, "turned away (%s): %s", problem->code,
                          problem->detail);
    case ROTA_FATE_LATER:
    case ROTA_FATE_STOPPED:
        break;
    }
    return rota_wrong(&options->common, ROTA_EXIT_LATER,
                      next != NULL ? next : "run the same command again later, or name another --node",
                      "not submitted within the time: %s: %s", problem->code, problem->detail);
}

/* The receipt of what has just been committed. */
static int submit_receipt(const struct submit_options *options, const struct rota_submitter *submitter,
                          const struct rota_proposal *proposal)
{
    char hex[2 * ROTA_HASH_BYTES + 1];
    char path[128];
    struct rota_client_answer answer = {0};
    rota_hex_encode(hex, rota_view(proposal->id.b, sizeof proposal->id.b));
    (void)snprintf(path, sizeof path, "/v1/proposals/%s/receipt", hex);
    struct rota_client_request request = {.base = submitter->nodes[submitter->current], .path = path, .wait_s = 5};
    rota_http_client_exchange(&answer, submitter->http, &request);
    struct rota_status status = rota_fail(ROTA_INCOMPLETE, "the node has no receipt yet; rota receipt get fetches it later");
    if (answer.status == 200)
        status = rota_file_replace(options->receipt, rota_view(answer.body, answer.len), 0644);
    rota_client_answer_free(&answer);
    if (!rota_is_ok(status))
        return rota_wrong_status(&options->common, status, NULL, "no receipt in %s", options->receipt);
    rota_remark(&options->common, "receipt     %s", options->receipt);
    return ROTA_EXIT_DONE;
}

static int submit_exchange(struct submit_options *options, const struct rota_proposal *proposal)
{
    struct rota_submitted submitted;
    uint32_t patience_s = options->wait_s != 0 ? options->wait_s : options->common.timeout_s;
    struct rota_submitter submitter = {.http = rota_http_client_open(),
                                       .nodes = options->common.nodes,
                                       .node_count = options->common.node_count,
                                       .wait_s = options->wait_s,
                                       .deadline_ms = rota_monotonic_ms() + 1000ULL * patience_s,
                                       .remark = submit_remark,
                                       .context = options};
    if (submitter.http == NULL)
        return rota_wrong(&options->common, ROTA_EXIT_BUG, NULL, "the HTTP library does not start");
    rota_submit(&submitted, &submitter, proposal->jws.text);
    int code = submit_say(options, proposal, &submitted);
    if (submitted.fate == ROTA_FATE_COMMITTED && options->receipt != NULL) {
        int receipt = submit_receipt(options, &submitter, proposal);
        code = code != 0 ? code : receipt;
    }
    rota_submitted_free(&submitted);
    rota_http_client_close(submitter.http);
    return code;
}

static int submit_run(void *input)
{
    struct submit_options *options = input;
    uint32_t op;
    struct rota_proposal *proposal = NULL;
    ROTA_CLEANUP(rota_blob_free) struct rota_blob blob = {0};
    struct rota_status status = rota_file_read(&blob, options->file, ROTA_JWS_CHARS_MAX);
    if (!rota_is_ok(status))
        return rota_wrong_status(&options->common, status, NULL, "cannot read %s", options->file);
    while (blob.len > 0 && (blob.data[blob.len - 1] == '\n' || blob.data[blob.len - 1] == '\r'))
        blob.len--;
    status = rota_proposal_parse(&proposal, &op, rota_blob_view(&blob), true);
    if (!rota_is_ok(status))
        return rota_wrong(&options->common, ROTA_EXIT_NEGATIVE, "sign it first: rota proposal sign",
                          "%s is no signed proposal: %s", options->file, status.why);
    int code = submit_exchange(options, proposal);
    rota_proposal_release(proposal);
    return code;
}

const struct rota_command rota_command_submit = {.name = "submit",
                                                 .summary = "submit a signed proposal",
                                                 .argp = &submit_argp,
                                                 .uses = ROTA_USES_NODE,
                                                 .options_size = sizeof(struct submit_options),
                                                 .run = submit_run};
