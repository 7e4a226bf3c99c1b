/* What must hold after every step: agreement, certificates, chain, exactly once, and that no correct replica ever says two
 * things. The shadow remembers everything that was ever said or committed; it is not the replica's memory. */
#include "tests/sim/sim_liar.h"

#include <stdlib.h>

enum { SAID_BUCKETS = 1 << 16 };

/* A vote that left a replica. */
struct said {
    struct said *next;
    uint32_t facility, epoch;
    struct rota_vote vote;
};

struct view_said {
    struct view_said *next;
    uint32_t facility, epoch;
    enum rota_message_kind kind;
    uint64_t view;
    uint64_t incarnation; /* of a VIEW-CHANGE */
    struct rota_hash content;
};

/* Of one facility in one epoch. */
struct shadow_member {
    uint64_t durable_view;
    uint64_t prepared_view, prepared_height;
    struct rota_vote highest_commit; /* by view, then height */
    uint64_t left_for;               /* highest view of a VIEW-CHANGE */
    uint64_t change_step;            /* the turn of its latest VIEW-CHANGE, and how many it said then */
    uint32_t change_count;
    uint64_t inherited_floor; /* of a loss in an earlier epoch */
};

struct sim_shadow {
    struct said *said[SAID_BUCKETS];
    struct view_said *views;
    struct shadow_member members[SIM_EPOCHS_MAX][ROTA_MEMBERS_MAX];
};

static struct shadow_member *member_of(struct sim *sim, const struct sim_replica *replica)
{
    return &sim->shadow->members[replica->epoch->membership.epoch % SIM_EPOCHS_MAX][replica->index];
}

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
static bool check_one_vote(struct sim *sim, const struct sim_replica *replica, const struct rota_vote *vote)
{
    uint32_t facility = replica->index, epoch = replica->epoch->membership.epoch;
    struct said **bucket = &sim->shadow->said[said_bucket(facility, vote)];
    for (const struct said *said = *bucket; said; said = said->next) {
        if (said->facility != facility || said->epoch != epoch || said->vote.kind != vote->kind ||
            said->vote.view != vote->view || said->vote.height != vote->height)
            continue;
        if (!rota_vote_equal(&said->vote, vote))
            check_contradiction(sim, facility, SIM_DOUBLE_VOTE,
                                "a correct replica voted for two blocks at one height of one view");
        return false;
    }
    struct said *said = malloc(sizeof *said);
    ROTA_ASSERT(said);
    *said = (struct said){*bucket, facility, epoch, *vote};
    *bucket = said;
    return true;
}

/* PREPAREs of one view go up, and stand on what was prepared before or on the tip. */
static void check_chain_rule(struct sim *sim, const struct sim_replica *replica, const struct rota_vote *vote)
{
    struct shadow_member *shadow = member_of(sim, replica);
    bool down = vote->view == shadow->prepared_view && vote->height <= shadow->prepared_height;
    if (down && sim_view(sim, replica->index).muted)
        return; /* R2, S2: only what its disk has of before the crash, and each peer gets what it lacks */
    if (down)
        sim_fail(sim, SIM_CHAIN_RULE, "a correct replica's PREPAREs of one view went down");
    if (vote->view < shadow->prepared_view)
        sim_fail(sim, SIM_CHAIN_RULE, "a correct replica prepared in a view that it had left");
    shadow->prepared_view = vote->view;
    shadow->prepared_height = vote->height;
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
    if (!disk->has_durable || disk->durable.epoch != replica->epoch->membership.epoch || disk->durable.view < vote->view)
        sim_fail(sim, SIM_DURABILITY, "a vote left before its view was durable");
    bool outlived = vote->height + ROTA_SLOTS <= disk->height; /* one member alone makes many blocks final in one turn */
    if (disk->durable.view == vote->view && !outlived && !is_recorded(&disk->durable.votes[vote->height % ROTA_SLOTS], vote))
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
    const struct rota_durable *durable = &replica->disk.durable;
    if (counts && (durable->standing != ROTA_STANDING_MEMBER || durable->epoch != replica->epoch->membership.epoch))
        sim_fail(sim, SIM_SILENCE, "a replica that may have forgotten something is not silent");
    const struct rota_membership *membership = &replica->epoch->membership;
    bool waits = rota_quorum(membership->count, membership->profile) < membership->count;
    const struct sim_block *head = replica->disk.height > 0 ? replica->disk.chain[replica->disk.height] : NULL;
    if (counts && waits && durable->floor > member_of(sim, replica)->inherited_floor &&
        sim_floors_of(head, &membership->config_hash).floor[replica->member] < durable->floor)
        sim_fail(sim, SIM_SILENCE, "a replica that lost its memory speaks before its ledger says so");
}

/* V2: where J others are known to have gone further it goes there in one step. Only the timer of a view change (V3), which
 * an active view has not, may have run out before. */
static void check_changes_of_turn(struct sim *sim, const struct sim_replica *replica, uint64_t view)
{
    struct shadow_member *shadow = member_of(sim, replica);
    if (shadow->change_step != sim->stats.steps)
        shadow->change_count = 0;
    shadow->change_step = sim->stats.steps;
    shadow->change_count += sim_check_is_overtaken(sim, replica, view);
    if (shadow->change_count > (replica->seen.mode == ROTA_MODE_ACTIVE ? 0 : 1))
        sim_fail(sim, SIM_BOUNDED, "a correct replica goes one by one through views that others have left");
}

static void check_view_said(struct sim *sim, const struct sim_replica *replica, const struct view_said *now)
{
    uint32_t facility = replica->index, epoch = replica->epoch->membership.epoch;
    for (const struct view_said *said = sim->shadow->views; said; said = said->next) {
        if (said->facility != facility || said->epoch != epoch || said->kind != now->kind || said->view != now->view)
            continue;
        if (now->kind == ROTA_MESSAGE_VIEW_CHANGE && said->incarnation < replica->disk.durable.floor)
            continue; /* of before it lost its memory, which everybody knows (H7) */
        if (!rota_hash_equal(&said->content, &now->content))
            check_contradiction(sim, facility, SIM_DOUBLE_VOTE,
                                "a correct replica said two VIEW-CHANGEs or two NEW-VIEWs for one view");
        return;
    }
    check_silence(sim, replica, now->kind);
    if (now->kind == ROTA_MESSAGE_VIEW_CHANGE)
        check_changes_of_turn(sim, replica, now->view);
    struct view_said *said = malloc(sizeof *said);
    ROTA_ASSERT(said);
    *said = *now;
    said->facility = facility;
    said->epoch = epoch;
    said->next = sim->shadow->views;
    sim->shadow->views = said;
}

/* A VIEW-CHANGE leaves when its view is durable, and shows at least the lock of every COMMIT that was said before (V5). */
static void check_view_change(struct sim *sim, const struct sim_replica *replica, const struct rota_view_change *change)
{
    const struct sim_disk *disk = &replica->disk;
    if (!disk->has_durable || disk->durable.epoch != replica->epoch->membership.epoch ||
        disk->durable.view < change->new_view || !disk->view_change)
        sim_fail(sim, SIM_DURABILITY, "a VIEW-CHANGE left before it was durable");
    const struct rota_vote *said = &member_of(sim, replica)->highest_commit, *best = &change->best.vote;
    uint32_t n = replica->epoch->membership.count;
    if (said->height == 0 || said->view >= change->new_view)
        return;
    if (rota_quorum(n, replica->epoch->membership.profile) == n && disk->durable.floor > 0)
        return; /* H5: where everybody is needed, all the others hold whatever lock counts */
    if (!change->has_best || best->view < said->view || (best->view == said->view && best->height < said->height))
        check_contradiction(sim, replica->index, SIM_LOCK, "a correct replica's VIEW-CHANGE hides the lock of its COMMIT");
}

/* M6, M7: nobody votes for a block above one that ends their epoch, final or not. */
void sim_check_epoch_end(struct sim *sim, const struct sim_replica *replica, const struct rota_vote *vote)
{
    uint32_t epoch = replica->epoch->membership.epoch;
    const struct sim_block *block = sim->document_count > 0 ? sim_block_find(sim, &vote->block) : NULL;
    if (!block)
        return;
    if (block->header.epoch != epoch)
        sim_fail(sim, SIM_EPOCH, "a correct replica voted for a block of another epoch");
    while ((block = sim_block_find(sim, &block->header.prev_hash)) && block->header.epoch == epoch)
        if (sim_document_in(sim, block))
            sim_fail(sim, SIM_EPOCH, "a correct replica voted for a block above one that ends its epoch");
}

/* What is said for the first time belongs to the window and to a view that was not left (V5). */
static void check_new_vote(struct sim *sim, const struct sim_replica *replica, const struct rota_vote *vote)
{
    if (vote->view < member_of(sim, replica)->left_for)
        check_contradiction(sim, replica->index, SIM_LEFT_VIEW, "a correct replica voted in a view that it had left");
    /* a tip, or what a quorum has prepared, may lie higher above a ledger that is behind (V10, N6) */
    bool behind = vote->kind == ROTA_VOTE_COMMIT || vote->height == replica->disk.durable.tip_height;
    if (vote->height > replica->disk.height + (behind ? ROTA_SLOTS : sim->limits.window))
        sim_fail(sim, SIM_BOUNDED, "a vote beyond the window");
    if (vote->kind == ROTA_VOTE_PREPARE)
        check_chain_rule(sim, replica, vote);
    sim_check_epoch_end(sim, replica, vote);
}

static void commit_said(struct sim *sim, const struct sim_replica *replica, const struct rota_vote *vote)
{
    struct rota_vote *highest = &member_of(sim, replica)->highest_commit;
    if (vote->view > highest->view || (vote->view == highest->view && vote->height > highest->height))
        *highest = *vote;
}

void sim_check_said(struct sim *sim, const struct sim_replica *replica, const struct rota_message *message)
{
    struct rota_vote vote;
    struct view_said now = {.kind = message->kind};
    if (replica->member == SIM_NOBODY)
        sim_fail(sim, SIM_EPOCH, "a facility that is no member speaks");
    if (message->epoch != replica->epoch->membership.epoch)
        sim_fail(sim, SIM_EPOCH, "a member speaks in another epoch than its own");
    if (message->sender != replica->member)
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
            commit_said(sim, replica, &vote);
        if (check_one_vote(sim, replica, &vote))
            check_new_vote(sim, replica, &vote);
        sim_check_voted(sim, replica, &vote);
        if (vote.kind == ROTA_VOTE_PREPARE)
            sim_check_prepared(sim, replica, &vote);
        break;
    case ROTA_MESSAGE_VIEW_CHANGE:
        check_view_change(sim, replica, message->view_change);
        if (message->view_change->new_view > member_of(sim, replica)->left_for)
            member_of(sim, replica)->left_for = message->view_change->new_view;
        now.view = message->view_change->new_view;
        now.incarnation = message->view_change->incarnation;
        now.content = rota_view_change_content(message->view_change);
        check_view_said(sim, replica, &now);
        break;
    case ROTA_MESSAGE_NEW_VIEW:
        now.view = message->new_view.view;
        now.content = rota_new_view_digest(&replica->epoch->membership, &message->new_view);
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
    if (sim_epoch_of(sim, block) != sim->latest || block->header.epoch != sim->latest->membership.epoch)
        sim_fail(sim, SIM_EPOCH, "a committed block is not of the epoch that its parent leads into");
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
        sim_reached_evidence(sim, block, sim_piece_of(sim, block->requests[i]));
    }
    if (block->word_count > 0)
        sim_reach(sim, SIM_REACHED_WORD_ORDERED);
    sim->agreed[height] = block;
    sim->agreed_height = height;
    if (sim_document_in(sim, block)) {
        sim->latest = sim_epoch_above(sim, block);
        sim_reached_new_epoch(sim);
    }
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
    const struct sim_epoch *epoch = sim_epoch_of(sim, replica->disk.chain[height]);
    sim_check_certificate(sim, epoch, certificate);
    if (!rota_is_ok(rota_certificate_verify(&epoch->membership, certificate)))
        sim_fail(sim, SIM_CERTIFICATE, "a block was committed with a certificate that does not verify");
    if (certificate->vote.kind != ROTA_VOTE_COMMIT || certificate->vote.height != height ||
        !rota_hash_equal(&certificate->vote.block, &replica->disk.chain[height]->hash))
        sim_fail(sim, SIM_CERTIFICATE, "a block was committed with another's certificate");
    sim_trace(sim, height * 131 + replica->index);
    sim_trace(sim, replica->disk.chain[height]->hash.b[0] | (uint64_t)replica->disk.chain[height]->hash.b[1] << 8);
}

void sim_check_forgot(struct sim *sim, uint32_t facility)
{
    for (uint32_t epoch = 0; epoch < SIM_EPOCHS_MAX; epoch++)
        sim->shadow->members[epoch][facility].durable_view = 0;
    sim_check_forgot_held(sim, facility);
}

void sim_check_restarted(struct sim *sim, const struct sim_replica *replica)
{
    const struct sim_disk *disk = &replica->disk;
    bool ours = disk->has_durable && disk->durable.epoch == replica->epoch->membership.epoch;
    if (disk->has_durable && disk->durable.epoch < replica->epoch->membership.epoch)
        member_of(sim, replica)->inherited_floor = disk->durable.floor;
    uint64_t view = ours ? disk->durable.view : 0;
    if (view < member_of(sim, replica)->durable_view)
        sim_fail(sim, SIM_MONOTONE, "a replica came back in an earlier view than it had on disk");
    member_of(sim, replica)->durable_view = view;
}
