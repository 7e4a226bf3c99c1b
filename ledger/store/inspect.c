/* Opening a file that somebody else hands us. Cheap looks at the raw bytes come first, SQLite sees it only then, and what
 * it finds there is compared before anything is believed. */
#include "ledger/store/handle.h"
#include "ledger/store/schema.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SQLITE_HEADER_BYTES = 100 };

static struct rota_status inspect_say(struct rota_store_inspection *out, enum rota_store_finding finding,
                                      enum rota_code code, const char *why)
{
    out->finding = finding;
    snprintf(out->text, sizeof out->text, "%s", why);
    return rota_fail(code, why);
}

static uint64_t header_number(const uint8_t *header, size_t at, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | header[at + i];
    return value;
}

/* SQLite's file header: magic 0, page size 16, change counter 24, page count 28, encoding 56, user_version 60,
 * application_id 68, version-valid-for 92. */
static struct rota_status inspect_header(struct rota_store_inspection *out, const uint8_t *header, uint64_t file_bytes)
{
    if (memcmp(header, "SQLite format 3", 16) != 0)
        return inspect_say(out, ROTA_STORE_OTHER_FILE, ROTA_MALFORMED, "this is not a SQLite file");
    if (header_number(header, 68, 4) != STORE_APPLICATION_ID || header_number(header, 60, 4) == 0)
        return inspect_say(out, ROTA_STORE_OTHER_FILE, ROTA_MALFORMED, "this is a SQLite file, but not a Rotaledger file");
    if (header_number(header, 60, 4) > STORE_USER_VERSION)
        return inspect_say(out, ROTA_STORE_NEWER, ROTA_UNSUPPORTED,
                           "this file has a newer format than this program knows; use a newer rota-verify");
    if (header_number(header, 56, 4) != SQLITE_UTF8)
        return inspect_say(out, ROTA_STORE_DAMAGED, ROTA_MALFORMED,
                           "the file's text encoding is not UTF-8, which no node writes");
    uint64_t pages = header_number(header, 28, 4), page_bytes = header_number(header, 16, 2);
    if (header_number(header, 24, 4) == header_number(header, 92, 4) && pages * page_bytes != file_bytes) {
        out->finding = ROTA_STORE_DAMAGED;
        snprintf(out->text, sizeof out->text, "the file says that it has %llu bytes, but it has %llu",
                 (unsigned long long)(pages * page_bytes), (unsigned long long)file_bytes);
        return rota_fail(ROTA_MALFORMED, "the file was cut, or something was written behind its end");
    }
    return rota_ok();
}

static struct rota_status inspect_bytes(struct rota_store_inspection *out, const char *path)
{
    uint8_t header[SQLITE_HEADER_BYTES];
    struct stat info;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
        return inspect_say(out, ROTA_STORE_NO_ACCESS, ROTA_IO, "the file cannot be opened");
    ssize_t got = -1;
    if (fstat(file, &info) == 0 && S_ISREG(info.st_mode))
        got = pread(file, header, sizeof header, 0);
    close(file);
    if (got < 0)
        return inspect_say(out, ROTA_STORE_NO_ACCESS, ROTA_IO, "this is not a plain file that can be read");
    if (got < (ssize_t)sizeof header)
        return inspect_say(out, ROTA_STORE_OTHER_FILE, ROTA_MALFORMED, "the file is too short to be a ledger");
    return inspect_header(out, header, (uint64_t)info.st_size);
}

/* Blocks may still wait in a log beside the file: reading without them would judge another ledger. */
static struct rota_status inspect_sidecars(struct rota_store_inspection *out, const char *path)
{
    static const char *const endings[] = {"-wal", "-journal"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        char name[PATH_MAX];
        struct stat info;
        int length = snprintf(name, sizeof name, "%s%s", path, endings[i]);
        if (length < 0 || (size_t)length >= sizeof name)
            return inspect_say(out, ROTA_STORE_NO_ACCESS, ROTA_IO, "the name of the file is too long");
        if (stat(name, &info) != 0 || info.st_size == 0)
            continue;
        out->finding = ROTA_STORE_LEFTOVER;
        snprintf(out->text, sizeof out->text,
                 "beside the file lies a %s file that is not empty: stop the node, or take a copy with "
                 "sqlite3 FILE \".backup COPY\", and check that",
                 endings[i]);
        return rota_fail(ROTA_MALFORMED, "the file is not whole without the log beside it");
    }
    return rota_ok();
}

/* file: with everything escaped that could mean something in a URI. */
static bool inspect_uri(char *out, size_t size, const char *path)
{
    int at = snprintf(out, size, path[0] == '/' ? "file://" : "file:");
    for (; at >= 0 && *path != '\0' && (size_t)at + 32 < size; path++) {
        bool plain = (*path >= 'a' && *path <= 'z') || (*path >= 'A' && *path <= 'Z') || (*path >= '0' && *path <= '9') ||
                     strchr("/._-", *path) != NULL;
        at += snprintf(out + at, size - (size_t)at, plain ? "%c" : "%%%02X", (unsigned char)*path);
    }
    if (*path != '\0')
        return false;
    snprintf(out + at, size - (size_t)at, "?mode=ro&immutable=1");
    return true;
}

static struct rota_status inspect_open(struct rota_store *store, struct rota_store_inspection *out, const char *path)
{
    char uri[3 * PATH_MAX];
    int flags =
        SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
    if (!inspect_uri(uri, sizeof uri, path) || sqlite3_open_v2(uri, &store->db, flags, NULL) != SQLITE_OK)
        return inspect_say(out, ROTA_STORE_NO_ACCESS, ROTA_IO, "the file cannot be opened");
    struct rota_status status = store_harden(store->db);
    if (rota_is_ok(status))
        sqlite3_db_config(store->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, (int *)NULL);
    /* Lengths are checked row by row, where a sentence can say which one is wrong. */
    if (rota_is_ok(status))
        status = store_run(store->db, "PRAGMA query_only = ON; PRAGMA ignore_check_constraints = ON");
    if (!rota_is_ok(status))
        return inspect_say(out, status.code == ROTA_MALFORMED ? ROTA_STORE_DAMAGED : ROTA_STORE_NO_ACCESS, status.code,
                           status.why);
    return rota_ok();
}

static struct rota_status inspect_schema(struct rota_store *store, struct rota_store_inspection *out)
{
    struct rota_status status = store_schema_compare(store->db, out->text, sizeof out->text);
    if (status.code == ROTA_REFUSED)
        out->finding = ROTA_STORE_OTHER_SCHEMA;
    else if (!rota_is_ok(status))
        return inspect_say(out, ROTA_STORE_DAMAGED, ROTA_MALFORMED, status.why);
    return rota_is_ok(status) ? status : rota_fail(ROTA_MALFORMED, status.why);
}

static struct rota_status inspect_integrity(struct rota_store *store, struct rota_store_inspection *out)
{
    sqlite3_stmt *check = NULL;
    const unsigned char *text = NULL;
    int result = sqlite3_prepare_v2(store->db, "PRAGMA integrity_check(1)", -1, &check, NULL);
    if (result == SQLITE_OK && sqlite3_step(check) == SQLITE_ROW)
        text = sqlite3_column_text(check, 0);
    bool fine = text != NULL && strcmp((const char *)text, "ok") == 0;
    if (!fine) {
        int length = snprintf(out->text, sizeof out->text, "the pages of the file do not fit together: %s",
                              text != NULL ? (const char *)text : sqlite3_errmsg(store->db));
        for (int i = 0; i < length && out->text[i] != '\0'; i++)
            out->text[i] = out->text[i] < 0x20 || out->text[i] > 0x7e ? ' ' : out->text[i];
        out->finding = ROTA_STORE_DAMAGED;
    }
    sqlite3_finalize(check);
    return fine ? rota_ok() : rota_fail(ROTA_MALFORMED, "the pages of the file do not fit together");
}

static struct rota_status inspect_all(struct rota_store *store, struct rota_store_inspection *out, const char *path)
{
    ROTA_TRY(inspect_bytes(out, path));
    ROTA_TRY(inspect_sidecars(out, path));
    ROTA_TRY(inspect_open(store, out, path));
    ROTA_TRY(inspect_schema(store, out));
    ROTA_TRY(inspect_integrity(store, out));
    struct rota_status status = store_load_genesis(store);
    if (rota_is_ok(status))
        status = store_prepare(store, STORE_FIRST_READ, STORE_STATEMENTS);
    if (!rota_is_ok(status))
        return inspect_say(out, ROTA_STORE_DAMAGED, status.code, status.why);
    sqlite3_set_authorizer(store->db, store_authorize_reader, NULL);
    int64_t height;
    ROTA_TRY(store_ask(store->db, "SELECT coalesce(max(height), 0) FROM block", &height));
    store->height = height > 0 ? (uint64_t)height : 0;
    return rota_ok();
}

struct rota_status rota_store_inspect(struct rota_store **out, struct rota_store_inspection *inspection, const char *path)
{
    *out = NULL;
    *inspection = (struct rota_store_inspection){0};
    struct rota_store *store = calloc(1, sizeof *store);
    if (store == NULL)
        return inspect_say(inspection, ROTA_STORE_NO_ACCESS, ROTA_NO_MEMORY, "memory is out");
    struct rota_status status = inspect_all(store, inspection, path);
    if (rota_is_ok(status))
        *out = store;
    else
        rota_store_close(store);
    return status;
}

struct rota_status rota_store_open_hostile(struct rota_store **out, const char *path, const char **out_detail)
{
    static _Thread_local struct rota_store_inspection inspection;
    struct rota_status status = rota_store_inspect(out, &inspection, path);
    if (out_detail != NULL)
        *out_detail = inspection.text;
    return status;
}
