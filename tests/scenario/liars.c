/* Up to f members that lie change nothing: whatever way they lie, and however often, the others agree and go on (PROTOCOL
 * M2, A3). Each way of lying alone, in every primary's turn. */
#include "tests/sim/sim_liar.h"

#include <criterion/criterion.h>

/* Requests come while the liars lie, one primary after the other has its turn, and all that is asked for is committed. */
static uint64_t expect_harmless(uint32_t members, uint32_t liars, uint64_t lies, uint64_t seed)
{
    struct sim *s = sim_cluster(.members = members, .seed = seed, .liars = liars, .lies = lies);
    for (uint32_t turn = 0; turn < members + 1; turn++) {
        sim_submit(s, "all", 6);
        sim_read(s, "all");
        sim_run_ms(s, 300);
        struct rota_message resign = {.kind = ROTA_MESSAGE_SUSPECT};
        uint32_t primary = (uint32_t)__builtin_ctz(sim_who(s, "primary"));
        resign.suspect = (struct rota_suspect){sim_view(s, primary).view, ROTA_SUSPECT_RESIGN};
        resign.sender = primary;
        sim_sign(s, primary, &resign);
        bool leads = rota_primary(&s->membership, resign.suspect.view) == primary; /* false while nobody does */
        for (uint32_t to = 0; leads && to < members; to++)
            if (to != primary)
                sim_send(s, primary, to, &resign, NULL);
        sim_run_ms(s, 50);
    }
    sim_expect(s, sim_run_until_settled(s, 90000), "liars, not more than f, keep a request from being committed");
    sim_expect_one_history(s, "all");
    uint64_t told = s->stats.lies;
    sim_free(s);
    return told;
}

static void expect_each_way(uint32_t members, uint32_t liars, uint64_t seeds)
{
    for (uint32_t lie = 0; lie < SIM_LIES; lie++) {
        uint64_t told = 0;
        for (uint64_t seed = 1; seed <= seeds; seed++)
            told += expect_harmless(members, liars, UINT64_C(1) << lie, seed);
        cr_assert_gt(told, 0, "way of lying %u was never used", lie);
    }
}

Test(liars, one_of_four_in_each_way)
{
    expect_each_way(4, 2, 6);
}

Test(liars, two_of_seven_in_each_way)
{
    expect_each_way(7, 6, 4);
}

Test(liars, in_all_ways_at_once)
{
    for (uint64_t seed = 1; seed <= 8; seed++) {
        expect_harmless(4, 4, (UINT64_C(1) << SIM_LIES) - 1, seed);
        expect_harmless(7, 24, (UINT64_C(1) << SIM_LIES) - 1, seed);
    }
}

/* One of seven has lost its memory and one lies to it about its past: it comes back, and says nothing twice (PROTOCOL H4,
 * H5). */
Test(liars, to_a_member_that_lost_its_memory)
{
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct sim *s = sim_cluster(.members = 7, .seed = seed, .liars = 64, .lies = SIM_LIE(HELLO) | SIM_LIE(HEIGHT));
        sim_submit(s, "all", 30);
        sim_run_ms(s, 200 + seed * 7);
        sim_crash(s, "2");
        sim_wipe(s, "2");
        sim_restart(s, "2");
        for (uint32_t i = 0; i < 400 && sim_view(s, 2).standing != ROTA_STANDING_MEMBER; i++) {
            sim_submit(s, "0 1 3", 1);
            sim_run_ms(s, 100);
        }
        sim_expect(s, sim_view(s, 2).standing == ROTA_STANDING_MEMBER, "a liar keeps a member from coming back");
        sim_resubmit(s);
        sim_expect(s, sim_run_until_settled(s, 60000), "no progress with a member that came back");
        sim_expect_one_history(s, "all");
        sim_free(s);
    }
}

/* Somebody else speaks with member 2's key. It stops at once (PROTOCOL H8), and a replica that has stopped sleeps. */
Test(liars, a_member_that_stopped_does_not_spin)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 1);
    s->halts_expected = true;
    sim_submit(s, "all", 3);
    sim_expect(s, sim_run_until_settled(s, 2000), "the start does not commit");
    struct rota_message message = {.kind = ROTA_MESSAGE_PREPARE};
    message.vote = (struct rota_vote){.kind = ROTA_VOTE_PREPARE, .height = s->agreed_height + 1, .block = {{7}}};
    message.sender = 2;
    sim_sign(s, 2, &message);
    sim_send(s, 0, 2, &message, NULL);
    sim_run_ms(s, 3000);
    cr_assert_eq(sim_view(s, 2).mode, ROTA_MODE_QUARANTINED);
    cr_assert_gt(s->replicas[2].wake_ms, s->now_ms + 10, "it wakes again and again, for nothing");
    sim_free(s);
}

/* PROTOCOL §7, T4. The primary votes twice and leaves out the evidence of it, and of nothing else. */
Test(liars, a_primary_that_leaves_out_what_convicts_it_is_replaced)
{
    uint32_t convicted = 0;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct sim *s = sim_cluster(.members = 4, .seed = seed, .liars = 1, .lies = SIM_LIE(DOUBLE_VOTE));
        sim_submit(s, "all", 60);
        for (uint32_t request = s->request_count; request < 500; request++)
            s->replicas[0].censors[request] = true;
        cr_assert(sim_run_until_settled(s, 30000));
        for (uint32_t i = 0; i < 300 && !sim_evidence_is_ordered(s); i++)
            sim_run_ms(s, 100);
        cr_assert(sim_evidence_is_ordered(s), "seed %llu", (unsigned long long)seed);
        if (s->piece_count > 0) {
            convicted++;
            cr_assert_neq(s->committed_at[s->pieces[0].request], 0);
            cr_assert_gt(sim_view(s, 1).view, 0, "another leads");
            sim_run_ms(s, 1000);
            sim_expect_one_history(s, "all");
        }
        sim_free(s);
    }
    cr_assert_geq(convicted, 4);
}

/* What a member holds must be in the ledger, or be one more than there is room for. */
Test(liars, evidence_that_is_held_and_not_ordered_is_noticed)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 1);
    s->pieces[0] = (struct sim_piece){.request = 0, .epoch = s->latest, .member = 2, .kind = ROTA_EVIDENCE_DOUBLE_COMMIT};
    s->piece_count = s->request_count = 1;
    cr_assert(sim_evidence_is_ordered(s), "nobody holds it");
    s->replicas[1].disk.pieces[0] = 1;
    cr_assert_not(sim_evidence_is_ordered(s));
    s->committed_at[0] = 7;
    cr_assert(sim_evidence_is_ordered(s));
    sim_free(s);
}
