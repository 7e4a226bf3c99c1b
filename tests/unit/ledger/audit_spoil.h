/* Ways to spoil a ledger file, for tests of the audit. The story's leaves: block 1: 0 1, 2: 3 4, 3: 6 7 8, 4: 10 (evidence)
 * 11, 5: 13, 6: 15 (evidence) 16, 7: 18 19; certificates on 1, 3, 6, 7. */
#ifndef ROTA_TESTS_UNIT_LEDGER_AUDIT_SPOIL_H
#define ROTA_TESTS_UNIT_LEDGER_AUDIT_SPOIL_H

#include "store_maker.h"

#include "ledger/audit/audit.h"

#include <sqlite3.h>

/* A connection that no trigger and no CHECK stops. */
sqlite3 *spoil_open(const struct maker *maker);
void spoil_close(sqlite3 *db);
void spoil_sql(sqlite3 *db, const char *sql);
/* XORs one byte of one column of the row with this integer key; keeps the storage class. */
void spoil_flip(sqlite3 *db, const char *table, const char *column, int64_t key, size_t offset, uint8_t mask);
size_t spoil_column_bytes(sqlite3 *db, const char *table, const char *column, int64_t key);
void spoil_certificate(sqlite3 *db, const struct rota_certificate *certificate);
/* Puts another header or payload (NULL: as it was) and the id that goes with them. */
void spoil_proposal(sqlite3 *db, int64_t leaf, const char *header, const char *payload);

/* What one spoiled file must be called. */
struct spoil_expected {
    const char *check; /* of the first failure; NULL: none */
    enum rota_verdict verdict;
    uint64_t height;
    int64_t leaf; /* -1: not about an entry */
    uint64_t intact;
    const char *words; /* part of the sentence */
};
/* Audits with one and with three threads, and expects the same of both. */
void spoil_expect(const char *name, const struct maker *maker, const struct spoil_expected *expected);

#endif
