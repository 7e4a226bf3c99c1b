/* What a primary owes: about the latency that others gave (PROTOCOL T9), and its place to the next one in time (T10). */
#include "tests/sim/sim.h"

#include <criterion/criterion.h>

/* One request every 50 ms, handed to everybody. */
static void serve(struct sim *s, uint32_t requests)
{
    for (uint32_t i = 0; i < requests; i++) {
        sim_submit(s, "all", 1);
        sim_run_ms(s, 50);
    }
}

static struct sim *four(uint64_t seed)
{
    struct sim *s = sim_cluster(.members = 4, .seed = seed);
    s->timers.latency_ms = 100;
    s->timers.rotate_blocks = s->timers.rotate_ms = 0;
    sim_crash(s, "all");
    sim_restart(s, "all"); /* with these timers */
    return s;
}

Test(contract, a_primary_much_slower_than_the_others_were_is_replaced)
{
    struct sim *s = four(1);
    serve(s, 40); /* what the first one gives is the yardstick of the next */
    sim_crash(s, "primary");
    sim_run_ms(s, 1500);
    sim_restart(s, "all");
    serve(s, 10);
    uint64_t view = sim_view(s, 3).view;
    uint32_t slow = sim_view(s, 3).primary;
    s->replicas[slow].lazy_ms = 400; /* well inside the patience of T4 */
    serve(s, 250);
    cr_assert_gt(sim_view(s, (slow + 1) % 4).view, view, "a slow primary stays in office");
    sim_free(s);
}

Test(contract, a_slow_primary_does_not_stretch_its_own_yardstick)
{
    struct sim *s = four(2);
    serve(s, 40);
    sim_crash(s, "primary");
    sim_run_ms(s, 1500);
    sim_restart(s, "all");
    uint64_t view = sim_view(s, 3).view;
    uint32_t slow = sim_view(s, 3).primary;
    for (uint64_t lazy_ms = 0; lazy_ms <= 600; lazy_ms += 20) { /* slower and slower */
        s->replicas[slow].lazy_ms = lazy_ms;
        serve(s, 8);
    }
    cr_assert_gt(sim_view(s, (slow + 1) % 4).view, view);
    sim_free(s);
}

/* PROTOCOL T9: a primary that was fast in its first turn and is slow in its second, and nobody else was ever measured. */
Test(contract, nobody_is_measured_by_what_it_gave_itself)
{
    struct sim *s = four(6);
    serve(s, 40);
    uint32_t fast = sim_view(s, 3).primary;
    for (uint32_t turns = 0; turns == 0 || sim_view(s, (fast + 1) % 4).primary != fast; turns++) {
        uint32_t primary = UINT32_C(1) << sim_view(s, (fast + 1) % 4).primary;
        sim_split(s, primary, s->now_ms + 1500);
        sim_run_ms(s, 2000);
        sim_expect(s, turns < 20, "the first primary does not get a second turn");
    }
    uint64_t view = sim_view(s, (fast + 1) % 4).view;
    s->replicas[fast].lazy_ms = 400;
    serve(s, 400);
    cr_assert_eq(sim_view(s, (fast + 1) % 4).view, view);
    sim_free(s);
}

/* Where all are slow nobody is too slow. */
Test(contract, a_slow_network_accuses_nobody)
{
    struct sim *s = four(3);
    serve(s, 40);
    sim_crash(s, "primary");
    sim_run_ms(s, 1500);
    sim_restart(s, "all");
    serve(s, 10);
    uint64_t view = sim_view(s, 3).view;
    s->timers.latency_ms = 100;
    serve(s, 100);
    sim_submit(s, "all", 30 * SIM_BLOCK_REQUESTS_MAX); /* a backlog */
    sim_expect(s, sim_run_until_settled(s, 30000), "the backlog does not commit");
    cr_assert_eq(sim_view(s, 3).view, view);
    sim_free(s);
}

static struct sim *rotating(uint64_t seed, uint32_t blocks, uint32_t ms)
{
    struct sim *s = sim_cluster(.members = 4, .seed = seed);
    s->timers.rotate_blocks = blocks;
    s->timers.rotate_ms = ms;
    sim_crash(s, "all");
    sim_restart(s, "all");
    sim_run_ms(s, 1000);
    return s;
}

Test(contract, a_primary_hands_over_after_its_share_of_blocks_when_nothing_waits)
{
    struct sim *s = rotating(4, 20, 0);
    uint64_t view = sim_view(s, 0).view;
    for (int turn = 0; turn < 8; turn++) {
        sim_submit(s, "all", 1);
        uint64_t before = s->now_ms;
        sim_expect(s, sim_run_until_settled(s, 2000), "a request does not commit");
        cr_assert_leq(s->now_ms - before, 200, "a hand-over is felt: %llu ms", (unsigned long long)(s->now_ms - before));
        serve(s, 19);
    }
    uint64_t turns = sim_view(s, 0).view - view;
    cr_assert(turns >= 6 && turns <= 9, "%llu turns", (unsigned long long)turns);
    sim_free(s);
}

Test(contract, a_primary_that_is_always_busy_hands_over_a_little_later)
{
    struct sim *s = rotating(5, 0, 1000);
    uint64_t view = sim_view(s, 0).view;
    for (int i = 0; i < 1200; i++) {
        sim_submit(s, "all", 1);
        sim_run_ms(s, 1);
    }
    uint64_t turns = sim_view(s, 0).view - view;
    cr_assert(turns >= 1 && turns <= 2, "%llu turns", (unsigned long long)turns);
    sim_free(s);
}

/* Nobody asks for anything: no block, and no view change either. */
Test(contract, an_idle_network_says_nothing_but_heartbeats_and_status)
{
    struct sim *s = rotating(6, 10, 5000);
    sim_submit(s, "all", 1);
    sim_expect(s, sim_run_until_settled(s, 2000), "the start does not commit");
    sim_run_ms(s, 10000); /* the one turn that decided something ends */
    uint64_t view = sim_view(s, 0).view, height = s->agreed_height;
    sim_run_ms(s, 600000);
    for (uint32_t i = 0; i < 4; i++) {
        cr_assert_eq(sim_view(s, i).view, view);
        cr_assert_eq(s->replicas[i].disk.height, height, "an empty block");
    }
    sim_free(s);
}
