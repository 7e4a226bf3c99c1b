/* Lost memory, seen by one core: its own, and that of others (PROTOCOL H1, H3, H5, H7). */
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

static void hello(uint32_t member, uint64_t incarnation)
{
    struct rota_message message = {.kind = ROTA_MESSAGE_HELLO, .sender = member};
    message.hello = (struct rota_hello){
        .incarnation = incarnation, .boot = incarnation, .standing = ROTA_STANDING_MEMBER, .recover_view = UINT64_MAX};
    lone_hear(l, &message);
}

static void view_change(uint32_t member, uint64_t view, uint64_t incarnation)
{
    struct rota_view_change change = lone_change(member, view);
    change.incarnation = incarnation;
    lone_hear_change(l, &change);
}

/* PROTOCOL H7: also a VIEW-CHANGE that came long before its sender lost its memory, and is held here since. A block that is
 * executed is enough: it is the member's own word. */
Test(memory, what_is_held_of_before_a_members_loss_is_forgotten_when_the_chain_says_so, .fini = end)
{
    begin(1);
    struct lone_block one = lone_block(l, 1, NULL, 0);
    view_change(2, 3, 1);
    l->floors.floor[2] = 2;
    lone_propose(l, 0, NULL, &one);
    lone_checked(l, ROTA_CHECK_VALID);
    view_change(3, 3, 1);
    cr_assert_eq(lone_view(l).view, 0, "what it said before the loss moves us");
    view_change(2, 1, 2);
    cr_assert_eq(lone_view(l).view, 1, "what it said before the loss stands in the way of what it says now");
}

/* PROTOCOL H7: who comes late, or comes back, learns it from its ledger. */
Test(memory, the_ledger_tells_from_which_run_on_a_members_word_counts, .fini = end)
{
    begin(1);
    struct lone_block one = lone_block(l, 1, NULL, 0);
    lone_decide(l, 0, NULL, &one);
    struct rota_durable durable = *rota_core_durable(l->core);
    l->floors.floor[2] = 5;
    lone_restart_on(l, &one, &durable);
    for (uint32_t i = 0; i < 4; i++) {
        struct rota_message reply = {.kind = ROTA_MESSAGE_HELLO_REPLY, .sender = i};
        reply.hello_reply = (struct rota_hello_reply){.asker = 1, .standing = ROTA_STANDING_MEMBER};
        if (i != 1)
            lone_hear(l, &reply);
    }
    cr_assert(!lone_view(l).greeting);
    view_change(2, 3, 4);
    view_change(3, 3, 1);
    cr_assert_eq(lone_view(l).view, 0);
    view_change(2, 3, 5);
    cr_assert_eq(lone_view(l).view, 3);
}

/* NEW-VIEW of view 1 by 0, 2 and 3, with a lock on block 1; member 2 spoke in its run 1. */
static struct rota_hash new_view_with(struct lone_block *one)
{
    static struct rota_view_change changes[3];
    *one = lone_block(l, 1, NULL, 0);
    changes[0] = lone_change(0, 1);
    changes[0].has_best = true;
    changes[0].best = lone_certificate(l, ROTA_VOTE_PREPARE, 0, NULL, one);
    changes[0].headers[changes[0].header_count++] = one->header;
    changes[1] = lone_change(2, 1);
    changes[1].incarnation = 1;
    changes[2] = lone_change(3, 1);
    return lone_hear_new_view(l, 1, changes);
}

/* PROTOCOL H7: the NEW-VIEW is a good one by its form. What the chain up to its tip says of one of its VIEW-CHANGEs is known
 * when the tip is executed, and that is before the first vote. */
Test(memory, a_view_that_rests_on_words_taken_back_gets_no_vote, .fini = end)
{
    for (uint64_t floor = 1; floor <= 2; floor++) {
        begin(0);
        struct lone_block one;
        l->floors.floor[2] = floor;
        (void)new_view_with(&one);
        lone_hear_block(l, 3, &one, NULL);
        lone_checked(l, ROTA_CHECK_VALID);
        cr_expect_eq(lone_times(l, ROTA_MESSAGE_PREPARE), floor == 1, "floor %u", (unsigned)floor);
        cr_expect_eq(lone_times(l, ROTA_MESSAGE_SUSPECT), floor == 2, "floor %u", (unsigned)floor);
        if (floor == 1)
            end();
    }
}

/* PROTOCOL L1: an earlier lock that such a view passed over may be committed all the same. */
Test(memory, a_view_that_rests_on_words_taken_back_settles_no_read, .fini = end)
{
    for (uint64_t floor = 1; floor <= 2; floor++) {
        begin(0);
        struct lone_block one;
        l->floors.floor[2] = floor;
        (void)new_view_with(&one);
        struct rota_certificate proof = lone_certificate(l, ROTA_VOTE_COMMIT, 0, NULL, &one);
        lone_hear_block(l, 3, &one, &proof);
        lone_checked(l, ROTA_CHECK_VALID);
        cr_assert_eq(lone_view(l).committed, 1);
        struct lone_block two = lone_block(l, 2, &one, 0);
        lone_read(l, 1);
        cr_assert(lone_said(l, ROTA_MESSAGE_READ_INDEX));
        struct rota_read_nonce nonce = lone_said(l, ROTA_MESSAGE_READ_INDEX)->read_index;
        for (uint32_t i = 1; i < 4; i++) {
            struct rota_message message = {.kind = ROTA_MESSAGE_READ_INDEX_REPLY, .sender = i};
            message.read_reply = (struct rota_read_reply){.nonce = nonce, .has_best = true};
            message.read_reply.best = lone_certificate(l, ROTA_VOTE_PREPARE, 0, NULL, &two);
            lone_hear(l, &message);
        }
        cr_expect_eq(lone_did(l, ROTA_ACTION_READ_DONE) != NULL, floor == 1, "floor %u", (unsigned)floor);
        if (floor == 1)
            end();
    }
}

/* PROTOCOL H7: the word stands above the tip, in this very view: the VIEW-CHANGE was good when the view began. */
Test(memory, a_word_above_the_tip_leaves_the_view_as_it_is, .fini = end)
{
    begin(0);
    struct lone_block one, two;
    struct rota_hash nv = new_view_with(&one);
    lone_hear_block(l, 3, &one, NULL);
    lone_checked(l, ROTA_CHECK_VALID);
    two = lone_block(l, 2, &one, 0);
    l->floors.floor[2] = 2;
    lone_propose(l, 1, &nv, &two);
    lone_checked(l, ROTA_CHECK_VALID);
    cr_assert_eq(lone_times(l, ROTA_MESSAGE_PREPARE), 2);
    cr_assert_eq(lone_times(l, ROTA_MESSAGE_SUSPECT), 0);
}

static void word(uint32_t member, uint64_t floor, uint64_t view)
{
    struct rota_message message = {.kind = ROTA_MESSAGE_RECOVERED, .sender = member};
    message.recovered = (struct rota_recovered){.member = member, .floor = floor, .run = floor, .view = view};
    lone_hear(l, &message);
}

/* The word of member 2 with this floor is asked for, built in alone, and final. */
static void word_is_ordered(uint64_t floor, struct lone_block *top)
{
    const struct rota_action *build = lone_did(l, ROTA_ACTION_BUILD);
    cr_assert(build && build->build.bare && build->build.recovered_count == 1, "floor %u", (unsigned)floor);
    struct lone_block next = lone_block(l, top->header.height + 1, top->header.height > 0 ? top : NULL, 0);
    struct rota_hash nv = rota_core_durable(l->core)->nv;
    l->floors.floor[2] = floor;
    lone_built(l, &next, false);
    lone_votes(l, ROTA_VOTE_PREPARE, 1, &nv, &next);
    lone_votes(l, ROTA_VOTE_COMMIT, 1, &nv, &next);
    cr_assert_eq(lone_view(l).committed, next.header.height);
    *top = next;
    lone_forget(l);
}

/* PROTOCOL H5: the primary of a later view orders it although nothing else waits: four of a member, then one in 30 s. */
Test(memory, a_primary_gives_the_word_of_a_member_that_is_back_a_place_in_the_ledger, .fini = end)
{
    begin(1);
    struct rota_view_change changes[] = {lone_change(0, 1), lone_change(2, 1), lone_change(3, 1)};
    struct lone_block top = {.header.height = 0};
    word(2, 4, 0);
    word(3, 4, 1); /* which has to get past this very view */
    cr_assert_null(lone_did(l, ROTA_ACTION_BUILD), "not a primary");
    for (uint32_t i = 0; i < 3; i++)
        lone_hear_change(l, &changes[i]);
    cr_assert_eq(lone_view(l).view, 1);
    for (uint64_t floor = 4; floor < 8; floor++) {
        word(2, floor, 0);
        lone_pass(l, 200);
        word_is_ordered(floor, &top);
    }
    word(2, 8, 0);
    lone_pass(l, 20000);
    cr_assert_null(lone_did(l, ROTA_ACTION_BUILD), "the fifth waits");
    lone_pass(l, 10000);
    word_is_ordered(8, &top);
}

/* Block `height` with a commit certificate of this view, from member 0; the ledger then says this of the core's own loss. */
static void fetched(struct lone_block *top, uint64_t view, uint64_t floor)
{
    struct rota_hash nv = {{(uint8_t)view}};
    struct lone_block next = lone_block(l, top->header.height + 1, top->header.height > 0 ? top : NULL, 0);
    struct rota_certificate proof = lone_certificate(l, ROTA_VOTE_COMMIT, view, &nv, &next);
    l->floors.floor[1] = floor;
    lone_hear_block(l, 0, &next, &proof);
    lone_checked(l, ROTA_CHECK_VALID);
    cr_assert_eq(lone_view(l).committed, next.header.height);
    *top = next;
}

/* PROTOCOL H5: both the view and the word; either alone leaves it silent, in whatever order they come. */
Test(memory, the_silence_ends_with_a_later_view_and_with_the_word_in_the_ledger, .fini = end)
{
    for (int first = 0; first < 2; first++) {
        begin(1);
        struct lone_block top = {.header.height = 0};
        lone_wipe(l);
        fetched(&top, 2, 0);
        for (uint32_t i = 0; i < 4; i++) {
            struct rota_message reply = {.kind = ROTA_MESSAGE_HELLO_REPLY, .sender = i};
            reply.hello_reply = (struct rota_hello_reply){.asker = 1, .standing = ROTA_STANDING_MEMBER, .view = 3};
            if (i != 1)
                lone_hear(l, &reply);
        }
        cr_assert_eq(lone_view(l).standing, ROTA_STANDING_RECOVERING);
        cr_assert_eq(lone_view(l).recover_view, 3);
        lone_pass(l, 10);
        const struct rota_message *said = lone_said(l, ROTA_MESSAGE_RECOVERED);
        cr_assert(said && said->recovered.floor == lone_view(l).incarnation && said->recovered.view == 3);
        uint64_t floor = said->recovered.floor;
        if (first == 0)
            fetched(&top, 3, floor);
        else
            fetched(&top, 4, 0);
        cr_expect_eq(lone_view(l).standing, ROTA_STANDING_RECOVERING, "%s", first == 0 ? "word alone" : "view alone");
        fetched(&top, 5, floor);
        cr_expect_eq(lone_view(l).standing, ROTA_STANDING_MEMBER);
        lone_forget(l);
        lone_pass(l, 2000);
        cr_expect_eq(lone_times(l, ROTA_MESSAGE_RECOVERED), 0, "the ledger has it");
        if (first == 0)
            end();
    }
}

/* PROTOCOL H5: a word of a run that its disk does not know shows that the disk is an old one: it counts for another life. */
Test(memory, a_word_of_a_run_that_the_disk_forgot_is_not_its_own, .fini = end)
{
    begin(1);
    struct lone_block top = {.header.height = 0};
    lone_wipe(l);
    uint64_t run = lone_view(l).incarnation;
    l->floors.run[1] = 99;
    fetched(&top, 2, run + 3);
    cr_assert_eq(lone_view(l).standing, ROTA_STANDING_RECOVERING);
    cr_assert_gt(lone_view(l).incarnation, run + 3, "a number that was used is used again");
    l->floors.run[1] = 0;
    struct rota_durable durable = *rota_core_durable(l->core);
    durable.standing = ROTA_STANDING_MEMBER;
    durable.incarnation = run;
    lone_restart_on(l, &top, &durable);
    cr_assert_eq(lone_view(l).standing, ROTA_STANDING_RECOVERING, "the ledger that it starts with shows it");
    cr_assert_gt(lone_view(l).incarnation, run + 3);
}

/* PROTOCOL H1: who starts anew holds nothing of us, neither our run nor from which run on our word counts. */
Test(memory, who_begins_a_new_run_is_greeted_again, .fini = end)
{
    begin(1);
    hello(2, 1);
    lone_pass(l, 1000);
    lone_forget(l);
    hello(2, 2);
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

/* PROTOCOL H8: it recovers, and what its key signed in an earlier run arrives by itself, not in an answer: its word must
 * take that back. */
Test(memory, a_member_that_recovers_counts_above_every_run_of_its_own_that_it_hears_of, .fini = end)
{
    begin(1);
    struct lone_block one = lone_block(l, 1, NULL, 0);
    lone_restart_on(l, &one, NULL);
    cr_assert_eq(lone_view(l).standing, ROTA_STANDING_RECOVERING);
    uint64_t run = lone_view(l).incarnation;
    hello(1, run + 3);
    cr_assert_gt(lone_view(l).incarnation, run + 3);
    view_change(1, 5, run + 7);
    cr_assert_eq(lone_view(l).incarnation, run + 8);
    cr_assert_eq(lone_view(l).recover_view, UINT64_MAX, "it begins again");
    lone_pass(l, 10);
    const struct rota_message *said = lone_said(l, ROTA_MESSAGE_HELLO);
    cr_assert(said && said->hello.incarnation == run + 8 && said->hello.standing == ROTA_STANDING_RECOVERING);
    lone_pass(l, 10);
    lone_forget(l);
    view_change(1, 5, run + 7);
    lone_pass(l, 10);
    cr_assert_eq(lone_times(l, ROTA_MESSAGE_HELLO), 0, "that is no news any more");
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

/* PROTOCOL H8: a copy of it has taken the connection, and the other side has heard a later run of this member. */
Test(memory, a_new_connection_is_a_reason_to_ask_who_else_speaks_for_us, .fini = end)
{
    begin(1);
    lone_pass(l, 1000);
    lone_forget(l);
    lone_hear_status(l, 2, &(struct rota_status_message){.active = true});
    cr_assert_null(lone_said(l, ROTA_MESSAGE_HELLO), "it has answered already");
    lone_linked(l, 2);
    lone_hear_status(l, 3, &(struct rota_status_message){.active = true});
    cr_assert_null(lone_said(l, ROTA_MESSAGE_HELLO));
    lone_hear_status(l, 2, &(struct rota_status_message){.active = true});
    const struct rota_message *said = lone_said(l, ROTA_MESSAGE_HELLO);
    cr_assert(said);
    struct rota_message message = {.kind = ROTA_MESSAGE_HELLO_REPLY, .sender = 2};
    message.hello_reply = (struct rota_hello_reply){.asker = 1, .boot = said->hello.boot, .standing = ROTA_STANDING_MEMBER};
    message.hello_reply.past.has_hello = true;
    message.hello_reply.past.hello = said->hello;
    lone_hear(l, &message);
    cr_assert_eq(lone_view(l).mode, ROTA_MODE_ACTIVE, "it was our own word");
    lone_forget(l);
    lone_hear_status(l, 2, &(struct rota_status_message){.active = true});
    cr_assert_null(lone_said(l, ROTA_MESSAGE_HELLO), "once for each connection");
    lone_linked(l, 2);
    lone_pass(l, 1000);
    lone_hear_status(l, 2, &(struct rota_status_message){.active = true});
    cr_assert(lone_said(l, ROTA_MESSAGE_HELLO));
    message.hello_reply.past.hello.incarnation++;
    message.hello_reply.past.hello.boot++;
    lone_hear(l, &message);
    cr_assert_eq(lone_view(l).mode, ROTA_MODE_QUARANTINED);
}

/* PROTOCOL H8: what the copy has said is unknown here, in the next run too. */
Test(memory, one_that_was_quarantined_comes_back_as_one_that_forgot, .fini = end)
{
    begin(1);
    struct lone_block one = lone_block(l, 1, NULL, 0);
    lone_vote(l, ROTA_VOTE_COMMIT, 1, 0, NULL, &one); /* our own, which we did not say */
    cr_assert_eq(lone_view(l).mode, ROTA_MODE_QUARANTINED);
    lone_restart_unheard(l);
    cr_assert_eq(lone_view(l).mode, ROTA_MODE_RECOVERING, "it votes beside what its copy has said");
    cr_assert(lone_view(l).recovering_why);
    cr_assert_eq(lone_view(l).recover_view, UINT64_MAX, "nobody has told it yet what it has to get past");
}
