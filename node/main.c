/* rotad: one facility's node. Everything that can be wrong before the start is said in one line. */
#include "node/config.h"
#include "node/http.h"
#include "node/lock.h"
#include "node/log.h"
#include "node/node.h"

#include "crypto/init.h"

#include <argp.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

enum {
    ROTAD_DONE = 0,
    ROTAD_STOPPED = 1, /* disk or network failed while running, or the port is taken */
    ROTAD_CONFIG = 2,
    ROTAD_UNREADABLE = 5,
    ROTAD_UNSUPPORTED = 6,
    ROTAD_KEY = 7,
    ROTAD_BUG = 70,
};

const char *argp_program_version = "rotad " ROTA_VERSION;

enum { OPTION_FILE = 0x100, OPTION_FD, OPTION_CHECK, OPTION_LEVEL };

struct rotad_options {
    const char *directory;
    struct rota_passphrase_source passphrase;
    enum rota_log_level level;
    bool check_only;
};

static const struct argp_option rotad_option_list[] = {
    {"dir", 'd', "DIR", 0, "The node's directory, made by rota node init", 0},
    {"passphrase-file", OPTION_FILE, "FILE", 0, "Read the key's passphrase from FILE", 0},
    {"passphrase-fd", OPTION_FD, "N", 0, "Read the key's passphrase from descriptor N", 0},
    {"check-config", OPTION_CHECK, NULL, 0, "Read rotad.conf, say what is wrong with it, and end", 0},
    {"log-level", OPTION_LEVEL, "LEVEL", 0, "error, warning, info (default) or debug", 0},
    {0}};

static int rotad_descriptor(const char *text, const struct argp_state *state)
{
    char *end;
    errno = 0;
    long fd = strtol(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || fd < 0 || fd > INT_MAX)
        argp_error(state, "--passphrase-fd is the number of an open descriptor, not \"%s\"", text);
    return (int)fd;
}

static error_t rotad_parse(int key, char *arg, struct argp_state *state)
{
    struct rotad_options *options = state->input;
    switch (key) {
    case 'd':
    case ARGP_KEY_ARG:
        if (options->directory)
            argp_error(state, "one directory is one node: \"%s\" is one too many", arg);
        options->directory = arg;
        return 0;
    case OPTION_FILE:
        options->passphrase.file = arg;
        return 0;
    case OPTION_FD:
        options->passphrase.fd = rotad_descriptor(arg, state);
        return 0;
    case OPTION_CHECK:
        options->check_only = true;
        return 0;
    case OPTION_LEVEL:
        if (!rota_log_level_parse(&options->level, arg))
            argp_error(state, "--log-level is error, warning, info or debug, not \"%s\"", arg);
        return 0;
    case ARGP_KEY_END:
        if (!options->directory)
            argp_error(state, "needs --dir DIR");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp rotad_argp = {.options = rotad_option_list,
                                       .parser = rotad_parse,
                                       .args_doc = "[DIR]",
                                       .doc = "One facility's node of a Rotaledger network.\v"
                                              "Exit codes: 0 stopped on request, 1 disk, memory or network failed, 2 "
                                              "configuration, 5 ledger or journal unreadable, "
                                              "6 newer format, 7 key or passphrase, 70 bug. See rotad(8), rotad.conf(5)."};

static int rotad_exit_of(struct rota_status status)
{
    switch (status.code) {
    case ROTA_OK:
        return ROTAD_DONE;
    case ROTA_UNKNOWN_KEY:
    case ROTA_PERMISSION:
    case ROTA_PASSPHRASE:
    case ROTA_BAD_SIGNATURE:
        return ROTAD_KEY;
    case ROTA_MALFORMED:
    case ROTA_NOT_FOUND:
    case ROTA_TOO_LARGE:
    case ROTA_WRONG_LEDGER:
        return ROTAD_UNREADABLE;
    case ROTA_UNSUPPORTED:
        return ROTAD_UNSUPPORTED;
    case ROTA_USAGE:
        return ROTAD_CONFIG;
    case ROTA_IO:
    case ROTA_FULL:
    case ROTA_INCOMPLETE:
    case ROTA_NO_MEMORY:
        return ROTAD_STOPPED;
    case ROTA_REFUSED:
    case ROTA_EXISTS:
        return ROTAD_BUG;
    }
    return ROTAD_BUG;
}

static int rotad_complain(int code, const char *what, const char *why)
{
    (void)fprintf(stderr, "rotad: %s: %s\n", what, why);
    return code;
}

/* Held until the process ends. */
static int rotad_lock(const char *directory)
{
    char path[ROTA_LOCK_PATH_MAX];
    if (rota_node_lock(path, directory) >= 0)
        return ROTAD_DONE;
    return errno == EWOULDBLOCK ? rotad_complain(ROTAD_CONFIG, path, "another rotad runs in this directory")
                                : rotad_complain(ROTAD_KEY, path, strerror(errno));
}

static struct rota_status rotad_read_key(struct rota_secret_key *out, const struct rota_config *config,
                                         const struct rota_passphrase_source *source)
{
    char passphrase[ROTA_PASSPHRASE_BYTES_MAX];
    enum rota_key_role role;
    struct rota_token label;
    ROTA_TRY(rota_keyfile_peek(&role, &label, config->key));
    if (role != ROTA_KEY_FACILITY)
        return rota_fail(ROTA_UNKNOWN_KEY, "this is a coordinator's key: a node needs its facility's key");
    struct rota_status status = rota_passphrase_read(passphrase, sizeof passphrase, source, label.text, false);
    if (rota_is_ok(status))
        status = rota_keyfile_read(out, config->key, passphrase);
    sodium_memzero(passphrase, sizeof passphrase);
    return status;
}

/* ---- running -------------------------------------------------------------------------------------------------------- */

/* Waits for the signal that ends the node; every other thread has it blocked. */
static void *rotad_await_signal(void *context)
{
    sigset_t set;
    int number = 0;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGUSR2); /* from rotad_run, when the loop ended by itself */
    sigwait(&set, &number);
    if (number != SIGUSR2)
        rota_log(ROTA_LOG_INFO, "stop", "signal=%d", number);
    rota_node_stop(context);
    return NULL;
}

static void rotad_block_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGUSR2);
    sigaddset(&set, SIGPIPE);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static int rotad_loop(struct rota_node *node)
{
    pthread_t waiter;
    if (pthread_create(&waiter, NULL, rotad_await_signal, node) != 0)
        return rotad_complain(ROTAD_STOPPED, "thread", "no thread left for the signals");
    struct rota_status status = rota_node_run(node);
    (void)pthread_kill(waiter, SIGUSR2);
    (void)pthread_join(waiter, NULL);
    return rotad_exit_of(status);
}

static int rotad_serve(struct rota_node *node, const struct rota_config *config)
{
    struct rota_http *http = NULL;
    struct rota_status status = rota_http_open(&http, node, config);
    if (!rota_is_ok(status))
        return rotad_complain(rotad_exit_of(status), config->http, status.why);
    int code = rotad_loop(node);
    rota_http_close(http);
    return code;
}

static int rotad_run(const struct rota_config *config, const struct rota_passphrase_source *source)
{
    struct rota_secret_key *key = sodium_malloc(sizeof *key); /* guarded, locked, wiped when freed */
    struct rota_node *node = NULL;
    if (!key)
        return rotad_complain(ROTAD_KEY, config->key, "no locked memory for the key: raise the limit of locked memory");
    memset(key, 0, sizeof *key);
    struct rota_status status = rotad_read_key(key, config, source);
    int code = rotad_exit_of(status);
    if (!rota_is_ok(status)) {
        (void)rotad_complain(code == ROTAD_UNREADABLE ? ROTAD_KEY : code, config->key, status.why);
        code = code == ROTAD_UNREADABLE ? ROTAD_KEY : code;
    } else {
        status = rota_node_open(&node, config, key); /* says itself what is wrong */
        code = rota_is_ok(status) ? rotad_serve(node, config) : rotad_exit_of(status);
    }
    rota_node_close(node);
    rota_secret_key_wipe(key);
    sodium_free(key);
    return code;
}

int main(int argc, char **argv)
{
    static struct rota_config config;
    char error[512];
    struct rotad_options options = {.passphrase = {.fd = -1, .terminal = true}, .level = ROTA_LOG_INFO};
    argp_err_exit_status = ROTAD_CONFIG;
    (void)argp_parse(&rotad_argp, argc, argv, 0, NULL, &options);
    rota_crypto_init();
    rota_log_set_level(options.level);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (!rota_is_ok(rota_config_read(&config, options.directory, error, sizeof error))) {
        (void)fprintf(stderr, "rotad: %s\n", error);
        return ROTAD_CONFIG;
    }
    if (options.check_only) {
        (void)printf("%s/rotad.conf: in order\n", options.directory);
        return ROTAD_DONE;
    }
    rotad_block_signals();
    int code = rotad_lock(options.directory);
    return code == ROTAD_DONE ? rotad_run(&config, &options.passphrase) : code;
}
