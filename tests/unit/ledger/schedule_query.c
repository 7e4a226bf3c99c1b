/* What can be asked of the schedule, and what people are told about an operation. */
#include "ledger/schedule/operation.h"
#include "schedule_play.h"

#include <stdio.h>
#include <stdlib.h>

static struct play play;

static void start(void)
{
    play_start(&play);
}

static void end(void)
{
    play_end(&play);
}

TestSuite(schedule_query, .init = start, .fini = end);

struct seen {
    char text[1024];
    uint32_t stop_after;
};

static bool see(struct seen *seen, const char *word)
{
    size_t len = strlen(seen->text);
    (void)snprintf(seen->text + len, sizeof seen->text - len, "%s%s", len > 0 ? " " : "", word);
    return seen->stop_after == 0 || --seen->stop_after > 0;
}

static bool see_assignment(void *context, const struct rota_assignment *assignment)
{
    char word[128], start_text[ROTA_TIME_CHARS_MAX];
    rota_time_format_minute(start_text, assignment->start_minute);
    (void)snprintf(word, sizeof word, "%s@%.10s:%d-%d", assignment->person.text, start_text, (int)assignment->from_height,
                   (int)assignment->to_height);
    return see(context, word);
}

static bool see_person(void *context, const struct rota_person *person)
{
    return see(context, person->id.text);
}

static bool see_code(void *context, const struct rota_code_info *code)
{
    return see(context, code->id.text);
}

static bool see_coordinator(void *context, const struct rota_coordinator *coordinator)
{
    struct rota_kid kid = fixture_kid(coordinator->label.text);
    return see(context, rota_kid_equal(&kid, &coordinator->key.kid) ? "right" : "wrong");
}

static const char *assignments(const char *person, uint64_t at, bool ended)
{
    static struct seen seen;
    struct rota_token token = play_token(person != NULL ? person : "x");
    seen = (struct seen){.stop_after = 0};
    rota_state_each_assignment(play.state, person != NULL ? &token : NULL, at, ended, see_assignment, &seen);
    return seen.text;
}

Test(schedule_query, a_schedule_can_be_seen_as_it_stood_at_any_height)
{
    struct play_result day = play_do(&play, "alpha-scheduler", OPS(OP_DAY));
    (void)play_do(&play, "bravo-scheduler", OPS(OP_ASSIGN("p-1", "DAY", "bravo", "2026-12-24T08:00Z", 60)));
    cr_assert_eq(play_code_of(&play, "alpha-scheduler", play_unassign(&day, 0)), ROTA_OUTCOME_OK);
    cr_expect_str_eq(assignments("p-1", 0, true), "");
    cr_expect_str_eq(assignments("p-1", 1, false), "p-1@2026-12-25:1-0");
    cr_expect_str_eq(assignments("p-1", 2, true), "p-1@2026-12-24:2-0 p-1@2026-12-25:1-0");
    cr_expect_str_eq(assignments("p-1", 3, false), "p-1@2026-12-24:2-0");
    cr_expect_str_eq(assignments("p-1", 3, true), "p-1@2026-12-24:2-0 p-1@2026-12-25:1-3");
    cr_expect_str_eq(assignments("p-1", UINT64_MAX, false), "p-1@2026-12-24:2-0");
    cr_expect_str_eq(assignments("p-2", UINT64_MAX, true), "");
}

Test(schedule_query, all_people_come_in_the_order_of_their_keys)
{
    (void)play_do(&play, "alpha-scheduler", OPS(OP_ASSIGN("p-3", "DAY", "alpha", "2026-12-25T08:00Z", 60)));
    (void)play_do(&play, "alpha-scheduler", OPS(OP_ASSIGN("p-1", "DAY", "alpha", "2026-12-26T08:00Z", 60)));
    (void)play_do(&play, "alpha-scheduler", OPS(OP_ASSIGN("p-1", "DAY", "alpha", "1970-01-01T00:00Z", 60)));
    cr_expect_str_eq(assignments(NULL, UINT64_MAX, false), "p-1@1970-01-01:3-0 p-1@2026-12-26:2-0 p-3@2026-12-25:1-0");
    cr_expect_str_eq(assignments("p-1", UINT64_MAX, false), "p-1@1970-01-01:3-0 p-1@2026-12-26:2-0");
}

Test(schedule_query, people_codes_and_coordinators_can_be_walked_and_the_walk_can_be_stopped)
{
    struct seen seen = {.stop_after = 0};
    (void)play_do(&play, "alpha-director", OPS(OP_ENROL("p-10", "alpha") "," OP_DEFINE("CALL")));
    rota_state_each_person(play.state, see_person, &seen);
    cr_expect_str_eq(seen.text, "p-1 p-2 p-3 p-4 p-5 p-6 p-10");
    seen = (struct seen){.stop_after = 2};
    rota_state_each_code(play.state, see_code, &seen);
    cr_expect_str_eq(seen.text, "DAY CALL");
    seen = (struct seen){.stop_after = 0};
    rota_state_each_coordinator(play.state, see_coordinator, &seen);
    cr_expect_str_eq(seen.text, "right right right right right right right right right");
}

Test(schedule_query, single_rows_are_found_or_said_to_be_missing)
{
    struct rota_person person;
    struct rota_code_info code;
    struct rota_assignment assignment;
    struct rota_token p1 = play_token("p-1"), night = play_token("NIGHT"), none = play_token("none");
    uint8_t id[ROTA_ASSIGNMENT_ID_BYTES] = {0};
    cr_assert_eq(rota_state_person(&person, play.state, &p1).code, ROTA_OK);
    cr_expect_str_eq(person.home.text, "alpha");
    cr_expect_eq(rota_state_person(&person, play.state, &none).code, ROTA_NOT_FOUND);
    cr_assert_eq(rota_state_code(&code, play.state, &night).code, ROTA_OK);
    cr_expect_str_eq(code.pool.text, "icu");
    cr_expect_eq(rota_state_code(&code, play.state, &none).code, ROTA_NOT_FOUND);
    cr_expect_eq(rota_state_assignment(&assignment, play.state, id).code, ROTA_NOT_FOUND);
    struct play_result day = play_do(&play, "alpha-scheduler", OPS(OP_DAY));
    play_assignment_id(id, &day.id, 0);
    cr_assert_eq(rota_state_assignment(&assignment, play.state, id).code, ROTA_OK);
    cr_expect_str_eq(assignment.person.text, "p-1");
    cr_expect_str_eq(assignment.facility.text, "alpha");
    cr_expect_str_eq(assignment.code.text, "DAY");
    cr_expect_eq(assignment.minutes, 480);
    cr_expect(rota_hash_equal(&assignment.proposal, &day.id));
}

static uint32_t revision(const char *person, const char *day_text)
{
    struct rota_token token = play_token(person);
    int32_t day = 0;
    cr_assert(rota_is_ok(rota_time_parse_day(&day, rota_view_text(day_text))));
    return rota_state_revision(play.state, &token, day);
}

Test(schedule_query, a_card_turns_with_each_accepted_change_of_its_day_and_no_other)
{
    struct play_result night =
        play_do(&play, "alpha-scheduler", OPS(OP_ASSIGN("p-1", "NIGHT", "alpha", "2026-12-25T23:59Z", 600)));
    cr_expect_eq(revision("p-1", "2026-12-25"), 1);
    cr_expect_eq(revision("p-1", "2026-12-26"), 0, "a night belongs to the day on which it starts");
    cr_expect_eq(revision("p-2", "2026-12-25"), 0);
    cr_expect_eq(play_code(&play, "alpha-scheduler", OPS(OP_ASSIGN("p-1", "NIGHT", "alpha", "2026-12-25T23:59Z", 1))),
                 ROTA_OUTCOME_OVERLAP);
    cr_expect_eq(revision("p-1", "2026-12-25"), 1, "a refused change turns nothing");
    cr_expect_eq(play_code_of(&play, "alpha-scheduler", play_unassign(&night, 0)), ROTA_OUTCOME_OK);
    cr_expect_eq(revision("p-1", "2026-12-25"), 2);
}

/* The reading of one operation, as JSON; its description, or why it has none. */
static const char *describe(const char *json)
{
    static char text[256];
    struct rota_operation operation = {.minutes = 0};
    json_t *object = json_loads(json, 0, NULL);
    cr_assert(object != NULL);
    operation.kind = rota_operation_kind_find(rota_view_text(json_string_value(json_object_get(object, "op"))));
    cr_assert(operation.kind != NULL);
    struct rota_status status = operation.kind->parse(&operation, object);
    if (rota_is_ok(status))
        operation.kind->describe(text, sizeof text, &operation);
    else
        (void)snprintf(text, sizeof text, "malformed");
    json_decref(object);
    return text;
}

#define KEY_OF_TEST "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
#define GRANT(key, roles) \
    "{\"op\":\"coordinator.grant\",\"label\":\"x\",\"key\":\"" key "\",\"facility\":\"alpha\",\"roles\":" roles "}"

Test(schedule_query, an_operation_describes_itself_in_one_plain_line)
{
    cr_expect_str_eq(describe(OP_DAY), "assign p-1 to DAY at alpha, 2026-12-25T08:00Z for 480 min");
    cr_expect_str_eq(describe(OP_UNASSIGN("000102030405060708090a0b0c0d0e0f")),
                     "end assignment 000102030405060708090a0b0c0d0e0f");
    cr_expect_str_eq(describe(OP_ENROL("p-9", "alpha")), "enrol person p-9, home alpha");
    cr_expect_str_eq(describe(OP_DEFINE("CALL")), "define code CALL, pool the default");
    cr_expect_str_eq(describe("{\"op\":\"code.define\",\"code\":\"CALL\",\"pool\":\"icu\"}"), "define code CALL, pool icu");
    cr_expect_str_eq(describe(GRANT(KEY_OF_TEST, "[\"director\",\"scheduler\"]")),
                     "make key 0f715baf5d4c2ed329785cef29e562f7 (x) scheduler and director of alpha");
    cr_expect_str_eq(describe("{\"op\":\"coordinator.revoke\",\"kid\":\"000102030405060708090a0b0c0d0e0f\"}"),
                     "revoke key 000102030405060708090a0b0c0d0e0f");
}

Test(schedule_query, a_malformed_operation_is_turned_away)
{
    static const char *const bad[] = {
        OP_ASSIGN("p-1", "DAY", "alpha", "2026-12-25T08:00Z", 0),
        OP_ASSIGN("p-1", "DAY", "alpha", "2026-12-25T08:00Z", 2881),
        OP_ASSIGN("p-1", "DAY", "alpha", "2026-12-25T08:00", 60),
        OP_ASSIGN("p 1", "DAY", "alpha", "2026-12-25T08:00Z", 60),
        "{\"op\":\"assign\",\"person\":\"p-1\"}",
        OP_UNASSIGN("00"),
        OP_UNASSIGN("000102030405060708090A0B0C0D0E0F"),
        OP_ENROL("", "alpha"),
        "{\"op\":\"code.define\",\"code\":\"CALL\",\"pool\":\"\"}",
        "{\"op\":\"code.define\",\"code\":\"CALL\",\"pool\":7}",
        GRANT(KEY_OF_TEST, "[]"),
        GRANT(KEY_OF_TEST, "\"scheduler\""),
        GRANT(KEY_OF_TEST, "[\"scheduler\",\"scheduler\"]"),
        GRANT(KEY_OF_TEST, "[\"owner\"]"),
        GRANT(KEY_OF_TEST, "[1]"),
        GRANT("02", "[\"scheduler\"]"),
        GRANT("05"
              "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
              "[\"scheduler\"]"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_str_eq(describe(bad[i]), "malformed", "%s", bad[i]);
}

Test(schedule_query, every_kind_is_found_by_its_name_and_nothing_else_is)
{
    uint32_t count = 0;
    for (const struct rota_operation_kind *const *kind = rota_operation_kinds(); *kind != NULL; kind++, count++) {
        cr_expect_eq(rota_operation_kind_find(rota_view_text((*kind)->name)), *kind);
        cr_expect_str_eq((*kind)->members[0], "op");
        cr_expect_neq((*kind)->roles, 0);
    }
    cr_expect_eq(count, 6);
    cr_expect_null(rota_operation_kind_find(rota_view_text("assig")));
    cr_expect_null(rota_operation_kind_find(rota_view_text("assign2")));
    cr_expect_null(rota_operation_kind_find(rota_view(NULL, 0)));
}
