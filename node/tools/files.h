/* Whole files in and out. What goes wrong is said in a sentence; the caller adds the path. */
#ifndef ROTA_TOOLS_FILES_H
#define ROTA_TOOLS_FILES_H

#include "crypto/bytes.h"
#include "ledger/genesis.h"

#include <sys/types.h>

/* Owned bytes, always followed by a NUL that is not counted. */
struct rota_blob {
    uint8_t *data;
    size_t len;
};

static inline struct rota_view rota_blob_view(const struct rota_blob *blob)
{
    return rota_view(blob->data, blob->len);
}
void rota_blob_free(struct rota_blob *blob);

/* "-" is the standard input. */
ROTA_CHECKED struct rota_status rota_file_read(struct rota_blob *out, const char *path, size_t size_max);
/* Makes a file that was not there (ROTA_EXISTS), durably. "-" is the standard output, and from then on what
 * is printed there comes out on the standard error: the file is alone. */
ROTA_CHECKED struct rota_status rota_file_create(const char *path, struct rota_view bytes, mode_t mode);
/* Puts a file in place of the one there may be, all or nothing, durably. "-" as above. */
ROTA_CHECKED struct rota_status rota_file_replace(const char *path, struct rota_view bytes, mode_t mode);
/* errno as a status. */
struct rota_status rota_status_of_errno(int error);

/* Reads and checks a genesis file. */
ROTA_CHECKED struct rota_status rota_genesis_load(struct rota_genesis *out, const char *path);
/* Reads a .pub file and checks its proof of possession. */
ROTA_CHECKED struct rota_status rota_public_key_load(struct rota_public_key *out, const char *path);

#endif
