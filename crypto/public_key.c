#include "crypto/codec.h"
#include "crypto/digest.h"
#include "crypto/keyfile_private.h"

#include <stdio.h>

/* ---- roles and fields ----------------------------------------------------------------------------------------------- */

const char *rota_key_role_name(enum rota_key_role role)
{
    ROTA_ASSERT(role == ROTA_KEY_COORDINATOR || rota_key_role_is_ed25519(role));
    return role == ROTA_KEY_FACILITY ? "facility" : role == ROTA_KEY_ADMIN ? "admin" : "coordinator";
}

bool rota_key_role_parse(enum rota_key_role *out, struct rota_view name)
{
    static const enum rota_key_role roles[] = {ROTA_KEY_FACILITY, ROTA_KEY_COORDINATOR, ROTA_KEY_ADMIN};
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        *out = roles[i];
        if (rota_view_equal(name, rota_view_text(rota_key_role_name(roles[i]))))
            return true;
    }
    return false;
}

bool rota_key_fields_split(struct rota_view out[], size_t count, struct rota_view line)
{
    for (size_t i = 0; i + 1 < count; i++) {
        const uint8_t *colon = line.len > 0 ? memchr(line.data, ':', line.len) : NULL;
        if (!colon)
            return false;
        out[i] = rota_view(line.data, (size_t)(colon - line.data));
        line = rota_view(colon + 1, line.len - out[i].len - 1);
    }
    out[count - 1] = line;
    return line.len > 0 && !memchr(line.data, ':', line.len);
}

/* ---- proof of possession -------------------------------------------------------------------------------------------- */

/* tag || role u8 || label (u16 length first) || key: at most 21 + 1 + 2 + 32 + 33 bytes. */
enum { POSSESSION_BYTES_MAX = 96 };

static struct rota_view possession_message(uint8_t out[POSSESSION_BYTES_MAX], enum rota_key_role role,
                                           const struct rota_token *label, struct rota_view key)
{
    struct rota_writer writer = rota_writer(out, POSSESSION_BYTES_MAX);
    rota_write_bytes(&writer, ROTA_TAG("possession"), sizeof ROTA_TAG("possession") - 1);
    rota_write_u8(&writer, (uint8_t)role);
    rota_write_short(&writer, rota_view_text(label->text));
    rota_write_bytes(&writer, key.data, key.len);
    ROTA_ASSERT(!writer.bad);
    return rota_view(out, writer.len);
}

static void possession_sign(struct rota_signature *out, const struct rota_secret_key *key)
{
    uint8_t bytes[POSSESSION_BYTES_MAX];
    struct rota_view message = possession_message(bytes, key->role, &key->label, rota_secret_key_public_bytes(key));
    if (rota_key_role_is_ed25519(key->role)) {
        rota_ed25519_sign(out, &key->facility, message);
    } else {
        struct rota_hash digest = rota_hash_of(NULL, message);
        rota_es256k_sign(out, &key->coordinator, &digest);
    }
}

static bool possession_verify_ed25519(enum rota_key_role role, const struct rota_token *label, struct rota_view key,
                                      const struct rota_signature *proof)
{
    uint8_t bytes[POSSESSION_BYTES_MAX];
    struct rota_ed25519_public parsed;
    if (!rota_is_ok(rota_ed25519_public_parse(&parsed, key)))
        return false;
    return rota_ed25519_verify(&parsed, possession_message(bytes, role, label, key), proof);
}

static bool possession_verify_coordinator(const struct rota_token *label, struct rota_view key,
                                          const struct rota_signature *proof)
{
    uint8_t bytes[POSSESSION_BYTES_MAX];
    struct rota_es256k_public parsed;
    if (!rota_is_ok(rota_es256k_public_parse(&parsed, key)))
        return false;
    struct rota_hash digest = rota_hash_of(NULL, possession_message(bytes, ROTA_KEY_COORDINATOR, label, key));
    return rota_is_ok(rota_es256k_verify(&parsed, &digest, proof));
}

bool rota_possession_verify(enum rota_key_role role, const struct rota_token *label, struct rota_view key,
                            const struct rota_signature *proof)
{
    switch (role) {
    case ROTA_KEY_FACILITY:
    case ROTA_KEY_ADMIN:
        return possession_verify_ed25519(role, label, key, proof);
    case ROTA_KEY_COORDINATOR:
        return possession_verify_coordinator(label, key, proof);
    }
    return false;
}

/* ---- the public half ------------------------------------------------------------------------------------------------ */

struct rota_status rota_secret_key_public(struct rota_public_key *out, const struct rota_secret_key *key)
{
    memset(out, 0, sizeof *out);
    out->role = key->role;
    out->label = key->label;
    if (rota_key_role_is_ed25519(key->role))
        out->facility = key->facility.public_key;
    else
        out->coordinator = key->coordinator.public_key;
    possession_sign(&out->possession, key);
    if (!rota_possession_verify(key->role, &key->label, rota_secret_key_public_bytes(key), &out->possession))
        return rota_fail(ROTA_MALFORMED, "the halves of this key do not belong together");
    return rota_ok();
}

static struct rota_view public_bytes(const struct rota_public_key *key)
{
    return rota_key_role_is_ed25519(key->role) ? rota_view(key->facility.b, sizeof key->facility.b)
                                               : rota_view(key->coordinator.compressed, sizeof key->coordinator.compressed);
}

void rota_public_key_format(char out[ROTA_PUBLIC_LINE_CHARS_MAX], const struct rota_public_key *key)
{
    char text[(ROTA_ES256K_PUBLIC_BYTES * 4 + 2) / 3 + 1], proof[(ROTA_SIGNATURE_BYTES * 4 + 2) / 3 + 1];
    rota_base64url_encode(text, public_bytes(key));
    rota_base64url_encode(proof, rota_view(key->possession.b, sizeof key->possession.b));
    int len = snprintf(out, ROTA_PUBLIC_LINE_CHARS_MAX, "rotapub1:%s:%s:%s:%s", rota_key_role_name(key->role),
                       key->label.text, text, proof);
    ROTA_ASSERT(len > 0 && len < ROTA_PUBLIC_LINE_CHARS_MAX);
}

static struct rota_status public_key_load(struct rota_public_key *out, struct rota_view key)
{
    return rota_key_role_is_ed25519(out->role) ? rota_ed25519_public_parse(&out->facility, key)
                                               : rota_es256k_public_parse(&out->coordinator, key);
}

static struct rota_status public_line_read(struct rota_public_key *out, struct rota_view line)
{
    enum { VERSION, ROLE, LABEL, KEY, PROOF, FIELDS };
    struct rota_view field[FIELDS];
    uint8_t key[ROTA_ES256K_PUBLIC_BYTES];
    size_t key_len, proof_len;
    if (line.len >= ROTA_PUBLIC_LINE_CHARS_MAX || !rota_key_fields_split(field, FIELDS, line))
        return rota_fail(ROTA_MALFORMED, "a public key line is rotapub1:role:label:key:proof");
    if (!rota_view_equal(field[VERSION], rota_view_text("rotapub1")))
        return rota_fail(ROTA_UNSUPPORTED, "not a public key of format rotapub1");
    if (!rota_key_role_parse(&out->role, field[ROLE]))
        return rota_fail(ROTA_MALFORMED, "a public key is a facility's, a coordinator's or an administrator's");
    ROTA_TRY(rota_token_parse(&out->label, field[LABEL]));
    ROTA_TRY(rota_base64url_decode(key, &key_len, sizeof key, field[KEY]));
    ROTA_TRY(public_key_load(out, rota_view(key, key_len)));
    ROTA_TRY(rota_base64url_decode(out->possession.b, &proof_len, sizeof out->possession.b, field[PROOF]));
    if (proof_len != sizeof out->possession.b)
        return rota_fail(ROTA_MALFORMED, "a proof of possession has 64 bytes");
    if (!rota_possession_verify(out->role, &out->label, rota_view(key, key_len), &out->possession))
        return rota_fail(ROTA_BAD_SIGNATURE, "the proof that the maker of this line holds the secret key is wrong");
    return rota_ok();
}

struct rota_status rota_public_key_parse(struct rota_public_key *out, struct rota_view line)
{
    memset(out, 0, sizeof *out);
    struct rota_status status = public_line_read(out, line);
    if (!rota_is_ok(status))
        memset(out, 0, sizeof *out);
    return status;
}
