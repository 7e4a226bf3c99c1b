/* What a restarted replica takes up again (PROTOCOL R1, R4). Member 1 of four has decided block 1 in view 0 and said
 * VIEW-CHANGE to view 3; in most stories it then accepted the NEW-VIEW and locked block 2. */
#include "tests/unit/consensus/lone.h"

#include <criterion/criterion.h>

static struct lone *l;
static struct lone_block one, two, three;
static struct rota_view_change own_change, changes[3];
static struct rota_message view_change, new_view;

/* Of the others, who have block 1 too. */
static void accept_new_view(uint64_t view)
{
    static const uint32_t senders[3] = {0, 2, 3};
    for (uint32_t i = 0; i < 3; i++) {
        changes[i] = lone_change(senders[i], view);
        changes[i].has_best = changes[i].has_committed = true;
        changes[i].best = changes[i].committed = lone_certificate(l, ROTA_VOTE_COMMIT, 0, NULL, &one);
    }
    (void)lone_hear_new_view(l, view, changes);
}

static void begin(void)
{
    l = lone_open(4, 1);
    one = lone_block(l, 1, NULL, 0);
    two = lone_block(l, 2, &one, 0);
    three = lone_block(l, 3, &two, 0);
    lone_decide(l, 0, NULL, &one);
    accept_new_view(2);
    lone_suspect(l, 2, 2, ROTA_SUSPECT_RESIGN);
    const struct rota_message *said = lone_said(l, ROTA_MESSAGE_VIEW_CHANGE);
    cr_assert(said && said->view_change->new_view == 3);
    own_change = *said->view_change;
    view_change = *said;
    view_change.view_change = &own_change;
    view_change.signature.b[0] = 2;
}

static void end(void)
{
    lone_close(l);
}

static void lock_block_two_in_view_three(void)
{
    accept_new_view(3);
    const struct rota_action *kept = lone_did(l, ROTA_ACTION_SAVE_MESSAGE);
    cr_assert(kept && kept->say.message.kind == ROTA_MESSAGE_NEW_VIEW);
    new_view = kept->say.message;
    new_view.new_view.changes = changes;
    lone_propose(l, 3, &new_view.new_view.nv, &two);
    lone_checked(l, ROTA_CHECK_VALID);
    lone_votes(l, ROTA_VOTE_PREPARE, 3, &new_view.new_view.nv, &two);
    const struct rota_durable *record = rota_core_durable(l->core);
    cr_assert(record->view == 3 && record->active && record->best.vote.view == 3 && record->best.vote.height == 2);
}

/* The process starts with what it saved and a ledger that ends with this block, and everybody answers its HELLO. */
static void restart_on(const struct lone_block *top, uint64_t certified_in_view)
{
    struct rota_certificate certificate = lone_certificate(l, ROTA_VOTE_COMMIT, certified_in_view, NULL, top);
    struct rota_core_setup setup = {&l->membership, l->timers, {256, 262144, ROTA_WINDOW}, l->self};
    struct rota_durable record = *rota_core_durable(l->core);
    struct rota_event event = {.kind = ROTA_EVENT_START, .at_ms = l->now_ms};
    event.start.restarted = true;
    event.start.committed = top->header.height;
    event.start.committed_block = top->hash;
    event.start.committed_time_ms = top->header.time_ms;
    event.start.certificate = &certificate;
    event.start.durable = &record;
    event.start.view_change = &view_change;
    event.start.new_view = record.active ? &new_view : NULL;
    rota_core_init(l->core, &setup);
    rota_core_step(l->core, &event, l->actions);
    for (uint32_t i = 0; i < 4; i++) {
        struct rota_message reply = {.kind = ROTA_MESSAGE_HELLO_REPLY, .sender = i};
        reply.hello_reply = (struct rota_hello_reply){.asker = 1, .standing = ROTA_STANDING_MEMBER};
        if (i != 1)
            lone_hear(l, &reply);
    }
    lone_forget(l);
}

/* PROTOCOL R1: the durable record, and the NEW-VIEW. It needs no block in its hands to say its votes again. */
Test(restarting, lock_votes_and_new_view_are_there_again, .init = begin, .fini = end)
{
    lock_block_two_in_view_three();
    restart_on(&one, 0);
    const struct rota_durable *now = rota_core_durable(l->core);
    cr_assert_eq(lone_view(l).mode, ROTA_MODE_ACTIVE);
    cr_assert(now->view == 3 && rota_hash_equal(&now->nv, &new_view.new_view.nv));
    cr_assert(now->best.vote.view == 3 && rota_hash_equal(&now->best.vote.block, &two.hash));
    cr_assert_eq(now->best_header_count, 1);
    lone_hear_status(l, 3, &(struct rota_status_message){.view = 3, .active = true, .committed = 1});
    const struct rota_message *prepare = lone_said(l, ROTA_MESSAGE_PREPARE), *commit = lone_said(l, ROTA_MESSAGE_COMMIT);
    cr_assert(prepare && prepare->vote.view == 3 && rota_hash_equal(&prepare->vote.block, &two.hash));
    cr_assert(commit && commit->vote.view == 3 && rota_hash_equal(&commit->vote.block, &two.hash));
    lone_hear_status(l, 2, &(struct rota_status_message){.view = 2, .committed = 1});
    const struct rota_message *kept = lone_said(l, ROTA_MESSAGE_NEW_VIEW);
    cr_assert(kept && rota_hash_equal(&kept->new_view.nv, &new_view.new_view.nv));
}

/* PROTOCOL R1, V5 */
Test(restarting, the_view_change_is_there_again, .init = begin, .fini = end)
{
    restart_on(&one, 0);
    cr_assert_eq(lone_view(l).view, 3);
    cr_assert_eq(lone_view(l).mode, ROTA_MODE_CHANGING);
    lone_hear_status(l, 2, &(struct rota_status_message){.view = 2, .committed = 1});
    const struct rota_message *again = lone_said(l, ROTA_MESSAGE_VIEW_CHANGE);
    cr_assert(again && again->signature.b[0] == view_change.signature.b[0]);
    struct rota_hash was = rota_view_change_content(&own_change), is = rota_view_change_content(again->view_change);
    cr_assert(rota_hash_equal(&was, &is));
}

/* PROTOCOL R4: the commit of block 2 in view 5 reached the ledger, and the journal of that turn was not written. */
Test(restarting, a_ledger_ahead_of_the_journal_gives_lock_and_view, .init = begin, .fini = end)
{
    lock_block_two_in_view_three();
    restart_on(&two, 5);
    const struct rota_durable *now = rota_core_durable(l->core);
    cr_assert_eq(lone_view(l).view, 5);
    cr_assert(!now->active);
    cr_assert_eq(lone_view(l).mode, ROTA_MODE_CHANGING, "it waits for the NEW-VIEW of view 5; that of view 3 is over");
    cr_assert(now->has_best && now->best.vote.kind == ROTA_VOTE_COMMIT && now->best.vote.view == 5);
    cr_assert(now->best.vote.height == 2 && rota_hash_equal(&now->best.vote.block, &two.hash));
    cr_assert_eq(now->best_header_count, 0);
    lone_propose(l, 3, &new_view.new_view.nv, &three);
    lone_votes(l, ROTA_VOTE_PREPARE, 3, &new_view.new_view.nv, &three);
    cr_assert(!lone_did(l, ROTA_ACTION_CHECK) && !lone_said(l, ROTA_MESSAGE_COMMIT), "nothing of the view of the record");
}

/* PROTOCOL R1: the record of an accepted view and its NEW-VIEW are written together. */
Test(restarting, an_accepted_view_without_its_new_view_is_lost_memory, .init = begin, .fini = end)
{
    lock_block_two_in_view_three();
    new_view.new_view.view = 2; /* what the disk holds is of another one */
    restart_on(&one, 0);
    cr_assert_eq(lone_view(l).view, 3);
    cr_assert_eq(lone_view(l).mode, ROTA_MODE_RECOVERING);
    cr_assert(!rota_core_durable(l->core)->active);
    cr_assert_str_eq(lone_view(l).recovering_why,
                     "the journal does not hold the NEW-VIEW of the view that it says was accepted");
}

/* PROTOCOL V9: what one that stopped would go on to, nobody saves for it. */
Test(restarting, who_has_stopped_enters_no_view, .init = begin, .fini = end)
{
    lone_vote(l, ROTA_VOTE_PREPARE, 1, 3, NULL, &two); /* somebody else signed it */
    cr_assert_eq(lone_view(l).mode, ROTA_MODE_QUARANTINED);
    lone_forget(l);
    accept_new_view(3);
    accept_new_view(4);
    const struct rota_durable *now = rota_core_durable(l->core);
    cr_assert(now->view == 3 && !now->active, "its own VIEW-CHANGE was the last step that it took");
    cr_assert(!lone_did(l, ROTA_ACTION_SAVE_MESSAGE) && !lone_did(l, ROTA_ACTION_SAVE));
}

/* PROTOCOL N10, R4: it said COMMIT to block 2 in view 3. What its ledger holds there was decided in that view too, by
 * others, and the crash came before the journal's part of that turn. In a later view the same is no contradiction. */
Test(restarting, a_ledger_with_another_block_than_it_committed_to_stops_it, .init = begin, .fini = end)
{
    lock_block_two_in_view_three();
    struct lone_block rival = lone_block(l, 2, &one, 1);
    restart_on(&rival, 3);
    cr_assert_eq(lone_view(l).mode, ROTA_MODE_HALTED);
}

Test(restarting, a_ledger_with_another_block_of_a_later_view_does_not, .init = begin, .fini = end)
{
    lock_block_two_in_view_three();
    struct lone_block rival = lone_block(l, 2, &one, 1);
    restart_on(&rival, 5);
    cr_assert_eq(lone_view(l).mode, ROTA_MODE_CHANGING);
    cr_assert(rota_hash_equal(&rota_core_durable(l->core)->best.vote.block, &rival.hash));
}

/* The same with a lock further up, when it has said COMMIT to nothing at the height where the ledger ends. */
Test(restarting, a_ledger_that_its_lock_does_not_stand_on_stops_it, .init = begin, .fini = end)
{
    lock_block_two_in_view_three();
    struct lone_block rival = lone_block(l, 1, NULL, 1);
    restart_on(&rival, 3);
    cr_assert_eq(lone_view(l).mode, ROTA_MODE_HALTED);
}
