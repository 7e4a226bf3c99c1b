#include "ledger/audit/forensics.h"

#include "ledger/audit/recoveries.h"

enum { FORENSICS_HEADERS_MAX = 64 };

static struct rota_status witness_next(struct rota_kept_new_view *out, void *context, uint32_t epoch, uint64_t view)
{
    struct rota_store_new_view row;
    ROTA_TRY(rota_store_new_view_after(&row, context, epoch, view));
    *out = (struct rota_kept_new_view){row.epoch, row.view, row.bytes};
    return rota_ok();
}

struct rota_forensics_witness rota_forensics_witness_of(struct rota_store *store)
{
    return (struct rota_forensics_witness){witness_next, store};
}

/* ---- two ledger files
 * -------------------------------------------------------------------------------------------------------- */

static struct rota_status ledger_header(struct rota_header *out, struct rota_store *ledger, uint64_t height)
{
    struct rota_block *block = NULL;
    ROTA_TRY(rota_store_block(&block, ledger, height));
    *out = block->header;
    rota_block_release(block);
    return rota_ok();
}

/* Above a height at which two chains differ they never meet again: the first one is found by halving. 0: they do not differ
 * as far as both reach. */
static struct rota_status ledgers_part(uint64_t *out_height, struct rota_store *const ledgers[2])
{
    uint64_t a = rota_store_height(ledgers[0]), b = rota_store_height(ledgers[1]);
    uint64_t same = 0, above = (a < b ? a : b) + 1;
    while (same + 1 < above) {
        uint64_t middle = same + (above - same) / 2;
        struct rota_header headers[2];
        for (int i = 0; i < 2; i++)
            ROTA_TRY(ledger_header(&headers[i], ledgers[i], middle));
        struct rota_hash first = rota_header_hash(&headers[0]), second = rota_header_hash(&headers[1]);
        if (rota_hash_equal(&first, &second))
            same = middle;
        else
            above = middle;
    }
    *out_height = above > (a < b ? a : b) ? 0 : above;
    return rota_ok();
}

/* Its certificate that covers this height, and the headers from there up to the certified block. */
static struct rota_status ledger_side(struct rota_forensics_side *out, struct rota_header headers[FORENSICS_HEADERS_MAX],
                                      const struct rota_epoch_chain *epochs, struct rota_store *ledger, uint64_t height)
{
    *out = (struct rota_forensics_side){.epochs = epochs, .headers = headers};
    struct rota_status status = rota_store_certificate(&out->certificate, ledger, height);
    if (status.code == ROTA_NOT_FOUND)
        return rota_fail(ROTA_INCOMPLETE, "no certificate covers the block at which the two ledger files part");
    ROTA_TRY(status);
    if (out->certificate.vote.height >= height + FORENSICS_HEADERS_MAX)
        return rota_fail(ROTA_TOO_LARGE, "the certificates that cover the fork are too far apart");
    for (uint64_t at = height; at <= out->certificate.vote.height; at++)
        ROTA_TRY(ledger_header(&headers[out->header_count++], ledger, at));
    return rota_ok();
}

struct rota_status rota_forensics_of_ledgers(struct rota_forensics *out, const struct rota_epoch_chain *const epochs[2],
                                             struct rota_store *const ledgers[2],
                                             const struct rota_forensics_witness *witnesses, uint32_t witness_count)
{
    struct rota_header headers[2][FORENSICS_HEADERS_MAX];
    struct rota_forensics_side sides[2];
    uint64_t height;
    memset(out, 0, sizeof *out);
    ROTA_TRY(ledgers_part(&height, ledgers));
    if (height == 0)
        return rota_ok();
    for (int i = 0; i < 2; i++)
        ROTA_TRY(ledger_side(&sides[i], headers[i], epochs[i], ledgers[i], height));
    return rota_forensics_compare(out, sides, witnesses, witness_count);
}

/* ---- lost memory ------------------------------------------------------------------------------------------------------ */

static bool ledger_excuses(const void *context, const struct rota_evidence *evidence)
{
    return rota_placed_recoveries_excuse(context, evidence);
}

struct rota_status rota_forensics_ask_ledger(struct rota_forensics *forensics, const struct rota_epoch_chain *epochs,
                                             struct rota_store *ledger)
{
    struct rota_placed_recoveries recoveries = {0};
    struct rota_status status = rota_placed_recoveries_of_ledger(&recoveries, epochs, ledger);
    for (int side = 0; side < 2 && rota_is_ok(status); side++) {
        const struct rota_vote *vote = &forensics->certificates[side].vote;
        struct rota_header header;
        if (vote->height > rota_store_height(ledger))
            continue;
        status = ledger_header(&header, ledger, vote->height);
        struct rota_hash block = rota_header_hash(&header);
        if (rota_is_ok(status) && rota_hash_equal(&block, &vote->block))
            rota_forensics_excuse_side(forensics, side, ledger_excuses, &recoveries);
    }
    rota_placed_recoveries_free(&recoveries);
    return status;
}
