/* A network that stands and has nothing to order says so (PROTOCOL T11). */
#include "tests/sim/sim.h"

#include <criterion/criterion.h>

enum { PERIOD_MS = 4000 };

/* With that much patience for a request, and one block in the ledger. */
static struct sim *idle(uint32_t members, enum rota_profile profile, uint32_t patience_ms)
{
    struct sim *s = sim_cluster(.members = members, .seed = 1 + members, .profile = profile, .tick_ms = PERIOD_MS);
    s->timers.request_ms = patience_ms;
    sim_crash(s, "all");
    sim_restart(s, "all"); /* with this patience */
    sim_submit(s, "all", 1);
    sim_run_ms(s, 3000);
    return s;
}

static uint64_t age_ms(struct sim *s)
{
    const struct sim_block *head = s->agreed[s->agreed_height];
    return sim_wall_ms(s, &s->replicas[0]) - head->header.time_ms;
}

static uint64_t views(struct sim *s)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < s->membership.count; i++)
        sum += sim_view(s, i).view;
    return sum;
}

Test(ticks, an_idle_network_orders_one_block_in_each_period_and_nothing_else)
{
    static const uint32_t sizes[] = {1, 2, 3, 4, 7};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (int crash = 0; crash < 2; crash++) {
            struct sim *s = idle(sizes[i], crash ? ROTA_PROFILE_CRASH : ROTA_PROFILE_BYZANTINE, 1300);
            uint64_t height = s->agreed_height, moved = views(s);
            cr_assert_geq(height, 1);
            for (uint32_t periods = 1; periods <= 10; periods++) {
                sim_run_ms(s, PERIOD_MS);
                cr_assert_leq(age_ms(s), PERIOD_MS + 50);
            }
            cr_assert_leq(s->agreed_height - height, 10);
            cr_assert_geq(s->agreed_height - height, 9);
            cr_assert(s->agreed[s->agreed_height]->ticks);
            cr_assert_eq(views(s), moved, "%u members change their primary for it", sizes[i]);
            sim_free(s);
        }
}

/* Their clocks stand long after the genesis, and still whoever comes late finds a ledger without blocks (PROTOCOL H3). */
Test(ticks, the_first_block_is_never_one)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 9, .tick_ms = PERIOD_MS);
    sim_run_ms(s, 10 * PERIOD_MS);
    cr_assert_eq(s->agreed_height, 0);
    cr_assert_eq(views(s), 0, "and nobody is suspected for it");
    sim_submit(s, "all", 1);
    sim_run_ms(s, 3 * PERIOD_MS);
    cr_assert_geq(s->agreed_height, 3);
    sim_free(s);
}

Test(ticks, nothing_is_added_where_requests_commit)
{
    struct sim *s = idle(4, ROTA_PROFILE_BYZANTINE, 1300);
    uint64_t height = s->agreed_height;
    for (uint32_t i = 0; i < 30; i++) {
        sim_submit(s, "all", 1);
        sim_run_ms(s, PERIOD_MS / 4);
    }
    for (uint64_t h = height + 1; h <= s->agreed_height; h++)
        cr_assert_not(s->agreed[h]->ticks, "a TICK at height %llu", (unsigned long long)h);
    cr_assert_eq(s->agreed_height - height, 30);
    sim_free(s);
}

Test(ticks, a_primary_that_withholds_them_is_replaced)
{
    for (int crash = 0; crash < 2; crash++) {
        struct sim *s = idle(4, crash ? ROTA_PROFILE_CRASH : ROTA_PROFILE_BYZANTINE, 1300);
        uint32_t primary = sim_view(s, 0).primary;
        uint64_t view = sim_view(s, 0).view;
        s->replicas[primary].withholds_ticks = true;
        sim_run_ms(s, 2 * PERIOD_MS);
        cr_assert_gt(sim_view(s, (primary + 1) % 4).view, view);
        cr_assert_lt(age_ms(s), PERIOD_MS);
        uint64_t height = s->agreed_height, moved = views(s);
        sim_run_ms(s, 3 * PERIOD_MS);
        cr_assert_geq(s->agreed_height - height, 2, "its successor does not");
        cr_assert_eq(views(s), moved);
        sim_free(s);
    }
}

/* A replica whose clock is ahead as far as it may be expects the TICK that much sooner, and is more patient by as much. */
Test(ticks, clocks_within_the_tolerance_replace_nobody)
{
    struct sim *s = idle(4, ROTA_PROFILE_BYZANTINE, 200); /* less than the tolerance */
    uint64_t moved = views(s);
    uint32_t primary = sim_view(s, 0).primary;
    for (uint32_t i = 0; i < 4; i++)
        sim_set_clock(s, &s->replicas[i], i == primary ? 0 : s->timers.clock_ms);
    uint64_t height = s->agreed_height;
    sim_run_ms(s, 5 * PERIOD_MS);
    cr_assert_geq(s->agreed_height - height, 4);
    cr_assert_eq(views(s), moved);
    for (uint32_t i = 0; i < 4; i++)
        sim_set_clock(s, &s->replicas[i], i == primary ? s->timers.clock_ms : 0);
    height = s->agreed_height;
    sim_run_ms(s, 5 * PERIOD_MS);
    cr_assert_geq(s->agreed_height - height, 4);
    cr_assert_eq(views(s), moved);
    sim_free(s);
}

/* One clock that is far off moves nobody, whichever way it is off. */
Test(ticks, one_clock_that_is_far_off_moves_nobody)
{
    static const int64_t ahead_ms[] = {3600000, -3600000};
    for (size_t i = 0; i < 2; i++) {
        struct sim *s = idle(4, ROTA_PROFILE_BYZANTINE, 1300);
        uint64_t moved = views(s);
        uint32_t backup = (sim_view(s, 0).primary + 1) % 4;
        sim_set_clock(s, &s->replicas[backup], ahead_ms[i]);
        sim_run_ms(s, 5 * PERIOD_MS);
        cr_assert_eq(views(s), moved);
        sim_free(s);
    }
}

/* A primary whose clock is an hour behind does not see that the newest block is old. */
Test(ticks, a_primary_whose_clock_stands_behind_is_replaced)
{
    struct sim *s = idle(4, ROTA_PROFILE_BYZANTINE, 1300);
    uint64_t view = sim_view(s, 0).view;
    uint32_t primary = sim_view(s, 0).primary;
    sim_set_clock(s, &s->replicas[primary], -3600000);
    sim_run_ms(s, 2 * PERIOD_MS);
    cr_assert_gt(sim_view(s, (primary + 1) % 4).view, view);
    cr_assert_lt(sim_wall_ms(s, &s->replicas[(primary + 1) % 4]) - s->agreed[s->agreed_height]->header.time_ms, PERIOD_MS);
    sim_free(s);
}

Test(ticks, a_long_time_without_a_quorum_costs_one_or_two_and_not_many)
{
    struct sim *s = idle(4, ROTA_PROFILE_BYZANTINE, 1300);
    uint64_t height = s->agreed_height, moved = views(s);
    sim_partition(s, "0 1 | 2 3");
    sim_run_ms(s, 50 * PERIOD_MS);
    cr_assert_eq(s->agreed_height, height);
    uint64_t apart = views(s);
    sim_heal(s);
    sim_run_ms(s, PERIOD_MS / 2);
    cr_assert_geq(s->agreed_height, height + 1);
    cr_assert_leq(s->agreed_height, height + 2, "the one that was in flight, and one of now");
    cr_assert_leq(age_ms(s), PERIOD_MS / 2);
    cr_assert_leq(apart - moved, 4, "in vain they do not change views again and again");
    sim_free(s);
}

/* PROTOCOL T10: who only ticks has decided nothing, and keeps its place. */
Test(ticks, the_office_does_not_go_round_by_them_alone)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 9, .tick_ms = PERIOD_MS);
    s->timers.rotate_ms = PERIOD_MS / 2;
    s->timers.rotate_blocks = 1;
    sim_crash(s, "all");
    sim_restart(s, "all");
    sim_submit(s, "all", 1);
    sim_run_ms(s, 3000 + PERIOD_MS); /* for that one it hands over */
    uint64_t moved = views(s), height = s->agreed_height;
    sim_run_ms(s, 5 * PERIOD_MS);
    cr_assert_geq(s->agreed_height - height, 4);
    cr_assert_eq(views(s), moved);
    sim_free(s);
}

/* The block of a new view brings its anchor (PROTOCOL V12), and a TICK may be the only thing to stand beside it. */
Test(ticks, the_first_one_of_a_view_brings_the_anchor)
{
    struct sim *s = idle(4, ROTA_PROFILE_BYZANTINE, 1300);
    sim_crash(s, "primary");
    uint64_t height = s->agreed_height;
    sim_run_ms(s, 3 * PERIOD_MS);
    cr_assert_geq(s->agreed_height - height, 2);
    cr_assert_eq(s->agreed[s->agreed_height]->header.entry_count, 1);
    sim_free(s);
}

/* The primary's PREPREPARE of a block with a TICK on top of the ledger, to everybody. */
static const struct sim_block *propose(struct sim *s, uint32_t primary, uint64_t after_ms, uint32_t requests)
{
    const struct sim_block *head = s->agreed[s->agreed_height];
    struct sim_block block = {.header = head->header, .ticks = true, .request_count = requests};
    if (requests > 0)
        block.requests[0] = s->request_count - 1;
    block.header.height++;
    block.header.tree_size++;
    block.header.time_ms += after_ms;
    block.header.prev_hash = head->hash;
    block.header.proposer = primary;
    sim_block_seal(&block);
    const struct sim_block *added = sim_block_add(s, &block);
    struct rota_message message = {.kind = ROTA_MESSAGE_PREPREPARE, .sender = primary};
    message.preprepare = (struct rota_preprepare){.view = sim_view(s, primary).view,
                                                  .nv = s->replicas[primary].disk.durable.nv,
                                                  .header = added->header,
                                                  .block = added->hash};
    s->liars |= UINT32_C(1) << primary;
    sim_sign(s, primary, &message);
    for (uint32_t to = 0; to < s->membership.count; to++)
        if (to != primary)
            sim_send(s, primary, to, &message, added);
    return added;
}

/* Nobody votes for it, and its primary loses the view (PROTOCOL N3). */
Test(ticks, one_that_is_not_due_or_not_alone_is_refused)
{
    static const struct {
        uint64_t after_ms;
        uint32_t requests;
        bool good;
    } cases[] = {{PERIOD_MS - 1, 0, false}, {PERIOD_MS, 1, false}, {PERIOD_MS, 0, true}};
    for (size_t i = 0; i < 3; i++) {
        struct sim *s = idle(4, ROTA_PROFILE_BYZANTINE, 1300);
        uint32_t primary = sim_view(s, 0).primary;
        uint64_t view = sim_view(s, 0).view;
        sim_submit(s, "all", 1);
        sim_expect(s, sim_run_until_settled(s, 1000), "the start does not commit");
        sim_submit(s, "", 1);
        sim_run_ms(s, PERIOD_MS - s->timers.clock_ms); /* so that it is timely, but not for the correct core of the liar */
        uint64_t height = s->agreed_height;
        const struct sim_block *block = propose(s, primary, cases[i].after_ms, cases[i].requests);
        sim_run_ms(s, 400);
        cr_assert_eq(s->agreed_height, height + cases[i].good, "case %zu", i);
        cr_assert_eq(sim_view(s, (primary + 1) % 4).view > view, !cases[i].good);
        if (cases[i].good)
            cr_assert_eq(s->agreed[s->agreed_height], block);
        sim_free(s);
    }
}
