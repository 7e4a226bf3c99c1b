/* The NEW-VIEWs that the file's node kept (FORMATS §13): each as its primary signed it, and good. Check X2. Which of them
 * the chain rests on is for its anchors to say; a file may lack some. One that is another than its anchor's is no fault of
 * the file: an honest node keeps the first that it heard. It is proof against the primary, and told as an anomaly. */
#include "ledger/audit/inside.h"

#include "crypto/broken.h"

#include <inttypes.h>
#include <stdlib.h>

enum { NEW_VIEW_KIND = 6 }; /* FORMATS §12.3 */

/* Of an epoch that began here with a manifest and has no block yet (PROTOCOL M11) nobody but its node knows the members. */
static const char *kept_early(const struct rota_store_new_view *row)
{
    struct rota_reader reader = rota_reader(row->bytes);
    bool fits = rota_read_u8(&reader) == NEW_VIEW_KIND && rota_read_u32(&reader) == row->epoch;
    (void)rota_read_u32(&reader); /* its sender */
    return fits && rota_read_u64(&reader) == row->view && !reader.bad ? NULL : "it is no NEW-VIEW of this epoch and view";
}

static const char *kept_wrong(struct rota_signed_new_view *kept, const struct audit *audit,
                              const struct rota_store_new_view *row)
{
    const struct rota_epoch *epoch = rota_state_epoch_number(audit->state, row->epoch);
    if (epoch == NULL && row->epoch == audit->epoch.membership.epoch + 1)
        return kept_early(row);
    if (epoch == NULL)
        return "it is of an epoch that this ledger never had";
    if (!rota_signed_new_view_read(kept, row->bytes, &epoch->membership, row->view))
        return "it is no NEW-VIEW of this view, signed by its primary";
    struct rota_status status = rota_new_view_judge(&kept->new_view, &epoch->membership);
    return ROTA_BROKEN(audit_takes_any_new_view, rota_is_ok(status), true) ? NULL : status.why;
}

void audit_new_views_anchor(struct audit *audit, const struct audit_block *block, const struct audit_entry *entry)
{
    const struct rota_record *record = entry->entry.record;
    struct rota_placed_anchor placed = {.height = block->height, .leaf_index = entry->leaf_index};
    if (record->kind != ROTA_RECORD_NEW_VIEW)
        return;
    placed.anchor = record->anchor;
    if (!rota_placed_anchors_add(&audit->placed, &placed))
        audit_out_of_memory(audit);
}

static void kept_compare(struct audit *audit, const struct rota_signed_new_view *kept, uint32_t number)
{
    const struct rota_epoch *epoch = rota_state_epoch_number(audit->state, number);
    struct rota_evidence *evidence = NULL;
    if (epoch == NULL)
        return;
    const struct rota_placed_anchor *anchor = rota_kept_contradicts(&evidence, &audit->placed, kept, &epoch->membership);
    if (anchor != NULL && !audit_anomaly_add_found(audit, anchor->height, anchor->leaf_index, evidence))
        audit_out_of_memory(audit);
    rota_evidence_release(evidence);
}

static void kept_judge(struct audit *audit, struct rota_signed_new_view *kept, const struct rota_store_new_view *row)
{
    const char *wrong = kept_wrong(kept, audit, row);
    if (wrong != NULL) {
        audit_fail(audit, CHECK_X2, WEIGHT_INVALID, 0, UINT64_MAX, "the NEW-VIEW kept for view %" PRIu64 ": %s", row->view,
                   wrong);
        return;
    }
    audit_pass(audit, CHECK_X2, 1);
    kept_compare(audit, kept, row->epoch);
}

void audit_new_views_judge(struct audit *audit)
{
    struct rota_store_new_view row = {0};
    struct rota_signed_new_view *kept = calloc(1, sizeof *kept);
    if (kept == NULL)
        audit_out_of_memory(audit);
    while (kept != NULL && !audit->full) {
        struct rota_status status = rota_store_new_view_after(&row, audit->store, row.epoch, row.view);
        if (status.code == ROTA_NOT_FOUND)
            break;
        if (!rota_is_ok(status)) {
            audit_fail(audit, CHECK_X2, WEIGHT_INVALID, 0, UINT64_MAX, "%s", status.why);
            break;
        }
        kept_judge(audit, kept, &row);
    }
    free(kept);
}
