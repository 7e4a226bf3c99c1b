/* Real parts for the simulator's replicas: the node's chain, pool and journal, with SQLite, over disks that lose power. */
#ifndef ROTA_TESTS_SIM_REAL_H
#define ROTA_TESTS_SIM_REAL_H

#include "tests/sim/sim.h"

/* An option of sim_new: see sim_options. One simulation with real parts at a time in a process. */
void sim_real_furnish(struct sim *sim);
/* At the end: every ledger file holds what was agreed, byte for byte, and the auditor finds nothing. */
void sim_real_judge(struct sim *sim);

#endif
