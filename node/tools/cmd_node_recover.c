/* rota node recover: the operator's hand, without which no node goes on with a recovery manifest (PROTOCOL M12). */
#include "node/tools/commands.h"
#include "node/tools/files.h"
#include "node/tools/membership_file.h"
#include "node/tools/membership_words.h"
#include "node/tools/output.h"

#include "node/config.h"
#include "node/lock.h"
#include "node/manifest.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { OPTION_YES = 0x100, RECOVER_BLOCKS_SHOWN = 20 };

struct recover_options {
    struct rota_common common;
    const char *directory, *manifest;
    bool yes;
};

static error_t recover_parse(int key, char *arg, struct argp_state *state)
{
    struct recover_options *options = state->input;
    switch (key) {
    case OPTION_YES:
        options->yes = true;
        return 0;
    case ARGP_KEY_ARG:
        if (options->directory && options->manifest)
            rota_usage_fail(state, "takes a directory and a manifest: \"%s\" is a third", arg);
        *(options->directory ? &options->manifest : &options->directory) = arg;
        return 0;
    case ARGP_KEY_END:
        if (!options->manifest)
            rota_usage_fail(state, "needs the node's directory and the manifest");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option recover_argp_options[] = {{"yes", OPTION_YES, NULL, 0, "Do not ask", 0}, {0}};

static const struct argp recover_argp = {
    .options = recover_argp_options,
    .parser = recover_parse,
    .args_doc = "DIR MANIFEST",
    .doc =
        "Put a recovery manifest into the directory of a node that is stopped. It is checked against the directory's "
        "genesis "
        "and ledger, what it does is shown, and you are asked. The node goes on with it at its next start. A ledger that "
        "holds blocks above the kept one is refused: that file is kept as evidence, and the node begins with an empty one."};

/* What the command holds while it looks: the node's lock, its files. */
struct recover {
    const struct recover_options *options;
    struct rota_config config;
    int lock;
    struct rota_epoch_change *manifest;
    struct rota_genesis genesis;
    struct rota_keyring *keyring;
    struct rota_chain *chain; /* NULL: there is no ledger file */
};

static void recover_close(struct recover *recover)
{
    if (recover->chain)
        rota_chain_close(recover->chain);
    free(recover->chain);
    rota_keyring_free(recover->keyring);
    rota_genesis_free(&recover->genesis);
    rota_epoch_change_release(recover->manifest);
    if (recover->lock >= 0)
        close(recover->lock);
}

/* ---- opening -------------------------------------------------------------------------------------------------------- */

static int recover_lock(struct recover *recover)
{
    char path[ROTA_LOCK_PATH_MAX];
    const struct rota_common *common = &recover->options->common;
    recover->lock = rota_node_lock(path, recover->options->directory);
    if (recover->lock >= 0)
        return 0;
    if (errno == EWOULDBLOCK)
        return rota_wrong(common, ROTA_EXIT_LATER, "stop rotad first", "a node runs in %s", recover->options->directory);
    return rota_wrong_status(common, rota_status_of_errno(errno), NULL, "cannot open %s", path);
}

static int recover_read_manifest(struct recover *recover)
{
    const struct rota_common *common = &recover->options->common;
    ROTA_CLEANUP(rota_blob_free) struct rota_blob blob = {0};
    struct rota_status status = rota_file_read(&blob, recover->options->manifest, ROTA_EPOCH_CHANGE_BYTES_MAX);
    if (rota_is_ok(status))
        status = rota_epoch_change_parse(&recover->manifest, rota_blob_view(&blob));
    if (!rota_is_ok(status))
        return rota_wrong_status(common, status, "rota membership assemble makes one", "%s is no recovery manifest",
                                 recover->options->manifest);
    if (rota_epoch_is_discontinuity(&recover->manifest->next))
        return 0;
    return rota_wrong(common, ROTA_EXIT_NEGATIVE, "rota membership submit hands it in",
                      "%s is an ordinary change of members", recover->options->manifest);
}

static void observe_block(void *context, const struct rota_block *block)
{
    (void)context;
    (void)block;
}

static void observe_final(void *context, const struct rota_executed *executed)
{
    (void)context;
    (void)executed;
}

/* The ledger as the node would open it, its log folded in; a node that lost it has none. */
static int recover_open_ledger(struct recover *recover)
{
    const struct rota_common *common = &recover->options->common;
    struct rota_chain_observer observer = {
        .executed = observe_block, .taken_back = observe_block, .is_final = observe_final};
    struct rota_status status = rota_genesis_load(&recover->genesis, recover->config.genesis);
    if (!rota_is_ok(status))
        return rota_wrong_status(common, status, NULL, "%s is no valid genesis", recover->config.genesis);
    if (access(recover->config.ledger, F_OK) != 0)
        return 0;
    struct rota_chain *chain = calloc(1, sizeof *chain);
    status = chain ? rota_keyring_new(&recover->keyring) : rota_fail(ROTA_NO_MEMORY, "no memory for the ledger");
    if (rota_is_ok(status))
        status = rota_chain_open(chain, recover->config.ledger, &recover->genesis, recover->keyring, UINT32_MAX, &observer);
    if (rota_is_ok(status))
        recover->chain = chain;
    else
        free(chain);
    return rota_is_ok(status) ? 0
                              : rota_wrong_status(common, status, "rota-verify says more", "cannot use the ledger %s",
                                                  recover->config.ledger);
}

static int recover_open(struct recover *recover)
{
    char error[512];
    struct rota_status status = rota_config_read(&recover->config, recover->options->directory, error, sizeof error);
    if (!rota_is_ok(status))
        return rota_wrong(&recover->options->common, ROTA_EXIT_USAGE, "rota node init makes such a directory", "%s", error);
    int code = recover_lock(recover);
    if (code == 0)
        code = recover_read_manifest(recover);
    return code == 0 ? recover_open_ledger(recover) : code;
}

/* ---- words ---------------------------------------------------------------------------------------------------------- */

static void block_print(FILE *out, const struct recover *recover, const char *what, uint64_t height)
{
    struct rota_block *block = NULL;
    char time[ROTA_TIME_CHARS_MAX];
    uint32_t proposals = 0;
    if (!rota_is_ok(rota_chain_block(&block, recover->chain, height)))
        return;
    for (uint32_t i = 0; i < block->entry_count; i++)
        proposals += block->entries[i].kind == ROTA_ENTRY_PROPOSAL;
    rota_time_format_minute(time, (int64_t)(block->header.time_ms / 60000));
    (void)fprintf(out, "%-11s block %llu of %s, %u proposals\n", what, (unsigned long long)height, time, proposals);
    rota_block_release(block);
}

/* What this file holds and the manifest does not keep. */
static int recover_refuse_higher(const struct recover *recover, const struct rota_manifest_verdict *verdict)
{
    uint64_t kept = recover->manifest->next.discontinuity.height, last = recover->chain->height;
    for (uint64_t h = kept + 1; h <= last && h <= kept + RECOVER_BLOCKS_SHOWN; h++)
        block_print(stderr, recover, h == kept + 1 ? "given up" : "", h);
    return rota_wrong(&recover->options->common, ROTA_EXIT_NEGATIVE,
                      "if the survivors were compared without this ledger, tell the administrators before anything else. "
                      "Otherwise move ledger.db with its -wal and -shm to another folder and keep them as evidence, and run "
                      "this again: the node then begins with an empty ledger and fetches it from the others",
                      "%s (blocks %llu to %llu)", verdict->why.why, (unsigned long long)kept + 1, (unsigned long long)last);
}

static void recover_explain(const struct recover *recover, const struct rota_manifest_verdict *verdict)
{
    const struct rota_epoch *next = &recover->manifest->next;
    uint64_t kept = next->discontinuity.height, height = recover->chain ? recover->chain->height : 0;
    const struct rota_epoch *current = recover->chain ? rota_chain_epoch(recover->chain) : NULL;
    FILE *out = recover->options->common.json ? stderr : stdout; /* nobody answers without having seen it */
    if (current && current->membership.epoch + 1 == next->membership.epoch)
        rota_epoch_explain(out, current, next);
    rota_discontinuity_explain(out, next);
    if (verdict->standing == ROTA_MANIFEST_BEGUN)
        (void)fprintf(out, "here        this ledger has gone on with it already\n");
    else if (verdict->standing == ROTA_MANIFEST_HERE)
        block_print(out, recover, "here", kept);
    else
        (void)fprintf(out, "here        the ledger ends with block %llu: the node fetches it up to block %llu first\n",
                      (unsigned long long)height, (unsigned long long)kept);
    if (!verdict->approvals_seen)
        (void)fprintf(out, "approvals   are checked when the ledger has come to the epoch that gave them\n");
    (void)fflush(out); /* before the question on the terminal */
}

/* ---- putting it in -------------------------------------------------------------------------------------------------- */

/* A node is given one manifest for an epoch, ever: two are two ledgers. */
static int recover_look_for_another(const struct recover *recover, const char *path)
{
    struct rota_epoch_change *there = NULL;
    const struct rota_common *common = &recover->options->common;
    uint32_t epoch = recover->manifest->next.membership.epoch;
    struct rota_status status = rota_manifest_next(&there, recover->options->directory, epoch - 1);
    bool same = rota_is_ok(status) &&
                rota_hash_equal(&there->next.membership.config_hash, &recover->manifest->next.membership.config_hash);
    bool other = rota_is_ok(status) && !same && there->next.membership.epoch == epoch;
    rota_epoch_change_release(there);
    if (!rota_is_ok(status) && status.code != ROTA_NOT_FOUND)
        return rota_wrong_status(common, status, NULL, "cannot read the manifests of %s", recover->options->directory);
    if (!other)
        return 0;
    return rota_wrong(common, ROTA_EXIT_NEGATIVE,
                      "find out why there are two before anything else: whoever approved of both has made two ledgers",
                      "another recovery manifest for epoch %u was put in before: %s", epoch, path);
}

static int recover_keep(const struct recover *recover)
{
    char path[ROTA_PATH_MAX + 64];
    const struct rota_common *common = &recover->options->common;
    if (!rota_manifest_path(path, sizeof path, recover->options->directory, recover->manifest->next.membership.epoch))
        return rota_wrong(common, ROTA_EXIT_USAGE, NULL, "the path is too long");
    int code = recover_look_for_another(recover, path);
    if (code != 0)
        return code;
    struct rota_status status = rota_file_replace(path, rota_view(recover->manifest->bytes, recover->manifest->len), 0644);
    if (!rota_is_ok(status))
        return rota_wrong_status(common, status, NULL, "cannot write %s", path);
    if (common->json) {
        json_t *result = rota_result_new("node-recover");
        rota_result_text(result, "file", path);
        rota_result_number(result, "epoch", recover->manifest->next.membership.epoch);
        rota_result_number(result, "kept_height", recover->manifest->next.discontinuity.height);
        rota_result_print(result);
    } else {
        (void)printf("put in      %s\nnext        start rotad\n", path);
    }
    return ROTA_EXIT_DONE;
}

/* Without a ledger file the genesis is all that can be compared. */
static int recover_judge(struct rota_manifest_verdict *out, const struct recover *recover)
{
    const struct rota_common *common = &recover->options->common;
    if (recover->chain) {
        rota_manifest_judge(out, recover->chain, recover->manifest);
    } else {
        struct rota_epoch first;
        rota_epoch_of_genesis(&first, &recover->genesis);
        bool next = recover->manifest->next.membership.epoch == 1;
        *out = (struct rota_manifest_verdict){.standing = ROTA_MANIFEST_AHEAD, .approvals_seen = next, .why = rota_ok()};
        if (!rota_hash_equal(&recover->manifest->next.membership.ledger_id, &recover->genesis.ledger_id))
            out->why = rota_fail(ROTA_WRONG_LEDGER, "the recovery manifest is for another ledger");
        else if (next)
            out->why = rota_discontinuity_verify(recover->manifest, &first, NULL);
    }
    if (out->standing == ROTA_MANIFEST_GIVES_UP)
        return recover_refuse_higher(recover, out);
    return rota_is_ok(out->why) ? 0
                                : rota_wrong_status(common, out->why, "compare the survivors' ledgers (rota-verify)",
                                                    "%s does not fit this node's ledger", recover->options->manifest);
}

static int recover_run(void *input)
{
    const struct recover_options *options = input;
    struct rota_manifest_verdict verdict;
    struct recover *recover = calloc(1, sizeof *recover);
    if (!recover)
        return rota_wrong(&options->common, ROTA_EXIT_BUG, NULL, "no memory");
    recover->options = options;
    recover->lock = -1;
    int code = recover_open(recover);
    if (code == 0)
        code = recover_judge(&verdict, recover);
    if (code == 0)
        recover_explain(recover, &verdict);
    if (code == 0 && !options->yes && !rota_ask("Go on like this?"))
        code = rota_wrong(&options->common, ROTA_EXIT_NEGATIVE, ROTA_ASK_NEXT, "nothing was changed");
    if (code == 0)
        code = recover_keep(recover);
    recover_close(recover);
    free(recover);
    return code;
}

const struct rota_command rota_command_node_recover = {.name = "node recover",
                                                       .summary = "put a recovery manifest into a node's directory",
                                                       .argp = &recover_argp,
                                                       .options_size = sizeof(struct recover_options),
                                                       .run = recover_run};
