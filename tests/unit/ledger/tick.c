/* TICKs (PROTOCOL T11): their bytes, where they may stand, and what an auditor learns from them. */
#include "audit_spoil.h"
#include "schedule_play.h"

#include <criterion/criterion.h>

static struct play play;

static void start(void)
{
    play_start(&play);
}

static void end(void)
{
    play_end(&play);
}

TestSuite(tick, .init = start, .fini = end);

static struct rota_entry tick_of(uint32_t epoch, uint64_t height)
{
    struct rota_record *record = NULL;
    cr_assert(rota_is_ok(rota_record_of_tick(&record, &(struct rota_tick){epoch, height})));
    return fixture_entry_of_record(record);
}

Test(tick, reads_back_and_nothing_else_does)
{
    static const uint8_t expected[] = {3, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 1, 5};
    struct rota_entry entry = tick_of(2, 261);
    struct rota_record *again = NULL;
    cr_expect(rota_view_equal(rota_entry_bytes(&entry), rota_view(expected, sizeof expected)));
    cr_assert(rota_is_ok(rota_record_parse(&again, rota_entry_bytes(&entry))));
    cr_expect_eq(again->tick.epoch, 2);
    cr_expect_eq(again->tick.height, 261);
    cr_expect(rota_hash_equal(&again->id, &entry.id));
    rota_record_release(again);
    for (size_t len = 0; len < sizeof expected; len++)
        cr_expect_eq(rota_record_parse(&again, rota_view(expected, len)).code, ROTA_MALFORMED);
    static const uint8_t longer[sizeof expected + 1] = {3, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 1, 5, 0};
    static const uint8_t of_no_block[sizeof expected] = {3};
    cr_expect_eq(rota_record_parse(&again, rota_view(longer, sizeof longer)).code, ROTA_MALFORMED);
    cr_expect_eq(rota_record_parse(&again, rota_view(of_no_block, sizeof of_no_block)).code, ROTA_MALFORMED);
    rota_entry_release(&entry);
}

Test(tick, is_due_at_the_millisecond)
{
    cr_expect(rota_tick_may(5000, 4000, 1000));
    cr_expect_not(rota_tick_may(4999, 4000, 1000));
    cr_expect(rota_tick_may(UINT64_MAX, 0, 1000));
    cr_expect_not(rota_tick_may(3999, 4000, 1000), "before its parent");
    cr_expect_not(rota_tick_may(5000, 0, 0), "where there are none");
}

/* The code of the block of these entries, which are released. What is good is taken back. */
static enum rota_code alone(struct rota_entry *entries, uint32_t count, uint32_t *bad)
{
    struct rota_outcomes outcomes;
    enum rota_code code = play_block(&play, &outcomes, bad, entries, count).code;
    if (code == ROTA_OK) {
        rota_outcomes_free(&outcomes);
        rota_state_undo(play.state);
        play.height--;
    }
    for (uint32_t i = 0; i < count; i++)
        rota_entry_release(&entries[i]);
    return code;
}

Test(tick, stands_alone_or_behind_records)
{
    uint32_t bad = 9;
    struct rota_entry by_itself[] = {tick_of(0, 1)};
    cr_expect_eq(alone(by_itself, 1, &bad), ROTA_OK);
    struct rota_entry behind_an_anchor[] = {fixture_entry_of_record(fixture_anchor(&play.genesis, 3, 1)), tick_of(0, 1)};
    cr_expect_eq(alone(behind_an_anchor, 2, &bad), ROTA_OK);
    struct rota_entry before_an_anchor[] = {tick_of(0, 1), fixture_entry_of_record(fixture_anchor(&play.genesis, 3, 1))};
    cr_expect_eq(alone(before_an_anchor, 2, &bad), ROTA_REFUSED);
    cr_expect_eq(bad, 0);
    struct rota_entry twice[] = {tick_of(0, 1), tick_of(0, 1)};
    cr_expect_eq(alone(twice, 2, &bad), ROTA_REFUSED);
    struct rota_entry with_evidence[] = {
        tick_of(0, 1), fixture_entry_of_evidence(fixture_vote_evidence(&play.genesis, ROTA_VOTE_COMMIT, 1, 2, 3, 1))};
    cr_expect_eq(alone(with_evidence, 2, &bad), ROTA_REFUSED);
    struct fixture_payload payload = {
        .author = "alpha-director", .seq = 1, .ops = "[{\"op\":\"code.define\",\"code\":\"LATE\"}]"};
    struct rota_entry with_a_proposal[] = {tick_of(0, 1),
                                           fixture_entry_of_proposal(fixture_proposal(&play.genesis, &payload))};
    cr_expect_eq(alone(with_a_proposal, 2, &bad), ROTA_REFUSED);
    cr_expect_eq(bad, 0);
}

Test(tick, is_of_its_own_block)
{
    uint32_t bad;
    for (uint64_t height = 1; height <= 3; height++) {
        struct rota_entry entry[] = {tick_of(0, height)};
        cr_expect_eq(alone(entry, 1, &bad), height == 1 ? ROTA_OK : ROTA_REFUSED);
    }
    struct rota_entry of_another_epoch[] = {tick_of(1, 1)};
    cr_expect_eq(alone(of_another_epoch, 1, &bad), ROTA_REFUSED);
}

/* ---- in the ledger file --------------------------------------------------------------------------------------------- */

/* A proposal in block 1, then TICKs. */
static void ticking(struct maker *maker, const char *name, uint32_t tick_ms, uint64_t height)
{
    maker_begin_ticking(maker, name, tick_ms);
    struct rota_entry first[] = {maker_proposal(maker, "alpha-director", 1, "[{\"op\":\"code.define\",\"code\":\"LATE\"}]")};
    maker_add(maker, first, 1, 0x7);
    for (uint64_t h = 2; h <= height; h++) {
        struct rota_entry tick[] = {tick_of(0, h)};
        maker_add(maker, tick, 1, 0x7);
    }
    rota_store_close(maker->store);
    maker->store = NULL;
}

static void audit(struct rota_audit_report *out, const struct maker *maker, uint64_t fresh_ms)
{
    struct rota_audit_options options = {
        .path = maker->path, .genesis = rota_view(maker->genesis.bytes, maker->genesis.len), .fresh_ms = fresh_ms};
    rota_audit_run(out, &options);
}

static void expect_audit(const struct maker *maker, uint64_t fresh_ms, const char *check, const char *words)
{
    struct rota_audit_report report;
    audit(&report, maker, fresh_ms);
    enum rota_verdict verdict = check == NULL              ? ROTA_VERDICT_VALID_UNANCHORED
                                : strcmp(check, "J3") == 0 ? ROTA_VERDICT_INCOMPLETE
                                                           : ROTA_VERDICT_INVALID;
    cr_expect_eq(report.verdict, verdict, "%s", report.failures[0].text);
    cr_expect_eq(report.failure_count, check != NULL);
    if (check != NULL && report.failure_count > 0) {
        cr_expect_str_eq(report.failures[0].check, check);
        cr_expect_not_null(strstr(report.failures[0].text, words), "%s", report.failures[0].text);
    }
    rota_audit_report_free(&report);
}

Test(tick, audit_knows_when_one_was_due)
{
    struct maker maker;
    ticking(&maker, "due", 1000, 3);
    struct rota_audit_report report;
    audit(&report, &maker, 0);
    cr_expect_eq(report.verdict, ROTA_VERDICT_VALID_UNANCHORED);
    cr_expect_eq(report.records, 2);
    cr_expect_eq(report.tick_ms, 1000);
    cr_assert_eq(report.epoch_count, 1);
    cr_expect_eq(report.epochs[0].tick_ms, 1000);
    rota_audit_report_free(&report);
    maker_end(&maker);
    ticking(&maker, "early", 1001, 3);
    expect_audit(&maker, 0, "C7", "not old enough");
    maker_end(&maker);
    ticking(&maker, "none", 0, 2);
    expect_audit(&maker, 0, "C7", "not old enough");
    maker_end(&maker);
}

/* The first block may be a TICK, as long after the genesis was made as any other after its parent. */
Test(tick, the_first_block_may_be_one)
{
    struct maker maker;
    maker_begin_ticking(&maker, "first", 86400000);
    struct rota_entry first[] = {tick_of(0, 1)};
    maker_add(&maker, first, 1, 0x7);
    rota_store_close(maker.store);
    maker.store = NULL;
    expect_audit(&maker, 0, NULL, "");
    maker_end(&maker);
}

Test(tick, freshness_is_the_age_of_the_newest_block)
{
    struct maker maker;
    ticking(&maker, "fresh", 1000, 4);
    uint64_t head_ms = maker.headers[4].time_ms, most_ms = rota_audit_fresh_for(1000);
    cr_expect_eq(most_ms, 61250);
    expect_audit(&maker, head_ms + most_ms, NULL, "");
    expect_audit(&maker, head_ms - 100000, NULL, ""); /* its clock is behind */
    expect_audit(&maker, head_ms + most_ms + 1, "J3", "newer blocks were cut off, or the network stood still");
    maker_end(&maker);
}

Test(tick, a_cut_tail_is_not_fresh)
{
    struct maker maker;
    ticking(&maker, "cut", 1000, 4);
    uint64_t at_ms = maker.headers[4].time_ms + rota_audit_fresh_for(1000);
    expect_audit(&maker, at_ms, NULL, "");
    sqlite3 *db = spoil_open(&maker);
    spoil_sql(db,
              "DELETE FROM block WHERE height = 4; DELETE FROM entry WHERE height = 4; DELETE FROM certificate WHERE height "
              "= 4");
    spoil_close(db);
    expect_audit(&maker, 0, NULL, "");
    expect_audit(&maker, at_ms, "J3", "cut off");
    maker_end(&maker);
}

Test(tick, without_them_freshness_cannot_be_judged)
{
    struct maker maker;
    ticking(&maker, "without", 0, 1);
    expect_audit(&maker, maker.headers[1].time_ms + 1, "J3", "has no TICKs");
    maker_end(&maker);
}

Test(tick, an_empty_file_is_as_old_as_its_genesis)
{
    struct maker maker;
    maker_begin_ticking(&maker, "empty", 1000);
    rota_store_close(maker.store);
    maker.store = NULL;
    expect_audit(&maker, maker.genesis.created_ms + rota_audit_fresh_for(1000), NULL, "");
    expect_audit(&maker, maker.genesis.created_ms + rota_audit_fresh_for(1000) + 1, "J3", "cut off");
    maker_end(&maker);
}
