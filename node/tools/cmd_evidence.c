/* rota evidence list, export, verify: what the ledger holds against somebody, as files that stand for themselves. */
#include "node/tools/commands.h"
#include "node/tools/evidence_ground.h"
#include "node/tools/files.h"

#include "ledger/audit/kept_views.h"

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
        "List the evidence in a ledger file, and what the NEW-VIEWs that its node kept prove beside the chain. Every "
        "signature "
        "in it is checked before anybody is named. Exit code 0: there is none; 4: there is, and it is proof; 1: what there "
        "is does not verify."};
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

static json_t *evidence_object(const struct rota_evidence *evidence, const struct rota_evidence_ground *ground,
                               struct rota_status verdict)
{
    char words[256];
    json_t *object = rota_result_new("evidence");
    rota_evidence_tell(words, sizeof words, evidence, ground, verdict);
    rota_result_text(object, "kind", rota_evidence_name(evidence->kind));
    rota_result_hex(object, "id", rota_view(evidence->id.b, sizeof evidence->id.b));
    rota_result_set(object, "verified", json_boolean(rota_is_ok(verdict)));
    rota_result_text(object, "text", words);
    if (rota_is_ok(verdict) && rota_evidence_excused(evidence, ground))
        rota_result_set(object, "amnesia", json_true());
    return object;
}

/* ---- out of a ledger file --------------------------------------------------------------------------------------------- */

struct evidence_piece {
    struct rota_evidence *evidence; /* owned */
    uint64_t height;
    bool kept;                  /* the file's node kept half of it beside the chain, and nobody ordered it */
    struct rota_status verdict; /* the file may be anybody's, and edited */
};

struct evidence_pieces {
    size_t count;
    struct evidence_piece *items; /* owned */
    struct rota_status status;    /* of those beside the chain */
};

static void pieces_free(struct evidence_pieces *pieces)
{
    for (size_t i = 0; i < pieces->count; i++)
        rota_evidence_release(pieces->items[i].evidence);
    free(pieces->items);
}

static struct rota_status pieces_add(struct evidence_pieces *pieces, struct rota_view bytes, uint64_t height, bool kept)
{
    struct evidence_piece *items = realloc(pieces->items, (pieces->count + 1) * sizeof *items);
    if (items == NULL)
        return rota_fail(ROTA_NO_MEMORY, "out of memory");
    pieces->items = items;
    items[pieces->count] = (struct evidence_piece){.height = height, .kept = kept};
    ROTA_TRY(rota_evidence_parse(&items[pieces->count].evidence, bytes));
    pieces->count++;
    return rota_ok();
}

static struct rota_status pieces_read_chain(struct evidence_pieces *pieces, struct rota_store *store)
{
    struct rota_store_entry row;
    rota_store_rewind(store);
    for (;;) {
        struct rota_status status = rota_store_next_entry(&row, store);
        if (status.code == ROTA_NOT_FOUND)
            return rota_ok();
        ROTA_TRY(status);
        if (row.kind == ROTA_ENTRY_EVIDENCE)
            ROTA_TRY(pieces_add(pieces, row.bytes, row.height, false));
    }
}

static bool pieces_add_kept(void *context, const struct rota_evidence *evidence, uint64_t height)
{
    struct evidence_pieces *pieces = context;
    pieces->status = pieces_add(pieces, rota_view(evidence->bytes, evidence->len), height, true);
    return rota_is_ok(pieces->status);
}

/* In the chain, then beside it. Each is judged when all are read, for that goes through the file again. */
static struct rota_status pieces_read(struct evidence_pieces *pieces, const struct rota_evidence_ground *ground)
{
    ROTA_TRY(pieces_read_chain(pieces, ground->ledger));
    ROTA_TRY(rota_kept_views_each(ground->ledger, &ground->epochs, pieces_add_kept, pieces));
    ROTA_TRY(pieces->status);
    for (size_t i = 0; i < pieces->count; i++)
        pieces->items[i].verdict = rota_evidence_judge(pieces->items[i].evidence, ground);
    return rota_ok();
}

static void piece_print(const struct evidence_piece *piece, const struct rota_evidence_ground *ground)
{
    char words[256], id[2 * ROTA_HASH_BYTES + 1];
    rota_evidence_tell(words, sizeof words, piece->evidence, ground, piece->verdict);
    rota_hex_encode(id, rota_view(piece->evidence->id.b, sizeof piece->evidence->id.b));
    (void)printf("block %-6llu %-3s %s%s\n             id %s\n", (unsigned long long)piece->height,
                 rota_evidence_name(piece->evidence->kind), words,
                 piece->kept ? "; the block rests on one, this node kept the other" : "", id);
}

static json_t *piece_object(const struct evidence_piece *piece, const struct rota_evidence_ground *ground)
{
    json_t *object = evidence_object(piece->evidence, ground, piece->verdict);
    rota_result_number(object, "height", piece->height);
    rota_result_set(object, "ordered", json_boolean(!piece->kept));
    return object;
}

static void list_print(const struct evidence_pieces *pieces, const struct rota_evidence_ground *ground, bool json)
{
    json_t *list = json ? json_array() : NULL;
    for (size_t i = 0; i < pieces->count; i++) {
        if (list != NULL)
            (void)json_array_append_new(list, piece_object(&pieces->items[i], ground));
        else
            piece_print(&pieces->items[i], ground);
    }
    if (list != NULL) {
        json_t *result = rota_result_new("evidence-list");
        rota_result_set(result, "evidence", list);
        rota_result_print(result);
    } else if (pieces->count == 0) {
        (void)puts("none: the ledger holds no evidence against anybody");
    }
}

static void evidence_remark_doubt(const struct rota_common *common)
{
    rota_remark(common,
                "what does not verify was not ordered by honest facilities\nnext: rota-verify %s --genesis %s says "
                "what is wrong with the file",
                common->ledger, common->genesis);
}

static int evidence_list(const struct evidence_options *options, const struct evidence_pieces *pieces,
                         const struct rota_evidence_ground *ground)
{
    size_t accusing = 0, doubtful = 0;
    list_print(pieces, ground, options->common.json);
    for (size_t i = 0; i < pieces->count; i++) {
        bool proven = rota_is_ok(pieces->items[i].verdict);
        accusing += proven && !rota_evidence_excused(pieces->items[i].evidence, ground);
        doubtful += !proven;
    }
    if (doubtful > 0)
        evidence_remark_doubt(&options->common);
    return accusing > 0 ? ROTA_EXIT_EQUIVOCATION : doubtful > 0 ? ROTA_EXIT_NEGATIVE : ROTA_EXIT_DONE;
}

/* The bytes, or with --json an object that holds them. */
static struct rota_status export_write(const struct evidence_options *options, const struct evidence_piece *piece,
                                       const struct rota_evidence_ground *ground)
{
    const char *path = options->out != NULL ? options->out : "-";
    struct rota_view bytes = rota_view(piece->evidence->bytes, piece->evidence->len);
    if (!options->common.json)
        return rota_file_create(path, bytes, 0644);
    ROTA_CLEANUP(rota_json_release) json_t *object = evidence_object(piece->evidence, ground, piece->verdict);
    rota_result_hex(object, "bytes", bytes);
    char *text = json_dumps(object, JSON_INDENT(1));
    struct rota_status status =
        text != NULL ? rota_file_create(path, rota_view_text(text), 0644) : rota_fail(ROTA_NO_MEMORY, "out of memory");
    free(text);
    return status;
}

static bool piece_is_called(const struct evidence_piece *piece, const char *beginning)
{
    char id[2 * ROTA_HASH_BYTES + 1];
    rota_hex_encode(id, rota_view(piece->evidence->id.b, sizeof piece->evidence->id.b));
    return strncmp(id, beginning, strlen(beginning)) == 0;
}

static int evidence_export(const struct evidence_options *options, const struct evidence_pieces *pieces,
                           const struct rota_evidence_ground *ground)
{
    const struct rota_common *common = &options->common;
    size_t i = 0;
    while (i < pieces->count && !piece_is_called(&pieces->items[i], options->argument))
        i++;
    if (i == pieces->count)
        return rota_wrong(common, ROTA_EXIT_NEGATIVE, "rota evidence list says what there is", "no evidence has the id %s",
                          options->argument);
    struct rota_status status = export_write(options, &pieces->items[i], ground);
    if (!rota_is_ok(status))
        return rota_wrong_status(common, status, NULL, "cannot write %s", options->out);
    if (!rota_is_ok(pieces->items[i].verdict))
        evidence_remark_doubt(common);
    return ROTA_EXIT_DONE;
}

static int evidence_ledger_run(void *input)
{
    const struct evidence_options *options = input;
    struct rota_evidence_ground ground = {0};
    ROTA_CLEANUP(pieces_free) struct evidence_pieces pieces = {.status = rota_ok()};
    int code = rota_evidence_ground_open(&ground, &options->common);
    struct rota_status status = code == 0 ? pieces_read(&pieces, &ground) : rota_ok();
    if (!rota_is_ok(status))
        code =
            rota_wrong_status(&options->common, status, "rota-verify says more", "cannot read %s", options->common.ledger);
    else if (code == 0)
        code = options->common.command == &rota_command_evidence_list ? evidence_list(options, &pieces, &ground)
                                                                      : evidence_export(options, &pieces, &ground);
    rota_evidence_ground_close(&ground);
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
                        const struct rota_evidence_ground *ground)
{
    char words[256];
    bool excused = rota_evidence_excused(evidence, ground);
    int code = excused ? ROTA_EXIT_NEGATIVE : ROTA_EXIT_EQUIVOCATION;
    if (options->common.json) {
        json_t *object = evidence_object(evidence, ground, rota_ok());
        rota_result_set(object, "proven", json_boolean(!excused));
        rota_result_print(object);
        return code;
    }
    rota_evidence_tell(words, sizeof words, evidence, ground, rota_ok());
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

static int evidence_judge(const struct evidence_options *options, const struct rota_evidence_ground *ground,
                          struct rota_view file)
{
    ROTA_CLEANUP(rota_blob_free) struct rota_blob bytes = {0};
    struct rota_evidence *evidence = NULL;
    struct rota_status status = evidence_bytes(&bytes, file);
    if (rota_is_ok(status))
        status = rota_evidence_parse(&evidence, rota_blob_view(&bytes));
    if (!rota_is_ok(status))
        return rota_wrong_status(&options->common, status, NULL, "%s is no evidence", options->argument);
    status = rota_evidence_judge(evidence, ground);
    int code = rota_is_ok(status) ? evidence_say(options, evidence, ground) : evidence_doubt(options, evidence, status);
    rota_evidence_release(evidence);
    return code;
}

static int evidence_verify_run(void *input)
{
    const struct evidence_options *options = input;
    ROTA_CLEANUP(rota_blob_free) struct rota_blob file = {0};
    struct rota_evidence_ground ground = {0};
    int code = rota_evidence_ground_open(&ground, &options->common);
    struct rota_status status =
        code == 0 ? rota_file_read(&file, options->argument, 4 * ROTA_EVIDENCE_BYTES_MAX) : rota_ok();
    if (!rota_is_ok(status))
        code = rota_wrong_status(&options->common, status, NULL, "cannot read %s", options->argument);
    if (code == 0)
        code = evidence_judge(options, &ground, rota_blob_view(&file));
    rota_evidence_ground_close(&ground);
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
