/* rota show: the schedule in words. */
#include "node/tools/commands.h"
#include "node/tools/schedule_source.h"

struct show_options {
    struct rota_common common;
    struct rota_schedule_query query;
};

static error_t show_parse(int key, char *arg, struct argp_state *state)
{
    struct show_options *options = state->input;
    return rota_schedule_query_parse(&options->query, key, arg, state);
}

static const struct argp_option show_argp_options[] = {ROTA_QUERY_OPTIONS, {0}};

static const struct argp show_argp = {
    .options = show_argp_options,
    .parser = show_parse,
    .doc = "Show the schedule: who works where and when (times are UTC), and which block made it so."};

static void show_print(const struct rota_schedule *schedule)
{
    char start[ROTA_TIME_CHARS_MAX];
    char end[ROTA_TIME_CHARS_MAX];
    char id[2 * ROTA_ASSIGNMENT_ID_BYTES + 1];
    (void)printf("%zu assignment%s after block %llu\n", schedule->count, schedule->count == 1 ? "" : "s",
                 (unsigned long long)schedule->height);
    for (size_t i = 0; i < schedule->count; i++) {
        const struct rota_assignment *item = &schedule->items[i];
        rota_time_format_minute(start, item->start_minute);
        rota_time_format_minute(end, item->start_minute + item->minutes);
        rota_hex_encode(id, rota_view(item->id, sizeof item->id));
        (void)printf("%s  %s  %-16s %-10s %-10s block %-6llu %s\n", start, end, item->person.text, item->code.text,
                     item->facility.text, (unsigned long long)item->from_height, id);
    }
}

static int show_run(void *input)
{
    const struct show_options *options = input;
    ROTA_CLEANUP(rota_schedule_free) struct rota_schedule schedule = {0};
    int code = rota_schedule_load(&schedule, &options->common, &options->query);
    if (code != 0)
        return code;
    if (options->common.json)
        rota_result_print(rota_schedule_result(&schedule));
    else
        show_print(&schedule);
    return ROTA_EXIT_DONE;
}

const struct rota_command rota_command_show = {.name = "show",
                                               .summary = "show the schedule",
                                               .argp = &show_argp,
                                               .uses = ROTA_USES_NODE | ROTA_USES_LEDGER | ROTA_USES_GENESIS,
                                               .options_size = sizeof(struct show_options),
                                               .run = show_run};
