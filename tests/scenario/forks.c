/* When more than f members lie, the ledger may come apart. Then whoever did it can be named: at least 2Q-n members, all of
 * them liars (PROTOCOL E3, §8; sim_check_fork judges each fork as it happens). */
#include "tests/sim/sim_liar.h"

#include <criterion/criterion.h>

/* Until the ledger comes apart or the seed is over. */
static bool forks(uint32_t members, uint32_t liars, uint64_t lies, uint64_t seed)
{
    struct sim *s = sim_cluster(.members = members, .seed = seed, .liars = liars, .lies = lies);
    for (uint32_t turn = 0; turn < 12 && !s->forked; turn++) {
        sim_submit(s, "all", 4);
        sim_run_ms(s, 150);
        uint32_t alone = (uint32_t)sim_draw(s, SIM_FAULT, members);
        for (uint32_t peer = 0; peer < members; peer++)
            if (peer != alone && !sim_is_liar(s, alone) && !sim_is_liar(s, peer))
                sim_cut(s, alone, peer), sim_cut(s, peer, alone);
        sim_run_ms(s, 1500);
        sim_heal(s);
    }
    bool forked = s->forked;
    sim_free(s);
    return forked;
}

static void expect_forks(uint32_t members, uint32_t liars, uint64_t lies, uint64_t seeds)
{
    uint64_t count = 0;
    for (uint64_t seed = 1; seed <= seeds; seed++)
        count += forks(members, liars, lies, seed);
    cr_assert_gt(count, 0, "%u members: no ledger came apart, so nobody was named", members);
}

Test(forks, votes_for_two_blocks_name_who_gave_them)
{
    expect_forks(4, 3, SIM_LIE(EQUIVOCATE), 12);
    expect_forks(6, 3, SIM_LIE(EQUIVOCATE), 12);
    expect_forks(7, 7, SIM_LIE(EQUIVOCATE), 12);
}

Test(forks, hidden_locks_name_who_hid_them)
{
    expect_forks(4, 3, SIM_LIE(HIDE_LOCK), 12);
    expect_forks(7, 7, SIM_LIE(HIDE_LOCK), 12);
}

/* With n = 5 two quorums of 4 share three: two liars are more than f, and yet cannot part the others. */
Test(forks, two_liars_of_five_cannot)
{
    for (uint64_t seed = 1; seed <= 12; seed++)
        cr_assert_not(forks(5, 3, SIM_LIE(EQUIVOCATE) | SIM_LIE(HIDE_LOCK), seed));
}

/* Enough of them take everybody to the last view there is. Nothing goes on from there, and nobody falls over. */
Test(forks, the_last_view_is_survived)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 1);
    static struct rota_view_change change;
    change.new_view = UINT64_MAX;
    for (uint32_t liar = 2; liar < 4; liar++)
        for (uint32_t to = 0; to < 2; to++) {
            struct rota_message leave = {.kind = ROTA_MESSAGE_VIEW_CHANGE, .view_change = &change};
            change.sender = liar;
            sim_forge(s, liar, to, &leave);
        }
    sim_run_ms(s, 100);
    cr_assert_eq(sim_view(s, 0).view, UINT64_MAX);
    for (uint32_t liar = 2; liar < 4; liar++)
        for (uint32_t to = 0; to < 2; to++) {
            struct rota_message suspect = {.kind = ROTA_MESSAGE_SUSPECT, .suspect = {UINT64_MAX, ROTA_SUSPECT_PROGRESS}};
            sim_forge(s, liar, to, &suspect);
        }
    sim_submit(s, "all", 3);
    sim_run_ms(s, 60000);
    cr_assert_eq(sim_view(s, 1).view, UINT64_MAX);
    sim_free(s);
}
