#include "crypto/channel.h"

#include "crypto/codec.h"
#include "crypto/digest.h"

#include <sodium.h>
#include <stdlib.h>

enum channel_step { STEP_START, STEP_HELLO, STEP_WELCOME, STEP_OPEN };

struct rota_channel {
    const struct rota_channel_identity *identity;
    bool dials;
    enum channel_step step;
    uint32_t peer;
    uint8_t ephemeral_secret[crypto_scalarmult_SCALARBYTES];
    uint8_t ephemeral[crypto_scalarmult_BYTES];
    uint8_t hello[ROTA_CHANNEL_HELLO_BYTES];
    struct rota_hash transcript; /* over hello and the welcome's ephemeral */
    uint8_t send_key[crypto_secretstream_xchacha20poly1305_KEYBYTES];
    uint8_t receive_key[crypto_secretstream_xchacha20poly1305_KEYBYTES];
    crypto_secretstream_xchacha20poly1305_state send, receive;
};

static const char channel_magic[4] = {'R', 'L', 'C', '1'};

/* ---- beginning and end ---------------------------------------------------------------------------------------------- */

static struct rota_status channel_new(struct rota_channel **out, const struct rota_channel_identity *identity, bool dials)
{
    struct rota_channel *channel = calloc(1, sizeof *channel);
    if (!channel)
        return rota_fail(ROTA_NO_MEMORY, "no memory for a channel");
    channel->identity = identity;
    channel->dials = dials;
    randombytes_buf(channel->ephemeral_secret, sizeof channel->ephemeral_secret);
    crypto_scalarmult_base(channel->ephemeral, channel->ephemeral_secret);
    *out = channel;
    return rota_ok();
}

struct rota_status rota_channel_new_dialler(struct rota_channel **out, const struct rota_channel_identity *identity, uint32_t peer)
{
    ROTA_ASSERT(peer < identity->member_count);
    ROTA_ASSERT(peer != identity->self);
    ROTA_TRY(channel_new(out, identity, true));
    (*out)->peer = peer;
    return rota_ok();
}

struct rota_status rota_channel_new_listener(struct rota_channel **out, const struct rota_channel_identity *identity)
{
    return channel_new(out, identity, false);
}

void rota_channel_free(struct rota_channel *channel)
{
    if (!channel)
        return;
    sodium_memzero(channel, sizeof *channel);
    free(channel);
}

uint32_t rota_channel_peer(const struct rota_channel *channel)
{
    ROTA_ASSERT(channel->step == STEP_OPEN);
    return channel->peer;
}

/* ---- transcript and keys -------------------------------------------------------------------------------------------- */

static void transcript_make(struct rota_channel *channel, const uint8_t listener_ephemeral[crypto_scalarmult_BYTES])
{
    struct rota_digest digest;
    rota_digest_start(&digest, ROTA_TAG("channel"));
    rota_digest_add(&digest, channel->hello, sizeof channel->hello);
    rota_digest_add(&digest, listener_ephemeral, crypto_scalarmult_BYTES);
    channel->transcript = rota_digest_finish(&digest);
}

/* What each side signs: the transcript, under its own role, so that no signature can be reflected. */
static struct rota_view role_message(uint8_t out[64], const struct rota_channel *channel, bool dialler)
{
    const char *tag = dialler ? ROTA_TAG("channel-dial") : ROTA_TAG("channel-listen");
    struct rota_writer writer = rota_writer(out, 64);
    rota_write_bytes(&writer, tag, strlen(tag));
    rota_write_hash(&writer, &channel->transcript);
    ROTA_ASSERT(!writer.bad);
    return rota_view(out, writer.len);
}

/* One key a direction, from the shared secret and the whole transcript. */
static struct rota_status keys_make(struct rota_channel *channel, const uint8_t peer_ephemeral[crypto_scalarmult_BYTES])
{
    uint8_t shared[crypto_scalarmult_BYTES];
    if (crypto_scalarmult(shared, channel->ephemeral_secret, peer_ephemeral) != 0)
        return rota_fail(ROTA_BAD_SIGNATURE, "a peer offered a key of small order");
    for (int from_dialler = 0; from_dialler < 2; from_dialler++) {
        struct rota_digest digest;
        rota_digest_start(&digest, ROTA_TAG("channel-key"));
        rota_digest_add_u8(&digest, (uint8_t)from_dialler);
        rota_digest_add_hash(&digest, &channel->transcript);
        rota_digest_add(&digest, shared, sizeof shared);
        struct rota_hash key = rota_digest_finish(&digest);
        memcpy((from_dialler != 0) == channel->dials ? channel->send_key : channel->receive_key, key.b, sizeof key.b);
        sodium_memzero(&key, sizeof key);
        sodium_memzero(&digest, sizeof digest);
    }
    sodium_memzero(shared, sizeof shared);
    sodium_memzero(channel->ephemeral_secret, sizeof channel->ephemeral_secret);
    return rota_ok();
}

/* ---- the dialler's steps -------------------------------------------------------------------------------------------- */

void rota_channel_write_hello(struct rota_channel *channel, uint8_t out[ROTA_CHANNEL_HELLO_BYTES])
{
    ROTA_ASSERT(channel->dials && channel->step == STEP_START);
    struct rota_writer writer = rota_writer(out, ROTA_CHANNEL_HELLO_BYTES);
    rota_write_bytes(&writer, channel_magic, sizeof channel_magic);
    rota_write_u32(&writer, channel->identity->self);
    rota_write_u32(&writer, channel->peer);
    rota_write_hash(&writer, &channel->identity->ledger_id);
    rota_write_bytes(&writer, channel->ephemeral, sizeof channel->ephemeral);
    ROTA_ASSERT(!writer.bad && writer.len == ROTA_CHANNEL_HELLO_BYTES);
    memcpy(channel->hello, out, sizeof channel->hello);
    channel->step = STEP_HELLO;
}

struct rota_status rota_channel_read_welcome(struct rota_channel *channel, const uint8_t in[ROTA_CHANNEL_WELCOME_BYTES])
{
    ROTA_ASSERT(channel->dials && channel->step == STEP_HELLO);
    struct rota_reader reader = rota_reader(rota_view(in, ROTA_CHANNEL_WELCOME_BYTES));
    uint8_t ephemeral[crypto_scalarmult_BYTES], message[64];
    char magic[sizeof channel_magic];
    struct rota_signature signature;
    rota_read_bytes(&reader, magic, sizeof magic);
    rota_read_bytes(&reader, ephemeral, sizeof ephemeral);
    rota_read_signature(&reader, &signature);
    if (memcmp(magic, channel_magic, sizeof magic) != 0)
        return rota_fail(ROTA_MALFORMED, "the other end does not speak this protocol");
    transcript_make(channel, ephemeral);
    struct rota_view expected = role_message(message, channel, false);
    if (!rota_ed25519_verify(&channel->identity->members[channel->peer], expected, &signature))
        return rota_fail(ROTA_BAD_SIGNATURE, "the other end is not the facility that was called");
    ROTA_TRY(keys_make(channel, ephemeral));
    channel->step = STEP_WELCOME;
    return rota_ok();
}

void rota_channel_write_proof(struct rota_channel *channel, uint8_t out[ROTA_CHANNEL_PROOF_BYTES])
{
    ROTA_ASSERT(channel->dials && channel->step == STEP_WELCOME);
    uint8_t message[64];
    struct rota_signature signature;
    rota_ed25519_sign(&signature, channel->identity->secret, role_message(message, channel, true));
    memcpy(out, channel_magic, sizeof channel_magic);
    memcpy(out + sizeof channel_magic, signature.b, sizeof signature.b);
    channel->step = STEP_OPEN;
}

/* ---- the listener's steps ------------------------------------------------------------------------------------------- */

struct rota_status rota_channel_read_hello(struct rota_channel *channel, const uint8_t in[ROTA_CHANNEL_HELLO_BYTES])
{
    ROTA_ASSERT(!channel->dials && channel->step == STEP_START);
    struct rota_reader reader = rota_reader(rota_view(in, ROTA_CHANNEL_HELLO_BYTES));
    const struct rota_channel_identity *identity = channel->identity;
    char magic[sizeof channel_magic];
    uint8_t ephemeral[crypto_scalarmult_BYTES];
    struct rota_hash ledger_id;
    rota_read_bytes(&reader, magic, sizeof magic);
    uint32_t from = rota_read_u32(&reader), to = rota_read_u32(&reader);
    rota_read_hash(&reader, &ledger_id);
    rota_read_bytes(&reader, ephemeral, sizeof ephemeral);
    if (memcmp(magic, channel_magic, sizeof magic) != 0)
        return rota_fail(ROTA_MALFORMED, "the caller does not speak this protocol");
    if (!rota_hash_equal(&ledger_id, &identity->ledger_id))
        return rota_fail(ROTA_WRONG_LEDGER, "the caller belongs to another ledger");
    if (to != identity->self)
        return rota_fail(ROTA_WRONG_LEDGER, "the caller wants another facility");
    if (from >= identity->member_count || from == identity->self)
        return rota_fail(ROTA_UNKNOWN_KEY, "the caller is no other member");
    memcpy(channel->hello, in, sizeof channel->hello);
    channel->peer = from;
    transcript_make(channel, channel->ephemeral);
    ROTA_TRY(keys_make(channel, ephemeral));
    channel->step = STEP_HELLO;
    return rota_ok();
}

void rota_channel_write_welcome(struct rota_channel *channel, uint8_t out[ROTA_CHANNEL_WELCOME_BYTES])
{
    ROTA_ASSERT(!channel->dials && channel->step == STEP_HELLO);
    uint8_t message[64];
    struct rota_signature signature;
    rota_ed25519_sign(&signature, channel->identity->secret, role_message(message, channel, false));
    struct rota_writer writer = rota_writer(out, ROTA_CHANNEL_WELCOME_BYTES);
    rota_write_bytes(&writer, channel_magic, sizeof channel_magic);
    rota_write_bytes(&writer, channel->ephemeral, sizeof channel->ephemeral);
    rota_write_signature(&writer, &signature);
    ROTA_ASSERT(!writer.bad && writer.len == ROTA_CHANNEL_WELCOME_BYTES);
    channel->step = STEP_WELCOME;
}

struct rota_status rota_channel_read_proof(struct rota_channel *channel, const uint8_t in[ROTA_CHANNEL_PROOF_BYTES])
{
    ROTA_ASSERT(!channel->dials && channel->step == STEP_WELCOME);
    uint8_t message[64];
    struct rota_signature signature;
    if (memcmp(in, channel_magic, sizeof channel_magic) != 0)
        return rota_fail(ROTA_MALFORMED, "the caller does not speak this protocol");
    memcpy(signature.b, in + sizeof channel_magic, sizeof signature.b);
    struct rota_view expected = role_message(message, channel, true);
    if (!rota_ed25519_verify(&channel->identity->members[channel->peer], expected, &signature))
        return rota_fail(ROTA_BAD_SIGNATURE, "the caller is not the facility that it says");
    channel->step = STEP_OPEN;
    return rota_ok();
}

/* ---- sealed frames -------------------------------------------------------------------------------------------------- */

void rota_channel_write_header(struct rota_channel *channel, uint8_t out[ROTA_CHANNEL_HEADER_BYTES])
{
    _Static_assert(ROTA_CHANNEL_HEADER_BYTES == crypto_secretstream_xchacha20poly1305_HEADERBYTES, "libsodium's stream header");
    _Static_assert(ROTA_CHANNEL_SEAL_BYTES == crypto_secretstream_xchacha20poly1305_ABYTES, "libsodium's seal");
    ROTA_ASSERT(channel->step == STEP_OPEN);
    crypto_secretstream_xchacha20poly1305_init_push(&channel->send, out, channel->send_key);
    sodium_memzero(channel->send_key, sizeof channel->send_key);
}

struct rota_status rota_channel_read_header(struct rota_channel *channel, const uint8_t in[ROTA_CHANNEL_HEADER_BYTES])
{
    ROTA_ASSERT(channel->step == STEP_OPEN);
    if (crypto_secretstream_xchacha20poly1305_init_pull(&channel->receive, in, channel->receive_key) != 0)
        return rota_fail(ROTA_MALFORMED, "a stream header that libsodium refuses");
    sodium_memzero(channel->receive_key, sizeof channel->receive_key);
    return rota_ok();
}

void rota_channel_seal(struct rota_channel *channel, uint8_t *out, struct rota_view plain)
{
    ROTA_ASSERT(channel->step == STEP_OPEN);
    crypto_secretstream_xchacha20poly1305_push(&channel->send, out, NULL, plain.data, plain.len, NULL, 0, 0);
}

struct rota_status rota_channel_open(struct rota_channel *channel, uint8_t *out, size_t *out_len, struct rota_view sealed)
{
    ROTA_ASSERT(channel->step == STEP_OPEN);
    unsigned long long len;
    uint8_t tag;
    if (sealed.len < ROTA_CHANNEL_SEAL_BYTES)
        return rota_fail(ROTA_MALFORMED, "a frame shorter than its seal");
    if (crypto_secretstream_xchacha20poly1305_pull(&channel->receive, out, &len, &tag, sealed.data, sealed.len, NULL, 0) != 0 || tag != 0)
        return rota_fail(ROTA_BAD_SIGNATURE, "a frame that was changed on its way");
    *out_len = (size_t)len;
    return rota_ok();
}
