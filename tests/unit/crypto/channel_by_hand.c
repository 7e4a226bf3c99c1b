/* The channel written down a second time, from the words of the format. */
#include "tests/unit/crypto/channel_call.h"

/* What FORMATS §12 says, written down a second time: tag || use u8 || transcript hash. */
static struct rota_signature sign_by_hand(const struct rota_ed25519_secret *secret, uint8_t use, const uint8_t *hello,
                                          const uint8_t *then, size_t then_len)
{
    struct rota_signature signature;
    struct rota_digest digest;
    rota_digest_start(&digest, "rotaledger/v1/channel\n");
    rota_digest_add_u8(&digest, 0);
    rota_digest_add(&digest, hello, ROTA_CHANNEL_HELLO_BYTES);
    rota_digest_add(&digest, then, then_len);
    struct rota_hash transcript = rota_digest_finish(&digest);
    uint8_t message[22 + 1 + 32] = "rotaledger/v1/channel\n";
    message[22] = use;
    memcpy(message + 23, transcript.b, 32);
    rota_ed25519_sign(&signature, secret, rota_view(message, sizeof message));
    return signature;
}

/* ---- small order ---------------------------------------------------------------------------------------------------- */

static const char *const small_order[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

Test(channel_by_hand, an_ephemeral_key_of_small_order_is_refused_by_the_listener)
{
    for (size_t i = 0; i < sizeof small_order / sizeof *small_order; i++) {
        struct call call;
        call_start(&call);
        from_hex(call.hello + 44, 32, small_order[i]);
        expect_code(rota_channel_read_hello(call.listener, call.hello), ROTA_MALFORMED);
        call_end(&call);
    }
}

Test(channel_by_hand, an_ephemeral_key_of_small_order_is_refused_by_the_dialler_though_well_signed)
{
    for (size_t i = 0; i < sizeof small_order / sizeof *small_order; i++) {
        struct call call;
        call_start(&call);
        memcpy(call.welcome, "RLw1", 4);
        from_hex(call.welcome + 4, 32, small_order[i]);
        struct rota_signature signature = sign_by_hand(&call.secrets[LISTENER], 1, call.hello, call.welcome, 36);
        memcpy(call.welcome + 36, signature.b, sizeof signature.b);
        expect_code(rota_channel_read_welcome(call.dialler, call.welcome), ROTA_MALFORMED);
        call_end(&call);
    }
}

/* ---- a second implementation ---------------------------------------------------------------------------------------- */

struct by_hand {
    uint8_t secret[32], public_key[32], shared[32];
    uint8_t send_key[32], receive_key[32];
};

static void key_by_hand(uint8_t out[32], const struct by_hand *hand, const struct call *call, uint8_t use)
{
    struct rota_digest digest;
    rota_digest_start(&digest, "rotaledger/v1/channel\n");
    rota_digest_add_u8(&digest, 0);
    rota_digest_add(&digest, call->hello, sizeof call->hello);
    rota_digest_add(&digest, call->welcome, sizeof call->welcome);
    rota_digest_add(&digest, call->proof, sizeof call->proof);
    struct rota_hash transcript = rota_digest_finish(&digest);
    rota_digest_start(&digest, "rotaledger/v1/channel\n");
    rota_digest_add_u8(&digest, use);
    rota_digest_add(&digest, hand->shared, 32);
    rota_digest_add_hash(&digest, &transcript);
    struct rota_hash key = rota_digest_finish(&digest);
    memcpy(out, key.b, 32);
}

/* A dialler made from the words of the format alone speaks with ours. */
Test(channel_by_hand, a_stranger_can_implement_the_dialler)
{
    struct call call;
    struct by_hand hand;
    call_start(&call);
    randombytes_buf(hand.secret, sizeof hand.secret);
    crypto_scalarmult_base(hand.public_key, hand.secret);
    memcpy(call.hello, "RLh1", 4);
    memcpy(call.hello + 4, call.secrets[DIALLER].public_key.b, 4);
    memcpy(call.hello + 8, call.secrets[LISTENER].public_key.b, 4);
    memcpy(call.hello + 12, call.listener_identity.ledger_id.b, 32);
    memcpy(call.hello + 44, hand.public_key, 32);
    call_welcome(&call);
    cr_assert_eq(crypto_scalarmult(hand.shared, hand.secret, call.welcome + 4), 0);
    struct rota_signature signature = sign_by_hand(&call.secrets[DIALLER], 2, call.hello, call.welcome, sizeof call.welcome);
    memcpy(call.proof, "RLp1", 4);
    memcpy(call.proof + 4, signature.b, sizeof signature.b);
    expect_ok(rota_channel_read_proof(call.listener, call.proof));
    key_by_hand(hand.send_key, &hand, &call, 3);
    key_by_hand(hand.receive_key, &hand, &call, 4);

    crypto_secretstream_xchacha20poly1305_state state;
    uint8_t header[ROTA_CHANNEL_HEADER_BYTES], sealed[5 + ROTA_CHANNEL_SEAL_BYTES], opened[5], tag;
    size_t len;
    unsigned long long opened_len;
    crypto_secretstream_xchacha20poly1305_init_push(&state, header, hand.send_key);
    expect_ok(rota_channel_read_header(call.listener, header));
    crypto_secretstream_xchacha20poly1305_push(&state, sealed, NULL, (const uint8_t *)"hello", 5, NULL, 0, 0);
    expect_ok(rota_channel_open(call.listener, opened, &len, rota_view(sealed, sizeof sealed)));
    cr_assert_arr_eq(opened, "hello", 5);

    rota_channel_write_header(call.listener, header);
    rota_channel_seal(call.listener, sealed, rota_view_text("world"));
    cr_assert_eq(crypto_secretstream_xchacha20poly1305_init_pull(&state, header, hand.receive_key), 0);
    cr_assert_eq(
        crypto_secretstream_xchacha20poly1305_pull(&state, opened, &opened_len, &tag, sealed, sizeof sealed, NULL, 0), 0);
    cr_assert_arr_eq(opened, "world", 5);
    call_end(&call);
}
