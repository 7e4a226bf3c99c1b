/* rota key generate, rota key show. */
#include "ledger/proposal.h"
#include "node/tools/commands.h"
#include "node/tools/files.h"
#include "node/tools/key_open.h"
#include "node/tools/output.h"
#include "node/tools/seq_file.h"

#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { KEY_OPTION_ROLE = 'r', KEY_OPTION_LABEL = 'l', KEY_OPTION_OUT = 'o' };

struct key_options {
    struct rota_common common;
    bool has_role;
    enum rota_key_role role;
    struct rota_token label;
    const char *out;
    const char *file;
};

static void key_take_role(struct key_options *options, const struct argp_state *state, const char *text)
{
    options->has_role = true;
    if (strcmp(text, "facility") == 0)
        options->role = ROTA_KEY_FACILITY;
    else if (strcmp(text, "coordinator") == 0)
        options->role = ROTA_KEY_COORDINATOR;
    else if (strcmp(text, "admin") == 0)
        options->role = ROTA_KEY_ADMIN;
    else
        rota_usage_fail(state, "--role is facility, coordinator or admin, not \"%s\"", text);
}

static error_t key_generate_parse(int key, char *arg, struct argp_state *state)
{
    struct key_options *options = state->input;
    switch (key) {
    case KEY_OPTION_ROLE:
        key_take_role(options, state, arg);
        return 0;
    case KEY_OPTION_LABEL:
        if (!rota_is_ok(rota_token_parse(&options->label, rota_view_text(arg))))
            rota_usage_fail(state, "--label must be 1 to 32 of A-Z a-z 0-9 . _ -, not \"%s\"", arg);
        return 0;
    case KEY_OPTION_OUT:
        options->out = arg;
        return 0;
    case ARGP_KEY_END:
        if (!options->has_role || options->label.text[0] == '\0' || options->out == NULL)
            rota_usage_fail(state, "needs --role, --label and --out");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option key_generate_options[] = {
    {"role", KEY_OPTION_ROLE, "ROLE", 0,
     "facility (a node signs with it), coordinator (a person signs proposals with it) or admin (approves of changes of "
     "membership)",
     0},
    {"label", KEY_OPTION_LABEL, "LABEL", 0, "What the key is called in the ledger; a facility's label is its member id", 0},
    {"out", KEY_OPTION_OUT, "NAME", 0, "Write NAME.key (secret, 0600) and NAME.pub (may be mailed)", 0},
    {0}};

static const struct argp key_generate_argp = {
    .options = key_generate_options,
    .parser = key_generate_parse,
    .doc = "Make a key pair. The secret half is kept under a passphrase; the public half proves that its maker holds the "
           "secret. Nothing is ever overwritten."};

static error_t key_show_parse(int key, char *arg, struct argp_state *state)
{
    struct key_options *options = state->input;
    if (key == ARGP_KEY_ARG) {
        rota_usage_argument(state, &options->file, arg);
        return 0;
    }
    if (key == ARGP_KEY_END && options->file == NULL)
        rota_usage_fail(state, "which key file?");
    return key == ARGP_KEY_END ? 0 : ARGP_ERR_UNKNOWN;
}

static const struct argp key_show_argp = {.parser = key_show_parse,
                                          .args_doc = "FILE",
                                          .doc = "Show what a .pub or .key file says. The secret is never shown, and no "
                                                 "passphrase is asked for."};

/* The raw public key and, for coordinators, its kid in hex. */
static struct rota_view key_bytes(const struct rota_public_key *key)
{
    if (rota_key_role_is_ed25519(key->role))
        return rota_view(key->facility.b, sizeof key->facility.b);
    return rota_view(key->coordinator.compressed, sizeof key->coordinator.compressed);
}

static void key_describe(json_t *result, const struct rota_public_key *key)
{
    rota_result_text(result, "role", rota_key_role_name(key->role));
    rota_result_text(result, "label", key->label.text);
    rota_result_hex(result, "public_key", key_bytes(key));
    if (key->role == ROTA_KEY_COORDINATOR)
        rota_result_hex(result, "kid", rota_view(key->coordinator.kid.b, ROTA_KID_BYTES));
}

static void key_print(const struct rota_public_key *key)
{
    char hex[2 * ROTA_ES256K_PUBLIC_BYTES + 1];
    rota_hex_encode(hex, key_bytes(key));
    (void)printf("role        %s\nlabel       %s\npublic key  %s\n", rota_key_role_name(key->role), key->label.text, hex);
    if (key->role != ROTA_KEY_COORDINATOR)
        return;
    rota_hex_encode(hex, rota_view(key->coordinator.kid.b, ROTA_KID_BYTES));
    (void)printf("kid         %s\n", hex);
}

/* The passphrase for a new key, then the key file. */
static int key_write_secret(const struct key_options *options, const struct rota_secret_key *key, const char *path)
{
    char passphrase[ROTA_PASSPHRASE_BYTES_MAX];
    char today[ROTA_TIME_CHARS_MAX];
    struct rota_status status = rota_passphrase_read(passphrase, sizeof passphrase, &options->common.passphrase, path, true);
    if (!rota_is_ok(status))
        return rota_wrong_status(&options->common, status, "give --passphrase-file FILE or --passphrase-fd N",
                                 "no passphrase for the new key");
    rota_time_format_day(today, (int32_t)(time(NULL) / 86400));
    status = rota_keyfile_write(path, key, passphrase, today);
    sodium_memzero(passphrase, sizeof passphrase);
    if (!rota_is_ok(status))
        return rota_wrong_status(&options->common, status, NULL, "cannot write %s", path);
    return 0;
}

/* Public half and, for a coordinator, the record of used numbers. */
static int key_write_public(const struct key_options *options, const struct rota_public_key *key, const char *secret_path,
                            const char *public_path)
{
    char line[ROTA_PUBLIC_LINE_CHARS_MAX + 1];
    struct rota_status status = rota_ok();
    rota_public_key_format(line, key);
    (void)strcat(line, "\n");
    if (key->role == ROTA_KEY_COORDINATOR)
        status = rota_seq_create(secret_path);
    if (!rota_is_ok(status))
        return rota_wrong_status(&options->common, status, NULL, "cannot write %s.seq", secret_path);
    status = rota_file_create(public_path, rota_view_text(line), 0644);
    if (!rota_is_ok(status))
        return rota_wrong_status(&options->common, status, NULL, "cannot write %s", public_path);
    return 0;
}

static int key_report(const struct key_options *options, const struct rota_public_key *key, const char *secret_path,
                      const char *public_path)
{
    if (!options->common.json) {
        key_print(key);
        (void)printf(
            "\nsecret      %s (keep it; back it up with its passphrase)\npublic      %s (send it to whoever makes the "
            "genesis)\n",
            secret_path, public_path);
        return ROTA_EXIT_DONE;
    }
    json_t *result = rota_result_new("key");
    key_describe(result, key);
    rota_result_text(result, "secret_file", secret_path);
    rota_result_text(result, "public_file", public_path);
    rota_result_print(result);
    return ROTA_EXIT_DONE;
}

static int key_generate(const struct key_options *options, struct rota_secret_key *secret, const char *secret_path,
                        const char *public_path)
{
    struct rota_public_key public_key;
    struct rota_status status = rota_secret_key_generate(secret, options->role, &options->label);
    if (rota_is_ok(status))
        status = rota_secret_key_public(&public_key, secret);
    if (!rota_is_ok(status))
        return rota_wrong_status(&options->common, status, NULL, "cannot make a key");
    int code = key_write_secret(options, secret, secret_path);
    if (code == 0)
        code = key_write_public(options, &public_key, secret_path, public_path);
    return code == 0 ? key_report(options, &public_key, secret_path, public_path) : code;
}

static int key_generate_run(void *input)
{
    const struct key_options *options = input;
    char secret_path[PATH_MAX];
    char public_path[PATH_MAX];
    if (!rota_key_path(secret_path, sizeof secret_path, options->out, ".key") ||
        !rota_key_path(public_path, sizeof public_path, options->out, ".pub"))
        return rota_wrong(&options->common, ROTA_EXIT_USAGE, NULL, "the path is too long");
    if (access(secret_path, F_OK) == 0 || access(public_path, F_OK) == 0)
        return rota_wrong(&options->common, ROTA_EXIT_USAGE, "choose another --out; keys are never overwritten",
                          "%s or %s is there already", secret_path, public_path);
    struct rota_secret_key *secret = sodium_malloc(sizeof *secret);
    if (secret == NULL)
        return rota_wrong(&options->common, ROTA_EXIT_BUG, NULL, "no locked memory for the key");
    sodium_memzero(secret, sizeof *secret);
    int code = key_generate(options, secret, secret_path, public_path);
    rota_secret_key_wipe(secret);
    sodium_free(secret);
    return code;
}

static int key_show_public(const struct key_options *options, const struct rota_public_key *key)
{
    if (!options->common.json) {
        key_print(key);
        return ROTA_EXIT_DONE;
    }
    json_t *result = rota_result_new("key");
    key_describe(result, key);
    rota_result_print(result);
    return ROTA_EXIT_DONE;
}

/* A secret file whose public half is not beside it: role and label are all that can be told without the passphrase. */
static int key_show_peeked(const struct key_options *options, enum rota_key_role role, const struct rota_token *label)
{
    if (options->common.json) {
        json_t *result = rota_result_new("key");
        rota_result_text(result, "role", rota_key_role_name(role));
        rota_result_text(result, "label", label->text);
        rota_result_print(result);
    } else {
        (void)printf("role        %s\nlabel       %s\n", rota_key_role_name(role), label->text);
    }
    rota_remark(&options->common, "the public half is not beside it: no more can be told without the passphrase");
    return ROTA_EXIT_DONE;
}

static int key_show_run(void *input)
{
    const struct key_options *options = input;
    struct rota_public_key public_key;
    enum rota_key_role role;
    struct rota_token label;
    char public_path[PATH_MAX];
    if (rota_is_ok(rota_public_key_load(&public_key, options->file)))
        return key_show_public(options, &public_key);
    struct rota_status status = rota_keyfile_peek(&role, &label, options->file);
    if (!rota_is_ok(status))
        return rota_wrong_status(&options->common, status, "name a file that rota key generate wrote", "cannot read %s",
                                 options->file);
    if (rota_key_path(public_path, sizeof public_path, options->file, ".pub") &&
        rota_is_ok(rota_public_key_load(&public_key, public_path)) && public_key.role == role &&
        rota_token_equal(&public_key.label, &label))
        return key_show_public(options, &public_key);
    return key_show_peeked(options, role, &label);
}

const struct rota_command rota_command_key_generate = {.name = "key generate",
                                                       .summary = "make a key pair",
                                                       .argp = &key_generate_argp,
                                                       .uses = ROTA_USES_PASSPHRASE,
                                                       .options_size = sizeof(struct key_options),
                                                       .run = key_generate_run};
const struct rota_command rota_command_key_show = {.name = "key show",
                                                   .summary = "show the public facts of a key file",
                                                   .argp = &key_show_argp,
                                                   .options_size = sizeof(struct key_options),
                                                   .run = key_show_run};
