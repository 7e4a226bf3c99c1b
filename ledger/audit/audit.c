#include "ledger/audit/inside.h"

#include <stdlib.h>

/* One block, everything about it. Below a failure the schedule cannot be replayed; what a row says by itself still can. */
static void audit_block_judge(struct audit *audit, size_t at)
{
    const struct audit_block *block = &audit->batch.blocks[at];
    bool sound = audit_chain_judge(audit, at);
    sound = audit_entries_judge(audit, block) && sound;
    if (!audit->broken && !audit->no_memory)
        sound = audit_replay_judge(audit, block) && sound;
    if (block->height >= audit->expected_height)
        return; /* a height that cannot be */
    audit_anchors_meet(audit, block);
    audit_epochs_advance(audit, block);
    audit->report->height = block->height;
    audit->report->head_hash = block->hash;
    audit->report->last_time_ms = block->header.time_ms;
    if (sound && !audit->broken && block->attested)
        audit->sound_height = block->height;
}

static void audit_ledger(struct audit *audit)
{
    const struct rota_audit_options *options = audit->options;
    uint64_t height_max = rota_store_height(audit->store);
    audit->expected_height = 1;
    audit->previous_time_ms = audit->genesis.created_ms > 0 ? audit->genesis.created_ms - 1 : 0;
    audit->report->last_time_ms = audit->genesis.created_ms;
    while (!audit->full && !audit->no_memory && audit_batch_read(audit)) {
        audit_epochs_meet(audit);
        audit_crew_check(audit);
        audit_chain_attest(audit);
        for (size_t i = 0; i < audit->batch.block_count && !audit->full; i++)
            audit_block_judge(audit, i);
        audit_batch_clear(audit);
        if (options->progress != NULL)
            options->progress(options->progress_context, audit->expected_height - 1, height_max);
    }
    if (!audit->full && !audit->no_memory) {
        audit_chain_end(audit);
        audit_anchors_end(audit);
        audit_fresh_judge(audit);
    }
}

static bool audit_prepare(struct audit *audit)
{
    for (uint32_t i = 0; i < audit->genesis.coordinator_count; i++) {
        if (!audit_key_add(&audit->keys, &audit->genesis.coordinators[i].key)) {
            audit_out_of_memory(audit);
            return false;
        }
    }
    if (!audit_epochs_open(audit) || !rota_is_ok(rota_state_new(&audit->state, &audit->genesis))) {
        audit_out_of_memory(audit);
        return false;
    }
    return audit_anchors_prepare(audit);
}

static enum rota_verdict audit_verdict(const struct audit *audit)
{
    static const struct {
        enum audit_weight weight;
        enum rota_verdict verdict;
    } heaviest_first[] = {
        {WEIGHT_UNSUPPORTED, ROTA_VERDICT_UNSUPPORTED},   {WEIGHT_UNREADABLE, ROTA_VERDICT_UNREADABLE},
        {WEIGHT_EQUIVOCATION, ROTA_VERDICT_EQUIVOCATION}, {WEIGHT_INVALID, ROTA_VERDICT_INVALID},
        {WEIGHT_INCOMPLETE, ROTA_VERDICT_INCOMPLETE},
    };
    for (size_t i = 0; i < sizeof heaviest_first / sizeof *heaviest_first; i++) {
        if ((audit->weights & (unsigned)heaviest_first[i].weight) != 0)
            return heaviest_first[i].verdict;
    }
    return audit->anchors_held > 0 ? ROTA_VERDICT_VALID : ROTA_VERDICT_VALID_UNANCHORED;
}

static void audit_done(struct audit *audit)
{
    audit_batch_free(audit);
    rota_tree_free(&audit->tree);
    rota_state_free(audit->state);
    rota_genesis_free(&audit->genesis);
    rota_store_close(audit->store);
    free(audit->keys.items);
    free(audit->receipt_order);
    rota_placed_anchors_free(&audit->placed);
}

void rota_audit_run(struct rota_audit_report *out, const struct rota_audit_options *options)
{
    struct audit audit = {.options = options, .report = out, .manifest_leaf = UINT64_MAX};
    *out = (struct rota_audit_report){0};
    audit_checks_init(out);
    rota_tree_init(&audit.tree);
    if (audit_container(&audit) && audit_prepare(&audit)) {
        audit_ledger(&audit);
        audit_new_views_judge(&audit);
        audit_file_is_same(&audit);
    }
    out->intact_height = audit.sound_height;
    out->verdict = audit_verdict(&audit);
    audit_done(&audit);
}

void rota_audit_report_free(struct rota_audit_report *report)
{
    free(report->epochs);
    report->epochs = NULL;
    report->epoch_count = 0;
    free(report->discontinuities);
    report->discontinuities = NULL;
    report->discontinuity_count = 0;
    free(report->anomalies);
    report->anomalies = NULL;
    report->anomaly_count = 0;
    free(report->recoveries);
    report->recoveries = NULL;
    report->recovery_count = 0;
}

const char *rota_verdict_name(enum rota_verdict verdict)
{
    switch (verdict) {
    case ROTA_VERDICT_VALID:
        return "VALID";
    case ROTA_VERDICT_INVALID:
        return "INVALID";
    case ROTA_VERDICT_INCOMPLETE:
        return "INCOMPLETE";
    case ROTA_VERDICT_EQUIVOCATION:
        return "EQUIVOCATION";
    case ROTA_VERDICT_UNREADABLE:
        return "UNREADABLE";
    case ROTA_VERDICT_UNSUPPORTED:
        return "UNSUPPORTED";
    case ROTA_VERDICT_VALID_UNANCHORED:
        return "VALID_UNANCHORED";
    }
    return "UNKNOWN";
}
