#include "ledger/audit/forensics.h"

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

/* Above a height at which two chains differ they never meet again: the first one is found by halving. */
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
    *out_height = above;
    return above > (a < b ? a : b) ? rota_fail(ROTA_NOT_FOUND, "the two ledger files tell one history, as far as both reach")
                                   : rota_ok();
}

/* The headers of the ledger with the higher certificate, above the lower one. */
static struct rota_status ledgers_headers(struct rota_header *out, uint32_t *out_count,
                                          const struct rota_certificate certificates[2], struct rota_store *const ledgers[2])
{
    int higher = certificates[1].vote.height > certificates[0].vote.height;
    uint64_t from = certificates[!higher].vote.height + 1, to = certificates[higher].vote.height;
    *out_count = 0;
    if (to >= from + FORENSICS_HEADERS_MAX)
        return rota_fail(ROTA_TOO_LARGE, "the certificates that cover the fork are too far apart");
    for (uint64_t height = from; height <= to; height++)
        ROTA_TRY(ledger_header(&out[(*out_count)++], ledgers[higher], height));
    return rota_ok();
}

/* Two files that part where one of them gave up what the other holds are one history and a decision about it (PROTOCOL M11).
 */
static bool ledgers_part_openly(struct rota_store *const ledgers[2], uint64_t height)
{
    bool open = false;
    for (int i = 0; i < 2; i++) {
        struct rota_block *block = NULL;
        if (rota_is_ok(rota_store_block(&block, ledgers[i], height)))
            open |= rota_entries_discontinuity(block->entries, block->entry_count) != NULL;
        rota_block_release(block);
    }
    return open;
}

struct rota_status rota_forensics_of_ledgers(struct rota_forensics *out, const struct rota_membership *membership,
                                             struct rota_store *const ledgers[2],
                                             const struct rota_forensics_witness *witnesses, uint32_t witness_count)
{
    struct rota_certificate certificates[2];
    struct rota_header headers[FORENSICS_HEADERS_MAX];
    struct rota_forensics_input input = {.membership = membership,
                                         .certificates = {&certificates[0], &certificates[1]},
                                         .headers = headers,
                                         .witnesses = witnesses,
                                         .witness_count = witness_count};
    uint64_t height;
    memset(out, 0, sizeof *out);
    ROTA_TRY(ledgers_part(&height, ledgers));
    if (ledgers_part_openly(ledgers, height))
        return rota_fail(ROTA_NOT_FOUND, "one of the two files gave up what the other holds, by a recovery manifest");
    for (int i = 0; i < 2; i++)
        ROTA_TRY(rota_store_certificate(&certificates[i], ledgers[i], height));
    ROTA_TRY(ledgers_headers(headers, &input.header_count, certificates, ledgers));
    return rota_forensics_run(out, &input);
}
