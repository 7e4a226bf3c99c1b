#include "audit_spoil.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

sqlite3 *spoil_open(const struct maker *maker)
{
    sqlite3 *db = NULL;
    cr_assert_eq(sqlite3_open(maker->path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, (int *)NULL), SQLITE_OK);
    spoil_sql(db, "PRAGMA ignore_check_constraints = ON; PRAGMA synchronous = OFF");
    return db;
}

void spoil_close(sqlite3 *db)
{
    cr_assert_eq(sqlite3_close(db), SQLITE_OK);
}

void spoil_sql(sqlite3 *db, const char *sql)
{
    cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(db));
}

static const char *spoil_key(const char *table)
{
    if (strcmp(table, "entry") == 0)
        return "leaf_index";
    if (strcmp(table, "genesis") == 0)
        return "one";
    return strcmp(table, "readme") == 0 ? "line" : "height";
}

static sqlite3_stmt *spoil_prepare(sqlite3 *db, const char *sql, int64_t key)
{
    sqlite3_stmt *statement = NULL;
    cr_assert_eq(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(db));
    sqlite3_bind_int64(statement, 1, key);
    return statement;
}

/* Stands on the row when it returns. */
static sqlite3_stmt *spoil_get(sqlite3 *db, const char *table, const char *column, int64_t key)
{
    char sql[256];
    snprintf(sql, sizeof sql, "SELECT %s FROM %s WHERE %s = ?1", column, table, spoil_key(table));
    sqlite3_stmt *get = spoil_prepare(db, sql, key);
    cr_assert_eq(sqlite3_step(get), SQLITE_ROW, "%s", sql);
    return get;
}

static sqlite3_stmt *spoil_put(sqlite3 *db, const char *table, const char *column, int64_t key)
{
    char sql[256];
    snprintf(sql, sizeof sql, "UPDATE %s SET %s = ?2 WHERE %s = ?1", table, column, spoil_key(table));
    return spoil_prepare(db, sql, key);
}

size_t spoil_column_bytes(sqlite3 *db, const char *table, const char *column, int64_t key)
{
    sqlite3_stmt *get = spoil_get(db, table, column, key);
    sqlite3_column_blob(get, 0);
    size_t bytes = sqlite3_column_type(get, 0) == SQLITE_NULL ? 0 : (size_t)sqlite3_column_bytes(get, 0);
    sqlite3_finalize(get);
    return bytes;
}

void spoil_flip(sqlite3 *db, const char *table, const char *column, int64_t key, size_t offset, uint8_t mask)
{
    static uint8_t bytes[256 * 1024];
    sqlite3_stmt *get = spoil_get(db, table, column, key);
    int type = sqlite3_column_type(get, 0);
    const void *data = sqlite3_column_blob(get, 0);
    int len = sqlite3_column_bytes(get, 0);
    cr_assert(data != NULL && len > 0 && offset < (size_t)len && (size_t)len <= sizeof bytes);
    memcpy(bytes, data, (size_t)len);
    sqlite3_finalize(get);
    bytes[offset] ^= mask;
    sqlite3_stmt *put = spoil_put(db, table, column, key);
    int result = type == SQLITE_TEXT ? sqlite3_bind_text(put, 2, (const char *)bytes, len, SQLITE_STATIC)
                                     : sqlite3_bind_blob(put, 2, bytes, len, SQLITE_STATIC);
    cr_assert_eq(result, SQLITE_OK);
    cr_assert_eq(sqlite3_step(put), SQLITE_DONE, "%s", sqlite3_errmsg(db));
    sqlite3_finalize(put);
}

void spoil_certificate(sqlite3 *db, const struct rota_certificate *certificate)
{
    uint8_t bytes[ROTA_CERTIFICATE_BYTES_MAX];
    struct rota_writer writer = rota_writer(bytes, sizeof bytes);
    sqlite3_stmt *put = NULL;
    rota_certificate_encode(&writer, certificate);
    cr_assert(!writer.bad);
    cr_assert_eq(sqlite3_prepare_v2(db, "INSERT OR REPLACE INTO certificate VALUES (?1, ?2)", -1, &put, NULL), SQLITE_OK);
    sqlite3_bind_int64(put, 1, (int64_t)certificate->vote.height);
    sqlite3_bind_blob(put, 2, bytes, (int)writer.len, SQLITE_STATIC);
    cr_assert_eq(sqlite3_step(put), SQLITE_DONE);
    sqlite3_finalize(put);
}

static struct rota_hash spoil_id(const char *header, const char *payload)
{
    static char text[ROTA_JWS_CHARS_MAX + 1];
    rota_base64url_encode(text, rota_view_text(header));
    strcat(text, ".");
    rota_base64url_encode(text + strlen(text), rota_view_text(payload));
    return rota_hash_of(NULL, rota_view_text(text));
}

void spoil_proposal(sqlite3 *db, int64_t leaf, const char *header, const char *payload)
{
    char old_header[512], old_payload[4096];
    sqlite3_stmt *get = spoil_get(db, "entry", "header, payload", leaf);
    snprintf(old_header, sizeof old_header, "%s", (const char *)sqlite3_column_text(get, 0));
    snprintf(old_payload, sizeof old_payload, "%s", (const char *)sqlite3_column_text(get, 1));
    sqlite3_finalize(get);
    header = header != NULL ? header : old_header;
    payload = payload != NULL ? payload : old_payload;
    struct rota_hash id = spoil_id(header, payload);
    sqlite3_stmt *put = spoil_prepare(db, "UPDATE entry SET header = ?2, payload = ?3, id = ?4 WHERE leaf_index = ?1", leaf);
    sqlite3_bind_text(put, 2, header, -1, SQLITE_TRANSIENT);
    sqlite3_bind_text(put, 3, payload, -1, SQLITE_TRANSIENT);
    sqlite3_bind_blob(put, 4, id.b, sizeof id.b, SQLITE_TRANSIENT);
    cr_assert_eq(sqlite3_step(put), SQLITE_DONE);
    sqlite3_finalize(put);
}

static void spoil_judge(const char *name, const struct rota_audit_report *report, const struct spoil_expected *expected)
{
    const struct rota_audit_failure *first = &report->failures[0];
    const char *check = report->failure_count > 0 ? first->check : NULL;
    cr_expect_eq(report->verdict, expected->verdict, "%s: verdict %s", name, rota_verdict_name(report->verdict));
    cr_expect_eq(report->intact_height, expected->intact, "%s: intact up to %d", name, (int)report->intact_height);
    cr_assert_eq(check != NULL, expected->check != NULL, "%s: %s", name, check != NULL ? first->text : "no failure");
    if (check == NULL)
        return;
    cr_expect_str_eq(check, expected->check, "%s: %s says %s", name, check, first->text);
    cr_expect_eq(first->height, expected->height, "%s: at block %d: %s", name, (int)first->height, first->text);
    cr_expect_eq(first->leaf_index, (uint64_t)expected->leaf, "%s: at leaf %d: %s", name, (int)first->leaf_index,
                 first->text);
    cr_expect_not_null(strstr(first->text, expected->words), "%s: the sentence is: %s", name, first->text);
}

void spoil_expect(const char *name, const struct maker *maker, const struct spoil_expected *expected)
{
    struct rota_audit_report one, three;
    struct rota_audit_options options = {.path = maker->path,
                                         .genesis = rota_view(maker->genesis.bytes, maker->genesis.len)};
    rota_audit_run(&one, &options);
    options.jobs = 3;
    rota_audit_run(&three, &options);
    spoil_judge(name, &one, expected);
    cr_expect_eq(one.failure_count, three.failure_count, "%s", name);
    cr_expect_eq(one.verdict, three.verdict, "%s", name);
    for (uint32_t i = 0; i < one.failure_count; i++)
        cr_expect_str_eq(one.failures[i].text, three.failures[i].text, "%s", name);
    for (uint32_t i = 0; i < one.check_count; i++) {
        cr_expect_eq(one.checks[i].passed, three.checks[i].passed, "%s: %s", name, one.checks[i].id);
        cr_expect_eq(one.checks[i].failed, three.checks[i].failed, "%s: %s", name, one.checks[i].id);
    }
    rota_audit_report_free(&one);
    rota_audit_report_free(&three);
}
