/* Ledgers that lost a quorum and went on: what the audit, the file and receipts show of it (FORMATS §10, §14). */
#include "ledger/audit/audit.h"
#include "recovery_story.h"

#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdlib.h>

Test(audit_discontinuity, it_holds_and_is_shown)
{
    struct maker maker;
    struct rota_audit_report report;
    story_recovered(&maker, "manifest", story_survivors, 0xb);
    cr_assert_eq(maker_audit(&report, &maker, NULL), ROTA_VERDICT_VALID_UNANCHORED, "%s", report.failures[0].text);
    cr_assert_eq(report.height, 5);
    cr_assert_eq(report.epoch_count, 2);
    cr_assert(report.epochs[1].discontinuity && report.epochs[1].from_height == 3 && !report.epochs[0].discontinuity);
    cr_assert_eq(report.discontinuity_count, 1);
    cr_assert(report.discontinuities[0].height == 2 && report.discontinuities[0].epoch == 1);
    cr_assert(rota_hash_equal(&report.discontinuities[0].block, &maker.hashes[2]));
    cr_assert_str_eq(report.discontinuities[0].approved_by, "bravo, charlie and delta");
    rota_audit_report_free(&report);
    maker_end(&maker);
}

/* PROTOCOL M11: no certificate of the new epoch speaks for a block of the old one. */
Test(audit_discontinuity, the_kept_block_has_a_certificate_of_its_own)
{
    struct maker maker;
    struct rota_audit_report report;
    story_recovered(&maker, "manifest-bare", story_survivors, 0);
    cr_assert_eq(maker_audit(&report, &maker, NULL), ROTA_VERDICT_INVALID);
    cr_assert_str_eq(report.failures[0].check, "E1");
    cr_assert_eq(report.failures[0].height, 2);
    rota_audit_report_free(&report);
    maker_end(&maker);
}

/* PROTOCOL E1: what a member did in the epoch that was given up is still its doing. */
Test(audit_discontinuity, evidence_of_the_epoch_before_still_counts)
{
    struct maker maker;
    struct rota_audit_report report;
    maker_begin(&maker, "manifest-evidence");
    story_assign(&maker, 1, ASSIGN("01"), 0x7);
    maker_discontinue(&maker, story_survivors, 4, 0xe, 0x7);
    struct rota_entry evidence = maker_evidence(fixture_vote_evidence(&maker.genesis, ROTA_VOTE_COMMIT, 1, 5, 4, 1));
    maker_add(&maker, &evidence, 1, 0x7);
    story_close(&maker);
    cr_assert_eq(maker_audit(&report, &maker, NULL), ROTA_VERDICT_VALID_UNANCHORED, "%s", report.failures[0].text);
    cr_assert_eq(report.anomaly_count, 1);
    cr_assert_not_null(strstr(report.anomalies[0].text, "bravo"), "%s", report.anomalies[0].text);
    rota_audit_report_free(&report);
    maker_end(&maker);
}

/* A file that ends with block 2, and a manifest on top of it that may be wrong. */
struct forged {
    uint32_t epoch;     /* of the header: 1, or 0 as if the old members had ordered it */
    uint32_t approvers; /* of the manifest */
    uint64_t kept;      /* the height that it keeps */
    bool behind;        /* it stands behind a proposal */
    bool beside;        /* a proposal stands behind it */
};

static void forged_is_found(const struct forged *forged, const char *check, const char *words)
{
    struct maker maker;
    struct rota_audit_report report;
    story_kept(&maker, "manifest-forged", 0xb);
    const struct rota_epoch *current = rota_state_epoch(maker.state);
    struct rota_discontinuity kept = {forged->kept, maker.hashes[2]};
    char *document = fixture_manifest_document(current, story_survivors, 4, "", &kept);
    struct rota_epoch_change *change = fixture_epoch_change(current, document, forged->approvers);
    struct rota_membership members = forged->epoch == 0 ? current->membership : change->next.membership;
    struct rota_entry entries[2], proposal = maker_proposal(&maker, "charlie-scheduler", 3, ASSIGN("03"));
    entries[forged->behind] = fixture_entry_of_change(change);
    entries[!forged->behind] = proposal;
    uint32_t count = forged->behind || forged->beside ? 2 : 1;
    story_forge_block(&maker, &members, entries, count);
    if (count == 1)
        rota_entry_release(&proposal);
    story_close(&maker);
    cr_assert_eq(maker_audit(&report, &maker, NULL), ROTA_VERDICT_INVALID);
    cr_assert_str_eq(report.failures[0].check, check, "%s: %s", report.failures[0].check, report.failures[0].text);
    cr_assert_not_null(strstr(report.failures[0].text, words), "%s", report.failures[0].text);
    cr_assert_eq(report.intact_height, 2);
    rota_audit_report_free(&report);
    free(document);
    maker_end(&maker);
}

/* Every rule of FORMATS §16.3 by itself, each with good certificates around it. */
Test(audit_discontinuity, a_manifest_that_breaks_one_rule_is_named)
{
    forged_is_found(&(struct forged){.epoch = 1, .approvers = 0x6, .kept = 2}, "H2", "two thirds");
    forged_is_found(&(struct forged){.epoch = 1, .approvers = 0x17, .kept = 2}, "H2", "no member");
    forged_is_found(&(struct forged){.epoch = 1, .approvers = 0x7, .kept = 1}, "H2", "another block");
    forged_is_found(&(struct forged){.epoch = 0, .approvers = 0x7, .kept = 2}, "E2", "another epoch");
    forged_is_found(&(struct forged){.epoch = 0, .approvers = 0x7, .kept = 2, .behind = true}, "H2", "no epoch begins");
    forged_is_found(&(struct forged){.epoch = 1, .approvers = 0x7, .kept = 2, .beside = true}, "D13", "nothing else");
}

static void new_view_is_judged(uint8_t kind, uint32_t epoch, uint64_t view, bool fine)
{
    struct maker maker;
    struct rota_audit_report report;
    uint8_t bytes[64] = {0};
    maker_begin(&maker, "manifest-view");
    story_assign(&maker, 1, ASSIGN("01"), 0x7);
    struct rota_writer writer = rota_writer(bytes, sizeof bytes);
    rota_write_u8(&writer, kind);
    rota_write_u32(&writer, epoch);
    rota_write_u32(&writer, 3);
    rota_write_u64(&writer, view);
    cr_assert(rota_is_ok(rota_store_begin(maker.store)) &&
              rota_is_ok(rota_store_keep_new_view(maker.store, 1, 3, rota_view(bytes, writer.len))) &&
              rota_is_ok(rota_store_commit(maker.store)));
    story_close(&maker);
    cr_assert_eq(maker_audit(&report, &maker, NULL), fine ? ROTA_VERDICT_VALID_UNANCHORED : ROTA_VERDICT_INVALID);
    rota_audit_report_free(&report);
    maker_end(&maker);
}

/* The node has begun the epoch, a view was given up there, and no block is agreed on yet. */
Test(audit_discontinuity, a_new_view_may_be_there_before_the_first_block)
{
    new_view_is_judged(6, 1, 3, true);
    new_view_is_judged(6, 0, 3, false);
    new_view_is_judged(6, 1, 4, false);
    new_view_is_judged(5, 1, 3, false);
}

/* For whoever opens the file with sqlite3. */
Test(audit_discontinuity, the_view_of_epochs_shows_it)
{
    struct maker maker;
    sqlite3 *db;
    sqlite3_stmt *rows;
    story_recovered(&maker, "manifest-rows", story_survivors, 0xb);
    cr_assert_eq(sqlite3_open_v2(maker.path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_prepare_v2(db, "SELECT from_height, discontinuity FROM v_epoch ORDER BY epoch", -1, &rows, NULL),
                 SQLITE_OK, "%s", sqlite3_errmsg(db));
    cr_assert_eq(sqlite3_step(rows), SQLITE_ROW);
    cr_assert(sqlite3_column_int(rows, 0) == 1 && sqlite3_column_type(rows, 1) == SQLITE_NULL);
    cr_assert_eq(sqlite3_step(rows), SQLITE_ROW);
    cr_assert_eq(sqlite3_column_int(rows, 0), 3);
    cr_assert_not_null(strstr((const char *)sqlite3_column_text(rows, 1), "\"height\":2"));
    sqlite3_finalize(rows);
    sqlite3_close(db);
    maker_end(&maker);
}

/* Whatever byte of it is changed. */
Test(audit_discontinuity, no_byte_of_the_manifest_can_be_changed)
{
    struct maker maker;
    struct rota_audit_report report;
    story_recovered(&maker, "manifest-bytes", story_survivors, 0xb);
    struct rota_epoch_change *change;
    struct rota_store *store;
    cr_assert(rota_is_ok(rota_store_open(&store, maker.path, &maker.genesis)));
    cr_assert(rota_is_ok(rota_store_change(&change, store, rota_state_epoch(maker.state))));
    rota_store_close(store);
    for (uint64_t at = 0; at < change->len; at += at < change->len - 300 ? 37 : 3) {
        story_spoil_blob(&maker, "entry", "config", 4, at, 0x01);
        cr_assert_eq(maker_audit(&report, &maker, NULL), ROTA_VERDICT_INVALID, "byte %llu", (unsigned long long)at);
        cr_assert_leq(report.intact_height, 2);
        rota_audit_report_free(&report);
        story_spoil_blob(&maker, "entry", "config", 4, at, 0x01);
    }
    cr_assert_eq(maker_audit(&report, &maker, NULL), ROTA_VERDICT_VALID_UNANCHORED);
    rota_audit_report_free(&report);
    rota_epoch_change_release(change);
    maker_end(&maker);
}

/* A receipt leads over the discontinuity, and proves it; one from before still holds. */
Test(audit_discontinuity, receipts_on_both_sides_hold)
{
    struct maker maker;
    struct rota_receipt before, after;
    struct rota_audit_report report;
    story_recovered(&maker, "manifest-receipt", story_survivors, 0xb);
    maker_receipt_read(&before, &maker, 2, 2);
    maker_receipt_read(&after, &maker, 4, 5);
    cr_assert_eq(after.epoch_count, 1);
    struct rota_status status = rota_receipt_verify(&after, &maker.genesis, NULL);
    cr_assert(rota_is_ok(status), "%s", status.why);
    cr_assert_eq(maker_audit(&report, &maker, &after), ROTA_VERDICT_VALID, "%s", report.failures[0].text);
    rota_audit_report_free(&report);
    cr_assert_eq(maker_audit(&report, &maker, &before), ROTA_VERDICT_VALID, "%s", report.failures[0].text);
    rota_audit_report_free(&report);
    after.epochs[0].certificate.signatures[0].b[0] ^= 1;
    cr_assert_eq(rota_receipt_verify(&after, &maker.genesis, NULL).code, ROTA_BAD_SIGNATURE);
    after.epochs[0].certificate.signatures[0].b[0] ^= 1;
    after.epochs[0].change->approvals[0].signature.b[0] ^= 1;
    cr_assert_eq(rota_receipt_verify(&after, &maker.genesis, NULL).code, ROTA_BAD_SIGNATURE);
    after.epochs[0].change->approvals[0].signature.b[0] ^= 1;
    after.epochs[0].header = maker.headers[1];
    cr_assert(!rota_is_ok(rota_receipt_verify(&after, &maker.genesis, NULL)), "a certified block, but not the kept one");
    rota_receipt_free(&before);
    rota_receipt_free(&after);
    maker_end(&maker);
}
