/* Headers and certificates: checks C and E. */
#include "ledger/audit/inside.h"

#include "crypto/broken.h"

#include <inttypes.h>

/* Works upwards from each good certificate: a header counts as attested when the header above it, attested itself, names
 * it. What a certificate names is compared with the bytes in the file, never with a field of them. */
void audit_chain_attest(struct audit *audit)
{
    struct audit_batch *batch = &audit->batch;
    size_t cover = SIZE_MAX;
    for (size_t i = batch->block_count; i-- > 0;) {
        struct audit_block *block = &batch->blocks[i];
        const struct audit_block *above = i + 1 < batch->block_count ? block + 1 : NULL;
        const struct rota_vote *vote = &block->certificate.vote;
        if (block->has_certificate)
            cover = i;
        block->cover = cover;
        block->names_this = block->has_certificate && rota_is_ok(block->certificate_form) &&
                            vote->kind == ROTA_VOTE_COMMIT && vote->height == block->height &&
                            rota_hash_equal(&vote->block, &block->hash);
        if (block->has_certificate)
            block->attested = block->names_this && rota_is_ok(block->certificate_status);
        else
            block->attested = above != NULL && above->attested && above->height == block->height + 1 &&
                              rota_hash_equal(&above->header.prev_hash, &block->hash);
    }
}

static void chain_fail(struct audit *audit, const struct audit_block *block, enum audit_check check, const char *text)
{
    audit_fail(audit, check, WEIGHT_INVALID, block->height, UINT64_MAX, "%s", text);
}

static bool chain_form(struct audit *audit, const struct audit_block *block)
{
    if (block->height == 0 || block->height > INT64_MAX) {
        audit_fail(audit, CHECK_A6, WEIGHT_INVALID, audit->expected_height, UINT64_MAX,
                   "a block is filed under a height that cannot be");
        return false;
    }
    if (!block->header_fits) {
        chain_fail(audit, block, CHECK_A6, "the header of this block does not have 200 bytes");
        return false;
    }
    audit_pass(audit, CHECK_A6, 1);
    return true;
}

static bool chain_height(struct audit *audit, const struct audit_block *block)
{
    uint64_t expected = audit->expected_height;
    audit->expected_height = block->height + 1;
    if (block->height == expected) {
        audit_pass(audit, CHECK_C1, 1);
        return true;
    }
    audit->skip_previous = true;
    if (block->height == expected + 1)
        audit_fail(audit, CHECK_C1, WEIGHT_INVALID, expected, UINT64_MAX, "block %" PRIu64 " is missing from the file",
                   expected);
    else
        audit_fail(audit, CHECK_C1, WEIGHT_INVALID, expected, UINT64_MAX,
                   "blocks %" PRIu64 " to %" PRIu64 " are missing from the file", expected, block->height - 1);
    return false;
}

static bool chain_own_height(struct audit *audit, const struct audit_block *block)
{
    if (!rota_is_ok(block->form) || block->header.height == block->height)
        return true;
    audit_fail(audit, CHECK_C3, WEIGHT_INVALID, block->height, UINT64_MAX,
               "the header filed under height %" PRIu64 " says that it is that of block %" PRIu64, block->height,
               block->header.height);
    return false;
}

static bool chain_ledger(struct audit *audit, const struct audit_block *block)
{
    if (!rota_is_ok(block->form)) {
        audit_fail(audit, CHECK_C3, WEIGHT_INVALID, block->height, UINT64_MAX, "the header: %s", block->form.why);
        return false;
    }
    if (!rota_hash_equal(&block->header.ledger_id, &audit->genesis.ledger_id)) {
        chain_fail(audit, block, CHECK_C3, "the header names another ledger");
        return false;
    }
    audit_pass(audit, CHECK_C3, 1);
    return true;
}

/* A certificate that holds for another block, or one that would hold if it named this one: which of the two was altered? */
static void certificate_names_other(struct audit *audit, const struct audit_block *block)
{
    struct rota_certificate mended = block->certificate;
    mended.vote.block = block->hash;
    if (rota_is_ok(block->certificate_status))
        chain_fail(audit, block, CHECK_C4, "the header of this block was altered after a quorum had signed it");
    else if (rota_is_ok(rota_certificate_verify(&audit->epoch.membership, &mended)))
        chain_fail(audit, block, CHECK_E3, "the certificate was altered: it names another block than its signatures do");
    else
        chain_fail(audit, block, CHECK_E1, "the certificate neither names this block nor holds for the one it names");
}

static void certificate_bad_signature(struct audit *audit, const struct audit_block *block)
{
    const struct rota_membership *membership = &audit->epoch.membership;
    const struct rota_certificate *certificate = &block->certificate;
    uint32_t bad = 0, at = 0;
    char names[AUDIT_NAMES_MAX];
    for (uint32_t i = 0; i < membership->count; i++) {
        if ((certificate->signers >> i & 1) == 0)
            continue;
        if (!rota_vote_verify(membership, &certificate->vote, i, &certificate->signatures[at++]))
            bad |= UINT32_C(1) << i;
    }
    audit_member_names(names, membership, bad);
    audit_fail(audit, CHECK_E1, WEIGHT_INVALID, block->height, UINT64_MAX,
               "in the certificate of this block, what stands as the signature of %s is not theirs", names);
}

static void certificate_refuse(struct audit *audit, const struct audit_block *block)
{
    const struct rota_membership *membership = &audit->epoch.membership;
    enum rota_code code = block->certificate_status.code;
    if (code == ROTA_WRONG_LEDGER)
        chain_fail(audit, block, CHECK_E2, "the certificate of this block is of another epoch");
    else if (code == ROTA_UNKNOWN_KEY)
        chain_fail(audit, block, CHECK_E2, "the certificate of this block counts a signer that is no member");
    else if (code == ROTA_INCOMPLETE)
        audit_fail(audit, CHECK_E1, WEIGHT_INVALID, block->height, UINT64_MAX,
                   "the certificate of this block has %" PRIu32 " signatures, but exactly %" PRIu32 " make one",
                   rota_certificate_signer_count(&block->certificate), rota_quorum(membership->count, membership->profile));
    else if (code == ROTA_BAD_SIGNATURE)
        certificate_bad_signature(audit, block);
    else
        chain_fail(audit, block, CHECK_E1, block->certificate_status.why);
}

static bool chain_certificate(struct audit *audit, const struct audit_block *block)
{
    const struct rota_vote *vote = &block->certificate.vote;
    if (!block->has_certificate)
        return true;
    if (!rota_is_ok(block->certificate_form)) {
        chain_fail(audit, block, CHECK_E1, "what is stored as the certificate of this block does not have the form of one");
        return false;
    }
    if (vote->kind != ROTA_VOTE_COMMIT || vote->height != block->height) {
        audit_fail(audit, CHECK_E3, WEIGHT_INVALID, block->height, UINT64_MAX,
                   vote->kind != ROTA_VOTE_COMMIT ? "the certificate of this block is one of prepares, which decides nothing"
                                                  : "the certificate of this block is about block %" PRIu64,
                   vote->height);
        return false;
    }
    if (!rota_hash_equal(&vote->block, &block->hash)) {
        certificate_names_other(audit, block);
        return false;
    }
    if (!rota_is_ok(block->certificate_status)) {
        certificate_refuse(audit, block);
        return false;
    }
    audit->report->certificates++;
    audit_pass(audit, CHECK_C4, 1);
    audit_pass(audit, CHECK_E2, 1);
    audit_pass(audit, CHECK_E3, 1);
    return true;
}

/* The lines to the block before and, where that one is attested, to the block after. */
static bool chain_links(struct audit *audit, const struct audit_block *block, const struct audit_block *above)
{
    bool skip = audit->skip_previous;
    audit->skip_previous = false;
    if (ROTA_BROKEN(audit_links_unchecked, !skip && !rota_hash_equal(&block->header.prev_hash, &audit->previous_hash),
                    false)) {
        if (block->height == 1)
            chain_fail(audit, block, CHECK_C2, "the first block names a block before it");
        else
            audit_fail(audit, CHECK_C2, WEIGHT_INVALID, block->height, UINT64_MAX,
                       "block %" PRIu64 " does not follow from block %" PRIu64 ": it names another block before it",
                       block->height, block->height - 1);
        return false;
    }
    if (!skip)
        audit_pass(audit, CHECK_C2, 1);
    if (block->has_certificate || above == NULL || !above->attested || above->height != block->height + 1 || block->attested)
        return true;
    audit->skip_previous = true;
    audit_fail(audit, CHECK_C2, WEIGHT_INVALID, block->height, UINT64_MAX,
               "the header of block %" PRIu64 " is not the one that block %" PRIu64
               " was built on: it was altered afterwards",
               block->height, above->height);
    return false;
}

static bool chain_covered(struct audit *audit, const struct audit_block *block)
{
    if (ROTA_BROKEN(audit_without_certificates, block->attested, true)) {
        audit_pass(audit, CHECK_E1, 1);
        return true;
    }
    if (block->cover != SIZE_MAX)
        return false; /* what is wrong further up is told there */
    audit_fail(audit, CHECK_E1, WEIGHT_INVALID, block->height, UINT64_MAX,
               "no certificate covers block %" PRIu64 ": nothing shows that the facilities agreed on it", block->height);
    return false;
}

static bool chain_time(struct audit *audit, const struct audit_block *block)
{
    uint64_t before = audit->previous_time_ms;
    audit->parent_time_ms = before;
    audit->previous_time_ms = block->header.time_ms;
    if (ROTA_BROKEN(audit_times_unchecked, block->header.time_ms > before, true)) {
        audit_pass(audit, CHECK_C5, 1);
        return true;
    }
    chain_fail(audit, block, CHECK_C5,
               block->height == 1 ? "the first block is older than the genesis"
                                  : "this block is not younger than the one before it");
    return false;
}

static bool chain_configuration(struct audit *audit, const struct audit_block *block)
{
    const struct rota_membership *membership = &audit->epoch.membership;
    const struct rota_header *header = &block->header;
    const char *wrong = NULL;
    if (header->epoch != membership->epoch || !rota_hash_equal(&header->config_hash, &membership->config_hash))
        wrong = "the header names another epoch than the one in force";
    else if (header->proposer >= membership->count)
        wrong = "the header names a proposer that is no member";
    else if (header->entry_count == 0 || header->entry_count > audit->epoch.limits.block_entries_max)
        wrong = "the header claims a number of entries that the genesis does not allow";
    if (wrong != NULL)
        chain_fail(audit, block, CHECK_C6, wrong);
    else
        audit_pass(audit, CHECK_C6, 1);
    return wrong == NULL;
}

bool audit_chain_judge(struct audit *audit, size_t at)
{
    const struct audit_block *block = &audit->batch.blocks[at];
    const struct audit_block *above = at + 1 < audit->batch.block_count ? block + 1 : NULL;
    if (!chain_form(audit, block)) {
        audit->expected_height += block->height == audit->expected_height;
        audit->skip_previous = true;
        return false;
    }
    bool in_place = chain_height(audit, block);
    bool sound = chain_own_height(audit, block) && chain_certificate(audit, block) && chain_ledger(audit, block) &&
                 chain_links(audit, block, above) && chain_time(audit, block) && chain_configuration(audit, block);
    /* What is wrong with this block is said; that the next one names another is no news. */
    audit->skip_previous = audit->skip_previous || !sound;
    audit->previous_hash = block->hash;
    return chain_covered(audit, block) && in_place && sound;
}

void audit_chain_end(struct audit *audit)
{
    uint64_t stray = rota_store_stray_certificate(audit->store);
    if (stray != 0 && !audit->broken)
        audit_fail(audit, CHECK_C1, WEIGHT_INVALID, audit->expected_height, UINT64_MAX,
                   "the file ends with block %" PRIu64 ", but holds a certificate of block %" PRIu64
                   ": blocks were taken out",
                   audit->expected_height - 1, stray);
    if (audit->has_ahead && !audit->broken)
        audit_fail(audit, CHECK_D1, WEIGHT_INVALID, audit->expected_height, audit->ahead.leaf_index,
                   "entries of block %" PRIu64 " are in the file, but the block is not", audit->ahead.height);
}
