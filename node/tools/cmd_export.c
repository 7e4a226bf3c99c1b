/* rota export: the schedule as a file for other programs. */
#include "node/tools/commands.h"
#include "node/tools/files.h"
#include "node/tools/ics_write.h"

#include <csv.h>
#include <stdlib.h>
#include <time.h>

struct export_options {
    struct rota_common common;
    struct rota_schedule_query query;
    char format; /* 'c', 'j' or 'i' */
    const char *out;
};

static void export_take_format(struct export_options *options, const char *text, const struct argp_state *state)
{
    static const char *const formats[] = {"csv", "json", "ics", NULL};
    for (const char *const *format = formats; *format != NULL; format++)
        if (strcmp(*format, text) == 0) {
            options->format = text[0];
            return;
        }
    rota_usage_fail(state, "--format is csv, json or ics, not \"%s\"", text);
}

static error_t export_parse(int key, char *arg, struct argp_state *state)
{
    struct export_options *options = state->input;
    switch (key) {
    case 'F':
        export_take_format(options, arg, state);
        return 0;
    case 'o':
        options->out = arg;
        return 0;
    case ARGP_KEY_END:
        if (options->format == '\0')
            rota_usage_fail(state, "needs --format: csv, json or ics");
        return 0;
    default:
        return rota_schedule_query_parse(&options->query, key, arg, state);
    }
}

static const struct argp_option export_argp_options[] = {
    {"format", 'F', "FORMAT", 0, "csv, json or ics (calendar)", 0},
    {"out", 'o', "FILE", 0, "Where to write it (default: the standard output); replaces a file", 0},
    ROTA_QUERY_OPTIONS,
    {0}};

static const struct argp export_argp = {.options = export_argp_options,
                                        .parser = export_parse,
                                        .doc = "Write the schedule as a table, as JSON or as a calendar. Times are UTC."};

static void export_csv(FILE *out, const struct rota_schedule *schedule)
{
    char start[ROTA_TIME_CHARS_MAX];
    char id[2 * ROTA_ASSIGNMENT_ID_BYTES + 1];
    char proposal[2 * ROTA_HASH_BYTES + 1];
    (void)fputs("id,person,facility,code,start,minutes,from_height,proposal\r\n", out);
    for (size_t i = 0; i < schedule->count; i++) {
        const struct rota_assignment *item = &schedule->items[i];
        rota_time_format_minute(start, item->start_minute);
        rota_hex_encode(id, rota_view(item->id, sizeof item->id));
        rota_hex_encode(proposal, rota_view(item->proposal.b, sizeof item->proposal.b));
        (void)fprintf(out, "%s,", id);
        (void)csv_fwrite(out, item->person.text, strlen(item->person.text));
        (void)fputc(',', out);
        (void)csv_fwrite(out, item->facility.text, strlen(item->facility.text));
        (void)fputc(',', out);
        (void)csv_fwrite(out, item->code.text, strlen(item->code.text));
        (void)fprintf(out, ",%s,%u,%llu,%s\r\n", start, item->minutes, (unsigned long long)item->from_height, proposal);
    }
}

static void export_json(FILE *out, const struct rota_schedule *schedule)
{
    json_t *result = rota_schedule_result(schedule);
    (void)json_dumpf(result, out, JSON_INDENT(1));
    (void)fputc('\n', out);
    json_decref(result);
}

static void export_write(FILE *out, const struct export_options *options, const struct rota_schedule *schedule)
{
    if (options->format == 'c')
        export_csv(out, schedule);
    else if (options->format == 'j')
        export_json(out, schedule);
    else
        rota_ics_write(out, schedule, time(NULL));
}

static void export_report(const struct export_options *options, const struct rota_schedule *schedule)
{
    rota_remark(&options->common, "%zu assignments after block %llu", schedule->count, (unsigned long long)schedule->height);
    if (options->out == NULL || !options->common.json)
        return;
    json_t *result = rota_result_new("export");
    rota_result_text(result, "file", options->out);
    rota_result_number(result, "assignments", schedule->count);
    rota_result_number(result, "height", schedule->height);
    rota_result_print(result);
}

static int export_run(void *input)
{
    const struct export_options *options = input;
    char *text = NULL;
    size_t len = 0;
    ROTA_CLEANUP(rota_schedule_free) struct rota_schedule schedule = {0};
    int code = rota_schedule_load(&schedule, &options->common, &options->query);
    if (code != 0)
        return code;
    FILE *stream = open_memstream(&text, &len);
    if (stream == NULL)
        return ROTA_EXIT_BUG;
    export_write(stream, options, &schedule);
    struct rota_status status = fclose(stream) == 0 ? rota_ok() : rota_fail(ROTA_NO_MEMORY, "out of memory");
    if (rota_is_ok(status))
        status = rota_file_replace(options->out != NULL ? options->out : "-", rota_view(text, len), 0644);
    free(text);
    if (!rota_is_ok(status))
        return rota_wrong_status(&options->common, status, NULL, "cannot write %s", options->out);
    export_report(options, &schedule);
    return ROTA_EXIT_DONE;
}

const struct rota_command rota_command_export = {.name = "export",
                                                 .summary = "write the schedule as CSV, JSON or a calendar",
                                                 .argp = &export_argp,
                                                 .uses = ROTA_USES_NODE | ROTA_USES_LEDGER | ROTA_USES_GENESIS,
                                                 .options_size = sizeof(struct export_options),
                                                 .run = export_run};
