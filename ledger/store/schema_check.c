#include "ledger/store/handle.h"
#include "ledger/store/schema.h"

#include <stdio.h>

static void statement_finish(sqlite3_stmt **statement)
{
    sqlite3_finalize(*statement);
}

static struct rota_status readme_fill(sqlite3 *db)
{
    ROTA_CLEANUP(statement_finish) sqlite3_stmt *insert = NULL;
    if (sqlite3_prepare_v2(db, "INSERT INTO readme(text) VALUES (?1)", -1, &insert, NULL) != SQLITE_OK)
        return store_error(sqlite3_errcode(db), "the ledger file's readme cannot be written");
    for (const char *const *line = store_readme; *line != NULL; line++) {
        int result = sqlite3_bind_text(insert, 1, *line, -1, SQLITE_STATIC);
        if (result == SQLITE_OK)
            result = sqlite3_step(insert);
        if (result != SQLITE_DONE)
            return store_error(result, "the ledger file's readme cannot be written");
        sqlite3_reset(insert);
    }
    return rota_ok();
}

struct rota_status store_schema_create(sqlite3 *db)
{
    for (const struct store_object *object = store_schema; object->type != NULL; object++) {
        if (strcmp(object->type, "trigger") == 0)
            break;
        ROTA_TRY(store_run(db, object->sql));
    }
    return readme_fill(db);
}

struct rota_status store_schema_close(sqlite3 *db)
{
    bool tables = true;
    for (const struct store_object *object = store_schema; object->type != NULL; object++) {
        tables = tables && strcmp(object->type, "table") == 0;
        if (!tables)
            ROTA_TRY(store_run(db, object->sql));
    }
    return rota_ok();
}

static bool column_is(sqlite3_stmt *row, int column, const char *wanted)
{
    struct rota_view found;
    return store_column(&found, row, column, SQLITE_TEXT, false) && rota_view_equal(found, rota_view_text(wanted));
}

/* Whatever stands in a column, as text that may be shown: no control character, not too long. */
static void column_show(char out[64], sqlite3_stmt *row, int column)
{
    const unsigned char *text = sqlite3_column_text(row, column);
    size_t length = 0;
    for (; text != NULL && text[length] != '\0' && length < 63; length++)
        out[length] = text[length] >= 0x20 && text[length] < 0x7f ? (char)text[length] : '?';
    out[length] = '\0';
}

static struct rota_status schema_differs(char *out_text, size_t size, sqlite3_stmt *row, const struct store_object *wanted)
{
    char type[64], name[64];
    column_show(type, row, 0);
    column_show(name, row, 1);
    if (wanted->type != NULL && strcmp(wanted->name, name) == 0)
        snprintf(out_text, size, "the text of the %s %s is not the one that every ledger file has", wanted->type, name);
    else
        snprintf(out_text, size, "the file holds a %s named %s where %s belongs", type, name,
                 wanted->type != NULL ? wanted->name : "nothing more");
    return rota_fail(ROTA_REFUSED, "the tables, triggers and views of this file are not those of a ledger file");
}

static struct rota_status objects_compare(sqlite3 *db, char *out_text, size_t size)
{
    ROTA_CLEANUP(statement_finish) sqlite3_stmt *rows = NULL;
    const struct store_object *wanted = store_schema;
    int result =
        sqlite3_prepare_v2(db, "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY rowid", -1, &rows, NULL);
    if (result != SQLITE_OK)
        return store_error(result, "the schema of this file cannot be read");
    while ((result = sqlite3_step(rows)) == SQLITE_ROW) {
        if (wanted->type == NULL || !column_is(rows, 0, wanted->type) || !column_is(rows, 1, wanted->name) ||
            !column_is(rows, 2, wanted->table) || !column_is(rows, 3, wanted->sql))
            return schema_differs(out_text, size, rows, wanted);
        wanted++;
    }
    if (result != SQLITE_DONE)
        return store_error(result, "the schema of this file cannot be read");
    if (wanted->type == NULL)
        return rota_ok();
    snprintf(out_text, size, "the %s %s is missing", wanted->type, wanted->name);
    return rota_fail(ROTA_REFUSED, "the tables, triggers and views of this file are not those of a ledger file");
}

static struct rota_status readme_compare(sqlite3 *db, char *out_text, size_t size)
{
    ROTA_CLEANUP(statement_finish) sqlite3_stmt *rows = NULL;
    const char *const *wanted = store_readme;
    int result = sqlite3_prepare_v2(db, "SELECT text FROM readme ORDER BY line", -1, &rows, NULL);
    if (result != SQLITE_OK)
        return store_error(result, "the table readme cannot be read");
    for (; (result = sqlite3_step(rows)) == SQLITE_ROW && *wanted != NULL && column_is(rows, 0, *wanted);)
        wanted++;
    if (result == SQLITE_DONE && *wanted == NULL)
        return rota_ok();
    if (result != SQLITE_DONE && result != SQLITE_ROW)
        return store_error(result, "the table readme cannot be read");
    snprintf(out_text, size, "line %td of the table readme is not the one that every ledger file has",
             wanted - store_readme + 1);
    return rota_fail(ROTA_REFUSED, "the table readme of this file is not that of a ledger file");
}

struct rota_status store_schema_compare(sqlite3 *db, char *out_text, size_t size)
{
    ROTA_TRY(objects_compare(db, out_text, size));
    return readme_compare(db, out_text, size);
}
