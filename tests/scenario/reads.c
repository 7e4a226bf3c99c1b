/* Reads that see everything that was committed before them, from any replica (PROTOCOL L1..L3). The simulator compares each
 * with what was final anywhere when it was asked for. */
#include "tests/sim/sim.h"

#include <criterion/criterion.h>

/* PROTOCOL L3: whoever is asked answers at once. */
Test(reads, every_replica_answers_within_a_round_trip)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 1, .delay_min_ms = 10, .delay_max_ms = 10);
    sim_submit(s, "all", 5);
    sim_expect(s, sim_run_until_settled(s, 2000), "the start does not commit");
    sim_read(s, "all");
    sim_run_ms(s, 25);
    cr_assert_eq(s->stats.reads, 4);
    sim_free(s);
}

Test(reads, a_replica_that_is_behind_waits_until_it_is_not)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 2);
    sim_cut(s, 0, 3);
    sim_cut(s, 1, 3);
    sim_cut(s, 2, 3);
    sim_submit(s, "0 1 2", 20);
    sim_run_ms(s, 1000);
    cr_assert_gt(s->agreed_height, 0);
    cr_assert_eq(s->replicas[3].disk.height, 0);
    sim_heal(s);
    sim_read(s, "3"); /* its ledger is empty and it does not know */
    sim_run_ms(s, 900);
    cr_assert_eq(s->stats.reads, 1);
    cr_assert_eq(s->replicas[3].disk.height, s->agreed_height);
    sim_free(s);
}

Test(reads, without_a_quorum_nobody_claims_to_have_read_the_latest)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 3);
    sim_submit(s, "all", 5);
    sim_expect(s, sim_run_until_settled(s, 2000), "the start does not commit");
    sim_partition(s, "0 1 2 | 3");
    sim_submit(s, "0 1 2", 5);
    sim_run_ms(s, 500);
    sim_read(s, "3");
    sim_run_ms(s, 2000);
    cr_assert_eq(s->stats.reads, 0);
    cr_assert_eq(s->stats.reads_failed, 1);
    sim_free(s);
}

Test(reads, one_member_alone_answers_itself)
{
    struct sim *s = sim_cluster(.members = 1, .seed = 4);
    sim_submit(s, "all", 1);
    sim_run_ms(s, 500);
    sim_read(s, "0");
    cr_assert_eq(s->stats.reads, 1);
    sim_free(s);
}

/* Crashes, loss, cuts, view changes: whatever a read that succeeds has seen, it has seen enough. */
Test(reads, reads_are_linearizable_whatever_breaks)
{
    uint64_t reads = 0;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct sim *s = sim_cluster(.members = 4 + (uint32_t)(seed % 4), .seed = seed, .loss_percent = 5,
                                    .duplicate_percent = 20, .delay_min_ms = 1, .delay_max_ms = 60);
        for (int i = 0; i < 150; i++) {
            char who[12];
            uint32_t member = (uint32_t)sim_random(s, s->membership.count);
            snprintf(who, sizeof who, "%u", member);
            sim_submit(s, "up", 1);
            sim_read(s, "up");
            if (sim_chance(s, SIM_FAULT, 6))
                sim_crash(s, who);
            if (sim_chance(s, SIM_FAULT, 12))
                sim_restart(s, "all");
            if (sim_chance(s, SIM_FAULT, 10))
                sim_cut(s, member, (member + 1) % s->membership.count);
            if (sim_chance(s, SIM_FAULT, 10))
                sim_heal(s);
            sim_run_ms(s, 30 + sim_random(s, 100));
        }
        reads += s->stats.reads;
        sim_free(s);
    }
    cr_assert_gt(reads, 1000, "only %llu reads", (unsigned long long)reads);
}

/* PROTOCOL L2. Old answers, repeated: an attempt takes only answers to itself, also after a restart of the reader. */
Test(reads, answers_to_earlier_attempts_do_not_count)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 5);
    sim_submit(s, "all", 1);
    sim_expect(s, sim_run_until_settled(s, 2000), "the start does not commit");
    sim_restart(s, "3");
    struct rota_message old[3];
    for (uint32_t i = 0; i < 3; i++) { /* what these three truly answered when nothing was committed yet */
        old[i] = (struct rota_message){.kind = ROTA_MESSAGE_READ_INDEX_REPLY, .sender = i};
        old[i].read_reply = (struct rota_read_reply){.reader = 3, .nonce = {1, 1}};
    }
    sim_crash(s, "3");
    sim_restart(s, "3");
    sim_partition(s, "0 1 2 | 3");
    sim_submit(s, "0 1 2", 3);
    sim_run_ms(s, 500);
    sim_read(s, "3");
    for (uint32_t i = 0; i < 3; i++) {
        sim_sign(s, i, &old[i]);
        for (uint32_t k = 0; k < 3; k++)
            s->cut[i][3] = false;
        sim_send(s, i, 3, &old[i], NULL);
    }
    sim_run_ms(s, 20);
    sim_partition(s, "0 1 2 | 3");
    sim_run_ms(s, 3000);
    cr_assert_eq(s->stats.reads, 0, "an answer of an earlier life was taken");
    sim_free(s);
}

/* One member locked a block that the others then left behind, and nobody asks for it any more. A quorum that includes this
 * member reads all the same, and no block is made for it. */
Test(reads, a_lock_that_was_left_behind_holds_up_no_read)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 6, .delay_min_ms = 10, .delay_max_ms = 10);
    sim_run_ms(s, 1000);
    sim_submit(s, "0", 1);
    sim_run_ms(s, 25); /* the block is at all of them, the PREPAREs are on their way */
    for (uint32_t from = 0; from < 4; from++)
        for (uint32_t to = 0; to < 3; to++)
            if (from != to)
                sim_cut(s, from, to);
    sim_run_ms(s, 10); /* only member 3 sees a quorum of them */
    cr_assert_eq(sim_view(s, 3).best_height, 1);
    sim_crash(s, "0 1 2"); /* pools forget; a primary that was started again hands over */
    sim_partition(s, "0 1 2 | 3");
    sim_restart(s, "0 1 2");
    sim_run_ms(s, 3000);
    cr_assert_gt(sim_view(s, 1).view, 0);
    sim_crash(s, "2");
    sim_heal(s);
    sim_run_ms(s, 3000);
    cr_assert_eq(sim_view(s, 3).best_height, 1, "the lock is gone");
    cr_assert_eq(s->agreed_height, 0);
    sim_read(s, "up");
    sim_run_ms(s, 900);
    cr_assert_eq(s->stats.reads, 3, "%llu of 3", (unsigned long long)s->stats.reads);
    cr_assert_eq(s->agreed_height, 0);
    sim_free(s);
}

/* A member that may have forgotten its lock (H5) is none of a quorum's answers, not even to itself. */
Test(reads, a_member_that_lost_its_memory_does_not_count_itself)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 7);
    sim_submit(s, "all", 5);
    sim_expect(s, sim_run_until_settled(s, 2000), "the start does not commit");
    sim_crash(s, "2 3");
    sim_wipe(s, "3");
    sim_restart(s, "3");
    sim_run_ms(s, 1000);
    cr_assert_eq(sim_view(s, 3).mode, ROTA_MODE_RECOVERING);
    sim_read(s, "3");
    sim_run_ms(s, 3000);
    cr_assert_eq(s->stats.reads, 0, "two answers and its own, which is worth nothing");
    sim_restart(s, "2");
    sim_run_ms(s, 1000);
    sim_read(s, "3");
    sim_run_ms(s, 3000);
    cr_assert_eq(s->stats.reads, 1, "three others answer");
    sim_free(s);
}
