/* The inside of a channel, shared by its handshake (channel.c) and its sealed stream (channel_stream.c) only. */
#ifndef ROTA_CRYPTO_CHANNEL_PRIVATE_H
#define ROTA_CRYPTO_CHANNEL_PRIVATE_H

#include "crypto/channel.h"
#include "crypto/digest.h"

#include <sodium.h>

enum { CHANNEL_EPHEMERAL_BYTES = 32, CHANNEL_KEY_BYTES = 32 };

/* dialler:  HELLO_DUE -> WELCOME_AWAITED -> PROOF_DUE -> DONE
 * listener: HELLO_AWAITED -> WELCOME_DUE -> PROOF_AWAITED -> DONE
 * Anything wrong: BROKEN, for good. */
enum channel_step {
    CHANNEL_HELLO_DUE,
    CHANNEL_WELCOME_AWAITED,
    CHANNEL_PROOF_DUE,
    CHANNEL_HELLO_AWAITED,
    CHANNEL_WELCOME_DUE,
    CHANNEL_PROOF_AWAITED,
    CHANNEL_DONE,
    CHANNEL_BROKEN,
};

/* One direction of the sealed stream. */
struct channel_stream {
    crypto_secretstream_xchacha20poly1305_state state;
    uint8_t key[CHANNEL_KEY_BYTES]; /* zero once the stream is started */
    bool started;
    bool broken;
};

struct rota_channel {
    const struct rota_channel_identity *identity;
    uint32_t peer;
    bool dialler;
    enum channel_step step;
    struct rota_digest transcript;
    uint8_t ephemeral_secret[CHANNEL_EPHEMERAL_BYTES];
    uint8_t ephemeral_public[CHANNEL_EPHEMERAL_BYTES];
    uint8_t shared[crypto_scalarmult_BYTES]; /* zero once the keys are derived */
    struct channel_stream send, receive;
};

#endif
