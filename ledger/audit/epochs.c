/* Epochs: who the members are from which block on, from the CONFIG entries alone (PROTOCOL M7, M8). Check H1. */
#include "ledger/audit/inside.h"

#include "crypto/broken.h"

#include <inttypes.h>
#include <stdlib.h>

static bool epochs_note(struct audit *audit)
{
    struct rota_audit_report *report = audit->report;
    const struct rota_membership *membership = &audit->epoch.membership;
    struct rota_audit_epoch *grown = realloc(report->epochs, (report->epoch_count + 1) * sizeof *grown);
    if (grown == NULL)
        return false;
    report->epochs = grown;
    grown[report->epoch_count++] =
        (struct rota_audit_epoch){.number = membership->epoch,
                                  .from_height = membership->base_height + 1,
                                  .members = membership->count,
                                  .quorum = rota_quorum(membership->count, membership->profile),
                                  .liars = rota_fault_bound(membership->count, membership->profile),
                                  .config_hash = membership->config_hash};
    return true;
}

bool audit_epochs_open(struct audit *audit)
{
    rota_epoch_of_genesis(&audit->epoch, &audit->genesis);
    return epochs_note(audit);
}

bool audit_epoch_change_judge(struct audit *audit, const struct audit_block *block, const struct audit_entry *entry)
{
    struct rota_status status = entry->parsed ? rota_epoch_change_verify(entry->entry.change, &audit->epoch) : entry->parse;
    if (rota_is_ok(status)) {
        audit_pass(audit, CHECK_H1, 1);
        return true;
    }
    audit_fail(audit, CHECK_H1, WEIGHT_INVALID, block->height, entry->leaf_index,
               "the change to epoch %" PRIu32 " in this block does not hold: %s", audit->epoch.membership.epoch + 1,
               status.why);
    return false;
}

/* Whatever was found: what comes after the block names the next epoch, and is judged by its members. */
void audit_epochs_advance(struct audit *audit, const struct audit_block *block)
{
    for (size_t i = 0; i < block->entry_count; i++) {
        const struct audit_entry *entry = &audit->batch.entries[block->first_entry + i];
        if (entry->kind != ROTA_ENTRY_CONFIG || !entry->parsed ||
            !rota_is_ok(rota_epoch_follows(&entry->entry.change->next, &audit->epoch)))
            continue;
        audit->epoch = ROTA_BROKEN(audit_keeps_first_members, entry->entry.change->next, audit->epoch);
        audit->epoch.membership.base_height = block->height;
        audit->epoch.membership.base = block->hash;
        if (!epochs_note(audit))
            audit_out_of_memory(audit);
        return;
    }
}
