/* Key files: one comment line, one data line; secret key under Argon2id and XChaCha20-Poly1305 (FORMATS §11).
 *
 * NAME.key is secret (mode 0600, refused when group or others may read it); NAME.pub beside it may be mailed and carries
 * a proof that its maker holds the secret. A key has one role, and the role is part of what is authenticated. */
#ifndef ROTA_CRYPTO_KEYFILE_H
#define ROTA_CRYPTO_KEYFILE_H

#include "crypto/ed25519.h"
#include "crypto/es256k.h"

enum rota_key_role {
    ROTA_KEY_FACILITY = 1,
    ROTA_KEY_COORDINATOR = 2,
    ROTA_KEY_ADMIN = 3, /* approves of epoch documents for a facility; Ed25519 like the facility's own */
};

/* Coordinators sign ES256K, facilities and their administrators Ed25519. */
static inline bool rota_key_role_is_ed25519(enum rota_key_role role)
{
    return role == ROTA_KEY_FACILITY || role == ROTA_KEY_ADMIN;
}

/* "facility", "coordinator" or "admin". */
const char *rota_key_role_name(enum rota_key_role role);

/* One secret key in locked memory. */
struct rota_secret_key {
    enum rota_key_role role;
    struct rota_token label;
    union {
        struct rota_ed25519_secret facility; /* also an administrator's */
        struct rota_es256k_secret coordinator;
    };
};

/* What a .pub line says; the proof of possession has been checked. */
struct rota_public_key {
    enum rota_key_role role;
    struct rota_token label;
    union {
        struct rota_ed25519_public facility; /* also an administrator's */
        struct rota_es256k_public coordinator;
    };
    struct rota_signature possession; /* over ROTA_TAG("possession") || role u8 || label || key */
};

/* Where the passphrase comes from, tried in this order: file, descriptor, terminal. */
struct rota_passphrase_source {
    const char *file; /* NULL: none. Refused when group or others may read it. */
    int fd;           /* -1: none */
    bool terminal;    /* may prompt on /dev/tty, echo off; twice when a key is created */
};

/* One passphrase, first line, trailing newline cut; wiped by the caller with sodium_memzero. ROTA_NOT_FOUND and
 * ROTA_PERMISSION for the file, ROTA_PASSPHRASE with the sentence for the person when none is possible. key_name is used in
 * the prompt. */
enum { ROTA_PASSPHRASE_BYTES_MAX = 1024 };
ROTA_CHECKED struct rota_status rota_passphrase_read(char *out, size_t out_size, const struct rota_passphrase_source *source,
                                                     const char *key_name, bool create);

/* A new secret key; role and label are copied. */
ROTA_CHECKED struct rota_status rota_secret_key_generate(struct rota_secret_key *out, enum rota_key_role role,
                                                         const struct rota_token *label);
void rota_secret_key_wipe(struct rota_secret_key *key);
/* The public half, with a fresh proof of possession. */
ROTA_CHECKED struct rota_status rota_secret_key_public(struct rota_public_key *out, const struct rota_secret_key *key);

/* Writes PATH (0600, fsynced, never over an existing file: ROTA_EXISTS). created: ISO date for the comment line. */
ROTA_CHECKED struct rota_status rota_keyfile_write(const char *path, const struct rota_secret_key *key,
                                                   const char *passphrase, const char *created);
/* ROTA_PERMISSION when the mode is too open, ROTA_PASSPHRASE when the passphrase is wrong or the file was changed,
 * ROTA_TOO_LARGE when it asks for more than 256 MiB or 16 passes, ROTA_UNSUPPORTED when its format is another. */
ROTA_CHECKED struct rota_status rota_keyfile_read(struct rota_secret_key *out, const char *path, const char *passphrase);
/* Role and label of a key file without opening it. */
ROTA_CHECKED struct rota_status rota_keyfile_peek(enum rota_key_role *out_role, struct rota_token *out_label,
                                                  const char *path);

/* The one line of a .pub file: "rotapub1:facility:alpha:<key>:<possession>", base64url. Checks the possession proof. */
enum { ROTA_PUBLIC_LINE_CHARS_MAX = 256 };
void rota_public_key_format(char out[ROTA_PUBLIC_LINE_CHARS_MAX], const struct rota_public_key *key);
ROTA_CHECKED struct rota_status rota_public_key_parse(struct rota_public_key *out, struct rota_view line);
/* The possession proof on its own, as genesis repeats it. */
ROTA_CHECKED bool rota_possession_verify(enum rota_key_role role, const struct rota_token *label, struct rota_view key,
                                         const struct rota_signature *proof);

#endif
