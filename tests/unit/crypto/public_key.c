#include "crypto/digest.h"
#include "crypto/keyfile.h"
#include "tests/unit/crypto/check.h"

static struct rota_secret_key key_new(enum rota_key_role role, const char *label)
{
    struct rota_secret_key key;
    struct rota_token token = token_of(label);
    expect_ok(rota_secret_key_generate(&key, role, &token));
    return key;
}

static struct rota_public_key public_of(const struct rota_secret_key *key)
{
    struct rota_public_key out;
    expect_ok(rota_secret_key_public(&out, key));
    return out;
}

static struct rota_view bytes_of(const struct rota_public_key *key)
{
    return key->role == ROTA_KEY_FACILITY ? rota_view(key->facility.b, 32) : rota_view(key->coordinator.compressed, 33);
}

static const enum rota_key_role roles[] = {ROTA_KEY_FACILITY, ROTA_KEY_COORDINATOR};

Test(public_key, a_line_of_either_role_comes_back_from_its_text)
{
    for (size_t i = 0; i < 2; i++) {
        struct rota_secret_key secret = key_new(roles[i], "0123456789.abcdefghij_KLMNOPQR-s");
        struct rota_public_key key = public_of(&secret), back;
        char line[ROTA_PUBLIC_LINE_CHARS_MAX], again[ROTA_PUBLIC_LINE_CHARS_MAX];
        rota_public_key_format(line, &key);
        expect_ok(rota_public_key_parse(&back, rota_view_text(line)));
        cr_assert_eq(back.role, roles[i]);
        cr_assert(rota_token_equal(&back.label, &key.label));
        cr_assert(rota_view_equal(bytes_of(&back), bytes_of(&key)));
        rota_public_key_format(again, &back);
        cr_assert_str_eq(line, again);
    }
}

Test(public_key, the_line_has_the_published_form)
{
    struct rota_secret_key secret = {.role = ROTA_KEY_FACILITY, .label = token_of("alpha")};
    char line[ROTA_PUBLIC_LINE_CHARS_MAX], expected[ROTA_PUBLIC_LINE_CHARS_MAX], key_text[64], proof_text[96];
    const uint8_t seed[32] = {7};
    rota_ed25519_from_seed(&secret.facility, seed);
    struct rota_public_key key = public_of(&secret);
    rota_public_key_format(line, &key);
    rota_base64url_encode(key_text, rota_view(key.facility.b, 32));
    rota_base64url_encode(proof_text, rota_view(key.possession.b, 64));
    (void)snprintf(expected, sizeof expected, "rotapub1:facility:alpha:%s:%s", key_text, proof_text);
    cr_assert_str_eq(line, expected);
}

/* tag || role u8 || label with its u16 length || key, as FORMATS §4 says it, put together by hand. */
Test(public_key, the_proof_is_over_the_published_bytes)
{
    struct rota_secret_key facility = key_new(ROTA_KEY_FACILITY, "alpha"),
                           coordinator = key_new(ROTA_KEY_COORDINATOR, "alpha");
    struct rota_public_key a = public_of(&facility), b = public_of(&coordinator);
    uint8_t message[25 + 1 + 2 + 5 + 33] = "rotaledger/v1/possession\n\1\0\5alpha";
    memcpy(message + 33, a.facility.b, 32);
    cr_assert(rota_ed25519_verify(&a.facility, rota_view(message, 33 + 32), &a.possession));
    message[25] = 2;
    memcpy(message + 33, b.coordinator.compressed, 33);
    struct rota_hash digest = rota_hash_of(NULL, rota_view(message, 33 + 33));
    expect_ok(rota_es256k_verify(&b.coordinator, &digest, &b.possession));
}

Test(public_key, a_proof_is_for_one_role_one_label_and_one_key)
{
    for (size_t i = 0; i < 2; i++) {
        struct rota_secret_key secret = key_new(roles[i], "alpha"), stranger = key_new(roles[i], "alpha");
        struct rota_public_key key = public_of(&secret), other = public_of(&stranger);
        struct rota_token bravo = token_of("bravo");
        cr_assert(rota_possession_verify(key.role, &key.label, bytes_of(&key), &key.possession));
        cr_assert_not(rota_possession_verify(roles[1 - i], &key.label, bytes_of(&key), &key.possession));
        cr_assert_not(rota_possession_verify((enum rota_key_role)3, &key.label, bytes_of(&key), &key.possession));
        cr_assert_not(rota_possession_verify(key.role, &bravo, bytes_of(&key), &key.possession));
        cr_assert_not(rota_possession_verify(key.role, &key.label, bytes_of(&other), &key.possession));
        cr_assert_not(rota_possession_verify(key.role, &key.label, bytes_of(&key), &other.possession));
        cr_assert_not(rota_possession_verify(key.role, &key.label, rota_view(bytes_of(&key).data, 31), &key.possession));
    }
}

Test(public_key, a_line_changed_in_any_character_is_refused)
{
    for (size_t i = 0; i < 2; i++) {
        struct rota_secret_key secret = key_new(roles[i], "alpha");
        struct rota_public_key key = public_of(&secret), back;
        static const struct rota_public_key nothing;
        char line[ROTA_PUBLIC_LINE_CHARS_MAX];
        rota_public_key_format(line, &key);
        for (size_t at = 0; line[at]; at++) {
            char original = line[at];
            line[at] = original == 'A' ? 'B' : 'A';
            cr_assert_not(rota_is_ok(rota_public_key_parse(&back, rota_view_text(line))), "character %zu of %s", at, line);
            cr_assert_eq(memcmp(&back, &nothing, sizeof back), 0);
            line[at] = original;
        }
    }
}

Test(public_key, a_line_cut_anywhere_or_followed_by_something_is_refused)
{
    struct rota_secret_key secret = key_new(ROTA_KEY_COORDINATOR, "alpha");
    struct rota_public_key key = public_of(&secret), back;
    char line[ROTA_PUBLIC_LINE_CHARS_MAX + 8];
    rota_public_key_format(line, &key);
    size_t len = strlen(line);
    for (size_t cut = 0; cut < len; cut++)
        cr_assert_not(rota_is_ok(rota_public_key_parse(&back, rota_view(line, cut))), "cut at %zu", cut);
    static const char *const tails[] = {"\n", " ", ":", ":x", "A", "="};
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        (void)strcpy(line + len, tails[i]);
        cr_assert_not(rota_is_ok(rota_public_key_parse(&back, rota_view_text(line))), "tail %zu", i);
    }
}

Test(public_key, a_newer_format_is_said_to_be_so)
{
    struct rota_public_key key;
    expect_code(rota_public_key_parse(&key, rota_view_text("rotapub2:facility:alpha:AAAA:AAAA")), ROTA_UNSUPPORTED);
    expect_code(rota_public_key_parse(&key, rota_view_text("rotapub1:facility:alpha:AAAA:AAAA")), ROTA_MALFORMED);
}
