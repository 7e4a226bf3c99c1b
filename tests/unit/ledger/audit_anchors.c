/* What the auditor brings along: a block's hash, receipts. */
#include "audit_spoil.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define CUT_TAIL \
    "DELETE FROM block WHERE height = 7; DELETE FROM entry WHERE height = 7; DELETE FROM certificate WHERE height = 7"

static void cut_tail(const struct maker *maker)
{
    sqlite3 *db = spoil_open(maker);
    spoil_sql(db, CUT_TAIL);
    spoil_close(db);
}

static void run(struct rota_audit_report *out, const struct maker *maker, uint64_t known_height,
                const struct rota_hash *known, const struct rota_receipt *receipt)
{
    struct rota_audit_options options = {.path = maker->path,
                                         .genesis = rota_view(maker->genesis.bytes, maker->genesis.len),
                                         .known_height = known_height,
                                         .receipt_count = receipt != NULL ? 1 : 0,
                                         .receipts = receipt};
    if (known != NULL)
        options.known_block = *known;
    rota_audit_run(out, &options);
}

static void expect(const struct rota_audit_report *report, enum rota_verdict verdict, const char *check, const char *words)
{
    cr_expect_eq(report->verdict, verdict, "%s", rota_verdict_name(report->verdict));
    if (check == NULL) {
        cr_expect_eq(report->failure_count, 0, "%s", report->failures[0].text);
        return;
    }
    cr_assert_geq(report->failure_count, 1);
    cr_expect_str_eq(report->failures[0].check, check);
    cr_expect_not_null(strstr(report->failures[0].text, words), "%s", report->failures[0].text);
}

Test(audit_anchors, a_known_block_makes_it_valid)
{
    struct maker maker;
    struct rota_audit_report report;
    maker_story(&maker, "known", 0);
    run(&report, &maker, 5, &maker.hashes[5], NULL);
    expect(&report, ROTA_VERDICT_VALID, NULL, "");
    rota_audit_report_free(&report);
    run(&report, &maker, 5, &maker.hashes[4], NULL);
    expect(&report, ROTA_VERDICT_INVALID, "J1", "but the one you know is");
    rota_audit_report_free(&report);
    maker_end(&maker);
}

Test(audit_anchors, a_known_block_beyond_the_end_shows_a_cut)
{
    struct maker maker;
    struct rota_audit_report report;
    maker_story(&maker, "beyond", 0);
    cut_tail(&maker);
    run(&report, &maker, 7, &maker.hashes[7], NULL);
    expect(&report, ROTA_VERDICT_INCOMPLETE, "J1", "ends with block 6");
    cr_expect_eq(report.intact_height, 6);
    rota_audit_report_free(&report);
    maker_end(&maker);
}

Test(audit_anchors, a_receipt_makes_it_valid)
{
    struct maker maker;
    struct rota_audit_report report;
    struct rota_receipt receipt;
    maker_story(&maker, "receipt", 0);
    maker_receipt_read(&receipt, &maker, 3, 3);
    run(&report, &maker, 0, NULL, &receipt);
    expect(&report, ROTA_VERDICT_VALID, NULL, "");
    rota_audit_report_free(&report);
    rota_receipt_free(&receipt);
    maker_receipt_read(&receipt, &maker, 5, 6);
    run(&report, &maker, 0, NULL, &receipt);
    expect(&report, ROTA_VERDICT_VALID, NULL, "");
    rota_audit_report_free(&report);
    rota_receipt_free(&receipt);
    maker_end(&maker);
}

Test(audit_anchors, a_receipt_beyond_the_end_shows_a_cut)
{
    struct maker maker;
    struct rota_audit_report report;
    struct rota_receipt receipt;
    maker_story(&maker, "cut", 0);
    maker_receipt_read(&receipt, &maker, 7, 7);
    cut_tail(&maker);
    run(&report, &maker, 0, NULL, &receipt);
    expect(&report, ROTA_VERDICT_INCOMPLETE, "J2", "receipt 1 proves block 7");
    rota_audit_report_free(&report);
    rota_receipt_free(&receipt);
    maker_end(&maker);
}

/* Two ledgers from one genesis, both certified: whoever signed in both is named. Block 3 was certified by bravo, charlie,
 * delta. */
Test(audit_anchors, a_receipt_of_another_history_names_the_liars)
{
    struct maker maker, other;
    struct rota_audit_report report;
    struct rota_receipt receipt;
    maker_story(&maker, "one", 0);
    maker_story(&other, "two", 1);
    maker_receipt_read(&receipt, &other, 3, 3);
    run(&report, &maker, 0, NULL, &receipt);
    expect(&report, ROTA_VERDICT_EQUIVOCATION, "E4", "bravo, charlie and delta signed both");
    cr_expect_eq(report.failures[0].height, 3);
    rota_audit_report_free(&report);
    rota_receipt_free(&receipt);
    /* Certified further up, and by another three there: only the lines of headers lead to height 5. */
    maker_receipt_read(&receipt, &other, 5, 6);
    run(&report, &maker, 0, NULL, &receipt);
    expect(&report, ROTA_VERDICT_EQUIVOCATION, "E4", "alpha, charlie and delta signed both");
    rota_audit_report_free(&report);
    rota_receipt_free(&receipt);
    maker_end(&other);
    maker_end(&maker);
}

/* Equivocation outweighs damage found elsewhere in the file. */
Test(audit_anchors, two_histories_outweigh_damage)
{
    struct maker maker, other;
    struct rota_audit_report report;
    struct rota_receipt receipt;
    maker_story(&maker, "hurt", 0);
    maker_story(&other, "whole", 1);
    maker_receipt_read(&receipt, &other, 7, 7);
    sqlite3 *db = spoil_open(&maker);
    spoil_flip(db, "entry", "payload", 0, 90, 1);
    spoil_close(db);
    run(&report, &maker, 0, NULL, &receipt);
    expect(&report, ROTA_VERDICT_EQUIVOCATION, "D2", "altered");
    rota_audit_report_free(&report);
    rota_receipt_free(&receipt);
    maker_end(&other);
    maker_end(&maker);
}

/* A receipt that was tampered with accuses nobody. */
Test(audit_anchors, a_broken_receipt_anchors_nothing)
{
    struct maker maker;
    struct rota_audit_report report;
    struct rota_receipt receipt;
    maker_story(&maker, "broken", 0);
    maker_receipt_read(&receipt, &maker, 3, 3);
    receipt.certificate.signatures[0].b[3] ^= 1;
    run(&report, &maker, 0, NULL, &receipt);
    expect(&report, ROTA_VERDICT_INCOMPLETE, "J2", "does not hold by itself");
    cr_expect_eq(report.intact_height, STORY_HEIGHT);
    rota_audit_report_free(&report);
    rota_receipt_free(&receipt);
    maker_end(&maker);
}

Test(audit_anchors, an_anchor_in_a_damaged_file_holds_nothing)
{
    struct maker maker;
    struct rota_audit_report report;
    maker_story(&maker, "damaged", 0);
    sqlite3 *db = spoil_open(&maker);
    spoil_flip(db, "entry", "payload", 0, 90, 1);
    spoil_close(db);
    run(&report, &maker, 5, &maker.hashes[5], NULL);
    expect(&report, ROTA_VERDICT_INVALID, "D2", "altered");
    cr_expect_eq(report.checks[report.check_count - 2].passed, 0, "J1 is not counted");
    rota_audit_report_free(&report);
    maker_end(&maker);
}
