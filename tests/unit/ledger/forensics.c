/* Two histories of one ledger, and who can be shown to have signed both (PROTOCOL E11, E3, E4). Four members, a quorum of
 * three: any two quorums share two, and so many must be named. */
#include "ledger/audit/forensics.h"
#include "audit_spoil.h"
#include "evidence_parts.h"
#include "ledger/audit/kept_views.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct maker maker; /* the witness */
static struct rota_hash start;
static struct rota_header header_a, header_b;
static struct rota_hash block_a, block_b;

static void begin(void)
{
    maker_begin(&maker, "forensics");
    parts_chain(&header_a, &block_a, &maker.genesis, 1, 1, &start, 1);
    parts_chain(&header_b, &block_b, &maker.genesis, 1, 1, &start, 2);
}

static void end(void)
{
    maker_end(&maker);
}

TestSuite(forensics, .init = begin, .fini = end);

/* A certificate signed by these members, with this nv. */
static struct rota_certificate certificate_at(uint64_t height, uint64_t view, const struct rota_hash *nv,
                                              const struct rota_hash *block, uint32_t signers)
{
    uint8_t preimage[ROTA_VOTE_PREIMAGE_MAX];
    uint32_t count = 0;
    struct rota_certificate made = {
        .vote = {.kind = ROTA_VOTE_COMMIT, .view = view, .nv = *nv, .height = height, .block = *block}, .signers = signers};
    size_t len = rota_vote_preimage(preimage, &maker.genesis.membership, &made.vote);
    for (uint32_t i = 0; i < 4; i++)
        if (signers >> i & 1)
            fixture_sign(&made.signatures[count++], i, preimage, len);
    return made;
}

static struct rota_certificate certificate_of(uint64_t view, const struct rota_hash *nv, const struct rota_hash *block,
                                              uint32_t signers)
{
    return certificate_at(1, view, nv, block, signers);
}

/* A NEW-VIEW of members 1, 2, 3, of whom those in `hiders` show no lock although the others show the one of view 0. With
 * `wrong_tip` it is signed and none: that tip does not follow. */
static struct rota_anchor witness_keep(uint64_t view, uint32_t hiders, const struct rota_hash *wrong_tip)
{
    static struct rota_view_change changes[ROTA_QUORUM_MAX];
    struct rota_signature signature;
    struct rota_certificate lock = parts_certificate(&maker.genesis, ROTA_VOTE_PREPARE, 0, 1, &block_a);
    struct rota_new_view new_view = {.view = view, .change_count = 3, .changes = changes};
    for (uint32_t i = 0; i < 3; i++)
        parts_change(&changes[i], &maker.genesis, i + 1, view, hiders >> (i + 1) & 1 ? NULL : &lock, &header_a);
    struct rota_tip tip;
    cr_assert(rota_is_ok(rota_new_view_select(&tip, &maker.genesis.membership, changes, 3)));
    new_view.tip_height = tip.height;
    new_view.tip = wrong_tip ? *wrong_tip : tip.block;
    parts_sign_new_view(&signature, &maker.genesis, &new_view);
    maker_keep_new_view(&maker, &new_view, &signature);
    return (struct rota_anchor){0, view, new_view.nv, signature};
}

static struct rota_anchor witness_new_view(uint64_t view, uint32_t hiders)
{
    return witness_keep(view, hiders, NULL);
}

static struct rota_forensics run(const struct rota_certificate *a, const struct rota_certificate *b, uint32_t witnesses)
{
    struct rota_forensics found;
    struct rota_forensics_witness witness = rota_forensics_witness_of(maker.store);
    struct rota_forensics_input input = {
        .membership = &maker.genesis.membership, .certificates = {a, b}, .witnesses = &witness, .witness_count = witnesses};
    struct rota_status status = rota_forensics_run(&found, &input);
    cr_assert(rota_is_ok(status), "%s", status.why);
    for (uint32_t i = 0; i < found.count; i++)
        cr_expect(rota_is_ok(rota_evidence_verify(found.evidence[i], &maker.genesis.membership, NULL)));
    return found;
}

Test(forensics, one_view_names_the_signers_of_both)
{
    struct rota_certificate a = certificate_of(0, &start, &block_a, 0x7), b = certificate_of(0, &start, &block_b, 0xe);
    struct rota_forensics found = run(&a, &b, 0);
    cr_expect_eq(found.verdict, ROTA_FORENSICS_NAMED);
    cr_expect_eq(found.expected, 2);
    cr_expect_eq(found.culprits, 0x6);
    rota_forensics_free(&found);
}

Test(forensics, one_view_and_two_new_views_name_them_too)
{
    struct rota_hash one = parts_hash(1), two = parts_hash(2);
    struct rota_certificate a = certificate_of(3, &one, &block_a, 0xb), b = certificate_of(3, &two, &block_b, 0xe);
    struct rota_forensics found = run(&a, &b, 0);
    cr_expect_eq(found.culprits, 0xa);
    rota_forensics_free(&found);
}

/* A primary that lies gave two NEW-VIEWs of view 3, and the certificates are of different heights as well. Headers prove
 * nothing between two NEW-VIEWs, and need not: whoever signed under both lied. Under one they do (PROTOCOL E3). */
Test(forensics, one_view_names_them_at_two_heights)
{
    enum { HIGH = 3 };
    struct rota_header headers[HIGH];
    struct rota_hash hashes[HIGH], one = parts_hash(1), two = parts_hash(2);
    parts_chain(headers, hashes, &maker.genesis, 1, HIGH, &start, 2);
    for (int way = 0; way < 2; way++) {
        struct rota_forensics found;
        struct rota_certificate a = certificate_at(1, 3, &one, &block_a, 0xb);
        struct rota_certificate b = certificate_at(HIGH, 3, way == 0 ? &two : &one, &hashes[HIGH - 1], 0xe);
        struct rota_forensics_input input = {.membership = &maker.genesis.membership,
                                             .certificates = {&a, &b},
                                             .headers = headers + 1,
                                             .header_count = HIGH - 1};
        cr_assert(rota_is_ok(rota_forensics_run(&found, &input)));
        cr_expect_eq(found.verdict, ROTA_FORENSICS_NAMED);
        cr_expect_eq(found.culprits, 0xa, "%x", found.culprits);
        cr_expect_eq(found.count, 2);
        rota_forensics_free(&found);
    }
}

/* Members 1 and 2 said COMMIT for a in view 0 and hid it on the way to view 1; member 3 was never there. */
Test(forensics, two_views_name_who_hid_the_lock)
{
    struct rota_hash nv = parts_hash(1);
    struct rota_certificate a = certificate_of(0, &start, &block_a, 0x7), b = certificate_of(1, &nv, &block_b, 0xe);
    struct rota_forensics found = run(&b, &a, 1);
    cr_expect_eq(found.verdict, ROTA_FORENSICS_TOO_FEW, "no witness holds the NEW-VIEW");
    cr_expect_eq(found.culprits, 0);
    rota_forensics_free(&found);
    (void)witness_new_view(1, 0xe);
    found = run(&b, &a, 1);
    cr_expect_eq(found.verdict, ROTA_FORENSICS_NAMED);
    cr_expect_eq(found.culprits, 0x6, "%x", found.culprits);
    cr_expect_eq(found.new_views, 1);
    rota_forensics_free(&found);
}

/* PROTOCOL E4: members 1 and 2 hid their COMMITs of block 2, but 2 had lost its memory, and block 1 of that history says so.
 * The other history says it too, and there that excuses nobody. */
Test(forensics, who_had_lost_its_memory_and_said_so_is_not_named)
{
    struct rota_hash nv = parts_hash(1);
    struct rota_epoch_chain epochs = {0};
    struct rota_entry word = fixture_entry_of_record(fixture_recovered(&maker.genesis, 2, 4, 0));
    maker_add(&maker, &word, 1, 0x7);
    struct rota_entry entry = maker_proposal(&maker, "alpha-director", 1, "[{\"op\":\"code.define\",\"code\":\"LATE\"}]");
    maker_add(&maker, &entry, 1, 0x7);
    (void)witness_new_view(1, 0xe);
    cr_assert(rota_is_ok(rota_epoch_chain_of_ledger(&epochs, &maker.genesis, maker.store)));
    for (int side = 0; side < 2; side++) {
        const struct rota_hash *first = side == 0 ? &maker.hashes[2] : &block_b;
        const struct rota_hash *second = side == 0 ? &block_b : &maker.hashes[2];
        struct rota_certificate a = certificate_at(2, 0, &start, first, 0x7), b = certificate_at(2, 1, &nv, second, 0xe);
        struct rota_forensics found = run(&a, &b, 1);
        cr_expect_eq(found.culprits, 0x6);
        cr_assert(rota_is_ok(rota_forensics_ask_ledger(&found, &epochs, maker.store)));
        cr_expect_eq(found.culprits, side == 0 ? 0x2 : 0x6);
        cr_expect_eq(found.excused, side == 0);
        cr_expect_eq(found.verdict, side == 0 ? ROTA_FORENSICS_TOO_FEW : ROTA_FORENSICS_NAMED);
        rota_forensics_free(&found);
    }
    rota_epoch_chain_free(&epochs);
}

/* Nobody who showed its lock is ever named, whoever else hid his. */
Test(forensics, who_showed_its_lock_is_not_named)
{
    struct rota_hash nv = parts_hash(1);
    struct rota_certificate a = certificate_of(0, &start, &block_a, 0x7), b = certificate_of(5, &nv, &block_b, 0xe);
    (void)witness_new_view(4, 0x4);
    struct rota_forensics found = run(&a, &b, 1);
    cr_expect_eq(found.culprits, 0x4, "%x", found.culprits);
    cr_expect_eq(found.verdict, ROTA_FORENSICS_TOO_FEW);
    rota_forensics_free(&found);
}

Test(forensics, one_history_names_nobody)
{
    struct rota_certificate a = certificate_of(0, &start, &block_a, 0x7), b = certificate_of(1, &block_b, &block_a, 0xe);
    struct rota_forensics found = run(&a, &b, 1);
    cr_expect_eq(found.verdict, ROTA_FORENSICS_NO_CONFLICT);
    cr_expect_eq(found.count, 0);
    rota_forensics_free(&found);
}

Test(forensics, a_forged_certificate_is_refused)
{
    struct rota_forensics found;
    struct rota_certificate a = certificate_of(0, &start, &block_a, 0x7), b = certificate_of(0, &start, &block_b, 0xe);
    b.signatures[1].b[0] ^= 1;
    struct rota_forensics_input input = {.membership = &maker.genesis.membership, .certificates = {&a, &b}};
    cr_expect_eq(rota_forensics_run(&found, &input).code, ROTA_BAD_SIGNATURE);
}

/* Two files of the story, alike up to block 2. Block 3 is certified in view 1 by 1, 2, 3 in both. */
Test(forensics, two_ledger_files_show_where_they_part)
{
    struct maker other;
    struct rota_forensics found;
    struct rota_store *ledgers[2] = {NULL, NULL};
    maker_end(&maker);
    maker_story(&maker, "left", 0);
    maker_story(&other, "right", 1);
    const char *paths[] = {maker.path, other.path};
    for (int i = 0; i < 2; i++) {
        struct rota_store_inspection inspection;
        cr_assert(rota_is_ok(rota_store_inspect(&ledgers[i], &inspection, paths[i])), "%s", inspection.text);
    }
    struct rota_epoch_chain genesis_alone;
    cr_assert(rota_is_ok(rota_epoch_chain_of_ledger(&genesis_alone, &maker.genesis, ledgers[1])));
    cr_expect_eq(genesis_alone.count, 1);
    const struct rota_epoch_chain *const epochs[2] = {&genesis_alone, &genesis_alone};
    struct rota_status status = rota_forensics_of_ledgers(&found, epochs, ledgers, NULL, 0);
    cr_assert(rota_is_ok(status), "%s", status.why);
    cr_expect_eq(found.certificates[0].vote.height, 3);
    cr_expect_eq(found.culprits, 0xe);
    rota_forensics_free(&found);
    struct rota_store *same[2] = {ledgers[0], ledgers[0]};
    cr_expect(rota_is_ok(rota_forensics_of_ledgers(&found, epochs, same, NULL, 0)));
    cr_expect_eq(found.verdict, ROTA_FORENSICS_NO_CONFLICT);
    cr_expect_eq(found.certificates[0].signers, 0);
    rota_epoch_chain_free(&genesis_alone);
    rota_store_close(ledgers[0]);
    rota_store_close(ledgers[1]);
    maker_end(&other);
}

static enum rota_verdict audit_verdict(uint64_t *out_passed)
{
    struct rota_audit_report report;
    struct rota_audit_options options = {.path = maker.path, .genesis = rota_view(maker.genesis.bytes, maker.genesis.len)};
    rota_audit_run(&report, &options);
    enum rota_verdict verdict = report.verdict;
    for (uint32_t i = 0; i < report.check_count; i++)
        if (strcmp(report.checks[i].id, "X2") == 0)
            *out_passed = report.checks[i].passed;
    rota_audit_report_free(&report);
    return verdict;
}

/* FORMATS §14 X2 */
Test(forensics, the_audit_looks_at_the_new_views_that_were_kept)
{
    static const char *const spoilt[] = {"UPDATE new_view SET view = 5", "UPDATE new_view SET epoch = 1",
                                         "UPDATE new_view SET bytes = x'0600'",
                                         "UPDATE new_view SET bytes = zeroblob(length(bytes))"};
    uint64_t passed = 0;
    struct rota_entry entry = maker_proposal(&maker, "alpha-director", 1, "[{\"op\":\"code.define\",\"code\":\"LATE\"}]");
    maker_add(&maker, &entry, 1, 0x7);
    (void)witness_new_view(1, 0xe);
    rota_store_close(maker.store);
    maker.store = NULL;
    cr_expect_eq(audit_verdict(&passed), ROTA_VERDICT_VALID_UNANCHORED);
    cr_expect_eq(passed, 1);
    for (size_t i = 0; i < sizeof spoilt / sizeof spoilt[0]; i++) {
        sqlite3 *db = spoil_open(&maker);
        spoil_sql(db, spoilt[i]);
        spoil_close(db);
        cr_expect_eq(audit_verdict(&passed), ROTA_VERDICT_INVALID, "%s", spoilt[i]);
    }
}

/* PROTOCOL V12: a NEW-VIEW that its primary did sign, and that is none. */
Test(forensics, the_audit_refuses_a_new_view_that_is_none)
{
    uint64_t passed = 0;
    struct rota_entry entry = maker_proposal(&maker, "alpha-director", 1, "[{\"op\":\"code.define\",\"code\":\"LATE\"}]");
    maker_add(&maker, &entry, 1, 0x7);
    (void)witness_keep(1, 0x2, &block_b);
    rota_store_close(maker.store);
    maker.store = NULL;
    cr_expect_eq(audit_verdict(&passed), ROTA_VERDICT_INVALID);
    cr_expect_eq(passed, 0);
}

/* ---- a kept NEW-VIEW against its anchor ---------------------------------------------------------------------------------
 */

/* A block with this anchor, and a proposal. */
static void chain_anchor(const struct rota_anchor *anchor)
{
    struct rota_record *record = NULL;
    cr_assert(rota_is_ok(rota_record_of_anchor(&record, anchor)));
    struct rota_entry entries[] = {
        fixture_entry_of_record(record),
        maker_proposal(&maker, "alpha-director", 1, "[{\"op\":\"code.define\",\"code\":\"LATE\"}]")};
    maker_add(&maker, entries, 2, 0x7);
}

static bool convict(void *context, const struct rota_evidence *evidence, uint64_t height)
{
    struct rota_hash *id = context;
    cr_expect_eq(height, 1);
    cr_expect_eq(evidence->kind, ROTA_EVIDENCE_NEW_VIEW);
    cr_expect_eq(evidence->member, 1, "the primary of view 1");
    cr_expect(rota_is_ok(rota_evidence_verify(evidence, &maker.genesis.membership, NULL)));
    *id = evidence->id;
    return true;
}

/* What the audit says of the file, and the evidence that is found in it: the same. Returns how much there is. */
static uint32_t audit_and_find(struct rota_audit_report *report)
{
    struct rota_epoch_chain epochs;
    struct rota_hash found = {{0}};
    struct rota_audit_options options = {.path = maker.path, .genesis = rota_view(maker.genesis.bytes, maker.genesis.len)};
    cr_assert(rota_is_ok(rota_epoch_chain_of_ledger(&epochs, &maker.genesis, maker.store)));
    cr_assert(rota_is_ok(rota_kept_views_each(maker.store, &epochs, convict, &found)));
    rota_epoch_chain_free(&epochs);
    rota_store_close(maker.store);
    maker.store = NULL;
    rota_audit_run(report, &options);
    cr_expect_eq(report->verdict, ROTA_VERDICT_VALID_UNANCHORED, "the file is as it should be: %s",
                 report->failures[0].text);
    cr_expect_eq(report->anomaly_count, !rota_hash_is_zero(&found));
    if (report->anomaly_count > 0)
        cr_expect(rota_hash_equal(&report->anomalies[0].evidence, &found));
    return report->anomaly_count;
}

/* PROTOCOL E5: bravo told this node of one NEW-VIEW of view 1, and the others of another. */
Test(forensics, a_kept_new_view_that_is_not_its_anchors_convicts_the_primary)
{
    struct rota_audit_report report;
    struct rota_record *other = fixture_anchor(&maker.genesis, 1, 7);
    (void)witness_new_view(1, 0xe);
    chain_anchor(&other->anchor);
    rota_record_release(other);
    cr_assert_eq(audit_and_find(&report), 1);
    cr_expect_eq(report.anomalies[0].height, 1);
    cr_expect_eq(report.anomalies[0].leaf_index, 0);
    cr_expect_not_null(strstr(report.anomalies[0].text, "bravo"), "%s", report.anomalies[0].text);
    rota_audit_report_free(&report);
}

Test(forensics, a_kept_new_view_that_is_its_anchors_names_nobody)
{
    struct rota_audit_report report;
    struct rota_anchor anchor = witness_new_view(1, 0xe);
    chain_anchor(&anchor);
    cr_expect_eq(audit_and_find(&report), 0);
    rota_audit_report_free(&report);
}

/* A node that was not there when the view began, or that had another view: its file lacks what the chain names. */
Test(forensics, a_new_view_that_was_not_kept_is_no_fault)
{
    struct rota_audit_report report;
    struct rota_record *other = fixture_anchor(&maker.genesis, 3, 7);
    (void)witness_new_view(1, 0xe);
    chain_anchor(&other->anchor);
    rota_record_release(other);
    cr_expect_eq(audit_and_find(&report), 0);
    rota_audit_report_free(&report);
}
