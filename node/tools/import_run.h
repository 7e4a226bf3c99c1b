/* The engine of an import: a list of proposals, signed in small batches, submitted by a few threads, each answer noted at
 * the operations it is about. */
#ifndef ROTA_TOOLS_IMPORT_RUN_H
#define ROTA_TOOLS_IMPORT_RUN_H

#include "node/tools/import_journal.h"
#include "node/tools/output.h"
#include "node/tools/submission.h"

#include <pthread.h>

/* What became of one operation. */
struct rota_import_outcome {
    enum rota_fate fate; /* 0: not tried */
    bool refused;        /* COMMITTED: the ledger refused this operation */
    uint64_t height;
    struct rota_hash proposal;
    char code[40];
    char text[200];
};

/* One proposal. */
struct rota_import_item {
    json_t *ops; /* owned */
    struct rota_hash key;
    char *jws;          /* owned; NULL until signed */
    bool signed_before; /* by an earlier run */
    bool done;
    uint32_t count;
    struct rota_import_outcome *outcomes; /* owned, one for each operation */
};

struct rota_import_run {
    /* Set by the caller; borrowed. */
    const struct rota_common *common;
    const struct rota_secret_key *key;
    const char *key_path;
    struct rota_import_journal *journal;
    const atomic_bool *stop;
    struct rota_hash ledger_id;
    const char *reason;
    uint64_t exp;
    uint64_t seq_highest; /* that the ledger knows of */
    uint32_t jobs;
    /* Owned. */
    struct rota_import_item *items;
    size_t count;
    size_t room;
    json_t *occurrences; /* how often the same operations stand in this file */
    /* While it runs; under the lock. */
    pthread_mutex_t lock;
    pthread_cond_t moved;
    size_t next;   /* the first item that nobody has taken */
    size_t oldest; /* all before it are done */
    size_t ops_done, ops_total;
    uint32_t running;
    struct rota_status failure; /* of signing: nothing more is started */
    struct rota_pace pace;
};

void rota_import_run_init(struct rota_import_run *run);
void rota_import_run_free(struct rota_import_run *run);
/* Adds a proposal of these operations (taken over). Its index. */
size_t rota_import_run_add(struct rota_import_run *run, json_t *ops);
/* Submits everything that is not done; shows progress under this title. Returns when all is done, or nothing goes on. */
void rota_import_run_all(struct rota_import_run *run, const char *title);

#endif
