/* Two signed votes of one member that contradict each other are evidence, and count once at most (PROTOCOL E2, E3, A2). */
#include "tests/sim/sim.h"

#include <criterion/criterion.h>

/* Member 3 votes for two blocks that nobody proposed, at a height that everybody still waits for. */
static void lie(struct sim *s, enum rota_message_kind kind, uint32_t to, uint8_t block)
{
    struct rota_message message = {.kind = kind};
    message.vote.kind = kind == ROTA_MESSAGE_PREPARE ? ROTA_VOTE_PREPARE : ROTA_VOTE_COMMIT;
    message.vote.height = s->agreed_height + 5;
    message.vote.block.b[0] = block;
    sim_forge(s, 3, to, &message);
}

static void expect_accused(enum rota_message_kind kind)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 1);
    sim_submit(s, "all", 3);
    sim_expect(s, sim_run_until_settled(s, 2000), "the start does not commit");
    lie(s, kind, 0, 1);
    lie(s, kind, 0, 1);
    sim_run_ms(s, 20);
    cr_assert_eq(s->stats.accusations, 0, "the same vote twice is no lie");
    lie(s, kind, 0, 2);
    sim_run_ms(s, 20);
    cr_assert_eq(s->stats.accusations, 1, "two votes for one height and view are");
    sim_submit(s, "all", 3);
    sim_expect(s, sim_run_until_settled(s, 5000), "a liar's votes hold the others up");
    sim_expect_one_history(s, "all");
    sim_free(s);
}

Test(equivocation, two_prepares_of_one_member_are_evidence)
{
    expect_accused(ROTA_MESSAGE_PREPARE);
}

Test(equivocation, two_commits_of_one_member_are_evidence)
{
    expect_accused(ROTA_MESSAGE_COMMIT);
}

/* Two correct replicas are no quorum, whatever a third member says about another block. */
Test(equivocation, votes_for_another_block_do_not_help_this_one)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 2);
    sim_run_ms(s, 10);
    sim_crash(s, "2 3");
    sim_submit(s, "0 1", 1);
    sim_run_ms(s, 10);
    for (enum rota_message_kind kind = ROTA_MESSAGE_PREPARE; kind <= ROTA_MESSAGE_COMMIT; kind++) {
        for (uint32_t to = 0; to < 2; to++) {
            struct rota_message message = {.kind = kind};
            message.vote.kind = kind == ROTA_MESSAGE_PREPARE ? ROTA_VOTE_PREPARE : ROTA_VOTE_COMMIT;
            message.vote.height = 1;
            message.vote.block.b[0] = 1;
            sim_forge(s, 3, to, &message);
        }
        sim_run_ms(s, 10);
    }
    cr_assert_eq(s->agreed_height, 0);
    sim_restart(s, "2");
    sim_expect(s, sim_run_until_settled(s, 10000), "three correct replicas do not commit beside a liar");
    sim_free(s);
}
