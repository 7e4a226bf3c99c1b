/* The end of an import: what happened to every row. */
#ifndef ROTA_TOOLS_IMPORT_REPORT_H
#define ROTA_TOOLS_IMPORT_REPORT_H

#include "node/tools/import_run.h"
#include "node/tools/roster.h"

/* Where the outcome of a row is: in which item, at which place. */
struct rota_import_place {
    size_t item; /* SIZE_MAX: the row was bad */
    uint32_t op;
};

struct rota_import_report {
    const struct rota_common *common;
    const struct rota_roster *roster;
    const struct rota_import_run *run;
    const struct rota_import_place *places; /* one for each row */
    const char *csv_path;                   /* --report, NULL: none */
    double seconds;
};

/* Prints the summary, writes the report file, returns the exit code. */
int rota_import_report(const struct rota_import_report *report);

#endif
