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

static struct rota_channel_identity identity_of(struct call *call, uint32_t self)
{
    struct rota_channel_identity identity = {.ledger_id = rota_hash_of(NULL, rota_view_text("ledger")),
                                             .self = self,
                                             .secret = &call->secrets[self],
                                             .member_count = MEMBERS,
                                             .members = call->members};
    return identity;
}

static void call_start(struct call *call)
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

static void call_end(struct call *call)
{
    rota_channel_free(call->dialler);
    rota_channel_free(call->listener);
}

static void call_welcome(struct call *call)
{
    expect_ok(rota_channel_read_hello(call->listener, call->hello));
    rota_channel_write_welcome(call->listener, call->welcome);
}

static void call_prove(struct call *call)
{
    call_welcome(call);
    expect_ok(rota_channel_read_welcome(call->dialler, call->welcome));
    rota_channel_write_proof(call->dialler, call->proof);
}

static void stream_start(struct rota_channel *from, struct rota_channel *to)
{
    uint8_t header[ROTA_CHANNEL_HEADER_BYTES];
    rota_channel_write_header(from, header);
    expect_ok(rota_channel_read_header(to, header));
}

static void call_connect(struct call *call)
{
    call_start(call);
    call_prove(call);
    expect_ok(rota_channel_read_proof(call->listener, call->proof));
    stream_start(call->dialler, call->listener);
    stream_start(call->listener, call->dialler);
}

static void expect_carried(struct rota_channel *from, struct rota_channel *to, const char *text)
{
    uint8_t sealed[256], opened[256];
    size_t len, plain = strlen(text);
    rota_channel_seal(from, sealed, rota_view_text(text));
    expect_ok(rota_channel_open(to, opened, &len, rota_view(sealed, plain + ROTA_CHANNEL_SEAL_BYTES)));
    cr_assert(rota_view_equal(rota_view(opened, len), rota_view_text(text)));
}

/* ---- the good case -------------------------------------------------------------------------------------------------- */

Test(channel, two_facilities_speak_in_both_directions)
{
    struct call call;
    call_connect(&call);
    cr_assert_eq(rota_channel_peer(call.dialler), LISTENER);
    cr_assert_eq(rota_channel_peer(call.listener), DIALLER);
    for (int i = 0; i < 3; i++) {
        expect_carried(call.dialler, call.listener, "prepare");
        expect_carried(call.listener, call.dialler, "commit");
        expect_carried(call.dialler, call.listener, "");
    }
    call_end(&call);
}

Test(channel, nothing_readable_is_on_the_wire)
{
    struct call call;
    uint8_t sealed[64];
    call_connect(&call);
    rota_channel_seal(call.dialler, sealed, rota_view_text("a plain sentence"));
    cr_assert_null(memmem(sealed, 16 + ROTA_CHANNEL_SEAL_BYTES, "plain", 5));
    call_end(&call);
}

Test(channel, no_two_calls_look_alike)
{
    struct call first, second;
    call_connect(&first);
    call_connect(&second);
    cr_assert_neq(memcmp(first.hello + 44, second.hello + 44, 32), 0, "fresh ephemeral of the dialler");
    cr_assert_neq(memcmp(first.welcome + 4, second.welcome + 4, 32), 0, "fresh ephemeral of the listener");
    call_end(&first);
    call_end(&second);
}

Test(channel, freeing_half_way_or_nothing_is_fine)
{
    struct call call;
    rota_channel_free(NULL);
    call_start(&call);
    call_end(&call);
    call_start(&call);
    call_welcome(&call);
    call_end(&call);
}

/* ---- whom we call, who calls ---------------------------------------------------------------------------------------- */

Test(channel, nobody_calls_himself_or_a_stranger)
{
    struct call call;
    struct rota_channel *channel;
    call_start(&call);
    expect_code(rota_channel_new_dialler(&channel, &call.dialler_identity, DIALLER), ROTA_REFUSED);
    cr_assert_null(channel);
    expect_code(rota_channel_new_dialler(&channel, &call.dialler_identity, MEMBERS), ROTA_UNKNOWN_KEY);
    cr_assert_null(channel);
    call_end(&call);
}

Test(channel, a_hello_is_for_this_ledger_and_this_member_and_from_another_one)
{
    static const struct {
        size_t at;
        uint8_t value;
        enum rota_code code;
    } cases[] = {
        {0, 'X', ROTA_MALFORMED},       {3, '2', ROTA_MALFORMED},      {7, LISTENER, ROTA_REFUSED},
        {7, MEMBERS, ROTA_UNKNOWN_KEY}, {4, 0xff, ROTA_UNKNOWN_KEY},   {11, 3, ROTA_WRONG_LEDGER},
        {8, 1, ROTA_WRONG_LEDGER},      {12, 0xaa, ROTA_WRONG_LEDGER}, {12 + 31, 0xaa, ROTA_WRONG_LEDGER},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct call call;
        call_start(&call);
        call.hello[cases[i].at] = cases[i].value;
        expect_code(rota_channel_read_hello(call.listener, call.hello), cases[i].code);
        call_end(&call);
    }
}

Test(channel, a_dialler_of_another_ledger_gets_no_answer)
{
    struct call call;
    call_start(&call);
    struct rota_channel_identity elsewhere = call.dialler_identity;
    elsewhere.ledger_id.b[0] ^= 1;
    struct rota_channel *dialler;
    expect_ok(rota_channel_new_dialler(&dialler, &elsewhere, LISTENER));
    rota_channel_write_hello(dialler, call.hello);
    expect_code(rota_channel_read_hello(call.listener, call.hello), ROTA_WRONG_LEDGER);
    rota_channel_free(dialler);
    call_end(&call);
}

/* ---- lies ----------------------------------------------------------------------------------------------------------- */

/* One facility answers in the name of another: it has everything but the key. */
Test(channel, a_listener_with_another_key_is_found_out)
{
    struct call call;
    call_start(&call);
    rota_channel_free(call.listener);
    call.listener_identity.secret = &call.secrets[3];
    expect_ok(rota_channel_new_listener(&call.listener, &call.listener_identity));
    call_welcome(&call);
    expect_code(rota_channel_read_welcome(call.dialler, call.welcome), ROTA_BAD_SIGNATURE);
    call_end(&call);
}

Test(channel, a_dialler_with_another_key_is_found_out)
{
    struct call call;
    call_start(&call);
    rota_channel_free(call.dialler);
    call.dialler_identity.secret = &call.secrets[3];
    expect_ok(rota_channel_new_dialler(&call.dialler, &call.dialler_identity, LISTENER));
    rota_channel_write_hello(call.dialler, call.hello);
    call_prove(&call);
    expect_code(rota_channel_read_proof(call.listener, call.proof), ROTA_BAD_SIGNATURE);
    call_end(&call);
}

/* Every bit of hello: refused at once, or the transcript differs and the dialler refuses the welcome. */
Test(channel, a_hello_changed_on_its_way_never_connects)
{
    for (size_t bit = 0; bit < 8 * ROTA_CHANNEL_HELLO_BYTES; bit++) {
        struct call call;
        call_start(&call);
        call.hello[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (rota_is_ok(rota_channel_read_hello(call.listener, call.hello))) {
            rota_channel_write_welcome(call.listener, call.welcome);
            expect_code(rota_channel_read_welcome(call.dialler, call.welcome), ROTA_BAD_SIGNATURE);
        }
        call_end(&call);
    }
}

Test(channel, a_welcome_changed_in_any_bit_is_refused)
{
    for (size_t bit = 0; bit < 8 * ROTA_CHANNEL_WELCOME_BYTES; bit++) {
        struct call call;
        call_start(&call);
        call_welcome(&call);
        call.welcome[bit / 8] ^= (uint8_t)(1 << bit % 8);
        cr_assert_not(rota_is_ok(rota_channel_read_welcome(call.dialler, call.welcome)), "bit %zu", bit);
        call_end(&call);
    }
}

Test(channel, a_proof_changed_in_any_bit_is_refused)
{
    for (size_t bit = 0; bit < 8 * ROTA_CHANNEL_PROOF_BYTES; bit++) {
        struct call call;
        call_start(&call);
        call_prove(&call);
        call.proof[bit / 8] ^= (uint8_t)(1 << bit % 8);
        cr_assert_not(rota_is_ok(rota_channel_read_proof(call.listener, call.proof)), "bit %zu", bit);
        call_end(&call);
    }
}

/* The listener's own signature, sent back to it as the caller's. */
Test(channel, a_reflected_signature_is_refused)
{
    struct call call;
    call_start(&call);
    call_prove(&call);
    memcpy(call.proof + 4, call.welcome + 36, ROTA_SIGNATURE_BYTES);
    expect_code(rota_channel_read_proof(call.listener, call.proof), ROTA_BAD_SIGNATURE);
    call_end(&call);
}

Test(channel, a_replayed_hello_and_proof_do_not_connect)
{
    struct call recorded, replay;
    call_start(&recorded);
    call_prove(&recorded);
    call_start(&replay);
    memcpy(replay.hello, recorded.hello, sizeof replay.hello);
    call_welcome(&replay);
    expect_code(rota_channel_read_proof(replay.listener, recorded.proof), ROTA_BAD_SIGNATURE);
    call_end(&recorded);
    call_end(&replay);
}

Test(channel, a_replayed_welcome_does_not_connect)
{
    struct call recorded, replay;
    call_start(&recorded);
    call_prove(&recorded);
    call_start(&replay);
    expect_code(rota_channel_read_welcome(replay.dialler, recorded.welcome), ROTA_BAD_SIGNATURE);
    call_end(&recorded);
    call_end(&replay);
}

/* Somebody in the middle keeps the honest signatures and puts his own ephemeral key into the welcome. */
Test(channel, an_ephemeral_key_put_in_between_is_refused)
{
    struct call call, middle;
    call_start(&call);
    call_start(&middle);
    call_welcome(&call);
    call_welcome(&middle);
    memcpy(call.welcome + 4, middle.welcome + 4, 32);
    expect_code(rota_channel_read_welcome(call.dialler, call.welcome), ROTA_BAD_SIGNATURE);
    call_end(&call);
    call_end(&middle);
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

Test(channel, an_ephemeral_key_of_small_order_is_refused_by_the_listener)
{
    for (size_t i = 0; i < sizeof small_order / sizeof *small_order; i++) {
        struct call call;
        call_start(&call);
        from_hex(call.hello + 44, 32, small_order[i]);
        expect_code(rota_channel_read_hello(call.listener, call.hello), ROTA_MALFORMED);
        call_end(&call);
    }
}

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

Test(channel, an_ephemeral_key_of_small_order_is_refused_by_the_dialler_though_well_signed)
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
Test(channel, a_stranger_can_implement_the_dialler)
{
    struct call call;
    struct by_hand hand;
    call_start(&call);
    randombytes_buf(hand.secret, sizeof hand.secret);
    crypto_scalarmult_base(hand.public_key, hand.secret);
    memcpy(call.hello, "RLh1\0\0\0\1\0\0\0\2", 12);
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
