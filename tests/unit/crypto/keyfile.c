#include "crypto/init.h"
#include "crypto/keyfile_private.h"
#include "tests/unit/crypto/place.h"

#include <sodium.h>

/* The least that Argon2id allows: these tests are about the file, not about the cost. */
static const struct rota_keyfile_cost cheap = {8192, 1};
static const char passphrase[] = "correct horse";
static const char created[] = "2026-07-01";

static struct rota_secret_key key_new(enum rota_key_role role, const char *label)
{
    struct rota_secret_key key;
    struct rota_token token = token_of(label);
    expect_ok(rota_secret_key_generate(&key, role, &token));
    return key;
}

static void seal_cheap(char text[ROTA_KEYFILE_BYTES_MAX], const struct rota_secret_key *key)
{
    expect_ok(rota_keyfile_seal(text, key, passphrase, created, cheap));
}

static bool keys_equal(const struct rota_secret_key *a, const struct rota_secret_key *b)
{
    if (a->role != b->role || !rota_token_equal(&a->label, &b->label))
        return false;
    if (a->role == ROTA_KEY_FACILITY)
        return memcmp(a->facility.b, b->facility.b, 64) == 0 &&
               memcmp(&a->facility.public_key, &b->facility.public_key, 32) == 0;
    return memcmp(a->coordinator.b, b->coordinator.b, 32) == 0 &&
           rota_kid_equal(&a->coordinator.public_key.kid, &b->coordinator.public_key.kid);
}

/* ---- the good case -------------------------------------------------------------------------------------------------- */

Test(keyfile, a_key_of_either_role_comes_back_from_its_file)
{
    struct place place = place_make();
    static const enum rota_key_role roles[] = {ROTA_KEY_FACILITY, ROTA_KEY_COORDINATOR};
    for (size_t i = 0; i < 2; i++) {
        struct rota_secret_key key = key_new(roles[i], "chief-west"), back;
        enum rota_key_role role = 0;
        struct rota_token label;
        struct stat info;
        char path[128];
        place_path(path, &place, i ? "b.key" : "a.key");
        expect_ok(rota_keyfile_write_at_cost(path, &key, passphrase, created, cheap));
        cr_assert_eq(stat(path, &info), 0);
        cr_assert_eq(info.st_mode & 07777, 0600);
        expect_ok(rota_keyfile_peek(&role, &label, path));
        cr_assert_eq(role, roles[i]);
        cr_assert_str_eq(label.text, "chief-west");
        expect_ok(rota_keyfile_read(&back, path, passphrase));
        cr_assert(keys_equal(&key, &back));
    }
    place_remove(&place);
}

/* The one test at full cost: what everybody gets who does not ask for less. */
Test(keyfile, a_key_file_is_written_at_64_mib_and_three_passes)
{
    struct place place = place_make();
    struct rota_secret_key key = key_new(ROTA_KEY_COORDINATOR, "chief-west"), back;
    char path[128], kid[ROTA_KID_CHARS + 1], comment[256];
    uint8_t text[ROTA_KEYFILE_BYTES_MAX + 1] = {0};
    place_path(path, &place, "chief.key");
    expect_ok(rota_keyfile_write(path, &key, passphrase, created));
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    cr_assert_gt(read(fd, text, sizeof text - 1), 0);
    (void)close(fd);
    rota_hex_encode(kid, rota_view(key.coordinator.public_key.kid.b, ROTA_KID_BYTES));
    (void)snprintf(comment, sizeof comment,
                   "untrusted comment: rotaledger coordinator key, chief-west, kid %s, created 2026-07-01\n"
                   "rotakey1:coordinator:chief-west:argon2id:67108864:3:",
                   kid);
    cr_assert_eq(strncmp((const char *)text, comment, strlen(comment)), 0, "%s", (const char *)text);
    expect_ok(rota_keyfile_read(&back, path, passphrase));
    cr_assert(keys_equal(&key, &back));
    place_remove(&place);
}

Test(keyfile, two_files_of_one_key_share_neither_salt_nor_ciphertext)
{
    struct rota_secret_key key = key_new(ROTA_KEY_FACILITY, "alpha");
    char first[ROTA_KEYFILE_BYTES_MAX], second[ROTA_KEYFILE_BYTES_MAX];
    seal_cheap(first, &key);
    seal_cheap(second, &key);
    const char *salt = strstr(first, "8192:1:"), *other = strstr(second, "8192:1:");
    cr_assert_neq(strncmp(salt + 7, other + 7, 22), 0);
    cr_assert_str_neq(strrchr(first, ':'), strrchr(second, ':'));
}

Test(keyfile, the_secret_is_not_in_the_file)
{
    struct rota_secret_key key = key_new(ROTA_KEY_FACILITY, "alpha");
    char text[ROTA_KEYFILE_BYTES_MAX], plain[64];
    seal_cheap(text, &key);
    rota_base64url_encode(plain, rota_view(key.facility.b, 32));
    plain[40] = '\0';
    cr_assert_null(strstr(text, plain));
}

/* ---- refusals ------------------------------------------------------------------------------------------------------- */

Test(keyfile, a_wrong_passphrase_opens_nothing)
{
    static const char *const wrong[] = {"", "correct hors", "correct horse ", "Correct horse"};
    static const struct rota_secret_key nothing;
    struct rota_secret_key key = key_new(ROTA_KEY_FACILITY, "alpha"), back;
    char text[ROTA_KEYFILE_BYTES_MAX];
    seal_cheap(text, &key);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        memset(&back, 0xee, sizeof back);
        expect_code(rota_keyfile_open(&back, rota_view_text(text), wrong[i]), ROTA_PASSPHRASE);
        cr_assert_eq(memcmp(&back, &nothing, sizeof back), 0);
    }
}

Test(keyfile, an_empty_passphrase_or_a_day_that_is_no_day_is_not_written)
{
    struct rota_secret_key key = key_new(ROTA_KEY_FACILITY, "alpha");
    char text[ROTA_KEYFILE_BYTES_MAX];
    expect_code(rota_keyfile_seal(text, &key, "", created, cheap), ROTA_PASSPHRASE);
    expect_code(rota_keyfile_seal(text, &key, passphrase, "", cheap), ROTA_USAGE);
    expect_code(rota_keyfile_seal(text, &key, passphrase, "today\nrotakey1:", cheap), ROTA_USAGE);
}

/* Comment, role, label, cost, salt, nonce and ciphertext are all authenticated. */
Test(keyfile, a_file_changed_in_any_byte_does_not_open)
{
    struct rota_secret_key key = key_new(ROTA_KEY_COORDINATOR, "chief-west"), back;
    char text[ROTA_KEYFILE_BYTES_MAX];
    seal_cheap(text, &key);
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++) {
        char original = text[i];
        text[i] ^= 1;
        cr_assert_not(rota_is_ok(rota_keyfile_open(&back, rota_view(text, len), passphrase)), "byte %zu of %s", i, text);
        text[i] = original;
    }
    expect_ok(rota_keyfile_open(&back, rota_view(text, len), passphrase));
}

Test(keyfile, a_file_cut_at_any_byte_does_not_open)
{
    struct rota_secret_key key = key_new(ROTA_KEY_FACILITY, "alpha"), back;
    char text[ROTA_KEYFILE_BYTES_MAX];
    seal_cheap(text, &key);
    for (size_t len = 0; len < strlen(text); len++)
        expect_code(rota_keyfile_open(&back, rota_view(text, len), passphrase), ROTA_MALFORMED);
    (void)strcat(text, "\n");
    expect_code(rota_keyfile_open(&back, rota_view_text(text), passphrase), ROTA_MALFORMED);
}

/* Text of a key file with one field of its data line replaced. */
static void replace(char out[2 * ROTA_KEYFILE_BYTES_MAX], const char *text, const char *from, const char *to)
{
    const char *data = strchr(text, '\n'), *at = strstr(data, from);
    cr_assert_not_null(at);
    (void)snprintf(out, 2 * ROTA_KEYFILE_BYTES_MAX, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

Test(keyfile, a_file_that_asks_for_too_much_or_for_something_else_is_refused_before_any_work)
{
    static const struct {
        const char *from, *to;
        enum rota_code code;
    } cases[] = {
        {":8192:", ":268435457:", ROTA_TOO_LARGE}, {":8192:", ":9999999999:", ROTA_TOO_LARGE},
        {":8192:", ":8191:", ROTA_TOO_LARGE},      {":8192:", ":99999999999999999999:", ROTA_MALFORMED},
        {":8192:", ":08192:", ROTA_MALFORMED},     {":8192:", ":+8192:", ROTA_MALFORMED},
        {":8192:", "::", ROTA_MALFORMED},          {":8192:1:", ":8192:17:", ROTA_TOO_LARGE},
        {":8192:1:", ":8192:0:", ROTA_MALFORMED},  {"rotakey1", "rotakey2", ROTA_UNSUPPORTED},
        {"argon2id", "argon2i", ROTA_UNSUPPORTED}, {"facility", "director", ROTA_MALFORMED},
        {":alpha:", "::", ROTA_MALFORMED},         {":alpha:", ":al pha:", ROTA_MALFORMED},
        {":alpha:", ":alpha:x:", ROTA_MALFORMED},  {":facility:", ":coordinator:", ROTA_PASSPHRASE},
        {":alpha:", ":bravo:", ROTA_PASSPHRASE},   {":8192:1:", ":8192:2:", ROTA_PASSPHRASE},
    };
    struct rota_secret_key key = key_new(ROTA_KEY_FACILITY, "alpha"), back;
    char text[ROTA_KEYFILE_BYTES_MAX], changed[2 * ROTA_KEYFILE_BYTES_MAX];
    seal_cheap(text, &key);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        replace(changed, text, cases[i].from, cases[i].to);
        expect_code(rota_keyfile_open(&back, rota_view_text(changed), passphrase), cases[i].code);
    }
}

Test(keyfile, an_open_file_is_refused_by_read_and_by_peek)
{
    struct place place = place_make();
    struct rota_secret_key key = key_new(ROTA_KEY_FACILITY, "alpha"), back;
    enum rota_key_role role;
    struct rota_token label;
    char path[128], text[ROTA_KEYFILE_BYTES_MAX];
    place_path(path, &place, "alpha.key");
    seal_cheap(text, &key);
    place_write(path, rota_view_text(text), 0640);
    expect_code(rota_keyfile_read(&back, path, passphrase), ROTA_PERMISSION);
    expect_code(rota_keyfile_peek(&role, &label, path), ROTA_PERMISSION);
    cr_assert_eq(chmod(path, 0600), 0);
    expect_ok(rota_keyfile_read(&back, path, passphrase));
    place_remove(&place);
}

Test(keyfile, a_key_is_never_written_over_a_file)
{
    struct place place = place_make();
    struct rota_secret_key key = key_new(ROTA_KEY_FACILITY, "alpha"), other = key_new(ROTA_KEY_FACILITY, "bravo"), back;
    char path[128];
    place_path(path, &place, "alpha.key");
    expect_ok(rota_keyfile_write_at_cost(path, &key, passphrase, created, cheap));
    expect_code(rota_keyfile_write_at_cost(path, &other, passphrase, created, cheap), ROTA_EXISTS);
    expect_ok(rota_keyfile_read(&back, path, passphrase));
    cr_assert(keys_equal(&key, &back));
    place_remove(&place);
}

/* ---- keys in memory ------------------------------------------------------------------------------------------------- */

Test(keyfile, wiping_leaves_zeros)
{
    static const struct rota_secret_key nothing;
    rota_crypto_init(); /* before sodium_malloc, always */
    struct rota_secret_key *key = sodium_malloc(sizeof *key);
    struct rota_token label = token_of("alpha");
    expect_ok(rota_secret_key_generate(key, ROTA_KEY_FACILITY, &label));
    cr_assert_neq(memcmp(key, &nothing, sizeof *key), 0);
    rota_secret_key_wipe(key);
    cr_assert_eq(memcmp(key, &nothing, sizeof *key), 0);
    sodium_free(key);
    rota_secret_key_wipe(NULL);
}

Test(keyfile, two_new_keys_differ)
{
    struct rota_secret_key a = key_new(ROTA_KEY_COORDINATOR, "a"), b = key_new(ROTA_KEY_COORDINATOR, "a");
    cr_assert_neq(memcmp(a.coordinator.b, b.coordinator.b, 32), 0);
    a = key_new(ROTA_KEY_FACILITY, "a");
    b = key_new(ROTA_KEY_FACILITY, "a");
    cr_assert_neq(memcmp(a.facility.b, b.facility.b, 32), 0);
}
