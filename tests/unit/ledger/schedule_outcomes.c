/* Every outcome code, and beside each refusal the nearest thing that is accepted. */
#include "schedule_play.h"

#include <stdlib.h>

static struct play play;

static void start(void)
{
    play_start(&play);
}

static void end(void)
{
    play_end(&play);
}

TestSuite(schedule_outcomes, .init = start, .fini = end);

Test(schedule_outcomes, a_scheduler_assigns_at_their_own_facility)
{
    cr_expect_eq(play_code(&play, "alpha-scheduler", OPS(OP_DAY)), ROTA_OUTCOME_OK);
}

Test(schedule_outcomes, a_proposal_expires_after_its_last_height_and_not_at_it)
{
    struct fixture_payload payload = {.author = "alpha-scheduler", .seq = 1, .exp = 1, .ops = OPS(OP_DAY)};
    cr_expect_eq(play_propose(&play, &payload).ops[0].code, ROTA_OUTCOME_OK);
    payload = (struct fixture_payload){.author = "bravo-scheduler",
                                       .seq = 1,
                                       .exp = 1,
                                       .ops = OPS(OP_ASSIGN("p-2", "DAY", "bravo", "2026-12-25T08:00Z", 480))};
    cr_expect_eq(play_propose(&play, &payload).ops[0].code, ROTA_OUTCOME_EXPIRED);
}

Test(schedule_outcomes, expiry_comes_before_suspension_and_suspension_before_revocation)
{
    struct fixture_payload payload = {.author = "alpha-scheduler", .seq = 9, .exp = 1, .ops = OPS(OP_DAY)};
    cr_expect_eq(play_code_of(&play, "alpha-director", play_revoke("alpha-scheduler")), ROTA_OUTCOME_OK);
    cr_expect_eq(play_code(&play, "alpha-scheduler", OPS(OP_DAY)), ROTA_OUTCOME_KEY_REVOKED);
    cr_assert_eq(play_accuse(&play, fixture_coordinator_evidence(&play.genesis, "alpha-scheduler", 50)), ROTA_OK);
    cr_expect_eq(play_code(&play, "alpha-scheduler", OPS(OP_DAY)), ROTA_OUTCOME_KEY_SUSPENDED);
    cr_expect_eq(play_propose(&play, &payload).ops[0].code, ROTA_OUTCOME_EXPIRED);
}

Test(schedule_outcomes, a_stale_expectation_refuses_every_operation_and_says_which)
{
    cr_assert_eq(play_code(&play, "alpha-scheduler", OPS(OP_DAY)), ROTA_OUTCOME_OK);
    struct fixture_payload payload = {
        .author = "alpha-scheduler",
        .seq = 20,
        .ops = OPS(OP_ASSIGN("p-1", "DAY", "alpha", "2026-12-25T18:00Z", 60) "," OP_ASSIGN("p-2", "DAY", "alpha",
                                                                                           "2026-12-25T18:00Z", 60)),
        .expect =
            "[{\"person\":\"p-2\",\"day\":\"2026-12-25\",\"rev\":0},{\"person\":\"p-1\",\"day\":\"2026-12-25\",\"rev\":7}]"};
    struct play_result stale = play_propose(&play, &payload);
    static const uint8_t detail[] = {0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 7};
    cr_assert_eq(stale.count, 2);
    for (uint32_t i = 0; i < 2; i++) {
        cr_expect_eq(stale.ops[i].code, ROTA_OUTCOME_STALE_REVISION);
        cr_assert_eq(stale.ops[i].detail_len, sizeof detail);
        cr_expect_arr_eq(stale.ops[i].detail, detail, sizeof detail);
    }
    payload.seq = 21;
    payload.expect =
        "[{\"person\":\"p-2\",\"day\":\"2026-12-25\",\"rev\":0},{\"person\":\"p-1\",\"day\":\"2026-12-25\",\"rev\":1}]";
    struct play_result fresh = play_propose(&play, &payload);
    cr_expect_eq(fresh.ops[0].code, ROTA_OUTCOME_OK);
    cr_expect_eq(fresh.ops[1].code, ROTA_OUTCOME_OK);
}

Test(schedule_outcomes, each_operation_needs_its_role)
{
    cr_expect_eq(play_code(&play, "alpha-director", OPS(OP_DAY)), ROTA_OUTCOME_ROLE_MISSING);
    cr_expect_eq(play_code(&play, "alpha-scheduler", OPS(OP_ENROL("p-9", "alpha"))), ROTA_OUTCOME_ROLE_MISSING);
    cr_expect_eq(play_code(&play, "alpha-scheduler", OPS(OP_DEFINE("CALL"))), ROTA_OUTCOME_ROLE_MISSING);
    cr_expect_eq(play_code_of(&play, "alpha-scheduler", play_revoke("alpha-director")), ROTA_OUTCOME_ROLE_MISSING);
    cr_expect_eq(play_code_of(&play, "alpha-scheduler", play_grant("new", "alpha", "\"scheduler\"")),
                 ROTA_OUTCOME_ROLE_MISSING);
    struct play_result made = play_do(&play, "alpha-both", OPS(OP_DAY "," OP_ENROL("p-9", "alpha") "," OP_DEFINE("CALL")));
    for (uint32_t i = 0; i < 3; i++)
        cr_expect_eq(made.ops[i].code, ROTA_OUTCOME_OK);
    cr_expect_eq(play_code_of(&play, "alpha-director", play_unassign(&made, 0)), ROTA_OUTCOME_ROLE_MISSING);
    cr_expect_eq(play_code_of(&play, "alpha-scheduler", play_unassign(&made, 0)), ROTA_OUTCOME_OK);
}

Test(schedule_outcomes, nobody_touches_another_facility)
{
    cr_expect_eq(play_code(&play, "bravo-scheduler", OPS(OP_DAY)), ROTA_OUTCOME_WRONG_FACILITY);
    struct play_result made = play_do(&play, "alpha-scheduler", OPS(OP_DAY));
    cr_expect_eq(play_code_of(&play, "bravo-scheduler", play_unassign(&made, 0)), ROTA_OUTCOME_WRONG_FACILITY);
    cr_expect_eq(play_code(&play, "bravo-director", OPS(OP_ENROL("p-9", "alpha"))), ROTA_OUTCOME_WRONG_FACILITY);
    cr_expect_eq(play_code_of(&play, "bravo-director", play_grant("new", "alpha", "\"director\"")),
                 ROTA_OUTCOME_WRONG_FACILITY);
    cr_expect_eq(play_code_of(&play, "bravo-director", play_revoke("alpha-scheduler")), ROTA_OUTCOME_WRONG_FACILITY);
    cr_expect_eq(play_code(&play, "bravo-director", OPS(OP_ENROL("p-9", "bravo"))), ROTA_OUTCOME_OK);
}

Test(schedule_outcomes, what_an_operation_names_must_exist)
{
    cr_expect_eq(play_code(&play, "alpha-scheduler", OPS(OP_ASSIGN("p-77", "DAY", "alpha", "2026-12-25T08:00Z", 1))),
                 ROTA_OUTCOME_UNKNOWN_PERSON);
    cr_expect_eq(play_code(&play, "alpha-scheduler", OPS(OP_ASSIGN("p-1", "day", "alpha", "2026-12-25T08:00Z", 1))),
                 ROTA_OUTCOME_UNKNOWN_CODE);
    cr_expect_eq(play_code(&play, "alpha-scheduler", OPS(OP_ASSIGN("p-1", "DAY", "echo", "2026-12-25T08:00Z", 1))),
                 ROTA_OUTCOME_UNKNOWN_FACILITY);
    cr_expect_eq(play_code(&play, "alpha-director", OPS(OP_ENROL("p-9", "echo"))), ROTA_OUTCOME_UNKNOWN_FACILITY);
    cr_expect_eq(play_code_of(&play, "alpha-director", play_grant("new", "echo", "\"director\"")),
                 ROTA_OUTCOME_UNKNOWN_FACILITY);
    cr_expect_eq(play_code(&play, "alpha-scheduler", OPS(OP_UNASSIGN("00000000000000000000000000000000"))),
                 ROTA_OUTCOME_UNKNOWN_ASSIGNMENT);
    cr_expect_eq(play_code_of(&play, "alpha-director", play_revoke("nobody")), ROTA_OUTCOME_UNKNOWN_KEY);
    cr_expect_eq(play_code(&play, "alpha-scheduler", OPS(OP_ASSIGN("p-1", "DAY", "alpha", "2026-12-25T08:00Z", 1))),
                 ROTA_OUTCOME_OK);
}

Test(schedule_outcomes, people_codes_and_keys_are_made_once)
{
    cr_expect_eq(play_code(&play, "alpha-director", OPS(OP_ENROL("p-9", "alpha"))), ROTA_OUTCOME_OK);
    cr_expect_eq(play_code(&play, "bravo-director", OPS(OP_ENROL("p-9", "bravo"))), ROTA_OUTCOME_EXISTS);
    cr_expect_eq(play_code(&play, "alpha-director", OPS(OP_DEFINE("CALL"))), ROTA_OUTCOME_OK);
    cr_expect_eq(play_code(&play, "bravo-director", OPS(OP_DEFINE("CALL"))), ROTA_OUTCOME_EXISTS);
    cr_expect_eq(play_code_of(&play, "alpha-director", play_grant("new", "alpha", "\"scheduler\"")), ROTA_OUTCOME_OK);
    cr_expect_eq(play_code_of(&play, "bravo-director", play_grant("new", "bravo", "\"scheduler\"")), ROTA_OUTCOME_EXISTS);
}

Test(schedule_outcomes, what_was_ended_is_not_ended_again)
{
    struct play_result made = play_do(&play, "alpha-scheduler", OPS(OP_DAY));
    cr_expect_eq(play_code_of(&play, "alpha-scheduler", play_unassign(&made, 0)), ROTA_OUTCOME_OK);
    cr_expect_eq(play_code_of(&play, "alpha-scheduler", play_unassign(&made, 0)), ROTA_OUTCOME_NOT_ACTIVE);
    cr_expect_eq(play_code_of(&play, "alpha-director", play_revoke("alpha-both")), ROTA_OUTCOME_OK);
    cr_expect_eq(play_code_of(&play, "alpha-director", play_revoke("alpha-both")), ROTA_OUTCOME_NOT_ACTIVE);
}

Test(schedule_outcomes, a_granted_key_signs_from_the_next_block_on)
{
    char *grant = play_grant("new", "alpha", "\"scheduler\"");
    struct fixture_payload first = {.author = "alpha-director", .seq = 1, .ops = grant};
    struct fixture_payload second = {.author = "new", .seq = 1, .ops = OPS(OP_DAY)};
    struct rota_entry entries[] = {fixture_entry_of_proposal(fixture_proposal(&play.genesis, &first)),
                                   fixture_entry_of_proposal(fixture_proposal(&play.genesis, &second))};
    uint32_t bad = 0;
    cr_expect_eq(play_block(&play, NULL, &bad, entries, 2).code, ROTA_REFUSED);
    cr_expect_eq(bad, 1);
    cr_expect_eq(rota_state_depth(play.state), 0);
    cr_expect_eq(play_block(&play, NULL, &bad, entries, 1).code, ROTA_OK);
    cr_expect_eq(play_block(&play, NULL, &bad, entries + 1, 1).code, ROTA_OK);
    rota_entry_release(&entries[0]);
    rota_entry_release(&entries[1]);
    free(grant);
}

Test(schedule_outcomes, a_revoked_key_is_refused_but_still_ordered)
{
    cr_assert_eq(play_code(&play, "alpha-scheduler", OPS(OP_DAY)), ROTA_OUTCOME_OK);
    cr_assert_eq(play_code_of(&play, "alpha-director", play_revoke("alpha-scheduler")), ROTA_OUTCOME_OK);
    cr_expect_eq(play_coordinator(&play, "alpha-scheduler").revoked_at, 2);
    cr_expect_eq(play_code(&play, "alpha-scheduler", OPS(OP_DAY)), ROTA_OUTCOME_KEY_REVOKED);
    cr_expect_eq(play_coordinator(&play, "alpha-scheduler").seq_highest, play.seq);
}

Test(schedule_outcomes, a_director_who_revokes_their_own_key_finishes_the_proposal)
{
    struct rota_kid kid = fixture_kid("alpha-director");
    char hex[ROTA_KID_CHARS + 1], *ops = NULL;
    rota_hex_encode(hex, rota_view(kid.b, sizeof kid.b));
    cr_assert(asprintf(&ops, "[{\"op\":\"coordinator.revoke\",\"kid\":\"%s\"}," OP_DEFINE("CALL") "]", hex) > 0);
    struct play_result result = play_do(&play, "alpha-director", ops);
    cr_expect_eq(result.ops[0].code, ROTA_OUTCOME_OK);
    cr_expect_eq(result.ops[1].code, ROTA_OUTCOME_OK);
    cr_expect_eq(play_code(&play, "alpha-director", OPS(OP_DEFINE("CALL2"))), ROTA_OUTCOME_KEY_REVOKED);
    free(ops);
}

Test(schedule_outcomes, a_refused_operation_does_not_stop_the_next_one)
{
    struct play_result result = play_do(
        &play, "alpha-scheduler", OPS(OP_DAY "," OP_DAY "," OP_ASSIGN("p-2", "DAY", "alpha", "2026-12-25T08:00Z", 480)));
    cr_expect_eq(result.ops[0].code, ROTA_OUTCOME_OK);
    cr_expect_eq(result.ops[1].code, ROTA_OUTCOME_OVERLAP);
    cr_expect_eq(result.ops[2].code, ROTA_OUTCOME_OK);
    cr_expect_eq(result.ops[1].detail_len, ROTA_HASH_BYTES);
    cr_expect_arr_eq(result.ops[1].detail, result.id.b, ROTA_HASH_BYTES);
    cr_expect_eq(result.ops[0].detail_len, 0);
}
