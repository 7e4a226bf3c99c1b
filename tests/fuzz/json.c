/* Strict JSON from a stranger: whatever is accepted has one meaning. Without escapes, what jansson writes back is the input
 * less its spaces; with them, it reads back as an equal value. */
#include "crypto/json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { JSON_BYTES_MAX = 4096 };

static bool space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The text without the spaces between its parts; its length. */
static size_t text_pack(uint8_t *out, struct rota_view text)
{
    size_t len = 0;
    bool inside = false;
    for (size_t i = 0; i < text.len; i++) {
        inside ^= text.data[i] == '"';
        if (inside || !space(text.data[i]))
            out[len++] = text.data[i];
    }
    return len;
}

static void value_check(const json_t *value, struct rota_view text)
{
    char *written = json_dumps(value, JSON_COMPACT);
    ROTA_ASSERT(written);
    if (!memchr(text.data, '\\', text.len)) {
        uint8_t packed[JSON_BYTES_MAX];
        ROTA_ASSERT(rota_view_equal(rota_view(packed, text_pack(packed, text)), rota_view_text(written)));
    }
    json_t *again = NULL;
    ROTA_ASSERT(rota_is_ok(rota_json_parse(&again, rota_view_text(written), 8 * JSON_BYTES_MAX)));
    ROTA_ASSERT(json_equal(value, again));
    json_decref(again);
    free(written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *value = NULL;
    struct rota_view text = rota_view(data, size);
    if (rota_is_ok(rota_json_parse(&value, text, JSON_BYTES_MAX)))
        value_check(value, text);
    else
        ROTA_ASSERT(!value);
    rota_json_release(&value);
    return 0;
}
