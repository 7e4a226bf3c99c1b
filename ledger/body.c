#include "ledger/body.h"

#include <stdlib.h>

enum { ENTRY_OVERHEAD_BYTES = 1 + 4 }; /* kind, length */

struct rota_status rota_block_new(struct rota_block **out, const struct rota_header *header,
                                  const struct rota_entry *entries, uint32_t count)
{
    *out = NULL;
    struct rota_block *block = calloc(1, sizeof *block);
    struct rota_entry *copies = calloc(count ? count : 1, sizeof *copies);
    if (!block || !copies) {
        free(block);
        free(copies);
        return rota_fail(ROTA_NO_MEMORY, "no memory for a block");
    }
    block->references = 1;
    block->header = *header;
    block->hash = rota_header_hash(header);
    block->entry_count = count;
    block->entries = copies;
    for (uint32_t i = 0; i < count; i++) {
        copies[i] = entries[i];
        block->body_bytes += ENTRY_OVERHEAD_BYTES + rota_entry_bytes(&entries[i]).len;
    }
    *out = block;
    return rota_ok();
}

struct rota_block *rota_block_retain(struct rota_block *block)
{
    __atomic_add_fetch(&block->references, 1, __ATOMIC_RELAXED);
    return block;
}

void rota_block_release(struct rota_block *block)
{
    if (!block || __atomic_sub_fetch(&block->references, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    for (uint32_t i = 0; i < block->entry_count; i++)
        rota_entry_release(&block->entries[i]);
    free(block->entries);
    free(block->unfit);
    free(block);
}

bool rota_block_ends_epoch(const struct rota_block *block)
{
    const struct rota_entry *last = block->entry_count > 0 ? &block->entries[block->entry_count - 1] : NULL;
    return last && last->kind == ROTA_ENTRY_CONFIG && !rota_epoch_is_discontinuity(&last->change->next);
}

struct rota_epoch_change *rota_entries_discontinuity(const struct rota_entry *entries, uint32_t count)
{
    bool begins = count > 0 && entries[0].kind == ROTA_ENTRY_CONFIG && rota_epoch_is_discontinuity(&entries[0].change->next);
    return begins ? entries[0].change : NULL;
}

bool rota_block_is_tick(const struct rota_block *block)
{
    return block->entry_count > 0 && rota_entry_is_tick(&block->entries[block->entry_count - 1]);
}

size_t rota_block_encoded_bytes(const struct rota_block *block)
{
    return ROTA_HEADER_BYTES + block->body_bytes;
}

void rota_block_encode_body(struct rota_writer *writer, const struct rota_block *block)
{
    if (block->unfit)
        rota_write_bytes(writer, block->unfit, block->body_bytes);
    for (uint32_t i = 0; i < block->entry_count; i++) {
        rota_write_u8(writer, (uint8_t)block->entries[i].kind);
        rota_write_long(writer, rota_entry_bytes(&block->entries[i]));
    }
}

void rota_block_encode(struct rota_writer *writer, const struct rota_block *block)
{
    uint8_t header[ROTA_HEADER_BYTES];
    rota_header_encode(header, &block->header);
    rota_write_bytes(writer, header, sizeof header);
    rota_block_encode_body(writer, block);
}

/* ---- decoding ------------------------------------------------------------------------------------------------------- */

static void entries_release(struct rota_entry *entries, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        rota_entry_release(&entries[i]);
    free(entries);
}

/* Reads `count` entries; on failure nothing is left. */
static struct rota_status entries_read(struct rota_entry *entries, uint32_t count, struct rota_reader *reader)
{
    for (uint32_t i = 0; i < count; i++) {
        uint8_t kind = rota_read_u8(reader);
        struct rota_view bytes = rota_read_long(reader);
        struct rota_status status = reader->bad ? rota_fail(ROTA_MALFORMED, "a block whose body ends too early")
                                                : rota_entry_parse(&entries[i], (enum rota_entry_kind)kind, bytes);
        if (!rota_is_ok(status)) {
            for (uint32_t k = 0; k < i; k++)
                rota_entry_release(&entries[k]);
            return status;
        }
    }
    return rota_ok();
}

/* Its header, and the body behind it. */
static struct rota_status block_split(struct rota_header *out, struct rota_view *out_body, struct rota_view bytes)
{
    if (bytes.len < ROTA_HEADER_BYTES)
        return rota_fail(ROTA_MALFORMED, "a block shorter than its header");
    if (bytes.len > ROTA_HEADER_BYTES + ROTA_BODY_BYTES_MAX)
        return rota_fail(ROTA_TOO_LARGE, "a block body of more than 1 MiB");
    ROTA_TRY(rota_header_decode(out, bytes.data));
    if (out->entry_count > ROTA_BODY_ENTRIES_MAX)
        return rota_fail(ROTA_TOO_LARGE, "a block of too many entries");
    *out_body = rota_view(bytes.data + ROTA_HEADER_BYTES, bytes.len - ROTA_HEADER_BYTES);
    return rota_ok();
}

struct rota_status rota_block_decode(struct rota_block **out, struct rota_view bytes)
{
    struct rota_header header;
    struct rota_view body;
    *out = NULL;
    ROTA_TRY(block_split(&header, &body, bytes));
    struct rota_reader reader = rota_reader(body);
    struct rota_entry *entries = calloc(header.entry_count ? header.entry_count : 1, sizeof *entries);
    if (!entries)
        return rota_fail(ROTA_NO_MEMORY, "no memory for a block");
    struct rota_status status = entries_read(entries, header.entry_count, &reader);
    if (!rota_is_ok(status)) {
        free(entries);
        return status;
    }
    status = rota_reader_finish(&reader);
    if (rota_is_ok(status))
        status = rota_block_new(out, &header, entries, header.entry_count);
    if (!rota_is_ok(status))
        entries_release(entries, header.entry_count);
    else
        free(entries); /* the references moved into the block */
    return status;
}

static bool body_read(struct rota_body_entry *out, struct rota_reader *reader)
{
    out->kind = rota_read_u8(reader);
    out->bytes = rota_read_long(reader);
    return !reader->bad;
}

struct rota_status rota_block_decode_unfit(struct rota_block **out, struct rota_view bytes)
{
    struct rota_header header;
    struct rota_view body;
    struct rota_body_entry entry;
    *out = NULL;
    ROTA_TRY(block_split(&header, &body, bytes));
    struct rota_reader reader = rota_reader(body);
    for (uint32_t i = 0; i < header.entry_count && body_read(&entry, &reader); i++)
        ;
    ROTA_TRY(rota_reader_finish(&reader));
    if (body.len == 0)
        return rota_fail(ROTA_MALFORMED, "a block without entries");
    ROTA_TRY(rota_block_new(out, &header, NULL, 0));
    (*out)->unfit = malloc(body.len);
    if (!(*out)->unfit) {
        rota_block_release(*out);
        *out = NULL;
        return rota_fail(ROTA_NO_MEMORY, "no memory for a block");
    }
    memcpy((*out)->unfit, body.data, body.len);
    (*out)->body_bytes = body.len;
    return rota_ok();
}

struct rota_reader rota_block_body(const struct rota_block *block)
{
    return rota_reader(rota_view(block->unfit, block->unfit ? block->body_bytes : 0));
}

bool rota_block_next(struct rota_body_entry *out, const struct rota_block *block, uint32_t *index,
                     struct rota_reader *reader)
{
    if (*index >= (block->unfit ? block->header.entry_count : block->entry_count))
        return false;
    if (block->unfit)
        return (*index)++, body_read(out, reader);
    const struct rota_entry *entry = &block->entries[(*index)++];
    *out = (struct rota_body_entry){(uint8_t)entry->kind, rota_entry_bytes(entry)};
    return true;
}
