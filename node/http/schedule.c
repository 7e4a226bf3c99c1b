/* The schedule as it stood after a block. A large one would hold up the loop: rows are copied out in several visits, some
 * people in each, and put into words outside. The height is fixed in the first visit; rows are never taken out of a schedule
 * again, so what the later visits see is the same schedule. */
#include "node/http/door.h"

#include <stdio.h>
#include <stdlib.h>

enum { VISIT_ROWS = 2048, ANSWER_ROWS_MAX = 10000 };

struct schedule {
    /* asked for */
    uint64_t at, limit, offset;
    bool ended;
    const struct rota_token *facility; /* NULL: all */
    struct rota_token facility_name;
    /* the people whose rows are wanted, in the order of the rows */
    struct rota_token *people;
    size_t people_count, people_room, people_next;
    /* found */
    bool begun, no_memory;
    uint64_t height, age_ms;
    struct rota_hash head;
    uint32_t visited; /* rows of this visit */
    uint64_t skipped;
    struct rota_assignment *rows;
    size_t count, room;
    bool more;
};

static bool schedule_grow(void **items, size_t *room, size_t count, size_t item_bytes)
{
    if (count < *room)
        return true;
    size_t grown_room = *room == 0 ? 64 : *room * 2;
    void *grown = realloc(*items, grown_room * item_bytes);
    if (!grown)
        return false;
    *items = grown;
    *room = grown_room;
    return true;
}

/* ---- on the loop ---------------------------------------------------------------------------------------------------- */

static bool schedule_person(void *context, const struct rota_person *person)
{
    struct schedule *schedule = context;
    schedule->no_memory =
        !schedule_grow((void **)&schedule->people, &schedule->people_room, schedule->people_count, sizeof *schedule->people);
    if (!schedule->no_memory)
        schedule->people[schedule->people_count++] = person->id;
    return !schedule->no_memory;
}

static bool schedule_row(void *context, const struct rota_assignment *assignment)
{
    struct schedule *schedule = context;
    schedule->visited++;
    if (schedule->facility && !rota_token_equal(schedule->facility, &assignment->facility))
        return true;
    if (schedule->skipped < schedule->offset) {
        schedule->skipped++;
        return true;
    }
    if (schedule->count == schedule->limit) {
        schedule->more = true;
        return false;
    }
    schedule->no_memory = !schedule_grow((void **)&schedule->rows, &schedule->room, schedule->count, sizeof *schedule->rows);
    if (schedule->no_memory)
        return false;
    struct rota_assignment *row = &schedule->rows[schedule->count++];
    *row = *assignment;
    if (row->to_height > schedule->at) /* ended later, perhaps by a block that is not committed: then it was active */
        row->to_height = 0;
    return true;
}

static void schedule_begin(struct schedule *schedule, const struct rota_facts *facts)
{
    schedule->begun = true;
    schedule->height = facts->height;
    schedule->head = facts->head;
    uint64_t now_ms = rota_clock_wall_ms();
    schedule->age_ms = now_ms > facts->head_time_ms ? now_ms - facts->head_time_ms : 0;
    if (schedule->at > facts->height)
        schedule->at = facts->height;
    if (schedule->people_count == 0)
        rota_state_each_person(facts->state, schedule_person, schedule);
}

static bool schedule_is_over(const struct schedule *schedule)
{
    return schedule->no_memory || schedule->more || schedule->people_next == schedule->people_count;
}

static void schedule_visit(void *context, const struct rota_facts *facts)
{
    struct schedule *schedule = context;
    if (!schedule->begun)
        schedule_begin(schedule, facts);
    schedule->visited = 0;
    for (uint32_t people = 0; people < VISIT_ROWS && schedule->visited < VISIT_ROWS && !schedule_is_over(schedule); people++)
        rota_state_each_assignment(facts->state, &schedule->people[schedule->people_next++], schedule->at, schedule->ended,
                                   schedule_row, schedule);
}

/* ---- in words ------------------------------------------------------------------------------------------------------- */

static void schedule_write_row(FILE *out, const struct rota_assignment *row)
{
    char id[2 * ROTA_ASSIGNMENT_ID_BYTES + 1], proposal[2 * ROTA_HASH_BYTES + 1], start[ROTA_TIME_CHARS_MAX];
    rota_hex_encode(id, rota_view(row->id, sizeof row->id));
    rota_hex_encode(proposal, rota_view(row->proposal.b, sizeof row->proposal.b));
    rota_time_format_minute(start, row->start_minute);
    /* nothing here can hold a character that JSON wants escaped: tokens, hex, numbers, times */
    fprintf(out,
            "{\"id\":\"%s\",\"person\":\"%s\",\"facility\":\"%s\",\"code\":\"%s\",\"start\":\"%s\",\"minutes\":%u,"
            "\"from_height\":%llu,",
            id, row->person.text, row->facility.text, row->code.text, start, row->minutes,
            (unsigned long long)row->from_height);
    if (row->to_height != 0)
        fprintf(out, "\"to_height\":%llu,", (unsigned long long)row->to_height);
    fprintf(out, "\"proposal\":\"%s\"}", proposal);
}

/* NULL without memory. */
static char *schedule_write(const struct schedule *schedule)
{
    char *text = NULL, head[2 * ROTA_HASH_BYTES + 1];
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (!out)
        return NULL;
    rota_hex_encode(head, rota_view(schedule->head.b, sizeof schedule->head.b));
    fprintf(out, "{\"height\":%llu,\"head\":\"%s\",\"age_ms\":%llu,\"at\":%llu,\"assignments\":[",
            (unsigned long long)schedule->height, head, (unsigned long long)schedule->age_ms,
            (unsigned long long)schedule->at);
    for (size_t i = 0; i < schedule->count; i++) {
        if (i > 0)
            putc(',', out);
        schedule_write_row(out, &schedule->rows[i]);
    }
    putc(']', out);
    if (schedule->more)
        fprintf(out, ",\"next_offset\":%llu", (unsigned long long)(schedule->offset + schedule->count));
    putc('}', out);
    bool failed = ferror(out) != 0;
    if (fclose(out) != 0 || failed) {
        free(text);
        return NULL;
    }
    return text;
}

/* ---- the request ---------------------------------------------------------------------------------------------------- */

/* False and a reply when it is there and no name. */
static bool schedule_take_token(struct rota_token *out, bool *out_there, const struct rota_http_request *request,
                                struct rota_http_reply *reply, const char *name)
{
    const char *text = rota_query(request, name);
    *out_there = text != NULL;
    if (!text || rota_is_ok(rota_token_parse(out, rota_view_text(text))))
        return true;
    rota_reply_bad_query(reply, "person and facility are names of letters, digits, dot, underscore and minus");
    return false;
}

static bool schedule_read_query(struct schedule *schedule, const struct rota_http_request *request,
                                struct rota_http_reply *reply)
{
    static const uint64_t height_max = (UINT64_C(1) << 53) - 1;
    struct rota_person person = {0};
    bool one_person, one_facility;
    schedule->at = height_max;
    schedule->limit = ANSWER_ROWS_MAX;
    schedule->ended = rota_query(request, "ended") != NULL;
    if (!schedule_take_token(&person.id, &one_person, request, reply, "person") ||
        !schedule_take_token(&schedule->facility_name, &one_facility, request, reply, "facility") ||
        !rota_query_number(&schedule->at, request, reply, "at", 0, height_max) ||
        !rota_query_number(&schedule->limit, request, reply, "limit", 1, ANSWER_ROWS_MAX) ||
        !rota_query_number(&schedule->offset, request, reply, "offset", 0, height_max))
        return false;
    schedule->facility = one_facility ? &schedule->facility_name : NULL;
    if (one_person)
        (void)schedule_person(schedule, &person);
    return true;
}

void rota_answer_schedule(struct rota_http_request *request, struct rota_http_reply *reply)
{
    struct schedule schedule = {0};
    bool visited = schedule_read_query(&schedule, request, reply);
    while (visited && (!schedule.begun || !schedule_is_over(&schedule)))
        visited = rota_is_ok(rota_node_visit(request->http->node, schedule_visit, &schedule));
    if (visited)
        rota_reply_text(reply, MHD_HTTP_OK, "application/json", schedule.no_memory ? NULL : schedule_write(&schedule));
    else if (reply->status == 0)
        rota_reply_busy(reply);
    free(schedule.people);
    free(schedule.rows);
}
