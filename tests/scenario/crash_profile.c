/* The crash profile (PROTOCOL P1..P4): a majority, no PREPAREs of backups, two messages to a commit, and no liar at all. */
#include "tests/sim/sim.h"

#include <criterion/criterion.h>

static struct sim *crash_cluster(uint32_t members, uint64_t seed)
{
    return sim_cluster(.members = members, .seed = seed, .profile = ROTA_PROFILE_CRASH);
}

/* P3 */
Test(crash_profile, every_size_commits_and_a_majority_is_enough)
{
    static const uint32_t sizes[] = {1, 2, 3, 5};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct sim *s = crash_cluster(sizes[i], 1 + i);
        sim_submit(s, "all", 30);
        sim_expect(s, sim_run_until_settled(s, 2000), "the crash profile does not commit");
        uint32_t majority = sizes[i] / 2 + 1;
        for (uint32_t dead = sizes[i] - 1; dead >= majority; dead--) {
            char who[12];
            snprintf(who, sizeof who, "%u", dead);
            sim_crash(s, who);
        }
        sim_submit(s, "up", 10);
        sim_expect(s, sim_run_until_settled(s, 2000), "a majority does not commit");
        sim_expect_one_history(s, "up");
        sim_free(s);
    }
}

/* P2: one way each for the proposal and for the COMMITs; the Byzantine profile needs a third. */
Test(crash_profile, a_commit_takes_two_delays)
{
    static const enum rota_profile profiles[] = {ROTA_PROFILE_CRASH, ROTA_PROFILE_BYZANTINE};
    for (uint32_t p = 0; p < 2; p++) {
        struct sim *s = sim_cluster(.members = 5, .seed = 7, .profile = profiles[p], .delay_min_ms = 20, .delay_max_ms = 20);
        sim_run_ms(s, 1000);
        uint64_t before = s->now_ms;
        sim_submit(s, "all", 1);
        sim_expect(s, sim_run_until_settled(s, 2000), "no commit");
        cr_assert_eq(s->now_ms - before, (3 + p) * 20u, "profile %u: %llu ms", p, /* the request's own way counts too */
                     (unsigned long long)(s->now_ms - before));
        sim_free(s);
    }
}

/* The lock of this profile is the primary's word for a block that is durable here: it must be in the VIEW-CHANGE. */
Test(crash_profile, a_dead_primary_takes_nothing_along_at_any_moment)
{
    for (uint32_t members = 3; members <= 5; members += 2)
        for (uint64_t moment = 1; moment <= 40; moment++) {
            struct sim *s = sim_cluster(.members = members, .seed = moment, .profile = ROTA_PROFILE_CRASH, .delay_min_ms = 5,
                                        .delay_max_ms = 15);
            sim_submit(s, "all", 12 * SIM_BLOCK_REQUESTS_MAX);
            sim_run_ms(s, 2 * moment);
            sim_crash(s, "primary");
            sim_expect(s, sim_run_until_settled(s, 20000), "the window is not carried over");
            sim_expect_one_history(s, "up");
            sim_restart(s, "all");
            sim_expect(s, sim_run_until_settled(s, 20000), "the old primary does not come back");
            sim_expect_one_history(s, "all");
            sim_free(s);
        }
}

/* The block is committed at one replica alone, which dies: the others must find it again. */
Test(crash_profile, a_block_that_one_replica_committed_survives_it)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct sim *s = crash_cluster(3, seed);
        sim_submit(s, "all", 3);
        sim_expect(s, sim_run_until_settled(s, 2000), "the start does not commit");
        uint64_t height = s->agreed_height;
        sim_cut(s, 0, 2); /* 0 and 1 make the quorum; 1 hears no COMMIT of 0 any more once it has the block */
        sim_submit(s, "0 1", 1);
        sim_expect(s, sim_run_until_height(s, "0", height + 1, 2000), "two of three do not commit");
        sim_crash(s, "0");
        sim_heal(s);
        sim_submit(s, "up", 1);
        sim_expect(s, sim_run_until_settled(s, 20000), "no progress without the old primary");
        sim_expect_one_history(s, "up");
        sim_expect(s, s->agreed_height >= height + 2, "the block of the dead primary is lost");
        sim_free(s);
    }
}

Test(crash_profile, everybody_restarts_at_every_durable_point)
{
    for (uint32_t k = 1; k <= 12; k++)
        for (int point = SIM_CRASH_BEFORE; point <= SIM_CRASH_AFTER; point++) {
            struct sim *s = crash_cluster(3, k);
            sim_crash_at_save(s, "all", k, (enum sim_crash_point)point);
            sim_submit(s, "all", 60);
            sim_run_ms(s, 1500);
            sim_restart(s, "all");
            sim_run_ms(s, 1000);
            sim_resubmit(s);
            sim_expect(s, sim_run_until_settled(s, 20000), "no progress after everybody died at a durable point");
            sim_expect_one_history(s, "all");
            sim_free(s);
        }
}

static void forged_prepare(struct sim *s, uint32_t to, uint64_t height, uint8_t fill)
{
    struct rota_message message = {.kind = ROTA_MESSAGE_PREPARE};
    message.vote = (struct rota_vote){.kind = ROTA_VOTE_PREPARE, .height = height};
    memset(message.vote.block.b, fill, sizeof message.vote.block.b);
    sim_forge(s, 0, to, &message);
}

/* P4: the assumption is broken, so nobody decides anything any more, and everybody says why. */
Test(crash_profile, a_primary_that_says_two_things_stops_everybody)
{
    struct sim *s = crash_cluster(3, 21);
    sim_submit(s, "all", 3);
    sim_expect(s, sim_run_until_settled(s, 2000), "the start does not commit");
    s->halts_expected = true;
    uint64_t height = s->agreed_height;
    forged_prepare(s, 1, height + 1, 0xaa);
    sim_run_ms(s, 50);
    forged_prepare(s, 1, height + 1, 0xbb);
    sim_run_ms(s, 200);
    for (uint32_t i = 0; i < 3; i++) {
        struct rota_core_view view = sim_view(s, i);
        cr_assert_eq(view.mode, ROTA_MODE_HALTED, "replica %u goes on", i);
        cr_assert(view.halted && strstr(view.halted, "tolerates no liar"));
    }
    sim_submit(s, "all", 3);
    sim_run_ms(s, 5000);
    cr_assert_eq(s->agreed_height, height);
    sim_free(s);
}
