/* Evidence in the ledger: a coordinator's key is suspended, a member is only named. */
#include "ledger/schedule/private.h"
#include "schedule_play.h"

static struct play play;

static void start(void)
{
    play_start(&play);
}

static void end(void)
{
    play_end(&play);
}

TestSuite(schedule_evidence, .init = start, .fini = end);

Test(schedule_evidence, it_suspends_the_key_from_its_block_on)
{
    cr_assert_eq(play_code(&play, "alpha-scheduler", OPS(OP_DAY)), ROTA_OUTCOME_OK);
    cr_assert_eq(play_accuse(&play, fixture_coordinator_evidence(&play.genesis, "alpha-scheduler", 9)), ROTA_OK);
    cr_expect_eq(play_coordinator(&play, "alpha-scheduler").suspended_at, 2);
    cr_expect_eq(play_code(&play, "alpha-scheduler", OPS(OP_ASSIGN("p-2", "DAY", "alpha", "2026-12-25T08:00Z", 480))),
                 ROTA_OUTCOME_KEY_SUSPENDED);
    cr_expect_eq(play_code(&play, "alpha-both", OPS(OP_ASSIGN("p-2", "DAY", "alpha", "2026-12-25T08:00Z", 480))),
                 ROTA_OUTCOME_OK);
}

/* Two entries in this order; the outcome code of the proposal's first operation goes to *out_code. */
static enum rota_code block_of_two(struct rota_entry first, struct rota_entry second, uint32_t *out_bad, uint16_t *out_code)
{
    struct rota_entry entries[] = {first, second};
    struct rota_outcomes outcomes;
    enum rota_code code = play_block(&play, &outcomes, out_bad, entries, 2).code;
    *out_code = UINT16_MAX;
    if (code == ROTA_OK) {
        struct rota_op_outcome op;
        uint32_t count = 0;
        struct rota_view record = rota_view(outcomes.items[1].record, outcomes.items[1].len);
        cr_assert(rota_is_ok(rota_outcome_read(&op, &count, 1, record)));
        *out_code = op.code;
    }
    rota_outcomes_free(&outcomes);
    rota_entry_release(&entries[0]);
    rota_entry_release(&entries[1]);
    return code;
}

Test(schedule_evidence, it_stands_before_proposals_and_hits_those_of_its_own_block)
{
    struct fixture_payload payload = {.author = "alpha-scheduler", .seq = 1, .ops = OPS(OP_DAY)};
    uint32_t bad = 0;
    uint16_t code = 0;
    struct rota_entry proposal = fixture_entry_of_proposal(fixture_proposal(&play.genesis, &payload));
    struct rota_entry evidence =
        fixture_entry_of_evidence(fixture_coordinator_evidence(&play.genesis, "alpha-scheduler", 9));
    cr_expect_eq(block_of_two(proposal, evidence, &bad, &code), ROTA_REFUSED);
    cr_expect_eq(bad, 1);
    cr_expect_eq(play_coordinator(&play, "alpha-scheduler").suspended_at, 0);
    proposal = fixture_entry_of_proposal(fixture_proposal(&play.genesis, &payload));
    evidence = fixture_entry_of_evidence(fixture_coordinator_evidence(&play.genesis, "alpha-scheduler", 9));
    cr_expect_eq(block_of_two(evidence, proposal, &bad, &code), ROTA_OK);
    cr_expect_eq(code, ROTA_OUTCOME_KEY_SUSPENDED);
}

Test(schedule_evidence, a_suspended_key_is_not_accused_again)
{
    cr_assert_eq(play_accuse(&play, fixture_coordinator_evidence(&play.genesis, "alpha-scheduler", 9)), ROTA_OK);
    cr_expect_eq(play_admit_evidence(&play, fixture_coordinator_evidence(&play.genesis, "alpha-scheduler", 9)), ROTA_EXISTS);
    cr_expect_eq(play_admit_evidence(&play, fixture_coordinator_evidence(&play.genesis, "alpha-scheduler", 10)),
                 ROTA_REFUSED);
    cr_expect_eq(play_admit_evidence(&play, fixture_coordinator_evidence(&play.genesis, "alpha-both", 9)), ROTA_OK);
    cr_expect_eq(play_admit_evidence(&play, fixture_coordinator_evidence(&play.genesis, "nobody", 9)), ROTA_UNKNOWN_KEY);
}

Test(schedule_evidence, a_revoked_key_can_still_be_suspended)
{
    cr_assert_eq(play_code_of(&play, "alpha-director", play_revoke("alpha-scheduler")), ROTA_OUTCOME_OK);
    cr_expect_eq(play_accuse(&play, fixture_coordinator_evidence(&play.genesis, "alpha-scheduler", 9)), ROTA_OK);
}

static struct rota_evidence *votes(enum rota_vote_kind kind, uint32_t member, uint64_t view, uint64_t height, uint32_t salt)
{
    return fixture_vote_evidence(&play.genesis, kind, member, view, height, salt);
}

Test(schedule_evidence, a_member_is_named_once_for_each_kind_view_and_height)
{
    cr_assert_eq(play_accuse(&play, votes(ROTA_VOTE_PREPARE, 1, 0, 7, 0)), ROTA_OK);
    cr_expect_eq(play_admit_evidence(&play, votes(ROTA_VOTE_PREPARE, 1, 0, 7, 0)), ROTA_EXISTS);
    cr_expect_eq(play_admit_evidence(&play, votes(ROTA_VOTE_PREPARE, 1, 0, 7, 1)), ROTA_REFUSED);
    cr_expect_eq(play_admit_evidence(&play, votes(ROTA_VOTE_COMMIT, 1, 0, 7, 1)), ROTA_OK);
    cr_expect_eq(play_admit_evidence(&play, votes(ROTA_VOTE_PREPARE, 2, 0, 7, 1)), ROTA_OK);
    cr_expect_eq(play_admit_evidence(&play, votes(ROTA_VOTE_PREPARE, 1, 1, 7, 1)), ROTA_OK);
    cr_expect_eq(play_admit_evidence(&play, votes(ROTA_VOTE_PREPARE, 1, 0, 8, 1)), ROTA_OK);
}

Test(schedule_evidence, no_more_than_64_rows_are_kept_against_a_member)
{
    for (uint32_t i = 0; i < 64; i++)
        cr_assert_eq(play_accuse(&play, votes(ROTA_VOTE_PREPARE, 3, 0, i + 1, 0)), ROTA_OK);
    cr_expect_eq(play_admit_evidence(&play, votes(ROTA_VOTE_COMMIT, 3, 0, 1, 0)), ROTA_REFUSED);
    cr_expect_eq(play_admit_evidence(&play, votes(ROTA_VOTE_COMMIT, 2, 0, 1, 0)), ROTA_OK);
    rota_state_undo(play.state);
    cr_expect_eq(play_admit_evidence(&play, votes(ROTA_VOTE_COMMIT, 3, 0, 1, 0)), ROTA_OK);
}

Test(schedule_evidence, members_and_epochs_that_are_not_ours_are_not_ordered)
{
    struct rota_evidence *evidence = votes(ROTA_VOTE_PREPARE, 0, 0, 1, 0);
    evidence->member = 4;
    cr_expect_eq(play_admit_evidence(&play, rota_evidence_retain(evidence)), ROTA_UNKNOWN_KEY);
    evidence->member = 3;
    evidence->epoch = 1;
    cr_expect_eq(play_admit_evidence(&play, rota_evidence_retain(evidence)), ROTA_WRONG_LEDGER);
    evidence->epoch = 0;
    cr_expect_eq(play_admit_evidence(&play, evidence), ROTA_OK);
}

/* Seventeen pieces are one too many, and a quarter of the bytes is the most that they may take together. */
Test(schedule_evidence, fills_only_a_part_of_a_block)
{
    struct rota_entry entries[17];
    struct rota_outcomes outcomes;
    uint32_t bad = 0;
    for (uint32_t i = 0; i < 17; i++)
        entries[i] = fixture_entry_of_evidence(votes(ROTA_VOTE_PREPARE, 2, 0, i + 1, 0));
    cr_expect_eq(play_block(&play, &outcomes, &bad, entries, 17).code, ROTA_REFUSED);
    cr_expect_eq(bad, 16);
    struct rota_limits *limits = &play.state->epochs[0]->limits;
    limits->block_bytes_max = (uint32_t)(4 * (2 * entries[0].evidence->len));
    cr_expect_eq(play_block(&play, &outcomes, &bad, entries, 3).code, ROTA_REFUSED);
    cr_expect_eq(bad, 2);
    limits->block_bytes_max = 4; /* one that is too large stands alone */
    cr_expect_eq(play_block(&play, &outcomes, &bad, entries, 2).code, ROTA_REFUSED);
    cr_expect_eq(bad, 1);
    cr_expect_eq(play_block(&play, &outcomes, &bad, entries, 1).code, ROTA_OK);
    rota_outcomes_free(&outcomes);
    for (uint32_t i = 0; i < 17; i++)
        rota_entry_release(&entries[i]);
}
