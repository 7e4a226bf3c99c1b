/* The end of an epoch and the beginning of the next, one core alone (PROTOCOL M6, M7, M9, R5). */
#include "tests/unit/consensus/lone.h"

#include <criterion/criterion.h>

/* PROTOCOL M6: above a CONFIG block in flight nothing is checked, so nothing is voted for, and its proposer is suspected. */
Test(epoch, nothing_stands_above_a_config_block_in_flight)
{
    struct lone *lone = lone_open(4, 2);
    struct lone_block config = lone_block(lone, 1, NULL, 0), above = lone_block(lone, 2, &config, 0);
    lone->ends_epoch = true;
    lone_propose(lone, 0, NULL, &config);
    lone_checked(lone, ROTA_CHECK_VALID);
    cr_assert_eq(lone_times(lone, ROTA_MESSAGE_PREPARE), 1, "the CONFIG block itself is voted for");
    cr_assert(!lone_said(lone, ROTA_MESSAGE_SUSPECT));
    lone_forget(lone);
    lone_propose(lone, 0, NULL, &above);
    cr_assert(!lone_did(lone, ROTA_ACTION_CHECK) && !lone_said(lone, ROTA_MESSAGE_PREPARE));
    cr_assert(lone_said(lone, ROTA_MESSAGE_SUSPECT));
    lone_votes(lone, ROTA_VOTE_PREPARE, 0, NULL, &above);
    cr_assert(!lone_said(lone, ROTA_MESSAGE_COMMIT), "not even when a quorum prepares it");
    lone_close(lone);
}

/* PROTOCOL M6: the primary itself proposes nothing above its CONFIG block. */
Test(epoch, the_primary_waits_for_its_config_block)
{
    struct lone *lone = lone_open(4, 0);
    lone_demand(lone, 1);
    cr_assert(lone_did(lone, ROTA_ACTION_BUILD));
    struct lone_block config = lone_block(lone, 1, NULL, 0);
    lone_built(lone, &config, true);
    lone_forget(lone);
    lone_demand(lone, LONE_BLOCK_FULL);
    cr_assert(!lone_did(lone, ROTA_ACTION_BUILD));
    lone_close(lone);
}

/* PROTOCOL M7: a CONFIG block that is final ends the core, for good. */
Test(epoch, a_final_config_block_ends_the_core)
{
    struct lone *lone = lone_open(4, 2);
    struct lone_block config = lone_block(lone, 1, NULL, 0), above = lone_block(lone, 2, &config, 0);
    lone->ends_epoch = true;
    lone_decide(lone, 0, NULL, &config);
    cr_assert(lone_did(lone, ROTA_ACTION_EPOCH));
    cr_assert_lt(lone_place(lone, ROTA_ACTION_COMMIT, 0), lone_place(lone, ROTA_ACTION_EPOCH, 0));
    cr_assert_eq(lone_view(lone).mode, ROTA_MODE_ENDED);
    lone_forget(lone);
    lone_propose(lone, 0, NULL, &above);
    lone_suspect(lone, 0, 0, ROTA_SUSPECT_RESIGN);
    lone_demand(lone, 3);
    cr_assert_eq(lone->count, 0, "it says and asks nothing any more");
    lone_close(lone);
}

/* PROTOCOL M7: the next epoch starts in view 0, and its first VIEW-CHANGE shows nothing of the old one. */
Test(epoch, the_next_epoch_stands_on_the_config_block)
{
    struct lone *lone = lone_open(4, 3);
    struct lone_block config = lone_block(lone, 1, NULL, 0);
    lone->ends_epoch = true;
    lone_decide(lone, 0, NULL, &config);
    lone_begin_epoch(lone, &config, NULL);
    cr_assert_eq(lone_view(lone).view, 0);
    struct lone_block next = lone_block(lone, 2, &config, 0);
    lone_decide(lone, 0, NULL, &next);
    lone_begin_epoch(lone, &next, NULL);
    lone_suspect(lone, 1, 0, ROTA_SUSPECT_HEARTBEAT);
    lone_suspect(lone, 0, 0, ROTA_SUSPECT_HEARTBEAT);
    const struct rota_message *change = lone_said(lone, ROTA_MESSAGE_VIEW_CHANGE);
    cr_assert(change && change->epoch == 2);
    cr_assert(!change->view_change->has_best && !change->view_change->has_committed);
    lone_close(lone);
}

/* PROTOCOL P4: who lied while liars were tolerated does not stop an epoch of the crash profile, who lies in it does. */
Test(epoch, evidence_of_an_earlier_epoch_does_not_stop_the_crash_profile)
{
    struct lone *lone = lone_open(4, 3);
    struct lone_block config = lone_block(lone, 1, NULL, 0);
    lone->ends_epoch = true;
    lone_decide(lone, 0, NULL, &config);
    lone->membership.profile = ROTA_PROFILE_CRASH;
    lone_begin_epoch(lone, &config, NULL);
    lone_evidence(lone, 0);
    cr_assert_eq(lone_view(lone).mode, ROTA_MODE_ACTIVE);
    lone_evidence(lone, 1);
    cr_assert_eq(lone_view(lone).mode, ROTA_MODE_HALTED);
    lone_close(lone);
}

/* PROTOCOL R5: a record of an earlier epoch is no past of this one. */
Test(epoch, a_record_of_an_earlier_epoch_is_not_resumed)
{
    struct lone *lone = lone_open(4, 3);
    struct lone_block first = lone_block(lone, 1, NULL, 0);
    lone_decide(lone, 0, NULL, &first);
    lone_suspect(lone, 0, 0, ROTA_SUSPECT_RESIGN);
    struct rota_durable old = *rota_core_durable(lone->core);
    cr_assert(old.view == 1 && old.has_best && old.epoch == 0);
    lone_begin_epoch(lone, &first, &old);
    cr_assert_eq(lone_view(lone).view, 0);
    cr_assert(!rota_core_durable(lone->core)->has_best);
    cr_assert_eq(rota_core_durable(lone->core)->epoch, 1);
    lone_close(lone);
}

/* PROTOCOL H3: what it said in this epoch is nowhere. */
Test(epoch, a_record_of_an_earlier_epoch_beside_blocks_of_this_one_is_a_loss_of_memory)
{
    struct lone *lone = lone_open(4, 3);
    struct lone_block first = lone_block(lone, 1, NULL, 0), next;
    lone_decide(lone, 0, NULL, &first);
    struct rota_durable old = *rota_core_durable(lone->core);
    lone_begin_epoch(lone, &first, &old);
    next = lone_block(lone, 2, &first, 0);
    lone_decide(lone, 0, NULL, &next);
    struct rota_durable now = *rota_core_durable(lone->core);
    lone_restart_on(lone, &next, &now);
    cr_assert_eq(lone_view(lone).standing, ROTA_STANDING_MEMBER);
    lone_restart_on(lone, &next, &old);
    cr_assert_eq(lone_view(lone).standing, ROTA_STANDING_RECOVERING);
    lone_close(lone);
}

/* PROTOCOL H2: a process that begins with the disk of an earlier epoch may have got a copy of it. One that was there when
 * the epoch ended has nothing to ask. */
Test(epoch, who_starts_where_an_epoch_begins_greets_before_it_speaks)
{
    struct lone *lone = lone_open(4, 3);
    struct lone_block first = lone_block(lone, 1, NULL, 0);
    lone_decide(lone, 0, NULL, &first);
    struct rota_durable old = *rota_core_durable(lone->core);
    lone_begin_epoch(lone, &first, &old);
    cr_assert(!lone_view(lone).greeting);
    lone_restart_on(lone, &first, &old);
    cr_assert(lone_view(lone).greeting);
    cr_assert_eq(lone_view(lone).mode, ROTA_MODE_GREETING, "it looks as if it took part");
    cr_assert_eq(lone_view(lone).answers_needed, 2, "a quorum is three, with itself");
    lone_close(lone);
}

/* PROTOCOL M9: a later epoch's STATUS makes us fetch; its votes are nothing. */
Test(epoch, a_later_epochs_status_is_a_claim_of_a_height)
{
    struct lone *lone = lone_open(4, 3);
    struct lone_block first = lone_block(lone, 1, NULL, 0);
    struct rota_message status = {
        .kind = ROTA_MESSAGE_STATUS, .epoch = 1, .sender = 1, .status = {.view = 7, .active = true, .committed = 40}};
    lone_hear(lone, &status);
    const struct rota_action *fetch = lone_did(lone, ROTA_ACTION_FETCH);
    cr_assert(fetch && fetch->fetch.peer == 1 && fetch->fetch.from == 1);
    for (uint32_t i = 0; i < 3; i++) {
        struct rota_message vote = {.kind = ROTA_MESSAGE_COMMIT, .epoch = 1, .sender = i};
        vote.vote = (struct rota_vote){.kind = ROTA_VOTE_COMMIT, .height = 1, .block = first.hash};
        lone_hear(lone, &vote);
    }
    lone_propose(lone, 0, NULL, &first);
    lone_checked(lone, ROTA_CHECK_VALID);
    cr_assert_eq(lone_view(lone).committed, 0);
    lone_close(lone);
}
