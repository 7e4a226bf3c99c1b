/* A stranger at either end of the peer channel, without any facility's key: no bytes of his finish a handshake or open a
 * frame. The first byte chooses the step at which he comes in; in the later steps the honest bytes are changed by his. */
#include "crypto/channel.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CHANNEL_MEMBERS = 3 };

struct channel_pair {
    struct rota_ed25519_secret secrets[CHANNEL_MEMBERS];
    struct rota_ed25519_public members[CHANNEL_MEMBERS];
    struct rota_channel_identity identities[2];
    struct rota_channel *dialler, *listener;
    uint8_t hello[ROTA_CHANNEL_HELLO_BYTES], welcome[ROTA_CHANNEL_WELCOME_BYTES], proof[ROTA_CHANNEL_PROOF_BYTES];
};

static void pair_start(struct channel_pair *pair)
{
    for (uint8_t i = 0; i < CHANNEL_MEMBERS; i++) {
        const uint8_t seed[ROTA_ED25519_SEED_BYTES] = {i};
        rota_ed25519_from_seed(&pair->secrets[i], seed);
        pair->members[i] = pair->secrets[i].public_key;
    }
    for (uint32_t i = 0; i < 2; i++)
        pair->identities[i] = (struct rota_channel_identity){
            .self = i, .secret = &pair->secrets[i], .member_count = CHANNEL_MEMBERS, .members = pair->members};
    ROTA_ASSERT(rota_is_ok(rota_channel_new_dialler(&pair->dialler, &pair->identities[0], 1)));
    ROTA_ASSERT(rota_is_ok(rota_channel_new_listener(&pair->listener, &pair->identities[1])));
    rota_channel_write_hello(pair->dialler, pair->hello);
}

/* Mixes the stranger's bytes into honest ones; false when that changes nothing. */
static bool bytes_change(uint8_t *bytes, size_t len, const uint8_t *data, size_t size)
{
    uint8_t changed = 0;
    for (size_t i = 0; i < len && i < size; i++) {
        bytes[i] ^= data[i];
        changed |= data[i];
    }
    return changed != 0;
}

/* A hello of his own: whatever he says and the listener answers, the listener is never satisfied by his proof. */
static void stranger_calls(struct channel_pair *pair, const uint8_t *data, size_t size)
{
    (void)bytes_change(pair->hello, sizeof pair->hello, data, size);
    if (!rota_is_ok(rota_channel_read_hello(pair->listener, pair->hello)))
        return;
    rota_channel_write_welcome(pair->listener, pair->welcome);
    memset(pair->proof, 0, sizeof pair->proof);
    memcpy(pair->proof, "RLp1", 4);
    size_t used = size < sizeof pair->hello ? size : sizeof pair->hello;
    (void)bytes_change(pair->proof + 4, sizeof pair->proof - 4, data + used, size - used);
    ROTA_ASSERT(!rota_is_ok(rota_channel_read_proof(pair->listener, pair->proof)));
}

static void stranger_changes_welcome(struct channel_pair *pair, const uint8_t *data, size_t size)
{
    ROTA_ASSERT(rota_is_ok(rota_channel_read_hello(pair->listener, pair->hello)));
    rota_channel_write_welcome(pair->listener, pair->welcome);
    bool changed = bytes_change(pair->welcome, sizeof pair->welcome, data, size);
    ROTA_ASSERT(rota_is_ok(rota_channel_read_welcome(pair->dialler, pair->welcome)) == !changed);
}

static bool pair_finish(struct channel_pair *pair, const uint8_t *data, size_t size)
{
    ROTA_ASSERT(rota_is_ok(rota_channel_read_hello(pair->listener, pair->hello)));
    rota_channel_write_welcome(pair->listener, pair->welcome);
    ROTA_ASSERT(rota_is_ok(rota_channel_read_welcome(pair->dialler, pair->welcome)));
    rota_channel_write_proof(pair->dialler, pair->proof);
    bool changed = bytes_change(pair->proof, sizeof pair->proof, data, size);
    bool good = rota_is_ok(rota_channel_read_proof(pair->listener, pair->proof));
    ROTA_ASSERT(good == !changed);
    return good;
}

/* One honest frame changed by his bytes, or his bytes alone as a frame. */
static void stranger_changes_frame(struct channel_pair *pair, const uint8_t *data, size_t size)
{
    uint8_t header[ROTA_CHANNEL_HEADER_BYTES], sealed[64 + ROTA_CHANNEL_SEAL_BYTES], plain[64] = {0};
    size_t len;
    if (!pair_finish(pair, NULL, 0))
        return;
    rota_channel_write_header(pair->dialler, header);
    ROTA_ASSERT(rota_is_ok(rota_channel_read_header(pair->listener, header)));
    rota_channel_seal(pair->dialler, sealed, rota_view(plain, sizeof plain));
    bool changed = bytes_change(sealed, sizeof sealed, data, size);
    bool good = rota_is_ok(rota_channel_open(pair->listener, plain, &len, rota_view(sealed, sizeof sealed)));
    ROTA_ASSERT(good == !changed);
    uint8_t *opened = malloc(size + 1);
    ROTA_ASSERT(!rota_is_ok(rota_channel_open(pair->listener, opened, &len, rota_view(data, size))));
    free(opened);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct channel_pair pair;
    if (size == 0)
        return 0;
    pair_start(&pair);
    switch (data[0] % 4) {
    case 0:
        stranger_calls(&pair, data + 1, size - 1);
        break;
    case 1:
        stranger_changes_welcome(&pair, data + 1, size - 1);
        break;
    case 2:
        (void)pair_finish(&pair, data + 1, size - 1);
        break;
    default:
        stranger_changes_frame(&pair, data + 1, size - 1);
    }
    rota_channel_free(pair.dialler);
    rota_channel_free(pair.listener);
    return 0;
}
