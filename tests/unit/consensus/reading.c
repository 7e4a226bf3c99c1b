/* Reads, seen by one core (PROTOCOL L2, L3): what it asks, and what it answers. */
#include "tests/unit/consensus/lone.h"

#include <criterion/criterion.h>

static struct lone *l;

static void end(void)
{
    lone_close(l);
}

static void ask(uint32_t member, uint64_t count)
{
    struct rota_message asked = {.kind = ROTA_MESSAGE_READ_INDEX, .sender = member, .read_index = {5, count}};
    lone_hear(l, &asked);
}

/* So many answers to questions of this member, ten a millisecond for so long. */
static uint32_t answers(uint32_t member, uint64_t ms)
{
    uint32_t times = 0;
    for (uint64_t t = 0; t < ms; t++) {
        lone_forget(l);
        for (uint32_t i = 0; i < 10; i++)
            ask(member, 10 * t + i);
        times += lone_times(l, ROTA_MESSAGE_READ_INDEX_REPLY);
        lone_pass(l, 1);
    }
    return times;
}

/* PROTOCOL L3: an answer costs a signature. */
Test(reading, who_asks_without_end_gets_a_thousand_answers_a_second, .fini = end)
{
    l = lone_open(4, 1);
    cr_assert_leq(answers(2, 300), 300 + 64);
    cr_assert_geq(answers(2, 300), 300 - 1, "the rate holds on");
    cr_assert_eq(answers(3, 1), 10, "the others pay for it");
    lone_pass(l, 100);
    cr_assert_eq(answers(2, 1), 10, "it never ends");
}

static void reply(uint32_t member, const struct rota_read_nonce *nonce)
{
    struct rota_message message = {.kind = ROTA_MESSAGE_READ_INDEX_REPLY, .sender = member};
    message.read_reply = (struct rota_read_reply){.reader = 1, .nonce = *nonce};
    lone_hear(l, &message);
}

/* PROTOCOL L2: so no correct reader asks in vain. */
Test(reading, attempts_begin_less_often_than_they_are_answered, .fini = end)
{
    l = lone_open(4, 1);
    uint64_t last = 0;
    uint32_t attempts = 0;
    for (uint64_t t = 0; t < 100; t++) {
        lone_forget(l);
        lone_pass(l, 1);
        lone_read(l, t + 1); /* somebody wants to know all the time, and everybody answers at once */
        const struct rota_message *said = lone_said(l, ROTA_MESSAGE_READ_INDEX);
        if (!said || said->read_index.count == last)
            continue;
        last = said->read_index.count;
        attempts++;
        struct rota_read_nonce nonce = said->read_index;
        reply(2, &nonce);
        reply(3, &nonce);
        cr_assert(lone_did(l, ROTA_ACTION_READ_DONE), "a quorum has answered");
    }
    cr_assert_geq(attempts, 49);
    cr_assert_leq(attempts, 51);
}
