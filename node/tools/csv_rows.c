#include "node/tools/csv_rows.h"

#include "node/tools/files.h"

#include <csv.h>
#include <stdlib.h>

enum { CSV_FILE_BYTES_MAX = 64 * 1024 * 1024, CSV_FIELDS_MAX = 256 };

struct csv_reading {
    struct rota_csv *csv;
    struct rota_csv_row row; /* being read */
    uint64_t line;
    bool have_header;
    struct rota_status status;
};

static void csv_row_free(struct rota_csv_row *row)
{
    for (uint32_t i = 0; i < row->count; i++)
        free(row->fields[i]);
    free(row->fields);
    *row = (struct rota_csv_row){0};
}

void rota_csv_free(struct rota_csv *csv)
{
    for (size_t i = 0; i < csv->row_count; i++)
        csv_row_free(&csv->rows[i]);
    free(csv->rows);
    csv_row_free(&csv->header);
    *csv = (struct rota_csv){0};
}

static void csv_fail(struct csv_reading *reading, enum rota_code code, const char *why)
{
    if (rota_is_ok(reading->status)) {
        reading->status = rota_fail(code, why);
        reading->csv->bad_line = reading->row.line;
    }
}

static bool csv_row_grow(struct rota_csv_row *row)
{
    if (row->count % 16 != 0)
        return true;
    char **fields = realloc(row->fields, (row->count + 16) * sizeof *fields);
    if (fields == NULL)
        return false;
    row->fields = fields;
    return true;
}

/* Why this field cannot be taken, or NULL after it was. */
static const char *csv_take_field(struct rota_csv_row *row, const void *data, size_t len)
{
    if (row->count == CSV_FIELDS_MAX)
        return "a line has too many columns";
    if (len > 0 && memchr(data, '\0', len) != NULL)
        return "this is no text: it has a zero byte";
    char *copy = len > 0 ? strndup(data, len) : strdup("");
    if (copy == NULL || !csv_row_grow(row)) {
        free(copy);
        return "out of memory";
    }
    row->fields[row->count++] = copy;
    return NULL;
}

static void csv_on_field(void *data, size_t len, void *context)
{
    struct csv_reading *reading = context;
    const char *why = csv_take_field(&reading->row, data, len);
    if (why != NULL)
        csv_fail(reading, ROTA_MALFORMED, why);
}

static bool csv_keep_row(struct csv_reading *reading)
{
    struct rota_csv *csv = reading->csv;
    if (csv->row_count % 256 == 0) {
        struct rota_csv_row *rows = realloc(csv->rows, (csv->row_count + 256) * sizeof *rows);
        if (rows == NULL)
            return false;
        csv->rows = rows;
    }
    csv->rows[csv->row_count++] = reading->row;
    reading->row = (struct rota_csv_row){0};
    return true;
}

static void csv_on_row(int terminator, void *context)
{
    struct csv_reading *reading = context;
    (void)terminator;
    if (reading->have_header) {
        if (!csv_keep_row(reading))
            csv_fail(reading, ROTA_NO_MEMORY, "out of memory");
    } else {
        reading->csv->header = reading->row;
        reading->row = (struct rota_csv_row){0};
        reading->have_header = true;
    }
    reading->row.line = reading->line + 1;
}

/* Line by line, so that every row knows where it begins. */
static struct rota_status csv_feed(struct csv_reading *reading, struct csv_parser *parser, struct rota_view text)
{
    size_t at = 0;
    reading->row.line = 1;
    while (at < text.len && rota_is_ok(reading->status)) {
        const uint8_t *newline = memchr(text.data + at, '\n', text.len - at);
        size_t len = newline != NULL ? (size_t)(newline - text.data) + 1 - at : text.len - at;
        reading->line++;
        if (reading->row.count == 0 && !parser->quoted)
            reading->row.line = reading->line;
        if (csv_parse(parser, text.data + at, len, csv_on_field, csv_on_row, reading) != len)
            csv_fail(reading, ROTA_MALFORMED, "the quotation marks do not fit together");
        at += len;
    }
    if (rota_is_ok(reading->status) && csv_fini(parser, csv_on_field, csv_on_row, reading) != 0)
        csv_fail(reading, ROTA_MALFORMED, "a quotation mark is opened here and never closed");
    csv_row_free(&reading->row);
    return reading->status;
}

static struct rota_view csv_without_mark(struct rota_view text)
{
    bool marked = text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0;
    return marked ? rota_view(text.data + 3, text.len - 3) : text;
}

struct rota_status rota_csv_read(struct rota_csv *out, const char *path, char delimiter)
{
    ROTA_CLEANUP(rota_blob_free) struct rota_blob blob = {0};
    struct csv_parser parser;
    *out = (struct rota_csv){0};
    ROTA_TRY(rota_file_read(&blob, path, CSV_FILE_BYTES_MAX));
    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
        return rota_fail(ROTA_NO_MEMORY, "out of memory");
    csv_set_delim(&parser, (unsigned char)delimiter);
    struct csv_reading reading = {.csv = out, .status = rota_ok()};
    struct rota_status status = csv_feed(&reading, &parser, csv_without_mark(rota_blob_view(&blob)));
    csv_free(&parser);
    if (rota_is_ok(status) && !reading.have_header)
        return rota_fail(ROTA_MALFORMED, "it is empty: the first line names the columns");
    return status;
}

int rota_csv_column(const struct rota_csv *csv, const char *name)
{
    for (uint32_t i = 0; i < csv->header.count; i++)
        if (strcmp(csv->header.fields[i], name) == 0)
            return (int)i;
    return -1;
}

const char *rota_csv_field(const struct rota_csv_row *row, int column)
{
    return column >= 0 && (uint32_t)column < row->count ? row->fields[column] : "";
}
