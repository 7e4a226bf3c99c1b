/* One block executed again: the schedule's rules, the outcomes, the tree. Checks D7, D8, D13, D14, F1. */
#include "ledger/audit/inside.h"

#include "crypto/broken.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void replay_fail(struct audit *audit, const struct audit_block *block, size_t index, enum audit_check check,
                        const char *text)
{
    char where[128];
    const struct audit_entry *entry = &audit->batch.entries[block->first_entry + index];
    audit_entry_words(where, sizeof where, audit, entry);
    audit_fail(audit, check, WEIGHT_INVALID, block->height, entry->leaf_index, "%s: %s", where, text);
}

/* The tree over everything up to this block, then the block's own leaf. */
static bool replay_tree(struct audit *audit, const struct audit_block *block)
{
    const struct rota_header *header = &block->header;
    bool grown = true;
    for (size_t i = 0; i < block->entry_count; i++) {
        struct rota_hash leaf = rota_entry_leaf(&audit->batch.entries[block->first_entry + i].entry);
        grown = grown && rota_is_ok(rota_tree_append(&audit->tree, &leaf));
    }
    uint64_t size = rota_tree_size(&audit->tree);
    struct rota_hash root = rota_tree_root(&audit->tree, size);
    struct rota_hash own = rota_block_leaf(&block->hash);
    if (!grown || !rota_is_ok(rota_tree_append(&audit->tree, &own))) {
        audit_out_of_memory(audit);
        return false;
    }
    if (ROTA_BROKEN(audit_tree_unchecked, size != header->tree_size || !rota_hash_equal(&root, &header->tree_root), false)) {
        audit_fail(audit, CHECK_F1, WEIGHT_INVALID, block->height, UINT64_MAX,
                   "the entries of this block are not the ones whose tree its header carries");
        return false;
    }
    audit_pass(audit, CHECK_F1, 1);
    audit->report->tree_size = size + 1;
    audit->report->tree_root = rota_tree_root(&audit->tree, size + 1);
    return true;
}

/* Why may this entry not stand in this block? On its own, or because of one before it in the same block. */
static void replay_refused(struct audit *audit, const struct audit_block *block, uint32_t bad, const char *why)
{
    const struct audit_entry *first = &audit->batch.entries[block->first_entry];
    enum audit_check check = CHECK_D13;
    struct rota_status alone = rota_state_admit(audit->state, &first[bad].entry);
    bool proposal = first[bad].kind == ROTA_ENTRY_PROPOSAL;
    if (alone.code == ROTA_EXISTS)
        check = CHECK_D8;
    else if (alone.code == ROTA_REFUSED)
        check = proposal ? CHECK_D7 : CHECK_D8;
    for (uint32_t i = 0; i < bad && check == CHECK_D13; i++) {
        if (rota_hash_equal(&first[i].id, &first[bad].id))
            check = CHECK_D8;
        else if (proposal && first[i].kind == ROTA_ENTRY_PROPOSAL &&
                 rota_kid_equal(&first[i].entry.proposal->jws.kid, &first[bad].entry.proposal->jws.kid) &&
                 first[i].entry.proposal->seq == first[bad].entry.proposal->seq)
            check = CHECK_D7;
    }
    replay_fail(audit, block, bad, check, why);
}

static struct rota_hash replay_stored_root(struct audit *audit, const struct audit_block *block)
{
    struct rota_tree tree;
    rota_tree_init(&tree);
    for (size_t i = 0; i < block->entry_count; i++) {
        struct rota_hash leaf = rota_outcome_leaf(audit_entry_outcome(&audit->batch.entries[block->first_entry + i]));
        if (!rota_is_ok(rota_tree_append(&tree, &leaf)))
            audit_out_of_memory(audit);
    }
    struct rota_hash root = rota_tree_root(&tree, rota_tree_size(&tree));
    rota_tree_free(&tree);
    return root;
}

static size_t replay_first_difference(const struct audit *audit, const struct audit_block *block,
                                      const struct rota_outcomes *outcomes)
{
    size_t i = 0;
    for (; i < outcomes->count; i++) {
        struct rota_view ours = rota_view(outcomes->items[i].record, outcomes->items[i].len);
        if (!rota_view_equal(ours, audit_entry_outcome(&audit->batch.entries[block->first_entry + i])))
            break;
    }
    return i;
}

/* Three parties may disagree: the header that a quorum signed, the record in the file, and the rules. */
static bool replay_outcomes(struct audit *audit, const struct audit_block *block, const struct rota_outcomes *outcomes)
{
    size_t different = replay_first_difference(audit, block, outcomes);
    bool rules_signed =
        ROTA_BROKEN(audit_outcomes_unchecked, rota_hash_equal(&outcomes->root, &block->header.outcome_hash), true);
    audit_pass(audit, CHECK_D14, different);
    if (rules_signed)
        audit_pass(audit, CHECK_D13, 1);
    if (rules_signed && different == outcomes->count)
        return true;
    if (rules_signed) {
        replay_fail(audit, block, different, CHECK_D14, "the stored outcome was altered; a quorum signed another one");
        return false;
    }
    struct rota_hash stored = replay_stored_root(audit, block);
    if (different < outcomes->count && rota_hash_equal(&stored, &block->header.outcome_hash))
        replay_fail(audit, block, different, CHECK_D13, "a quorum signed an outcome that the schedule's rules do not give");
    else
        audit_fail(audit, CHECK_D13, WEIGHT_INVALID, block->height, UINT64_MAX,
                   "the outcomes that the schedule's rules give are not the ones that the header binds");
    return false;
}

static void replay_count(struct audit *audit, const struct audit_block *block, const struct rota_outcomes *outcomes)
{
    static _Thread_local struct rota_op_outcome ops[ROTA_PROPOSAL_OPS_MAX];
    struct rota_audit_report *report = audit->report;
    for (uint32_t i = 0; i < outcomes->count; i++) {
        uint32_t count = 0;
        const struct audit_entry *entry = &audit->batch.entries[block->first_entry + i];
        if (entry->kind == ROTA_ENTRY_CONFIG)
            continue; /* told by epochs.c */
        if (entry->kind == ROTA_ENTRY_EVIDENCE) {
            report->evidences++;
            if (!audit_anomaly_add(audit, block, entry))
                audit_out_of_memory(audit);
            continue;
        }
        if (entry->kind == ROTA_ENTRY_RECORD) {
            report->records++;
            audit_new_views_anchor(audit, block, entry);
            if (!audit_recovery_add(audit, block, entry))
                audit_out_of_memory(audit);
            continue;
        }
        report->proposals++;
        struct rota_view record = rota_view(outcomes->items[i].record, outcomes->items[i].len);
        if (!rota_is_ok(rota_outcome_read(ops, &count, ROTA_PROPOSAL_OPS_MAX, record)))
            count = 0;
        for (uint32_t op = 0; op < count; op++) {
            bool refused = rota_outcome_is_refused(ops[op].code);
            report->refused_ops += refused;
            report->ok_ops += !refused;
        }
    }
}

static bool replay_schedule(struct audit *audit, const struct audit_block *block)
{
    struct rota_outcomes outcomes;
    uint32_t bad = UINT32_MAX;
    struct rota_entry *entries = calloc(block->entry_count, sizeof *entries);
    if (entries == NULL) {
        audit_out_of_memory(audit);
        return false;
    }
    for (size_t i = 0; i < block->entry_count; i++)
        entries[i] = audit->batch.entries[block->first_entry + i].entry;
    struct rota_status status =
        rota_state_execute(audit->state, &outcomes, &bad, block->height, entries, (uint32_t)block->entry_count);
    free(entries);
    if (!rota_is_ok(status)) {
        if (status.code == ROTA_NO_MEMORY || bad >= block->entry_count)
            audit_out_of_memory(audit);
        else
            replay_refused(audit, block, bad, status.why);
        return false;
    }
    rota_state_finalise(audit->state);
    rota_state_stand(audit->state, &block->hash);
    audit_pass(audit, CHECK_D7, block->entry_count);
    audit_pass(audit, CHECK_D8, block->entry_count);
    bool sound = replay_outcomes(audit, block, &outcomes);
    if (sound)
        replay_count(audit, block, &outcomes);
    rota_outcomes_free(&outcomes);
    return sound;
}

bool audit_replay_judge(struct audit *audit, const struct audit_block *block)
{
    return replay_tree(audit, block) && replay_schedule(audit, block);
}
