/* Everything that was ever signed, by anybody, and what follows from it: which certificates could be put
 * together, that no two of them contradict each other (PROTOCOL §8), that no NEW-VIEW forgets one, and who has to be named
 * when more than f members lie. The shadow judges by its own rules; it asks no product code whether something is valid. */
#include "tests/sim/sim_liar.h"

enum { SIGNED_BUCKETS = 1 << 12, VIEWS_MAX = 4096 };

/* One vote and all who ever signed it. What a crash kept from leaving was signed, but binds nobody. */
struct tally {
    struct tally *next;
    const struct sim_epoch *epoch;
    struct rota_vote vote;
    uint32_t signed_by, said_by; /* facilities */
};

/* The highest commit certificate that a view could have. */
struct committed_in_view {
    uint32_t epoch;
    uint64_t view, height;
    struct rota_hash block;
};

/* A NEW-VIEW as a correct replica took it. */
struct tip_in_view {
    uint32_t epoch;
    uint64_t view, height;
    struct rota_hash tip;
};

/* The lock that a member showed on its way to a view. */
struct lock_shown {
    uint32_t member;
    uint64_t new_view, view, height; /* view, height: 0 when it showed none */
    uint64_t incarnation;
    bool has;
};

struct sim_signed {
    struct tally *tallies[SIGNED_BUCKETS];
    struct rota_hash covered[SIM_HEIGHTS_MAX]; /* by a commit certificate that could be put together; zero: none yet */
    uint32_t committed_count, tip_count, lock_count, lock_room;
    struct committed_in_view committed[VIEWS_MAX];
    struct tip_in_view tips[VIEWS_MAX];
    struct lock_shown *locks; /* owned */
};

void sim_check_signed_open(struct sim *sim)
{
    sim->ever_signed = calloc(1, sizeof *sim->ever_signed);
    ROTA_ASSERT(sim->ever_signed);
}

void sim_check_signed_close(struct sim *sim)
{
    for (size_t i = 0; i < SIGNED_BUCKETS; i++)
        for (struct tally *tally = sim->ever_signed->tallies[i], *next; tally; tally = next) {
            next = tally->next;
            free(tally);
        }
    free(sim->ever_signed->locks);
    free(sim->ever_signed);
}

/* ---- chains --------------------------------------------------------------------------------------------------------- */

bool sim_check_extends(const struct sim *sim, const struct rota_hash *block, uint64_t height, const struct rota_hash *below)
{
    for (struct rota_hash at = *block;;) {
        const struct sim_block *found = sim_block_find(sim, &at);
        if (!found || found->header.height < height)
            return false;
        if (found->header.height == height)
            return rota_hash_equal(&at, below);
        at = found->header.prev_hash;
    }
}

/* ---- certificates --------------------------------------------------------------------------------------------------- */

/* Not the product's formula: the fewest members of which any two sets share more than f, as far as n - f are enough. */
uint32_t sim_check_quorum(const struct rota_membership *membership)
{
    uint32_t n = membership->count, liars = 0, quorum = 1;
    if (membership->profile == ROTA_PROFILE_CRASH)
        return n / 2 + 1;
    while (3 * (liars + 1) < n)
        liars++;
    while (2 * quorum < n + liars + 1)
        quorum++;
    return quorum;
}

static struct tally *tally_of(struct sim *sim, const struct sim_epoch *epoch, const struct rota_vote *vote, bool make)
{
    size_t at = ((size_t)vote->kind * 7919 + vote->view * 104729 + vote->height * 1299709) % SIGNED_BUCKETS;
    struct tally **bucket = &sim->ever_signed->tallies[at];
    for (struct tally *tally = *bucket; tally; tally = tally->next)
        if (tally->epoch == epoch && rota_vote_equal(&tally->vote, vote))
            return tally;
    if (!make)
        return NULL;
    struct tally *tally = malloc(sizeof *tally);
    ROTA_ASSERT(tally);
    *tally = (struct tally){*bucket, epoch, *vote, 0, 0};
    return *bucket = tally;
}

/* Every block that a commit certificate covers is the only one at its height, whoever could have put the certificate
 * together. */
static void cover(struct sim *sim, const struct rota_vote *vote)
{
    struct rota_hash at = vote->block;
    for (const struct sim_block *block; (block = sim_block_find(sim, &at)); at = block->header.prev_hash) {
        struct rota_hash *covered = &sim->ever_signed->covered[block->header.height];
        if (rota_hash_equal(covered, &at))
            return;
        if (!rota_hash_is_zero(covered))
            sim_fail(sim, SIM_CERTIFICATE, "two commit certificates could be made for different blocks of one height");
        *covered = at;
    }
}

static void tip_judge(struct sim *sim, const struct tip_in_view *tip, const struct committed_in_view *committed)
{
    if (committed->epoch == tip->epoch && committed->view < tip->view &&
        !sim_check_extends(sim, &tip->tip, committed->height, &committed->block))
        sim_fail(sim, SIM_NEW_VIEW, "a correct replica took a NEW-VIEW that forgets what an earlier view committed");
}

static void committed_note(struct sim *sim, uint32_t epoch, const struct rota_vote *vote)
{
    struct sim_signed *ever = sim->ever_signed;
    struct committed_in_view *committed = NULL;
    for (uint32_t i = 0; i < ever->committed_count && !committed; i++)
        if (ever->committed[i].epoch == epoch && ever->committed[i].view == vote->view)
            committed = &ever->committed[i];
    if (!committed && ever->committed_count < VIEWS_MAX)
        committed = &ever->committed[ever->committed_count++];
    if (!committed || vote->height <= committed->height)
        return;
    *committed = (struct committed_in_view){epoch, vote->view, vote->height, vote->block};
    for (uint32_t i = 0; i < ever->tip_count; i++)
        tip_judge(sim, &ever->tips[i], committed);
}

/* Q members have said this vote. */
static void certificate_is_possible(struct sim *sim, const struct tally *new)
{
    if (new->vote.kind == ROTA_VOTE_COMMIT) {
        cover(sim, &new->vote);
        committed_note(sim, new->epoch->membership.epoch, &new->vote);
        return;
    }
    uint32_t quorum = sim_check_quorum(&new->epoch->membership);
    size_t at = ((size_t) new->vote.kind * 7919 + new->vote.view * 104729 + new->vote.height * 1299709) % SIGNED_BUCKETS;
    for (const struct tally *tally = sim->ever_signed->tallies[at]; tally; tally = tally->next)
        if (tally != new && tally->epoch == new->epoch && tally->vote.kind == ROTA_VOTE_PREPARE &&
            tally->vote.view == new->vote.view && tally->vote.height == new->vote.height &&
            (uint32_t)__builtin_popcount(tally->said_by) >= quorum)
            sim_fail(sim, SIM_CERTIFICATE, "two prepare certificates could be made for one height of one view");
}

static void vote_note(struct sim *sim, uint32_t facilities, const struct sim_epoch *epoch, const struct rota_vote *vote)
{
    struct tally *tally = tally_of(sim, epoch, vote, true);
    uint32_t before = (uint32_t)__builtin_popcount(tally->said_by), quorum = sim_check_quorum(&epoch->membership);
    tally->signed_by |= facilities;
    tally->said_by |= facilities;
    if (before < quorum && (uint32_t)__builtin_popcount(tally->said_by) >= quorum && !sim_lies_too_many(sim))
        certificate_is_possible(sim, tally);
}

static void lock_note(struct sim *sim, uint32_t facility, const struct rota_view_change *change)
{
    struct sim_signed *ever = sim->ever_signed;
    if (ever->lock_count == ever->lock_room) {
        ever->lock_room = ever->lock_room ? 2 * ever->lock_room : 64;
        ever->locks = realloc(ever->locks, ever->lock_room * sizeof ever->locks[0]);
        ROTA_ASSERT(ever->locks);
    }
    ever->locks[ever->lock_count++] = (struct lock_shown){.member = facility,
                                                          .new_view = change->new_view,
                                                          .view = change->has_best ? change->best.vote.view : 0,
                                                          .height = change->has_best ? change->best.vote.height : 0,
                                                          .incarnation = change->incarnation,
                                                          .has = change->has_best};
}

void sim_check_signed(struct sim *sim, const struct sim_replica *replica, const struct rota_message *message)
{
    struct rota_vote vote;
    if (rota_message_vote(&vote, message))
        tally_of(sim, replica->epoch, &vote, true)->signed_by |= UINT32_C(1) << replica->index;
}

void sim_check_left(struct sim *sim, const struct sim_replica *replica, const struct rota_message *message)
{
    struct rota_vote vote;
    if (rota_message_vote(&vote, message))
        vote_note(sim, UINT32_C(1) << replica->index, replica->epoch, &vote);
    else if (message->kind == ROTA_MESSAGE_VIEW_CHANGE)
        lock_note(sim, replica->index, message->view_change);
}

bool sim_check_has_signed(struct sim *sim, const struct sim_epoch *epoch, uint32_t member, const struct rota_vote *vote)
{
    const struct tally *tally = tally_of(sim, epoch, vote, false);
    return tally && (tally->signed_by >> epoch->seats[member] & 1);
}

bool sim_check_is_signed(struct sim *sim, const struct sim_epoch *epoch, const struct rota_certificate *certificate)
{
    bool alone = epoch->membership.profile == ROTA_PROFILE_CRASH && certificate->vote.kind == ROTA_VOTE_PREPARE; /* P1 */
    uint32_t signers = sim_facilities(epoch, certificate->signers);
    const struct tally *tally = tally_of(sim, epoch, &certificate->vote, false);
    return tally && certificate->epoch == epoch->membership.epoch && (signers & ~tally->signed_by) == 0 &&
           (uint32_t)__builtin_popcount(signers) == (alone ? 1 : sim_check_quorum(&epoch->membership));
}

bool sim_check_is_vouched_for(struct sim *sim, const struct sim_epoch *epoch, const struct rota_vote *vote)
{
    const struct tally *tally = tally_of(sim, epoch, vote, false);
    uint32_t enough = rota_prepare_quorum(epoch->membership.count, epoch->membership.profile);
    return (tally && (uint32_t)__builtin_popcount(tally->said_by) >= enough) ||
           rota_hash_equal(&sim->ever_signed->covered[vote->height], &vote->block);
}

void sim_check_certificate(struct sim *sim, const struct sim_epoch *epoch, const struct rota_certificate *certificate)
{
    uint32_t signers = sim_facilities(epoch, certificate->signers);
    const struct tally *tally = tally_of(sim, epoch, &certificate->vote, false);
    if ((uint32_t)__builtin_popcount(signers) != sim_check_quorum(&epoch->membership))
        sim_fail(sim, SIM_CERTIFICATE, "a stored certificate without exactly a quorum of signers");
    if (!tally || (signers & ~tally->signed_by) != 0)
        sim_fail(sim, SIM_CERTIFICATE, "a stored certificate names a signer who never signed it");
    if (certificate->epoch != epoch->membership.epoch)
        sim_fail(sim, SIM_CERTIFICATE, "a stored certificate of another epoch");
    vote_note(sim, signers, epoch, &certificate->vote);
}

void sim_check_tip(struct sim *sim, uint32_t epoch, uint64_t view, uint64_t height, const struct rota_hash *tip)
{
    struct sim_signed *ever = sim->ever_signed;
    const struct tip_in_view new = {epoch, view, height, *tip};
    if (sim_lies_too_many(sim))
        return;
    for (uint32_t i = 0; i < ever->committed_count; i++)
        tip_judge(sim, &new, &ever->committed[i]);
    for (uint32_t i = 0; i < ever->tip_count; i++)
        if (ever->tips[i].epoch == epoch && ever->tips[i].view == view && rota_hash_equal(&ever->tips[i].tip, tip))
            return;
    if (ever->tip_count < VIEWS_MAX)
        ever->tips[ever->tip_count++] = new;
}

/* ---- a fork --------------------------------------------------------------------------------------------------------- */

/* The certificate by which a replica holds the block of this height as final. */
static const struct rota_certificate *certificate_over(const struct sim_replica *replica, uint64_t height)
{
    for (; height <= replica->disk.height; height++)
        if (replica->disk.certified[height])
            return replica->disk.certificates[height];
    return NULL;
}

/* E4: who signed the earlier certificate and then left for a later view with a lower lock. Of these, who had lost its memory
 * in between, and said so in that history below the certificate's block, is no liar by that. */
static uint32_t lock_hiders(const struct sim *sim, const struct rota_certificate *first, uint32_t *out_excused)
{
    uint32_t members = 0;
    const struct sim_block *block = sim_block_find(sim, &first->vote.block);
    const struct sim_block *below = block ? sim_block_find(sim, &block->header.prev_hash) : NULL;
    for (uint32_t i = 0; i < sim->ever_signed->lock_count; i++) {
        const struct lock_shown *lock = &sim->ever_signed->locks[i];
        bool lower = !lock->has || lock->view < first->vote.view ||
                     (lock->view == first->vote.view && lock->height < first->vote.height);
        if (lock->new_view <= first->vote.view || !lower || !(first->signers >> lock->member & 1))
            continue;
        bool forgot = below && lock->incarnation < below->floors.floor[lock->member];
        *(forgot ? out_excused : &members) |= UINT32_C(1) << lock->member;
    }
    return members;
}

void sim_check_fork(struct sim *sim, const struct sim_replica *replica, uint64_t height)
{
    const struct rota_certificate *one = certificate_over(replica, height), *other = NULL;
    for (uint32_t i = 0; i < sim->facility_count && !other; i++) {
        const struct sim_replica *peer = &sim->replicas[i];
        if (!sim_is_liar(sim, i) && peer->disk.height >= height && peer->disk.chain[height] == sim->agreed[height])
            other = certificate_over(peer, height);
    }
    ROTA_ASSERT(one && other);
    uint32_t excused = 0;
    uint32_t named = one->vote.view == other->vote.view  ? one->signers & other->signers
                     : one->vote.view < other->vote.view ? lock_hiders(sim, one, &excused)
                                                         : lock_hiders(sim, other, &excused);
    uint32_t least = 2 * sim_check_quorum(&sim->membership) - sim->membership.count; /* such runs have one epoch */
    if ((named & ~sim->liars) != 0)
        sim_fail(sim, SIM_FORENSICS, "a fork's two certificates name a correct replica");
    if ((uint32_t)__builtin_popcount(named | excused) < least)
        sim_fail(sim, SIM_FORENSICS, "a fork's two certificates name fewer than 2Q-n members");
    sim->forked = true;
    sim_reach(sim, SIM_REACHED_FORKED);
    sim->stats.forks++;
}
