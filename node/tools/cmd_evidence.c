/* rota evidence list, export, verify: what the ledger holds against somebody, as files that stand for themselves. */
#include "node/tools/commands.h"
#include "node/tools/files.h"
#include "node/tools/ledger_file.h"
#include "node/tools/output.h"

#include "ledger/audit/kept_views.h"
#include "ledger/audit/recoveries.h"
#include "ledger/schedule/operation.h"

#include <stdlib.h>

struct evidence_options {
    struct rota_common common;
    const char *argument;
    const char *out;
};

static error_t evidence_parse(int key, char *arg, struct argp_state *state)
{
    struct evidence_options *options = state->input;
    bool list = options->common.command == &rota_command_evidence_list;
    bool verify = options->common.command == &rota_command_evidence_verify;
    switch (key) {
    case 'o':
        options->out = arg;
        return 0;
    case ARGP_KEY_ARG:
        if (list)
            rota_usage_fail(state, "takes no argument: \"%s\"", arg);
        rota_usage_argument(state, &options->argument, arg);
        return 0;
    case ARGP_KEY_END:
        if (!list && options->argument == NULL)
            rota_usage_fail(state, verify ? "which file?" : "which evidence? rota evidence list says");
        if (options->common.genesis == NULL)
            rota_usage_fail(state, "needs --genesis: evidence proves something only against a genesis that you trust");
        if (!verify && options->common.ledger == NULL) /* for verify it is a help */
            rota_usage_fail(state, "needs --ledger: the file of a facility");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option evidence_out_options[] = {
    {"out", 'o', "FILE", 0, "Where to write it (default: the standard output)", 0}, {0}};
static const struct argp evidence_list_argp = {
    .parser = evidence_parse,
    .doc =
        "List the evidence in a ledger file, and what the NEW-VIEWs that its node kept prove beside the chain. Exit code 0: "
        "there is none; 4: there is."};
static const struct argp evidence_export_argp = {
    .options = evidence_out_options,
    .parser = evidence_parse,
    .args_doc = "ID",
    .doc = "Write one piece of evidence of a ledger file, byte for byte; with --json as an object. An ID may be shortened."};
static const struct argp evidence_verify_argp = {.parser = evidence_parse,
                                                 .args_doc = "FILE",
                                                 .doc = "Check evidence offline and say what it proves: every signature in "
                                                        "it, before anybody is named. FILE holds the bytes "
                                                        "or the JSON of rota evidence export. Of a later epoch than the "
                                                        "genesis, with --ledger, which proves who the members were, and "
                                                        "which says whether the member had lost its memory. Exit "
                                                        "code 4: it is proof."};

/* ---- one piece of evidence ------------------------------------------------------------------------------------------- */

/* What evidence is judged by: the genesis, and the epochs that a ledger file leads to from there. */
struct evidence_ground {
    struct rota_genesis genesis;
    struct rota_store *ledger; /* NULL: none was given */
    struct rota_epoch_chain epochs;
    struct rota_placed_recoveries recoveries; /* of the ledger */
};

static void ground_close(struct evidence_ground *ground)
{
    rota_placed_recoveries_free(&ground->recoveries);
    rota_epoch_chain_free(&ground->epochs);
    rota_store_close(ground->ledger);
    rota_genesis_free(&ground->genesis);
}

/* 0, or the exit code after a complaint. To be closed in any case. */
static int ground_open(struct evidence_ground *ground, const struct rota_common *common)
{
    struct rota_status status = rota_genesis_load(&ground->genesis, common->genesis);
    if (!rota_is_ok(status))
        return rota_wrong_status(common, status, NULL, "%s is no valid genesis", common->genesis);
    int code = common->ledger != NULL ? rota_ledger_file_open(&ground->ledger, &ground->genesis, common, common->ledger) : 0;
    if (code != 0)
        return code;
    status = ground->ledger != NULL ? rota_epoch_chain_of_ledger(&ground->epochs, &ground->genesis, ground->ledger)
                                    : rota_epoch_chain_begin(&ground->epochs, &ground->genesis);
    if (rota_is_ok(status) && ground->ledger != NULL)
        status = rota_placed_recoveries_of_ledger(&ground->recoveries, &ground->epochs, ground->ledger);
    return rota_is_ok(status)
               ? 0
               : rota_wrong_status(common, status, "rota-verify says more",
                                   "the changes of members in %s do not hold, or it cannot be read", common->ledger);
}

static bool proposal_grants(struct rota_es256k_public *out, const struct rota_proposal *proposal, const struct rota_kid *kid)
{
    for (uint32_t i = 0; i < proposal->op_count; i++) {
        *out = proposal->ops[i].key;
        if (proposal->ops[i].roles != 0 && rota_kid_equal(&out->kid, kid)) /* only a grant names roles */
            return true;
    }
    return false;
}

/* A key that the ledger names. The file is not believed: a kid is the hash of its key, so no other key fits. */
static bool ledger_key(struct rota_es256k_public *out, struct rota_store *ledger, const struct rota_kid *kid)
{
    struct rota_store_entry row;
    bool found = false;
    rota_store_rewind(ledger);
    while (!found && rota_is_ok(rota_store_next_entry(&row, ledger))) {
        struct rota_proposal *proposal = NULL;
        if (row.kind == ROTA_ENTRY_PROPOSAL && rota_is_ok(rota_proposal_parse(&proposal, NULL, row.bytes, false)))
            found = proposal_grants(out, proposal, kid);
        rota_proposal_release(proposal);
    }
    return found;
}

/* The coordinator's key that it may depend on, from the genesis or the ledger. */
static bool evidence_key(struct rota_es256k_public *out, const struct rota_evidence *evidence,
                         const struct evidence_ground *ground)
{
    const struct rota_genesis *genesis = &ground->genesis;
    const struct rota_kid *kid = rota_evidence_kid(evidence);
    for (uint32_t i = 0; i < genesis->coordinator_count && kid != NULL; i++) {
        *out = genesis->coordinators[i].key;
        if (rota_kid_equal(&out->kid, kid))
            return true;
    }
    return kid != NULL && ground->ledger != NULL && ledger_key(out, ground->ledger, kid);
}

static void evidence_words(char *out, size_t size, const struct rota_evidence *evidence,
                           const struct evidence_ground *ground)
{
    char kid[ROTA_KID_CHARS + 1];
    const struct rota_epoch *epoch = rota_epoch_chain_find(&ground->epochs, evidence->epoch);
    if (evidence->kind == ROTA_EVIDENCE_COORDINATOR) {
        rota_hex_encode(kid, rota_view(evidence->first->jws.kid.b, ROTA_KID_BYTES));
        (void)snprintf(out, size, "key %s signed two different proposals with number %llu", kid,
                       (unsigned long long)evidence->first->seq);
    } else if (epoch != NULL && rota_placed_recoveries_excuse(&ground->recoveries, evidence)) {
        rota_evidence_amnesia_words(out, size, evidence, &epoch->membership);
    } else if (epoch != NULL) {
        rota_evidence_words(out, size, evidence, &epoch->membership);
    } else {
        (void)snprintf(out, size, "a member of epoch %u, which this ledger does not have", evidence->epoch);
    }
}

static json_t *evidence_object(const struct rota_evidence *evidence, const struct evidence_ground *ground, bool bytes)
{
    char words[256];
    json_t *object = rota_result_new("evidence");
    evidence_words(words, sizeof words, evidence, ground);
    rota_result_text(object, "kind", rota_evidence_name(evidence->kind));
    rota_result_hex(object, "id", rota_view(evidence->id.b, sizeof evidence->id.b));
    rota_result_text(object, "text", words);
    if (rota_placed_recoveries_excuse(&ground->recoveries, evidence))
        rota_result_set(object, "amnesia", json_true());
    if (bytes)
        rota_result_hex(object, "bytes", rota_view(evidence->bytes, evidence->len));
    return object;
}

/* kept: the file's node kept half of it beside the chain, and nobody ordered it. */
static void evidence_print(const struct rota_evidence *evidence, const struct evidence_ground *ground, uint64_t height,
                           bool kept)
{
    char words[256], id[2 * ROTA_HASH_BYTES + 1];
    evidence_words(words, sizeof words, evidence, ground);
    rota_hex_encode(id, rota_view(evidence->id.b, sizeof evidence->id.b));
    (void)printf("block %-6llu %-3s %s%s\n             id %s\n", (unsigned long long)height,
                 rota_evidence_name(evidence->kind), words, kept ? "; the block rests on one, this node kept the other" : "",
                 id);
}

/* ---- out of a ledger file --------------------------------------------------------------------------------------------- */

/* Calls fn with each piece until it says false. */
static struct rota_status evidence_each(struct rota_store *store,
                                        bool (*fn)(void *context, const struct rota_evidence *evidence, uint64_t height),
                                        void *context)
{
    struct rota_store_entry row;
    bool more = true;
    rota_store_rewind(store);
    while (more) {
        struct rota_evidence *evidence = NULL;
        struct rota_status status = rota_store_next_entry(&row, store);
        if (status.code == ROTA_NOT_FOUND)
            return rota_ok();
        ROTA_TRY(status);
        if (row.kind != ROTA_ENTRY_EVIDENCE)
            continue;
        ROTA_TRY(rota_evidence_parse(&evidence, row.bytes));
        more = fn(context, evidence, row.height);
        rota_evidence_release(evidence);
    }
    return rota_ok();
}

struct evidence_walk {
    const struct evidence_options *options;
    const struct evidence_ground *ground;
    bool kept;    /* what comes is not in the chain */
    json_t *list; /* NULL: words */
    uint32_t count;
    uint32_t excused; /* of these: a member that had lost its memory and said so */
    struct rota_status status;
};

static bool evidence_show(void *context, const struct rota_evidence *evidence, uint64_t height)
{
    struct evidence_walk *walk = context;
    walk->count++;
    walk->excused += rota_placed_recoveries_excuse(&walk->ground->recoveries, evidence);
    if (walk->list == NULL) {
        evidence_print(evidence, walk->ground, height, walk->kept);
        return true;
    }
    json_t *object = evidence_object(evidence, walk->ground, false);
    rota_result_number(object, "height", height);
    rota_result_set(object, "ordered", json_boolean(!walk->kept));
    (void)json_array_append_new(walk->list, object);
    return true;
}

/* In the chain, then beside it. */
static struct rota_status evidence_all(struct evidence_walk *walk,
                                       bool (*fn)(void *context, const struct rota_evidence *evidence, uint64_t height))
{
    ROTA_TRY(evidence_each(walk->ground->ledger, fn, walk));
    walk->kept = true;
    return rota_kept_views_each(walk->ground->ledger, &walk->ground->epochs, fn, walk);
}

static int evidence_list(struct evidence_walk *walk)
{
    const struct rota_common *common = &walk->options->common;
    walk->list = common->json ? json_array() : NULL;
    struct rota_status status = evidence_all(walk, evidence_show);
    if (common->json) {
        json_t *result = rota_result_new("evidence-list");
        rota_result_set(result, "evidence", walk->list);
        rota_result_print(result);
    } else if (walk->count == 0) {
        (void)puts("none: the ledger holds no evidence against anybody");
    }
    if (!rota_is_ok(status))
        return rota_wrong_status(common, status, "rota-verify says more", "cannot read %s", common->ledger);
    return walk->count > walk->excused ? ROTA_EXIT_EQUIVOCATION : ROTA_EXIT_DONE;
}

static bool evidence_write(void *context, const struct rota_evidence *evidence, uint64_t height)
{
    struct evidence_walk *walk = context;
    char id[2 * ROTA_HASH_BYTES + 1];
    (void)height;
    rota_hex_encode(id, rota_view(evidence->id.b, sizeof evidence->id.b));
    if (strncmp(id, walk->options->argument, strlen(walk->options->argument)) != 0 || walk->count > 0)
        return true;
    walk->count++;
    const char *path = walk->options->out != NULL ? walk->options->out : "-";
    if (!walk->options->common.json) {
        walk->status = rota_file_create(path, rota_view(evidence->bytes, evidence->len), 0644);
        return false;
    }
    json_t *object = evidence_object(evidence, walk->ground, true);
    char *text = json_dumps(object, JSON_INDENT(1));
    walk->status =
        text != NULL ? rota_file_create(path, rota_view_text(text), 0644) : rota_fail(ROTA_NO_MEMORY, "out of memory");
    free(text);
    json_decref(object);
    return false;
}

static int evidence_export(struct evidence_walk *walk)
{
    const struct rota_common *common = &walk->options->common;
    struct rota_status status = evidence_all(walk, evidence_write);
    if (!rota_is_ok(status))
        return rota_wrong_status(common, status, "rota-verify says more", "cannot read %s", common->ledger);
    if (!rota_is_ok(walk->status))
        return rota_wrong_status(common, walk->status, NULL, "cannot write %s", walk->options->out);
    if (walk->count == 0)
        return rota_wrong(common, ROTA_EXIT_NEGATIVE, "rota evidence list says what there is", "no evidence has the id %s",
                          walk->options->argument);
    return ROTA_EXIT_DONE;
}

static int evidence_ledger_run(void *input)
{
    const struct evidence_options *options = input;
    struct evidence_ground ground = {0};
    struct evidence_walk walk = {.options = options, .ground = &ground, .status = rota_ok()};
    int code = ground_open(&ground, &options->common);
    if (code == 0)
        code = options->common.command == &rota_command_evidence_list ? evidence_list(&walk) : evidence_export(&walk);
    ground_close(&ground);
    return code;
}

/* ---- verifying -----------------------------------------------------------------------------------------------------------
 */

/* The bytes themselves, or the member "bytes" of an object. */
static struct rota_status evidence_bytes(struct rota_blob *out, struct rota_view file)
{
    ROTA_CLEANUP(rota_json_release) json_t *object = NULL;
    struct rota_view hex;
    if (file.len == 0 || file.data[0] != '{') {
        out->data = malloc(file.len + 1);
        if (out->data == NULL)
            return rota_fail(ROTA_NO_MEMORY, "out of memory");
        memcpy(out->data, file.data, out->len = file.len);
        return rota_ok();
    }
    ROTA_TRY(rota_json_parse(&object, file, file.len));
    ROTA_TRY(rota_json_text(&hex, object, "bytes"));
    out->len = hex.len / 2;
    out->data = malloc(out->len + 1);
    if (out->data == NULL)
        return rota_fail(ROTA_NO_MEMORY, "out of memory");
    return rota_hex_decode(out->data, out->len, hex);
}

/* Every signature in it holds. */
static int evidence_say(const struct evidence_options *options, const struct rota_evidence *evidence,
                        const struct evidence_ground *ground)
{
    char words[256];
    bool excused = rota_placed_recoveries_excuse(&ground->recoveries, evidence);
    int code = excused ? ROTA_EXIT_NEGATIVE : ROTA_EXIT_EQUIVOCATION;
    if (options->common.json) {
        json_t *object = evidence_object(evidence, ground, false);
        rota_result_set(object, "proven", json_boolean(!excused));
        rota_result_print(object);
        return code;
    }
    evidence_words(words, sizeof words, evidence, ground);
    (void)printf("RESULT      %s (%s): %s\nledger      \"%s\"\n", excused ? "ACCUSES NOBODY" : "PROVEN",
                 rota_evidence_name(evidence->kind), words, ground->genesis.name.text);
    return code;
}

static int evidence_doubt(const struct evidence_options *options, const struct rota_evidence *evidence,
                          struct rota_status status)
{
    const struct rota_common *common = &options->common;
    if (rota_evidence_kid(evidence) != NULL && status.code == ROTA_UNKNOWN_KEY)
        return rota_wrong(common, ROTA_EXIT_INCONCLUSIVE, "give the ledger file that granted the key with --ledger",
                          "%s is about a key that is not named here", options->argument);
    if (evidence->kind != ROTA_EVIDENCE_COORDINATOR && status.code == ROTA_NOT_FOUND)
        return rota_wrong(common, ROTA_EXIT_INCONCLUSIVE, "give a ledger file that reaches that epoch with --ledger",
                          "%s is about a member of epoch %u", options->argument, evidence->epoch);
    return rota_wrong(common, ROTA_EXIT_NEGATIVE, "nobody is named by it", "%s proves NOTHING: %s", options->argument,
                      status.why);
}

static int evidence_judge(const struct evidence_options *options, const struct evidence_ground *ground,
                          struct rota_view file)
{
    ROTA_CLEANUP(rota_blob_free) struct rota_blob bytes = {0};
    struct rota_evidence *evidence = NULL;
    struct rota_status status = evidence_bytes(&bytes, file);
    if (rota_is_ok(status))
        status = rota_evidence_parse(&evidence, rota_blob_view(&bytes));
    if (!rota_is_ok(status))
        return rota_wrong_status(&options->common, status, NULL, "%s is no evidence", options->argument);
    const struct rota_epoch *epoch = rota_epoch_chain_find(&ground->epochs, evidence->epoch);
    struct rota_es256k_public key;
    bool has_key = evidence_key(&key, evidence, ground);
    status = epoch != NULL ? rota_evidence_verify(evidence, &epoch->membership, has_key ? &key : NULL)
                           : rota_fail(ROTA_NOT_FOUND, "it is of an epoch that is not known here");
    int code = rota_is_ok(status) ? evidence_say(options, evidence, ground) : evidence_doubt(options, evidence, status);
    rota_evidence_release(evidence);
    return code;
}

static int evidence_verify_run(void *input)
{
    const struct evidence_options *options = input;
    ROTA_CLEANUP(rota_blob_free) struct rota_blob file = {0};
    struct evidence_ground ground = {0};
    int code = ground_open(&ground, &options->common);
    struct rota_status status =
        code == 0 ? rota_file_read(&file, options->argument, 4 * ROTA_EVIDENCE_BYTES_MAX) : rota_ok();
    if (!rota_is_ok(status))
        code = rota_wrong_status(&options->common, status, NULL, "cannot read %s", options->argument);
    if (code == 0)
        code = evidence_judge(options, &ground, rota_blob_view(&file));
    ground_close(&ground);
    return code;
}

const struct rota_command rota_command_evidence_list = {.name = "evidence list",
                                                        .summary = "list the evidence in a ledger file",
                                                        .argp = &evidence_list_argp,
                                                        .uses = ROTA_USES_LEDGER | ROTA_USES_GENESIS,
                                                        .options_size = sizeof(struct evidence_options),
                                                        .run = evidence_ledger_run};
const struct rota_command rota_command_evidence_export = {.name = "evidence export",
                                                          .summary = "write one piece of evidence as a file",
                                                          .argp = &evidence_export_argp,
                                                          .uses = ROTA_USES_LEDGER | ROTA_USES_GENESIS,
                                                          .options_size = sizeof(struct evidence_options),
                                                          .run = evidence_ledger_run};
const struct rota_command rota_command_evidence_verify = {.name = "evidence verify",
                                                          .summary = "check evidence offline",
                                                          .argp = &evidence_verify_argp,
                                                          .uses = ROTA_USES_LEDGER | ROTA_USES_GENESIS,
                                                          .options_size = sizeof(struct evidence_options),
                                                          .run = evidence_verify_run};
