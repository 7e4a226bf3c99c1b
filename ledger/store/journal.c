#include "ledger/store/journal.h"
#include "crypto/broken.h"
#include "crypto/folder.h"
#include "ledger/store/result.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { JOURNAL_OPEN_FLAGS = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE };
enum { JOURNAL_APPLICATION_ID = 0x524F544A, JOURNAL_USER_VERSION = 1, JOURNAL_BUSY_MS = 10000 };

enum journal_statement {
    JOURNAL_BEGIN,
    JOURNAL_COMMIT,
    JOURNAL_ROLLBACK,
    JOURNAL_SET,
    JOURNAL_GET,
    JOURNAL_ADD_BLOCK,
    JOURNAL_EACH_BLOCK,
    JOURNAL_FORGET,
    JOURNAL_STATEMENTS,
};

static const char *const journal_sql[JOURNAL_STATEMENTS] = {
    [JOURNAL_BEGIN] = "BEGIN IMMEDIATE",
    [JOURNAL_COMMIT] = "COMMIT",
    [JOURNAL_ROLLBACK] = "ROLLBACK",
    [JOURNAL_SET] = ("INSERT INTO record(name, sum, bytes) VALUES (?1, ?2, ?3) "
                     "ON CONFLICT(name) DO UPDATE SET sum = excluded.sum, bytes = excluded.bytes"),
    [JOURNAL_GET] = "SELECT sum, bytes FROM record WHERE name = ?1",
    [JOURNAL_ADD_BLOCK] = "INSERT OR IGNORE INTO block(height, hash, bytes) VALUES (?1, ?2, ?3)",
    [JOURNAL_EACH_BLOCK] = "SELECT bytes FROM block ORDER BY height",
    [JOURNAL_FORGET] = "DELETE FROM block WHERE height <= ?1",
};

static const char journal_schema[] =
    "PRAGMA page_size = 4096; PRAGMA encoding = 'UTF-8'; PRAGMA synchronous = FULL; PRAGMA auto_vacuum = NONE;"
    "PRAGMA application_id = 0x524F544A; PRAGMA user_version = 1; BEGIN;"
    "CREATE TABLE record(name TEXT PRIMARY KEY, sum BLOB NOT NULL, bytes BLOB NOT NULL) STRICT;"
    "CREATE TABLE block(height INTEGER NOT NULL, hash BLOB NOT NULL, bytes BLOB NOT NULL, UNIQUE(height, hash)) STRICT;";

struct rota_journal_file {
    sqlite3 *db;
    sqlite3_stmt *statements[JOURNAL_STATEMENTS];
    bool in_transaction;
    bool failed;
};

static struct rota_status journal_error(int result, const char *otherwise)
{
    static const struct store_words words = {
        .full = "there is no room left on the disk that holds the journal",
        .damaged = "the journal file is damaged",
        .permission = "the journal file may not be written by this user",
        .locked = "another program keeps the journal file locked",
    };
    return store_result(result, &words, otherwise);
}

static struct rota_hash journal_sum(const char *name, struct rota_view bytes)
{
    struct rota_digest digest;
    rota_digest_start(&digest, ROTA_TAG("journal"));
    rota_digest_add(&digest, name, strlen(name) + 1);
    rota_digest_add(&digest, bytes.data, bytes.len);
    return rota_digest_finish(&digest);
}

static struct rota_status journal_run(sqlite3 *db, const char *sql)
{
    int result = sqlite3_exec(db, sql, NULL, NULL, NULL);
    return result == SQLITE_OK ? rota_ok() : journal_error(result, "the journal file could not be written");
}

/* ---- making one ----------------------------------------------------------------------------------------------------- */

static void journal_close_db(sqlite3 **db)
{
    sqlite3_close(*db);
}

static int journal_set_row(sqlite3_stmt *set, const char *name, struct rota_view bytes)
{
    struct rota_hash sum = journal_sum(name, bytes);
    sqlite3_bind_text(set, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_blob(set, 2, sum.b, sizeof sum.b, SQLITE_STATIC);
    sqlite3_bind_blob(set, 3, bytes.data, (int)bytes.len, SQLITE_STATIC);
    int result = sqlite3_step(set);
    sqlite3_reset(set);
    sqlite3_clear_bindings(set);
    return result;
}

static struct rota_status journal_fill_new(const char *path, const struct rota_hash *ledger_id)
{
    ROTA_CLEANUP(journal_close_db) sqlite3 *db = NULL;
    sqlite3_stmt *set = NULL;
    int result = sqlite3_open_v2(path, &db, JOURNAL_OPEN_FLAGS, NULL);
    if (result != SQLITE_OK)
        return journal_error(result, "a new journal file could not be opened");
    ROTA_TRY(journal_run(db, journal_schema));
    result = sqlite3_prepare_v2(db, journal_sql[JOURNAL_SET], -1, &set, NULL);
    if (result == SQLITE_OK)
        result = journal_set_row(set, "ledger", rota_view(ledger_id->b, sizeof ledger_id->b));
    sqlite3_finalize(set);
    if (result != SQLITE_DONE)
        return journal_error(result, "the journal file could not be written");
    return journal_run(db, "COMMIT; PRAGMA journal_mode = WAL");
}

/* Made whole under another name first: a crash never leaves half a journal where the node looks for one. */
struct rota_status rota_journal_file_create(const char *path, const struct rota_hash *ledger_id)
{
    char part[PATH_MAX];
    int length = snprintf(part, sizeof part, "%s.part", path);
    if (length < 0 || (size_t)length + sizeof "-journal" > sizeof part)
        return rota_fail(ROTA_TOO_LARGE, "the name of the journal file is too long");
    if (access(path, F_OK) == 0)
        return rota_fail(ROTA_EXISTS, "there is a file of this name already; a journal is never overwritten");
    unlink(part);
    int file = open(part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0)
        return rota_fail(errno == ENOSPC ? ROTA_FULL : ROTA_PERMISSION,
                         "a new journal file could not be made in this folder");
    close(file);
    struct rota_status status = journal_fill_new(part, ledger_id);
    if (rota_is_ok(status) && link(part, path) != 0)
        status = errno == EEXIST
                     ? rota_fail(ROTA_EXISTS, "there is a file of this name already; a journal is never overwritten")
                     : rota_fail(ROTA_IO, "the new journal file could not be given its name");
    unlink(part);
    return rota_is_ok(status) ? rota_folder_sync(path) : status;
}

struct rota_status rota_journal_file_set_aside(char *out, size_t out_size, const char *path)
{
    static const char *const parts[] = {"-wal", "-shm", ""}; /* the file itself last: then it is whole under its new name */
    char from[PATH_MAX], to[PATH_MAX];
    unsigned number = 1;
    do {
        int length = snprintf(out, out_size, "%s.damaged-%u", path, number++);
        if (length < 0 || (size_t)length >= out_size || (size_t)length + sizeof "-wal" > sizeof to)
            return rota_fail(ROTA_TOO_LARGE, "the name of the journal file is too long");
    } while (access(out, F_OK) == 0);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        (void)snprintf(from, sizeof from, "%s%s", path, parts[i]);
        (void)snprintf(to, sizeof to, "%s%s", out, parts[i]);
        if (access(from, F_OK) == 0 && rename(from, to) != 0)
            return rota_fail(ROTA_IO, "the damaged journal file could not be given another name");
    }
    return rota_folder_sync(path);
}

/* ---- opening -------------------------------------------------------------------------------------------------------- */

static int64_t journal_ask(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int64_t answer = -1;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
        answer = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return answer;
}

static struct rota_status journal_prepare(struct rota_journal_file *file)
{
    for (int i = 0; i < JOURNAL_STATEMENTS; i++) {
        int result = sqlite3_prepare_v3(file->db, journal_sql[i], -1, SQLITE_PREPARE_PERSISTENT, &file->statements[i], NULL);
        if (result != SQLITE_OK)
            return journal_error(result, "the journal file does not have the tables it should have");
    }
    return rota_ok();
}

static struct rota_status journal_check_ledger(struct rota_journal_file *file, const struct rota_hash *ledger_id)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    ROTA_TRY(rota_journal_file_record(&bytes, &len, file, "ledger"));
    bool same = len == sizeof ledger_id->b && memcmp(bytes, ledger_id->b, len) == 0;
    free(bytes);
    return same ? rota_ok() : rota_fail(ROTA_WRONG_LEDGER, "this journal belongs to another ledger");
}

static struct rota_status journal_open(struct rota_journal_file *file, const char *path, const struct rota_hash *ledger_id)
{
    if (access(path, F_OK) != 0)
        return rota_fail(ROTA_NOT_FOUND, "there is no journal file of this name");
    int result = sqlite3_open_v2(path, &file->db, JOURNAL_OPEN_FLAGS, NULL);
    if (result != SQLITE_OK)
        return journal_error(result, "the journal file could not be opened");
    sqlite3_busy_timeout(file->db, JOURNAL_BUSY_MS);
    int64_t version = journal_ask(file->db, "PRAGMA user_version");
    if (journal_ask(file->db, "PRAGMA application_id") != JOURNAL_APPLICATION_ID || version < 1)
        return rota_fail(ROTA_MALFORMED, "this is not a journal file, or it is damaged");
    if (version > JOURNAL_USER_VERSION)
        return rota_fail(ROTA_UNSUPPORTED, "this journal was made by a newer version of Rotaledger");
    ROTA_TRY(journal_run(file->db,
                         "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 8000;"
                         "PRAGMA journal_size_limit = 67108864; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0"));
    ROTA_TRY(journal_run(file->db, ROTA_BROKEN(journal_not_synchronous, "", "PRAGMA synchronous = NORMAL")));
    if (ROTA_BROKEN(journal_not_synchronous, journal_ask(file->db, "PRAGMA synchronous") != 2, false))
        return rota_fail(ROTA_UNSUPPORTED, "the SQLite library of this system cannot make commits durable");
    /* As with the ledger: what the log holds may never have reached the disk (PROTOCOL D4). */
    result = sqlite3_wal_checkpoint_v2(file->db, NULL, SQLITE_CHECKPOINT_FULL, NULL, NULL);
    if (result != SQLITE_OK)
        return journal_error(result, "the journal's log could not be written into its file");
    ROTA_TRY(journal_prepare(file));
    return journal_check_ledger(file, ledger_id);
}

struct rota_status rota_journal_file_open(struct rota_journal_file **out, const char *path,
                                          const struct rota_hash *ledger_id)
{
    *out = NULL;
    struct rota_journal_file *file = calloc(1, sizeof *file);
    if (!file)
        return rota_fail(ROTA_NO_MEMORY, "memory is out");
    struct rota_status status = journal_open(file, path, ledger_id);
    if (rota_is_ok(status))
        *out = file;
    else
        rota_journal_file_close(file);
    return status;
}

void rota_journal_file_close(struct rota_journal_file *file)
{
    if (!file)
        return;
    for (int i = 0; i < JOURNAL_STATEMENTS; i++)
        sqlite3_finalize(file->statements[i]);
    if (file->failed)
        sqlite3_db_config(file->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_close(file->db);
    free(file);
}

/* ---- reading -------------------------------------------------------------------------------------------------------- */

static struct rota_status record_copy(uint8_t **out, size_t *out_len, sqlite3_stmt *row, const char *name)
{
    const void *sum = sqlite3_column_blob(row, 0);
    const void *data = sqlite3_column_blob(row, 1);
    struct rota_view bytes = rota_view(data, data ? (size_t)sqlite3_column_bytes(row, 1) : 0);
    struct rota_hash expected = journal_sum(name, bytes);
    if (!sum || sqlite3_column_bytes(row, 0) != ROTA_HASH_BYTES ||
        ROTA_BROKEN(journal_unchecked, memcmp(sum, expected.b, sizeof expected.b) != 0, false))
        return rota_fail(ROTA_MALFORMED, "a record of the journal does not have its checksum");
    *out = malloc(bytes.len > 0 ? bytes.len : 1);
    if (!*out)
        return rota_fail(ROTA_NO_MEMORY, "memory is out");
    if (bytes.len > 0)
        memcpy(*out, bytes.data, bytes.len);
    *out_len = bytes.len;
    return rota_ok();
}

struct rota_status rota_journal_file_record(uint8_t **out, size_t *out_len, struct rota_journal_file *file, const char *name)
{
    sqlite3_stmt *get = file->statements[JOURNAL_GET];
    *out = NULL;
    *out_len = 0;
    sqlite3_bind_text(get, 1, name, -1, SQLITE_STATIC);
    int result = sqlite3_step(get);
    struct rota_status status = rota_fail(ROTA_NOT_FOUND, "the journal has no such record");
    if (result == SQLITE_ROW)
        status = record_copy(out, out_len, get, name);
    else if (result != SQLITE_DONE)
        status = journal_error(result, "the journal file could not be read");
    sqlite3_reset(get);
    return status;
}

struct rota_status rota_journal_file_blocks(struct rota_journal_file *file,
                                            bool (*fn)(void *context, struct rota_view bytes), void *context)
{
    sqlite3_stmt *each = file->statements[JOURNAL_EACH_BLOCK];
    int result;
    while ((result = sqlite3_step(each)) == SQLITE_ROW) {
        const void *data = sqlite3_column_blob(each, 0);
        if (!fn(context, rota_view(data, data ? (size_t)sqlite3_column_bytes(each, 0) : 0)))
            break;
    }
    sqlite3_reset(each);
    return result == SQLITE_DONE || result == SQLITE_ROW ? rota_ok()
                                                         : journal_error(result, "the journal file could not be read");
}

/* ---- writing -------------------------------------------------------------------------------------------------------- */

static struct rota_status journal_finish(struct rota_journal_file *file, int result)
{
    if (ROTA_BROKEN(journal_error_ignored, result == SQLITE_DONE, true))
        return rota_ok();
    file->failed = true;
    return journal_error(result, "the journal file could not be written");
}

static struct rota_status journal_begin(struct rota_journal_file *file)
{
    if (file->failed)
        return rota_fail(ROTA_IO, "an earlier write to the journal file failed");
    if (file->in_transaction)
        return rota_ok();
    int result = sqlite3_step(file->statements[JOURNAL_BEGIN]);
    sqlite3_reset(file->statements[JOURNAL_BEGIN]);
    file->in_transaction = result == SQLITE_DONE;
    return journal_finish(file, result);
}

struct rota_status rota_journal_file_set(struct rota_journal_file *file, const char *name, struct rota_view bytes)
{
    ROTA_TRY(journal_begin(file));
    return journal_finish(file, journal_set_row(file->statements[JOURNAL_SET], name, bytes));
}

struct rota_status rota_journal_file_add_block(struct rota_journal_file *file, uint64_t height, const struct rota_hash *hash,
                                               struct rota_view bytes)
{
    sqlite3_stmt *add = file->statements[JOURNAL_ADD_BLOCK];
    ROTA_TRY(journal_begin(file));
    sqlite3_bind_int64(add, 1, (int64_t)height);
    sqlite3_bind_blob(add, 2, hash->b, sizeof hash->b, SQLITE_STATIC);
    sqlite3_bind_blob(add, 3, bytes.data, (int)bytes.len, SQLITE_STATIC);
    int result = sqlite3_step(add);
    sqlite3_reset(add);
    sqlite3_clear_bindings(add);
    return journal_finish(file, result);
}

struct rota_status rota_journal_file_forget(struct rota_journal_file *file, uint64_t height)
{
    sqlite3_stmt *forget = file->statements[JOURNAL_FORGET];
    ROTA_TRY(journal_begin(file));
    sqlite3_bind_int64(forget, 1, (int64_t)height);
    int result = sqlite3_step(forget);
    sqlite3_reset(forget);
    return journal_finish(file, result);
}

struct rota_status rota_journal_file_commit(struct rota_journal_file *file, bool *out_synced)
{
    if (out_synced)
        *out_synced = file->in_transaction;
    if (!file->in_transaction && !file->failed)
        return rota_ok();
    int result = file->failed ? SQLITE_IOERR : sqlite3_step(file->statements[JOURNAL_COMMIT]);
    sqlite3_reset(file->statements[JOURNAL_COMMIT]);
    file->in_transaction = false;
    if (result != SQLITE_DONE && sqlite3_get_autocommit(file->db) == 0) {
        sqlite3_step(file->statements[JOURNAL_ROLLBACK]);
        sqlite3_reset(file->statements[JOURNAL_ROLLBACK]);
    }
    return journal_finish(file, result);
}

struct rota_status rota_journal_file_checkpoint(struct rota_journal_file *file)
{
    if (file->in_transaction || file->failed)
        return rota_ok();
    int result = sqlite3_wal_checkpoint_v2(file->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if (result == SQLITE_OK || (result & 0xff) == SQLITE_BUSY) /* somebody reads: another time */
        return rota_ok();
    file->failed = true;
    return journal_error(result, "the journal's log could not be written into its file");
}

void rota_journal_file_give_up(struct rota_journal_file *file)
{
    file->failed = true;
}
