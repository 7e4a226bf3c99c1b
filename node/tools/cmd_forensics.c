/* rota forensics: two histories, and who signed both. */
#include "node/tools/commands.h"
#include "node/tools/files.h"
#include "node/tools/ledger_file.h"
#include "node/tools/output.h"

#include "ledger/audit/forensics.h"

#include <stdlib.h>

enum { FORENSICS_WITNESSES_MAX = 16 };

struct forensics_options {
    struct rota_common common;
    uint32_t side_count;
    const char *sides[2];
    uint32_t witness_count;
    const char *witnesses[FORENSICS_WITNESSES_MAX];
    const char *out;
};

static error_t forensics_parse(int key, char *arg, struct argp_state *state)
{
    struct forensics_options *options = state->input;
    switch (key) {
    case 'w':
        if (options->witness_count == FORENSICS_WITNESSES_MAX)
            rota_usage_fail(state, "so many witnesses are too many");
        options->witnesses[options->witness_count++] = arg;
        return 0;
    case 'o':
        options->out = arg;
        return 0;
    case ARGP_KEY_ARG:
        if (options->side_count == 2)
            rota_usage_fail(state, "takes two files: \"%s\" is a third", arg);
        options->sides[options->side_count++] = arg;
        return 0;
    case ARGP_KEY_END:
        if (options->side_count != 2)
            rota_usage_fail(state, "needs two files: two certificates, or two ledger files");
        if (options->common.genesis == NULL)
            rota_usage_fail(state, "needs --genesis: signatures prove something only against a genesis that you trust");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option forensics_argp_options[] = {
    {"witness", 'w', "FILE", 0, "A ledger file whose NEW-VIEWs may tell who lied; may be given several times", 0},
    {"out", 'o', "PREFIX", 0, "Write PREFIX-a.certificate, PREFIX-b.certificate, PREFIX-1.evidence ...", 0},
    {0}};

static const struct argp forensics_argp = {
    .options = forensics_argp_options,
    .parser = forensics_parse,
    .args_doc = "FILE FILE",
    .doc = "Find out who lied when a ledger has two histories: from two ledger files that differ, or from two commit "
           "certificates "
           "for one height. Everybody named is proven by evidence of its own. Exit code 4: enough members are named; 3: "
           "there are two histories, but not all liars are proven; 0: there is one history."};

/* ---- input --------------------------------------------------------------------------------------------------------------
 */

/* Opened files: the two sides when they are ledgers, then the witnesses. */
struct forensics_files {
    struct rota_genesis genesis;
    uint32_t count;
    struct rota_store *stores[2 + FORENSICS_WITNESSES_MAX];
};

static void forensics_close(struct forensics_files *files)
{
    for (uint32_t i = 0; i < files->count; i++)
        rota_store_close(files->stores[i]);
    rota_genesis_free(&files->genesis);
}

static int forensics_open(struct forensics_files *files, const struct rota_common *common, const char *path)
{
    int code = rota_ledger_file_open(&files->stores[files->count], &files->genesis, common, path);
    files->count += code == 0;
    return code;
}

/* A certificate as FORMATS §7 writes it. ROTA_UNSUPPORTED: it is a ledger file. */
static struct rota_status forensics_certificate(struct rota_certificate *out, const char *path)
{
    static const char magic[] = "SQLite format 3";
    ROTA_CLEANUP(rota_blob_free) struct rota_blob blob = {0};
    struct rota_status status = rota_file_read(&blob, path, ROTA_CERTIFICATE_BYTES_MAX);
    if (status.code == ROTA_TOO_LARGE || (blob.len >= sizeof magic && memcmp(blob.data, magic, sizeof magic) == 0))
        return rota_fail(ROTA_UNSUPPORTED, "a ledger file");
    ROTA_TRY(status);
    struct rota_reader reader = rota_reader(rota_blob_view(&blob));
    rota_certificate_decode(&reader, out);
    return rota_reader_finish(&reader);
}

/* ---- output -------------------------------------------------------------------------------------------------------------
 */

static struct rota_status forensics_write_one(const char *prefix, const char *suffix, struct rota_view bytes)
{
    char path[4096];
    int length = snprintf(path, sizeof path, "%s-%s", prefix, suffix);
    if (length < 0 || (size_t)length >= sizeof path)
        return rota_fail(ROTA_USAGE, "the name is too long");
    return rota_file_create(path, bytes, 0644);
}

static struct rota_status forensics_write(const char *prefix, const struct rota_forensics *found)
{
    static const char *const names[] = {"a.certificate", "b.certificate"};
    for (int i = 0; i < 2; i++) {
        uint8_t bytes[ROTA_CERTIFICATE_BYTES_MAX];
        struct rota_writer writer = rota_writer(bytes, sizeof bytes);
        rota_certificate_encode(&writer, &found->certificates[i]);
        ROTA_TRY(forensics_write_one(prefix, names[i], rota_view(bytes, writer.len)));
    }
    for (uint32_t i = 0; i < found->count; i++) {
        char suffix[32];
        (void)snprintf(suffix, sizeof suffix, "%u.evidence", i + 1);
        ROTA_TRY(forensics_write_one(prefix, suffix, rota_view(found->evidence[i]->bytes, found->evidence[i]->len)));
    }
    return rota_ok();
}

static json_t *forensics_members(const struct rota_forensics *found, const struct rota_membership *membership)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < membership->count; i++)
        if (found->culprits >> i & 1)
            (void)json_array_append_new(list, json_string(membership->members[i].id.text));
    return list;
}

static void forensics_print_json(const struct rota_forensics *found, const struct rota_membership *membership)
{
    static const char *const verdicts[] = {"one-history", "named", "too-few"};
    json_t *result = rota_result_new("forensics"), *list = json_array();
    rota_result_text(result, "verdict", verdicts[found->verdict]);
    rota_result_number(result, "expected", found->expected);
    rota_result_set(result, "culprits", forensics_members(found, membership));
    rota_result_number(result, "new_views", found->new_views);
    for (uint32_t i = 0; i < found->count; i++) {
        char words[256];
        json_t *item = json_object();
        rota_evidence_words(words, sizeof words, found->evidence[i], membership);
        rota_result_text(item, "kind", rota_evidence_name(found->evidence[i]->kind));
        rota_result_text(item, "member", membership->members[found->evidence[i]->member].id.text);
        rota_result_text(item, "text", words);
        rota_result_hex(item, "id", rota_view(found->evidence[i]->id.b, ROTA_HASH_BYTES));
        (void)json_array_append_new(list, item);
    }
    rota_result_set(result, "evidence", list);
    rota_result_print(result);
}

static void forensics_print(const struct rota_forensics *found, const struct rota_membership *membership)
{
    uint32_t named = (uint32_t)__builtin_popcount(found->culprits);
    if (found->verdict == ROTA_FORENSICS_NO_CONFLICT) {
        (void)puts("RESULT      ONE HISTORY: these two do not exclude each other");
        return;
    }
    (void)printf("RESULT      TWO HISTORIES: %u of at least %u liars are proven\n", named, found->expected);
    for (int i = 0; i < 2; i++) {
        const struct rota_vote *vote = &found->certificates[i].vote;
        char hex[2 * ROTA_HASH_BYTES + 1];
        rota_hex_encode(hex, rota_view(vote->block.b, sizeof vote->block.b));
        (void)printf("history %c   block %llu, %.16s..., committed in view %llu\n", i == 0 ? 'a' : 'b',
                     (unsigned long long)vote->height, hex, (unsigned long long)vote->view);
    }
    for (uint32_t i = 0; i < found->count; i++) {
        char words[256];
        rota_evidence_words(words, sizeof words, found->evidence[i], membership);
        (void)printf("proven      %-3s %s\n", rota_evidence_name(found->evidence[i]->kind), words);
    }
    if (found->verdict == ROTA_FORENSICS_TOO_FEW)
        (void)puts(
            "next        give the ledger files of other facilities with --witness: the NEW-VIEWs between the two views "
            "tell who hid what");
}

/* ---- running ------------------------------------------------------------------------------------------------------------
 */

static int forensics_tell(const struct forensics_options *options, const struct rota_forensics *found,
                          const struct rota_membership *membership)
{
    static const int codes[] = {ROTA_EXIT_DONE, ROTA_EXIT_EQUIVOCATION, ROTA_EXIT_INCONCLUSIVE};
    struct rota_status status = options->out != NULL ? forensics_write(options->out, found) : rota_ok();
    if (!rota_is_ok(status))
        return rota_wrong_status(&options->common, status, NULL, "cannot write %s", options->out);
    if (options->common.json)
        forensics_print_json(found, membership);
    else
        forensics_print(found, membership);
    return codes[found->verdict];
}

/* Both sides are certificates, or both are ledgers. 0, or the exit code after a complaint. */
static int forensics_find(struct rota_forensics *out, struct forensics_files *files, const struct forensics_options *options)
{
    const struct rota_common *common = &options->common;
    struct rota_certificate certificates[2];
    struct rota_status status[2];
    for (int i = 0; i < 2; i++)
        status[i] = forensics_certificate(&certificates[i], options->sides[i]);
    bool ledgers = status[0].code == ROTA_UNSUPPORTED && status[1].code == ROTA_UNSUPPORTED;
    for (int i = 0; i < 2 && !ledgers; i++)
        if (!rota_is_ok(status[i]))
            return rota_wrong_status(common, status[i], "give two certificates, or two ledger files", "%s is no certificate",
                                     options->sides[i]);
    int code = 0;
    for (uint32_t i = 0; i < 2 && ledgers && code == 0; i++)
        code = forensics_open(files, common, options->sides[i]);
    for (uint32_t i = 0; i < options->witness_count && code == 0; i++)
        code = forensics_open(files, common, options->witnesses[i]);
    if (code != 0)
        return code;
    struct rota_forensics_witness witnesses[2 + FORENSICS_WITNESSES_MAX];
    for (uint32_t i = 0; i < files->count; i++)
        witnesses[i] = rota_forensics_witness_of(files->stores[i]);
    struct rota_forensics_input input = {.membership = &files->genesis.membership,
                                         .certificates = {&certificates[0], &certificates[1]},
                                         .witnesses = witnesses,
                                         .witness_count = files->count};
    struct rota_status found = ledgers
                                   ? rota_forensics_of_ledgers(out, input.membership, files->stores, witnesses, files->count)
                                   : rota_forensics_run(out, &input);
    if (!rota_is_ok(found) && found.code != ROTA_NOT_FOUND)
        return rota_wrong_status(common, found, "rota-verify says more of a ledger file", "nothing can be found out");
    return 0;
}

static int forensics_run(void *input)
{
    const struct forensics_options *options = input;
    struct forensics_files files = {0};
    struct rota_forensics found = {0};
    struct rota_status status = rota_genesis_load(&files.genesis, options->common.genesis);
    if (!rota_is_ok(status))
        return rota_wrong_status(&options->common, status, NULL, "%s is no valid genesis", options->common.genesis);
    int code = forensics_find(&found, &files, options);
    if (code == 0)
        code = forensics_tell(options, &found, &files.genesis.membership);
    rota_forensics_free(&found);
    forensics_close(&files);
    return code;
}

const struct rota_command rota_command_forensics = {.name = "forensics",
                                                    .summary = "find out who lied when there are two histories",
                                                    .argp = &forensics_argp,
                                                    .uses = ROTA_USES_GENESIS,
                                                    .options_size = sizeof(struct forensics_options),
                                                    .run = forensics_run};
