#include "crypto/es256k.h"

#include "crypto/digest.h"
#include "tests/unit/crypto/check.h"

#include <pthread.h>

#define ORDER "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
#define ORDER_MINUS_1 "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140"
#define HALF_ORDER "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"
#define ONE "0000000000000000000000000000000000000000000000000000000000000001"
#define GENERATOR_X "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"

static struct rota_es256k_secret secret_of(const char *hex)
{
    struct rota_es256k_secret secret;
    uint8_t bytes[32];
    from_hex(bytes, 32, hex);
    expect_ok(rota_es256k_secret_parse(&secret, bytes));
    return secret;
}

static struct rota_signature signature_of(const char *r, const char *s)
{
    struct rota_signature signature;
    from_hex(signature.b, 32, r);
    from_hex(signature.b + 32, 32, s);
    return signature;
}

/* out = order - in, both big-endian, in below the order. */
static void negate(uint8_t out[32], const uint8_t in[32])
{
    uint8_t order[32];
    int borrow = 0;
    from_hex(order, 32, ORDER);
    for (int i = 31; i >= 0; i--) {
        int digit = order[i] - in[i] - borrow;
        borrow = digit < 0;
        out[i] = (uint8_t)(digit + (borrow ? 256 : 0));
    }
}

/* ---- signing -------------------------------------------------------------------------------------------------------- */

/* The deterministic signatures (RFC 6979, SHA-256) that implementations of this curve publish for each other. */
Test(es256k, signing_agrees_with_the_published_deterministic_signatures)
{
    static const struct {
        const char *secret, *message, *r, *s;
    } vectors[] = {
        {ONE, "Satoshi Nakamoto", "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8",
         "2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5"},
        {ONE, "All those moments will be lost in time, like tears in rain. Time to die...",
         "8600dbd41e348fe5c9465ab92d23e3db8b98b873beecd930736488696438cb6b",
         "547fe64427496db33bf66019dacbf0039c04199abb0122918601db38a72cfc21"},
        {ORDER_MINUS_1, "Satoshi Nakamoto", "fd567d121db66e382991534ada77a6bd3106f0a1098c231e47993447cd6af2d0",
         "6b39cd0eb1bc8603e159ef5c20a5c8ad685a45b06ce9bebed3f153d10d93bed5"},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        struct rota_es256k_secret secret = secret_of(vectors[i].secret);
        struct rota_hash digest = rota_hash_of(NULL, rota_view_text(vectors[i].message));
        struct rota_signature signature, expected = signature_of(vectors[i].r, vectors[i].s);
        rota_es256k_sign(&signature, &secret, &digest);
        cr_assert_arr_eq(signature.b, expected.b, 64);
        expect_ok(rota_es256k_verify(&secret.public_key, &digest, &signature));
    }
}

Test(es256k, a_new_signature_is_always_low_s)
{
    struct rota_es256k_secret secret;
    uint8_t half[32];
    from_hex(half, 32, HALF_ORDER);
    expect_ok(rota_es256k_generate(&secret));
    for (uint8_t i = 0; i < 64; i++) {
        struct rota_hash digest = rota_hash_of(NULL, rota_view(&i, 1));
        struct rota_signature signature;
        rota_es256k_sign(&signature, &secret, &digest);
        cr_assert_leq(memcmp(signature.b + 32, half, 32), 0);
    }
}

/* ---- verifying ------------------------------------------------------------------------------------------------------ */

Test(es256k, a_high_s_is_refused_and_normalising_brings_it_down)
{
    struct rota_es256k_secret secret;
    struct rota_hash digest = rota_hash_of(NULL, rota_view_text("proposal"));
    struct rota_signature low, high;
    expect_ok(rota_es256k_generate(&secret));
    rota_es256k_sign(&low, &secret, &digest);
    high = low;
    negate(high.b + 32, low.b + 32);
    expect_code(rota_es256k_verify(&secret.public_key, &digest, &high), ROTA_BAD_SIGNATURE);
    expect_ok(rota_es256k_normalise(&high));
    cr_assert_arr_eq(high.b, low.b, 64);
    expect_ok(rota_es256k_normalise(&high));
    cr_assert_arr_eq(high.b, low.b, 64, "low stays as it is");
    expect_ok(rota_es256k_verify(&secret.public_key, &digest, &high));
}

Test(es256k, numbers_out_of_range_are_refused)
{
    static const struct {
        const char *r, *s;
        bool normalises;
    } cases[] = {{ORDER, ONE, false},
                 {ONE, ORDER, false},
                 {"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", ONE, false},
                 {ZERO, ONE, true},
                 {ONE, ZERO, true},
                 {ZERO, ZERO, true},
                 {ONE, ORDER_MINUS_1, true}};
    struct rota_es256k_secret secret = secret_of(ONE);
    struct rota_hash digest = rota_hash_of(NULL, rota_view_text("proposal"));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rota_signature signature = signature_of(cases[i].r, cases[i].s);
        expect_code(rota_es256k_verify(&secret.public_key, &digest, &signature), ROTA_BAD_SIGNATURE);
        expect_code(rota_es256k_normalise(&signature), cases[i].normalises ? ROTA_OK : ROTA_MALFORMED);
        expect_code(rota_es256k_verify(&secret.public_key, &digest, &signature), ROTA_BAD_SIGNATURE);
    }
}

Test(es256k, a_signature_changed_in_any_bit_is_refused)
{
    struct rota_es256k_secret secret = secret_of(ONE);
    struct rota_hash digest = rota_hash_of(NULL, rota_view_text("proposal"));
    struct rota_signature signature;
    rota_es256k_sign(&signature, &secret, &digest);
    for (size_t bit = 0; bit < 512; bit++) {
        signature.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
        expect_code(rota_es256k_verify(&secret.public_key, &digest, &signature), ROTA_BAD_SIGNATURE);
        signature.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

Test(es256k, another_digest_or_another_key_is_refused)
{
    struct rota_es256k_secret secret = secret_of(ONE), other = secret_of(ORDER_MINUS_1);
    struct rota_hash digest = rota_hash_of(NULL, rota_view_text("a")), another = rota_hash_of(NULL, rota_view_text("b"));
    struct rota_signature signature;
    rota_es256k_sign(&signature, &secret, &digest);
    expect_code(rota_es256k_verify(&secret.public_key, &another, &signature), ROTA_BAD_SIGNATURE);
    expect_code(rota_es256k_verify(&other.public_key, &digest, &signature), ROTA_BAD_SIGNATURE);
}

/* ---- keys ----------------------------------------------------------------------------------------------------------- */

Test(es256k, a_secret_is_from_1_to_the_order_less_1)
{
    static const struct {
        const char *secret;
        enum rota_code code;
    } cases[] = {{ZERO, ROTA_MALFORMED}, {ONE, ROTA_OK}, {ORDER_MINUS_1, ROTA_OK}, {ORDER, ROTA_MALFORMED}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t bytes[32];
        struct rota_es256k_secret secret;
        from_hex(bytes, 32, cases[i].secret);
        expect_code(rota_es256k_secret_parse(&secret, bytes), cases[i].code);
    }
}

Test(es256k, the_secret_one_has_the_generator_as_its_public_key)
{
    struct rota_es256k_secret secret = secret_of(ONE), negative = secret_of(ORDER_MINUS_1);
    uint8_t x[32];
    from_hex(x, 32, GENERATOR_X);
    cr_assert_eq(secret.public_key.compressed[0], 2);
    cr_assert_arr_eq(secret.public_key.compressed + 1, x, 32);
    cr_assert_eq(negative.public_key.compressed[0], 3);
    cr_assert_arr_eq(negative.public_key.compressed + 1, x, 32);
}

Test(es256k, a_key_identifier_is_half_the_hash_of_the_compressed_key)
{
    struct rota_es256k_secret secret = secret_of(ONE), other = secret_of(ORDER_MINUS_1);
    struct rota_hash hash = rota_hash_of(NULL, rota_view(secret.public_key.compressed, 33));
    cr_assert_arr_eq(secret.public_key.kid.b, hash.b, ROTA_KID_BYTES);
    cr_assert_not(rota_kid_equal(&secret.public_key.kid, &other.public_key.kid));
}

Test(es256k, a_public_key_is_33_compressed_bytes_of_a_point)
{
    static const struct {
        const char *hex;
        size_t len;
        enum rota_code code;
    } cases[] = {
        {"02" GENERATOR_X, 33, ROTA_OK},
        {"03" GENERATOR_X, 33, ROTA_OK},
        {"04" GENERATOR_X, 33, ROTA_MALFORMED},
        {"06" GENERATOR_X, 33, ROTA_MALFORMED},
        {"00" GENERATOR_X, 33, ROTA_MALFORMED},
        {"02" ZERO, 33, ROTA_MALFORMED},
        {"020000000000000000000000000000000000000000000000000000000000000005", 33, ROTA_MALFORMED}, /* no point has this x */
        {"02fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f", 33,
         ROTA_MALFORMED}, /* x is the field's prime */
        {GENERATOR_X, 32, ROTA_MALFORMED},
        {"04" GENERATOR_X "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8", 65, ROTA_MALFORMED},
        {"", 0, ROTA_MALFORMED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t bytes[65];
        struct rota_es256k_public key;
        from_hex(bytes, cases[i].len, cases[i].hex);
        expect_code(rota_es256k_public_parse(&key, rota_view(bytes, cases[i].len)), cases[i].code);
    }
}

Test(es256k, wiping_leaves_zeros)
{
    static const struct rota_es256k_secret nothing;
    struct rota_es256k_secret secret = secret_of(ONE);
    rota_es256k_secret_wipe(&secret);
    cr_assert_eq(memcmp(&secret, &nothing, sizeof secret), 0);
}

/* ---- threads -------------------------------------------------------------------------------------------------------- */

/* Sets the flag that it is given when all went well. */
static void *sign_and_verify(void *all_verified)
{
    struct rota_es256k_secret secret;
    struct rota_signature signature;
    bool good = rota_is_ok(rota_es256k_generate(&secret));
    for (uint8_t i = 0; good && i < 20; i++) {
        struct rota_hash digest = rota_hash_of(NULL, rota_view(&i, 1));
        rota_es256k_sign(&signature, &secret, &digest);
        good = rota_is_ok(rota_es256k_verify(&secret.public_key, &digest, &signature));
    }
    *(bool *)all_verified = good;
    return NULL;
}

Test(es256k, threads_share_the_one_context_from_its_first_use)
{
    pthread_t threads[8];
    bool good[8] = {false};
    for (size_t i = 0; i < 8; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, sign_and_verify, &good[i]), 0);
    for (size_t i = 0; i < 8; i++) {
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
        cr_assert(good[i], "thread %zu", i);
    }
}
