/* E9: a PREPARE for a block that cannot be one, by its header alone (PROTOCOL N3). What else makes a block invalid depends
 * on the state below it, or on a body, and convicts nobody. */
#include "ledger/body.h"
#include "ledger/evidence.h"

struct rota_status rota_evidence_of_proposal(struct rota_evidence **out, uint32_t epoch, uint32_t member,
                                             const struct rota_signed_vote *prepare, const struct rota_header *header)
{
    uint8_t bytes[ROTA_HEADER_BYTES];
    struct rota_hash block = rota_header_hash(header);
    *out = NULL;
    if (prepare->vote.kind != ROTA_VOTE_PREPARE || !rota_hash_equal(&prepare->vote.block, &block))
        return rota_fail(ROTA_REFUSED, "this is not a PREPARE for that header");
    struct rota_evidence *evidence =
        rota_evidence_new(ROTA_EVIDENCE_INVALID_PROPOSAL,
                          ROTA_EVIDENCE_FRONT_BYTES + ROTA_VOTE_BYTES + ROTA_SIGNATURE_BYTES + ROTA_HEADER_BYTES);
    if (!evidence)
        return rota_fail(ROTA_NO_MEMORY, "no memory for evidence");
    struct rota_writer writer = rota_evidence_write_front(evidence, member, epoch);
    rota_vote_encode(&writer, &prepare->vote);
    rota_write_signature(&writer, &prepare->signature);
    rota_header_encode(bytes, header);
    rota_write_bytes(&writer, bytes, sizeof bytes);
    rota_evidence_close(evidence, &writer);
    evidence->view = prepare->vote.view;
    evidence->height = prepare->vote.height;
    *out = evidence;
    return rota_ok();
}

static void proposal_read(struct rota_reader *reader, struct rota_signed_vote *prepare, struct rota_header *header)
{
    uint8_t bytes[ROTA_HEADER_BYTES];
    rota_vote_decode(reader, &prepare->vote);
    rota_read_signature(reader, &prepare->signature);
    rota_read_bytes(reader, bytes, sizeof bytes);
    if (reader->bad || !rota_is_ok(rota_header_decode(header, bytes)))
        reader->bad = true;
}

struct rota_status rota_evidence_proposal_parse(struct rota_evidence **out, const struct rota_evidence_front *front,
                                                struct rota_reader *reader)
{
    struct rota_signed_vote prepare;
    struct rota_header header;
    proposal_read(reader, &prepare, &header);
    ROTA_TRY(rota_reader_finish(reader));
    return rota_evidence_of_proposal(out, front->epoch, front->member, &prepare, &header);
}

struct rota_status rota_evidence_proposal_verify(const struct rota_evidence *evidence,
                                                 const struct rota_membership *membership)
{
    struct rota_signed_vote prepare;
    struct rota_header header;
    struct rota_reader reader = rota_reader(rota_view(evidence->bytes, evidence->len));
    (void)rota_read_view(&reader, ROTA_EVIDENCE_FRONT_BYTES);
    proposal_read(&reader, &prepare, &header);
    ROTA_ASSERT(!reader.bad); /* parsed before */
    if (!rota_vote_verify(membership, &prepare.vote, evidence->member, &prepare.signature))
        return rota_fail(ROTA_BAD_SIGNATURE, "evidence with a signature that does not verify");
    bool possible = rota_is_ok(rota_header_check(&header, membership)) && header.height == prepare.vote.height &&
                    header.entry_count <= ROTA_BODY_ENTRIES_MAX;
    return possible ? rota_fail(ROTA_REFUSED, "a proposal whose header may be a block's is no evidence") : rota_ok();
}
