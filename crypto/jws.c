#include "crypto/jws.h"

#include "crypto/digest.h"
#include "crypto/json.h"

#include <stdio.h>

/* ---- parsing -------------------------------------------------------------------------------------------------------- */

static bool text_is(struct rota_view text, const char *expected)
{
    return rota_view_equal(text, rota_view_text(expected));
}

/* The header's members are a closed list; alg is compared with a constant and never chooses anything. */
static struct rota_status header_read(struct rota_jws *out, struct rota_view encoded, const char *typ)
{
    static const char *const members[] = {"alg", "kid", "typ", NULL};
    uint8_t bytes[ROTA_JWS_HEADER_BYTES_MAX];
    size_t len;
    ROTA_TRY(rota_base64url_decode(bytes, &len, sizeof bytes, encoded));
    json_t *header ROTA_CLEANUP(rota_json_release) = NULL;
    ROTA_TRY(rota_json_parse(&header, rota_view(bytes, len), sizeof bytes));
    if (!rota_json_only(header, members) || json_object_size(header) != 3)
        return rota_fail(ROTA_MALFORMED, "the JWS header has exactly the members alg, kid and typ");
    struct rota_view alg, found_typ;
    ROTA_TRY(rota_json_text(&alg, header, "alg"));
    ROTA_TRY(rota_json_text(&found_typ, header, "typ"));
    if (!text_is(alg, "ES256K"))
        return rota_fail(ROTA_MALFORMED, "the JWS algorithm is ES256K and no other");
    if (!text_is(found_typ, typ))
        return rota_fail(ROTA_MALFORMED, "the JWS has the typ of something else");
    return rota_json_hex(out->kid.b, sizeof out->kid.b, header, "kid");
}

/* Views of the three parts; false when there are not exactly two dots. */
static bool parts_split(struct rota_view text, struct rota_view out[3])
{
    const uint8_t *first = memchr(text.data, '.', text.len);
    if (!first)
        return false;
    size_t rest = text.len - (size_t)(first + 1 - text.data);
    const uint8_t *second = memchr(first + 1, '.', rest);
    if (!second)
        return false;
    out[0] = rota_view(text.data, (size_t)(first - text.data));
    out[1] = rota_view(first + 1, (size_t)(second - first - 1));
    out[2] = rota_view(second + 1, text.len - (size_t)(second + 1 - text.data));
    return true;
}

struct rota_status rota_jws_parse(struct rota_jws *out, struct rota_view text, const char *typ)
{
    struct rota_view parts[3];
    size_t len;
    memset(out, 0, sizeof *out);
    if (text.len > ROTA_JWS_CHARS_MAX)
        return rota_fail(ROTA_TOO_LARGE, "a JWS with more than 64 KiB of payload");
    if (text.len == 0 || !parts_split(text, parts))
        return rota_fail(ROTA_MALFORMED, "a compact JWS is three parts with two dots between them");
    ROTA_TRY(header_read(out, parts[0], typ));
    ROTA_TRY(rota_base64url_measure(&len, ROTA_JWS_PAYLOAD_BYTES_MAX, parts[1]));
    ROTA_TRY(rota_base64url_decode(out->signature.b, &len, sizeof out->signature.b, parts[2]));
    if (len != sizeof out->signature.b)
        return rota_fail(ROTA_MALFORMED, "a JWS signature has 64 bytes");
    out->text = text;
    out->payload_text = parts[1];
    out->signing_input = rota_view(text.data, parts[0].len + 1 + parts[1].len);
    out->digest = rota_hash_of(NULL, out->signing_input);
    return rota_ok();
}

struct rota_status rota_jws_payload(uint8_t *out, size_t *out_len, size_t out_size, const struct rota_jws *jws)
{
    size_t room = out_size < ROTA_JWS_PAYLOAD_BYTES_MAX ? out_size : ROTA_JWS_PAYLOAD_BYTES_MAX;
    return rota_base64url_decode(out, out_len, room, jws->payload_text);
}

struct rota_status rota_jws_verify(const struct rota_jws *jws, const struct rota_es256k_public *key)
{
    if (!rota_kid_equal(&jws->kid, &key->kid))
        return rota_fail(ROTA_BAD_SIGNATURE, "the JWS names another key");
    return rota_es256k_verify(key, &jws->digest, &jws->signature);
}

/* ---- signing -------------------------------------------------------------------------------------------------------- */

struct rota_status rota_jws_sign(char *out_text, size_t *out_len, size_t out_size, struct rota_view payload, const char *typ,
                                 const struct rota_es256k_secret *secret)
{
    char kid[ROTA_KID_CHARS + 1], header[ROTA_JWS_HEADER_BYTES_MAX];
    rota_hex_encode(kid, rota_view(secret->public_key.kid.b, ROTA_KID_BYTES));
    int header_len = snprintf(header, sizeof header, "{\"alg\":\"ES256K\",\"kid\":\"%s\",\"typ\":\"%s\"}", kid, typ);
    ROTA_ASSERT(header_len > 0 && (size_t)header_len < sizeof header);
    size_t header_chars = rota_base64url_chars((size_t)header_len), payload_chars = rota_base64url_chars(payload.len);
    size_t signature_chars = rota_base64url_chars(ROTA_SIGNATURE_BYTES);
    if (payload.len > ROTA_JWS_PAYLOAD_BYTES_MAX || header_chars + payload_chars + signature_chars + 3 > out_size)
        return rota_fail(ROTA_TOO_LARGE, "a payload of more than 64 KiB");
    char *at = out_text;
    rota_base64url_encode(at, rota_view(header, (size_t)header_len));
    at += header_chars;
    *at++ = '.';
    rota_base64url_encode(at, payload);
    at += payload_chars;
    struct rota_hash digest = rota_hash_of(NULL, rota_view(out_text, (size_t)(at - out_text)));
    struct rota_signature signature;
    rota_es256k_sign(&signature, secret, &digest);
    *at++ = '.';
    rota_base64url_encode(at, rota_view(signature.b, sizeof signature.b));
    *out_len = (size_t)(at - out_text) + signature_chars;
    return rota_ok();
}

struct rota_status rota_jws_normalise(char *text, size_t len, const char *typ)
{
    struct rota_jws jws;
    ROTA_TRY(rota_jws_parse(&jws, rota_view(text, len), typ));
    ROTA_TRY(rota_es256k_normalise(&jws.signature));
    char encoded[ROTA_SIGNATURE_BYTES * 4 / 3 + 3];
    rota_base64url_encode(encoded, rota_view(jws.signature.b, sizeof jws.signature.b));
    size_t chars = rota_base64url_chars(ROTA_SIGNATURE_BYTES);
    memcpy(text + len - chars, encoded, chars);
    return rota_ok();
}
