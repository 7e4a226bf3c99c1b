#include "node/tools/schedule_source.h"

#include "node/tools/remote.h"
#include "node/tools/replay.h"

#include <stdlib.h>

static void schedule_take_token(struct rota_token *out, const char *option, const char *text, const struct argp_state *state)
{
    if (!rota_is_ok(rota_token_parse(out, rota_view_text(text))))
        rota_usage_fail(state, "%s is 1 to 32 of A-Z a-z 0-9 . _ -, not \"%s\"", option, text);
}

error_t rota_schedule_query_parse(struct rota_schedule_query *query, int key, char *arg, const struct argp_state *state)
{
    switch (key) {
    case ROTA_QUERY_PERSON:
        schedule_take_token(&query->person, "--person", arg, state);
        return 0;
    case ROTA_QUERY_FACILITY:
        schedule_take_token(&query->facility, "--facility", arg, state);
        return 0;
    case ROTA_QUERY_AT:
        query->at = rota_usage_number(state, "--at", arg, 1, (1ULL << 53) - 1);
        return 0;
    case ROTA_QUERY_LINEARIZABLE:
        query->linearizable = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

void rota_schedule_free(struct rota_schedule *schedule)
{
    free(schedule->items);
    *schedule = (struct rota_schedule){0};
}

static void schedule_add(struct rota_schedule *schedule, const struct rota_assignment *assignment)
{
    if (schedule->count == schedule->room) {
        schedule->room = schedule->room * 2 + 64;
        schedule->items = realloc(schedule->items, schedule->room * sizeof *schedule->items);
        ROTA_ASSERT(schedule->items != NULL);
    }
    schedule->items[schedule->count++] = *assignment;
}

static int schedule_compare(const void *left, const void *right)
{
    const struct rota_assignment *a = left;
    const struct rota_assignment *b = right;
    if (a->start_minute != b->start_minute)
        return a->start_minute < b->start_minute ? -1 : 1;
    int order = strcmp(a->person.text, b->person.text);
    return order != 0 ? order : memcmp(a->id, b->id, sizeof a->id);
}

/* A node's word is checked for form before any of it is printed or written. */
static struct rota_status schedule_read_assignment(struct rota_assignment *out, const json_t *object)
{
    struct rota_view start;
    uint64_t minutes;
    memset(out, 0, sizeof *out);
    ROTA_TRY(rota_json_hex(out->id, sizeof out->id, object, "id"));
    ROTA_TRY(rota_json_token(&out->person, object, "person"));
    ROTA_TRY(rota_json_token(&out->facility, object, "facility"));
    ROTA_TRY(rota_json_token(&out->code, object, "code"));
    ROTA_TRY(rota_json_text(&start, object, "start"));
    ROTA_TRY(rota_time_parse_minute(&out->start_minute, start));
    ROTA_TRY(rota_json_u64(&minutes, object, "minutes"));
    ROTA_TRY(rota_json_u64(&out->from_height, object, "from_height"));
    ROTA_TRY(rota_json_hex(out->proposal.b, sizeof out->proposal.b, object, "proposal"));
    if (minutes == 0 || minutes > 2880)
        return rota_fail(ROTA_MALFORMED, "an assignment lasts 1 to 2880 minutes");
    out->minutes = (uint32_t)minutes;
    out->to_height = rota_json_number(object, "to_height", 0);
    return rota_ok();
}

/* Of the person, at the facility, and not ended by then. */
static bool schedule_wanted(const struct rota_schedule_query *query, uint64_t height,
                            const struct rota_assignment *assignment)
{
    bool person = query->person.text[0] == '\0' || rota_token_equal(&query->person, &assignment->person);
    bool facility = query->facility.text[0] == '\0' || rota_token_equal(&query->facility, &assignment->facility);
    bool active = assignment->to_height == 0 || assignment->to_height > height;
    return person && facility && active && assignment->from_height <= height;
}

/* The height whose schedule it is: "at", or where a node does not say it, the newest. */
static int schedule_from_document(struct rota_schedule *out, const struct rota_common *common,
                                  const struct rota_schedule_query *query, const json_t *document)
{
    size_t index;
    json_t *item;
    struct rota_assignment assignment;
    out->height = rota_json_number(document, "height", query->at != 0 ? query->at : UINT64_MAX);
    out->height = rota_json_number(document, "at", out->height);
    json_array_foreach(rota_json_list(document, "assignments"), index, item)
    {
        struct rota_status status = schedule_read_assignment(&assignment, item);
        if (!rota_is_ok(status))
            return rota_wrong_status(common, status, "is there really a rotad at that address?",
                                     "the node's answer, assignment %zu", index);
        if (schedule_wanted(query, out->height, &assignment))
            schedule_add(out, &assignment);
    }
    return 0;
}

/* One page; *offset is where the next one begins, 0 when this was the last. All pages are of the height of the first. */
static int schedule_page(struct rota_schedule *out, uint64_t *offset, const struct rota_common *common,
                         const struct rota_schedule_query *query)
{
    char path[256];
    json_t *document = NULL;
    uint64_t at = *offset != 0 ? out->height : query->at, from = *offset;
    int len = snprintf(path, sizeof path, "/v1/schedule?");
    if (query->person.text[0] != '\0')
        len += snprintf(path + len, sizeof path - (size_t)len, "person=%s&", query->person.text);
    if (query->facility.text[0] != '\0')
        len += snprintf(path + len, sizeof path - (size_t)len, "facility=%s&", query->facility.text);
    if (at != 0)
        len += snprintf(path + len, sizeof path - (size_t)len, "at=%llu&", (unsigned long long)at);
    if (from != 0)
        len += snprintf(path + len, sizeof path - (size_t)len, "offset=%llu&", (unsigned long long)from);
    else if (query->linearizable)
        len += snprintf(path + len, sizeof path - (size_t)len, "read=linearizable&");
    path[len - 1] = '\0';
    int code = rota_remote_get_json(&document, common, path);
    if (code == 0)
        code = schedule_from_document(out, common, query, document);
    *offset = rota_json_number(document, "next_offset", 0);
    json_decref(document);
    if (code == 0 && *offset != 0 && *offset <= from)
        return rota_wrong(common, ROTA_EXIT_UNREADABLE, "is there really a rotad at that address?",
                          "the node's pages of the schedule do not go on");
    return code;
}

static int schedule_from_node(struct rota_schedule *out, const struct rota_common *common,
                              const struct rota_schedule_query *query)
{
    uint64_t offset = 0;
    int code;
    do
        code = schedule_page(out, &offset, common, query);
    while (code == 0 && offset != 0);
    return code;
}

struct schedule_gathering {
    struct rota_schedule *schedule;
    const struct rota_schedule_query *query;
};

static bool schedule_gather(void *context, const struct rota_assignment *assignment)
{
    struct schedule_gathering *gathering = context;
    if (schedule_wanted(gathering->query, gathering->schedule->height, assignment))
        schedule_add(gathering->schedule, assignment);
    return true;
}

static int schedule_from_ledger(struct rota_schedule *out, const struct rota_common *common,
                                const struct rota_schedule_query *query)
{
    struct rota_replay replay = {0};
    struct schedule_gathering gathering = {out, query};
    int code = rota_replay_open(&replay, common, query->at);
    if (code == 0) {
        out->height = replay.height;
        rota_state_each_assignment(replay.state, query->person.text[0] != '\0' ? &query->person : NULL, UINT64_MAX, false,
                                   schedule_gather, &gathering);
    }
    rota_replay_close(&replay);
    return code;
}

int rota_schedule_load(struct rota_schedule *out, const struct rota_common *common, const struct rota_schedule_query *query)
{
    *out = (struct rota_schedule){0};
    if (common->ledger != NULL && query->linearizable)
        return rota_wrong(common, ROTA_EXIT_USAGE, "leave out --ledger or --linearizable",
                          "a ledger file cannot know what was committed elsewhere");
    int code = common->ledger != NULL ? schedule_from_ledger(out, common, query) : schedule_from_node(out, common, query);
    if (code == 0 && out->count > 0)
        qsort(out->items, out->count, sizeof *out->items, schedule_compare);
    return code;
}

static json_t *schedule_assignment(const struct rota_assignment *item)
{
    char start[ROTA_TIME_CHARS_MAX];
    json_t *object = json_object();
    rota_time_format_minute(start, item->start_minute);
    rota_result_hex(object, "id", rota_view(item->id, sizeof item->id));
    rota_result_text(object, "person", item->person.text);
    rota_result_text(object, "facility", item->facility.text);
    rota_result_text(object, "code", item->code.text);
    rota_result_text(object, "start", start);
    rota_result_number(object, "minutes", item->minutes);
    rota_result_number(object, "from_height", item->from_height);
    rota_result_hex(object, "proposal", rota_view(item->proposal.b, sizeof item->proposal.b));
    return object;
}

json_t *rota_schedule_result(const struct rota_schedule *schedule)
{
    json_t *result = rota_result_new("schedule");
    json_t *list = json_array();
    rota_result_number(result, "height", schedule->height);
    for (size_t i = 0; i < schedule->count; i++)
        (void)json_array_append_new(list, schedule_assignment(&schedule->items[i]));
    rota_result_set(result, "assignments", list);
    return result;
}
