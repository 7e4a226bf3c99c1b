/* The epochs that lead from the genesis to some block. Each is proven by the one before it, so whoever trusts the genesis
 * may trust all of them, wherever the steps came from: a receipt, or somebody's ledger file. */
#ifndef ROTA_LEDGER_EPOCH_CHAIN_H
#define ROTA_LEDGER_EPOCH_CHAIN_H

#include "ledger/receipt.h"

struct rota_epoch_chain {
    uint32_t count; /* at least 1 */
    /* [i]: epoch i, which knows the block that it stands on. Owned; so is each below. They move when one is added. */
    struct rota_epoch *epochs;
    struct rota_receipt_epoch *steps; /* [i]: what began epoch i; [0] is empty */
};

ROTA_CHECKED struct rota_status rota_epoch_chain_begin(struct rota_epoch_chain *out, const struct rota_genesis *genesis);
/* One epoch more; takes a reference to the change of its own. As rota_receipt_verify about a step that does not hold: the
 * chain stays as it is. */
ROTA_CHECKED struct rota_status rota_epoch_chain_add(struct rota_epoch_chain *chain, const struct rota_receipt_epoch *step);
/* All of a receipt. */
ROTA_CHECKED struct rota_status rota_epoch_chain_of_receipt(struct rota_epoch_chain *out, const struct rota_genesis *genesis,
                                                            const struct rota_receipt *receipt);
/* NULL: this chain does not lead there. */
const struct rota_epoch *rota_epoch_chain_find(const struct rota_epoch_chain *chain, uint32_t epoch);
void rota_epoch_chain_free(struct rota_epoch_chain *chain); /* zeroes are fine */

#endif
