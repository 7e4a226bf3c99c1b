/* Evidence in the ledger: a coordinator's key is suspended, a member is only named. */
#include "evidence_parts.h"
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

/* ---- E4 of a member that had lost its memory -------------------------------------------------------------------------- */

/* Member 2 said COMMIT at this height of view 3, and its run `incarnation` a VIEW-CHANGE to view 5 that shows nothing. */
static struct rota_evidence *hidden_lock(uint64_t height, uint64_t incarnation)
{
    static struct rota_view_change change;
    struct rota_evidence *evidence = NULL;
    struct rota_hash block = parts_hash((uint32_t)height);
    struct rota_signed_vote commit = parts_vote(&play.genesis, ROTA_VOTE_COMMIT, 2, 3, height, &block);
    change = (struct rota_view_change){.sender = 2, .new_view = 5, .incarnation = incarnation};
    uint8_t preimage[ROTA_VIEW_CHANGE_PREIMAGE_MAX];
    size_t len = rota_view_change_preimage(preimage, &play.genesis.membership, &change);
    fixture_sign(&change.signature, 2, preimage, len);
    cr_assert(rota_is_ok(rota_evidence_of_hidden_lock(&evidence, 0, &commit, &change)));
    cr_assert(rota_is_ok(rota_evidence_verify(evidence, &play.genesis.membership, NULL)));
    return evidence;
}

/* Which row the evidence leaves in the ledger: its table. Takes the reference. */
static uint8_t row_of(struct rota_evidence *evidence)
{
    struct rota_entry entry = fixture_entry_of_evidence(evidence);
    struct rota_outcomes outcomes;
    uint32_t bad;
    cr_assert(rota_is_ok(play_block(&play, &outcomes, &bad, &entry, 1)));
    cr_assert_eq(outcomes.items[0].record[2], 1, "one row");
    uint8_t table = outcomes.items[0].record[3];
    rota_outcomes_free(&outcomes);
    rota_entry_release(&entry);
    return table;
}

static void recovers(uint64_t floor)
{
    struct rota_entry entry = fixture_entry_of_record(fixture_recovered(&play.genesis, 2, floor, 1));
    struct rota_outcomes outcomes;
    uint32_t bad;
    cr_assert(rota_is_ok(play_block(&play, &outcomes, &bad, &entry, 1)));
    rota_outcomes_free(&outcomes);
    rota_entry_release(&entry);
}

/* PROTOCOL E4 */
Test(schedule_evidence, a_member_that_lost_its_memory_and_said_so_is_not_flagged)
{
    recovers(4); /* block 1 */
    recovers(8); /* block 2 */
    struct rota_evidence *again = hidden_lock(9, 3);
    cr_expect(rota_state_is_amnesia(play.state, again));
    cr_expect_eq(row_of(hidden_lock(9, 3)), ROTA_TABLE_AMNESIA);
    cr_expect(rota_state_was_amnesia(play.state, again));
    cr_expect_eq(play_admit_evidence(&play, again), ROTA_EXISTS, "it counts once like any other");
    cr_expect_eq(row_of(hidden_lock(2, 3)), ROTA_TABLE_AMNESIA, "the first RECOVERED above it is the one that counts");
    cr_expect_eq(row_of(hidden_lock(11, 7)), ROTA_TABLE_AMNESIA, "and it is the second for a word in between");
}

Test(schedule_evidence, what_the_record_does_not_cover_is_a_lie)
{
    recovers(4); /* block 1 */
    cr_expect_eq(row_of(hidden_lock(9, 4)), ROTA_TABLE_MEMBER_EVIDENCE, "the run that recovered said it itself");
    cr_expect_eq(row_of(hidden_lock(1, 3)), ROTA_TABLE_MEMBER_EVIDENCE, "it voted before the record was in the ledger");
    cr_expect_eq(row_of(fixture_vote_evidence(&play.genesis, ROTA_VOTE_COMMIT, 2, 3, 9, 1)), ROTA_TABLE_MEMBER_EVIDENCE,
                 "nobody forgets that it said two things");
}

Test(schedule_evidence, evidence_of_amnesia_has_its_part_of_the_limit)
{
    recovers(4);
    for (uint32_t i = 0; i < ROTA_MEMBER_EVIDENCE_MAX; i++)
        cr_assert_eq(row_of(i % 2 ? hidden_lock(100 + i, 3)
                                  : fixture_vote_evidence(&play.genesis, ROTA_VOTE_COMMIT, 2, 3, 200 + i, 1)),
                     i % 2 ? ROTA_TABLE_AMNESIA : ROTA_TABLE_MEMBER_EVIDENCE);
    cr_expect_eq(play_admit_evidence(&play, hidden_lock(300, 3)), ROTA_REFUSED);
}
