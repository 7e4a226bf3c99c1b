/* The inside of key files, shared by keyfile.c, public_key.c and their tests only. */
#ifndef ROTA_CRYPTO_KEYFILE_PRIVATE_H
#define ROTA_CRYPTO_KEYFILE_PRIVATE_H

#include "crypto/keyfile.h"

enum { ROTA_KEYFILE_BYTES_MAX = 1024 };

/* What one guess at a passphrase costs. */
struct rota_keyfile_cost {
    uint64_t memory_bytes;
    uint64_t passes;
};

/* What we write, and the most that we spend on a file that somebody hands us. */
static const struct rota_keyfile_cost rota_keyfile_cost_default = {64 * 1024 * 1024, 3};
static const struct rota_keyfile_cost rota_keyfile_cost_max = {256 * 1024 * 1024, 16};

/* rota_keyfile_write at another cost than the default. */
ROTA_CHECKED struct rota_status rota_keyfile_write_at_cost(const char *path, const struct rota_secret_key *key,
                                                           const char *passphrase, const char *created,
                                                           struct rota_keyfile_cost cost);
/* The same from and to bytes in memory: the text of a key file. out holds ROTA_KEYFILE_BYTES_MAX. */
ROTA_CHECKED struct rota_status rota_keyfile_seal(char *out, const struct rota_secret_key *key, const char *passphrase,
                                                  const char *created, struct rota_keyfile_cost cost);
ROTA_CHECKED struct rota_status rota_keyfile_open(struct rota_secret_key *out, struct rota_view text,
                                                  const char *passphrase);
ROTA_CHECKED struct rota_status rota_keyfile_describe(enum rota_key_role *out_role, struct rota_token *out_label,
                                                      struct rota_view text);

/* The opposite of rota_key_role_name. */
ROTA_CHECKED bool rota_key_role_parse(enum rota_key_role *out, struct rota_view name);
/* The public key's bytes, borrowed from the key: 32 or 33. */
struct rota_view rota_secret_key_public_bytes(const struct rota_secret_key *key);
/* Exactly `count` fields with a colon between each two. */
ROTA_CHECKED bool rota_key_fields_split(struct rota_view out[], size_t count, struct rota_view line);

#endif
