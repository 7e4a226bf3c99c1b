/* What rota forensics is given: two ledger files, or two commit certificates, which may come as receipts; and ledger files
 * of witnesses. Each ledger file and each receipt proves its own epochs. */
#ifndef ROTA_TOOLS_FORENSICS_INPUT_H
#define ROTA_TOOLS_FORENSICS_INPUT_H

#include "ledger/audit/epoch_chain.h"
#include "ledger/audit/forensics.h"
#include "node/tools/command.h"

enum { FORENSICS_WITNESSES_MAX = 16 };

struct rota_forensics_files {
    struct rota_genesis genesis;
    uint32_t count; /* of ledger files: the two sides when they are some, then the witnesses */
    struct rota_store *stores[2 + FORENSICS_WITNESSES_MAX];
    struct rota_epoch_chain epochs[2 + FORENSICS_WITNESSES_MAX];
    bool ledgers; /* the sides are the first two of them */
    /* Otherwise: */
    struct rota_forensics_side sides[2];
    struct rota_receipt receipts[2];
    struct rota_epoch_chain led_to[2]; /* by the receipts; without one, by the genesis */
};

/* 0, or the exit code after a complaint. To be closed in any case. */
int rota_forensics_files_open(struct rota_forensics_files *files, const struct rota_common *common,
                              const char *const sides[2], const char *const *witnesses, uint32_t witness_count);
/* As rota_forensics_of_ledgers, rota_forensics_compare. */
ROTA_CHECKED struct rota_status rota_forensics_files_judge(struct rota_forensics *out,
                                                           const struct rota_forensics_files *files);
void rota_forensics_files_close(struct rota_forensics_files *files);

#endif
