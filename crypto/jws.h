/* Compact JWS (RFC 7515), ES256K only, with the closed header {alg, kid, typ} (FORMATS §3). The bytes that were signed
 * are never rebuilt: views point into the text that came in. */
#ifndef ROTA_CRYPTO_JWS_H
#define ROTA_CRYPTO_JWS_H

#include "crypto/es256k.h"

enum {
    ROTA_JWS_PAYLOAD_BYTES_MAX = 64 * 1024,
    ROTA_JWS_HEADER_BYTES_MAX = 256,
    /* header and payload in base64url, two dots, 86 characters of signature */
    ROTA_JWS_CHARS_MAX = (ROTA_JWS_PAYLOAD_BYTES_MAX * 4 + 2) / 3 + (ROTA_JWS_HEADER_BYTES_MAX * 4 + 2) / 3 + 2 + 86,
};

struct rota_jws {
    struct rota_view text;          /* the whole compact form */
    struct rota_view signing_input; /* header "." payload, as it stands in text */
    struct rota_view payload_text;  /* base64url of the payload, as it stands in text */
    struct rota_kid kid;
    struct rota_signature signature;
    struct rota_hash digest; /* SHA-256 of the signing input: what is signed, and the proposal's id */
};

/* Splits and checks form only: canonical base64url, the closed header with alg = "ES256K" and typ as given. Accepts a
 * high-S signature (see rota_es256k_normalise). `text` is borrowed and must outlive *out. */
ROTA_CHECKED struct rota_status rota_jws_parse(struct rota_jws *out, struct rota_view text, const char *typ);

/* Decodes the payload into the caller's buffer (ROTA_JWS_PAYLOAD_BYTES_MAX is always enough). */
ROTA_CHECKED struct rota_status rota_jws_payload(uint8_t *out, size_t *out_len, size_t out_size, const struct rota_jws *jws);

/* Low-S signature of this key over the signing input, kid equal: ROTA_BAD_SIGNATURE otherwise. */
ROTA_CHECKED struct rota_status rota_jws_verify(const struct rota_jws *jws, const struct rota_es256k_public *key);

/* Signs; out_text (out_size bytes) gets the NUL-terminated compact form. ROTA_TOO_LARGE when it does not fit. */
ROTA_CHECKED struct rota_status rota_jws_sign(char *out_text, size_t *out_len, size_t out_size, struct rota_view payload,
                                              const char *typ, const struct rota_es256k_secret *secret);

/* The same text with its signature normalised to low-S, written over `text` (same length). */
ROTA_CHECKED struct rota_status rota_jws_normalise(char *text, size_t len, const char *typ);

#endif
