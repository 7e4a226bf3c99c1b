/* The simulator's checkers can fail: each is shown a history that must not be, and must say so under its own name. */
#include "tests/sim/sim_liar.h"

#include <criterion/criterion.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a process prints that runs this history; sim_fail ends it. words: the checker's name, with its sentence where it has
 * several. */
static void expect_violation(void (*history)(struct sim *s), const char *words)
{
    int ends[2];
    char text[4096], wanted[128];
    cr_assert_eq(pipe(ends), 0);
    fflush(NULL);
    pid_t pid = fork();
    cr_assert_geq(pid, 0);
    if (pid == 0) {
        dup2(ends[1], 2);
        history(sim_cluster(.members = 4, .seed = 1));
        _exit(0);
    }
    close(ends[1]);
    size_t len = 0;
    for (ssize_t got; len + 1 < sizeof text && (got = read(ends[0], text + len, sizeof text - 1 - len)) > 0;)
        len += (size_t)got;
    text[len] = '\0';
    close(ends[0]);
    int status;
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1, "nothing was noticed, %s should have been", words);
    snprintf(wanted, sizeof wanted, "violation %s", words);
    cr_assert(strstr(text, wanted), "%s should have noticed, not: %s", words, text);
}

static const struct sim_block *block_on(struct sim *s, const struct sim_block *parent, uint64_t time_ms)
{
    struct sim_block block = {.header = {.height = parent ? parent->header.height + 1 : 1,
                                         .time_ms = time_ms,
                                         .config_hash = s->membership.config_hash}};
    if (parent)
        block.header.prev_hash = parent->hash;
    sim_block_seal(&block);
    return sim_block_add(s, &block);
}

static struct rota_message vote_for(enum rota_vote_kind kind, uint64_t view, const struct sim_block *block)
{
    struct rota_message message = {.kind = kind == ROTA_VOTE_PREPARE ? ROTA_MESSAGE_PREPARE : ROTA_MESSAGE_COMMIT};
    message.vote = (struct rota_vote){.kind = kind, .view = view, .height = block->header.height, .block = block->hash};
    return message;
}

/* Members 0 to 2, a quorum of four, say this. */
static void quorum_says(struct sim *s, enum rota_vote_kind kind, uint64_t view, const struct sim_block *block)
{
    struct rota_message message = vote_for(kind, view, block);
    for (uint32_t member = 0; member < 3; member++) {
        sim_check_signed(s, &s->replicas[member], &message);
        sim_check_left(s, &s->replicas[member], &message);
    }
}

static void two_commit_certificates(struct sim *s)
{
    quorum_says(s, ROTA_VOTE_COMMIT, 0, block_on(s, NULL, 1));
    quorum_says(s, ROTA_VOTE_COMMIT, 3, block_on(s, block_on(s, NULL, 2), 3)); /* covers another block at height 1 */
}

static void two_prepare_certificates(struct sim *s)
{
    quorum_says(s, ROTA_VOTE_PREPARE, 2, block_on(s, NULL, 1));
    quorum_says(s, ROTA_VOTE_PREPARE, 2, block_on(s, NULL, 2));
}

static void certificate_nobody_signed(struct sim *s)
{
    struct rota_message message = vote_for(ROTA_VOTE_COMMIT, 0, block_on(s, NULL, 1));
    struct rota_certificate certificate = {.vote = message.vote, .epoch = s->membership.epoch, .signers = 7};
    sim_check_signed(s, &s->replicas[0], &message);
    sim_check_signed(s, &s->replicas[1], &message);
    sim_check_certificate(s, s->latest, &certificate);
}

static void certificate_of_two(struct sim *s)
{
    struct rota_message message = vote_for(ROTA_VOTE_COMMIT, 0, block_on(s, NULL, 1));
    struct rota_certificate certificate = {.vote = message.vote, .epoch = s->membership.epoch, .signers = 3};
    sim_check_signed(s, &s->replicas[0], &message);
    sim_check_signed(s, &s->replicas[1], &message);
    sim_check_certificate(s, s->latest, &certificate);
}

Test(checkers, certificates)
{
    expect_violation(two_commit_certificates, "certificate two commit certificates");
    expect_violation(two_prepare_certificates, "certificate two prepare certificates");
    expect_violation(certificate_nobody_signed, "certificate a stored certificate names a signer who never signed it");
    expect_violation(certificate_of_two, "certificate a stored certificate without exactly a quorum");
}

static void new_view_forgets(struct sim *s)
{
    const struct sim_block *first = block_on(s, NULL, 1);
    quorum_says(s, ROTA_VOTE_COMMIT, 1, block_on(s, first, 2));
    sim_check_tip(s, 0, 2, 1, &first->hash);
}

/* The last COMMIT comes to light after the NEW-VIEW was taken. */
static void new_view_forgot(struct sim *s)
{
    const struct sim_block *first = block_on(s, NULL, 1);
    sim_check_tip(s, 0, 2, 1, &first->hash);
    quorum_says(s, ROTA_VOTE_COMMIT, 1, block_on(s, first, 2));
}

/* View changes to view 1 by these three members, that show nothing. */
static struct rota_new_view new_view_of(struct rota_view_change changes[3], uint32_t a, uint32_t b, uint32_t c)
{
    const uint32_t senders[] = {a, b, c};
    for (uint32_t i = 0; i < 3; i++)
        changes[i] = (struct rota_view_change){.sender = senders[i], .new_view = 1};
    return (struct rota_new_view){.view = 1, .change_count = 3, .changes = changes};
}

static void new_view_of_two(struct sim *s)
{
    static struct rota_view_change changes[3];
    struct rota_new_view new_view = new_view_of(changes, 0, 1, 1);
    sim_check_new_view(s, &s->replicas[0], &new_view);
}

static void new_view_with_an_invented_lock(struct sim *s)
{
    static struct rota_view_change changes[3];
    struct rota_new_view new_view = new_view_of(changes, 0, 1, 2);
    changes[2].has_best = true;
    changes[2].best.vote = vote_for(ROTA_VOTE_PREPARE, 0, block_on(s, NULL, 1)).vote;
    changes[2].best.epoch = s->membership.epoch;
    changes[2].best.signers = 7;
    new_view.tip_height = 1;
    new_view.tip = changes[2].best.vote.block;
    sim_check_new_view(s, &s->replicas[0], &new_view);
}

static void new_view_with_another_tip(struct sim *s)
{
    static struct rota_view_change changes[3];
    struct rota_new_view new_view = new_view_of(changes, 0, 1, 2);
    new_view.tip_height = 1;
    sim_check_new_view(s, &s->replicas[0], &new_view);
}

Test(checkers, new_views)
{
    expect_violation(new_view_of_two, "new_view a NEW-VIEW that counts is not made of exactly a quorum");
    expect_violation(new_view_with_an_invented_lock, "new_view a NEW-VIEW that counts has a lock that nobody made");
    expect_violation(new_view_with_another_tip, "new_view a NEW-VIEW that counts has a tip that does not follow");
    expect_violation(new_view_forgets, "new_view a correct replica took a NEW-VIEW that forgets");
    expect_violation(new_view_forgot, "new_view a correct replica took a NEW-VIEW that forgets");
}

static void nobody_accused(struct sim *s)
{
    struct rota_message one = vote_for(ROTA_VOTE_COMMIT, 0, block_on(s, NULL, 1));
    struct rota_message other = vote_for(ROTA_VOTE_COMMIT, 0, block_on(s, NULL, 2));
    one.sender = other.sender = 3;
    sim_check_heard(s, &s->replicas[0], &one);
    sim_check_heard(s, &s->replicas[0], &other);
    sim_check_settled_debt(s, &s->replicas[0]);
}

Test(checkers, accusations)
{
    expect_violation(nobody_accused, "accusation a correct replica held two votes");
}

/* The document is for an epoch of the same four; it stands in a block of its own, and another block is built on that one. */
static void votes_above_the_end(struct sim *s)
{
    struct sim_block end = *block_on(s, NULL, 1);
    sim_submit_document(s, 15, 0, 0);
    end.request_count = 1;
    end.requests[0] = s->documents[0].request;
    sim_block_seal(&end);
    struct rota_message vote = vote_for(ROTA_VOTE_PREPARE, 0, block_on(s, sim_block_add(s, &end), 2));
    sim_check_epoch_end(s, &s->replicas[0], &vote.vote);
}

static void votes_in_another_epoch(struct sim *s)
{
    struct sim_block other = *block_on(s, NULL, 1);
    sim_submit_document(s, 15, 0, 0);
    other.header.epoch = 1;
    sim_block_seal(&other);
    struct rota_message vote = vote_for(ROTA_VOTE_COMMIT, 0, sim_block_add(s, &other));
    sim_check_epoch_end(s, &s->replicas[0], &vote.vote);
}

static void speaks_without_a_seat(struct sim *s)
{
    struct rota_message vote = vote_for(ROTA_VOTE_COMMIT, 0, block_on(s, NULL, 1));
    s->replicas[2].member = SIM_NOBODY;
    sim_check_said(s, &s->replicas[2], &vote);
}

/* The end of the epoch is final, and a block of the old members is committed above it. */
static void old_members_go_on(struct sim *s)
{
    struct rota_certificate certificate = {.vote.height = 2};
    struct sim_disk *disk = &s->replicas[0].disk;
    struct sim_block end = *block_on(s, NULL, 1);
    sim_submit_document(s, 15, 0, 0);
    end.request_count = 1;
    end.requests[0] = s->documents[0].request;
    sim_block_seal(&end);
    disk->chain[1] = sim_block_add(s, &end);
    disk->chain[2] = block_on(s, disk->chain[1], 2);
    disk->height = 2;
    sim_check_committed(s, &s->replicas[0], 2, &certificate);
}

Test(checkers, epochs)
{
    expect_violation(votes_above_the_end, "epoch a correct replica voted for a block above one that ends its epoch");
    expect_violation(votes_in_another_epoch, "epoch a correct replica voted for a block of another epoch");
    expect_violation(speaks_without_a_seat, "epoch a facility that is no member speaks");
    expect_violation(old_members_go_on, "epoch a committed block is not of the epoch");
}

static void view_goes_back(struct sim *s)
{
    struct sim_replica *replica = &s->replicas[1];
    replica->disk.has_durable = true;
    replica->disk.durable.view = 3;
    sim_check_saved(s, replica);
    replica->disk.durable.view = 2;
    sim_check_saved(s, replica);
}

static void lock_goes_back(struct sim *s)
{
    struct sim_replica *replica = &s->replicas[1];
    replica->disk.has_durable = replica->disk.durable.has_best = true;
    replica->disk.durable.best.vote.height = 5;
    sim_check_saved(s, replica);
    replica->disk.durable.best.vote.height = 4;
    sim_check_saved(s, replica);
}

Test(checkers, disks)
{
    expect_violation(view_goes_back, "monotone a view on disk went back");
    expect_violation(lock_goes_back, "monotone a lock on disk went back");
}

/* The primary proposes this block; its PREPARE. */
static struct rota_vote proposed(struct sim *s, uint64_t view, const struct sim_block *block)
{
    struct rota_message message = {.kind = ROTA_MESSAGE_PREPREPARE};
    message.preprepare = (struct rota_preprepare){.view = view, .header = block->header, .block = block->hash};
    sim_check_signed(s, &s->replicas[rota_primary(&s->membership, view)], &message);
    return vote_for(ROTA_VOTE_PREPARE, view, block).vote;
}

static void prepares_two_chains(struct sim *s)
{
    struct rota_vote one = proposed(s, 0, block_on(s, NULL, 1));
    struct rota_vote other = proposed(s, 0, block_on(s, block_on(s, NULL, 2), 3));
    sim_check_prepared(s, &s->replicas[0], &one);
    sim_check_prepared(s, &s->replicas[0], &other);
}

static const char not_the_tip[] = "chain_rule a correct replica's first PREPARE of a view is not for the tip";

static void prepares_below_the_tip(struct sim *s)
{
    struct sim_replica *replica = &s->replicas[0];
    struct rota_vote vote = proposed(s, 2, block_on(s, NULL, 1));
    replica->disk.durable.view = 2;
    replica->disk.durable.tip_height = 2;
    sim_check_prepared(s, replica, &vote);
}

static void prepare_of_what_nobody_proposed(struct sim *s)
{
    struct rota_message vote = vote_for(ROTA_VOTE_PREPARE, 0, block_on(s, NULL, 1));
    sim_check_signed(s, &s->replicas[3], &vote); /* who is not the primary */
    sim_check_prepared(s, &s->replicas[1], &vote.vote);
}

static void prepare_of_the_second_proposal(struct sim *s)
{
    const struct sim_block *blocks[] = {block_on(s, NULL, 1), block_on(s, NULL, 2)};
    for (uint32_t i = 0; i < 2; i++) {
        struct rota_message message = {.kind = ROTA_MESSAGE_PREPREPARE};
        message.preprepare = (struct rota_preprepare){.header = blocks[i]->header, .block = blocks[i]->hash};
        sim_check_signed(s, &s->replicas[0], &message);
        sim_check_heard(s, &s->replicas[1], &message);
    }
    struct rota_message vote = vote_for(ROTA_VOTE_PREPARE, 0, blocks[1]);
    sim_check_prepared(s, &s->replicas[1], &vote.vote);
}

Test(checkers, prepares)
{
    expect_violation(prepare_of_what_nobody_proposed,
                     "chain_rule a correct replica prepared what the primary never proposed");
    expect_violation(prepare_of_the_second_proposal, "chain_rule a correct replica prepared the second of two");
    expect_violation(prepares_two_chains, "chain_rule a correct replica's PREPAREs of one view are not one chain");
    expect_violation(prepares_below_the_tip, not_the_tip);
}

/* Member 0's copy is of view 2 with the block above the tip prepared, or not, and is put back; then it says that PREPARE. */
static void copy_prepares_above_the_tip(struct sim *s, bool in_the_copy)
{
    struct sim_replica *replica = &s->replicas[0];
    struct rota_durable *durable = &replica->disk.durable;
    struct rota_vote vote = proposed(s, 2, block_on(s, block_on(s, NULL, 1), 2));
    replica->disk.has_durable = true;
    durable->view = 2;
    durable->tip_height = 1;
    durable->votes[2] = (struct rota_own_vote){.height = 2, .prepared = in_the_copy, .view = 2, .block = vote.block};
    sim_check_forgot(s, 0);
    sim_check_prepared(s, replica, &vote);
}

static void copy_prepares_anew(struct sim *s)
{
    copy_prepares_above_the_tip(s, false);
}

Test(checkers, a_copy_may_repeat_what_it_holds)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 1);
    copy_prepares_above_the_tip(s, true);
    sim_free(s);
    expect_violation(copy_prepares_anew, not_the_tip);
}

/* Its disk failed under the record that says so: until it is looked at again nobody knows whether that is there. */
Test(checkers, who_is_back_by_a_record_that_may_be_lost_is_not_back_yet)
{
    struct sim *s = sim_cluster(.members = 4, .seed = 1);
    cr_assert(sim_memory_is_whole(s));
    s->replicas[1].disk.unsure = true;
    cr_assert_eq(sim_standing(s), UINT32_C(13));
    cr_assert_not(sim_memory_is_whole(s), "another one may forget");
    sim_free(s);
}

/* This member holds a block of its own as final, by the votes of these members. */
static void holds_as_final(struct sim *s, uint32_t member, uint64_t view, uint32_t signers)
{
    struct sim_disk *disk = &s->replicas[member].disk;
    const struct sim_block *block = block_on(s, NULL, member);
    disk->height = 1;
    disk->chain[1] = block;
    disk->certified[1] = true;
    disk->certificates[1] = calloc(1, sizeof *disk->certificates[1]);
    disk->certificates[1]->vote = vote_for(ROTA_VOTE_COMMIT, view, block).vote;
    disk->certificates[1]->signers = signers;
    s->agreed[1] = s->replicas[2].disk.chain[1];
    s->agreed_height = 1;
}

/* Two certificates that share fewer signers than two quorums do. */
static void fork_that_names_too_few(struct sim *s)
{
    s->liars = 3;
    holds_as_final(s, 2, 0, 7);
    holds_as_final(s, 3, 0, 9);
    sim_check_fork(s, &s->replicas[3], 1);
}

/* Different views, and one who is no liar showed a lower lock than it had committed. */
static void fork_that_names_the_wrong_one(struct sim *s)
{
    static struct rota_view_change change = {.new_view = 1};
    struct rota_message leave = {.kind = ROTA_MESSAGE_VIEW_CHANGE, .view_change = &change};
    sim_check_left(s, &s->replicas[2], &leave);
    s->liars = 3;
    holds_as_final(s, 2, 0, 7);
    holds_as_final(s, 3, 1, 7);
    sim_check_fork(s, &s->replicas[3], 1);
}

Test(checkers, forks)
{
    expect_violation(fork_that_names_too_few, "forensics a fork's two certificates name fewer than 2Q-n members");
    expect_violation(fork_that_names_the_wrong_one, "forensics a fork's two certificates name a correct replica");
}
