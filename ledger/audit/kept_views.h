/* The NEW-VIEWs that a ledger file's node kept, against the anchors in its chain (PROTOCOL V12). A node keeps the first that
 * it hears; the chain may rest on another. Then the primary of that view signed two, and the file proves it (E5). */
#ifndef ROTA_LEDGER_AUDIT_KEPT_VIEWS_H
#define ROTA_LEDGER_AUDIT_KEPT_VIEWS_H

#include "ledger/audit/epoch_chain.h"

/* An anchor, and where its record stands. */
struct rota_placed_anchor {
    struct rota_anchor anchor;
    uint64_t height, leaf_index;
};
struct rota_placed_anchors {
    size_t count;
    struct rota_placed_anchor *items; /* owned, by epoch and view as the chain has them */
};
ROTA_CHECKED bool rota_placed_anchors_add(struct rota_placed_anchors *anchors, const struct rota_placed_anchor *anchor);
void rota_placed_anchors_free(struct rota_placed_anchors *anchors);

/* A kept NEW-VIEW, read and signed by its primary: the anchor of its view that is of another one, and the evidence that the
 * two make. NULL: the chain has no anchor of it, or this very one. */
const struct rota_placed_anchor *rota_kept_contradicts(struct rota_evidence **out, const struct rota_placed_anchors *anchors,
                                                       const struct rota_signed_new_view *kept,
                                                       const struct rota_membership *membership);

/* All evidence of this sort in a ledger file, each verified; `height` is that of the anchor. Until fn says false. */
ROTA_CHECKED struct rota_status
rota_kept_views_each(struct rota_store *ledger, const struct rota_epoch_chain *epochs,
                     bool (*fn)(void *context, const struct rota_evidence *evidence, uint64_t height), void *context);

#endif
