/* The map file of an import: which column of a roster is what (libconfuse syntax; unknown words are errors). */
#ifndef ROTA_TOOLS_CSV_MAP_H
#define ROTA_TOOLS_CSV_MAP_H

#include "crypto/bytes.h"

enum { ROTA_COLUMN_CHARS_MAX = 64 };

/* Names of columns; "" = the roster has none. */
struct rota_csv_map {
    char person[ROTA_COLUMN_CHARS_MAX];
    char date[ROTA_COLUMN_CHARS_MAX]; /* "" = start holds whole minutes such as 2026-12-25T22:30Z */
    char start[ROTA_COLUMN_CHARS_MAX];
    char end[ROTA_COLUMN_CHARS_MAX]; /* not later than start: the next day */
    char minutes[ROTA_COLUMN_CHARS_MAX];
    char code[ROTA_COLUMN_CHARS_MAX];
    char facility_column[ROTA_COLUMN_CHARS_MAX];
    struct rota_token facility; /* the same for all rows; empty when there is a column */
    struct rota_token home;     /* of people who are enrolled; empty: the facility */
    struct rota_token pool;     /* of codes that are defined; empty: none */
    struct rota_token reason;
    int32_t utc_offset_minutes; /* local time minus UTC */
    uint32_t ops_per_proposal;
    char delimiter;
    bool person_is_token;
};

/* On failure `error` holds one line "file:line: what is wrong". */
ROTA_CHECKED struct rota_status rota_csv_map_read(struct rota_csv_map *out, const char *path, char *error,
                                                  size_t error_size);

#endif
