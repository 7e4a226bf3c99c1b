/* The node's memory of what it has said: private.db beside the ledger file. Consensus types in, bytes into
 * ledger/store/journal.h. Without it a node cannot know what it has voted, so it is never guessed: `rota node init` makes it
 * together with an empty ledger, and where it is lost node/recovery.c makes an empty one, aloud. Loop thread only. */
#ifndef ROTA_NODE_JOURNAL_H
#define ROTA_NODE_JOURNAL_H

#include "consensus/core.h"
#include "ledger/body.h"

struct rota_journal; /* opaque, heap */

/* A new, empty journal of this ledger; never over an existing file (ROTA_EXISTS). */
ROTA_CHECKED struct rota_status rota_journal_create(const char *path, const struct rota_hash *ledger_id);
/* membership: of the epoch in force; a message of an earlier one counts as not there. Opens it, reads what was said, and
 * notes durably that the node runs once more. ROTA_NOT_FOUND, ROTA_MALFORMED, ROTA_WRONG_LEDGER, ROTA_UNSUPPORTED, ROTA_IO,
 * with the sentence for the operator. */
ROTA_CHECKED struct rota_status rota_journal_open(struct rota_journal **out, const char *path,
                                                  const struct rota_membership *membership);
void rota_journal_close(struct rota_journal *journal); /* NULL is fine */

/* What was found at opening. Borrowed until close. */
struct rota_journal_contents {
    uint64_t incarnation;                   /* runs so far, this one included */
    bool restarted;                         /* we ran before */
    const struct rota_durable *durable;     /* NULL: none was ever written */
    const struct rota_message *view_change; /* our latest, NULL: none */
    const struct rota_message *new_view;    /* the latest accepted, NULL: none */
    struct rota_view evidence;              /* as it was saved */
};
struct rota_journal_contents rota_journal_recovered(const struct rota_journal *journal);
/* Blocks in flight, lowest first, until fn says false; borrowed inside fn. One that does not decode is left out. */
ROTA_CHECKED struct rota_status rota_journal_blocks(struct rota_journal *journal,
                                                    bool (*fn)(void *context, struct rota_block *block), void *context);

/* Into the turn's transaction. */
ROTA_CHECKED struct rota_status rota_journal_save(struct rota_journal *journal, const struct rota_durable *durable);
ROTA_CHECKED struct rota_status rota_journal_save_block(struct rota_journal *journal, const struct rota_block *block);
/* VIEW-CHANGE of ours or accepted NEW-VIEW, signed; other kinds are refused. */
ROTA_CHECKED struct rota_status rota_journal_save_message(struct rota_journal *journal, const struct rota_message *message);
/* Evidence that waits to be ordered, in whatever form the caller likes; replaces what was saved. */
ROTA_CHECKED struct rota_status rota_journal_save_evidence(struct rota_journal *journal, struct rota_view bytes);
/* Blocks up to this height are in the ledger, durably: they go with the next thing that is saved. */
void rota_journal_forget(struct rota_journal *journal, uint64_t height);
/* The durable point; nothing saved: nothing happens. *out_synced says whether the disk was waited for. */
ROTA_CHECKED struct rota_status rota_journal_sync(struct rota_journal *journal, bool *out_synced);
ROTA_CHECKED struct rota_status rota_journal_checkpoint(struct rota_journal *journal);
void rota_journal_give_up(struct rota_journal *journal); /* nothing more is written, by closing either */

#endif
