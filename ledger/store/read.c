#include "ledger/store/handle.h"

#include <stdlib.h>

static struct rota_status read_end(int result, const char *otherwise)
{
    return result == SQLITE_DONE ? rota_fail(ROTA_NOT_FOUND, "the ledger file does not reach that far")
                                 : store_error(result, otherwise);
}

static bool read_seek(sqlite3_stmt *statement, uint64_t key)
{
    sqlite3_reset(statement);
    return key <= INT64_MAX && sqlite3_bind_int64(statement, 1, (int64_t)key) == SQLITE_OK;
}

struct rota_status rota_store_header(struct rota_header *out, struct rota_store *store, uint64_t height)
{
    struct rota_view bytes;
    sqlite3_stmt *get = store->statements[STORE_GET_BLOCK];
    int result = read_seek(get, height) ? sqlite3_step(get) : SQLITE_DONE;
    struct rota_status status = rota_fail(ROTA_MALFORMED, "a block in the ledger file has no proper header");
    if (result != SQLITE_ROW)
        status = read_end(result, "a block could not be read");
    else if (store_column(&bytes, get, 0, SQLITE_BLOB, false) && bytes.len == ROTA_HEADER_BYTES)
        status = rota_header_decode(out, bytes.data);
    sqlite3_reset(get);
    return status;
}

static bool read_is_null(sqlite3_stmt *row, int column)
{
    return sqlite3_column_type(row, column) == SQLITE_NULL;
}

/* The content of a row: the proposal in one piece again, the evidence, or the record. What belongs to another kind is NULL.
 */
static struct rota_status read_content(struct rota_store_entry *out, struct rota_store *store, sqlite3_stmt *row)
{
    struct store_parts parts;
    struct rota_view evidence, record, config;
    if (!store_column(&parts.header, row, 5, SQLITE_TEXT, true) ||
        !store_column(&parts.payload, row, 6, SQLITE_TEXT, true) ||
        !store_column(&parts.signature, row, 7, SQLITE_BLOB, true) || !store_column(&evidence, row, 8, SQLITE_BLOB, true) ||
        !store_column(&record, row, 10, SQLITE_BLOB, true) || !store_column(&config, row, 11, SQLITE_BLOB, true))
        return rota_fail(ROTA_MALFORMED, "a column holds another kind of value than the format has there");
    bool proposal = out->kind == ROTA_ENTRY_PROPOSAL, is_record = out->kind == ROTA_ENTRY_RECORD;
    bool alone = (proposal || (read_is_null(row, 5) && read_is_null(row, 6) && read_is_null(row, 7))) &&
                 (out->kind == ROTA_ENTRY_EVIDENCE || read_is_null(row, 8)) && (is_record || read_is_null(row, 10)) &&
                 (out->kind == ROTA_ENTRY_CONFIG || read_is_null(row, 11));
    struct rota_view content = is_record ? record : out->kind == ROTA_ENTRY_CONFIG ? config : evidence;
    bool fits = proposal ? parts.header.len > 0 && parts.header.len <= ROTA_JWS_HEADER_BYTES_MAX && parts.payload.len > 0 &&
                               parts.payload.len <= ROTA_JWS_PAYLOAD_BYTES_MAX && parts.signature.len == ROTA_SIGNATURE_BYTES
                         : content.len > 0;
    if (!alone || !fits)
        return rota_fail(ROTA_MALFORMED,
                         "the parts of a proposal, the evidence, or the record, are missing or of an impossible length");
    out->bytes = content;
    return proposal ? store_join(&out->bytes, store, &parts) : rota_ok();
}

static struct rota_status read_entry(struct rota_store_entry *out, struct rota_store *store, sqlite3_stmt *row)
{
    *out = (struct rota_store_entry){0};
    for (int i = 0; i < 4; i++) {
        if (sqlite3_column_type(row, i) != SQLITE_INTEGER)
            return rota_fail(ROTA_MALFORMED, "a column holds another kind of value than the format has there");
    }
    int64_t idx = sqlite3_column_int64(row, 2), kind = sqlite3_column_int64(row, 3);
    out->leaf_index = (uint64_t)sqlite3_column_int64(row, 0);
    out->height = (uint64_t)sqlite3_column_int64(row, 1);
    out->index = idx >= 0 && idx < UINT32_MAX ? (uint32_t)idx : UINT32_MAX;
    out->kind = kind >= 0 && kind < UINT32_MAX ? (uint32_t)kind : UINT32_MAX;
    if (!store_column(&out->id, row, 4, SQLITE_BLOB, false) || !store_column(&out->outcome, row, 9, SQLITE_BLOB, false))
        return rota_fail(ROTA_MALFORMED, "a column holds another kind of value than the format has there");
    if (out->id.len != ROTA_HASH_BYTES || out->outcome.len == 0 || out->outcome.len > STORE_OUTCOME_BYTES_MAX)
        return rota_fail(ROTA_MALFORMED, "the id or the outcome of an entry has an impossible length");
    if (out->kind != ROTA_ENTRY_PROPOSAL && out->kind != ROTA_ENTRY_EVIDENCE && out->kind != ROTA_ENTRY_RECORD &&
        out->kind != ROTA_ENTRY_CONFIG)
        return rota_fail(ROTA_MALFORMED, "an entry is of a kind that the format does not know");
    return read_content(out, store, row);
}

static struct rota_status read_parse(struct rota_entry *out, struct rota_store *store, const struct rota_header *header,
                                     uint32_t index)
{
    struct rota_store_entry raw;
    sqlite3_stmt *rows = store->statements[STORE_GET_ENTRIES];
    int result = sqlite3_step(rows);
    if (result != SQLITE_ROW)
        return result == SQLITE_DONE ? rota_fail(ROTA_MALFORMED, "a block in the ledger file lacks entries")
                                     : store_error(result, "an entry could not be read");
    ROTA_TRY(read_entry(&raw, store, rows));
    if (raw.height != header->height || raw.index != index)
        return rota_fail(ROTA_MALFORMED, "the entries of a block in the ledger file are not where they belong");
    ROTA_TRY(rota_entry_parse(out, (enum rota_entry_kind)raw.kind, raw.bytes));
    if (rota_view_equal(raw.id, rota_view(out->id.b, sizeof out->id.b)))
        return rota_ok();
    rota_entry_release(out);
    return rota_fail(ROTA_MALFORMED, "an entry in the ledger file is kept under another id than its own");
}

static struct rota_status read_entries(struct rota_entry *out, uint32_t *out_count, struct rota_store *store,
                                       const struct rota_header *header)
{
    sqlite3_stmt *rows = store->statements[STORE_GET_ENTRIES];
    struct rota_status status = rota_ok();
    if (header->entry_count > header->tree_size || !read_seek(rows, header->tree_size - header->entry_count))
        return rota_fail(ROTA_MALFORMED, "a block in the ledger file claims an impossible number of entries");
    for (*out_count = 0; *out_count < header->entry_count; (*out_count)++) {
        status = read_parse(&out[*out_count], store, header, *out_count);
        if (!rota_is_ok(status))
            break;
    }
    sqlite3_reset(rows);
    return status;
}

struct rota_status rota_store_block(struct rota_block **out, struct rota_store *store, uint64_t height)
{
    struct rota_header header;
    uint32_t count = 0;
    *out = NULL;
    ROTA_TRY(rota_store_header(&header, store, height));
    if (header.entry_count == 0 || header.entry_count > ROTA_BODY_ENTRIES_MAX)
        return rota_fail(ROTA_MALFORMED, "a block in the ledger file claims an impossible number of entries");
    struct rota_entry *entries = calloc(header.entry_count, sizeof *entries);
    if (entries == NULL)
        return rota_fail(ROTA_NO_MEMORY, "memory is out");
    struct rota_status status = read_entries(entries, &count, store, &header);
    if (rota_is_ok(status))
        status = rota_block_new(out, &header, entries, count);
    for (uint32_t i = 0; !rota_is_ok(status) && i < count; i++)
        rota_entry_release(&entries[i]);
    free(entries);
    return status;
}

struct rota_status rota_store_change(struct rota_epoch_change **out, struct rota_store *store,
                                     const struct rota_epoch *epoch)
{
    struct rota_block *block = NULL;
    bool anew = rota_epoch_is_discontinuity(epoch);
    *out = NULL;
    if (epoch->membership.epoch == 0)
        return rota_fail(ROTA_NOT_FOUND, "nothing before it began the genesis' epoch");
    ROTA_TRY(rota_store_block(&block, store, epoch->membership.base_height + (anew ? 1 : 0)));
    const struct rota_entry *entry = &block->entries[anew ? 0 : block->entry_count - 1];
    if (entry->kind == ROTA_ENTRY_CONFIG)
        *out = rota_epoch_change_retain(entry->change);
    rota_block_release(block);
    return *out ? rota_ok() : rota_fail(ROTA_MALFORMED, "an epoch without the block that began it");
}

struct rota_status rota_store_certificate(struct rota_certificate *out, struct rota_store *store, uint64_t height)
{
    struct rota_view bytes;
    sqlite3_stmt *get = store->statements[STORE_GET_CERTIFICATE];
    int result = read_seek(get, height) ? sqlite3_step(get) : SQLITE_DONE;
    struct rota_status status = rota_fail(ROTA_MALFORMED, "a certificate in the ledger file has another form");
    if (result != SQLITE_ROW) {
        status = read_end(result, "a certificate could not be read");
    } else if (store_column(&bytes, get, 0, SQLITE_BLOB, false)) {
        struct rota_reader reader = rota_reader(bytes);
        rota_certificate_decode(&reader, out);
        status = rota_reader_finish(&reader);
    }
    sqlite3_reset(get);
    return status;
}

static struct rota_status read_outcome_row(struct rota_outcome *out, sqlite3_stmt *row, uint64_t height, uint32_t index)
{
    struct rota_view bytes;
    if (sqlite3_column_int64(row, 1) != (int64_t)height || sqlite3_column_int64(row, 2) != (int64_t)index ||
        !store_column(&bytes, row, 0, SQLITE_BLOB, false) || bytes.len == 0)
        return rota_fail(ROTA_MALFORMED, "the entries of a block in the ledger file are not where they belong");
    out->record = malloc(bytes.len);
    if (out->record == NULL)
        return rota_fail(ROTA_NO_MEMORY, "memory is out");
    memcpy(out->record, bytes.data, bytes.len);
    out->len = bytes.len;
    return rota_ok();
}

struct rota_status rota_store_outcome(struct rota_outcome *out, struct rota_store *store, uint64_t height, uint32_t index)
{
    struct rota_header header;
    sqlite3_stmt *get = store->statements[STORE_GET_OUTCOME];
    *out = (struct rota_outcome){0};
    ROTA_TRY(rota_store_header(&header, store, height));
    if (index >= header.entry_count || header.entry_count > header.tree_size)
        return rota_fail(ROTA_NOT_FOUND, "the block has no entry of this index");
    int result = read_seek(get, header.tree_size - header.entry_count + index) ? sqlite3_step(get) : SQLITE_DONE;
    struct rota_status status =
        result == SQLITE_ROW ? read_outcome_row(out, get, height, index) : read_end(result, "an outcome could not be read");
    sqlite3_reset(get);
    return status;
}

struct rota_status rota_store_next_block(struct rota_store_block_row *out, struct rota_store *store)
{
    sqlite3_stmt *rows = store->statements[STORE_SCAN_BLOCKS];
    *out = (struct rota_store_block_row){0};
    int result = sqlite3_step(rows);
    if (result != SQLITE_ROW)
        return read_end(result, "the blocks could not be read to the end");
    out->height = (uint64_t)sqlite3_column_int64(rows, 0);
    if (!store_column(&out->header, rows, 1, SQLITE_BLOB, false) ||
        !store_column(&out->certificate, rows, 2, SQLITE_BLOB, true))
        return rota_fail(ROTA_MALFORMED, "a column holds another kind of value than the format has there");
    return rota_ok();
}

struct rota_status rota_store_next_entry(struct rota_store_entry *out, struct rota_store *store)
{
    sqlite3_stmt *rows = store->statements[STORE_SCAN_ENTRIES];
    *out = (struct rota_store_entry){0};
    int result = sqlite3_step(rows);
    return result == SQLITE_ROW ? read_entry(out, store, rows)
                                : read_end(result, "the entries could not be read to the end");
}

struct rota_status rota_store_new_view_after(struct rota_store_new_view *out, struct rota_store *store, uint32_t epoch,
                                             uint64_t view)
{
    sqlite3_stmt *get = store->statements[STORE_NEXT_NEW_VIEW];
    *out = (struct rota_store_new_view){0};
    sqlite3_reset(get);
    if (view > INT64_MAX || sqlite3_bind_int64(get, 1, epoch) != SQLITE_OK ||
        sqlite3_bind_int64(get, 2, (int64_t)view) != SQLITE_OK)
        return rota_fail(ROTA_NOT_FOUND, "the ledger file holds no NEW-VIEW above this one");
    int result = sqlite3_step(get);
    if (result != SQLITE_ROW)
        return read_end(result, "the NEW-VIEWs could not be read to the end");
    int64_t its_epoch = sqlite3_column_int64(get, 0), its_view = sqlite3_column_int64(get, 1);
    if (sqlite3_column_type(get, 0) != SQLITE_INTEGER || sqlite3_column_type(get, 1) != SQLITE_INTEGER || its_epoch < 0 ||
        its_epoch > UINT32_MAX || its_view < 1 || !store_column(&out->bytes, get, 2, SQLITE_BLOB, false))
        return rota_fail(ROTA_MALFORMED, "a NEW-VIEW in the ledger file is not where it belongs");
    out->epoch = (uint32_t)its_epoch;
    out->view = (uint64_t)its_view;
    return rota_ok();
}

void rota_store_rewind(struct rota_store *store)
{
    sqlite3_reset(store->statements[STORE_SCAN_BLOCKS]);
    sqlite3_reset(store->statements[STORE_SCAN_ENTRIES]);
}

uint64_t rota_store_stray_certificate(struct rota_store *store)
{
    sqlite3_stmt *get = store->statements[STORE_GET_STRAY];
    uint64_t height = sqlite3_step(get) == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(get, 0) : 0;
    sqlite3_reset(get);
    return height;
}
