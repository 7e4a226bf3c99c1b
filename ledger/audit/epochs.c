/* Epochs: who the members are from which block on, from the CONFIG entries alone (PROTOCOL M7, M8), and where no block ended
 * one: recovery manifests (M11). Checks H1, H2. */
#include "ledger/audit/inside.h"

#include "crypto/broken.h"

#include <inttypes.h>
#include <stdio.h>
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
                                  .tick_ms = audit->epoch.timers.tick_ms,
                                  .config_hash = membership->config_hash,
                                  .discontinuity = rota_epoch_is_discontinuity(&audit->epoch)};
    return true;
}

/* Before the epoch of the audit becomes the manifest's: its approvers are of the one before. */
static bool epochs_note_discontinuity(struct audit *audit, const struct rota_epoch_change *change)
{
    struct rota_audit_report *report = audit->report;
    char names[AUDIT_NAMES_MAX];
    struct rota_audit_discontinuity *grown =
        realloc(report->discontinuities, (report->discontinuity_count + 1) * sizeof *grown);
    if (grown == NULL)
        return false;
    report->discontinuities = grown;
    struct rota_audit_discontinuity *noted = &grown[report->discontinuity_count++];
    *noted = (struct rota_audit_discontinuity){.epoch = change->next.membership.epoch,
                                               .height = change->next.discontinuity.height,
                                               .block = change->next.discontinuity.block};
    for (uint32_t i = 0; i < change->approval_count; i++)
        noted->approvers |= UINT32_C(1) << change->approvals[i].member;
    audit_member_names(names, &audit->epoch.membership, noted->approvers);
    snprintf(noted->approved_by, sizeof noted->approved_by, "%s", names);
    return true;
}

const struct rota_audit_discontinuity *audit_given_up(const struct audit *audit, uint32_t epoch, uint64_t height)
{
    for (uint32_t i = 0; i < audit->report->discontinuity_count; i++) {
        const struct rota_audit_discontinuity *each = &audit->report->discontinuities[i];
        if (each->epoch == epoch + 1 && height > each->height)
            return each;
    }
    return NULL;
}

bool audit_epochs_open(struct audit *audit)
{
    rota_epoch_of_genesis(&audit->epoch, &audit->genesis);
    return epochs_note(audit);
}

/* Whatever was found: what follows names the manifest's epoch, and is judged by its members. */
static void epochs_discontinue(struct audit *audit, const struct rota_epoch_change *change)
{
    if (!epochs_note_discontinuity(audit, change))
        audit_out_of_memory(audit);
    audit->epoch = change->next;
    audit->epoch.membership.base_height = audit->expected_height - 1;
    audit->epoch.membership.base = audit->previous_hash;
    if (!epochs_note(audit))
        audit_out_of_memory(audit);
}

void audit_epochs_meet(struct audit *audit)
{
    const struct audit_block *block = &audit->batch.blocks[0];
    const struct audit_entry *first = block->entry_count > 0 ? &audit->batch.entries[block->first_entry] : NULL;
    struct rota_epoch_change *change = first != NULL ? audit_entry_change(first) : NULL;
    struct rota_discontinuity tip = {audit->expected_height - 1, audit->previous_hash};
    if (change == NULL || !rota_epoch_is_discontinuity(&change->next)) {
        rota_epoch_change_release(change);
        return;
    }
    struct rota_status status = rota_discontinuity_verify(change, &audit->epoch, &tip);
    if (rota_is_ok(status) && !audit->broken)
        status = rota_state_discontinue(audit->state, change, &audit->previous_hash);
    audit->members_doubtful |= !rota_is_ok(status);
    if (status.code == ROTA_NO_MEMORY)
        audit_out_of_memory(audit);
    else if (rota_is_ok(status))
        audit_pass(audit, CHECK_H2, 1);
    else
        audit_fail(audit, CHECK_H2, WEIGHT_INVALID, audit->expected_height, first->leaf_index,
                   "the recovery manifest that epoch %" PRIu32 " begins with does not hold: %s",
                   change->next.membership.epoch, status.why);
    audit->manifest_leaf = first->leaf_index;
    if (rota_is_ok(rota_epoch_follows(&change->next, &audit->epoch)))
        epochs_discontinue(audit, change);
    rota_epoch_change_release(change);
}

/* It was judged when its epoch began; anywhere else it begins none. */
static bool discontinuity_judge(struct audit *audit, const struct audit_block *block, const struct audit_entry *entry)
{
    if (entry->leaf_index == audit->manifest_leaf)
        return true;
    audit_fail(audit, CHECK_H2, WEIGHT_INVALID, block->height, entry->leaf_index,
               "a recovery manifest stands in this block, where no epoch begins");
    return false;
}

bool audit_epoch_change_judge(struct audit *audit, const struct audit_block *block, const struct audit_entry *entry)
{
    if (entry->parsed && rota_epoch_is_discontinuity(&entry->entry.change->next))
        return discontinuity_judge(audit, block, entry);
    struct rota_status status = entry->parsed ? rota_epoch_change_verify(entry->entry.change, &audit->epoch) : entry->parse;
    if (rota_is_ok(status)) {
        audit_pass(audit, CHECK_H1, 1);
        return true;
    }
    audit->members_doubtful = true;
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
        if (entry->kind != ROTA_ENTRY_CONFIG || !entry->parsed || rota_epoch_is_discontinuity(&entry->entry.change->next) ||
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
