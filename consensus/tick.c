/* TICK (PROTOCOL T11): a network that stands and has nothing to order says so, in a block, before the newest one is too old.
 * This is the only act that looks at a clock of the world, because the times in blocks are of that clock. */
#include "consensus/state.h"

/* When the newest block is as old as it may be, by the facilities' clocks. UINT64_MAX: never. Not before there is one:
 * members that start for the first time after the first block count as such that forgot (H3), and need not meet one that
 * early. */
static uint64_t tick_due(const struct rota_core *core)
{
    uint64_t period_ms = core->timers.tick_ms;
    if (period_ms == 0 || core->wall_ms == 0 || core->committed == 0 || core->committed_time_ms > UINT64_MAX - period_ms)
        return UINT64_MAX;
    return core->committed_time_ms + period_ms;
}

bool rota_tick_is_due(const struct rota_core *core, uint64_t slack_ms)
{
    uint64_t due_ms = tick_due(core);
    return due_ms != UINT64_MAX && core->wall_ms >= due_ms && core->wall_ms - due_ms >= slack_ms;
}

/* The primary had the time to propose one by its own clock, which may be clock_ms behind ours, and a quorum is there to
 * order it. What is in flight has patience of its own (T3). */
static bool tick_is_overdue(const struct rota_core *core)
{
    return core->durable.active && !rota_core_is_primary(core) && core->valid_height == core->committed &&
           !core->tip_pending &&
           rota_tick_is_due(core, ROTA_BROKEN(tick_judged_by_own_clock_alone, core->timers.clock_ms, 0)) &&
           rota_peers_heard(core, core->n) >= core->quorum;
}

static uint64_t tick_patience_end(const struct rota_core *core)
{
    uint64_t since_ms = core->tick_ms > core->entered_ms ? core->tick_ms : core->entered_ms;
    return since_ms + rota_timers_grown(core, core->timers.request_ms);
}

void rota_tick_watch(struct rota_core *core)
{
    if (core->tick_height != core->committed) {
        core->tick_ms = core->tick_again_ms = 0;
        core->tick_height = core->committed;
    }
    if (!tick_is_overdue(core))
        core->tick_ms = 0;
    else if (core->tick_ms == 0)
        core->tick_ms = core->now_ms;
    if (core->tick_ms != 0 && ROTA_BROKEN(withheld_tick_is_fine, core->now_ms >= tick_patience_end(core), false))
        rota_suspect_say(core, ROTA_SUSPECT_REQUEST);
}

uint64_t rota_tick_deadline(const struct rota_core *core)
{
    uint64_t due_ms = tick_due(core);
    if (core->tick_ms != 0)
        return tick_patience_end(core);
    if (!core->durable.active || due_ms == UINT64_MAX)
        return 0;
    if (!rota_core_is_primary(core))
        due_ms += core->timers.clock_ms;
    return due_ms > core->wall_ms ? core->now_ms + (due_ms - core->wall_ms) : core->tick_again_ms;
}
