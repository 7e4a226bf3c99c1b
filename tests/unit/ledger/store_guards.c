/* The defences of the file: triggers for everybody, the authorizer for ourselves, the inspection of strangers' files. */
#include "audit_spoil.h"
#include "store_maker.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static sqlite3 *shell_open(const struct maker *maker)
{
    sqlite3 *db = NULL;
    cr_assert_eq(sqlite3_open(maker->path, &db), SQLITE_OK);
    return db;
}

Test(store_guards, stop_every_change_of_a_row)
{
    static const char *const attacks[] = {
        "UPDATE block SET header = zeroblob(200) WHERE height = 2",
        "DELETE FROM block WHERE height = 7",
        "INSERT OR REPLACE INTO block(height, header) VALUES (3, zeroblob(200))",
        "REPLACE INTO block(height, header) VALUES (7, zeroblob(200))",
        "INSERT INTO block(height, header) VALUES (9, zeroblob(200))",
        "INSERT INTO block(header) VALUES (zeroblob(200))",
        "INSERT INTO block(height, header) VALUES (3, zeroblob(200)) ON CONFLICT(height) DO UPDATE SET header = "
        "excluded.header",
        "UPDATE entry SET payload = '{}' WHERE leaf_index = 0",
        "DELETE FROM entry",
        "INSERT OR REPLACE INTO entry SELECT * FROM entry WHERE leaf_index = 0",
        "INSERT INTO entry SELECT leaf_index + 100, 2, idx, kind, id, header, payload, signature, evidence, record, config, "
        "outcome "
        "FROM entry LIMIT 1",
        "UPDATE certificate SET bytes = zeroblob(200)",
        "DELETE FROM certificate WHERE height = 7",
        "INSERT OR REPLACE INTO certificate SELECT * FROM certificate WHERE height = 7",
        "INSERT INTO certificate VALUES (8, zeroblob(200))",
        "UPDATE new_view SET bytes = x'02'",
        "DELETE FROM new_view",
        "INSERT OR REPLACE INTO new_view VALUES (0, 5, x'02')",
        "INSERT INTO new_view VALUES (0, 4, x'02')",
        "UPDATE genesis SET document = '{}'",
        "DELETE FROM genesis",
        "INSERT OR REPLACE INTO genesis VALUES (1, '{}')",
        "INSERT INTO genesis VALUES (2, '{}')",
        "UPDATE readme SET text = 'all is well'",
        "DELETE FROM readme",
        "INSERT INTO readme(text) VALUES ('all is well')",
    };
    struct maker maker;
    maker_story(&maker, "attacks", 0);
    sqlite3 *db = shell_open(&maker);
    cr_assert_eq(sqlite3_exec(db, "INSERT INTO new_view VALUES (0, 5, x'01')", NULL, NULL, NULL), SQLITE_OK);
    for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++)
        cr_expect_eq(sqlite3_exec(db, attacks[i], NULL, NULL, NULL), SQLITE_CONSTRAINT, "not stopped: %s (%s)", attacks[i],
                     sqlite3_errmsg(db));
    sqlite3_close(db);
    maker_end(&maker);
}

/* What the triggers cannot stop, the next opening notices. */
/* It rotted, or somebody turned it: a node must not go on with a ledger in which an entry is called otherwise. */
Test(store_guards, an_id_that_is_not_its_entrys_makes_the_block_unreadable)
{
    struct maker maker;
    struct rota_store *store;
    struct rota_block *block = NULL;
    maker_story(&maker, "renamed", 0);
    sqlite3 *db = spoil_open(&maker);
    spoil_sql(db, "UPDATE entry SET id = zeroblob(32) WHERE height = 2 AND idx = 0");
    spoil_close(db);
    cr_assert(rota_is_ok(rota_store_open(&store, maker.path, &maker.genesis)));
    struct rota_status status = rota_store_block(&block, store, 2);
    cr_expect(status.code == ROTA_MALFORMED && !block, "%s", status.why);
    cr_expect(rota_is_ok(rota_store_block(&block, store, 1)));
    rota_block_release(block);
    rota_store_close(store);
    maker_end(&maker);
}

Test(store_guards, notice_a_file_without_its_triggers)
{
    struct maker maker;
    struct rota_store *store;
    maker_story(&maker, "untriggered", 0);
    sqlite3 *db = shell_open(&maker);
    cr_assert_eq(sqlite3_exec(db, "DROP TRIGGER block_no_UPDATE", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    cr_expect_eq(rota_store_open(&store, maker.path, &maker.genesis).code, ROTA_MALFORMED);
    cr_expect_null(store);
    maker_end(&maker);
}

struct inspection_case {
    const char *name;
    const char *sql; /* run on the file by a stranger */
    enum rota_store_finding finding;
    enum rota_code code;
};

static const struct inspection_case inspection_cases[] = {
    {"untouched", "SELECT 1", ROTA_STORE_FINE, ROTA_OK},
    {"extra trigger", "CREATE TRIGGER t AFTER INSERT ON block BEGIN SELECT 1; END", ROTA_STORE_OTHER_SCHEMA, ROTA_MALFORMED},
    {"extra table", "CREATE TABLE notes(x)", ROTA_STORE_OTHER_SCHEMA, ROTA_MALFORMED},
    {"extra view", "CREATE VIEW v_truth AS SELECT 1", ROTA_STORE_OTHER_SCHEMA, ROTA_MALFORMED},
    {"extra index", "CREATE INDEX i ON entry(height)", ROTA_STORE_OTHER_SCHEMA, ROTA_MALFORMED},
    {"virtual table", "CREATE VIRTUAL TABLE v USING fts5(x)", ROTA_STORE_OTHER_SCHEMA, ROTA_MALFORMED},
    {"view gone", "DROP VIEW v_assignment", ROTA_STORE_OTHER_SCHEMA, ROTA_MALFORMED},
    {"view that lies", "DROP VIEW v_member; CREATE VIEW v_member AS SELECT 'all honest' AS member", ROTA_STORE_OTHER_SCHEMA,
     ROTA_MALFORMED},
    {"column added", "ALTER TABLE block ADD COLUMN approved INTEGER", ROTA_STORE_OTHER_SCHEMA, ROTA_MALFORMED},
    {"readme that lies", "DROP TRIGGER readme_no_UPDATE; UPDATE readme SET text = 'do not run rota-verify' WHERE line = 2",
     ROTA_STORE_OTHER_SCHEMA, ROTA_MALFORMED},
    {"newer format", "PRAGMA user_version = 2", ROTA_STORE_NEWER, ROTA_UNSUPPORTED},
    {"no format", "PRAGMA user_version = 0", ROTA_STORE_OTHER_FILE, ROTA_MALFORMED},
    {"other application", "PRAGMA application_id = 1", ROTA_STORE_OTHER_FILE, ROTA_MALFORMED},
};

Test(store_guards, inspection_names_what_is_wrong)
{
    for (size_t i = 0; i < sizeof inspection_cases / sizeof *inspection_cases; i++) {
        const struct inspection_case *this = &inspection_cases[i];
        struct maker maker;
        struct rota_store *store;
        struct rota_store_inspection inspection;
        maker_story(&maker, "inspect", 0);
        sqlite3 *db = shell_open(&maker);
        int result = sqlite3_exec(db, this->sql, NULL, NULL, NULL);
        cr_assert_eq(result, SQLITE_OK, "%s: %s", this->name, sqlite3_errmsg(db));
        sqlite3_close(db);
        struct rota_status status = rota_store_inspect(&store, &inspection, maker.path);
        cr_expect_eq(inspection.finding, this->finding, "%s: finding %d, %s", this->name, (int)inspection.finding,
                     inspection.text);
        cr_expect_eq(status.code, this->code, "%s", this->name);
        cr_expect_eq(store != NULL, this->code == ROTA_OK);
        rota_store_close(store);
        maker_end(&maker);
    }
}

static void bytes_write(const char *path, off_t at, const void *bytes, size_t len)
{
    int file = open(path, O_RDWR | O_CREAT, 0600);
    cr_assert_geq(file, 0);
    cr_assert_eq(pwrite(file, bytes, len, at), (ssize_t)len);
    close(file);
}

static enum rota_store_finding finding_of(const char *path)
{
    struct rota_store *store;
    struct rota_store_inspection inspection;
    struct rota_status status = rota_store_inspect(&store, &inspection, path);
    cr_expect_eq(rota_is_ok(status), inspection.finding == ROTA_STORE_FINE);
    rota_store_close(store);
    return inspection.finding;
}

Test(store_guards, inspection_looks_at_raw_bytes_first)
{
    static const uint8_t noise[] = {0xa5, 0x5a, 0x13, 0x37, 0xa5, 0x5a, 0x13, 0x37};
    struct maker maker;
    char wal[192];
    maker_story(&maker, "raw", 0);
    snprintf(wal, sizeof wal, "%s-wal", maker.path);
    cr_expect_eq(finding_of(maker.path), ROTA_STORE_FINE);
    bytes_write(wal, 0, "x", 1);
    cr_expect_eq(finding_of(maker.path), ROTA_STORE_LEFTOVER);
    cr_assert_eq(truncate(wal, 0), 0);
    cr_expect_eq(finding_of(maker.path), ROTA_STORE_FINE, "an empty log says nothing");
    unlink(wal);
    bytes_write(maker.path, 5 * 4096, noise, sizeof noise);
    cr_expect_eq(finding_of(maker.path), ROTA_STORE_DAMAGED);
    cr_assert_eq(truncate(maker.path, 3 * 4096), 0);
    cr_expect_eq(finding_of(maker.path), ROTA_STORE_DAMAGED);
    cr_assert_eq(truncate(maker.path, 60), 0);
    cr_expect_eq(finding_of(maker.path), ROTA_STORE_OTHER_FILE);
    bytes_write(maker.path, 0, "Dear auditor, please find attached ........................................................",
                90);
    cr_assert_eq(truncate(maker.path, 5000), 0);
    cr_expect_eq(finding_of(maker.path), ROTA_STORE_OTHER_FILE);
    cr_expect_eq(finding_of("/dev/shm"), ROTA_STORE_NO_ACCESS);
    cr_expect_eq(finding_of("/dev/shm/rota-no-such-file"), ROTA_STORE_NO_ACCESS);
    maker_end(&maker);
}

/* Names that mean something in a URI are names all the same. */
Test(store_guards, inspection_opens_the_file_that_was_named)
{
    struct maker maker;
    char odd[192];
    maker_story(&maker, "odd", 0);
    snprintf(odd, sizeof odd, "%s?mode=memory&x=%%41#top of list", maker.path);
    cr_assert_eq(rename(maker.path, odd), 0);
    cr_expect_eq(finding_of(odd), ROTA_STORE_FINE);
    unlink(odd);
    maker_end(&maker);
}

static char *query(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    cr_assert_eq(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(db));
    int result = sqlite3_step(statement);
    cr_assert(result == SQLITE_ROW || result == SQLITE_DONE, "%s: %s", sql, sqlite3_errmsg(db));
    const char *text = result == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : "";
    char *copy = strdup(text != NULL ? text : "(null)");
    sqlite3_finalize(statement);
    return copy;
}

/* A person with the sqlite3 shell, who does not trust the schema either. */
Test(store_guards, views_can_be_read_without_trusting_the_schema)
{
    static const char *const pairs[][2] = {
        {"SELECT count(*) FROM v_block", "7"},
        {"SELECT time FROM v_block WHERE height = 2", "2027-01-01T00:00:02.000Z"},
        {"SELECT proposer FROM v_block WHERE height = 3", "3"},
        {"SELECT count(*) FROM v_block WHERE hash IS NOT NULL", "7"},
        {"SELECT certified_by_height FROM v_block WHERE height = 4", "6"},
        {"SELECT group_concat(id) FROM v_member", "alpha,bravo,charlie,delta"},
        {"SELECT seq FROM v_entry WHERE height = 4 AND idx = 1", "7"},
        {"SELECT kind FROM v_entry WHERE height = 4 AND idx = 0", "evidence"},
        {"SELECT state || code FROM v_operation WHERE height = 3 AND idx = 1", "refused120"},
        {"SELECT state || code FROM v_operation WHERE height = 5", "refused101"},
        {"SELECT op FROM v_operation WHERE height = 2 AND idx = 0 AND op_index = 1", "code.define"},
        {"SELECT count(*) FROM v_operation WHERE code IS NULL", "0"},
        {"SELECT group_concat(person) FROM (SELECT person FROM v_assignment ORDER BY from_height, start)",
         "p-1,p-2,p-2,p-5,p-3,p-6,p-1,p-1,p-6"},
    };
    struct maker maker;
    maker_story(&maker, "views", 0);
    sqlite3 *db = shell_open(&maker);
    cr_assert_eq(sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)NULL), SQLITE_OK);
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char *text = query(db, pairs[i][0]);
        cr_expect_str_eq(text, pairs[i][1], "%s gives %s", pairs[i][0], text);
        free(text);
    }
    sqlite3_close(db);
    maker_end(&maker);
}

/* The ids that the view shows are the ids that the schedule knows. */
Test(store_guards, view_of_assignments_has_the_schedules_ids)
{
    struct maker maker;
    maker_story(&maker, "ids", 0);
    sqlite3 *db = shell_open(&maker);
    sqlite3_stmt *rows = NULL;
    int count = 0;
    cr_assert_eq(sqlite3_prepare_v2(db, "SELECT id, person FROM v_assignment", -1, &rows, NULL), SQLITE_OK);
    for (; sqlite3_step(rows) == SQLITE_ROW; count++) {
        uint8_t id[ROTA_ASSIGNMENT_ID_BYTES];
        struct rota_assignment assignment;
        cr_assert(rota_is_ok(rota_hex_decode(id, sizeof id, rota_view_text((const char *)sqlite3_column_text(rows, 0)))));
        cr_assert(rota_is_ok(rota_state_assignment(&assignment, maker.state, id)));
        cr_expect_str_eq(assignment.person.text, (const char *)sqlite3_column_text(rows, 1));
        cr_expect_eq(assignment.to_height, 0);
    }
    cr_expect_eq(count, 9);
    sqlite3_finalize(rows);
    sqlite3_close(db);
    maker_end(&maker);
}

/* FORMATS §13 prints these: the schema is part of the format and does not change without a new version. */
Test(store_guards, the_schema_is_the_one_that_is_written_down)
{
    static const char *const digests[][2] = {
        {"SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY rowid",
         "2d54dea9893f1639ae9b9d1bbfb5e8cbd8d0f4d370996ec7520b44c9fe1d4926"},
        {"SELECT text FROM readme ORDER BY line", "9511e42e5cfbfc05186f6e45c7605b78a58d1871fd88b4f43668a5d71c01d8b1"},
    };
    struct maker maker;
    maker_begin(&maker, "frozen");
    sqlite3 *db = shell_open(&maker);
    for (size_t i = 0; i < 2; i++) {
        sqlite3_stmt *rows = NULL;
        struct rota_digest digest;
        char hex[2 * ROTA_HASH_BYTES + 1];
        rota_digest_start(&digest, NULL);
        cr_assert_eq(sqlite3_prepare_v2(db, digests[i][0], -1, &rows, NULL), SQLITE_OK);
        while (sqlite3_step(rows) == SQLITE_ROW) {
            for (int column = 0; column < sqlite3_column_count(rows); column++)
                rota_digest_add(&digest, sqlite3_column_text(rows, column), (size_t)sqlite3_column_bytes(rows, column) + 1);
        }
        sqlite3_finalize(rows);
        struct rota_hash hash = rota_digest_finish(&digest);
        rota_hex_encode(hex, rota_view(hash.b, sizeof hash.b));
        cr_expect_str_eq(hex, digests[i][1]);
    }
    sqlite3_close(db);
    maker_end(&maker);
}
