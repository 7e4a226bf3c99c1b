/* Records in the state (FORMATS §9.2, §9.3): for each kind, when one may stand in a block, and what it leaves behind. Pure
 * functions of the rows and of the record; signatures are the caller's matter. */
#include "ledger/schedule/private.h"

#include "crypto/broken.h"

/* ---- kind 1: the anchor of a NEW-VIEW ------------------------------------------------------------------------------- */

static struct rota_status anchor_admit(const struct rota_state *state, const struct rota_record *record)
{
    const struct rota_anchor *anchor = &record->anchor;
    struct rota_anchored last;
    if (anchor->epoch != rota_state_epoch(state)->membership.epoch)
        return rota_fail(ROTA_WRONG_LEDGER, "the anchor of a NEW-VIEW of another epoch");
    if (rota_table_anchor_get(&last, &state->rows, anchor->epoch) &&
        ROTA_BROKEN(anchors_may_fall, anchor->view <= last.view, false))
        return rota_fail(ROTA_REFUSED, "the NEW-VIEW of this view, or of a later one, is anchored already");
    return rota_ok();
}

static void anchor_execute(struct rota_state *state, uint64_t height, const struct rota_record *record)
{
    (void)height;
    rota_table_anchor_put(&state->rows, record->anchor.epoch,
                          &(struct rota_anchored){record->anchor.view, record->anchor.nv});
}

/* ---- kind 2: RECOVERED ---------------------------------------------------------------------------------------------- */

static struct rota_status recovered_admit(const struct rota_state *state, const struct rota_record *record)
{
    const struct rota_recovered *recovered = &record->recovered;
    const struct rota_membership *membership = &rota_state_epoch(state)->membership;
    struct rota_recovery last = {0};
    if (recovered->epoch != membership->epoch)
        return rota_fail(ROTA_WRONG_LEDGER, "a RECOVERED of another epoch");
    if (recovered->member >= membership->count)
        return rota_fail(ROTA_UNKNOWN_KEY, "a RECOVERED of a member that this ledger does not have");
    if (rota_table_recovery_last(&last, &state->rows, recovered->epoch, recovered->member) && recovered->floor <= last.floor)
        return rota_fail(ROTA_REFUSED, "a RECOVERED of this run of the member, or of a later one, is in the ledger already");
    if (last.height > rota_state_height(state))
        return rota_fail(ROTA_REFUSED, "a block holds one RECOVERED of a member");
    return rota_ok();
}

static void recovered_execute(struct rota_state *state, uint64_t height, const struct rota_record *record)
{
    const struct rota_recovered *recovered = &record->recovered;
    rota_table_recovery_put(
        &state->rows, recovered->epoch, recovered->member,
        &(struct rota_recovery){
            .floor = recovered->floor, .run = recovered->run, .view = recovered->view, .height = height});
}

void rota_state_floors(struct rota_floors *out, const struct rota_state *state, uint32_t epoch)
{
    struct rota_recovery last;
    memset(out, 0, sizeof *out);
    for (uint32_t member = 0; member < ROTA_MEMBERS_MAX; member++) {
        if (!rota_table_recovery_last(&last, &state->rows, epoch, member))
            continue;
        out->floor[member] = last.floor;
        out->run[member] = last.run;
    }
}

/* The words of before count for nothing from the first RECOVERED on whose floor is above them. */
bool rota_state_is_amnesia(const struct rota_state *state, const struct rota_evidence *evidence)
{
    struct rota_recovery since;
    return evidence->kind == ROTA_EVIDENCE_HIDDEN_LOCK &&
           rota_table_recovery_above(&since, &state->rows, evidence->epoch, evidence->member, evidence->incarnation) &&
           since.height < evidence->height;
}

bool rota_state_was_amnesia(const struct rota_state *state, const struct rota_evidence *evidence)
{
    struct rota_hash id;
    return rota_table_amnesia_get(&id, &state->rows, evidence) && rota_hash_equal(&id, &evidence->id);
}

/* ---- kind 3: TICK. Whether it is due, the header must say: rota_tick_may ------------------------------------------- */

static struct rota_status tick_admit(const struct rota_state *state, const struct rota_record *record)
{
    if (record->tick.epoch != rota_state_epoch(state)->membership.epoch)
        return rota_fail(ROTA_WRONG_LEDGER, "a TICK of another epoch");
    if (record->tick.height != rota_state_height(state) + 1)
        return rota_fail(ROTA_REFUSED, "a TICK of another block");
    return rota_ok();
}

static void tick_execute(struct rota_state *state, uint64_t height, const struct rota_record *record)
{
    (void)state;
    (void)height;
    (void)record;
}

/* ---- every kind ----------------------------------------------------------------------------------------------------- */

struct record_rule {
    struct rota_status (*admit)(const struct rota_state *state, const struct rota_record *record);
    void (*execute)(struct rota_state *state, uint64_t height, const struct rota_record *record);
};

/* One for each kind that the parser knows. */
static const struct record_rule record_rules[] = {
    [ROTA_RECORD_NEW_VIEW] = {anchor_admit, anchor_execute},
    [ROTA_RECORD_RECOVERED] = {recovered_admit, recovered_execute},
    [ROTA_RECORD_TICK] = {tick_admit, tick_execute},
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
