/* The selection function of a new view (PROTOCOL V7): pure, over the view changes alone. */
#include "consensus/message.h"
#include "crypto/broken.h"

/* Is certificate a higher than b, by view and then height? */
bool rota_certificate_higher(const struct rota_certificate *a, const struct rota_certificate *b)
{
    if (ROTA_BROKEN(height_before_view, a->vote.view != b->vote.view, a->vote.height == b->vote.height))
        return a->vote.view > b->vote.view;
    return a->vote.height > b->vote.height;
}

/* The block of this height on the chain that a view change shows; false when it does not reach there. */
static bool change_block_at(struct rota_hash *out, const struct rota_view_change *change, uint64_t height)
{
    uint64_t base = change->has_committed ? change->committed.vote.height : 0;
    if (height == base && change->has_committed)
        *out = change->committed.vote.block;
    else if (height > base && height <= base + change->header_count)
        *out = rota_header_hash(&change->headers[height - base - 1]);
    else
        return false;
    return true;
}

struct rota_status rota_new_view_select(struct rota_tip *out, const struct rota_view_change *changes, uint32_t count)
{
    const struct rota_view_change *best = NULL, *committed = NULL;
    memset(out, 0, sizeof *out);
    for (uint32_t i = 0; i < count; i++) {
        const struct rota_view_change *change = &changes[i];
        if (change->has_best && (!best || ROTA_BROKEN(lowest_lock_wins, rota_certificate_higher(&change->best, &best->best),
                                                      rota_certificate_higher(&best->best, &change->best)))) {
            best = change;
            out->source = i;
        }
        if (change->has_committed && (!committed || change->committed.vote.height > committed->committed.vote.height)) {
            committed = change;
            out->base_source = i;
        }
    }
    if (!best)
        return rota_ok();
    out->base = committed ? committed->committed.vote.height : 0;
    if (committed && ROTA_BROKEN(locks_ignored, out->base >= best->best.vote.height, true)) {
        out->height = out->base;
        out->block = committed->committed.vote.block;
        out->committed = true;
        out->source = out->base_source;
        return rota_ok();
    }
    struct rota_hash at_base;
    if (committed && change_block_at(&at_base, best, out->base) &&
        !rota_hash_equal(&at_base, &committed->committed.vote.block))
        return rota_fail(ROTA_REFUSED, "view changes that show two histories: more members lie than the ledger tolerates");
    out->height = best->best.vote.height;
    out->block = best->best.vote.block;
    out->committed = best->best.vote.kind == ROTA_VOTE_COMMIT;
    return rota_ok();
}
