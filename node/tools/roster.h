/* A roster: the rows of somebody's CSV as assignments, by means of a map. A row that makes no sense is kept with the reason.
 */
#ifndef ROTA_TOOLS_ROSTER_H
#define ROTA_TOOLS_ROSTER_H

#include "node/tools/csv_map.h"
#include "node/tools/csv_rows.h"

#include <jansson.h>

struct rota_roster_row {
    uint64_t line;
    const char *bad;  /* why it cannot be used, static; NULL = it can */
    const char *name; /* the person as the roster says; borrowed from the CSV */
    struct rota_token person, code, facility;
    int64_t start_minute;
    uint32_t minutes;
};

struct rota_roster {
    struct rota_csv csv;
    struct rota_roster_row *rows; /* owned */
    size_t count;
};

/* Reads the file. On failure `error` says what and where; *out is to be freed in any case. */
ROTA_CHECKED struct rota_status rota_roster_read(struct rota_roster *out, const char *path, const struct rota_csv_map *map,
                                                 char *error, size_t error_size);
void rota_roster_free(struct rota_roster *roster);
/* The row as an operation; given to the caller. */
json_t *rota_roster_operation(const struct rota_roster_row *row);

#endif
