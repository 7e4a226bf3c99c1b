#include "tests/unit/crypto/channel_call.h"

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
    enum { FROM = 4, TO = 8, LEDGER = 12 };
    static const struct {
        size_t at;
        uint8_t flip;
        enum rota_code code;
    } cases[] = {{0, 'X', ROTA_MALFORMED},          {3, 3, ROTA_MALFORMED},
                 {FROM, 1, ROTA_UNKNOWN_KEY},       {FROM + 3, 1, ROTA_UNKNOWN_KEY},
                 {TO, 1, ROTA_WRONG_LEDGER},        {TO + 3, 1, ROTA_WRONG_LEDGER},
                 {LEDGER, 0xaa, ROTA_WRONG_LEDGER}, {LEDGER + 31, 0xaa, ROTA_WRONG_LEDGER}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct call call;
        call_start(&call);
        call.hello[cases[i].at] ^= cases[i].flip;
        expect_code(rota_channel_read_hello(call.listener, call.hello), cases[i].code);
        call_end(&call);
    }
    struct call call;
    call_start(&call);
    memcpy(call.hello + FROM, call.hello + TO, 4);
    expect_code(rota_channel_read_hello(call.listener, call.hello), ROTA_REFUSED);
    call_end(&call);
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
