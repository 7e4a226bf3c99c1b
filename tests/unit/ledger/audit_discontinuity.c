/* Ledgers that lost a quorum and went on: what the audit, the file and receipts show of it (FORMATS §10, §14). */
#include "ledger/audit/audit.h"
#include "store_maker.h"

#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdlib.h>

static const char *const survivors[] = {"charlie", "delta", "m-4", "m-5"};
static const char *const others[] = {"charlie", "delta", "m-4", "m-6"};

#define ASSIGN(day)                                                                                             \
    "[{\"op\":\"assign\",\"person\":\"p-3\",\"code\":\"DAY\",\"facility\":\"charlie\",\"start\":\"2026-12-" day \
    "T07:00Z\",\"minutes\":60}]"

static void story_assign(struct maker *maker, uint64_t seq, const char *ops, uint32_t signers)
{
    struct rota_entry entry = maker_proposal(maker, "charlie-scheduler", seq, ops);
    maker_add(maker, &entry, 1, signers);
}

/* Blocks 1 and 2 of four facilities; block 2 is kept, and 3 begins epoch 1. */
static void story(struct maker *maker, const char *name, const char *const *labels, uint32_t kept_signers)
{
    maker_begin(maker, name);
    story_assign(maker, 1, ASSIGN("01"), 0x7);
    story_assign(maker, 2, ASSIGN("02"), kept_signers);
    maker_discontinue(maker, labels, 4, 0xe, 0x7);
    story_assign(maker, 3, ASSIGN("03"), 0);
    story_assign(maker, 4, ASSIGN("04"), 0xb);
    rota_store_close(maker->store);
    maker->store = NULL;
}

Test(audit_discontinuity, it_holds_and_is_shown)
{
    struct maker maker;
    struct rota_audit_report report;
    story(&maker, "manifest", survivors, 0xb);
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
    story(&maker, "manifest-bare", survivors, 0);
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
    maker_discontinue(&maker, survivors, 4, 0xe, 0x7);
    struct rota_entry evidence = maker_evidence(fixture_vote_evidence(&maker.genesis, ROTA_VOTE_COMMIT, 1, 5, 4, 1));
    maker_add(&maker, &evidence, 1, 0x7);
    rota_store_close(maker.store);
    maker.store = NULL;
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

/* The next block as its makers would have it, executed by nobody. */
static void forged_block(struct maker *maker, const struct rota_membership *membership, struct rota_entry *entries,
                         uint32_t count)
{
    uint64_t height = maker->height + 1;
    struct rota_block *block;
    uint8_t nothing[] = {5, 0, 0, 0, 0}, preimage[ROTA_VOTE_PREIMAGE_MAX];
    struct rota_outcome outcomes[2] = {{nothing, sizeof nothing}, {nothing, sizeof nothing}};
    for (uint32_t i = 0; i < count; i++) {
        struct rota_hash leaf = rota_entry_leaf(&entries[i]);
        cr_assert(rota_is_ok(rota_tree_append(&maker->tree, &leaf)));
    }
    struct rota_header header = {.ledger_id = membership->ledger_id,
                                 .epoch = membership->epoch,
                                 .height = height,
                                 .time_ms = maker->headers[maker->height].time_ms + 1000,
                                 .prev_hash = maker->hashes[maker->height],
                                 .config_hash = membership->config_hash,
                                 .tree_size = rota_tree_size(&maker->tree),
                                 .tree_root = rota_tree_root(&maker->tree, rota_tree_size(&maker->tree)),
                                 .entry_count = count};
    cr_assert(rota_is_ok(rota_block_new(&block, &header, entries, count)));
    struct rota_certificate certificate = {.vote = {.kind = ROTA_VOTE_COMMIT, .height = height, .block = block->hash},
                                           .epoch = membership->epoch,
                                           .signers = 0x7};
    size_t len = rota_vote_preimage(preimage, membership, &certificate.vote);
    for (uint32_t i = 0; i < 3; i++) {
        struct rota_ed25519_secret secret;
        fixture_facility_secret(&secret, membership->members[i].id.text);
        rota_ed25519_sign(&certificate.signatures[i], &secret, rota_view(preimage, len));
        rota_ed25519_secret_wipe(&secret);
    }
    cr_assert(rota_is_ok(rota_store_begin(maker->store)) && rota_is_ok(rota_store_append(maker->store, block, outcomes)) &&
              rota_is_ok(rota_store_certify(maker->store, &certificate)) && rota_is_ok(rota_store_commit(maker->store)));
    struct rota_hash leaf = rota_block_leaf(&block->hash);
    cr_assert(rota_is_ok(rota_tree_append(&maker->tree, &leaf)));
    maker->height = height;
    maker->headers[height] = header;
    maker->hashes[height] = block->hash;
    rota_block_release(block);
}

static void forged_is_found(const struct forged *forged, const char *check, const char *words)
{
    struct maker maker;
    struct rota_audit_report report;
    maker_begin(&maker, "manifest-forged");
    story_assign(&maker, 1, ASSIGN("01"), 0x7);
    story_assign(&maker, 2, ASSIGN("02"), 0xb);
    const struct rota_epoch *current = rota_state_epoch(maker.state);
    struct rota_discontinuity kept = {forged->kept, maker.hashes[2]};
    char *document = fixture_manifest_document(current, survivors, 4, "", &kept);
    struct rota_epoch_change *change = fixture_epoch_change(current, document, forged->approvers);
    struct rota_membership members = forged->epoch == 0 ? current->membership : change->next.membership;
    struct rota_entry entries[2], proposal = maker_proposal(&maker, "charlie-scheduler", 3, ASSIGN("03"));
    entries[forged->behind] = fixture_entry_of_change(change);
    entries[!forged->behind] = proposal;
    uint32_t count = forged->behind || forged->beside ? 2 : 1;
    forged_block(&maker, &members, entries, count);
    if (count == 1)
        rota_entry_release(&proposal);
    rota_store_close(maker.store);
    maker.store = NULL;
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
    rota_store_close(maker.store);
    maker.store = NULL;
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
    story(&maker, "manifest-rows", survivors, 0xb);
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

static void blob_spoil(const struct maker *maker, const char *table, const char *column, int64_t row, uint64_t at,
                       uint8_t with)
{
    sqlite3 *db;
    sqlite3_blob *blob;
    cr_assert_eq(sqlite3_open(maker->path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_blob_open(db, "main", table, column, row, 1, &blob), SQLITE_OK, "%s", sqlite3_errmsg(db));
    uint8_t byte;
    cr_assert_eq(sqlite3_blob_read(blob, &byte, 1, (int)at), SQLITE_OK);
    byte ^= with;
    cr_assert_eq(sqlite3_blob_write(blob, &byte, 1, (int)at), SQLITE_OK);
    sqlite3_blob_close(blob);
    sqlite3_close(db);
}

/* Whatever byte of it is changed. */
Test(audit_discontinuity, no_byte_of_the_manifest_can_be_changed)
{
    struct maker maker;
    struct rota_audit_report report;
    story(&maker, "manifest-bytes", survivors, 0xb);
    struct rota_epoch_change *change;
    struct rota_store *store;
    cr_assert(rota_is_ok(rota_store_open(&store, maker.path, &maker.genesis)));
    cr_assert(rota_is_ok(rota_store_change(&change, store, rota_state_epoch(maker.state))));
    rota_store_close(store);
    for (uint64_t at = 0; at < change->len; at += at < change->len - 300 ? 37 : 3) {
        blob_spoil(&maker, "entry", "config", 4, at, 0x01);
        cr_assert_eq(maker_audit(&report, &maker, NULL), ROTA_VERDICT_INVALID, "byte %llu", (unsigned long long)at);
        cr_assert_leq(report.intact_height, 2);
        rota_audit_report_free(&report);
        blob_spoil(&maker, "entry", "config", 4, at, 0x01);
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
    story(&maker, "manifest-receipt", survivors, 0xb);
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

/* What was certified and given up: no facility lied, and the file is not said to be the whole. */
Test(audit_discontinuity, a_receipt_of_a_block_that_was_given_up_accuses_nobody)
{
    struct maker lost, maker;
    struct rota_receipt receipt;
    struct rota_audit_report report;
    maker_begin(&lost, "manifest-lost");
    story_assign(&lost, 1, ASSIGN("01"), 0x7);
    story_assign(&lost, 2, ASSIGN("02"), 0xb);
    story_assign(&lost, 3, ASSIGN("08"), 0x7);
    rota_store_close(lost.store);
    lost.store = NULL;
    maker_receipt_read(&receipt, &lost, 3, 3);
    story(&maker, "manifest-kept", survivors, 0xb);
    cr_assert_eq(maker_audit(&report, &maker, &receipt), ROTA_VERDICT_INCOMPLETE);
    cr_assert_str_eq(report.failures[0].check, "J2");
    cr_assert_not_null(strstr(report.failures[0].text, "given up"), "%s", report.failures[0].text);
    rota_audit_report_free(&report);
    rota_receipt_free(&receipt);
    maker_end(&maker);
    maker_end(&lost);
}

/* Two manifests for one epoch: administrators signed both, and they are named; the facilities of either are not. */
Test(audit_discontinuity, who_approved_of_two_manifests_is_named)
{
    struct maker first, second;
    struct rota_receipt receipt;
    struct rota_audit_report report;
    story(&first, "manifest-one", survivors, 0xb);
    story(&second, "manifest-two", others, 0xb);
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
    maker_discontinue(&file, survivors, 4, 0xe, 0x7);
    story_assign(&longer, 3, ASSIGN("03"), 0x7);
    maker_discontinue(&longer, others, 4, 0xe, 0x7);
    for (uint64_t seq = 4; file.height < file_height; seq++)
        story_assign(&file, seq, ASSIGN("04"), 0x7);
    for (uint64_t seq = 4; longer.height < receipt_height; seq++)
        story_assign(&longer, seq, ASSIGN("04"), 0x7);
    rota_store_close(file.store);
    rota_store_close(longer.store);
    file.store = longer.store = NULL;
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

Test(audit_discontinuity, two_manifests_over_one_history_accuse_no_member)
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
Test(audit_discontinuity, a_manifest_that_nobody_approved_accuses_no_administrator)
{
    struct maker maker, honest;
    struct rota_receipt receipt;
    struct rota_audit_report report;
    story(&honest, "manifest-honest", others, 0xb);
    maker_receipt_read(&receipt, &honest, 4, 5);
    maker_begin(&maker, "manifest-unsigned");
    story_assign(&maker, 1, ASSIGN("01"), 0x7);
    story_assign(&maker, 2, ASSIGN("02"), 0xb);
    const struct rota_epoch *current = rota_state_epoch(maker.state);
    struct rota_discontinuity kept = {2, maker.hashes[2]};
    char *document = fixture_manifest_document(current, survivors, 4, "", &kept);
    struct rota_epoch_change *change = change_unsigned(fixture_epoch_change(current, document, 0xe));
    struct rota_membership members = change->next.membership;
    struct rota_entry entry = fixture_entry_of_change(change);
    forged_block(&maker, &members, &entry, 1);
    entry = maker_proposal(&maker, "charlie-scheduler", 3, ASSIGN("03"));
    forged_block(&maker, &members, &entry, 1);
    rota_store_close(maker.store);
    maker.store = NULL;
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
    maker_begin(maker, name);
    story_assign(maker, 1, ASSIGN("01"), 0x7);
    story_assign(maker, 2, ASSIGN("02"), 0xb);
    if (changes) {
        char *document = fixture_epoch_document(rota_state_epoch(maker->state), others, 4, "");
        struct rota_entry entry =
            fixture_entry_of_change(fixture_epoch_change(rota_state_epoch(maker->state), document, 0xe));
        maker_add(maker, &entry, 1, 0x7);
        free(document);
    } else {
        story_assign(maker, 3, ASSIGN("08"), 0x7);
    }
    if (goes_on)
        story_assign(maker, 4, ASSIGN("09"), 0x7);
    rota_store_close(maker->store);
    maker->store = NULL;
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
Test(audit_discontinuity, a_file_that_was_given_up_accuses_nobody)
{
    struct maker lost, maker;
    struct rota_receipt receipt;
    story(&maker, "manifest-after", survivors, 0xb);
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
Test(audit_discontinuity, a_file_that_ends_with_the_kept_block_was_cut)
{
    struct maker lost, maker;
    struct rota_receipt receipt;
    struct rota_audit_report report;
    story(&maker, "manifest-whole", survivors, 0xb);
    maker_receipt_read(&receipt, &maker, 4, 5);
    maker_begin(&lost, "manifest-short");
    story_assign(&lost, 1, ASSIGN("01"), 0x7);
    story_assign(&lost, 2, ASSIGN("02"), 0xb);
    rota_store_close(lost.store);
    lost.store = NULL;
    cr_expect_eq(maker_audit(&report, &lost, &receipt), ROTA_VERDICT_INCOMPLETE);
    cr_expect_not_null(strstr(report.failures[0].text, "cut off"), "%s", report.failures[0].text);
    rota_audit_report_free(&report);
    rota_receipt_free(&receipt);
    maker_end(&lost);
    maker_end(&maker);
}

/* The change of members itself was given up, and the receipt is of the epoch that it began. */
Test(audit_discontinuity, a_receipt_of_an_epoch_that_was_given_up_accuses_nobody)
{
    struct maker lost, maker;
    struct rota_receipt receipt;
    lost_story(&lost, "manifest-epoch", true, true);
    maker_receipt_read(&receipt, &lost, 4, 4);
    story(&maker, "manifest-instead", survivors, 0xb);
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
    rota_store_close(maker->store);
    maker->store = NULL;
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
Test(audit_discontinuity, a_fork_at_or_below_the_kept_block_was_not_given_up)
{
    struct maker forked, maker;
    struct rota_receipt receipt;
    story(&maker, "manifest-beside", survivors, 0xb);
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
Test(audit_discontinuity, two_manifests_over_a_fork_name_both_kinds)
{
    struct maker forked, maker;
    struct rota_receipt receipt;
    struct rota_audit_report report;
    story(&maker, "manifest-left", survivors, 0xb);
    maker_receipt_read(&receipt, &maker, 4, 5);
    maker_begin(&forked, "manifest-other");
    story_assign(&forked, 1, ASSIGN("11"), 0x7);
    story_assign(&forked, 2, ASSIGN("12"), 0x7);
    maker_discontinue(&forked, others, 4, 0xe, 0x7);
    story_assign(&forked, 4, ASSIGN("14"), 0x7);
    rota_store_close(forked.store);
    forked.store = NULL;
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
    char *document = fixture_epoch_document(current, others, 4, "");
    struct rota_entry entry = fixture_entry_of_change(fixture_epoch_change(current, document, approvers));
    maker_add(maker, &entry, 1, signers);
    free(document);
}

/* Then the manifest keeps a block that the step before it proves; what it has for a certificate itself proves nothing. */
Test(audit_discontinuity, a_fork_where_an_empty_epoch_stands_names_who_made_it)
{
    struct maker forked, maker;
    struct rota_receipt receipt;
    story_of_empty_epoch(&maker, "manifest-empty", 0x7, 0x7);
    maker_discontinue(&maker, survivors, 4, 0x7, 0x7);
    story_assign(&maker, 4, ASSIGN("04"), 0xb);
    rota_store_close(maker.store);
    maker.store = NULL;
    maker_receipt_read(&receipt, &maker, 4, 4);
    receipt.epochs[1].certificate.signers = 0xe;
    story_of_empty_epoch(&forked, "manifest-empty-too", 0xe, 0xb);
    rota_store_close(forked.store);
    forked.store = NULL;
    expect_fork(&forked, &receipt, ": alpha and bravo signed both");
    rota_receipt_free(&receipt);
    maker_end(&forked);
    maker_end(&maker);
}

/* No quorum stands behind a header that was altered afterwards: whoever gives such a file accuses nobody by it. */
Test(audit_discontinuity, an_altered_kept_block_is_no_fork)
{
    struct maker lost, maker;
    struct rota_receipt receipt;
    struct rota_audit_report report;
    story(&maker, "manifest-right", survivors, 0xb);
    maker_receipt_read(&receipt, &maker, 4, 5);
    lost_story(&lost, "manifest-altered", false, true);
    blob_spoil(&lost, "block", "header", 2, 60, 0x01);
    cr_expect_eq(maker_audit(&report, &lost, &receipt), ROTA_VERDICT_INVALID, "%s", rota_verdict_name(report.verdict));
    cr_expect_str_eq(report.failures[0].check, "C4", "%s", report.failures[0].text);
    rota_audit_report_free(&report);
    rota_receipt_free(&receipt);
    maker_end(&lost);
    maker_end(&maker);
}
