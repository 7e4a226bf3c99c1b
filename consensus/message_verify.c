/* Judging a message by itself: every signature and certificate in it, and everything that needs no state (PROTOCOL A3, G4).
 * Peers' bytes end here as a status; nothing in this file asserts on them. */
#include "consensus/message.h"
#include "crypto/broken.h"

#include "ledger/record.h"

/* tag || ledger || epoch || config: how every preimage of the protocol begins. */
static struct rota_writer preimage_start(uint8_t out[ROTA_MESSAGE_PREIMAGE_MAX], const char *tag,
                                         const struct rota_membership *membership)
{
    struct rota_writer writer = rota_writer(out, ROTA_MESSAGE_PREIMAGE_MAX);
    rota_write_bytes(&writer, tag, strlen(tag));
    rota_write_hash(&writer, &membership->ledger_id);
    rota_write_u32(&writer, membership->epoch);
    rota_write_hash(&writer, &membership->config_hash);
    return writer;
}

static size_t suspect_preimage(uint8_t out[ROTA_MESSAGE_PREIMAGE_MAX], const struct rota_membership *membership,
                               const struct rota_suspect *suspect)
{
    struct rota_writer writer = preimage_start(out, ROTA_TAG("suspect"), membership);
    rota_write_u64(&writer, suspect->view);
    rota_write_u8(&writer, (uint8_t)suspect->reason);
    ROTA_ASSERT(!writer.bad);
    return writer.len;
}

size_t rota_hello_preimage(uint8_t out[ROTA_MESSAGE_PREIMAGE_MAX], const struct rota_membership *membership, uint32_t sender,
                           const struct rota_hello *hello)
{
    struct rota_writer writer = preimage_start(out, ROTA_TAG("hello"), membership);
    rota_write_u32(&writer, sender);
    rota_hello_write(&writer, hello);
    ROTA_ASSERT(!writer.bad);
    return writer.len;
}

/* Its fields stand in it themselves, so that evidence of divergence needs no more than this; what proves is hashed. */
size_t rota_hello_reply_preimage(uint8_t out[ROTA_MESSAGE_PREIMAGE_MAX], const struct rota_membership *membership,
                                 uint32_t sender, const struct rota_hello_reply *reply)
{
    uint8_t bytes[ROTA_HELLO_REPLY_BYTES_MAX];
    struct rota_writer whole = rota_writer(bytes, sizeof bytes);
    rota_hello_reply_write(&whole, reply);
    ROTA_ASSERT(!whole.bad);
    struct rota_hash content = rota_hash_of(ROTA_TAG("helloreply"), rota_view(bytes, whole.len));
    struct rota_writer writer = preimage_start(out, ROTA_TAG("helloreply"), membership);
    rota_write_u32(&writer, sender);
    rota_write_u64(&writer, reply->committed);
    rota_write_hash(&writer, &reply->committed_block);
    rota_write_hash(&writer, &content);
    ROTA_ASSERT(!writer.bad);
    return writer.len;
}

static size_t read_reply_preimage(uint8_t out[ROTA_MESSAGE_PREIMAGE_MAX], const struct rota_membership *membership,
                                  const struct rota_message *message)
{
    struct rota_hash content = rota_read_reply_content(&message->read_reply);
    struct rota_writer writer = preimage_start(out, ROTA_TAG("readindex"), membership);
    rota_write_u32(&writer, message->sender);
    rota_write_hash(&writer, &content);
    ROTA_ASSERT(!writer.bad);
    return writer.len;
}

size_t rota_message_preimage(uint8_t out[ROTA_MESSAGE_PREIMAGE_MAX], const struct rota_membership *membership,
                             const struct rota_message *message)
{
    _Static_assert((int)ROTA_VOTE_PREIMAGE_MAX <= (int)ROTA_MESSAGE_PREIMAGE_MAX, "a vote's preimage fits");
    _Static_assert((int)ROTA_ANCHOR_PREIMAGE_MAX <= (int)ROTA_MESSAGE_PREIMAGE_MAX, "an anchor's preimage fits");
    _Static_assert((int)ROTA_VIEW_CHANGE_PREIMAGE_MAX <= (int)ROTA_MESSAGE_PREIMAGE_MAX, "a view change's preimage fits");
    _Static_assert((int)ROTA_RECOVERED_PREIMAGE_MAX <= (int)ROTA_MESSAGE_PREIMAGE_MAX, "a RECOVERED's preimage fits");
    struct rota_vote vote;
    struct rota_hash nv;
    struct rota_recovered recovered;
    switch (message->kind) {
    case ROTA_MESSAGE_PREPREPARE:
        vote = rota_preprepare_vote(&message->preprepare);
        return rota_vote_preimage(out, membership, &vote);
    case ROTA_MESSAGE_PREPARE:
    case ROTA_MESSAGE_COMMIT:
        return rota_vote_preimage(out, membership, &message->vote);
    case ROTA_MESSAGE_SUSPECT:
        return suspect_preimage(out, membership, &message->suspect);
    case ROTA_MESSAGE_VIEW_CHANGE:
        return rota_view_change_preimage(out, membership, message->view_change);
    case ROTA_MESSAGE_NEW_VIEW:
        nv = rota_new_view_digest(membership, &message->new_view);
        return rota_anchor_preimage(out, membership, message->new_view.view, &nv);
    case ROTA_MESSAGE_READ_INDEX_REPLY:
        return read_reply_preimage(out, membership, message);
    case ROTA_MESSAGE_HELLO:
        return rota_hello_preimage(out, membership, message->sender, &message->hello);
    case ROTA_MESSAGE_HELLO_REPLY:
        return rota_hello_reply_preimage(out, membership, message->sender, &message->hello_reply);
    case ROTA_MESSAGE_RECOVERED:
        recovered = message->recovered;
        recovered.member = message->sender;
        return rota_recovered_preimage(out, membership, &recovered);
    case ROTA_MESSAGE_STATUS:
    case ROTA_MESSAGE_HEARTBEAT:
    case ROTA_MESSAGE_BLOCK:
    case ROTA_MESSAGE_READ_INDEX:
        break;
    }
    return 0;
}

struct rota_vote rota_preprepare_vote(const struct rota_preprepare *preprepare)
{
    return (struct rota_vote){.kind = ROTA_VOTE_PREPARE,
                              .view = preprepare->view,
                              .nv = preprepare->nv,
                              .height = preprepare->header.height,
                              .block = preprepare->block};
}

bool rota_message_vote(struct rota_vote *out, const struct rota_message *message)
{
    if (message->kind == ROTA_MESSAGE_PREPREPARE)
        *out = rota_preprepare_vote(&message->preprepare);
    else if (message->kind == ROTA_MESSAGE_PREPARE || message->kind == ROTA_MESSAGE_COMMIT)
        *out = message->vote;
    else
        return false;
    return true;
}

static struct rota_status signature_check(const struct rota_message *message, const struct rota_membership *membership)
{
    uint8_t preimage[ROTA_MESSAGE_PREIMAGE_MAX];
    size_t len = rota_message_preimage(preimage, membership, message);
    ROTA_ASSERT(len > 0);
    const struct rota_ed25519_public *key = &membership->members[message->sender].key;
    if (ROTA_BROKEN(signature_unchecked, !membership->verify(key, rota_view(preimage, len), &message->signature), false))
        return rota_fail(ROTA_BAD_SIGNATURE, "a message's signature is not its sender's");
    return rota_ok();
}

static struct rota_status preprepare_check(const struct rota_message *message, const struct rota_membership *membership)
{
    ROTA_TRY(rota_header_check(&message->preprepare.header, membership));
    if (ROTA_BROKEN(anybody_proposes, message->sender != rota_primary(membership, message->preprepare.view), false))
        return rota_fail(ROTA_REFUSED, "a proposal from a replica that is not the view's primary");
    return signature_check(message, membership);
}

static struct rota_status suspect_check(const struct rota_message *message, const struct rota_membership *membership)
{
    if (message->suspect.reason == ROTA_SUSPECT_RESIGN && message->sender != rota_primary(membership, message->suspect.view))
        return rota_fail(ROTA_REFUSED, "only a primary resigns");
    return signature_check(message, membership);
}

static struct rota_status new_view_check(const struct rota_message *message, const struct rota_membership *membership)
{
    if (message->sender != rota_primary(membership, message->new_view.view))
        return rota_fail(ROTA_REFUSED, "a new view from a replica that is not its primary");
    if (!rota_new_view_is_signed(&message->new_view, &message->signature, membership))
        return rota_fail(ROTA_BAD_SIGNATURE, "a new view that its primary did not sign");
    return rota_new_view_judge(&message->new_view, membership);
}

static struct rota_status block_check(const struct rota_block_message *block, const struct rota_membership *membership)
{
    ROTA_TRY(rota_header_check(&block->header, membership));
    if (!block->has_certificate)
        return rota_ok();
    const struct rota_vote *vote = &block->certificate.vote;
    if (vote->kind != ROTA_VOTE_COMMIT || vote->height != block->header.height ||
        !rota_hash_equal(&vote->block, &block->block))
        return rota_fail(ROTA_REFUSED, "a block with the certificate of another");
    return ROTA_BROKEN(fetched_block_uncertified, rota_certificate_verify(membership, &block->certificate), rota_ok());
}

/* Only what a certificate shows counts for the reader; the committed block is the sender's word. */
static struct rota_status read_reply_check(const struct rota_message *message, const struct rota_membership *membership)
{
    const struct rota_read_reply *reply = &message->read_reply;
    if (reply->reader >= membership->count)
        return rota_fail(ROTA_UNKNOWN_KEY, "an answer to a stranger");
    ROTA_TRY(signature_check(message, membership));
    return reply->has_best ? rota_certificate_verify(membership, &reply->best) : rota_ok();
}

struct rota_status rota_message_verify(const struct rota_message *message, const struct rota_membership *membership)
{
    bool claim = message->kind == ROTA_MESSAGE_STATUS || message->kind == ROTA_MESSAGE_HEARTBEAT;
    if (message->epoch != membership->epoch)
        return claim ? rota_ok() : rota_fail(ROTA_WRONG_LEDGER, "a message of another epoch");
    if (message->sender >= membership->count)
        return rota_fail(ROTA_UNKNOWN_KEY, "a message of a stranger");
    switch (message->kind) {
    case ROTA_MESSAGE_PREPREPARE:
        return preprepare_check(message, membership);
    case ROTA_MESSAGE_PREPARE:
    case ROTA_MESSAGE_COMMIT:
        return signature_check(message, membership);
    case ROTA_MESSAGE_SUSPECT:
        return suspect_check(message, membership);
    case ROTA_MESSAGE_VIEW_CHANGE:
        return rota_view_change_verify(message->view_change, membership);
    case ROTA_MESSAGE_NEW_VIEW:
        return new_view_check(message, membership);
    case ROTA_MESSAGE_BLOCK:
        return block_check(&message->block, membership);
    case ROTA_MESSAGE_READ_INDEX_REPLY:
        return read_reply_check(message, membership);
    case ROTA_MESSAGE_HELLO:
    case ROTA_MESSAGE_RECOVERED:
        return signature_check(message, membership);
    case ROTA_MESSAGE_HELLO_REPLY:
        ROTA_TRY(signature_check(message, membership));
        return rota_hello_reply_check(&message->hello_reply, membership);
    case ROTA_MESSAGE_STATUS:
    case ROTA_MESSAGE_HEARTBEAT:
    case ROTA_MESSAGE_READ_INDEX:
        return rota_ok();
    }
    return rota_fail(ROTA_MALFORMED, "a message of no known kind");
}
