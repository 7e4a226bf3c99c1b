/* What `rota membership` passes around as files: the document in force, the next one, approvals. */
#ifndef ROTA_TOOLS_MEMBERSHIP_FILE_H
#define ROTA_TOOLS_MEMBERSHIP_FILE_H

#include "ledger/epoch_change.h"
#include "node/tools/files.h"
#include "node/tools/output.h"

/* A genesis or an epoch document, whichever the file is. 0, or the exit code after the complaint. */
int rota_epoch_load(struct rota_epoch *out, struct rota_blob *out_document, const struct rota_common *common,
                    const char *path);
/* One approval as a file; the text is malloc'd and given to the caller. */
char *rota_approval_format(const struct rota_epoch *current, const struct rota_hash *document,
                           const struct rota_approval *approval);
/* Reads and verifies one against both documents. 0, or the exit code after the complaint. */
int rota_approval_load(struct rota_approval *out, const struct rota_common *common, const struct rota_epoch *current,
                       const struct rota_hash *document, const char *path);
/* What becomes of n, f and Q, and what a person should think about, in words. */
void rota_epoch_explain(const struct rota_epoch *current, const struct rota_epoch *next);

#endif
