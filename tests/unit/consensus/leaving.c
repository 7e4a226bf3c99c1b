/* Leaving a view and entering the next, rule by rule: member 1 or 2 of four, J = 2, Q = 3 (PROTOCOL V1, V2, V3, V5, V8). */
#include "tests/unit/consensus/lone.h"

#include <criterion/criterion.h>

static struct lone *l;

static void begin(uint32_t self)
{
    l = lone_open(4, self);
}

static void end(void)
{
    lone_close(l);
}

/* Three view changes of others than `self` that show nothing. */
static void changes_fill(struct rota_view_change changes[3], uint32_t self, uint64_t view)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < 4 && count < 3; i++)
        if (i != self)
            changes[count++] = lone_change(i, view);
}

/* PROTOCOL V1: one suspicion, our own or another's, moves nobody. */
Test(leaving, a_single_suspicion_changes_nothing, .fini = end)
{
    begin(1);
    lone_suspect(l, 3, 0, ROTA_SUSPECT_HEARTBEAT);
    lone_suspect(l, 3, 0, ROTA_SUSPECT_PROGRESS);
    cr_assert_eq(lone_view(l).view, 0);
    struct lone_block one = lone_block(l, 1, NULL, 0);
    lone_propose(l, 0, NULL, &one);
    lone_checked(l, ROTA_CHECK_VALID);
    cr_assert(lone_said(l, ROTA_MESSAGE_PREPARE), "and we go on voting");
}

/* PROTOCOL V1, M4: J of them do, and the others get what made us go. */
Test(leaving, enough_suspicions_are_left_for_and_passed_on, .fini = end)
{
    begin(1);
    lone_suspect(l, 2, 0, ROTA_SUSPECT_HEARTBEAT);
    lone_suspect(l, 3, 0, ROTA_SUSPECT_HEARTBEAT);
    cr_assert_eq(lone_view(l).view, 1);
    cr_assert_eq(lone_times(l, ROTA_MESSAGE_SUSPECT), 2);
    cr_assert_eq(lone_said(l, ROTA_MESSAGE_VIEW_CHANGE)->view_change->new_view, 1);
}

/* PROTOCOL V1: a liar says to one of us that it is far ahead, and to nobody else. */
Test(leaving, a_suspicion_of_a_later_view_that_made_us_go_is_passed_on_too, .fini = end)
{
    begin(1);
    lone_suspect(l, 2, 0, ROTA_SUSPECT_HEARTBEAT);
    lone_suspect(l, 3, 1000, ROTA_SUSPECT_HEARTBEAT);
    cr_assert_eq(lone_view(l).view, 1);
    cr_assert_eq(lone_times(l, ROTA_MESSAGE_SUSPECT), 2);
}

/* PROTOCOL V1: the primary may hand over alone, by word or by going on. */
Test(leaving, a_primary_that_resigns_or_goes_on_is_left_at_once, .fini = end)
{
    begin(1);
    lone_suspect(l, 0, 0, ROTA_SUSPECT_RESIGN);
    cr_assert_eq(lone_view(l).view, 1);
    lone_close(l);
    begin(2);
    struct rota_view_change change = lone_change(0, 1);
    lone_hear_change(l, &change);
    cr_assert_eq(lone_view(l).view, 1);
}

/* PROTOCOL V1, H6: to suspect itself is not to have resigned. A primary whose block got stuck once is asked to hand over. */
Test(leaving, a_primary_that_suspected_its_own_view_can_still_resign, .fini = end)
{
    begin(0);
    struct lone_block one = lone_block(l, 1, NULL, 0);
    lone_demand(l, 1);
    lone_built(l, &one, false);
    lone_pass(l, 2 * l->timers.progress_ms);
    cr_assert_eq(lone_said(l, ROTA_MESSAGE_SUSPECT)->suspect.reason, ROTA_SUSPECT_PROGRESS);
    struct rota_message hello = {.kind = ROTA_MESSAGE_HELLO, .sender = 3};
    hello.hello.incarnation = 2;
    hello.hello.standing = ROTA_STANDING_RECOVERING;
    lone_hear(l, &hello);
    cr_assert_eq(lone_said(l, ROTA_MESSAGE_SUSPECT)->suspect.reason, ROTA_SUSPECT_RESIGN);
    cr_assert_eq(lone_view(l).view, 1);
}

/* PROTOCOL V2: the J-th largest target counts, so that one absurd number moves nobody and none is out of reach. */
Test(leaving, one_absurd_view_moves_nobody, .fini = end)
{
    begin(1);
    struct rota_view_change absurd = lone_change(3, UINT64_MAX - 1), high = lone_change(2, 5);
    lone_hear_change(l, &absurd);
    cr_assert_eq(lone_view(l).view, 0);
    lone_forget(l);
    lone_hear_change(l, &high);
    cr_assert_eq(lone_view(l).view, 5);
    cr_assert_eq(lone_times(l, ROTA_MESSAGE_VIEW_CHANGE), 1, "in one step, not view by view");
}

/* PROTOCOL V2: those who are far ahead may show it by suspecting the view that they are in. One step leads there, whatever
 * the number is, and one beyond, because two have left it then: a turn that went view by view would not end. */
Test(leaving, suspicions_of_far_views_are_not_followed_view_by_view, .fini = end)
{
    begin(1);
    lone_suspect(l, 3, UINT64_MAX - 1, ROTA_SUSPECT_HEARTBEAT);
    lone_suspect(l, 2, 1000, ROTA_SUSPECT_PROGRESS);
    cr_assert_eq(lone_view(l).view, 1001);
    cr_assert_eq(lone_times(l, ROTA_MESSAGE_VIEW_CHANGE), 2);
    cr_assert(lone_said(l, ROTA_MESSAGE_SUSPECT), "and the others get what made us go");
}

/* PROTOCOL V3: the timer runs from the quorum of view changes on, not before. */
Test(leaving, the_timer_of_a_view_change_starts_with_a_quorum, .fini = end)
{
    begin(2); /* view 1's primary, member 1, is silent */
    struct rota_view_change changes[3];
    changes_fill(changes, 2, 1);
    lone_hear_change(l, &changes[0]);
    cr_assert_eq(lone_view(l).view, 1);
    lone_pass(l, 10 * l->timers.view_change_ms);
    cr_assert_eq(lone_view(l).view, 1, "two of three: nobody to go on with");
    lone_hear_change(l, &changes[2]);
    lone_pass(l, l->timers.view_change_ms - 1);
    cr_assert_eq(lone_view(l).view, 1);
    lone_pass(l, 1);
    cr_assert_eq(lone_view(l).view, 2);
}

/* PROTOCOL V5: what is left is left. The view, the lock and the view change are durable before it is said. */
Test(leaving, no_vote_for_a_view_that_was_left, .fini = end)
{
    begin(1);
    struct lone_block one = lone_block(l, 1, NULL, 0);
    lone_propose(l, 0, NULL, &one);
    lone_suspect(l, 0, 0, ROTA_SUSPECT_RESIGN);
    lone_checked(l, ROTA_CHECK_VALID);
    lone_votes(l, ROTA_VOTE_PREPARE, 0, NULL, &one);
    cr_assert_null(lone_said(l, ROTA_MESSAGE_PREPARE));
    cr_assert_null(lone_said(l, ROTA_MESSAGE_COMMIT));
    uint32_t said = lone_place(l, ROTA_ACTION_SAY, ROTA_MESSAGE_VIEW_CHANGE);
    cr_assert_lt(lone_place(l, ROTA_ACTION_SAVE, 0), said);
    cr_assert_lt(lone_place(l, ROTA_ACTION_SAVE_MESSAGE, 0), said);
}

/* PROTOCOL V5: the lock goes with it. */
Test(leaving, a_view_change_shows_the_lock, .fini = end)
{
    begin(1);
    struct lone_block one = lone_block(l, 1, NULL, 0);
    lone_propose(l, 0, NULL, &one);
    lone_checked(l, ROTA_CHECK_VALID);
    lone_votes(l, ROTA_VOTE_PREPARE, 0, NULL, &one);
    lone_suspect(l, 0, 0, ROTA_SUSPECT_RESIGN);
    const struct rota_view_change *change = lone_said(l, ROTA_MESSAGE_VIEW_CHANGE)->view_change;
    cr_assert(change->has_best && change->best.vote.height == 1 && change->header_count == 1);
}

/* PROTOCOL V4, N8: a certificate of a later view proves that a quorum went there. */
Test(leaving, a_certificate_of_a_later_view_takes_us_there, .fini = end)
{
    begin(1);
    struct lone_block one = lone_block(l, 1, NULL, 0);
    struct rota_hash nv = {{3}};
    struct rota_certificate proof = lone_certificate(l, ROTA_VOTE_COMMIT, 4, &nv, &one);
    lone_hear_block(l, 2, &one, &proof);
    lone_checked(l, ROTA_CHECK_VALID);
    cr_assert_eq(lone_view(l).committed, 1);
    cr_assert_eq(lone_view(l).view, 4);
    cr_assert_eq(lone_view(l).mode, ROTA_MODE_CHANGING, "it still lacks the NEW-VIEW");
}

/* PROTOCOL V8: with a quorum of view changes the new primary speaks, not before. */
Test(leaving, the_new_primary_speaks_with_a_quorum, .fini = end)
{
    begin(1);
    struct rota_view_change changes[3];
    changes_fill(changes, 1, 1);
    lone_hear_change(l, &changes[0]); /* of the old primary: we follow, so ours is the second */
    cr_assert_null(lone_said(l, ROTA_MESSAGE_NEW_VIEW));
    lone_hear_change(l, &changes[1]);
    cr_assert_eq(lone_said(l, ROTA_MESSAGE_NEW_VIEW)->new_view.change_count, 3);
    cr_assert_eq(lone_view(l).mode, ROTA_MODE_ACTIVE);
}

/* PROTOCOL V8: who is far behind would keep everybody waiting. */
Test(leaving, a_new_primary_that_is_far_behind_resigns, .fini = end)
{
    begin(1);
    struct lone_block far = lone_block(l, ROTA_SLOTS + 1, NULL, 0);
    struct rota_view_change changes[3];
    changes_fill(changes, 1, 1);
    for (int i = 0; i < 3; i++) {
        changes[i].has_best = changes[i].has_committed = true;
        changes[i].best = changes[i].committed = lone_certificate(l, ROTA_VOTE_COMMIT, 0, NULL, &far);
        lone_hear_change(l, &changes[i]);
    }
    cr_assert_null(lone_said(l, ROTA_MESSAGE_NEW_VIEW));
    cr_assert_eq(lone_said(l, ROTA_MESSAGE_SUSPECT)->suspect.reason, ROTA_SUSPECT_RESIGN);
}

/* PROTOCOL V9: the first valid NEW-VIEW is the one; a second one is not looked at. */
Test(leaving, the_first_new_view_of_a_view_stays, .fini = end)
{
    begin(2);
    struct rota_view_change changes[3], others[3];
    changes_fill(changes, 3, 1);
    changes_fill(others, 0, 1);
    struct rota_hash first = lone_hear_new_view(l, 1, changes);
    cr_assert_eq(lone_view(l).mode, ROTA_MODE_ACTIVE);
    (void)lone_hear_new_view(l, 1, others);
    struct lone_block one = lone_block(l, 1, NULL, 0);
    lone_propose(l, 1, &first, &one);
    lone_checked(l, ROTA_CHECK_VALID);
    cr_assert(rota_hash_equal(&lone_said(l, ROTA_MESSAGE_PREPARE)->vote.nv, &first));
}

/* A tip two blocks high, prepared in view 0. */
static struct rota_hash tip_make(struct lone_block *one, struct lone_block *two)
{
    struct rota_view_change changes[3];
    *one = lone_block(l, 1, NULL, 0);
    *two = lone_block(l, 2, one, 0);
    changes_fill(changes, 3, 1);
    changes[0].has_best = true;
    changes[0].best = lone_certificate(l, ROTA_VOTE_PREPARE, 0, NULL, two);
    changes[0].header_count = 2;
    changes[0].headers[0] = one->header;
    changes[0].headers[1] = two->header;
    return lone_hear_new_view(l, 1, changes);
}

/* PROTOCOL V10: the first PREPARE of the view is for the tip; below it nobody ever prepares. */
Test(leaving, the_first_prepare_of_a_new_view_is_for_its_tip, .fini = end)
{
    begin(2);
    struct lone_block one, two;
    tip_make(&one, &two);
    lone_hear_block(l, 0, &one, NULL);
    lone_checked(l, ROTA_CHECK_VALID);
    cr_assert_null(lone_said(l, ROTA_MESSAGE_PREPARE), "never the lower height");
    lone_checked(l, ROTA_CHECK_VALID);
    cr_assert_eq(lone_times(l, ROTA_MESSAGE_PREPARE), 1);
    cr_assert_eq(lone_said(l, ROTA_MESSAGE_PREPARE)->vote.height, 2);
}

/* PROTOCOL G3: it keeps its hash, and its certificate carries what is under it. */
Test(leaving, the_tip_commits_with_all_its_ancestors_under_its_old_name, .fini = end)
{
    begin(2);
    struct lone_block one, two;
    struct rota_hash nv = tip_make(&one, &two);
    lone_checked(l, ROTA_CHECK_VALID);
    lone_checked(l, ROTA_CHECK_VALID);
    lone_votes(l, ROTA_VOTE_PREPARE, 1, &nv, &two);
    lone_votes(l, ROTA_VOTE_COMMIT, 1, &nv, &two);
    cr_assert_eq(lone_view(l).committed, 2);
    struct rota_core_view view = lone_view(l);
    cr_assert(rota_hash_equal(&view.committed_block, &two.hash));
}

/* PROTOCOL V7, V11: who shows the tip may show more, a lock of an earlier view that was passed over. It is not carried over.
 */
Test(leaving, blocks_above_the_tip_are_given_up_and_their_place_is_free, .fini = end)
{
    begin(2);
    struct lone_block one = lone_block(l, 1, NULL, 0), two = lone_block(l, 2, &one, 0);
    lone_decide(l, 0, NULL, &one);
    struct rota_hash nv = {{3}};
    struct rota_view_change passed_over = lone_change(0, 2), later = lone_change(1, 2);
    passed_over.has_best = passed_over.has_committed = later.has_best = later.has_committed = true;
    passed_over.committed = lone_certificate(l, ROTA_VOTE_COMMIT, 0, NULL, &one);
    passed_over.best = lone_certificate(l, ROTA_VOTE_PREPARE, 0, NULL, &two);
    passed_over.header_count = 1;
    passed_over.headers[0] = two.header;
    later.best = later.committed = lone_certificate(l, ROTA_VOTE_COMMIT, 1, &nv, &one);
    lone_hear_change(l, &passed_over);
    lone_forget(l);
    lone_hear_change(l, &later);
    cr_assert_eq(lone_view(l).mode, ROTA_MODE_ACTIVE);
    lone_demand(l, 1);
    cr_assert_null(lone_did(l, ROTA_ACTION_CHECK));
    cr_assert_eq(lone_did(l, ROTA_ACTION_BUILD)->build.height, 2);
}

/* PROTOCOL V11: what was executed for the old view is taken back before the new one begins. */
Test(leaving, a_new_view_takes_back_what_was_executed, .fini = end)
{
    begin(2);
    struct lone_block one = lone_block(l, 1, NULL, 0);
    lone_propose(l, 0, NULL, &one);
    lone_checked(l, ROTA_CHECK_VALID);
    struct rota_view_change changes[3];
    changes_fill(changes, 3, 1);
    lone_forget(l);
    (void)lone_hear_new_view(l, 1, changes);
    cr_assert(lone_did(l, ROTA_ACTION_ROLLBACK));
    cr_assert_eq(lone_view(l).in_flight, 0);
}

/* PROTOCOL V7: a new view that forgets what an earlier view committed proves more than f liars: no vote ever again. */
Test(leaving, a_new_view_that_forgets_a_committed_block_halts, .fini = end)
{
    begin(2);
    struct lone_block one = lone_block(l, 1, NULL, 0);
    lone_decide(l, 0, NULL, &one);
    struct rota_view_change changes[3];
    changes_fill(changes, 2, 1);
    (void)lone_hear_new_view(l, 1, changes);
    cr_assert(lone_did(l, ROTA_ACTION_HALT));
    cr_assert_eq(lone_view(l).mode, ROTA_MODE_HALTED);
}
