/* Records in the state (FORMATS §9.2, §9.3): for each kind, when one may stand in a block, and what it leaves behind. Pure
 * functions of the rows and of the record; signatures are the caller's matter. */
#include "ledger/schedule/private.h"

/* ---- kind 1: the anchor of a NEW-VIEW ------------------------------------------------------------------------------- */

static struct rota_status anchor_admit(const struct rota_state *state, const struct rota_record *record)
{
    const struct rota_anchor *anchor = &record->anchor;
    struct rota_anchored last;
    if (anchor->epoch != rota_state_epoch(state)->membership.epoch)
        return rota_fail(ROTA_WRONG_LEDGER, "the anchor of a NEW-VIEW of another epoch");
    if (rota_table_anchor_get(&last, &state->rows, anchor->epoch) && anchor->view <= last.view)
        return rota_fail(ROTA_REFUSED, "the NEW-VIEW of this view, or of a later one, is anchored already");
    return rota_ok();
}

static void anchor_execute(struct rota_state *state, uint64_t height, const struct rota_record *record)
{
    (void)height;
    rota_table_anchor_put(&state->rows, record->anchor.epoch,
                          &(struct rota_anchored){record->anchor.view, record->anchor.nv});
}

/* ---- every kind ----------------------------------------------------------------------------------------------------- */

struct record_rule {
    struct rota_status (*admit)(const struct rota_state *state, const struct rota_record *record);
    void (*execute)(struct rota_state *state, uint64_t height, const struct rota_record *record);
};

/* One for each kind that the parser knows. */
static const struct record_rule record_rules[] = {
    [ROTA_RECORD_NEW_VIEW] = {anchor_admit, anchor_execute},
};

struct rota_status rota_state_admit_record(const struct rota_state *state, const struct rota_record *record)
{
    return record_rules[record->kind].admit(state, record);
}

void rota_state_execute_record(struct rota_state *state, uint64_t height, const struct rota_record *record)
{
    record_rules[record->kind].execute(state, height, record);
}

bool rota_state_anchored(struct rota_anchored *out, const struct rota_state *state, uint32_t epoch)
{
    *out = (struct rota_anchored){0};
    return rota_table_anchor_get(out, &state->rows, epoch);
}
