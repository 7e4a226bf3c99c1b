/* Judging a message by itself: every signature and certificate in it, and everything that needs no state (PROTOCOL A3, G4).
 * Peers' bytes end here as a status; nothing in this file asserts on them. */
#include "consensus/message.h"

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

static size_t view_change_preimage(uint8_t out[ROTA_MESSAGE_PREIMAGE_MAX], const struct rota_membership *membership,
                                   const struct rota_view_change *change)
{
    struct rota_hash content = rota_view_change_content(change);
    struct rota_writer writer = preimage_start(out, ROTA_TAG("viewchange"), membership);
    rota_write_u32(&writer, change->sender);
    rota_write_u64(&writer, change->new_view);
    rota_write_hash(&writer, &content);
    ROTA_ASSERT(!writer.bad);
    return writer.len;
}

struct rota_hash rota_view_change_digest(const struct rota_membership *membership, const struct rota_view_change *change)
{
    uint8_t preimage[ROTA_MESSAGE_PREIMAGE_MAX];
    size_t len = view_change_preimage(preimage, membership, change);
    struct rota_digest digest;
    rota_digest_start(&digest, NULL); /* the preimage begins with its tag */
    rota_digest_add(&digest, preimage, len);
    rota_digest_add(&digest, change->signature.b, sizeof change->signature.b);
    return rota_digest_finish(&digest);
}

struct rota_hash rota_new_view_digest(const struct rota_membership *membership, const struct rota_new_view *new_view)
{
    struct rota_digest digest;
    rota_digest_start(&digest, ROTA_TAG("newview"));
    rota_digest_add_hash(&digest, &membership->ledger_id);
    rota_digest_add_u32(&digest, membership->epoch);
    rota_digest_add_hash(&digest, &membership->config_hash);
    rota_digest_add_u64(&digest, new_view->view);
    for (uint32_t i = 0; i < new_view->change_count; i++) {
        struct rota_hash change = rota_view_change_digest(membership, &new_view->changes[i]);
        rota_digest_add_hash(&digest, &change);
    }
    rota_digest_add_u64(&digest, new_view->tip_height);
    rota_digest_add_hash(&digest, &new_view->tip);
    return rota_digest_finish(&digest);
}

static size_t new_view_preimage(uint8_t out[ROTA_MESSAGE_PREIMAGE_MAX], const struct rota_membership *membership,
                                const struct rota_new_view *new_view)
{
    _Static_assert((int)ROTA_ANCHOR_PREIMAGE_MAX <= (int)ROTA_MESSAGE_PREIMAGE_MAX, "an anchor's preimage fits");
    struct rota_hash nv = rota_new_view_digest(membership, new_view);
    return rota_anchor_preimage(out, membership, new_view->view, &nv);
}

size_t rota_message_preimage(uint8_t out[ROTA_MESSAGE_PREIMAGE_MAX], const struct rota_membership *membership,
                             const struct rota_message *message)
{
    _Static_assert((int)ROTA_VOTE_PREIMAGE_MAX <= (int)ROTA_MESSAGE_PREIMAGE_MAX, "a vote's preimage fits");
    struct rota_vote vote;
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
        return view_change_preimage(out, membership, message->view_change);
    case ROTA_MESSAGE_NEW_VIEW:
        return new_view_preimage(out, membership, &message->new_view);
    case ROTA_MESSAGE_STATUS:
    case ROTA_MESSAGE_HEARTBEAT:
    case ROTA_MESSAGE_BLOCK:
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

static struct rota_status signature_check(const struct rota_message *message, const struct rota_membership *membership)
{
    uint8_t preimage[ROTA_MESSAGE_PREIMAGE_MAX];
    size_t len = rota_message_preimage(preimage, membership, message);
    ROTA_ASSERT(len > 0);
    if (!membership->verify(&membership->members[message->sender].key, rota_view(preimage, len), &message->signature))
        return rota_fail(ROTA_BAD_SIGNATURE, "a message's signature is not its sender's");
    return rota_ok();
}

static struct rota_status header_check(const struct rota_header *header, const struct rota_membership *membership)
{
    if (!rota_hash_equal(&header->ledger_id, &membership->ledger_id) || header->epoch != membership->epoch ||
        !rota_hash_equal(&header->config_hash, &membership->config_hash))
        return rota_fail(ROTA_WRONG_LEDGER, "a block header of another ledger or epoch");
    if (header->height == 0 || header->proposer >= membership->count || header->entry_count == 0)
        return rota_fail(ROTA_MALFORMED, "a block header that no primary makes");
    return rota_ok();
}

static struct rota_status preprepare_check(const struct rota_message *message, const struct rota_membership *membership)
{
    ROTA_TRY(header_check(&message->preprepare.header, membership));
    if (message->sender != rota_primary(membership, message->preprepare.view))
        return rota_fail(ROTA_REFUSED, "a proposal from a replica that is not the view's primary");
    return signature_check(message, membership);
}

static struct rota_status suspect_check(const struct rota_message *message, const struct rota_membership *membership)
{
    if (message->suspect.reason == ROTA_SUSPECT_RESIGN && message->sender != rota_primary(membership, message->suspect.view))
        return rota_fail(ROTA_REFUSED, "only a primary resigns");
    return signature_check(message, membership);
}

/* The headers of a view change link its committed block to its best one (V6). */
static struct rota_status view_change_chain_check(const struct rota_view_change *change,
                                                  const struct rota_membership *membership)
{
    uint64_t base = change->has_committed ? change->committed.vote.height : 0;
    uint64_t top = change->has_best ? change->best.vote.height : 0;
    if (change->header_count != (top > base ? top - base : 0))
        return rota_fail(ROTA_MALFORMED, "a view change whose headers do not span from its committed to its best block");
    struct rota_hash parent = {{0}};
    if (change->has_committed)
        parent = change->committed.vote.block;
    for (uint32_t i = 0; i < change->header_count; i++) {
        const struct rota_header *header = &change->headers[i];
        ROTA_TRY(header_check(header, membership));
        if (header->height != base + 1 + i || !rota_hash_equal(&header->prev_hash, &parent))
            return rota_fail(ROTA_MALFORMED, "a view change whose headers do not link");
        parent = rota_header_hash(header);
    }
    if (change->header_count > 0 && !rota_hash_equal(&parent, &change->best.vote.block))
        return rota_fail(ROTA_MALFORMED, "a view change whose headers do not end in its best block");
    return rota_ok();
}

static struct rota_status view_change_certificates_check(const struct rota_view_change *change,
                                                         const struct rota_membership *membership)
{
    if (change->has_committed && !change->has_best)
        return rota_fail(ROTA_MALFORMED, "a view change with a committed block and no best certificate");
    if (change->has_best) {
        if (change->best.vote.view >= change->new_view || change->best.vote.height == 0)
            return rota_fail(ROTA_REFUSED, "a view change with a certificate that is not older than its view");
        ROTA_TRY(rota_certificate_verify(membership, &change->best));
    }
    if (change->has_committed) {
        const struct rota_vote *vote = &change->committed.vote;
        if (vote->kind != ROTA_VOTE_COMMIT || vote->view >= change->new_view || vote->height == 0)
            return rota_fail(ROTA_REFUSED,
                             "a view change whose committed block is not shown to be committed before its view");
        ROTA_TRY(rota_certificate_verify(membership, &change->committed));
    }
    return rota_ok();
}

static struct rota_status view_change_check(struct rota_view_change *change, const struct rota_membership *membership)
{
    if (change->sender >= membership->count)
        return rota_fail(ROTA_UNKNOWN_KEY, "a view change of a stranger");
    if (change->new_view == 0)
        return rota_fail(ROTA_MALFORMED, "a view change to view 0");
    ROTA_TRY(view_change_chain_check(change, membership));
    struct rota_message signed_part = {
        .kind = ROTA_MESSAGE_VIEW_CHANGE, .sender = change->sender, .signature = change->signature, .view_change = change};
    ROTA_TRY(signature_check(&signed_part, membership));
    return view_change_certificates_check(change, membership);
}

static struct rota_status new_view_check(const struct rota_message *message, const struct rota_membership *membership)
{
    const struct rota_new_view *new_view = &message->new_view;
    if (message->sender != rota_primary(membership, new_view->view))
        return rota_fail(ROTA_REFUSED, "a new view from a replica that is not its primary");
    if (new_view->change_count != rota_quorum(membership->count, membership->profile))
        return rota_fail(ROTA_INCOMPLETE, "a new view without exactly a quorum of view changes");
    ROTA_TRY(signature_check(message, membership));
    for (uint32_t i = 0; i < new_view->change_count; i++) {
        struct rota_view_change *change = &new_view->changes[i];
        if (change->new_view != new_view->view)
            return rota_fail(ROTA_REFUSED, "a new view made of view changes to another view");
        if (i > 0 && change->sender <= new_view->changes[i - 1].sender)
            return rota_fail(ROTA_MALFORMED, "a new view whose view changes are not of distinct members in order");
        ROTA_TRY(view_change_check(change, membership));
    }
    struct rota_tip tip;
    ROTA_TRY(rota_new_view_select(&tip, new_view->changes, new_view->change_count));
    if (tip.height != new_view->tip_height || !rota_hash_equal(&tip.block, &new_view->tip))
        return rota_fail(ROTA_REFUSED, "a new view with another tip than its view changes call for");
    return rota_ok();
}

static struct rota_status block_check(const struct rota_block_message *block, const struct rota_membership *membership)
{
    ROTA_TRY(header_check(&block->header, membership));
    if (!block->has_certificate)
        return rota_ok();
    const struct rota_vote *vote = &block->certificate.vote;
    if (vote->kind != ROTA_VOTE_COMMIT || vote->height != block->header.height ||
        !rota_hash_equal(&vote->block, &block->block))
        return rota_fail(ROTA_REFUSED, "a block with the certificate of another");
    return rota_certificate_verify(membership, &block->certificate);
}

struct rota_status rota_message_verify(const struct rota_message *message, const struct rota_membership *membership)
{
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
        return view_change_check(message->view_change, membership);
    case ROTA_MESSAGE_NEW_VIEW:
        return new_view_check(message, membership);
    case ROTA_MESSAGE_BLOCK:
        return block_check(&message->block, membership);
    case ROTA_MESSAGE_STATUS:
    case ROTA_MESSAGE_HEARTBEAT:
        return rota_ok();
    }
    return rota_fail(ROTA_MALFORMED, "a message of no known kind");
}
