/* rota-verify: what its files share. The program links the audit and nothing that could open a connection. */
#ifndef ROTA_NODE_TOOLS_VERIFY_H
#define ROTA_NODE_TOOLS_VERIFY_H

#include "ledger/audit/audit.h"
#include "node/tools/exit_code.h"

#include <stdbool.h>
#include <stdint.h>

/* One finished audit, for the two kinds of report. */
struct verify_run {
    const char *path;
    const struct rota_audit_options *options;
    const struct rota_audit_report *report;
    const struct rota_genesis *genesis; /* NULL when the given one is not well formed */
    bool require_anchor;
    uint32_t jobs;
    uint64_t elapsed_ms;
};

int verify_exit_code(const struct verify_run *run);
/* True when something went wrong while writing. */
bool verify_print_words(const struct verify_run *run);
bool verify_print_json(const struct verify_run *run);
/* "2026-07-01T08:00:00Z" */
enum { VERIFY_TIME_CHARS = 24 };
void verify_time_format(char out[VERIFY_TIME_CHARS], uint64_t time_ms);

#endif
