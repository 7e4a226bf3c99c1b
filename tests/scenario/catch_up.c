/* A replica that was away comes back to the tip, under load, from whoever has the blocks (PROTOCOL C1..C4). */
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
