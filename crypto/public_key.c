/* The public half of a key: its one line, and the proof that its maker holds the secret (FORMATS §11). */
#include "crypto/codec.h"
#include "crypto/digest.h"
#include "crypto/keyfile.h"

#include <stdio.h>

const char *rota_key_role_name(enum rota_key_role role)
{
    return role == ROTA_KEY_FACILITY ? "facility" : "coordinator";
}

static struct rota_view key_bytes(const struct rota_public_key *key)
{
    if (key->role == ROTA_KEY_FACILITY)
        return rota_view(key->facility.b, sizeof key->facility.b);
    return rota_view(key->coordinator.compressed, sizeof key->coordinator.compressed);
}

enum { POSSESSION_BYTES_MAX = 128 };

static struct rota_view possession_message(uint8_t out[POSSESSION_BYTES_MAX], enum rota_key_role role, const struct rota_token *label,
                                           struct rota_view key)
{
    struct rota_writer writer = rota_writer(out, POSSESSION_BYTES_MAX);
    rota_write_bytes(&writer, ROTA_TAG("possession"), strlen(ROTA_TAG("possession")));
    rota_write_u8(&writer, (uint8_t)role);
    rota_write_short(&writer, rota_view_text(label->text));
    rota_write_bytes(&writer, key.data, key.len);
    ROTA_ASSERT(!writer.bad);
    return rota_view(out, writer.len);
}

bool rota_possession_verify(enum rota_key_role role, const struct rota_token *label, struct rota_view key, const struct rota_signature *proof)
{
    uint8_t bytes[POSSESSION_BYTES_MAX];
    struct rota_ed25519_public facility;
    struct rota_es256k_public coordinator;
    if (key.len != ROTA_ED25519_PUBLIC_BYTES && key.len != ROTA_ES256K_PUBLIC_BYTES)
        return false;
    struct rota_view message = possession_message(bytes, role, label, key);
    if (role == ROTA_KEY_FACILITY)
        return rota_is_ok(rota_ed25519_public_parse(&facility, key)) && rota_ed25519_verify(&facility, message, proof);
    struct rota_hash digest = rota_hash_of(NULL, message);
    return rota_is_ok(rota_es256k_public_parse(&coordinator, key)) && rota_is_ok(rota_es256k_verify(&coordinator, &digest, proof));
}

struct rota_status rota_secret_key_public(struct rota_public_key *out, const struct rota_secret_key *key)
{
    uint8_t bytes[POSSESSION_BYTES_MAX];
    memset(out, 0, sizeof *out);
    out->role = key->role;
    out->label = key->label;
    if (key->role == ROTA_KEY_FACILITY)
        out->facility = key->facility.public_key;
    else
        out->coordinator = key->coordinator.public_key;
    struct rota_view message = possession_message(bytes, key->role, &key->label, key_bytes(out));
    if (key->role == ROTA_KEY_FACILITY) {
        rota_ed25519_sign(&out->possession, &key->facility, message);
    } else {
        struct rota_hash digest = rota_hash_of(NULL, message);
        rota_es256k_sign(&out->possession, &key->coordinator, &digest);
    }
    return rota_ok();
}

void rota_public_key_format(char out[ROTA_PUBLIC_LINE_CHARS_MAX], const struct rota_public_key *key)
{
    char encoded[64], possession[96];
    rota_base64url_encode(encoded, key_bytes(key));
    rota_base64url_encode(possession, rota_view(key->possession.b, sizeof key->possession.b));
    snprintf(out, ROTA_PUBLIC_LINE_CHARS_MAX, "rotapub1:%s:%s:%s:%s", rota_key_role_name(key->role), key->label.text, encoded, possession);
}

/* The next field up to a colon or the end; false when there is none. */
static bool field_take(struct rota_view *line, struct rota_view *out)
{
    if (!line->data)
        return false;
    const uint8_t *colon = memchr(line->data, ':', line->len);
    size_t len = colon ? (size_t)(colon - line->data) : line->len;
    *out = rota_view(line->data, len);
    *line = colon ? rota_view(colon + 1, line->len - len - 1) : rota_view(NULL, 0);
    return true;
}

static struct rota_status key_decode(struct rota_public_key *out, struct rota_view encoded, struct rota_view possession)
{
    uint8_t key[ROTA_ES256K_PUBLIC_BYTES];
    size_t len;
    ROTA_TRY(rota_base64url_decode(key, &len, sizeof key, encoded));
    if (out->role == ROTA_KEY_FACILITY)
        ROTA_TRY(rota_ed25519_public_parse(&out->facility, rota_view(key, len)));
    else
        ROTA_TRY(rota_es256k_public_parse(&out->coordinator, rota_view(key, len)));
    ROTA_TRY(rota_base64url_decode(out->possession.b, &len, sizeof out->possession.b, possession));
    if (len != sizeof out->possession.b || !rota_possession_verify(out->role, &out->label, key_bytes(out), &out->possession))
        return rota_fail(ROTA_BAD_SIGNATURE, "the public key's proof of possession does not verify: was its line edited?");
    return rota_ok();
}

struct rota_status rota_public_key_parse(struct rota_public_key *out, struct rota_view line)
{
    struct rota_view fields[5];
    struct rota_status wrong = rota_fail(ROTA_MALFORMED, "not a public key line (rotapub1:role:label:key:proof)");
    memset(out, 0, sizeof *out);
    while (line.len > 0 && (line.data[line.len - 1] == '\n' || line.data[line.len - 1] == '\r' || line.data[line.len - 1] == ' '))
        line.len--;
    for (int i = 0; i < 5; i++)
        if (!field_take(&line, &fields[i]))
            return wrong;
    if (line.data || !rota_view_equal(fields[0], rota_view_text("rotapub1")))
        return wrong;
    if (rota_view_equal(fields[1], rota_view_text("facility")))
        out->role = ROTA_KEY_FACILITY;
    else if (rota_view_equal(fields[1], rota_view_text("coordinator")))
        out->role = ROTA_KEY_COORDINATOR;
    else
        return wrong;
    ROTA_TRY(rota_token_parse(&out->label, fields[2]));
    return key_decode(out, fields[3], fields[4]);
}
