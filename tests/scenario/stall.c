/* How long nothing commits: dead primaries, lost quorums, links that come and go, views far away (PROTOCOL T1, T2, T8). */
#include "tests/sim/sim.h"

#include <criterion/criterion.h>

enum { GAP_MS = 800, SEEDS = 20 };

static int by_size(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* Until a request that came just after the crash of `dead` commits everywhere. */
static uint64_t gap(uint32_t members, const char *dead, uint64_t seed)
{
    struct sim *s = sim_cluster(.members = members, .seed = seed);
    sim_submit(s, "all", 5);
    sim_expect(s, sim_run_until_settled(s, 2000), "the start does not commit");
    sim_run_ms(s, 500 + sim_random(s, 500));
    sim_crash(s, dead);
    uint64_t before = s->now_ms;
    sim_submit(s, "up", 5);
    sim_expect(s, sim_run_until_settled(s, 20000), "nobody takes over from dead primaries");
    uint64_t took = s->now_ms - before;
    sim_free(s);
    return took;
}

static uint64_t gap_median(uint32_t members, const char *dead)
{
    uint64_t gaps[SEEDS];
    for (uint64_t seed = 0; seed < SEEDS; seed++)
        gaps[seed] = gap(members, dead, seed + 1);
    qsort(gaps, SEEDS, sizeof gaps[0], by_size);
    return gaps[SEEDS / 2];
}

Test(stall, one_dead_primary)
{
    uint64_t median = gap_median(4, "0");
    cr_assert_leq(median, GAP_MS, "%llu ms", (unsigned long long)median);
}

Test(stall, two_dead_primaries_in_a_row)
{
    uint64_t median = gap_median(7, "0 1");
    cr_assert_leq(median, 3 * GAP_MS / 2, "%llu ms", (unsigned long long)median); /* 3 * GAP_MS is the promise */
}

Test(stall, three_dead_primaries_in_a_row)
{
    uint64_t median = gap_median(10, "0 1 2");
    cr_assert_leq(median, 2 * GAP_MS, "%llu ms", (unsigned long long)median); /* 4 * GAP_MS is the promise */
}

/* Once a dead member is known to be dead, its turn costs hardly more than the view change itself (T8). */
Test(stall, a_member_known_to_be_dead_gets_a_short_turn)
{
    struct sim *s = sim_cluster(.members = 7, .seed = 4);
    sim_submit(s, "all", 1);
    sim_expect(s, sim_run_until_settled(s, 2000), "the start does not commit");
    sim_crash(s, "1");
    sim_run_ms(s, 3000);
    sim_crash(s, "0");
    uint64_t before = s->now_ms;
    sim_submit(s, "up", 1);
    sim_expect(s, sim_run_until_settled(s, 20000), "nobody takes over");
    cr_assert_leq(s->now_ms - before, s->timers.suspect_ms + s->timers.heartbeat_ms + 200, "took %llu ms",
                  (unsigned long long)(s->now_ms - before));
    sim_free(s);
}

/* What a dead primary signed while it lived is repeated by a liar: it does not live longer for that. */
Test(stall, old_statements_of_a_dead_primary_show_no_life)
{
    struct sim *s = sim_cluster(.members = 7, .seed = 5);
    sim_submit(s, "all", 1);
    sim_expect(s, sim_run_until_settled(s, 2000), "the start does not commit");
    sim_crash(s, "0");
    uint64_t before = s->now_ms;
    while (sim_view(s, 1).view == 0 && s->now_ms - before < 5000) {
        struct rota_message old = {.kind = ROTA_MESSAGE_COMMIT, .sender = 0};
        old.vote = (struct rota_vote){.kind = ROTA_VOTE_COMMIT, .height = 1, .block = s->agreed[1]->hash};
        sim_sign(s, 0, &old);
        for (uint32_t to = 1; to < 7; to++)
            sim_send(s, 6, to, &old, NULL);
        sim_run_ms(s, 50);
    }
    cr_assert_leq(s->now_ms - before, GAP_MS);
    sim_free(s);
}

static void back_after_no_quorum(const char *break_how, uint64_t seed)
{
    struct sim *s = sim_cluster(.members = 4, .seed = seed);
    sim_submit(s, "all", 2);
    sim_expect(s, sim_run_until_settled(s, 2000), "the start does not commit");
    if (break_how)
        sim_partition(s, break_how);
    else
        sim_crash(s, "0 3");
    sim_submit(s, "up", 2);
    sim_run_ms(s, 3600 * 1000);
    if (break_how)
        sim_heal(s);
    else
        sim_restart(s, "0 3");
    uint64_t before = s->now_ms;
    sim_expect(s, sim_run_until_settled(s, 20000), "an hour without a quorum is not forgotten");
    cr_assert_leq(s->now_ms - before, 2000, "took %llu ms", (unsigned long long)(s->now_ms - before));
    sim_free(s);
}

Test(stall, back_within_two_seconds_after_an_hour_with_half_of_them_down, .timeout = 120)
{
    back_after_no_quorum(NULL, 6);
}

Test(stall, back_within_two_seconds_after_an_hour_in_two_halves, .timeout = 120)
{
    back_after_no_quorum("0 1 | 2 3", 7);
}

/* A quorum that comes and goes faster than a view change: timeouts grow, and are small again when it stays. */
Test(stall, back_within_two_seconds_after_a_quorum_that_flapped)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct sim *s = sim_cluster(.members = 4, .seed = seed);
        sim_submit(s, "all", 2);
        sim_expect(s, sim_run_until_settled(s, 2000), "the start does not commit");
        for (int i = 0; i < 60; i++) {
            sim_partition(s, i % 2 ? "0 1 | 2 3" : "0 2 | 1 3");
            sim_run_ms(s, 400 + sim_random(s, 600));
            if (i % 3 == 0) {
                sim_heal(s);
                sim_run_ms(s, 20);
            }
        }
        sim_submit(s, "all", 2);
        sim_heal(s);
        uint64_t before = s->now_ms;
        sim_expect(s, sim_run_until_settled(s, 60000), "flapping links are not forgotten");
        cr_assert_leq(s->now_ms - before, 2000, "seed %llu: %llu ms", (unsigned long long)seed,
                      (unsigned long long)(s->now_ms - before));
        sim_free(s);
    }
}

/* One replica hears only some: it neither stops the others nor falls behind them for good. */
Test(stall, a_replica_that_hears_only_one_other_does_not_move_the_view)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 9);
    sim_submit(s, "all", 2);
    sim_expect(s, sim_run_until_settled(s, 2000), "the start does not commit");
    static const uint32_t deaf_to[] = {0, 1};
    for (size_t i = 0; i < 2; i++) {
        sim_cut(s, deaf_to[i], 3);
        sim_cut(s, 3, deaf_to[i]);
    }
    for (int i = 0; i < 100; i++) {
        sim_submit(s, "all", 1);
        sim_run_ms(s, 100);
    }
    sim_expect(s, sim_run_until_settled(s, 3000), "the replica that hears one other does not follow");
    for (uint32_t i = 0; i < 3; i++)
        cr_assert_eq(sim_view(s, i).view, 0);
    sim_free(s);
}

/* Half of the others do not hear the primary, one does: as many as join a view change, so it is replaced, by one all hear.
 */
Test(stall, a_primary_that_two_of_three_do_not_hear_is_replaced)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 12);
    sim_submit(s, "all", 2);
    sim_expect(s, sim_run_until_settled(s, 2000), "the start does not commit");
    for (uint32_t i = 2; i < 4; i++) {
        sim_cut(s, 0, i);
        sim_cut(s, i, 0);
    }
    sim_submit(s, "all", 2);
    uint64_t before = s->now_ms;
    sim_expect(s, sim_run_until_height(s, "1 2 3", s->agreed_height + 1, 5000), "half a primary stays in office");
    cr_assert_leq(s->now_ms - before, GAP_MS + 200);
    uint64_t view = sim_view(s, 1).view;
    for (int i = 0; i < 100; i++) {
        sim_submit(s, "all", 1);
        sim_run_ms(s, 100);
    }
    cr_assert_eq(sim_view(s, 1).view, view, "views go on changing");
    sim_free(s);
}

/* They were on their way into this view when the power went, and its primary resigns. */
static void far_view_begin(struct sim *s, uint64_t view)
{
    sim_crash(s, "all");
    for (uint32_t i = 0; i < 4; i++) {
        s->replicas[i].disk.used = s->replicas[i].disk.has_durable = true;
        s->replicas[i].disk.durable = (struct rota_durable){.standing = ROTA_STANDING_MEMBER, .view = view};
    }
    sim_restart(s, "all");
    struct rota_message resign = {.kind = ROTA_MESSAGE_SUSPECT, .sender = (uint32_t)(view % 4)};
    resign.suspect = (struct rota_suspect){.view = view, .reason = ROTA_SUSPECT_RESIGN};
    sim_sign(s, resign.sender, &resign);
    for (uint32_t to = 0; to < 4; to++)
        if (to != resign.sender)
            sim_send(s, resign.sender, to, &resign, NULL);
}

/* Views near the ends of 32 and 63 bits, and the largest there are: numbers that wrap would go back, or never expire. */
static void goes_on_at(uint64_t view)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 10);
    far_view_begin(s, view);
    sim_submit(s, "all", 3);
    sim_expect(s, sim_run_until_settled(s, 5000), "a far view does not go on");
    sim_crash(s, "primary");
    sim_submit(s, "up", 3);
    uint64_t before = s->now_ms;
    sim_expect(s, sim_run_until_settled(s, 20000), "a far view does not change");
    cr_assert_leq(s->now_ms - before, 2 * GAP_MS);
    cr_assert_gt(sim_view(s, (view % 4 + 3) % 4).view, view);
    sim_free(s);
}

Test(stall, views_do_not_wrap)
{
    goes_on_at(UINT32_MAX - 1);
    goes_on_at((UINT64_C(1) << 63) - 1);
    goes_on_at(UINT64_MAX - 4);
}

/* Timeouts grew while messages took three seconds; then nobody heard anybody for a while. What comes after starts at the
 * base (T1): a primary that leaves a request out has no 32 times longer for it. */
Test(stall, patience_is_short_again_when_a_quorum_is_back)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 11, .delay_min_ms = 3000, .delay_max_ms = 3000);
    sim_run_ms(s, 10000);
    sim_crash(s, "0");
    sim_run_ms(s, 60000);
    cr_assert_gt(sim_view(s, 1).failed_views, 4, "timeouts did not grow");
    sim_partition(s, "0 | 1 | 2 | 3");
    sim_run_ms(s, 60000);
    s->options.delay_min_ms = s->options.delay_max_ms = 2;
    sim_heal(s);
    sim_restart(s, "0");
    sim_run_ms(s, 2000);
    sim_submit(s, "all", 1);
    sim_censor(s, "primary", 1);
    uint64_t before = s->now_ms;
    sim_expect(s, sim_run_until_settled(s, 60000), "a request that the primary leaves out never commits");
    cr_assert_leq(s->now_ms - before, s->timers.request_ms + 500, "took %llu ms", (unsigned long long)(s->now_ms - before));
    sim_free(s);
}

/* Every message takes longer than a block may take, so views fail until timeouts have grown enough (T1). */
static struct sim *slower_than_every_timer(void)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 12, .delay_min_ms = 1500, .delay_max_ms = 2000);
    sim_submit(s, "all", 3);
    sim_expect(s, sim_run_until_settled(s, 300000), "a slow network never commits");
    return s;
}

Test(stall, a_network_slower_than_every_timer_goes_on)
{
    struct sim *s = slower_than_every_timer();
    cr_assert_gt(sim_view(s, 0).view, 2);
    sim_expect_one_history(s, "all");
    sim_free(s);
}

Test(stall, patience_is_short_again_after_a_commit)
{
    struct sim *s = slower_than_every_timer();
    s->options.delay_min_ms = s->options.delay_max_ms = 2;
    sim_run_ms(s, 3000);
    sim_submit(s, "all", 3);
    sim_expect(s, sim_run_until_settled(s, 10000), "a network that has become fast does not commit");
    sim_submit(s, "all", 1);
    sim_censor(s, "primary", 1);
    uint64_t before = s->now_ms;
    sim_expect(s, sim_run_until_settled(s, 60000), "a request that the primary leaves out never commits");
    cr_assert_leq(s->now_ms - before, s->timers.request_ms + 500, "took %llu ms", (unsigned long long)(s->now_ms - before));
    sim_free(s);
}
