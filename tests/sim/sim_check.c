/* What must hold after every step: agreement, certificates, chain, exactly once, and that no correct replica ever says two
 * things. The shadow remembers everything that was ever said or committed; it is not the replica's memory. */
#include "tests/sim/sim_liar.h"

#include <stdlib.h>

enum { SAID_BUCKETS = 1 << 16 };

/* A vote that left a replica. */
struct said {
    struct said *next;
    uint32_t member;
    struct rota_vote vote;
};

struct view_said {
    struct view_said *next;
    uint32_t member;
    enum rota_message_kind kind;
    uint64_t view;
    uint64_t incarnation; /* of a VIEW-CHANGE */
    struct rota_hash content;
};

struct sim_shadow {
    struct said *said[SAID_BUCKETS];
    struct view_said *views;
    uint64_t durable_view[ROTA_MEMBERS_MAX];
    uint64_t prepared_view[ROTA_MEMBERS_MAX], prepared_height[ROTA_MEMBERS_MAX];
    struct rota_vote highest_commit[ROTA_MEMBERS_MAX]; /* by view, then height */
    uint64_t left_for[ROTA_MEMBERS_MAX];               /* highest view of a VIEW-CHANGE */
    uint64_t change_step[ROTA_MEMBERS_MAX];            /* the turn of its latest VIEW-CHANGE, and how many it said then */
    uint32_t change_count[ROTA_MEMBERS_MAX];
};

void sim_check_open(struct sim *sim)
{
    sim->shadow = calloc(1, sizeof *sim->shadow);
    ROTA_ASSERT(sim->shadow);
    sim_check_signed_open(sim);
    sim_check_held_open(sim);
}

void sim_check_close(struct sim *sim)
{
    for (size_t i = 0; i < SAID_BUCKETS; i++)
        for (struct said *said = sim->shadow->said[i], *next; said; said = next) {
            next = said->next;
            free(said);
        }
    for (struct view_said *said = sim->shadow->views, *next; said; said = next) {
        next = said->next;
        free(said);
    }
    free(sim->shadow);
    sim_check_signed_close(sim);
    sim_check_held_close(sim);
}

static size_t said_bucket(uint32_t member, const struct rota_vote *vote)
{
    return (member * 31 + (size_t)vote->kind * 7919 + vote->view * 104729 + vote->height * 1299709) % SAID_BUCKETS;
}

/* A replica that was put back to an older state and has not found out counts as faulty (PROTOCOL M2): it may be accused. */
static void check_contradiction(struct sim *sim, uint32_t member, enum sim_checker checker, const char *sentence)
{
    if (!(sim->forgetful >> member & 1))
        sim_fail(sim, checker, sentence);
    sim->liars |= UINT32_C(1) << member;
}

/* No correct replica votes for two blocks in one (view, height, phase), across crashes too. True when the vote is new. */
static bool check_one_vote(struct sim *sim, uint32_t member, const struct rota_vote *vote)
{
    struct said **bucket = &sim->shadow->said[said_bucket(member, vote)];
    for (const struct said *said = *bucket; said; said = said->next) {
        if (said->member != member || said->vote.kind != vote->kind || said->vote.view != vote->view ||
            said->vote.height != vote->height)
            continue;
        if (!rota_vote_equal(&said->vote, vote))
            check_contradiction(sim, member, SIM_DOUBLE_VOTE,
                                "a correct replica voted for two blocks at one height of one view");
        return false;
    }
    struct said *said = malloc(sizeof *said);
    ROTA_ASSERT(said);
    *said = (struct said){*bucket, member, *vote};
    *bucket = said;
    return true;
}

/* PREPAREs of one view go up, and stand on what was prepared before or on the tip. */
static void check_chain_rule(struct sim *sim, uint32_t member, const struct rota_vote *vote)
{
    struct sim_shadow *shadow = sim->shadow;
    if (vote->view == shadow->prepared_view[member] && vote->height <= shadow->prepared_height[member])
        sim_fail(sim, SIM_CHAIN_RULE, "a correct replica's PREPAREs of one view went down");
    if (vote->view < shadow->prepared_view[member])
        sim_fail(sim, SIM_CHAIN_RULE, "a correct replica prepared in a view that it had left");
    shadow->prepared_view[member] = vote->view;
    shadow->prepared_height[member] = vote->height;
}

/* The vote's own record. A PREPARE is struck out of it when a quorum's COMMIT for another block stands there (N9). */
static bool is_recorded(const struct rota_own_vote *own, const struct rota_vote *vote)
{
    if (own->height != vote->height || own->view != vote->view)
        return false;
    bool same = rota_hash_equal(&own->block, &vote->block);
    if (vote->kind == ROTA_VOTE_COMMIT)
        return own->committed && same;
    return same ? own->prepared : own->committed;
}

/* PROTOCOL D1: persist before send, judged by the disk and not by the memory. */
static void check_on_disk(struct sim *sim, const struct sim_replica *replica, const struct rota_vote *vote)
{
    const struct sim_disk *disk = &replica->disk;
    if (!disk->has_durable || disk->durable.view < vote->view)
        sim_fail(sim, SIM_DURABILITY, "a vote left before its view was durable");
    if (disk->durable.view == vote->view && !is_recorded(&disk->durable.votes[vote->height % ROTA_SLOTS], vote))
        sim_fail(sim, SIM_DURABILITY, "a vote left before its record was durable");
    const struct sim_block *block = NULL;
    for (uint32_t i = 0; i < disk->pending_count && !block; i++)
        if (rota_hash_equal(&disk->pending[i]->hash, &vote->block))
            block = disk->pending[i];
    if (!block && !(vote->height <= disk->height && rota_hash_equal(&disk->chain[vote->height]->hash, &vote->block)))
        sim_fail(sim, SIM_DURABILITY, "a vote left before its block was durable");
    if (vote->kind != ROTA_VOTE_COMMIT)
        return;
    const struct rota_vote *best = &disk->durable.best.vote;
    bool locked =
        disk->durable.has_best && (best->view > vote->view || (best->view == vote->view && best->height >= vote->height));
    if (!locked && vote->height > disk->height)
        sim_fail(sim, SIM_DURABILITY, "a COMMIT left before its lock was durable");
}

/* H5, judged by the disk: a replica that may have forgotten something says nothing that counts. */
static void check_silence(struct sim *sim, const struct sim_replica *replica, enum rota_message_kind kind)
{
    bool counts = kind <= ROTA_MESSAGE_NEW_VIEW;
    if (counts && replica->disk.durable.standing != ROTA_STANDING_MEMBER)
        sim_fail(sim, SIM_SILENCE, "a replica that may have forgotten something is not silent");
    bool waits = rota_quorum(sim->membership.count, sim->membership.profile) < sim->membership.count;
    const struct sim_disk *disk = &replica->disk;
    if (counts && waits && disk->durable.floor > 0 &&
        (disk->height == 0 || disk->chain[disk->height]->floors.floor[replica->index] < disk->durable.floor))
        sim_fail(sim, SIM_SILENCE, "a replica that lost its memory speaks before its ledger says so");
}

/* V2: to a view that J others have come to it goes in one step. Before that its own timer may have run out, and the
 * primaries of fewer than J views in a row may be known to have gone on (V1). */
static void check_changes_of_turn(struct sim *sim, uint32_t member)
{
    struct sim_shadow *shadow = sim->shadow;
    if (shadow->change_step[member] != sim->stats.steps)
        shadow->change_count[member] = 0;
    shadow->change_step[member] = sim->stats.steps;
    if (++shadow->change_count[member] > rota_join_threshold(sim->membership.count, sim->membership.profile) + 1)
        sim_fail(sim, SIM_BOUNDED, "a correct replica goes one by one through views that others have left");
}

static void check_view_said(struct sim *sim, const struct sim_replica *replica, const struct view_said *now)
{
    uint32_t member = replica->index;
    for (const struct view_said *said = sim->shadow->views; said; said = said->next) {
        if (said->member != member || said->kind != now->kind || said->view != now->view)
            continue;
        if (now->kind == ROTA_MESSAGE_VIEW_CHANGE && said->incarnation < replica->disk.durable.floor)
            continue; /* of before it lost its memory, which everybody knows (H7) */
        if (!rota_hash_equal(&said->content, &now->content))
            check_contradiction(sim, member, SIM_DOUBLE_VOTE,
                                "a correct replica said two VIEW-CHANGEs or two NEW-VIEWs for one view");
        return;
    }
    check_silence(sim, replica, now->kind);
    if (now->kind == ROTA_MESSAGE_VIEW_CHANGE)
        check_changes_of_turn(sim, member);
    struct view_said *said = malloc(sizeof *said);
    ROTA_ASSERT(said);
    *said = *now;
    said->member = member;
    said->next = sim->shadow->views;
    sim->shadow->views = said;
}

/* A VIEW-CHANGE leaves when its view is durable, and shows at least the lock of every COMMIT that was said before (V5). */
static void check_view_change(struct sim *sim, const struct sim_replica *replica, const struct rota_view_change *change)
{
    const struct sim_disk *disk = &replica->disk;
    if (!disk->has_durable || disk->durable.view < change->new_view || !disk->view_change)
        sim_fail(sim, SIM_DURABILITY, "a VIEW-CHANGE left before it was durable");
    const struct rota_vote *said = &sim->shadow->highest_commit[replica->index], *best = &change->best.vote;
    if (said->height == 0 || said->view >= change->new_view)
        return;
    if (rota_quorum(sim->membership.count, sim->membership.profile) == sim->membership.count && disk->durable.floor > 0)
        return; /* H5: where everybody is needed, all the others hold whatever lock counts */
    if (!change->has_best || best->view < said->view || (best->view == said->view && best->height < said->height))
        check_contradiction(sim, replica->index, SIM_LOCK, "a correct replica's VIEW-CHANGE hides the lock of its COMMIT");
}

/* What is said for the first time belongs to the window and to a view that was not left (V5). */
static void check_new_vote(struct sim *sim, const struct sim_replica *replica, const struct rota_vote *vote)
{
    if (vote->view < sim->shadow->left_for[replica->index])
        sim_fail(sim, SIM_LEFT_VIEW, "a correct replica voted in a view that it had left");
    /* a tip, or what a quorum has prepared, may lie higher above a ledger that is behind (V10, N6) */
    bool behind = vote->kind == ROTA_VOTE_COMMIT || vote->height == replica->disk.durable.tip_height;
    if (vote->height > replica->disk.height + (behind ? ROTA_SLOTS : sim->limits.window))
        sim_fail(sim, SIM_BOUNDED, "a vote beyond the window");
    if (vote->kind == ROTA_VOTE_PREPARE)
        check_chain_rule(sim, replica->index, vote);
}

static void commit_said(struct sim *sim, uint32_t member, const struct rota_vote *vote)
{
    struct rota_vote *highest = &sim->shadow->highest_commit[member];
    if (vote->view > highest->view || (vote->view == highest->view && vote->height > highest->height))
        *highest = *vote;
}

void sim_check_said(struct sim *sim, const struct sim_replica *replica, const struct rota_message *message)
{
    struct rota_vote vote;
    struct view_said now = {.kind = message->kind};
    if (message->sender != replica->index)
        return;                                 /* passed on */
    if (message->kind != ROTA_MESSAGE_NEW_VIEW) /* one that was said before the loss is still passed on to who is behind */
        check_silence(sim, replica, message->kind);
    switch (message->kind) {
    case ROTA_MESSAGE_PREPREPARE:
    case ROTA_MESSAGE_PREPARE:
    case ROTA_MESSAGE_COMMIT:
        vote = message->kind == ROTA_MESSAGE_PREPREPARE ? rota_preprepare_vote(&message->preprepare) : message->vote;
        check_on_disk(sim, replica, &vote);
        if (vote.kind == ROTA_VOTE_COMMIT)
            commit_said(sim, replica->index, &vote);
        if (check_one_vote(sim, replica->index, &vote))
            check_new_vote(sim, replica, &vote);
        sim_check_voted(sim, replica, &vote);
        if (vote.kind == ROTA_VOTE_PREPARE)
            sim_check_prepared(sim, replica, &vote);
        break;
    case ROTA_MESSAGE_VIEW_CHANGE:
        check_view_change(sim, replica, message->view_change);
        if (message->view_change->new_view > sim->shadow->left_for[replica->index])
            sim->shadow->left_for[replica->index] = message->view_change->new_view;
        now.view = message->view_change->new_view;
        now.incarnation = message->view_change->incarnation;
        now.content = rota_view_change_content(message->view_change);
        check_view_said(sim, replica, &now);
        break;
    case ROTA_MESSAGE_NEW_VIEW:
        now.view = message->new_view.view;
        now.content = rota_new_view_digest(&sim->membership, &message->new_view);
        check_view_said(sim, replica, &now);
        break;
    case ROTA_MESSAGE_SUSPECT:
    case ROTA_MESSAGE_STATUS:
    case ROTA_MESSAGE_HEARTBEAT:
    case ROTA_MESSAGE_BLOCK:
    case ROTA_MESSAGE_READ_INDEX:
    case ROTA_MESSAGE_READ_INDEX_REPLY:
    case ROTA_MESSAGE_HELLO:
    case ROTA_MESSAGE_HELLO_REPLY:
    case ROTA_MESSAGE_RECOVERED:
        break;
    }
}

/* The first to commit a height sets it for everybody; each request once. */
static void agree(struct sim *sim, const struct sim_replica *replica, uint64_t height)
{
    const struct sim_block *block = replica->disk.chain[height];
    if (height <= sim->agreed_height) {
        if (sim->agreed[height] != block && sim_lies_too_many(sim))
            sim_check_fork(sim, replica, height);
        else if (sim->agreed[height] != block)
            sim_fail(sim, SIM_AGREEMENT, "two correct replicas committed different blocks at one height");
        return;
    }
    ROTA_ASSERT(height == sim->agreed_height + 1);
    const struct sim_block *parent = height > 1 ? sim->agreed[height - 1] : NULL;
    if (parent ? !rota_hash_equal(&block->header.prev_hash, &parent->hash) : !rota_hash_is_zero(&block->header.prev_hash))
        sim_fail(sim, SIM_CHAIN, "a committed block does not link to the one below");
    if (parent && block->header.time_ms <= parent->header.time_ms)
        sim_fail(sim, SIM_CHAIN, "time did not increase from block to block");
    if (block->ticks &&
        (block->request_count > 0 ||
         !rota_tick_may(block->header.time_ms, parent ? parent->header.time_ms : SIM_CREATED_MS - 1, sim->timers.tick_ms)))
        sim_fail(sim, SIM_QUIESCENCE, "a TICK although the block below it was not old enough");
    if (block->ticks)
        sim_reach(sim, SIM_REACHED_TICKED);
    for (uint32_t i = 0; i < block->request_count; i++) {
        if (sim->committed_at[block->requests[i]])
            sim_fail(sim, SIM_EXACTLY_ONCE, "a request was committed twice");
        sim->committed_at[block->requests[i]] = height;
    }
    if (block->word_count > 0)
        sim_reach(sim, SIM_REACHED_WORD_ORDERED);
    sim->agreed[height] = block;
    sim->agreed_height = height;
    sim->stats.commits++;
}

void sim_check_committed(struct sim *sim, const struct sim_replica *replica, uint64_t height,
                         const struct rota_certificate *certificate)
{
    /* first what others have too, so that a fork is seen where it began */
    for (uint64_t h = height > ROTA_SLOTS ? height - ROTA_SLOTS : 1; h <= height && !sim->forked; h++)
        agree(sim, replica, h);
    if (sim->forked)
        return;
    sim_check_certificate(sim, certificate);
    if (!rota_is_ok(rota_certificate_verify(&sim->membership, certificate)))
        sim_fail(sim, SIM_CERTIFICATE, "a block was committed with a certificate that does not verify");
    if (certificate->vote.kind != ROTA_VOTE_COMMIT || certificate->vote.height != height ||
        !rota_hash_equal(&certificate->vote.block, &replica->disk.chain[height]->hash))
        sim_fail(sim, SIM_CERTIFICATE, "a block was committed with another's certificate");
    sim_trace(sim, height * 131 + replica->index);
    sim_trace(sim, replica->disk.chain[height]->hash.b[0] | (uint64_t)replica->disk.chain[height]->hash.b[1] << 8);
}

void sim_check_forgot(struct sim *sim, uint32_t member)
{
    sim->shadow->durable_view[member] = 0;
    sim_check_forgot_held(sim, member);
}

void sim_check_restarted(struct sim *sim, const struct sim_replica *replica)
{
    uint64_t view = replica->disk.has_durable ? replica->disk.durable.view : 0;
    if (view < sim->shadow->durable_view[replica->index])
        sim_fail(sim, SIM_MONOTONE, "a replica came back in an earlier view than it had on disk");
    sim->shadow->durable_view[replica->index] = view;
}
