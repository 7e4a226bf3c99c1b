/* A JWS from a stranger. What is accepted is made of its three parts and nothing else, each with its one spelling, and
 * normalising changes only the signature, once. */
#include "crypto/jws.h"
#include "crypto/digest.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char jws_typ[] = "rota-proposal+jws";

static void part_check(struct rota_view text)
{
    uint8_t *bytes = malloc(text.len + 1);
    char *again = malloc(text.len + 4);
    size_t len = 0;
    ROTA_ASSERT(rota_is_ok(rota_base64url_decode(bytes, &len, text.len + 1, text)));
    rota_base64url_encode(again, rota_view(bytes, len));
    ROTA_ASSERT(rota_view_equal(rota_view_text(again), text));
    free(bytes);
    free(again);
}

static void jws_check(const struct rota_jws *jws)
{
    char signature[ROTA_SIGNATURE_BYTES * 2];
    size_t chars = rota_base64url_chars(ROTA_SIGNATURE_BYTES);
    size_t header_len = jws->signing_input.len - jws->payload_text.len - 1;
    rota_base64url_encode(signature, rota_view(jws->signature.b, sizeof jws->signature.b));
    ROTA_ASSERT(jws->text.len == jws->signing_input.len + 1 + chars);
    ROTA_ASSERT(memcmp(jws->text.data + jws->signing_input.len + 1, signature, chars) == 0);
    part_check(rota_view(jws->text.data, header_len));
    part_check(jws->payload_text);
    struct rota_hash digest = rota_hash_of(NULL, jws->signing_input);
    ROTA_ASSERT(rota_hash_equal(&digest, &jws->digest));
}

static void normalise_check(const struct rota_jws *jws)
{
    struct rota_jws after;
    char *copy = malloc(jws->text.len);
    memcpy(copy, jws->text.data, jws->text.len);
    if (rota_is_ok(rota_jws_normalise(copy, jws->text.len, jws_typ))) {
        ROTA_ASSERT(rota_is_ok(rota_jws_parse(&after, rota_view(copy, jws->text.len), jws_typ)));
        ROTA_ASSERT(rota_view_equal(after.signing_input, jws->signing_input));
        struct rota_signature low = after.signature;
        ROTA_ASSERT(rota_is_ok(rota_es256k_normalise(&low)));
        ROTA_ASSERT(memcmp(&low, &after.signature, sizeof low) == 0);
    }
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rota_jws jws;
    if (!rota_is_ok(rota_jws_parse(&jws, rota_view(data, size), jws_typ)))
        return 0;
    jws_check(&jws);
    normalise_check(&jws);
    struct rota_es256k_secret secret;
    const uint8_t one[32] = {[31] = 1};
    ROTA_ASSERT(rota_is_ok(rota_es256k_secret_parse(&secret, one)));
    ROTA_ASSERT(!rota_is_ok(rota_jws_verify(&jws, &secret.public_key)) || rota_kid_equal(&jws.kid, &secret.public_key.kid));
    return 0;
}
