/* A request that waits at correct replicas commits, whatever the primary leaves out (PROTOCOL T4). */
#include "tests/sim/sim.h"

#include <criterion/criterion.h>

/* Others' requests keep coming, every 100 ms, so that something commits all the time. Until the request is in the ledger. */
static uint64_t run_beside_load(struct sim *s, uint32_t request, uint64_t limit_ms)
{
    uint64_t from = s->now_ms;
    while (!s->committed_at[request] && s->now_ms - from < limit_ms) {
        sim_submit(s, "all", 1);
        sim_run_ms(s, 100);
    }
    return s->now_ms - from;
}

Test(patience, a_primary_that_leaves_one_request_out_is_replaced_although_it_commits_the_others)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct sim *s = sim_cluster(.members = 4, .seed = seed);
        sim_submit(s, "all", 1);
        uint32_t request = s->request_count - 1;
        sim_censor(s, "0", 1);
        uint64_t took = run_beside_load(s, request, 10000);
        sim_expect(s, s->committed_at[request] != 0, "a request that the primary leaves out never commits");
        /* its patience, an order of requests that may differ by a quarter of it, a view change, one round of the loop */
        cr_assert_leq(took, s->timers.request_ms + s->timers.request_ms / 4 + 300, "took %llu ms", (unsigned long long)took);
        cr_assert_geq(sim_view(s, 1).view, 1);
        sim_free(s);
    }
}

/* f censors in a row cost their turns, no more. */
Test(patience, two_censors_in_a_row_cost_two_turns)
{
    struct sim *s = sim_cluster(.members = 7, .seed = 3);
    sim_submit(s, "all", 1);
    uint32_t request = s->request_count - 1;
    sim_censor(s, "0 1", 1);
    uint64_t took = run_beside_load(s, request, 20000);
    sim_expect(s, s->committed_at[request] != 0, "a request that two primaries leave out never commits");
    cr_assert_leq(took, 2 * (s->timers.request_ms + s->timers.request_ms / 4 + 300));
    sim_free(s);
}

/* One replica's complaint is not enough: only requests that f + 1 hold can move the view. */
Test(patience, a_request_that_one_replica_alone_holds_moves_no_view)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 4);
    sim_submit(s, "1", 1);
    uint32_t request = s->request_count - 1;
    sim_censor(s, "all", 1);
    run_beside_load(s, request, 6000);
    for (uint32_t i = 0; i < 4; i++)
        cr_assert_eq(sim_view(s, i).view, 0);
    sim_free(s);
}

/* A backlog that is worked off in order is no reason to replace anybody, however long the last one waits. */
Test(patience, a_long_backlog_in_order_moves_no_view)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 5, .delay_min_ms = 100, .delay_max_ms = 130);
    s->limits.window = 1;
    sim_crash(s, "all");
    sim_restart(s, "all"); /* with a window of one block */
    sim_submit(s, "all", 20 * SIM_BLOCK_REQUESTS_MAX);
    sim_expect(s, sim_run_until_settled(s, 60000), "the backlog does not commit");
    cr_assert_gt(s->now_ms, 4 * s->timers.request_ms, "it is no backlog");
    for (uint32_t i = 0; i < 4; i++)
        cr_assert_leq(sim_view(s, i).view, 1, "moved to view %llu", (unsigned long long)sim_view(s, i).view);
    sim_free(s);
}
