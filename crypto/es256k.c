#include "crypto/es256k.h"
#include "crypto/broken.h"

#include "crypto/init.h"

#include <pthread.h>
#include <secp256k1.h>
#include <sodium.h>

static secp256k1_context *es256k_context;
static pthread_once_t es256k_once = PTHREAD_ONCE_INIT;

/* One context for the process, blinded once, then only read: verifying and signing with it is thread-safe. */
static void context_make(void)
{
    uint8_t seed[32];
    rota_crypto_init();
    es256k_context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    ROTA_ASSERT(es256k_context);
    randombytes_buf(seed, sizeof seed);
    ROTA_ASSERT(secp256k1_context_randomize(es256k_context, seed) == 1);
    sodium_memzero(seed, sizeof seed);
}

static const secp256k1_context *context(void)
{
    pthread_once(&es256k_once, context_make);
    return es256k_context;
}

/* libsecp256k1's key is opaque bytes; ours are copied in and out so that no header of it is needed elsewhere. */
static void parsed_load(secp256k1_pubkey *out, const struct rota_es256k_public *key)
{
    _Static_assert(sizeof *out == sizeof key->parsed, "libsecp256k1's parsed key");
    memcpy(out, key->parsed, sizeof *out);
}

static void public_fill(struct rota_es256k_public *out, const secp256k1_pubkey *parsed)
{
    size_t len = sizeof out->compressed;
    uint8_t hash[crypto_hash_sha256_BYTES];
    secp256k1_ec_pubkey_serialize(context(), out->compressed, &len, parsed, SECP256K1_EC_COMPRESSED);
    ROTA_ASSERT(len == sizeof out->compressed);
    memcpy(out->parsed, parsed, sizeof out->parsed);
    crypto_hash_sha256(hash, out->compressed, sizeof out->compressed);
    memcpy(out->kid.b, hash, sizeof out->kid.b);
}

struct rota_status rota_es256k_public_parse(struct rota_es256k_public *out, struct rota_view compressed)
{
    secp256k1_pubkey parsed;
    memset(out, 0, sizeof *out);
    if (compressed.len != ROTA_ES256K_PUBLIC_BYTES || (compressed.data[0] != 2 && compressed.data[0] != 3))
        return rota_fail(ROTA_MALFORMED, "a coordinator's key has 33 bytes, compressed");
    if (!secp256k1_ec_pubkey_parse(context(), &parsed, compressed.data, compressed.len))
        return rota_fail(ROTA_MALFORMED, "a coordinator's key that is no point of secp256k1");
    public_fill(out, &parsed);
    return rota_ok();
}

struct rota_status rota_es256k_secret_parse(struct rota_es256k_secret *out, const uint8_t secret[32])
{
    secp256k1_pubkey parsed;
    memset(out, 0, sizeof *out);
    if (!secp256k1_ec_pubkey_create(context(), &parsed, secret))
        return rota_fail(ROTA_MALFORMED, "a secret key outside its range");
    memcpy(out->b, secret, sizeof out->b);
    public_fill(&out->public_key, &parsed);
    return rota_ok();
}

struct rota_status rota_es256k_generate(struct rota_es256k_secret *out)
{
    uint8_t secret[ROTA_ES256K_SECRET_BYTES];
    struct rota_status status;
    (void)context(); /* libsodium is ready from here on */
    do {
        randombytes_buf(secret, sizeof secret);
        status = rota_es256k_secret_parse(out, secret);
    } while (!rota_is_ok(status)); /* once in 2^128 */
    sodium_memzero(secret, sizeof secret);
    return rota_ok();
}

void rota_es256k_secret_wipe(struct rota_es256k_secret *secret)
{
    sodium_memzero(secret, sizeof *secret);
}

void rota_es256k_sign(struct rota_signature *out, const struct rota_es256k_secret *secret, const struct rota_hash *digest)
{
    secp256k1_ecdsa_signature signature;
    int signed_ok = secp256k1_ecdsa_sign(context(), &signature, digest->b, secret->b, NULL, NULL);
    ROTA_ASSERT(signed_ok == 1); /* fails only for a secret that secret_parse refuses */
    secp256k1_ecdsa_signature_serialize_compact(context(), out->b, &signature);
}

struct rota_status rota_es256k_verify(const struct rota_es256k_public *key, const struct rota_hash *digest,
                                      const struct rota_signature *signature)
{
    secp256k1_ecdsa_signature parsed;
    secp256k1_pubkey point;
    if (!secp256k1_ecdsa_signature_parse_compact(context(), &parsed, signature->b))
        return rota_fail(ROTA_BAD_SIGNATURE, "a signature whose numbers are out of range");
    if (secp256k1_ecdsa_signature_normalize(context(), ROTA_BROKEN(high_s_accepted, NULL, &parsed), &parsed) &&
        ROTA_BROKEN(high_s_accepted, true, false))
        return rota_fail(ROTA_BAD_SIGNATURE, "a signature with a high s: only the lower of the two forms is accepted");
    parsed_load(&point, key);
    if (!secp256k1_ecdsa_verify(context(), &parsed, digest->b, &point))
        return rota_fail(ROTA_BAD_SIGNATURE, "the signature is not by this key over these bytes");
    return rota_ok();
}

struct rota_status rota_es256k_normalise(struct rota_signature *signature)
{
    secp256k1_ecdsa_signature parsed;
    if (!secp256k1_ecdsa_signature_parse_compact(context(), &parsed, signature->b))
        return rota_fail(ROTA_MALFORMED, "a signature whose numbers are out of range");
    secp256k1_ecdsa_signature_normalize(context(), &parsed, &parsed);
    secp256k1_ecdsa_signature_serialize_compact(context(), signature->b, &parsed);
    return rota_ok();
}
