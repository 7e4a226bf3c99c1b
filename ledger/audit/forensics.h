/* Forensics on ledger files (PROTOCOL E11): the files are the two histories, the witnesses, or both. */
#ifndef ROTA_LEDGER_AUDIT_FORENSICS_H
#define ROTA_LEDGER_AUDIT_FORENSICS_H

#include "ledger/forensics.h"
#include "ledger/store/store.h"

/* A ledger file, opened by rota_store_inspect. Borrowed. */
struct rota_forensics_witness rota_forensics_witness_of(struct rota_store *store);

/* rota_forensics_compare on two ledger files, whose epochs are these: the first height at which they differ, and the
 * certificates that cover it. INCOMPLETE: there is no certificate, or none that the file's own epochs explain. NO_CONFLICT
 * without any certificates: they do not differ as far as both reach. Name the files among the witnesses too. */
ROTA_CHECKED struct rota_status rota_forensics_of_ledgers(struct rota_forensics *out,
                                                          const struct rota_epoch_chain *const epochs[2],
                                                          struct rota_store *const ledgers[2],
                                                          const struct rota_forensics_witness *witnesses,
                                                          uint32_t witness_count);

/* PROTOCOL E4. Takes back what was found against members of whom this ledger file says that they had lost their memory, as
 * far as it holds the history that they committed in. Its epochs are these. */
ROTA_CHECKED struct rota_status rota_forensics_ask_ledger(struct rota_forensics *forensics,
                                                          const struct rota_epoch_chain *epochs, struct rota_store *ledger);

#endif
