#include "crypto/bytes.h"

#include "tests/unit/crypto/check.h"

/* ---- tokens --------------------------------------------------------------------------------------------------------- */

Test(bytes, a_token_has_1_to_32_plain_characters)
{
    static const struct {
        const char *text;
        bool good;
    } cases[] = {
        {"a", true},
        {"Charlie.North_2-b", true},
        {"01234567890123456789012345678901", true},
        {"012345678901234567890123456789012", false},
        {"", false},
        {"a b", false},
        {"a:b", false},
        {"a/b", false},
        {"a\n", false},
        {"m\xc3\xbcller", false},
        {"a@b", false},
        {"a[b", false},
        {"a`b", false},
        {"a{b", false},
    };
    static const struct rota_token empty;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rota_token token;
        memset(&token, 0xee, sizeof token);
        bool good = rota_is_ok(rota_token_parse(&token, rota_view_text(cases[i].text)));
        cr_assert_eq(good, cases[i].good, "token \"%s\"", cases[i].text);
        if (good)
            cr_assert_str_eq(token.text, cases[i].text);
        else
            cr_assert(rota_token_equal(&token, &empty), "a refused token leaves zero");
    }
}

Test(bytes, a_token_holds_no_nul)
{
    struct rota_token token;
    expect_code(rota_token_parse(&token, rota_view("a\0b", 3)), ROTA_MALFORMED);
}

Test(bytes, equal_tokens_are_equal_in_every_byte)
{
    struct rota_token long_one = token_of("abcdefgh"), reused = long_one, plain = token_of("abc");
    expect_ok(rota_token_parse(&reused, rota_view_text("abc")));
    cr_assert(rota_token_equal(&reused, &plain));
    cr_assert_not(rota_token_equal(&long_one, &plain));
}

/* ---- views and hashes ----------------------------------------------------------------------------------------------- */

Test(bytes, views_compare_by_length_and_content)
{
    cr_assert(rota_view_equal(rota_view_text("ab"), rota_view("abc", 2)));
    cr_assert_not(rota_view_equal(rota_view_text("ab"), rota_view_text("abc")));
    cr_assert_not(rota_view_equal(rota_view_text("ab"), rota_view_text("ac")));
    cr_assert(rota_view_equal(rota_view(NULL, 0), rota_view_text("")));
}

Test(bytes, a_hash_is_zero_only_when_every_byte_is)
{
    struct rota_hash hash = {{0}}, other = {{0}};
    cr_assert(rota_hash_is_zero(&hash));
    hash.b[31] = 1;
    cr_assert_not(rota_hash_is_zero(&hash));
    cr_assert_not(rota_hash_equal(&hash, &other));
    other.b[31] = 1;
    cr_assert(rota_hash_equal(&hash, &other));
}

/* ---- hex ------------------------------------------------------------------------------------------------------------ */

Test(bytes, hex_is_lower_case_and_exact)
{
    uint8_t out[3];
    char text[7];
    expect_ok(rota_hex_decode(out, 3, rota_view_text("00ff1a")));
    rota_hex_encode(text, rota_view(out, 3));
    cr_assert_str_eq(text, "00ff1a");
    static const char *const wrong[] = {"00FF1a", "00ff1",  "00ff1a0", "00ff1g", "",
                                        "0x00ff", " 0ff1a", "00f/1a",  "00f:1a", "00f`1a"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_code(rota_hex_decode(out, 3, rota_view_text(wrong[i])), ROTA_MALFORMED);
}

Test(bytes, every_byte_survives_hex)
{
    for (int i = 0; i < 256; i++) {
        uint8_t in = (uint8_t)i, out = (uint8_t)~i;
        char text[3];
        rota_hex_encode(text, rota_view(&in, 1));
        expect_ok(rota_hex_decode(&out, 1, rota_view_text(text)));
        cr_assert_eq(in, out);
    }
}

/* ---- base64url ------------------------------------------------------------------------------------------------------ */

Test(bytes, base64url_agrees_with_rfc_4648)
{
    static const char *const cases[][2] = {
        {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xef\xff", "--__"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[16];
        uint8_t bytes[16];
        size_t len;
        rota_base64url_encode(text, rota_view_text(cases[i][0]));
        cr_assert_str_eq(text, cases[i][1]);
        cr_assert_eq(strlen(text), rota_base64url_chars(strlen(cases[i][0])));
        expect_ok(rota_base64url_decode(bytes, &len, sizeof bytes, rota_view_text(text)));
        cr_assert(rota_view_equal(rota_view(bytes, len), rota_view_text(cases[i][0])));
    }
}

Test(bytes, base64url_refuses_what_it_would_not_write)
{
    static const char *const wrong[] = {"Z",    "Zg==",  "Zm8=",    "Zh",     "Zm9",  "Zm9v\n", "Zm 9v", "Zm+v",
                                        "Zm/v", "Zm9vY", "Zm9\x80", "Zm9vYh", "Zm.v", "=",      "Zm9v="};
    uint8_t out[16];
    size_t len;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_code(rota_base64url_decode(out, &len, sizeof out, rota_view_text(wrong[i])), ROTA_MALFORMED);
}

/* All texts of two bytes: accepted exactly when encoding the result gives the text back. */
Test(bytes, base64url_has_one_text_for_each_value)
{
    unsigned accepted = 0;
    for (unsigned i = 0; i < 65536; i++) {
        const uint8_t text[2] = {(uint8_t)(i >> 8), (uint8_t)i};
        uint8_t out[2];
        char again[8];
        size_t len;
        if (!rota_is_ok(rota_base64url_decode(out, &len, sizeof out, rota_view(text, 2))))
            continue;
        rota_base64url_encode(again, rota_view(out, len));
        cr_assert(rota_view_equal(rota_view_text(again), rota_view(text, 2)));
        accepted++;
    }
    cr_assert_eq(accepted, 256);
}

Test(bytes, base64url_of_every_length_survives)
{
    uint8_t in[100], out[100];
    char text[140];
    for (size_t len = 0; len <= sizeof in; len++) {
        size_t out_len = 0;
        for (size_t i = 0; i < len; i++)
            in[i] = (uint8_t)(i * 37 + len);
        rota_base64url_encode(text, rota_view(in, len));
        expect_ok(rota_base64url_decode(out, &out_len, len, rota_view_text(text)));
        cr_assert(rota_view_equal(rota_view(in, len), rota_view(out, out_len)));
    }
}

Test(bytes, base64url_never_writes_beyond_its_room)
{
    uint8_t out[4] = {9, 9, 9, 9};
    size_t len = 0;
    expect_code(rota_base64url_decode(out, &len, 2, rota_view_text("Zm9v")), ROTA_TOO_LARGE);
    expect_code(rota_base64url_decode(out, &len, 0, rota_view_text("Zg")), ROTA_TOO_LARGE);
    expect_ok(rota_base64url_decode(out, &len, 3, rota_view_text("Zm9v")));
    cr_assert_eq(len, 3);
    cr_assert_eq(out[3], 9);
    expect_ok(rota_base64url_measure(&len, 5, rota_view_text("Zm9vYmE")));
    cr_assert_eq(len, 5);
    expect_code(rota_base64url_measure(&len, 4, rota_view_text("Zm9vYmE")), ROTA_TOO_LARGE);
}
