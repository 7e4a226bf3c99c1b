/* rotad.conf: libconfuse syntax, errors with file and line, unknown keys refused. Relative paths are relative to the file.
 */
#ifndef ROTA_NODE_CONFIG_H
#define ROTA_NODE_CONFIG_H

#include "node/directory.h"

#include <stddef.h>
#include <stdint.h>

enum { ROTA_POOLS_MAX = 16, ROTA_PATH_MAX = 512 };

/* One intake pool (bulkhead): places for proposals that are on their way. */
struct rota_pool_config {
    char name[33];
    uint32_t capacity; /* places at most, borrowed ones included */
    uint32_t reserved; /* of them nobody else may use */
    uint32_t borrow;   /* at most so many from the flex pool */
};

struct rota_intake_config {
    uint32_t pool_count;
    struct rota_pool_config pools[ROTA_POOLS_MAX]; /* the one named "flex" lends; "default" takes what names no pool */
    uint32_t queue;                                /* proposals waiting in the node at most */
    uint32_t rate_per_second;                      /* token bucket of each coordinator */
    uint32_t burst;
    uint32_t connections; /* HTTP connections at most */
    uint32_t connections_per_address;
    uint32_t body_bytes_max;
};

struct rota_config {
    char directory[ROTA_PATH_MAX];
    char genesis[ROTA_PATH_MAX], key[ROTA_PATH_MAX], ledger[ROTA_PATH_MAX], journal[ROTA_PATH_MAX];
    char listen[64];  /* "" = the address of the members' document */
    char http[64];    /* "127.0.0.1:8101"; "" = no HTTP */
    uint32_t workers; /* signature threads */
    uint32_t reader_count;
    struct rota_ed25519_public readers[ROTA_READERS_MAX]; /* facility keys that may follow without being members */
    struct rota_intake_config intake;
};

/* Defaults, then DIRECTORY/rotad.conf. On failure `error` holds one line "file:line: what is wrong". */
ROTA_CHECKED struct rota_status rota_config_read(struct rota_config *out, const char *directory, char *error,
                                                 size_t error_size);

#endif
