#include "crypto/broken.h"
#include "ledger/store/handle.h"
#include "ledger/store/schema.h"

#include <stdlib.h>
#include <unistd.h>

enum { STORE_BUSY_MS = 10000, STORE_TEXT_MAX = 256 };

/* FULL: a commit that returned has reached the disk. One connection writes and checkpoints; the automatic checkpoint is
 * only there for a node that finds no quiet moment. */
static const char store_settings[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 8000;"
    "PRAGMA journal_size_limit = 67108864; PRAGMA recursive_triggers = ON";

static struct rota_status open_check_kind(sqlite3 *db)
{
    int64_t application, version;
    ROTA_TRY(store_ask(db, "PRAGMA application_id", &application));
    ROTA_TRY(store_ask(db, "PRAGMA user_version", &version));
    if (application != STORE_APPLICATION_ID || version < 1)
        return rota_fail(ROTA_MALFORMED, "this is not a ledger file");
    if (version > STORE_USER_VERSION)
        return rota_fail(ROTA_UNSUPPORTED, "this ledger file was made by a newer version of Rotaledger");
    return rota_ok();
}

static struct rota_status open_settings(sqlite3 *db)
{
    int64_t synchronous;
    ROTA_TRY(store_run(db, store_settings));
    ROTA_TRY(store_run(db, ROTA_BROKEN(store_not_synchronous, "", "PRAGMA synchronous = NORMAL")));
    ROTA_TRY(store_ask(db, "PRAGMA synchronous", &synchronous));
    if (ROTA_BROKEN(store_not_synchronous, synchronous != 2, false))
        return rota_fail(ROTA_UNSUPPORTED, "the SQLite library of this system cannot make commits durable");
    return rota_ok();
}

/* What the log holds may be in memory only, when the sync of an earlier life failed: a system may then count it as written.
 * Here it is written once more, into the file, before anybody builds on it (PROTOCOL D4). */
static struct rota_status open_fold_log(sqlite3 *db)
{
    int result =
        ROTA_BROKEN(old_log_is_trusted, sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_FULL, NULL, NULL), SQLITE_OK);
    return result == SQLITE_OK ? rota_ok() : store_error(result, "the ledger's log could not be written into its file");
}

static struct rota_status open_find_tip(struct rota_store *store)
{
    struct rota_view bytes;
    struct rota_header header;
    sqlite3_stmt *last = store->statements[STORE_LAST_BLOCK];
    int result = sqlite3_step(last);
    if (result == SQLITE_DONE)
        return rota_ok();
    if (result != SQLITE_ROW)
        return store_error(result, "the newest block could not be read");
    if (!store_column(&bytes, last, 1, SQLITE_BLOB, false) || bytes.len != ROTA_HEADER_BYTES)
        return rota_fail(ROTA_MALFORMED, "the newest block in the ledger file has no proper header");
    ROTA_TRY(rota_header_decode(&header, bytes.data));
    if (header.height != (uint64_t)sqlite3_column_int64(last, 0))
        return rota_fail(ROTA_MALFORMED, "the newest block in the ledger file is at the wrong height");
    store->height = header.height;
    store->head = rota_header_hash(&header);
    store->tree_size = header.tree_size + 1;
    sqlite3_reset(last);
    sqlite3_stmt *certificate = store->statements[STORE_LAST_CERTIFICATE];
    if (sqlite3_step(certificate) == SQLITE_ROW)
        store->certified = (uint64_t)sqlite3_column_int64(certificate, 0);
    sqlite3_reset(certificate);
    return rota_ok();
}

static struct rota_status open_writer(struct rota_store *store, const char *path, const struct rota_genesis *genesis)
{
    char text[STORE_TEXT_MAX];
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
    if (access(path, F_OK) != 0)
        return rota_fail(ROTA_NOT_FOUND, "there is no ledger file of this name");
    int result = sqlite3_open_v2(path, &store->db, flags, NULL);
    if (result != SQLITE_OK)
        return store_error(result, "the ledger file could not be opened");
    sqlite3_busy_timeout(store->db, STORE_BUSY_MS);
    ROTA_TRY(store_harden(store->db));
    ROTA_TRY(open_check_kind(store->db));
    struct rota_status schema = store_schema_compare(store->db, text, sizeof text);
    if (!rota_is_ok(schema))
        return schema.code == ROTA_REFUSED ? rota_fail(ROTA_MALFORMED, schema.why) : schema;
    ROTA_TRY(store_load_genesis(store));
    if (!rota_view_equal(rota_store_genesis(store), rota_view(genesis->bytes, genesis->len)))
        return rota_fail(ROTA_WRONG_LEDGER, "this ledger file was made from another genesis");
    ROTA_TRY(open_settings(store->db));
    ROTA_TRY(open_fold_log(store->db));
    ROTA_TRY(store_prepare(store, 0, STORE_STATEMENTS));
    sqlite3_set_authorizer(store->db, store_authorize_writer, NULL);
    store->writable = true;
    return open_find_tip(store);
}

struct rota_status rota_store_open(struct rota_store **out, const char *path, const struct rota_genesis *genesis)
{
    *out = NULL;
    struct rota_store *store = calloc(1, sizeof *store);
    if (store == NULL)
        return rota_fail(ROTA_NO_MEMORY, "memory is out");
    struct rota_status status = open_writer(store, path, genesis);
    if (rota_is_ok(status))
        *out = store;
    else
        rota_store_close(store);
    return status;
}
