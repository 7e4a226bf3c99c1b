/* What a command of rota is, and the one table that lists them all. Dispatch, help, suggestions and shell completion are
 * made from this table and from the argp of each command, so that they cannot disagree. */
#ifndef ROTA_TOOLS_COMMAND_H
#define ROTA_TOOLS_COMMAND_H

#include "crypto/keyfile.h"

#include <argp.h>
#include <stddef.h>

enum { ROTA_NODES_MAX = 16 };

/* Options that several commands share; each options struct begins with one. Texts are borrowed from argv. */
struct rota_common {
    const struct rota_command *command;
    bool json;
    bool quiet;
    uint32_t node_count;
    const char *nodes[ROTA_NODES_MAX]; /* --node, in the order of preference */
    bool node_named;                   /* by an option or the environment; otherwise nodes[0] is the default */
    bool timeout_given;
    uint32_t timeout_s; /* --timeout: how long to go on trying */
    struct rota_passphrase_source passphrase;
    const char *ledger; /* --ledger: read this file instead of asking a node */
    const char *genesis;
};

/* Which groups of shared options a command understands. */
enum rota_uses { ROTA_USES_NODE = 1, ROTA_USES_PASSPHRASE = 2, ROTA_USES_LEDGER = 4, ROTA_USES_GENESIS = 8 };

struct rota_command {
    const char *name; /* "key generate" */
    const char *summary;
    const struct argp *argp; /* the command's own options and arguments; its input is the options struct */
    unsigned uses;
    size_t options_size; /* of a struct that begins with struct rota_common */
    int (*run)(void *options);
};

/* The table, in the order of help; NULL ends it. */
extern const struct rota_command *const rota_commands[];

/* The command of this name, or NULL. */
const struct rota_command *rota_command_find(const char *name);
/* argv[0] is the command's full name. Parses, runs, returns the exit code; --help and mistakes in usage do not return. */
int rota_command_run(const struct rota_command *command, int argc, char **argv);
/* Prints the text of --help and ends the program. */
void rota_command_help(const struct rota_command *command);
/* Calls fn with every long option that the command understands. */
void rota_command_each_option(const struct rota_command *command,
                              void (*fn)(void *context, const struct argp_option *option), void *context);

/* A mistake in usage, found while parsing: says so, points to the help, exits. */
_Noreturn void rota_usage_fail(const struct argp_state *state, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A whole decimal number in a range; anything else is a mistake in usage of the option called `what`. */
uint64_t rota_usage_number(const struct argp_state *state, const char *what, const char *text, uint64_t min, uint64_t max);
/* For the one positional argument of many commands: keeps it, or complains about a second one. */
void rota_usage_argument(const struct argp_state *state, const char **slot, char *value);

#endif
