/* What a replica catches (PROTOCOL E1 to E6, E10): member 1 of four listens, member 3 lies. The first message stays, the
 * second accuses, and nothing else of the liar's is lost. */
#include "tests/unit/consensus/lone.h"

#include <criterion/criterion.h>

static struct lone *l;
static struct lone_block one, other, two;

static void begin(void)
{
    l = lone_open(4, 1);
    one = lone_block(l, 1, NULL, 0);
    other = lone_block(l, 1, NULL, 1);
    two = lone_block(l, 2, &one, 0);
}

static void end(void)
{
    lone_close(l);
}

TestSuite(accusing, .init = begin, .fini = end);

static uint32_t accusations(void)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < l->count; i++)
        count += l->asked[i].action.kind == ROTA_ACTION_ACCUSE;
    return count;
}

/* Exactly one accusation, and it makes evidence of this kind against member 3 (or whom it says). */
static void expect_evidence(enum rota_evidence_kind kind, uint32_t member)
{
    struct rota_evidence *evidence = NULL;
    cr_assert_eq(accusations(), 1, "%u accusations", accusations());
    struct rota_status status =
        rota_evidence_of_accusation(&evidence, &l->membership, &lone_did(l, ROTA_ACTION_ACCUSE)->accuse);
    cr_assert(rota_is_ok(status), "%s", status.why);
    cr_expect_eq(evidence->kind, kind);
    cr_expect_eq(evidence->member, member);
    rota_evidence_release(evidence);
}

/* E1, E2: the primary's two PREPAREs are a double proposal, anybody else's a double vote. */
Test(accusing, two_prepares_for_one_height)
{
    lone_vote(l, ROTA_VOTE_PREPARE, 3, 0, NULL, &one);
    lone_vote(l, ROTA_VOTE_PREPARE, 3, 0, NULL, &one);
    cr_assert_eq(accusations(), 0, "said twice is no lie");
    lone_vote(l, ROTA_VOTE_PREPARE, 3, 0, NULL, &other);
    expect_evidence(ROTA_EVIDENCE_DOUBLE_PREPARE, 3);
    lone_forget(l);
    lone_propose(l, 0, NULL, &one);
    lone_propose(l, 0, NULL, &other);
    expect_evidence(ROTA_EVIDENCE_DOUBLE_PROPOSAL, 0);
}

/* E10: the header between the two heights shows that they are not on one chain; whichever comes last. */
Test(accusing, prepares_of_two_heights_that_are_not_one_chain)
{
    lone_propose(l, 0, NULL, &one);
    lone_propose(l, 0, NULL, &two);
    lone_vote(l, ROTA_VOTE_PREPARE, 3, 0, NULL, &other);
    lone_vote(l, ROTA_VOTE_PREPARE, 3, 0, NULL, &two);
    expect_evidence(ROTA_EVIDENCE_BROKEN_CHAIN, 3);
    lone_vote(l, ROTA_VOTE_PREPARE, 2, 0, NULL, &one);
    lone_vote(l, ROTA_VOTE_PREPARE, 2, 0, NULL, &two);
    cr_assert_eq(accusations(), 1, "one chain is no lie, and one lie is told once");
}

Test(accusing, the_header_may_come_after_the_votes)
{
    lone_vote(l, ROTA_VOTE_COMMIT, 3, 0, NULL, &two);
    lone_vote(l, ROTA_VOTE_COMMIT, 3, 0, NULL, &other);
    cr_assert_eq(accusations(), 0, "nothing shows yet that it is a lie");
    lone_propose(l, 0, NULL, &one);
    lone_propose(l, 0, NULL, &two);
    expect_evidence(ROTA_EVIDENCE_DOUBLE_COMMIT, 3);
}

/* E4: the COMMIT first, or the VIEW-CHANGE first. */
Test(accusing, a_view_change_that_hides_a_commit)
{
    struct rota_view_change change = lone_change(3, 1);
    lone_vote(l, ROTA_VOTE_COMMIT, 3, 0, NULL, &one);
    lone_hear_change(l, &change);
    expect_evidence(ROTA_EVIDENCE_HIDDEN_LOCK, 3);
}

Test(accusing, a_commit_that_comes_after_the_view_change_that_hid_it)
{
    struct rota_view_change change = lone_change(3, 1);
    lone_hear_change(l, &change);
    lone_vote(l, ROTA_VOTE_COMMIT, 3, 0, NULL, &one);
    expect_evidence(ROTA_EVIDENCE_HIDDEN_LOCK, 3);
}

Test(accusing, a_view_change_that_hides_what_is_committed)
{
    lone_propose(l, 0, NULL, &one);
    lone_checked(l, ROTA_CHECK_VALID);
    lone_votes(l, ROTA_VOTE_PREPARE, 0, NULL, &one);
    lone_vote(l, ROTA_VOTE_COMMIT, 3, 0, NULL, &one);
    lone_vote(l, ROTA_VOTE_COMMIT, 2, 0, NULL, &one);
    cr_assert_eq(lone_view(l).committed, 1);
    struct rota_view_change change = lone_change(3, 1), honest = lone_change(2, 1);
    honest.has_best = true;
    honest.best = lone_certificate(l, ROTA_VOTE_PREPARE, 0, NULL, &one);
    lone_hear_change(l, &honest);
    cr_assert_eq(accusations(), 0, "who shows its lock hides nothing");
    lone_hear_change(l, &change);
    expect_evidence(ROTA_EVIDENCE_HIDDEN_LOCK, 3);
}

/* E6 */
Test(accusing, two_view_changes_to_one_view)
{
    struct rota_view_change change = lone_change(3, 1), second = change;
    second.has_best = true;
    second.best = lone_certificate(l, ROTA_VOTE_PREPARE, 0, NULL, &one);
    second.signature.b[1] = 1;
    lone_hear_change(l, &change);
    lone_hear_change(l, &change);
    cr_assert_eq(accusations(), 0);
    lone_hear_change(l, &second);
    expect_evidence(ROTA_EVIDENCE_DOUBLE_VIEW_CHANGE, 3);
}

/* E5: the second NEW-VIEW of a view changes nothing. */
Test(accusing, two_new_views_for_one_view)
{
    struct rota_view_change first[] = {lone_change(0, 2), lone_change(2, 2), lone_change(3, 2)};
    struct rota_view_change second[] = {lone_change(0, 2), lone_change(1, 2), lone_change(3, 2)};
    (void)lone_hear_new_view(l, 2, first);
    cr_assert_eq(lone_view(l).view, 2);
    (void)lone_hear_new_view(l, 2, first);
    cr_assert_eq(accusations(), 0);
    (void)lone_hear_new_view(l, 2, second);
    expect_evidence(ROTA_EVIDENCE_NEW_VIEW, 2);
    cr_assert_eq(lone_view(l).view, 2);
}

/* E5, E9: who signs a NEW-VIEW or a proposal that cannot be one is suspected at once, in its own view of its own epoch only.
 */
Test(accusing, a_new_view_that_is_none_makes_its_primary_suspected)
{
    lone_suspect(l, 0, 0, ROTA_SUSPECT_RESIGN);
    cr_assert_eq(lone_view(l).view, 1);
    lone_suspect(l, 1, 1, ROTA_SUSPECT_RESIGN);
    lone_forget(l);
    uint64_t view = lone_view(l).view;
    lone_convicted(l, 0, view + 1);
    lone_convicted(l, 1, view);
    cr_assert_null(lone_said(l, ROTA_MESSAGE_SUSPECT));
    lone_convicted(l, 0, view);
    cr_assert_eq(lone_said(l, ROTA_MESSAGE_SUSPECT)->suspect.reason, ROTA_SUSPECT_INVALID);
}

/* N10: two prepare certificates of one view that exclude each other. Whoever goes on signs both histories. */
Test(accusing, nobody_commits_to_two_chains_in_one_view)
{
    lone_propose(l, 0, NULL, &one);
    lone_checked(l, ROTA_CHECK_VALID);
    lone_votes(l, ROTA_VOTE_PREPARE, 0, NULL, &one);
    cr_assert_eq(lone_times(l, ROTA_MESSAGE_COMMIT), 1);
    struct lone_block rival = lone_block(l, 2, &other, 0);
    struct rota_certificate proof = lone_certificate(l, ROTA_VOTE_COMMIT, 0, NULL, &rival);
    lone_hear_block(l, 2, &rival, &proof);
    lone_hear_block(l, 2, &other, NULL);
    for (int i = 0; i < 2; i++)
        lone_checked(l, ROTA_CHECK_VALID);
    cr_assert_not_null(lone_did(l, ROTA_ACTION_HALT));
    cr_assert_eq(lone_times(l, ROTA_MESSAGE_COMMIT), 1);
}

/* N10: the same when the other certificate comes only after the view was left. In a later view another block may be decided:
 * what one quorum prepared and nobody decided may come to nothing. */
static void another_is_decided_after_the_view_was_left(uint64_t in_view, bool stops)
{
    lone_propose(l, 0, NULL, &one);
    lone_checked(l, ROTA_CHECK_VALID);
    lone_votes(l, ROTA_VOTE_PREPARE, 0, NULL, &one);
    lone_suspect(l, 0, 0, ROTA_SUSPECT_RESIGN);
    cr_assert_eq(lone_view(l).view, 1);
    struct rota_certificate proof = lone_certificate(l, ROTA_VOTE_COMMIT, in_view, NULL, &other);
    lone_hear_block(l, 2, &other, &proof);
    lone_checked(l, ROTA_CHECK_VALID);
    cr_assert_eq(lone_view(l).committed, 1);
    cr_assert_eq(lone_did(l, ROTA_ACTION_HALT) != NULL, stops);
}

Test(accusing, who_committed_to_another_block_in_a_view_that_it_left_stops)
{
    another_is_decided_after_the_view_was_left(0, true);
}

Test(accusing, another_block_of_a_later_view_stops_nobody)
{
    another_is_decided_after_the_view_was_left(1, false);
}
