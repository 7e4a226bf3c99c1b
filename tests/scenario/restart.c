/* A crash forgets the memory and nothing else (PROTOCOL R2, R3): persist before send, no PREPARE in the old view. What
 * exactly is there again (R1, R4) is told in tests/unit/consensus/restarting.c. */
#include "tests/sim/sim.h"

#include <criterion/criterion.h>

Test(restart, everybody_at_once_loses_nothing)
{
    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct sim *s = sim_cluster(.members = 4, .seed = seed, .delay_min_ms = 1, .delay_max_ms = 10);
        sim_submit(s, "all", 60);
        sim_run_ms(s, seed);
        sim_crash(s, "all");
        sim_restart(s, "all");
        sim_run_ms(s, 1000);
        sim_resubmit(s);
        sim_expect(s, sim_run_until_settled(s, 20000), "no progress after everybody restarted");
        sim_expect_one_history(s, "all");
        sim_free(s);
    }
}

/* At every durable point, in all three places of it, of a backup and of the primary. */
Test(restart, a_crash_at_any_durable_point_is_survived)
{
    static const char *const who[] = {"0", "2"};
    for (uint32_t k = 1; k <= 25; k++)
        for (int point = SIM_CRASH_BEFORE; point <= SIM_CRASH_AFTER; point++)
            for (size_t w = 0; w < 2; w++) {
                struct sim *s = sim_cluster(.members = 4, .seed = k);
                sim_crash_at_save(s, who[w], k, (enum sim_crash_point)point);
                sim_submit(s, "all", 80);
                sim_run_ms(s, 1500);
                sim_restart(s, "all");
                sim_resubmit(s);
                sim_expect(s, sim_run_until_settled(s, 20000), "no progress after a crash at a durable point");
                sim_expect_one_history(s, "all");
                sim_free(s);
            }
}

Test(restart, a_restarted_backup_does_not_prepare_in_its_old_view)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 3);
    sim_submit(s, "all", 5);
    sim_expect(s, sim_run_until_settled(s, 2000), "the start does not commit");
    sim_crash(s, "2");
    sim_restart(s, "2");
    cr_assert(sim_view(s, 2).muted);
    sim_submit(s, "all", 5);
    sim_expect(s, sim_run_until_settled(s, 2000), "three replicas do not commit beside a muted one");
    cr_assert_eq(sim_view(s, 0).view, 0);
    cr_assert(sim_view(s, 2).muted);
    sim_free(s);
}

Test(restart, a_restarted_primary_hands_over_at_once)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 4);
    sim_submit(s, "all", 5);
    sim_expect(s, sim_run_until_settled(s, 2000), "the start does not commit");
    sim_crash(s, "0");
    sim_restart(s, "0");
    uint64_t before = s->now_ms;
    sim_submit(s, "all", 5);
    sim_expect(s, sim_run_until_settled(s, 5000), "a restarted primary does not hand over");
    cr_assert_leq(s->now_ms - before, 100, "%llu ms", (unsigned long long)(s->now_ms - before));
    sim_free(s);
}

/* Its links come up only after it resigned: that it went on to the next view says the same. */
Test(restart, a_restarted_primary_that_spoke_to_nobody_hands_over_when_it_is_heard)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 6);
    sim_submit(s, "all", 5);
    sim_expect(s, sim_run_until_settled(s, 2000), "the start does not commit");
    sim_crash(s, "0");
    sim_partition(s, "0 | 1 2 3");
    sim_restart(s, "0");
    sim_run_ms(s, 100);
    sim_heal(s);
    uint64_t before = s->now_ms;
    sim_submit(s, "all", 5);
    sim_expect(s, sim_run_until_settled(s, 5000), "a primary that resigned unheard is not replaced");
    cr_assert_leq(s->now_ms - before, 600, "%llu ms", (unsigned long long)(s->now_ms - before));
    sim_free(s);
}

Test(restart, a_single_member_starts_alone)
{
    struct sim *s = sim_cluster(.members = 1, .seed = 5);
    sim_submit(s, "all", 5);
    sim_expect(s, sim_run_until_settled(s, 100), "one member alone does not commit");
    sim_crash(s, "0");
    sim_restart(s, "0");
    sim_submit(s, "all", 5);
    sim_expect(s, sim_run_until_settled(s, 100), "one member alone does not come back");
    sim_free(s);
}
