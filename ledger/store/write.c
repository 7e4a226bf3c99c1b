#include "crypto/broken.h"
#include "ledger/store/handle.h"

/* A write that failed leaves the handle unfit for further ones: what the disk holds is no longer what we think. */
static struct rota_status write_failed(struct rota_store *store, int result, const char *otherwise)
{
    store->failed = true;
    return store_error(result, otherwise);
}

static struct rota_status write_step(struct rota_store *store, enum store_statement which, const char *otherwise)
{
    sqlite3_stmt *statement = store->statements[which];
    int result = sqlite3_step(statement);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return ROTA_BROKEN(write_error_ignored, result == SQLITE_DONE, true) ? rota_ok()
                                                                         : write_failed(store, result, otherwise);
}

struct rota_status rota_store_begin(struct rota_store *store)
{
    ROTA_ASSERT(store->writable);
    ROTA_ASSERT(!store->in_transaction);
    if (store->failed)
        return rota_fail(ROTA_IO, "an earlier write to the ledger file failed");
    ROTA_TRY(write_step(store, STORE_BEGIN, "a transaction on the ledger file could not begin"));
    store->in_transaction = true;
    return rota_ok();
}

struct rota_status rota_store_commit(struct rota_store *store)
{
    ROTA_ASSERT(store->in_transaction);
    store->in_transaction = false;
    struct rota_status status = rota_fail(ROTA_IO, "an earlier write to the ledger file failed");
    if (!store->failed)
        status = write_step(store, STORE_COMMIT, "the ledger file could not be committed");
    if (!rota_is_ok(status) && sqlite3_get_autocommit(store->db) == 0) {
        sqlite3_step(store->statements[STORE_ROLLBACK]);
        sqlite3_reset(store->statements[STORE_ROLLBACK]);
    }
    return status;
}

static bool bind_view(sqlite3_stmt *statement, int at, struct rota_view bytes)
{
    return sqlite3_bind_blob(statement, at, bytes.data, (int)bytes.len, SQLITE_STATIC) == SQLITE_OK;
}

static bool bind_text(sqlite3_stmt *statement, int at, struct rota_view bytes)
{
    return sqlite3_bind_text(statement, at, (const char *)bytes.data, (int)bytes.len, SQLITE_STATIC) == SQLITE_OK;
}

static bool bind_number(sqlite3_stmt *statement, int at, uint64_t value)
{
    return value <= INT64_MAX && sqlite3_bind_int64(statement, at, (int64_t)value) == SQLITE_OK;
}

/* The columns of an entry that depend on its kind: 6..8 for a proposal, 9 for evidence, 11 for a
 * record, 12 for an epoch change; the others stay NULL. */
static struct rota_status write_bind_content(struct rota_store *store, sqlite3_stmt *put, const struct rota_entry *entry)
{
    struct rota_view bytes = rota_entry_bytes(entry);
    if (entry->kind != ROTA_ENTRY_PROPOSAL)
        return bind_view(put,
                         entry->kind == ROTA_ENTRY_EVIDENCE ? 9
                         : entry->kind == ROTA_ENTRY_RECORD ? 11
                                                            : 12,
                         bytes)
                   ? rota_ok()
                   : rota_fail(ROTA_NO_MEMORY, "memory is out");
    struct store_parts parts;
    ROTA_TRY(store_split(&parts, store, bytes));
    if (bind_text(put, 6, parts.header) && bind_text(put, 7, parts.payload) && bind_view(put, 8, parts.signature))
        return rota_ok();
    return rota_fail(ROTA_NO_MEMORY, "memory is out");
}

static struct rota_status write_entry(struct rota_store *store, const struct rota_block *block, uint32_t index,
                                      uint64_t leaf_index, const struct rota_outcome *outcome)
{
    const struct rota_entry *entry = &block->entries[index];
    sqlite3_stmt *put = store->statements[STORE_PUT_ENTRY];
    struct rota_status status = write_bind_content(store, put, entry);
    if (!rota_is_ok(status)) {
        store->failed = true;
        return status;
    }
    if (!bind_number(put, 1, leaf_index) || !bind_number(put, 2, block->header.height) || !bind_number(put, 3, index) ||
        !bind_number(put, 4, (uint64_t)entry->kind) || !bind_view(put, 5, rota_view(entry->id.b, sizeof entry->id.b)) ||
        !bind_view(put, 10, rota_view(outcome->record, outcome->len)))
        return write_failed(store, SQLITE_NOMEM, "");
    return write_step(store, STORE_PUT_ENTRY, "an entry could not be written to the ledger file");
}

static struct rota_status write_header(struct rota_store *store, const struct rota_header *header)
{
    uint8_t bytes[ROTA_HEADER_BYTES];
    sqlite3_stmt *put = store->statements[STORE_PUT_BLOCK];
    rota_header_encode(bytes, header);
    if (!bind_number(put, 1, header->height) || !bind_view(put, 2, rota_view(bytes, sizeof bytes)))
        return write_failed(store, SQLITE_NOMEM, "");
    return write_step(store, STORE_PUT_BLOCK, "a block could not be written to the ledger file");
}

/* The file grows by blocks that follow from what it holds, or not at all. */
static bool write_follows(const struct rota_store *store, const struct rota_block *block)
{
    const struct rota_header *header = &block->header;
    return header->height == store->height + 1 && rota_hash_equal(&header->prev_hash, &store->head) &&
           header->entry_count == block->entry_count && header->entry_count > 0 &&
           header->tree_size == store->tree_size + header->entry_count;
}

struct rota_status rota_store_append(struct rota_store *store, const struct rota_block *block,
                                     const struct rota_outcome *outcomes)
{
    ROTA_ASSERT(store->in_transaction);
    if (store->failed)
        return rota_fail(ROTA_IO, "an earlier write to the ledger file failed");
    if (!write_follows(store, block))
        return rota_fail(ROTA_REFUSED, "this block does not follow the newest one in the ledger file");
    ROTA_TRY(write_header(store, &block->header));
    for (uint32_t i = 0; i < block->entry_count; i++)
        ROTA_TRY(write_entry(store, block, i, store->tree_size + i, &outcomes[i]));
    store->height = block->header.height;
    store->head = block->hash;
    store->tree_size = block->header.tree_size + 1;
    return rota_ok();
}

static struct rota_status write_check_certified(struct rota_store *store, const struct rota_vote *vote)
{
    struct rota_header header;
    struct rota_view bytes;
    sqlite3_stmt *get = store->statements[STORE_GET_BLOCK];
    bool same = bind_number(get, 1, vote->height) && sqlite3_step(get) == SQLITE_ROW &&
                store_column(&bytes, get, 0, SQLITE_BLOB, false) && bytes.len == ROTA_HEADER_BYTES &&
                rota_is_ok(rota_header_decode(&header, bytes.data));
    struct rota_hash hash = same ? rota_header_hash(&header) : (struct rota_hash){{0}};
    sqlite3_reset(get);
    if (!same || vote->kind != ROTA_VOTE_COMMIT || !rota_hash_equal(&hash, &vote->block))
        return rota_fail(ROTA_REFUSED, "this certificate is not about a block of the ledger file");
    return rota_ok();
}

struct rota_status rota_store_certify(struct rota_store *store, const struct rota_certificate *certificate)
{
    uint8_t bytes[ROTA_CERTIFICATE_BYTES_MAX];
    struct rota_writer writer = rota_writer(bytes, sizeof bytes);
    ROTA_ASSERT(store->in_transaction);
    if (store->failed)
        return rota_fail(ROTA_IO, "an earlier write to the ledger file failed");
    ROTA_TRY(write_check_certified(store, &certificate->vote));
    if (certificate->vote.height <= store->certified)
        return rota_ok();
    rota_certificate_encode(&writer, certificate);
    ROTA_ASSERT(!writer.bad);
    sqlite3_stmt *put = store->statements[STORE_PUT_CERTIFICATE];
    if (!bind_number(put, 1, certificate->vote.height) || !bind_view(put, 2, rota_view(bytes, writer.len)))
        return write_failed(store, SQLITE_NOMEM, "");
    ROTA_TRY(write_step(store, STORE_PUT_CERTIFICATE, "a certificate could not be written to the ledger file"));
    store->certified = certificate->vote.height;
    return rota_ok();
}

struct rota_status rota_store_keep_new_view(struct rota_store *store, uint32_t epoch, uint64_t view, struct rota_view bytes)
{
    ROTA_ASSERT(store->in_transaction);
    sqlite3_stmt *last = store->statements[STORE_LAST_NEW_VIEW];
    sqlite3_stmt *put = store->statements[STORE_PUT_NEW_VIEW];
    if (store->failed)
        return rota_fail(ROTA_IO, "an earlier write to the ledger file failed");
    uint64_t newest_epoch = 0, newest_view = 0;
    if (sqlite3_step(last) == SQLITE_ROW) {
        newest_epoch = (uint64_t)sqlite3_column_int64(last, 0);
        newest_view = (uint64_t)sqlite3_column_int64(last, 1);
    }
    sqlite3_reset(last);
    if (view > INT64_MAX || epoch < newest_epoch || (epoch == newest_epoch && view <= newest_view))
        return rota_ok();
    if (!bind_number(put, 1, epoch) || !bind_number(put, 2, view) || !bind_view(put, 3, bytes))
        return write_failed(store, SQLITE_NOMEM, "");
    return write_step(store, STORE_PUT_NEW_VIEW, "a NEW-VIEW could not be written to the ledger file");
}

struct rota_status rota_store_checkpoint(struct rota_store *store)
{
    ROTA_ASSERT(store->writable);
    if (store->in_transaction || store->failed)
        return rota_ok();
    int result = sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if (result == SQLITE_OK || (result & 0xff) == SQLITE_BUSY) /* somebody reads: another time */
        return rota_ok();
    return write_failed(store, result, "the ledger's log could not be written into its file");
}

void rota_store_give_up(struct rota_store *store)
{
    store->failed = true;
}
