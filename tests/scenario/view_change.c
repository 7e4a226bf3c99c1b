/* A primary that fails is replaced, and what was decided stays decided (PROTOCOL V1..V11). */
#include "tests/sim/sim.h"

#include <criterion/criterion.h>

Test(view_change, a_dead_primary_costs_less_than_a_second)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct sim *s = sim_cluster(.members = 4, .seed = seed);
        sim_submit(s, "all", 5);
        sim_expect(s, sim_run_until_settled(s, 2000), "the start does not commit");
        sim_crash(s, "primary");
        uint64_t before = s->now_ms;
        sim_submit(s, "up", 5);
        sim_expect(s, sim_run_until_settled(s, 10000), "nobody takes over from a dead primary");
        cr_assert_leq(s->now_ms - before, 800, "seed %llu: %llu ms", (unsigned long long)seed,
                      (unsigned long long)(s->now_ms - before));
        sim_free(s);
    }
}

Test(view_change, two_dead_primaries_in_a_row_cost_two_base_timeouts)
{
    struct sim *s = sim_cluster(.members = 7, .seed = 8);
    sim_submit(s, "all", 5);
    sim_expect(s, sim_run_until_settled(s, 2000), "the start does not commit");
    sim_crash(s, "0 1"); /* the primaries of views 0 and 1 */
    uint64_t before = s->now_ms;
    sim_submit(s, "up", 5);
    sim_expect(s, sim_run_until_settled(s, 20000), "nobody takes over from two dead primaries");
    cr_assert_leq(s->now_ms - before, 800 + s->timers.view_change_ms + 200);
    sim_free(s);
}

/* Blocks prepared under the old primary are carried over, not lost and not doubled: the checkers watch, whatever the moment.
 */
Test(view_change, a_primary_dies_with_a_full_window_at_any_moment)
{
    for (uint64_t moment = 1; moment <= 60; moment++) {
        struct sim *s = sim_cluster(.members = 4, .seed = moment, .delay_min_ms = 5, .delay_max_ms = 15);
        sim_submit(s, "all", 12 * SIM_BLOCK_REQUESTS_MAX);
        sim_run_ms(s, 2 * moment);
        sim_crash(s, "primary");
        sim_expect(s, sim_run_until_settled(s, 20000), "the window is not carried over");
        sim_expect_one_history(s, "up");
        sim_free(s);
    }
}

/* The block was executed here and prepared by nobody else: its entries wait again as soon as the new view stands. */
Test(view_change, entries_of_an_abandoned_block_need_nobody_to_send_them_again)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 11);
    sim_submit(s, "all", 2);
    sim_expect(s, sim_run_until_settled(s, 2000), "the start does not commit");
    sim_crash(s, "2 3");
    sim_submit(s, "0 1", 1);
    sim_run_ms(s, 5000);
    sim_restart(s, "2 3");
    sim_expect(s, sim_run_until_settled(s, 5000), "the entry of an abandoned block is forgotten");
    sim_free(s);
}

Test(view_change, one_replica_that_cannot_hear_the_primary_does_not_move_the_view)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 9);
    sim_submit(s, "all", 2);
    sim_expect(s, sim_run_until_settled(s, 2000), "the start does not commit");
    sim_cut(s, 0, 3);
    sim_run_ms(s, 10000);
    cr_assert_eq(sim_view(s, 1).view, 0);
    sim_submit(s, "all", 5);
    sim_expect(s, sim_run_until_settled(s, 5000), "a replica without the primary's voice does not catch up from the others");
    sim_free(s);
}

Test(view_change, the_cluster_comes_back_within_two_seconds_after_an_hour_without_quorum)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 10);
    sim_submit(s, "all", 5);
    sim_expect(s, sim_run_until_settled(s, 2000), "the start does not commit");
    sim_crash(s, "2 3");
    sim_submit(s, "up", 5);
    sim_run_ms(s, 3600 * 1000);
    uint64_t height = s->agreed_height;
    sim_restart(s, "2 3");
    uint64_t before = s->now_ms;
    sim_expect(s, sim_run_until_settled(s, 20000), "no progress after the quorum returned");
    cr_assert_gt(s->agreed_height, height);
    cr_assert_leq(s->now_ms - before, 2000, "%llu ms", (unsigned long long)(s->now_ms - before));
    sim_free(s);
}

Test(view_change, who_left_alone_is_followed)
{
    /* three members: the last two need each other, and one has left without being heard */
    struct sim *s = sim_cluster(.members = 3, .seed = 31);
    sim_run_ms(s, 300);
    sim_cut(s, 0, 1);
    sim_cut(s, 0, 2);
    sim_cut(s, 1, 2);
    while (sim_view(s, 1).view == 0)
        sim_run_ms(s, 10);
    cr_expect_eq(sim_view(s, 2).view, 0);
    sim_crash(s, "0");
    sim_heal(s);
    sim_submit(s, "1 2", 1);
    sim_expect(s, sim_run_until_settled(s, 20000), "the one that stayed never follows");
    sim_free(s);
}
