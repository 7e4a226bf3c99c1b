/* A proposal lies in the file as the texts its author wrote, so that people can read them. The compact JWS is their
 * canonical base64url: taking it apart and putting it together gives the same bytes. */
#include "ledger/store/handle.h"

static struct rota_view part_until_dot(struct rota_view *rest)
{
    const uint8_t *dot = rest->len > 0 ? memchr(rest->data, '.', rest->len) : NULL;
    struct rota_view part = rota_view(rest->data, dot != NULL ? (size_t)(dot - rest->data) : rest->len);
    size_t taken = dot != NULL ? part.len + 1 : part.len;
    *rest = rota_view(rest->data + taken, rest->len - taken);
    return part;
}

static struct rota_status part_decode(struct rota_view *out, struct rota_store *store, size_t *at, struct rota_view text)
{
    size_t len = 0;
    ROTA_TRY(rota_base64url_decode(store->scratch + *at, &len, store->scratch_size - *at, text));
    *out = rota_view(store->scratch + *at, len);
    *at += len;
    return rota_ok();
}

struct rota_status store_split(struct store_parts *out, struct rota_store *store, struct rota_view jws)
{
    struct rota_view rest = jws;
    size_t at = 0;
    if (jws.len == 0 || jws.len > ROTA_JWS_CHARS_MAX)
        return rota_fail(ROTA_MALFORMED, "a proposal that is not a compact JWS cannot be stored");
    struct rota_view header = part_until_dot(&rest);
    struct rota_view payload = part_until_dot(&rest);
    ROTA_TRY(store_reserve(store, jws.len));
    ROTA_TRY(part_decode(&out->header, store, &at, header));
    ROTA_TRY(part_decode(&out->payload, store, &at, payload));
    return part_decode(&out->signature, store, &at, rest);
}

struct rota_status store_join(struct rota_view *out, struct rota_store *store, const struct store_parts *parts)
{
    size_t header = rota_base64url_chars(parts->header.len);
    size_t payload = rota_base64url_chars(parts->payload.len);
    size_t signature = rota_base64url_chars(parts->signature.len);
    ROTA_TRY(store_reserve(store, header + payload + signature + 3));
    char *text = (char *)store->scratch;
    rota_base64url_encode(text, parts->header);
    text[header] = '.';
    rota_base64url_encode(text + header + 1, parts->payload);
    text[header + 1 + payload] = '.';
    rota_base64url_encode(text + header + 1 + payload + 1, parts->signature);
    *out = rota_view(text, header + payload + signature + 2);
    return rota_ok();
}
