/* HELLO and its reply as bytes, and what in a reply can be judged by itself (FORMATS §12, PROTOCOL H2, H3). */
#include "consensus/message.h"

static enum rota_standing standing_read(struct rota_reader *reader)
{
    uint8_t standing = rota_read_u8(reader);
    if (standing < ROTA_STANDING_NEW || standing > ROTA_STANDING_RECOVERING)
        reader->bad = true;
    return (enum rota_standing)standing;
}

void rota_hello_write(struct rota_writer *writer, const struct rota_hello *hello)
{
    rota_write_u64(writer, hello->incarnation);
    rota_write_u64(writer, hello->boot);
    rota_write_u8(writer, (uint8_t)hello->standing);
    rota_write_u64(writer, hello->recover_view);
    rota_write_u64(writer, hello->committed);
    rota_write_hash(writer, &hello->committed_block);
}

void rota_hello_read(struct rota_reader *reader, struct rota_hello *out)
{
    out->incarnation = rota_read_u64(reader);
    out->boot = rota_read_u64(reader);
    out->standing = standing_read(reader);
    out->recover_view = rota_read_u64(reader);
    out->committed = rota_read_u64(reader);
    rota_read_hash(reader, &out->committed_block);
}

static void past_write(struct rota_writer *writer, const struct rota_past *past)
{
    rota_write_u8(writer, past->has_hello);
    if (past->has_hello) {
        rota_hello_write(writer, &past->hello);
        rota_write_signature(writer, &past->hello_signature);
    }
    rota_write_u8(writer, past->has_change);
    if (past->has_change) {
        rota_write_u64(writer, past->change_view);
        rota_write_u64(writer, past->change_incarnation);
        rota_write_hash(writer, &past->change_content);
        rota_write_signature(writer, &past->change_signature);
    }
    rota_write_u8(writer, past->has_vote);
    if (past->has_vote) {
        rota_vote_encode(writer, &past->vote);
        rota_write_signature(writer, &past->vote_signature);
    }
}

static void past_read(struct rota_reader *reader, struct rota_past *out)
{
    out->has_hello = rota_read_flag(reader);
    if (out->has_hello) {
        rota_hello_read(reader, &out->hello);
        rota_read_signature(reader, &out->hello_signature);
    }
    out->has_change = rota_read_flag(reader);
    if (out->has_change) {
        out->change_view = rota_read_u64(reader);
        out->change_incarnation = rota_read_u64(reader);
        rota_read_hash(reader, &out->change_content);
        rota_read_signature(reader, &out->change_signature);
    }
    out->has_vote = rota_read_flag(reader);
    if (out->has_vote) {
        rota_vote_decode(reader, &out->vote);
        rota_read_signature(reader, &out->vote_signature);
    }
}

void rota_hello_reply_write(struct rota_writer *writer, const struct rota_hello_reply *reply)
{
    rota_write_u32(writer, reply->asker);
    rota_write_u64(writer, reply->boot);
    rota_write_u8(writer, (uint8_t)reply->standing);
    rota_write_u64(writer, reply->view);
    rota_write_u64(writer, reply->committed);
    rota_write_hash(writer, &reply->committed_block);
    rota_write_u8(writer, reply->has_certificate);
    if (reply->has_certificate)
        rota_certificate_encode(writer, &reply->certificate);
    past_write(writer, &reply->past);
}

void rota_hello_reply_read(struct rota_reader *reader, struct rota_hello_reply *out)
{
    out->asker = rota_read_u32(reader);
    out->boot = rota_read_u64(reader);
    out->standing = standing_read(reader);
    out->view = rota_read_u64(reader);
    out->committed = rota_read_u64(reader);
    rota_read_hash(reader, &out->committed_block);
    out->has_certificate = rota_read_flag(reader);
    if (out->has_certificate)
        rota_certificate_decode(reader, &out->certificate);
    past_read(reader, &out->past);
}

/* ---- judging -------------------------------------------------------------------------------------------------------- */

static bool signed_by(const struct rota_membership *membership, uint32_t member, const uint8_t *preimage, size_t len,
                      const struct rota_signature *signature)
{
    return membership->verify(&membership->members[member].key, rota_view(preimage, len), signature);
}

/* What is said to be the asker's past must be signed by the asker: a liar cannot invent it. */
static bool past_verify(const struct rota_past *past, uint32_t asker, const struct rota_membership *membership)
{
    uint8_t preimage[ROTA_MESSAGE_PREIMAGE_MAX];
    size_t len;
    if (past->has_hello) {
        len = rota_hello_preimage(preimage, membership, asker, &past->hello);
        if (!signed_by(membership, asker, preimage, len, &past->hello_signature))
            return false;
    }
    if (past->has_change) {
        len = rota_view_change_preimage_of(preimage, membership, asker, past->change_view, past->change_incarnation,
                                           &past->change_content);
        if (!signed_by(membership, asker, preimage, len, &past->change_signature))
            return false;
    }
    return !past->has_vote || rota_vote_verify(membership, &past->vote, asker, &past->vote_signature);
}

struct rota_status rota_hello_reply_check(const struct rota_hello_reply *reply, const struct rota_membership *membership)
{
    if (reply->asker >= membership->count)
        return rota_fail(ROTA_UNKNOWN_KEY, "a reply to a stranger's greeting");
    if (reply->has_certificate) {
        const struct rota_vote *vote = &reply->certificate.vote;
        if (vote->kind != ROTA_VOTE_COMMIT || vote->height != reply->committed ||
            !rota_hash_equal(&vote->block, &reply->committed_block))
            return rota_fail(ROTA_REFUSED, "a reply to a greeting with the certificate of another block");
        ROTA_TRY(rota_certificate_verify(membership, &reply->certificate));
    }
    if (!past_verify(&reply->past, reply->asker, membership))
        return rota_fail(ROTA_BAD_SIGNATURE, "a reply to a greeting with something that the asker did not sign");
    return rota_ok();
}
