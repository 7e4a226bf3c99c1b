/* A CSV file with a header line, read whole (libcsv, strict about quotes). */
#ifndef ROTA_TOOLS_CSV_ROWS_H
#define ROTA_TOOLS_CSV_ROWS_H

#include "crypto/bytes.h"

struct rota_csv_row {
    uint64_t line; /* where it begins in the file; the header is line 1 */
    uint32_t count;
    char **fields; /* owned */
};

struct rota_csv {
    struct rota_csv_row header;
    struct rota_csv_row *rows; /* owned */
    size_t row_count;
    uint64_t bad_line; /* where reading stopped, 0 = nowhere */
};

/* *out is to be freed in any case. ROTA_MALFORMED with out->bad_line set. Blank lines are skipped. */
ROTA_CHECKED struct rota_status rota_csv_read(struct rota_csv *out, const char *path, char delimiter);
void rota_csv_free(struct rota_csv *csv);
/* The column's index, or -1. */
int rota_csv_column(const struct rota_csv *csv, const char *name);
/* The field, "" when the row is too short or the column is -1. */
const char *rota_csv_field(const struct rota_csv_row *row, int column);

#endif
