#include "tests/unit/crypto/channel_call.h"

/* ---- lies ----------------------------------------------------------------------------------------------------------- */

/* One facility answers in the name of another: it has everything but the key. */
Test(channel_lies, a_listener_with_another_key_is_found_out)
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

Test(channel_lies, a_dialler_with_another_key_is_found_out)
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
Test(channel_lies, a_hello_changed_on_its_way_never_connects)
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

Test(channel_lies, a_welcome_changed_in_any_bit_is_refused)
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

Test(channel_lies, a_proof_changed_in_any_bit_is_refused)
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
Test(channel_lies, a_reflected_signature_is_refused)
{
    struct call call;
    call_start(&call);
    call_prove(&call);
    memcpy(call.proof + 4, call.welcome + 36, ROTA_SIGNATURE_BYTES);
    expect_code(rota_channel_read_proof(call.listener, call.proof), ROTA_BAD_SIGNATURE);
    call_end(&call);
}

Test(channel_lies, a_replayed_hello_and_proof_do_not_connect)
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

Test(channel_lies, a_replayed_welcome_does_not_connect)
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
Test(channel_lies, an_ephemeral_key_put_in_between_is_refused)
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
