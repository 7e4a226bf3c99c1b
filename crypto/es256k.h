/* Coordinators' signatures: ECDSA over secp256k1 with SHA-256 (JOSE name ES256K), deterministic (RFC 6979), low-S only.
 * libsecp256k1 is used here and nowhere else. */
#ifndef ROTA_CRYPTO_ES256K_H
#define ROTA_CRYPTO_ES256K_H

#include "crypto/bytes.h"

enum { ROTA_ES256K_SECRET_BYTES = 32, ROTA_ES256K_PUBLIC_BYTES = 33, ROTA_KID_BYTES = 16, ROTA_KID_CHARS = 32 };

/* Key identifier: the first 16 bytes of SHA-256 over the 33-byte compressed public key. */
struct rota_kid {
    uint8_t b[ROTA_KID_BYTES];
};

/* A public key, parsed once and then only read: may be shared by threads. */
struct rota_es256k_public {
    uint8_t compressed[ROTA_ES256K_PUBLIC_BYTES];
    struct rota_kid kid;
    uint8_t parsed[64]; /* libsecp256k1's own form */
};

/* Wiped by rota_es256k_secret_wipe; must not be copied. */
struct rota_es256k_secret {
    uint8_t b[ROTA_ES256K_SECRET_BYTES];
    struct rota_es256k_public public_key;
};

static inline bool rota_kid_equal(const struct rota_kid *a, const struct rota_kid *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

/* Random new key; ROTA_IO if the system gives no randomness. */
ROTA_CHECKED struct rota_status rota_es256k_generate(struct rota_es256k_secret *out);
/* From 32 secret bytes; ROTA_MALFORMED when zero or not below the group order. */
ROTA_CHECKED struct rota_status rota_es256k_secret_parse(struct rota_es256k_secret *out, const uint8_t secret[32]);
void rota_es256k_secret_wipe(struct rota_es256k_secret *secret);
/* From 33 compressed bytes; ROTA_MALFORMED when not a point. */
ROTA_CHECKED struct rota_status rota_es256k_public_parse(struct rota_es256k_public *out, struct rota_view compressed);

/* Signs a 32-byte digest; the result is low-S and the same each time. */
void rota_es256k_sign(struct rota_signature *out, const struct rota_es256k_secret *secret, const struct rota_hash *digest);
/* ROTA_BAD_SIGNATURE when r or s is out of range, s is high, or the signature is of another key or digest. */
ROTA_CHECKED struct rota_status rota_es256k_verify(const struct rota_es256k_public *key, const struct rota_hash *digest,
                                                   const struct rota_signature *signature);
/* Replaces s by the lower of s and n - s (other libraries emit either). ROTA_MALFORMED when out of range. */
ROTA_CHECKED struct rota_status rota_es256k_normalise(struct rota_signature *signature);

#endif
