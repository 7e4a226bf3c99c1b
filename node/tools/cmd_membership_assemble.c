/* rota membership assemble: a recovery manifest out of its document and its approvals. Works offline. */
#include "node/tools/commands.h"
#include "node/tools/membership_file.h"

struct assemble_options {
    struct rota_common common;
    const char *out;
    struct rota_approved_files files;
};

enum { OPTION_CURRENT = 0x100, OPTION_DOCUMENT };

static error_t assemble_parse(int key, char *arg, struct argp_state *state)
{
    struct assemble_options *options = state->input;
    switch (key) {
    case OPTION_CURRENT:
        options->files.current = arg;
        return 0;
    case OPTION_DOCUMENT:
        options->files.document = arg;
        return 0;
    case 'o':
        options->out = arg;
        return 0;
    case ARGP_KEY_ARG:
        rota_approved_files_add(&options->files, arg, state);
        return 0;
    case ARGP_KEY_END:
        if (!options->files.current || !options->files.document || !options->out || options->files.approval_count == 0)
            rota_usage_fail(state, "needs --current, --document, --out and the approvals");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option assemble_argp_options[] = {
    {"current", OPTION_CURRENT, "FILE", 0, "The genesis, or the epoch document that is given up", 0},
    {"document", OPTION_DOCUMENT, "FILE", 0, "The approved document", 0},
    {"out", 'o', "FILE", 0, "Where the manifest goes; a new file", 0},
    {0}};

static const struct argp assemble_argp = {
    .options = assemble_argp_options,
    .args_doc = "APPROVAL...",
    .parser = assemble_parse,
    .doc =
        "Put the document of a recovery manifest and its approvals together, check them, and write one file. It begins "
        "nothing by itself: the operator of each node that goes on puts it in with rota node recover. All of them need the "
        "same document; which approvals came together does not matter."};

static int assemble_say(const struct assemble_options *options, const struct rota_epoch_change *manifest)
{
    const struct rota_epoch *next = &manifest->next;
    if (options->common.json) {
        json_t *result = rota_result_new("membership-assemble");
        rota_result_text(result, "file", options->out);
        rota_result_number(result, "epoch", next->membership.epoch);
        rota_result_number(result, "approvals", manifest->approval_count);
        rota_result_number(result, "kept_height", next->discontinuity.height);
        rota_result_print(result);
        return ROTA_EXIT_DONE;
    }
    (void)printf("manifest    %s, approved by %u administrators; keeps everything up to block %llu\n"
                 "next        the operator of each node that goes on: stop it, rota node recover DIR %s, start it\n",
                 options->out, manifest->approval_count, (unsigned long long)next->discontinuity.height, options->out);
    return ROTA_EXIT_DONE;
}

static int assemble_check(const struct assemble_options *options, const struct rota_epoch_change *manifest,
                          const struct rota_epoch *current)
{
    struct rota_status status = rota_discontinuity_verify(manifest, current, NULL);
    if (!rota_is_ok(status))
        return rota_wrong_status(&options->common, status,
                                 rota_epoch_is_discontinuity(&manifest->next) ? NULL : "rota membership submit hands it in",
                                 "this is no complete recovery manifest");
    status = rota_file_create(options->out, rota_view(manifest->bytes, manifest->len), 0644);
    return rota_is_ok(status) ? assemble_say(options, manifest)
                              : rota_wrong_status(&options->common, status, NULL, "cannot write %s", options->out);
}

static int assemble_run(void *input)
{
    const struct assemble_options *options = input;
    struct rota_epoch current, next;
    struct rota_epoch_change *manifest = NULL;
    int code = rota_change_collect(&manifest, &current, &next, &options->common, &options->files);
    if (code == 0)
        code = assemble_check(options, manifest, &current);
    rota_epoch_change_release(manifest);
    return code;
}

const struct rota_command rota_command_membership_assemble = {.name = "membership assemble",
                                                              .summary = "put a recovery manifest together (offline)",
                                                              .argp = &assemble_argp,
                                                              .options_size = sizeof(struct assemble_options),
                                                              .run = assemble_run};
