/* E1, E2, E3, E10: two votes of one member in one view (PROTOCOL N4, N5). */
#include "ledger/evidence.h"

#include "crypto/broken.h"

enum { SIGNED_VOTE_BYTES = ROTA_VOTE_BYTES + ROTA_SIGNATURE_BYTES };

static int votes_order(const struct rota_vote *a, const struct rota_vote *b)
{
    uint8_t first[ROTA_VOTE_BYTES], second[ROTA_VOTE_BYTES];
    struct rota_writer writer = rota_writer(first, sizeof first);
    rota_vote_encode(&writer, a);
    writer = rota_writer(second, sizeof second);
    rota_vote_encode(&writer, b);
    return memcmp(first, second, sizeof first);
}

/* Do the headers lead from the height of the lower vote to the block of the higher one, past the lower one's block? */
static bool headers_pass_by(const struct rota_vote *low, const struct rota_vote *high, const struct rota_header *headers,
                            uint32_t count)
{
    if (high->height <= low->height || high->height - low->height != count)
        return false;
    struct rota_hash at = headers[0].prev_hash;
    if (ROTA_BROKEN(votes_of_one_chain_are_evidence, rota_hash_equal(&at, &low->block), false))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (headers[i].height != low->height + 1 + i || !rota_hash_equal(&headers[i].prev_hash, &at))
            return false;
        at = rota_header_hash(&headers[i]);
    }
    return rota_hash_equal(&at, &high->block);
}

/* An honest member's votes of one kind and view rest on one NEW-VIEW and lie on one chain. */
static bool votes_conflict(const struct rota_vote *a, const struct rota_vote *b, const struct rota_header *headers,
                           uint32_t header_count)
{
    if (a->kind != b->kind || a->view != b->view)
        return false;
    if (!rota_hash_equal(&a->nv, &b->nv))
        return header_count == 0;
    if (a->height == b->height)
        return header_count == 0 && ROTA_BROKEN(equal_votes_are_evidence, !rota_hash_equal(&a->block, &b->block), true);
    return header_count > 0 && headers_pass_by(a, b, headers, header_count);
}

static enum rota_evidence_kind votes_kind(const struct rota_membership *membership, uint32_t member,
                                          const struct rota_vote *vote, uint32_t header_count)
{
    if (vote->kind == ROTA_VOTE_COMMIT)
        return ROTA_EVIDENCE_DOUBLE_COMMIT;
    if (header_count > 0)
        return ROTA_EVIDENCE_BROKEN_CHAIN;
    return rota_primary(membership, vote->view) == member ? ROTA_EVIDENCE_DOUBLE_PROPOSAL : ROTA_EVIDENCE_DOUBLE_PREPARE;
}

static struct rota_status votes_make(struct rota_evidence **out, const struct rota_evidence_front *front,
                                     const struct rota_vote_pair *pair)
{
    *out = NULL;
    bool swapped = votes_order(&pair->votes[0].vote, &pair->votes[1].vote) > 0;
    const struct rota_signed_vote *first = &pair->votes[swapped], *second = &pair->votes[!swapped];
    if (pair->header_count > ROTA_EVIDENCE_HEADERS_MAX ||
        !votes_conflict(&first->vote, &second->vote, pair->headers, pair->header_count))
        return rota_fail(ROTA_REFUSED, "these two votes do not contradict each other");
    struct rota_evidence *evidence = rota_evidence_new(front->kind, ROTA_EVIDENCE_FRONT_BYTES + 2 * SIGNED_VOTE_BYTES + 2 +
                                                                        (size_t)pair->header_count * ROTA_HEADER_BYTES);
    if (!evidence)
        return rota_fail(ROTA_NO_MEMORY, "no memory for evidence");
    struct rota_writer writer = rota_evidence_write_front(evidence, front->member, front->epoch);
    const struct rota_signed_vote *both[] = {first, second};
    for (int i = 0; i < 2; i++) {
        rota_vote_encode(&writer, &both[i]->vote);
        rota_write_signature(&writer, &both[i]->signature);
    }
    rota_write_u16(&writer, (uint16_t)pair->header_count);
    for (uint32_t i = 0; i < pair->header_count; i++) {
        uint8_t header[ROTA_HEADER_BYTES];
        rota_header_encode(header, &pair->headers[i]);
        rota_write_bytes(&writer, header, sizeof header);
    }
    rota_evidence_close(evidence, &writer);
    evidence->view = first->vote.view;
    evidence->height = first->vote.height < second->vote.height ? first->vote.height : second->vote.height;
    *out = evidence;
    return rota_ok();
}

struct rota_status rota_evidence_of_votes(struct rota_evidence **out, const struct rota_membership *membership,
                                          uint32_t member, const struct rota_vote_pair *pair)
{
    struct rota_evidence_front front = {
        .kind = votes_kind(membership, member, &pair->votes[0].vote, pair->header_count),
        .member = member,
        .epoch = membership->epoch,
    };
    return votes_make(out, &front, pair);
}

static void votes_read(struct rota_reader *reader, struct rota_vote_pair *out,
                       struct rota_header headers[ROTA_EVIDENCE_HEADERS_MAX])
{
    for (int i = 0; i < 2; i++) {
        rota_vote_decode(reader, &out->votes[i].vote);
        rota_read_signature(reader, &out->votes[i].signature);
    }
    out->header_count = rota_read_u16(reader);
    out->headers = headers;
    if (out->header_count > ROTA_EVIDENCE_HEADERS_MAX)
        reader->bad = true;
    for (uint32_t i = 0; i < out->header_count && !reader->bad; i++) {
        uint8_t bytes[ROTA_HEADER_BYTES];
        rota_read_bytes(reader, bytes, sizeof bytes);
        if (reader->bad || !rota_is_ok(rota_header_decode(&headers[i], bytes)))
            reader->bad = true;
    }
}

struct rota_status rota_evidence_votes_parse(struct rota_evidence **out, const struct rota_evidence_front *front,
                                             struct rota_reader *reader)
{
    struct rota_header headers[ROTA_EVIDENCE_HEADERS_MAX];
    struct rota_vote_pair pair;
    votes_read(reader, &pair, headers);
    ROTA_TRY(rota_reader_finish(reader));
    bool commit = front->kind == ROTA_EVIDENCE_DOUBLE_COMMIT;
    bool headers_fit = commit || (pair.header_count > 0) == (front->kind == ROTA_EVIDENCE_BROKEN_CHAIN);
    if (pair.votes[0].vote.kind != (commit ? ROTA_VOTE_COMMIT : ROTA_VOTE_PREPARE) || !headers_fit)
        return rota_fail(ROTA_MALFORMED, "evidence of another kind than it says");
    return votes_make(out, front, &pair);
}

struct rota_status rota_evidence_votes_verify(const struct rota_evidence *evidence, const struct rota_membership *membership)
{
    struct rota_header headers[ROTA_EVIDENCE_HEADERS_MAX];
    struct rota_vote_pair pair;
    struct rota_reader reader = rota_reader(rota_view(evidence->bytes, evidence->len));
    (void)rota_read_view(&reader, ROTA_EVIDENCE_FRONT_BYTES);
    votes_read(&reader, &pair, headers);
    ROTA_ASSERT(!reader.bad); /* parsed before */
    if (votes_kind(membership, evidence->member, &pair.votes[0].vote, pair.header_count) != evidence->kind)
        return rota_fail(ROTA_REFUSED, "evidence of another kind than it says: only the view's primary proposes");
    for (int i = 0; i < 2; i++)
        if (!rota_vote_verify(membership, &pair.votes[i].vote, evidence->member, &pair.votes[i].signature))
            return rota_fail(ROTA_BAD_SIGNATURE, "evidence with a signature that does not verify");
    return rota_ok();
}
