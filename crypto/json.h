/* The one door for JSON that is signed or hashed: jansson behind our strict profile (FORMATS §2).
 *
 * Profile: one object or array, UTF-8 without BOM, no duplicate member, integers only and within +-(2^53 - 1), no
 * fraction, exponent or -0, no NUL, depth <= ROTA_JSON_DEPTH_MAX, and a size limit given by the caller. */
#ifndef ROTA_CRYPTO_JSON_H
#define ROTA_CRYPTO_JSON_H

#include "crypto/bytes.h"

#include <jansson.h>

enum { ROTA_JSON_DEPTH_MAX = 8 };

/* *out is given to the caller (json_decref), NULL on failure. ROTA_MALFORMED or ROTA_TOO_LARGE. */
ROTA_CHECKED struct rota_status rota_json_parse(json_t **out, struct rota_view text, size_t size_max);

/* True when every member of `object` is one of `names` (NULL ends the list). */
ROTA_CHECKED bool rota_json_only(const json_t *object, const char *const names[]);

/* Typed member access; ROTA_MALFORMED when missing or of another type. Views are borrowed from the object. */
ROTA_CHECKED struct rota_status rota_json_text(struct rota_view *out, const json_t *object, const char *name);
ROTA_CHECKED struct rota_status rota_json_u64(uint64_t *out, const json_t *object, const char *name);
ROTA_CHECKED struct rota_status rota_json_token(struct rota_token *out, const json_t *object, const char *name);
/* A hex string of exactly out_len bytes. */
ROTA_CHECKED struct rota_status rota_json_hex(uint8_t *out, size_t out_len, const json_t *object, const char *name);

/* For cleanup attributes. */
void rota_json_release(json_t **value);

#endif
