/* A block's body: its entries in order. On the wire: entry_count times { kind u8, length u32, bytes } (FORMATS §6). */
#ifndef ROTA_LEDGER_BODY_H
#define ROTA_LEDGER_BODY_H

#include "ledger/entry.h"
#include "ledger/header.h"

enum { ROTA_BODY_BYTES_MAX = 1024 * 1024, ROTA_BODY_ENTRIES_MAX = 1024 };

/* A block: header and parsed entries. Heap object, reference counted, immutable once made. */
struct rota_block {
    unsigned references; /* atomic */
    struct rota_header header;
    struct rota_hash hash;
    uint32_t entry_count;
    struct rota_entry *entries; /* owned */
    size_t body_bytes;          /* encoded size of the body */
    uint8_t *unfit;             /* of rota_block_decode_unfit: the body as it came, body_bytes of it; owned */
};

/* Takes over the references of entries[0..count) (copied into the block). */
ROTA_CHECKED struct rota_status rota_block_new(struct rota_block **out, const struct rota_header *header,
                                               const struct rota_entry *entries, uint32_t count);
struct rota_block *rota_block_retain(struct rota_block *block);
void rota_block_release(struct rota_block *block); /* NULL is fine */

/* Does it hold an epoch change, which stands last in its block (PROTOCOL M6)? */
bool rota_block_ends_epoch(const struct rota_block *block);
/* The recovery manifest that these entries of a block begin with, borrowed; NULL: none (PROTOCOL M11). */
struct rota_epoch_change *rota_entries_discontinuity(const struct rota_entry *entries, uint32_t count);

/* Does it hold a TICK, which stands last in its block (PROTOCOL T11)? */
bool rota_block_is_tick(const struct rota_block *block);

/* Encoded block = header 200 || body. */
size_t rota_block_encoded_bytes(const struct rota_block *block);
void rota_block_encode(struct rota_writer *writer, const struct rota_block *block);
void rota_block_encode_body(struct rota_writer *writer, const struct rota_block *block);
/* Strict; the count must equal the header's; signatures are not checked. ROTA_MALFORMED, ROTA_TOO_LARGE. */
ROTA_CHECKED struct rota_status rota_block_decode(struct rota_block **out, struct rota_view bytes);
/* What rota_block_decode refuses, kept as it came, so that whoever signed for it can be held to it (PROTOCOL E9). It is
 * still divided into as many entries as its header counts, but they are not parsed: entry_count is 0, and no ledger takes
 * it. */
ROTA_CHECKED struct rota_status rota_block_decode_unfit(struct rota_block **out, struct rota_view bytes);

/* The entries of a body as bytes, whatever they hold. */
struct rota_body_entry {
    uint8_t kind;
    struct rota_view bytes;
};
/* One after the other; false behind the last one. `index` begins at 0, `reader` as rota_block_body says. */
bool rota_block_next(struct rota_body_entry *out, const struct rota_block *block, uint32_t *index,
                     struct rota_reader *reader);
struct rota_reader rota_block_body(const struct rota_block *block);

#endif
