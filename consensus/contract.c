/* What a primary owes (PROTOCOL T9, T10): about the latency that the others gave, and its place to the next one in time. */
#include "consensus/state.h"

enum { MARKS_MIN = 8, TIMES_REFERENCE = 4, ROTATE_GRACE_PARTS = 16 };

static void mark_sort(uint32_t *marks, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        uint32_t mark = marks[i], at = i;
        for (; at > 0 && marks[at - 1] > mark; at--)
            marks[at] = marks[at - 1];
        marks[at] = mark;
    }
}

/* Of the latest blocks of this view. */
static uint32_t contract_median(const struct rota_contract *contract)
{
    uint32_t sorted[ROTA_CONTRACT_BLOCKS];
    uint32_t count = contract->count < ROTA_CONTRACT_BLOCKS ? (uint32_t)contract->count : ROTA_CONTRACT_BLOCKS;
    memcpy(sorted, contract->marks, count * sizeof sorted[0]);
    mark_sort(sorted, count);
    return sorted[count / 2];
}

/* The median of the better half of what the other primaries gave; 0 when nobody else was measured yet. A primary has no part
 * in its own yardstick. */
static uint32_t contract_reference(const struct rota_core *core, uint32_t primary)
{
    uint32_t others[ROTA_MEMBERS_MAX], count = 0;
    for (uint32_t i = 0; i < core->n; i++)
        if (ROTA_BROKEN(primary_is_its_own_yardstick, i != primary, true) && core->contract.of_member[i] != 0)
            others[count++] = core->contract.of_member[i];
    if (count == 0)
        return 0;
    mark_sort(others, count);
    return others[(count + 1) / 2 / 2];
}

void rota_contract_served(struct rota_core *core, uint64_t waited_ms)
{
    struct rota_contract *contract = &core->contract;
    if (!core->durable.active)
        return;
    contract->marks[contract->count++ % ROTA_CONTRACT_BLOCKS] = waited_ms < UINT32_MAX ? (uint32_t)waited_ms : UINT32_MAX;
}

/* The view ends: what its primary gave is remembered for the others. */
void rota_contract_end(struct rota_core *core)
{
    struct rota_contract *contract = &core->contract;
    if (contract->count >= MARKS_MIN) {
        uint32_t median = contract_median(contract);
        contract->of_member[rota_primary(core->membership, core->durable.view)] = median > 0 ? median : 1;
    }
    contract->count = 0;
}

static bool contract_is_broken(const struct rota_core *core)
{
    uint32_t primary = rota_primary(core->membership, core->durable.view);
    if (primary == core->self || !core->durable.active || core->contract.count < ROTA_CONTRACT_BLOCKS)
        return false;
    uint64_t reference = contract_reference(core, primary), owed = TIMES_REFERENCE * reference;
    if (reference == 0)
        return false;
    return contract_median(&core->contract) > (owed > core->timers.latency_ms ? owed : core->timers.latency_ms);
}

/* Its turn is over: when nobody waits, or at the latest a sixteenth later. A primary that decided nothing has cost nothing.
 */
static bool rotation_is_due(const struct rota_core *core)
{
    uint64_t blocks = core->committed - core->entered_height, age_ms = core->now_ms - core->entered_ms;
    uint64_t blocks_max = core->timers.rotate_blocks, age_max_ms = core->timers.rotate_ms;
    if (!core->durable.active || !rota_core_is_primary(core) || core->n == 1 || blocks == 0)
        return false;
    bool over = (blocks_max != 0 && blocks >= blocks_max) || (age_max_ms != 0 && age_ms >= age_max_ms);
    bool late = (blocks_max != 0 && blocks >= blocks_max + blocks_max / ROTATE_GRACE_PARTS) ||
                (age_max_ms != 0 && age_ms >= age_max_ms + age_max_ms / ROTATE_GRACE_PARTS);
    bool idle = core->waiting == 0 && core->voted_height == core->committed && !core->building;
    return ROTA_BROKEN(busy_primary_never_hands_over, late, false) || (over && idle);
}

void rota_contract_run(struct rota_core *core)
{
    if (ROTA_BROKEN(slow_primary_is_kept, contract_is_broken(core), false))
        rota_suspect_say(core, ROTA_SUSPECT_LATENCY);
    if (ROTA_BROKEN(primary_for_ever, rotation_is_due(core), false))
        rota_suspect_say(core, ROTA_SUSPECT_RESIGN);
}
