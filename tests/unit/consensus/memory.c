/* Lost memory, seen by one core: its own, and that of others (PROTOCOL H1, H3, H7). */
#include "tests/unit/consensus/lone.h"

#include <criterion/criterion.h>

static struct lone *l;

static void begin(uint32_t self)
{
    l = lone_open(4, self);
}

static void end(void)
{
    lone_close(l);
}

static void hello(uint32_t member, uint64_t incarnation, enum rota_standing standing, uint64_t floor)
{
    struct rota_message message = {.kind = ROTA_MESSAGE_HELLO, .sender = member};
    message.hello = (struct rota_hello){
        .incarnation = incarnation, .boot = incarnation, .standing = standing, .recover_view = UINT64_MAX, .floor = floor};
    lone_hear(l, &message);
}

static void view_change(uint32_t member, uint64_t view, uint64_t incarnation)
{
    struct rota_view_change change = lone_change(member, view);
    change.incarnation = incarnation;
    lone_hear_change(l, &change);
}

/* PROTOCOL H7: also a VIEW-CHANGE that came long before its sender lost its memory, and is held here since. */
Test(memory, what_is_held_of_before_a_members_loss_is_forgotten_when_it_speaks_again, .fini = end)
{
    begin(1);
    view_change(2, 3, 1);
    hello(2, 2, ROTA_STANDING_RECOVERING, 0);
    hello(2, 2, ROTA_STANDING_MEMBER, 2);
    view_change(3, 3, 1);
    cr_assert_eq(lone_view(l).view, 0, "what it said before the loss moves us");
    view_change(2, 1, 2);
    cr_assert_eq(lone_view(l).view, 1, "what it said before the loss stands in the way of what it says now");
}

/* PROTOCOL H7: the HELLOs in between may be lost, or may have come before we were there. */
Test(memory, one_greeting_is_enough_to_know_from_which_run_on_a_members_word_counts, .fini = end)
{
    begin(1);
    hello(2, 7, ROTA_STANDING_MEMBER, 5);
    view_change(2, 3, 4);
    view_change(3, 3, 1);
    cr_assert_eq(lone_view(l).view, 0);
    view_change(2, 3, 7);
    cr_assert_eq(lone_view(l).view, 3);
}

/* PROTOCOL H1: who starts anew holds nothing of us, neither our run nor from which run on our word counts. */
Test(memory, who_begins_a_new_run_is_greeted_again, .fini = end)
{
    begin(1);
    hello(2, 1, ROTA_STANDING_MEMBER, 0);
    lone_pass(l, 1000);
    lone_forget(l);
    hello(2, 2, ROTA_STANDING_MEMBER, 0);
    lone_hear_status(l, 2, &(struct rota_status_message){.active = true});
    const struct rota_message *said = lone_said(l, ROTA_MESSAGE_HELLO);
    cr_assert(said && said->hello.standing == ROTA_STANDING_MEMBER);
}

/* PROTOCOL H3: it has lost its memory, and each answer shows something that it forgot. That is no news any more. */
Test(memory, a_member_that_recovers_is_not_kept_greeting_by_what_it_forgot, .fini = end)
{
    begin(1);
    struct lone_block one = lone_block(l, 1, NULL, 0), two = lone_block(l, 2, &one, 0);
    lone_wipe(l);
    struct rota_message message = {.kind = ROTA_MESSAGE_HELLO_REPLY, .sender = 0};
    message.hello_reply = (struct rota_hello_reply){.asker = 1, .standing = ROTA_STANDING_MEMBER};
    struct rota_past *past = &message.hello_reply.past;
    past->has_hello = past->has_vote = true;
    past->hello = (struct rota_hello){.incarnation = 4, .boot = 4, .standing = ROTA_STANDING_MEMBER};
    past->vote = (struct rota_vote){.kind = ROTA_VOTE_COMMIT, .height = 2, .block = two.hash};
    lone_hear(l, &message);
    cr_assert_eq(lone_view(l).standing, ROTA_STANDING_RECOVERING);
    cr_assert_eq(lone_view(l).incarnation, 5, "a number that was used is used again");
    lone_pass(l, 10);
    lone_forget(l);
    for (uint32_t i = 0; i < 20; i++) {
        lone_hear(l, &message);
        lone_pass(l, 10);
    }
    cr_assert_leq(lone_times(l, ROTA_MESSAGE_HELLO), 1);
}

/* PROTOCOL L3, H5: it may have forgotten the lock that the reader has to hear of. */
Test(memory, a_member_that_lost_its_memory_answers_no_reader, .fini = end)
{
    begin(1);
    struct rota_message asked = {.kind = ROTA_MESSAGE_READ_INDEX, .sender = 2, .read_index = {5, 1}};
    lone_hear(l, &asked);
    cr_assert(lone_said(l, ROTA_MESSAGE_READ_INDEX_REPLY));
    lone_wipe(l);
    lone_forget(l);
    lone_hear(l, &asked);
    cr_assert_null(lone_said(l, ROTA_MESSAGE_READ_INDEX_REPLY));
}
