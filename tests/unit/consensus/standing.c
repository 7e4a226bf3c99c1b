/* What a replica does when nobody proposes anything: time, status, catching up (PROTOCOL T2, S1, C1). */
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

static void heartbeat(uint32_t member)
{
    lone_hear(l, &(struct rota_message){.kind = ROTA_MESSAGE_HEARTBEAT, .sender = member});
}

/* The others say something every 100 ms, the members in `mute` do not. */
static void life(uint64_t ms, uint32_t mute)
{
    for (uint64_t t = 0; t < ms; t += 100) {
        for (uint32_t i = 0; i < l->membership.count; i++)
            if (i != l->self && !(mute >> i & 1))
                heartbeat(i);
        lone_pass(l, 100);
    }
}

/* PROTOCOL T2 */
Test(standing, a_silent_primary_is_suspected_when_a_quorum_without_it_is_heard, .fini = end)
{
    begin(1);
    life(2000, 0);
    cr_assert_null(lone_said(l, ROTA_MESSAGE_SUSPECT));
    life(l->timers.suspect_ms + 200, 1u << 0);
    cr_assert_eq(lone_said(l, ROTA_MESSAGE_SUSPECT)->suspect.reason, ROTA_SUSPECT_HEARTBEAT);
}

/* PROTOCOL T2: alone one cannot tell a dead primary from a cut cable. */
Test(standing, a_replica_that_hears_nobody_suspects_nobody_of_silence, .fini = end)
{
    begin(1);
    life(2 * l->timers.status_ms + 200, 1u << 2 | 1u << 3);
    life(10000, 15);
    cr_assert_null(lone_said(l, ROTA_MESSAGE_SUSPECT));
}

/* PROTOCOL T3 */
Test(standing, a_block_that_does_not_commit_makes_its_primary_suspected, .fini = end)
{
    begin(1);
    struct lone_block one = lone_block(l, 1, NULL, 0);
    lone_propose(l, 0, NULL, &one);
    lone_checked(l, ROTA_CHECK_VALID);
    life(l->timers.progress_ms - 100, 0);
    cr_assert_null(lone_said(l, ROTA_MESSAGE_SUSPECT));
    life(300, 0);
    cr_assert_eq(lone_said(l, ROTA_MESSAGE_SUSPECT)->suspect.reason, ROTA_SUSPECT_PROGRESS);
}

/* PROTOCOL T4 */
Test(standing, a_request_that_is_not_taken_up_makes_the_primary_suspected, .fini = end)
{
    begin(1);
    lone_demand(l, 1);
    life(l->timers.request_ms - 100, 0);
    cr_assert_null(lone_said(l, ROTA_MESSAGE_SUSPECT));
    life(300, 0);
    cr_assert_eq(lone_said(l, ROTA_MESSAGE_SUSPECT)->suspect.reason, ROTA_SUSPECT_REQUEST);
}

/* PROTOCOL T5, T6: the rhythm is the genesis's. */
Test(standing, an_idle_primary_is_heard_in_the_rhythm_of_the_genesis, .fini = end)
{
    begin(0);
    lone_forget(l);
    lone_pass(l, 10 * l->timers.heartbeat_ms);
    uint32_t beats = lone_times(l, ROTA_MESSAGE_HEARTBEAT);
    cr_assert(beats >= 9 && beats <= 11, "%u", beats);
}

/* Fails this view by the timer of its view change; returns how long that took. */
static uint64_t view_fail(uint64_t view)
{
    for (uint32_t i = 0; i < 4; i++) {
        struct rota_view_change change = lone_change(i, view);
        if (i != l->self)
            lone_hear_change(l, &change);
    }
    uint64_t begun = l->now_ms;
    while (lone_view(l).view == view && l->now_ms - begun < 100000)
        lone_pass(l, 10);
    return l->now_ms - begun;
}

/* PROTOCOL T1: f+1 = 2 failed views cost the base, then it doubles, 32 times at most. */
Test(standing, timeouts_grow_after_the_expected_failures_and_stop_growing, .fini = end)
{
    begin(3);
    uint64_t view = 1, base = l->timers.view_change_ms, factor = 1;
    for (uint32_t failed = 1; failed <= 12; failed++, view++) {
        if (rota_primary(&l->membership, view) == l->self) { /* we would lead it: let the others pass over it */
            struct rota_view_change a = lone_change(0, view + 1), b = lone_change(1, view + 1);
            lone_hear_change(l, &a);
            lone_hear_change(l, &b);
        } else {
            uint64_t took = view_fail(view);
            cr_assert(took >= factor * base && took <= factor * base + 20, "view %llu: %llu ms, expected %llu",
                      (unsigned long long)view, (unsigned long long)took, (unsigned long long)(factor * base));
        }
        factor = failed < 2 ? 1 : failed - 1 >= 5 ? 32 : (uint64_t)1 << (failed - 1);
    }
}

/* PROTOCOL S1, S2: what we say we lack is what others send again, and we do the same for them. */
Test(standing, a_peer_that_lacks_our_votes_gets_them_again, .fini = end)
{
    begin(1);
    struct lone_block one = lone_block(l, 1, NULL, 0);
    lone_propose(l, 0, NULL, &one);
    lone_checked(l, ROTA_CHECK_VALID);
    lone_vote(l, ROTA_VOTE_PREPARE, 2, 0, NULL, &one);
    lone_forget(l);
    struct rota_status_message status = {.view = 0, .active = true};
    lone_hear_status(l, 3, &status);
    const struct rota_message *prepare = lone_said(l, ROTA_MESSAGE_PREPARE), *commit = lone_said(l, ROTA_MESSAGE_COMMIT);
    cr_assert(prepare && prepare->vote.height == 1);
    cr_assert(commit && commit->vote.height == 1);
    lone_forget(l);
    status.prepares[0] = status.commits[0] = 1u << 1;
    lone_hear_status(l, 3, &status);
    cr_assert_null(lone_said(l, ROTA_MESSAGE_PREPARE), "it has them");
    lone_forget(l);
    lone_pass(l, l->timers.status_ms);
    const struct rota_status_message *ours = &lone_said(l, ROTA_MESSAGE_STATUS)->status;
    cr_assert_eq(ours->prepares[0], 1u << 0 | 1u << 1 | 1u << 2);
}

/* PROTOCOL S2, V5: exactly one view change for a view, resent byte for byte. */
Test(standing, a_view_change_is_resent_as_it_was_said, .fini = end)
{
    begin(2);
    lone_suspect(l, 0, 0, ROTA_SUSPECT_RESIGN);
    struct rota_hash said = rota_view_change_content(lone_said(l, ROTA_MESSAGE_VIEW_CHANGE)->view_change);
    lone_forget(l);
    struct rota_status_message status = {.view = 1};
    lone_hear_status(l, 3, &status);
    struct rota_hash again = rota_view_change_content(lone_said(l, ROTA_MESSAGE_VIEW_CHANGE)->view_change);
    cr_assert(rota_hash_equal(&said, &again));
}

/* PROTOCOL S3 */
Test(standing, entering_a_view_is_told_at_once, .fini = end)
{
    begin(2);
    struct rota_view_change changes[3] = {lone_change(0, 1), lone_change(1, 1), lone_change(3, 1)};
    lone_forget(l);
    (void)lone_hear_new_view(l, 1, changes);
    cr_assert_eq(lone_said(l, ROTA_MESSAGE_STATUS)->status.view, 1);
}

/* PROTOCOL C1: a claim is worth one probe; without an answer it is forgotten and another is asked. */
Test(standing, a_claimed_height_is_probed_and_not_believed, .fini = end)
{
    begin(1);
    struct rota_status_message status = {.view = 0, .active = true, .committed = 1000000};
    lone_hear_status(l, 3, &status);
    const struct rota_action *fetch = lone_did(l, ROTA_ACTION_FETCH);
    cr_assert_eq(fetch->fetch.peer, 3);
    cr_assert_leq(fetch->fetch.to - fetch->fetch.from + 1, ROTA_WINDOW);
    lone_forget(l);
    life(3000, 1u << 3);
    cr_assert_null(lone_did(l, ROTA_ACTION_FETCH), "it did not answer, so its word is worth nothing until said again");
    cr_assert_eq(lone_view(l).committed, 0);
}

/* PROTOCOL C2: a block without a certificate of its own counts when a certified one links to it. */
Test(standing, a_certified_descendant_proves_what_is_under_it, .fini = end)
{
    begin(1);
    struct lone_block one = lone_block(l, 1, NULL, 0), two = lone_block(l, 2, &one, 0);
    lone_hear(l, &(struct rota_message){.kind = ROTA_MESSAGE_HEARTBEAT, .sender = 3, .heartbeat = {0, 2}});
    lone_pass(l, 200);
    cr_assert_eq(lone_did(l, ROTA_ACTION_FETCH)->fetch.peer, 3);
    lone_hear_block(l, 3, &one, NULL);
    cr_assert_null(lone_did(l, ROTA_ACTION_CHECK), "nobody vouches for it");
    struct rota_certificate proof = lone_certificate(l, ROTA_VOTE_COMMIT, 0, NULL, &two);
    lone_hear_block(l, 3, &two, &proof);
    lone_checked(l, ROTA_CHECK_VALID);
    lone_checked(l, ROTA_CHECK_VALID);
    cr_assert_eq(lone_view(l).committed, 2);
}

/* PROTOCOL C5 */
Test(standing, a_block_without_a_certificate_counts_only_from_whom_it_was_asked_of, .fini = end)
{
    begin(1);
    struct lone_block one = lone_block(l, 1, NULL, 0), lie = lone_block(l, 1, NULL, 5), two = lone_block(l, 2, &one, 0);
    lone_hear_block(l, 2, &lie, NULL);
    cr_assert_eq(lone_view(l).dropped, 1);
    lone_hear(l, &(struct rota_message){.kind = ROTA_MESSAGE_HEARTBEAT, .sender = 3, .heartbeat = {0, 2}});
    lone_pass(l, 200);
    lone_hear_block(l, 2, &lie, NULL);
    cr_assert_eq(lone_view(l).dropped, 2);
    lone_hear_block(l, 3, &one, NULL);
    struct rota_certificate proof = lone_certificate(l, ROTA_VOTE_COMMIT, 0, NULL, &two);
    lone_hear_block(l, 3, &two, &proof);
    cr_assert_eq(lone_did(l, ROTA_ACTION_CHECK)->check.height, 1);
}

/* PROTOCOL G2, C2: a block that a peer sends in place of the certified one is not taken. */
Test(standing, a_wrong_block_under_a_certificate_is_refused, .fini = end)
{
    begin(1);
    struct lone_block one = lone_block(l, 1, NULL, 0), lie = lone_block(l, 1, NULL, 5), two = lone_block(l, 2, &one, 0);
    struct rota_certificate proof = lone_certificate(l, ROTA_VOTE_COMMIT, 0, NULL, &two);
    lone_hear_block(l, 3, &two, &proof);
    lone_hear_block(l, 3, &lie, NULL);
    cr_assert_null(lone_did(l, ROTA_ACTION_CHECK));
    lone_hear_block(l, 2, &one, NULL);
    cr_assert_eq(lone_did(l, ROTA_ACTION_CHECK)->check.height, 1);
}

/* PROTOCOL C6: member 3 brought a block that a certificate rules out. When it and another claim the same, the other is
 * asked. */
Test(standing, who_sent_a_wrong_block_is_asked_last, .fini = end)
{
    begin(1);
    struct lone_block one = lone_block(l, 1, NULL, 0), lie = lone_block(l, 1, NULL, 5), two = lone_block(l, 2, &one, 0);
    struct rota_certificate proof = lone_certificate(l, ROTA_VOTE_COMMIT, 0, NULL, &two);
    lone_hear(l, &(struct rota_message){.kind = ROTA_MESSAGE_HEARTBEAT, .sender = 3, .heartbeat = {0, 2}});
    lone_pass(l, 200);
    lone_hear_block(l, 3, &lie, NULL);
    lone_hear_block(l, 2, &two, &proof);
    lone_hear_block(l, 0, &one, NULL);
    lone_checked(l, ROTA_CHECK_VALID);
    lone_checked(l, ROTA_CHECK_VALID);
    cr_assert_eq(lone_view(l).committed, 2);
    lone_hear(l, &(struct rota_message){.kind = ROTA_MESSAGE_HEARTBEAT, .sender = 0, .heartbeat = {0, 6}});
    lone_pass(l, 1000); /* member 0 was asked, so member 3 comes next */
    lone_forget(l);
    lone_hear(l, &(struct rota_message){.kind = ROTA_MESSAGE_HEARTBEAT, .sender = 0, .heartbeat = {0, 6}});
    lone_hear(l, &(struct rota_message){.kind = ROTA_MESSAGE_HEARTBEAT, .sender = 3, .heartbeat = {0, 6}});
    lone_pass(l, 200);
    const struct rota_action *fetch = lone_did(l, ROTA_ACTION_FETCH);
    cr_assert(fetch && fetch->fetch.peer == 0);
}

/* Member 3 brought header and certificate, `liar` another body for it. Then the members 0 and 3 are further. */
static const struct rota_action *asked_after_a_foreign_body(uint32_t liar)
{
    struct lone_block one = lone_block(l, 1, NULL, 0), two = lone_block(l, 2, &one, 0);
    struct rota_certificate proof = lone_certificate(l, ROTA_VOTE_COMMIT, 0, NULL, &two);
    lone_hear(l, &(struct rota_message){.kind = ROTA_MESSAGE_HEARTBEAT, .sender = 3, .heartbeat = {0, 2}});
    lone_pass(l, 200);
    lone_hear_block(l, 3, &one, NULL);
    lone_hear_block(l, 3, &two, &proof);
    lone_checked_foreign(l, liar);
    lone_pass(l, 100);
    const struct rota_action *fetch = lone_did(l, ROTA_ACTION_FETCH);
    cr_assert(fetch && fetch->fetch.peer == 0 && rota_hash_equal(&fetch->fetch.block, &one.hash));
    lone_hear_block(l, 0, &one, NULL);
    lone_checked(l, ROTA_CHECK_VALID);
    lone_checked(l, ROTA_CHECK_VALID);
    cr_assert_eq(lone_view(l).committed, 2);
    lone_forget(l);
    lone_hear(l, &(struct rota_message){.kind = ROTA_MESSAGE_HEARTBEAT, .sender = 0, .heartbeat = {0, 6}});
    lone_hear(l, &(struct rota_message){.kind = ROTA_MESSAGE_HEARTBEAT, .sender = 3, .heartbeat = {0, 6}});
    lone_pass(l, 200);
    return lone_did(l, ROTA_ACTION_FETCH);
}

/* PROTOCOL C6: another link brought the body that is not the header's: who brought the header is asked like any other. */
Test(standing, another_body_under_a_right_header_is_not_held_against_who_brought_the_header, .fini = end)
{
    begin(1);
    const struct rota_action *fetch = asked_after_a_foreign_body(2);
    cr_assert(fetch && fetch->fetch.peer == 3, "it comes after member 0, which was asked last");
}

/* PROTOCOL C6: nor is it the next to be asked for the right one. */
Test(standing, the_right_body_is_not_asked_of_who_sent_another, .fini = end)
{
    begin(1);
    struct lone_block one = lone_block(l, 1, NULL, 0);
    struct rota_certificate proof = lone_certificate(l, ROTA_VOTE_COMMIT, 0, NULL, &one);
    lone_hear(l, &(struct rota_message){.kind = ROTA_MESSAGE_HEARTBEAT, .sender = 3, .heartbeat = {0, 1}});
    lone_pass(l, 200);
    lone_hear_block(l, 3, &one, &proof);
    lone_checked_foreign(l, 0);
    lone_pass(l, 100);
    const struct rota_action *fetch = lone_did(l, ROTA_ACTION_FETCH);
    cr_assert(fetch && fetch->fetch.peer == 2 && rota_hash_equal(&fetch->fetch.block, &one.hash), "it was the turn of 0");
}

/* PROTOCOL C6: the link shows who it was. */
Test(standing, another_body_under_a_right_header_is_held_against_who_brought_the_body, .fini = end)
{
    begin(1);
    const struct rota_action *fetch = asked_after_a_foreign_body(3);
    cr_assert(fetch && fetch->fetch.peer == 0, "there is somebody else to ask");
}

/* PROTOCOL C3 */
Test(standing, a_block_that_a_quorum_speaks_of_is_fetched_by_its_hash, .fini = end)
{
    begin(1);
    struct lone_block one = lone_block(l, 1, NULL, 0);
    lone_votes(l, ROTA_VOTE_PREPARE, 0, NULL, &one);
    lone_pass(l, 100);
    const struct rota_action *fetch = lone_did(l, ROTA_ACTION_FETCH);
    cr_assert(fetch && rota_hash_equal(&fetch->fetch.block, &one.hash));
}

/* PROTOCOL C4: if a quorum certified it and we find it invalid, it is we who are wrong. */
Test(standing, a_certified_block_that_is_invalid_here_halts_us, .fini = end)
{
    begin(1);
    struct lone_block one = lone_block(l, 1, NULL, 0);
    struct rota_certificate proof = lone_certificate(l, ROTA_VOTE_COMMIT, 0, NULL, &one);
    lone_hear_block(l, 3, &one, &proof);
    lone_checked(l, ROTA_CHECK_INVALID);
    cr_assert_eq(lone_view(l).mode, ROTA_MODE_HALTED);
    cr_assert_null(lone_said(l, ROTA_MESSAGE_SUSPECT));
}
