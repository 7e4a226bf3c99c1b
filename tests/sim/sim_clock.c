/* Clocks that drift, processes that freeze. The simulation's time is true; each replica sees its own. */
#include "tests/sim/sim.h"

enum { WALL_CLOCK_BASE_MS = 1000000, MILLION = 1000000 };

uint64_t sim_local_ms(const struct sim *sim, const struct sim_replica *replica)
{
    uint64_t since_ms = sim->now_ms - replica->drift_from_ms;
    return replica->drift_local_ms + since_ms * (uint64_t)(MILLION + replica->drift_ppm) / MILLION;
}

uint64_t sim_global_ms(const struct sim_replica *replica, uint64_t local_ms)
{
    uint64_t rate = (uint64_t)(MILLION + replica->drift_ppm);
    if (local_ms <= replica->drift_local_ms)
        return replica->drift_from_ms;
    uint64_t ahead_ms = local_ms - replica->drift_local_ms;
    if (ahead_ms > UINT64_MAX / (2 * MILLION)) /* as good as never */
        return UINT64_MAX;
    return replica->drift_from_ms + (ahead_ms * MILLION + rate - 1) / rate;
}

uint64_t sim_wall_ms(const struct sim *sim, const struct sim_replica *replica)
{
    return (uint64_t)((int64_t)sim_local_ms(sim, replica) + WALL_CLOCK_BASE_MS + replica->clock_offset_ms);
}

void sim_set_clock(const struct sim *sim, struct sim_replica *replica, int64_t ahead_ms)
{
    replica->clock_offset_ms = (int64_t)sim->now_ms - (int64_t)sim_local_ms(sim, replica) + ahead_ms;
}

void sim_drift(struct sim *sim, uint32_t members, int32_t ppm)
{
    for (uint32_t i = 0; i < sim->facility_count; i++) {
        struct sim_replica *replica = &sim->replicas[i];
        if (!(members >> i & 1))
            continue;
        replica->drift_local_ms = sim_local_ms(sim, replica);
        replica->drift_from_ms = sim->now_ms;
        replica->drift_ppm = ppm;
    }
}

void sim_pause(struct sim *sim, uint32_t members, uint64_t until_ms)
{
    if (sim->held_until_ms < until_ms)
        sim->held_until_ms = until_ms;
    for (uint32_t i = 0; i < sim->facility_count; i++)
        if ((members >> i & 1) && sim->replicas[i].paused_until_ms < until_ms)
            sim->replicas[i].paused_until_ms = until_ms;
}

void sim_mend(struct sim *sim)
{
    sim_heal(sim);
    struct sim_options *options = &sim->options;
    options->loss_percent = options->duplicate_percent = options->reorder_percent = options->tail_percent = 0;
    options->corrupt_percent = options->link_capacity = 0;
    if (options->delay_max_ms > 20)
        options->delay_max_ms = 20;
    if (options->delay_min_ms > 10)
        options->delay_min_ms = 10;
    if (options->slow_ms > 0)
        options->delay_min_ms = options->slow_ms, options->delay_max_ms = options->slow_ms + 20;
    for (uint32_t i = 0; i < sim->facility_count; i++) {
        struct sim_replica *replica = &sim->replicas[i];
        replica->crash_at = 0;
        sim_set_clock(sim, replica, 0);
        replica->paused_until_ms = replica->disk_slow_until_ms = replica->restart_ms = 0;
    }
    sim_drift(sim, UINT32_MAX, 0);
}
