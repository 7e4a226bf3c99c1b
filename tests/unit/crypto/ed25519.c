#include "crypto/ed25519.h"

#include "tests/unit/crypto/check.h"

/* RFC 8032 section 7.1, tests 1 to 3. */
static const struct {
    const char *seed, *public_key, *message, *signature;
} vectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141"
     "438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d29"
     "1612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027be"
     "ceea1ec40a"},
};

Test(ed25519, signing_and_verifying_agree_with_rfc_8032)
{
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        uint8_t seed[32], public_key[32], message[2];
        size_t len = strlen(vectors[i].message) / 2;
        struct rota_signature expected, signature;
        struct rota_ed25519_secret secret;
        struct rota_ed25519_public key;
        from_hex(seed, 32, vectors[i].seed);
        from_hex(public_key, 32, vectors[i].public_key);
        from_hex(message, len, vectors[i].message);
        from_hex(expected.b, 64, vectors[i].signature);
        rota_ed25519_from_seed(&secret, seed);
        cr_assert_arr_eq(secret.public_key.b, public_key, 32);
        rota_ed25519_sign(&signature, &secret, rota_view(message, len));
        cr_assert_arr_eq(signature.b, expected.b, 64);
        expect_ok(rota_ed25519_public_parse(&key, rota_view(public_key, 32)));
        cr_assert(rota_ed25519_verify(&key, rota_view(message, len), &signature));
    }
}

Test(ed25519, a_signature_changed_in_any_bit_is_refused)
{
    struct rota_ed25519_secret secret;
    struct rota_signature signature;
    rota_ed25519_generate(&secret);
    rota_ed25519_sign(&signature, &secret, rota_view_text("prepare"));
    for (size_t bit = 0; bit < 512; bit++) {
        signature.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
        cr_assert_not(rota_ed25519_verify(&secret.public_key, rota_view_text("prepare"), &signature), "bit %zu", bit);
        signature.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    cr_assert(rota_ed25519_verify(&secret.public_key, rota_view_text("prepare"), &signature));
}

Test(ed25519, another_message_or_another_key_is_refused)
{
    struct rota_ed25519_secret secret, other;
    struct rota_signature signature;
    rota_ed25519_generate(&secret);
    rota_ed25519_generate(&other);
    rota_ed25519_sign(&signature, &secret, rota_view_text("prepare"));
    cr_assert_not(rota_ed25519_verify(&secret.public_key, rota_view_text("prepars"), &signature));
    cr_assert_not(rota_ed25519_verify(&secret.public_key, rota_view_text("prepare "), &signature));
    cr_assert_not(rota_ed25519_verify(&other.public_key, rota_view_text("prepare"), &signature));
}

/* s + L is the same number modulo the group order: a verifier that takes it gives one vote two encodings. */
Test(ed25519, the_second_encoding_of_a_signature_is_refused)
{
    static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                                      0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
                                      0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};
    struct rota_ed25519_secret secret;
    struct rota_signature signature;
    unsigned carry = 0;
    rota_ed25519_generate(&secret);
    rota_ed25519_sign(&signature, &secret, rota_view_text("prepare"));
    for (size_t i = 0; i < 32; i++) {
        carry += (unsigned)signature.b[32 + i] + order[i];
        signature.b[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    cr_assert_eq(carry, 0);
    cr_assert_not(rota_ed25519_verify(&secret.public_key, rota_view_text("prepare"), &signature));
}

Test(ed25519, keys_on_which_verifiers_disagree_are_refused)
{
    static const char *const wrong[] = {
        "0000000000000000000000000000000000000000000000000000000000000000", /* order 4 */
        "0100000000000000000000000000000000000000000000000000000000000000", /* identity */
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* order 2 */
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", /* order 8 */
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* 0, not canonical */
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", /* 1, not canonical */
        "0200000000000000000000000000000000000000000000000000000000000000", /* no point */
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    };
    static const struct rota_ed25519_public zero;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        uint8_t bytes[32];
        struct rota_ed25519_public key;
        from_hex(bytes, 32, wrong[i]);
        memset(&key, 0xee, sizeof key);
        expect_code(rota_ed25519_public_parse(&key, rota_view(bytes, 32)), ROTA_MALFORMED);
        cr_assert_eq(memcmp(&key, &zero, sizeof key), 0);
    }
}

Test(ed25519, a_key_has_32_bytes)
{
    struct rota_ed25519_secret secret;
    struct rota_ed25519_public key;
    uint8_t bytes[33] = {0};
    rota_ed25519_generate(&secret);
    memcpy(bytes, secret.public_key.b, 32);
    expect_ok(rota_ed25519_public_parse(&key, rota_view(bytes, 32)));
    expect_code(rota_ed25519_public_parse(&key, rota_view(bytes, 31)), ROTA_MALFORMED);
    expect_code(rota_ed25519_public_parse(&key, rota_view(bytes, 33)), ROTA_MALFORMED);
    expect_code(rota_ed25519_public_parse(&key, rota_view(NULL, 0)), ROTA_MALFORMED);
}

Test(ed25519, wiping_leaves_zeros)
{
    static const struct rota_ed25519_secret nothing;
    struct rota_ed25519_secret secret;
    rota_ed25519_generate(&secret);
    rota_ed25519_secret_wipe(&secret);
    cr_assert_eq(memcmp(&secret, &nothing, sizeof secret), 0);
}
