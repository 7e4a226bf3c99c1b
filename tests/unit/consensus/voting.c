/* The normal case, rule by rule, seen from one backup: member 1 of four, primary 0 (PROTOCOL N2, N3, N4, N5, N6, N7). */
#include "tests/unit/consensus/lone.h"

#include <criterion/criterion.h>

static struct lone *l;
static struct lone_block one, two, three;

static void begin(uint32_t self)
{
    l = lone_open(4, self);
    one = lone_block(l, 1, NULL, 0);
    two = lone_block(l, 2, &one, 0);
    three = lone_block(l, 3, &two, 0);
}

static void end(void)
{
    lone_close(l);
}

/* PROTOCOL N1 */
Test(voting, the_primary_proposes_at_once_and_then_a_whole_block_at_a_time, .fini = end)
{
    begin(0);
    lone_demand(l, 1);
    const struct rota_action *build = lone_did(l, ROTA_ACTION_BUILD);
    cr_assert(build && build->build.height == 1, "nothing is in flight: at once");
    lone_forget(l);
    lone_demand(l, 2);
    cr_assert_null(lone_did(l, ROTA_ACTION_BUILD), "one build at a time");
}

/* PROTOCOL N1: where a quorum has decided there is nothing to propose, even before its block is here. */
Test(voting, a_primary_left_behind_proposes_nothing_beside_a_certified_block, .fini = end)
{
    begin(0);
    struct rota_certificate proof = lone_certificate(l, ROTA_VOTE_COMMIT, 1, NULL, &two);
    lone_hear_block(l, 3, &two, &proof);
    lone_demand(l, 1);
    cr_assert_null(lone_did(l, ROTA_ACTION_BUILD));
}

/* PROTOCOL N2: what comes early waits for its parent. */
Test(voting, a_proposal_waits_for_its_parent, .fini = end)
{
    begin(1);
    lone_propose(l, 0, NULL, &two);
    cr_assert_null(lone_did(l, ROTA_ACTION_CHECK));
    lone_propose(l, 0, NULL, &one);
    cr_assert_eq(lone_did(l, ROTA_ACTION_CHECK)->check.height, 1);
    lone_checked(l, ROTA_CHECK_VALID);
    cr_assert_eq(lone_did(l, ROTA_ACTION_CHECK)->check.height, 2);
    lone_checked(l, ROTA_CHECK_VALID);
    cr_assert_eq(lone_times(l, ROTA_MESSAGE_PREPARE), 2);
}

/* PROTOCOL N2: blocks up to 2W above the ledger are kept, what is further is dropped and costs nothing. */
Test(voting, a_proposal_beyond_the_window_is_dropped, .fini = end)
{
    begin(1);
    uint64_t dropped = lone_view(l).dropped;
    struct lone_block inside = lone_block(l, ROTA_SLOTS, NULL, 0), beyond = lone_block(l, ROTA_SLOTS + 1, NULL, 0);
    lone_propose(l, 0, NULL, &inside);
    cr_assert_eq(lone_view(l).dropped, dropped);
    lone_propose(l, 0, NULL, &beyond);
    cr_assert_gt(lone_view(l).dropped, dropped);
}

/* PROTOCOL N2, E1: of two proposals for one height the first stays, and the two are evidence. */
Test(voting, a_second_proposal_for_a_height_changes_nothing_and_accuses, .fini = end)
{
    begin(1);
    struct lone_block other = lone_block(l, 1, NULL, 1);
    lone_propose(l, 0, NULL, &one);
    lone_propose(l, 0, NULL, &other);
    cr_assert_eq(lone_did(l, ROTA_ACTION_ACCUSE)->accuse.member, 0);
    lone_checked(l, ROTA_CHECK_VALID);
    cr_assert(rota_hash_equal(&lone_said(l, ROTA_MESSAGE_PREPARE)->vote.block, &one.hash));
    cr_assert_eq(lone_times(l, ROTA_MESSAGE_PREPARE), 1);
}

/* PROTOCOL N11: the primary told us one block and member 2 another: each hears the other's PREPARE, and from each other the
 * primary's word, in whatever order they come. */
Test(voting, who_prepares_another_block_is_shown_the_primarys_word, .fini = end)
{
    begin(1);
    struct lone_block other = lone_block(l, 1, NULL, 1);
    lone_propose(l, 0, NULL, &one);
    lone_checked(l, ROTA_CHECK_VALID);
    lone_vote(l, ROTA_VOTE_PREPARE, 3, 0, NULL, &one);
    lone_forget(l);
    lone_vote(l, ROTA_VOTE_PREPARE, 2, 0, NULL, &other);
    const struct rota_message *shown = lone_said(l, ROTA_MESSAGE_PREPARE);
    cr_assert(shown && shown->sender == 0 && rota_hash_equal(&shown->vote.block, &one.hash));
    cr_assert_eq(lone_did(l, ROTA_ACTION_SAY)->say.to, 2);
    cr_assert(lone_did(l, ROTA_ACTION_SAY)->say.is_signed);
    lone_forget(l);
    lone_vote(l, ROTA_VOTE_PREPARE, 2, 0, NULL, &other);
    cr_assert_null(lone_said(l, ROTA_MESSAGE_PREPARE), "once");
    lone_vote(l, ROTA_VOTE_PREPARE, 0, 0, NULL, &other);
    cr_assert_eq(lone_did(l, ROTA_ACTION_ACCUSE)->accuse.member, 0, "what member 2 shows us in turn is the proof");
}

/* PROTOCOL N11: the same when the PREPAREs of others come before the proposal. */
Test(voting, a_late_proposal_is_compared_with_what_others_prepared, .fini = end)
{
    begin(1);
    struct lone_block other = lone_block(l, 1, NULL, 1);
    lone_vote(l, ROTA_VOTE_PREPARE, 2, 0, NULL, &other);
    lone_vote(l, ROTA_VOTE_PREPARE, 3, 0, NULL, &one);
    cr_assert_null(lone_said(l, ROTA_MESSAGE_PREPARE));
    lone_propose(l, 0, NULL, &one);
    const struct rota_message *shown = lone_said(l, ROTA_MESSAGE_PREPARE);
    cr_assert(shown && shown->sender == 0 && rota_hash_equal(&shown->vote.block, &one.hash));
    cr_assert_eq(lone_times(l, ROTA_MESSAGE_PREPARE), 1);
}

/* PROTOCOL N3: no vote before the block is executed, none when the execution disagrees. */
Test(voting, a_block_that_is_invalid_here_gets_no_vote_and_its_primary_is_suspected, .fini = end)
{
    begin(1);
    lone_propose(l, 0, NULL, &one);
    cr_assert_null(lone_said(l, ROTA_MESSAGE_PREPARE));
    lone_checked(l, ROTA_CHECK_INVALID);
    cr_assert_null(lone_said(l, ROTA_MESSAGE_PREPARE));
    cr_assert_eq(lone_said(l, ROTA_MESSAGE_SUSPECT)->suspect.reason, ROTA_SUSPECT_INVALID);
}

/* PROTOCOL N3: a block from the future is looked at again; when a quorum vouches for it, its time is no matter any more. */
Test(voting, an_untimely_block_is_prepared_when_its_time_has_come_or_a_quorum_vouches, .fini = end)
{
    begin(1);
    lone_propose(l, 0, NULL, &one);
    lone_checked(l, ROTA_CHECK_UNTIMELY);
    cr_assert_null(lone_said(l, ROTA_MESSAGE_PREPARE));
    cr_assert_null(lone_said(l, ROTA_MESSAGE_SUSPECT), "a wrong clock is no lie");
    lone_forget(l);
    lone_votes(l, ROTA_VOTE_PREPARE, 0, NULL, &one);
    cr_assert_not(lone_did(l, ROTA_ACTION_CHECK)->check.judge_time);
}

/* PROTOCOL N4: PREPAREs of a view go up along one chain. */
Test(voting, a_block_beside_our_chain_gets_no_prepare, .fini = end)
{
    begin(1);
    lone_propose(l, 0, NULL, &one);
    lone_checked(l, ROTA_CHECK_VALID);
    struct lone_block stranger = lone_block(l, 1, NULL, 7), child = lone_block(l, 2, &stranger, 0);
    lone_forget(l);
    lone_propose(l, 0, NULL, &child);
    lone_pass(l, 300);
    cr_assert_null(lone_did(l, ROTA_ACTION_CHECK), "it cannot be executed here");
    cr_assert_null(lone_said(l, ROTA_MESSAGE_PREPARE));
}

/* PROTOCOL N5, N6: the lock and the blocks under it are durable before COMMIT is said. */
Test(voting, the_lock_is_saved_before_commit_is_said, .fini = end)
{
    begin(1);
    lone_propose(l, 0, NULL, &one);
    lone_checked(l, ROTA_CHECK_VALID);
    lone_vote(l, ROTA_VOTE_PREPARE, 2, 0, NULL, &one); /* with the primary's and ours: three of four */
    cr_assert(lone_said(l, ROTA_MESSAGE_COMMIT));
    cr_assert_eq(lone_view(l).best_height, 1);
    cr_assert_lt(lone_place(l, ROTA_ACTION_SAVE_BLOCK, 0), lone_place(l, ROTA_ACTION_SAY, ROTA_MESSAGE_COMMIT));
    cr_assert_lt(lone_place(l, ROTA_ACTION_SAVE, 0), lone_place(l, ROTA_ACTION_SAY, ROTA_MESSAGE_COMMIT));
}

/* PROTOCOL M3, N5: one vote less than a quorum does nothing; nobody counts twice. */
Test(voting, a_vote_said_twice_counts_once, .fini = end)
{
    begin(1);
    lone_propose(l, 0, NULL, &one);
    lone_checked(l, ROTA_CHECK_VALID);
    lone_vote(l, ROTA_VOTE_PREPARE, 0, 0, NULL, &one);
    lone_vote(l, ROTA_VOTE_PREPARE, 0, 0, NULL, &one);
    lone_vote(l, ROTA_VOTE_PREPARE, 1, 0, NULL, &one);
    cr_assert_null(lone_said(l, ROTA_MESSAGE_COMMIT));
}

/* PROTOCOL G1: votes that rest on another NEW-VIEW, or are of another view, never meet ours. */
Test(voting, votes_of_another_view_or_nv_do_not_count, .fini = end)
{
    begin(1);
    struct rota_hash other = {{9}};
    lone_propose(l, 0, NULL, &one);
    lone_checked(l, ROTA_CHECK_VALID);
    lone_vote(l, ROTA_VOTE_PREPARE, 2, 0, &other, &one);
    lone_vote(l, ROTA_VOTE_PREPARE, 3, 1, NULL, &one);
    cr_assert_null(lone_said(l, ROTA_MESSAGE_COMMIT));
}

/* PROTOCOL N7: a commit certificate carries every ancestor with it. */
Test(voting, a_commit_certificate_makes_its_ancestors_final, .fini = end)
{
    begin(1);
    struct lone_block *blocks[] = {&one, &two, &three};
    for (int i = 0; i < 3; i++) {
        lone_propose(l, 0, NULL, blocks[i]);
        lone_checked(l, ROTA_CHECK_VALID);
    }
    lone_votes(l, ROTA_VOTE_COMMIT, 0, NULL, &three);
    cr_assert_eq(lone_did(l, ROTA_ACTION_COMMIT)->commit.height, 3);
    cr_assert_eq(lone_view(l).committed, 3);
}

/* PROTOCOL N7: the quorum may decide before we have even seen the block. */
Test(voting, commits_that_come_before_their_block_wait_for_it, .fini = end)
{
    begin(1);
    lone_votes(l, ROTA_VOTE_COMMIT, 0, NULL, &one);
    cr_assert_null(lone_did(l, ROTA_ACTION_COMMIT));
    lone_propose(l, 0, NULL, &one);
    lone_checked(l, ROTA_CHECK_VALID);
    cr_assert_eq(lone_view(l).committed, 1);
}

/* PROTOCOL N9: our own PREPARE was for another block than the quorum's. The certificate counts, and we prepare no more. */
Test(voting, a_certificate_against_our_own_vote_counts_and_mutes_us, .fini = end)
{
    begin(1);
    struct lone_block other = lone_block(l, 1, NULL, 1);
    lone_propose(l, 0, NULL, &one);
    lone_checked(l, ROTA_CHECK_VALID);
    cr_assert_eq(lone_times(l, ROTA_MESSAGE_PREPARE), 1);
    struct rota_certificate proof = lone_certificate(l, ROTA_VOTE_COMMIT, 0, NULL, &other);
    lone_hear_block(l, 2, &other, &proof);
    lone_checked(l, ROTA_CHECK_VALID);
    cr_assert_eq(lone_view(l).committed, 1);
    cr_assert(lone_view(l).muted);
    struct lone_block next = lone_block(l, 2, &other, 0);
    lone_propose(l, 0, NULL, &next);
    lone_checked(l, ROTA_CHECK_VALID);
    cr_assert_eq(lone_times(l, ROTA_MESSAGE_PREPARE), 1, "no further PREPARE in this view");
    lone_votes(l, ROTA_VOTE_PREPARE, 0, NULL, &next);
    cr_assert(lone_said(l, ROTA_MESSAGE_COMMIT), "but COMMIT, which only needs the lock");
}

/* PROTOCOL R2: a restarted replica does not know which PREPARE it had on its lips. */
Test(voting, a_restarted_replica_prepares_nothing_in_its_old_view_and_may_commit, .fini = end)
{
    begin(1);
    lone_restart(l);
    lone_propose(l, 0, NULL, &one);
    lone_checked(l, ROTA_CHECK_VALID);
    cr_assert_null(lone_said(l, ROTA_MESSAGE_PREPARE));
    lone_votes(l, ROTA_VOTE_PREPARE, 0, NULL, &one);
    cr_assert(lone_said(l, ROTA_MESSAGE_COMMIT));
}

/* PROTOCOL H4: a VIEW-CHANGE that we forgot is shown to us. Who votes again below it would be taken for a liar (E4). */
Test(voting, who_forgot_a_view_change_stays_silent_until_its_view_is_past, .fini = end)
{
    begin(1);
    lone_restart_unheard(l);
    struct rota_message reply = {.kind = ROTA_MESSAGE_HELLO_REPLY};
    reply.hello_reply = (struct rota_hello_reply){.asker = 1, .standing = ROTA_STANDING_MEMBER, .view = 2};
    for (uint32_t i = 0; i < 4; i++) {
        reply.sender = i;
        reply.hello_reply.past.has_change = i == 3;
        reply.hello_reply.past.change_view = 7;
        reply.hello_reply.past.change_incarnation = 1;
        if (i != 1)
            lone_hear(l, &reply);
    }
    cr_assert_eq(lone_view(l).mode, ROTA_MODE_RECOVERING);
    cr_assert_eq(lone_view(l).recover_view, 7);
}

/* PROTOCOL R3 */
Test(voting, a_restarted_primary_resigns, .fini = end)
{
    begin(0);
    lone_restart(l);
    lone_demand(l, 1);
    cr_assert_null(lone_did(l, ROTA_ACTION_BUILD));
    cr_assert_eq(lone_said(l, ROTA_MESSAGE_SUSPECT)->suspect.reason, ROTA_SUSPECT_RESIGN);
}
