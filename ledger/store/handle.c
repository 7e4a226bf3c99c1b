#include "ledger/store/handle.h"
#include "ledger/store/result.h"

#include <stdlib.h>

#define ENTRY_COLUMNS "leaf_index, height, idx, kind, id, header, payload, signature, evidence, outcome, record, config"

static const char *const store_sql[STORE_STATEMENTS] = {
    [STORE_BEGIN] = "BEGIN IMMEDIATE",
    [STORE_COMMIT] = "COMMIT",
    [STORE_ROLLBACK] = "ROLLBACK",
    [STORE_PUT_BLOCK] = "INSERT INTO block(height, header) VALUES (?1, ?2)",
    [STORE_PUT_ENTRY] = "INSERT INTO entry(" ENTRY_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    [STORE_PUT_CERTIFICATE] = "INSERT INTO certificate(height, bytes) VALUES (?1, ?2)",
    [STORE_PUT_NEW_VIEW] = "INSERT INTO new_view(epoch, view, bytes) VALUES (?1, ?2, ?3)",
    [STORE_LAST_BLOCK] = "SELECT height, header FROM block ORDER BY height DESC LIMIT 1",
    [STORE_LAST_CERTIFICATE] = "SELECT height FROM certificate ORDER BY height DESC LIMIT 1",
    [STORE_GET_BLOCK] = "SELECT header FROM block WHERE height = ?1",
    [STORE_GET_ENTRIES] = "SELECT " ENTRY_COLUMNS " FROM entry WHERE leaf_index >= ?1 ORDER BY leaf_index",
    [STORE_GET_OUTCOME] = "SELECT outcome, height, idx FROM entry WHERE leaf_index = ?1",
    [STORE_GET_CERTIFICATE] = "SELECT bytes FROM certificate WHERE height >= ?1 ORDER BY height LIMIT 1",
    [STORE_GET_STRAY] =
        "SELECT height FROM certificate WHERE height NOT IN (SELECT height FROM block) ORDER BY height LIMIT 1",
    [STORE_LAST_NEW_VIEW] = "SELECT epoch, view FROM new_view ORDER BY epoch DESC, view DESC LIMIT 1",
    [STORE_NEXT_NEW_VIEW] =
        "SELECT epoch, view, bytes FROM new_view WHERE (epoch, view) > (?1, ?2) ORDER BY epoch, view LIMIT 1",
    [STORE_SCAN_BLOCKS] =
        "SELECT b.height, b.header, c.bytes FROM block AS b LEFT JOIN certificate AS c ON c.height = b.height"
        " ORDER BY b.height",
    [STORE_SCAN_ENTRIES] = "SELECT " ENTRY_COLUMNS " FROM entry ORDER BY leaf_index",
};

struct rota_status store_error(int result, const char *otherwise)
{
    static const struct store_words words = {
        .full = "there is no room left on the disk that holds the ledger file",
        .damaged = "the ledger file is damaged",
        .permission = "the ledger file may not be written by this user",
        .locked = "another program keeps the ledger file locked",
    };
    return store_result(result, &words, otherwise);
}

struct rota_status store_prepare(struct rota_store *store, int first, int end)
{
    for (int i = first; i < end; i++) {
        int result = sqlite3_prepare_v3(store->db, store_sql[i], -1, SQLITE_PREPARE_PERSISTENT, &store->statements[i], NULL);
        if (result != SQLITE_OK)
            return store_error(result, "the ledger file does not have the tables it should have");
    }
    return rota_ok();
}

struct rota_status store_run(sqlite3 *db, const char *sql)
{
    int result = sqlite3_exec(db, sql, NULL, NULL, NULL);
    return result == SQLITE_OK ? rota_ok() : store_error(result, "the ledger file could not be written");
}

struct rota_status store_ask(sqlite3 *db, const char *sql, int64_t *out)
{
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    *out = 0;
    if (result == SQLITE_OK)
        result = sqlite3_step(statement);
    if (result == SQLITE_ROW)
        *out = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return result == SQLITE_ROW || result == SQLITE_DONE ? rota_ok()
                                                         : store_error(result, "the ledger file could not be read");
}

bool store_column(struct rota_view *out, sqlite3_stmt *statement, int column, int type, bool may_be_null)
{
    int found = sqlite3_column_type(statement, column);
    *out = rota_view(NULL, 0);
    if (found == SQLITE_NULL)
        return may_be_null;
    if (found != type)
        return false;
    /* Blob access never converts: what comes out are the bytes of the file, for TEXT as well. */
    const void *data = sqlite3_column_blob(statement, column);
    *out = rota_view(data, data != NULL ? (size_t)sqlite3_column_bytes(statement, column) : 0);
    return true;
}

struct rota_status store_load_genesis(struct rota_store *store)
{
    sqlite3_stmt *statement = NULL;
    struct rota_view found;
    int result = sqlite3_prepare_v2(store->db, "SELECT document FROM genesis", -1, &statement, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_step(statement);
    struct rota_status status = rota_ok();
    if (result == SQLITE_DONE)
        status = rota_fail(ROTA_MALFORMED, "the ledger file has no genesis in it");
    else if (result != SQLITE_ROW)
        status = store_error(result, "the genesis in the ledger file could not be read");
    else if (!store_column(&found, statement, 0, SQLITE_TEXT, false) || found.len == 0 || found.len > ROTA_GENESIS_BYTES_MAX)
        status = rota_fail(ROTA_MALFORMED, "the genesis in the ledger file is not a text of a possible size");
    else if ((store->genesis = malloc(found.len)) == NULL)
        status = rota_fail(ROTA_NO_MEMORY, "memory is out");
    else
        memcpy(store->genesis, found.data, store->genesis_len = found.len);
    sqlite3_finalize(statement);
    return status;
}

static void harden_limits(sqlite3 *db)
{
    static const int limits[][2] = {
        {SQLITE_LIMIT_LENGTH, STORE_LENGTH_MAX}, {SQLITE_LIMIT_SQL_LENGTH, 65536},  {SQLITE_LIMIT_COLUMN, 64},
        {SQLITE_LIMIT_EXPR_DEPTH, 100},          {SQLITE_LIMIT_COMPOUND_SELECT, 8}, {SQLITE_LIMIT_VDBE_OP, 100000},
        {SQLITE_LIMIT_FUNCTION_ARG, 16},         {SQLITE_LIMIT_ATTACHED, 0},        {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 64},
        {SQLITE_LIMIT_VARIABLE_NUMBER, 16},      {SQLITE_LIMIT_TRIGGER_DEPTH, 4},   {SQLITE_LIMIT_WORKER_THREADS, 0},
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        sqlite3_limit(db, limits[i][0], limits[i][1]);
}

struct rota_status store_harden(sqlite3 *db)
{
    static const int switches[][2] = {
        {SQLITE_DBCONFIG_DEFENSIVE, 1},
        {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
        {SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0},
        {SQLITE_DBCONFIG_DQS_DML, 0},
        {SQLITE_DBCONFIG_DQS_DDL, 0},
        {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
        {SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0},
    };
    for (size_t i = 0; i < sizeof switches / sizeof *switches; i++) {
        if (sqlite3_db_config(db, switches[i][0], switches[i][1], (int *)NULL) != SQLITE_OK)
            return rota_fail(ROTA_UNSUPPORTED,
                             "the SQLite library of this system lacks a protection that ledger files need");
    }
    harden_limits(db);
    return store_run(db, "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY");
}

struct rota_status store_reserve(struct rota_store *store, size_t len)
{
    if (len <= store->scratch_size)
        return rota_ok();
    uint8_t *grown = realloc(store->scratch, len);
    if (grown == NULL)
        return rota_fail(ROTA_NO_MEMORY, "memory is out");
    store->scratch = grown;
    store->scratch_size = len;
    return rota_ok();
}

void rota_store_close(struct rota_store *store)
{
    if (store == NULL)
        return;
    for (int i = 0; i < STORE_STATEMENTS; i++)
        sqlite3_finalize(store->statements[i]);
    if (store->failed)
        sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_close(store->db);
    free(store->genesis);
    free(store->scratch);
    free(store);
}

struct rota_view rota_store_genesis(const struct rota_store *store)
{
    return rota_view(store->genesis, store->genesis_len);
}

uint64_t rota_store_height(const struct rota_store *store)
{
    return store->height;
}
