/* rota membership approve: one administrator's word for the next epoch's document. Works offline. */
#include "node/tools/commands.h"
#include "node/tools/key_open.h"
#include "node/tools/membership_file.h"
#include "node/tools/membership_words.h"

#include <sodium.h>
#include <stdlib.h>

struct approve_options {
    struct rota_common common;
    const char *current, *out, *document, *key;
    bool yes;
};

enum { OPTION_CURRENT = 0x100, OPTION_DOCUMENT, OPTION_KEY, OPTION_YES };

static error_t approve_parse(int key, char *arg, struct argp_state *state)
{
    struct approve_options *options = state->input;
    switch (key) {
    case OPTION_CURRENT:
        options->current = arg;
        return 0;
    case OPTION_DOCUMENT:
        options->document = arg;
        return 0;
    case OPTION_KEY:
        options->key = arg;
        return 0;
    case OPTION_YES:
        options->yes = true;
        return 0;
    case 'o':
        options->out = arg;
        return 0;
    case ARGP_KEY_END:
        if (!options->current || !options->document || !options->key || !options->out)
            rota_usage_fail(state, "needs --current, --document, --key and --out");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option approve_argp_options[] = {
    {"current", OPTION_CURRENT, "FILE", 0, "The genesis, or the epoch document in force", 0},
    {"document", OPTION_DOCUMENT, "FILE", 0, "The document to approve of", 0},
    {"key", OPTION_KEY, "FILE", 0, "The administrator's key: the admin key, or the facility's where none was named", 0},
    {"out", 'o', "FILE", 0, "Where the approval goes; a new file", 0},
    {"yes", OPTION_YES, NULL, 0, "Do not ask", 0},
    {0}};

static const struct argp approve_argp = {
    .options = approve_argp_options,
    .parser = approve_parse,
    .doc =
        "Show what the document would change, ask, and sign. The approval is a small file for whoever submits the change."};

static uint32_t administrator_find(const struct rota_membership *current, const struct rota_ed25519_public *key)
{
    uint32_t member = 0;
    while (member < current->count && memcmp(current->members[member].admin.b, key->b, sizeof key->b) != 0)
        member++;
    return member;
}

/* Signs; who the key speaks for is found out on the way. */
static int approve_sign(struct rota_approval *out, const struct approve_options *options, const struct rota_epoch *current,
                        const struct rota_hash *next)
{
    struct rota_secret_key *key = sodium_malloc(sizeof *key);
    enum rota_key_role role = ROTA_KEY_FACILITY;
    struct rota_token label;
    uint8_t preimage[ROTA_APPROVAL_PREIMAGE_MAX];
    if (!key)
        return rota_wrong(&options->common, ROTA_EXIT_KEY, NULL, "no locked memory for the key");
    (void)!rota_is_ok(rota_keyfile_peek(&role, &label, options->key)); /* the opening says what is wrong */
    int code = rota_key_open(key, &options->common, options->key, role == ROTA_KEY_COORDINATOR ? ROTA_KEY_ADMIN : role);
    if (code == 0) {
        out->member = administrator_find(&current->membership, &key->facility.public_key);
        size_t len = rota_approval_preimage(preimage, &current->membership, next);
        rota_ed25519_sign(&out->signature, &key->facility, rota_view(preimage, len));
        rota_secret_key_wipe(key);
    }
    sodium_free(key);
    if (code == 0 && out->member == current->membership.count)
        return rota_wrong(&options->common, ROTA_EXIT_KEY, NULL, "%s is the administrator's key of no present member",
                          options->key);
    return code;
}

static int approve_write(const struct approve_options *options, const struct rota_epoch *current,
                         const struct rota_hash *next, const struct rota_approval *approval)
{
    char *text = rota_approval_format(current, next, approval);
    struct rota_status status =
        text ? rota_file_create(options->out, rota_view_text(text), 0644) : rota_fail(ROTA_NO_MEMORY, "no memory");
    free(text);
    return rota_is_ok(status) ? 0 : rota_wrong_status(&options->common, status, NULL, "cannot write %s", options->out);
}

static void approve_report(const struct approve_options *options, const struct rota_epoch *current,
                           const struct rota_epoch *next, const struct rota_approval *approval)
{
    const char *member = current->membership.members[approval->member].id.text;
    rota_remark(&options->common, "approved for %s: %s", member, options->out);
    if (!options->common.json || strcmp(options->out, "-") == 0)
        return;
    json_t *result = rota_result_new("membership-approve");
    rota_result_text(result, "file", options->out);
    rota_result_text(result, "member", member);
    rota_result_number(result, "epoch", next->membership.epoch);
    rota_result_hex(result, "document", rota_view(next->membership.config_hash.b, ROTA_HASH_BYTES));
    rota_result_set(result, "changes", rota_epoch_differences(current, next));
    if (rota_epoch_is_discontinuity(next)) {
        rota_result_number(result, "kept_height", next->discontinuity.height);
        rota_result_hex(result, "kept_block", rota_view(next->discontinuity.block.b, ROTA_HASH_BYTES));
    }
    rota_result_print(result);
}

/* Nobody signs this without having seen it: where the standard output is for a program, on the other one. */
static int approve_ask(const struct approve_options *options, const struct rota_epoch *current,
                       const struct rota_epoch *next)
{
    FILE *out = options->common.json || strcmp(options->out, "-") == 0 ? stderr : stdout;
    rota_epoch_explain(out, current, next);
    rota_discontinuity_explain(out, next);
    (void)fflush(out); /* before the question on the terminal */
    if (options->yes || rota_ask(rota_epoch_is_discontinuity(next)
                                     ? "Give up whatever is above the kept block, and go on with these members?"
                                     : "Approve of these members?"))
        return 0;
    return rota_wrong(&options->common, ROTA_EXIT_NEGATIVE, ROTA_ASK_NEXT, "not approved");
}

static int approve_run(void *input)
{
    const struct approve_options *options = input;
    struct rota_epoch current, next;
    struct rota_approval approval;
    ROTA_CLEANUP(rota_blob_free) struct rota_blob present = {0};
    ROTA_CLEANUP(rota_blob_free) struct rota_blob document = {0};
    int code = rota_epoch_load(&current, &present, &options->common, options->current);
    if (code == 0)
        code = rota_epoch_load(&next, &document, &options->common, options->document);
    if (code != 0)
        return code;
    struct rota_status status = rota_epoch_follows(&next, &current);
    if (!rota_is_ok(status))
        return rota_wrong_status(&options->common, status, NULL, "%s cannot follow %s", options->document, options->current);
    code = approve_ask(options, &current, &next);
    if (code == 0)
        code = approve_sign(&approval, options, &current, &next.membership.config_hash);
    if (code == 0)
        code = approve_write(options, &current, &next.membership.config_hash, &approval);
    if (code == 0)
        approve_report(options, &current, &next, &approval);
    return code;
}

const struct rota_command rota_command_membership_approve = {.name = "membership approve",
                                                             .summary = "sign for the next epoch's document (offline)",
                                                             .argp = &approve_argp,
                                                             .uses = ROTA_USES_PASSPHRASE,
                                                             .options_size = sizeof(struct approve_options),
                                                             .run = approve_run};
