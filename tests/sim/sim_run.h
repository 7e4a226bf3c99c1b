/* Runs of seeds: what the program rota-sim asks for, and what came of it. */
#ifndef ROTA_TESTS_SIM_RUN_H
#define ROTA_TESTS_SIM_RUN_H

#include "tests/sim/sim.h"

enum { SIM_JOBS_MAX = 64 };

struct sim_run {
    uint64_t first_seed, seeds;
    uint32_t members; /* 0: drawn from the seed */
    uint32_t rounds;
    uint32_t jobs;
    uint32_t minutes; /* 0: no limit */
    bool verbose, twice;
};

/* Sums over seeds. Plain numbers: they lie in memory that workers and parent share. */
struct sim_totals {
    uint64_t seeds, blocks, messages, lost, crashes, views, fetches, virtual_ms;
};

/* One seed from its first to its last step; the caller frees. Does not return when something is violated. */
struct sim *sim_seed_run(uint64_t seed, const struct sim_run *run);
/* The seed, counted, and twice when asked for. */
void sim_seed_count(uint64_t seed, const struct sim_run *run, struct sim_totals *totals);
/* All seeds, spread over workers (processes). Returns the program's exit code: 0, or 1 when a seed failed, whose report is
 * then on stderr, whole. */
int sim_jobs_run(const struct sim_run *run);

#endif
