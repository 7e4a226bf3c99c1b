/* What evidence is judged by: the genesis, and what a ledger file proves from there. No word about anybody before that. */
#ifndef ROTA_TOOLS_EVIDENCE_GROUND_H
#define ROTA_TOOLS_EVIDENCE_GROUND_H

#include "ledger/audit/recoveries.h"
#include "ledger/store/store.h"
#include "node/tools/output.h"

struct rota_evidence_ground {
    struct rota_genesis genesis;
    struct rota_store *ledger; /* NULL: none was given */
    struct rota_epoch_chain epochs;
    struct rota_placed_recoveries recoveries; /* of the ledger */
};

/* From --genesis and, where it is given, --ledger. 0, or the exit code after a complaint. To be closed in any case. */
int rota_evidence_ground_open(struct rota_evidence_ground *ground, const struct rota_common *common);
void rota_evidence_ground_close(struct rota_evidence_ground *ground);

/* As rota_evidence_verify, with the members of its epoch and the key that it may depend on. ROTA_NOT_FOUND: an epoch that is
 * not known here. Rewinds the ledger. */
ROTA_CHECKED struct rota_status rota_evidence_judge(const struct rota_evidence *evidence,
                                                    const struct rota_evidence_ground *ground);
/* Proven, and yet against nobody: the member had lost its memory and said so (PROTOCOL E4). */
bool rota_evidence_excused(const struct rota_evidence *evidence, const struct rota_evidence_ground *ground);
/* A sentence: what it proves, if that is the verdict; else why it proves nothing. */
void rota_evidence_tell(char *out, size_t size, const struct rota_evidence *evidence,
                        const struct rota_evidence_ground *ground, struct rota_status verdict);

#endif
