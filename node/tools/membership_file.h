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
/* Document and approvals put together, members in order; signatures verified, whether they suffice is not. 0, or the exit
 * code after the complaint. `current` and `next` are read from these files. */
struct rota_approved_files {
    const char *current, *document;
    uint32_t approval_count;
    const char *approvals[ROTA_MEMBERS_MAX];
};
/* Takes one more of the command line's words; ends the program when there are more than members can be. */
void rota_approved_files_add(struct rota_approved_files *files, const char *path, const struct argp_state *state);
int rota_change_collect(struct rota_epoch_change **out, struct rota_epoch *current, struct rota_epoch *next,
                        const struct rota_common *common, const struct rota_approved_files *files);

#endif
