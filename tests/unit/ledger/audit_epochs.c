/* Ledgers whose members changed: the audit, the file, and receipts of later epochs with nothing but the genesis. */
#include "ledger/audit/audit.h"
#include "store_maker.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static const char *const grown[] = {"alpha", "bravo", "charlie", "delta", "m-4"};
static const char *const others[] = {"alpha", "charlie", "delta", "m-4", "m-5"};

static void story_change(struct maker *maker, const char *const *labels, uint32_t count, uint32_t approvers,
                         uint32_t signers)
{
    const struct rota_epoch *current = rota_state_epoch(maker->state);
    char *document = fixture_epoch_document(current, labels, count, "");
    struct rota_entry entry = fixture_entry_of_change(fixture_epoch_change(current, document, approvers));
    maker_add(maker, &entry, 1, signers);
    free(document);
}

#define ASSIGN(day)                                                                                           \
    "[{\"op\":\"assign\",\"person\":\"p-1\",\"code\":\"DAY\",\"facility\":\"alpha\",\"start\":\"2026-12-" day \
    "T07:00Z\",\"minutes\":60}]"

static void story_assign(struct maker *maker, uint64_t seq, const char *ops, uint32_t signers)
{
    struct rota_entry entry = maker_proposal(maker, "alpha-scheduler", seq, ops);
    maker_add(maker, &entry, 1, signers);
}

/* Three epochs: four, five, and five others; blocks 2 and 4 change the members. */
static void story(struct maker *maker, const char *name)
{
    maker_begin(maker, name);
    story_assign(maker, 1, ASSIGN("01"), 0x7);
    story_change(maker, grown, 5, 0xe, 0xb);
    story_assign(maker, 2, ASSIGN("02"), 0x1d);
    story_change(maker, others, 5, 0x1b, 0x1e);
    story_assign(maker, 3, ASSIGN("03"), 0);
    story_assign(maker, 4, ASSIGN("04"), 0x1b);
    rota_store_close(maker->store);
    maker->store = NULL;
}

Test(audit_epochs, members_change_and_everything_still_proves_itself)
{
    struct maker maker;
    struct rota_audit_report report;
    story(&maker, "epochs");
    cr_assert_eq(maker_audit(&report, &maker, NULL), ROTA_VERDICT_VALID_UNANCHORED, "%s", report.failures[0].text);
    cr_assert_eq(report.height, 6);
    cr_assert_eq(report.epoch_count, 3);
    cr_assert(report.epochs[1].from_height == 3 && report.epochs[1].quorum == 4);
    cr_assert(report.epochs[2].from_height == 5 && report.epochs[2].members == 5);
    rota_audit_report_free(&report);
    maker_end(&maker);
}

/* PROTOCOL M7: a receipt of a later epoch leads there by itself. */
Test(audit_epochs, a_receipt_of_a_later_epoch_needs_the_genesis_alone)
{
    struct maker maker;
    struct rota_receipt receipt;
    struct rota_audit_report report;
    story(&maker, "epochs-receipt");
    char *text = maker_receipt(&maker, 5, 6);
    cr_assert(rota_is_ok(rota_receipt_parse(&receipt, rota_view_text(text))));
    cr_assert_eq(receipt.epoch_count, 2);
    struct rota_status status = rota_receipt_verify(&receipt, &maker.genesis, NULL);
    cr_assert(rota_is_ok(status), "%s", status.why);
    cr_assert_eq(maker_audit(&report, &maker, &receipt), ROTA_VERDICT_VALID, "%s", report.failures[0].text);
    rota_audit_report_free(&report);
    /* without one of its steps it proves nothing */
    receipt.epoch_count = 1;
    cr_assert(!rota_is_ok(rota_receipt_verify(&receipt, &maker.genesis, NULL)));
    receipt.epoch_count = 2;
    receipt.epochs[1].certificate.signatures[0].b[0] ^= 1;
    cr_assert_eq(rota_receipt_verify(&receipt, &maker.genesis, NULL).code, ROTA_BAD_SIGNATURE);
    rota_receipt_free(&receipt);
    free(text);
    maker_end(&maker);
}

/* The old members' certificate on a block of the new epoch is none. */
Test(audit_epochs, the_old_members_decide_nothing_above_the_boundary)
{
    struct maker maker;
    struct rota_audit_report report;
    maker_begin(&maker, "epochs-old");
    story_change(&maker, others, 5, 0xe, 0x7);
    story_assign(&maker, 1, ASSIGN("01"), 0x7); /* three of five */
    rota_store_close(maker.store);
    maker.store = NULL;
    cr_assert_eq(maker_audit(&report, &maker, NULL), ROTA_VERDICT_INVALID);
    cr_assert_str_eq(report.failures[0].check, "E1");
    cr_assert_eq(report.intact_height, 1);
    rota_audit_report_free(&report);
    maker_end(&maker);
}

/* ---- receipts of another history ----------------------------------------------------------------------------------------
 */

static const char *const moved[] = {"bravo", "charlie", "delta", "m-4"}; /* alpha left: the index of each is another */

/* Block 1, and in block 2 these members, or none: then the history goes on in epoch 0. */
static void fork_begin(struct maker *maker, const char *name, const char *const *labels)
{
    maker_begin(maker, name);
    story_assign(maker, 1, ASSIGN("01"), 0x7);
    if (labels)
        story_change(maker, labels, 4, 0xe, 0xb);
    else
        story_assign(maker, 2, ASSIGN("02"), 0xb);
}

static void fork_end(struct maker *maker)
{
    rota_store_close(maker->store);
    maker->store = NULL;
}

/* The audit of a file with a receipt of another history: there are two, and who lied is for rota forensics to say. */
static void expect_nobody_named(struct maker *maker, struct maker *other, uint64_t height, uint64_t certified)
{
    static const char *const labels[] = {"alpha", "bravo", "charlie", "delta", "m-4"};
    struct rota_receipt receipt;
    struct rota_audit_report report;
    fork_end(maker);
    fork_end(other);
    maker_receipt_read(&receipt, other, height, certified);
    cr_assert_eq(maker_audit(&report, maker, &receipt), ROTA_VERDICT_EQUIVOCATION);
    cr_assert_eq(report.failure_count, 1);
    cr_expect_str_eq(report.failures[0].check, "E4");
    cr_expect_not_null(strstr(report.failures[0].text, "rota forensics"), "%s", report.failures[0].text);
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
        cr_expect_null(strstr(report.failures[0].text, labels[i]), "%s", report.failures[0].text);
    rota_audit_report_free(&report);
    rota_receipt_free(&receipt);
    maker_end(other);
    maker_end(maker);
}

/* Block 2 of the file changes the members so, and that of the receipt otherwise; NULL: not at all. */
static void expect_parted_by(const char *const *here, const char *const *there)
{
    struct maker maker, other;
    fork_begin(&maker, "epochs-here", here);
    story_assign(&maker, 3, ASSIGN("03"), 0x7);
    fork_begin(&other, "epochs-there", there);
    story_assign(&other, 3, ASSIGN("04"), 0x7);
    expect_nobody_named(&maker, &other, 3, 3);
}

/* PROTOCOL E11: a signer's bit is its place in the document of its own epoch. Alpha signed in the file alone. */
Test(audit_epochs, a_receipt_of_another_epoch_names_nobody)
{
    expect_parted_by(NULL, moved);
}

Test(audit_epochs, a_receipt_of_another_document_names_nobody)
{
    expect_parted_by(others, moved);
}

/* Who said COMMIT in one view and never saw the certificate may follow a NEW-VIEW that liars made without it. */
Test(audit_epochs, a_receipt_of_another_view_names_nobody)
{
    struct maker maker, other;
    fork_begin(&maker, "epochs-view-0", NULL);
    maker_begin(&other, "epochs-view-1");
    story_assign(&other, 1, ASSIGN("01"), 0x7);
    story_assign(&other, 2, ASSIGN("04"), 0);
    story_assign(&other, 3, ASSIGN("05"), 0x7);
    expect_nobody_named(&maker, &other, 2, 3);
}
