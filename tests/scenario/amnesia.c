/* Members that lose their memory (PROTOCOL H1..H8): what they once said stays in the simulator's shadow, and no run of a
 * member may ever say anything else. */
#include "tests/scenario/loss.h"

#include <criterion/criterion.h>

/* H1, H4, H5 */
Test(amnesia, a_wiped_member_under_load_comes_back_and_never_says_two_things)
{
    static const uint32_t sizes[] = {3, 4, 5, 6, 7, 10};
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++)
        for (uint64_t seed = 1; seed <= 6; seed++) {
            struct sim *s = loss_started(sizes[k], seed, 0);
            char who[12];
            snprintf(who, sizeof who, "%u", (uint32_t)(seed % sizes[k]));
            uint32_t member = (uint32_t)(seed % sizes[k]);
            sim_submit(s, "all", 40);
            sim_run_ms(s, seed * 3);
            sim_crash(s, who);
            sim_wipe(s, who);
            sim_restart(s, who);
            sim_run_ms(s, 20);
            sim_expect(s, loss_ends(s, member, 20000), "a wiped member does not come back");
            cr_assert_gt(s->replicas[member].disk.durable.floor, 0, "it did not notice that it was wiped");
            sim_resubmit(s);
            sim_expect(s, sim_run_until_settled(s, 20000), "no progress with the wiped member");
            sim_expect_one_history(s, "all");
            sim_free(s);
        }
}

/* H6: nobody has anything to order. The hand-over and a block with nothing but its anchor bring the member back. */
Test(amnesia, a_wiped_member_comes_back_while_nothing_else_happens)
{
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct sim *s = loss_started(4, seed, 0);
        char who[12];
        snprintf(who, sizeof who, "%u", (uint32_t)(seed % 4));
        sim_crash(s, who);
        sim_wipe(s, who);
        sim_run_ms(s, 3000);
        sim_restart(s, who);
        sim_run_ms(s, 3000);
        cr_assert(loss_is_over(s, (uint32_t)(seed % 4)), "seed %llu", (unsigned long long)seed);
        uint64_t height = s->agreed_height;
        sim_run_ms(s, 60000);
        cr_assert_eq(s->agreed_height, height, "an idle network makes no blocks");
        sim_free(s);
    }
}

/* Its vote is needed again afterwards: it really is a member. */
Test(amnesia, a_member_that_recovered_carries_the_quorum)
{
    struct sim *s = loss_started(4, 11, 0);
    sim_crash(s, "2");
    sim_wipe(s, "2");
    sim_restart(s, "2");
    sim_expect(s, loss_ends(s, 2, 10000), "a wiped member does not come back");
    sim_crash(s, "3");
    sim_submit(s, "up", 5);
    sim_expect(s, sim_run_until_settled(s, 10000), "the recovered member does not vote");
    sim_free(s);
}

/* H5: independent losses one after the other. Each committed block was once locked at members that lost their disks since.
 */
Test(amnesia, losses_one_after_the_other_stay_safe)
{
    static const uint32_t sizes[] = {3, 4, 5, 7};
    static const enum rota_profile profiles[] = {ROTA_PROFILE_BYZANTINE, ROTA_PROFILE_CRASH};
    for (size_t p = 0; p < 2; p++)
        for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++)
            for (uint64_t seed = 1; seed <= 4; seed++) {
                struct sim *s = loss_started(sizes[k], seed, profiles[p]);
                for (uint32_t round = 0; round < 2 * sizes[k]; round++) {
                    char who[12];
                    snprintf(who, sizeof who, "%u", round % sizes[k]);
                    sim_submit(s, "all", 5);
                    sim_run_ms(s, 5 * seed + round);
                    sim_crash(s, who);
                    sim_wipe(s, who);
                    sim_restart(s, who);
                    sim_expect(s, loss_ends(s, round % sizes[k], 20000), "a wiped member does not come back");
                }
                sim_resubmit(s);
                sim_expect(s, sim_run_until_settled(s, 20000), "no progress after all were wiped in turn");
                sim_expect_one_history(s, "all");
                sim_free(s);
            }
}

/* The story of a fork: 0, 1, 2 commit a block that 3 never hears of; 1 loses its disk and, if it just carried on, could
 * help 3 to commit something else at that height while 0 and 2 are cut off. */
Test(amnesia, a_member_that_forgot_its_lock_does_not_help_to_commit_another_block)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct sim *s = loss_started(4, seed, 0);
        uint64_t height = s->agreed_height;
        sim_partition(s, "0 1 2 | 3");
        sim_submit(s, "0 1 2", 1);
        sim_expect(s, sim_run_until_height(s, "0", height + 1, 2000), "three of four do not commit");
        sim_crash(s, "0 1 2");
        sim_wipe(s, "1");
        sim_restart(s, "1 2");
        sim_wipe(s, "0");
        sim_partition(s, "1 3 0 | 2");
        sim_restart(s, "0");
        sim_submit(s, "0 1 3", 3);
        sim_run_ms(s, 20000);
        cr_assert_eq(s->agreed_height, height + 1, "two that forgot and one that never knew decided something");
        sim_free(s);
    }
}

/* H4: a claim without company does not move v_R for good. */
Test(amnesia, a_liar_that_claims_a_far_view_does_not_postpone_the_return)
{
    struct sim *s = loss_started(7, 5, 0);
    sim_crash(s, "6");
    sim_wipe(s, "6");
    sim_restart(s, "6");
    for (uint32_t boot = 1; boot <= s->boots; boot++) {
        struct rota_message message = {.kind = ROTA_MESSAGE_HELLO_REPLY};
        message.hello_reply =
            (struct rota_hello_reply){.asker = 6, .boot = boot, .standing = ROTA_STANDING_MEMBER, .view = UINT64_C(1) << 60};
        sim_forge(s, 2, 6, &message);
    }
    sim_run_ms(s, 300);
    cr_assert_eq(sim_view(s, 6).recover_view, 0);
    sim_expect(s, loss_ends(s, 6, 5000), "a liar keeps a wiped member silent");
    sim_free(s);
}

/* H4: of the four that answer one has slept through all views. The others stand in the view in which the one that forgot
 * voted, and their word counts: a commit of that very view does not end the silence. It came into it by the NEW-VIEW, so
 * nobody holds a VIEW-CHANGE of its own that would tell it. */
Test(amnesia, one_that_lags_does_not_shorten_the_silence)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct sim *s = loss_started(7, seed, 0);
        sim_crash(s, "5 6");
        sim_crash(s, "0");
        sim_restart(s, "0"); /* it led, and hands over */
        sim_run_ms(s, 2000);
        sim_restart(s, "6");
        sim_run_ms(s, 1000);
        sim_submit(s, "up", 5);
        sim_expect(s, sim_run_until_settled(s, 5000), "no commits in a later view");
        uint64_t voted = sim_view(s, 6).view;
        cr_assert_gt(voted, 0);
        sim_crash(s, "3 4 6");
        sim_wipe(s, "6");
        for (uint32_t i = 0; i < 3; i++) {
            sim_cut(s, i, 5);
            sim_cut(s, 5, i);
        }
        sim_restart(s, "5");
        sim_run_ms(s, 300);
        cr_assert_eq(sim_view(s, 5).view, 0, "the laggard knows of the later view");
        sim_restart(s, "6");
        sim_run_ms(s, 2000);
        struct rota_core_view view = sim_view(s, 6);
        cr_assert_eq(view.committed, s->agreed_height, "it does not catch up");
        cr_assert_geq(view.recover_view, voted, "seed %llu", (unsigned long long)seed);
        cr_assert_eq(view.mode, ROTA_MODE_RECOVERING, "it speaks in a view in which it has voted");
        sim_heal(s);
        sim_restart(s, "3 4");
        sim_expect(s, loss_ends(s, 6, 20000), "it does not come back");
        cr_assert_gt(sim_view(s, 6).view, voted);
        sim_free(s);
    }
}

/* H3: nobody is made to recover by what it did not sign. */
Test(amnesia, a_past_that_the_asker_did_not_sign_is_refused)
{
    struct sim *s = loss_started(4, 6, 0);
    struct rota_message message = {.kind = ROTA_MESSAGE_HELLO_REPLY, .sender = 2};
    message.hello_reply =
        (struct rota_hello_reply){.asker = 1, .boot = 2, .standing = ROTA_STANDING_MEMBER, .past.has_change = true};
    message.hello_reply.past.change_view = 99;
    sim_sign(s, 2, &message);
    cr_assert_eq(rota_message_verify(&message, &s->membership).code, ROTA_BAD_SIGNATURE);
    sim_free(s);
}

/* H5: more than the network can stand. The silent ones stay silent and say what they wait for; nothing forks. */
Test(amnesia, more_than_f_that_forgot_together_stay_silent)
{
    struct sim *s = loss_started(4, 7, 0);
    sim_crash(s, "1 2");
    sim_wipe(s, "1 2");
    sim_restart(s, "1 2");
    uint64_t height = s->agreed_height;
    sim_submit(s, "all", 5);
    sim_run_ms(s, 60000);
    cr_assert_eq(s->agreed_height, height);
    for (uint32_t member = 1; member <= 2; member++) {
        struct rota_core_view view = sim_view(s, member);
        cr_assert_eq(view.mode, ROTA_MODE_RECOVERING);
        cr_assert(view.recovering_why != NULL);
        cr_assert_eq(view.recovering, UINT32_C(1) << (3 - member), "it does not see who else is recovering");
        cr_assert_eq(view.committed, height, "a recovering member does not catch up");
    }
    sim_free(s);
}

/* H2: with whole disks nobody waits for anybody who is not there. */
Test(amnesia, a_cold_start_of_everybody_works)
{
    static const uint32_t sizes[] = {1, 2, 3, 4, 7};
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        struct sim *s = loss_started(sizes[k], 20 + k, 0);
        sim_crash(s, "all");
        sim_restart(s, "all");
        sim_submit(s, "all", 5);
        sim_expect(s, sim_run_until_settled(s, 3000), "a cold start of everybody does not commit");
        sim_free(s);
    }
}

/* H4: members that never met greet each other first. With a quorum of four the fourth is not needed; it comes later, as one
 * of which nobody knows anything. */
Test(amnesia, a_new_network_begins_with_a_quorum_and_takes_in_the_last_one)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 25, .unfounded = true);
    sim_crash(s, "3");
    sim_submit(s, "up", 5);
    sim_expect(s, sim_run_until_settled(s, 3000), "three new members of four do not begin");
    sim_restart(s, "3");
    sim_expect(s, loss_ends(s, 3, 10000), "the last of the new members is not taken in");
    sim_free(s);
}

/* H4: two of three cannot know whether one of them was here before with the third. */
Test(amnesia, a_new_network_of_three_begins_when_all_three_have_met)
{
    struct sim *s = sim_cluster(.members = 3, .seed = 26, .unfounded = true);
    sim_crash(s, "2");
    sim_submit(s, "up", 5);
    sim_run_ms(s, 10000);
    cr_assert_eq(s->agreed_height, 0);
    sim_restart(s, "2");
    sim_expect(s, sim_run_until_settled(s, 3000), "three new members of three do not begin");
    sim_free(s);
}

/* H2: a quorum alone comes back too, after the short wait for the others. */
Test(amnesia, a_cold_start_of_a_quorum_works)
{
    struct sim *s = loss_started(4, 24, 0);
    sim_crash(s, "all");
    sim_restart(s, "0 1 2");
    sim_submit(s, "up", 5);
    sim_expect(s, sim_run_until_settled(s, 5000), "three of four do not come back");
    sim_free(s);
}

/* H3: the disk is whole by itself, and older than what the others have in their hands. */
Test(amnesia, an_old_backup_is_found_out)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct sim *s = loss_started(4, seed, 0);
        sim_crash(s, "2");
        sim_backup(s, "2");
        sim_restart(s, "2");
        sim_submit(s, "all", 20);
        sim_expect(s, sim_run_until_settled(s, 5000), "no commits after the backup");
        sim_crash(s, "2");
        sim_restore(s, "2");
        sim_restart(s, "2");
        sim_run_ms(s, 50);
        sim_expect(s, loss_ends(s, 2, 10000), "a restored member does not come back");
        cr_assert_gt(s->replicas[2].disk.durable.floor, 0, "seed %llu: it was not found out", (unsigned long long)seed);
        sim_expect(s, sim_run_until_settled(s, 5000), "no progress");
        sim_expect_one_history(s, "all");
        sim_free(s);
    }
}

Test(amnesia, a_lost_journal_beside_a_whole_ledger_is_found_out_alone)
{
    struct sim *s = loss_started(4, 31, 0);
    sim_crash(s, "2");
    sim_wipe_journal(s, "2");
    sim_partition(s, "2 | 0 1 3");
    sim_restart(s, "2");
    sim_run_ms(s, 2000);
    cr_assert_eq(sim_view(s, 2).mode, ROTA_MODE_RECOVERING, "nobody needs to tell it");
    sim_heal(s);
    sim_expect(s, loss_ends(s, 2, 10000), "it does not come back");
    sim_free(s);
}

/* H5: two members are always both needed, so the one that forgot is brought into a later view by the other's answer. */
Test(amnesia, one_of_two_comes_back_from_a_wiped_disk)
{
    static const enum rota_profile profiles[] = {ROTA_PROFILE_BYZANTINE, ROTA_PROFILE_CRASH};
    for (size_t p = 0; p < 2; p++)
        for (uint64_t seed = 1; seed <= 10; seed++) {
            struct sim *s = loss_started(2, seed, profiles[p]);
            sim_submit(s, "all", 30);
            sim_run_ms(s, 2 * seed);
            sim_crash(s, "1");
            sim_wipe(s, "1");
            sim_restart(s, "1");
            sim_resubmit(s);
            sim_expect(s, sim_run_until_settled(s, 20000), "one of two does not come back");
            sim_expect_one_history(s, "all");
            sim_free(s);
        }
}

/* Nobody ever heard what a member alone has said. */
Test(amnesia, a_member_alone_goes_on_with_a_new_journal)
{
    struct sim *s = loss_started(1, 41, 0);
    sim_crash(s, "0");
    sim_wipe_journal(s, "0");
    sim_restart(s, "0");
    sim_submit(s, "all", 5);
    sim_expect(s, sim_run_until_settled(s, 1000), "a member alone waits for nobody");
    sim_free(s);
}

/* H6: a liar asks for a later view again and again. */
Test(amnesia, a_liar_cannot_make_the_views_spin)
{
    struct sim *s = loss_started(4, 51, 0);
    sim_crash(s, "3");
    for (uint32_t i = 0; i < 600; i++) {
        struct rota_message message = {.kind = ROTA_MESSAGE_HELLO};
        message.hello = (struct rota_hello){
            .incarnation = 100 + i, .boot = 5000 + i, .standing = ROTA_STANDING_RECOVERING, .recover_view = UINT64_MAX - 1};
        for (uint32_t to = 0; to < 3; to++)
            sim_forge(s, 3, to, &message);
        sim_run_ms(s, 50);
    }
    cr_assert_leq(sim_view(s, 0).view, 3, "%llu views in 30 s", (unsigned long long)sim_view(s, 0).view);
    sim_free(s);
}

/* H8: a copy of the node runs somewhere and votes. */
Test(amnesia, a_vote_of_our_own_that_we_did_not_make_stops_us)
{
    struct sim *s = loss_started(4, 61, 0);
    s->halts_expected = true;
    struct rota_message message = {.kind = ROTA_MESSAGE_PREPARE};
    message.vote = (struct rota_vote){.kind = ROTA_VOTE_PREPARE, .height = s->agreed_height + 1};
    memset(message.vote.block.b, 0xee, sizeof message.vote.block.b);
    sim_forge(s, 2, 2, &message);
    sim_run_ms(s, 10);
    struct rota_core_view view = sim_view(s, 2);
    cr_assert_eq(view.mode, ROTA_MODE_QUARANTINED);
    cr_assert(view.halted && strstr(view.halted, "signs with this member's key"));
    sim_submit(s, "all", 5);
    sim_expect(s, sim_run_until_height(s, "0 1 3", s->agreed_height + 1, 5000), "the others do not go on");
    sim_free(s);
}

/* H8: a wiped member came back without having heard of its last run: who knew of it was cut off. Now its word arrives. */
Test(amnesia, a_members_own_past_that_shows_late_is_no_twin)
{
    struct sim *s = loss_started(4, 62, 0);
    sim_crash(s, "2");
    sim_wipe(s, "2");
    sim_restart(s, "2");
    sim_expect(s, loss_ends(s, 2, 10000), "a wiped member does not come back");
    struct rota_message message = {.kind = ROTA_MESSAGE_HELLO};
    uint64_t old = sim_view(s, 2).incarnation + 100000; /* a clock was set back in between, or it would be lower (H1) */
    message.hello = (struct rota_hello){.incarnation = old, .boot = 77, .standing = ROTA_STANDING_MEMBER};
    sim_forge(s, 2, 2, &message);
    sim_run_ms(s, 100);
    sim_expect(s, loss_ends(s, 2, 10000), "what it said long ago stops a member");
    cr_assert_eq(sim_view(s, 2).incarnation, old + 1);
    cr_assert_eq(s->replicas[2].disk.durable.floor, old + 1, "what its old run said must not count");
    sim_free(s);
}

/* H3, section 8: there is no block yet that would show it, only the first HELLO that others heard. Its number must not be
 * above every number of before, or nobody could tell. */
Test(amnesia, a_member_that_lost_its_disk_before_the_first_block_is_found_out)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 63);
    sim_run_ms(s, 2000);
    sim_crash(s, "2");
    sim_wipe(s, "2");
    sim_run_ms(s, 5000);
    sim_restart(s, "2");
    sim_run_ms(s, 2000);
    sim_expect(s, loss_ends(s, 2, 10000), "it does not come back");
    cr_assert_geq(s->replicas[2].disk.durable.floor, 7000, "what it said in any earlier run is taken back");
    sim_free(s);
}

/* H7: what it said of later views before the loss counts for nobody any more. */
Test(amnesia, a_view_change_of_before_the_loss_is_refused_once_its_sender_speaks_again)
{
    struct sim *s = loss_started(4, 71, 0);
    sim_crash(s, "2");
    sim_wipe(s, "2");
    sim_restart(s, "2");
    sim_expect(s, loss_ends(s, 2, 10000), "a wiped member does not come back");
    sim_run_ms(s, 1000);
    uint64_t dropped = sim_view(s, 1).dropped;
    static struct rota_view_change old;
    old = (struct rota_view_change){.sender = 2, .new_view = 50, .incarnation = 1};
    struct rota_message message = {.kind = ROTA_MESSAGE_VIEW_CHANGE, .sender = 2, .view_change = &old};
    sim_sign(s, 2, &message);
    sim_send(s, 2, 1, &message, NULL);
    sim_run_ms(s, 10);
    cr_assert_eq(sim_view(s, 1).dropped, dropped + 1);
    sim_free(s);
}

/* H4: a disk from a time when this member was recovering already. What it had to get past then says nothing of what it said
 * since; and nobody can show it, for nobody heard it. */
Test(amnesia, a_backup_made_while_recovering_is_no_excuse_to_speak)
{
    struct sim *s = loss_started(4, 12, 0);
    sim_crash(s, "3");
    sim_wipe(s, "3");
    sim_restart(s, "3");
    for (uint32_t i = 0; i < 2000 && sim_view(s, 3).recover_view == UINT64_MAX; i++)
        sim_run_ms(s, 1);
    cr_assert_lt(sim_view(s, 3).recover_view, UINT64_MAX, "it does not learn what it has to get past");
    cr_assert_eq(sim_view(s, 3).standing, ROTA_STANDING_RECOVERING);
    sim_backup(s, "3");
    sim_expect(s, loss_ends(s, 3, 20000), "a wiped member does not come back");
    for (uint32_t peer = 0; peer < 3; peer++)
        sim_cut(s, 3, peer); /* it votes on, in later views, and nobody hears it */
    for (uint32_t i = 0; i < 3; i++) {
        char primary[12];
        snprintf(primary, sizeof primary, "%d", __builtin_ctz(sim_who(s, "primary")));
        sim_crash(s, primary);
        sim_restart(s, primary);
        sim_run_ms(s, 2000);
        sim_submit(s, "0 1 2", 2);
        sim_run_ms(s, 2000);
    }
    sim_resubmit(s);
    sim_expect(s, sim_run_until_settled(s, 20000), "no progress before the backup comes back");
    uint64_t voted = sim_view(s, 3).view;
    sim_crash(s, "3");
    sim_restore(s, "3");
    sim_heal(s);
    sim_restart(s, "3");
    for (uint32_t i = 0; i < 300; i++) {
        struct rota_core_view view = sim_view(s, 3);
        cr_assert(view.standing == ROTA_STANDING_RECOVERING || view.view > voted,
                  "it speaks in a view in which it may have spoken before");
        sim_submit(s, "up", 1);
        sim_run_ms(s, 20);
    }
    sim_expect(s, loss_ends(s, 3, 30000), "it does not come back");
    sim_free(s);
}
