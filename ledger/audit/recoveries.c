#include "ledger/audit/recoveries.h"

#include <stdlib.h>

static struct rota_status recoveries_add(struct rota_placed_recoveries *recoveries, const struct rota_recovered *recovered,
                                         uint64_t height)
{
    struct rota_placed_recovery *grown = realloc(recoveries->items, (recoveries->count + 1) * sizeof *grown);
    if (!grown)
        return rota_fail(ROTA_NO_MEMORY, "memory is out");
    recoveries->items = grown;
    grown[recoveries->count++] = (struct rota_placed_recovery){*recovered, height};
    return rota_ok();
}

static struct rota_status recoveries_row(struct rota_placed_recoveries *out, const struct rota_epoch_chain *epochs,
                                         const struct rota_store_entry *row)
{
    struct rota_record *record = NULL;
    ROTA_TRY(rota_record_parse(&record, row->bytes));
    struct rota_status status = rota_ok();
    if (record->kind == ROTA_RECORD_RECOVERED) {
        const struct rota_epoch *epoch = rota_epoch_chain_find(epochs, record->recovered.epoch);
        if (epoch && rota_is_ok(rota_recovered_verify(&record->recovered, &epoch->membership)))
            status = recoveries_add(out, &record->recovered, row->height);
    }
    rota_record_release(record);
    return status;
}

struct rota_status rota_placed_recoveries_of_ledger(struct rota_placed_recoveries *out,
                                                    const struct rota_epoch_chain *epochs, struct rota_store *ledger)
{
    struct rota_store_entry row;
    rota_store_rewind(ledger);
    for (;;) {
        struct rota_status status = rota_store_next_entry(&row, ledger);
        if (status.code == ROTA_NOT_FOUND)
            return rota_ok();
        ROTA_TRY(status);
        if (row.kind == ROTA_ENTRY_RECORD)
            ROTA_TRY(recoveries_row(out, epochs, &row));
    }
}

void rota_placed_recoveries_free(struct rota_placed_recoveries *recoveries)
{
    free(recoveries->items);
    *recoveries = (struct rota_placed_recoveries){0};
}

bool rota_placed_recoveries_excuse(const struct rota_placed_recoveries *recoveries, const struct rota_evidence *evidence)
{
    for (size_t i = 0; i < recoveries->count && evidence->kind == ROTA_EVIDENCE_HIDDEN_LOCK; i++) {
        const struct rota_placed_recovery *placed = &recoveries->items[i];
        if (placed->recovered.epoch == evidence->epoch && placed->recovered.member == evidence->member &&
            placed->recovered.floor > evidence->incarnation && placed->height < evidence->height)
            return true;
    }
    return false;
}
