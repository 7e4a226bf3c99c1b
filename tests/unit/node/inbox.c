#include "node/inbox.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct rota_inbox *inbox_new(void)
{
    struct rota_inbox *inbox = malloc(sizeof *inbox);
    cr_assert(inbox != NULL);
    rota_inbox_init(inbox);
    return inbox;
}

static void inbox_end(struct rota_inbox *inbox)
{
    rota_inbox_clear(inbox);
    free(inbox);
}

static struct rota_raw *inbox_raw(size_t len)
{
    struct rota_raw *raw = rota_raw_new(len);
    cr_assert(raw != NULL);
    memset(raw->bytes, 0, len);
    return raw;
}

static void inbox_give(struct rota_inbox *inbox, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        cr_assert(rota_inbox_put(inbox, inbox_raw(10)));
}

/* Ends a claim as a worker does. */
static void inbox_judge(struct rota_inbox *inbox, struct rota_inbox_slot *slot, bool good, uint64_t number)
{
    struct rota_frame *frame = NULL;
    free(slot->raw);
    if (good) {
        frame = calloc(1, sizeof *frame);
        cr_assert(frame != NULL);
        frame->fetch.from = number;
    }
    rota_inbox_settle(inbox, slot, frame);
}

static uint64_t inbox_take_number(struct rota_inbox *inbox)
{
    struct rota_frame *frame = rota_inbox_take(inbox);
    uint64_t number = frame ? frame->fetch.from : 0;
    free(frame);
    return number;
}

Test(inbox, nothing_overtakes_a_claimed_frame)
{
    struct rota_inbox *inbox = inbox_new();
    inbox_give(inbox, 3);
    struct rota_inbox_slot *first = rota_inbox_claim(inbox), *second = rota_inbox_claim(inbox),
                           *third = rota_inbox_claim(inbox);
    cr_expect_null(rota_inbox_claim(inbox));
    inbox_judge(inbox, third, true, 3);
    inbox_judge(inbox, second, true, 2);
    cr_expect_not(rota_inbox_is_ready(inbox));
    cr_expect_null(rota_inbox_take(inbox));
    inbox_judge(inbox, first, true, 1);
    for (uint64_t i = 1; i <= 3; i++)
        cr_expect_eq(inbox_take_number(inbox), i);
    cr_expect_null(rota_inbox_take(inbox));
    inbox_end(inbox);
}

Test(inbox, forgets_refused_frames_wherever_they_stand)
{
    /* Every pattern of refusals over six frames, judged backwards: the good ones come out in order. */
    for (unsigned pattern = 0; pattern < 64; pattern++) {
        struct rota_inbox *inbox = inbox_new();
        struct rota_inbox_slot *slots[6];
        inbox_give(inbox, 6);
        for (size_t i = 0; i < 6; i++)
            slots[i] = rota_inbox_claim(inbox);
        for (size_t i = 6; i-- > 0;)
            inbox_judge(inbox, slots[i], (pattern >> i) & 1, i + 1);
        for (uint64_t i = 0; i < 6; i++)
            if ((pattern >> i) & 1)
                cr_expect_eq(inbox_take_number(inbox), i + 1);
        cr_expect_eq(inbox->count, 0);
        cr_expect_eq(inbox->bytes, 0);
        inbox_end(inbox);
    }
}

Test(inbox, is_bounded_in_frames_and_says_when_it_was_wanted)
{
    struct rota_inbox *inbox = inbox_new();
    struct rota_raw *extra = inbox_raw(10);
    inbox_give(inbox, ROTA_INBOX_FRAMES_MAX);
    cr_expect_not(rota_inbox_has_room_again(inbox));
    cr_expect_not(rota_inbox_put(inbox, extra));
    for (uint32_t i = 0; i < ROTA_INBOX_FRAMES_MAX / 2; i++) {
        cr_expect_not(rota_inbox_has_room_again(inbox));
        inbox_judge(inbox, rota_inbox_claim(inbox), true, 1);
        cr_expect_eq(inbox_take_number(inbox), 1);
    }
    cr_expect(rota_inbox_has_room_again(inbox));
    cr_expect_not(rota_inbox_has_room_again(inbox));
    cr_expect(rota_inbox_put(inbox, extra));
    inbox_end(inbox);
}

Test(inbox, is_bounded_in_bytes)
{
    struct rota_inbox *inbox = inbox_new();
    struct rota_raw *raw = inbox_raw(ROTA_FRAME_BYTES_MAX);
    uint32_t put = 0;
    while (rota_inbox_put(inbox, raw)) {
        raw = inbox_raw(ROTA_FRAME_BYTES_MAX);
        put++;
    }
    free(raw);
    cr_expect_geq(put, 4);
    cr_expect_leq(inbox->bytes, ROTA_INBOX_BYTES_MAX);
    inbox_end(inbox);
}

Test(inbox, counts_what_a_view_change_will_need)
{
    struct rota_raw *vote = inbox_raw(2), *change = inbox_raw(2);
    vote->bytes[0] = change->bytes[0] = ROTA_FRAME_CONSENSUS;
    vote->bytes[1] = ROTA_MESSAGE_PREPARE;
    change->bytes[1] = ROTA_MESSAGE_VIEW_CHANGE;
    cr_expect_eq(rota_raw_cost(change), rota_raw_cost(vote) + sizeof(struct rota_message_scratch));
    free(vote);
    free(change);
}

Test(inbox, takes_turns_round_its_end)
{
    struct rota_inbox *inbox = inbox_new();
    uint64_t given = 0, taken = 0;
    while (taken < 5 * ROTA_INBOX_FRAMES_MAX) {
        for (int i = 0; i < 3; i++) {
            inbox_give(inbox, 1);
            inbox_judge(inbox, rota_inbox_claim(inbox), true, ++given);
        }
        for (int i = 0; i < 3; i++)
            cr_assert_eq(inbox_take_number(inbox), ++taken);
    }
    inbox_end(inbox);
}
