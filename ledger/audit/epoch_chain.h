/* The epochs of a ledger file, proven from the genesis: what is in the file is not believed. */
#ifndef ROTA_LEDGER_AUDIT_EPOCH_CHAIN_H
#define ROTA_LEDGER_AUDIT_EPOCH_CHAIN_H

#include "ledger/epoch_chain.h"
#include "ledger/store/store.h"

/* Reads the whole file, from its beginning. A step that does not hold, or a file that cannot be read, is the status. */
ROTA_CHECKED struct rota_status rota_epoch_chain_of_ledger(struct rota_epoch_chain *out, const struct rota_genesis *genesis,
                                                           struct rota_store *ledger);

#endif
