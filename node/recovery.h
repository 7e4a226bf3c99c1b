/* Lost memory, as the node's operator meets it: new files in the place of lost ones, and words for what the node waits for.
 * Loop thread, or before it runs. */
#ifndef ROTA_NODE_RECOVERY_H
#define ROTA_NODE_RECOVERY_H

#include "ledger/genesis.h"
#include "node/journal.h"

/* The journal; one that is missing or damaged is replaced by a new one, the old file kept aside under another name, and the
 * log says so: the core then starts without a memory and is silent until it may speak (PROTOCOL H5). Errors as
 * rota_journal_open, without ROTA_NOT_FOUND and ROTA_MALFORMED. */
ROTA_CHECKED struct rota_status rota_recovery_open_journal(struct rota_journal **out, const char *path,
                                                           const struct rota_membership *membership);
/* An empty ledger where there is none but a journal beside it: the operator moved a damaged one away. ROTA_NOT_FOUND when
 * neither is there. */
ROTA_CHECKED struct rota_status rota_recovery_make_ledger(const char *ledger, const char *journal,
                                                          const struct rota_genesis *genesis);

enum { ROTA_RECOVERY_WORDS_MAX = 2560 };
/* Why the node does not vote, and what and whom it waits for; empty when it is a member like any other. */
void rota_recovery_words(char out[ROTA_RECOVERY_WORDS_MAX], const struct rota_core_view *view,
                         const struct rota_membership *membership, uint32_t self);
/* The same for the log, whenever it changes. */
void rota_recovery_report(const struct rota_core_view *before, const struct rota_core_view *now,
                          const struct rota_membership *membership, uint32_t self);

#endif
