/* Inside of the store: one handle, its statements, and the small helpers that its files share. Nobody else includes this. */
#ifndef ROTA_LEDGER_STORE_HANDLE_H
#define ROTA_LEDGER_STORE_HANDLE_H

#include "ledger/store/store.h"

#include <sqlite3.h>

enum store_statement {
    STORE_BEGIN,
    STORE_COMMIT,
    STORE_ROLLBACK,
    STORE_PUT_BLOCK,
    STORE_PUT_ENTRY,
    STORE_PUT_CERTIFICATE,
    STORE_PUT_NEW_VIEW,
    STORE_FIRST_WRITE = STORE_BEGIN,
    STORE_LAST_BLOCK = STORE_PUT_NEW_VIEW + 1,
    STORE_LAST_CERTIFICATE,
    STORE_GET_BLOCK,
    STORE_GET_ENTRIES,
    STORE_GET_OUTCOME,
    STORE_GET_CERTIFICATE,
    STORE_GET_STRAY,
    STORE_LAST_NEW_VIEW,
    STORE_NEXT_NEW_VIEW,
    STORE_SCAN_BLOCKS,
    STORE_SCAN_ENTRIES,
    STORE_STATEMENTS,
    STORE_FIRST_READ = STORE_LAST_BLOCK,
};

struct rota_store {
    sqlite3 *db;
    sqlite3_stmt *statements[STORE_STATEMENTS];
    bool writable;
    bool in_transaction;
    bool failed; /* a write went wrong: nothing more is written through this handle */
    uint8_t *genesis;
    size_t genesis_len;
    /* The newest block, as appended through this handle or found at opening. */
    uint64_t height;
    uint64_t certified; /* height of the newest certificate */
    uint64_t tree_size; /* leaves after the newest block, its own leaf included */
    struct rota_hash head;
    /* Scratch: the JWS put together again, or taken apart. Grows to the largest entry met. */
    uint8_t *scratch;
    size_t scratch_size;
};

/* Largest values the file may hold; the schema's CHECKs say the same. */
enum { STORE_OUTCOME_BYTES_MAX = 4 * 1024 * 1024, STORE_LENGTH_MAX = 5 * 1024 * 1024 };

/* What SQLite said, in our codes. `otherwise` is the sentence for what has none of its own. */
struct rota_status store_error(int result, const char *otherwise);
/* Prepares statements [first, end). */
struct rota_status store_prepare(struct rota_store *store, int first, int end);
/* Runs SQL without results. */
struct rota_status store_run(sqlite3 *db, const char *sql);
/* One integer answered by a statement, such as a pragma. */
struct rota_status store_ask(sqlite3 *db, const char *sql, int64_t *out);
/* Copies the genesis row out of the file. */
struct rota_status store_load_genesis(struct rota_store *store);
/* Flags and limits that both kinds of opening share. */
struct rota_status store_harden(sqlite3 *db);
/* Room for at least `len` bytes of scratch. */
struct rota_status store_reserve(struct rota_store *store, size_t len);

/* A column as it lies in the file; len 0 for NULL. False when its storage class is neither `type` nor, if allowed, NULL. */
bool store_column(struct rota_view *out, sqlite3_stmt *statement, int column, int type, bool may_be_null);

/* An entry as the file keeps it: a proposal in its three parts, decoded; evidence whole. */
struct store_parts {
    struct rota_view header;
    struct rota_view payload;
    struct rota_view signature;
};
/* Takes a compact JWS apart; the parts lie in scratch. */
struct rota_status store_split(struct store_parts *out, struct rota_store *store, struct rota_view jws);
/* Puts it together again, byte for byte; the text lies in scratch. */
struct rota_status store_join(struct rota_view *out, struct rota_store *store, const struct store_parts *parts);

/* What an authorizer lets through: reads, and for a writer also inserts into the growing tables. */
int store_authorize_reader(void *context, int action, const char *a, const char *b, const char *database,
                           const char *trigger);
int store_authorize_writer(void *context, int action, const char *a, const char *b, const char *database,
                           const char *trigger);

#endif
