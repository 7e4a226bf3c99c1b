/* An honest ledger, and every byte of it spoiled in turn. */
#include "audit_spoil.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct rota_audit_options options_of(const struct maker *maker)
{
    return (struct rota_audit_options){.path = maker->path, .genesis = rota_view(maker->genesis.bytes, maker->genesis.len)};
}

static void progress_count(void *context, uint64_t height, uint64_t height_max)
{
    uint64_t *last = context;
    cr_expect_leq(height, height_max);
    cr_expect_geq(height, *last);
    *last = height;
}

Test(audit_story, counts_what_it_has_checked)
{
    struct maker maker;
    struct rota_audit_report report;
    uint64_t seen = 0;
    maker_story(&maker, "count", 0);
    struct rota_audit_options options = options_of(&maker);
    options.progress = progress_count;
    options.progress_context = &seen;
    rota_audit_run(&report, &options);
    cr_expect_eq(report.verdict, ROTA_VERDICT_VALID_UNANCHORED);
    cr_expect_eq(report.height, STORY_HEIGHT);
    cr_expect_eq(report.intact_height, STORY_HEIGHT);
    cr_expect_eq(report.proposals, 12);
    cr_expect_eq(report.evidences, 2);
    cr_expect_eq(report.certificates, 4);
    cr_expect_eq(report.ok_ops, 12);
    cr_expect_eq(report.refused_ops, 2);
    cr_expect_eq(report.tree_size, rota_tree_size(&maker.tree));
    cr_expect(rota_hash_equal(&report.head_hash, &maker.hashes[STORY_HEIGHT]));
    cr_expect_eq(seen, STORY_HEIGHT);
    for (uint32_t i = 0; i < report.check_count; i++) {
        bool optional = strcmp(report.checks[i].id, "J1") == 0 || strcmp(report.checks[i].id, "J2") == 0 ||
                        strcmp(report.checks[i].id, "E4") == 0 || strcmp(report.checks[i].id, "H1") == 0 ||
                        strcmp(report.checks[i].id, "H2") == 0 || strcmp(report.checks[i].id, "X2") == 0 ||
                        strcmp(report.checks[i].id, "C7") == 0 || strcmp(report.checks[i].id, "J3") == 0;
        cr_expect_eq(report.checks[i].failed, 0);
        cr_expect(optional || report.checks[i].passed > 0, "%s was never made", report.checks[i].id);
    }
    rota_audit_report_free(&report);
    maker_end(&maker);
}

Test(audit_story, says_in_words_who_equivocated)
{
    struct maker maker;
    struct rota_audit_report report;
    maker_story(&maker, "words", 0);
    struct rota_audit_options options = options_of(&maker);
    rota_audit_run(&report, &options);
    cr_assert_eq(report.anomaly_count, 2);
    cr_expect_not_null(
        strstr(report.anomalies[0].text, "(charlie-scheduler, charlie) signed two different proposals with seq 9"));
    cr_expect_not_null(strstr(report.anomalies[0].text, "suspended from block 4"));
    cr_expect_not_null(strstr(report.anomalies[1].text, "facility charlie signed two different COMMITs: view 5, height 4"));
    rota_audit_report_free(&report);
    maker_end(&maker);
}

Test(audit_story, an_empty_ledger_is_valid)
{
    struct maker maker;
    struct rota_audit_report report;
    maker_begin(&maker, "empty");
    rota_store_close(maker.store);
    maker.store = NULL;
    struct rota_audit_options options = options_of(&maker);
    rota_audit_run(&report, &options);
    cr_expect_eq(report.verdict, ROTA_VERDICT_VALID_UNANCHORED, "%s", report.failures[0].text);
    cr_expect_eq(report.height, 0);
    rota_audit_report_free(&report);
    maker_end(&maker);
}

static void file_flip(const char *path, off_t at, uint8_t mask)
{
    uint8_t byte;
    int file = open(path, O_RDWR);
    cr_assert(file >= 0 && pread(file, &byte, 1, at) == 1);
    byte ^= mask;
    cr_assert_eq(pwrite(file, &byte, 1, at), 1);
    close(file);
}

/* One byte of one value, everywhere: always a failure with a sentence, and the blocks named as intact are below it. */
Test(audit_story, no_spoiled_value_passes, .timeout = 300)
{
    static const struct {
        const char *table, *column;
        int64_t keys[4];
    } places[] = {
        {"block", "header", {1, 2, 5, 7}},     {"certificate", "bytes", {1, 6, 7, 0}}, {"entry", "header", {0, 13, 19, 0}},
        {"entry", "payload", {3, 8, 18, 0}},   {"entry", "signature", {0, 7, 19, 0}},  {"entry", "id", {4, 10, 18, 0}},
        {"entry", "evidence", {10, 15, 0, 0}}, {"entry", "outcome", {1, 10, 13, 19}},  {"genesis", "document", {1, 0, 0, 0}},
    };
    struct maker maker;
    struct rota_audit_report report;
    size_t tried = 0;
    maker_story(&maker, "every", 0);
    struct rota_audit_options options = options_of(&maker);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        for (size_t k = 0; k < 4 && (k == 0 || places[i].keys[k] != 0); k++) {
            sqlite3 *db = spoil_open(&maker);
            size_t bytes = spoil_column_bytes(db, places[i].table, places[i].column, places[i].keys[k]);
            spoil_close(db);
            for (size_t at = k; at < bytes; at += 1 + bytes / 23) {
                uint8_t mask = (uint8_t)(1u << (at + tried) % 8);
                db = spoil_open(&maker);
                spoil_flip(db, places[i].table, places[i].column, places[i].keys[k], at, mask);
                spoil_close(db);
                rota_audit_run(&report, &options);
                cr_expect(report.verdict != ROTA_VERDICT_VALID_UNANCHORED && report.failure_count > 0 &&
                              report.failures[0].text[0] != '\0' && report.intact_height <= STORY_HEIGHT,
                          "%s.%s of %d, byte %zu: %s", places[i].table, places[i].column, (int)places[i].keys[k], at,
                          rota_verdict_name(report.verdict));
                if (report.failure_count > 0 && report.failures[0].height > 0)
                    cr_expect_lt(report.intact_height, report.failures[0].height);
                rota_audit_report_free(&report);
                db = spoil_open(&maker);
                spoil_flip(db, places[i].table, places[i].column, places[i].keys[k], at, mask);
                spoil_close(db);
                tried++;
            }
        }
    }
    rota_audit_run(&report, &options);
    cr_expect_eq(report.verdict, ROTA_VERDICT_VALID_UNANCHORED, "put back, it is as it was");
    rota_audit_report_free(&report);
    cr_expect_gt(tried, 500);
    maker_end(&maker);
}

/* Bits of the raw file: whatever happens, never a crash, and valid only when no value was touched. */
Test(audit_story, flipped_bits_of_the_file_never_pass_as_whole, .timeout = 300)
{
    struct maker maker;
    struct rota_audit_report report;
    struct fixture_random random = fixture_random(20261225);
    struct stat info;
    uint32_t unseen = 0, tries = 400;
    maker_story(&maker, "bits", 0);
    struct rota_audit_options options = options_of(&maker);
    cr_assert_eq(stat(maker.path, &info), 0);
    for (uint32_t i = 0; i < tries; i++) {
        off_t at = fixture_random_below(&random, (uint32_t)info.st_size);
        uint8_t mask = (uint8_t)(1u << fixture_random_below(&random, 8));
        file_flip(maker.path, at, mask);
        rota_audit_run(&report, &options);
        bool pass = report.verdict == ROTA_VERDICT_VALID_UNANCHORED;
        if (pass)
            cr_expect(report.height == STORY_HEIGHT && rota_hash_equal(&report.head_hash, &maker.hashes[STORY_HEIGHT]) &&
                          report.proposals == 12,
                      "byte %d", (int)at);
        else
            cr_expect_gt(report.failure_count, 0);
        unseen += pass;
        rota_audit_report_free(&report);
        file_flip(maker.path, at, mask);
    }
    cr_expect_lt(unseen, tries, "something must be noticed");
    maker_end(&maker);
}

Test(audit_story, containers_that_are_no_ledger)
{
    static const struct {
        const char *sql;
        enum rota_verdict verdict;
        const char *check;
    } cases[] = {
        {"CREATE TABLE notes(x)", ROTA_VERDICT_INVALID, "A4"},
        {"CREATE TRIGGER t AFTER INSERT ON block BEGIN SELECT 1; END", ROTA_VERDICT_INVALID, "A4"},
        {"PRAGMA user_version = 9", ROTA_VERDICT_UNSUPPORTED, "A2"},
        {"PRAGMA application_id = 9", ROTA_VERDICT_UNREADABLE, "A2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct maker maker;
        maker_story(&maker, "container", 0);
        sqlite3 *db = spoil_open(&maker);
        spoil_sql(db, cases[i].sql);
        spoil_close(db);
        struct spoil_expected expected = {cases[i].check, cases[i].verdict, 0, -1, 0, ""};
        spoil_expect(cases[i].sql, &maker, &expected);
        maker_end(&maker);
    }
}

Test(audit_story, cut_and_missing_files_are_unreadable)
{
    struct maker maker;
    char wal[192];
    struct spoil_expected cut = {"A3", ROTA_VERDICT_UNREADABLE, 0, -1, 0, "bytes"};
    struct spoil_expected waiting = {"A5", ROTA_VERDICT_UNREADABLE, 0, -1, 0, "-wal"};
    struct spoil_expected gone = {"A1", ROTA_VERDICT_UNREADABLE, 0, -1, 0, "cannot be read"};
    maker_story(&maker, "cut", 0);
    snprintf(wal, sizeof wal, "%s-wal", maker.path);
    int file = open(wal, O_RDWR | O_CREAT, 0600);
    cr_assert_eq(write(file, "x", 1), 1);
    close(file);
    spoil_expect("log waiting", &maker, &waiting);
    unlink(wal);
    cr_assert_eq(truncate(maker.path, 8192), 0);
    spoil_expect("cut", &maker, &cut);
    unlink(maker.path);
    spoil_expect("gone", &maker, &gone);
    maker_end(&maker);
}

static void progress_write(void *context, uint64_t height, uint64_t height_max)
{
    const struct maker *maker = context;
    (void)height;
    (void)height_max;
    file_flip(maker->path, 100, 0);
}

/* Somebody writes to the file while it is being checked: what was hashed is not what was checked. */
Test(audit_story, a_file_that_changes_meanwhile_is_not_judged)
{
    struct maker maker;
    struct rota_audit_report report;
    maker_story(&maker, "meanwhile", 0);
    struct rota_audit_options options = options_of(&maker);
    options.progress = progress_write;
    options.progress_context = &maker;
    usleep(20000);
    rota_audit_run(&report, &options);
    cr_expect_eq(report.verdict, ROTA_VERDICT_UNREADABLE);
    cr_expect_not_null(strstr(report.failures[0].text, "changed while it was being checked"));
    rota_audit_report_free(&report);
    maker_end(&maker);
}
