/* The ledger file: verbatim evidence in one SQLite file that a stranger can audit (FORMATS §13). sqlite lives only here.
 * One connection writes; a handle belongs to one thread. */
#ifndef ROTA_LEDGER_STORE_STORE_H
#define ROTA_LEDGER_STORE_STORE_H

#include "ledger/body.h"
#include "ledger/certificate.h"
#include "ledger/genesis.h"
#include "ledger/outcome.h"

struct rota_store; /* opaque, heap */

/* Makes a new ledger file with its genesis; never over an existing file (ROTA_EXISTS). */
ROTA_CHECKED struct rota_status rota_store_create(const char *path, const struct rota_genesis *genesis);
/* Opens for writing (WAL, synchronous FULL, append-only triggers and authorizer on). The genesis must be the file's. */
ROTA_CHECKED struct rota_status rota_store_open(struct rota_store **out, const char *path,
                                                const struct rota_genesis *genesis);
/* Opens somebody's file for reading with every defence on (read-only, immutable, defensive, untrusted schema, schema text
 * compared with ours, integrity check). ROTA_UNSUPPORTED, ROTA_MALFORMED, ROTA_IO; *out_detail (may be NULL) borrows a
 * longer text. */
ROTA_CHECKED struct rota_status rota_store_open_hostile(struct rota_store **out, const char *path, const char **out_detail);
/* The same, and says which defence spoke. */
enum rota_store_finding {
    ROTA_STORE_FINE = 0,
    ROTA_STORE_NO_ACCESS,    /* cannot be opened or read */
    ROTA_STORE_OTHER_FILE,   /* not a ledger file */
    ROTA_STORE_NEWER,        /* a ledger file of a newer format */
    ROTA_STORE_DAMAGED,      /* the container does not hold together */
    ROTA_STORE_OTHER_SCHEMA, /* tables, triggers, views or readme are not ours, word for word */
    ROTA_STORE_LEFTOVER,     /* a log with content lies beside it */
};
struct rota_store_inspection {
    enum rota_store_finding finding;
    char text[256];
};
ROTA_CHECKED struct rota_status rota_store_inspect(struct rota_store **out, struct rota_store_inspection *inspection,
                                                   const char *path);
void rota_store_close(struct rota_store *store);

/* The genesis bytes in the file; borrowed until close. */
struct rota_view rota_store_genesis(const struct rota_store *store);
/* Height of the last block, 0 when empty. */
uint64_t rota_store_height(const struct rota_store *store);

/* One transaction for all blocks of a turn: begin, append..., commit. A failed commit is fatal for the node. */
ROTA_CHECKED struct rota_status rota_store_begin(struct rota_store *store);
/* Appends the next block with its entries and outcome records. ROTA_REFUSED (nothing written) when it does not follow:
 * height, prev_hash, tree_size. Any other failure spoils the handle: commit fails, and the next opening finds the file as
 * it was before begin. */
ROTA_CHECKED struct rota_status rota_store_append(struct rota_store *store, const struct rota_block *block,
                                                  const struct rota_outcome *outcomes);
/* The commit certificate of an appended block; covers every earlier block that has none. One at or below the newest
 * certificate adds nothing and is not stored. ROTA_REFUSED when it is not about a block of this file. */
ROTA_CHECKED struct rota_status rota_store_certify(struct rota_store *store, const struct rota_certificate *certificate);
/* The signed bytes of an accepted NEW-VIEW (FORMATS §12.3), kept for ever beside the chain. One that is not behind the
 * newest adds nothing and is not stored. */
ROTA_CHECKED struct rota_status rota_store_keep_new_view(struct rota_store *store, uint32_t epoch, uint64_t view,
                                                         struct rota_view bytes);
ROTA_CHECKED struct rota_status rota_store_commit(struct rota_store *store);
/* Passive WAL checkpoint at a quiet moment; as deadly as a commit when it fails. */
ROTA_CHECKED struct rota_status rota_store_checkpoint(struct rota_store *store);
/* Nothing more is written through this handle, by closing it either: a disk that failed once is not asked again. */
void rota_store_give_up(struct rota_store *store);

/* One stored block, read back. ROTA_NOT_FOUND beyond the end. *out given to the caller (rota_block_release). */
ROTA_CHECKED struct rota_status rota_store_block(struct rota_block **out, struct rota_store *store, uint64_t height);
ROTA_CHECKED struct rota_status rota_store_header(struct rota_header *out, struct rota_store *store, uint64_t height);
/* The entry that began this epoch, one reference: the last of the block that it stands on, or, of a recovery manifest, the
 * first of the block above. ROTA_NOT_FOUND for the genesis, and while that block is not here. */
ROTA_CHECKED struct rota_status rota_store_change(struct rota_epoch_change **out, struct rota_store *store,
                                                  const struct rota_epoch *epoch);
/* The certificate that covers this height: its own, or the nearest above. ROTA_NOT_FOUND. */
ROTA_CHECKED struct rota_status rota_store_certificate(struct rota_certificate *out, struct rota_store *store,
                                                       uint64_t height);
/* One entry's outcome record, malloc'd: given to the caller. */
ROTA_CHECKED struct rota_status rota_store_outcome(struct rota_outcome *out, struct rota_store *store, uint64_t height,
                                                   uint32_t index);
/* Raw rows for the auditor: what the file says, undecoded. Views valid until the next call. ROTA_NOT_FOUND at the end. */
struct rota_store_entry {
    uint64_t leaf_index; /* set, like height, also when ROTA_MALFORMED comes back for the rest of the row */
    uint64_t height;
    uint32_t index;
    uint32_t kind;
    struct rota_view id;      /* 32 bytes if the writer was honest */
    struct rota_view bytes;   /* compact JWS, evidence, or record */
    struct rota_view outcome; /* outcome record */
};
struct rota_store_block_row {
    uint64_t height;
    struct rota_view header;
    struct rota_view certificate; /* len 0: none of its own */
};
ROTA_CHECKED struct rota_status rota_store_next_block(struct rota_store_block_row *out, struct rota_store *store);
ROTA_CHECKED struct rota_status rota_store_next_entry(struct rota_store_entry *out, struct rota_store *store);
void rota_store_rewind(struct rota_store *store);
/* The first NEW-VIEW behind this place, as it lies in the file; bytes valid until the next call. ROTA_NOT_FOUND at the end.
 */
struct rota_store_new_view {
    uint32_t epoch;
    uint64_t view;
    struct rota_view bytes;
};
ROTA_CHECKED struct rota_status rota_store_new_view_after(struct rota_store_new_view *out, struct rota_store *store,
                                                          uint32_t epoch, uint64_t view);
/* Height of a certificate for which there is no block, 0 when there is none. */
uint64_t rota_store_stray_certificate(struct rota_store *store);

#endif
