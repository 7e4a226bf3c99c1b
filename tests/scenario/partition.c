/* Without a quorum nothing is decided; with it, the rest does not matter; afterwards there is one history. */
#include "tests/sim/sim.h"

#include <criterion/criterion.h>

Test(partition, one_member_alone_decides_nothing)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 7);
    sim_partition(s, "0 | 1 2 3");
    sim_submit(s, "all", 10);
    sim_run_ms(s, 10000);
    sim_expect_height(s, "1 2 3", 1);
    cr_assert_eq(s->replicas[0].disk.height, 0);
    sim_heal(s);
    sim_expect(s, sim_run_until_settled(s, 10000), "the cut-off member does not come back");
    sim_expect_one_history(s, "all");
    sim_free(s);
}

Test(partition, two_halves_decide_nothing_and_then_agree)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 8);
    sim_partition(s, "0 1 | 2 3");
    sim_submit(s, "all", 10);
    sim_run_ms(s, 60000);
    cr_assert_eq(s->agreed_height, 0);
    sim_heal(s);
    sim_expect(s, sim_run_until_settled(s, 10000), "two halves do not come together");
    sim_free(s);
}

/* The shape that stopped others for hours: everybody hears somebody, nobody hears everybody. */
Test(partition, a_broken_ring_still_makes_progress_after_healing)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 9);
    sim_submit(s, "all", 3);
    sim_run_ms(s, 100);
    sim_cut(s, 0, 2);
    sim_cut(s, 2, 0);
    sim_cut(s, 1, 3);
    sim_cut(s, 3, 1);
    sim_submit(s, "all", 10);
    sim_run_ms(s, 60000);
    sim_heal(s);
    sim_resubmit(s);
    sim_expect(s, sim_run_until_settled(s, 20000), "a broken ring leaves damage behind");
    sim_expect_one_history(s, "all");
    sim_free(s);
}

Test(partition, flapping_links_do_not_split_history)
{
    struct sim *s = sim_cluster(.members = 5, .seed = 10, .loss_percent = 10, .duplicate_percent = 10);
    for (int i = 0; i < 100; i++) {
        sim_submit(s, "all", 2);
        sim_cut(s, (uint32_t)sim_random(s, 5), (uint32_t)sim_random(s, 5));
        sim_run_ms(s, 100);
        if (i % 4 == 0)
            sim_heal(s);
    }
    sim_heal(s);
    sim_resubmit(s);
    sim_expect(s, sim_run_until_settled(s, 60000), "flapping links leave damage behind");
    sim_expect_one_history(s, "all");
    sim_free(s);
}

Test(partition, half_of_a_crash_profile_network_commits_nothing)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 11, .profile = ROTA_PROFILE_CRASH);
    sim_partition(s, "0 1 | 2 3");
    sim_submit(s, "all", 5);
    sim_run_ms(s, 10000);
    cr_assert_eq(s->agreed_height, 0);
    sim_heal(s);
    sim_expect(s, sim_run_until_settled(s, 10000), "two halves do not come together");
    sim_expect_one_history(s, "all");
    sim_free(s);
}
