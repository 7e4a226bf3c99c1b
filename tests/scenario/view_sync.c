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
