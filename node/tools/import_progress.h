/* A bar that moves on a terminal, a line now and then elsewhere; on stderr. */
#ifndef ROTA_TOOLS_IMPORT_PROGRESS_H
#define ROTA_TOOLS_IMPORT_PROGRESS_H

#include "node/tools/command.h"

struct rota_import_progress {
    const char *title;
    bool silent, terminal;
    uint64_t started_ms, shown_ms;
};

void rota_import_progress_start(struct rota_import_progress *progress, const struct rota_common *common, const char *title);
void rota_import_progress_show(struct rota_import_progress *progress, size_t done, size_t total);
void rota_import_progress_end(struct rota_import_progress *progress, size_t done, size_t total);

#endif
