/* What comes certified is believed, and what contradicts it stops this member: member 1 of four (PROTOCOL C1..C4, N10). */
#include "tests/unit/consensus/lone.h"

#include <criterion/criterion.h>

static struct lone *l;

static void begin(void)
{
    l = lone_open(4, 1);
}

static void end(void)
{
    lone_close(l);
}

/* PROTOCOL C4: also when the verdict was there before the certificate. */
Test(catching_up, a_block_that_was_found_invalid_and_is_certified_then_stops_us, .fini = end)
{
    begin();
    struct lone_block one = lone_block(l, 1, NULL, 0);
    lone_propose(l, 0, NULL, &one);
    lone_checked(l, ROTA_CHECK_INVALID);
    cr_assert_null(lone_did(l, ROTA_ACTION_HALT), "so far it is the primary that is wrong");
    lone_forget(l);
    struct rota_certificate proof = lone_certificate(l, ROTA_VOTE_COMMIT, 0, NULL, &one);
    lone_hear_block(l, 3, &one, &proof);
    cr_assert(lone_did(l, ROTA_ACTION_CHECK), "it is looked at once more");
    lone_checked(l, ROTA_CHECK_INVALID);
    cr_assert(lone_did(l, ROTA_ACTION_HALT));
}

/* PROTOCOL C1, C3: one was proposed here, its body never came, and another was decided in its place. */
Test(catching_up, a_block_that_nobody_has_does_not_hide_the_one_that_was_decided, .fini = end)
{
    begin();
    struct lone_block one = lone_block(l, 1, NULL, 0);
    lone_propose(l, 0, NULL, &one);
    lone_checked(l, ROTA_CHECK_MISSING);
    const struct rota_action *asked = lone_did(l, ROTA_ACTION_FETCH);
    cr_assert(asked && rota_hash_equal(&asked->fetch.block, &one.hash));
    lone_forget(l);
    lone_hear_status(l, 3, &(struct rota_status_message){.view = 1, .active = true, .committed = 1});
    lone_pass(l, 200);
    asked = lone_did(l, ROTA_ACTION_FETCH);
    cr_assert(asked && asked->fetch.peer == 3 && asked->fetch.from == 1 && rota_hash_is_zero(&asked->fetch.block),
              "what is final at that height is asked for too");
}

/* PROTOCOL N10, A3: after a fork, two ranges of two histories that do not fit. A verdict, no assertion, in either order. */
static void two_histories_stop_us(bool upper_first)
{
    begin();
    struct lone_block three = lone_block(l, 3, NULL, 0), other = lone_block(l, 3, NULL, 1);
    struct lone_block blocks[] = {three, lone_block(l, 4, &other, 0)};
    for (uint32_t i = 0; i < 2; i++) {
        const struct lone_block *block = &blocks[upper_first ? 1 - i : i];
        struct rota_certificate proof = lone_certificate(l, ROTA_VOTE_COMMIT, 0, NULL, block);
        cr_assert_null(lone_did(l, ROTA_ACTION_HALT));
        lone_hear_block(l, 2 + i, block, &proof);
    }
    cr_assert(lone_did(l, ROTA_ACTION_HALT));
}

Test(catching_up, a_certified_block_that_is_not_below_another_stops_us, .fini = end)
{
    two_histories_stop_us(false);
}

Test(catching_up, a_certified_block_that_another_does_not_stand_on_stops_us, .fini = end)
{
    two_histories_stop_us(true);
}

/* The same where our own ledger ends. */
Test(catching_up, a_certified_block_that_does_not_stand_on_our_ledger_stops_us, .fini = end)
{
    begin();
    struct lone_block elsewhere = lone_block(l, 7, NULL, 1), one = lone_block(l, 1, &elsewhere, 0);
    struct rota_certificate proof = lone_certificate(l, ROTA_VOTE_COMMIT, 0, NULL, &one);
    lone_hear_block(l, 3, &one, &proof);
    cr_assert(lone_did(l, ROTA_ACTION_HALT));
}
