#include "ledger/audit/inside.h"

#include <stdlib.h>

static void entry_drop(struct audit_entry *entry)
{
    if (entry->parsed)
        rota_entry_release(&entry->entry);
    free(entry->bytes);
    *entry = (struct audit_entry){0};
}

struct rota_view audit_entry_outcome(const struct audit_entry *entry)
{
    return rota_view(entry->bytes + entry->bytes_len, entry->outcome_len);
}

struct rota_epoch_change *audit_entry_change(const struct audit_entry *entry)
{
    struct rota_epoch_change *change = NULL;
    if (entry->kind == ROTA_ENTRY_CONFIG && rota_is_ok(entry->row) &&
        !rota_is_ok(rota_epoch_change_parse(&change, rota_view(entry->bytes, entry->bytes_len))))
        return NULL;
    return change;
}

static bool entry_copy(struct audit_entry *out, const struct rota_store_entry *row, struct rota_status status)
{
    *out =
        (struct audit_entry){.leaf_index = row->leaf_index, .height = row->height, .index = row->index, .kind = row->kind};
    out->row = status;
    if (!rota_is_ok(status))
        return true;
    out->bytes_len = row->bytes.len;
    out->outcome_len = row->outcome.len;
    memcpy(out->id.b, row->id.data, sizeof out->id.b);
    out->bytes = malloc(out->bytes_len + out->outcome_len);
    if (out->bytes == NULL)
        return false;
    memcpy(out->bytes, row->bytes.data, out->bytes_len);
    memcpy(out->bytes + out->bytes_len, row->outcome.data, out->outcome_len);
    return true;
}

/* Keeps one row ahead of the batch, so that it is known where a block's entries end. */
static void entry_look_ahead(struct audit *audit)
{
    struct rota_store_entry row;
    if (audit->has_ahead || audit->entries_ended)
        return;
    struct rota_status status = rota_store_next_entry(&row, audit->store);
    if (status.code == ROTA_NOT_FOUND || status.code == ROTA_IO || status.code == ROTA_NO_MEMORY) {
        audit->entries_ended = true;
        if (status.code != ROTA_NOT_FOUND)
            audit_fail(audit, CHECK_A3, WEIGHT_UNREADABLE, 0, UINT64_MAX, "%s", status.why);
        return;
    }
    audit->has_ahead = entry_copy(&audit->ahead, &row, status);
    if (!audit->has_ahead)
        audit_out_of_memory(audit);
}

static bool batch_room(void **items, size_t *room, size_t count, size_t item_bytes)
{
    if (count < *room)
        return true;
    size_t grown = *room == 0 ? 64 : 2 * *room;
    void *moved = realloc(*items, grown * item_bytes);
    if (moved == NULL)
        return false;
    *items = moved;
    *room = grown;
    return true;
}

/* All rows up to this height, but no more than a block may have, and one to show that there are too many. */
static bool batch_take_entries(struct audit *audit, struct audit_block *block)
{
    struct audit_batch *batch = &audit->batch;
    block->first_entry = batch->entry_count;
    for (entry_look_ahead(audit); audit->has_ahead && audit->ahead.height <= block->height; entry_look_ahead(audit)) {
        void *items = batch->entries;
        if (block->entry_count > ROTA_BODY_ENTRIES_MAX)
            return true;
        if (!batch_room(&items, &batch->entry_room, batch->entry_count, sizeof *batch->entries))
            return false;
        batch->entries = items;
        batch->entries[batch->entry_count++] = audit->ahead;
        batch->bytes += audit->ahead.bytes_len + audit->ahead.outcome_len;
        block->entry_count++;
        audit->ahead = (struct audit_entry){0};
        audit->has_ahead = false;
    }
    return !audit->no_memory;
}

static void block_copy(struct audit_block *out, const struct rota_store_block_row *row)
{
    *out = (struct audit_block){.height = row->height, .cover = SIZE_MAX};
    out->header_fits = row->header.len == ROTA_HEADER_BYTES;
    if (out->header_fits) {
        memcpy(out->bytes, row->header.data, ROTA_HEADER_BYTES);
        out->form = rota_header_decode(&out->header, out->bytes);
        out->hash = rota_hash_of(ROTA_TAG("block"), rota_view(out->bytes, sizeof out->bytes));
    }
    out->has_certificate = row->certificate.len > 0;
    if (!out->has_certificate)
        return;
    struct rota_reader reader = rota_reader(row->certificate);
    rota_certificate_decode(&reader, &out->certificate);
    out->certificate_form = rota_reader_finish(&reader);
}

static bool batch_take_block(struct audit *audit)
{
    struct audit_batch *batch = &audit->batch;
    struct rota_store_block_row row;
    void *items = batch->blocks;
    struct rota_status status = rota_store_next_block(&row, audit->store);
    audit->blocks_ended = !rota_is_ok(status) && status.code != ROTA_MALFORMED;
    if (status.code == ROTA_NOT_FOUND)
        return true;
    if (audit->blocks_ended) {
        audit_fail(audit, CHECK_A3, WEIGHT_UNREADABLE, 0, UINT64_MAX, "%s", status.why);
        return true;
    }
    if (!batch_room(&items, &batch->block_room, batch->block_count, sizeof *batch->blocks))
        return false;
    batch->blocks = items;
    block_copy(&batch->blocks[batch->block_count], &row);
    return batch_take_entries(audit, &batch->blocks[batch->block_count++]);
}

enum batch_border { BORDER_NONE, BORDER_END, BORDER_BEGIN };

/* Does an epoch end with this row, or begin with it? */
static enum batch_border row_border(const struct audit_entry *row)
{
    struct rota_epoch_change *change = audit_entry_change(row);
    bool begins = change != NULL && rota_epoch_is_discontinuity(&change->next);
    rota_epoch_change_release(change);
    return begins ? BORDER_BEGIN : row->kind == ROTA_ENTRY_CONFIG ? BORDER_END : BORDER_NONE;
}

static bool batch_is_enough(const struct audit *audit)
{
    const struct audit_batch *batch = &audit->batch;
    if (batch->block_count == 0)
        return false;
    bool heavy = batch->entry_count >= AUDIT_BATCH_ENTRIES || batch->bytes >= AUDIT_BATCH_BYTES;
    bool closed = batch->blocks[batch->block_count - 1].has_certificate;
    if (batch->entry_count > 0 && row_border(&batch->entries[batch->entry_count - 1]) == BORDER_END)
        return true; /* what follows has other members */
    if (audit->has_ahead && row_border(&audit->ahead) == BORDER_BEGIN)
        return true; /* and so it has here, although no block says so */
    return (heavy && closed) || batch->block_count >= AUDIT_BATCH_BLOCKS_MAX || batch->bytes >= 16 * AUDIT_BATCH_BYTES;
}

bool audit_batch_read(struct audit *audit)
{
    while (!audit->blocks_ended && !batch_is_enough(audit)) {
        if (!batch_take_block(audit)) {
            audit_out_of_memory(audit);
            return false;
        }
    }
    return audit->batch.block_count > 0;
}

void audit_batch_clear(struct audit *audit)
{
    for (size_t i = 0; i < audit->batch.entry_count; i++)
        entry_drop(&audit->batch.entries[i]);
    audit->batch.block_count = audit->batch.entry_count = audit->batch.bytes = 0;
}

void audit_batch_free(struct audit *audit)
{
    audit_batch_clear(audit);
    entry_drop(&audit->ahead);
    free(audit->batch.blocks);
    free(audit->batch.entries);
}
