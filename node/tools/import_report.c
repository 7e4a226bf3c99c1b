#include "node/tools/import_report.h"

#include "node/tools/files.h"

#include <csv.h>
#include <stdlib.h>

enum { IMPORT_LISTED_MAX = 50 };

struct import_counts {
    size_t committed, refused, bad, open;
};

/* One row in words. code: "ok", "overlap", "bad-row", "not-submitted" ... */
struct import_line {
    bool good;
    const char *code;
    const char *text;
    const struct rota_import_outcome *outcome; /* NULL for a bad row */
};

static struct import_line import_line_of(const struct rota_import_report *report, size_t row)
{
    const struct rota_import_place *place = &report->places[row];
    if (place->item == SIZE_MAX)
        return (struct import_line){.code = "bad-row", .text = report->roster->rows[row].bad};
    const struct rota_import_outcome *outcome = &report->run->items[place->item].outcomes[place->op];
    struct import_line line = {.outcome = outcome, .code = outcome->code, .text = outcome->text};
    if (outcome->fate == ROTA_FATE_COMMITTED)
        line.good = !outcome->refused;
    else if (outcome->fate != ROTA_FATE_TURNED_AWAY && (outcome->fate != ROTA_FATE_LATER || outcome->code[0] == '\0')) {
        line.code = "not-submitted";
        line.text = "not in the ledger yet; run the same command again";
    }
    return line;
}

static void import_count(struct import_counts *counts, const struct rota_import_report *report)
{
    for (size_t i = 0; i < report->roster->count; i++) {
        struct import_line line = import_line_of(report, i);
        if (line.outcome == NULL)
            counts->bad++;
        else if (line.good)
            counts->committed++;
        else if (line.outcome->fate == ROTA_FATE_COMMITTED || line.outcome->fate == ROTA_FATE_TURNED_AWAY)
            counts->refused++;
        else
            counts->open++;
    }
}

static void import_print(const struct rota_import_report *report, const struct import_counts *counts)
{
    size_t listed = 0;
    (void)printf("rows        %zu in %.1f s\ncommitted   %zu\nrefused     %zu\nbad         %zu\n", report->roster->count,
                 report->seconds, counts->committed, counts->refused, counts->bad);
    if (counts->open > 0)
        (void)printf("open        %zu (run the same command again: nothing is signed or ordered twice)\n", counts->open);
    for (size_t i = 0; i < report->roster->count; i++) {
        struct import_line line = import_line_of(report, i);
        if (line.good || (line.outcome != NULL && strcmp(line.code, "not-submitted") == 0))
            continue;
        if (++listed <= IMPORT_LISTED_MAX)
            (void)printf("line %-6llu %s: %s\n", (unsigned long long)report->roster->rows[i].line, line.code, line.text);
    }
    if (listed > IMPORT_LISTED_MAX)
        (void)printf("and %zu more; --report OUT.csv lists them all\n", listed - IMPORT_LISTED_MAX);
}

static json_t *import_json(const struct rota_import_report *report, const struct import_counts *counts)
{
    json_t *result = rota_result_new("import");
    json_t *rows = json_array();
    rota_result_number(result, "rows", report->roster->count);
    rota_result_number(result, "committed", counts->committed);
    rota_result_number(result, "refused", counts->refused);
    rota_result_number(result, "bad", counts->bad);
    rota_result_number(result, "open", counts->open);
    rota_result_number(result, "milliseconds", (uint64_t)(report->seconds * 1000));
    for (size_t i = 0; i < report->roster->count; i++) {
        struct import_line line = import_line_of(report, i);
        if (line.good)
            continue;
        json_t *row = json_object();
        rota_result_number(row, "line", report->roster->rows[i].line);
        rota_result_text(row, "code", line.code);
        rota_result_text(row, "text", line.text);
        (void)json_array_append_new(rows, row);
    }
    rota_result_set(result, "not_committed", rows);
    return result;
}

static void import_write_row(FILE *stream, const struct rota_import_report *report, size_t row)
{
    char hex[2 * ROTA_HASH_BYTES + 1] = "";
    struct import_line line = import_line_of(report, row);
    (void)fprintf(stream, "%llu,%s,%s,", (unsigned long long)report->roster->rows[row].line,
                  line.good ? "committed" : "not-committed", line.code);
    (void)csv_fwrite(stream, line.text, strlen(line.text));
    if (line.outcome != NULL && line.outcome->fate == ROTA_FATE_COMMITTED) {
        rota_hex_encode(hex, rota_view(line.outcome->proposal.b, ROTA_HASH_BYTES));
        (void)fprintf(stream, ",%llu,%s\n", (unsigned long long)line.outcome->height, hex);
    } else {
        (void)fputs(",,\n", stream);
    }
}

static struct rota_status import_write(const struct rota_import_report *report)
{
    char *text = NULL;
    size_t len = 0;
    FILE *stream = open_memstream(&text, &len);
    if (stream == NULL)
        return rota_fail(ROTA_NO_MEMORY, "out of memory");
    (void)fputs("line,result,code,text,height,proposal\n", stream);
    for (size_t i = 0; i < report->roster->count; i++)
        import_write_row(stream, report, i);
    struct rota_status status = fclose(stream) == 0 ? rota_file_replace(report->csv_path, rota_view(text, len), 0644)
                                                    : rota_fail(ROTA_NO_MEMORY, "out of memory");
    free(text);
    return status;
}

int rota_import_report(const struct rota_import_report *report)
{
    struct import_counts counts = {0};
    import_count(&counts, report);
    if (report->common->json)
        rota_result_print(import_json(report, &counts));
    else
        import_print(report, &counts);
    struct rota_status status = report->csv_path != NULL ? import_write(report) : rota_ok();
    if (!rota_is_ok(status))
        (void)fprintf(stderr, "rota import: cannot write %s: %s\n", report->csv_path, status.why);
    if (counts.open > 0)
        return ROTA_EXIT_LATER;
    if (counts.refused + counts.bad > 0)
        return ROTA_EXIT_NEGATIVE;
    return rota_exit_of(status);
}
