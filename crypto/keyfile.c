#include "crypto/init.h"
#include "crypto/keyfile_private.h"
#include "crypto/private_file.h"

#include <sodium.h>
#include <stdio.h>

enum {
    KEYFILE_SALT_BYTES = crypto_pwhash_SALTBYTES,
    KEYFILE_NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    KEYFILE_SECRET_BYTES = 32, /* of either kind of key */
    KEYFILE_SEALED_BYTES = KEYFILE_SECRET_BYTES + crypto_aead_xchacha20poly1305_ietf_ABYTES,
    KEYFILE_CREATED_CHARS_MAX = 32,
};

static const char keyfile_comment[] = "untrusted comment: ";

/* A key file taken apart. */
struct keyfile {
    enum rota_key_role role;
    struct rota_token label;
    struct rota_keyfile_cost cost;
    uint8_t salt[KEYFILE_SALT_BYTES];
    uint8_t nonce[KEYFILE_NONCE_BYTES];
    uint8_t sealed[KEYFILE_SEALED_BYTES];
    struct rota_view associated; /* every byte of the file before the ciphertext: nothing can be changed unnoticed */
};

/* ---- secret keys ---------------------------------------------------------------------------------------------------- */

struct rota_view rota_secret_key_public_bytes(const struct rota_secret_key *key)
{
    return rota_key_role_is_ed25519(key->role)
               ? rota_view(key->facility.public_key.b, sizeof key->facility.public_key.b)
               : rota_view(key->coordinator.public_key.compressed, sizeof key->coordinator.public_key.compressed);
}

/* An empty key in locked memory; where the limit on locked memory is used up, the key works without the lock. */
static void secret_key_start(struct rota_secret_key *out, enum rota_key_role role, const struct rota_token *label)
{
    rota_crypto_init();
    (void)sodium_mlock(out, sizeof *out);
    memset(out, 0, sizeof *out);
    out->role = role;
    out->label = *label;
}

struct rota_status rota_secret_key_generate(struct rota_secret_key *out, enum rota_key_role role,
                                            const struct rota_token *label)
{
    struct rota_token copy = *label; /* the caller's may lie in *out */
    ROTA_ASSERT(role == ROTA_KEY_COORDINATOR || rota_key_role_is_ed25519(role));
    secret_key_start(out, role, &copy);
    if (role == ROTA_KEY_COORDINATOR)
        return rota_es256k_generate(&out->coordinator);
    rota_ed25519_generate(&out->facility);
    return rota_ok();
}

void rota_secret_key_wipe(struct rota_secret_key *key)
{
    if (key)
        (void)sodium_munlock(key, sizeof *key); /* overwrites with zero first */
}

/* ---- the lock ------------------------------------------------------------------------------------------------------- */

static struct rota_status lock_derive(uint8_t out[crypto_aead_xchacha20poly1305_ietf_KEYBYTES], const char *passphrase,
                                      const uint8_t salt[KEYFILE_SALT_BYTES], struct rota_keyfile_cost cost)
{
    if (crypto_pwhash(out, crypto_aead_xchacha20poly1305_ietf_KEYBYTES, passphrase, strlen(passphrase), salt, cost.passes,
                      (size_t)cost.memory_bytes, crypto_pwhash_ALG_ARGON2ID13) != 0)
        return rota_fail(ROTA_NO_MEMORY, "not enough memory to derive a key from the passphrase");
    return rota_ok();
}

/* ---- sealing -------------------------------------------------------------------------------------------------------- */

static bool created_is_date(const char *created)
{
    size_t len = strspn(created, "0123456789-:TZ");
    return len > 0 && len <= KEYFILE_CREATED_CHARS_MAX && created[len] == '\0';
}

/* The comment line and the data line up to its last colon. Returns the number of characters. */
static size_t keyfile_write_head(char out[ROTA_KEYFILE_BYTES_MAX], const struct rota_secret_key *key, const char *created,
                                 const struct keyfile *file)
{
    char id[2 * ROTA_ED25519_PUBLIC_BYTES + 1], salt[KEYFILE_SALT_BYTES * 2], nonce[KEYFILE_NONCE_BYTES * 2];
    bool facility = rota_key_role_is_ed25519(key->role);
    rota_hex_encode(id, facility ? rota_secret_key_public_bytes(key)
                                 : rota_view(key->coordinator.public_key.kid.b, ROTA_KID_BYTES));
    rota_base64url_encode(salt, rota_view(file->salt, sizeof file->salt));
    rota_base64url_encode(nonce, rota_view(file->nonce, sizeof file->nonce));
    int len = snprintf(out, ROTA_KEYFILE_BYTES_MAX,
                       "%srotaledger %s key, %s, %s %s, created %s\n"
                       "rotakey1:%s:%s:argon2id:%llu:%llu:%s:%s:",
                       keyfile_comment, rota_key_role_name(key->role), key->label.text, facility ? "key" : "kid", id,
                       created, rota_key_role_name(key->role), key->label.text, (unsigned long long)file->cost.memory_bytes,
                       (unsigned long long)file->cost.passes, salt, nonce);
    ROTA_ASSERT(len > 0 && (size_t)len < ROTA_KEYFILE_BYTES_MAX - KEYFILE_SEALED_BYTES * 2);
    return (size_t)len;
}

struct rota_status rota_keyfile_seal(char *out, const struct rota_secret_key *key, const char *passphrase,
                                     const char *created, struct rota_keyfile_cost cost)
{
    struct keyfile file = {.cost = cost};
    uint8_t lock[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
    const uint8_t *secret = rota_key_role_is_ed25519(key->role) ? key->facility.b : key->coordinator.b;
    if (passphrase[0] == '\0')
        return rota_fail(ROTA_PASSPHRASE, "a key is not kept under an empty passphrase");
    if (!created_is_date(created))
        return rota_fail(ROTA_USAGE, "the day of creation is a date like 2026-07-01");
    rota_crypto_init();
    randombytes_buf(file.salt, sizeof file.salt);
    randombytes_buf(file.nonce, sizeof file.nonce);
    size_t len = keyfile_write_head(out, key, created, &file);
    ROTA_TRY(lock_derive(lock, passphrase, file.salt, cost));
    crypto_aead_xchacha20poly1305_ietf_encrypt(file.sealed, NULL, secret, KEYFILE_SECRET_BYTES, (const uint8_t *)out, len,
                                               NULL, file.nonce, lock);
    sodium_memzero(lock, sizeof lock);
    rota_base64url_encode(out + len, rota_view(file.sealed, sizeof file.sealed));
    strcat(out, "\n");
    return rota_ok();
}

struct rota_status rota_keyfile_write_at_cost(const char *path, const struct rota_secret_key *key, const char *passphrase,
                                              const char *created, struct rota_keyfile_cost cost)
{
    char text[ROTA_KEYFILE_BYTES_MAX];
    ROTA_TRY(rota_keyfile_seal(text, key, passphrase, created, cost));
    return rota_private_file_create(path, rota_view_text(text));
}

struct rota_status rota_keyfile_write(const char *path, const struct rota_secret_key *key, const char *passphrase,
                                      const char *created)
{
    return rota_keyfile_write_at_cost(path, key, passphrase, created, rota_keyfile_cost_default);
}

/* ---- taking apart --------------------------------------------------------------------------------------------------- */

/* A decimal number without leading zero, from min to max. */
static struct rota_status cost_parse(uint64_t *out, struct rota_view text, uint64_t min, uint64_t max)
{
    uint64_t value = 0;
    bool good = text.len > 0 && text.len <= 10 && text.data[0] != '0';
    for (size_t i = 0; good && i < text.len; i++) {
        good = text.data[i] >= '0' && text.data[i] <= '9';
        value = value * 10 + (uint64_t)(text.data[i] - '0');
    }
    if (!good)
        return rota_fail(ROTA_MALFORMED, "a key file whose cost is no number");
    if (value < min || value > max)
        return rota_fail(ROTA_TOO_LARGE, "a key file that asks for more memory or time than any of ours, or for too little");
    *out = value;
    return rota_ok();
}

static struct rota_status exact_decode(uint8_t *out, size_t out_len, struct rota_view text)
{
    size_t len = 0;
    ROTA_TRY(rota_base64url_decode(out, &len, out_len, text));
    return len == out_len ? rota_ok() : rota_fail(ROTA_MALFORMED, "a key file with a part of the wrong length");
}

static struct rota_status data_line_read(struct keyfile *out, struct rota_view line)
{
    enum { VERSION, ROLE, LABEL, METHOD, MEMORY, PASSES, SALT, NONCE, SEALED, FIELDS };
    struct rota_view field[FIELDS];
    if (!rota_key_fields_split(field, FIELDS, line))
        return rota_fail(ROTA_MALFORMED, "the second line of a key file has nine fields");
    if (!rota_view_equal(field[VERSION], rota_view_text("rotakey1")))
        return rota_fail(ROTA_UNSUPPORTED, "not a key file of format rotakey1");
    if (!rota_key_role_parse(&out->role, field[ROLE]))
        return rota_fail(ROTA_MALFORMED, "a key is a facility's or a coordinator's");
    ROTA_TRY(rota_token_parse(&out->label, field[LABEL]));
    if (!rota_view_equal(field[METHOD], rota_view_text("argon2id")))
        return rota_fail(ROTA_UNSUPPORTED, "a key file that is not locked with argon2id");
    ROTA_TRY(cost_parse(&out->cost.memory_bytes, field[MEMORY], crypto_pwhash_argon2id_MEMLIMIT_MIN,
                        rota_keyfile_cost_max.memory_bytes));
    ROTA_TRY(
        cost_parse(&out->cost.passes, field[PASSES], crypto_pwhash_argon2id_OPSLIMIT_MIN, rota_keyfile_cost_max.passes));
    ROTA_TRY(exact_decode(out->salt, sizeof out->salt, field[SALT]));
    ROTA_TRY(exact_decode(out->nonce, sizeof out->nonce, field[NONCE]));
    ROTA_TRY(exact_decode(out->sealed, sizeof out->sealed, field[SEALED]));
    return rota_ok();
}

/* Two lines, each with its newline, nothing else; the associated bytes are borrowed from text. */
static struct rota_status keyfile_read(struct keyfile *out, struct rota_view text)
{
    size_t comment_len = sizeof keyfile_comment - 1;
    memset(out, 0, sizeof *out);
    if (text.len > ROTA_KEYFILE_BYTES_MAX)
        return rota_fail(ROTA_TOO_LARGE, "a key file has two short lines");
    if (text.len <= comment_len || memcmp(text.data, keyfile_comment, comment_len) != 0)
        return rota_fail(ROTA_MALFORMED, "a key file begins with a line \"untrusted comment: \"");
    const uint8_t *end = memchr(text.data, '\n', text.len);
    size_t data_at = end ? (size_t)(end - text.data) + 1 : text.len;
    if (data_at == text.len || memchr(text.data + data_at, '\n', text.len - data_at) != text.data + text.len - 1)
        return rota_fail(ROTA_MALFORMED, "a key file has two lines");
    ROTA_TRY(data_line_read(out, rota_view(text.data + data_at, text.len - data_at - 1)));
    out->associated = rota_view(text.data, text.len - 1 - rota_base64url_chars(KEYFILE_SEALED_BYTES));
    return rota_ok();
}

struct rota_status rota_keyfile_describe(enum rota_key_role *out_role, struct rota_token *out_label, struct rota_view text)
{
    struct keyfile file;
    ROTA_TRY(keyfile_read(&file, text));
    *out_role = file.role;
    *out_label = file.label;
    return rota_ok();
}

/* ---- opening -------------------------------------------------------------------------------------------------------- */

static struct rota_status secret_load(struct rota_secret_key *out, const struct keyfile *file, const uint8_t secret[32])
{
    secret_key_start(out, file->role, &file->label);
    if (file->role == ROTA_KEY_COORDINATOR)
        return rota_es256k_secret_parse(&out->coordinator, secret);
    rota_ed25519_from_seed(&out->facility, secret);
    return rota_ok();
}

struct rota_status rota_keyfile_open(struct rota_secret_key *out, struct rota_view text, const char *passphrase)
{
    struct keyfile file;
    uint8_t lock[crypto_aead_xchacha20poly1305_ietf_KEYBYTES], secret[KEYFILE_SECRET_BYTES];
    memset(out, 0, sizeof *out);
    rota_crypto_init();
    ROTA_TRY(keyfile_read(&file, text));
    ROTA_TRY(lock_derive(lock, passphrase, file.salt, file.cost));
    int wrong = crypto_aead_xchacha20poly1305_ietf_decrypt(secret, NULL, NULL, file.sealed, sizeof file.sealed,
                                                           file.associated.data, file.associated.len, file.nonce, lock);
    sodium_memzero(lock, sizeof lock);
    struct rota_status status = wrong ? rota_fail(ROTA_PASSPHRASE, "the passphrase is wrong, or the key file was changed")
                                      : secret_load(out, &file, secret);
    sodium_memzero(secret, sizeof secret);
    if (!rota_is_ok(status))
        rota_secret_key_wipe(out);
    return status;
}

struct rota_status rota_keyfile_read(struct rota_secret_key *out, const char *path, const char *passphrase)
{
    uint8_t text[ROTA_KEYFILE_BYTES_MAX];
    size_t len;
    memset(out, 0, sizeof *out);
    ROTA_TRY(rota_private_file_read(text, &len, sizeof text, path));
    return rota_keyfile_open(out, rota_view(text, len), passphrase);
}

struct rota_status rota_keyfile_peek(enum rota_key_role *out_role, struct rota_token *out_label, const char *path)
{
    uint8_t text[ROTA_KEYFILE_BYTES_MAX];
    size_t len;
    ROTA_TRY(rota_private_file_read(text, &len, sizeof text, path));
    return rota_keyfile_describe(out_role, out_label, rota_view(text, len));
}
