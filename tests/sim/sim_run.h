/* Runs of seeds: what the program rota-sim asks for, and what came of it. */
#ifndef ROTA_TESTS_SIM_RUN_H
#define ROTA_TESTS_SIM_RUN_H

#include "tests/sim/sim_plan.h"

enum { SIM_JOBS_MAX = 64 };

enum sim_require { SIM_REQUIRE_NOTHING, SIM_REQUIRE_COMMON, SIM_REQUIRE_ALL };

struct sim_run {
    uint64_t first_seed, seeds;
    uint32_t members; /* 0: drawn from the seed */
    uint32_t jobs;
    uint32_t minutes; /* 0: no limit */
    bool verbose, twice, traces;
    bool canary; /* every hundredth seed forgets its saves, and must be caught */
    enum sim_require require;
};

/* Sums over seeds, in memory that workers and parent share. */
enum sim_total {
    SIM_TOTAL_SEEDS,
    SIM_TOTAL_QUIET, /* too little was committed while things went wrong: they prove little */
    SIM_TOTAL_BLOCKS,
    SIM_TOTAL_MESSAGES,
    SIM_TOTAL_LOST,
    SIM_TOTAL_DAMAGED,
    SIM_TOTAL_CRASHES,
    SIM_TOTAL_FETCHES,
    SIM_TOTAL_LIES,
    SIM_TOTAL_REFUSED,
    SIM_TOTAL_ACCUSATIONS,
    SIM_TOTAL_FORKS, /* by more than f liars, who were named */
    SIM_TOTAL_VIRTUAL_MS,
    SIM_TOTAL_FACTS, /* the first of SIM_FACTS counters */
    SIM_TOTALS = SIM_TOTAL_FACTS + SIM_FACTS,
};

struct sim_totals {
    uint64_t counts[SIM_TOTALS];
};

/* sim_seed.c: the seed's plan as this run wants it; the seed played, counted, and twice when asked for. */
void sim_seed_plan(struct sim_plan *plan, uint64_t seed, const struct sim_run *run);
void sim_seed_count(uint64_t seed, const struct sim_run *run, struct sim_totals *totals);
/* sim_jobs.c: all seeds, spread over workers (processes). Returns the program's exit code: 0, or 1 when a seed failed, whose
 * report is then on stderr, whole, or when the run as a whole proves too little. */
int sim_jobs_run(const struct sim_run *run);
/* sim_summary.c: prints; true when the run proves enough. */
bool sim_summary(const struct sim_run *run, const struct sim_totals *sum, uint64_t took_ms);
/* sim_shrink.c: a failing plan made as short as it gets within a minute; false when it does not fail. */
bool sim_shrink(struct sim_plan *plan);
/* sim_power.c: power cuts at every sync while so many blocks are committed, in all ways that matter. */
int sim_power_run(uint64_t seed, uint32_t blocks);

#endif
