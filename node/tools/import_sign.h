/* Signing of an import's proposals: numbers first, journal second, network last. Call with the run's lock. */
#ifndef ROTA_TOOLS_IMPORT_SIGN_H
#define ROTA_TOOLS_IMPORT_SIGN_H

#include "node/tools/import_run.h"

/* Signs items from `first` on, as many as make a batch: one write of the numbers and one of the journal for all. Items that
 * an earlier run has signed get their bytes from the journal. */
ROTA_CHECKED struct rota_status rota_import_sign_batch(struct rota_import_run *run, size_t first);
/* Signs one item with a fresh number in place of bytes that can never commit. */
ROTA_CHECKED struct rota_status rota_import_sign_again(struct rota_import_run *run, struct rota_import_item *item);
/* SHA-256 of a number and a text. */
struct rota_hash rota_import_hash(const char *text, uint64_t number);

#endif
