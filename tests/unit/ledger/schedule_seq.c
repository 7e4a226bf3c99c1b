/* A seq is used once by its key, inside a window of 256 numbers below the highest. */
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

TestSuite(schedule_seq, .init = start, .fini = end);

static struct fixture_payload with_seq(uint64_t seq)
{
    return (struct fixture_payload){.author = "alpha-scheduler", .seq = seq, .ops = OPS(OP_DAY)};
}

static void use(uint64_t seq)
{
    struct fixture_payload payload = with_seq(seq);
    (void)play_propose(&play, &payload);
}

static enum rota_code admit(uint64_t seq)
{
    struct fixture_payload payload = with_seq(seq);
    return play_admit(&play, &payload);
}

static enum rota_code look_up(uint64_t seq, struct rota_hash *out)
{
    struct rota_kid kid = fixture_kid("alpha-scheduler");
    return rota_state_seq(out, play.state, &kid, seq).code;
}

Test(schedule_seq, zero_is_never_usable_and_one_is_the_first)
{
    struct rota_hash id;
    cr_expect_eq(look_up(0, &id), ROTA_REFUSED);
    cr_expect_eq(look_up(1, &id), ROTA_NOT_FOUND);
    cr_expect_eq(look_up(UINT64_MAX, &id), ROTA_NOT_FOUND);
    cr_expect_eq(admit(1), ROTA_OK);
}

Test(schedule_seq, a_seq_is_used_by_a_refused_proposal_too)
{
    struct rota_hash id;
    struct fixture_payload payload = with_seq(5);
    payload.ops = OPS(OP_DEFINE("CALL"));
    struct play_result refused = play_propose(&play, &payload);
    cr_assert_eq(refused.ops[0].code, ROTA_OUTCOME_ROLE_MISSING);
    cr_expect_eq(look_up(5, &id), ROTA_OK);
    cr_expect(rota_hash_equal(&id, &refused.id));
    cr_expect_eq(play_coordinator(&play, "alpha-scheduler").seq_highest, 5);
}

Test(schedule_seq, the_same_proposal_exists_and_another_with_its_seq_is_refused)
{
    use(5);
    struct fixture_payload other = with_seq(5);
    other.reason = "other";
    cr_expect_eq(admit(5), ROTA_EXISTS);
    cr_expect_eq(play_admit(&play, &other), ROTA_REFUSED);
    cr_expect_eq(admit(4), ROTA_OK);
    cr_expect_eq(admit(6), ROTA_OK);
    other.author = "alpha-both";
    cr_expect_eq(play_admit(&play, &other), ROTA_OK, "another key has its own numbers");
}

Test(schedule_seq, gaps_can_be_filled_down_to_256_below_the_highest)
{
    use(1000);
    cr_expect_eq(admit(743), ROTA_REFUSED);
    cr_expect_eq(admit(744), ROTA_OK);
    cr_expect_eq(admit(999), ROTA_OK);
    use(744);
    cr_expect_eq(admit(744), ROTA_EXISTS);
    cr_expect_eq(play_coordinator(&play, "alpha-scheduler").seq_highest, 1000, "a gap that is filled does not lower it");
}

Test(schedule_seq, the_window_has_its_edge_at_257)
{
    use(256);
    cr_expect_eq(admit(1), ROTA_OK);
    use(257);
    cr_expect_eq(admit(1), ROTA_OK);
    use(258);
    cr_expect_eq(admit(1), ROTA_REFUSED);
    cr_expect_eq(admit(2), ROTA_OK);
}

Test(schedule_seq, a_jump_by_a_thousand_closes_everything_below_the_new_window)
{
    struct rota_hash id;
    for (uint64_t seq = 1; seq <= 20; seq++)
        use(seq);
    use(1020);
    for (uint64_t seq = 1; seq <= 20; seq++)
        cr_expect_eq(look_up(seq, &id), ROTA_REFUSED);
    cr_expect_eq(look_up(764, &id), ROTA_NOT_FOUND);
    cr_expect_eq(look_up(1020, &id), ROTA_OK);
    rota_state_undo(play.state);
    for (uint64_t seq = 1; seq <= 20; seq++)
        cr_expect_eq(look_up(seq, &id), ROTA_OK, "undone: seq %u is back", (unsigned)seq);
}

Test(schedule_seq, the_last_number_there_is_can_be_used)
{
    use((UINT64_C(1) << 53) - 1);
    cr_expect_eq(admit((UINT64_C(1) << 53) - 2), ROTA_OK);
    cr_expect_eq(admit(1), ROTA_REFUSED);
}

Test(schedule_seq, one_block_cannot_hold_one_seq_twice)
{
    struct fixture_payload one = with_seq(1), other = with_seq(1);
    other.reason = "other";
    struct rota_entry entries[] = {fixture_entry_of_proposal(fixture_proposal(&play.genesis, &one)),
                                   fixture_entry_of_proposal(fixture_proposal(&play.genesis, &other))};
    struct rota_hash before = rota_state_digest(play.state), after;
    uint32_t bad = 0;
    cr_expect_eq(play_block(&play, NULL, &bad, entries, 2).code, ROTA_REFUSED);
    cr_expect_eq(bad, 1);
    after = rota_state_digest(play.state);
    cr_expect(rota_hash_equal(&before, &after), "a block that is refused leaves nothing behind");
    rota_entry_release(&entries[0]);
    rota_entry_release(&entries[1]);
}

Test(schedule_seq, unknown_keys_and_other_ledgers_are_not_ordered)
{
    struct fixture_payload payload = with_seq(1);
    struct rota_hash elsewhere = {{1}}, id;
    struct rota_kid nobody = fixture_kid("nobody");
    payload.author = "nobody";
    cr_expect_eq(play_admit(&play, &payload), ROTA_UNKNOWN_KEY);
    payload = with_seq(1);
    payload.ledger = &elsewhere;
    cr_expect_eq(play_admit(&play, &payload), ROTA_WRONG_LEDGER);
    cr_expect_eq(rota_state_seq(&id, play.state, &nobody, 1).code, ROTA_UNKNOWN_KEY);
    cr_expect_eq(admit(1), ROTA_OK);
}
