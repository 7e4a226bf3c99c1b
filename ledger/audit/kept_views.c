#include "ledger/audit/kept_views.h"

#include "crypto/broken.h"

#include <stdlib.h>

bool rota_placed_anchors_add(struct rota_placed_anchors *anchors, const struct rota_placed_anchor *anchor)
{
    struct rota_placed_anchor *grown = realloc(anchors->items, (anchors->count + 1) * sizeof *grown);
    if (!grown)
        return false;
    anchors->items = grown;
    grown[anchors->count++] = *anchor;
    return true;
}

void rota_placed_anchors_free(struct rota_placed_anchors *anchors)
{
    free(anchors->items);
    *anchors = (struct rota_placed_anchors){0};
}

/* Anchors rise by epoch and view (FORMATS §9.2). */
static int anchors_order(const void *a, const void *b)
{
    const struct rota_anchor *first = &((const struct rota_placed_anchor *)a)->anchor,
                             *second = &((const struct rota_placed_anchor *)b)->anchor;
    if (first->epoch != second->epoch)
        return first->epoch < second->epoch ? -1 : 1;
    return first->view < second->view ? -1 : first->view > second->view;
}

const struct rota_placed_anchor *rota_kept_contradicts(struct rota_evidence **out, const struct rota_placed_anchors *anchors,
                                                       const struct rota_signed_new_view *kept,
                                                       const struct rota_membership *membership)
{
    struct rota_placed_anchor own = {.anchor = {.epoch = membership->epoch,
                                                .view = kept->new_view.view,
                                                .nv = rota_new_view_digest(membership, &kept->new_view),
                                                .signature = kept->signature}};
    const struct rota_placed_anchor *found =
        anchors->count > 0 ? bsearch(&own, anchors->items, anchors->count, sizeof own, anchors_order) : NULL;
    *out = NULL;
    if (!found || ROTA_BROKEN(kept_view_not_compared, false, true) ||
        !rota_is_ok(rota_evidence_of_anchors(out, membership, &found->anchor, &own.anchor)))
        return NULL;
    if (rota_is_ok(rota_evidence_verify(*out, membership, NULL)))
        return found;
    rota_evidence_release(*out);
    *out = NULL;
    return NULL;
}

/* ---- a whole file ----------------------------------------------------------------------------------------------------- */

static struct rota_status anchors_read(struct rota_placed_anchors *out, struct rota_store *ledger)
{
    struct rota_store_entry row;
    rota_store_rewind(ledger);
    for (;;) {
        struct rota_record *record = NULL;
        struct rota_status status = rota_store_next_entry(&row, ledger);
        if (status.code == ROTA_NOT_FOUND)
            return rota_ok();
        ROTA_TRY(status);
        if (row.kind != ROTA_ENTRY_RECORD)
            continue;
        ROTA_TRY(rota_record_parse(&record, row.bytes));
        bool added = record->kind != ROTA_RECORD_NEW_VIEW ||
                     rota_placed_anchors_add(out, &(struct rota_placed_anchor){record->anchor, row.height, row.leaf_index});
        rota_record_release(record);
        if (!added)
            return rota_fail(ROTA_NO_MEMORY, "memory is out");
    }
}

struct rota_status rota_kept_views_each(struct rota_store *ledger, const struct rota_epoch_chain *epochs,
                                        bool (*fn)(void *context, const struct rota_evidence *evidence, uint64_t height),
                                        void *context)
{
    struct rota_placed_anchors anchors = {0};
    struct rota_store_new_view row = {0};
    struct rota_signed_new_view *kept = calloc(1, sizeof *kept);
    struct rota_status status = kept ? anchors_read(&anchors, ledger) : rota_fail(ROTA_NO_MEMORY, "memory is out");
    if (anchors.count > 0)
        qsort(anchors.items, anchors.count, sizeof *anchors.items, anchors_order); /* whatever the file says */
    for (bool more = rota_is_ok(status); more;) {
        status = rota_store_new_view_after(&row, ledger, row.epoch, row.view);
        more = rota_is_ok(status);
        const struct rota_epoch *epoch = more ? rota_epoch_chain_find(epochs, row.epoch) : NULL;
        if (!epoch || !rota_signed_new_view_read(kept, row.bytes, &epoch->membership, row.view))
            continue;
        struct rota_evidence *evidence = NULL;
        const struct rota_placed_anchor *anchor = rota_kept_contradicts(&evidence, &anchors, kept, &epoch->membership);
        if (anchor)
            more = fn(context, evidence, anchor->height);
        rota_evidence_release(evidence);
    }
    rota_placed_anchors_free(&anchors);
    free(kept);
    return status.code == ROTA_NOT_FOUND ? rota_ok() : status;
}
