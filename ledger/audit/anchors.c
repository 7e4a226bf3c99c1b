/* What the auditor knows from elsewhere: a block's hash, receipts. Checks J1, J2, E4. */
#include "ledger/audit/inside.h"

#include <inttypes.h>
#include <stdlib.h>

static void receipts_sort(uint32_t *order, uint32_t count, const struct rota_receipt *receipts)
{
    for (uint32_t i = 1; i < count; i++) {
        uint32_t moved = order[i], j = i;
        for (; j > 0 && receipts[order[j - 1]].headers[0].height > receipts[moved].headers[0].height; j--)
            order[j] = order[j - 1];
        order[j] = moved;
    }
}

/* A receipt that does not hold by itself proves nothing about the file, for or against it. */
bool audit_anchors_prepare(struct audit *audit)
{
    const struct rota_audit_options *options = audit->options;
    if (options->receipt_count == 0)
        return true;
    audit->receipt_order = calloc(options->receipt_count, sizeof *audit->receipt_order);
    if (audit->receipt_order == NULL) {
        audit_out_of_memory(audit);
        return false;
    }
    for (uint32_t i = 0; i < options->receipt_count; i++) {
        struct rota_status status = rota_receipt_verify(&options->receipts[i], &audit->genesis, NULL);
        if (rota_is_ok(status))
            audit->receipt_order[audit->receipt_count++] = i;
        else
            audit_fail(audit, CHECK_J2, WEIGHT_INCOMPLETE, 0, UINT64_MAX,
                       "receipt %" PRIu32 " does not hold by itself, so it anchors nothing: %s", i + 1, status.why);
    }
    receipts_sort(audit->receipt_order, audit->receipt_count, options->receipts);
    return true;
}

/* ---- another history ------------------------------------------------------------------------------------------------ */

/* The first epoch that began otherwise here than in the receipt, or in one of the two alone; 0: none. */
static uint32_t anchor_parted(const struct audit *audit, const struct rota_receipt *theirs)
{
    const struct rota_audit_report *report = audit->report;
    for (uint32_t number = 1;; number++) {
        bool here = number < report->epoch_count, there = number <= theirs->epoch_count;
        if (!here && !there)
            return 0;
        if (!here || !there ||
            !rota_hash_equal(&report->epochs[number].config_hash,
                             &theirs->epochs[number - 1].change->next.membership.config_hash))
            return number;
    }
}

/* What began this epoch in the receipt; NULL: it is of an earlier one. */
static const struct rota_receipt_epoch *anchor_step(const struct rota_receipt *theirs, uint32_t number)
{
    return number > 0 && number <= theirs->epoch_count ? &theirs->epochs[number - 1] : NULL;
}

static bool anchor_is_manifest(const struct rota_receipt_epoch *step)
{
    return step != NULL && rota_epoch_is_discontinuity(&step->change->next);
}

/* Two recovery manifests for one epoch: no facility lied for that, but administrators signed two of them. False: the two
 * histories do not part at a manifest. */
static bool anchor_two_manifests(struct audit *audit, const struct rota_receipt *theirs, uint64_t height, uint32_t receipt)
{
    uint32_t number = anchor_parted(audit, theirs), approvers = 0;
    const struct rota_receipt_epoch *step = anchor_step(theirs, number);
    if (!anchor_is_manifest(step))
        return false;
    const struct rota_audit_discontinuity *noted = audit_given_up(audit, number - 1, UINT64_MAX);
    const struct rota_epoch *before = rota_state_epoch_number(audit->state, number - 1);
    if (noted == NULL || before == NULL)
        return false;
    char names[AUDIT_NAMES_MAX];
    for (uint32_t i = 0; i < step->change->approval_count; i++)
        approvers |= UINT32_C(1) << step->change->approvals[i].member;
    audit_member_names(names, &before->membership, approvers & noted->approvers);
    audit_fail(audit, CHECK_E4, WEIGHT_EQUIVOCATION, height, UINT64_MAX,
               "receipt %" PRIu32 " and this file stand on two recovery manifests for epoch %" PRIu32
               ": the administrators of %s signed both",
               receipt + 1, number, names);
    return true;
}

/* The receipt's block, or the one that ended the epoch in which the two part, lies above what this file's manifest keeps. */
static bool anchor_lost_there(struct audit *audit, const struct rota_receipt *theirs, uint32_t number, uint32_t receipt)
{
    const struct rota_header *header = &theirs->headers[0];
    const struct rota_receipt_epoch *step = anchor_step(theirs, number);
    const struct rota_audit_discontinuity *by =
        audit_given_up(audit, number - 1, step != NULL ? step->header.height : header->height);
    if (by == NULL || anchor_is_manifest(step))
        return false;
    audit_fail(audit, CHECK_J2, WEIGHT_INCOMPLETE, header->height, UINT64_MAX,
               "receipt %" PRIu32 " proves block %" PRIu64 " of epoch %" PRIu32
               ", which was given up: the recovery manifest of epoch %" PRIu32 " keeps nothing above block %" PRIu64,
               receipt + 1, header->height, header->epoch, by->epoch, by->height);
    return true;
}

/* The same the other way round: the file goes on above what the receipt's manifest keeps, and has reached `height`. */
static bool anchor_lost_here(struct audit *audit, const struct rota_receipt *theirs, uint32_t number, uint64_t height,
                             uint32_t receipt)
{
    const struct rota_receipt_epoch *step = anchor_step(theirs, number);
    const struct rota_audit_epoch *ours = number < audit->report->epoch_count ? &audit->report->epochs[number] : NULL;
    uint64_t last = ours != NULL ? ours->from_height - 1 : height;
    if (!anchor_is_manifest(step) || (ours != NULL && ours->discontinuity) || last <= step->header.height)
        return false;
    audit_fail(audit, CHECK_J2, WEIGHT_INCOMPLETE, height, UINT64_MAX,
               "this file goes on where receipt %" PRIu32 " stands on the recovery manifest of epoch %" PRIu32
               ", which keeps nothing above block %" PRIu64 ": what is here above it was given up",
               receipt + 1, number, step->header.height);
    return true;
}

/* Of a block of which everything holds here, with a certificate, so that a quorum signed it as well as the other one. */
static bool anchor_differs_at(const struct audit *audit, const struct rota_header *header)
{
    struct rota_header here;
    if (header->height > audit->sound_height || !rota_is_ok(rota_store_header(&here, audit->store, header->height)))
        return false;
    struct rota_hash ours = rota_header_hash(&here), theirs = rota_header_hash(header);
    return !rota_hash_equal(&ours, &theirs);
}

/* It was certified, and then given up: that was said openly, and nobody signed two histories (PROTOCOL M11). */
static bool anchor_given_up(struct audit *audit, const struct rota_receipt *theirs, uint64_t height, uint32_t receipt)
{
    uint32_t number = anchor_parted(audit, theirs);
    return number > 0 &&
           (anchor_lost_there(audit, theirs, number, receipt) || anchor_lost_here(audit, theirs, number, height, receipt));
}

/* Why the two masks of signers do not tell who lied; NULL: they do. A bit is a place in the document of its own epoch, and
 * who was in two epochs or two views may have signed in both and not lied (PROTOCOL E11). */
static const char *anchor_apart(const struct rota_membership *membership, const struct rota_certificate *ours,
                                const struct rota_certificate *theirs, const struct rota_header *header)
{
    if (theirs->epoch != membership->epoch || !rota_hash_equal(&header->config_hash, &membership->config_hash))
        return "two epochs";
    return theirs->vote.view != ours->vote.view ? "two views" : NULL;
}

/* Two quorums signed two histories. In one view each member of both lied. `membership`: whose certificate ours is;
 * `header`: the receipt's block, which their certificate covers. */
static void anchor_two_histories(struct audit *audit, const struct rota_membership *membership,
                                 const struct rota_certificate *ours, const struct rota_certificate *theirs,
                                 const struct rota_header *header, uint32_t receipt)
{
    char names[AUDIT_NAMES_MAX];
    uint64_t height = header->height;
    const char *apart = anchor_apart(membership, ours, theirs, header);
    if (apart != NULL) {
        audit_fail(audit, CHECK_E4, WEIGHT_EQUIVOCATION, height, UINT64_MAX,
                   "receipt %" PRIu32 " and this file hold two different blocks %" PRIu64
                   ", both certified, in %s: rota forensics finds out who lied",
                   receipt + 1, height, apart);
        return;
    }
    audit_member_names(names, membership, ours->signers & theirs->signers);
    audit_fail(audit, CHECK_E4, WEIGHT_EQUIVOCATION, height, UINT64_MAX,
               "receipt %" PRIu32 " and this file hold two different blocks %" PRIu64 ", both certified: %s signed %s",
               receipt + 1, height, names, ours->vote.height == theirs->vote.height ? "both" : "in both histories");
}

/* The step that proves the block which this epoch's manifest keeps: when the epoch before had no block it is the one before,
 * and nobody verified the certificate beside the manifest. */
static const struct rota_receipt_epoch *anchor_kept(const struct rota_receipt *theirs, uint32_t number)
{
    const struct rota_receipt_epoch *step = anchor_step(theirs, number), *before = anchor_step(theirs, number - 1);
    return before != NULL && before->header.height == step->header.height ? before : step;
}

/* The receipt's manifest keeps another block than the one here. It gave up what was above, not this: members signed two
 * histories before any administrator decided. */
static bool anchor_two_kept(struct audit *audit, const struct rota_receipt *theirs, uint32_t receipt)
{
    uint32_t number = anchor_parted(audit, theirs);
    struct rota_certificate ours;
    if (!anchor_is_manifest(anchor_step(theirs, number)))
        return false;
    const struct rota_receipt_epoch *step = anchor_kept(theirs, number);
    if (!anchor_differs_at(audit, &step->header) ||
        !rota_is_ok(rota_store_certificate(&ours, audit->store, step->header.height)))
        return false;
    const struct rota_epoch *epoch = rota_state_epoch_number(audit->state, ours.epoch);
    bool manifest_here = number < audit->report->epoch_count && audit->report->epochs[number].discontinuity;
    if (epoch == NULL || (manifest_here && ours.epoch >= number)) /* ours stands on a manifest: that is where they part */
        return false;
    anchor_two_histories(audit, &epoch->membership, &ours, &step->certificate, &step->header, receipt);
    return true;
}

static void receipt_meet(struct audit *audit, const struct audit_block *block, uint32_t index)
{
    const struct rota_receipt *receipt = &audit->options->receipts[index];
    struct rota_hash hash = rota_header_hash(&receipt->headers[0]);
    bool attested = block->attested && !audit->members_doubtful;
    if (rota_hash_equal(&hash, &block->hash)) {
        if (audit->broken)
            return;
        audit->anchors_held++;
        audit_pass(audit, CHECK_J2, 1);
        audit_pass(audit, CHECK_E4, 1);
    } else if (anchor_two_kept(audit, receipt, index)) {
        if (attested)
            (void)anchor_two_manifests(audit, receipt, block->height, index);
    } else if (anchor_given_up(audit, receipt, block->height, index)) {
        return;
    } else if (attested && !anchor_two_manifests(audit, receipt, block->height, index)) {
        anchor_two_histories(audit, &audit->epoch.membership, &audit->batch.blocks[block->cover].certificate,
                             &receipt->certificate, &receipt->headers[0], index);
    } else if (!attested) {
        audit_fail(audit, CHECK_J2, WEIGHT_INVALID, block->height, UINT64_MAX,
                   "receipt %" PRIu32 " proves another block at this height than the one in the file", index + 1);
    }
}

void audit_anchors_meet(struct audit *audit, const struct audit_block *block)
{
    const struct rota_audit_options *options = audit->options;
    for (; audit->receipt_next < audit->receipt_count; audit->receipt_next++) {
        uint32_t index = audit->receipt_order[audit->receipt_next];
        if (options->receipts[index].headers[0].height > block->height)
            break;
        if (options->receipts[index].headers[0].height == block->height)
            receipt_meet(audit, block, index);
        else
            audit_fail(audit, CHECK_J2, WEIGHT_INVALID, options->receipts[index].headers[0].height, UINT64_MAX,
                       "receipt %" PRIu32 " proves a block that is missing here", index + 1);
    }
    if (options->known_height == 0 || options->known_height != block->height)
        return;
    if (!rota_hash_equal(&options->known_block, &block->hash)) {
        const struct rota_audit_report *report = audit->report;
        bool perhaps = report->discontinuity_count > 0 && block->height > report->discontinuities[0].height;
        audit_fail(audit, CHECK_J1, WEIGHT_INVALID, block->height, UINT64_MAX,
                   "block %" PRIu64 " in this file is %s, but the one you know is %s%s", block->height,
                   audit_short_hex(block->hash.b).text, audit_short_hex(options->known_block.b).text,
                   perhaps ? "; it may be one that a recovery manifest gave up" : "");
    } else if (!audit->broken) {
        audit->anchors_held++;
        audit_pass(audit, CHECK_J1, 1);
    }
}

void audit_anchors_end(struct audit *audit)
{
    const struct rota_audit_options *options = audit->options;
    uint64_t end = audit->expected_height - 1;
    if (options->known_height > end)
        audit_fail(audit, CHECK_J1, WEIGHT_INCOMPLETE, options->known_height, UINT64_MAX,
                   "the file ends with block %" PRIu64 ", but you know block %" PRIu64 ": what came after was cut off", end,
                   options->known_height);
    for (; audit->receipt_next < audit->receipt_count; audit->receipt_next++) {
        uint32_t index = audit->receipt_order[audit->receipt_next];
        uint64_t height = options->receipts[index].headers[0].height;
        bool sound = !audit->broken && !audit->members_doubtful;
        if (anchor_two_kept(audit, &options->receipts[index], index) ||
            (sound && anchor_two_manifests(audit, &options->receipts[index], height, index)) ||
            anchor_given_up(audit, &options->receipts[index], end, index))
            continue;
        audit_fail(audit, CHECK_J2, WEIGHT_INCOMPLETE, height, UINT64_MAX,
                   "the file ends with block %" PRIu64 ", but receipt %" PRIu32 " proves block %" PRIu64
                   ": what came after was cut off",
                   end, index + 1, height);
    }
}
