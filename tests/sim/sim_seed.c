/* Random runs: a seed breaks a network at random, then heals it and demands progress (PROTOCOL §8). */
#include "tests/sim/sim_run.h"

static const uint32_t sizes[] = {1, 3, 4, 4, 4, 5, 6, 7, 10};

static struct sim *seed_cluster(uint64_t seed, const struct sim_run *run)
{
    /* The shape of the run is drawn from the seed apart from the run's own stream, so that it does not move it. */
    uint64_t shape = seed * UINT64_C(0x9e3779b97f4a7c15);
    shape ^= shape >> 29;
    struct sim_options options = {.seed = seed, .verbose = run->verbose};
    options.members = run->members ? run->members : sizes[shape % (sizeof sizes / sizeof sizes[0])];
    shape /= 64;
    options.delay_min_ms = 1;
    options.delay_max_ms = shape % 3 == 0 ? 2 : shape % 3 == 1 ? 20 : 120;
    shape /= 8;
    options.loss_percent = shape % 2 == 0 ? 0 : (uint32_t)(shape / 2 % 25);
    shape /= 64;
    options.duplicate_percent = shape % 2 == 0 ? 0 : (uint32_t)(shape / 2 % 20);
    return sim_new(&options);
}

static uint32_t any_member(struct sim *sim)
{
    return (uint32_t)sim_random(sim, sim->membership.count);
}

static void break_partition(struct sim *sim)
{
    uint32_t n = sim->membership.count;
    uint32_t side = (uint32_t)sim_random(sim, UINT64_C(1) << n);
    for (uint32_t a = 0; a < n; a++)
        for (uint32_t b = 0; b < n; b++)
            if ((side >> a & 1) != (side >> b & 1))
                sim_cut(sim, a, b);
}

static void break_crash(struct sim *sim, uint32_t member)
{
    char who[12];
    snprintf(who, sizeof who, "%u", member);
    switch (sim_random(sim, 3)) {
    case 0:
        sim_crash(sim, who);
        break;
    case 1:
        sim_crash_at_save(sim, who, 1 + (uint32_t)sim_random(sim, 12), (enum sim_crash_point)sim_random(sim, 3));
        break;
    default:
        sim_crash(sim, who);
        sim_restart(sim, who);
        break;
    }
}

/* One thing goes wrong, or right again. */
static void break_something(struct sim *sim)
{
    uint32_t member = any_member(sim);
    switch (sim_random(sim, 8)) {
    case 0:
        break_partition(sim);
        break;
    case 1:
        sim_cut(sim, member, any_member(sim));
        break;
    case 2:
    case 3:
        break_crash(sim, member);
        break;
    case 4:
        sim_heal(sim);
        break;
    case 5:
        sim_restart(sim, "all");
        break;
    case 6:
        sim->replicas[member].clock_offset_ms = (int64_t)sim_random(sim, 1200) - 600;
        break;
    default:
        if (sim_random(sim, 6) == 0) {
            sim_crash(sim, "all");
            sim_restart(sim, "all");
        }
        break;
    }
}

static void mend_everything(struct sim *sim)
{
    sim_heal(sim);
    sim->options.loss_percent = sim->options.duplicate_percent = 0;
    if (sim->options.delay_max_ms > 20)
        sim->options.delay_max_ms = 20;
    for (uint32_t i = 0; i < sim->membership.count; i++) {
        sim->replicas[i].crash_at = 0;
        sim->replicas[i].clock_offset_ms = 0;
    }
    sim_restart(sim, "all");
}

struct sim *sim_seed_run(uint64_t seed, const struct sim_run *run)
{
    struct sim *sim = seed_cluster(seed, run);
    for (uint32_t round = 0; round < run->rounds; round++) {
        if (sim_random(sim, 3) != 0)
            sim_submit(sim, sim_random(sim, 2) ? "all" : "up", 1 + (uint32_t)sim_random(sim, 12));
        sim_run_ms(sim, sim_random(sim, 700));
        break_something(sim);
    }
    mend_everything(sim);
    sim_run_ms(sim, 2000);
    sim_resubmit(sim);
    sim_submit(sim, "all", 5);
    if (!sim_run_until_settled(sim, 120000))
        sim_fail(sim, SIM_LIVENESS, "no progress after everything was mended");
    sim_expect_one_history(sim, "all");
    return sim;
}

static void seed_twice(uint64_t seed, const struct sim_run *run, uint64_t trace)
{
    struct sim *again = sim_seed_run(seed, run);
    if (again->trace != trace)
        sim_fail(again, SIM_DETERMINISM, "the same seed took another course");
    sim_free(again);
}

void sim_seed_count(uint64_t seed, const struct sim_run *run, struct sim_totals *totals)
{
    struct sim *sim = sim_seed_run(seed, run);
    totals->seeds++;
    totals->blocks += sim->stats.commits;
    totals->messages += sim->stats.messages;
    totals->lost += sim->stats.lost;
    totals->crashes += sim->stats.crashes;
    totals->fetches += sim->stats.fetches;
    totals->virtual_ms += sim->now_ms;
    for (uint32_t i = 0; i < sim->membership.count; i++)
        totals->views += sim_view(sim, i).view_changes;
    uint64_t trace = sim->trace;
    if (run->verbose)
        printf("seed %llu: %u members, height %llu, %llu ms, trace %016llx\n", (unsigned long long)seed,
               sim->membership.count, (unsigned long long)sim->agreed_height, (unsigned long long)sim->now_ms,
               (unsigned long long)trace);
    sim_free(sim);
    if (run->twice)
        seed_twice(seed, run, trace);
}
