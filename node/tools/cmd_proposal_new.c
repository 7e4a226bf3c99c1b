/* rota proposal new: a payload from words. */
#include "node/tools/commands.h"
#include "node/tools/files.h"
#include "node/tools/payload.h"
#include "node/tools/remote.h"

#include <stdlib.h>

enum {
    NEW_OPTION_OUT = 'o',
    NEW_OPTION_REASON = 'r',
    NEW_OPTION_OP = 0x2000,
    NEW_OPTION_LEDGER_FROM,
    NEW_OPTION_EXPECT,
    NEW_OPTION_EXP,
    NEW_OPTION_EXP_IN,
    NEW_OPTION_COMMITMENT,
    NEW_EXP_IN_DEFAULT = 1000,
};

struct new_options {
    struct rota_common common;
    json_t *ops, *expect, *commitments; /* owned by the run */
    const char *reason, *ledger_from, *out;
    uint64_t exp, exp_in;
};

static void new_append(json_t **list, json_t *item)
{
    if (*list == NULL)
        *list = json_array();
    if (json_array_append_new(*list, item) != 0)
        abort();
}

static error_t new_parse_list(int key, char *arg, struct argp_state *state)
{
    struct new_options *options = state->input;
    char why[256];
    if (key == NEW_OPTION_COMMITMENT) {
        new_append(&options->commitments, json_string(arg));
        return 0;
    }
    json_t *item = key == NEW_OPTION_OP ? rota_operation_from_words(arg, why, sizeof why)
                                        : rota_expectation_from_words(arg, why, sizeof why);
    if (item == NULL)
        rota_usage_fail(state, "%s", why);
    new_append(key == NEW_OPTION_OP ? &options->ops : &options->expect, item);
    return 0;
}

static error_t new_parse(int key, char *arg, struct argp_state *state)
{
    struct new_options *options = state->input;
    switch (key) {
    case NEW_OPTION_OP:
    case NEW_OPTION_EXPECT:
    case NEW_OPTION_COMMITMENT:
        return new_parse_list(key, arg, state);
    case NEW_OPTION_REASON:
        options->reason = arg;
        return 0;
    case NEW_OPTION_LEDGER_FROM:
        options->ledger_from = arg;
        return 0;
    case NEW_OPTION_EXP:
        options->exp = rota_usage_number(state, "--exp", arg, 1, (1ULL << 53) - 1);
        return 0;
    case NEW_OPTION_EXP_IN:
        options->exp_in = rota_usage_number(state, "--exp-in", arg, 1, 1ULL << 32);
        return 0;
    case NEW_OPTION_OUT:
        options->out = arg;
        return 0;
    case ARGP_KEY_END:
        if (options->ops == NULL || options->reason == NULL || options->out == NULL)
            rota_usage_fail(state, "needs at least one --op, --reason and --out");
        if (options->ledger_from != NULL && options->exp == 0)
            rota_usage_fail(state, "--ledger-from needs --exp: without a node nobody knows the present height");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option new_argp_options[] = {
    {"op", NEW_OPTION_OP, "WORDS", 0,
     "One operation, such as 'assign person=p-1 code=NIGHT facility=alpha "
     "start=2026-12-25T22:30Z minutes=480'. Repeat for more",
     0},
    {"reason", NEW_OPTION_REASON, "CODE", 0, "Why, as one token; never a sentence, never anything about a person", 0},
    {"expect", NEW_OPTION_EXPECT, "PERSON:DAY:REV", 0, "Refuse everything unless this day card is still at this revision",
     0},
    {"commitment", NEW_OPTION_COMMITMENT, "HEX", 0, "Hash of a document that is kept elsewhere", 0},
    {"exp", NEW_OPTION_EXP, "HEIGHT", 0, "Last block in which it may commit", 0},
    {"exp-in", NEW_OPTION_EXP_IN, "BLOCKS", 0, "The same, counted from the present height (default 1000)", 0},
    {"ledger-from", NEW_OPTION_LEDGER_FROM, "GENESIS", 0, "Take the ledger's identity from this file instead of a node", 0},
    {"out", NEW_OPTION_OUT, "FILE", 0, "Where to write the payload; - is the standard output", 0},
    {0}};

static const struct argp new_argp = {
    .options = new_argp_options,
    .parser = new_parse,
    .doc = "Write a proposal that is not signed yet.\vOperations: assign person= code= facility= start= minutes=; unassign "
           "assignment=; person.enrol person= facility=; code.define code= [pool=]; coordinator.grant label= key= facility= "
           "roles=scheduler+director; coordinator.revoke kid="};

/* Ledger identity and expiry, from the file or the node. */
static int new_facts(struct rota_payload_facts *out, const struct new_options *options)
{
    uint64_t height = 0;
    *out = (struct rota_payload_facts){.reason = options->reason, .exp = options->exp};
    if (options->ledger_from != NULL) {
        struct rota_genesis genesis;
        struct rota_status status = rota_genesis_load(&genesis, options->ledger_from);
        if (!rota_is_ok(status))
            return rota_wrong_status(&options->common, status, NULL, "%s is no valid genesis", options->ledger_from);
        out->ledger_id = genesis.ledger_id;
        rota_genesis_free(&genesis);
        return 0;
    }
    int code = rota_remote_ledger_id(&out->ledger_id, &options->common);
    if (code != 0 || options->exp != 0)
        return code;
    code = rota_remote_height(&height, &options->common);
    out->exp = height + (options->exp_in != 0 ? options->exp_in : NEW_EXP_IN_DEFAULT);
    return code;
}

static int new_check(const struct new_options *options, const json_t *payload)
{
    uint32_t op = UINT32_MAX;
    struct rota_status status = rota_payload_check(NULL, &op, payload);
    if (rota_is_ok(status))
        return 0;
    if (op != UINT32_MAX)
        return rota_wrong(&options->common, ROTA_EXIT_USAGE, "rota help proposal new", "operation %u: %s", op + 1,
                          status.why);
    return rota_wrong(&options->common, ROTA_EXIT_USAGE, "rota help proposal new", "%s", status.why);
}

static int new_write(const struct new_options *options, const json_t *payload)
{
    char *text = json_dumps(payload, JSON_INDENT(1));
    if (text == NULL)
        return ROTA_EXIT_BUG;
    struct rota_status status = rota_file_create(options->out, rota_view_text(text), 0644);
    free(text);
    if (!rota_is_ok(status))
        return rota_wrong_status(&options->common, status, NULL, "cannot write %s", options->out);
    if (strcmp(options->out, "-") == 0)
        return ROTA_EXIT_DONE;
    if (!options->common.json) {
        (void)printf("proposal    %s: %zu operation%s\nnext        rota proposal sign %s --key NAME.key --out FILE.jws\n",
                     options->out, json_array_size(options->ops), json_array_size(options->ops) == 1 ? "" : "s",
                     options->out);
        return ROTA_EXIT_DONE;
    }
    json_t *result = rota_result_new("proposal-new");
    rota_result_text(result, "file", options->out);
    rota_result_number(result, "operations", json_array_size(options->ops));
    rota_result_number(result, "exp", (uint64_t)json_integer_value(json_object_get(payload, "exp")));
    rota_result_print(result);
    return ROTA_EXIT_DONE;
}

static int new_run(void *input)
{
    struct new_options *options = input;
    struct rota_payload_facts facts;
    int code = new_facts(&facts, options);
    if (code == 0) {
        ROTA_CLEANUP(rota_json_release)
        json_t *payload = rota_payload_new(&facts, json_incref(options->ops), options->expect);
        options->expect = NULL;
        if (options->commitments != NULL)
            rota_result_set(payload, "commitments", json_incref(options->commitments));
        code = new_check(options, payload);
        if (code == 0)
            code = new_write(options, payload);
    }
    json_decref(options->ops);
    json_decref(options->expect);
    json_decref(options->commitments);
    return code;
}

const struct rota_command rota_command_proposal_new = {.name = "proposal new",
                                                       .summary = "write a proposal from words",
                                                       .argp = &new_argp,
                                                       .uses = ROTA_USES_NODE,
                                                       .options_size = sizeof(struct new_options),
                                                       .run = new_run};
