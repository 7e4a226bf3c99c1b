#include "crypto/channel_private.h"

/* ---- the sealed stream ---------------------------------------------------------------------------------------------- */

void rota_channel_write_header(struct rota_channel *channel, uint8_t out[ROTA_CHANNEL_HEADER_BYTES])
{
    ROTA_ASSERT(channel->step == CHANNEL_DONE && !channel->send.started);
    _Static_assert(ROTA_CHANNEL_HEADER_BYTES == crypto_secretstream_xchacha20poly1305_HEADERBYTES, "libsodium's header");
    crypto_secretstream_xchacha20poly1305_init_push(&channel->send.state, out, channel->send.key);
    sodium_memzero(channel->send.key, sizeof channel->send.key);
    channel->send.started = true;
}

struct rota_status rota_channel_read_header(struct rota_channel *channel, const uint8_t in[ROTA_CHANNEL_HEADER_BYTES])
{
    ROTA_ASSERT(channel->step == CHANNEL_DONE && !channel->receive.started);
    if (crypto_secretstream_xchacha20poly1305_init_pull(&channel->receive.state, in, channel->receive.key) != 0)
        return rota_fail(ROTA_MALFORMED, "a stream header that cannot be");
    sodium_memzero(channel->receive.key, sizeof channel->receive.key);
    channel->receive.started = true;
    return rota_ok();
}

void rota_channel_seal(struct rota_channel *channel, uint8_t *out, struct rota_view plain)
{
    ROTA_ASSERT(channel->send.started);
    _Static_assert(ROTA_CHANNEL_SEAL_BYTES == crypto_secretstream_xchacha20poly1305_ABYTES, "libsodium's addition");
    crypto_secretstream_xchacha20poly1305_push(&channel->send.state, out, NULL, plain.data, plain.len, NULL, 0,
                                               crypto_secretstream_xchacha20poly1305_TAG_MESSAGE);
}

struct rota_status rota_channel_open(struct rota_channel *channel, uint8_t *out, size_t *out_len, struct rota_view sealed)
{
    ROTA_ASSERT(channel->receive.started);
    unsigned long long len = 0;
    unsigned char tag = 0;
    *out_len = 0;
    bool broken = channel->receive.broken || sealed.len < ROTA_CHANNEL_SEAL_BYTES ||
                  crypto_secretstream_xchacha20poly1305_pull(&channel->receive.state, out, &len, &tag, sealed.data,
                                                             sealed.len, NULL, 0) != 0 ||
                  tag != crypto_secretstream_xchacha20poly1305_TAG_MESSAGE;
    channel->receive.broken = broken;
    if (broken)
        return rota_fail(ROTA_BAD_SIGNATURE, "a sealed frame that was changed, repeated, lost or is of another stream");
    *out_len = (size_t)len;
    return rota_ok();
}
