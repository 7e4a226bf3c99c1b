/* One seed: its plan, played once or twice, and counted. */
#include "tests/sim/sim_run.h"

enum {
    QUIET_REQUESTS = 2, /* fewer committed in the first phase: a quiet seed */
};

void sim_seed_plan(struct sim_plan *plan, uint64_t seed, const struct sim_run *run)
{
    sim_plan_draw(plan, seed, run->members);
    plan->options.verbose = run->verbose;
    plan->forgets_saves = run->canary && seed % 100 == 0;
}

static void seed_twice(const struct sim_plan *plan, uint64_t trace)
{
    struct sim *again = sim_play(plan);
    if (again->trace != trace)
        sim_fail(again, SIM_DETERMINISM, "the same seed took another course");
    sim_free(again);
}

static void seed_add(struct sim_totals *totals, const struct sim *sim)
{
    uint64_t *counts = totals->counts;
    counts[SIM_TOTAL_SEEDS]++;
    counts[SIM_TOTAL_QUIET] += sim->chaos_requests < QUIET_REQUESTS;
    counts[SIM_TOTAL_BLOCKS] += sim->stats.commits;
    counts[SIM_TOTAL_MESSAGES] += sim->stats.messages;
    counts[SIM_TOTAL_LOST] += sim->stats.lost;
    counts[SIM_TOTAL_DAMAGED] += sim->stats.damaged;
    counts[SIM_TOTAL_CRASHES] += sim->stats.crashes;
    counts[SIM_TOTAL_FETCHES] += sim->stats.fetches;
    counts[SIM_TOTAL_LIES] += sim->stats.lies;
    counts[SIM_TOTAL_REFUSED] += sim->stats.refused;
    counts[SIM_TOTAL_ACCUSATIONS] += sim->stats.accusations;
    counts[SIM_TOTAL_FORKS] += sim->stats.forks;
    counts[SIM_TOTAL_VIRTUAL_MS] += sim->now_ms;
    for (uint32_t fact = 0; fact < SIM_FACTS; fact++)
        counts[SIM_TOTAL_FACTS + fact] += sim->reached->counts[fact];
}

void sim_seed_count(uint64_t seed, const struct sim_run *run, struct sim_totals *totals)
{
    struct sim_plan *plan = malloc(sizeof *plan);
    ROTA_ASSERT(plan);
    sim_seed_plan(plan, seed, run);
    struct sim *sim = sim_play(plan);
    seed_add(totals, sim);
    uint64_t trace = sim->trace;
    if (run->verbose)
        printf("seed %llu: %u members, %u faults, height %llu, %llu ms, trace %016llx\n", (unsigned long long)seed,
               sim->membership.count, plan->count, (unsigned long long)sim->agreed_height, (unsigned long long)sim->now_ms,
               (unsigned long long)trace);
    if (run->traces)
        printf("%llu %016llx\n", (unsigned long long)seed, (unsigned long long)trace);
    sim_free(sim);
    if (run->twice)
        seed_twice(plan, trace);
    free(plan);
}
