/* rota genesis show, seal, words. */
#include "ledger/proposal.h"
#include "node/tools/commands.h"
#include "node/tools/files.h"
#include "node/tools/genesis_words.h"
#include "node/tools/output.h"

#include "crypto/words.h"

struct genesis_options {
    struct rota_common common;
    const char *file;
    const char *out;
};

static error_t genesis_parse(int key, char *arg, struct argp_state *state)
{
    struct genesis_options *options = state->input;
    switch (key) {
    case 'o':
        options->out = arg;
        return 0;
    case ARGP_KEY_ARG:
        rota_usage_argument(state, &options->file, arg);
        return 0;
    case ARGP_KEY_END:
        if (options->file == NULL)
            rota_usage_fail(state, "which genesis file?");
        if (options->common.command == &rota_command_genesis_seal && options->out == NULL)
            rota_usage_fail(state, "needs --out: where the sealed genesis shall be written");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option genesis_seal_options[] = {
    {"out", 'o', "FILE", 0, "Where to write the sealed genesis; never over an existing file", 0}, {0}};

static const struct argp genesis_show_argp = {
    .parser = genesis_parse,
    .args_doc = "FILE",
    .doc = "Check a genesis or a draft of one and say in words who is in it and what the network tolerates."};
static const struct argp genesis_words_argp = {
    .parser = genesis_parse,
    .args_doc = "FILE",
    .doc =
        "Print the twelve words of a ledger's identity. Two people who read the same words to each other on the telephone "
        "have the same genesis, byte for byte."};
static const struct argp genesis_seal_argp = {
    .options = genesis_seal_options,
    .parser = genesis_parse,
    .args_doc = "DRAFT",
    .doc =
        "Check the draft once more, as strictly as every node will, and write its bytes. From then on no byte may change: "
        "the hash of the file is the ledger's identity."};

static int genesis_open(struct rota_genesis *out, const struct genesis_options *options)
{
    struct rota_status status = rota_genesis_load(out, options->file);
    if (rota_is_ok(status))
        return 0;
    return rota_wrong_status(&options->common, status, NULL, "%s is no valid genesis", options->file);
}

static void genesis_print_members(const struct rota_genesis *genesis)
{
    char roles[64];
    for (uint32_t i = 0; i < genesis->membership.count; i++)
        (void)printf("%s %2u  %-20s %s\n", i == 0 ? "members    " : "           ", i, genesis->membership.members[i].id.text,
                     genesis->membership.members[i].address);
    for (uint32_t i = 0; i < genesis->coordinator_count; i++) {
        rota_roles_in_words(roles, sizeof roles, genesis->coordinators[i].roles);
        (void)printf("%s %-24s %s at %s\n", i == 0 ? "signers    " : "           ", genesis->coordinators[i].label.text,
                     roles, genesis->coordinators[i].facility.text);
    }
}

static void genesis_print(const struct rota_genesis *genesis)
{
    const struct rota_membership *membership = &genesis->membership;
    char created[ROTA_TIME_CHARS_MAX];
    char tolerance[512];
    rota_time_format_minute(created, (int64_t)(genesis->created_ms / 60000));
    rota_genesis_tolerance(tolerance, sizeof tolerance, membership);
    (void)printf("name        %s\n", genesis->name.text);
    rota_ledger_id_print(stdout, &genesis->ledger_id);
    (void)printf("created     %s\nprofile     %s\nquorum      %u of %u\ntolerates   %s\n", created,
                 membership->profile == ROTA_PROFILE_CRASH ? "crash" : "byzantine",
                 rota_quorum(membership->count, membership->profile), membership->count, tolerance);
    genesis_print_members(genesis);
    (void)printf("people      %u\ncodes       %u\n", genesis->person_count, genesis->code_count);
    (void)printf("block       at most %u entries, %u bytes; %u in flight\n", genesis->limits.block_entries_max,
                 genesis->limits.block_bytes_max, genesis->limits.window);
}

static json_t *genesis_members(const struct rota_genesis *genesis)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < genesis->membership.count; i++) {
        json_t *member = json_object();
        rota_result_text(member, "id", genesis->membership.members[i].id.text);
        rota_result_text(member, "address", genesis->membership.members[i].address);
        rota_result_hex(member, "key", rota_view(genesis->membership.members[i].key.b, ROTA_ED25519_PUBLIC_BYTES));
        (void)json_array_append_new(list, member);
    }
    return list;
}

static json_t *genesis_coordinators(const struct rota_genesis *genesis)
{
    char roles[64];
    json_t *list = json_array();
    for (uint32_t i = 0; i < genesis->coordinator_count; i++) {
        const struct rota_genesis_coordinator *from = &genesis->coordinators[i];
        json_t *coordinator = json_object();
        rota_roles_in_words(roles, sizeof roles, from->roles);
        rota_result_text(coordinator, "label", from->label.text);
        rota_result_hex(coordinator, "kid", rota_view(from->key.kid.b, ROTA_KID_BYTES));
        rota_result_text(coordinator, "facility", from->facility.text);
        rota_result_text(coordinator, "roles", roles);
        (void)json_array_append_new(list, coordinator);
    }
    return list;
}

static json_t *genesis_result(const struct rota_genesis *genesis)
{
    const struct rota_membership *membership = &genesis->membership;
    char tolerance[512];
    json_t *result = rota_result_new("genesis");
    rota_genesis_tolerance(tolerance, sizeof tolerance, membership);
    rota_result_text(result, "name", genesis->name.text);
    rota_ledger_id_result(result, &genesis->ledger_id);
    rota_result_text(result, "profile", membership->profile == ROTA_PROFILE_CRASH ? "crash" : "byzantine");
    rota_result_number(result, "n", membership->count);
    rota_result_number(result, "f", rota_fault_bound(membership->count, membership->profile));
    rota_result_number(result, "quorum", rota_quorum(membership->count, membership->profile));
    rota_result_text(result, "tolerates", tolerance);
    rota_result_set(result, "members", genesis_members(genesis));
    rota_result_set(result, "coordinators", genesis_coordinators(genesis));
    rota_result_number(result, "people", genesis->person_count);
    rota_result_number(result, "codes", genesis->code_count);
    return result;
}

static int genesis_show_run(void *input)
{
    const struct genesis_options *options = input;
    ROTA_CLEANUP(rota_genesis_free) struct rota_genesis genesis = {0};
    int code = genesis_open(&genesis, options);
    if (code != 0)
        return code;
    if (options->common.json)
        rota_result_print(genesis_result(&genesis));
    else
        genesis_print(&genesis);
    return ROTA_EXIT_DONE;
}

static int genesis_words_run(void *input)
{
    const struct genesis_options *options = input;
    char words[ROTA_WORDS_CHARS_MAX];
    ROTA_CLEANUP(rota_genesis_free) struct rota_genesis genesis = {0};
    int code = genesis_open(&genesis, options);
    if (code != 0)
        return code;
    rota_words_format(words, &genesis.ledger_id);
    if (!options->common.json) {
        (void)puts(words);
        return ROTA_EXIT_DONE;
    }
    json_t *result = rota_result_new("genesis-words");
    rota_ledger_id_result(result, &genesis.ledger_id);
    rota_result_print(result);
    return ROTA_EXIT_DONE;
}

static int genesis_seal_run(void *input)
{
    const struct genesis_options *options = input;
    ROTA_CLEANUP(rota_genesis_free) struct rota_genesis genesis = {0};
    int code = genesis_open(&genesis, options);
    if (code != 0)
        return code;
    struct rota_status status = rota_file_create(options->out, rota_view(genesis.bytes, genesis.len), 0644);
    if (!rota_is_ok(status))
        return rota_wrong_status(&options->common, status, NULL, "cannot write %s", options->out);
    if (options->common.json) {
        json_t *result = genesis_result(&genesis);
        rota_result_text(result, "file", options->out);
        rota_result_print(result);
        return ROTA_EXIT_DONE;
    }
    (void)printf("sealed      %s\n", options->out);
    rota_ledger_id_print(stdout, &genesis.ledger_id);
    (void)printf("next        send the file to every facility, then read the twelve words to each other by telephone:\n"
                 "            whoever hears other words has another file. Then: rota node init --genesis %s ...\n",
                 options->out);
    return ROTA_EXIT_DONE;
}

const struct rota_command rota_command_genesis_show = {.name = "genesis show",
                                                       .summary = "check a genesis and say what is in it",
                                                       .argp = &genesis_show_argp,
                                                       .options_size = sizeof(struct genesis_options),
                                                       .run = genesis_show_run};
const struct rota_command rota_command_genesis_seal = {.name = "genesis seal",
                                                       .summary = "make a draft final",
                                                       .argp = &genesis_seal_argp,
                                                       .options_size = sizeof(struct genesis_options),
                                                       .run = genesis_seal_run};
const struct rota_command rota_command_genesis_words = {.name = "genesis words",
                                                        .summary = "print the twelve words of a genesis",
                                                        .argp = &genesis_words_argp,
                                                        .options_size = sizeof(struct genesis_options),
                                                        .run = genesis_words_run};
