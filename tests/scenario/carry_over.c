/* What one view decided and only one replica knows survives every view after it (PROTOCOL N6, V7, V10): stories of single
 * messages, for which chance would need very long. */
#include "tests/sim/sim.h"

#include <criterion/criterion.h>

enum { HOP_MS = 10, BLOCKS = 3 };

/* Nobody hears anybody, except that everybody is heard by `listener`; by none when it is no member. */
static void silence(struct sim *s, uint32_t listener)
{
    for (uint32_t from = 0; from < 4; from++)
        for (uint32_t to = 0; to < 4; to++)
            s->cut[from][to] = to != listener;
}

/* Replica 0 proposes three blocks at once, and hop by hop requests, PREPREPAREs, PREPAREs and COMMITs travel together. Stops
 * in the middle of a hop. */
static struct sim *three_blocks_under_way(uint64_t seed, uint32_t hops)
{
    struct sim *s = sim_cluster(.members = 4, .seed = seed, .delay_min_ms = HOP_MS, .delay_max_ms = HOP_MS);
    sim_run_ms(s, HOP_MS);
    sim_submit(s, "all", 1 + (BLOCKS - 1) * SIM_BLOCK_REQUESTS_MAX);
    sim_run_ms(s, (hops - 1) * HOP_MS + HOP_MS / 2);
    return s;
}

/* Each alone grows impatient; then those of a group hear that of each other before they hear anything else. */
static void leave_the_view(struct sim *s, const char *groups)
{
    silence(s, 4);
    sim_run_ms(s, 6000);
    sim_partition(s, groups);
}

static bool somebody_locked_in_view(struct sim *s, uint64_t view)
{
    for (uint32_t i = 1; i < 4; i++)
        if (sim_view(s, i).best_view == view)
            return true;
    return false;
}

/* Replica 0 alone hears the COMMITs of its three blocks. In view 1 the others take them up, one of them locks first, and
 * that view ends too. Were that lock for less than the tip, view 2 would take it for the newest there is and forget what
 * lies above. */
Test(carry_over, the_first_lock_of_a_view_covers_all_that_it_took_up)
{
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct sim *s = three_blocks_under_way(seed, 4);
        silence(s, 0);
        sim_run_ms(s, HOP_MS);
        cr_assert_eq(s->replicas[0].disk.height, BLOCKS);
        cr_assert_eq(s->replicas[1].disk.height, 0);
        cr_assert_eq(sim_view(s, 1).best_height, BLOCKS);
        leave_the_view(s, "0 | 1 2 3");
        while (sim_view(s, 1).view == 0 || sim_view(s, 1).mode != ROTA_MODE_ACTIVE)
            sim_run_ms(s, 1);
        cr_assert_eq(s->replicas[1].disk.height, 0);
        s->options.delay_min_ms = 1;
        s->options.delay_max_ms = 40;
        while (!somebody_locked_in_view(s, 1))
            sim_run_ms(s, 1);
        leave_the_view(s, "0 | 1 2 3");
        sim_run_ms(s, 3000);
        sim_submit(s, "1 2 3", 20);
        sim_run_ms(s, 3000);
        sim_heal(s);
        sim_expect(s, sim_run_until_settled(s, 20000), "what was carried over does not commit");
        sim_expect_one_history(s, "all");
        sim_free(s);
    }
}

/* Replica 0 alone holds locks of view 0 on three blocks. View 1 goes on without it and commits two others, which replica 1
 * alone knows. In view 2 the locks of view 1 decide, although the old ones reach higher. */
Test(carry_over, a_later_view_outweighs_a_longer_chain)
{
    struct sim *s = three_blocks_under_way(1, 3);
    silence(s, 0);
    sim_run_ms(s, HOP_MS);
    cr_assert_eq(sim_view(s, 0).best_height, BLOCKS);
    cr_assert_eq(sim_view(s, 1).best_height, 0);
    leave_the_view(s, "0 | 1 2 3");
    while (sim_view(s, 2).best_height == 0 || sim_view(s, 3).best_height == 0)
        sim_run_ms(s, 1);
    cr_assert_eq(sim_view(s, 2).best_view, 1);
    cr_assert_lt(sim_view(s, 2).best_height, BLOCKS);
    silence(s, 1);
    sim_run_ms(s, HOP_MS);
    cr_assert_gt(s->replicas[1].disk.height, 0);
    cr_assert_eq(s->replicas[2].disk.height, 0);
    leave_the_view(s, "1 | 0 2 3");
    sim_run_ms(s, 6000);
    sim_heal(s);
    sim_expect(s, sim_run_until_settled(s, 20000), "what a later view decided does not commit");
    sim_expect_one_history(s, "all");
    sim_free(s);
}
