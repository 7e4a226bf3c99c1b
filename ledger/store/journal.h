/* A node's private file: named records, and blocks that are not final yet. Generic: it takes bytes and knows nothing of what
 * they mean (node/journal.h does). Lies beside the ledger file, is never shown to anybody, and is never made by accident.
 *
 * Changes are gathered in one transaction, begun by the first of them; rota_journal_file_commit is the durable point. A
 * record has a checksum, so that a damaged one is refused instead of believed. One thread at a time. */
#ifndef ROTA_LEDGER_STORE_JOURNAL_H
#define ROTA_LEDGER_STORE_JOURNAL_H

#include "crypto/digest.h"

struct rota_journal_file; /* opaque, heap */

/* A new file that belongs to this ledger; never over an existing one (ROTA_EXISTS). */
ROTA_CHECKED struct rota_status rota_journal_file_create(const char *path, const struct rota_hash *ledger_id);
/* Gives the file, and its log, another name in the same folder: PATH.damaged-1, -2, ...; nothing is deleted. *out: the new
 * name. */
ROTA_CHECKED struct rota_status rota_journal_file_set_aside(char *out, size_t out_size, const char *path);
/* ROTA_NOT_FOUND; ROTA_MALFORMED: no such file, or damaged; ROTA_UNSUPPORTED: newer; ROTA_WRONG_LEDGER. */
ROTA_CHECKED struct rota_status rota_journal_file_open(struct rota_journal_file **out, const char *path,
                                                       const struct rota_hash *ledger_id);
void rota_journal_file_close(struct rota_journal_file *file); /* NULL is fine; what was not committed is lost */

/* The record of this name, malloc'd: given to the caller. ROTA_NOT_FOUND; ROTA_MALFORMED: its checksum is wrong. */
ROTA_CHECKED struct rota_status rota_journal_file_record(uint8_t **out, size_t *out_len, struct rota_journal_file *file,
                                                         const char *name);
/* Every block, lowest first, until fn says false. The view is valid inside fn only. */
ROTA_CHECKED struct rota_status rota_journal_file_blocks(struct rota_journal_file *file,
                                                         bool (*fn)(void *context, struct rota_view bytes), void *context);

/* Sets a record; adds a block (nothing happens when it is there); deletes the blocks up to a height. Any failure spoils the
 * transaction. */
ROTA_CHECKED struct rota_status rota_journal_file_set(struct rota_journal_file *file, const char *name,
                                                      struct rota_view bytes);
ROTA_CHECKED struct rota_status rota_journal_file_add_block(struct rota_journal_file *file, uint64_t height,
                                                            const struct rota_hash *hash, struct rota_view bytes);
ROTA_CHECKED struct rota_status rota_journal_file_forget(struct rota_journal_file *file, uint64_t height);
/* Nothing changed since the last time: nothing happens. *out_synced (may be NULL) says whether the disk was waited for. */
ROTA_CHECKED struct rota_status rota_journal_file_commit(struct rota_journal_file *file, bool *out_synced);
/* Passive WAL checkpoint at a quiet moment; as deadly as a commit when it fails. */
ROTA_CHECKED struct rota_status rota_journal_file_checkpoint(struct rota_journal_file *file);
/* Nothing more is written through this handle, by closing it either. */
void rota_journal_file_give_up(struct rota_journal_file *file);

#endif
