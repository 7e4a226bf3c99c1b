#include "node/tools/roster.h"

#include "ledger/proposal.h"
#include "node/tools/output.h"

#include <stdlib.h>

enum { ROSTER_DAY = 24 * 60, ROSTER_MINUTES_MAX = 2880 };

/* Where the map's columns are in this file. */
struct roster_columns {
    int person, date, start, end, minutes, code, facility;
};

void rota_roster_free(struct rota_roster *roster)
{
    rota_csv_free(&roster->csv);
    free(roster->rows);
    *roster = (struct rota_roster){0};
}

/* "8:30", "08:30" or "08:30:00", as minutes of the day. */
static bool roster_clock(uint32_t *out, const char *text)
{
    unsigned hours, minutes;
    int used = 0;
    if (sscanf(text, "%2u:%2u%n", &hours, &minutes, &used) != 2 || hours > 23 || minutes > 59)
        return false;
    if (text[used - 2] == ':' || (text[used] != '\0' && strcmp(text + used, ":00") != 0))
        return false;
    *out = hours * 60 + minutes;
    return true;
}

static const char *roster_take_start(struct rota_roster_row *row, uint32_t *out_clock, const struct rota_csv_row *from,
                                     const struct roster_columns *columns, const struct rota_csv_map *map)
{
    int32_t day;
    const char *start = rota_csv_field(from, columns->start);
    if (columns->date < 0) {
        if (!rota_is_ok(rota_time_parse_minute(&row->start_minute, rota_view_text(start))))
            return "the start is not a minute such as 2026-12-25T22:30Z";
        *out_clock = (uint32_t)(((row->start_minute + map->utc_offset_minutes) % ROSTER_DAY + ROSTER_DAY) % ROSTER_DAY);
        return NULL;
    }
    const char *date = rota_csv_field(from, columns->date);
    if (date[0] == '\0')
        return "the date is empty";
    if (!rota_is_ok(rota_time_parse_day(&day, rota_view_text(date))))
        return "the date is not a day such as 2026-12-25";
    if (!roster_clock(out_clock, start))
        return "the start is not a time such as 22:30";
    row->start_minute = (int64_t)day * ROSTER_DAY + *out_clock - map->utc_offset_minutes;
    return NULL;
}

static const char *roster_take_length(struct rota_roster_row *row, uint32_t start_clock, const struct rota_csv_row *from,
                                      const struct roster_columns *columns)
{
    uint32_t end;
    char *rest = NULL;
    if (columns->minutes >= 0) {
        const char *text = rota_csv_field(from, columns->minutes);
        unsigned long minutes = text[0] >= '0' && text[0] <= '9' ? strtoul(text, &rest, 10) : 0;
        if (rest == NULL || *rest != '\0' || minutes < 1 || minutes > ROSTER_MINUTES_MAX)
            return "the minutes are not a number from 1 to 2880";
        row->minutes = (uint32_t)minutes;
        return NULL;
    }
    if (!roster_clock(&end, rota_csv_field(from, columns->end)))
        return "the end is not a time such as 06:30";
    row->minutes = end > start_clock ? end - start_clock : end + ROSTER_DAY - start_clock;
    return NULL;
}

static const char *roster_take_names(struct rota_roster_row *row, const struct rota_csv_row *from,
                                     const struct roster_columns *columns, const struct rota_csv_map *map)
{
    row->name = rota_csv_field(from, columns->person);
    if (row->name[0] == '\0')
        return "the person is empty";
    if (map->person_is_token && !rota_is_ok(rota_token_parse(&row->person, rota_view_text(row->name))))
        return "the person is no token (1 to 32 of A-Z a-z 0-9 . _ -)";
    if (!rota_is_ok(rota_token_parse(&row->code, rota_view_text(rota_csv_field(from, columns->code)))))
        return "the code is empty or no token (1 to 32 of A-Z a-z 0-9 . _ -)";
    row->facility = map->facility;
    if (columns->facility >= 0 &&
        !rota_is_ok(rota_token_parse(&row->facility, rota_view_text(rota_csv_field(from, columns->facility)))))
        return "the facility is empty or no token";
    return NULL;
}

static void roster_take_row(struct rota_roster_row *row, const struct rota_csv *csv, const struct rota_csv_row *from,
                            const struct roster_columns *columns, const struct rota_csv_map *map)
{
    uint32_t clock = 0;
    *row = (struct rota_roster_row){.line = from->line, .name = rota_csv_field(from, columns->person)};
    if (from->count != csv->header.count)
        row->bad = "it has another number of columns than the first line";
    if (row->bad == NULL)
        row->bad = roster_take_names(row, from, columns, map);
    if (row->bad == NULL)
        row->bad = roster_take_start(row, &clock, from, columns, map);
    if (row->bad == NULL)
        row->bad = roster_take_length(row, clock, from, columns);
}

/* False when the map names a column that the file does not have. */
static bool roster_find(int *out, const struct rota_csv *csv, const char *name, char *error, size_t error_size)
{
    *out = name[0] != '\0' ? rota_csv_column(csv, name) : -1;
    if (name[0] == '\0' || *out >= 0)
        return true;
    (void)snprintf(error, error_size, "the map names the column \"%s\", the file's first line does not", name);
    return false;
}

static bool roster_find_all(struct roster_columns *out, const struct rota_csv *csv, const struct rota_csv_map *map,
                            char *error, size_t error_size)
{
    return roster_find(&out->person, csv, map->person, error, error_size) &&
           roster_find(&out->date, csv, map->date, error, error_size) &&
           roster_find(&out->start, csv, map->start, error, error_size) &&
           roster_find(&out->end, csv, map->end, error, error_size) &&
           roster_find(&out->minutes, csv, map->minutes, error, error_size) &&
           roster_find(&out->code, csv, map->code, error, error_size) &&
           roster_find(&out->facility, csv, map->facility_column, error, error_size);
}

struct rota_status rota_roster_read(struct rota_roster *out, const char *path, const struct rota_csv_map *map, char *error,
                                    size_t error_size)
{
    struct roster_columns columns;
    *out = (struct rota_roster){0};
    struct rota_status status = rota_csv_read(&out->csv, path, map->delimiter);
    if (!rota_is_ok(status)) {
        (void)snprintf(error, error_size, out->csv.bad_line != 0 ? "line %llu: %s" : "%.0llu%s",
                       (unsigned long long)out->csv.bad_line, status.why);
        return status;
    }
    if (!roster_find_all(&columns, &out->csv, map, error, error_size))
        return rota_fail(ROTA_USAGE, "the map and the file do not fit");
    out->rows = calloc(out->csv.row_count + 1, sizeof *out->rows);
    if (out->rows == NULL)
        return rota_fail(ROTA_NO_MEMORY, "out of memory");
    for (; out->count < out->csv.row_count; out->count++)
        roster_take_row(&out->rows[out->count], &out->csv, &out->csv.rows[out->count], &columns, map);
    return rota_ok();
}

json_t *rota_roster_operation(const struct rota_roster_row *row)
{
    char start[ROTA_TIME_CHARS_MAX];
    json_t *operation = json_object();
    rota_time_format_minute(start, row->start_minute);
    rota_result_text(operation, "op", "assign");
    rota_result_text(operation, "person", row->person.text);
    rota_result_text(operation, "code", row->code.text);
    rota_result_text(operation, "facility", row->facility.text);
    rota_result_text(operation, "start", start);
    rota_result_number(operation, "minutes", row->minutes);
    return operation;
}
