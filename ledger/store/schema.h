/* The text of the ledger file's schema: what a new file gets, and what a stranger's file must have, word for word. */
#ifndef ROTA_LEDGER_STORE_SCHEMA_H
#define ROTA_LEDGER_STORE_SCHEMA_H

#include "crypto/status.h"

#include <sqlite3.h>
#include <stddef.h>

enum { STORE_APPLICATION_ID = 0x524F5441, STORE_USER_VERSION = 1, STORE_PAGE_BYTES = 4096 };

/* One object of the schema, in order of creation. */
struct store_object {
    const char *type; /* "table", "trigger", "view" */
    const char *name;
    const char *table; /* what sqlite_schema.tbl_name says */
    const char *sql;
};

extern const struct store_object store_schema[]; /* ends with a NULL type */
extern const char *const store_readme[];         /* ends with NULL */

/* Makes the tables and fills readme; then, once the genesis is in, the triggers that close them and the views. Both inside
 * the caller's transaction. */
struct rota_status store_schema_create(sqlite3 *db);
struct rota_status store_schema_close(sqlite3 *db);
/* ROTA_REFUSED, with a sentence in *out_text (a buffer of `size` bytes), when the file's schema or its readme is not ours.
 */
struct rota_status store_schema_compare(sqlite3 *db, char *out_text, size_t size);

#endif
