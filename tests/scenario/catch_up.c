/* A replica that was away comes back to the tip, under load, from whoever has the blocks (PROTOCOL C1..C6). */
#include "tests/sim/sim.h"

#include <criterion/criterion.h>

Test(catch_up, a_node_that_was_away_reaches_the_tip_under_load)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 1);
    sim_crash(s, "3");
    for (int i = 0; i < 200; i++) {
        sim_submit(s, "0 1 2", 5);
        sim_run_ms(s, 20);
    }
    sim_restart(s, "3");
    uint64_t target = s->agreed_height, before = s->now_ms;
    cr_assert_gt(target, 150);
    while (s->replicas[3].disk.height < target && s->now_ms - before < 5000) {
        sim_submit(s, "0 1 2", 2);
        sim_run_ms(s, 20);
    }
    sim_expect_height(s, "3", target);
    sim_expect(s, sim_run_until_settled(s, 5000), "the returned replica does not keep up");
    sim_expect_one_history(s, "all");
    cr_assert_gt(s->stats.fetches, 0);
    sim_free(s);
}

Test(catch_up, a_node_that_was_away_over_view_changes_joins_the_present_view)
{
    struct sim *s = sim_cluster(.members = 7, .seed = 2);
    sim_crash(s, "6");
    for (int i = 0; i < 3; i++) {
        sim_submit(s, "up", 30);
        sim_expect(s, sim_run_until_settled(s, 5000), "six of seven do not commit");
        sim_crash(s, "primary");
        sim_submit(s, "up", 5);
        sim_run_ms(s, 3000);
        sim_restart(s, "0 1 2 3 4 5");
        sim_run_ms(s, 1500);
    }
    sim_restart(s, "6");
    sim_resubmit(s);
    sim_expect(s, sim_run_until_settled(s, 10000), "the returned replica does not catch up");
    sim_run_ms(s, 2000);
    cr_assert_eq(sim_view(s, 6).view, sim_view(s, 5).view);
    cr_assert_eq(sim_view(s, 6).mode, ROTA_MODE_ACTIVE);
    sim_free(s);
}

/* The one that is behind asks several at a time, and the load goes on. */
static uint64_t catch_up_ms(uint32_t members, uint32_t spoilers)
{
    struct sim *s = sim_cluster(.members = members, .seed = 3, .delay_min_ms = 20, .delay_max_ms = 20);
    uint32_t last = members - 1;
    sim_crash(s, members == 4 ? "3" : "6");
    while (s->agreed_height < 300) {
        sim_submit(s, "up", 4);
        sim_run_ms(s, 20);
    }
    for (uint32_t i = 0; i < spoilers; i++)
        s->replicas[1 + i].spoils = true;
    sim_restart(s, members == 4 ? "3" : "6");
    uint64_t target = s->agreed_height, before = s->now_ms;
    while (s->replicas[last].disk.height < target && s->now_ms - before < 30000) {
        sim_submit(s, "up", 1);
        sim_run_ms(s, 20);
    }
    sim_expect_height(s, members == 4 ? "3" : "6", target);
    sim_expect_one_history(s, "all");
    uint64_t took = s->now_ms - before;
    sim_free(s);
    return took;
}

/* 300 heights, 24 of them under way at a time, 40 ms there and back; STATUS tells of them only after a while (C1, C5). */
Test(catch_up, ranges_come_from_several_peers_at_once)
{
    uint64_t took = catch_up_ms(4, 0);
    cr_assert_leq(took, 1500, "took %llu ms", (unsigned long long)took);
}

/* C6: whoever sends blocks that never were costs a few questions, and is not asked again soon. */
Test(catch_up, wrong_blocks_from_one_peer_cost_that_peer_only)
{
    uint64_t honest = catch_up_ms(7, 0), one = catch_up_ms(7, 1), two = catch_up_ms(7, 2);
    cr_assert_leq(one, honest + 1500, "one spoiler: %llu instead of %llu ms", (unsigned long long)one,
                  (unsigned long long)honest);
    cr_assert_leq(two, honest + 3000, "two spoilers: %llu instead of %llu ms", (unsigned long long)two,
                  (unsigned long long)honest);
    fprintf(stderr, "catch-up of 300 blocks: %llu ms, one spoiler %llu ms, two %llu ms\n", (unsigned long long)honest,
            (unsigned long long)one, (unsigned long long)two);
}
