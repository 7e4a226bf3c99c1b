/* SHA-256 with a tag per purpose: no two kinds of thing ever hash or sign the same bytes (FORMATS §1). */
#ifndef ROTA_CRYPTO_DIGEST_H
#define ROTA_CRYPTO_DIGEST_H

#include "crypto/bytes.h"

#include <sodium.h>

/* ROTA_TAG("block") is the ASCII string "rotaledger/v1/block\n". */
#define ROTA_TAG(purpose) "rotaledger/v1/" purpose "\n"

struct rota_digest {
    crypto_hash_sha256_state state;
};

/* tag: a string made by ROTA_TAG, or NULL for the two hashes that formats define without one (FORMATS §1). */
void rota_digest_start(struct rota_digest *digest, const char *tag);
void rota_digest_add(struct rota_digest *digest, const void *data, size_t len);
void rota_digest_add_u8(struct rota_digest *digest, uint8_t value);
void rota_digest_add_u32(struct rota_digest *digest, uint32_t value); /* big-endian, like every integer */
void rota_digest_add_u64(struct rota_digest *digest, uint64_t value);
void rota_digest_add_hash(struct rota_digest *digest, const struct rota_hash *hash);
struct rota_hash rota_digest_finish(struct rota_digest *digest);

/* The whole in one call. */
struct rota_hash rota_hash_of(const char *tag, struct rota_view bytes);

#endif
