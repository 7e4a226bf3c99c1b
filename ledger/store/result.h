/* What SQLite answers, in our codes: one table for the ledger file and the journal, each with words of its own. */
#ifndef ROTA_LEDGER_STORE_RESULT_H
#define ROTA_LEDGER_STORE_RESULT_H

#include "crypto/status.h"

/* Sentences for the user of one kind of file; static. */
struct store_words {
    const char *full, *damaged, *permission, *locked;
};

/* A status that is never ok. result: an extended code, not SQLITE_OK, ROW or DONE. ROTA_FULL, ROTA_NO_MEMORY,
 * ROTA_MALFORMED, ROTA_PERMISSION; ROTA_IO when the file is locked, and with the sentence `otherwise` for all the rest. */
struct rota_status store_result(int result, const struct store_words *words, const char *otherwise);

#endif
