/* Nothing breaks: what a healthy network does (PROTOCOL N1..N7). */
#include "tests/sim/sim.h"

#include <criterion/criterion.h>

static const uint32_t sizes[] = {1, 3, 4, 5, 6, 7, 10, 31};

Test(normal_case, every_size_of_network_agrees)
{
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct sim *s = sim_cluster(.members = sizes[i], .seed = 1);
        sim_submit(s, "all", 40);
        sim_expect(s, sim_run_until_settled(s, 5000), "a healthy network does not commit");
        sim_expect_one_history(s, "all");
        sim_expect(s, sim_view(s, 0).view == 0, "a healthy network changed its view");
        sim_free(s);
    }
}

Test(normal_case, an_idle_network_makes_no_blocks_and_keeps_its_view)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 2);
    sim_submit(s, "all", 1);
    sim_expect(s, sim_run_until_settled(s, 1000), "one request does not commit");
    uint64_t height = s->agreed_height;
    sim_run_ms(s, 3600 * 1000);
    cr_assert_eq(s->agreed_height, height);
    cr_assert_eq(sim_view(s, 0).view, 0);
    cr_assert_eq(sim_view(s, 3).view_changes, 0);
    sim_free(s);
}

/* Latency first: one request alone costs three message delays and no waiting. */
Test(normal_case, one_request_commits_in_three_delays)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 3, .delay_min_ms = 25, .delay_max_ms = 25);
    sim_run_ms(s, 1000);
    uint64_t before = s->now_ms;
    sim_submit(s, "0", 1); /* the primary of view 0, so that no delay to it counts */
    sim_run_until_height(s, "0 1 2 3", 1, 5000);
    cr_assert_leq(s->now_ms - before, 25 + 3 * 25 + 1, "took %llu ms", (unsigned long long)(s->now_ms - before));
    sim_free(s);
}

Test(normal_case, the_window_is_filled_under_load)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 4, .delay_min_ms = 50, .delay_max_ms = 50);
    sim_submit(s, "all", 24 * SIM_BLOCK_REQUESTS_MAX);
    uint32_t deepest = 0;
    for (int i = 0; i < 200; i++) {
        sim_run_ms(s, 5);
        uint32_t in_flight = sim_view(s, 1).in_flight;
        deepest = in_flight > deepest ? in_flight : deepest;
    }
    cr_assert_gt(deepest, 4, "never more than %u blocks in flight", deepest);
    cr_assert_leq(deepest, ROTA_WINDOW);
    sim_expect(s, sim_run_until_settled(s, 5000), "the load does not commit");
    sim_free(s);
}

/* A primary whose clock runs ahead gets no first vote; the others replace it. */
Test(normal_case, a_block_from_the_future_gets_no_vote)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 5);
    s->replicas[0].clock_offset_ms = 60 * 1000;
    sim_submit(s, "all", 3);
    sim_run_ms(s, 400);
    cr_assert_eq(s->agreed_height, 0);
    sim_expect(s, sim_run_until_settled(s, 20000), "a primary with a wrong clock holds everybody up");
    cr_assert_gt(sim_view(s, 1).view, 0);
    sim_free(s);
}
