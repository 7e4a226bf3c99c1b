/* What a single liar may try on one member: to stop its clocks, to keep it busy, to make it forget who is ahead. Member 1 of
 * four, primary 0 (PROTOCOL T3, S2, C1). */
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

/* PROTOCOL T3, V12: a block that will never be voted for, and that holds everything that waited: it is in no pool any more.
 */
Test(one_liar, a_block_that_stays_untimely_runs_the_clock_of_progress, .fini = end)
{
    begin();
    struct lone_block one = lone_block(l, 1, NULL, 0);
    lone_propose(l, 0, NULL, &one);
    lone_checked(l, ROTA_CHECK_UNTIMELY);
    for (uint64_t passed = 0; passed < 2 * l->timers.progress_ms && !lone_said(l, ROTA_MESSAGE_SUSPECT); passed += 10) {
        lone_forget(l);
        lone_hear(l, &(struct rota_message){.kind = ROTA_MESSAGE_HEARTBEAT, .sender = 0}); /* it is there, and works */
        lone_pass(l, 10);
        if (lone_did(l, ROTA_ACTION_CHECK))
            lone_checked(l, ROTA_CHECK_UNTIMELY);
    }
    cr_assert(lone_said(l, ROTA_MESSAGE_SUSPECT), "nobody would ever leave this view");
}

/* PROTOCOL S2: every answer costs signatures. */
Test(one_liar, who_says_all_the_time_that_it_lacks_everything_is_answered_now_and_then, .fini = end)
{
    begin();
    struct lone_block block = lone_block(l, 1, NULL, 0);
    for (uint64_t height = 1; height <= 8; height++) {
        lone_propose(l, 0, NULL, &block);
        lone_checked(l, ROTA_CHECK_VALID);
        block = lone_block(l, height + 1, &block, 0);
    }
    lone_forget(l);
    struct rota_status_message nothing = {.active = true};
    lone_hear_status(l, 2, &nothing);
    cr_assert_eq(lone_times(l, ROTA_MESSAGE_PREPARE), 8);
    lone_forget(l);
    for (uint32_t i = 0; i < 100; i++)
        lone_hear_status(l, 2, &nothing);
    cr_expect_leq(lone_times(l, ROTA_MESSAGE_PREPARE), 10 * 8);
    lone_forget(l);
    lone_hear_status(l, 3, &nothing);
    cr_expect_eq(lone_times(l, ROTA_MESSAGE_PREPARE), 8, "another one has an allowance of its own");
    lone_pass(l, 1000);
    lone_forget(l);
    lone_hear_status(l, 2, &nothing);
    cr_expect_eq(lone_times(l, ROTA_MESSAGE_PREPARE), 8, "later it is answered again");
}

static void hello(uint32_t member, uint64_t incarnation, uint64_t committed)
{
    struct rota_message message = {.kind = ROTA_MESSAGE_HELLO, .sender = member};
    message.hello = (struct rota_hello){
        .incarnation = incarnation, .boot = incarnation, .standing = ROTA_STANDING_MEMBER, .committed = committed};
    lone_hear(l, &message);
}

/* PROTOCOL C1: a HELLO is signed, so anybody can say it again, as often as he likes. */
Test(one_liar, what_others_said_when_they_began_does_not_take_back_what_they_say_now, .fini = end)
{
    begin();
    const uint32_t others[] = {0, 2, 3};
    for (uint32_t i = 0; i < 3; i++)
        hello(others[i], 2, 0);
    struct rota_status_message ahead = {.active = true, .committed = 5};
    for (uint64_t passed = 0; passed < 1000 && !lone_did(l, ROTA_ACTION_FETCH); passed += 50) {
        for (uint32_t i = 0; i < 3 && passed % 500 == 0; i++)
            lone_hear_status(l, others[i], &ahead);
        lone_pass(l, 50);
        for (uint32_t i = 0; i < 3; i++)
            hello(others[i], 1 + passed / 50 % 2, 0);
    }
    cr_assert(lone_did(l, ROTA_ACTION_FETCH), "it stays behind for ever");
}
