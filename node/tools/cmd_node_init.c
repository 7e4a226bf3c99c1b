/* rota node init: a directory from which rotad can start. */
#include "node/tools/commands.h"
#include "node/tools/files.h"
#include "node/tools/genesis_words.h"
#include "node/tools/key_open.h"
#include "node/tools/output.h"

#include "ledger/store/store.h"
#ifdef ROTA_HAVE_NODE
#include "node/journal.h"
#endif

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { NODE_OPTION_DIR = 'd', NODE_OPTION_KEY = 'k', NODE_OPTION_HTTP = 0x2000, NODE_OPTION_LISTEN, NODE_OPTION_JOIN };

struct node_init_options {
    struct rota_common common;
    const char *dir, *key, *http, *listen;
    bool join;
    struct rota_token label; /* of the key */
};

static error_t node_init_parse(int key, char *arg, struct argp_state *state)
{
    struct node_init_options *options = state->input;
    switch (key) {
    case NODE_OPTION_DIR:
        options->dir = arg;
        return 0;
    case NODE_OPTION_KEY:
        options->key = arg;
        return 0;
    case NODE_OPTION_HTTP:
        options->http = arg;
        return 0;
    case NODE_OPTION_LISTEN:
        if (strncmp(arg, "tcp://", 6) != 0)
            rota_usage_fail(state, "--listen looks like tcp://0.0.0.0:7101, not \"%s\"", arg);
        options->listen = arg;
        return 0;
    case NODE_OPTION_JOIN:
        options->join = true;
        return 0;
    case ARGP_KEY_END:
        if (options->join && options->listen == NULL)
            rota_usage_fail(state, "--join needs --listen: the genesis names no address of this facility");
        if (options->dir == NULL || options->key == NULL || options->common.genesis == NULL)
            rota_usage_fail(state, "needs --dir, --genesis and --key");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option node_init_options[] = {
    {"dir", NODE_OPTION_DIR, "DIR", 0, "The directory to make (0700); it must not exist, or be empty", 0},
    {"key", NODE_OPTION_KEY, "FILE", 0, "The facility's secret key; a copy goes into the directory", 0},
    {"http", NODE_OPTION_HTTP, "HOST:PORT", 0, "Where coordinators reach the node (default 127.0.0.1:8101)", 0},
    {"listen", NODE_OPTION_LISTEN, "tcp://HOST:PORT", 0,
     "Where the node listens for its peers (default: its address in the genesis)", 0},
    {"join", NODE_OPTION_JOIN, NULL, 0,
     "The facility is not in the genesis: the node follows the ledger until it becomes a member. The present members list "
     "its public key as one of their \"readers\" in rotad.conf",
     0},
    {0}};

static const struct argp node_init_argp = {
    .options = node_init_options,
    .parser = node_init_parse,
    .doc = "Make the directory of a node: genesis, key, configuration and an empty ledger. Nothing that exists is touched."};

static int node_init_member(struct node_init_options *options, const struct rota_genesis *genesis, uint32_t *out_member)
{
    enum rota_key_role role;
    struct rota_token label;
    struct rota_public_key public_key;
    char public_path[PATH_MAX];
    struct rota_status status = rota_keyfile_peek(&role, &label, options->key);
    if (!rota_is_ok(status))
        return rota_wrong_status(&options->common, status, NULL, "cannot read the key %s", options->key);
    options->label = label;
    *out_member = rota_member_find(&genesis->membership, &label);
    if (options->join && role == ROTA_KEY_FACILITY)
        return 0;
    if (role != ROTA_KEY_FACILITY || *out_member == genesis->membership.count)
        return rota_wrong(&options->common, ROTA_EXIT_KEY, "use the facility key whose .pub went into the genesis",
                          "%s (%s key \"%s\") is no member of this genesis", options->key, rota_key_role_name(role),
                          label.text);
    if (!rota_key_path(public_path, sizeof public_path, options->key, ".pub") ||
        !rota_is_ok(rota_public_key_load(&public_key, public_path)))
        return 0; /* rotad compares the keys when it opens the secret one */
    const uint8_t *expected = genesis->membership.members[*out_member].key.b;
    if (memcmp(public_key.facility.b, expected, sizeof public_key.facility.b) != 0)
        return rota_wrong(&options->common, ROTA_EXIT_KEY, "use the facility key whose .pub went into the genesis",
                          "the genesis knows another key of \"%s\" than %s", label.text, options->key);
    return 0;
}

/* Makes the directory, or accepts one without content. */
static int node_init_directory(const struct node_init_options *options)
{
    const struct dirent *item = NULL;
    if (mkdir(options->dir, 0700) == 0)
        return 0;
    if (errno != EEXIST)
        return rota_wrong_status(&options->common, rota_status_of_errno(errno), NULL, "cannot make %s", options->dir);
    DIR *dir = opendir(options->dir);
    if (dir == NULL)
        return rota_wrong_status(&options->common, rota_status_of_errno(errno), NULL, "cannot look into %s", options->dir);
    do {
        item = readdir(dir);
    } while (item != NULL && (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0));
    bool empty = item == NULL;
    (void)closedir(dir);
    if (!empty)
        return rota_wrong(&options->common, ROTA_EXIT_USAGE, "choose another --dir; a node's directory is never overwritten",
                          "%s has content", options->dir);
    if (chmod(options->dir, 0700) != 0)
        return rota_wrong_status(&options->common, rota_status_of_errno(errno), NULL, "cannot close %s to others",
                                 options->dir);
    return 0;
}

static int node_init_file(const struct node_init_options *options, const char *name, struct rota_view bytes, mode_t mode)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/%s", options->dir, name);
    struct rota_status status = rota_file_create(path, bytes, mode);
    if (rota_is_ok(status))
        return 0;
    return rota_wrong_status(&options->common, status, NULL, "cannot write %s", path);
}

static const char node_init_intake[] =
    "\n# How many proposals may be on their way at once, by pool of their schedule code, and how fast one coordinator may\n"
    "# submit. \"flex\" lends places to the others; \"default\" takes what names no pool. Take the # away to change them.\n"
    "#\n"
    "# intake {\n"
    "#   queue = 100             # proposals waiting in the node at most\n"
    "#   rate_per_second = 10    # for each coordinator\n"
    "#   burst = 20\n"
    "#   pool icu     { capacity = 6  reserved = 5  borrow = 1 }\n"
    "#   pool clinic  { capacity = 8  reserved = 8  borrow = 0 }\n"
    "#   pool flex    { capacity = 2 }\n"
    "# }\n";

static int node_init_config(const struct node_init_options *options, const struct rota_genesis *genesis, uint32_t member)
{
    char text[4096];
    const char *http = options->http != NULL ? options->http : "127.0.0.1:8101";
    const char *listen =
        options->listen != NULL ? options->listen : genesis->membership.members[member].address; /* --join has one */
    (void)snprintf(text, sizeof text,
                   "# rotad.conf of %s in the ledger %s. Paths are relative to this file.\n\n"
                   "genesis = \"genesis.json\"\n"
                   "key = \"node.key\"\n"
                   "listen = \"%s\"  # peers\n"
                   "http = \"%s\"  # coordinators; keep it on loopback and put a TLS proxy in front\n%s",
                   options->label.text, genesis->name.text, listen, http, node_init_intake);
    return node_init_file(options, "rotad.conf", rota_view_text(text), 0644);
}

static int node_init_key(const struct node_init_options *options)
{
    ROTA_CLEANUP(rota_blob_free) struct rota_blob blob = {0};
    struct rota_status status = rota_file_read(&blob, options->key, 64 * 1024);
    if (!rota_is_ok(status))
        return rota_wrong_status(&options->common, status, NULL, "cannot read the key %s", options->key);
    return node_init_file(options, "node.key", rota_blob_view(&blob), 0600);
}

static int node_init_databases(const struct node_init_options *options, const struct rota_genesis *genesis)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/ledger.db", options->dir);
    struct rota_status status = rota_store_create(path, genesis);
    if (!rota_is_ok(status))
        return rota_wrong_status(&options->common, status, NULL, "cannot make %s", path);
#ifdef ROTA_HAVE_NODE
    (void)snprintf(path, sizeof path, "%s/private.db", options->dir);
    status = rota_journal_create(path, &genesis->ledger_id);
    if (!rota_is_ok(status))
        return rota_wrong_status(&options->common, status, NULL, "cannot make %s", path);
#endif
    return 0;
}

static int node_init_fill(const struct node_init_options *options, const struct rota_genesis *genesis, uint32_t member)
{
    int code = node_init_file(options, "genesis.json", rota_view(genesis->bytes, genesis->len), 0644);
    if (code == 0)
        code = node_init_key(options);
    if (code == 0)
        code = node_init_config(options, genesis, member);
    return code == 0 ? node_init_databases(options, genesis) : code;
}

static int node_init_report(const struct node_init_options *options, const struct rota_genesis *genesis, uint32_t member)
{
    const char *id = options->label.text;
    if (options->common.json) {
        json_t *result = rota_result_new("node-init");
        rota_result_text(result, "directory", options->dir);
        rota_result_text(result, "member", id);
        rota_ledger_id_result(result, &genesis->ledger_id);
        rota_result_print(result);
        return ROTA_EXIT_DONE;
    }
    if (options->join)
        (void)printf("directory   %s\nfollower    %s, until an epoch names it a member\n", options->dir, id);
    else
        (void)printf("directory   %s\nmember      %s (%u of %u)\n", options->dir, id, member + 1, genesis->membership.count);
    rota_ledger_id_print(stdout, &genesis->ledger_id);
    (void)printf("next        compare the words with another facility by telephone, then: rotad --dir %s\n"
                 "            One directory is one node: never start a copy of it beside it, not even from a backup.\n",
                 options->dir);
    return ROTA_EXIT_DONE;
}

static int node_init_run(void *input)
{
    struct node_init_options *options = input;
    uint32_t member = 0;
    ROTA_CLEANUP(rota_genesis_free) struct rota_genesis genesis = {0};
    if (strlen(options->dir) > PATH_MAX - 64)
        return rota_wrong(&options->common, ROTA_EXIT_USAGE, NULL, "the path is too long");
    struct rota_status status = rota_genesis_load(&genesis, options->common.genesis);
    if (!rota_is_ok(status))
        return rota_wrong_status(&options->common, status, NULL, "%s is no valid genesis", options->common.genesis);
    int code = node_init_member(options, &genesis, &member);
    if (code == 0)
        code = node_init_directory(options);
    if (code == 0)
        code = node_init_fill(options, &genesis, member);
    return code == 0 ? node_init_report(options, &genesis, member) : code;
}

const struct rota_command rota_command_node_init = {.name = "node init",
                                                    .summary = "make the directory of a node",
                                                    .argp = &node_init_argp,
                                                    .uses = ROTA_USES_GENESIS,
                                                    .options_size = sizeof(struct node_init_options),
                                                    .run = node_init_run};
