/* How two liars of seven would fork the ledger with one VIEW-CHANGE of a member that lost its memory, if the chain did not
 * take that VIEW-CHANGE back (PROTOCOL H7). Everything that they say is said here by hand; their own cores are down. */
#include "tests/sim/sim.h"

#include <criterion/criterion.h>

enum { VIEW = 27, LIAR = 5, LEADER = 6, FORGOT = 2, STEP_MS = 10 }; /* member 6 leads view 27 */

/* Members 1, 3 and 4 do not know that the block was committed. */
static const uint32_t left[] = {1, 3, 4};

static void say_to_left(struct sim *s, uint32_t from, const struct rota_message *message, const struct sim_block *body)
{
    for (uint32_t i = 0; i < 3; i++)
        sim_send(s, from, left[i], message, body);
}

/* Signed by `member`, sent by a liar. */
static void speak(struct sim *s, uint32_t member, struct rota_message *message, const struct sim_block *body)
{
    message->sender = member;
    sim_sign(s, member, message);
    say_to_left(s, LIAR, message, body);
}

/* What the member might have said in its first run: it left for that view, and this was the ledger's end. */
static void old_change_make(struct sim *s, struct rota_view_change *old)
{
    const struct sim_disk *disk = &s->replicas[FORGOT].disk;
    struct rota_message message = {.kind = ROTA_MESSAGE_VIEW_CHANGE, .sender = FORGOT, .view_change = old};
    *old = (struct rota_view_change){
        .sender = FORGOT, .new_view = VIEW, .incarnation = 1, .has_best = true, .has_committed = true};
    cr_assert(disk->certificates[disk->height]);
    old->best = old->committed = *disk->certificates[disk->height];
    sim_sign(s, FORGOT, &message);
}

static bool leads_among(struct sim *s, const char *who)
{
    return (sim_who(s, "primary") & sim_who(s, who)) != 0;
}

/* All know the same, member 2 has lost its memory and is back, and somebody leads whom the story does not need elsewhere.
 * Nobody heard how many runs it had: a HELLO is held in memory only, and the power went everywhere. */
static struct sim *after_the_loss(uint64_t seed, struct rota_view_change *old)
{
    struct sim *s = sim_cluster(.members = 7, .seed = seed, .delay_min_ms = STEP_MS, .delay_max_ms = STEP_MS);
    sim_submit(s, "all", 3);
    sim_expect(s, sim_run_until_settled(s, 5000), "the start does not commit");
    old_change_make(s, old);
    sim_crash(s, "all");
    sim_wipe(s, "2");
    sim_restart(s, "all");
    for (uint32_t i = 0; i < 400 && sim_view(s, FORGOT).standing != ROTA_STANDING_MEMBER; i++) {
        sim_submit(s, "up", 1);
        sim_run_ms(s, 50);
    }
    sim_expect(s, sim_view(s, FORGOT).standing == ROTA_STANDING_MEMBER, "it does not come back");
    for (uint32_t i = 0; i < 7 && !leads_among(s, "0 4"); i++) {
        char primary[12];
        snprintf(primary, sizeof primary, "%d", __builtin_ctz(sim_who(s, "primary")));
        sim_crash(s, primary);
        sim_restart(s, primary);
        sim_run_ms(s, 2000);
    }
    cr_assert(leads_among(s, "0 4"));
    sim_resubmit(s);
    sim_expect(s, sim_run_until_settled(s, 5000), "no progress before the attack");
    cr_assert_lt(sim_view(s, 0).view, VIEW);
    return s;
}

/* 0, 2, 4, 5 and 6 commit a block; 4 says COMMIT and never hears the others' COMMITs. */
static void commit_unheard(struct sim *s)
{
    uint64_t height = s->agreed_height;
    sim_partition(s, "0 2 4 5 6 | 1 3");
    sim_submit(s, "0 2 4 5 6", 1);
    const struct rota_own_vote *own = &s->replicas[4].disk.durable.votes[(height + 1) % ROTA_SLOTS];
    for (uint32_t i = 0; i < 10 * STEP_MS && !(own->height == height + 1 && own->committed); i++)
        sim_run_ms(s, 1);
    cr_assert(own->height == height + 1 && own->committed, "member 4 does not say COMMIT");
    for (uint32_t from = 0; from < 7; from++)
        if (from != 4)
            sim_cut(s, from, 4);
    sim_run_ms(s, 2 * STEP_MS);
    for (uint32_t i = 0; i < 3; i++)
        cr_assert_eq(sim_view(s, left[i]).committed, height);
    cr_assert_eq(sim_view(s, 0).committed, height + 1);
    cr_assert_eq(sim_view(s, FORGOT).committed, height + 1, "it helped");
    sim_crash(s, "5 6");
    sim_partition(s, "0 2 | 1 3 4 5 6");
}

/* The liars leave for the view, and show the old VIEW-CHANGE as the third: those who are left have to follow. */
static void lure(struct sim *s, struct rota_view_change *old, struct rota_view_change changes[5])
{
    struct rota_message message = {.kind = ROTA_MESSAGE_VIEW_CHANGE};
    s->liars |= 1 << LIAR | 1 << LEADER;
    for (uint32_t i = 3; i < 5; i++) {
        changes[i] = (struct rota_view_change){.sender = i + 2, .new_view = VIEW, .incarnation = 1};
        message.view_change = &changes[i];
        speak(s, i + 2, &message, NULL);
    }
    changes[1] = *old;
    message.view_change = old;
    message.sender = FORGOT;
    message.signature = old->signature;
    say_to_left(s, LIAR, &message, NULL);
    sim_run_ms(s, 3 * STEP_MS);
}

static void own_change_read(struct sim *s, uint32_t member, struct rota_view_change *out)
{
    const struct sim_disk *disk = &s->replicas[member].disk;
    static struct rota_message_scratch scratch;
    struct rota_message message;
    struct rota_reader reader = rota_reader(rota_view(disk->view_change, disk->view_change_len));
    cr_assert(rota_is_ok(rota_message_decode(&message, &scratch, &reader)));
    *out = *message.view_change;
}

/* A NEW-VIEW without anybody who knows of the block, another block in its place, and votes for it. */
static void fork_it(struct sim *s, struct rota_view_change changes[5])
{
    const struct sim_block *head = s->replicas[1].disk.chain[s->replicas[1].disk.height];
    own_change_read(s, 1, &changes[0]);
    own_change_read(s, 3, &changes[2]);
    struct rota_message message = {.kind = ROTA_MESSAGE_NEW_VIEW};
    message.new_view = (struct rota_new_view){
        .view = VIEW, .change_count = 5, .changes = changes, .tip_height = head->header.height, .tip = head->hash};
    struct rota_hash nv = message.new_view.nv = rota_new_view_digest(&s->membership, &message.new_view);
    speak(s, LEADER, &message, NULL);
    sim_run_ms(s, 3 * STEP_MS);
    struct sim_block block = {.header = head->header};
    block.header.height++;
    block.header.tree_size++;
    block.header.time_ms++;
    block.header.prev_hash = head->hash;
    block.header.proposer = LEADER;
    sim_block_seal(&block);
    const struct sim_block *other = sim_block_add(s, &block);
    message = (struct rota_message){.kind = ROTA_MESSAGE_PREPREPARE};
    message.preprepare = (struct rota_preprepare){.view = VIEW, .nv = nv, .header = other->header, .block = other->hash};
    speak(s, LEADER, &message, other);
    for (uint32_t kind = ROTA_VOTE_PREPARE; kind <= ROTA_VOTE_COMMIT; kind++)
        for (uint32_t member = LIAR; member <= LEADER; member++) {
            message = (struct rota_message){.kind = kind == ROTA_VOTE_PREPARE ? ROTA_MESSAGE_PREPARE : ROTA_MESSAGE_COMMIT};
            message.vote = (struct rota_vote){.kind = (enum rota_vote_kind)kind,
                                              .view = VIEW,
                                              .nv = nv,
                                              .height = block.header.height,
                                              .block = other->hash};
            speak(s, member, &message, NULL);
        }
    sim_run_ms(s, 10 * STEP_MS);
}

/* H7: the ledger of those who are left has the member's word, and so its old VIEW-CHANGE moves nobody. */
Test(old_words, two_liars_do_not_fork_the_ledger_with_the_old_words_of_a_third)
{
    static struct rota_view_change old, changes[5];
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct sim *s = after_the_loss(seed, &old);
        s->halts_expected = true; /* the liars' cores meet what was said in their names */
        commit_unheard(s);
        lure(s, &old, changes);
        bool moved = false;
        for (uint32_t i = 0; i < 3; i++)
            moved |= sim_view(s, left[i]).view == VIEW;
        if (moved)
            fork_it(s, changes);
        cr_assert(!moved, "seed %llu: what it said before the loss moves others", (unsigned long long)seed);
        sim_heal(s);
        sim_resubmit(s);
        sim_expect(s, sim_run_until_settled(s, 20000), "no progress after the attack");
        sim_expect_one_history(s, "0 1 2 3 4");
        sim_free(s);
    }
}

/* The same NEW-VIEW, shown to one that knows of the block. That it forgets the block does not mean that more than f lie: the
 * ledger takes back what it is made of. */
Test(old_words, nobody_is_made_to_stop_by_a_view_that_rests_on_old_words)
{
    static struct rota_view_change old, changes[5];
    struct sim *s = after_the_loss(4, &old);
    commit_unheard(s);
    const struct sim_disk *disk = &s->replicas[1].disk;
    const struct sim_block *head = disk->chain[disk->height];
    s->liars |= 1 << LIAR | 1 << LEADER;
    for (uint32_t i = 0; i < 5; i++) {
        struct rota_message message = {.kind = ROTA_MESSAGE_VIEW_CHANGE, .view_change = &changes[i]};
        message.sender = (const uint32_t[]){1, FORGOT, 3, LIAR, LEADER}[i];
        changes[i] = (struct rota_view_change){.sender = message.sender, .new_view = VIEW, .incarnation = 1};
        if (i == 1)
            changes[i] = old;
        changes[i].has_best = changes[i].has_committed = i < 3;
        if (i == 0 || i == 2)
            changes[i].best = changes[i].committed = *disk->certificates[disk->height];
        if (i != 1)
            sim_sign(s, message.sender, &message);
    }
    struct rota_message message = {.kind = ROTA_MESSAGE_NEW_VIEW};
    message.new_view = (struct rota_new_view){
        .view = VIEW, .change_count = 5, .changes = changes, .tip_height = head->header.height, .tip = head->hash};
    message.new_view.nv = rota_new_view_digest(&s->membership, &message.new_view);
    sim_partition(s, "0 5 6 | 1 2 3 4");
    sim_forge(s, LEADER, 0, &message);
    sim_run_ms(s, 3 * STEP_MS);
    cr_assert_null(sim_view(s, 0).halted, "%s", sim_view(s, 0).halted);
    cr_assert_lt(sim_view(s, 0).view, VIEW);
    sim_heal(s);
    sim_resubmit(s);
    sim_expect(s, sim_run_until_settled(s, 20000), "no progress after the attack");
    sim_free(s);
}
