/* A key file and a public key line from a stranger. A file that parses says nothing that its text does not, and no bytes of
 * his open under the passphrase; a public line that is accepted is the very line that we would write. */
#include "crypto/keyfile_private.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void public_line_check(struct rota_view text)
{
    struct rota_public_key key;
    char line[ROTA_PUBLIC_LINE_CHARS_MAX];
    if (!rota_is_ok(rota_public_key_parse(&key, text)))
        return;
    rota_public_key_format(line, &key);
    ROTA_ASSERT(rota_view_equal(rota_view_text(line), text));
}

/* ":role:label:argon2id:" stands in the text, once it is accepted. */
static void keyfile_check(struct rota_view text)
{
    enum rota_key_role role;
    struct rota_token label;
    char expected[128];
    if (!rota_is_ok(rota_keyfile_describe(&role, &label, text)))
        return;
    int len = snprintf(expected, sizeof expected, "\nrotakey1:%s:%s:argon2id:", rota_key_role_name(role), label.text);
    ROTA_ASSERT(memmem(text.data, text.len, expected, (size_t)len));
    ROTA_ASSERT(text.data[text.len - 1] == '\n');
}

/* An honest file at the least cost, with the stranger's bytes mixed in at the place that his first two name. */
static void changed_file_check(const uint8_t *data, size_t size)
{
    static char honest[ROTA_KEYFILE_BYTES_MAX];
    static size_t honest_len;
    struct rota_secret_key key;
    if (honest_len == 0) {
        struct rota_token label = {"alpha"};
        ROTA_ASSERT(rota_is_ok(rota_secret_key_generate(&key, ROTA_KEY_FACILITY, &label)));
        ROTA_ASSERT(rota_is_ok(rota_keyfile_seal(honest, &key, "open", "2026-07-01", (struct rota_keyfile_cost){8192, 1})));
        honest_len = strlen(honest);
    }
    char text[ROTA_KEYFILE_BYTES_MAX];
    uint8_t changed = 0;
    memcpy(text, honest, honest_len);
    size_t at = size >= 2 ? (size_t)(data[0] << 8 | data[1]) % honest_len : 0;
    for (size_t i = 2; i < size && at + i - 2 < honest_len; i++) {
        text[at + i - 2] = (char)(text[at + i - 2] ^ data[i]);
        changed |= data[i];
    }
    const char *cost =
        memmem(text, honest_len, ":8192:1:", 8); /* whoever changes the cost may only make us refuse, not work */
    if (!cost) {
        keyfile_check(rota_view(text, honest_len));
        return;
    }
    bool opened = rota_is_ok(rota_keyfile_open(&key, rota_view(text, honest_len), "open"));
    ROTA_ASSERT(opened == (changed == 0));
    rota_secret_key_wipe(&key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    keyfile_check(rota_view(data, size));
    public_line_check(rota_view(data, size));
    changed_file_check(data, size);
    return 0;
}
