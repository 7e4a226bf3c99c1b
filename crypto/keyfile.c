#include "crypto/keyfile.h"

#include "crypto/codec.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Argon2id at the cost that libsodium calls moderate on memory and interactive on time: 64 MiB, three passes. */
#define KEYFILE_OPS UINT64_C(3)
#define KEYFILE_MEMORY UINT64_C(67108864)
/* What a file may ask of us: a hostile one must not eat the machine. */
#define KEYFILE_OPS_MAX UINT64_C(16)
#define KEYFILE_MEMORY_MAX (UINT64_C(1) << 30)

enum { SECRET_BYTES = 32, SEALED_BYTES = SECRET_BYTES + crypto_aead_xchacha20poly1305_ietf_ABYTES, FILE_BYTES_MAX = 2048, HEADING_MAX = 128 };

struct keyfile {
    enum rota_key_role role;
    struct rota_token label;
    unsigned long long memory, ops;
    uint8_t salt[crypto_pwhash_SALTBYTES];
    uint8_t nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES];
    uint8_t sealed[SEALED_BYTES];
};

/* ---- keys ----------------------------------------------------------------------------------------------------------- */

struct rota_status rota_secret_key_generate(struct rota_secret_key *out, enum rota_key_role role, const struct rota_token *label)
{
    if (sodium_init() < 0)
        return rota_fail(ROTA_IO, "this machine gives no randomness");
    memset(out, 0, sizeof *out);
    sodium_mlock(out, sizeof *out);
    out->role = role;
    out->label = *label;
    if (role == ROTA_KEY_FACILITY)
        rota_ed25519_generate(&out->facility);
    else
        return rota_es256k_generate(&out->coordinator);
    return rota_ok();
}

void rota_secret_key_wipe(struct rota_secret_key *key)
{
    sodium_memzero(key, sizeof *key);
    sodium_munlock(key, sizeof *key);
}

static void secret_take(uint8_t out[SECRET_BYTES], const struct rota_secret_key *key)
{
    memcpy(out, key->role == ROTA_KEY_FACILITY ? key->facility.b : key->coordinator.b, SECRET_BYTES);
}

static struct rota_status secret_give(struct rota_secret_key *out, const struct keyfile *file, const uint8_t secret[SECRET_BYTES])
{
    memset(out, 0, sizeof *out);
    sodium_mlock(out, sizeof *out);
    out->role = file->role;
    out->label = file->label;
    if (file->role == ROTA_KEY_COORDINATOR)
        return rota_es256k_secret_parse(&out->coordinator, secret);
    rota_ed25519_from_seed(&out->facility, secret);
    return rota_ok();
}

/* ---- sealing -------------------------------------------------------------------------------------------------------- */

/* What is authenticated beside the secret: everything before the salt. */
static size_t heading_format(char out[HEADING_MAX], const struct keyfile *file)
{
    int len = snprintf(out, HEADING_MAX, "rotakey1:%s:%s:argon2id:%llu:%llu", rota_key_role_name(file->role), file->label.text,
                       file->memory, file->ops);
    ROTA_ASSERT(len > 0 && len < HEADING_MAX);
    return (size_t)len;
}

static struct rota_status key_derive(uint8_t out[crypto_aead_xchacha20poly1305_ietf_KEYBYTES], const struct keyfile *file, const char *passphrase)
{
    if (crypto_pwhash(out, crypto_aead_xchacha20poly1305_ietf_KEYBYTES, passphrase, strlen(passphrase), file->salt, file->ops,
                      (size_t)file->memory, crypto_pwhash_ALG_ARGON2ID13) != 0)
        return rota_fail(ROTA_NO_MEMORY, "not enough memory to open the key file");
    return rota_ok();
}

static struct rota_status keyfile_seal(struct keyfile *file, const struct rota_secret_key *key, const char *passphrase)
{
    uint8_t derived[crypto_aead_xchacha20poly1305_ietf_KEYBYTES], secret[SECRET_BYTES];
    char heading[HEADING_MAX];
    randombytes_buf(file->salt, sizeof file->salt);
    randombytes_buf(file->nonce, sizeof file->nonce);
    ROTA_TRY(key_derive(derived, file, passphrase));
    secret_take(secret, key);
    size_t heading_len = heading_format(heading, file);
    crypto_aead_xchacha20poly1305_ietf_encrypt(file->sealed, NULL, secret, sizeof secret, (const uint8_t *)heading, heading_len, NULL,
                                               file->nonce, derived);
    sodium_memzero(secret, sizeof secret);
    sodium_memzero(derived, sizeof derived);
    return rota_ok();
}

static struct rota_status keyfile_open(struct rota_secret_key *out, const struct keyfile *file, const char *passphrase)
{
    uint8_t derived[crypto_aead_xchacha20poly1305_ietf_KEYBYTES], secret[SECRET_BYTES];
    char heading[HEADING_MAX];
    ROTA_TRY(key_derive(derived, file, passphrase));
    size_t heading_len = heading_format(heading, file);
    int opened = crypto_aead_xchacha20poly1305_ietf_decrypt(secret, NULL, NULL, file->sealed, sizeof file->sealed, (const uint8_t *)heading,
                                                            heading_len, file->nonce, derived);
    sodium_memzero(derived, sizeof derived);
    if (opened != 0)
        return rota_fail(ROTA_PASSPHRASE, "the passphrase is wrong, or the key file was changed");
    struct rota_status status = secret_give(out, file, secret);
    sodium_memzero(secret, sizeof secret);
    return status;
}

/* ---- text ----------------------------------------------------------------------------------------------------------- */

static size_t keyfile_format(char out[FILE_BYTES_MAX], const struct keyfile *file, const char *created)
{
    char heading[HEADING_MAX], salt[32], nonce[40], sealed[80];
    heading_format(heading, file);
    rota_base64url_encode(salt, rota_view(file->salt, sizeof file->salt));
    rota_base64url_encode(nonce, rota_view(file->nonce, sizeof file->nonce));
    rota_base64url_encode(sealed, rota_view(file->sealed, sizeof file->sealed));
    int len = snprintf(out, FILE_BYTES_MAX, "untrusted comment: rotaledger %s key, %s, created %s\n%s:%s:%s:%s\n",
                       rota_key_role_name(file->role), file->label.text, created, heading, salt, nonce, sealed);
    ROTA_ASSERT(len > 0 && len < FILE_BYTES_MAX);
    return (size_t)len;
}

static bool exact_decode(uint8_t *out, size_t size, const char *text)
{
    size_t len;
    return rota_is_ok(rota_base64url_decode(out, &len, size, rota_view_text(text))) && len == size;
}

/* The data line: nine fields between colons. */
static bool keyfile_parse(struct keyfile *out, char *line)
{
    char *fields[9], *rest = line;
    for (int i = 0; i < 9; i++)
        if (!(fields[i] = strsep(&rest, ":")))
            return false;
    memset(out, 0, sizeof *out);
    char *end_memory, *end_ops;
    out->memory = strtoull(fields[4], &end_memory, 10);
    out->ops = strtoull(fields[5], &end_ops, 10);
    out->role = strcmp(fields[1], "facility") == 0 ? ROTA_KEY_FACILITY : ROTA_KEY_COORDINATOR;
    return !rest && strcmp(fields[0], "rotakey1") == 0 && strcmp(fields[1], rota_key_role_name(out->role)) == 0 &&
           rota_is_ok(rota_token_parse(&out->label, rota_view_text(fields[2]))) && strcmp(fields[3], "argon2id") == 0 && *end_memory == '\0' &&
           *end_ops == '\0' && out->ops >= 1 && out->ops <= KEYFILE_OPS_MAX && out->memory >= crypto_pwhash_MEMLIMIT_MIN &&
           out->memory <= KEYFILE_MEMORY_MAX && exact_decode(out->salt, sizeof out->salt, fields[6]) &&
           exact_decode(out->nonce, sizeof out->nonce, fields[7]) && exact_decode(out->sealed, sizeof out->sealed, fields[8]);
}

/* ---- files ---------------------------------------------------------------------------------------------------------- */

static struct rota_status directory_sync(const char *path)
{
    char copy[PATH_MAX];
    if (strlen(path) >= sizeof copy)
        return rota_fail(ROTA_USAGE, "a path that is too long");
    strcpy(copy, path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return rota_fail(ROTA_IO, "the key file's directory cannot be opened");
    int synced = fsync(fd);
    close(fd);
    return synced == 0 ? rota_ok() : rota_fail(ROTA_IO, "the key file's directory cannot be made durable");
}

/* A new file, whole or not at all. */
static struct rota_status file_write(const char *path, const char *text, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno == EEXIST ? rota_fail(ROTA_EXISTS, "a file of this name is there already; keys are never overwritten")
                               : rota_fail(ROTA_IO, "the key file cannot be created (is the directory there and writable?)");
    bool written = write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;
    written = close(fd) == 0 && written;
    if (!written) {
        unlink(path);
        return rota_fail(ROTA_IO, "the key file cannot be written (is the disk full?)");
    }
    return directory_sync(path);
}

struct rota_status rota_keyfile_write(const char *path, const struct rota_secret_key *key, const char *passphrase, const char *created)
{
    struct keyfile file = {.role = key->role, .label = key->label, .memory = KEYFILE_MEMORY, .ops = KEYFILE_OPS};
    char text[FILE_BYTES_MAX];
    if (sodium_init() < 0)
        return rota_fail(ROTA_IO, "this machine gives no randomness");
    if (access(path, F_OK) == 0)
        return rota_fail(ROTA_EXISTS, "a file of this name is there already; keys are never overwritten");
    ROTA_TRY(keyfile_seal(&file, key, passphrase));
    return file_write(path, text, keyfile_format(text, &file, created));
}

static struct rota_status file_load(struct keyfile *out, const char *path)
{
    char text[FILE_BYTES_MAX];
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? rota_fail(ROTA_NOT_FOUND, "there is no such key file")
                               : rota_fail(ROTA_PERMISSION, "the key file cannot be opened");
    ssize_t len = fstat(fd, &info) == 0 && (info.st_mode & 077) == 0 ? read(fd, text, sizeof text - 1) : -2;
    close(fd);
    if (len == -2)
        return rota_fail(ROTA_PERMISSION, "others may read the key file: chmod 600 it");
    if (len < 0)
        return rota_fail(ROTA_IO, "the key file cannot be read");
    text[len] = '\0';
    char *line = strchr(text, '\n');
    if (strncmp(text, "untrusted comment: ", 19) != 0 || !line)
        return rota_fail(ROTA_MALFORMED, "not a key file of this program");
    line++;
    line[strcspn(line, "\n")] = '\0';
    return keyfile_parse(out, line) ? rota_ok() : rota_fail(ROTA_MALFORMED, "not a key file of this program, or a damaged one");
}

struct rota_status rota_keyfile_read(struct rota_secret_key *out, const char *path, const char *passphrase)
{
    struct keyfile file;
    memset(out, 0, sizeof *out);
    if (sodium_init() < 0)
        return rota_fail(ROTA_IO, "this machine gives no randomness");
    ROTA_TRY(file_load(&file, path));
    return keyfile_open(out, &file, passphrase);
}

struct rota_status rota_keyfile_peek(enum rota_key_role *out_role, struct rota_token *out_label, const char *path)
{
    struct keyfile file;
    ROTA_TRY(file_load(&file, path));
    *out_role = file.role;
    *out_label = file.label;
    return rota_ok();
}
