/* Evidence on its way into the ledger (PROTOCOL §7): who finds it keeps it, sends it to all, and asks for it like for a
 * request until a primary has ordered it. A piece is a request, told apart by kind, member, epoch, view and height; what it
 * is made of was verified when it was found. */
#include "tests/sim/sim_liar.h"

static bool piece_is(const struct sim_piece *piece, const struct rota_evidence *evidence)
{
    return piece->epoch->membership.epoch == evidence->epoch && piece->member == evidence->member &&
           piece->kind == evidence->kind && piece->view == evidence->view && piece->height == evidence->height;
}

uint32_t sim_piece_find(const struct sim *sim, const struct rota_evidence *evidence)
{
    for (uint32_t i = 0; i < sim->piece_count; i++)
        if (piece_is(&sim->pieces[i], evidence))
            return i;
    return UINT32_MAX;
}

/* UINT32_MAX: no more are counted. */
static uint32_t piece_open(struct sim *sim, const struct sim_epoch *epoch, struct rota_evidence *evidence)
{
    uint32_t known = sim_piece_find(sim, evidence);
    if (known != UINT32_MAX)
        return known;
    if (sim->piece_count == SIM_PIECES_MAX || sim->request_count == SIM_REQUESTS_MAX)
        return UINT32_MAX;
    uint32_t request = sim->request_count++;
    sim->request_sent_ms[request] = sim->now_ms;
    sim->pieces[sim->piece_count] = (struct sim_piece){.request = request,
                                                       .epoch = epoch,
                                                       .member = evidence->member,
                                                       .kind = evidence->kind,
                                                       .view = evidence->view,
                                                       .height = evidence->height,
                                                       .proof = rota_evidence_retain(evidence)};
    sim->piece_of[request] = (uint16_t)++sim->piece_count;
    return sim->piece_count - 1;
}

const struct sim_piece *sim_piece_of(const struct sim *sim, uint32_t request)
{
    return sim->piece_of[request] ? &sim->pieces[sim->piece_of[request] - 1] : NULL;
}

static bool has_piece(const uint64_t pieces[SIM_PIECES_MAX / 64], uint32_t piece)
{
    return pieces[piece / 64] >> (piece % 64) & 1;
}

static void piece_keep(struct sim *sim, struct sim_replica *replica, uint32_t piece)
{
    uint32_t request = sim->pieces[piece].request;
    replica->pieces[piece / 64] |= UINT64_C(1) << (piece % 64);
    replica->pieces_unsaved = true;
    replica->known[request] = true;
    replica->arrived_ms[request] = sim_local_ms(sim, replica);
}

static bool is_taken_in(struct sim *sim, struct sim_replica *replica, struct rota_evidence *proof)
{
    return !sim->parts || sim->parts->evidence(sim, replica, proof);
}

void sim_evidence_found(struct sim *sim, struct sim_replica *replica, struct rota_evidence *evidence)
{
    uint32_t piece = piece_open(sim, replica->epoch, evidence);
    sim->evidence_kinds |= UINT32_C(1) << evidence->kind;
    if (piece == UINT32_MAX || replica->executed[sim->pieces[piece].request] || has_piece(replica->pieces, piece) ||
        !is_taken_in(sim, replica, evidence))
        return;
    piece_keep(sim, replica, piece);
    replica->pieces_unsent[piece / 64] |= UINT64_C(1) << (piece % 64);
}

bool sim_evidence_heard(struct sim *sim, struct sim_replica *replica, uint32_t from, uint32_t piece)
{
    const struct sim_piece *heard = &sim->pieces[piece];
    bool may_say = replica->member != SIM_NOBODY && replica->epoch->facilities >> from & 1;
    if (!may_say || heard->epoch->membership.epoch > replica->epoch->membership.epoch || replica->executed[heard->request] ||
        has_piece(replica->pieces, piece) || !is_taken_in(sim, replica, heard->proof))
        return false;
    piece_keep(sim, replica, piece);
    return true;
}

static void piece_send(struct sim *sim, const struct sim_replica *replica, uint32_t piece)
{
    for (uint32_t to = 0; to < sim->facility_count; to++)
        if (to != replica->index && replica->epoch->facilities >> to & 1)
            sim_send_evidence(sim, replica->index, to, piece);
}

void sim_evidence_release(struct sim *sim, struct sim_replica *replica)
{
    for (uint32_t piece = 0; piece < sim->piece_count; piece++)
        if (has_piece(replica->pieces_unsent, piece))
            piece_send(sim, replica, piece);
    memset(replica->pieces_unsent, 0, sizeof replica->pieces_unsent);
}

void sim_evidence_wake(struct sim *sim, struct sim_replica *replica)
{
    uint32_t sent = 0;
    if (sim->piece_count == 0 || sim->now_ms < replica->pieces_ms)
        return;
    replica->pieces_ms = sim->now_ms + sim->timers.request_ms / 4;
    for (uint32_t i = 0; i < sim->piece_count && sent < SIM_PIECES_IN_BLOCK_MAX; i++) {
        uint32_t request = sim->pieces[i].request;
        if (!sim_is_waiting(sim, replica, request) || !has_piece(replica->disk.pieces, i) ||
            sim_local_ms(sim, replica) - replica->arrived_ms[request] < sim->timers.request_ms / 4)
            continue;
        piece_send(sim, replica, i);
        sent++;
    }
}

void sim_evidence_restore(struct sim *sim, struct sim_replica *replica)
{
    memset(replica->pieces, 0, sizeof replica->pieces);
    memset(replica->pieces_unsent, 0, sizeof replica->pieces_unsent);
    replica->pieces_unsaved = false;
    for (uint32_t piece = 0; piece < sim->piece_count; piece++)
        if (has_piece(replica->disk.pieces, piece)) {
            piece_keep(sim, replica, piece);
            sim_reach(sim, SIM_REACHED_EVIDENCE_RESTORED);
        }
}

/* ---- in blocks ------------------------------------------------------------------------------------------------------ */

/* Real ledgers have room for more. */
static uint32_t pieces_of_member_max(const struct sim *sim)
{
    return sim->parts ? SIM_PIECES_OF_REAL_MEMBER_MAX : SIM_PIECES_OF_MEMBER_MAX;
}

static bool is_of_one(const struct sim_piece *a, const struct sim_piece *b)
{
    return a->epoch == b->epoch && a->member == b->member;
}

bool sim_evidence_may(const struct sim *sim, const struct sim_replica *replica, const struct sim_piece *piece)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < sim->piece_count; i++)
        count += is_of_one(&sim->pieces[i], piece) && replica->executed[sim->pieces[i].request];
    return count < pieces_of_member_max(sim);
}

bool sim_evidence_fits(const struct sim *sim, const struct sim_replica *replica, const struct sim_block *block)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < block->request_count; i++) {
        const struct sim_piece *piece = sim_piece_of(sim, block->requests[i]);
        count += piece != NULL;
        if (piece && (count > SIM_PIECES_IN_BLOCK_MAX || !sim_evidence_may(sim, replica, piece)))
            return false;
    }
    return true;
}

/* ---- and in the end ------------------------------------------------------------------------------------------------- */

static bool piece_is_over(const struct sim *sim, const struct sim_piece *piece)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < sim->piece_count; i++)
        count += is_of_one(&sim->pieces[i], piece) && sim->committed_at[sim->pieces[i].request] != 0;
    return sim->committed_at[piece->request] != 0 || count >= pieces_of_member_max(sim);
}

bool sim_evidence_is_ordered(const struct sim *sim)
{
    for (uint32_t facility = 0; facility < sim->facility_count; facility++) {
        bool asks = sim->latest->facilities >> facility & 1 && !sim_is_liar(sim, facility);
        for (uint32_t i = 0; asks && i < sim->piece_count; i++)
            if (has_piece(sim->replicas[facility].disk.pieces, i) && !piece_is_over(sim, &sim->pieces[i]))
                return false;
    }
    return true;
}
