#include "crypto/channel_private.h"
#include "crypto/codec.h"
#include "crypto/init.h"

#include <stdlib.h>

/* The byte behind the tag in everything that the channel hashes or signs: no value of one use can stand for another. */
enum channel_use {
    CHANNEL_USE_TRANSCRIPT = 0,
    CHANNEL_USE_LISTENER_SIGNS = 1,
    CHANNEL_USE_DIALLER_SIGNS = 2,
    CHANNEL_USE_KEY_OF_DIALLER = 3,  /* what the dialler seals */
    CHANNEL_USE_KEY_OF_LISTENER = 4, /* what the listener seals */
};

static const char channel_magic_hello[4] = {'R', 'L', 'h', '1'};
static const char channel_magic_welcome[4] = {'R', 'L', 'w', '1'};
static const char channel_magic_proof[4] = {'R', 'L', 'p', '1'};

/* ---- making and freeing --------------------------------------------------------------------------------------------- */

static struct rota_status channel_new(struct rota_channel **out, const struct rota_channel_identity *identity, bool dialler)
{
    ROTA_ASSERT(identity->self < identity->member_count);
    rota_crypto_init();
    struct rota_channel *channel = calloc(1, sizeof *channel);
    *out = channel;
    if (!channel)
        return rota_fail(ROTA_NO_MEMORY, "no memory for a channel");
    channel->identity = identity;
    channel->dialler = dialler;
    channel->step = dialler ? CHANNEL_HELLO_DUE : CHANNEL_HELLO_AWAITED;
    rota_digest_start(&channel->transcript, ROTA_TAG("channel"));
    rota_digest_add_u8(&channel->transcript, CHANNEL_USE_TRANSCRIPT);
    randombytes_buf(channel->ephemeral_secret, sizeof channel->ephemeral_secret);
    crypto_scalarmult_base(channel->ephemeral_public, channel->ephemeral_secret);
    return rota_ok();
}

struct rota_status rota_channel_new_dialler(struct rota_channel **out, const struct rota_channel_identity *identity,
                                            uint32_t peer)
{
    *out = NULL;
    if (peer >= identity->member_count)
        return rota_fail(ROTA_UNKNOWN_KEY, "a call to a member that does not exist");
    if (peer == identity->self)
        return rota_fail(ROTA_REFUSED, "a facility does not call itself");
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

/* ---- transcript, signatures, keys ----------------------------------------------------------------------------------- */

/* What has been said up to now; the transcript itself goes on. */
static struct rota_hash transcript_hash(const struct rota_channel *channel)
{
    struct rota_digest copy = channel->transcript;
    return rota_digest_finish(&copy);
}

/* tag || use u8 || transcript hash */
enum { CHANNEL_STATEMENT_BYTES = sizeof ROTA_TAG("channel") - 1 + 1 + ROTA_HASH_BYTES };

static void statement_write(uint8_t out[CHANNEL_STATEMENT_BYTES], const struct rota_channel *channel, enum channel_use use)
{
    struct rota_hash hash = transcript_hash(channel);
    struct rota_writer writer = rota_writer(out, CHANNEL_STATEMENT_BYTES);
    rota_write_bytes(&writer, ROTA_TAG("channel"), sizeof ROTA_TAG("channel") - 1);
    rota_write_u8(&writer, (uint8_t)use);
    rota_write_hash(&writer, &hash);
    ROTA_ASSERT(!writer.bad && writer.len == CHANNEL_STATEMENT_BYTES);
}

static void transcript_sign(struct rota_signature *out, const struct rota_channel *channel, enum channel_use use)
{
    uint8_t statement[CHANNEL_STATEMENT_BYTES];
    statement_write(statement, channel, use);
    rota_ed25519_sign(out, channel->identity->secret, rota_view(statement, sizeof statement));
}

static bool transcript_verify(const struct rota_channel *channel, enum channel_use use,
                              const struct rota_signature *signature)
{
    uint8_t statement[CHANNEL_STATEMENT_BYTES];
    statement_write(statement, channel, use);
    return rota_ed25519_verify(&channel->identity->members[channel->peer], rota_view(statement, sizeof statement),
                               signature);
}

/* The secret that both ephemeral keys make; ours is forgotten at once. */
static bool channel_agree(struct rota_channel *channel, const uint8_t theirs[CHANNEL_EPHEMERAL_BYTES])
{
    int low_order = crypto_scalarmult(channel->shared, channel->ephemeral_secret, theirs);
    sodium_memzero(channel->ephemeral_secret, sizeof channel->ephemeral_secret);
    return low_order == 0;
}

static void key_derive(uint8_t out[CHANNEL_KEY_BYTES], const struct rota_channel *channel, enum channel_use use)
{
    struct rota_digest digest;
    struct rota_hash transcript = transcript_hash(channel), key;
    rota_digest_start(&digest, ROTA_TAG("channel"));
    rota_digest_add_u8(&digest, (uint8_t)use);
    rota_digest_add(&digest, channel->shared, sizeof channel->shared);
    rota_digest_add_hash(&digest, &transcript);
    key = rota_digest_finish(&digest);
    memcpy(out, key.b, CHANNEL_KEY_BYTES);
    sodium_memzero(&digest, sizeof digest);
    sodium_memzero(&key, sizeof key);
}

static void channel_finish(struct rota_channel *channel)
{
    enum channel_use ours = channel->dialler ? CHANNEL_USE_KEY_OF_DIALLER : CHANNEL_USE_KEY_OF_LISTENER;
    enum channel_use theirs = channel->dialler ? CHANNEL_USE_KEY_OF_LISTENER : CHANNEL_USE_KEY_OF_DIALLER;
    key_derive(channel->send.key, channel, ours);
    key_derive(channel->receive.key, channel, theirs);
    sodium_memzero(channel->shared, sizeof channel->shared);
    channel->step = CHANNEL_DONE;
}

/* What a side is called in a hello: the beginning of its key. Who else is called so fails at the signature. */
static uint32_t channel_name(const struct rota_channel_identity *identity, uint32_t member)
{
    struct rota_reader reader = rota_reader(rota_view(identity->members[member].b, 4));
    return rota_read_u32(&reader);
}

static uint32_t channel_find(const struct rota_channel_identity *identity, uint32_t name)
{
    uint32_t member = 0;
    while (member < identity->member_count && channel_name(identity, member) != name)
        member++;
    return member;
}

/* ---- dialler -------------------------------------------------------------------------------------------------------- */

void rota_channel_write_hello(struct rota_channel *channel, uint8_t out[ROTA_CHANNEL_HELLO_BYTES])
{
    ROTA_ASSERT(channel->step == CHANNEL_HELLO_DUE);
    struct rota_writer writer = rota_writer(out, ROTA_CHANNEL_HELLO_BYTES);
    rota_write_bytes(&writer, channel_magic_hello, sizeof channel_magic_hello);
    rota_write_u32(&writer, channel_name(channel->identity, channel->identity->self));
    rota_write_u32(&writer, channel_name(channel->identity, channel->peer));
    rota_write_hash(&writer, &channel->identity->ledger_id);
    rota_write_bytes(&writer, channel->ephemeral_public, sizeof channel->ephemeral_public);
    ROTA_ASSERT(!writer.bad && writer.len == ROTA_CHANNEL_HELLO_BYTES);
    rota_digest_add(&channel->transcript, out, ROTA_CHANNEL_HELLO_BYTES);
    channel->step = CHANNEL_WELCOME_AWAITED;
}

struct rota_status rota_channel_read_welcome(struct rota_channel *channel, const uint8_t in[ROTA_CHANNEL_WELCOME_BYTES])
{
    ROTA_ASSERT(channel->step == CHANNEL_WELCOME_AWAITED);
    channel->step = CHANNEL_BROKEN;
    struct rota_signature signature;
    enum { SIGNED_BYTES = ROTA_CHANNEL_WELCOME_BYTES - ROTA_SIGNATURE_BYTES };
    if (memcmp(in, channel_magic_welcome, sizeof channel_magic_welcome) != 0)
        return rota_fail(ROTA_MALFORMED, "the answer is not a welcome of this protocol");
    rota_digest_add(&channel->transcript, in, SIGNED_BYTES);
    memcpy(signature.b, in + SIGNED_BYTES, sizeof signature.b);
    if (!transcript_verify(channel, CHANNEL_USE_LISTENER_SIGNS, &signature))
        return rota_fail(ROTA_BAD_SIGNATURE, "who answers is not the facility that was called");
    if (!channel_agree(channel, in + sizeof channel_magic_welcome))
        return rota_fail(ROTA_MALFORMED, "an ephemeral key of small order");
    rota_digest_add(&channel->transcript, signature.b, sizeof signature.b);
    channel->step = CHANNEL_PROOF_DUE;
    return rota_ok();
}

void rota_channel_write_proof(struct rota_channel *channel, uint8_t out[ROTA_CHANNEL_PROOF_BYTES])
{
    ROTA_ASSERT(channel->step == CHANNEL_PROOF_DUE);
    struct rota_signature signature;
    transcript_sign(&signature, channel, CHANNEL_USE_DIALLER_SIGNS);
    memcpy(out, channel_magic_proof, sizeof channel_magic_proof);
    memcpy(out + sizeof channel_magic_proof, signature.b, sizeof signature.b);
    rota_digest_add(&channel->transcript, out, ROTA_CHANNEL_PROOF_BYTES);
    channel_finish(channel);
}

/* ---- listener ------------------------------------------------------------------------------------------------------- */

struct rota_status rota_channel_read_hello(struct rota_channel *channel, const uint8_t in[ROTA_CHANNEL_HELLO_BYTES])
{
    ROTA_ASSERT(channel->step == CHANNEL_HELLO_AWAITED);
    channel->step = CHANNEL_BROKEN;
    struct rota_hash ledger_id;
    struct rota_reader reader = rota_reader(rota_view(in, ROTA_CHANNEL_HELLO_BYTES));
    struct rota_view magic = rota_read_view(&reader, sizeof channel_magic_hello);
    uint32_t from = channel_find(channel->identity, rota_read_u32(&reader)), to = rota_read_u32(&reader);
    rota_read_hash(&reader, &ledger_id);
    struct rota_view ephemeral = rota_read_view(&reader, CHANNEL_EPHEMERAL_BYTES);
    ROTA_TRY(rota_reader_finish(&reader));
    if (memcmp(magic.data, channel_magic_hello, sizeof channel_magic_hello) != 0)
        return rota_fail(ROTA_MALFORMED, "the call is not a hello of this protocol");
    if (!rota_hash_equal(&ledger_id, &channel->identity->ledger_id))
        return rota_fail(ROTA_WRONG_LEDGER, "a call from another ledger");
    if (to != channel_name(channel->identity, channel->identity->self))
        return rota_fail(ROTA_WRONG_LEDGER, "a call for another member");
    if (from >= channel->identity->member_count)
        return rota_fail(ROTA_UNKNOWN_KEY, "a call from a member that does not exist");
    if (from == channel->identity->self)
        return rota_fail(ROTA_REFUSED, "a call in our own name");
    if (!channel_agree(channel, ephemeral.data))
        return rota_fail(ROTA_MALFORMED, "an ephemeral key of small order");
    rota_digest_add(&channel->transcript, in, ROTA_CHANNEL_HELLO_BYTES);
    channel->peer = from;
    channel->step = CHANNEL_WELCOME_DUE;
    return rota_ok();
}

void rota_channel_write_welcome(struct rota_channel *channel, uint8_t out[ROTA_CHANNEL_WELCOME_BYTES])
{
    ROTA_ASSERT(channel->step == CHANNEL_WELCOME_DUE);
    struct rota_signature signature;
    struct rota_writer writer = rota_writer(out, ROTA_CHANNEL_WELCOME_BYTES);
    rota_write_bytes(&writer, channel_magic_welcome, sizeof channel_magic_welcome);
    rota_write_bytes(&writer, channel->ephemeral_public, sizeof channel->ephemeral_public);
    rota_digest_add(&channel->transcript, out, writer.len);
    transcript_sign(&signature, channel, CHANNEL_USE_LISTENER_SIGNS);
    rota_write_signature(&writer, &signature);
    ROTA_ASSERT(!writer.bad && writer.len == ROTA_CHANNEL_WELCOME_BYTES);
    rota_digest_add(&channel->transcript, signature.b, sizeof signature.b);
    channel->step = CHANNEL_PROOF_AWAITED;
}

struct rota_status rota_channel_read_proof(struct rota_channel *channel, const uint8_t in[ROTA_CHANNEL_PROOF_BYTES])
{
    ROTA_ASSERT(channel->step == CHANNEL_PROOF_AWAITED);
    channel->step = CHANNEL_BROKEN;
    struct rota_signature signature;
    memcpy(signature.b, in + sizeof channel_magic_proof, sizeof signature.b);
    if (memcmp(in, channel_magic_proof, sizeof channel_magic_proof) != 0)
        return rota_fail(ROTA_MALFORMED, "the answer to a welcome is not a proof");
    if (!transcript_verify(channel, CHANNEL_USE_DIALLER_SIGNS, &signature))
        return rota_fail(ROTA_BAD_SIGNATURE, "who calls is not the facility that it names");
    rota_digest_add(&channel->transcript, in, ROTA_CHANNEL_PROOF_BYTES);
    channel_finish(channel);
    return rota_ok();
}

uint32_t rota_channel_peer(const struct rota_channel *channel)
{
    ROTA_ASSERT(channel->step == CHANNEL_DONE);
    return channel->peer;
}
