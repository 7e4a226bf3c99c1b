/* FILE.import-journal: every proposal that an import has signed, by what it says, durable before it is sent. A command that
 * is repeated after a crash or Ctrl-C finds its bytes here and submits those, instead of signing the same change twice. */
#ifndef ROTA_TOOLS_IMPORT_JOURNAL_H
#define ROTA_TOOLS_IMPORT_JOURNAL_H

#include "crypto/es256k.h"

#include <jansson.h>

struct rota_import_journal {
    int fd;
    json_t *signed_before; /* key (hex) -> JWS; owned */
};

/* Opens or makes it (0600) and locks it: ROTA_REFUSED while another import uses it, ROTA_WRONG_LEDGER when it belongs to
 * another ledger or key. */
ROTA_CHECKED struct rota_status rota_import_journal_open(struct rota_import_journal *out, const char *path,
                                                         const struct rota_hash *ledger_id, const struct rota_kid *kid);
void rota_import_journal_close(struct rota_import_journal *journal);
/* The JWS signed for this key earlier, borrowed; NULL when there is none. */
const char *rota_import_journal_find(const struct rota_import_journal *journal, const struct rota_hash *key);
/* Adds a line; durable only after rota_import_journal_sync. A later line for a key replaces an earlier one. */
ROTA_CHECKED struct rota_status rota_import_journal_add(struct rota_import_journal *journal, const struct rota_hash *key,
                                                        const char *jws);
ROTA_CHECKED struct rota_status rota_import_journal_sync(struct rota_import_journal *journal);

#endif
