/* Views, fixed-size values, and the text forms of bytes. Nothing here allocates. */
#ifndef ROTA_CRYPTO_BYTES_H
#define ROTA_CRYPTO_BYTES_H

#include "crypto/status.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Borrowed bytes: whoever made the view owns them. */
struct rota_view {
    const uint8_t *data;
    size_t len;
};

static inline struct rota_view rota_view(const void *data, size_t len)
{
    return (struct rota_view){(const uint8_t *)data, len};
}

static inline struct rota_view rota_view_text(const char *text)
{
    return (struct rota_view){(const uint8_t *)text, strlen(text)};
}

static inline bool rota_view_equal(struct rota_view a, struct rota_view b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

enum { ROTA_HASH_BYTES = 32, ROTA_SIGNATURE_BYTES = 64 };

/* A SHA-256 value. */
struct rota_hash {
    uint8_t b[ROTA_HASH_BYTES];
};

/* An ES256K (r || s) or an Ed25519 signature. */
struct rota_signature {
    uint8_t b[ROTA_SIGNATURE_BYTES];
};

static inline bool rota_hash_equal(const struct rota_hash *a, const struct rota_hash *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

static inline bool rota_hash_is_zero(const struct rota_hash *hash)
{
    static const struct rota_hash zero;
    return memcmp(hash->b, zero.b, sizeof zero.b) == 0;
}

/* A name inside the ledger: 1..32 characters of A-Z a-z 0-9 . _ -, NUL padded so that it compares by memcmp.
 * Facilities, people, codes, reasons and roles are tokens; free text never enters the ledger. */
enum { ROTA_TOKEN_CHARS_MAX = 32 };

struct rota_token {
    char text[ROTA_TOKEN_CHARS_MAX + 1];
};

/* ROTA_MALFORMED when empty, too long, or of other characters; then *out is all zero. */
ROTA_CHECKED struct rota_status rota_token_parse(struct rota_token *out, struct rota_view text);

static inline bool rota_token_equal(const struct rota_token *a, const struct rota_token *b)
{
    return memcmp(a->text, b->text, sizeof a->text) == 0;
}

/* Lower-case hex. out_text holds 2 * len + 1 bytes and ends in NUL. */
void rota_hex_encode(char *out_text, struct rota_view bytes);
/* Exactly 2 * out_len lower-case digits, nothing else: ROTA_MALFORMED otherwise. */
ROTA_CHECKED struct rota_status rota_hex_decode(uint8_t *out, size_t out_len, struct rota_view text);

/* base64url without padding (RFC 4648 section 5), canonical: the decoder refuses stray bits, padding and any other
 * character. Plain tables: only for public data. */
static inline size_t rota_base64url_chars(size_t bytes)
{
    return (bytes * 4 + 2) / 3;
}
/* out_text holds rota_base64url_chars(len) + 1 bytes and ends in NUL. */
void rota_base64url_encode(char *out_text, struct rota_view bytes);
/* The same checks and codes as rota_base64url_decode, and the length that it would write, without writing. */
ROTA_CHECKED struct rota_status rota_base64url_measure(size_t *out_len, size_t size_max, struct rota_view text);
/* Writes at most out_size bytes; ROTA_TOO_LARGE if it would need more, ROTA_MALFORMED if not canonical. */
ROTA_CHECKED struct rota_status rota_base64url_decode(uint8_t *out, size_t *out_len, size_t out_size, struct rota_view text);

#endif
