#include "ledger/epoch_change.h"

#include "crypto/broken.h"

#include "crypto/codec.h"
#include "crypto/digest.h"

#include <stdlib.h>

/* ---- approvals ------------------------------------------------------------------------------------------------------ */

size_t rota_approval_preimage(uint8_t out[ROTA_APPROVAL_PREIMAGE_MAX], const struct rota_membership *current,
                              const struct rota_hash *next)
{
    struct rota_writer writer = rota_writer(out, ROTA_APPROVAL_PREIMAGE_MAX);
    rota_write_bytes(&writer, ROTA_TAG("approve"), strlen(ROTA_TAG("approve")));
    rota_write_hash(&writer, &current->ledger_id);
    rota_write_u32(&writer, current->epoch);
    rota_write_hash(&writer, &current->config_hash);
    rota_write_hash(&writer, next);
    ROTA_ASSERT(!writer.bad);
    return writer.len;
}

bool rota_approval_verify(const struct rota_membership *current, const struct rota_hash *next,
                          const struct rota_approval *approval)
{
    uint8_t preimage[ROTA_APPROVAL_PREIMAGE_MAX];
    size_t len = rota_approval_preimage(preimage, current, next);
    return approval->member < current->count &&
           current->verify(&current->members[approval->member].admin, rota_view(preimage, len), &approval->signature);
}

/* ---- making and parsing --------------------------------------------------------------------------------------------- */

static bool approvals_ascend(const struct rota_approval *approvals, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (approvals[i].member >= ROTA_MEMBERS_MAX || (i > 0 && approvals[i].member <= approvals[i - 1].member))
            return false;
    return count >= 1 && count <= ROTA_MEMBERS_MAX;
}

static void change_write(struct rota_epoch_change *change, struct rota_view document)
{
    struct rota_writer writer = rota_writer(change->bytes, change->len);
    rota_write_long(&writer, document);
    rota_write_u8(&writer, (uint8_t)change->approval_count);
    for (uint32_t i = 0; i < change->approval_count; i++) {
        rota_write_u32(&writer, change->approvals[i].member);
        rota_write_signature(&writer, &change->approvals[i].signature);
    }
    ROTA_ASSERT(!writer.bad && writer.len == change->len);
    change->document = rota_view(change->bytes + 4, document.len);
    change->id = rota_hash_of(ROTA_TAG("config"), rota_view(change->bytes, change->len));
}

struct rota_status rota_epoch_change_new(struct rota_epoch_change **out, struct rota_view document,
                                         const struct rota_approval *approvals, uint32_t count)
{
    *out = NULL;
    if (!approvals_ascend(approvals, count))
        return rota_fail(ROTA_MALFORMED, "approvals are of 1 to 31 distinct members, in order");
    struct rota_epoch_change *change = calloc(1, sizeof *change);
    if (!change)
        return rota_fail(ROTA_NO_MEMORY, "no memory for an epoch document");
    struct rota_status status = rota_epoch_parse(&change->next, document);
    change->references = 1;
    change->approval_count = count;
    memcpy(change->approvals, approvals, count * sizeof *approvals);
    change->len = 4 + document.len + 1 + count * (size_t)(4 + ROTA_SIGNATURE_BYTES);
    change->bytes = rota_is_ok(status) ? malloc(change->len) : NULL;
    if (rota_is_ok(status) && !change->bytes)
        status = rota_fail(ROTA_NO_MEMORY, "no memory for an epoch document");
    if (!rota_is_ok(status)) {
        rota_epoch_change_release(change);
        return status;
    }
    change_write(change, document);
    *out = change;
    return rota_ok();
}

struct rota_status rota_epoch_change_parse(struct rota_epoch_change **out, struct rota_view bytes)
{
    struct rota_approval approvals[ROTA_MEMBERS_MAX];
    struct rota_reader reader = rota_reader(bytes);
    *out = NULL;
    struct rota_view document = rota_read_long(&reader);
    uint32_t count = rota_read_u8(&reader);
    if (count > ROTA_MEMBERS_MAX)
        return rota_fail(ROTA_MALFORMED, "more approvals than a ledger has members");
    for (uint32_t i = 0; i < count; i++) {
        approvals[i].member = rota_read_u32(&reader);
        rota_read_signature(&reader, &approvals[i].signature);
    }
    ROTA_TRY(rota_reader_finish(&reader));
    return rota_epoch_change_new(out, document, approvals, count);
}

static struct rota_status approvals_verify(const struct rota_epoch_change *change, const struct rota_membership *before)
{
    for (uint32_t i = 0; i < change->approval_count; i++) {
        if (change->approvals[i].member >= before->count)
            return rota_fail(ROTA_UNKNOWN_KEY, "an approval of somebody who is no member");
        if (ROTA_BROKEN(approvals_unverified,
                        !rota_approval_verify(before, &change->next.membership.config_hash, &change->approvals[i]), false))
            return rota_fail(ROTA_BAD_SIGNATURE, "an approval that is not its administrator's");
    }
    return rota_ok();
}

struct rota_status rota_epoch_change_verify(const struct rota_epoch_change *change, const struct rota_epoch *current)
{
    const struct rota_membership *before = &current->membership;
    ROTA_TRY(rota_epoch_follows(&change->next, current));
    if (rota_epoch_is_discontinuity(&change->next))
        return rota_fail(ROTA_REFUSED, "a recovery manifest begins an epoch: no block of the epoch before can hold it");
    if (change->approval_count < ROTA_BROKEN(config_by_a_minority, rota_quorum(before->count, before->profile), 1))
        return rota_fail(ROTA_INCOMPLETE, "fewer than a quorum of administrators approve of the epoch document");
    return approvals_verify(change, before);
}

uint32_t rota_discontinuity_quorum(uint32_t n)
{
    return rota_quorum(n, ROTA_PROFILE_BYZANTINE);
}

/* Block h is of the epoch that is given up, or the one on which that epoch stands when it has none; but an epoch that began
 * with a manifest has one, or nobody could see whose administrators these are. */
static struct rota_status kept_verify(const struct rota_discontinuity *kept, const struct rota_epoch *current,
                                      const struct rota_discontinuity *tip)
{
    const struct rota_membership *before = &current->membership;
    if (rota_epoch_is_discontinuity(current) && kept->height == before->base_height)
        return rota_fail(ROTA_REFUSED, "the epoch that this recovery manifest gives up began with one itself, and its first "
                                       "block is not kept");
    if (kept->height < before->base_height ||
        (before->epoch > 0 && kept->height == before->base_height && !rota_hash_equal(&kept->block, &before->base)))
        return rota_fail(ROTA_REFUSED, "the recovery manifest keeps a block from before the epoch that it gives up");
    if (tip && (kept->height != tip->height || !rota_hash_equal(&kept->block, &tip->block)))
        return rota_fail(ROTA_REFUSED, "the recovery manifest keeps another block than the one below it");
    return rota_ok();
}

struct rota_status rota_discontinuity_verify(const struct rota_epoch_change *change, const struct rota_epoch *current,
                                             const struct rota_discontinuity *tip)
{
    const struct rota_membership *before = &current->membership;
    if (!rota_epoch_is_discontinuity(&change->next))
        return rota_fail(ROTA_REFUSED, "an epoch document that keeps no block is no recovery manifest");
    ROTA_TRY(rota_epoch_follows(&change->next, current));
    ROTA_TRY(kept_verify(&change->next.discontinuity, current, ROTA_BROKEN(manifest_keeps_any_block, tip, NULL)));
    if (change->approval_count < ROTA_BROKEN(manifest_by_a_minority, rota_discontinuity_quorum(before->count), 1))
        return rota_fail(ROTA_INCOMPLETE, "fewer than two thirds of the administrators approve of the recovery manifest");
    return approvals_verify(change, before);
}

struct rota_epoch_change *rota_epoch_change_retain(struct rota_epoch_change *change)
{
    __atomic_add_fetch(&change->references, 1, __ATOMIC_RELAXED);
    return change;
}

void rota_epoch_change_release(struct rota_epoch_change *change)
{
    if (!change || __atomic_sub_fetch(&change->references, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    free(change->bytes);
    free(change);
}
