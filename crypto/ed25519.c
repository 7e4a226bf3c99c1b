#include "crypto/ed25519.h"

#include "crypto/init.h"

#include <sodium.h>

void rota_ed25519_generate(struct rota_ed25519_secret *out)
{
    uint8_t seed[ROTA_ED25519_SEED_BYTES];
    rota_crypto_init();
    randombytes_buf(seed, sizeof seed);
    rota_ed25519_from_seed(out, seed);
    sodium_memzero(seed, sizeof seed);
}

void rota_ed25519_from_seed(struct rota_ed25519_secret *out, const uint8_t seed[ROTA_ED25519_SEED_BYTES])
{
    _Static_assert(sizeof out->b == crypto_sign_SECRETKEYBYTES, "libsodium's secret key");
    rota_crypto_init();
    crypto_sign_seed_keypair(out->public_key.b, out->b, seed);
}

void rota_ed25519_secret_wipe(struct rota_ed25519_secret *secret)
{
    sodium_memzero(secret, sizeof *secret);
}

struct rota_status rota_ed25519_public_parse(struct rota_ed25519_public *out, struct rota_view bytes)
{
    memset(out, 0, sizeof *out);
    if (bytes.len != sizeof out->b)
        return rota_fail(ROTA_MALFORMED, "an Ed25519 key has 32 bytes");
    if (!crypto_core_ed25519_is_valid_point(bytes.data))
        return rota_fail(ROTA_MALFORMED, "an Ed25519 key that is not canonical, not on the curve, or of small order");
    memcpy(out->b, bytes.data, sizeof out->b);
    return rota_ok();
}

void rota_ed25519_sign(struct rota_signature *out, const struct rota_ed25519_secret *secret, struct rota_view message)
{
    crypto_sign_detached(out->b, NULL, message.data, message.len, secret->b);
}

bool rota_ed25519_verify(const struct rota_ed25519_public *key, struct rota_view message,
                         const struct rota_signature *signature)
{
    return crypto_sign_verify_detached(signature->b, message.data, message.len, key->b) == 0;
}
