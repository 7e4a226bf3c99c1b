/* Small words for crypto's tests: bytes from hex, and what a status must say. */
#ifndef ROTA_TESTS_CRYPTO_CHECK_H
#define ROTA_TESTS_CRYPTO_CHECK_H

#include "crypto/bytes.h"

#include <criterion/criterion.h>

#define expect_ok(expression)                                                           \
    do {                                                                                \
        struct rota_status expect_status = (expression);                                \
        cr_assert(rota_is_ok(expect_status), "%s: %s", #expression, expect_status.why); \
    } while (0)

#define expect_code(expression, wanted)                                                                     \
    do {                                                                                                    \
        struct rota_status expect_status = (expression);                                                    \
        cr_assert_eq(expect_status.code, (wanted), "%s gave %d (%s)", #expression, (int)expect_status.code, \
                     expect_status.why);                                                                    \
        cr_assert_not_null(expect_status.why);                                                              \
    } while (0)

/* Exactly len bytes from hex, or the test is wrong. */
static inline void from_hex(uint8_t *out, size_t len, const char *hex)
{
    cr_assert(rota_is_ok(rota_hex_decode(out, len, rota_view_text(hex))), "bad hex in a test: %s", hex);
}

static inline struct rota_token token_of(const char *text)
{
    struct rota_token token;
    cr_assert(rota_is_ok(rota_token_parse(&token, rota_view_text(text))), "bad token in a test: %s", text);
    return token;
}

#endif
