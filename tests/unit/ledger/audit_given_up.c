/* Files and receipts on two sides of a recovery manifest: what was given up, what was a fork, and who is named for it
 * (PROTOCOL M11, E11, FORMATS §14). */
#include "ledger/audit/audit.h"
#include "recovery_story.h"

#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdlib.h>

/* What was certified and given up: no facility lied, and the file is not said to be the whole. */
Test(audit_given_up, a_receipt_of_a_block_that_was_given_up_accuses_nobody)
{
    struct maker lost, maker;
    struct rota_receipt receipt;
    struct rota_audit_report report;
    story_kept(&lost, "manifest-lost", 0xb);
    story_assign(&lost, 3, ASSIGN("08"), 0x7);
    story_close(&lost);
    maker_receipt_read(&receipt, &lost, 3, 3);
    story_recovered(&maker, "manifest-kept", story_survivors, 0xb);
    cr_assert_eq(maker_audit(&report, &maker, &receipt), ROTA_VERDICT_INCOMPLETE);
    cr_assert_str_eq(report.failures[0].check, "J2");
    cr_assert_not_null(strstr(report.failures[0].text, "given up"), "%s", report.failures[0].text);
    rota_audit_report_free(&report);
    rota_receipt_free(&receipt);
    maker_end(&maker);
    maker_end(&lost);
}

/* Two manifests for one epoch: administrators signed both, and they are named; the facilities of either are not. */
Test(audit_given_up, who_approved_of_two_manifests_is_named)
{
    struct maker first, second;
    struct rota_receipt receipt;
    struct rota_audit_report report;
    story_recovered(&first, "manifest-one", story_survivors, 0xb);
    story_recovered(&second, "manifest-two", story_others, 0xb);
    maker_receipt_read(&receipt, &second, 4, 5);
    cr_assert_eq(maker_audit(&report, &first, &receipt), ROTA_VERDICT_EQUIVOCATION);
    cr_assert_not_null(strstr(report.failures[0].text, "administrators of bravo, charlie and delta"), "%s",
                       report.failures[0].text);
    rota_audit_report_free(&report);
    rota_receipt_free(&receipt);
    maker_end(&first);
    maker_end(&second);
}

/* Block 3 is honest, and one manifest keeps it while the other one gives it up: no member lied, administrators did. */
static void expect_two_manifests(uint64_t file_height, uint64_t receipt_height)
{
    struct maker file, longer;
    struct rota_receipt receipt;
    struct rota_audit_report report;
    maker_begin(&file, "manifest-keeps-two");
    maker_begin(&longer, "manifest-keeps-three");
    for (uint64_t seq = 1; seq <= 2; seq++)
        story_assign(&file, seq, ASSIGN("01"), 0x7), story_assign(&longer, seq, ASSIGN("01"), 0x7);
    maker_discontinue(&file, story_survivors, 4, 0xe, 0x7);
    story_assign(&longer, 3, ASSIGN("03"), 0x7);
    maker_discontinue(&longer, story_others, 4, 0xe, 0x7);
    for (uint64_t seq = 4; file.height < file_height; seq++)
        story_assign(&file, seq, ASSIGN("04"), 0x7);
    for (uint64_t seq = 4; longer.height < receipt_height; seq++)
        story_assign(&longer, seq, ASSIGN("04"), 0x7);
    story_close(&file);
    story_close(&longer);
    maker_receipt_read(&receipt, &longer, receipt_height, receipt_height);
    cr_expect_eq(maker_audit(&report, &file, &receipt), ROTA_VERDICT_EQUIVOCATION);
    cr_assert_eq(report.failure_count, 1);
    cr_expect_not_null(strstr(report.failures[0].text, "administrators of bravo, charlie and delta signed both"), "%s",
                       report.failures[0].text);
    rota_audit_report_free(&report);
    rota_receipt_free(&receipt);
    maker_end(&file);
    maker_end(&longer);
}

Test(audit_given_up, two_manifests_over_one_history_accuse_no_member)
{
    expect_two_manifests(6, 5);
    expect_two_manifests(4, 5); /* the file ends below the receipt's block */
}

/* The same document with approvals that nobody gave. */
static struct rota_epoch_change *change_unsigned(struct rota_epoch_change *change)
{
    struct rota_epoch_change *forged = NULL;
    struct rota_approval approvals[ROTA_MEMBERS_MAX];
    for (uint32_t i = 0; i < change->approval_count; i++) {
        approvals[i] = change->approvals[i];
        approvals[i].signature.b[0] ^= 1;
    }
    cr_assert(rota_is_ok(rota_epoch_change_new(&forged, change->document, approvals, change->approval_count)));
    rota_epoch_change_release(change);
    return forged;
}

/* Whoever makes such a file has keys of his own for its members. It is no history that anybody could have signed twice. */
Test(audit_given_up, a_manifest_that_nobody_approved_accuses_no_administrator)
{
    struct maker maker, honest;
    struct rota_receipt receipt;
    struct rota_audit_report report;
    story_recovered(&honest, "manifest-honest", story_others, 0xb);
    maker_receipt_read(&receipt, &honest, 4, 5);
    story_kept(&maker, "manifest-unsigned", 0xb);
    const struct rota_epoch *current = rota_state_epoch(maker.state);
    struct rota_discontinuity kept = {2, maker.hashes[2]};
    char *document = fixture_manifest_document(current, story_survivors, 4, "", &kept);
    struct rota_epoch_change *change = change_unsigned(fixture_epoch_change(current, document, 0xe));
    struct rota_membership members = change->next.membership;
    struct rota_entry entry = fixture_entry_of_change(change);
    story_forge_block(&maker, &members, &entry, 1);
    entry = maker_proposal(&maker, "charlie-scheduler", 3, ASSIGN("03"));
    story_forge_block(&maker, &members, &entry, 1);
    story_close(&maker);
    cr_expect_eq(maker_audit(&report, &maker, &receipt), ROTA_VERDICT_INVALID);
    for (uint32_t i = 0; i < report.failure_count; i++)
        cr_expect_null(strstr(report.failures[i].text, "signed both"), "%s", report.failures[i].text);
    rota_audit_report_free(&report);
    rota_receipt_free(&receipt);
    free(document);
    maker_end(&maker);
    maker_end(&honest);
}

/* The history that the manifest gave up: block 3 changes the members, or does not, and there may be a block 4. */
static void lost_story(struct maker *maker, const char *name, bool changes, bool goes_on)
{
    story_kept(maker, name, 0xb);
    if (changes) {
        char *document = fixture_epoch_document(rota_state_epoch(maker->state), story_others, 4, "");
        struct rota_entry entry =
            fixture_entry_of_change(fixture_epoch_change(rota_state_epoch(maker->state), document, 0xe));
        maker_add(maker, &entry, 1, 0x7);
        free(document);
    } else {
        story_assign(maker, 3, ASSIGN("08"), 0x7);
    }
    if (goes_on)
        story_assign(maker, 4, ASSIGN("09"), 0x7);
    story_close(maker);
}

static void expect_given_up(const struct maker *maker, const struct rota_receipt *receipt)
{
    struct rota_audit_report report;
    cr_expect_eq(maker_audit(&report, maker, receipt), ROTA_VERDICT_INCOMPLETE);
    cr_assert_eq(report.failure_count, 1);
    cr_expect_str_eq(report.failures[0].check, "J2");
    cr_expect_not_null(strstr(report.failures[0].text, "given up"), "%s", report.failures[0].text);
    cr_expect_not_null(strstr(report.failures[0].text, "nothing above block 2"), "%s", report.failures[0].text);
    rota_audit_report_free(&report);
}

/* PROTOCOL M11: the file is of the time before the recovery, and the receipt of the time after it. No facility lied. */
Test(audit_given_up, a_file_that_was_given_up_accuses_nobody)
{
    struct maker lost, maker;
    struct rota_receipt receipt;
    story_recovered(&maker, "manifest-after", story_survivors, 0xb);
    maker_receipt_read(&receipt, &maker, 4, 5);
    for (int way = 0; way < 4; way++) {
        lost_story(&lost, "manifest-before", (way & 1) != 0, (way & 2) != 0);
        expect_given_up(&lost, &receipt);
        maker_end(&lost);
    }
    rota_receipt_free(&receipt);
    maker_end(&maker);
}

/* It reaches as far as the manifest, and no further. */
Test(audit_given_up, a_file_that_ends_with_the_kept_block_was_cut)
{
    struct maker lost, maker;
    struct rota_receipt receipt;
    struct rota_audit_report report;
    story_recovered(&maker, "manifest-whole", story_survivors, 0xb);
    maker_receipt_read(&receipt, &maker, 4, 5);
    story_kept(&lost, "manifest-short", 0xb);
    story_close(&lost);
    cr_expect_eq(maker_audit(&report, &lost, &receipt), ROTA_VERDICT_INCOMPLETE);
    cr_expect_not_null(strstr(report.failures[0].text, "cut off"), "%s", report.failures[0].text);
    rota_audit_report_free(&report);
    rota_receipt_free(&receipt);
    maker_end(&lost);
    maker_end(&maker);
}

/* The change of members itself was given up, and the receipt is of the epoch that it began. */
Test(audit_given_up, a_receipt_of_an_epoch_that_was_given_up_accuses_nobody)
{
    struct maker lost, maker;
    struct rota_receipt receipt;
    lost_story(&lost, "manifest-epoch", true, true);
    maker_receipt_read(&receipt, &lost, 4, 4);
    story_recovered(&maker, "manifest-instead", story_survivors, 0xb);
    expect_given_up(&maker, &receipt);
    rota_receipt_free(&receipt);
    maker_end(&maker);
    maker_end(&lost);
}

/* More than f members lied: the file has another block 2 than the one that the manifest keeps, or another block 1 below it,
 * and goes on up to `height`. */
static void forked_story(struct maker *maker, uint64_t parts, uint64_t height, uint32_t kept_signers)
{
    maker_begin(maker, "manifest-forked");
    story_assign(maker, 1, parts == 1 ? ASSIGN("11") : ASSIGN("01"), 0x7);
    story_assign(maker, 2, parts == 2 ? ASSIGN("12") : ASSIGN("02"), kept_signers);
    for (uint64_t seq = 3; seq <= height; seq++)
        story_assign(maker, seq, ASSIGN("13"), 0x7);
    story_close(maker);
}

static void expect_fork(const struct maker *maker, const struct rota_receipt *receipt, const char *words)
{
    struct rota_audit_report report;
    cr_expect_eq(maker_audit(&report, maker, receipt), ROTA_VERDICT_EQUIVOCATION, "%s", rota_verdict_name(report.verdict));
    cr_assert_eq(report.failure_count, 1);
    cr_expect_str_eq(report.failures[0].check, "E4");
    cr_expect_eq(report.failures[0].height, 2);
    cr_expect_not_null(strstr(report.failures[0].text, "two different blocks 2, both certified"), "%s",
                       report.failures[0].text);
    cr_expect_not_null(strstr(report.failures[0].text, words), "%s", report.failures[0].text);
    rota_audit_report_free(&report);
}

/* PROTOCOL M11: a manifest gives up what is above the kept block, and not another block in its place. */
Test(audit_given_up, a_fork_at_or_below_the_kept_block_was_not_given_up)
{
    struct maker forked, maker;
    struct rota_receipt receipt;
    story_recovered(&maker, "manifest-beside", story_survivors, 0xb);
    maker_receipt_read(&receipt, &maker, 4, 5);
    for (uint64_t parts = 1; parts <= 2; parts++) {
        for (uint64_t height = 2; height <= 5; height++) {
            forked_story(&forked, parts, height, 0x7);
            expect_fork(&forked, &receipt, ": alpha and bravo signed both");
            maker_end(&forked);
        }
    }
    forked_story(&forked, 2, 3, 0);
    expect_fork(&forked, &receipt, "in two views: rota forensics finds out who lied");
    maker_end(&forked);
    rota_receipt_free(&receipt);
    maker_end(&maker);
}

/* Who certified both kept blocks, and who approved of both manifests. */
Test(audit_given_up, two_manifests_over_a_fork_name_both_kinds)
{
    struct maker forked, maker;
    struct rota_receipt receipt;
    struct rota_audit_report report;
    story_recovered(&maker, "manifest-left", story_survivors, 0xb);
    maker_receipt_read(&receipt, &maker, 4, 5);
    maker_begin(&forked, "manifest-other");
    story_assign(&forked, 1, ASSIGN("11"), 0x7);
    story_assign(&forked, 2, ASSIGN("12"), 0x7);
    maker_discontinue(&forked, story_others, 4, 0xe, 0x7);
    story_assign(&forked, 4, ASSIGN("14"), 0x7);
    story_close(&forked);
    cr_expect_eq(maker_audit(&report, &forked, &receipt), ROTA_VERDICT_EQUIVOCATION);
    cr_assert_eq(report.failure_count, 2);
    cr_expect_not_null(strstr(report.failures[0].text, "blocks 2, both certified: alpha and bravo signed both"), "%s",
                       report.failures[0].text);
    cr_expect_not_null(strstr(report.failures[1].text, "administrators of bravo, charlie and delta signed both"), "%s",
                       report.failures[1].text);
    rota_audit_report_free(&report);
    rota_receipt_free(&receipt);
    maker_end(&forked);
    maker_end(&maker);
}

/* Block 2 changes the members, and nobody certified anything in their epoch. */
static void story_of_empty_epoch(struct maker *maker, const char *name, uint32_t approvers, uint32_t signers)
{
    maker_begin(maker, name);
    story_assign(maker, 1, ASSIGN("01"), 0x7);
    const struct rota_epoch *current = rota_state_epoch(maker->state);
    char *document = fixture_epoch_document(current, story_others, 4, "");
    struct rota_entry entry = fixture_entry_of_change(fixture_epoch_change(current, document, approvers));
    maker_add(maker, &entry, 1, signers);
    free(document);
}

/* Then the manifest keeps a block that the step before it proves; what it has for a certificate itself proves nothing. */
Test(audit_given_up, a_fork_where_an_empty_epoch_stands_names_who_made_it)
{
    struct maker forked, maker;
    struct rota_receipt receipt;
    story_of_empty_epoch(&maker, "manifest-empty", 0x7, 0x7);
    maker_discontinue(&maker, story_survivors, 4, 0x7, 0x7);
    story_assign(&maker, 4, ASSIGN("04"), 0xb);
    story_close(&maker);
    maker_receipt_read(&receipt, &maker, 4, 4);
    receipt.epochs[1].certificate.signers = 0xe;
    story_of_empty_epoch(&forked, "manifest-empty-too", 0xe, 0xb);
    story_close(&forked);
    expect_fork(&forked, &receipt, ": alpha and bravo signed both");
    rota_receipt_free(&receipt);
    maker_end(&forked);
    maker_end(&maker);
}

/* No quorum stands behind a header that was altered afterwards: whoever gives such a file accuses nobody by it. */
Test(audit_given_up, an_altered_kept_block_is_no_fork)
{
    struct maker lost, maker;
    struct rota_receipt receipt;
    struct rota_audit_report report;
    story_recovered(&maker, "manifest-right", story_survivors, 0xb);
    maker_receipt_read(&receipt, &maker, 4, 5);
    lost_story(&lost, "manifest-altered", false, true);
    story_spoil_blob(&lost, "block", "header", 2, 60, 0x01);
    cr_expect_eq(maker_audit(&report, &lost, &receipt), ROTA_VERDICT_INVALID, "%s", rota_verdict_name(report.verdict));
    cr_expect_str_eq(report.failures[0].check, "C4", "%s", report.failures[0].text);
    rota_audit_report_free(&report);
    rota_receipt_free(&receipt);
    maker_end(&lost);
    maker_end(&maker);
}
