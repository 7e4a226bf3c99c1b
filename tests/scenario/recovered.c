/* The word of a member that lost its memory (PROTOCOL H5, H7): it is in the ledger before the member votes, and takes from
 * what the member said before the loss the power that it would have in the hands of a liar. */
#include "tests/scenario/loss.h"

#include <criterion/criterion.h>

/* What member 2 might have signed in its first run: a VIEW-CHANGE that shows the ledger's present end. */
static struct rota_message old_view_change(struct sim *s, uint64_t view)
{
    static struct rota_view_change old;
    uint64_t height = s->replicas[2].disk.height;
    while (!s->replicas[2].disk.certificates[height])
        height--;
    old =
        (struct rota_view_change){.sender = 2, .new_view = view, .incarnation = 1, .has_best = true, .has_committed = true};
    old.best = old.committed = *s->replicas[2].disk.certificates[height];
    struct rota_message message = {.kind = ROTA_MESSAGE_VIEW_CHANGE, .sender = 2, .view_change = &old};
    sim_sign(s, 2, &message);
    return message;
}

/* Member 2 is wiped and comes back; `away` is cut off meanwhile. */
static void comes_back(struct sim *s, const char *groups)
{
    sim_crash(s, "2");
    sim_wipe(s, "2");
    sim_partition(s, groups);
    sim_restart(s, "2");
    sim_expect(s, loss_ends(s, 2, 20000), "a wiped member does not come back");
}

/* H5: its word is in every ledger before it says anything that counts, and it is in there once. */
Test(recovered, the_ledger_says_that_a_member_came_back_before_it_votes)
{
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct sim *s = loss_started(4, seed, 0);
        comes_back(s, "0 1 2 3");
        uint64_t floor = s->replicas[2].disk.durable.floor;
        const struct sim_disk *disk = &s->replicas[2].disk;
        cr_assert_eq(disk->chain[disk->height]->floors.floor[2], floor, "it speaks, and its ledger lacks its word");
        sim_run_ms(s, 3000);
        uint32_t words = 0;
        for (uint64_t h = 1; h <= s->agreed_height; h++)
            words += s->agreed[h]->word_count;
        cr_assert_eq(words, 1, "seed %llu: %u words", (unsigned long long)seed, words);
        sim_free(s);
    }
}

/* E4: member 3 alone had heard it, shows it to one that lags behind the member's word, and then the member's COMMITs come.
 */
Test(recovered, a_view_change_of_before_the_loss_makes_nobody_a_liar)
{
    struct sim *s = loss_started(6, 81, 0);
    struct rota_message old = old_view_change(s, 90), commit = {.kind = ROTA_MESSAGE_COMMIT, .sender = 2};
    comes_back(s, "1 | 0 2 3 4 5");
    sim_submit(s, "0 2 4", 5);
    sim_run_ms(s, 300);
    const struct rota_durable *durable = &s->replicas[2].disk.durable;
    for (uint32_t i = 0; i < ROTA_SLOTS; i++)
        if (durable->votes[i].committed && durable->votes[i].height > commit.vote.height)
            commit.vote = (struct rota_vote){ROTA_VOTE_COMMIT, durable->votes[i].view, durable->votes[i].nv,
                                             durable->votes[i].height, durable->votes[i].block};
    cr_assert_gt(commit.vote.height, 0, "it does not vote");
    sim_sign(s, 2, &commit);
    s->liars |= 1 << 3;
    sim_heal(s);
    sim_send(s, 3, 1, &old, NULL);
    sim_run_ms(s, 4);
    uint64_t before = s->stats.accusations;
    sim_send(s, 3, 1, &commit, NULL);
    sim_run_ms(s, 4);
    cr_assert_gt(s->stats.accusations, before, "the attack does not work any more: this test shows nothing");
    cr_assert(sim_is_amnesia(s, s->latest, 2, 1, commit.vote.height));
    cr_assert(!sim_is_amnesia(s, s->latest, 2, durable->floor, commit.vote.height), "what it says now is its own affair");
    sim_submit(s, "up", 5);
    sim_resubmit(s);
    sim_expect(s, sim_run_until_settled(s, 20000), "no progress");
    sim_free(s);
}

/* The liar's NEW-VIEW, out of that VIEW-CHANGE, its own, and one that shows the ledger's end. */
static void say_new_view(struct sim *s, uint64_t view, const struct sim_block *head)
{
    static struct rota_view_change changes[3];
    const struct rota_certificate *certificate = s->replicas[0].disk.certificates[s->agreed_height];
    memset(changes, 0, sizeof changes);
    for (uint32_t i = 0; i < 3; i++) {
        struct rota_message message = {.kind = ROTA_MESSAGE_VIEW_CHANGE, .view_change = &changes[i]};
        message.sender = changes[i].sender = i == 0 ? 0 : i + 1;
        changes[i].new_view = view;
        changes[i].incarnation = i == 1 ? 1 : 100;
        changes[i].has_best = changes[i].has_committed = i == 0;
        if (i == 0)
            changes[i].best = changes[i].committed = *certificate;
        sim_sign(s, message.sender, &message);
    }
    struct rota_message message = {.kind = ROTA_MESSAGE_NEW_VIEW, .sender = 3};
    message.new_view = (struct rota_new_view){
        .view = view, .change_count = 3, .changes = changes, .tip_height = head->header.height, .tip = head->hash};
    message.new_view.nv = rota_new_view_digest(&s->membership, &message.new_view);
    sim_forge(s, 3, 1, &message);
    sim_run_ms(s, 5);
}

static void say_proposal(struct sim *s, uint64_t view, const struct sim_block *head)
{
    struct sim_block block = {.header = head->header};
    block.header.height++;
    block.header.tree_size++;
    block.header.time_ms++;
    block.header.prev_hash = head->hash;
    block.header.proposer = 3;
    sim_block_seal(&block);
    const struct sim_block *added = sim_block_add(s, &block);
    struct rota_message message = {.kind = ROTA_MESSAGE_PREPREPARE, .sender = 3};
    message.preprepare = (struct rota_preprepare){
        .view = view, .nv = s->replicas[1].disk.durable.nv, .header = added->header, .block = added->hash};
    sim_sign(s, 3, &message);
    sim_send(s, 3, 1, &message, added);
    sim_run_ms(s, 5);
}

/* H7: the NEW-VIEW is valid by itself, and the member that gets it has heard of no loss from anybody: its own ledger, which
 * the view goes on from, says it. */
Test(recovered, a_new_view_out_of_words_of_before_the_loss_gets_no_vote)
{
    for (uint32_t lost = 0; lost < 2; lost++) {
        struct sim *s = loss_started(4, 82, 0);
        s->halts_expected = true; /* member 0 may meet the VIEW-CHANGE that it did not sign */
        if (lost)
            comes_back(s, "0 1 2 3");
        sim_run_ms(s, 1000);
        sim_partition(s, "1 | 0 2 3");
        sim_crash(s, "1");
        sim_restart(s, "1"); /* what it heard is gone, the ledger is there */
        s->liars |= 1 << 3;
        sim_heal(s);
        for (uint32_t i = 0; i < 300 && sim_view(s, 1).greeting; i++)
            sim_run_ms(s, 10);
        cr_assert_eq(sim_view(s, 1).standing, ROTA_STANDING_MEMBER);
        cr_assert(!sim_view(s, 1).greeting);
        const struct sim_block *head = s->agreed[s->agreed_height];
        say_new_view(s, 91, head);
        cr_assert_eq(sim_view(s, 1).view, 91);
        say_proposal(s, 91, head);
        bool voted = false;
        for (uint32_t i = 0; i < ROTA_SLOTS; i++)
            voted |= s->replicas[1].disk.durable.votes[i].view == 91 && s->replicas[1].disk.durable.votes[i].prepared;
        cr_assert_eq(voted, !lost, "it %s", voted ? "votes" : "does not vote");
        sim_free(s);
    }
}

/* H5, H6: for every size and both profiles, with nothing else to order, and one after the other. */
Test(recovered, members_come_back_one_after_the_other_while_nothing_else_happens)
{
    static const uint32_t sizes[] = {2, 3, 4, 5, 6, 7, 10, 31};
    static const enum rota_profile profiles[] = {ROTA_PROFILE_BYZANTINE, ROTA_PROFILE_CRASH};
    for (size_t p = 0; p < 2; p++)
        for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
            struct sim *s = loss_started(sizes[k], 90 + k, profiles[p]);
            for (uint32_t round = 0; round < 3; round++) {
                char who[12];
                uint32_t member = round % sizes[k];
                snprintf(who, sizeof who, "%u", member);
                sim_crash(s, who);
                sim_wipe(s, who);
                sim_run_ms(s, 1000);
                sim_restart(s, who);
                for (uint32_t i = 0; i < 80 && !loss_is_over(s, member); i++)
                    sim_run_ms(s, 50);
                cr_assert(loss_is_over(s, member), "%u of %u, profile %d", member, sizes[k], (int)profiles[p]);
            }
            sim_submit(s, "all", 3);
            sim_expect(s, sim_run_until_settled(s, 5000), "no progress afterwards");
            sim_free(s);
        }
}

/* H5: killed before its word is in the ledger, or after, and before it has seen that: the run that follows has another
 * number and says another word, and waits for that one. */
Test(recovered, a_crash_on_the_way_back_begins_it_anew)
{
    for (uint32_t points = 1; points <= 12; points++) {
        struct sim *s = loss_started(4, 100 + points, 0);
        sim_crash(s, "2");
        sim_wipe(s, "2");
        sim_restart(s, "2");
        for (uint32_t again = 0; again < 2; again++) {
            sim_crash_at_save(s, "2", points, (enum sim_crash_point)(points % 3));
            for (uint32_t i = 0; i < 400 && s->replicas[2].up && !loss_is_over(s, 2); i++) {
                sim_submit(s, "up", 1);
                sim_run_ms(s, 20);
            }
            if (!s->replicas[2].up)
                sim_restart(s, "2");
        }
        sim_expect(s, loss_ends(s, 2, 40000), "it does not come back"); /* H6: nobody is obliged twice in 30 s */
        const struct sim_disk *disk = &s->replicas[2].disk;
        cr_assert_leq(disk->durable.floor, disk->chain[disk->height]->floors.floor[2]);
        sim_resubmit(s);
        sim_expect(s, sim_run_until_settled(s, 20000), "no progress afterwards");
        sim_free(s);
    }
}
