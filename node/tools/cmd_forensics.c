/* rota forensics: two histories, and who signed both. */
#include "node/tools/commands.h"
#include "node/tools/files.h"
#include "node/tools/forensics_input.h"
#include "node/tools/output.h"

#include <stdlib.h>

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
            rota_usage_fail(state, "needs two files: two ledger files, or two certificates or receipts");
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
           "certificates or receipts. They may be of different epochs: who the members were follows from the files and the "
           "receipts. Everybody named is proven by evidence of its own. Exit code 4: enough members are named; 3: not all "
           "liars are proven, or nothing follows from the two; 0: there is one history, or administrators gave one up."};

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

static json_t *forensics_members(const struct rota_forensics *found)
{
    const struct rota_membership *membership = &found->epoch.membership;
    json_t *list = json_array();
    for (uint32_t i = 0; i < membership->count; i++)
        if (found->culprits >> i & 1)
            (void)json_array_append_new(list, json_string(membership->members[i].id.text));
    return list;
}

static void forensics_words(char *out, size_t size, const struct rota_forensics *found, uint32_t i)
{
    if (i < found->count)
        rota_evidence_words(out, size, found->evidence[i], &found->epoch.membership);
    else
        rota_evidence_amnesia_words(out, size, found->evidence[i], &found->epoch.membership);
}

static void forensics_print_json(const struct rota_forensics *found)
{
    static const char *const verdicts[] = {"one-history", "named", "too-few", "undecided", "given-up"};
    const struct rota_membership *membership = &found->epoch.membership;
    json_t *result = rota_result_new("forensics"), *list = json_array();
    rota_result_text(result, "verdict", verdicts[found->verdict]);
    rota_result_number(result, "epoch", membership->epoch);
    rota_result_number(result, "expected", found->expected);
    rota_result_set(result, "culprits", forensics_members(found));
    rota_result_number(result, "new_views", found->new_views);
    for (uint32_t i = 0; i < found->count + found->excused; i++) {
        char words[256];
        json_t *item = json_object();
        forensics_words(words, sizeof words, found, i);
        if (i >= found->count)
            rota_result_set(item, "amnesia", json_true());
        rota_result_text(item, "kind", rota_evidence_name(found->evidence[i]->kind));
        rota_result_text(item, "member", membership->members[found->evidence[i]->member].id.text);
        rota_result_text(item, "text", words);
        rota_result_hex(item, "id", rota_view(found->evidence[i]->id.b, ROTA_HASH_BYTES));
        (void)json_array_append_new(list, item);
    }
    rota_result_set(result, "evidence", list);
    rota_result_print(result);
}

static void forensics_print_histories(const struct rota_forensics *found)
{
    for (int i = 0; i < 2; i++) {
        const struct rota_vote *vote = &found->certificates[i].vote;
        char hex[2 * ROTA_HASH_BYTES + 1];
        rota_hex_encode(hex, rota_view(vote->block.b, sizeof vote->block.b));
        (void)printf("history %c   block %llu, %.16s..., committed in view %llu of epoch %u%s\n", i == 0 ? 'a' : 'b',
                     (unsigned long long)vote->height, hex, (unsigned long long)vote->view, found->certificates[i].epoch,
                     found->ends_epoch[i] ? ", which ends with it" : "");
    }
}

/* Why nobody, or not everybody, is named. */
static void forensics_print_why(const struct rota_forensics *found)
{
    if (found->verdict == ROTA_FORENSICS_TOO_FEW)
        (void)puts(
            "next        give the ledger files of other facilities with --witness: the NEW-VIEWs between the two views "
            "tell who hid what");
    if (found->verdict == ROTA_FORENSICS_UNDECIDED)
        (void)puts("next        the blocks are of different heights, and these files do not show whether one chain holds "
                   "both: give two ledger files, or receipts");
    if (found->verdict == ROTA_FORENSICS_GIVEN_UP)
        (void)puts("why         that is what a recovery manifest is for: administrators decide it, openly, and no member "
                   "lies by it; rota-verify says who approved");
    if (found->verdict == ROTA_FORENSICS_TOO_FEW &&
        found->certificates[0].vote.height != found->certificates[1].vote.height &&
        (found->ends_epoch[0] || found->ends_epoch[1]))
        (void)puts("why         a block was certified above the one that ended the epoch. Whoever prepared it lied, but no "
                   "two signatures of one member show that unless the chains part below");
}

static void forensics_print(const struct rota_forensics *found)
{
    const struct rota_membership *membership = &found->epoch.membership;
    switch (found->verdict) {
    case ROTA_FORENSICS_NO_CONFLICT:
        (void)puts("RESULT      ONE HISTORY: these two do not exclude each other");
        return;
    case ROTA_FORENSICS_UNDECIDED:
        (void)puts("RESULT      UNDECIDED: nothing shows that these two exclude each other, or that they do not");
        break;
    case ROTA_FORENSICS_GIVEN_UP:
        (void)puts("RESULT      GIVEN UP: one of the two was given up by a recovery manifest");
        break;
    case ROTA_FORENSICS_NAMED:
    case ROTA_FORENSICS_TOO_FEW:
        (void)printf("RESULT      TWO HISTORIES: %u of at least %u liars among the members of epoch %u are proven\n",
                     (uint32_t)__builtin_popcount(found->culprits), found->expected, membership->epoch);
        break;
    }
    forensics_print_histories(found);
    for (uint32_t i = 0; i < found->count + found->excused; i++) {
        char words[256];
        forensics_words(words, sizeof words, found, i);
        (void)printf("%-11s %-3s %s\n", i < found->count ? "proven" : "no lie", rota_evidence_name(found->evidence[i]->kind),
                     words);
    }
    forensics_print_why(found);
}

/* ---- running ------------------------------------------------------------------------------------------------------------
 */

static int forensics_tell(const struct forensics_options *options, const struct rota_forensics *found)
{
    static const int codes[] = {ROTA_EXIT_DONE, ROTA_EXIT_EQUIVOCATION, ROTA_EXIT_INCONCLUSIVE, ROTA_EXIT_INCONCLUSIVE,
                                ROTA_EXIT_DONE};
    bool parted = found->verdict != ROTA_FORENSICS_NO_CONFLICT;
    struct rota_status status = parted && options->out != NULL ? forensics_write(options->out, found) : rota_ok();
    if (!rota_is_ok(status))
        return rota_wrong_status(&options->common, status, NULL, "cannot write %s", options->out);
    if (options->common.json)
        forensics_print_json(found);
    else
        forensics_print(found);
    return codes[found->verdict];
}

static int forensics_run(void *input)
{
    const struct forensics_options *options = input;
    struct rota_forensics found = {0};
    struct rota_forensics_files *files = calloc(1, sizeof *files);
    if (files == NULL)
        return rota_wrong_status(&options->common, rota_fail(ROTA_NO_MEMORY, "out of memory"), NULL, "cannot begin");
    int code =
        rota_forensics_files_open(files, &options->common, options->sides, options->witnesses, options->witness_count);
    if (code == 0) {
        struct rota_status status = rota_forensics_files_judge(&found, files);
        if (rota_is_ok(status))
            code = forensics_tell(options, &found);
        else
            code = rota_wrong_status(&options->common, status, "rota-verify says more of a ledger file",
                                     "nothing can be found out");
    }
    rota_forensics_free(&found);
    rota_forensics_files_close(files);
    free(files);
    return code;
}

const struct rota_command rota_command_forensics = {.name = "forensics",
                                                    .summary = "find out who lied when there are two histories",
                                                    .argp = &forensics_argp,
                                                    .uses = ROTA_USES_GENESIS,
                                                    .options_size = sizeof(struct forensics_options),
                                                    .run = forensics_run};
