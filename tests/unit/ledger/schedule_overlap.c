/* Nobody is in two places at once. */
#include "schedule_play.h"

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

TestSuite(schedule_overlap, .init = start, .fini = end);

/* Against an assignment of p-1 at alpha on 25 December from 22:00 for four hours, over midnight. */
static const struct overlap_case {
    const char *name;
    const char *op;
    uint16_t code;
} overlap_cases[] = {
    {"well before", OP_ASSIGN("p-1", "DAY", "bravo", "2026-12-25T10:00Z", 60), ROTA_OUTCOME_OK},
    {"touching the start", OP_ASSIGN("p-1", "DAY", "bravo", "2026-12-25T20:00Z", 120), ROTA_OUTCOME_OK},
    {"one minute into the start", OP_ASSIGN("p-1", "DAY", "bravo", "2026-12-25T20:00Z", 121), ROTA_OUTCOME_OVERLAP},
    {"the last minute of a long one", OP_ASSIGN("p-1", "DAY", "bravo", "2026-12-23T22:01Z", 2880), ROTA_OUTCOME_OVERLAP},
    {"the longest one that touches", OP_ASSIGN("p-1", "DAY", "bravo", "2026-12-23T22:00Z", 2880), ROTA_OUTCOME_OK},
    {"the same span", OP_ASSIGN("p-1", "NIGHT", "bravo", "2026-12-25T22:00Z", 240), ROTA_OUTCOME_OVERLAP},
    {"inside, before midnight", OP_ASSIGN("p-1", "DAY", "bravo", "2026-12-25T22:30Z", 10), ROTA_OUTCOME_OVERLAP},
    {"inside, after midnight", OP_ASSIGN("p-1", "DAY", "bravo", "2026-12-26T01:00Z", 10), ROTA_OUTCOME_OVERLAP},
    {"around", OP_ASSIGN("p-1", "DAY", "bravo", "2026-12-25T12:00Z", 1440), ROTA_OUTCOME_OVERLAP},
    {"its last minute", OP_ASSIGN("p-1", "DAY", "bravo", "2026-12-26T01:59Z", 60), ROTA_OUTCOME_OVERLAP},
    {"touching the end", OP_ASSIGN("p-1", "DAY", "bravo", "2026-12-26T02:00Z", 60), ROTA_OUTCOME_OK},
    {"the day after", OP_ASSIGN("p-1", "DAY", "bravo", "2026-12-26T22:00Z", 240), ROTA_OUTCOME_OK},
    {"somebody else, the same span", OP_ASSIGN("p-2", "NIGHT", "bravo", "2026-12-25T22:00Z", 240), ROTA_OUTCOME_OK},
    {"a person whose name begins alike", OP_ASSIGN("p-10", "NIGHT", "bravo", "2026-12-25T22:00Z", 240), ROTA_OUTCOME_OK},
};

static struct play_result assign_the_night(void)
{
    cr_assert_eq(play_code(&play, "bravo-director", OPS(OP_ENROL("p-10", "bravo"))), ROTA_OUTCOME_OK);
    return play_do(&play, "alpha-scheduler", OPS(OP_ASSIGN("p-1", "NIGHT", "alpha", "2026-12-25T22:00Z", 240)));
}

static uint16_t try_and_take_back(const char *op, struct play_result *out)
{
    char *ops = NULL;
    cr_assert(asprintf(&ops, "[%s]", op) > 0);
    *out = play_do(&play, "bravo-scheduler", ops);
    rota_state_undo(play.state);
    play.height--;
    free(ops);
    return out->ops[0].code;
}

Test(schedule_overlap, one_shared_minute_is_refused_and_touching_ends_are_not)
{
    struct play_result night = assign_the_night(), result;
    for (size_t i = 0; i < sizeof overlap_cases / sizeof overlap_cases[0]; i++) {
        uint16_t code = try_and_take_back(overlap_cases[i].op, &result);
        cr_expect_eq(code, overlap_cases[i].code, "%s: %u", overlap_cases[i].name, code);
        cr_expect_eq(result.ops[0].detail_len, code == ROTA_OUTCOME_OVERLAP ? ROTA_HASH_BYTES : 0);
        if (code == ROTA_OUTCOME_OVERLAP)
            cr_expect_arr_eq(result.ops[0].detail, night.id.b, ROTA_HASH_BYTES, "%s", overlap_cases[i].name);
    }
}

Test(schedule_overlap, an_ended_assignment_leaves_its_time_free)
{
    struct play_result night = assign_the_night(), result;
    cr_assert_eq(play_code_of(&play, "alpha-scheduler", play_unassign(&night, 0)), ROTA_OUTCOME_OK);
    for (size_t i = 0; i < sizeof overlap_cases / sizeof overlap_cases[0]; i++)
        cr_expect_eq(try_and_take_back(overlap_cases[i].op, &result), ROTA_OUTCOME_OK, "%s", overlap_cases[i].name);
}

Test(schedule_overlap, the_conflict_that_is_named_is_the_first_in_time)
{
    (void)play_do(&play, "alpha-scheduler", OPS(OP_ASSIGN("p-1", "DAY", "alpha", "2026-12-25T15:00Z", 60)));
    struct play_result early =
        play_do(&play, "alpha-scheduler", OPS(OP_ASSIGN("p-1", "DAY", "alpha", "2026-12-25T09:00Z", 60)));
    struct play_result result =
        play_do(&play, "bravo-scheduler", OPS(OP_ASSIGN("p-1", "DAY", "bravo", "2026-12-25T08:00Z", 600)));
    cr_assert_eq(result.ops[0].code, ROTA_OUTCOME_OVERLAP);
    cr_expect_arr_eq(result.ops[0].detail, early.id.b, ROTA_HASH_BYTES);
}

Test(schedule_overlap, time_that_an_earlier_operation_frees_can_be_taken_by_a_later_one)
{
    struct play_result day = play_do(&play, "alpha-scheduler", OPS(OP_DAY));
    char *unassign = play_unassign(&day, 0), *ops = NULL;
    unassign[strlen(unassign) - 1] = '\0';
    cr_assert(asprintf(&ops, "%s," OP_DAY "]", unassign) > 0);
    struct play_result moved = play_do(&play, "alpha-scheduler", ops);
    cr_expect_eq(moved.ops[0].code, ROTA_OUTCOME_OK);
    cr_expect_eq(moved.ops[1].code, ROTA_OUTCOME_OK);
    free(unassign);
    free(ops);
}

Test(schedule_overlap, the_first_and_the_last_minute_of_the_calendar_work)
{
    cr_expect_eq(play_code(&play, "alpha-scheduler", OPS(OP_ASSIGN("p-1", "DAY", "alpha", "1970-01-01T00:00Z", 2880))),
                 ROTA_OUTCOME_OK);
    cr_expect_eq(play_code(&play, "alpha-scheduler", OPS(OP_ASSIGN("p-1", "DAY", "alpha", "1970-01-02T23:59Z", 1))),
                 ROTA_OUTCOME_OVERLAP);
    cr_expect_eq(play_code(&play, "alpha-scheduler", OPS(OP_ASSIGN("p-1", "DAY", "alpha", "2199-12-31T23:59Z", 2880))),
                 ROTA_OUTCOME_OK);
    cr_expect_eq(play_code(&play, "alpha-scheduler", OPS(OP_ASSIGN("p-1", "DAY", "alpha", "2199-12-31T23:59Z", 1))),
                 ROTA_OUTCOME_OVERLAP);
}
