/* What a document of the next epoch changes, in words: for whoever drafts it, and above all for whoever is about to sign. */
#ifndef ROTA_TOOLS_MEMBERSHIP_WORDS_H
#define ROTA_TOOLS_MEMBERSHIP_WORDS_H

#include "ledger/epoch.h"
#include "node/tools/output.h"

#include <stdio.h>

/* Everything in which the two differ, and a "WARNING" wherever it takes power from somebody: a list of {"what","text"},
 * given to the caller. Nothing of the document is left out: it is signed whole, and its drafter may have lied about it. */
json_t *rota_epoch_differences(const struct rota_epoch *current, const struct rota_epoch *next);
/* The same as lines. */
void rota_epoch_explain(FILE *out, const struct rota_epoch *current, const struct rota_epoch *next);
/* What a recovery manifest does, to whoever is about to sign it or to start a node with it; nothing for other documents. */
void rota_discontinuity_explain(FILE *out, const struct rota_epoch *next);

#endif
