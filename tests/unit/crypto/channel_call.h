/* A call from one facility to another, step by step, for the tests of the channel. */
#ifndef ROTA_TESTS_CRYPTO_CHANNEL_CALL_H
#define ROTA_TESTS_CRYPTO_CHANNEL_CALL_H

#include "crypto/channel.h"
#include "crypto/digest.h"
#include "tests/unit/crypto/check.h"

enum { MEMBERS = 4, DIALLER = 1, LISTENER = 2 };

/* Four facilities, and one call from DIALLER to LISTENER. */
struct call {
    struct rota_ed25519_secret secrets[MEMBERS];
    struct rota_ed25519_public members[MEMBERS];
    struct rota_channel_identity dialler_identity, listener_identity;
    struct rota_channel *dialler, *listener;
    uint8_t hello[ROTA_CHANNEL_HELLO_BYTES];
    uint8_t welcome[ROTA_CHANNEL_WELCOME_BYTES];
    uint8_t proof[ROTA_CHANNEL_PROOF_BYTES];
};

static inline struct rota_channel_identity identity_of(struct call *call, uint32_t self)
{
    struct rota_channel_identity identity = {.ledger_id = rota_hash_of(NULL, rota_view_text("ledger")),
                                             .self = self,
                                             .secret = &call->secrets[self],
                                             .member_count = MEMBERS,
                                             .members = call->members};
    return identity;
}

static inline void call_start(struct call *call)
{
    for (uint8_t i = 0; i < MEMBERS; i++) {
        uint8_t seed[ROTA_ED25519_SEED_BYTES] = {i, 1, 2, 3};
        rota_ed25519_from_seed(&call->secrets[i], seed);
        call->members[i] = call->secrets[i].public_key;
    }
    call->dialler_identity = identity_of(call, DIALLER);
    call->listener_identity = identity_of(call, LISTENER);
    expect_ok(rota_channel_new_dialler(&call->dialler, &call->dialler_identity, LISTENER));
    expect_ok(rota_channel_new_listener(&call->listener, &call->listener_identity));
    rota_channel_write_hello(call->dialler, call->hello);
}

static inline void call_end(struct call *call)
{
    rota_channel_free(call->dialler);
    rota_channel_free(call->listener);
}

static inline void call_welcome(struct call *call)
{
    expect_ok(rota_channel_read_hello(call->listener, call->hello));
    rota_channel_write_welcome(call->listener, call->welcome);
}

static inline void call_prove(struct call *call)
{
    call_welcome(call);
    expect_ok(rota_channel_read_welcome(call->dialler, call->welcome));
    rota_channel_write_proof(call->dialler, call->proof);
}

static inline void stream_start(struct rota_channel *from, struct rota_channel *to)
{
    uint8_t header[ROTA_CHANNEL_HEADER_BYTES];
    rota_channel_write_header(from, header);
    expect_ok(rota_channel_read_header(to, header));
}

static inline void call_connect(struct call *call)
{
    call_start(call);
    call_prove(call);
    expect_ok(rota_channel_read_proof(call->listener, call->proof));
    stream_start(call->dialler, call->listener);
    stream_start(call->listener, call->dialler);
}

static inline void expect_carried(struct rota_channel *from, struct rota_channel *to, const char *text)
{
    uint8_t sealed[256], opened[256];
    size_t len, plain = strlen(text);
    rota_channel_seal(from, sealed, rota_view_text(text));
    expect_ok(rota_channel_open(to, opened, &len, rota_view(sealed, plain + ROTA_CHANNEL_SEAL_BYTES)));
    cr_assert(rota_view_equal(rota_view(opened, len), rota_view_text(text)));
}

#endif
