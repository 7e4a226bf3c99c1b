/* Members that change, on the simulator (PROTOCOL M7, M9, M10, H2): who lags, who is put back, who joins while others are
 * away. What random runs do beside that is in sim_swarm_epochs.c; small worlds of one change each are in membership.c. */
#include "tests/sim/sim.h"

#include <criterion/criterion.h>

static bool reaches_epoch(struct sim *s, const char *who, uint32_t epoch, uint64_t limit_ms)
{
    uint32_t facilities = sim_who(s, who);
    for (uint64_t until_ms = s->now_ms + limit_ms; s->now_ms < until_ms; sim_run_ms(s, 10)) {
        bool all = true;
        for (uint32_t i = 0; i < s->facility_count; i++)
            all &= !(facilities >> i & 1) || s->replicas[i].epoch->membership.epoch >= epoch;
        if (all)
            return true;
    }
    return false;
}

/* Of two members one leaves, and only the leaving one holds the certificate. It follows from then on, and the one that stays
 * must hear from it that there is more, although it is a member of both epochs. */
Test(epochs, who_stays_alone_hears_of_it_from_who_left)
{
    struct sim *s = sim_cluster(.members = 2, .seed = 1, .profile = ROTA_PROFILE_CRASH);
    sim_cut(s, 1, 0);
    cr_assert(sim_submit_document(s, 1, 0, 0));
    cr_assert(sim_run_until_height(s, "1", 1, 5000), "the one that leaves has both COMMITs");
    cr_assert_eq(s->replicas[0].disk.height, 0);
    sim_heal(s);
    cr_assert(reaches_epoch(s, "0", 1, 20000), "the one that stays fetches the end of its epoch");
    sim_submit(s, "0", 3);
    cr_assert(sim_run_until_settled(s, 20000), "and goes on alone; the other follows");
    sim_free(s);
}

/* The other way round: the one that stays has the certificate, is alone from then on, and the one that left must hear of it.
 */
Test(epochs, who_left_hears_of_it_from_who_stays_alone)
{
    struct sim *s = sim_cluster(.members = 2, .seed = 1, .profile = ROTA_PROFILE_CRASH);
    sim_cut(s, 1, 0);
    cr_assert(sim_submit_document(s, 2, 0, 0));
    cr_assert(sim_run_until_height(s, "1", 1, 5000));
    cr_assert_eq(s->replicas[0].disk.height, 0);
    sim_heal(s);
    cr_assert(reaches_epoch(s, "0", 1, 20000));
    sim_submit(s, "1", 3);
    cr_assert(sim_run_until_settled(s, 20000));
    sim_free(s);
}

/* One leaves and one joins while another is away, and then they sit in other places: it comes through both ends. */
Test(epochs, who_was_away_meanwhile_comes_after)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct sim *s = sim_cluster(.members = 4, .joiners = 1, .seed = seed, .loss_percent = 5);
        sim_submit(s, "all", 5);
        cr_assert(sim_run_until_settled(s, 20000));
        sim_crash(s, "3");
        cr_assert(sim_submit_document(s, 0x1e, 0, 0)); /* 1 2 3 4 */
        cr_assert(reaches_epoch(s, "0 1 2 4", 1, 20000));
        for (uint32_t i = 0; i < 20 && (sim_standing(s) & 0x16) != 0x16; i++, sim_run_ms(s, 500))
            sim_submit(s, "all", 1); /* who joined is done with asking */
        cr_assert(sim_submit_document(s, 0x1e, seed, 0));
        cr_assert(reaches_epoch(s, "0 1 2 4", 2, 40000));
        sim_restart(s, "3");
        sim_submit(s, "all", 5);
        cr_assert(sim_run_until_settled(s, 40000), "seed %llu", (unsigned long long)seed);
        sim_expect_one_history(s, "all");
        sim_free(s);
    }
}

/* PROTOCOL H2. Its backup is of an epoch in which nobody answers any more: in the next one, where it has voted, it asks
 * before it trusts it. */
Test(epochs, who_is_put_back_into_an_earlier_epoch_asks_in_this_one)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 5);
    sim_submit(s, "all", 3);
    cr_assert(sim_run_until_settled(s, 20000));
    sim_backup(s, "3");
    cr_assert(sim_submit_document(s, 15, 0, 0));
    cr_assert(reaches_epoch(s, "all", 1, 20000));
    sim_submit(s, "all", 3);
    cr_assert(sim_run_until_settled(s, 20000));
    sim_crash(s, "3");
    sim_restore(s, "3");
    sim_restart(s, "3");
    cr_assert_eq(s->replicas[3].epoch->membership.epoch, 0);
    for (uint32_t i = 0; i < 20000 && s->replicas[3].epoch->membership.epoch == 0; i++)
        sim_run_ms(s, 1);
    cr_assert_eq(s->replicas[3].epoch->membership.epoch, 1);
    sim_expect(s, sim_view(s, 3).greeting, "what was put back is trusted in a later epoch and nobody was asked");
    cr_assert(sim_run_until_settled(s, 20000));
    sim_free(s);
}

/* PROTOCOL M9: a change of keys alone is an epoch too, and old words count for nothing in it. */
Test(epochs, everybody_gets_a_new_key)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 7);
    cr_assert(sim_submit_document(s, 15, 0, 15));
    cr_assert(reaches_epoch(s, "all", 1, 20000));
    sim_run_ms(s, 3000); /* operators put the keys in */
    for (uint32_t i = 0; i < 4; i++)
        cr_assert(s->replicas[i].up && s->replicas[i].key == 1);
    sim_submit(s, "all", 3);
    cr_assert(sim_run_until_settled(s, 20000));
    sim_free(s);
}
