#include "crypto/digest.h"

void rota_digest_start(struct rota_digest *digest, const char *tag)
{
    crypto_hash_sha256_init(&digest->state);
    if (tag)
        rota_digest_add(digest, tag, strlen(tag));
}

void rota_digest_add(struct rota_digest *digest, const void *data, size_t len)
{
    if (len > 0)
        crypto_hash_sha256_update(&digest->state, data, len);
}

void rota_digest_add_u8(struct rota_digest *digest, uint8_t value)
{
    rota_digest_add(digest, &value, 1);
}

void rota_digest_add_u32(struct rota_digest *digest, uint32_t value)
{
    const uint8_t bytes[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
    rota_digest_add(digest, bytes, sizeof bytes);
}

void rota_digest_add_u64(struct rota_digest *digest, uint64_t value)
{
    rota_digest_add_u32(digest, (uint32_t)(value >> 32));
    rota_digest_add_u32(digest, (uint32_t)value);
}

void rota_digest_add_hash(struct rota_digest *digest, const struct rota_hash *hash)
{
    rota_digest_add(digest, hash->b, sizeof hash->b);
}

struct rota_hash rota_digest_finish(struct rota_digest *digest)
{
    struct rota_hash hash;
    crypto_hash_sha256_final(&digest->state, hash.b);
    return hash;
}

struct rota_hash rota_hash_of(const char *tag, struct rota_view bytes)
{
    struct rota_digest digest;
    rota_digest_start(&digest, tag);
    rota_digest_add(&digest, bytes.data, bytes.len);
    return rota_digest_finish(&digest);
}
