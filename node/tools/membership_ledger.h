/* The epochs of a ledger file, without a node. */
#ifndef ROTA_TOOLS_MEMBERSHIP_LEDGER_H
#define ROTA_TOOLS_MEMBERSHIP_LEDGER_H

#include "node/tools/command.h"

/* Prints every epoch of common->ledger, discontinuities marked, and the members of the last; saves its document as `out`
 * unless that is NULL. Returns the exit code. */
int rota_membership_show_ledger(const struct rota_common *common, const char *out);

#endif
