/* Opening top to bottom, closing bottom to top. */
#include "node/inside.h"
#include "node/recovery.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NODE_DOOR_TICKETS_MAX = 4096 };

#define NODE_LEDGER_LOST                                                                                                   \
    " next=\"move the file and its -wal and -shm to another folder and keep them, leave everything else, and start rotad " \
    "again: it fetches the ledger from the other facilities, and votes again when that is safe\""

static struct rota_status genesis_read_bytes(uint8_t **out, size_t *out_len, int file)
{
    struct stat about;
    if (fstat(file, &about) != 0 || !S_ISREG(about.st_mode) || about.st_size <= 0)
        return rota_fail(ROTA_IO, "the genesis file is empty or no file");
    if (about.st_size > ROTA_GENESIS_BYTES_MAX)
        return rota_fail(ROTA_TOO_LARGE, "the genesis file is larger than 4 MiB");
    *out_len = (size_t)about.st_size;
    *out = malloc(*out_len);
    if (!*out)
        return rota_fail(ROTA_NO_MEMORY, "no memory for the genesis");
    if (read(file, *out, *out_len) != (ssize_t)*out_len)
        return rota_fail(ROTA_IO, "the genesis file could not be read");
    return rota_ok();
}

static struct rota_status genesis_open(struct rota_genesis *out, const char *path)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return rota_fail(ROTA_NOT_FOUND, "the genesis file cannot be opened");
    struct rota_status status = genesis_read_bytes(&bytes, &len, file);
    close(file);
    if (rota_is_ok(status))
        status = rota_genesis_parse(out, rota_view(bytes, len));
    free(bytes);
    return status;
}

static struct rota_status node_check_key(const struct rota_node *node)
{
    if (node->key->role != ROTA_KEY_FACILITY)
        return rota_fail(ROTA_UNKNOWN_KEY, "this is not a facility's key: a node needs its facility's key");
    return rota_ok();
}

static struct rota_status node_open_core(struct rota_node *node)
{
    node->actions = calloc(1, sizeof *node->actions);
    if (!node->actions)
        return rota_fail(ROTA_NO_MEMORY, "no memory for the consensus core");
    return rota_node_enter_epoch(node);
}

/* node->failed_file is what is being opened, for the line that says why it cannot be. */
static struct rota_status node_open(struct rota_node *node)
{
    struct rota_chain_observer observer = rota_node_observer(node);
    node->failed_file = node->config.genesis;
    ROTA_TRY(genesis_open(&node->genesis, node->config.genesis));
    node->failed_file = node->config.key;
    ROTA_TRY(node_check_key(node));
    ROTA_TRY(rota_keyring_new(&node->keyring));
    node->failed_file = node->config.ledger;
    ROTA_TRY(rota_recovery_make_ledger(node->config.ledger, node->config.journal, &node->genesis));
    ROTA_TRY(rota_chain_open(&node->chain, node->config.ledger, &node->genesis, node->keyring, 0, &observer));
    node->failed_file = node->config.directory;
    ROTA_TRY(rota_node_check_manifests(node));
    ROTA_TRY(node_open_core(node));
    node->failed_file = node->config.journal;
    ROTA_TRY(rota_recovery_open_journal(&node->journal, node->config.journal, &node->epoch.membership));
    node->failed_file = node->config.listen;
    ROTA_TRY(rota_pool_init(&node->pool, node->config.intake.queue));
    node->pool.slack_ms = rota_node_forward_ms(node);
    ROTA_TRY(rota_bell_open(&node->bell));
    rota_door_open(&node->door, &node->bell, NODE_DOOR_TICKETS_MAX);
    return rota_node_open_links(node);
}

struct rota_status rota_node_open(struct rota_node **out, const struct rota_config *config,
                                  const struct rota_secret_key *key)
{
    *out = NULL;
    struct rota_node *node = calloc(1, sizeof *node);
    if (!node)
        return rota_fail(ROTA_NO_MEMORY, "no memory for the node");
    node->config = *config;
    node->key = key;
    node->bell.fd = -1;
    node->failed = rota_ok();
    node->started_ms = rota_clock_monotonic_ms();
    struct rota_status status = node_open(node);
    if (rota_is_ok(status)) {
        node->sweep_ms = 0;
        node->failed_file = NULL;
        *out = node;
        return status;
    }
    bool ledger_lost = status.code == ROTA_MALFORMED && node->failed_file == node->config.ledger;
    rota_log(ROTA_LOG_ERROR, "open", "file=\"%s\" why=\"%s\"%s", node->failed_file, status.why,
             ledger_lost ? NODE_LEDGER_LOST : "");
    rota_node_close(node);
    return status;
}

void rota_node_stop(struct rota_node *node)
{
    atomic_store(&node->stopping, true);
    rota_bell_ring(&node->bell);
}

void rota_node_close(struct rota_node *node)
{
    if (!node)
        return;
    rota_peers_close(node->peers);
    if (node->bell.fd >= 0)
        rota_door_free(&node->door);
    rota_bell_close(&node->bell);
    rota_outbox_free(&node->turn.outbox);
    free(node->turn.events);
    free(node->actions);
    free(node->core);
    rota_pool_free(&node->pool);
    rota_journal_close(node->journal);
    rota_epoch_change_release(node->manifest);
    rota_chain_close(&node->chain);
    rota_keyring_free(node->keyring);
    rota_genesis_free(&node->genesis);
    free(node);
}

struct rota_keyring *rota_node_keyring(struct rota_node *node)
{
    return node->keyring;
}

const struct rota_genesis *rota_node_genesis(const struct rota_node *node)
{
    return &node->genesis;
}

bool rota_node_has_quorum(const struct rota_node *node)
{
    return atomic_load_explicit(&node->has_quorum, memory_order_relaxed);
}

uint32_t rota_node_pending(const struct rota_node *node)
{
    return atomic_load_explicit(&node->pending, memory_order_relaxed);
}
