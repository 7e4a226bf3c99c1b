#include "crypto/jws.h"

#include "crypto/digest.h"
#include "tests/unit/crypto/check.h"

#include <stdio.h>
#include <stdlib.h>

static const char typ[] = "rota-proposal+jws";
static const char payload[] = "{\"ledger\":\"00\",\"seq\":1}";

static struct rota_es256k_secret secret_new(void)
{
    struct rota_es256k_secret secret;
    const uint8_t bytes[32] = {1, 2, 3, 4};
    expect_ok(rota_es256k_secret_parse(&secret, bytes));
    return secret;
}

/* A signed text; the test keeps it. */
struct signed_text {
    char text[1024];
    size_t len;
};

static struct signed_text sign(const struct rota_es256k_secret *secret)
{
    struct signed_text out;
    expect_ok(rota_jws_sign(out.text, &out.len, sizeof out.text, rota_view_text(payload), typ, secret));
    cr_assert_eq(out.len, strlen(out.text));
    return out;
}

static struct rota_status parse_and_verify(struct rota_view text, const struct rota_es256k_public *key)
{
    struct rota_jws jws;
    ROTA_TRY(rota_jws_parse(&jws, text, typ));
    return rota_jws_verify(&jws, key);
}

/* ---- the good case -------------------------------------------------------------------------------------------------- */

Test(jws, what_is_signed_is_parsed_verified_and_read_back)
{
    struct rota_es256k_secret secret = secret_new();
    struct signed_text text = sign(&secret);
    struct rota_jws jws;
    uint8_t out[64];
    size_t len;
    expect_ok(rota_jws_parse(&jws, rota_view(text.text, text.len), typ));
    cr_assert(rota_kid_equal(&jws.kid, &secret.public_key.kid));
    expect_ok(rota_jws_verify(&jws, &secret.public_key));
    expect_ok(rota_jws_payload(out, &len, sizeof out, &jws));
    cr_assert(rota_view_equal(rota_view(out, len), rota_view_text(payload)));
    size_t input = (size_t)(strrchr(text.text, '.') - text.text);
    struct rota_hash digest = rota_hash_of(NULL, rota_view(text.text, input));
    cr_assert(rota_hash_equal(&jws.digest, &digest), "the id is the hash of the signing input");
    cr_assert(rota_view_equal(jws.signing_input, rota_view(text.text, input)));
    cr_assert_eq(jws.text.len, text.len);
}

Test(jws, signing_twice_gives_the_same_text)
{
    struct rota_es256k_secret secret = secret_new();
    struct signed_text a = sign(&secret), b = sign(&secret);
    cr_assert_str_eq(a.text, b.text);
}

/* Signed by another library (OpenSSL): spaces and another order in the header; once with low s, once with high. */
#define FOREIGN_INPUT                                                                                                       \
    "ewogInR5cCI6ICJyb3RhLXByb3Bvc2FsK2p3cyIsCiAiYWxnIjogIkVTMjU2SyIsCiAia2lkIjogIjU4OGNkZmRjMmQzYjdmN2FlYTRiOGRhY2E3YzBhZ" \
    "TY3"                                                                                                                   \
    "Igp9.eyJzZXEiOiAxLCAibm90ZSI6ICJzaWduZWQgZWxzZXdoZXJlIn0"
#define FOREIGN_LOW FOREIGN_INPUT ".IsWAATgPY8xlj48lrjA5k51F_l1Ez1ZWl7f1EFKvM6ou-O06It56cV7weIHgv7_kfEpEk8bC0YsWOiZVKOHC2Q"
#define FOREIGN_HIGH FOREIGN_INPUT ".vKIc6z5XPwiwLPdoayNk_QGrXUjjZRFFpNB5IUQgkI20C2-cxHzCBkyTdTsuV3RNJkuD_KbY0O2p63cYaeWWew"

Test(jws, a_text_of_another_library_verifies_once_its_s_is_low)
{
    uint8_t bytes[33];
    struct rota_es256k_public key;
    struct rota_jws before, after;
    char text[] = FOREIGN_HIGH;
    from_hex(bytes, 33, "02d8595f9c26926929422b972d5245fa083b465739e2fb98aaf8a2a35da3d4e0d5");
    expect_ok(rota_es256k_public_parse(&key, rota_view(bytes, 33)));
    expect_ok(parse_and_verify(rota_view_text(FOREIGN_LOW), &key));
    expect_code(parse_and_verify(rota_view_text(text), &key), ROTA_BAD_SIGNATURE);
    expect_ok(rota_jws_parse(&before, rota_view_text(FOREIGN_HIGH), typ));
    expect_ok(rota_jws_normalise(text, strlen(text), typ));
    cr_assert_eq(strlen(text), strlen(FOREIGN_HIGH));
    expect_ok(parse_and_verify(rota_view_text(text), &key));
    expect_ok(rota_jws_parse(&after, rota_view_text(text), typ));
    cr_assert(rota_hash_equal(&before.digest, &after.digest), "normalising does not change the identity");
}

Test(jws, normalising_leaves_a_low_s_alone_and_refuses_what_is_no_jws)
{
    struct rota_es256k_secret secret = secret_new();
    struct signed_text text = sign(&secret), copy = text;
    expect_ok(rota_jws_normalise(text.text, text.len, typ));
    cr_assert_str_eq(text.text, copy.text);
    expect_code(rota_jws_normalise(text.text, text.len - 1, typ), ROTA_MALFORMED);
    expect_code(rota_jws_normalise(text.text, text.len, "other+jws"), ROTA_MALFORMED);
}

/* ---- the header ----------------------------------------------------------------------------------------------------- */

#define KID "0123456789abcdef0123456789abcdef"

/* Form only: the signature is zeros. */
static struct rota_status parse_header(const char *header)
{
    char text[1024], encoded[512], signature[87];
    static const uint8_t zeros[64];
    struct rota_jws jws;
    rota_base64url_encode(encoded, rota_view_text(header));
    rota_base64url_encode(signature, rota_view(zeros, 64));
    (void)snprintf(text, sizeof text, "%s.e30.%s", encoded, signature);
    return rota_jws_parse(&jws, rota_view_text(text), typ);
}

Test(jws, the_header_is_exactly_alg_kid_and_typ)
{
    static const struct {
        const char *header;
        bool good;
    } cases[] = {
        {"{\"alg\":\"ES256K\",\"kid\":\"" KID "\",\"typ\":\"rota-proposal+jws\"}", true},
        {"{\"typ\":\"rota-proposal+jws\",\"kid\":\"" KID "\",\"alg\":\"ES256K\"}", true},
        {" { \"alg\" : \"ES256K\" ,\n\"kid\": \"" KID "\", \"typ\":\"rota-proposal+jws\" } ", true},
        {"{\"alg\":\"none\",\"kid\":\"" KID "\",\"typ\":\"rota-proposal+jws\"}", false},
        {"{\"alg\":\"ES256\",\"kid\":\"" KID "\",\"typ\":\"rota-proposal+jws\"}", false},
        {"{\"alg\":\"es256k\",\"kid\":\"" KID "\",\"typ\":\"rota-proposal+jws\"}", false},
        {"{\"alg\":\"ES256K \",\"kid\":\"" KID "\",\"typ\":\"rota-proposal+jws\"}", false},
        {"{\"alg\":null,\"kid\":\"" KID "\",\"typ\":\"rota-proposal+jws\"}", false},
        {"{\"kid\":\"" KID "\",\"typ\":\"rota-proposal+jws\"}", false},
        {"{\"alg\":\"ES256K\",\"typ\":\"rota-proposal+jws\"}", false},
        {"{\"alg\":\"ES256K\",\"kid\":\"" KID "\"}", false},
        {"{\"alg\":\"ES256K\",\"kid\":\"" KID "\",\"typ\":\"JWT\"}", false},
        {"{\"alg\":\"ES256K\",\"kid\":\"" KID "\",\"typ\":\"\"}", false},
        {"{\"alg\":\"ES256K\",\"kid\":\"0123456789ABCDEF0123456789abcdef\",\"typ\":\"rota-proposal+jws\"}", false},
        {"{\"alg\":\"ES256K\",\"kid\":\"0123456789abcdef0123456789abcde\",\"typ\":\"rota-proposal+jws\"}", false},
        {"{\"alg\":\"ES256K\",\"kid\":\"" KID "0\",\"typ\":\"rota-proposal+jws\"}", false},
        {"{\"alg\":\"ES256K\",\"kid\":1,\"typ\":\"rota-proposal+jws\"}", false},
        {"{\"alg\":\"ES256K\",\"kid\":\"" KID "\",\"typ\":\"rota-proposal+jws\",\"crit\":[]}", false},
        {"{\"alg\":\"ES256K\",\"kid\":\"" KID "\",\"typ\":\"rota-proposal+jws\",\"b64\":false}", false},
        {"{\"alg\":\"ES256K\",\"kid\":\"" KID "\",\"typ\":\"rota-proposal+jws\",\"jwk\":{}}", false},
        {"{\"alg\":\"none\",\"alg\":\"ES256K\",\"kid\":\"" KID "\",\"typ\":\"rota-proposal+jws\"}", false},
        {"{\"alg\":\"none\",\"\\u0061lg\":\"ES256K\",\"kid\":\"" KID "\",\"typ\":\"rota-proposal+jws\"}", false},
        {"[\"alg\",\"kid\",\"typ\"]", false},
        {"{}", false},
        {"", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_assert_eq(rota_is_ok(parse_header(cases[i].header)), cases[i].good, "%s", cases[i].header);
}

Test(jws, a_header_has_at_most_256_bytes)
{
    char header[300];
    int pad = 256 - (int)strlen("{\"alg\":\"ES256K\",\"kid\":\"" KID "\",\"typ\":\"rota-proposal+jws\"}");
    for (int more = 0; more < 2; more++) {
        (void)snprintf(header, sizeof header, "{\"alg\":\"ES256K\",\"kid\":\"" KID "\",\"typ\":\"rota-proposal+jws\"%*s}",
                       pad + more, "");
        expect_code(parse_header(header), more ? ROTA_TOO_LARGE : ROTA_OK);
    }
}

/* ---- damage --------------------------------------------------------------------------------------------------------- */

Test(jws, a_text_cut_at_any_byte_is_refused)
{
    struct rota_es256k_secret secret = secret_new();
    struct signed_text text = sign(&secret);
    struct rota_jws jws;
    for (size_t len = 0; len < text.len; len++) {
        char *exact = malloc(len ? len : 1);
        memcpy(exact, text.text, len);
        expect_code(rota_jws_parse(&jws, rota_view(exact, len), typ), ROTA_MALFORMED);
        free(exact);
    }
}

Test(jws, a_text_changed_in_any_bit_never_verifies)
{
    struct rota_es256k_secret secret = secret_new();
    struct signed_text text = sign(&secret);
    for (size_t bit = 0; bit < 8 * text.len; bit++) {
        text.text[bit / 8] = (char)(text.text[bit / 8] ^ 1 << bit % 8);
        cr_assert_not(rota_is_ok(parse_and_verify(rota_view(text.text, text.len), &secret.public_key)), "bit %zu", bit);
        text.text[bit / 8] = (char)(text.text[bit / 8] ^ 1 << bit % 8);
    }
    expect_ok(parse_and_verify(rota_view(text.text, text.len), &secret.public_key));
}

Test(jws, a_payload_with_a_second_spelling_is_refused_when_parsed)
{
    char text[1024], encoded[512], signature[87];
    static const char *const payloads[] = {"e31", "e30=", "e3", "e3 0", "e"};
    static const uint8_t zeros[64];
    struct rota_jws jws;
    rota_base64url_encode(encoded, rota_view_text("{\"alg\":\"ES256K\",\"kid\":\"" KID "\",\"typ\":\"rota-proposal+jws\"}"));
    rota_base64url_encode(signature, rota_view(zeros, 64));
    for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++) {
        (void)snprintf(text, sizeof text, "%s.%s.%s", encoded, payloads[i], signature);
        expect_code(rota_jws_parse(&jws, rota_view_text(text), typ), ROTA_MALFORMED);
    }
    (void)snprintf(text, sizeof text, "%s.e30.%s.", encoded, signature);
    expect_code(rota_jws_parse(&jws, rota_view_text(text), typ), ROTA_MALFORMED);
    (void)snprintf(text, sizeof text, "%s.e30.%.85s", encoded, signature);
    expect_code(rota_jws_parse(&jws, rota_view_text(text), typ), ROTA_MALFORMED);
    (void)snprintf(text, sizeof text, " %s.e30.%s", encoded, signature);
    expect_code(rota_jws_parse(&jws, rota_view_text(text), typ), ROTA_MALFORMED);
    (void)snprintf(text, sizeof text, "%s.e30.%s\n", encoded, signature);
    cr_assert_not(rota_is_ok(rota_jws_parse(&jws, rota_view_text(text), typ)));
}

Test(jws, another_key_or_another_kid_does_not_verify)
{
    struct rota_es256k_secret secret = secret_new(), other;
    struct signed_text text = sign(&secret);
    expect_ok(rota_es256k_generate(&other));
    expect_code(parse_and_verify(rota_view(text.text, text.len), &other.public_key), ROTA_BAD_SIGNATURE);
    struct rota_es256k_public same_kid = other.public_key;
    same_kid.kid = secret.public_key.kid;
    expect_code(parse_and_verify(rota_view(text.text, text.len), &same_kid), ROTA_BAD_SIGNATURE);
    struct rota_es256k_public same_key = secret.public_key;
    same_key.kid = other.public_key.kid;
    expect_code(parse_and_verify(rota_view(text.text, text.len), &same_key), ROTA_BAD_SIGNATURE);
}

/* ---- sizes ---------------------------------------------------------------------------------------------------------- */

Test(jws, a_payload_has_at_most_64_kib)
{
    struct rota_es256k_secret secret = secret_new();
    static uint8_t large[ROTA_JWS_PAYLOAD_BYTES_MAX + 1], back[ROTA_JWS_PAYLOAD_BYTES_MAX];
    static char text[ROTA_JWS_CHARS_MAX + 1];
    struct rota_jws jws;
    size_t len, back_len;
    memset(large, 'x', sizeof large);
    expect_ok(rota_jws_sign(text, &len, sizeof text, rota_view(large, ROTA_JWS_PAYLOAD_BYTES_MAX), typ, &secret));
    expect_ok(rota_jws_parse(&jws, rota_view(text, len), typ));
    expect_ok(rota_jws_payload(back, &back_len, sizeof back, &jws));
    cr_assert_eq(back_len, ROTA_JWS_PAYLOAD_BYTES_MAX);
    expect_code(rota_jws_payload(back, &back_len, sizeof back - 1, &jws), ROTA_TOO_LARGE);
    expect_code(rota_jws_sign(text, &len, sizeof text, rota_view(large, sizeof large), typ, &secret), ROTA_TOO_LARGE);
}

Test(jws, one_byte_of_payload_more_is_refused_when_parsed)
{
    static uint8_t large[ROTA_JWS_PAYLOAD_BYTES_MAX + 1];
    static char text[ROTA_JWS_CHARS_MAX + 64], encoded[(sizeof large * 4 + 2) / 3 + 1];
    static const uint8_t zeros[64];
    char header[256], signature[87];
    struct rota_jws jws;
    rota_base64url_encode(header, rota_view_text("{\"alg\":\"ES256K\",\"kid\":\"" KID "\",\"typ\":\"rota-proposal+jws\"}"));
    rota_base64url_encode(signature, rota_view(zeros, 64));
    for (size_t more = 0; more < 2; more++) {
        rota_base64url_encode(encoded, rota_view(large, ROTA_JWS_PAYLOAD_BYTES_MAX + more));
        (void)snprintf(text, sizeof text, "%s.%s.%s", header, encoded, signature);
        expect_code(rota_jws_parse(&jws, rota_view_text(text), typ), more ? ROTA_TOO_LARGE : ROTA_OK);
    }
}

Test(jws, signing_never_writes_beyond_its_room)
{
    struct rota_es256k_secret secret = secret_new();
    struct signed_text whole = sign(&secret);
    size_t len;
    for (size_t size = 0; size <= whole.len + 1; size++) {
        char *exact = malloc(size ? size : 1);
        struct rota_status status = rota_jws_sign(exact, &len, size, rota_view_text(payload), typ, &secret);
        cr_assert_eq(rota_is_ok(status), size == whole.len + 1, "room %zu", size);
        free(exact);
    }
}
