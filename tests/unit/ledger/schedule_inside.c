/* What only the inside of the schedule shows: rows that sort, days before 1970, and memory that runs out. */
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

TestSuite(schedule_inside, .init = start, .fini = end);

Test(schedule_inside, a_minute_lies_in_one_civil_day_on_both_sides_of_1970)
{
    static const struct {
        int64_t minute;
        int32_t day;
    } cases[] = {{0, 0}, {1439, 0}, {1440, 1}, {-1, -1}, {-1440, -1}, {-1441, -2}, {INT64_C(20812) * 1440 - 1, 20811}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_expect_eq(rota_civil_day(cases[i].minute), cases[i].day, "minute %d", (int)cases[i].minute);
}

Test(schedule_inside, keys_sort_as_the_numbers_in_them_do)
{
    static const int64_t minutes[] = {INT64_MIN, -2880, -1, 0, 1, 255, 256, 29969280, INT64_MAX};
    struct rota_token person = play_token("p-1");
    for (size_t i = 1; i < sizeof minutes / sizeof minutes[0]; i++) {
        struct rota_key below = rota_key_assignments_from(&person, minutes[i - 1]);
        struct rota_key above = rota_key_assignments_from(&person, minutes[i]);
        cr_assert_eq(below.len, above.len);
        cr_expect_lt(memcmp(below.bytes, above.bytes, below.len), 0);
    }
}

Test(schedule_inside, the_rows_of_one_person_do_not_begin_like_those_of_another)
{
    struct rota_token shorter = play_token("p"), longer = play_token("p-1");
    struct rota_key a = rota_key_assignments(&shorter), b = rota_key_assignments(&longer);
    cr_expect(a.len < b.len && memcmp(a.bytes, b.bytes, a.len) != 0);
}

Test(schedule_inside, a_block_that_finds_no_memory_leaves_nothing_behind)
{
    struct fixture_payload payload = {.author = "alpha-scheduler", .seq = 1, .ops = OPS(OP_DAY)};
    struct rota_entry entry = fixture_entry_of_proposal(fixture_proposal(&play.genesis, &payload));
    struct rota_hash before = rota_state_digest(play.state), after;
    uint32_t bad = 0;
    play.state->rows.no_memory = true;
    cr_expect_eq(play_block(&play, NULL, &bad, &entry, 1).code, ROTA_NO_MEMORY);
    cr_expect_eq(bad, UINT32_MAX, "no entry is to blame");
    after = rota_state_digest(play.state);
    cr_expect(rota_hash_equal(&before, &after));
    cr_expect_eq(rota_state_depth(play.state), 0);
    cr_expect_eq(play_block(&play, NULL, &bad, &entry, 1).code, ROTA_OK);
    rota_entry_release(&entry);
}

Test(schedule_inside, an_assignment_id_that_is_taken_is_refused)
{
    struct fixture_payload payload = {.author = "alpha-scheduler", .seq = 1, .ops = OPS(OP_DAY)};
    struct rota_proposal *proposal = fixture_proposal(&play.genesis, &payload);
    struct rota_assignment other = {
        .person = play_token("p-5"), .facility = play_token("bravo"), .code = play_token("DAY"), .minutes = 1};
    play_assignment_id(other.id, &proposal->id, 0);
    rota_table_assignment_add(&play.state->rows, &other);
    struct rota_changes changes = rota_rows_take(&play.state->rows);
    rota_changes_settle(&changes);
    cr_expect_eq(play_propose(&play, &payload).ops[0].code, ROTA_OUTCOME_EXISTS);
    rota_proposal_release(proposal);
}

Test(schedule_inside, the_log_of_a_block_grows_as_long_as_the_block)
{
    struct rota_token person = play_token("p-1");
    struct rota_hash before = rota_state_digest(play.state), after;
    for (uint32_t i = 1; i <= 1000; i++)
        rota_table_revision_put(&play.state->rows, &person, (int32_t)(i % 7), i);
    struct rota_changes changes = rota_rows_take(&play.state->rows);
    cr_expect_eq(changes.count, 1000);
    cr_expect_eq(rota_state_revision(play.state, &person, 6), 1000);
    rota_rows_undo(&play.state->rows, &changes);
    after = rota_state_digest(play.state);
    cr_expect(rota_hash_equal(&before, &after));
    cr_expect_eq(rota_state_revision(play.state, &person, 6), 0);
}
