/* Facilities' signatures: Ed25519 (libsodium), deterministic. */
#ifndef ROTA_CRYPTO_ED25519_H
#define ROTA_CRYPTO_ED25519_H

#include "crypto/bytes.h"

enum { ROTA_ED25519_PUBLIC_BYTES = 32, ROTA_ED25519_SEED_BYTES = 32 };

struct rota_ed25519_public {
    uint8_t b[ROTA_ED25519_PUBLIC_BYTES];
};

/* Wiped by rota_ed25519_secret_wipe; must not be copied. */
struct rota_ed25519_secret {
    uint8_t b[64]; /* libsodium's form: seed || public key */
    struct rota_ed25519_public public_key;
};

void rota_ed25519_generate(struct rota_ed25519_secret *out);
void rota_ed25519_from_seed(struct rota_ed25519_secret *out, const uint8_t seed[ROTA_ED25519_SEED_BYTES]);
void rota_ed25519_secret_wipe(struct rota_ed25519_secret *secret);
/* ROTA_MALFORMED for encodings on which verifiers disagree: not canonical, not on the curve, small order. */
ROTA_CHECKED struct rota_status rota_ed25519_public_parse(struct rota_ed25519_public *out, struct rota_view bytes);
void rota_ed25519_sign(struct rota_signature *out, const struct rota_ed25519_secret *secret, struct rota_view message);
ROTA_CHECKED bool rota_ed25519_verify(const struct rota_ed25519_public *key, struct rota_view message,
                                      const struct rota_signature *signature);

#endif
