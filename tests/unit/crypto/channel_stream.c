#include "crypto/channel.h"
#include "crypto/digest.h"
#include "tests/unit/crypto/check.h"

#include <signal.h>

/* Two facilities whose handshake is done. */
struct pair {
    struct rota_ed25519_secret secrets[2];
    struct rota_ed25519_public members[2];
    struct rota_channel_identity identities[2];
    struct rota_channel *caller, *called;
};

static void pair_handshake(struct pair *pair)
{
    uint8_t hello[ROTA_CHANNEL_HELLO_BYTES], welcome[ROTA_CHANNEL_WELCOME_BYTES], proof[ROTA_CHANNEL_PROOF_BYTES];
    for (uint32_t i = 0; i < 2; i++) {
        rota_ed25519_generate(&pair->secrets[i]);
        pair->members[i] = pair->secrets[i].public_key;
        pair->identities[i] = (struct rota_channel_identity){
            .self = i, .secret = &pair->secrets[i], .member_count = 2, .members = pair->members};
    }
    expect_ok(rota_channel_new_dialler(&pair->caller, &pair->identities[0], 1));
    expect_ok(rota_channel_new_listener(&pair->called, &pair->identities[1]));
    rota_channel_write_hello(pair->caller, hello);
    expect_ok(rota_channel_read_hello(pair->called, hello));
    rota_channel_write_welcome(pair->called, welcome);
    expect_ok(rota_channel_read_welcome(pair->caller, welcome));
    rota_channel_write_proof(pair->caller, proof);
    expect_ok(rota_channel_read_proof(pair->called, proof));
}

static void pair_open(struct pair *pair)
{
    uint8_t header[ROTA_CHANNEL_HEADER_BYTES];
    pair_handshake(pair);
    rota_channel_write_header(pair->caller, header);
    expect_ok(rota_channel_read_header(pair->called, header));
    rota_channel_write_header(pair->called, header);
    expect_ok(rota_channel_read_header(pair->caller, header));
}

static void pair_free(struct pair *pair)
{
    rota_channel_free(pair->caller);
    rota_channel_free(pair->called);
}

enum { PLAIN = 8, SEALED = PLAIN + ROTA_CHANNEL_SEAL_BYTES };

static void seal_number(struct rota_channel *channel, uint8_t out[SEALED], uint8_t number)
{
    const uint8_t plain[PLAIN] = {number};
    rota_channel_seal(channel, out, rota_view(plain, sizeof plain));
}

static struct rota_status open_frame(struct rota_channel *channel, const uint8_t *sealed, size_t len)
{
    uint8_t plain[SEALED];
    size_t plain_len;
    return rota_channel_open(channel, plain, &plain_len, rota_view(sealed, len));
}

Test(channel_stream, a_frame_changed_in_any_bit_is_refused)
{
    for (size_t bit = 0; bit < 8 * SEALED; bit++) {
        struct pair pair;
        uint8_t sealed[SEALED];
        pair_open(&pair);
        seal_number(pair.caller, sealed, 1);
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        expect_code(open_frame(pair.called, sealed, sizeof sealed), ROTA_BAD_SIGNATURE);
        pair_free(&pair);
    }
}

Test(channel_stream, a_frame_cut_or_lengthened_is_refused)
{
    for (size_t len = 0; len <= SEALED + 1; len++) {
        struct pair pair;
        uint8_t sealed[SEALED + 1] = {0};
        pair_open(&pair);
        seal_number(pair.caller, sealed, 1);
        cr_assert_eq(rota_is_ok(open_frame(pair.called, sealed, len)), len == SEALED, "length %zu", len);
        pair_free(&pair);
    }
}

Test(channel_stream, a_frame_repeated_lost_or_out_of_order_is_refused)
{
    static const uint8_t orders[][2] = {{0, 0}, {1, 1}, {1, 0}, {2, 2}, {0, 2}};
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        struct pair pair;
        uint8_t sealed[3][SEALED];
        pair_open(&pair);
        for (uint8_t n = 0; n < 3; n++)
            seal_number(pair.caller, sealed[n], n);
        bool both = rota_is_ok(open_frame(pair.called, sealed[orders[i][0]], SEALED)) &&
                    rota_is_ok(open_frame(pair.called, sealed[orders[i][1]], SEALED));
        cr_assert_not(both, "frame %u, then %u", orders[i][0], orders[i][1]);
        pair_free(&pair);
    }
}

Test(channel_stream, a_frame_sent_back_to_its_sender_is_refused)
{
    struct pair pair;
    uint8_t sealed[SEALED];
    pair_open(&pair);
    seal_number(pair.caller, sealed, 1);
    expect_code(open_frame(pair.caller, sealed, sizeof sealed), ROTA_BAD_SIGNATURE);
    pair_free(&pair);
}

Test(channel_stream, after_one_bad_frame_nothing_more_is_opened)
{
    struct pair pair;
    uint8_t bad[SEALED] = {0}, good[SEALED];
    pair_open(&pair);
    seal_number(pair.caller, good, 1);
    expect_code(open_frame(pair.called, bad, sizeof bad), ROTA_BAD_SIGNATURE);
    expect_code(open_frame(pair.called, good, sizeof good), ROTA_BAD_SIGNATURE);
    pair_free(&pair);
}

Test(channel_stream, a_changed_header_opens_nothing)
{
    for (size_t at = 0; at < ROTA_CHANNEL_HEADER_BYTES; at++) {
        struct pair pair;
        uint8_t header[ROTA_CHANNEL_HEADER_BYTES], sealed[SEALED];
        pair_handshake(&pair);
        rota_channel_write_header(pair.caller, header);
        header[at] ^= 1;
        if (rota_is_ok(rota_channel_read_header(pair.called, header))) {
            seal_number(pair.caller, sealed, 1);
            expect_code(open_frame(pair.called, sealed, sizeof sealed), ROTA_BAD_SIGNATURE);
        }
        pair_free(&pair);
    }
}

Test(channel_stream, each_direction_has_its_own_key)
{
    struct pair pair;
    uint8_t header[ROTA_CHANNEL_HEADER_BYTES], sealed[SEALED];
    pair_handshake(&pair);
    rota_channel_write_header(pair.caller, header);
    expect_ok(rota_channel_read_header(pair.caller, header)); /* its own header, sent back */
    seal_number(pair.caller, sealed, 1);
    expect_code(open_frame(pair.caller, sealed, sizeof sealed), ROTA_BAD_SIGNATURE);
    pair_free(&pair);
}

Test(channel_stream, a_large_frame_arrives_whole)
{
    enum { LARGE = 2 * 1024 * 1024 };
    struct pair pair;
    uint8_t *plain = malloc(LARGE), *sealed = malloc(LARGE + ROTA_CHANNEL_SEAL_BYTES), *opened = malloc(LARGE);
    size_t len;
    pair_open(&pair);
    memset(plain, 0x5a, LARGE);
    rota_channel_seal(pair.called, sealed, rota_view(plain, LARGE));
    expect_ok(rota_channel_open(pair.caller, opened, &len, rota_view(sealed, LARGE + ROTA_CHANNEL_SEAL_BYTES)));
    cr_assert(rota_view_equal(rota_view(opened, len), rota_view(plain, LARGE)));
    free(plain);
    free(sealed);
    free(opened);
    pair_free(&pair);
}

Test(channel_stream, sealing_before_the_handshake_is_our_own_mistake, .signal = SIGABRT)
{
    struct pair pair;
    uint8_t sealed[SEALED];
    pair_handshake(&pair);
    seal_number(pair.caller, sealed, 1);
}
