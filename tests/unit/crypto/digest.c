#include "crypto/digest.h"

#include "tests/unit/crypto/check.h"

static void expect_hash(const struct rota_hash *hash, const char *hex)
{
    char text[2 * ROTA_HASH_BYTES + 1];
    rota_hex_encode(text, rota_view(hash->b, sizeof hash->b));
    cr_assert_str_eq(text, hex);
}

Test(digest, sha256_agrees_with_fips_180)
{
    static const char *const cases[][2] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rota_hash hash = rota_hash_of(NULL, rota_view_text(cases[i][0]));
        expect_hash(&hash, cases[i][1]);
    }
}

Test(digest, a_million_letters_in_uneven_pieces)
{
    static char letters[1000];
    memset(letters, 'a', sizeof letters);
    struct rota_digest digest;
    rota_digest_start(&digest, NULL);
    size_t left = 1000000;
    for (size_t piece = 1; left > 0; piece = piece % 999 + 1) {
        size_t now = piece < left ? piece : left;
        rota_digest_add(&digest, letters, now);
        left -= now;
    }
    struct rota_hash hash = rota_digest_finish(&digest);
    expect_hash(&hash, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

Test(digest, a_tag_is_the_ascii_text_in_front)
{
    struct rota_hash tagged = rota_hash_of(ROTA_TAG("block"), rota_view_text("xyz"));
    struct rota_hash plain = rota_hash_of(NULL, rota_view_text("rotaledger/v1/block\nxyz"));
    struct rota_hash other = rota_hash_of(ROTA_TAG("commit"), rota_view_text("xyz"));
    cr_assert(rota_hash_equal(&tagged, &plain));
    cr_assert_not(rota_hash_equal(&tagged, &other));
}

Test(digest, integers_and_hashes_go_in_big_endian)
{
    struct rota_digest digest;
    struct rota_hash inner = rota_hash_of(NULL, rota_view_text("abc"));
    uint8_t bytes[45] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13};
    memcpy(bytes + 13, inner.b, sizeof inner.b);
    rota_digest_start(&digest, ROTA_TAG("state"));
    rota_digest_add_u8(&digest, 1);
    rota_digest_add_u32(&digest, 0x02030405);
    rota_digest_add_u64(&digest, UINT64_C(0x060708090a0b0c0d));
    rota_digest_add_hash(&digest, &inner);
    struct rota_hash hash = rota_digest_finish(&digest);
    struct rota_hash expected = rota_hash_of(ROTA_TAG("state"), rota_view(bytes, sizeof bytes));
    cr_assert(rota_hash_equal(&hash, &expected));
}

Test(digest, nothing_added_changes_nothing)
{
    struct rota_digest digest;
    rota_digest_start(&digest, NULL);
    rota_digest_add(&digest, NULL, 0);
    struct rota_hash hash = rota_digest_finish(&digest);
    expect_hash(&hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}
