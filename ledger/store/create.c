#include "crypto/folder.h"
#include "ledger/store/handle.h"
#include "ledger/store/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

static void create_done(sqlite3 **db)
{
    sqlite3_close(*db);
}

static struct rota_status create_genesis_row(sqlite3 *db, const struct rota_genesis *genesis)
{
    sqlite3_stmt *insert = NULL;
    int result = sqlite3_prepare_v2(db, "INSERT INTO genesis(one, document) VALUES (1, ?1)", -1, &insert, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_bind_text(insert, 1, (const char *)genesis->bytes, (int)genesis->len, SQLITE_STATIC);
    if (result == SQLITE_OK)
        result = sqlite3_step(insert);
    sqlite3_finalize(insert);
    return result == SQLITE_DONE ? rota_ok() : store_error(result, "the genesis could not be written");
}

static struct rota_status create_content(const char *path, const struct rota_genesis *genesis)
{
    ROTA_CLEANUP(create_done) sqlite3 *db = NULL;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
    int result = sqlite3_open_v2(path, &db, flags, NULL);
    if (result != SQLITE_OK)
        return store_error(result, "a new ledger file could not be opened");
    ROTA_TRY(store_run(db, "PRAGMA page_size = 4096; PRAGMA encoding = 'UTF-8'; PRAGMA auto_vacuum = NONE;"
                           "PRAGMA application_id = 0x524F5441; PRAGMA user_version = 1; PRAGMA synchronous = FULL; BEGIN"));
    ROTA_TRY(store_schema_create(db));
    ROTA_TRY(create_genesis_row(db, genesis));
    ROTA_TRY(store_schema_close(db));
    return store_run(db, "COMMIT; PRAGMA journal_mode = WAL");
}

static struct rota_status create_empty(const char *path)
{
    int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (file < 0 && (errno == EACCES || errno == EPERM || errno == EROFS))
        return rota_fail(ROTA_PERMISSION, "this user may not write in the folder of the ledger file");
    if (file < 0)
        return rota_fail(errno == ENOSPC ? ROTA_FULL : ROTA_IO, "a new ledger file could not be made in this folder");
    close(file);
    return rota_ok();
}

static struct rota_status create_publish(const char *part, const char *path)
{
    if (link(part, path) == 0)
        return rota_folder_sync(path);
    if (errno == EEXIST)
        return rota_fail(ROTA_EXISTS, "there is a file of this name already; a ledger file is never overwritten");
    return rota_fail(ROTA_IO, "the new ledger file could not be given its name");
}

/* Made whole under another name first, so that a crash never leaves half a ledger where the node looks for one. */
struct rota_status rota_store_create(const char *path, const struct rota_genesis *genesis)
{
    char part[PATH_MAX];
    int length = snprintf(part, sizeof part, "%s.part", path);
    if (length < 0 || (size_t)length + sizeof "-journal" > sizeof part)
        return rota_fail(ROTA_TOO_LARGE, "the name of the ledger file is too long");
    if (access(path, F_OK) == 0)
        return rota_fail(ROTA_EXISTS, "there is a file of this name already; a ledger file is never overwritten");
    unlink(part);
    ROTA_TRY(create_empty(part));
    struct rota_status status = create_content(part, genesis);
    if (rota_is_ok(status))
        status = create_publish(part, path);
    unlink(part);
    return status;
}
