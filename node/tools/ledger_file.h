/* Somebody's ledger file, opened with every defence on, for commands that look at single things in it. */
#ifndef ROTA_TOOLS_LEDGER_FILE_H
#define ROTA_TOOLS_LEDGER_FILE_H

#include "ledger/store/store.h"
#include "node/tools/command.h"

/* Loads common->genesis unless it is loaded already, opens the file, and checks that it is of that genesis. 0, or the exit
 * code after a complaint; then *out is NULL. The genesis is the caller's to free in any case. */
int rota_ledger_file_open(struct rota_store **out, struct rota_genesis *genesis, const struct rota_common *common,
                          const char *path);

#endif
