#include "ledger/certificate.h"

#include "crypto/broken.h"
#include "crypto/digest.h"

/* ---- votes ---------------------------------------------------------------------------------------------------------- */

bool rota_vote_equal(const struct rota_vote *a, const struct rota_vote *b)
{
    return a->kind == b->kind && a->view == b->view && a->height == b->height && rota_hash_equal(&a->nv, &b->nv) &&
           rota_hash_equal(&a->block, &b->block);
}

size_t rota_vote_preimage(uint8_t out[ROTA_VOTE_PREIMAGE_MAX], const struct rota_membership *membership,
                          const struct rota_vote *vote)
{
    struct rota_writer writer = rota_writer(out, ROTA_VOTE_PREIMAGE_MAX);
    const char *tag = vote->kind == ROTA_BROKEN(one_tag_for_both_votes, ROTA_VOTE_PREPARE, vote->kind) ? ROTA_TAG("prepare")
                                                                                                       : ROTA_TAG("commit");
    rota_write_bytes(&writer, tag, strlen(tag));
    rota_write_hash(&writer, &membership->ledger_id);
    rota_write_u32(&writer, membership->epoch);
    rota_write_hash(&writer, &membership->config_hash);
    rota_write_u64(&writer, vote->view);
    rota_write_hash(&writer, &vote->nv);
    rota_write_u64(&writer, vote->height);
    rota_write_hash(&writer, &vote->block);
    ROTA_ASSERT(!writer.bad);
    return writer.len;
}

bool rota_vote_verify(const struct rota_membership *membership, const struct rota_vote *vote, uint32_t member,
                      const struct rota_signature *signature)
{
    uint8_t preimage[ROTA_VOTE_PREIMAGE_MAX];
    if (member >= membership->count)
        return false;
    size_t len = rota_vote_preimage(preimage, membership, vote);
    return membership->verify(&membership->members[member].key, rota_view(preimage, len), signature);
}

void rota_vote_encode(struct rota_writer *writer, const struct rota_vote *vote)
{
    rota_write_u8(writer, (uint8_t)vote->kind);
    rota_write_u64(writer, vote->view);
    rota_write_hash(writer, &vote->nv);
    rota_write_u64(writer, vote->height);
    rota_write_hash(writer, &vote->block);
}

void rota_vote_decode(struct rota_reader *reader, struct rota_vote *out)
{
    uint8_t kind = rota_read_u8(reader);
    if (kind != ROTA_VOTE_PREPARE && kind != ROTA_VOTE_COMMIT)
        reader->bad = true;
    out->kind = kind == ROTA_VOTE_COMMIT ? ROTA_VOTE_COMMIT : ROTA_VOTE_PREPARE;
    out->view = rota_read_u64(reader);
    rota_read_hash(reader, &out->nv);
    out->height = rota_read_u64(reader);
    rota_read_hash(reader, &out->block);
}

/* ---- certificates --------------------------------------------------------------------------------------------------- */

uint32_t rota_certificate_signer_count(const struct rota_certificate *certificate)
{
    return (uint32_t)__builtin_popcount(certificate->signers);
}

void rota_certificate_encode(struct rota_writer *writer, const struct rota_certificate *certificate)
{
    uint32_t count = rota_certificate_signer_count(certificate);
    ROTA_ASSERT(count <= ROTA_QUORUM_MAX);
    rota_vote_encode(writer, &certificate->vote);
    rota_write_u32(writer, certificate->epoch);
    rota_write_u32(writer, certificate->signers);
    for (uint32_t i = 0; i < count; i++)
        rota_write_signature(writer, &certificate->signatures[i]);
}

void rota_certificate_decode(struct rota_reader *reader, struct rota_certificate *out)
{
    memset(out, 0, sizeof *out);
    rota_vote_decode(reader, &out->vote);
    out->epoch = rota_read_u32(reader);
    out->signers = rota_read_u32(reader);
    uint32_t count = rota_certificate_signer_count(out);
    if (count > ROTA_QUORUM_MAX) {
        reader->bad = true;
        out->signers = 0;
    }
    for (uint32_t i = 0; i < count && !reader->bad; i++)
        rota_read_signature(reader, &out->signatures[i]);
}

/* One signer after the other, ascending, each signature its own. */
static bool signers_verify(const struct rota_membership *membership, const struct rota_certificate *certificate)
{
    uint32_t taken = 0;
    for (uint32_t i = 0; i < membership->count; i++) {
        if (!(certificate->signers >> i & 1))
            continue;
        if (!rota_vote_verify(membership, &certificate->vote, i, &certificate->signatures[taken++]))
            return false;
    }
    return true;
}

/* P1, P3: how many must have signed, and in the crash profile who: its prepare certificate is the word of the view's
 * primary. */
static struct rota_status signers_check(const struct rota_membership *membership, const struct rota_certificate *certificate)
{
    bool prepare = certificate->vote.kind == ROTA_VOTE_PREPARE;
    uint32_t needed = prepare ? rota_prepare_quorum(membership->count, membership->profile)
                              : rota_quorum(membership->count, membership->profile);
    uint32_t signers = rota_certificate_signer_count(certificate);
    if (ROTA_BROKEN(certificate_of_f_plus_1, signers != needed, signers < (membership->count - 1) / 3 + 1))
        return rota_fail(ROTA_INCOMPLETE, "a certificate without exactly a quorum of signatures");
    if (prepare && membership->profile == ROTA_PROFILE_CRASH &&
        certificate->signers != UINT32_C(1) << rota_primary(membership, certificate->vote.view))
        return rota_fail(ROTA_INCOMPLETE, "a prepare certificate that the view's primary did not sign");
    return rota_ok();
}

struct rota_status rota_certificate_verify(const struct rota_membership *membership,
                                           const struct rota_certificate *certificate)
{
    if (certificate->epoch != membership->epoch)
        return rota_fail(ROTA_WRONG_LEDGER, "a certificate of another epoch");
    if (certificate->signers >> membership->count != 0)
        return rota_fail(ROTA_UNKNOWN_KEY, "a certificate signed by somebody who is no member");
    ROTA_TRY(signers_check(membership, certificate));
    if (!signers_verify(membership, certificate))
        return rota_fail(ROTA_BAD_SIGNATURE, "a certificate with a signature that does not verify");
    return rota_ok();
}
