/* Records: their bytes, their signatures, where they may stand, and what the ledger file and the audit make of them. */
#include "audit_spoil.h"
#include "ledger/audit/recoveries.h"
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

TestSuite(record, .init = start, .fini = end);

static enum rota_code parse_code(const uint8_t *bytes, size_t len)
{
    struct rota_record *record = NULL;
    struct rota_status status = rota_record_parse(&record, rota_view(bytes, len));
    rota_record_release(record);
    return status.code;
}

Test(record, reads_back_and_nothing_else_does)
{
    struct rota_record *anchor = fixture_anchor(&play.genesis, 5, 1), *again = NULL;
    cr_assert(rota_is_ok(rota_record_parse(&again, rota_view(anchor->bytes, anchor->len))));
    cr_expect_eq(again->anchor.view, 5);
    cr_expect(rota_hash_equal(&again->id, &anchor->id));
    rota_record_release(again);
    uint8_t bytes[ROTA_RECORD_BYTES_MAX + 1] = {0};
    memcpy(bytes, anchor->bytes, anchor->len);
    for (size_t len = 0; len < anchor->len; len++)
        cr_expect_eq(parse_code(bytes, len), ROTA_MALFORMED);
    cr_expect_eq(parse_code(bytes, anchor->len + 1), ROTA_MALFORMED);
    cr_expect_eq(parse_code(bytes, sizeof bytes), ROTA_TOO_LARGE);
    memset(bytes + 5, 0, 8); /* view 0 */
    cr_expect_eq(parse_code(bytes, anchor->len), ROTA_MALFORMED);
    for (unsigned kind = 0; kind < 256; kind++) {
        bytes[0] = (uint8_t)kind;
        cr_expect_neq(parse_code(bytes, anchor->len), ROTA_OK);
    }
    rota_record_release(anchor);
}

/* FORMATS §8.2, written here by hand. */
Test(record, a_recovered_is_these_bytes_and_has_no_impossible_number)
{
    static const uint8_t none[8] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, zero[8];
    struct rota_record *record = fixture_recovered(&play.genesis, 2, 7, 3), *again = NULL;
    static const uint8_t front[] = {2, 0, 0, 0, 0, 0, 0, 0,    2, 0, 0, 0, 0, 0, 0, 0, 7,
                                    0, 0, 0, 0, 0, 0, 3, 0xef, 0, 0, 0, 0, 0, 0, 0, 3};
    cr_assert_eq(record->len, sizeof front + ROTA_SIGNATURE_BYTES);
    cr_expect_eq(memcmp(record->bytes, front, sizeof front), 0);
    cr_assert(rota_is_ok(rota_record_parse(&again, rota_view(record->bytes, record->len))));
    cr_expect(again->recovered.member == 2 && again->recovered.floor == 7 && again->recovered.run == 1007 &&
              again->recovered.view == 3);
    rota_record_release(again);
    uint8_t bytes[ROTA_RECORD_BYTES_MAX];
    struct {
        size_t at;
        const uint8_t *number;
    } impossible[] = {{9, zero}, {9, none}, {25, none}};
    for (size_t i = 0; i < sizeof impossible / sizeof impossible[0]; i++) {
        memcpy(bytes, record->bytes, record->len);
        memcpy(bytes + impossible[i].at, impossible[i].number, 8);
        cr_expect_eq(parse_code(bytes, record->len), ROTA_MALFORMED, "%zu", i);
    }
    rota_record_release(record);
}

Test(record, a_recovered_is_signed_by_the_member_that_it_names)
{
    struct rota_record *good = fixture_recovered(&play.genesis, 2, 7, 3), *bad = NULL;
    cr_expect_eq(rota_record_verify(good, &play.genesis.membership).code, ROTA_OK);
    for (uint32_t i = 0; i < 6; i++) {
        struct rota_recovered recovered = good->recovered;
        recovered.epoch += i == 0;
        recovered.member = i == 1 ? 1 : i == 2 ? play.genesis.membership.count : recovered.member;
        recovered.floor += i == 3;
        recovered.run += i == 4;
        recovered.view += i == 5;
        cr_assert(rota_is_ok(rota_record_of_recovered(&bad, &recovered)));
        cr_expect_eq(rota_record_verify(bad, &play.genesis.membership).code,
                     i == 0   ? ROTA_WRONG_LEDGER
                     : i == 2 ? ROTA_UNKNOWN_KEY
                              : ROTA_BAD_SIGNATURE,
                     "%u", i);
        rota_record_release(bad);
    }
    rota_record_release(good);
}

Test(record, anchor_is_signed_by_the_primary_of_its_view)
{
    struct rota_record *good = fixture_anchor(&play.genesis, 5, 1), *bad = NULL;
    cr_expect_eq(rota_record_verify(good, &play.genesis.membership).code, ROTA_OK);
    struct rota_anchor anchor = good->anchor;
    anchor.view = 9; /* the same primary, another view */
    cr_assert(rota_is_ok(rota_record_of_anchor(&bad, &anchor)));
    cr_expect_eq(rota_record_verify(bad, &play.genesis.membership).code, ROTA_BAD_SIGNATURE);
    rota_record_release(bad);
    anchor = good->anchor;
    anchor.nv.b[0] ^= 1;
    cr_assert(rota_is_ok(rota_record_of_anchor(&bad, &anchor)));
    cr_expect_eq(rota_record_verify(bad, &play.genesis.membership).code, ROTA_BAD_SIGNATURE);
    rota_record_release(bad);
    anchor = good->anchor;
    anchor.epoch = 1;
    cr_assert(rota_is_ok(rota_record_of_anchor(&bad, &anchor)));
    cr_expect_eq(rota_record_verify(bad, &play.genesis.membership).code, ROTA_WRONG_LEDGER);
    rota_record_release(bad);
    rota_record_release(good);
}

/* Takes the reference. */
static enum rota_code block_of(struct rota_record *record)
{
    struct rota_entry entry = fixture_entry_of_record(record);
    struct rota_outcomes outcomes;
    uint32_t bad;
    enum rota_code code = play_block(&play, &outcomes, &bad, &entry, 1).code;
    if (code == ROTA_OK)
        rota_outcomes_free(&outcomes);
    rota_entry_release(&entry);
    return code;
}

static enum rota_code record_alone(uint64_t view, uint32_t salt)
{
    return block_of(fixture_anchor(&play.genesis, view, salt));
}

Test(record, anchors_rise_and_what_is_taken_back_is_gone)
{
    struct rota_anchored last;
    cr_expect_not(rota_state_anchored(&last, play.state, 0));
    cr_expect_eq(record_alone(3, 1), ROTA_OK);
    cr_expect_eq(record_alone(3, 2), ROTA_REFUSED);
    cr_expect_eq(record_alone(2, 1), ROTA_REFUSED);
    cr_expect_eq(record_alone(4, 7), ROTA_OK);
    cr_assert(rota_state_anchored(&last, play.state, 0));
    cr_expect_eq(last.view, 4);
    cr_expect_eq(last.nv.b[0], 7);
    rota_state_undo(play.state);
    cr_assert(rota_state_anchored(&last, play.state, 0));
    cr_expect_eq(last.view, 3);
}

/* PROTOCOL H7 */
Test(record, floors_rise_and_what_is_taken_back_is_gone)
{
    struct rota_floors floors;
    rota_state_floors(&floors, play.state, 0);
    cr_expect_eq(floors.floor[2], 0);
    cr_expect_eq(block_of(fixture_recovered(&play.genesis, 2, 4, 1)), ROTA_OK);
    cr_expect_eq(block_of(fixture_recovered(&play.genesis, 2, 4, 9)), ROTA_REFUSED);
    cr_expect_eq(block_of(fixture_recovered(&play.genesis, 2, 3, 9)), ROTA_REFUSED);
    cr_expect_eq(block_of(fixture_recovered(&play.genesis, 1, 1, 0)), ROTA_OK, "another member's");
    cr_expect_eq(block_of(fixture_recovered(&play.genesis, 2, 9, 5)), ROTA_OK);
    rota_state_floors(&floors, play.state, 0);
    cr_expect(floors.floor[1] == 1 && floors.floor[2] == 9 && floors.run[2] == 1009);
    rota_state_undo(play.state);
    rota_state_floors(&floors, play.state, 0);
    cr_expect(floors.floor[2] == 4 && floors.run[2] == 1004);
    rota_state_floors(&floors, play.state, 1);
    cr_expect_eq(floors.floor[2], 0, "another epoch's");
}

Test(record, a_block_holds_one_recovered_of_a_member)
{
    struct rota_entry entries[] = {fixture_entry_of_record(fixture_recovered(&play.genesis, 2, 4, 1)),
                                   fixture_entry_of_record(fixture_recovered(&play.genesis, 3, 4, 1)),
                                   fixture_entry_of_record(fixture_recovered(&play.genesis, 2, 5, 1))};
    struct rota_outcomes outcomes;
    uint32_t bad = 9;
    cr_expect_eq(play_block(&play, &outcomes, &bad, entries, 3).code, ROTA_REFUSED);
    cr_expect_eq(bad, 2);
    cr_expect_eq(play_block(&play, &outcomes, &bad, entries, 2).code, ROTA_OK);
    rota_outcomes_free(&outcomes);
    for (uint32_t i = 0; i < 3; i++)
        rota_entry_release(&entries[i]);
}

Test(record, stands_in_front)
{
    struct rota_entry entries[] = {
        fixture_entry_of_evidence(fixture_vote_evidence(&play.genesis, ROTA_VOTE_COMMIT, 1, 2, 3, 1)),
        fixture_entry_of_record(fixture_anchor(&play.genesis, 3, 1))};
    struct rota_outcomes outcomes;
    uint32_t bad = 9;
    cr_expect_eq(play_block(&play, &outcomes, &bad, entries, 2).code, ROTA_REFUSED);
    cr_expect_eq(bad, 1);
    struct rota_entry turned[] = {entries[1], entries[0]};
    cr_assert_eq(play_block(&play, &outcomes, &bad, turned, 2).code, ROTA_OK);
    struct rota_op_outcome op;
    uint32_t count = 9;
    cr_expect_eq(outcomes.items[0].record[0], ROTA_ENTRY_RECORD);
    cr_expect(rota_is_ok(rota_outcome_read(&op, &count, 1, rota_view(outcomes.items[0].record, outcomes.items[0].len))));
    cr_expect_eq(count, 0);
    rota_outcomes_free(&outcomes);
    rota_entry_release(&entries[0]);
    rota_entry_release(&entries[1]);
}

/* ---- in the ledger file --------------------------------------------------------------------------------------------- */

static void file_with_record(struct maker *maker, const char *name)
{
    maker_begin(maker, name);
    struct rota_entry first[] = {fixture_entry_of_record(fixture_anchor(&maker->genesis, 6, 9)),
                                 fixture_entry_of_record(fixture_recovered(&maker->genesis, 2, 4, 5)),
                                 maker_proposal(maker, "alpha-director", 1, "[{\"op\":\"code.define\",\"code\":\"LATE\"}]")};
    maker_add(maker, first, 3, 0x7);
}

Test(record, is_kept_and_read_back)
{
    struct maker maker;
    struct rota_block *block = NULL;
    file_with_record(&maker, "record");
    cr_assert(rota_is_ok(rota_store_block(&block, maker.store, 1)));
    cr_assert_eq(block->entries[0].kind, ROTA_ENTRY_RECORD);
    cr_expect_eq(block->entries[0].record->anchor.view, 6);
    cr_assert_eq(block->entries[1].kind, ROTA_ENTRY_RECORD);
    cr_expect_eq(block->entries[1].record->recovered.floor, 4);
    cr_expect(rota_hash_equal(&block->hash, &maker.hashes[1]));
    rota_block_release(block);
    rota_store_close(maker.store);
    maker.store = NULL;
    struct rota_audit_report report;
    struct rota_audit_options options = {.path = maker.path, .genesis = rota_view(maker.genesis.bytes, maker.genesis.len)};
    rota_audit_run(&report, &options);
    cr_expect_eq(report.verdict, ROTA_VERDICT_VALID_UNANCHORED);
    cr_expect_eq(report.records, 2);
    cr_assert_eq(report.recovery_count, 1);
    cr_expect_str_eq(report.recoveries[0].text,
                     "facility charlie had lost its memory, and came back in its run 4 past view 5");
    cr_expect(report.recoveries[0].height == 1 && report.recoveries[0].leaf_index == 1);
    rota_audit_report_free(&report);
    maker_end(&maker);
}

/* PROTOCOL E4, for tools that look at evidence with a ledger file beside it. */
Test(record, a_ledger_file_tells_whose_hidden_lock_was_a_loss_of_memory)
{
    struct maker maker;
    struct rota_epoch_chain epochs = {0};
    struct rota_placed_recoveries recoveries = {0};
    file_with_record(&maker, "excused");
    cr_assert(rota_is_ok(rota_epoch_chain_of_ledger(&epochs, &maker.genesis, maker.store)));
    cr_assert(rota_is_ok(rota_placed_recoveries_of_ledger(&recoveries, &epochs, maker.store)));
    cr_assert_eq(recoveries.count, 1);
    struct rota_evidence evidence = {
        .kind = ROTA_EVIDENCE_HIDDEN_LOCK, .member = 2, .view = 9, .height = 2, .incarnation = 3};
    cr_expect(rota_placed_recoveries_excuse(&recoveries, &evidence));
    struct rota_evidence other = evidence;
    other.height = 1;
    cr_expect_not(rota_placed_recoveries_excuse(&recoveries, &other), "it voted before the record was in the ledger");
    other = evidence;
    other.incarnation = 4;
    cr_expect_not(rota_placed_recoveries_excuse(&recoveries, &other), "the run that came back said it itself");
    other = evidence;
    other.member = 1;
    cr_expect_not(rota_placed_recoveries_excuse(&recoveries, &other), "another member");
    other = evidence;
    other.epoch = 1;
    cr_expect_not(rota_placed_recoveries_excuse(&recoveries, &other), "another epoch");
    other = evidence;
    other.kind = ROTA_EVIDENCE_DOUBLE_COMMIT;
    cr_expect_not(rota_placed_recoveries_excuse(&recoveries, &other), "nobody forgets that it said two things");
    rota_placed_recoveries_free(&recoveries);
    rota_epoch_chain_free(&epochs);
    maker_end(&maker);
}

/* Everywhere in the record at this leaf. */
static void every_byte_counts(struct maker *maker, int64_t leaf)
{
    sqlite3 *db = spoil_open(maker);
    size_t len = spoil_column_bytes(db, "entry", "record", leaf);
    for (size_t at = 0; at < len; at += 7) {
        struct rota_audit_report report;
        struct rota_audit_options options = {.path = maker->path,
                                             .genesis = rota_view(maker->genesis.bytes, maker->genesis.len)};
        spoil_flip(db, "entry", "record", leaf, at, 0x10);
        spoil_close(db);
        rota_audit_run(&report, &options);
        cr_expect_eq(report.verdict, ROTA_VERDICT_INVALID, "byte %zu", at);
        rota_audit_report_free(&report);
        db = spoil_open(maker);
        spoil_flip(db, "entry", "record", leaf, at, 0x10);
    }
    spoil_close(db);
}

Test(record, audit_finds_every_byte_that_was_changed)
{
    struct maker maker;
    file_with_record(&maker, "spoilt");
    rota_store_close(maker.store);
    maker.store = NULL;
    every_byte_counts(&maker, 0);
    every_byte_counts(&maker, 1);
    maker_end(&maker);
}

static void keep(struct maker *maker, uint32_t epoch, uint64_t view, const char *text)
{
    cr_assert(rota_is_ok(rota_store_begin(maker->store)));
    cr_assert(rota_is_ok(rota_store_keep_new_view(maker->store, epoch, view, rota_view_text(text))));
    cr_assert(rota_is_ok(rota_store_commit(maker->store)));
}

Test(record, new_views_are_kept_in_order_once)
{
    struct maker maker;
    struct rota_store_new_view found;
    file_with_record(&maker, "views");
    keep(&maker, 0, 3, "three");
    keep(&maker, 0, 7, "seven");
    keep(&maker, 0, 7, "other");
    keep(&maker, 0, 5, "five");
    keep(&maker, 1, 2, "next epoch");
    cr_assert(rota_is_ok(rota_store_new_view_after(&found, maker.store, 0, 0)));
    cr_expect_eq(found.view, 3);
    cr_assert(rota_is_ok(rota_store_new_view_after(&found, maker.store, 0, 3)));
    cr_expect_eq(found.view, 7);
    cr_expect(rota_view_equal(found.bytes, rota_view_text("seven")));
    cr_assert(rota_is_ok(rota_store_new_view_after(&found, maker.store, 0, 7)));
    cr_expect_eq(found.epoch, 1);
    cr_expect_eq(found.view, 2);
    cr_expect_eq(rota_store_new_view_after(&found, maker.store, 1, 2).code, ROTA_NOT_FOUND);
    maker_end(&maker);
}
