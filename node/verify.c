/* Judging a frame: the sender's right to say it, signatures, certificates, entries. Runs on the workers, many at a time;
 * reads only what never changes (membership) or locks itself (keyring). */
#include "node/frame.h"

/* An unknown key is no fault of the sender: the key may be in a block that we do not have yet. Evidence may be about an
 * epoch that this thread knows nothing of. The loop has to look. */
static struct rota_status verify_entry(struct rota_frame *frame, const struct rota_membership *membership,
                                       struct rota_keyring *keyring, const struct rota_entry *entry)
{
    struct rota_status status = rota_keyring_verify_entry(keyring, membership, entry);
    bool of_another_epoch = status.code == ROTA_WRONG_LEDGER && entry->kind == ROTA_ENTRY_EVIDENCE;
    if (status.code != ROTA_UNKNOWN_KEY && !of_another_epoch)
        return status;
    frame->entries_verified = false;
    return rota_ok();
}

static struct rota_status verify_block(struct rota_frame *frame, const struct rota_membership *membership,
                                       struct rota_keyring *keyring)
{
    const struct rota_message *message = &frame->message;
    const struct rota_hash *named =
        message->kind == ROTA_MESSAGE_PREPREPARE ? &message->preprepare.block : &message->block.block;
    if (!rota_hash_equal(named, &frame->block->hash))
        return rota_fail(ROTA_MALFORMED, "a message with the block of another");
    struct rota_status status = rota_ok();
    for (uint32_t i = 0; i < frame->block->entry_count && rota_is_ok(status); i++)
        status = verify_entry(frame, membership, keyring, &frame->block->entries[i]);
    if (message->kind != ROTA_MESSAGE_PREPREPARE || status.code == ROTA_NO_MEMORY)
        return status;
    /* Whoever proposes is answerable for every entry: the chain looks whether the body is the header's, and says so (E9). */
    frame->entries_verified &= rota_is_ok(status) && !frame->block->unfit;
    return rota_ok();
}

/* What a message that was refused proves all the same: a NEW-VIEW that is none, a proposal that cannot be a block. */
static struct rota_status verify_accuse(struct rota_evidence **out, const struct rota_message *message,
                                        const struct rota_membership *membership)
{
    if (message->kind == ROTA_MESSAGE_NEW_VIEW)
        return rota_evidence_of_new_view(out, membership, &message->new_view, &message->signature);
    if (message->kind != ROTA_MESSAGE_PREPREPARE)
        return rota_fail(ROTA_REFUSED, "other messages prove nothing by themselves");
    struct rota_signed_vote prepare = {rota_preprepare_vote(&message->preprepare), message->signature};
    return rota_evidence_of_proposal(out, membership->epoch, message->sender, &prepare, &message->preprepare.header);
}

/* Its signer is convicted by it: the frame becomes the evidence of that (PROTOCOL E5, E9). */
static bool verify_convicts(struct rota_frame *frame, const struct rota_membership *membership)
{
    const struct rota_message *message = &frame->message;
    struct rota_evidence *evidence = NULL;
    if (!rota_is_ok(verify_accuse(&evidence, message, membership)))
        return false;
    bool proves = rota_is_ok(rota_evidence_verify(evidence, membership, NULL));
    if (proves) {
        frame->kind = ROTA_FRAME_ENTRY;
        frame->entry = rota_entry_of_evidence(evidence);
        frame->convicts = true;
    }
    rota_evidence_release(evidence);
    return proves;
}

static bool manifest_holds(const struct rota_epoch_change *manifest, const struct rota_membership *members)
{
    struct rota_epoch current = {.membership = *members};
    return manifest && rota_is_ok(rota_discontinuity_verify(manifest, &current, NULL));
}

/* Sent about like anything that waits: told of if it could follow here, and nothing more. */
static struct rota_status verify_manifest(struct rota_frame *frame, const struct rota_membership *members)
{
    frame->entries_verified = manifest_holds(frame->entry.change, members);
    return rota_ok();
}

/* PROTOCOL M12. A block of the next epoch that begins with a good manifest is of no use to who was not given that manifest;
 * that there is one is worth knowing. The frame becomes the manifest. */
static bool verify_meets_manifest(struct rota_frame *frame, const struct rota_membership *members)
{
    struct rota_epoch_change *manifest =
        frame->block ? rota_entries_discontinuity(frame->block->entries, frame->block->entry_count) : NULL;
    if (!manifest_holds(manifest, members))
        return false;
    frame->kind = ROTA_FRAME_ENTRY;
    frame->entry = rota_entry_of_change(manifest);
    return true;
}

/* A block is judged by those who certified it; the link alone says who sent it, and counts members in its own way. */
static struct rota_status verify_fetched(struct rota_frame *frame, const struct rota_membership *certifiers,
                                         struct rota_keyring *keyring)
{
    struct rota_message message = frame->message;
    message.sender = 0;
    struct rota_status status = rota_message_verify(&message, certifiers);
    if (!rota_is_ok(status) && verify_meets_manifest(frame, certifiers))
        return rota_ok();
    ROTA_TRY(status);
    return frame->block ? verify_block(frame, certifiers, keyring) : rota_ok();
}

static struct rota_status verify_consensus(struct rota_frame *frame, const struct rota_membership *membership,
                                           const struct rota_membership *certifiers, struct rota_keyring *keyring)
{
    if (frame->peer >= membership->count)
        return rota_fail(ROTA_REFUSED, "a guest asks for blocks and says nothing else");
    /* Signed statements may come by way of anybody; the others are worth what the link is worth. Who speaks in another
     * epoch has another index there, and a block belongs to whatever epoch made it: then the link alone says who it is. */
    bool counts_alike = frame->message.epoch == membership->epoch && frame->message.kind != ROTA_MESSAGE_BLOCK;
    if (!rota_message_is_signed(frame->message.kind)) {
        if (counts_alike && frame->message.sender != frame->peer)
            return rota_fail(ROTA_REFUSED, "a statement in the name of another facility");
        frame->message.sender = frame->peer;
    }
    if (frame->message.kind == ROTA_MESSAGE_BLOCK)
        return verify_fetched(frame, certifiers, keyring);
    struct rota_status status = rota_message_verify(&frame->message, membership);
    if (!rota_is_ok(status) && verify_convicts(frame, membership))
        return rota_ok();
    ROTA_TRY(status);
    return frame->block ? verify_block(frame, membership, keyring) : rota_ok();
}

struct rota_status rota_frame_verify(struct rota_frame *frame, const struct rota_membership *membership,
                                     const struct rota_membership *certifiers, struct rota_keyring *keyring)
{
    frame->entries_verified = true;
    switch (frame->kind) {
    case ROTA_FRAME_CONSENSUS:
        return verify_consensus(frame, membership, certifiers, keyring);
    case ROTA_FRAME_ENTRY:
        if (frame->peer >= membership->count)
            return rota_fail(ROTA_REFUSED, "a guest asks for blocks and says nothing else");
        if (rota_entries_discontinuity(&frame->entry, 1))
            return verify_manifest(frame, certifiers);
        return verify_entry(frame, membership, keyring, &frame->entry);
    case ROTA_FRAME_FETCH:
        return rota_ok();
    case ROTA_FRAME_PING: /* the link answers these itself */
    case ROTA_FRAME_PONG:
        break;
    }
    return rota_fail(ROTA_MALFORMED, "a frame of no known kind");
}
