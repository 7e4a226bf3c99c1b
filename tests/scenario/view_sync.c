/* Correct replicas that ended up in different views come to one again, whatever became of the messages that parted them
 * (PROTOCOL V2, V3). */
#include "tests/sim/sim.h"

#include <criterion/criterion.h>

static void run_until_view(struct sim *s, uint32_t member, uint64_t view)
{
    for (uint32_t i = 0; i < 20000 && sim_view(s, member).view < view; i++)
        sim_run_ms(s, 1);
    cr_assert_eq(sim_view(s, member).view, view, "member %u is in view %llu", member,
                 (unsigned long long)sim_view(s, member).view);
}

/* Member 1, the primary of view 1, is down. Member 2 sees a quorum on its way to view 1 and, when nothing comes of it, goes
 * to view 2; what it said for view 1 never reached 0 and 3, and now it says it no more. */
Test(view_sync, those_who_stayed_behind_follow_one_that_went_on)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 1);
    sim_submit(s, "all", 3);
    sim_expect(s, sim_run_until_settled(s, 2000), "the start does not commit");
    sim_crash(s, "0 1");
    sim_restart(s, "0"); /* a restarted primary hands over, when those that are there have greeted it (H2) */
    sim_run_ms(s, 100);
    sim_cut(s, 2, 0);
    sim_cut(s, 2, 3);
    run_until_view(s, 2, 2);
    cr_assert_eq(sim_view(s, 0).view, 1);
    cr_assert_eq(sim_view(s, 3).view, 1);
    sim_heal(s);
    sim_submit(s, "up", 3);
    sim_expect(s, sim_run_until_settled(s, 20000), "three correct replicas of four never meet in one view");
    sim_expect_one_history(s, "0 2 3");
    sim_free(s);
}

/* The others went to view 1 and stand there. Member 3 was deaf for longer than its timer: it is in view 2, alone. */
static struct sim *one_ahead(uint64_t seed)
{
    struct sim *s = sim_cluster(.members = 4, .seed = seed);
    sim_submit(s, "all", 3);
    sim_expect(s, sim_run_until_settled(s, 2000), "the start does not commit");
    sim_cut(s, 1, 3); /* the primary of view 1 */
    sim_crash(s, "0");
    sim_restart(s, "0"); /* a restarted primary hands over */
    run_until_view(s, 3, 1);
    sim_run_ms(s, 20);
    sim_cut(s, 0, 3);
    sim_cut(s, 2, 3);
    run_until_view(s, 3, 2);
    sim_heal(s);
    cr_assert_eq(sim_view(s, 1).view, 1);
    return s;
}

/* V13: the others do not need it, and it would follow without a vote until the view changes for another reason. Its primary
 * hands over, and all are together again. */
Test(view_sync, one_that_went_on_alone_is_met)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct sim *s = one_ahead(seed);
        for (uint32_t i = 0; i < 40; i++) {
            sim_submit(s, "all", 1);
            sim_run_ms(s, 50);
        }
        for (uint32_t i = 0; i < 4; i++) {
            cr_assert_eq(sim_view(s, i).view, 2, "member %u is in view %llu", i, (unsigned long long)sim_view(s, i).view);
            cr_assert_eq(sim_view(s, i).mode, ROTA_MODE_ACTIVE);
        }
        sim_crash(s, "1");
        sim_submit(s, "up", 3);
        sim_expect(s, sim_run_until_settled(s, 5000), "it does not carry the quorum");
        sim_free(s);
    }
}

/* V13: a liar says again and again that it is one view further. */
Test(view_sync, a_liar_that_goes_on_again_and_again_does_not_make_the_views_spin)
{
    static struct rota_view_change change;
    struct sim *s = sim_cluster(.members = 4, .seed = 7);
    sim_submit(s, "all", 3);
    sim_expect(s, sim_run_until_settled(s, 2000), "the start does not commit");
    sim_crash(s, "3");
    for (uint32_t i = 0; i < 500; i++) {
        for (uint32_t to = 0; to < 3; to++) {
            change = (struct rota_view_change){.sender = 3, .new_view = sim_view(s, to).view + 1, .incarnation = 100 + i};
            struct rota_message message = {.kind = ROTA_MESSAGE_VIEW_CHANGE, .view_change = &change};
            sim_forge(s, 3, to, &message);
        }
        sim_run_ms(s, 50);
    }
    cr_assert_eq(sim_view(s, 0).view, 1, "%llu views in 25 s", (unsigned long long)sim_view(s, 0).view);
    sim_free(s);
}
