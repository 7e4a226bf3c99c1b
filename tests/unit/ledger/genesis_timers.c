#include "fixture.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>

#define SEVEN                                                                                                   \
    "\"heartbeat_ms\":100,\"suspect_ms\":500,\"progress_ms\":1000,\"request_ms\":1300,\"view_change_ms\":1000," \
    "\"status_ms\":500,\"clock_ms\":500"

static struct rota_status parse(struct rota_genesis *out, const char *timers)
{
    char *text = fixture_genesis_text(4), *whole = NULL;
    text[strlen(text) - 1] = '\0'; /* the last brace */
    cr_assert(asprintf(&whole, "%s,\"timers\":{%s}}", text, timers) > 0);
    struct rota_status status = rota_genesis_parse(out, rota_view_text(whole));
    free(whole);
    free(text);
    return status;
}

/* FORMATS section 4: a genesis that was sealed before there were contract and rotation is as good as ever. */
Test(genesis_timers, the_last_three_may_be_missing_together)
{
    struct rota_genesis genesis;
    cr_assert(rota_is_ok(parse(&genesis, SEVEN)));
    cr_assert_eq(genesis.timers.clock_ms, 500);
    cr_assert_eq(genesis.timers.latency_ms, 400);
    cr_assert_eq(genesis.timers.rotate_ms, 600000);
    cr_assert_eq(genesis.timers.rotate_blocks, 4096);
    rota_genesis_free(&genesis);
    cr_assert(rota_is_ok(parse(&genesis, SEVEN ",\"latency_ms\":90,\"rotate_ms\":0,\"rotate_blocks\":7")));
    cr_assert_eq(genesis.timers.latency_ms, 90);
    cr_assert_eq(genesis.timers.rotate_ms, 0);
    cr_assert_eq(genesis.timers.rotate_blocks, 7);
    rota_genesis_free(&genesis);
}

/* PROTOCOL T11: without a word about them there are no TICKs. */
Test(genesis_timers, ticks_are_a_matter_of_their_own)
{
    static const char ten[] = SEVEN ",\"latency_ms\":90,\"rotate_ms\":0,\"rotate_blocks\":7";
    static const struct {
        const char *text;
        uint32_t tick_ms;
    } cases[] = {{"", 0}, {",\"tick_ms\":0", 0}, {",\"tick_ms\":1000", 1000}, {",\"tick_ms\":86400000", 86400000}};
    static const char *const wrong[] = {",\"tick_ms\":1", ",\"tick_ms\":999", ",\"tick_ms\":86400001"};
    struct rota_genesis genesis;
    char *text = NULL;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_assert(asprintf(&text, "%s%s", ten, cases[i].text) > 0);
        cr_assert(rota_is_ok(parse(&genesis, text)), "%s", text);
        cr_expect_eq(genesis.timers.tick_ms, cases[i].tick_ms);
        rota_genesis_free(&genesis);
        free(text);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        cr_assert(asprintf(&text, "%s%s", ten, wrong[i]) > 0);
        cr_expect_eq(parse(&genesis, text).code, ROTA_MALFORMED, "%s", text);
        free(text);
    }
    cr_expect_eq(parse(&genesis, SEVEN ",\"tick_ms\":0").code, ROTA_MALFORMED);
}

Test(genesis_timers, some_of_them_alone_or_an_unknown_one_are_refused)
{
    static const char *const wrong[] = {SEVEN ",\"latency_ms\":90", SEVEN ",\"latency_ms\":90,\"rotate_ms\":0",
                                        SEVEN ",\"latency_ms\":90,\"rotate_ms\":0,\"rotate_blokcs\":7",
                                        SEVEN ",\"latency_ms\":9,\"rotate_ms\":0,\"rotate_blocks\":7",
                                        "\"heartbeat_ms\":100"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct rota_genesis genesis;
        cr_assert_eq(parse(&genesis, wrong[i]).code, ROTA_MALFORMED, "%s", wrong[i]);
    }
}
