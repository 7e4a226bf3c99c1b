#include "node/tools/options.h"

#include <stdlib.h>
#include <string.h>

enum {
    OPTION_JSON = 0x1000,
    OPTION_QUIET,
    OPTION_NODE,
    OPTION_TIMEOUT,
    OPTION_PASSPHRASE_FILE,
    OPTION_PASSPHRASE_FD,
    OPTION_NO_TERMINAL,
    OPTION_LEDGER,
    OPTION_GENESIS,
};

static void options_add_node(struct rota_common *common, const char *url, const struct argp_state *state)
{
    if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
        rota_usage_fail(state, "--node must begin with http:// or https://, not \"%s\"", url);
    if (common->node_count == ROTA_NODES_MAX)
        rota_usage_fail(state, "at most %d nodes can be named", ROTA_NODES_MAX);
    common->nodes[common->node_count++] = url;
}

/* One parser serves all groups: the keys are distinct and the input is always the options struct. */
static error_t options_parse(int key, char *arg, struct argp_state *state)
{
    struct rota_common *common = state->input;
    switch (key) {
    case OPTION_JSON:
        common->json = true;
        return 0;
    case OPTION_QUIET:
        common->quiet = true;
        return 0;
    case OPTION_NODE:
        options_add_node(common, arg, state);
        return 0;
    case OPTION_TIMEOUT:
        common->timeout_given = true;
        common->timeout_s = (uint32_t)rota_usage_number(state, "--timeout", arg, 1, 86400);
        return 0;
    case OPTION_PASSPHRASE_FILE:
        common->passphrase.file = arg;
        return 0;
    case OPTION_PASSPHRASE_FD:
        common->passphrase.fd = (int)rota_usage_number(state, "--passphrase-fd", arg, 0, 1 << 20);
        return 0;
    case OPTION_NO_TERMINAL:
        common->passphrase.terminal = false;
        return 0;
    case OPTION_LEDGER:
        common->ledger = arg;
        return 0;
    case OPTION_GENESIS:
        common->genesis = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options_every[] = {
    {"json", OPTION_JSON, NULL, 0, "Print one JSON object instead of words", 0},
    {"quiet", OPTION_QUIET, NULL, 0, "No progress and no remarks on the error output", 0},
    {0}};
static const struct argp_option options_node[] = {
    {"node", OPTION_NODE, "URL", 0,
     "HTTP door of a node; may be repeated, the next one is tried when one does not answer. Default: the environment's "
     "ROTA_NODE, else " ROTA_NODE_DEFAULT,
     0},
    {"timeout", OPTION_TIMEOUT, "SECONDS", 0, "How long to go on trying (default 30)", 0},
    {0}};
static const struct argp_option options_passphrase[] = {
    {"passphrase-file", OPTION_PASSPHRASE_FILE, "FILE", 0, "Read the passphrase from the first line of FILE (mode 0600)", 0},
    {"passphrase-fd", OPTION_PASSPHRASE_FD, "N", 0, "Read the passphrase from the open descriptor N", 0},
    {"no-terminal", OPTION_NO_TERMINAL, NULL, 0, "Never ask on the terminal", 0},
    {0}};
static const struct argp_option options_ledger[] = {
    {"ledger", OPTION_LEDGER, "FILE", 0, "Read this ledger file instead of asking a node (needs --genesis)", 0}, {0}};
static const struct argp_option options_genesis[] = {
    {"genesis", OPTION_GENESIS, "FILE", 0, "The genesis file that you trust", 0}, {0}};

static const struct argp options_every_argp = {.options = options_every, .parser = options_parse};
static const struct argp options_node_argp = {.options = options_node, .parser = options_parse};
static const struct argp options_passphrase_argp = {.options = options_passphrase, .parser = options_parse};
static const struct argp options_ledger_argp = {.options = options_ledger, .parser = options_parse};
static const struct argp options_genesis_argp = {.options = options_genesis, .parser = options_parse};

const struct rota_option_group rota_option_groups[] = {
    {&options_node_argp, "Which node:", ROTA_USES_NODE},
    {&options_ledger_argp, "Without a node:", ROTA_USES_LEDGER},
    {&options_genesis_argp, "", ROTA_USES_GENESIS},
    {&options_passphrase_argp,
     "Passphrase (in this order; it is never taken from the command line or the environment):", ROTA_USES_PASSPHRASE},
    {&options_every_argp, "Every command:", 0},
    {NULL, NULL, 0},
};

void rota_common_defaults(struct rota_common *common, const struct rota_command *command)
{
    common->command = command;
    common->timeout_s = 30;
    common->passphrase = (struct rota_passphrase_source){.fd = -1, .terminal = true};
}

void rota_common_complete(struct rota_common *common)
{
    const char *from_environment = getenv("ROTA_NODE");
    bool usable = from_environment != NULL && from_environment[0] != '\0';
    common->node_named = common->node_count > 0 || usable;
    if (common->node_count == 0)
        common->nodes[common->node_count++] = usable ? from_environment : ROTA_NODE_DEFAULT;
}
