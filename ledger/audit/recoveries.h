/* What a ledger file says of members that lost their memory (PROTOCOL H7): whom E4 does not accuse. For tools that look at
 * evidence and do not replay the file: it is not audited here, but each RECOVERED is the signed word of its member. */
#ifndef ROTA_LEDGER_AUDIT_RECOVERIES_H
#define ROTA_LEDGER_AUDIT_RECOVERIES_H

#include "ledger/audit/epoch_chain.h"
#include "ledger/evidence.h"

struct rota_placed_recovery {
    struct rota_recovered recovered;
    uint64_t height;
};
struct rota_placed_recoveries {
    size_t count;
    struct rota_placed_recovery *items; /* owned, as the file has them */
};

/* Adds those of the file that their member signed. */
ROTA_CHECKED struct rota_status rota_placed_recoveries_of_ledger(struct rota_placed_recoveries *out,
                                                                 const struct rota_epoch_chain *epochs,
                                                                 struct rota_store *ledger);
void rota_placed_recoveries_free(struct rota_placed_recoveries *recoveries);
/* PROTOCOL E4: between the two messages of this evidence its member lost its memory, and said so before it voted again. */
bool rota_placed_recoveries_excuse(const struct rota_placed_recoveries *recoveries, const struct rota_evidence *evidence);

#endif
