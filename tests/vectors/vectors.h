/* Test vectors: what this program writes, as files for whoever writes another. Everything follows from published keys, so
 * the files come out the same in each run.
 *
 * A new kind of thing is one more call of vectors_add in its list, or one more line in vectors_files with a maker
 * and a line in check.c with its reader; then the files are written anew (README.md). */
#ifndef ROTA_TESTS_VECTORS_H
#define ROTA_TESTS_VECTORS_H

#include "tests/unit/ledger/evidence_parts.h"

#include <jansson.h>

struct vectors_file {
    const char *name;
    json_t *(*make)(const struct rota_genesis *genesis); /* given to the caller */
};

enum { VECTORS_FILES = 9 };
extern const struct vectors_file vectors_files[VECTORS_FILES];

json_t *vectors_hex(const void *bytes, size_t len);
/* One more element of a list of things that a reader must take, or (why: a sentence) refuse. Takes `item`. */
void vectors_add(json_t *list, const char *name, json_t *item, const char *why);

/* make_chain.c: a ledger of seven blocks, what became of each entry, and receipts. */
json_t *vectors_chain(const struct rota_genesis *genesis);
/* make_entries.c: proposals, evidence, records, epoch changes. */
json_t *vectors_proposals(const struct rota_genesis *genesis);
json_t *vectors_evidence(const struct rota_genesis *genesis);
json_t *vectors_records(const struct rota_genesis *genesis);
json_t *vectors_epochs(const struct rota_genesis *genesis);

#endif
